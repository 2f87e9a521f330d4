"""The refinement of a conversion: one number more for each network, the factor of its output.

The paper's one factor scales recurrent and readout weights alike, so the size of the output follows
from the choice of the dynamics. Here the readout has a factor g of its own:

    w_out_spk = g lambda w_out_rate

The output is linear in w_out, so its extremes in a trial that was simulated at g = 1 are those of
the same trial at any g > 0, times g: the trials of the search are scored again, none is simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..arrays import finite_numbers
from ..tasks.task import Response, Task
from .scaling import check_factor

STEPS_TO_TWICE = 4
# from a sixteenth to four times the output, four steps to each doubling; 1 is among them
OUTPUT_FACTORS = tuple(2 ** (k / STEPS_TO_TWICE) for k in range(-16, 9))
UNCHANGED = OUTPUT_FACTORS.index(1)
PLATEAU = 0.02  # below the best score, what still counts as good
ROUNDING = 1e-9  # sums of shares: 1.98 + 0.02 is not 2


class SearchTrials(NamedTuple):
    """The trials of a network at one scaling factor, its output not rescaled.

    Parameters
    ----------
    label : (n_trials,)
    response : extremes of the output, (n_trials,) each
    """

    label: np.ndarray
    response: Response


class Refined(NamedTuple):
    """What a refinement has found for a network.

    Parameters
    ----------
    scaling_factor : 1/lambda
    output_factor : g, by which the readout weights are multiplied besides
    accuracy : share of correct search trials there, published scoring
    strict : the same, strict scoring
    on_edge : whether one of the two factors is the smallest or largest that was tried, so that a
        better one may lie outside
    """

    scaling_factor: float
    output_factor: float
    accuracy: float
    strict: float
    on_edge: bool


def refine(task: Task, trials: Mapping[float, SearchTrials]) -> Refined:
    """The scaling factor and the output factor of a network, from the trials of its search.

    Each pair of a scaling factor and one of OUTPUT_FACTORS is scored by the sum of accuracy and
    strict accuracy; `deepest_in_plateau` chooses.

    Parameters
    ----------
    task : says which answers are right
    trials : those at each scaling factor

    Returns
    -------
    Refined
        The two factors, and how the trials of the search are answered with them.

    Raises
    ------
    ValueError
        Where there is no scaling factor, or one that is no number > 0; naming the scaling factor
        where it has no trial, arrays of several shapes or a value that is not finite.
    """
    if not trials:
        raise ValueError("trials: expected those of one scaling factor or more, got none")
    for factor, of_factor in trials.items():
        check_factor(factor)
        _check_trials(factor, of_factor)
    factors = sorted(trials)
    accuracy = np.empty((len(factors), len(OUTPUT_FACTORS)))
    strict = np.empty_like(accuracy)
    for row, factor in enumerate(factors):
        label, response = trials[factor]
        for column, output_factor in enumerate(OUTPUT_FACTORS):
            scaled = scaled_response(response, output_factor)
            accuracy[row, column] = np.mean(task.correct_spiking(label, scaled))
            strict[row, column] = np.mean(task.correct_strict(label, scaled))
    row, column = deepest_in_plateau(accuracy + strict)
    at_end = column in (0, len(OUTPUT_FACTORS) - 1)
    if len(factors) > 1:
        at_end = at_end or row in (0, len(factors) - 1)
    return Refined(
        scaling_factor=float(factors[row]),
        output_factor=OUTPUT_FACTORS[column],
        accuracy=float(accuracy[row, column]),
        strict=float(strict[row, column]),
        on_edge=at_end,
    )


def _check_trials(factor: float, trials: SearchTrials) -> None:
    """A NaN would count as a wrong answer, and a single extreme as that of all trials."""
    key = f"trials at scaling factor {factor}"
    label, (maximum, minimum) = trials
    arrays = {"label": label, "maximum": maximum, "minimum": minimum}
    for name, values in arrays.items():
        finite_numbers(f"{key}: {name}", values)
    shapes = [np.shape(values) for values in arrays.values()]
    if shapes != [(np.size(label),)] * 3 or not np.size(label):
        raise ValueError(
            f"{key}: expected label, maximum and minimum of shape (n_trials,), one trial or more, "
            f"got {', '.join(map(str, shapes))}"
        )


def scaled_response(response: Response, output_factor: float) -> Response:
    """The extremes of the output times a factor > 0, in their own precision."""
    return Response(response.maximum * output_factor, response.minimum * output_factor)


def deepest_in_plateau(scores: np.ndarray) -> tuple[int, int]:
    """The cell deepest inside the plateau of a table of scores, not on its edge.

    The plateau is made of all cells within PLATEAU of the best score. Of them it is the one whose
    nearest cell outside is farthest away, by the Euclidean distance in steps of the table; what
    lies beyond the table counts as outside, but not beyond a single scaling factor. Of equals: the
    higher score, then the output factor nearest to 1, then the smaller scaling factor. Where all
    cells are within the plateau nothing speaks for a change: the middle scaling factor (the smaller
    of two) and output factor 1.

    Parameters
    ----------
    scores : (n_scaling_factors, n_output_factors), the factors rising

    Returns
    -------
    tuple
        Row and column.
    """
    inside = scores >= scores.max() - PLATEAU - ROUNDING
    if inside.all():
        return (len(scores) - 1) // 2, UNCHANGED
    margin = int(len(scores) > 1)
    outside = np.argwhere(~np.pad(inside, [(margin, margin), (1, 1)])) - [margin, 1]
    candidates = []
    for row, column in np.argwhere(inside).tolist():
        depth = _squared_distance(row, column, outside)
        score = round(scores[row, column], 9)
        candidates.append((-depth, -score, abs(column - UNCHANGED), row, column))
    *_, row, column = min(candidates)
    return row, column


def _squared_distance(row: int, column: int, cells: np.ndarray) -> float:
    """From a cell to the nearest of others, steps squared, so that equals are equal."""
    return np.square(cells - [row, column]).sum(axis=1).min().item()
