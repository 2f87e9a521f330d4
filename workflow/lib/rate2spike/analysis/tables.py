"""The tidy tables: one row per trial, and what follows from it by network and factor, by network,
by condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..files import read_csv, replacing, write_text
from .statistics import wilson_interval
from .trial_table import NETWORK_KEYS, in_metadata

COUNTS = ("training_trials", "rate_trials", "search_trials", "held_out_trials")
NETWORK_TYPES = {**dict.fromkeys(COUNTS, "Int64"), "on_edge": "boolean"}
ACCURACY_COLUMNS = [
    "network",
    "scaling_factor",
    "n_trials",
    "n_correct",
    "accuracy",
    "accuracy_strict",
    "ci_low",
    "ci_high",
]
SUCCESS = 0.95  # a spiking network succeeds at 95 % correct trials (paper, Results)


def read_networks(files: Sequence[str]) -> pd.DataFrame:
    """The tables of networks of several conditions as one.

    Parameters
    ----------
    files
        CSV files, as results/tables/networks.csv.

    Returns
    -------
    pandas.DataFrame
        One row per network. Whole numbers stay whole, and flags flags, where others have none;
        names are text, whatever they look like.
    """
    tables = [read_csv(file, NETWORK_TYPES) for file in files]
    return pd.concat(tables, ignore_index=True)


def stack_trials(
    files: Mapping[str, Sequence[str]], path: str | Path, provenance: Mapping | None = None
) -> None:
    """Make one parquet of many, file by file, so that millions of trials need no memory.

    Parameters
    ----------
    files
        Files of trials by what they are for: search or held out. The keys become the column
        `purpose`.
    path
        The file to write.
    provenance
        How the trials were made, for the metadata.
    """
    with replacing(path) as temporary:
        writer = None
        for purpose, parts in files.items():
            for part in map(pq.read_table, parts):
                purposes = pa.array([purpose] * len(part), pa.string())
                table = part.append_column("purpose", purposes)
                table = table.replace_schema_metadata(in_metadata(provenance))
                writer = writer or pq.ParquetWriter(temporary, table.schema)
                writer.write_table(table.cast(writer.schema))
        writer.close()


def accuracy_by_factor(trials: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each network at each scaling factor, with its 95 % confidence interval (Wilson).

    Parameters
    ----------
    trials
        The per-trial table.

    Returns
    -------
    pandas.DataFrame
        One row per network and factor, columns ACCURACY_COLUMNS; fractions from 0 to 1.
    """
    grouped = trials.groupby(["network", "scaling_factor"], sort=True)
    accuracy = grouped.agg(
        n_trials=("correct", "size"),
        n_correct=("correct", "sum"),
        accuracy=("correct", "mean"),
        accuracy_strict=("correct_strict", "mean"),
    ).reset_index()
    low, high = wilson_interval(accuracy.n_correct.to_numpy(), accuracy.n_trials.to_numpy())
    return accuracy.assign(ci_low=low, ci_high=high)[ACCURACY_COLUMNS]


def held_out_accuracy(trials: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each network on fresh trials at its chosen factor, with confidence interval.

    Parameters
    ----------
    trials
        The per-trial table of the fresh trials.

    Returns
    -------
    pandas.DataFrame
        One row per network: held_out_trials, held_out_accuracy (published scoring),
        held_out_strict, held_out_ci_low, held_out_ci_high.
    """
    fresh = trials.groupby(NETWORK_KEYS, observed=True).agg(
        held_out_trials=("correct", "size"),
        n_correct=("correct", "sum"),
        held_out_accuracy=("correct", "mean"),
        held_out_strict=("correct_strict", "mean"),
    )
    low, high = wilson_interval(fresh.n_correct.to_numpy(), fresh.held_out_trials.to_numpy())
    fresh = fresh.assign(held_out_ci_low=low, held_out_ci_high=high)
    return fresh.drop(columns="n_correct").reset_index()


def stack_refined(files: Sequence[str]) -> pd.DataFrame:
    """The tables of refined networks of several blocks as one.

    Parameters
    ----------
    files
        results/refined/TASK/CONDITION/NEURON/BLOCK.csv, the blocks of a condition together.

    Returns
    -------
    pandas.DataFrame
        One row per network and step: whose it is, then the columns of the files. The rows of each
        condition in the order of its networks' names, whatever its blocks.
    """
    stacked = []
    for file in files:
        place = Path(file).parts[-4:-1]  # task, condition, neuron
        rows = read_csv(file, {"on_edge": bool})
        for i, (key, value) in enumerate(zip(NETWORK_KEYS[:3], place, strict=True)):
            rows.insert(i, key, value)
        stacked.append(rows)
    filled = [rows for rows in stacked if len(rows)]  # one without rows has no types
    refined = pd.concat(filled or stacked[:1], ignore_index=True)
    turn = refined.groupby(NETWORK_KEYS[:3], sort=False).ngroup()
    ordered = refined.assign(turn=turn).sort_values(["turn", "network"], kind="stable")
    return ordered.drop(columns="turn")


def with_rate_interval(networks: pd.DataFrame) -> pd.DataFrame:
    """Add the 95 % confidence interval of the rate network's accuracy on fresh trials.

    Parameters
    ----------
    networks
        Columns rate_accuracy and rate_trials, and any other.

    Returns
    -------
    pandas.DataFrame
        The same, with rate_ci_low and rate_ci_high.
    """
    # a block without networks has no types
    networks = networks.astype({"rate_accuracy": float, "rate_trials": int})
    n_correct = np.rint(networks.rate_accuracy * networks.rate_trials)
    low, high = wilson_interval(n_correct.to_numpy(), networks.rate_trials.to_numpy())
    return networks.assign(rate_ci_low=low, rate_ci_high=high)


def summary_by_condition(networks: pd.DataFrame) -> pd.DataFrame:
    """How many networks of each condition reached criterion, and the accuracy of those that did.

    Parameters
    ----------
    networks
        The table of networks, one row each, trained or not.

    Returns
    -------
    pandas.DataFrame
        One row per condition.
    """
    keys = ["name", "other_names", "task", "condition", "neuron"]
    networks = networks.fillna({"other_names": ""})
    counts = networks.groupby(keys, sort=False).agg(
        n_networks=("network", "size"), n_trained=("converged", "sum")
    )
    trained = networks[networks.converged.astype(bool)]
    summary = trained.groupby(keys, sort=False).agg(
        training_trials_mean=("training_trials", "mean"),
        training_trials_sd=("training_trials", "std"),
        rate_accuracy_mean=("rate_accuracy", "mean"),
        search_accuracy_mean=("search_accuracy", "mean"),
        held_out_accuracy_mean=("held_out_accuracy", "mean"),
        held_out_accuracy_sd=("held_out_accuracy", "std"),
        held_out_strict_mean=("held_out_strict", "mean"),
        n_successful=("search_accuracy", _n_successful),
        scaling_factors=("scaling_factor", _in_a_row),
        n_on_edge=("on_edge", "sum"),
    )
    # whole numbers or missing; without the type, the flags of conditions with failed networks would
    # be summed as objects
    types = {
        "training_trials_mean": float,
        "training_trials_sd": float,
        "n_successful": "Int64",
        "n_on_edge": "Int64",
    }
    return counts.join(summary.astype(types)).reset_index()


def _n_successful(accuracy: pd.Series):
    """How many succeed; missing where the networks were not searched."""
    return (accuracy >= SUCCESS).sum() if accuracy.notna().any() else pd.NA


def _in_a_row(factors: pd.Series) -> str:
    return " ".join(f"{factor:g}" for factor in factors)


NO_NUMBER = "\N{EN DASH}"
HEADINGS = {
    "name": "condition",
    "other_names": "also called",
    "n_networks": "networks",
    "n_trained": "reached criterion, or given",
    "training_trials_mean": "training trials (mean)",
    "rate_accuracy_mean": "rate network, fresh trials",
    "search_accuracy_mean": "spiking, best of the grid",
    "held_out_accuracy_mean": "spiking, fresh trials",
    "held_out_accuracy_sd": "SD over networks",
    "held_out_strict_mean": "spiking, strict scoring",
    "scaling_factors": "chosen 1/\N{GREEK SMALL LETTER LAMDA}",
    "n_on_edge": "on the edge of the grid",
}
PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>{title}</title>
<style>body{{font:14px/1.4 sans-serif;margin:1.5em}}table{{border-collapse:collapse}}
td,th{{padding:.35em .7em;border-bottom:1px solid #ccc;text-align:right}}th{{vertical-align:bottom}}
td:first-child,th:first-child,.words td,.words th,\
.summary td:nth-child(2),.summary th:nth-child(2){{text-align:left}}</style>
<h1>{title}</h1>{table}"""


def write_html(summary: pd.DataFrame, path: str | Path) -> None:
    """Write the summary as a page for the report.

    Accuracies are in per cent; a dash stands where no network reached criterion.

    Parameters
    ----------
    summary
        From `summary_by_condition`.
    path
        The file.
    """
    table = summary.copy()
    percent = [column for column in table if "accuracy" in column or "strict" in column]
    table[percent] = (100 * table[percent]).map(lambda x: _or_dash(x, "{:.1f} %"))
    table["training_trials_mean"] = table.training_trials_mean.map(lambda x: _or_dash(x, "{:.0f}"))
    table["other_names"] = table.other_names.replace("", NO_NUMBER)
    for column in ("scaling_factors", "n_on_edge"):
        table[column] = table[column].astype(object).fillna(NO_NUMBER)
    shown = table[list(HEADINGS)].rename(columns=HEADINGS)
    rows = shown.to_html(index=False, border=0, classes="summary")
    write_text(PAGE.format(title="Accuracy of every condition", table=rows), path)


def _or_dash(x: float, form: str) -> str:
    return NO_NUMBER if np.isnan(x) else form.format(x)
