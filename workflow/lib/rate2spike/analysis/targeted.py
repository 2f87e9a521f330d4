"""Targeted dimensionality reduction: the state of a network along axes of choice, both modalities
and context.

After Mante, Sussillo, Shenoy & Newsome, Nature 503, 78-84 (2013), Supplementary Information. With
r_it(k) the z-scored response of unit i at time t in trial k, and x_ct the vector of the units' mean
responses in condition c,

    r_it(k) = b_it1 choice(k) + b_it2 modality1(k) + b_it3 modality2(k) + b_it4 context(k) + b_it5
                                by least squares
    D = sum_a v_a v_a'          v_a: the first 12 principal components of x_ct
                                over conditions and times
    b_v = D b_vt                at the time t where |D b_vt| is largest, for each variable v
    [b_1 b_2 b_3 b_4] = Q R     the axes are the columns of Q
    p_vct = q_v' x_ct           the state of the network along axis v

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
    """Responses convolved with a Gaussian of 40 ms; near the ends it weighs the times there are.

    Parameters
    ----------
    responses : array_like, shape (..., n_times)
        What is smoothed.
    step_ms
        Between two times.

    Returns
    -------
    numpy.ndarray
        The same shape.
    """
    n_times = np.shape(responses)[-1]
    distance_ms = step_ms * (np.arange(n_times)[:, None] - np.arange(n_times))
    weights = np.exp(-0.5 * (distance_ms / SMOOTHING_MS) ** 2)
    return responses @ (weights / weights.sum(axis=0))


def z_scored(responses) -> np.ndarray:
    """Each unit's responses less their mean and divided by their SD, over trials and times.

    Parameters
    ----------
    responses : array_like, shape (n_trials, n_units, n_times)
        Rates.

    Returns
    -------
    numpy.ndarray
        The same shape; 0 for a unit that never changes.

    Raises
    ------
    ValueError
        Another shape.
    """
    responses = _three_dimensional("responses", responses)
    mean = responses.mean(axis=(0, 2), keepdims=True)
    sd = responses.std(axis=(0, 2), keepdims=True)
    still = sd <= 1e-12 * np.abs(mean)  # rounding leaves an SD of 1e-17 where 0 is meant
    return np.where(still, 0.0, (responses - mean) / np.where(still, 1.0, sd))


def tells_apart(variables) -> bool:
    """Whether the trials are enough to tell the four variables and a constant apart.

    Parameters
    ----------
    variables : array_like, shape (n_trials, 4)
        Choice, modality 1, modality 2, context.

    Returns
    -------
    bool
        False where there are too few, or all are of one context.
    """
    predictors = _predictors(variables, len(variables))
    n_trials, n_predictors = predictors.shape
    return n_trials > n_predictors and np.linalg.matrix_rank(predictors) == n_predictors


def regression(responses, variables) -> np.ndarray:
    """Coefficients of choice, modality 1, modality 2 and context, for each unit and time by itself.

    Parameters
    ----------
    responses : array_like, shape (n_trials, n_units, n_times)
        z-scored.
    variables : array_like, shape (n_trials, 4)
        In the order of `VARIABLES`.

    Returns
    -------
    numpy.ndarray, shape (4, n_units, n_times)
        b_it1 to b_it4.

    Raises
    ------
    ValueError
        Another shape, or trials that do not tell the variables apart, as when all are of one
        context.
    """
    responses = _three_dimensional("responses", responses)
    predictors = _telling(variables, len(responses))
    coefficients = np.linalg.lstsq(predictors, responses.reshape(len(responses), -1), rcond=None)[0]
    return coefficients[:-1].reshape(-1, *responses.shape[1:])


def t_values(responses, variables) -> np.ndarray:
    """t of the same regression on one number of each trial and unit: b / SE(b).

    Parameters
    ----------
    responses : array_like, shape (n_trials, n_units)
        One number of each trial and unit.
    variables : array_like, shape (n_trials, 4)
        In the order of `VARIABLES`.

    Returns
    -------
    numpy.ndarray, shape (4, n_units)
        0 for a unit that never changes.

    Raises
    ------
    ValueError
        As `regression` does.
    """
    responses = np.asarray(responses, dtype=float)
    predictors = _telling(variables, len(responses))
    coefficients = np.linalg.lstsq(predictors, responses, rcond=None)[0]
    residuals = responses - predictors @ coefficients
    freedom = len(predictors) - predictors.shape[1]
    variance = (residuals**2).sum(axis=0) / freedom
    inverse = np.linalg.inv(predictors.T @ predictors)
    error = np.sqrt(np.outer(np.diag(inverse), variance))
    still = responses.std(axis=0) <= 1e-12 * np.abs(responses).max(axis=0)
    return np.where(still, 0.0, coefficients / np.where(error > 0, error, 1.0))[:-1]


def example_unit(t, among) -> int:
    """The unit of the most mixed selectivity.

    It has the largest minimum of abs(t) over modality 1, modality 2 and context.

    Parameters
    ----------
    t : array_like, shape (4, n_units)
        From `t_values`.
    among : array_like of bool, shape (n_units,)
        The units to choose from.

    Returns
    -------
    int
        Its number, from 0.

    Raises
    ------
    ValueError
        There are no units to choose from.
    """
    if not np.any(among):
        raise ValueError("example_unit: expected at least one unit to choose from, got none")
    mixed = np.abs(np.asarray(t)[1:]).min(axis=0)
    return int(np.argmax(np.where(among, mixed, -1.0)))


def condition_averages(responses, conditions, n_conditions: int) -> np.ndarray:
    """Mean responses of the trials of each condition.

    Parameters
    ----------
    responses : array_like, shape (n_trials, n_units, n_times)
        Rates.
    conditions : array_like of int, shape (n_trials,)
        The condition of each trial, from 0.
    n_conditions
        How many there are.

    Returns
    -------
    numpy.ndarray, shape (n_conditions, n_units, n_times)
        NaN where a condition has no trial.

    Raises
    ------
    ValueError
        Another shape.
    """
    responses = _three_dimensional("responses", responses)
    conditions = np.asarray(conditions)
    if conditions.shape != responses.shape[:1]:
        raise ValueError(
            f"conditions: expected shape ({len(responses)},), one number a trial, "
            f"got {conditions.shape}"
        )
    averages = np.full((n_conditions, *responses.shape[1:]), np.nan)
    for condition in np.unique(conditions):
        averages[condition] = responses[conditions == condition].mean(axis=0)
    return averages


class TargetedAxes(NamedTuple):
    """The axes of choice, modality 1, modality 2 and context.

    Attributes
    ----------
    axes : numpy.ndarray, shape (n_units, 4)
        Orthonormal, in the order of `VARIABLES`.
    strongest : numpy.ndarray, shape (4,)
        Index of the time each was taken from.
    variance_fraction : numpy.ndarray, shape (n_components,)
        Share of each denoising component in the variance of the averages.
    """

    axes: np.ndarray
    strongest: np.ndarray
    variance_fraction: np.ndarray


def targeted_axes(coefficients, averages) -> TargetedAxes:
    """The orthogonal axes of choice, modality 1, modality 2 and context.

    Each points to where its variable grows.

    Parameters
    ----------
    coefficients : array_like, shape (4, n_units, n_times)
        From `regression`.
    averages : array_like, shape (n_conditions, n_units, n_times)
        From `condition_averages`.

    Returns
    -------
    TargetedAxes
        The axes and how they were found.

    Raises
    ------
    ValueError
        Another shape, or a condition without a trial (NaN).
    """
    coefficients = np.asarray(coefficients, dtype=float)
    averages = _three_dimensional("averages", averages)
    n_units = averages.shape[1]
    if n_units < len(VARIABLES) or coefficients.shape != (len(VARIABLES), *averages.shape[1:]):
        raise ValueError(
            f"coefficients: expected shape (4, n_units, n_times) of the averages {averages.shape}, "
            f"4 units at least, got {coefficients.shape}"
        )
    missing = np.flatnonzero(np.isnan(averages).any(axis=(1, 2)))
    if len(missing):
        raise ValueError(
            "averages: expected a trial of every condition, "
            f"got none of condition {missing[0]} (0-based)"
        )
    states = averages.transpose(1, 0, 2).reshape(n_units, -1)
    centred = states - states.mean(axis=1, keepdims=True)
    components, singular, _ = np.linalg.svd(centred, full_matrices=False)
    components = components[:, :N_COMPONENTS]
    denoised = components @ (components.T @ coefficients)
    strongest = np.linalg.norm(denoised, axis=1).argmax(axis=1)
    at_strongest = [denoised[v, :, t] for v, t in enumerate(strongest)]
    q, r = np.linalg.qr(np.stack(at_strongest, axis=1))
    growing = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    fraction = singular[:N_COMPONENTS] ** 2 / max((singular**2).sum(), np.finfo(float).tiny)
    return TargetedAxes(growing, strongest, fraction)


def projections(averages, axes) -> np.ndarray:
    """States of the network along axes.

    Parameters
    ----------
    averages : array_like, shape (n_conditions, n_units, n_times)
        From `condition_averages`.
    axes : array_like, shape (n_units, n_axes)
        From `targeted_axes`.

    Returns
    -------
    numpy.ndarray, shape (n_conditions, n_axes, n_times)
        The states.
    """
    return np.asarray(axes).T @ np.asarray(averages)


def _three_dimensional(name: str, array) -> np.ndarray:
    """The array as float, checked; name: what the error calls it."""
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
            f"variables: expected shape ({n_trials} trials, 4): {', '.join(VARIABLES)}; "
            f"got {variables.shape}"
        )
    return np.column_stack([variables, np.ones(n_trials)])


def _telling(variables, n_trials: int) -> np.ndarray:
    """The same, of trials that tell the variables apart."""
    predictors = _predictors(variables, n_trials)
    if not tells_apart(variables):
        raise ValueError(
            f"variables: the {n_trials} trials do not tell {', '.join(VARIABLES)} "
            "and a constant apart"
        )
    return predictors
