"""Names that pandas takes for missing values or for numbers, from the rows of a block to the tables
of the study: all of them stay, under their names."""

import importlib
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rate2spike.analysis import choice, tables
from rate2spike.analysis.trial_table import write_trials
from rate2spike.files import read_csv, write_csv

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
NAMES = ["NA", "nan", "null", "None", "NaN", "1", "007", "1e3", "True", "inf", "2026-01-01", "-"]
FACTORS = [20.0, 40.0]
BLOCKS = {"seeds_0-5": NAMES[6:], "seeds_6-11": NAMES[:6]}


def test_names_are_text_numbers_exact_and_what_is_missing_is_missing(tmp_path):
    number = np.random.default_rng(1).random(len(NAMES)) * 1e-5
    number[3] = np.nan
    flags = pd.array([True, None] * 6, dtype="boolean")
    table = pd.DataFrame({"name": NAMES, "other_names": "", "loss": number, "on_edge": flags})
    write_csv(table, tmp_path / "table.csv")
    read = read_csv(tmp_path / "table.csv", {"on_edge": "boolean"})
    assert read.name.tolist() == NAMES
    assert set(read.other_names) == {""}
    assert np.array_equal(read.loss, number, equal_nan=True)  # to the last bit
    assert read.on_edge.isna().sum() == 6


@pytest.fixture
def run_script(monkeypatch, tmp_path):
    """Run a script of the workflow in a folder of its own, its log left out."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    job = importlib.import_module("job")
    log = SimpleNamespace(info=print, warning=print)
    monkeypatch.setattr(job, "start", lambda snakemake: log)
    monkeypatch.chdir(tmp_path)

    def run(script: str, **snakemake):
        snakemake["rule"] = script
        for name, values in snakemake.items():
            if isinstance(values, dict):
                snakemake[name] = SimpleNamespace(**values)
        runpy.run_path(
            str(SCRIPTS / f"{script}.py"),
            init_globals={"snakemake": SimpleNamespace(**snakemake)},
        )

    return run


def trials(task: str, network: str, factor: float, correct: float) -> dict:
    """Ten spiking trials of a network."""
    return {
        "task": task,
        "condition": "n200",
        "neuron": "lif",
        "network": network,
        "scaling_factor": np.full(10, factor),
        "trial": np.arange(10),
        "label": np.zeros(10, int),
        "kind": "nan",
        "output_max": np.zeros(10),
        "output_min": np.zeros(10),
        "n_spikes": np.arange(10),
        "correct": np.arange(10) < 10 * correct,
        "correct_strict": np.arange(10) < 10 * correct,
    }


def write_condition(run_script, task: str) -> str:
    """The files of a condition that is called as its task is: a network of each name, of which the
    last did not reach criterion. Returns that of its networks."""
    trained = NAMES[:-1]
    networks = pd.DataFrame({"network": NAMES, "converged": [name != "-" for name in NAMES]})
    networks = networks.assign(training_trials=700, model="1234567890123456")
    write_csv(networks, f"results/networks/{task}/n200/external.csv")
    rates = pd.DataFrame({"network": trained, "rate_accuracy": 0.9, "rate_trials": 10})
    write_csv(rates, f"results/held_out/{task}/n200/lif/external_rate.csv")
    curves = pd.DataFrame({"trial": 1, "loss": 0.1, "accuracy": 1.0, "network": NAMES})
    write_csv(curves, f"results/networks/{task}/n200/external_curves.csv")
    shard = f"results/simulations/{task}/n200/lif/all.parquet"
    rows = [trials(task, name, factor, 0.02 * factor) for name in trained for factor in FACTORS]
    write_trials(rows, shard, {"rule": "simulate"})
    held_out = f"results/held_out/{task}/n200/lif/external.parquet"
    write_trials([trials(task, name, 40.0, 0.7) for name in trained], held_out, {"rule": "x"})
    accuracy = tables.accuracy_by_factor(pd.read_parquet(shard))
    chosen = choice.best_of_search(accuracy, FACTORS)
    for block, networks_in_it in BLOCKS.items():
        of_block = accuracy[accuracy.network.isin(networks_in_it)]
        write_csv(of_block, f"results/choices/{task}/n200/lif/{block}_accuracy.csv")
    write_csv(chosen, f"results/choices/{task}/n200/lif/external.csv")
    condition = f"results/conditions/{task}/n200/lif.csv"
    run_script(
        "networks_of_condition",
        input={
            "networks": [f"results/networks/{task}/n200/external.csv"],
            "rates": [f"results/held_out/{task}/n200/lif/external_rate.csv"],
            "held_out": [held_out],
            "choices": [f"results/choices/{task}/n200/lif/external.csv"],
        },
        output=[condition],
        params={"name": task, "other_names": ""},
        wildcards={"task": task, "condition": "n200", "neuron": "lif"},
    )
    return condition


def test_conditions_tasks_and_networks_of_any_name_are_in_every_table(run_script):
    conditions = [write_condition(run_script, task) for task in NAMES]
    made = ("trials", "accuracy", "networks", "curves", "summary", "html")
    output = {table: f"results/tables/{table}" for table in made}
    run_script(
        "aggregate",
        input={
            "shards": [f"results/simulations/{task}/n200/lif/all.parquet" for task in NAMES],
            "held_out": [f"results/held_out/{task}/n200/lif/external.parquet" for task in NAMES],
            "networks": conditions,
            "curves": [f"results/networks/{task}/n200/external_curves.csv" for task in NAMES],
            "accuracies": [
                f"results/choices/{task}/n200/lif/{block}_accuracy.csv"
                for task in NAMES
                for block in BLOCKS
            ],
        },
        output=output,
    )
    summary = read_csv(output["summary"])
    assert summary.name.tolist() == summary.task.tolist() == NAMES
    assert set(summary.n_networks) == {len(NAMES)}
    assert set(summary.n_trained) == {len(NAMES) - 1}
    networks = read_csv(output["networks"])
    assert networks.name.tolist() == list(np.repeat(NAMES, len(NAMES)))
    assert networks.network.tolist() == NAMES * len(NAMES)
    failed = networks[networks.network == "-"]
    columns = ["scaling_factor", "search_accuracy", "held_out_accuracy", "held_out_trials"]
    assert failed[columns].isna().all().all()  # what is missing is no text
    assert set(networks.held_out_accuracy[networks.converged]) == {0.7}
    for table in ("accuracy", "curves"):
        found = read_csv(output[table])
        assert set(found.task) == set(NAMES), table
        assert set(found.network) >= set(NAMES[:-1]), table
    # by name within a condition, whatever the blocks
    accuracy = read_csv(output["accuracy"])
    of_condition = list(np.repeat(sorted(NAMES[:-1]), len(FACTORS)))
    assert accuracy.network.tolist() == of_condition * len(NAMES)
    assert accuracy.scaling_factor.tolist() == FACTORS * len(NAMES) * len(NAMES[:-1])
    assert set(pd.read_parquet(output["trials"]).task) == set(NAMES)
    page = Path(output["html"]).read_text("utf-8")
    for name in NAMES:
        assert f"<td>{name}</td>" in page
