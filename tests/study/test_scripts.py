"""Scripts of jobs, run in this process: what they draw by, what they take over, what they write.
The words of every stream are those of the purpose, the condition and the network; no two things
that are drawn of one network have a stream in common."""

import hashlib
import importlib
import json
import re
import runpy
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from shared import PUBLISHED_MODEL, ROOT, example_of
from snakemake.iocontainers import InputFiles, OutputFiles, Params, Wildcards

from rate2spike import conversion, export, matfile, provenance, streams
from rate2spike.analysis import (
    choice,
    example,
    refined_trials,
    selectivity,
    statistics,
    tables,
    trial_table,
)
from rate2spike.config import NeuronConfig, RateConfig, TrainingConfig
from rate2spike.conversion import Simulation, scored_trials
from rate2spike.conversion.calibration import find_unit_gains
from rate2spike.export import nir_file
from rate2spike.files import read_csv
from rate2spike.rate import block_file, train
from rate2spike.rate.kernels import cpu as rate_cpu
from rate2spike.rate.model import UnitGains
from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.study import cost
from rate2spike.tasks import BUILT_IN
from rate2spike.tasks.built_in import integration

SCRIPTS = ROOT / "workflow" / "scripts"
STREAM = "go-nogo/n80_gain2/seed_0"  # task, condition, network
HARMED = "go-nogo/n80_gain2/harmed"
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
    return read_csv("refined.csv").set_index("network")  # exact with every pandas


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
    assert list(trials) == [*published, "output_factor", "output_offset", "step"]
    same = ["task", "condition", "neuron", "network", "trial", "label", "kind", "n_spikes"]
    pd.testing.assert_frame_equal(trials[same], published[same])
    for extreme in ("output_max", "output_min"):
        expected = (published[extreme] + found.output_offset) * found.output_factor
        np.testing.assert_allclose(trials[extreme], expected, rtol=1e-6, atol=1e-7)
    assert set(trials.output_factor) == {found.output_factor}
    assert set(trials.output_offset) == {found.output_offset}


GIVEN = [(1.0, 0.0), (0.25, 0.0), (1.0, -2.0), (0.25, -0.6)]


@pytest.mark.parametrize(("factor", "offset"), GIVEN)
def test_a_given_output_is_part_of_the_refined_one(run_script, block, trained, factor, offset):
    """Of factor g0 and offset c0 of a file, and g and c that were found on top: g g0 and
    c0 + c / g0 are in the table, with the trials and in the refined file, which alone answers the
    same."""
    given = replace(trained.model, output_factor=factor, output_offset=offset)
    matfile.save(Path("models") / "seed_0.mat", given, trained.record, {})
    inputs = search(run_script, block)
    again = refined(run_script, inputs).loc["seed_0"]
    searched = refined_trials.read_search(inputs["shards"])["seed_0"]
    found = refined_trials.refine_search(BUILT_IN["go-nogo"], searched)
    assert found.output_offset != 0 or (factor, offset) == (1, 0)
    assert again.output_factor == found.output_factor * factor
    assert again.output_offset == pytest.approx(offset + found.output_offset / factor)
    file = matfile.load("refined_models/seed_0.mat")
    trials = pd.read_parquet("fresh")
    for name in ("output_factor", "output_offset"):
        assert getattr(file, name) == again[name]
        assert set(trials[name]) == {again[name]}
    # its curve is that of the whole output, once
    keys = matfile.read("refined_models/seed_0.mat")
    assert np.ravel(keys["all_perfs"]).tolist() == [again.search_accuracy]
    assert np.asarray(keys["held_out_perf"]).item() == again.held_out_accuracy
    fresh = Simulation(BUILT_IN["go-nogo"], 4, purpose="held out", device="cpu")
    rows = conversion.score_network(fresh, file, STREAM, again.scaling_factor, 2)
    for extreme in ("output_max", "output_min"):
        np.testing.assert_allclose(trials[extreme], rows[extreme], rtol=1e-5, atol=1e-6)
    for scored in ("correct", "correct_strict"):
        assert trials[scored].tolist() == rows[scored].tolist()


WITH_GAINS = REFINE | {"steps": ["output", "gains"], "search_trials": 6}
MODELS = ("models", "refined_models")
FACTORS = (35, 300)  # far beyond the best factor weights are too small for the task


@pytest.fixture
def helped_and_harmed(run_script, block, trained, monkeypatch):
    """The search, at two factors, of a network that gains help and of one that they harm: it came
    with good ones, and those that are found for it silence its units."""
    currents = conversion.rate_currents(trained.model, BUILT_IN["go-nogo"], 4, ("harmed",))
    answer = conversion.answer_to_currents(NeuronConfig(), 4)
    gains = find_unit_gains(trained.model, FACTORS[1], currents, answer)
    harmed = replace(trained.model, unit_gains=gains)

    def found_gains(model, *others):
        if model.unit_gains is None:
            return find_unit_gains(model, *others)
        return UnitGains(np.ones(model.n_units), np.full(model.n_units, -50.0))

    monkeypatch.setattr(refined_trials, "find_unit_gains", found_gains)
    matfile.save("models/harmed.mat", harmed, trained.record, {})
    table = {"network": ["seed_0", "seed_1", "harmed"], "converged": [True, False, True]}
    pd.DataFrame(table).to_csv("networks.csv", index=False)
    shards = []
    for factor in FACTORS:
        shard = {"shard": f"factor_{factor}.parquet"}
        params = SPIKING | {"scaling_factors": list(FACTORS), "trials": 6}
        run_script("simulate", inputs=block, output=shard, params=params, factor=str(factor))
        shards.append(shard["shard"])
    return block | {"shards": shards}


def test_gains_of_the_units_are_kept_where_they_help(run_script, helped_and_harmed, hashed, given):
    hashed.clear()
    given.clear()
    table = refined(run_script, helped_and_harmed, WITH_GAINS).reset_index()
    steps = [("seed_0", "output"), ("harmed", "output"), ("seed_0", "gains"), ("harmed", "gains")]
    assert list(zip(table.network, table.step, strict=True)) == steps
    assert table.has_unit_gains.tolist() == [False, True, True, True]
    before, unharmed, after, same = table.itertuples()
    searched = [row.search_accuracy + row.search_strict for row in (before, after)]
    assert searched[1] > searched[0]
    assert same[3:] == unharmed[3:]
    assert (same.search_accuracy, same.search_strict) == (1, 1)

    # the search anew, fresh trials at what each step has found; each is simulated once
    noise = {f"4|calibration noise|{STREAM}", f"4|calibration noise|{HARMED}"}
    single = [streams.key(4, "answer to currents")] * 2
    trials = {f"4|calibration|{STREAM}|", f"4|calibration|{HARMED}|"}
    found = {(STREAM, before.scaling_factor), (STREAM, after.scaling_factor)}
    found.add((HARMED, same.scaling_factor))
    searched_at = {(name, factor) for name in (STREAM, HARMED) for factor in FACTORS}
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
        "harmed": "output",
    }
    for row in (after, same):
        own = fresh[fresh.network == row.network]
        assert set(own.scaling_factor) == {row.scaling_factor}
        assert set(own.output_factor) == {row.output_factor}
        assert set(own.output_offset) == {row.output_offset}
        assert row.held_out_accuracy == own.correct.mean()
        assert row.held_out_strict == own.correct_strict.mean()


def test_the_file_of_a_network_with_gains_is_all_that_was_found(
    run_script, helped_and_harmed, trained
):
    """Its conversion answers the fresh trials as the table says, and so does its search."""
    table = refined(run_script, helped_and_harmed, WITH_GAINS)
    found = table[table.step == "gains"].loc["seed_0"]
    file = matfile.load("refined_models/seed_0.mat")
    output = (found.output_factor, found.output_offset)
    assert (file.output_factor, file.output_offset) == output
    model = matfile.load("models/seed_0.mat")
    currents = conversion.rate_currents(model, BUILT_IN["go-nogo"], 4, (STREAM,))
    answer = conversion.answer_to_currents(NeuronConfig(), 4)
    expected = find_unit_gains(model, found.scaling_factor, currents, answer)
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

    given, kept = (matfile.unit_gains(f"{folder}/harmed.mat") for folder in MODELS)
    assert all(map(np.array_equal, given, kept))
    keys = matfile.read("refined_models/harmed.mat")
    assert np.ravel(keys["scaling_factors"]).tolist() == list(FACTORS)


def test_gains_that_a_file_came_with_stay_where_none_are_sought(run_script, block, trained):
    n = trained.model.n_units
    gains = UnitGains(np.full(n, 1.5), np.linspace(0, 1, n))
    model = replace(trained.model, unit_gains=gains)
    matfile.save("models/seed_0.mat", model, trained.record, {})
    found = refined(run_script, search(run_script, block)).loc["seed_0"]
    assert found.has_unit_gains
    assert all(map(np.array_equal, matfile.unit_gains("refined_models/seed_0.mat"), gains))


@pytest.mark.parametrize("params", [REFINE, WITH_GAINS], ids=["output", "gains"])
def test_a_block_without_networks_is_refined_to_nothing(run_script, block, params):
    pd.DataFrame({"network": ["seed_1"], "converged": [False]}).to_csv("networks.csv", index=False)
    assert refined(run_script, search(run_script, block), params).empty
    assert list(pd.read_csv("refined.csv")) == refined_trials.REFINED_COLUMNS
    last = ["output_factor", "output_offset", "step"]
    assert list(pd.read_parquet("fresh"))[-3:] == last
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
        rows = [[name, "output", 15.0, 0.5, 0.1, False, True, 1, 1, 1, 1, 2] for name in networks]
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


def test_networks_stay_under_their_own_names_whichever_were_there(run_script):
    """The second is taken from another block, the first and the third are trained now."""
    whole = {"block": "seeds_0-2.npz"}
    run_script("train", output=whole, params=TRAINING | {"seeds": [0, 1, 2]}, block="seeds_0-2")
    alone = block_file.load_block("seeds_0-2.npz")
    Path("seeds_0-2.npz").unlink()
    one = {"block": "seeds_1-1.npz"}
    run_script("train", output=one, params=TRAINING | {"seeds": [1]}, block="seeds_1-1")
    run_script("train", output=whole, params=TRAINING | {"seeds": [0, 1, 2]}, block="seeds_0-2")
    assert provenance.read("seeds_0-2.npz")["trained_in_another_block"] == ["seed_1"]
    together = block_file.load_block("seeds_0-2.npz")
    assert list(together) == ["seed_0", "seed_1", "seed_2"]
    for name, (model, _) in together.items():
        assert np.array_equal(model.weights.w_rec, alone[name][0].weights.w_rec), name


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
    (searched,) = pd.read_csv("accuracy").itertuples(index=False)
    assert searched._fields == tuple(tables.ACCURACY_COLUMNS)
    assert searched[:4] == ("seed_0", 35, SPIKING["trials"], curve.correct.sum())
    (chosen,) = pd.read_csv("choice").itertuples(index=False)
    assert chosen._fields == tuple(choice.CHOICE_COLUMNS)
    assert (chosen.scaling_factor, chosen.search_trials) == (35, SPIKING["trials"])


def test_a_given_model_for_another_task_is_refused_and_a_lost_variable_named(
    run_script, monkeypatch
):
    output = {"models": "models", "networks": "networks.csv", "curves": "curves.csv"}
    given = {"files": [str(PUBLISHED_MODEL)]}
    told = r"key 'w_in': expected 2 input column\(s\) for task xor, got 1$"
    with pytest.raises(matfile.ModelFileError, match=told):
        run_script("import_models", inputs=given, output=output, params={}, task="xor")
    assert not Path("models").exists()
    looked_at = []
    monkeypatch.setattr(matfile, "warn_of_lost", lambda file: looked_at.append(str(file)))
    run_script("import_models", inputs=given, output=output, params={})
    assert looked_at == [str(PUBLISHED_MODEL)]


def test_networks_that_failed_are_in_the_table_and_have_no_model_file(run_script, trained, capsys):
    failed = trained.record._replace(converged=False, trials=7)
    other = replace(trained.model, inhibitory=~trained.model.inhibitory)
    block = [trained, (other, failed)]
    block_file.save_block("block.npz", ["seed_3", "seed_4"], block, provenance={"rule": "train"})
    output = {"models": "models", "networks": "networks.csv", "curves": "curves.csv"}
    params = {"study_seed": 4, "seeds": [3, 4]}
    run_script(
        "write_models", inputs={"block": "block.npz"}, output=output, params=params, block="b"
    )
    assert [file.name for file in Path("models").iterdir()] == ["seed_3.mat"]
    first, second = pd.read_csv("networks.csv").to_dict("records")
    _, loss, accuracy = trained.record.curve[-1]
    n_inhibitory = trained.model.inhibitory.sum()
    assert first == {
        "network": "seed_3",
        "converged": True,
        "training_trials": trained.record.trials,
        "training_loss": pytest.approx(loss),
        "training_accuracy": pytest.approx(accuracy),
        "model": matfile.fingerprint("models/seed_3.mat"),
        "n_units": 80,
        "n_inhibitory": n_inhibitory,
        "mean_tau_decay_ms": pytest.approx(trained.model.tau_decay_ms().mean()),
    }
    assert (second["network"], second["converged"]) == ("seed_4", False)
    assert second["training_trials"] == 7
    assert second["n_inhibitory"] == 80 - n_inhibitory != n_inhibitory
    assert pd.isna(second["model"])
    curves = pd.read_csv("curves.csv")
    for name in ("seed_3", "seed_4"):
        own = curves.loc[curves.network == name, ["trial", "loss", "accuracy"]]
        np.testing.assert_allclose(own, trained.record.curve)
    record = provenance.read("models/seed_3.mat")
    assert record == {"rule": "train", "seed": 3, "stream": f"{STREAM[:-1]}3"}
    said = capsys.readouterr().out
    assert f"{STREAM[:-1]}4 curves.csv" in said
    assert "seed_3" not in said


# The tables of a condition and of the study -------------------------------------------------------


def of_network(network, correct, factor=40.0):
    """Trials of one network, as a shard has them."""
    n = len(correct)
    columns = {"task": "go-nogo", "condition": "n80_gain2", "neuron": "lif", "network": network}
    columns |= {"label": 1, "kind": "Go", "output_max": 0.5, "output_min": 0.0, "n_spikes": 5}
    columns |= {"correct": np.array(correct, bool), "correct_strict": np.zeros(n, bool)}
    return columns | {"scaling_factor": factor, "trial": np.arange(n)}


def test_a_condition_is_put_together_from_all_its_blocks(run_script, capsys):
    """Blocks of two networks and of one, one of which failed; each keeps its own numbers."""
    files = {"networks": [], "rates": [], "held_out": [], "choices": []}
    for block, seeds in {"0-1": [0, 1], "2-2": [2]}.items():
        passed = [seed for seed in seeds if seed != 1]
        of_seeds = {"network": [f"seed_{seed}" for seed in seeds], "model": "0123"}
        of_seeds |= {"training_trials": [600 + seed for seed in seeds]}
        of_seeds |= {"converged": [seed in passed for seed in seeds]}
        named = {"network": [f"seed_{seed}" for seed in passed]}
        rates = {"rate_accuracy": [0.9 + seed / 100 for seed in passed], "rate_trials": 100}
        choices = {"scaling_factor": [30.0 + seed for seed in passed], "on_edge": block == "2-2"}
        choices |= {"search_accuracy": 0.95, "search_trials": 8}
        written = {"networks": of_seeds, "rates": named | rates, "choices": named | choices}
        for name, columns in written.items():
            files[name].append(f"{name}_{block}.csv")
            pd.DataFrame(columns).to_csv(files[name][-1], index=False)
        files["held_out"].append(f"held_out_{block}.parquet")
        rows = [of_network(f"seed_{seed}", [1] * (1 + seed) + [0]) for seed in passed]
        trial_table.write_trials(rows, files["held_out"][-1])
    names = {"name": "mine", "other_names": "a; b"}
    output = {"table": "condition.csv"}
    run_script("networks_of_condition", inputs=files, output=output, params=names)
    found = tables.read_networks(["condition.csv"]).set_index("network")
    assert found.index.tolist() == ["seed_0", "seed_1", "seed_2"]
    words = ["name", "other_names", "task", "condition", "neuron"]
    whose = ["mine", "a; b", "go-nogo", "n80_gain2", "lif"]
    assert found[words].drop_duplicates().to_numpy().tolist() == [whose]
    assert "model" not in found
    assert found.converged.tolist() == [True, False, True]
    assert found.training_trials.tolist() == [600, 601, 602]
    numbers = {
        "rate_accuracy": [0.9, 0.92],
        "rate_trials": [100, 100],
        "scaling_factor": [30, 32],
        "search_accuracy": [0.95, 0.95],
        "search_trials": [8, 8],
        "held_out_trials": [2, 4],
        "held_out_accuracy": [1 / 2, 3 / 4],
        "held_out_strict": [0, 0],
    }
    for column, values in numbers.items():
        assert found.loc[["seed_0", "seed_2"], column].tolist() == pytest.approx(values), column
        assert pd.isna(found.loc["seed_1", column]), column
    assert found.on_edge.tolist()[::2] == [False, True]
    for kind, counts in {"rate": (92, 100), "held_out": (3, 4)}.items():
        ends = [found.loc["seed_2", f"{kind}_ci_{end}"] for end in ("low", "high")]
        np.testing.assert_allclose(ends, statistics.wilson_interval(*counts), err_msg=kind)
    assert "seed_2 32.0" in capsys.readouterr().out  # on the edge of the grid


def test_the_study_is_put_together_and_warns_of_factors_on_the_edge(run_script, capsys):
    """Of three networks of one condition one is, of the other condition none."""
    place = "go-nogo/n80_gain2"
    files = {
        "shards": f"results/simulations/{place}/lif/seeds_0-1/factor_40.parquet",
        "held_out": f"results/held_out/{place}/lif/seeds_0-1.parquet",
        "curves": f"results/networks/{place}/seeds_0-1_curves.csv",
        "accuracies": f"results/choices/{place}/lif/seeds_0-1_accuracy.csv",
        "networks": f"results/conditions/{place}/lif.csv",
    }
    for file in files.values():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    trial_table.write_trials([of_network("b", [1, 0])], files["shards"], {"rule": "simulate"})
    trial_table.write_trials([of_network("b", [1])], files["held_out"], {"rule": "held_out"})
    curve = pd.DataFrame({"trial": [1.0, 101.0], "loss": 9.0, "accuracy": 0.5, "network": "b"})
    curve.to_csv(files["curves"], index=False)
    accuracy = tables.accuracy_by_factor(pd.read_parquet(files["shards"]))
    pd.concat([accuracy, accuracy.assign(network="a")]).to_csv(files["accuracies"], index=False)
    rows = [("mine", "a", True), ("mine", "b", False), ("mine", "c", False), ("other", "a", False)]
    networks = pd.DataFrame(rows, columns=["name", "network", "on_edge"])
    columns = {"converged": True, "training_trials": 700, "rate_accuracy": 0.9, "task": "go-nogo"}
    columns |= {"search_accuracy": 1.0, "held_out_accuracy": 0.9, "held_out_strict": 0.8}
    columns |= {"scaling_factor": 40.0, "other_names": "", "neuron": "lif"}
    networks.assign(condition=networks.name, **columns).to_csv(files["networks"], index=False)
    names = ("accuracy", "networks", "curves", "summary", "html")
    output = {name: name for name in names} | {"trials": "trials.parquet"}
    inputs = {name: [file] for name, file in files.items()}
    run_script("aggregate", inputs=inputs, output=output, params={})
    assert pd.read_parquet("trials.parquet").purpose.tolist() == ["search", "search", "held out"]
    made = provenance.read("trials.parquet")
    assert (made["rule"], made["files"]) == ("aggregate", 2)
    found = pd.read_csv("accuracy")
    assert found.network.tolist() == ["a", "b"]
    whose = found[["task", "condition", "neuron"]].drop_duplicates().to_numpy().tolist()
    assert whose == [["go-nogo", "n80_gain2", "lif"]]
    curves = pd.read_csv("curves", dtype=str)
    assert curves.trial.tolist() == ["1", "101"]
    assert set(curves.task + "/" + curves.condition) == {place}
    warned = [line for line in capsys.readouterr().out.splitlines() if "edge" in line]
    (line,) = warned
    assert line.rpartition("scaling_factors")[2].split() == ["mine", "1", "3"]


def test_the_log_counts_the_refined_networks_on_an_edge(run_script, capsys):
    file = Path("results/refined/go-nogo/a/lif/seeds_0-2.csv")
    file.parent.mkdir(parents=True)
    rows = [[f"seed_{i}", "output", 15.0, 0.5, 0.1, False, i < 2, 1, 1, 1, 1, 2] for i in range(3)]
    pd.DataFrame(rows, columns=refined_trials.REFINED_COLUMNS).to_csv(file, index=False)
    run_script("aggregate_refined", inputs={"a": str(file)}, output={"a": "refined.csv"}, params={})
    assert "go-nogo/a/lif 2" in capsys.readouterr().out
    assert pd.read_csv("refined.csv").network.tolist() == ["seed_0", "seed_1", "seed_2"]


# What is handed on to the library -----------------------------------------------------------------

OTHER_WAY = SPIKING | {
    "neuron": asdict(NeuronConfig(model="qif", tau_mem_ms=20)),
    "downsample": 10,
    "given": True,
    "per": "kind",
}


@pytest.fixture
def one_condition(block):
    """The inputs of what records or exports the example network of that block."""
    trials = pd.DataFrame({"network": ["seed_0"], "correct": [True]})
    trials.to_parquet("held_out.parquet")
    files = {key: [block[key]] for key in ("models", "networks")}
    return files | {"held_out": ["held_out.parquet"], "choices": ["choice.csv"]}


@pytest.mark.parametrize("script", ["example", "selectivity"])
def test_recordings_are_of_the_settings_of_the_condition(
    run_script, one_condition, monkeypatch, script, trained
):
    """By the network's full name, which keys its random numbers; in the file it has its short
    one."""
    asked = []

    def record(simulation, model, network, factor, per="label"):
        asked.append((simulation, network, factor, per))
        assert np.array_equal(model.weights.w_out, trained.model.weights.w_out)
        return {"network": np.array(network), "n_correct": 3, "n_trials": 5}

    module = {"example": example, "selectivity": selectivity}[script]
    monkeypatch.setattr(module, f"{script}_recordings", record)
    run_script(script, inputs=one_condition, output={"file": "recorded.npz"}, params=OTHER_WAY)
    ((simulation, *others),) = asked
    assert others == [STREAM, 35, "kind" if script == "example" else "label"]
    neuron = NeuronConfig(model="qif", tau_mem_ms=20)
    found = (simulation.study_seed, simulation.neuron, simulation.downsample, simulation.device)
    assert found == (4, neuron, 10, "cpu")
    assert simulation.task is BUILT_IN["go-nogo"]
    recorded = np.load("recorded.npz")
    facts = [recorded[key].item() for key in ("n_networks", "n_attempted", "held_out_accuracy")]
    assert facts == [1, 2, 1]
    if script == "example":
        words = [recorded[key].item() for key in ("network", "condition", "given")]
        assert words == ["seed_0", "go-nogo, n80_gain2", True]
    assert json.loads(recorded["provenance"].item())["rule"] == script


def test_exports_are_of_the_settings_of_the_condition(run_script, one_condition, monkeypatch):
    asked = {}

    def listen(module, name, answer=None):
        def listening(*args, **options):
            asked[name] = (args, options)
            return answer

        monkeypatch.setattr(module, name, listening, raising=False)

    listen(export, "single_trials", "a recording")
    listen(export, "write_nwb")
    table = pd.DataFrame({"statistic": ["rate", "fano"], "value": [1.0, 2.0]})
    listen(export, "spike_statistics", table)
    listen(export, "to_brian2")
    listen(nir_file, "accuracies", pd.DataFrame({"n_trials": [2]}))
    listen(nir_file, "write_nir")
    np.savez("example.npz", **example_of("go-nogo", n_units=80))
    neuron = NeuronConfig(tau_mem_ms=20)
    params = OTHER_WAY | {"neuron": asdict(neuron), "trials": 77}
    inputs = one_condition | {"example": "example.npz"}
    run_script("write_exports", inputs=inputs, output={"folder": "exports"}, params=params)
    assert asked["single_trials"][1] == {"step_s": pytest.approx(5e-4)}  # ten of 0.05 ms
    assert asked["spike_statistics"] == (("a recording",), {"bin_ms": 20, "from_ms": 100})
    assert pd.read_parquet("exports/statistics.parquet").statistic.tolist() == ["rate"]
    (network, _), script = asked["to_brian2"]
    assert network.neuron == neuron
    assert script["downsample"] == 10
    assert script["stream"] == streams.key(4, "held out noise", STREAM, 35.0)
    assert list(script["stimuli"]) == ["Go", "NoGo"]
    assert script["title"].startswith(f"{STREAM} at 1/lambda = 35")
    (simulation, _, *others), _ = asked["accuracies"]
    assert others == [STREAM, 35, 77]
    assert (simulation.purpose, simulation.downsample) == ("held out", 10)
    _, spikes = asked["write_nwb"]
    assert spikes["identifier"] == f"{STREAM}/lif/35"
    assert spikes["trials"] == {"kind": ["Go", "NoGo"], "label": [1, 0]}


def test_each_shard_says_its_own_seconds(run_script, block, monkeypatch):
    """Since the job began, or since the shard before it was written."""
    job = importlib.import_module("job")
    begun = []
    record = job.provenance

    def listening(snakemake, since=job.STARTED):
        begun.append(since)
        return record(snakemake, since)

    monkeypatch.setattr(job, "provenance", listening)
    shards = {"a": "factor_35.parquet", "b": "factor_2.5.parquet", "c": "factor_1e-05.parquet"}
    run_script("simulate", inputs=block, output=shards, params=SPIKING)
    assert begun[0] == job.STARTED
    assert job.STARTED < begun[1] < begun[2]
    seconds = [provenance.read(file)["seconds"] for file in shards.values()]
    assert seconds[0] > seconds[1] + seconds[2]  # the first since the tests began
    factors = [set(pd.read_parquet(file).scaling_factor) for file in shards.values()]
    assert factors == [{35}, {2.5}, {1e-5}]


def test_the_cost_is_of_the_device_and_the_traces_of_the_study(run_script, monkeypatch, capsys):
    asked = []

    def of_condition(row, task, *, device, keep_traces, timed):
        asked.append((row["name"], task.name, device, keep_traces, len(timed)))
        timed[row["name"]] = 1  # what takes the same time is measured once
        return {"condition": row["name"]}

    monkeypatch.setattr(cost, "of_condition", of_condition)
    monkeypatch.setattr(cost, "jobs_of", lambda snakefile, config: (snakefile, config))
    monkeypatch.setattr(cost, "in_words", lambda table, *words: f"{list(table.condition)} {words}")
    workload = [{"name": "a", "task": "xor"}, {"name": "b", "task": "go-nogo"}]
    params = {"workload": workload, "device": "cuda", "keep_traces": True}
    params |= {"snakefile": "Snakefile", "config": {"study_seed": 4}}
    run_script("cost", output={}, params=params)
    assert asked == [("a", "xor", "cuda", True, 0), ("b", "go-nogo", "cuda", True, 1)]
    wanted = "['a', 'b'] (('Snakefile', {'study_seed': 4}), 'cuda')"
    assert wanted in capsys.readouterr().out


# The record of the study and its archive ----------------------------------------------------------


def test_the_record_of_a_study_is_of_all_its_files(run_script, trained):
    """Converted models in all folders, the mean-field study, the files that the config names."""
    for seed, folder in enumerate(("converted/a", "converted/b")):
        Path(folder).mkdir(parents=True)
        made = provenance.record(seconds=1, study_seed=seed)
        matfile.save(Path(folder) / "seed_0.mat", *trained, made)
    Path("mean_field.json").write_text(
        provenance.dumps(provenance.record(seconds=1, study_seed=7)), encoding="utf-8"
    )
    inputs = {"converted": ["converted/a", "converted/b"], "records": ["mean_field.json"]}
    params = {"config": {"study_seed": 4}, "given": ["mean_field.json"], "benchmarks": {}}
    inputs |= {"trials": []}
    run_script("provenance", inputs=inputs, output={"file": "study.json"}, params=params)
    study = json.loads(Path("study.json").read_text(encoding="utf-8"))
    assert study["made"]["study_seed"] == [0, 1, 7]
    assert [file["file"] for file in study["files_of_the_config"]] == ["mean_field.json"]
    assert study["trials"] == {}


def test_an_archive_keeps_the_users_own_page_and_checks_all_its_files(run_script):
    Path("results/tables").mkdir(parents=True)
    study = {"study_seed": 4, "config": {"study_seed": 4, "tasks": {"ü": "own.py"}}}
    study |= {"files_of_the_config": [], "stages": [], "trials": {}, "last_finished": None}
    study["made"] = {"software": [], "versions": [], "machine": [], "device": ["cpu"]}
    Path("results/tables/provenance.json").write_text(json.dumps(study), encoding="utf-8")
    for name in ("Snakefile", "README.md", "results/README.md", "results/tables/a.csv"):
        Path(name).write_text(f"of {name}", encoding="utf-8")
    inputs = {"files": ["results/tables"], "study": "results/tables/provenance.json"}
    inputs |= {"snakefile": "Snakefile", "readme": ["README.md"], "citation": []}
    output = {"table": "results/manifest.tsv", "checksums": "results/SHA256SUMS"}
    output |= {"crate": "results/ro-crate-metadata.json", "snakefile": "results/Snakefile"}
    output |= {"config": "results/config.yaml"}
    run_script("manifest", inputs=inputs, output=output, params={})
    assert Path("results/README.md").read_text(encoding="utf-8") == "of results/README.md"
    assert Path("results/Snakefile").read_text(encoding="utf-8") == "of Snakefile"
    assert yaml.safe_load(Path("results/config.yaml").read_text("utf-8")) == study["config"]
    listed = pd.read_csv("results/manifest.tsv", sep="\t").path.tolist()
    assert listed == ["README.md", "tables/a.csv", "tables/provenance.json"]
    sums = {}
    for line in Path("results/SHA256SUMS").read_text(encoding="utf-8").splitlines():
        checksum, name = line.split("  ")
        sums[name] = checksum
        assert checksum == hashlib.sha256(Path("results", name).read_bytes()).hexdigest(), name
    assert set(sums) == {*listed, "Snakefile", "config.yaml", "manifest.tsv"}
    crate = json.loads(Path("results/ro-crate-metadata.json").read_text("utf-8"))
    described = {e["@id"]: e["sha256"] for e in crate["@graph"] if "contentSize" in e}
    assert described == sums
    Path("results/README.md").unlink()  # a study in a folder of its own gets the page
    run_script("manifest", inputs=inputs, output=output, params={})
    assert Path("results/README.md").read_text(encoding="utf-8") == "of README.md"


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
