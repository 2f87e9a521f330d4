"""The scaling factor that each network is converted with: the best of its search, or that of
another condition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ..conversion.scaling import choose_factor
from .tables import ACCURACY_COLUMNS, accuracy_by_factor

CHOICE_COLUMNS = ["network", "scaling_factor", "on_edge", "search_accuracy", "search_trials"]


def of_search(
    shards: Iterable[str | Path], scaling_factors: Sequence[float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The factors of a block of networks, from the trials of their search.

    Parameters
    ----------
    shards
        Files of trials, one for each factor.
    scaling_factors
        The grid, in the order in which the first of equals is taken.

    Returns
    -------
    choices : pandas.DataFrame
        As from `best_of_search`.
    accuracy : pandas.DataFrame
        Of each network at each factor.
    """
    columns = ["network", "scaling_factor", "correct", "correct_strict"]
    trials = [pd.read_parquet(shard, columns=columns) for shard in shards]
    accuracy = accuracy_by_factor(pd.concat(trials))
    return best_of_search(accuracy, scaling_factors), accuracy


def best_of_search(accuracy: pd.DataFrame, scaling_factors: Sequence[float]) -> pd.DataFrame:
    """The factor of the highest accuracy of each network, the first of equals.

    Parameters
    ----------
    accuracy
        Of each network at each factor, from `tables.accuracy_by_factor`.
    scaling_factors
        The grid, in the order in which the first of equals is taken.

    Returns
    -------
    pandas.DataFrame
        One row per network, columns CHOICE_COLUMNS.
    """
    factors = list(scaling_factors)
    rows = []
    for network, curve in accuracy.groupby("network"):
        values = curve.set_index("scaling_factor").accuracy.reindex(factors).to_numpy()
        choice = choose_factor(factors, values)
        rows.append([network, *choice, values.max(), curve.n_trials.iloc[0]])
    return pd.DataFrame(rows, columns=CHOICE_COLUMNS)


def as_given(taken: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The factors of another condition's networks, which were not searched here.

    Parameters
    ----------
    taken
        The choices of the other condition, columns CHOICE_COLUMNS.

    Returns
    -------
    choices : pandas.DataFrame
        The same factors, all that belongs to a search missing.
    accuracy : pandas.DataFrame
        That of a search without trials: no rows.
    """
    choices = taken[["network", "scaling_factor"]].reindex(columns=CHOICE_COLUMNS)
    return choices, pd.DataFrame(columns=ACCURACY_COLUMNS)
