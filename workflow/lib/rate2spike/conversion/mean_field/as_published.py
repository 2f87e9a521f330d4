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
    RateNetwork,
    check_balance,
)
from .siegert import f, half_slope_of_f
from .working_point import NoSolution

PUBLISHED_INTERVAL = (1e-3, 1e3)  # of the weight scale
PUBLISHED_GRID = 400_001  # two roots can be as close as a ten-thousandth of their size
LEAST_LOG = -700.0


# The circulating implementation -------------------------------------------------------------------


class Terms(NamedTuple):
    """What alpha(w) w + beta(w) w^2 of the circulating code is made of; s is a variance, in the
    place of sigma."""

    w: np.ndarray
    mean: np.ndarray
    s: np.ndarray
    shift: float
    factor: np.ndarray

    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        return (V_TH - self.mean) / self.s + self.shift, -self.mean / self.s + self.shift


def _published_terms(network: RateNetwork) -> Callable[[Any], Terms]:
    """The circulating formulas with their slips: gamma upside down, the variance for the standard
    deviation, zeta - 1 for zeta, the du of the inhibitory population, a rate without weights, 0.01
    mu dv for tau r."""
    n_exc, g, dv = network.n[EXCITATORY], network.g, network.dr[EXCITATORY]
    gamma, bias = n_exc / network.n[INHIBITORY], network.bias.mean()
    check_balance(gamma, "N_e / N_i, as published", g)
    rate = (bias - V_TH) / (gamma * g - 1)
    shift = (
        np.sqrt(2) * abs(zetac(0.5)) * np.sqrt(dv / (SYNAPSE_FACTOR * network.dr[INHIBITORY])) / 2
    )

    def terms(w) -> Terms:
        mean = n_exc * (1 - gamma * g) * w * rate + bias
        s = n_exc * (1 + gamma * g**2) * w**2 * rate
        return Terms(w, mean, s, shift, np.sqrt(np.pi) * (0.01 * mean * dv) ** 2)

    return terms


def _as_published(t: Terms) -> float:
    """alpha w + beta w^2 in plain float64: overflow and cancellation are part of what the
    circulating solver sees."""
    with np.errstate(over="ignore", invalid="ignore"):
        at_th, at_r = (np.exp(y**2) * (1 + erf(y)) for y in t.limits())
        alpha = t.factor / t.s * (at_th - at_r)
        beta = t.factor / (2 * t.s**2) * (at_th * (V_TH - t.mean) / t.s + at_r * t.mean / t.s)
        return alpha * t.w + beta * t.w**2


def _logs(y) -> tuple[np.ndarray, np.ndarray]:
    """log f(y) and log f'(y) / 2, both without overflow."""
    below, above = np.minimum(y, 0), np.maximum(y, 1e-300)
    log_f = above**2 + log_ndtr(np.sqrt(2) * above) + np.log(2)
    log_slope = np.logaddexp(np.log(above) + log_f, -np.log(np.pi) / 2)
    return np.where(y < 0, np.log(f(below)), log_f), np.where(
        y < 0, np.log(half_slope_of_f(below)), log_slope
    )


def _log_ratio(t: Terms, target: float) -> tuple[np.ndarray, np.ndarray]:
    """log((alpha w + beta w^2) / target), or LEAST_LOG where it is not > 0, and whether float64
    resolves its sign: the sum is of terms up to 1e20 and more, written so that they cancel as
    little as they can."""
    (f_th, slope_th), (f_r, slope_r) = (_logs(y) for y in t.limits())
    of_slope = t.factor * t.w**2 / (2 * t.s**2)
    of_f = t.factor * t.w / t.s - of_slope * t.shift
    logs, factors = [f_th, f_r, slope_th, slope_r], np.array([of_f, -of_f, of_slope, -of_slope])
    size, sign = logsumexp(logs, b=factors, axis=0, return_sign=True)
    ratio = np.where(sign > 0, np.maximum(size - np.log(target), LEAST_LOG), LEAST_LOG)
    largest = logsumexp(logs, b=np.abs(factors), axis=0) - np.log(target)
    rounding = np.finfo(float).eps * (8 + np.maximum(*(np.maximum(y, 0) for y in t.limits())) ** 2)
    away = np.maximum(ratio, 0) + np.log(
        -np.expm1(-np.maximum(np.abs(ratio), 1e-300))
    )  # log |ratio - 1|
    return ratio, np.log(rounding) + largest < away


def solve_published(network: RateNetwork) -> dict[str, Any]:
    """The circulating solver's answer, and whether it solves the equation."""
    target, terms = network.mean_weight, _published_terms(network)

    def log_ratio(scale):
        return _log_ratio(terms(scale * target), target)[0]

    def miss(w):
        return target - _as_published(terms(w))

    (w,), *_ = fsolve(miss, target, full_output=True)
    scale = float(w / target)
    grid = np.geomspace(*PUBLISHED_INTERVAL, PUBLISHED_GRID)
    ratio, resolved = _log_ratio(terms(grid * target), target)
    changes = np.flatnonzero((np.diff(np.sign(ratio)) != 0) & resolved[1:] & resolved[:-1])
    roots = np.array([brentq(log_ratio, grid[k], grid[k + 1], rtol=1e-14) for k in changes])
    others = ", ".join(f"{root:.6g}" for root in roots)
    if not scale > 0:
        raise ValueError(
            f"weights: expected a weight scale > 0, but the published solver ended at {scale:.6g}, where the circulating code "
            f"leaves the weights as they are; weight scales that solve the equation: {others or 'none'}"
        )
    residual = -target * float(np.expm1(np.minimum(log_ratio(scale), -LEAST_LOG)))
    converged = bool(
        abs(residual) < TOLERANCE * target or np.isclose(roots, scale, rtol=1e-9, atol=0).any()
    )
    if not (converged or others):
        low, high = PUBLISHED_INTERVAL
        raise NoSolution(
            f"weights: no solution: no weight scale from {low:g} to {high:g} solves the published equation (its solver ended at "
            f"{scale:.6g})"
        )
    if not converged:
        warnings.warn(
            f"the published solver did not converge: the weight scale {scale:g} is where it ended, no solution (residual "
            f"{residual:.2g} of {target:.2g}); weight scales that solve the equation: {others}",
            RuntimeWarning,
            stacklevel=3,
        )
    reason = f"where the published solver ended, starting from a weight scale of 1; roots: {others}"
    return {
        "weight_scale": scale,
        "converged": converged,
        "residual": residual,
        "roots": roots,
        "reason": reason,
    }
