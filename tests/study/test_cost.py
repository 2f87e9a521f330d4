"""The cost rule: disk as files really are, trials by the decays, sums in words."""

import re
import zlib
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from studies import study_of

from rate2spike import matfile
from rate2spike.config import NeuronConfig, RateConfig, TrainingConfig
from rate2spike.rate import block_file
from rate2spike.study import cost, resources
from rate2spike.study.layout import Layout
from rate2spike.tasks import BUILT_IN


@pytest.mark.parametrize("keep_traces", [False, True])
def test_disk_is_that_of_the_files(trained, tmp_path, keep_traces):
    model, record = trained
    block_file.save_block(
        tmp_path / "block.npz", ["net"], [(model, record)], keep_traces=keep_traces
    )
    kept = block_file.load_block(tmp_path / "block.npz")["net"][1]
    matfile.save(tmp_path / "net.mat", model, kept, {})
    matfile.save_converted(
        tmp_path / "converted.mat",
        tmp_path / "net.mat",
        opt_scaling_factor=20,
        all_perfs=[1.0],
        scaling_factors=[20.0],
        held_out=1,
    )
    written = sum(file.stat().st_size for file in tmp_path.iterdir())
    expected = resources.bytes_per_network(model.config, BUILT_IN["go-nogo"].n_steps, keep_traces)
    assert 0.5 < expected / written < 2


def test_trials_are_typical_of_the_decays():
    def typical(task, *tau_ms, max_trials=6000):
        return resources.typical_trials(
            task, RateConfig(tau_decay_ms=tau_ms), TrainingConfig(max_trials=max_trials)
        )

    assert (
        typical("integration", 20.0, 50.0)
        > typical("integration", 20.0, 100.0)
        > typical("integration", 20.0, 1000.0)
    )
    assert typical("xor", 20.0, 50.0) == 6000
    # measured, by the upper limit of the decays: up to 50 ms, up to 100 or 300 ms, beyond
    assert [typical("go-nogo", 20.0, tau) for tau in (50.0, 51.0, 300.0, 301.0)] == [
        *(900, 550),
        *(550, 1300),
    ]
    assert [typical("integration", 20.0, tau) for tau in (50.0, 51.0, 100.0, 101.0)] == [
        *(4400, 1800),
        *(1800, 800),
    ]
    assert typical("integration", 35.0) == 4400  # of one decay that one
    assert typical("integration", 20.0, 50.0, max_trials=7) == 7


def test_hours_follow_from_the_calibration(monkeypatch):
    monkeypatch.setattr(cost, "seconds_per_training_trial", lambda *_, **__: 0.002)
    monkeypatch.setattr(cost, "seconds_per_spiking_trial", lambda *_, **__: 0.01)
    row = {
        "name": "a",
        "network": {"n_units": 250},
        "training": {},
        "neuron": {},
        "n_networks": 10,
        "n_factors": 12,
    }
    row |= {"trials": 100, "held_out_trials": 50, "downsample": 1, "recording_s": 360}
    row["refines"] = False
    shared = cost.of_condition(
        row | {"training": None},
        BUILT_IN["go-nogo"],
        device="cpu",
        keep_traces=False,
        timed={},
    )
    assert shared["networks"] == 0
    assert shared["training_core_hours"] == 0
    assert shared["spiking_trials"] == 12_500
    own = cost.of_condition(
        row | {"training": {"max_trials": 600}},
        BUILT_IN["go-nogo"],
        device="cpu",
        keep_traces=False,
        timed={},
    )
    assert own["training_trials"] == 6000
    assert own["training_core_hours"] == pytest.approx(12 / 3600)
    assert own["simulation_core_hours"] == pytest.approx(125 / 3600)
    monkeypatch.setattr(cost, "JOB_S", 2)
    text = cost.in_words(pd.DataFrame([own, shared]), 1800)
    computing = f"{(12 + 2 * 125) / 3600:.2g} core-hours of training and simulation"
    # an hour of jobs, two recordings of 0.1 hours
    assert f"{computing} on this machine, 1.2 core-hours of everything else" in text
    assert "1800 jobs; 10 rate networks, 6,000 training trials, 25,000 spiking trials" in text
    assert re.search(r"^ +a +10 +6,000 +12,500 +<0\.01 +0\.035 ", text, re.MULTILINE)
    assert " MB on disk" in text


def test_the_cost_of_a_study_has_the_trials_of_its_refinement(monkeypatch):
    monkeypatch.setattr(cost, "seconds_per_training_trial", lambda *_, **__: 0.002)
    monkeypatch.setattr(cost, "seconds_per_spiking_trial", lambda *_, **__: 0.01)
    trials = {}
    for steps in ((), ("output",), ("output", "gains")):
        study = study_of("config/config.yaml")
        search = replace(study.names["go-nogo"].search, refine=steps)
        condition = replace(study.names["go-nogo"], search=search)
        layout = Layout(replace(study, conditions=(condition,)), lambda c: 3, lambda c: 12)
        (row,) = resources.workload(layout)
        costs = cost.of_condition(
            row, BUILT_IN["go-nogo"], device="cpu", keep_traces=False, timed={}
        )
        trials[steps] = costs["spiking_trials"]
    of_search, of_step = 3 * 12 * 100, 3 * 100
    assert list(trials.values()) == [
        of_search + of_step,
        of_search + 2 * of_step,
        2 * of_search + 3 * of_step,
    ]


ROW = {"name": "a", "network": {"n_units": 250}, "training": {"max_trials": 600}, "neuron": {}}
ROW |= {"n_networks": 10, "n_factors": 12, "trials": 100, "held_out_trials": 50}
ROW |= {"downsample": 1, "refines": False, "recording_s": 0}


@pytest.fixture
def reckoned(monkeypatch):
    """What a condition costs where a training trial takes 2 ms and a spiking one 10 ms."""
    monkeypatch.setattr(cost, "seconds_per_training_trial", lambda *_, **__: 0.002)
    monkeypatch.setattr(cost, "seconds_per_spiking_trial", lambda *_, **__: 0.01)

    def of(keep_traces=False, **changes):
        settings = {"device": "cpu", "keep_traces": keep_traces, "timed": {}}
        return cost.of_condition(ROW | changes, BUILT_IN["go-nogo"], **settings)

    return of


def test_disk_is_that_of_networks_and_of_each_trial_twice(reckoned):
    """In the shard and in the table of all trials; a refined network has a model more, a third of
    its files."""
    of_trials = 2 * 12_500 * 40 / 1e6
    config = RateConfig(n_units=250)
    of_networks = 10 * resources.bytes_per_network(config, 200, False) / 1e6
    assert reckoned()["megabytes"] == pytest.approx(of_networks + of_trials)
    assert reckoned(training=None)["megabytes"] == pytest.approx(of_trials)
    assert reckoned(refines=True)["megabytes"] == pytest.approx(of_networks * 4 / 3 + of_trials)
    with_traces = 10 * resources.bytes_per_network(config, 200, True) / 1e6
    assert reckoned(keep_traces=True)["megabytes"] == pytest.approx(with_traces + of_trials)


def test_what_is_kept_of_a_network_that_grows_is_all_its_connections():
    """Three files of 32 bits a weight: initial ones as far as they are there, trained ones all."""
    sizes = []
    for connections in ("prune", "keep", "grow"):
        config = RateConfig(n_units=1000, p_rec=0.1, connections=connections)
        sizes.append(resources.bytes_per_network(config, 200, False))
    assert sizes[0] == sizes[1]
    assert sizes[2] - sizes[0] == pytest.approx(3 * 4 * 1000**2 * 0.9)


def test_the_sum_is_said_for_the_cores_that_there_are(reckoned, monkeypatch):
    costs = pd.DataFrame([reckoned(n_networks=1000, recording_s=36000)])
    hours = 1000 * (600 * 0.002 + 1250 * 0.01) / 3600
    monkeypatch.setattr(cost, "JOB_S", 36)
    text = cost.in_words(costs, 400)  # four hours of jobs, ten of recordings
    assert f"{cost.readable(hours)} core-hours of training and simulation" in text
    assert "14 core-hours of everything else" in text
    assert f"about {round(60 * (hours + 14) / 8)} minutes on 8 such cores" in text
    for megabytes, disk in ((4.2, "4.2 MB"), (999.0, "1,000 MB"), (1000.0, "1.0 GB")):
        assert f"\n{disk} on disk" in cost.in_words(costs.assign(megabytes=megabytes), 400)
    monkeypatch.setattr(cost, "device_of", lambda device: device)
    text = cost.in_words(costs, 400, "cuda")  # the GPU works alone, the cores share the rest
    assert f"{cost.readable(hours)} GPU-hours of training and simulation" in text
    assert f"about {round(60 * (hours + 14 / 8))} minutes on this GPU and 8 such cores" in text
    few = cost.in_words(pd.DataFrame([reckoned(n_networks=1, trials=1, held_out_trials=1)]), 1)
    assert "about 1 minute on 8 such cores" in few


def test_a_measurement_is_the_time_of_one_trial(monkeypatch):
    """Training with its share of the evaluations, 20 trials of each measured; 4 spiking ones."""
    seconds = iter([40.0, 10.0, 12.0])
    monkeypatch.setattr(cost, "_seconds", lambda work: next(seconds))
    task, config = BUILT_IN["go-nogo"], RateConfig(n_units=5)
    training = TrainingConfig(evaluation_interval=100, evaluation_trials=50)
    found = cost.seconds_per_training_trial(task, config, training, device="cpu")
    assert found == pytest.approx((40 + 10 * 50 / 100) / 20)
    settings = {"downsample": 1, "device": "cpu"}
    found = cost.seconds_per_spiking_trial(task, config, NeuronConfig(), **settings)
    assert found == pytest.approx(12 / 4)


def test_what_else_runs_on_the_machine_counts_least(monkeypatch):
    """The shortest of three, after one that compiles."""
    clock = iter([0, 5, 10, 12, 20, 23])
    runs = []
    monkeypatch.setattr(cost.time, "perf_counter", lambda: next(clock))
    assert cost._seconds(lambda: runs.append(1)) == 2
    assert len(runs) == 4


def test_a_calibration_is_a_time():
    seconds = cost.seconds_per_training_trial(
        BUILT_IN["go-nogo"], RateConfig(n_units=20), TrainingConfig(), device="cpu"
    )
    assert seconds > 0
    assert np.isfinite(seconds)


def test_what_takes_the_same_time_is_timed_once(monkeypatch):
    timed, asked = {}, []
    monkeypatch.setattr(
        cost,
        "seconds_per_training_trial",
        lambda task, config, *_, **__: asked.append(config) or 0.002,
    )
    monkeypatch.setattr(
        cost,
        "seconds_per_spiking_trial",
        lambda task, config, neuron, **__: asked.append(neuron) or 0.01,
    )
    row = {
        "name": "a",
        "training": {"max_trials": 9},
        "n_networks": 1,
        "n_factors": 1,
        "trials": 1,
        "held_out_trials": 1,
        "downsample": 1,
        "refines": False,
        "recording_s": 0,
    }
    for network, neuron in (
        ({}, {}),
        ({"tau_decay_ms": [20, 500]}, {}),
        ({"gain": 3}, {}),
        ({"n_units": 50}, {}),
        ({}, {"model": "qif"}),
    ):
        costs = cost.of_condition(
            row | {"network": network, "neuron": neuron},
            BUILT_IN["go-nogo"],
            device="cpu",
            keep_traces=False,
            timed=timed,
        )
        assert costs["training_core_hours"] > 0
    assert [c.n_units for c in asked if isinstance(c, RateConfig)] == [200, 50]
    assert [n.model for n in asked if not isinstance(n, RateConfig)] == ["lif", "lif", "qif"]


# another value of every setting that may change how long a trial takes
OTHER = {
    "network": {
        "n_units": 50,
        "p_inh": 0.5,
        "p_rec": 0.8,
        "n_som": 3,
        "weight_distribution": "gamma",
        "dale": False,
        "activation": "softplus",
        "connections": "grow",
    },
    "training": {
        "learning_rate": 0.5,
        "decay_learning_rate": 0.25,
        "trials_per_update": 10,
        "max_trials": 9,
        "min_trials": 7,
        "evaluation_interval": 10,
        "evaluation_trials": 1,
        "loss": "l1",
        "loss_from": "response",
        "loss_threshold": 1,
        "accuracy_threshold": 0.5,
    },
    "neuron": {
        "model": "qif",
        "tau_mem_ms": 20,
        "t_refractory_ms": 0,
        "tau_rise_ms": 0,
        "v_threshold": -45,
        "v_reset": -70,
        "bias": -50,
    },
}


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_conditions_that_take_another_time_share_no_measurement(device, monkeypatch):
    """Reckoned one after the other they take what each takes alone, whatever they differ in."""

    def seconds(task, config, settings, *, downsample=1, device, n_networks):
        config = replace(config, tau_decay_ms=(20.0, 50.0), gain=1.5)  # these change no time
        asked = repr([task.name, config, settings, downsample, n_networks])
        return 1 + zlib.crc32(asked.encode()) / 2**32

    monkeypatch.setattr(cost, "seconds_per_training_trial", seconds)
    monkeypatch.setattr(cost, "seconds_per_spiking_trial", seconds)
    monkeypatch.setattr(cost, "device_of", lambda device: device)
    row = {"name": "a", "network": {}, "training": {"max_trials": 8}, "neuron": {}}
    row |= {"n_networks": 2, "n_factors": 3, "trials": 4, "held_out_trials": 5}
    row |= {"downsample": 1, "refines": True, "recording_s": 0}
    conditions = [("go-nogo", row), ("xor", row), ("go-nogo", row | {"downsample": 2})]
    conditions.append(("go-nogo", row | {"n_networks": 3}))  # at once on a GPU
    for section, cls in (
        ("network", RateConfig),
        ("training", TrainingConfig),
        ("neuron", NeuronConfig),
    ):
        assert {*OTHER[section], "tau_decay_ms", "gain"} >= {field.name for field in fields(cls)}
        for key, value in OTHER[section].items():
            conditions.append(("go-nogo", row | {section: row[section] | {key: value}}))
    shared = {}
    for task, own in conditions:
        settings = {"device": device, "keep_traces": False}
        beside_others = cost.of_condition(own, BUILT_IN[task], timed=shared, **settings)
        alone = cost.of_condition(own, BUILT_IN[task], timed={}, **settings)
        assert beside_others == alone, (task, own)


WORKFLOW = """
rule last:
    input: config["middle"]
    output: "last"
    shell: "touch last"
rule middle:
    input: "first"
    output: config["middle"]
    shell: "touch {output}"
rule first:
    output: "first"
    shell: "touch first"
"""


@pytest.mark.parametrize("there", [["first"], ["first", "between", "last"]])
def test_jobs_are_those_of_the_whole_study_whatever_is_there(tmp_path, monkeypatch, there):
    """Run in part, or to its end."""
    (tmp_path / "Snakefile").write_text(WORKFLOW, "utf-8")
    for file in there:
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    assert cost.jobs_of("Snakefile", {"middle": "between"}) == 3


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (0.0012, "<0.01"),
        (0.035, "0.035"),
        (9.96, "10.0"),
        (12.34, "12"),
        (179_600, "180,000"),
    ],
)
def test_numbers_are_said_as_people_write_them(number, said):
    assert cost.readable(number) == said
