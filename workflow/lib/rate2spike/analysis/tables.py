"""The tidy tables: one row per trial, and what follows from it by network and factor, by network,
by condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..files import replacing, write_text
from .statistics import wilson_interval
from .trial_table import NETWORK_KEYS, in_metadata

COUNTS = ("training_trials", "rate_trials", "search_trials", "held_out_trials")
# whole numbers stay whole, and flags flags, where other networks have none
TEXTS = ("name", "other_names", *NETWORK_KEYS)
NETWORK_TYPES = {
    **dict.fromkeys(TEXTS, "str"),
    **dict.fromkeys(COUNTS, "Int64"),
    "on_edge": "boolean",
}
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
CHOICE_COLUMNS = ["network", "scaling_factor", "on_edge", "search_accuracy", "search_trials"]
SUCCESS = 0.95  # a spiking network succeeds at 95 % correct trials (paper, Results)


def read_networks(files: Sequence[str]) -> pd.DataFrame:
    """The tables of networks of several conditions as one."""
    return pd.concat([pd.read_csv(file, dtype=NETWORK_TYPES) for file in files], ignore_index=True)


def stack_trials(
    files: Mapping[str, Sequence[str]], path: str | Path, provenance: Mapping | None = None
) -> None:
    """One parquet of many, file by file, so that millions of trials need no memory. The keys of
    `files` become the column `purpose`: search or held out. `provenance`, how the trials were made,
    goes into the metadata."""
    with replacing(path) as temporary:
        writer = None
        for purpose, parts in files.items():
            for part in map(pq.read_table, parts):
                table = part.append_column("purpose", pa.array([purpose] * len(part), pa.string()))
                table = table.replace_schema_metadata(in_metadata(provenance))
                writer = writer or pq.ParquetWriter(temporary, table.schema)
                writer.write_table(table.cast(writer.schema))
        writer.close()


def accuracy_by_factor(trials: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each network at each scaling factor, with its 95 % binomial confidence interval
    (Wilson)."""
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
    """Accuracy of each network on fresh trials at its chosen factor, published and strict scoring,
    with confidence interval."""
    fresh = trials.groupby(NETWORK_KEYS, observed=True).agg(
        held_out_trials=("correct", "size"),
        n_correct=("correct", "sum"),
        held_out_accuracy=("correct", "mean"),
        held_out_strict=("correct_strict", "mean"),
    )
    low, high = wilson_interval(fresh.n_correct.to_numpy(), fresh.held_out_trials.to_numpy())
    return (
        fresh.assign(held_out_ci_low=low, held_out_ci_high=high)
        .drop(columns="n_correct")
        .reset_index()
    )


def with_rate_interval(networks: pd.DataFrame) -> pd.DataFrame:
    """The table of networks with the 95 % confidence interval of the rate network's accuracy on
    fresh trials."""
    networks = networks.astype(
        {"rate_accuracy": float, "rate_trials": int}
    )  # a block without networks has no types
    n_correct = np.rint(networks.rate_accuracy * networks.rate_trials)
    low, high = wilson_interval(n_correct.to_numpy(), networks.rate_trials.to_numpy())
    return networks.assign(rate_ci_low=low, rate_ci_high=high)


def summary_by_condition(networks: pd.DataFrame) -> pd.DataFrame:
    """One row per condition: how many networks were trained and reached criterion, and the accuracy
    of those that did."""
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
        n_successful=(
            "search_accuracy",
            lambda accuracy: (accuracy >= SUCCESS).sum() if accuracy.notna().any() else pd.NA,
        ),
        scaling_factors=("scaling_factor", lambda factors: " ".join(f"{f:g}" for f in factors)),
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
td:first-child,th:first-child,.words td,.words th,.summary td:nth-child(2),.summary th:nth-child(2){{text-align:left}}</style>
<h1>{title}</h1>{table}"""


def write_html(summary: pd.DataFrame, path: str | Path) -> None:
    """The summary as a page for the report: accuracies in per cent, a dash where no network reached
    criterion."""
    table = summary.copy()
    percent = [c for c in table if "accuracy" in c or "strict" in c]
    table[percent] = (100 * table[percent]).map(
        lambda x: "\N{EN DASH}" if np.isnan(x) else f"{x:.1f} %"
    )
    table["training_trials_mean"] = table.training_trials_mean.map(
        lambda x: "\N{EN DASH}" if np.isnan(x) else f"{x:.0f}"
    )
    table["other_names"] = table.other_names.replace("", "\N{EN DASH}")
    table[["scaling_factors", "n_on_edge"]] = (
        table[["scaling_factors", "n_on_edge"]].astype(object).fillna("\N{EN DASH}")
    )
    page = PAGE.format(
        title="Accuracy of every condition",
        table=table[list(HEADINGS)]
        .rename(columns=HEADINGS)
        .to_html(index=False, border=0, classes="summary"),
    )
    write_text(page, path)
