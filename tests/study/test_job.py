"""What the scripts share: the log of a job, how a file was made, settings, the columns of a
network."""

import importlib
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from shared import PUBLISHED_MODEL, ROOT
from snakemake.iocontainers import Params, Wildcards

from rate2spike import devices, matfile
from rate2spike.config import NeuronConfig
from rate2spike.rate import train
from rate2spike.tasks import BUILT_IN


@pytest.fixture
def job(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "workflow" / "scripts"))
    return importlib.import_module("job")


@pytest.fixture
def logging_as_before(monkeypatch):
    """What a log takes over is given back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setenv("MPLBACKEND", "agg")
    yield
    logging.captureWarnings(False)
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_warnings_are_seen_in_the_terminal_and_all_in_the_log(
    job, logging_as_before, tmp_path, capsys
):
    file = tmp_path / "logs" / "a.log"
    log = job.start(SimpleNamespace(log=[str(file)]))
    log.info("a remark")
    log.warning("take care")
    log.error("it failed")
    told = capsys.readouterr().err
    assert "a remark" not in told
    assert "WARNING take care" in told
    assert "ERROR it failed" in told
    written = file.read_text("utf-8")
    assert [line.split(" ", 2)[2] for line in written.splitlines()] == [
        "INFO a remark",
        "WARNING take care",
        "ERROR it failed",
    ]
    try:
        raise ValueError("of a key: ü")
    except ValueError:
        sys.excepthook(*sys.exc_info())
    assert "ERROR ValueError: of a key: ü" in capsys.readouterr().err
    assert "Traceback (most recent call last)" in file.read_text("utf-8")


def asked(**params):
    """What Snakemake hands to a script."""
    own = {"study_seed": 4, "device": "cpu", "user_tasks": {}, "code": "0123", "downsample": 10}
    neuron = asdict(NeuronConfig(model="qif", bias=-1.5))
    wildcards = {"task": "xor", "condition": "n80", "neuron": "qif", "block": "seeds_0-1"}
    return SimpleNamespace(
        rule="simulate",
        params=Params(fromdict=own | {"neuron": neuron} | params),
        wildcards=Wildcards(fromdict=wildcards),
        threads=3,
    )


def test_a_record_has_what_was_asked_and_names_no_folder(job, tmp_path):
    own = tmp_path / "own.py"
    own.write_text("TASK = 1\n", "utf-8")
    record = job.provenance(
        asked(user_tasks={"own": str(own)}, files=[str(tmp_path / "a.mat")]), since=job.STARTED
    )
    facts = {"rule": "simulate", "task": "xor", "condition": "n80", "neuron": "qif"}
    facts |= {"block": "seeds_0-1", "threads": 3, "fingerprint": "0123", "study_seed": 4}
    facts |= {"device": "cpu"}
    assert {key: record[key] for key in facts} == facts
    settings = record["settings"]
    assert settings["downsample"] == 10
    assert settings["neuron"]["bias"] == -1.5
    assert settings["files"] == ["a.mat"]
    assert settings["user_tasks"]["own"]["file"] == "own.py"
    assert len(settings["user_tasks"]["own"]["sha256"]) == 64
    assert not {"code", "device", "study_seed"} & set(settings)
    assert str(tmp_path) not in str(record)


def test_a_record_says_how_long_this_file_took(job, monkeypatch):
    monkeypatch.setattr(job.time, "monotonic", lambda: job.STARTED + 100.0)
    assert job.provenance(asked())["seconds"] == pytest.approx(100)
    assert job.provenance(asked(), since=job.STARTED + 70)["seconds"] == pytest.approx(30)


def test_trials_of_a_job_are_simulated_as_its_condition_says(job):
    found = job.simulation(asked())
    assert found.task is BUILT_IN["xor"]
    assert (found.study_seed, found.downsample, found.device, found.threads) == (4, 10, "cpu", 3)
    assert found.neuron == NeuronConfig(model="qif", bias=-1.5)
    assert devices.device_of(found.device) == "cpu"


def test_settings_have_one_fingerprint_in_any_order(job):
    one = job.settings_fingerprint({"a": {"x": 1, "y": 2}, "b": [1, 2]})
    assert job.settings_fingerprint({"b": [1, 2], "a": {"y": 2, "x": 1}}) == one
    assert job.settings_fingerprint({"b": [2, 1], "a": {"y": 2, "x": 1}}) != one
    assert len(one) == 16


def test_the_columns_of_a_network_are_counted_in_its_file(job):
    keys = matfile.read(PUBLISHED_MODEL)
    model = matfile.load(PUBLISHED_MODEL)
    found = job.network_columns(model)
    low, high = np.ravel(keys["taus"])
    tau_ms = 5 * (low + (high - low) / (1 + np.exp(-np.ravel(keys["taus_gaus"]))))
    assert found == {
        "n_units": 200,
        "n_inhibitory": np.count_nonzero(keys["inh"]),
        "mean_tau_decay_ms": pytest.approx(tau_ms.mean(), rel=1e-5),
    }
    assert found["n_inhibitory"] != np.count_nonzero(keys["exc"])


def test_the_example_is_the_first_seed_of_the_most_accurate(job, tmp_path, monkeypatch):
    """In the order of the tables, where seed 2 comes before seed 10, with model and factor of its
    own block."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(matfile, "load", str)
    of_block = {"a": {0: 0.5, 2: 1.0, 3: 1.0}, "b": {10: 1.0, 11: 0.75}}
    for name, accuracies in of_block.items():
        seeds = [f"seed_{seed}" for seed in accuracies]
        networks = pd.DataFrame({"network": seeds, "converged": True})
        failed = pd.DataFrame({"network": [f"failed_{name}"], "converged": [False]})
        pd.concat([failed, networks]).to_csv(f"{name}_networks.csv", index=False)
        choice = {"network": seeds, "scaling_factor": [30.0 + seed for seed in accuracies]}
        pd.DataFrame(choice).to_csv(f"{name}_choice.csv", index=False)
        correct = []
        for accuracy in accuracies.values():
            correct += [trial < 4 * accuracy for trial in range(4)]
        trials = pd.DataFrame({"network": np.repeat(seeds, 4), "correct": correct})
        trials.to_parquet(f"{name}_trials.parquet")
    inputs = SimpleNamespace(
        models=["a", "b"],
        networks=["a_networks.csv", "b_networks.csv"],
        held_out=["a_trials.parquet", "b_trials.parquet"],
        choices=["a_choice.csv", "b_choice.csv"],
    )
    facts, model = job.best_network(inputs)
    assert facts == {
        "n_networks": 5,
        "n_attempted": 7,
        "network": "seed_2",
        "held_out_accuracy": 1.0,
        "scaling_factor": 32.0,
    }
    assert model == str(Path("a", "seed_2.mat"))


def test_a_network_that_is_in_no_block_is_an_error(job, tmp_path):
    (tmp_path / "networks.csv").write_text("network,converged\na,False\n", "utf-8")
    inputs = SimpleNamespace(models=[tmp_path], networks=[tmp_path / "networks.csv"])
    with pytest.raises(LookupError, match="a is in no block of"):
        job.model_of("a", inputs)


def test_a_rate_network_is_scored_on_as_many_fresh_trials_as_the_spiking_one(job, monkeypatch):
    """Of its own purpose and under its full name; else the two accuracies are of other trials."""
    found = {}

    def evaluate(model, weights, task, **how):
        found.update(how, task=task)
        return SimpleNamespace(accuracy=0.75)

    monkeypatch.setattr(train, "evaluate", evaluate)
    model = SimpleNamespace(weights=None)
    snakemake = asked(trials=37)
    accuracy = job.accuracy_of_rate_network(snakemake, BUILT_IN["xor"], "seed_0", model)
    assert accuracy == 0.75
    assert found == {
        "task": BUILT_IN["xor"],
        "study_seed": 4,
        "purpose": "rate held out",
        "words": ("xor/n80/seed_0",),
        "n_trials": 37,
        "device": "cpu",
    }
