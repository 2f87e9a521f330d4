"""The implementation of the mapping that circulates, slips included, number for number
(`published=True`)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq, fsolve
from scipy.special import erf, log_ndtr, logsumexp, zetac

from .rate_network import (
    EXCITATORY,
    INHIBITORY,
    SYNAPSE_FACTOR,
    TOLERANCE,
    V_TH,
    NoSolution,
    RateNetwork,
    Solution,
    check_balance,
)
from .siegert import f, half_slope_of_f

PUBLISHED_INTERVAL = (1e-3, 1e3)  # of the weight scale
PUBLISHED_GRID = 400_001  # two roots can be as close as a ten-thousandth of their size
LEAST_LOG = -700.0  # for the logarithm of what is not > 0


class Terms(NamedTuple):
    """What alpha(w) w + beta(w) w^2 of the circulating code is made of.

    w: weight; mean: mean input; s: a variance, in the place of sigma; shift: of threshold and
    reset; factor: sqrt(pi) (tau r)^2, in its place.
    """

    w: np.ndarray
    mean: np.ndarray
    s: np.ndarray
    shift: float
    factor: np.ndarray

    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        """y_th and y_r."""
        return (V_TH - self.mean) / self.s + self.shift, -self.mean / self.s + self.shift


def _published_terms(network: RateNetwork) -> Callable[[Any], Terms]:
    """The circulating formulas, as a function of the weight, with their slips: gamma upside down,
    the variance for the standard deviation, zeta - 1 for zeta, the du of the inhibitory population,
    a rate without weights, 0.01 mu dv for tau r."""
    n_exc, g, dv = network.n[EXCITATORY], network.g, network.dr[EXCITATORY]
    gamma = n_exc / network.n[INHIBITORY]
    bias = network.bias.mean()
    check_balance(g, gamma=gamma, gamma_is="N_e / N_i, as published")
    rate = (bias - V_TH) / (gamma * g - 1)
    du = SYNAPSE_FACTOR * network.dr[INHIBITORY]
    shift = np.sqrt(2) * abs(zetac(0.5)) * np.sqrt(dv / du) / 2

    def terms(w) -> Terms:
        mean = n_exc * (1 - gamma * g) * w * rate + bias
        s = n_exc * (1 + gamma * g**2) * w**2 * rate
        return Terms(w, mean, s, shift, np.sqrt(np.pi) * (0.01 * mean * dv) ** 2)

    return terms


def _as_published(terms: Terms) -> float:
    """alpha w + beta w^2 in plain float64: overflow and cancellation are part of what the
    circulating solver sees."""
    w, mean, s, factor = terms.w, terms.mean, terms.s, terms.factor
    y_th, y_r = terms.limits()
    with np.errstate(over="ignore", invalid="ignore"):
        at_th = np.exp(y_th**2) * (1 + erf(y_th))
        at_r = np.exp(y_r**2) * (1 + erf(y_r))
        alpha = factor / s * (at_th - at_r)
        beta = factor / (2 * s**2) * (at_th * (V_TH - mean) / s + at_r * mean / s)
        return alpha * w + beta * w**2


def _logs(y) -> tuple[np.ndarray, np.ndarray]:
    """log f(y) and log f'(y) / 2, both without overflow."""
    below, above = np.minimum(y, 0), np.maximum(y, 1e-300)
    log_f = above**2 + log_ndtr(np.sqrt(2) * above) + np.log(2)
    log_slope = np.logaddexp(np.log(above) + log_f, -np.log(np.pi) / 2)
    log_f_below = np.log(f(below))
    log_slope_below = np.log(half_slope_of_f(below))
    return np.where(y < 0, log_f_below, log_f), np.where(y < 0, log_slope_below, log_slope)


class _LogRatio(NamedTuple):
    """log((alpha w + beta w^2) / target), LEAST_LOG where the sum is not > 0, and whether float64
    resolves on which side of 0 it lies."""

    value: np.ndarray
    resolved: np.ndarray


def _log_ratio(terms: Terms, target: float) -> _LogRatio:
    """The published equation as a logarithm: it is solved where this is 0.

    The sum is of terms up to 1e20 and more, so it is written as they cancel least, with f' / 2 =
    y f + 1 / sqrt(pi), (v_th - mean) / s = y_th - shift and mean / s = shift - y_r:

        alpha w + beta w^2 = a (f(y_th) - f(y_r)) + b (f'(y_th) / 2 - f'(y_r) / 2)
        a = factor w / s - b shift,    b = factor w^2 / (2 s^2)

    and summed from the logarithms of its four terms. What rounding may do to the sum is bounded by
    the sum of the sizes of the terms; where that is more than the distance of the sum from the
    target, the sign of the logarithm means nothing.
    """
    y_th, y_r = terms.limits()
    log_f_th, log_slope_th = _logs(y_th)
    log_f_r, log_slope_r = _logs(y_r)
    b = terms.factor * terms.w**2 / (2 * terms.s**2)
    a = terms.factor * terms.w / terms.s - b * terms.shift
    logs = [log_f_th, log_f_r, log_slope_th, log_slope_r]
    factors = np.array([a, -a, b, -b])

    log_sum, sign = logsumexp(logs, b=factors, axis=0, return_sign=True)
    ratio = np.where(sign > 0, np.maximum(log_sum - np.log(target), LEAST_LOG), LEAST_LOG)

    log_sizes = logsumexp(logs, b=np.abs(factors), axis=0) - np.log(target)
    largest_y = np.maximum(np.maximum(y_th, 0), np.maximum(y_r, 0))
    rounding = np.finfo(float).eps * (8 + largest_y**2)
    # log |exp(ratio) - 1|, the distance from the target
    nearness = np.maximum(np.abs(ratio), 1e-300)
    log_distance = np.maximum(ratio, 0) + np.log(-np.expm1(-nearness))
    return _LogRatio(ratio, np.log(rounding) + log_sizes < log_distance)


def _published_roots(terms: Callable[[Any], Terms], target: float) -> np.ndarray:
    """Every weight scale in the interval that solves the published equation."""

    def log_ratio(scale):
        return _log_ratio(terms(scale * target), target).value

    scales = np.geomspace(*PUBLISHED_INTERVAL, PUBLISHED_GRID)
    ratio = _log_ratio(terms(scales * target), target)
    changes_sign = np.diff(np.sign(ratio.value)) != 0
    is_resolved = ratio.resolved[1:] & ratio.resolved[:-1]
    roots = []
    for k in np.flatnonzero(changes_sign & is_resolved):
        roots.append(brentq(log_ratio, scales[k], scales[k + 1], rtol=1e-14))
    return np.array(roots)


def published_weight_scale(network: RateNetwork) -> Solution:
    """The weight scale at which the circulating solver ends, and whether it solves the equation.

    Parameters
    ----------
    network : the rate network

    Returns
    -------
    Solution
        Without a stationary state. Where the solver did not converge a RuntimeWarning says so.

    Raises
    ------
    NoSolution
        Where the equation has no root in PUBLISHED_INTERVAL, and the solver found none outside.
    ValueError
        Where the solver ends at a factor that is not > 0, or inhibition does not balance
        excitation.
    """
    target, terms = network.mean_weight, _published_terms(network)

    def miss(w):
        return target - _as_published(terms(w))

    end = fsolve(miss, target, full_output=True)[0]
    scale = float(end[0] / target)
    roots = _published_roots(terms, target)
    shown_roots = ", ".join(f"{root:.6g}" for root in roots)
    if not scale > 0:
        raise ValueError(
            "weights: expected a weight scale > 0, but the published solver ended at "
            f"{scale:.6g}, where the circulating code leaves the weights as they are; "
            f"weight scales that solve the equation: {shown_roots or 'none'}"
        )
    log_ratio = _log_ratio(terms(scale * target), target).value
    residual = -target * float(np.expm1(np.minimum(log_ratio, -LEAST_LOG)))
    is_a_root = np.isclose(roots, scale, rtol=1e-9, atol=0).any()
    converged = bool(abs(residual) < TOLERANCE * target or is_a_root)
    if not (converged or shown_roots):
        low, high = PUBLISHED_INTERVAL
        raise NoSolution(
            f"weights: no solution: no weight scale from {low:g} to {high:g} solves the published "
            f"equation (its solver ended at {scale:.6g})"
        )
    if not converged:
        warnings.warn(
            f"the published solver did not converge: the weight scale {scale:g} is where it ended, "
            f"no solution (residual {residual:.2g} of {target:.2g}); "
            f"weight scales that solve the equation: {shown_roots}",
            RuntimeWarning,
            stacklevel=3,
        )
    return Solution(
        weight_scale=scale,
        converged=converged,
        residual=residual,
        roots=roots,
        reason=(
            "where the published solver ended, starting from a weight scale of 1; "
            f"roots: {shown_roots}"
        ),
        stationary_state={},
    )
