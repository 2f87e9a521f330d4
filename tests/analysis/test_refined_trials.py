"""Steps of a refinement: which is kept, and what the tables and the files say of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rate2spike import conversion
from rate2spike.analysis import refined_trials
from rate2spike.analysis.refined_trials import Step
from rate2spike.conversion.refinement import Refined
from rate2spike.rate.model import UnitGains
from rate2spike.tasks import BUILT_IN

GO_NOGO = BUILT_IN["go-nogo"]


def found(accuracy=1.0, strict=1.0, *, factor=1.0, offset=0.0, scaling_factor=40.0, on_edge=False):
    return Refined(scaling_factor, factor, offset, accuracy, strict, on_edge)


def step(model, refined, trials=None):
    return Step(model, refined, trials)


# Which step is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "is_kept"),
    [
        ((0.9, 0.8), (0.9, 0.81), True),
        ((0.9, 0.8), (0.89, 0.82), True),  # the sum counts
        ((0.9, 0.8), (0.95, 0.7), False),
        ((0.9, 0.8), (0.9, 0.79), False),
        # of equals the second
        ((0.9, 0.8), (0.9, 0.8), True),
        ((0.9, 0.8), (0.8, 0.9), True),
        ((1.0, 1.0), (1.0, 1.0), True),
        ((0.1, 0.7 + 1e-12), (0.7, 0.1), True),  # less by rounding alone
    ],
)
def test_a_step_is_kept_unless_fewer_trials_are_right(before, after, is_kept):
    first, second = (step(None, found(*scores)) for scores in (before, after))
    assert refined_trials.better(first, second) is (second if is_kept else first)


# What was found on top of what was given ----------------------------------------------------------

GIVEN = [(1.0, 0.0), (3.0, 0.0), (1.0, 0.2), (0.5, -0.3)]


@pytest.mark.parametrize(("factor", "offset"), GIVEN)
def test_the_whole_output_is_that_of_the_file_with_what_was_found_on_top(trained, factor, offset):
    """Of an output y: g (g0 (y + c0) + c) = g g0 (y + c0 + c / g0)."""
    given = replace(trained.model, output_factor=factor, output_offset=offset)
    whole = refined_trials.refined_model(step(given, found(factor=0.25, offset=0.4)))
    y = np.linspace(-1, 1, 5)
    expected = 0.25 * (factor * (y + offset) + 0.4)
    np.testing.assert_allclose(whole.output_factor * (y + whole.output_offset), expected)
    assert whole.output_factor == 0.25 * factor
    assert (whole.weights, whole.unit_gains) == (given.weights, None)
    # where nothing was found it is as it was given
    same = refined_trials.refined_model(step(given, found()))
    assert (same.output_factor, same.output_offset) == (factor, offset)


@pytest.mark.parametrize(("factor", "offset"), GIVEN)
def test_the_refined_model_alone_answers_as_the_trials_that_were_scored_again(
    trained, factor, offset
):
    """Also one whose file came with a factor and an offset."""
    given = replace(trained.model, output_factor=factor, output_offset=offset)
    refined = found(factor=2**-0.75, offset=0.1, scaling_factor=30.0)
    simulation = conversion.Simulation(GO_NOGO, 4, device="cpu")
    plain = conversion.score_network(simulation, given, "net", 30.0, 4)
    again = refined_trials.scaled_columns(GO_NOGO, plain, refined)
    whole = refined_trials.refined_model(step(given, refined))
    rows = conversion.score_network(simulation, whole, "net", 30.0, 4)
    for extreme in ("output_max", "output_min"):
        assert not np.allclose(again[extreme], plain[extreme], atol=0.01)
        np.testing.assert_allclose(again[extreme], rows[extreme], rtol=1e-5, atol=1e-6)
    for scored in ("correct", "correct_strict"):
        assert again[scored].tolist() == rows[scored].tolist()


# Tables -------------------------------------------------------------------------------------------

STRICT = replace(GO_NOGO, correct_strict=lambda labels, o: np.abs(o.maximum - 1) < 0.15)


def test_what_is_written_of_a_network_is_scored_in_both_ways():
    """The strict scoring of this task finds an output of 1 right, whatever the label."""
    columns = {"label": [1, 1, 0], "output_max": [0.6, 0.5, 0.2], "output_min": [0.1, -0.1, 0.1]}
    trials = {name: np.array(values) for name, values in columns.items()}
    refined = found(factor=2.0, offset=-0.1)
    scaled = refined_trials.scaled_columns(STRICT, trials, refined)
    assert set(scaled) == {"output_max", "output_min", "correct", "correct_strict"}
    np.testing.assert_allclose(scaled["output_max"], [1.0, 0.8, 0.2])
    np.testing.assert_allclose(scaled["output_min"], [0.0, -0.4, 0.0], atol=1e-15)
    assert scaled["correct"].tolist() == [True, True, True]
    assert scaled["correct_strict"].tolist() == [True, False, False]
    search = pd.DataFrame(trials).assign(network="seed_0", scaling_factor=[30, 40, 40])
    curve = refined_trials.accuracy_of_search(STRICT, search, refined)
    assert curve.scaling_factor.tolist() == [30, 40]
    assert curve.accuracy.tolist() == [1, 1]
    assert curve.accuracy_strict.tolist() == [1, 0]
    np.testing.assert_array_equal(search.output_max, trials["output_max"])  # as it was


def test_the_rows_of_a_step_have_its_networks_in_their_order(trained):
    n = trained.model.n_units
    gains = UnitGains(np.ones(n), np.zeros(n))
    model = replace(trained.model, output_factor=2.0, output_offset=0.5, unit_gains=gains)
    of_b = found(0.9, 0.8, factor=0.5, offset=-0.4, scaling_factor=35.0, on_edge=True)
    networks = {
        "b": step(model, of_b),
        "a": step(trained.model, found(0.7, 0.6, factor=0.25, offset=0.1)),
    }
    fresh = {
        "a": {"correct": np.array([True, False]), "correct_strict": np.array([False, False])},
        "b": {"correct": np.ones(4, bool), "correct_strict": np.array([1, 1, 1, 0], bool)},
        "c": {"correct": np.zeros(1, bool), "correct_strict": np.zeros(1, bool)},
    }
    rows = refined_trials.rows_of_step("gains", networks, fresh)
    columns = [
        *("network", "step", "scaling_factor", "output_factor", "output_offset", "has_unit_gains"),
        *("on_edge", "search_accuracy", "search_strict"),
        *("held_out_accuracy", "held_out_strict", "held_out_trials"),
    ]
    assert [list(row) for row in rows] == [columns, columns]
    assert [list(row.values()) for row in rows] == [
        ["b", "gains", 35.0, 1.0, pytest.approx(0.3), True, True, 0.9, 0.8, 1.0, 0.75, 4],
        ["a", "gains", 40.0, 0.25, 0.1, False, False, 0.7, 0.6, 0.5, 0.0, 2],
    ]
    assert refined_trials.rows_of_step("gains", {}, fresh) == []
