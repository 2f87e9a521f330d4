"""Targeted dimensionality reduction: the state of a network along axes of choice, both modalities
and context.

After Mante, Sussillo, Shenoy & Newsome, Nature 503, 78-84 (2013), Supplementary Information. With
r_it(k) the z-scored response of unit i at time t in trial k, and x_ct the vector of the units' mean
responses in condition c,

    r_it(k) = b_it1 choice(k) + b_it2 modality1(k) + b_it3 modality2(k) + b_it4 context(k) + b_it5      by least squares
    D = sum_a v_a v_a'                      v_a: the first 12 principal components of x_ct over conditions and times
    b_v = D b_vt                            at the time t where |D b_vt| is largest, for each variable v
    [b_1 b_2 b_3 b_4] = Q R                 the axes are the columns of Q
    p_vct = q_v' x_ct                       the state of the network along axis v

Choice and context are +1 or -1, the modalities their offsets divided by the largest. Plain arrays
in, plain arrays out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

VARIABLES = ("choice", "modality 1", "modality 2", "context")
N_COMPONENTS = 12
SMOOTHING_MS = 40.0  # SD of the Gaussian


def smoothed(responses, step_ms: float) -> np.ndarray:
    """Responses (..., n_times) convolved with a Gaussian of 40 ms; near the ends it weighs the
    times there are."""
    n_times = np.shape(responses)[-1]
    distance_ms = step_ms * (np.arange(n_times)[:, None] - np.arange(n_times))
    weights = np.exp(-0.5 * (distance_ms / SMOOTHING_MS) ** 2)
    return responses @ (weights / weights.sum(axis=0))


def z_scored(responses) -> np.ndarray:
    """Responses (n_trials, n_units, n_times), each unit's less its mean and divided by its SD over
    trials and times; a unit that never changes is 0."""
    responses = _three_dimensional("responses", responses)
    mean, sd = responses.mean(axis=(0, 2), keepdims=True), responses.std(axis=(0, 2), keepdims=True)
    still = sd <= 1e-12 * np.abs(mean)  # rounding leaves an SD of 1e-17 where 0 is meant
    return np.where(still, 0.0, (responses - mean) / np.where(still, 1.0, sd))


def tells_apart(variables) -> bool:
    """Whether the trials, rows of choice, modality 1, modality 2, context, are enough to tell the
    four and a constant apart."""
    predictors = _predictors(variables, len(variables))
    return (
        len(predictors) > predictors.shape[1]
        and np.linalg.matrix_rank(predictors) == predictors.shape[1]
    )


def regression(responses, variables) -> np.ndarray:
    """Coefficients (4, n_units, n_times) of choice, modality 1, modality 2 and context, for each
    unit and time by itself.

    responses: (n_trials, n_units, n_times); variables: (n_trials, 4). Raises ValueError for other
    shapes and where the trials do not tell the variables apart, as when all are of one context.
    """
    responses = _three_dimensional("responses", responses)
    predictors = _telling(variables, len(responses))
    coefficients = np.linalg.lstsq(predictors, responses.reshape(len(responses), -1), rcond=None)[0]
    return coefficients[:-1].reshape(-1, *responses.shape[1:])


def t_values(responses, variables) -> np.ndarray:
    """t (4, n_units) of the same regression on one number of each trial and unit, (n_trials,
    n_units): b / SE(b).

    A unit that never changes has t = 0. Raises ValueError as `regression` does.
    """
    responses = np.asarray(responses, dtype=float)
    predictors = _telling(variables, len(responses))
    coefficients = np.linalg.lstsq(predictors, responses, rcond=None)[0]
    residual = ((responses - predictors @ coefficients) ** 2).sum(axis=0) / (
        len(predictors) - predictors.shape[1]
    )
    error = np.sqrt(np.outer(np.diag(np.linalg.inv(predictors.T @ predictors)), residual))
    still = responses.std(axis=0) <= 1e-12 * np.abs(responses).max(axis=0)
    return np.where(still, 0.0, coefficients / np.where(error > 0, error, 1.0))[:-1]


def example_unit(t, among) -> int:
    """The unit of the most mixed selectivity: the largest minimum of |t| over modality 1, modality
    2 and context.

    t: (4, n_units); among: (n_units,) bool, the units to choose from. Raises ValueError where there
    are none.
    """
    if not np.any(among):
        raise ValueError("example_unit: expected at least one unit to choose from, got none")
    mixed = np.abs(np.asarray(t)[1:]).min(axis=0)
    return int(np.argmax(np.where(among, mixed, -1.0)))


def condition_averages(responses, conditions, n_conditions: int) -> np.ndarray:
    """Mean responses (n_conditions, n_units, n_times) of the trials of each condition, NaN where a
    condition has none.

    responses: (n_trials, n_units, n_times); conditions: whole numbers (n_trials,) below
    n_conditions.
    """
    responses, conditions = _three_dimensional("responses", responses), np.asarray(conditions)
    if conditions.shape != responses.shape[:1]:
        raise ValueError(
            f"conditions: expected shape ({len(responses)},), one number a trial, got {conditions.shape}"
        )
    averages = np.full((n_conditions, *responses.shape[1:]), np.nan)
    for condition in np.unique(conditions):
        averages[condition] = responses[conditions == condition].mean(axis=0)
    return averages


class TargetedAxes(NamedTuple):
    """axes (n_units, 4), orthonormal, in the order of `VARIABLES`; strongest (4,): index of the
    time each was taken from; variance_fraction (n_components,): share of each denoising component
    in the variance of the averages."""

    axes: np.ndarray
    strongest: np.ndarray
    variance_fraction: np.ndarray


def targeted_axes(coefficients, averages) -> TargetedAxes:
    """The orthogonal axes of choice, modality 1, modality 2 and context, each pointing to where its
    variable grows.

    coefficients: (4, n_units, n_times), see `regression`; averages: (n_conditions, n_units,
    n_times), see `condition_averages`. Raises ValueError for other shapes, and for a condition
    without a trial (NaN).
    """
    coefficients, averages = (
        np.asarray(coefficients, dtype=float),
        _three_dimensional("averages", averages),
    )
    n_units = averages.shape[1]
    if n_units < len(VARIABLES) or coefficients.shape != (len(VARIABLES), *averages.shape[1:]):
        raise ValueError(
            f"coefficients: expected shape (4, n_units, n_times) of the averages {averages.shape}, 4 units at least, "
            f"got {coefficients.shape}"
        )
    missing = np.flatnonzero(np.isnan(averages).any(axis=(1, 2)))
    if len(missing):
        raise ValueError(
            f"averages: expected a trial of every condition, got none of condition {missing[0]} (0-based)"
        )
    states = averages.transpose(1, 0, 2).reshape(n_units, -1)
    components, singular, _ = np.linalg.svd(
        states - states.mean(axis=1, keepdims=True), full_matrices=False
    )
    components = components[:, :N_COMPONENTS]
    denoised = components @ (components.T @ coefficients)
    strongest = np.linalg.norm(denoised, axis=1).argmax(axis=1)
    q, r = np.linalg.qr(np.stack([denoised[v, :, t] for v, t in enumerate(strongest)], axis=1))
    fraction = singular[:N_COMPONENTS] ** 2 / max((singular**2).sum(), np.finfo(float).tiny)
    return TargetedAxes(q * np.where(np.diag(r) < 0, -1.0, 1.0), strongest, fraction)


def projections(averages, axes) -> np.ndarray:
    """States (n_conditions, n_axes, n_times) of averages (n_conditions, n_units, n_times) along
    axes (n_units, n_axes)."""
    return np.asarray(axes).T @ np.asarray(averages)


def _three_dimensional(name: str, array) -> np.ndarray:
    array = np.asarray(array, dtype=float)
    if array.ndim != 3 or 0 in array.shape:
        first = "n_conditions" if name == "averages" else "n_trials"
        raise ValueError(
            f"{name}: expected shape ({first}, n_units, n_times), none of them 0, got {array.shape}"
        )
    return array


def _predictors(variables, n_trials: int) -> np.ndarray:
    """The variables and a constant, (n_trials, 5)."""
    variables = np.asarray(variables, dtype=float)
    if variables.shape != (n_trials, len(VARIABLES)):
        raise ValueError(
            f"variables: expected shape ({n_trials} trials, 4): {', '.join(VARIABLES)}; got {variables.shape}"
        )
    return np.column_stack([variables, np.ones(n_trials)])


def _telling(variables, n_trials: int) -> np.ndarray:
    predictors = _predictors(variables, n_trials)
    if not tells_apart(variables):
        raise ValueError(
            f"variables: the {n_trials} trials do not tell {', '.join(VARIABLES)} and a constant apart"
        )
    return predictors
