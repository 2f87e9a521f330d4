"""How far networks that were made or trained otherwise are from the paper.

A *variant* is all settings of network and training but the two that the paper sweeps itself, size
and decays; "as stated" is the library's default. Conditions that share a variant are its points:
they stand where Figs. 1 to 4 have networks of their task, size and decays.

What is compared
  numbers over networks   those of the scorecard, which compares them
  mean outputs            of Figs. 1B, 2B and 4C, at every time at which they were read: root mean
                          square of the differences
  histograms of decays    of Figs. 1B and 4B: the largest distance between the two cumulative
                          distributions (Kolmogorov-Smirnov)
The *distance* of each is its difference in units of what is tolerated: the half-width at which the
scorecard says that numbers agree (`scorecard.tolerance`), 0.2 for the output of a rate network, 0.5
for that of a spiking one, 0.1 between distributions. A distance of 1 is just at the tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..analysis.factors import chosen_output
from ..analysis.statistics import mean_sd
from ..config import RateConfig, TrainingConfig, from_mapping
from ..places import STANDARD_NEURON, places
from ..tasks import find_task
from . import scorecard, sweeps

AS_STATED = "as stated"
MOST = 4.0  # a distance counts no more than this in a mean
SWEPT = ("n_units", "tau_decay_ms")  # by the paper: no part of a variant
WORDS = {"decay_learning_rate": "decays learn at"}  # instead of the key


# Variants in words --------------------------------------------------------------------------------


def changes(network: RateConfig, training: TrainingConfig) -> dict[str, Any]:
    """The settings of a variant: those that are not the library's default.

    Parameters
    ----------
    network, training
        How networks are made and trained; size and decays do not count.

    Returns
    -------
    dict
        The value of each changed setting, training first.
    """
    changed = {}
    for config in (training, network):
        default = type(config)()
        for field in fields(config):
            value = getattr(config, field.name)
            if field.name not in SWEPT and value != getattr(default, field.name):
                changed[field.name] = value
    return changed


def in_words(changed: Mapping[str, Any]) -> str:
    """A variant in words.

    Parameters
    ----------
    changed
        From `changes`.

    Returns
    -------
    str
        Such as "squared loss from the stimulus on, p_rec 0.4"; "as stated" where nothing changed.
    """
    rest = dict(changed)
    loss = rest.pop("loss", None)
    first = rest.pop("loss_from", None)
    words = []
    if loss or first:
        kind = f"{loss} loss" if loss else "loss"
        words.append(f"{kind} from the {first} on" if first else kind)
    for key, value in rest.items():
        words.append(f"{WORDS.get(key, key)} {_value_in_words(value)}")
    return ", ".join(words) or AS_STATED


def _value_in_words(value: Any) -> str:
    """All digits of a number: two variants must not have the same words."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(float(value)).removesuffix(".0")  # 2.0 is the setting 2
    return str(value)


# Where its conditions stand in the paper ----------------------------------------------------------


class Condition(NamedTuple):
    """Trained networks that are converted to the standard neuron.

    Attributes
    ----------
    task
        The name of the task.
    label
        Column condition of the table of networks.
    network, training
        How its networks are made and trained.
    """

    task: str
    label: str
    network: RateConfig
    training: TrainingConfig


def condition(task: str, label: str, *, network: Mapping, training: Mapping) -> Condition:
    """A condition from plain settings, what is absent as by default.

    Parameters
    ----------
    task, label
        As in `Condition`.
    network, training
        Setting -> value.

    Returns
    -------
    Condition
        With checked settings.

    Raises
    ------
    ConfigError
        A setting is unknown or cannot be used.
    """
    return Condition(
        task,
        label,
        from_mapping(RateConfig, network, "network"),
        from_mapping(TrainingConfig, training, "training"),
    )


def of(c: Condition) -> str:
    """The variant of a condition, in words."""
    return in_words(changes(c.network, c.training))


def points(conditions: Iterable[Condition], networks: pd.DataFrame) -> pd.DataFrame:
    """The networks of every variant, where they stand in the paper.

    Conditions without networks in the table or without a place in the paper are left out.

    Parameters
    ----------
    conditions
        Of any variants.
    networks
        As results/tables/networks.csv.

    Returns
    -------
    pandas.DataFrame
        One row per network and place: variant (in words), figure, role, x, then the columns of
        `networks`.
    """
    of_condition = dict(iter(networks.groupby(["task", "condition", "neuron"])))
    parts = [networks.iloc[:0].assign(variant="", figure="", role="", x=np.nan)]
    for c in conditions:
        rows = of_condition.get((c.task, c.label, STANDARD_NEURON))
        if rows is None:
            continue
        for place in places(c.task, c.network):
            parts.append(rows.assign(variant=of(c), **place._asdict()))
    filled = parts[1:] or parts
    return pd.concat(filled, ignore_index=True).astype({"x": float})


# Distances ----------------------------------------------------------------------------------------

TRAINED = "trained"
TRIALS = "training trials"
RATE = "rate accuracy"
SPIKING = "spiking accuracy"
SUCCESSFUL = "successful"
DECAYS = "decays"
RATE_OUTPUT = "rate output"
SPIKING_OUTPUT = "spiking output"
HISTOGRAM = "histogram of decays"
# task: its groups in the order in which they are shown, and the panels of the paper
GROUPS = {
    "go-nogo": {
        TRAINED: "1C, 2E",
        TRIALS: "1C",
        RATE: "1C, 2E",
        SPIKING: "2C, 2E",
        SUCCESSFUL: "2C, 2E",
        DECAYS: "1B, 2D",
        RATE_OUTPUT: "1B",
        SPIKING_OUTPUT: "2B",
        HISTOGRAM: "1B",
    },
    "integration": {
        TRAINED: "3B, 4E",
        TRIALS: "3C",
        RATE: "3B, 4E",
        SPIKING: "4A, 4D, 4E",
        SUCCESSFUL: "4D, 4E",
        DECAYS: "4B",
        SPIKING_OUTPUT: "4C",
        HISTOGRAM: "4B",
    },
}
OF_MEASURE = {
    "trained": TRAINED,
    "trials": TRIALS,
    "rate": RATE,
    "spiking": SPIKING,
    "successful": SUCCESSFUL,
    "decay": DECAYS,
}
# of two published numbers that contradict each other; the histogram in that panel gives the other
LEFT_OUT = ("1", "B-left", scorecard.IN_CAPTION)
COLUMNS = [
    "variant",
    "task",
    "group",
    "figure",
    "panel",
    "quantity",
    "x_name",
    "x_value",
    "unit",
    "published",
    "ours",
    "ours_n",
    "ours_attempted",
    "difference",
    "ci_low",
    "ci_high",
    "verdict",
    "tolerance",
    "distance",
]


def table(
    published: pd.DataFrame, points: pd.DataFrame, signatures: Iterable[pd.DataFrame] = ()
) -> pd.DataFrame:
    """Every published number of which a variant has a counterpart, and how far it is.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.
    points
        From `points`.
    signatures
        From `of_outputs` and `of_decays`.

    Returns
    -------
    pandas.DataFrame
        Columns COLUMNS, variants in the order of `points`. The distance is not capped; NaN where no
        network of ours reached criterion. Where there is no mean over networks, `difference` is
        that of the curves, and published, ours, interval and verdict are empty.
    """
    no_singles = pd.DataFrame(columns=sweeps.SINGLES)
    known = scorecard.comparable(published)
    parts = []
    for variant, rows in points.groupby("variant", sort=False):
        numbers = scorecard.table(published, rows, no_singles)
        parts.append(_with_distance(numbers, known).assign(variant=variant))
    parts += [rows for rows in signatures if len(rows)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    order = {variant: i for i, variant in enumerate(points.variant.unique())}
    rows = pd.concat([part.reindex(columns=COLUMNS) for part in parts], ignore_index=True)
    place = rows.variant.map(order).fillna(len(order))
    return rows.iloc[np.argsort(place.to_numpy(), kind="stable")].reset_index(drop=True)


def _with_distance(numbers: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Rows of the scorecard with group, tolerance and distance; `known` are the published numbers
    as the scorecard compares them."""
    left_out = numbers[["figure", "panel", "quantity"]].eq(list(LEFT_OUT)).all(axis=1)
    numbers = numbers[~left_out]
    of_number = known.loc[numbers.index]
    tolerances = []
    for measure, sd in zip(of_number.measure, of_number.sd, strict=True):
        tolerances.append(scorecard.tolerance(scorecard.MEASURES[measure], sd))
    return numbers.assign(
        group=of_number.measure.map(OF_MEASURE),
        tolerance=tolerances,
        distance=numbers.difference.abs() / tolerances,
    )


# Signatures that are no mean over networks --------------------------------------------------------


class Outputs(NamedTuple):
    """Mean outputs that the paper draws: of which network, where, and what is tolerated."""

    group: str
    figure: str
    panel: str
    quantities: tuple[str, str]
    tolerance: float


OUTPUTS = {  # by task and kind of network
    ("go-nogo", "rate"): Outputs(
        RATE_OUTPUT, "1", "B-right", ("mean rate output Go", "mean rate output NoGo"), 0.2
    ),
    ("go-nogo", "spiking"): Outputs(
        SPIKING_OUTPUT, "2", "B-right", ("mean LIF output Go", "mean LIF output NoGo"), 0.5
    ),
    ("integration", "spiking"): Outputs(
        SPIKING_OUTPUT,
        "4",
        "C",
        ("mean LIF output (+) choice", "mean LIF output (-) choice"),
        0.5,
    ),
}
HISTOGRAMS = {"go-nogo": ("1", "B-left"), "integration": ("4", "B")}
IN_BINS = "histogram count of tuned synaptic decay"
BETWEEN_DISTRIBUTIONS = 0.1


def of_outputs(
    published: pd.DataFrame, *, variant: str, task: str, kind: str, time_s, outputs
) -> pd.DataFrame:
    """How far the mean outputs of our example networks are from the paper's.

    Compared are the means over our networks.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.
    variant
        In words.
    task
        Its name.
    kind
        "rate" or "spiking" networks.
    time_s : array_like, shape (n_times,)
        In s, from 0.02 s or earlier to the end of a trial.
    outputs : array_like, shape (n_networks, 2, n_times)
        Mean output of each network over the trials of each answer: Go and NoGo, + and -.

    Returns
    -------
    pandas.DataFrame
        A row for each answer, with columns COLUMNS; none where the paper draws no such output.

    Raises
    ------
    ValueError
        Another shape, or times that do not reach as far as the paper's.
    """
    shown = OUTPUTS.get((task, kind))
    if shown is None:
        return pd.DataFrame(columns=COLUMNS)
    time_s = np.asarray(time_s, dtype=float)
    outputs = np.asarray(outputs, dtype=float)
    if outputs.ndim != 3 or outputs.shape[1:] != (2, len(time_s)):
        raise ValueError(
            f"outputs: expected shape (n_networks, 2, {len(time_s)}), got {outputs.shape}"
        )
    of_figure = published[published.figure == shown.figure]
    traces = sweeps.published_traces(of_figure, shown.panel, shown.quantities)
    rows = []
    for ours, (quantity, trace) in zip(outputs.mean(axis=0), traces.items(), strict=True):
        if time_s[0] > trace.x.min() or time_s[-1] < trace.x.max():
            raise ValueError(
                f"time_s: expected times from {trace.x.min():g} to {trace.x.max():g} s, "
                f"got {time_s[0]:g} to {time_s[-1]:g} s"
            )
        differences = np.interp(trace.x, time_s, ours) - trace.y
        row = _signature(variant, task, shown.group, difference=_rms(differences))
        row |= {"figure": shown.figure, "panel": shown.panel, "quantity": quantity, "unit": "au"}
        rows.append(row | {"tolerance": shown.tolerance, "ours_n": len(outputs)})
    return _with_distances(rows)


def of_example(
    published: pd.DataFrame, *, variant: str, task: str, recording: Mapping
) -> list[pd.DataFrame]:
    """How far the mean outputs of one recorded example network are from the paper's.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.
    variant
        In words.
    task
        Its name.
    recording
        From `analysis.example.example_recordings`, with n_networks.

    Returns
    -------
    list of pandas.DataFrame
        From `of_outputs`, at the chosen factor; none where no network reached criterion.
    """
    if not recording["n_networks"]:
        return []
    labels = find_task(task).labels
    rows = []
    for kind, outputs in (
        ("rate", recording["rate_out"]),
        ("spiking", chosen_output(recording)),
    ):
        means = mean_sd(outputs, recording["label"], labels).mean
        time_s = recording["time_s"][: means.shape[1]]  # the rate network has one output less
        names = {"variant": variant, "task": task, "kind": kind}
        rows.append(of_outputs(published, **names, time_s=time_s, outputs=means[None]))
    return rows


def of_decays(published: pd.DataFrame, *, variant: str, task: str, tau_decay_ms) -> pd.DataFrame:
    """How far the decays of our example networks are from the paper's histogram.

    The distance is the largest one between the two cumulative distributions, ours counted in the
    paper's bins of 1 ms.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.
    variant
        In words.
    task
        Its name.
    tau_decay_ms : array_like, shape (n_networks, n_units)
        Decays of all units, counted together.

    Returns
    -------
    pandas.DataFrame
        One row with columns COLUMNS; none for another task.

    Raises
    ------
    ValueError
        Another shape, or no decay.
    """
    if task not in HISTOGRAMS:
        return pd.DataFrame(columns=COLUMNS)
    tau_ms = np.asarray(tau_decay_ms, dtype=float)
    if tau_ms.ndim != 2 or tau_ms.size == 0:
        raise ValueError(
            f"tau_decay_ms: expected shape (n_networks, n_units), none 0, got {tau_ms.shape}"
        )
    figure, panel = HISTOGRAMS[task]
    bins = sweeps.published_values(published[published.figure == figure], panel, IN_BINS)
    row = _signature(variant, task, HISTOGRAM, difference=_between_distributions(bins, tau_ms))
    row |= {"figure": figure, "panel": panel, "quantity": IN_BINS, "unit": ""}
    row |= {"tolerance": BETWEEN_DISTRIBUTIONS, "ours_n": len(tau_ms)}
    return _with_distances([row])


def _between_distributions(bins: pd.DataFrame, tau_ms: np.ndarray) -> float:
    """Kolmogorov and Smirnov's distance at the edges of bins 1 ms wide; columns x (centres) and y
    (counts)."""
    edges = np.append(bins.x.iloc[0] - 0.5, bins.x + 0.5)
    published = np.append(0.0, np.cumsum(bins.y)) / bins.y.sum()
    ours = np.searchsorted(np.sort(tau_ms, axis=None), edges) / tau_ms.size
    return float(np.abs(ours - published).max())


def _rms(differences) -> float:
    return float(np.sqrt(np.mean(np.square(differences))))


def _signature(variant: str, task: str, group: str, *, difference: float) -> dict:
    """What every row of a signature has; no interval, and so no verdict."""
    return {
        "variant": variant,
        "task": task,
        "group": group,
        "x_name": "",
        "x_value": "",
        "difference": difference,
        "verdict": "",
    }


def _with_distances(rows: list[dict]) -> pd.DataFrame:
    signatures = pd.DataFrame(rows)
    distance = signatures.difference / signatures.tolerance
    attempted = signatures.ours_n  # those that failed have no output and no decays
    return signatures.assign(distance=distance, ours_attempted=attempted).reindex(columns=COLUMNS)


# Variant by variant -------------------------------------------------------------------------------

COUNTS = ["n_numbers", "n_agree", "n_differ", "networks"]


def cell_names() -> list[str]:
    """The columns of `by_variant` that hold the distance of a group, as "go-nogo trained"."""
    return [f"{task} {group}" for task, groups in GROUPS.items() for group in groups]


def by_variant(numbers: pd.DataFrame) -> pd.DataFrame:
    """The mean distance of each variant, the nearest first.

    A distance counts as 4 at most. The mean of a variant is that over its groups, so that a sweep
    of many points weighs no more than one of few.

    Parameters
    ----------
    numbers
        From `table`.

    Returns
    -------
    pandas.DataFrame
        One row per variant: distance; how many numbers over networks there are (n_numbers), agree
        and differ; networks, the median number attempted behind a number; then a column for each
        group of each task (`cell_names`), the mean distance of its numbers, NaN where there is
        none.
    """
    numbers = numbers.assign(
        cell=numbers.task + " " + numbers.group,
        capped=numbers.distance.astype(float).clip(upper=MOST),
        is_number=numbers.verdict != "",
        agrees=numbers.verdict == scorecard.AGREES,
        differs=numbers.verdict == scorecard.DIFFERS,
    )
    cells = numbers.groupby(["variant", "cell"]).capped.mean().unstack()
    cells = cells.reindex(columns=cell_names()).rename_axis(columns=None)
    summary = numbers.groupby("variant").agg(
        n_numbers=("is_number", "sum"),
        n_agree=("agrees", "sum"),
        n_differ=("differs", "sum"),
        networks=("ours_attempted", "median"),
    )
    summary.insert(0, "distance", cells.mean(axis=1))
    summary = summary.join(cells).reset_index()
    return summary.sort_values(["distance", "variant"], ignore_index=True)


# What is said of it -------------------------------------------------------------------------------

NOTE = (
    "Distance from the paper, in units of what is tolerated: 1 is just at the tolerance, 4 is 4 or "
    "more. In brackets: published numbers compared; rows with few compare badly with rows of many. "
    "Hatched: no number of ours. {per_place} behind a point (paper: 100)."
)


def describe(points: pd.DataFrame, summary: pd.DataFrame) -> dict:
    """What the caption says.

    Parameters
    ----------
    points
        From `points`.
    summary
        From `by_variant`.

    Returns
    -------
    dict
        n_networks (that reached criterion), n_attempted, n_variants, and how many networks stand
        behind a point, in words.
    """
    networks = points.drop_duplicates(["task", "condition", "network"])
    sizes = points.groupby(["variant", "figure", "role", "x"], dropna=False).size()
    return {
        "n_networks": int(networks.converged.astype(bool).sum()),
        "n_attempted": len(networks),
        "n_variants": len(summary),
        "n_numbers": int(summary.n_numbers.sum()),
        "per_place": sweeps.networks_in_words(sizes),
    }
