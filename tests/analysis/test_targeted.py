"""Targeted dimensionality reduction: mixtures that are known by construction come out again."""

import numpy as np
import pytest

from rate2spike.analysis import targeted

N_UNITS, N_TIMES = 40, 8
# of each variable over time
COURSE = (
    np.array(
        [[0, 1, 2, 3, 4, 5, 6, 7], [1, 3, 5, 4, 3, 2, 1, 0], [0, 1, 2, 5, 2, 1, 0, 0], 8 * [2]]
    )
    / 5
)


class Data:
    """Trials of ten offsets in two contexts; each variable drives the units along its own direction
    with its own course."""

    def __init__(self, noise: float = 0.0, seed: int = 0):
        rng = np.random.default_rng(seed)
        offsets = np.r_[-5:0, 1:6] / 5
        grid = np.stack(
            np.meshgrid(offsets, offsets, [1, -1], [0, 1], indexing="ij"), axis=-1
        ).reshape(-1, 4)
        choice = np.sign(np.where(grid[:, 2] == 1, grid[:, 0], grid[:, 1]))
        self.variables = np.column_stack([choice, grid[:, :3]])
        # (n_units, 4), orthonormal
        self.directions = np.linalg.qr(rng.normal(size=(N_UNITS, 4)))[0]
        self.responses = np.einsum("kv,iv,vt->kit", self.variables, self.directions, COURSE)
        self.responses += noise * rng.normal(size=self.responses.shape)
        _, inverse = np.unique(grid[:, :3], axis=0, return_inverse=True)
        self.conditions = inverse.ravel()

    def axes(self, responses=None) -> targeted.TargetedAxes:
        responses = self.responses if responses is None else responses
        averages = targeted.condition_averages(responses, self.conditions, 200)
        return targeted.targeted_axes(targeted.regression(responses, self.variables), averages)


def test_regression_finds_the_coefficients_of_every_unit_and_time():
    data = Data()
    found = targeted.regression(data.responses + 3, data.variables)  # the constant is no variable
    np.testing.assert_allclose(found, np.einsum("iv,vt->vit", data.directions, COURSE), atol=1e-12)


def test_the_axes_are_the_directions_of_the_variables():
    data = Data()
    found = data.axes()
    # sign included: they point to where the variable grows
    np.testing.assert_allclose(found.axes, data.directions, atol=1e-10)
    assert found.strongest.tolist()[:3] == [7, 2, 3]  # where each course is largest
    # four dimensions, twelve components
    np.testing.assert_allclose(found.variance_fraction.sum(), 1)
    np.testing.assert_allclose(found.variance_fraction[4:], 0, atol=1e-20)


def test_noise_turns_the_axes_by_a_few_degrees_only():
    data = Data(noise=0.3)
    found = data.axes()
    degrees = np.rad2deg(np.arccos((found.axes * data.directions).sum(axis=0)))
    assert (degrees < 15).all()
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(4), atol=1e-12)
    raw = targeted.regression(data.responses, data.variables)
    best = raw[np.arange(4), :, found.strongest]
    raw_degrees = np.rad2deg(
        np.arccos((best * data.directions.T).sum(axis=1) / np.linalg.norm(best, axis=1))
    )
    assert degrees[0] < raw_degrees[0]  # what the denoising is for


def test_an_axis_is_taken_where_what_is_left_of_the_noise_is_largest():
    """A coefficient in a direction that is none of the averages' first twelve is noise."""
    data, rng = Data(), np.random.default_rng(5)
    averages = targeted.condition_averages(data.responses, data.conditions, 200)
    more = np.linalg.qr(np.column_stack([data.directions, rng.normal(size=(N_UNITS, 9))]))[0][:, 4:]
    averages += np.einsum("iv,cvt->cit", more[:, :8], rng.normal(size=(200, 8, N_TIMES)))
    coefficients = targeted.regression(data.responses, data.variables)
    coefficients[1, :, 6] += 50 * more[:, 8]
    found = targeted.targeted_axes(coefficients, averages)
    assert found.strongest.tolist()[:3] == [7, 2, 3]
    np.testing.assert_allclose(found.axes, data.directions, atol=1e-9)


def test_overlapping_directions_are_made_orthogonal_in_the_order_of_the_variables():
    data = Data()
    mixing = np.array([[1, 0.6, 0, 0.2], [0, 0.8, 0.5, 0], [0, 0, 0.8, 0], [0, 0, 0, 1]])
    directions = data.directions @ mixing
    responses = np.einsum("kv,iv,vt->kit", data.variables, directions, COURSE)
    axes = data.axes(responses).axes
    np.testing.assert_allclose(axes[:, 0], directions[:, 0], atol=1e-10)  # choice as it is
    np.testing.assert_allclose(axes, data.directions, atol=1e-10)  # the rest less what comes before


def test_projections_are_the_variables_in_their_order():
    data = Data()
    axes = data.axes().axes
    averages = targeted.condition_averages(data.responses, data.conditions, 200)
    states = targeted.projections(averages, axes)
    assert states.shape == (200, 4, N_TIMES)
    of_condition = np.array([data.variables[data.conditions == c][0] for c in range(200)])
    np.testing.assert_allclose(states, of_condition[:, :, None] * COURSE, atol=1e-10)


def test_condition_averages_with_a_condition_that_never_came():
    responses = np.arange(12.0).reshape(3, 2, 2)
    found = targeted.condition_averages(responses, [2, 0, 2], 3)
    np.testing.assert_array_equal(found[0], responses[1])
    np.testing.assert_array_equal(found[2], (responses[0] + responses[2]) / 2)
    assert np.isnan(found[1]).all()


def test_z_scores_have_mean_0_and_sd_1_over_trials_and_times():
    rng = np.random.default_rng(1)
    # units of different means and SDs, with a course in time that all their trials share
    course = 20 * np.sin(np.arange(6)) * np.array([1, 2, 3, 4])[:, None]
    responses = 3 * rng.normal(size=(30, 4, 6)) + course + np.array([5, 0, -3, 40])[:, None]
    responses[:, 2] = 0.1  # a unit that never changes
    z = targeted.z_scored(responses)
    mean, sd = responses[:, 3].mean(), responses[:, 3].std()  # of all trials and times of a unit
    np.testing.assert_allclose(z[:, 3], (responses[:, 3] - mean) / sd, rtol=1e-9)
    assert z[:, 3].mean(axis=0).std() > 0.5  # the course is kept
    changing = z[:, [0, 1, 3]]
    np.testing.assert_allclose(changing.mean(axis=(0, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(changing.std(axis=(0, 2)), 1, rtol=1e-12)
    assert not z[:, 2].any()
    assert not targeted.z_scored(np.zeros((3, 2, 2))).any()


def test_smoothing_is_a_gaussian_of_40_ms_that_keeps_a_constant():
    impulse = np.zeros((2, 41))
    impulse[:, 20] = 1
    found = targeted.smoothed(impulse, step_ms=10)
    gaussian = np.exp(-0.5 * (10 * np.arange(-8, 9) / 40) ** 2) * 10 / (40 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(found[:, 12:29], np.stack([gaussian, gaussian]), rtol=2e-3)
    np.testing.assert_allclose(targeted.smoothed(np.full((3, 5), 2.0), 50), 2, rtol=1e-12)


def test_t_values_are_those_of_ordinary_least_squares():
    data = Data()
    noise = np.random.default_rng(2).normal(size=len(data.variables))
    response = 2 * data.variables[:, 1] - data.variables[:, 3] + noise
    x = np.column_stack([data.variables, np.ones(len(noise))])
    b = np.linalg.solve(x.T @ x, x.T @ response)
    residual = response - x @ b
    covariance = residual @ residual / (len(x) - 5) * np.linalg.inv(x.T @ x)
    found = targeted.t_values(np.column_stack([response, np.full(len(noise), 0.1)]), data.variables)
    np.testing.assert_allclose(found[:, 0], (b / np.sqrt(np.diag(covariance)))[:4], rtol=1e-9)
    assert not found[:, 1].any()  # a silent unit is selective for nothing


def test_the_example_unit_is_the_most_mixed_of_its_kind():
    # choice, modality 1, modality 2, context
    t = np.array([[99, 0, 0, 0], [9, 3, -8, 7], [9, -4, 9, -6], [1, 5, -7, 5]])
    assert targeted.example_unit(t, np.array([True, True, True, True])) == 2
    # not unit 0: hardly any context
    assert targeted.example_unit(t, np.array([True, True, False, False])) == 1
    # the first of equals
    assert targeted.example_unit(0 * t, np.array([False, False, True, True])) == 2
    with pytest.raises(ValueError, match="at least one unit"):
        targeted.example_unit(t, np.zeros(4, bool))


@pytest.mark.parametrize(
    "keep",
    [
        lambda v: v[:, 3] == 1,  # one context
        lambda v: v[:, 0] == 1,  # one choice
        lambda v: np.arange(len(v)) < 5,  # no trial to spare
        lambda v: np.isin(np.arange(len(v)), [0, 1, 4, 20, 398]),  # nor where they tell apart
        lambda v: v[:, 0] == 9,  # no trial at all
    ],
)
def test_trials_that_do_not_tell_the_variables_apart_are_refused(keep):
    data = Data()
    kept = keep(data.variables)
    assert targeted.tells_apart(data.variables)
    assert not targeted.tells_apart(data.variables[kept])
    if kept.any():
        with pytest.raises(
            ValueError,
            match="do not tell choice, modality 1, modality 2, context and a constant apart",
        ):
            targeted.regression(data.responses[kept], data.variables[kept])


def test_wrong_shapes_are_refused():
    data = Data()
    averages = targeted.condition_averages(data.responses, data.conditions, 200)
    with pytest.raises(
        ValueError, match=r"responses: expected shape \(n_trials, n_units, n_times\)"
    ):
        targeted.regression(data.responses[:, 0], data.variables)
    with pytest.raises(
        ValueError, match=r"variables: expected shape \(400 trials, 4\): choice, .* got \(399, 4\)"
    ):
        targeted.regression(data.responses, data.variables[1:])
    with pytest.raises(ValueError, match=r"conditions: expected shape \(400,\)"):
        targeted.condition_averages(data.responses, data.conditions[1:], 200)
    with pytest.raises(
        ValueError, match=r"averages: expected shape \(n_conditions, n_units, n_times\)"
    ):
        targeted.targeted_axes(np.zeros((4, N_UNITS, N_TIMES)), averages[0])
    with pytest.raises(ValueError, match=r"coefficients: expected shape \(4, n_units, n_times\)"):
        targeted.targeted_axes(np.zeros((4, N_UNITS, N_TIMES - 1)), averages)
    with pytest.raises(ValueError, match="4 units at least"):
        targeted.targeted_axes(np.zeros((4, 3, N_TIMES)), averages[:, :3])


def test_a_missing_condition_is_refused():
    data = Data()
    averages = targeted.condition_averages(data.responses, data.conditions, 201)
    with pytest.raises(
        ValueError,
        match=r"averages: expected a trial of every condition, got none of condition 200",
    ):
        targeted.targeted_axes(targeted.regression(data.responses, data.variables), averages)
