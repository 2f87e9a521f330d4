"""The published way of converting beside its refinement, network by network, on fresh trials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from .describe import CONDITION, condition_name
from .tables import SUCCESS

ACCURACY = "accuracy"
STRICT = "strict accuracy"
MEASURES = {ACCURACY: "held_out_accuracy", STRICT: "held_out_strict"}  # columns of both tables
LEVEL = 0.95
ALIKE = 1e-6  # differences that are closer are equal: shares of trials are far wider apart
MOST_NAMED = 6

BETTER = "better"
WORSE = "worse"
UNDECIDED = "undecided"
NO_INTERVAL = "no interval"

PAIR_COLUMNS = [*CONDITION, "name", "network", "step", "measure", "before", "after"]
PAIRED_COLUMNS = [
    "name",
    *CONDITION,
    "step",
    "measure",
    "n_attempted",
    "n_networks",
    "before",
    "after",
    "difference",
    "ci_low",
    "ci_high",
    "works_before",
    "works_after",
    "verdict",
]


class MeanDifference(NamedTuple):
    """The mean of paired differences and the ends of its 95 % interval, which are NaN where there
    is none."""

    mean: float
    low: float
    high: float


def mean_difference(differences) -> MeanDifference:
    r"""The mean of paired differences of shares, with its 95 % interval by Student's t.

    .. math:: \bar d \pm t_{n - 1,\, 0.975} \, s / \sqrt n

    An end beyond -1 or 1 is moved there: no share differs by more from another.

    Parameters
    ----------
    differences : array_like, shape (n,)
        After minus before, of each network; fractions from -1 to 1.

    Returns
    -------
    MeanDifference
        NaN where there is no network. No interval of one network, nor of several that all differ
        by the same, whose spread says nothing; but where none differs at all it is 0 to 0.

    References
    ----------
    Student, Biometrika 6 (1908).
    """
    differences = np.asarray(differences, dtype=float)
    n = len(differences)
    if n == 0:
        return MeanDifference(np.nan, np.nan, np.nan)
    mean = float(differences.mean())
    if n > 1 and np.abs(differences).max() < ALIKE:
        return MeanDifference(0.0, 0.0, 0.0)
    if np.ptp(differences) < ALIKE:
        return MeanDifference(mean, np.nan, np.nan)
    from scipy.special import stdtrit  # here: what compares no networks would wait for it

    half = stdtrit(n - 1, 0.5 + LEVEL / 2) * differences.std(ddof=1) / np.sqrt(n)
    return MeanDifference(mean, max(float(mean - half), -1.0), min(float(mean + half), 1.0))


def network_pairs(networks: pd.DataFrame, refined: pd.DataFrame) -> pd.DataFrame:
    """What each network reaches on fresh trials, converted the published way and by each step.

    Parameters
    ----------
    networks
        The table of networks, as results/tables/networks.csv, of the conditions that are refined;
        of those that did not reach criterion there is no pair.
    refined
        The table of refined networks, as results/tables/refined.csv.

    Returns
    -------
    pandas.DataFrame
        One row per network, step and measure, columns PAIR_COLUMNS; before and after are fractions
        from 0 to 1. In the order of `networks`.

    Raises
    ------
    ValueError
        A refined network that is not among those that reached criterion, or one of these that is
        not refined by each step of its condition.
    """
    published = networks[networks.converged.astype(bool)]
    keys = [*CONDITION, "network"]
    parts = []
    for measure, column in MEASURES.items():
        before = published[[*keys, "name", column]].rename(columns={column: "before"})
        after = refined[[*keys, "step", column]].rename(columns={column: "after"})
        both = before.merge(after, on=keys, validate="one_to_many")
        if len(both) < len(after):
            raise ValueError(
                f"refined: expected networks that reached criterion, got {len(after)} rows of "
                f"which {len(after) - len(both)} have no such network"
            )
        parts.append(both.assign(measure=measure))
    _check_all_refined(published[keys], refined[[*keys, "step"]])
    return pd.concat(parts, ignore_index=True)[PAIR_COLUMNS]


def _check_all_refined(published: pd.DataFrame, refined: pd.DataFrame) -> None:
    """A mean over pairs would pass over a network that is missing without a word."""
    steps = refined[[*CONDITION, "step"]].drop_duplicates()
    wanted = published.merge(steps, on=CONDITION, how="left")
    found = wanted.merge(refined, how="left", indicator=True)
    missing = found[found._merge == "left_only"]
    if len(missing):
        first = "/".join(missing.iloc[0][[*CONDITION, "network"]])
        raise ValueError(
            "refined: expected a row of each step for every network that reached criterion, got "
            f"{len(found) - len(missing)} of {len(found)}; none for {first}"
        )


def paired(networks: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """What each step does to the networks of each condition.

    Parameters
    ----------
    networks
        The table of networks, of the conditions that are refined.
    pairs
        From `network_pairs`.

    Returns
    -------
    pandas.DataFrame
        One row per condition, step and measure, columns PAIRED_COLUMNS, the conditions of a task
        together. before, after: means over networks, fractions from 0 to 1; difference, ci_low,
        ci_high: from `mean_difference`; works_before, works_after: networks with 95 % or more. A
        condition without a pair has one row for each measure and no name of a step.
    """
    rows = []
    for condition in _conditions_by_task(networks):
        first = condition.iloc[0]
        names = {"name": condition_name(condition), **first[CONDITION]}
        own = pairs[(pairs[CONDITION] == list(first[CONDITION])).all(axis=1)]
        for step in own.step.unique() if len(own) else [""]:
            for measure in MEASURES:
                here = own[(own.step == step) & (own.measure == measure)]
                facts = {"step": step, "measure": measure, "n_attempted": len(condition)}
                rows.append(names | facts | _of_networks(here.before, here.after))
    return pd.DataFrame(rows, columns=PAIRED_COLUMNS)


def _conditions_by_task(networks: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The networks of each condition, task by task, both as they come."""
    for _, of_task in networks.groupby("task", sort=False):
        for _, condition in of_task.groupby(CONDITION, sort=False):
            yield condition


def _of_networks(before: pd.Series, after: pd.Series) -> dict[str, object]:
    """The numbers of one condition, step and measure."""
    difference = mean_difference(after - before)
    return {
        "n_networks": len(before),
        "before": before.mean(),
        "after": after.mean(),
        "difference": difference.mean,
        "ci_low": difference.low,
        "ci_high": difference.high,
        "works_before": int((before >= SUCCESS).sum()),
        "works_after": int((after >= SUCCESS).sum()),
        "verdict": verdict(difference),
    }


def verdict(difference: MeanDifference) -> str:
    """What the interval says: BETTER above 0, WORSE below 0, UNDECIDED where 0 is in it,
    NO_INTERVAL where there is none."""
    if np.isnan(difference.low):
        return NO_INTERVAL
    if difference.low > 0:
        return BETTER
    return WORSE if difference.high < 0 else UNDECIDED


def describe(table: pd.DataFrame, refined: pd.DataFrame) -> dict[str, str]:
    """What the caption says of all conditions.

    Parameters
    ----------
    table
        From `paired`.
    refined
        The table of refined networks, as results/tables/refined.csv.

    Returns
    -------
    dict
        conditions_in_words: how many there are. works: networks with 95 % or more by strict
        scoring, before and after, step by step. accuracy_in_words, strict_in_words: how many rows
        have which verdict. worse_in_words: the conditions that are. on_edge_in_words: how many
        networks have a factor on the edge of its grid.
    """
    n_conditions = table.groupby(CONDITION).ngroups
    return {
        "conditions_in_words": f"{n_conditions} condition{'s' * (n_conditions > 1)}",
        "works": _works_in_words(table[table.measure == STRICT]),
        "accuracy_in_words": _verdicts_in_words(table[table.measure == ACCURACY]),
        "strict_in_words": _verdicts_in_words(table[table.measure == STRICT]),
        "worse_in_words": _worse_in_words(table[table.verdict == WORSE]),
        "on_edge_in_words": _on_edge_in_words(refined),
    }


def _works_in_words(strict: pd.DataFrame) -> str:
    """Such as "step output: 2 before, 8 after, of 9"."""
    words = []
    for step, rows in strict[strict.n_networks > 0].groupby("step", sort=False):
        before, after, n = rows[["works_before", "works_after", "n_networks"]].sum()
        words.append(f"step {step}: {before} before, {after} after, of {n}")
    return "; ".join(words)


def _verdicts_in_words(rows: pd.DataFrame) -> str:
    """Such as "better in 3, worse in 0, undecided in 1 of 4"."""
    counts = [f"{word} in {(rows.verdict == word).sum()}" for word in (BETTER, WORSE, UNDECIDED)]
    n_without = (rows.verdict == NO_INTERVAL).sum()
    if n_without:
        counts.append(f"without an interval in {n_without}")
    return f"{', '.join(counts)} of {len(rows)}"


def _worse_in_words(worse: pd.DataFrame) -> str:
    """The conditions with the measure, as many as a line under a figure holds."""
    names = [f"{row['name']} ({row.measure})" for _, row in worse.iterrows()]
    shown = ", ".join(names[:MOST_NAMED]) or "none"
    n_more = len(names) - MOST_NAMED
    return f"{shown} and {n_more} more" if n_more > 0 else shown


def _on_edge_in_words(refined: pd.DataFrame) -> str:
    """Such as "2 of 9", "none of 9"; a network counts once, whatever its steps."""
    keys = [*CONDITION, "network"]
    n_networks = len(refined[keys].drop_duplicates())
    n_on_edge = len(refined.loc[refined.on_edge.eq(True), keys].drop_duplicates())
    return f"{n_on_edge or 'none'} of {n_networks}"
