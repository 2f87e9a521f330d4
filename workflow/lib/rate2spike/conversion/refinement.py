"""The refinement of a conversion: factor and offset of the output of each network.

The paper's one factor scales recurrent and readout weights alike, so the size of the output follows
from the choice of the dynamics, and the offset of the rate network's output (b_out) is left out.
Here the output has a factor g and an offset c of its own:

    o = g (lambda w_out_rate r + c)

Nothing is fed back from the output, so its extremes in a trial that was simulated without them are
those of the same trial with them, moved and multiplied: the trials of the search are scored again,
none is simulated.
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
OUTPUT_OFFSETS = tuple(k / 10 for k in range(-5, 6))  # before the factor
# what changes nothing, by the axis of a table of scores (the first has the scaling factors)
UNCHANGED = {1: OUTPUT_FACTORS.index(1), 2: OUTPUT_OFFSETS.index(0)}
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
    output_factor : g, by which the output is multiplied
    output_offset : c, what is added to the output before
    accuracy : share of correct search trials there, published scoring
    strict : the same, strict scoring
    on_edge : whether one of the three is the smallest or largest that was tried, so that a better
        one may lie outside
    """

    scaling_factor: float
    output_factor: float
    output_offset: float
    accuracy: float
    strict: float
    on_edge: bool


def refine(task: Task, trials: Mapping[float, SearchTrials]) -> Refined:
    """The scaling factor of a network, and factor and offset of its output, from the trials of its
    search.

    Each combination of a scaling factor, one of OUTPUT_FACTORS and one of OUTPUT_OFFSETS is scored
    by the sum of accuracy and strict accuracy; `deepest_in_plateau` chooses.

    Parameters
    ----------
    task : says which answers are right
    trials : those at each scaling factor

    Returns
    -------
    Refined
        What was found, and how the trials of the search are answered with it.

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
    shape = (len(factors), len(OUTPUT_FACTORS), len(OUTPUT_OFFSETS))
    accuracy, strict = np.empty(shape), np.empty(shape)
    for cell in np.ndindex(shape):
        label, response = trials[factors[cell[0]]]
        scaled = scaled_response(response, OUTPUT_FACTORS[cell[1]], OUTPUT_OFFSETS[cell[2]])
        accuracy[cell] = np.mean(task.correct_spiking(label, scaled))
        strict[cell] = np.mean(task.correct_strict(label, scaled))
    chosen = deepest_in_plateau(accuracy + strict)
    at_ends = [
        n_values > 1 and place in (0, n_values - 1)
        for place, n_values in zip(chosen, shape, strict=True)
    ]
    return Refined(
        scaling_factor=float(factors[chosen[0]]),
        output_factor=OUTPUT_FACTORS[chosen[1]],
        output_offset=OUTPUT_OFFSETS[chosen[2]],
        accuracy=float(accuracy[chosen]),
        strict=float(strict[chosen]),
        on_edge=any(at_ends),
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


def scaled_response(
    response: Response, output_factor: float, output_offset: float = 0.0
) -> Response:
    """The extremes of the output moved by an offset, then times a factor > 0, in their own
    precision."""
    return Response(
        (response.maximum + output_offset) * output_factor,
        (response.minimum + output_offset) * output_factor,
    )


def deepest_in_plateau(scores: np.ndarray) -> tuple[int, ...]:
    """The cell deepest inside the plateau of a table of scores, not on its edge.

    The plateau is made of all cells within PLATEAU of the best score. Of them it is the one whose
    nearest cell outside is farthest away, by the Euclidean distance in steps of the table; what
    lies beyond the table counts as outside, but not beyond a single scaling factor. Of equals: the
    higher score, then the offset nearest to 0, the output factor nearest to 1, and the smaller
    scaling factor. Where all cells are within the plateau nothing speaks for a change: the middle
    scaling factor (the smaller of two), output factor 1 and no offset.

    Parameters
    ----------
    scores : (n_scaling_factors, n_output_factors, n_output_offsets), all rising; the last axis can
        be left out

    Returns
    -------
    tuple
        The place on each axis.
    """
    inside = scores >= scores.max() - PLATEAU - ROUNDING
    unchanged = [UNCHANGED[axis] for axis in range(1, scores.ndim)]
    if inside.all():
        return ((len(scores) - 1) // 2, *unchanged)
    from scipy.ndimage import distance_transform_edt  # here: most jobs import this file for less

    margins = [int(len(scores) > 1)] + [1] * (scores.ndim - 1)
    padded = np.pad(inside, [(margin, margin) for margin in margins])
    depths = distance_transform_edt(padded)
    candidates = []
    for cell in np.argwhere(inside):
        depth = round(depths[tuple(cell + margins)] ** 2)  # steps squared, so that equals are equal
        changes = [abs(place - same) for place, same in zip(cell[1:], unchanged, strict=True)]
        place = tuple(cell.tolist())
        candidates.append((-depth, -round(scores[place], 9), changes[::-1], place))
    return min(candidates)[-1]
