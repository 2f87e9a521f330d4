"""Steps of a refinement: which is kept, and what the table of refined networks says of them."""

from types import SimpleNamespace

import numpy as np
import pytest

from rate2spike.analysis import refined_trials
from rate2spike.analysis.refined_trials import Step
from rate2spike.conversion.refinement import Refined


def step(accuracy, strict, *, output_factor=1.0, of_file=1.0, gains=None, scaling_factor=40.0):
    """A network after a step; of_file: the output factor that its file came with."""
    found = Refined(
        scaling_factor=scaling_factor,
        output_factor=output_factor,
        accuracy=accuracy,
        strict=strict,
        on_edge=False,
    )
    return Step(SimpleNamespace(output_factor=of_file, unit_gains=gains), found, trials=None)


@pytest.mark.parametrize(
    ("before", "after", "is_kept"),
    [
        ((0.9, 0.8), (0.9, 0.81), True),
        ((0.9, 0.8), (0.89, 0.82), True),  # the sum counts
        ((0.9, 0.8), (0.9, 0.8), False),
        ((0.9, 0.8), (0.8, 0.9), False),
        ((0.7, 0.1), (0.1, 0.7 + 1e-12), False),  # more by rounding alone
        ((0.9, 0.8), (0.95, 0.7), False),
        ((1.0, 1.0), (1.0, 1.0), False),
    ],
)
def test_a_step_is_kept_where_more_trials_are_right(before, after, is_kept):
    first, second = step(*before), step(*after)
    assert refined_trials.better(first, second) is (second if is_kept else first)


def test_the_whole_output_factor_is_that_of_the_file_times_what_was_found():
    assert refined_trials.whole_output_factor(step(1, 1, output_factor=0.5, of_file=3.0)) == 1.5


def test_the_rows_of_a_step_have_its_networks_in_their_order():
    networks = {
        "b": step(0.9, 0.8, output_factor=0.5, of_file=2.0, gains="some", scaling_factor=35.0),
        "a": step(0.7, 0.6, output_factor=0.25),
    }
    fresh = {
        "a": {"correct": np.array([True, False]), "correct_strict": np.array([False, False])},
        "b": {"correct": np.ones(4, bool), "correct_strict": np.array([1, 1, 1, 0], bool)},
        "c": {"correct": np.zeros(1, bool), "correct_strict": np.zeros(1, bool)},
    }
    rows = refined_trials.rows_of_step("gains", networks, fresh)
    assert [list(row) for row in rows] == 2 * [refined_trials.REFINED_COLUMNS]
    assert [list(row.values()) for row in rows] == [
        ["b", "gains", 35.0, 1.0, True, False, 0.9, 0.8, 1.0, 0.75, 4],
        ["a", "gains", 40.0, 0.25, False, False, 0.7, 0.6, 0.5, 0.0, 2],
    ]
    assert refined_trials.rows_of_step("gains", {}, fresh) == []
