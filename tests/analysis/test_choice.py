"""The scaling factor of each network: of its search, or of another condition."""

import numpy as np
import pandas as pd

from rate2spike.analysis import choice, tables


def accuracy_of(networks) -> pd.DataFrame:
    """The table of a search: network -> factor -> share of ten trials."""
    rows = []
    for network, curve in networks.items():
        for factor, share in curve.items():
            rows.append([network, factor, 10, 10 * share, share, share, 0.0, 1.0])
    return pd.DataFrame(rows, columns=tables.ACCURACY_COLUMNS)


def test_each_network_gets_its_best_factor_and_equals_go_to_the_first_of_the_grid():
    accuracy = accuracy_of(
        {
            "a": {20.0: 0.5, 30.0: 0.9, 40.0: 0.9},
            "b": {20.0: 1.0, 30.0: 0.2, 40.0: 0.3},
        }
    )
    choices = choice.best_of_search(accuracy, [40.0, 30.0, 20.0])
    assert choices.columns.tolist() == choice.CHOICE_COLUMNS
    assert choices.to_numpy().tolist() == [["a", 40.0, True, 0.9, 10], ["b", 20.0, True, 1.0, 10]]
    rising = choice.best_of_search(accuracy, [20.0, 30.0, 40.0])
    assert rising.to_numpy().tolist() == [["a", 30.0, False, 0.9, 10], ["b", 20.0, True, 1.0, 10]]


def test_a_block_without_networks_has_no_choices():
    choices = choice.best_of_search(accuracy_of({}), [20.0])
    assert choices.columns.tolist() == choice.CHOICE_COLUMNS
    assert choices.empty


def test_factors_of_another_condition_come_without_its_search():
    other = choice.best_of_search(accuracy_of({"a": {20.0: 0.5, 30.0: 0.9}}), [20.0, 30.0])
    choices, accuracy = choice.as_given(other)
    assert choices[["network", "scaling_factor"]].to_numpy().tolist() == [["a", 30.0]]
    assert choices[["on_edge", "search_accuracy", "search_trials"]].isna().all().all()
    assert accuracy.columns.tolist() == tables.ACCURACY_COLUMNS
    assert accuracy.empty
    assert np.isnan(choices.search_accuracy[0])
