"""Scripts of jobs, run in this process: what they draw by, what they take over, what they write.
The words of every stream are those of the purpose, the condition and the network; no two things
that are drawn of one network have a stream in common."""

import hashlib
import importlib
import re
import runpy
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from shared import PUBLISHED_MODEL, ROOT
from snakemake.iocontainers import InputFiles, OutputFiles, Params, Wildcards

from rate2spike import conversion, matfile, provenance, streams
from rate2spike.analysis import choice, example, refined_trials, selectivity, tables
from rate2spike.config import NeuronConfig, RateConfig, TrainingConfig
from rate2spike.conversion import Simulation, scored_trials
from rate2spike.rate import block_file, train
from rate2spike.rate.kernels import cpu as rate_cpu
from rate2spike.rate.model import UnitGains
from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.tasks import BUILT_IN
from rate2spike.tasks.built_in import integration

SCRIPTS = ROOT / "workflow" / "scripts"
STREAM = "go-nogo/n80_gain2/seed_0"  # task, condition, network
MUTE = "go-nogo/n80_gain2/mute"
SMALL = RateConfig(n_units=5)
SHORT = TrainingConfig(max_trials=2, evaluation_trials=2)


@pytest.fixture
def hashed(monkeypatch):
    """The texts of all keys made since, with `|` between their words; one that ends in `|` gets
    the number of each trial."""
    texts = set()
    blake2b = hashlib.blake2b

    def recorded(data=b"", **options):
        texts.add(data.decode().replace("\x1f", "|"))
        return blake2b(data, **options)

    monkeypatch.setattr(hashlib, "blake2b", recorded)
    return texts


@pytest.fixture
def given(monkeypatch):
    """The streams that kernels were given, by what was called and when."""
    found = []

    def listen(module, name):
        function = getattr(module, name)

        def listening(*args, **options):
            found.append((name, tuple(options["stream"]), options.get("first_trial")))
            return function(*args, **options)

        monkeypatch.setattr(module, name, listening)

    listen(rate_cpu, "train_trials")
    listen(rate_cpu, "outputs")
    listen(spiking_cpu, "simulate_trials")
    listen(spiking_cpu, "record_trial")
    return found


@pytest.fixture
def run_script(monkeypatch, tmp_path):
    """Run a script in a folder of its own, its log left out."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr(
        importlib.import_module("job"),
        "start",
        lambda snakemake: SimpleNamespace(info=print, warning=print),
    )
    monkeypatch.chdir(tmp_path)

    def run(script: str, *, inputs=None, output, params, **wildcards):
        places = {"task": "go-nogo", "condition": "n80_gain2", "neuron": "lif"} | wildcards
        snakemake = SimpleNamespace(
            input=InputFiles(fromdict=inputs or {}),
            output=OutputFiles(fromdict=output),
            params=Params(fromdict=params | {"user_tasks": {}, "code": params.get("code", "0")}),
            wildcards=Wildcards(fromdict=places),
            threads=1,
            rule=script,
        )
        runpy.run_path(str(SCRIPTS / f"{script}.py"), init_globals={"snakemake": snakemake})

    return run


@pytest.fixture
def block(trained, tmp_path):
    """A block of one network that reached criterion, and one that did not."""
    (tmp_path / "models").mkdir()
    matfile.save(tmp_path / "models" / "seed_0.mat", trained.model, trained.record, {})
    table = pd.DataFrame({"network": ["seed_0", "seed_1"], "converged": [True, False]})
    table.to_csv(tmp_path / "networks.csv", index=False)
    choice = pd.DataFrame({"network": ["seed_0"], "scaling_factor": [35.0]})
    choice.to_csv(tmp_path / "choice.csv", index=False)
    return {
        "models": str(tmp_path / "models"),
        "networks": str(tmp_path / "networks.csv"),
        "choice": str(tmp_path / "choice.csv"),
    }


SPIKING = {
    "study_seed": 4,
    "device": "cpu",
    "neuron": asdict(NeuronConfig()),
    "downsample": 1,
    "trials": 2,
    "scaling_factors": [35.0],
}


SEARCH = {f"4|search|{STREAM}|35|", f"4|search noise|{STREAM}|35"}
HELD_OUT = {f"4|held out|{STREAM}|35|", f"4|held out noise|{STREAM}|35"}
RATE_HELD_OUT = {f"4|rate held out|{STREAM}|", f"4|rate held out noise|{STREAM}"}


def test_every_rule_scores_as_many_fresh_trials():
    """The search has a number of its own; whatever is compared with the accuracy on fresh trials,
    the refined network and the exported one, is scored on the same ones."""
    n_trials = {}
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for text in file.read_text("utf-8").split("params:")[1:]:
            params = text.partition("message:")[0]
            if found := re.search(r'\btrials=setting\("(.+)"\)', params):
                (stage,) = re.findall(r'\bcode=code\("(.+)"\)', params)
                n_trials[stage] = found[1]
    fresh = dict.fromkeys(("held_out", "refine", "exchange"), "search.held_out_trials")
    assert n_trials == {"simulate": "search.trials"} | fresh


def search(run_script, block) -> dict:
    """The search at one factor, as input of what follows."""
    shard = {"shard": "factor_35.parquet"}
    run_script("simulate", inputs=block, output=shard, params=SPIKING, factor="35")
    return block | {"shards": ["factor_35.parquet"]}


def test_each_network_takes_the_best_factor_of_its_own_search(tmp_path):
    """One is best at the last factor of the grid, the other at the first."""
    correct = {20.0: {"a": [False, False], "b": [True, True]}}
    correct[30.0] = {"a": [True, False], "b": [True, False]}
    correct[40.0] = {"a": [True, True], "b": [False, False]}
    shards = []
    for factor, of_networks in correct.items():
        trials = pd.DataFrame({"network": ["a", "a", "b", "b"], "scaling_factor": factor})
        trials["correct"] = [*of_networks["a"], *of_networks["b"]]
        shards.append(tmp_path / f"factor_{factor:g}.parquet")
        trials.assign(correct_strict=False).to_parquet(shards[-1])
    choices, accuracy = choice.of_search(shards[::-1], [20.0, 30.0, 40.0])
    choices = choices.set_index("network")
    assert choices.scaling_factor.to_dict() == {"a": 40, "b": 20}
    assert choices.on_edge.all()
    assert choices.search_accuracy.to_dict() == {"a": 1, "b": 1}
    of_a = accuracy[accuracy.network == "a"].set_index("scaling_factor").accuracy
    assert of_a.to_dict() == {20: 0, 30: 0.5, 40: 1}


def test_the_search_draws_by_its_words(run_script, block, hashed):
    search(run_script, block)
    assert hashed == SEARCH
    assert set(pd.read_parquet("factor_35.parquet").network) == {"seed_0"}


def test_fresh_trials_draw_by_their_words(run_script, block, hashed):
    """Those of the spiking network at the factor that was chosen."""
    inputs = search(run_script, block)
    hashed.clear()
    names = ("trials", "choice", "accuracy", "rates", "converted")
    run_script("held_out", inputs=inputs, output={name: name for name in names}, params=SPIKING)
    assert hashed == HELD_OUT | RATE_HELD_OUT
    trials = pd.read_parquet("trials")
    assert (set(trials.network), set(trials.scaling_factor)) == ({"seed_0"}, {35})


REFINE = SPIKING | {"steps": ["output"]}


def refined(run_script, inputs, params=REFINE) -> pd.DataFrame:
    """The table of a refinement; its trials and models are in `fresh` and `refined_models`."""
    output = {"refined": "refined.csv", "trials": "fresh", "converted": "refined_models"}
    run_script("refine", inputs=inputs, output=output, params=params)
    return pd.read_csv("refined.csv").set_index("network")


def test_trials_of_a_refinement_are_the_held_out_ones_with_another_output(
    run_script, block, hashed
):
    inputs = search(run_script, block)
    names = ("trials", "choice", "accuracy", "rates", "converted")
    run_script("held_out", inputs=inputs, output={name: name for name in names}, params=SPIKING)
    hashed.clear()
    found = refined(run_script, inputs).loc["seed_0"]
    assert hashed == HELD_OUT
    assert (found.step, found.scaling_factor, found.held_out_trials) == ("output", 35, 2)
    trials, published = pd.read_parquet("fresh"), pd.read_parquet("trials")
    assert list(trials) == [*published, "output_factor", "step"]
    same = ["task", "condition", "neuron", "network", "trial", "label", "kind", "n_spikes"]
    pd.testing.assert_frame_equal(trials[same], published[same])
    for extreme in ("output_max", "output_min"):
        expected = published[extreme] * np.float32(found.output_factor)
        assert np.array_equal(trials[extreme], expected)


def test_a_given_output_factor_is_part_of_the_refined_one(run_script, block, trained):
    """What is found is the same network, whatever factor its file came with."""
    plain = refined(run_script, search(run_script, block)).loc["seed_0"]
    doubled = replace(trained.model, output_factor=2.0)
    matfile.save(Path("models") / "seed_0.mat", doubled, trained.record, {})
    search(run_script, block)
    rates = pd.read_parquet("factor_35.parquet")
    again = refined(run_script, block | {"shards": ["factor_35.parquet"]}).loc["seed_0"]
    assert len(rates) == 2
    file = matfile.load("refined_models/seed_0.mat")
    assert file.output_factor == again.output_factor
    # the grid is moved by four of its steps, and the choice is made within it
    steps = 4 * np.log2(again.output_factor)  # of the grid
    assert steps == pytest.approx(round(steps))
    trials = pd.read_parquet("fresh")
    network = replace(trained.model, output_factor=again.output_factor)
    fresh = Simulation(BUILT_IN["go-nogo"], 4, purpose="held out", device="cpu")
    rows = conversion.score_network(fresh, network, STREAM, 35.0, 2)
    np.testing.assert_allclose(trials.output_max, rows["output_max"], rtol=1e-5)
    assert plain.scaling_factor == again.scaling_factor


WITH_GAINS = REFINE | {"steps": ["output", "gains"], "search_trials": 6}
FACTORS = (35, 300)  # far beyond the best factor weights are too small for the task


@pytest.fixture
def helped_and_mute(run_script, block, trained):
    """The search, at two factors, of a network that gains help and of one without a readout, of
    which no gain changes the answers."""
    mute = trained.model.weights._replace(
        w_out=0 * trained.model.weights.w_out, b_out=0 * trained.model.weights.b_out
    )
    matfile.save("models/mute.mat", replace(trained.model, weights=mute), trained.record, {})
    table = {"network": ["seed_0", "seed_1", "mute"], "converged": [True, False, True]}
    pd.DataFrame(table).to_csv("networks.csv", index=False)
    shards = []
    for factor in FACTORS:
        shard = {"shard": f"factor_{factor}.parquet"}
        params = SPIKING | {"scaling_factors": list(FACTORS), "trials": 6}
        run_script("simulate", inputs=block, output=shard, params=params, factor=str(factor))
        shards.append(shard["shard"])
    return block | {"shards": shards}


def test_gains_of_the_units_are_kept_where_they_help(run_script, helped_and_mute, hashed, given):
    hashed.clear()
    given.clear()
    table = refined(run_script, helped_and_mute, WITH_GAINS).reset_index()
    steps = [("seed_0", "output"), ("mute", "output"), ("seed_0", "gains"), ("mute", "gains")]
    assert list(zip(table.network, table.step, strict=True)) == steps
    assert table.unit_gains.tolist() == [False, False, True, False]
    before, unhelped, after, same = table.itertuples()
    searched = [row.search_accuracy + row.search_strict for row in (before, after)]
    assert searched[1] > searched[0]
    assert same[3:] == unhelped[3:]
    assert same.output_factor == 1  # nothing speaks for another

    # the search anew, fresh trials at what each step has found; each is simulated once
    noise = {f"4|calibration noise|{STREAM}", f"4|calibration noise|{MUTE}"}
    single = [streams.key(4, "answer to currents")] * 2
    trials = {f"4|calibration|{STREAM}|", f"4|calibration|{MUTE}|"}
    found = {(STREAM, before.scaling_factor), (STREAM, after.scaling_factor)}
    found.add((MUTE, same.scaling_factor))
    searched_at = {(name, factor) for name in (STREAM, MUTE) for factor in FACTORS}
    for purpose, pairs in (("search", searched_at), ("held out", found)):
        for name, factor in pairs:
            noise.add(f"4|{purpose} noise|{name}|{factor:g}")
            trials.add(f"4|{purpose}|{name}|{factor:g}|")
            single.append(streams.key(4, f"{purpose} noise", name, factor))
    if before.scaling_factor == after.scaling_factor:
        single.append(streams.key(4, "held out noise", STREAM, after.scaling_factor))
    assert hashed == noise | trials | {"4|answer to currents"}
    simulated = [stream for name, stream, _ in given if name == "simulate_trials"]
    assert sorted(simulated) == sorted(map(tuple, single))

    fresh = pd.read_parquet("fresh")
    assert len(fresh) == 2 * 2
    assert dict(zip(fresh.network, fresh.step, strict=True)) == {
        "seed_0": "gains",
        "mute": "output",
    }
    for row in (after, same):
        own = fresh[fresh.network == row.network]
        assert set(own.scaling_factor) == {row.scaling_factor}
        assert set(own.output_factor) == {row.output_factor}
        assert row.held_out_accuracy == own.correct.mean()
        assert row.held_out_strict == own.correct_strict.mean()


def test_the_file_of_a_network_with_gains_is_all_that_was_found(
    run_script, helped_and_mute, trained
):
    """Its conversion answers the fresh trials as the table says, and so does its search."""
    table = refined(run_script, helped_and_mute, WITH_GAINS)
    found = table[table.step == "gains"].loc["seed_0"]
    file = matfile.load("refined_models/seed_0.mat")
    assert file.output_factor == found.output_factor
    model = matfile.load("models/seed_0.mat")
    currents = conversion.rate_currents(model, BUILT_IN["go-nogo"], 4, (STREAM,))
    answer = conversion.answer_to_currents(NeuronConfig(), 4)
    expected = conversion.unit_gains(model, found.scaling_factor, currents, answer)
    assert all(map(np.array_equal, file.unit_gains, expected))

    simulation = Simulation(BUILT_IN["go-nogo"], 4, purpose="held out", device="cpu")
    rows = conversion.score_network(simulation, file, STREAM, found.scaling_factor, 2)
    trials = pd.read_parquet("fresh").set_index("network").loc["seed_0"]
    for extreme in ("output_max", "output_min"):
        np.testing.assert_allclose(trials[extreme], rows[extreme], rtol=1e-5, atol=1e-6)
    for column in ("label", "n_spikes", "correct", "correct_strict"):
        assert trials[column].tolist() == rows[column].tolist()

    keys = matfile.read("refined_models/seed_0.mat")
    assert np.ravel(keys["scaling_factors"]).tolist() == list(FACTORS)
    assert np.asarray(keys["opt_scaling_factor"]).item() == found.scaling_factor
    at_found = FACTORS.index(found.scaling_factor)
    assert np.ravel(keys["all_perfs"])[at_found] == found.search_accuracy
    assert np.asarray(keys["held_out_perf"]).item() == found.held_out_accuracy

    mute = matfile.read("refined_models/mute.mat")
    assert not {"unit_gain", "unit_bias"} & mute.keys()
    assert np.ravel(mute["scaling_factors"]).tolist() == list(FACTORS)


def test_gains_that_a_file_came_with_stay_where_none_are_sought(run_script, block, trained):
    n = trained.model.n_units
    gains = UnitGains(np.full(n, 1.5), np.linspace(0, 1, n))
    model = replace(trained.model, unit_gains=gains)
    matfile.save("models/seed_0.mat", model, trained.record, {})
    found = refined(run_script, search(run_script, block)).loc["seed_0"]
    assert found.unit_gains
    assert all(map(np.array_equal, matfile.unit_gains("refined_models/seed_0.mat"), gains))


@pytest.mark.parametrize("params", [REFINE, WITH_GAINS], ids=["output", "gains"])
def test_a_block_without_networks_is_refined_to_nothing(run_script, block, params):
    pd.DataFrame({"network": ["seed_1"], "converged": [False]}).to_csv("networks.csv", index=False)
    assert refined(run_script, search(run_script, block), params).empty
    assert list(pd.read_csv("refined.csv")) == refined_trials.REFINED_COLUMNS
    assert list(pd.read_parquet("fresh"))[-2:] == ["output_factor", "step"]
    assert list(Path("refined_models").iterdir()) == []


def test_refined_networks_of_all_blocks_are_one_table(tmp_path):
    """Blocks in any order, some without networks, names that look like numbers."""
    files = []
    for place, networks in {
        "xor/b/lif/seeds_0-0": [],
        "go-nogo/a/lif/seeds_1-2": ["seed_2", "seed_1"],
        "go-nogo/a/lif/seeds_0-0": ["seed_0"],
        "xor/b/qif/external": ["007"],
    }.items():
        file = tmp_path / f"{place}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [[name, "output", 15.0, 0.5, False, True, 1, 1, 1, 1, 2] for name in networks]
        pd.DataFrame(rows, columns=refined_trials.REFINED_COLUMNS).to_csv(file, index=False)
        files.append(str(file))
    table = tables.stack_refined(files)
    whose = ["task", "condition", "neuron", "network"]
    assert table[whose].to_numpy().tolist() == [
        ["go-nogo", "a", "lif", "seed_0"],
        ["go-nogo", "a", "lif", "seed_1"],
        ["go-nogo", "a", "lif", "seed_2"],
        ["xor", "b", "qif", "007"],
    ]
    assert table.on_edge.all()
    assert tables.stack_refined(files[:1]).empty


TRAINING = {
    "study_seed": 4,
    "device": "cpu",
    "task_content": [],
    "network": asdict(SMALL),
    "training": asdict(SHORT),
    "seeds": [0],
    "keep_traces": False,
}


def test_training_draws_by_task_condition_and_seed(run_script, hashed):
    run_script("train", output={"block": "seeds_0-0.npz"}, params=TRAINING, block="seeds_0-0")
    words = ("initial network", "training noise", "example noise")
    single = {f"4|{purpose}|{STREAM}" for purpose in words}
    trials = {f"4|{purpose}|{STREAM}|" for purpose in ("training", "example")}
    evaluation = {f"4|evaluation|{STREAM}|1|", f"4|evaluation noise|{STREAM}|1"}
    assert hashed == single | trials | evaluation


# Networks of another block ------------------------------------------------------------------------

OTHER_SETTINGS = [
    {"study_seed": 5},
    {"network": asdict(SMALL) | {"gain": 2.0}},
    {"training": asdict(SHORT) | {"learning_rate": 0.02}},
    {"task_content": ["another file"]},
    {"code": "another fingerprint"},
    {"device": "auto"},
]


@pytest.mark.parametrize("change", [{}, *OTHER_SETTINGS], ids=lambda change: "".join(change))
def test_networks_of_the_same_settings_are_taken_over_and_no_others(run_script, change):
    run_script("train", output={"block": "seeds_0-0.npz"}, params=TRAINING, block="seeds_0-0")
    larger = TRAINING | {"seeds": [0, 1]} | change
    run_script("train", output={"block": "seeds_0-1.npz"}, params=larger, block="seeds_0-1")
    taken = provenance.read("seeds_0-1.npz")["trained_in_another_block"]
    assert taken == ([] if change else ["seed_0"])
    first, second = (block_file.load_block(f"seeds_0-{last}.npz") for last in (0, 1))
    same = np.array_equal(first["seed_0"][0].weights.w_rec, second["seed_0"][0].weights.w_rec)
    assert same == (not {"study_seed", "network", "training"} & set(change))
    assert list(second) == ["seed_0", "seed_1"]


def test_a_block_of_other_settings_holds_no_network_for_us(tmp_path, trained):
    block_file.save_block(
        tmp_path / "seeds_0-1.npz", ["seed_0", "seed_1"], 2 * [trained], made_by="a"
    )
    block_file.save_block(tmp_path / "seeds_2-2.npz", ["seed_2"], [trained], made_by="b")
    found = block_file.already_trained(tmp_path, ["seed_1", "seed_2", "seed_3"], "a")
    assert list(found) == ["seed_1"]
    assert list(block_file.already_trained(tmp_path, ["seed_1", "seed_2"], "b")) == ["seed_2"]
    assert block_file.already_trained(tmp_path, ["seed_1"], "") == {}


# What is written ----------------------------------------------------------------------------------


def test_a_given_model_keeps_what_its_file_says_of_its_training(run_script):
    output = {"models": "models", "networks": "networks.csv", "curves": "curves.csv"}
    given = {"files": [str(PUBLISHED_MODEL)]}
    run_script("import_models", inputs=given, output=output, params={}, block="external")
    (row,) = pd.read_csv("networks.csv").itertuples()
    keys = matfile.read(PUBLISHED_MODEL)
    assert (row.network, row.converged) == (PUBLISHED_MODEL.stem, True)
    said = ("tr", "eval_loss_mean", "eval_perf_mean")
    found = [row.training_trials, row.training_loss, row.training_accuracy]
    assert found == [np.asarray(keys[key]).item() for key in said]
    assert (row.n_units, row.n_inhibitory) == (200, np.asarray(keys["inh"]).sum())
    copy = Path("models") / PUBLISHED_MODEL.name
    assert copy.read_bytes() == PUBLISHED_MODEL.read_bytes()


def test_a_converted_model_holds_its_own_search_and_its_fresh_trials(
    run_script, block, monkeypatch
):
    """By the published scoring; the strict one of this task finds every trial wrong."""
    task = replace(BUILT_IN["go-nogo"], correct_strict=lambda labels, response: labels == 7)
    monkeypatch.setitem(BUILT_IN, "go-nogo", task)
    inputs, params = search(run_script, block), SPIKING | {"trials": 12}
    names = ("trials", "choice", "accuracy", "rates", "converted")
    run_script("held_out", inputs=inputs, output={name: name for name in names}, params=params)
    trials, curve = pd.read_parquet("trials"), pd.read_parquet("factor_35.parquet")
    assert trials.correct.any()
    assert not trials.correct_strict.any()
    keys = matfile.read("converted/seed_0.mat")
    assert np.asarray(keys["held_out_perf"]).item() == trials.correct.mean()
    assert np.ravel(keys["all_perfs"]).tolist() == [curve.correct.mean()]
    assert np.ravel(keys["scaling_factors"]).tolist() == [35]
    assert np.asarray(keys["opt_scaling_factor"]).item() == 35
    assert pd.read_csv("rates").rate_trials.tolist() == [12]


# What the kernels are given -----------------------------------------------------------------------


THRICE = TrainingConfig(
    max_trials=6,
    evaluation_interval=2,
    evaluation_trials=2,
    accuracy_threshold=1,
    loss_threshold=1e-9,
)


def test_each_evaluation_has_noise_of_its_own_and_training_one(given):
    train.train_network(BUILT_IN["go-nogo"], SMALL, THRICE, study_seed=1, network="a")
    training = [(stream, first) for name, stream, first in given if name == "train_trials"]
    assert [first for _, first in training] == [0, 2, 4]  # trial by trial, none twice
    (noise,) = {stream for stream, _ in training}
    *evaluations, after, before = [stream for name, stream, _ in given if name == "outputs"]
    assert after == before  # the example, after and before training
    assert len(evaluations) == 3
    assert len({noise, *evaluations, after}) == 5


def test_voltages_coins_and_noise_of_a_trial_are_other_numbers():
    key = streams.key(1, "test")
    uses = (streams.STEP_NOISE, streams.INITIAL_VOLTAGE, streams.COIN)
    numbers = [tuple(streams.uniform(key, use, 0, 5)[:, 0]) for use in uses]
    assert len(set(numbers)) == 3


def test_nothing_that_is_drawn_of_a_network_shares_its_noise(given):
    task = integration(n_steps=90, on=10, duration=20)
    model, _ = train.train_network(task, SMALL, THRICE, study_seed=1, network="a")
    n_training = len({stream for _, stream, _ in given})
    words = {"study_seed": 1, "words": ("a",), "n_trials": 2}
    train.evaluate(model, model.weights, task, purpose="rate held out", **words)
    simulation = Simulation(task, 1, downsample=10, device="cpu")
    for purpose in ("search", "held out"):
        for factor in (30.0, 40.0):
            other = simulation._replace(purpose=purpose)
            conversion.score_network(other, model, "a", factor, 1)
    example._rate_trace(simulation, model, "a", scored_trials.trials_of(simulation, "a", 40.0, [0]))
    of_figure = simulation._replace(purpose="figure")
    trials, numbers = example._balanced(of_figure, "a", "label")
    one = type(trials)(*(field[:1] for field in trials))
    scored_trials.run_trials(of_figure, model, "a", 40.0, one, numbers[:1])
    example._single_trials(of_figure, model, "a", 40.0, one, np.zeros((1, task.n_steps, 5)))
    design = selectivity._Design(np.array([[0.5, -0.5]]), np.array([1]))
    of_selectivity = simulation._replace(purpose="selectivity")
    selectivity._responses(of_selectivity, model, "a", 40.0, design)
    selectivity._voltages(of_selectivity, model, "a", 40.0, [0])
    # rate held out, four of score_network, three of the figures, two of selectivity
    assert len({stream for _, stream, _ in given}) == n_training + 10
