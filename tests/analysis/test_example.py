"""Recordings of example networks: shapes, streams, agreement with their trials; responses to graded
inputs (Fig. S5)."""

import json
import runpy
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from shared import example_of, export_package_or_skip
from snakemake.iocontainers import Params, Wildcards

from rate2spike import conversion, export, matfile, spiking
from rate2spike.analysis import example as recordings
from rate2spike.analysis import selectivity as graded
from rate2spike.config import NeuronConfig, RateConfig
from rate2spike.conversion import Simulation
from rate2spike.rate import initial_model
from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.tasks import BUILT_IN, draw_trials

GO_NOGO = Simulation(BUILT_IN["go-nogo"], study_seed=4)


# What the example figures are drawn from ----------------------------------------------------------


@pytest.fixture(scope="module")
def example(trained):
    return recordings.example_recordings(GO_NOGO, trained.model, "net", 40.0)


def test_the_example_holds_all_a_figure_needs(example):
    n = 80
    shapes = {k: v.shape for k, v in example.items()}
    n_spikes = example["spike_unit"].size
    assert shapes == {
        "network": (),
        "label": (100,),
        "kind": (100,),
        "inhibitory": (n,),
        "som": (n,),
        "tau_decay_ms": (n,),
        "scaling_factors": (3,),
        "time_s": (200,),
        "rate_out": (100, 199),
        "spiking_out": (3, 100, 200),
        "rate_population": (2, n, 200),
        "spiking_population": (2, n, 200),
        "single_kind": (2,),
        "single_label": (2,),
        "single_stimulus": (2, 1, 200),
        "single_out": (2, 200),
        "single_rate_r": (2, n, 200),
        "single_spiking_rates": (2, n, 200),
        "single_mean_rates_hz": (2, n),
        "spike_trial": (n_spikes,),
        "spike_unit": (n_spikes,),
        "spike_time_s": (n_spikes,),
    }
    assert example["scaling_factors"].tolist() == [1, 10, 40]
    assert [int((example["label"] == x).sum()) for x in (1, 0)] == [50, 50]
    np.testing.assert_allclose(example["time_s"], 0.005 * np.arange(1, 201))
    assert np.array_equal(example["kind"], np.where(example["label"] == 1, "Go", "NoGo"))
    assert not example["som"].any()
    assert example["single_kind"].tolist() == ["Go", "NoGo"]
    assert example["single_label"].tolist() == [1, 0]
    for value in example.values():
        assert value.dtype.kind in "fiubU"  # no pickles in the .npz
        assert value.dtype.kind != "f" or np.isfinite(value).all()


def test_the_examples_are_the_trials_of_the_network_at_each_factor(trained, example):
    simulation = GO_NOGO._replace(purpose="figure")
    trials, numbers = recordings._balanced(simulation, "net", "label")
    assert np.array_equal(trials.label, example["label"])
    assert len(set(numbers)) == 100
    for k, factor in enumerate((1.0, 10.0, 40.0)):
        some = [0, 57]
        few = type(trials)(*(field[some] for field in trials))
        out = conversion.run_trials(
            simulation, trained.model, "net", factor, few, numbers[some], keep_every=100
        ).out
        assert np.array_equal(out, example["spiking_out"][k][some])
    go = example["label"] == 1
    assert (
        example["rate_out"][go, 75:].max(axis=1).mean()
        > 0.9
        > 0.3
        > example["rate_out"][~go, 75:].max(axis=1).mean()
    )
    # row 0 of the populations is the first label, Go: its rates follow the readout of the rate
    # network
    weights = trained.model.weights
    readout = (
        np.einsum("i,lit->lt", weights.w_out, example["rate_population"])[:, 1:] + weights.b_out
    )
    by_label = [example["rate_out"][example["label"] == x].mean(axis=0) for x in (1, 0)]
    np.testing.assert_allclose(readout, by_label, atol=1e-3)


def test_the_single_trials_agree_with_themselves(trained, example):
    w_out = trained.model.weights.w_out.astype(float) / 40
    for i in range(2):
        np.testing.assert_allclose(
            w_out @ example["single_spiking_rates"][i], example["single_out"][i], atol=1e-5
        )
        of_trial = example["spike_trial"] == i
        # mean rates leave out the first nine steps
        counted = of_trial & (example["spike_time_s"] > 9.5 * 5e-5)
        counts = np.bincount(example["spike_unit"][counted], minlength=80)
        np.testing.assert_allclose(counts / 1.0, example["single_mean_rates_hz"][i], rtol=1e-9)
    assert 0 < example["spike_time_s"].min() <= 5e-5 * 1.01
    assert example["spike_time_s"].max() <= 1.0
    assert example["single_stimulus"][0, 0, 60] == 1
    assert not example["single_stimulus"][1].any()


def test_the_noise_of_each_single_trial_is_its_own(trained, monkeypatch):
    """That of its number: two trials with the same noise look more alike than they are."""
    numbers, record = [], spiking_cpu.record_trial

    def listening(*args, **options):
        numbers.append(options["trial"])
        return record(*args, **options)

    monkeypatch.setattr(spiking_cpu, "record_trial", listening)
    of_figure = GO_NOGO._replace(purpose="figure", device="cpu", downsample=10)
    trials, _ = recordings._balanced(of_figure, "net", "label")
    recordings._single_trials(of_figure, trained.model, "net", 40.0, trials, np.zeros((100, 1, 1)))
    assert numbers == [0, 1]


def test_a_chosen_factor_that_is_drawn_anyway_is_drawn_once(trained):
    example = recordings.example_recordings(
        GO_NOGO._replace(downsample=2), trained.model, "net", 10.0
    )
    assert example["scaling_factors"].tolist() == [1, 10]
    assert example["spiking_out"].shape == (2, 100, 200)  # every 5 ms whatever the step


INTEGRATION = Simulation(BUILT_IN["integration"], study_seed=4, purpose="figure")


def test_trials_are_balanced_by_label_or_by_kind():
    by_label, numbers = recordings._balanced(INTEGRATION, "net", "label")
    assert [int((by_label.label == x).sum()) for x in (1, -1)] == [50, 50]
    by_kind, _ = recordings._balanced(INTEGRATION, "net", "kind")
    kinds, counts = np.unique(by_kind.kind, return_counts=True)
    assert len(kinds) == 8
    assert set(counts) == {50}
    assert [int((by_kind.label == x).sum()) for x in (1, -1)] == [200, 200]
    # each trial is that of its number
    again = draw_trials(INTEGRATION.task, 4, "figure", ("net", 0), numbers)
    assert all(np.array_equal(a, b) for a, b in zip(again, by_label, strict=True))


def test_trials_that_cannot_be_balanced_are_refused():
    with pytest.raises(ValueError, match=r"^per: expected label or kind, got .trial."):
        recordings._balanced(INTEGRATION, "net", "trial")
    task = replace(INTEGRATION.task, labels={**INTEGRATION.task.labels, 0: "none"})
    with pytest.raises(
        ValueError, match=r"task integration: none \(label 0\) never came in 800 trials"
    ):
        recordings._balanced(INTEGRATION._replace(task=task), "net", "label")


def test_som_units_are_those_that_receive_no_inhibition():
    model = initial_model(RateConfig(n_units=60, n_som=3), 1, np.random.default_rng(1))
    assert (
        recordings._som(model).tolist()
        == np.isin(np.arange(60), np.flatnonzero(model.inhibitory)[:3]).tolist()
    )
    assert not recordings._som(
        initial_model(RateConfig(n_units=60), 1, np.random.default_rng(1))
    ).any()
    assert not recordings._som(
        initial_model(RateConfig(n_units=60, dale=False), 1, np.random.default_rng(1))
    ).any()


# Mixed selectivity --------------------------------------------------------------------------------


def every_trial(labels, response):
    return np.ones(len(labels), bool)


# 0.3 s, stimulus from 50 to 250 ms: four bins; whatever an untrained network answers is right
SHORT = replace(
    BUILT_IN["integration"],
    n_steps=60,
    stimulus_windows_ms=((50, 250),),
    spiking_window_onset_ms=260,
    correct_strict=every_trial,
)
SELECTIVITY = Simulation(SHORT, study_seed=4)


def untrained(**settings):
    return initial_model(RateConfig(n_units=20, p_inh=0.3, **settings), 4, np.random.default_rng(3))


@pytest.fixture(scope="module")
def selectivity():
    return graded.selectivity_recordings(SELECTIVITY, untrained(), "net", 20.0)


def test_the_selectivity_recordings_hold_all_the_figure_needs(selectivity):
    assert {k: v.shape for k, v in selectivity.items()} == {
        "offsets": (10,),
        "n_trials": (),
        "n_correct": (),
        "inhibitory": (20,),
        "t_values": (4, 20),
        "trace_unit": (2,),
        "time_s": (4,),
        "axes": (20, 4),
        "strongest_s": (4,),
        "variance_fraction": (12,),
        "paths": (2, 2, 10, 2, 2, 4),
        "path_trials": (2, 2, 10, 2),
        "trace_name": (6,),
        "trace_mv": (2, 6, 300),
        "trace_time_s": (300,),
    }
    np.testing.assert_allclose(selectivity["time_s"], [0.075, 0.125, 0.175, 0.225])
    np.testing.assert_allclose(selectivity["axes"].T @ selectivity["axes"], np.eye(4), atol=1e-12)
    assert selectivity["inhibitory"][selectivity["trace_unit"]].tolist() == [False, True]
    assert (selectivity["n_trials"], selectivity["n_correct"]) == (800, 800)
    assert np.isin(selectivity["strongest_s"], selectivity["time_s"]).all()


def test_paths_are_of_the_trials_they_are_named_after(selectivity):
    counts, positive = selectivity["path_trials"], selectivity["offsets"] > 0
    for context, modality in np.ndindex(2, 2):
        if (
            context == modality
        ):  # cued: the choice is the sign of the offset, whatever the ten of the other modality
            assert np.array_equal(
                counts[context, modality], 40 * np.column_stack([positive, ~positive])
            )
        else:
            assert (counts[context, modality] == 20).all()
    assert np.array_equal(np.isnan(selectivity["paths"]).all(axis=(4, 5)), counts == 0)
    assert np.array_equal(np.isnan(selectivity["paths"]).any(axis=(4, 5)), counts == 0)


def test_a_stronger_input_lies_further_along_the_axis_of_its_modality(selectivity):
    # an untrained network answers nothing, but its inputs are in its rates
    for modality in (0, 1):
        along = np.nanmean(selectivity["paths"][:, modality, :, :, 1], axis=(0, 2, 3))
        assert np.corrcoef(along, selectivity["offsets"])[0, 1] > 0.95


def test_paths_lie_along_the_axes_of_choice_and_of_their_own_modality():
    """Three units follow each variable alone, and every trial is right: a path is at its choice
    and, along its modality, at its offset."""
    design, profile = graded._every_pair(), np.array([0.2, 1.0, 0.5])
    variables = design.variables
    responses = np.repeat(variables, 3, axis=1)[:, :, None] * profile
    paths = graded._state_space(responses, design, SHORT)["paths"]
    # three z-scored units; the variables have a mean of 0
    of_one = np.sqrt(3 / (np.mean(variables**2, axis=0) * np.mean(profile**2)))
    for context, modality, k, c in np.ndindex(paths.shape[:4]):
        choice, offset = (1, -1)[c], graded.OFFSETS[k]
        found = paths[context, modality, k, c]
        if context == modality and np.sign(offset) != choice:  # never the answer
            assert np.isnan(found).all()
            continue
        wanted = [of_one[0] * choice * profile, of_one[1 + modality] * offset / 0.5 * profile]
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)


def test_responses_do_not_depend_on_how_many_trials_run_at_once(monkeypatch):
    offsets = np.array([[0.5, -0.1]] * 9)
    design = graded._Design(offsets, np.array([1, 2, 1] * 3))
    simulation = SELECTIVITY._replace(purpose="selectivity")
    whole, correct = graded._responses(simulation, untrained(), "net", 20.0, design)
    assert whole.shape == (9, 20, 4)
    assert correct.shape == (9,)
    monkeypatch.setattr(graded, "TRIALS_AT_ONCE", 4)
    assert np.array_equal(graded._responses(simulation, untrained(), "net", 20.0, design)[0], whole)
    assert not np.array_equal(whole[0], whole[3])  # the same condition, other noise
    other = graded._responses(simulation._replace(study_seed=5), untrained(), "net", 20.0, design)[
        0
    ]
    assert not np.array_equal(other, whole)


def test_the_design_knows_answer_and_variables():
    design = graded._Design(np.array([[0.5, -0.1], [0.5, -0.1], [-0.2, 0.3]]), np.array([1, 2, 2]))
    assert design.answer.tolist() == [1, -1, 1]
    np.testing.assert_allclose(
        design.variables, [[1, 1, -0.2, 1], [-1, 1, -0.2, -1], [1, -0.4, 0.6, -1]]
    )


def test_the_stimulus_is_that_of_the_task():
    task = BUILT_IN["integration"]
    drawn = np.stack(
        [graded._stimulus(task, np.random.default_rng(i), (0.3, -0.2), 2) for i in range(50)]
    )
    assert not drawn[:, :2, :50].any()
    assert not drawn[:, :2, 250:].any()
    on = drawn[:, :2, 50:250]
    np.testing.assert_allclose(on.mean(axis=(0, 2)), [0.3, -0.2], atol=0.04)  # four standard errors
    np.testing.assert_allclose(on.std(axis=(0, 2)), 1, atol=0.03)
    assert not drawn[:, 2].any()
    assert (drawn[:, 3] == 1).all()
    assert drawn.dtype == np.float32


def test_the_conditions_of_a_pair_differ_in_one_thing():
    conditions = np.array(list(graded.TRACES.values()))
    for k, name in enumerate(("modality 1", "modality 2", "context")):
        pair = conditions[2 * k : 2 * k + 2]
        assert np.flatnonzero(pair[0] != pair[1]).tolist() == [k]
        assert all(key.startswith(name) for key in list(graded.TRACES)[2 * k : 2 * k + 2])
    assert (
        conditions[np.arange(6), conditions[:, 2].astype(int) - 1] > 0
    ).all()  # the answer is + in all
    # and each is what its name says: the sign of the offset, or the context
    minus = "\N{MINUS SIGN}"
    for name, (offset_1, offset_2, context) in graded.TRACES.items():
        what, word = name.rsplit(" ", 1)
        values = {"modality 1": offset_1, "modality 2": offset_2, "context": context}
        assert values[what] == {"+": 0.5, minus: -0.5, "1": 1, "2": 2}[word], name


def test_no_spike_of_a_voltage_trace_is_lost(selectivity, monkeypatch):
    units, kept, record = selectivity["trace_unit"], [], spiking_cpu.record_trial

    def listening(*args, **options):
        kept.append(record(*args, **options))
        return kept[-1]

    monkeypatch.setattr(spiking_cpu, "record_trial", listening)
    again = graded._voltages(SELECTIVITY, untrained(), "net", 20.0, units)
    assert np.array_equal(again["trace_mv"], selectivity["trace_mv"])
    for k, recording in enumerate(kept):
        n_spikes = recording.spikes[units, : 20 * 300].sum(axis=1)
        # refractory for longer than a sample
        assert np.array_equal((again["trace_mv"][:, k] == 30).sum(axis=1), n_spikes)
        assert np.array_equal(recording.v[:, 0], kept[k - k % 2].v[:, 0])  # a pair starts alike
    assert sum(recording.spikes[units].sum() for recording in kept) > 6
    np.testing.assert_allclose(again["trace_time_s"], 0.001 * np.arange(1, 301))


def test_without_correct_trials_only_the_numbers_are_recorded():
    task = replace(SHORT, correct_strict=lambda labels, response: labels == 2)
    found = graded.selectivity_recordings(SELECTIVITY._replace(task=task), untrained(), "net", 20.0)
    assert sorted(found) == ["n_correct", "n_trials", "offsets"]
    assert (found["n_trials"], found["n_correct"]) == (800, 0)


def test_a_path_needs_five_correct_trials(run_script, tmp_path):
    def some(labels, response):  # every answer +, one − in six
        return (labels == 1) | (np.arange(len(labels)) % 6 == 0)

    found = graded.selectivity_recordings(
        SELECTIVITY._replace(task=replace(SHORT, correct_strict=some)), untrained(), "net", 20.0
    )
    few = found["path_trials"] < 5
    assert (found["path_trials"][few] > 0).any()
    assert np.array_equal(np.isnan(found["paths"]).any(axis=(4, 5)), few)
    table, _ = draw_figure(run_script, tmp_path, found)
    assert (
        table[table.panel.str.startswith("context ")].groupby(["panel", "series"]).ngroups
        == (~few).sum()
    )


def test_without_inhibitory_units_one_unit_is_drawn():
    found = graded.selectivity_recordings(SELECTIVITY, untrained(dale=False), "net", 20.0)
    assert found["trace_unit"].shape == (1,)
    assert found["trace_mv"].shape == (1, 6, 300)


@pytest.mark.parametrize(
    "change", [{"n_inputs": 3}, {"labels": {1: "Go", 0: "NoGo"}}, {"stimulus_windows_ms": ()}]
)
def test_a_task_of_another_form_is_refused(change):
    simulation = SELECTIVITY._replace(task=replace(SHORT, **change))
    with pytest.raises(
        ValueError,
        match=r"^task integration: expected the form of the integration task: 4 inputs .*; got ",
    ):
        graded.selectivity_recordings(simulation, untrained(), "net", 20.0)


def test_a_simulation_that_diverges_is_an_error():
    model = untrained()
    bad = replace(model, weights=model.weights._replace(w_out=np.full(20, 3e38, np.float32)))
    with pytest.raises(
        FloatingPointError, match="net at scaling factor 20: the simulation diverged"
    ):
        graded.selectivity_recordings(SELECTIVITY, bad, "net", 20.0)


# The scripts --------------------------------------------------------------------------------------

WORKFLOW = Path(__file__).parents[2] / "workflow"


@pytest.fixture
def run_script(monkeypatch, tmp_path):
    """Run a script of the workflow with these inputs, outputs and params, its log left out."""
    monkeypatch.syspath_prepend(str(WORKFLOW / "scripts"))
    monkeypatch.delitem(sys.modules, "job", raising=False)
    import job

    monkeypatch.setattr(job, "start", lambda snakemake: SimpleNamespace(info=print, warning=print))

    def run(script: str, **snakemake):
        runpy.run_path(
            str(WORKFLOW / "scripts" / f"{script}.py"),
            init_globals={"snakemake": SimpleNamespace(**snakemake)},
        )

    yield run
    del sys.modules["job"]


@pytest.fixture
def condition(trained, tmp_path):
    """A condition of three networks, the second and third equally accurate, as the scripts see
    it."""

    def make(converged=(True, True, True)) -> dict:
        models, names = tmp_path / "models", ["seed_0", "seed_1", "seed_2"]
        models.mkdir()
        for name, scale in zip(names, (0, 1, 2), strict=True):
            weights = trained.model.weights._replace(b_out=np.float32(scale))
            matfile.save(
                models / f"{name}.mat", replace(trained.model, weights=weights), trained.record, {}
            )
        pd.DataFrame({"network": names, "converged": converged}).to_csv(
            tmp_path / "networks.csv", index=False
        )
        correct = {"network": np.repeat(names, 2), "correct": [True, False, True, True, True, True]}
        pd.DataFrame(correct).to_parquet(tmp_path / "held_out.parquet")
        choice = pd.DataFrame({"network": names, "scaling_factor": [20.0, 30.0, 40.0]})
        choice.to_csv(tmp_path / "choice.csv", index=False)
        files = {
            "models": [models],
            "networks": [tmp_path / "networks.csv"],
            "held_out": [tmp_path / "held_out.parquet"],
        }
        settings = {
            "study_seed": 4,
            "user_tasks": {},
            "neuron": asdict(NeuronConfig()),
            "downsample": 1,
            "device": "cpu",
        }
        return {
            "input": SimpleNamespace(**files, choices=[tmp_path / "choice.csv"]),
            "output": [str(tmp_path / "recorded.npz")],
            "params": Params(fromdict=settings | {"given": False, "per": "label", "code": "0123"}),
            "wildcards": Wildcards(
                fromdict={"task": "go-nogo", "condition": "n80", "neuron": "lif"}
            ),
            "threads": 1,
            "rule": "example",
        }

    return make


def test_the_example_is_the_most_accurate_network_the_first_of_equals(
    run_script, condition, trained
):
    snakemake = condition()
    run_script("example", **snakemake)
    recorded = dict(np.load(snakemake["output"][0]))
    assert (str(recorded["network"]), float(recorded["held_out_accuracy"])) == ("seed_1", 1.0)
    assert (int(recorded["n_networks"]), int(recorded["n_attempted"]), bool(recorded["given"])) == (
        3,
        3,
        False,
    )
    assert recorded["scaling_factors"].tolist() == [1, 10, 30]
    # b_out of seed_1
    readout = (
        np.einsum("i,lit->lt", trained.model.weights.w_out, recorded["rate_population"])[:, 1:] + 1
    )
    by_label = [recorded["rate_out"][recorded["label"] == x].mean(axis=0) for x in (1, 0)]
    np.testing.assert_allclose(readout, by_label, atol=1e-3)


@pytest.mark.parametrize("script", ["example", "selectivity"])
def test_where_no_network_reached_criterion_the_recording_says_so(script, run_script, condition):
    snakemake = condition(converged=(False, False, False))
    run_script(script, **snakemake)
    recorded = np.load(snakemake["output"][0])
    assert (int(recorded["n_networks"]), int(recorded["n_attempted"])) == (0, 3)
    assert "network" not in recorded


@pytest.mark.parametrize("neuron", ["lif", "qif"])
def test_the_example_is_exported_for_other_tools(run_script, condition, tmp_path, neuron):
    nir, pynwb = export_package_or_skip("nir"), export_package_or_skip("pynwb")
    snakemake, example = condition(), example_of("go-nogo", n_units=80)
    np.savez(tmp_path / "example.npz", **example)
    snakemake["input"].example = tmp_path / "example.npz"
    snakemake["output"] = [str(tmp_path / "exports")]
    settings = dict(snakemake["params"].items()) | {
        "trials": 2,
        "neuron": asdict(NeuronConfig(model=neuron)),
    }
    run_script(
        "write_exports", **snakemake | {"params": Params(fromdict=settings), "rule": "exchange"}
    )
    written = {file.name for file in (tmp_path / "exports").iterdir()}
    of_nir = {"network.nir", "network_accuracy.csv"} if neuron == "lif" else set()
    of_brian2 = {"brian2_network.py", "brian2_network.npz"}
    assert written == {"spikes.nwb", "statistics.parquet", "provenance.json"} | of_brian2 | of_nir
    arrays = np.load(tmp_path / "exports" / "brian2_network.npz")
    assert arrays["kind"].tolist() == example["single_kind"].tolist()
    np.testing.assert_array_equal(arrays["inputs"][:, :, :-1], example["single_stimulus"])
    # trials of several kinds
    assert "fano" not in set(pd.read_parquet(tmp_path / "exports" / "statistics.parquet").statistic)
    with pynwb.NWBHDF5IO(str(tmp_path / "exports" / "spikes.nwb"), "r") as io:
        file = io.read()
        assert file.trials["kind"][:].tolist() == example["single_kind"].tolist()
        assert json.loads(file.notes)["rule"] == "exchange"
        assert file.units.resolution == 5e-5
        first, times = file.trials["start_time"][0], file.units["spike_times"][:]
        of_unit = example["spike_time_s"][
            (example["spike_unit"] == 3) & (example["spike_trial"] == 0)
        ]
        np.testing.assert_allclose([t for t in times[3] if t <= first + 1], np.sort(of_unit))
    if of_nir:
        graph = nir.read(tmp_path / "exports" / "network.nir")
        accuracy = pd.read_csv(tmp_path / "exports" / "network_accuracy.csv")
        assert json.loads(graph.metadata["rate2spike"])["scaling_factor"] == 30  # of seed_1
        assert accuracy.n_trials.tolist() == [2, 2, 2]


def test_what_is_exported_is_said_and_drawn_as_in_the_study(
    run_script, condition, tmp_path, monkeypatch
):
    """Steps of 0.1 ms: the voltages of fresh trials, the accuracies of as many trials as the study
    has, statistics in bins of 20 ms from 100 ms on, units by their kind."""
    pynwb = export_package_or_skip("pynwb")
    asked = {}

    def accuracies(simulation, model, network, factor, n_trials):
        asked.update(simulation=simulation, place=(network, factor, n_trials))
        asked.update(b_out=float(model.weights.b_out))
        return pd.DataFrame({"accuracy": [1.0]})

    monkeypatch.setattr("rate2spike.export.nir_file.accuracies", accuracies)
    snakemake, example = condition(), example_of("go-nogo", n_units=80)
    np.savez(tmp_path / "example.npz", **example)
    snakemake["input"].example = tmp_path / "example.npz"
    folder = tmp_path / "exports"
    settings = dict(snakemake["params"].items()) | {"trials": 37, "downsample": 2}
    snakemake |= {"output": [str(folder)], "params": Params(fromdict=settings), "rule": "exchange"}
    run_script("write_exports", **snakemake)

    name = "go-nogo/n80/seed_1"
    simulation = asked["simulation"]
    assert (asked["place"], asked["b_out"]) == ((name, 30.0, 37), 1.0)
    assert (simulation.task.name, simulation.study_seed) == ("go-nogo", 4)
    assert (simulation.purpose, simulation.downsample) == ("held out", 2)

    arrays = np.load(folder / "brian2_network.npz")
    model = matfile.load(tmp_path / "models" / "seed_1.mat")
    network = conversion.to_spiking(model, 30.0)
    stream = conversion.stream_of(simulation, name, 30.0)
    for trial in range(2):
        there = spiking.as_network(network, downsample=2, stream=stream, trial=trial)
        np.testing.assert_array_equal(arrays["initial_v_mv"][trial], there.initial["v"])
    script = (folder / "brian2_network.py").read_text("utf-8")
    assert "\ndefaultclock.dt = 0.1 * ms\n" in script
    assert f"\n{name} at 1/lambda = 30: one trial of each kind\n" in script

    recording = export.single_trials(example, step_s=1e-4)
    wanted = export.spike_statistics(recording, bin_ms=20, from_ms=100)
    wanted = wanted[wanted.statistic != "fano"].reset_index(drop=True)
    found = pd.read_parquet(folder / "statistics.parquet").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, wanted)
    with pynwb.NWBHDF5IO(str(folder / "spikes.nwb"), "r") as io:
        file = io.read()
        assert file.identifier == "go-nogo/n80/seed_1/lif/30"
        assert (folder / "provenance.json").read_text("utf-8") == file.notes + "\n"
        assert file.session_description.startswith(f"{name} at 1/lambda = 30: ")
        assert file.trials["label"][:].tolist() == example["single_label"].tolist()
        kinds = np.where(example["inhibitory"], "inhibitory", "excitatory")
        assert file.units["cell_type"][:].tolist() == kinds.tolist()
        assert file.units.resolution == 1e-4
        samples = file.acquisition["out"]
        np.testing.assert_array_equal(np.ravel(samples.data[:]), example["single_out"].ravel())
        assert samples.timestamps[:2] == pytest.approx([0.005, 0.01])


def test_nothing_is_exported_where_no_network_reached_criterion(run_script, condition, tmp_path):
    snakemake = condition(converged=(False, False, False)) | {"output": [str(tmp_path / "exports")]}
    run_script("write_exports", **snakemake)
    assert not list((tmp_path / "exports").iterdir())


def test_selectivity_is_for_integration_tasks(run_script, condition):
    with pytest.raises(ValueError, match="task go-nogo: expected the form of the integration task"):
        run_script("selectivity", **condition())


def draw_figure(
    run_script, folder: Path, recorded: dict, n_networks: int = 2
) -> tuple[pd.DataFrame, str]:
    """The CSV and the caption of Fig. S5."""
    example = {
        "n_networks": n_networks,
        "n_attempted": 4,
        "given": False,
        "condition": "task, n20",
        "held_out_accuracy": 0.97,
    }
    example |= {"network": "7", "label": np.array([1, -1]), "inhibitory": untrained().inhibitory}
    example |= {
        "tau_decay_ms": untrained().tau_decay_ms(),
        "scaling_factors": np.array([1.0, 10.0, 35.0]),
    }
    np.savez(folder / "example.npz", **example)
    np.savez(folder / "selectivity.npz", **recorded)
    output = SimpleNamespace(
        **{e: str(folder / f"s5.{e}") for e in ("pdf", "png", "csv")},
        caption=str(folder / "s5.rst"),
    )
    inputs = {"example": folder / "example.npz", "selectivity": folder / "selectivity.npz"}
    inputs["caption"] = WORKFLOW / "report" / "figure_s5.rst"
    run_script(
        "figure_s5",
        input=SimpleNamespace(**inputs),
        output=output,
        params=SimpleNamespace(task="integration"),
    )
    assert Path(output.png).read_bytes()[:4] == b"\x89PNG"
    return pd.read_csv(output.csv), Path(output.caption).read_text("utf-8")


def test_fig_s5_draws_what_was_recorded(run_script, tmp_path, selectivity):
    table, caption = draw_figure(run_script, tmp_path, selectivity)
    exc, inh = selectivity["trace_unit"]
    assert f"excitatory unit {exc} and inhibitory unit {inh}" in caption
    assert "20 to 40 trials" in " ".join(caption.split())
    assert "{" not in caption
    trace = table[table.panel == f"inhibitory unit {inh}: context 2"]
    np.testing.assert_allclose(trace.y, selectivity["trace_mv"][1, 5], rtol=1e-6)
    path = table[
        (table.panel == "context 2, modality 1") & (table.series == "modality 1 −0.1, choice −")
    ]
    np.testing.assert_allclose(
        path[["x", "y"]].to_numpy().T, selectivity["paths"][1, 0, 4, 1], rtol=1e-6
    )
    drawn = table[table.panel.str.startswith("context ")].groupby(["panel", "series"]).ngroups
    assert drawn == 2 * 10 + 2 * 20  # a cued offset has one choice


def test_fig_s5_says_what_it_cannot_draw(run_script, tmp_path):
    counts = {"offsets": graded.OFFSETS, "n_trials": 800, "n_correct": 3}
    table, caption = draw_figure(run_script, tmp_path, counts)
    assert table.empty
    assert "3 of 800 correct" in caption.replace("\n", " ")
    assert "{" not in caption
    _, caption = draw_figure(run_script, tmp_path, {"n_networks": 0}, n_networks=0)
    assert caption.startswith("No network reached criterion")
