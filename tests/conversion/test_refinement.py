"""The refinement: factor and offset of the output, from trials that were simulated without them."""

import re
from dataclasses import replace

import numpy as np
import pytest

from rate2spike.conversion import (
    OUTPUT_FACTORS,
    OUTPUT_OFFSETS,
    SearchTrials,
    Simulation,
    deepest_in_plateau,
    refine,
    scaled_response,
    score_network,
    to_spiking,
)
from rate2spike.conversion.scored_trials import run_trials, trials_of
from rate2spike.tasks import BUILT_IN, Response

GO_NOGO = BUILT_IN["go-nogo"]
ONE = OUTPUT_FACTORS.index(1)
NONE = OUTPUT_OFFSETS.index(0)  # no offset


def trials(go, nogo, *, low=0.0):
    """Go and NoGo trials whose outputs rise to these values, and fall to `low`."""
    label = np.array([1] * len(go) + [0] * len(nogo))
    maximum = np.array([*go, *nogo], dtype=np.float32)
    return SearchTrials(label, Response(maximum, np.full_like(maximum, low)))


# The choice of the cell ---------------------------------------------------------------------------


def table(rows):
    """A table of scores, a letter a cell: `#` is the best, `+` as good, a dot is bad; the middle of
    the row is output factor 1."""
    value = {"#": 2.0, "+": 1.98, ".": 1.0}
    n_columns = len(OUTPUT_FACTORS)
    scores = np.full((len(rows), n_columns), 1.0)
    for i, row in enumerate(rows):
        begin = ONE - len(row) // 2
        scores[i, begin : begin + len(row)] = [value[cell] for cell in row]
    return scores


RIDGE_AND_PLATEAU = """
###########
...........
....+++....
....+++....
....+++....
...........
"""
CROSS_AND_SQUARE = """
...........
.....#..+++
....###.+++
.....#..+++
...........
"""


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        (["#......", "...+++.", "...+++.", "...+++.", "......."], (2, 1)),  # not the best cell
        (RIDGE_AND_PLATEAU.split(), (3, 0)),  # the ridge is higher, and has more cells
        (CROSS_AND_SQUARE.split(), (2, 4)),  # a cell outside at a corner is nearer than two steps
        (["+++++", "+++++", "#++++", "....."], (1, 0)),  # beyond the table counts as outside
        ([".....", "+++++", "+++++", "#++++"], (2, 0)),
        (["+++++++"], (0, 0)),
        (["++#+++"], (0, -1)),  # as far from outside, but the higher score
        (["....+", "#...."], (1, -2)),
        (["....+", "..+.."], (1, 0)),  # then the output factor nearest to 1
        (["#+.##"], (0, 1)),
        (["#", ".", "#"], (0, 0)),  # equal in all else: the smaller scaling factor
    ],
)
def test_the_cell_deepest_inside_is_taken(rows, chosen):
    row, column = deepest_in_plateau(table(rows))
    assert (row, column - ONE) == chosen


def test_beyond_the_smallest_and_largest_output_factor_counts_as_outside():
    scores = np.full((4, len(OUTPUT_FACTORS)), 1.0)
    scores[:, :3] = scores[:, -4:] = 1.5
    assert deepest_in_plateau(scores) == (1, len(OUTPUT_FACTORS) - 3)  # the one nearer to 1
    scores[:, -4:] = 1.47  # more than 0.02 below the best
    assert deepest_in_plateau(scores) == (1, 1)


def test_a_cell_of_exactly_0_02_less_is_as_good_whatever_its_last_bit():
    scores = np.full((1, len(OUTPUT_FACTORS)), 1.0)
    scores[0, 3:6] = 0.97 + 0.94, 1.0 + 0.93, 0.97 + 0.94
    assert scores[0, 3] < scores[0, 4] - 0.02
    assert deepest_in_plateau(scores) == (0, 4)
    scores[0, 5:8] = 0.97 + 0.94
    assert deepest_in_plateau(scores) == (0, 5)


@pytest.mark.parametrize(("n_rows", "middle"), [(1, 0), (2, 0), (3, 1), (12, 5)])
def test_of_a_table_of_one_value_the_middle_is_taken_and_the_output_as_it_is(n_rows, middle):
    scores = np.full((n_rows, len(OUTPUT_FACTORS)), 1.5)
    assert deepest_in_plateau(scores) == (middle, ONE)
    scores[-1, -1] = 1.51  # within the plateau all the same
    assert deepest_in_plateau(scores) == (middle, ONE)
    scores[:, ONE:] = 1.47  # not all are within it
    assert deepest_in_plateau(scores)[1] < ONE


def by_brute_force(scores):
    """The same cell, each with each."""
    good = scores >= scores.max() - 0.02 - 1e-9
    margin = np.ones(scores.ndim, int)
    margin[0] = len(scores) > 1  # of one scaling factor there is no edge
    padded = np.pad(good, [(width, width) for width in margin])
    outside = np.argwhere(~padded) - margin
    candidates = []
    for cell in np.argwhere(good):
        depth = np.square(outside - cell).sum(axis=1).min()
        score = round(scores[tuple(cell)], 9)
        of_offset = [abs(place - NONE) for place in cell[2:]]
        place = tuple(cell.tolist())
        candidates.append((-depth, -score, of_offset, abs(cell[1] - ONE), place))
    return min(candidates)[-1]


@pytest.mark.parametrize("n_rows", [1, 2, 6])
def test_the_choice_is_that_of_brute_force(n_rows):
    rng = np.random.default_rng(5)
    for _ in range(40):
        smooth = rng.normal(size=(n_rows, len(OUTPUT_FACTORS))).cumsum(axis=1)
        scores = 2 - 0.01 * np.round(np.abs(smooth))
        scores[0, 3] = 0  # not all are as good
        assert deepest_in_plateau(scores) == by_brute_force(scores)


# The same with offsets of the output, a third axis ------------------------------------------------


MIDDLE = (0, ONE, NONE)  # places are counted from here


def blocks(*inside):
    """A table of scores that is good in some blocks, each a first and a last cell."""
    scores = np.full((7, len(OUTPUT_FACTORS), len(OUTPUT_OFFSETS)), 1.0)
    for first, last in inside:
        (a, b, c), (p, q, r) = np.add(first, MIDDLE), np.add(last, MIDDLE)
        scores[a : p + 1, b : q + 1, c : r + 1] = 1.99
    return scores


@pytest.mark.parametrize(
    ("inside", "chosen"),
    [
        # as wide as can be in two axes but thin in the third, against a small block
        ([((0, -9, -4), (6, 8, -4)), ((2, 3, 1), (4, 5, 3))], (3, 4, 2)),
        ([((0, -9, -4), (6, -9, 5)), ((2, 3, 1), (4, 5, 3))], (3, 4, 2)),
        ([((0, -9, -5), (0, 8, 5)), ((2, 3, 1), (4, 5, 3))], (3, 4, 2)),
        # beyond the table counts as outside on each axis
        ([((2, 3, 3), (4, 5, 5))], (3, 4, 4)),
        ([((2, 3, -5), (4, 5, -3))], (3, 4, -4)),
        ([((2, -1, 4), (4, 1, 5)), ((2, 4, -1), (4, 6, 1))], (3, 5, 0)),
        # of equals the offset nearest to 0, whatever the output factor
        ([((3, 0, 2), (3, 0, 2)), ((3, 6, -1), (3, 6, -1))], (3, 6, -1)),
        ([((3, 0, 2), (3, 0, 3))], (3, 0, 2)),
        ([((3, 0, -3), (3, 0, -2))], (3, 0, -2)),
        # then the output factor nearest to 1, whatever the scaling factor
        ([((1, 3, 2), (1, 3, 2)), ((5, -2, -2), (5, -2, -2))], (5, -2, -2)),
        # then the smaller scaling factor
        ([((4, 2, -1), (5, 2, -1)), ((6, -2, 1), (6, -2, 1))], (4, 2, -1)),
    ],
)
def test_the_deepest_of_three_axes_is_taken(inside, chosen):
    found = deepest_in_plateau(blocks(*inside))
    assert tuple(np.subtract(found, MIDDLE)) == chosen


def test_the_higher_score_comes_before_the_smaller_change():
    scores = blocks(((3, 0, 0), (3, 0, 0)))
    assert deepest_in_plateau(scores) == (3, ONE, NONE)
    scores[1, 2, 3] = 2.0
    assert deepest_in_plateau(scores) == (1, 2, 3)


@pytest.mark.parametrize(("n_rows", "middle"), [(1, 0), (2, 0), (3, 1), (12, 5)])
def test_where_all_cells_are_as_good_the_output_has_no_offset(n_rows, middle):
    scores = np.full((n_rows, len(OUTPUT_FACTORS), len(OUTPUT_OFFSETS)), 1.5)
    scores[-1, -1, -1] = 1.51
    assert deepest_in_plateau(scores) == (middle, ONE, NONE)
    scores[:, :, NONE:] = 1.47  # not all are within the plateau
    assert deepest_in_plateau(scores)[2] < NONE


@pytest.mark.parametrize("n_rows", [1, 2, 4])
def test_the_choice_of_three_axes_is_that_of_brute_force(n_rows):
    rng = np.random.default_rng(6)
    for _ in range(12):
        smooth = rng.normal(size=(n_rows, len(OUTPUT_FACTORS), len(OUTPUT_OFFSETS)))
        smooth = smooth.cumsum(axis=1).cumsum(axis=2) / 2
        scores = 2 - 0.005 * np.round(np.abs(smooth))
        scores[0, 3, 3] = 0
        assert deepest_in_plateau(scores) == by_brute_force(scores)


# Trials scored again ------------------------------------------------------------------------------


def score(task, label, response, factor, offset):
    """Accuracy and strict accuracy with the output plus an offset, times a factor, trial by
    trial."""
    right = []
    for i in range(len(label)):
        maximum, minimum = ((extreme[[i]] + offset) * factor for extreme in response)
        one = Response(maximum, minimum)
        right.append([s(label[[i]], one)[0] for s in (task.correct_spiking, task.correct_strict)])
    return np.mean(right, axis=0)


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_it_is_the_best_of_all_triples_by_brute_force(shift):
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, 20)
    by_factor = {}
    for factor in (30.0, 10.0, 20.0):
        size = 40 / factor * (0.2 + label + rng.normal(0, 0.15, 20))
        maximum, minimum = size + shift, shift - 0.6 * np.abs(size)
        response = Response(np.float32(maximum), np.float32(minimum))
        by_factor[factor] = SearchTrials(label, response)
    scores, found = np.empty((3, len(OUTPUT_FACTORS), len(OUTPUT_OFFSETS))), {}
    for cell in np.ndindex(scores.shape):
        triple = (10.0, 20.0, 30.0)[cell[0]], OUTPUT_FACTORS[cell[1]], OUTPUT_OFFSETS[cell[2]]
        accuracy, strict = score(GO_NOGO, *by_factor[triple[0]], *triple[1:])
        scores[cell] = accuracy + strict
        found[cell] = (*triple, accuracy, strict)
    chosen = by_brute_force(scores)
    refined = refine(GO_NOGO, by_factor)
    assert refined[:5] == pytest.approx(found[chosen])
    ends = [place in (0, n - 1) for place, n in zip(chosen, scores.shape, strict=True)]
    assert refined.on_edge == any(ends)


def test_outputs_three_times_too_large_are_made_smaller():
    large = trials([3.0] * 5, [0.9] * 5)  # Go is right, NoGo is not
    refined = refine(GO_NOGO, {40.0: trials([0], [0]), 50.0: large, 60.0: trials([0], [0])})
    assert (refined.scaling_factor, refined.accuracy, refined.strict) == (50, 1, 1)
    # 0.7 / 3 < g < 0.3 / 0.9: 2^-2 = 0.25 and 2^-1.75 = 0.297; the one nearer to 1
    assert (refined.output_factor, refined.output_offset) == (2**-1.75, 0)
    assert not refined.on_edge


@pytest.mark.parametrize("sign", [1, -1])
def test_outputs_that_lie_too_high_or_too_low_are_moved(sign):
    """By no factor alone is every trial right: 1.2 g > 0.7 and 0.6 g < 0.3."""
    high = trials([1.2] * 5, [0.6] * 5, low=0.3)
    low = trials([0.4] * 5, [-0.2] * 5, low=-0.5)
    assert max(sum(score(GO_NOGO, *high, g, 0.0)) for g in OUTPUT_FACTORS) < 2
    assert max(sum(score(GO_NOGO, *low, g, 0.0)) for g in OUTPUT_FACTORS) < 2
    refined = refine(GO_NOGO, {40.0: high if sign > 0 else low})
    assert (refined.accuracy, refined.strict) == (1, 1)
    assert np.sign(refined.output_offset) == -sign


def test_strict_scoring_counts():
    # it falls below -0.7, too: right by the published scoring alone, unless the output is smaller
    # or moved; here it falls so far that nothing helps
    refined = refine(GO_NOGO, {40.0: trials([0.9] * 4, [], low=-2.2)})
    assert (refined.accuracy, refined.strict) == (1, 0)
    far = trials([1.1] * 4, [], low=-1.2)
    assert score(GO_NOGO, *far, 1, 0).tolist() == [1, 0]
    refined = refine(GO_NOGO, {40.0: far})
    assert (refined.accuracy, refined.strict) == (1, 1)
    assert refined.output_factor < 1
    assert refined.output_offset > 0


@pytest.mark.parametrize(
    ("by_factor", "on_edge"),
    [
        ({40.0: trials([1], [0.1])}, False),  # of one scaling factor there is no edge
        ({40.0: trials([1], [0.1]), 50.0: trials([0], [0])}, True),
        ({40.0: trials([0], [0]), 50.0: trials([1], [0.1]), 60.0: trials([0], [0])}, False),
        ({40.0: trials([0.18], [0.074])}, True),  # four times it is 0.72
        ({40.0: trials([11.6], [4.7])}, True),  # a sixteenth
        ({40.0: trials([1], [0.7], low=0.7)}, True),  # with an offset of -0.5 alone
        ({40.0: trials([-0.25], [-0.6], low=-0.6)}, True),  # of 0.5
        ({40.0: trials([1.1], [0.65], low=0.65)}, False),  # of -0.4 besides
    ],
)
def test_what_is_at_the_edge_of_its_grid_is_told(by_factor, on_edge):
    refined = refine(GO_NOGO, by_factor)
    assert refined.accuracy == 1
    assert refined.on_edge == on_edge


def test_a_task_of_a_user_scores_its_own_trials():
    def right(label, o):
        return (o.maximum > 5) == (label == 3)

    def upright(label, o):
        return right(label, o) & (o.minimum > -1)

    own = replace(GO_NOGO, name="own", correct_spiking=right, correct_strict=upright)
    label = np.array([3, 4, 3, 4])
    response = Response(np.array([8.0, 5.9, 8, 5.9]), np.array([-1.0, -1.05, -1, -1.05]))
    refined = refine(own, {25.0: SearchTrials(label, response)})
    # above 5 / 8 the answer 3 is seen, below 5 / 5.9 the answer 4: 2^-0.5 and, nearer to 1, 2^-0.25
    assert refined == (25, 2**-0.25, 0, 1, 1, False)


@pytest.mark.parametrize(
    ("by_factor", "said"),
    [
        ({}, "trials: expected those of one scaling factor or more, got none"),
        ({0.0: trials([1], [0])}, "scaling_factor: expected a number > 0, got 0.0"),
    ],
)
def test_trials_without_a_factor_are_refused(by_factor, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        refine(GO_NOGO, by_factor)


def of_arrays(label, maximum, minimum):
    return SearchTrials(np.array(label), Response(np.array(maximum), np.array(minimum)))


SHAPES = "expected label, maximum and minimum of shape (n_trials,), one trial or more, got"
FINITE = "expected finite numbers, got NaN or infinity"


@pytest.mark.parametrize(
    ("of_factor", "said"),
    [
        (of_arrays([], [], []), f"{SHAPES} (0,), (0,), (0,)"),
        (of_arrays([1, 0], [0.9], [0.0]), f"{SHAPES} (2,), (1,), (1,)"),
        (of_arrays([1, 0], [0.9, 0.1], [0.0]), f"{SHAPES} (2,), (2,), (1,)"),
        (of_arrays(1, 0.9, 0.0), f"{SHAPES} (), (), ()"),
        (of_arrays([1, 0], [0.9, np.nan], [0, 0]), f"maximum: {FINITE}"),
        (of_arrays([1, 0], [0.9, 0.1], [-np.inf, 0]), f"minimum: {FINITE}"),
        (of_arrays([1, np.nan], [0.9, 0.1], [0, 0]), f"label: {FINITE}"),
    ],
)
def test_trials_that_cannot_be_scored_are_refused(of_factor, said):
    said = re.escape(f"trials at scaling factor 45.0: {said}")
    with pytest.raises(ValueError, match=f"^{said}$"):
        refine(GO_NOGO, {40.0: trials([1], [0]), 45.0: of_factor})


# The same as simulating ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "offset"), [(2**-1.25, 0.0), (2.0, 0.0), (1.0, 0.3), (2.0, -0.4)]
)
def test_the_output_of_a_network_is_that_without_moved_and_multiplied(trained, factor, offset):
    simulation, numbers = Simulation(GO_NOGO, 4, device="cpu"), np.arange(4)
    drawn = trials_of(simulation, "net", 35.0, numbers)
    plain = run_trials(simulation, trained.model, "net", 35.0, drawn, numbers)
    scaled = replace(trained.model, output_factor=factor, output_offset=offset)
    other = run_trials(simulation, scaled, "net", 35.0, drawn, numbers)
    expected = scaled_response(Response(plain.maximum, plain.minimum), factor, offset)
    assert np.array_equal(other.spike_counts, plain.spike_counts)
    for found, before, by_hand in (
        (other.maximum, plain.maximum, expected.maximum),
        (other.minimum, plain.minimum, expected.minimum),
    ):
        np.testing.assert_allclose(by_hand, factor * (before + offset), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found, by_hand, rtol=1e-5, atol=1e-6)
        assert by_hand.dtype == np.float32


def test_the_score_at_output_factor_one_without_an_offset_is_that_of_the_search(trained):
    simulation = Simulation(GO_NOGO, 4, device="cpu")
    rows = score_network(simulation, trained.model, "net", 35.0, 12)
    response = Response(rows["output_max"], rows["output_min"])
    unchanged = scaled_response(response, OUTPUT_FACTORS[ONE], OUTPUT_OFFSETS[NONE])
    assert np.array_equal(GO_NOGO.correct_spiking(rows["label"], unchanged), rows["correct"])
    assert np.array_equal(GO_NOGO.correct_strict(rows["label"], unchanged), rows["correct_strict"])


def test_the_readout_alone_is_multiplied(trained):
    plain = to_spiking(trained.model, 35)
    network = to_spiking(replace(trained.model, output_factor=0.5), 35)
    assert np.array_equal(network.w_out, 0.5 * plain.w_out)
    for name in ("w_rec", "w_in", "tau_decay_ms"):
        assert np.array_equal(getattr(network, name), getattr(plain, name))
    assert (network.output_factor, plain.output_factor) == (0.5, 1)
    assert network.output_offset == plain.output_offset == 0
    with pytest.raises(ValueError, match="output_factor: expected a number > 0, got 0"):
        replace(trained.model, output_factor=0)


def test_the_offset_is_of_the_output_alone_and_comes_before_the_factor(trained):
    plain = to_spiking(trained.model, 35)
    network = to_spiking(replace(trained.model, output_factor=0.5, output_offset=-0.25), 35)
    assert (network.output_offset, network.offset_of_output) == (-0.25, -0.125)
    assert np.array_equal(network.w_out, 0.5 * plain.w_out)
    for name in ("w_rec", "w_in", "tau_decay_ms"):
        assert np.array_equal(getattr(network, name), getattr(plain, name))
    assert (network.bias_mv, network.output_factor) == (None, 0.5)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=f"output_offset: expected a number, got {bad}"):
            replace(trained.model, output_offset=bad)
        with pytest.raises(ValueError, match="output_offset: expected finite numbers, got NaN"):
            replace(network, output_offset=bad)
