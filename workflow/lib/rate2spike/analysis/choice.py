"""The scaling factor that each network is converted with: the best of its search, or that of
another condition."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..conversion.scaling import choose_factor
from .tables import ACCURACY_COLUMNS

CHOICE_COLUMNS = ["network", "scaling_factor", "on_edge", "search_accuracy", "search_trials"]


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
