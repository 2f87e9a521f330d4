"""The stationary state of the LIF network at a weight scale, and the scale at which its effective
weights are the rate network's."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from .rate_network import (
    EXCITATORY,
    G_TOLERANCE,
    INHIBITORY,
    LEAST_MEAN_INPUT,
    LEAST_RATE,
    MOST_HALVINGS,
    MOST_RATE,
    N_LOWER,
    N_SCALES,
    SILENT,
    SYNAPSE_FACTOR,
    TOLERANCE,
    V_TH,
    RateNetwork,
    check_balance,
)
from .siegert import stationary_rate, susceptibilities, threshold_shift


class NoSolution(ValueError):
    """No weight scale gives the LIF network the effective weights of the rate network."""


def _check_inhibition(network: RateNetwork) -> None:
    """The weights must be what g_factor says, and inhibition must win in each population."""
    own_g = -float(network.n @ network.first[:, INHIBITORY]) / float(
        network.n @ network.first[:, EXCITATORY]
    )
    if abs(own_g / network.g - 1) > G_TOLERANCE:
        raise ValueError(
            f"g_factor: expected that of the weights, {own_g:.4g} (mean inhibitory over excitatory), got {network.g:g}"
        )
    total = network.first @ network.n
    if (total >= 0).any():
        shown = ", ".join(f"{t:.4g}" for t in total)
        raise ValueError(
            f"weights: expected inhibition to dominate, but the weights of a unit sum up to {shown} on average (excitatory, "
            "inhibitory units), not to less than 0"
        )


def spectral_radius(n: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Of random weights with these moments, their mean aside, which is inhibitory: from 1 on the
    linear rate network is unstable, and so is a LIF network with these effective weights.

    The variance that a population's activity gives to each other's inputs, by population: its
    largest eigenvalue is the square.
    """
    variance = np.maximum(second - first**2, 0)  # rounding
    return float(np.sqrt(np.abs(np.linalg.eigvals(variance * n)).max()))


class WorkingPoint(NamedTuple):
    """The stationary state of the LIF network, (excitatory, inhibitory) each; rates in spikes per
    step."""

    rates: np.ndarray
    mean_input: np.ndarray
    noise: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray


def working_point(network: RateNetwork, scale: float, start: np.ndarray) -> WorkingPoint:
    """The stationary state at that weight scale, Eqs. 2 and 3 solved for both populations by
    Newton's method from rates `start`.

    Raises ArithmeticError where there is none near.
    """
    tau, shift = 1 / network.dr, threshold_shift(network.dr, SYNAPSE_FACTOR * network.dr)
    first, second = scale * network.first * network.n, scale**2 * network.second * network.n
    log_rates = np.log(start)
    for _ in range(60):
        with np.errstate(
            all="ignore"
        ):  # rates that underflow; what is not finite then is no stationary state
            rates = np.exp(log_rates)
            mean_input, noise = (
                network.bias + tau * (first @ rates),
                np.sqrt(tau * (second @ rates)),
            )
            found = stationary_rate(mean_input, noise, shift) / tau
            alpha, beta = susceptibilities(mean_input, noise, shift)
            error = np.log(found) - log_rates
            slope = (alpha[:, None] * first + beta[:, None] * second) * rates / found[
                :, None
            ] - np.eye(2)
        state = WorkingPoint(rates, mean_input, noise, alpha, beta)
        if not (np.isfinite(state).all() and np.isfinite(error).all() and np.isfinite(slope).all()):
            break
        if np.abs(error).max() < 1e-13:
            return state
        try:
            log_rates = log_rates - np.clip(np.linalg.solve(slope, error), -0.5, 0.5)
        except np.linalg.LinAlgError:  # singular: where two stationary states meet
            break
    else:
        if np.abs(error).max() < 1e-10:
            return state
    raise ArithmeticError(
        f"no stationary state of the LIF network was found at a weight scale of {scale:g}"
    )


def effective_weight(network: RateNetwork, scale: float, point: WorkingPoint) -> float:
    """Mean of Eq. 1 over the excitatory columns."""
    first, second = scale * network.first[:, EXCITATORY], scale**2 * network.second[:, EXCITATORY]
    return float(network.n @ (point.alpha * first + point.beta * second) / network.n.sum())


class Step(NamedTuple):
    """A weight scale, the stationary state there and its effective weight."""

    scale: float
    point: WorkingPoint
    weight: float


def _step(network: RateNetwork, scale: float, near: np.ndarray) -> Step:
    point = working_point(network, scale, near)
    return Step(float(scale), point, effective_weight(network, scale, point))


def branch(network: RateNetwork, scales: np.ndarray) -> list[Step]:
    """The stationary states at growing weight scales, each found from the one before; ends early
    where there is none. Where a step is too long, half of it comes first."""
    # the first: units that fire on their bias alone
    rates, steps, ahead, halvings = (
        -network.dr / np.log1p(-V_TH / network.bias),
        [],
        list(scales[::-1]),
        0,
    )
    while ahead:
        try:
            steps.append(_step(network, ahead[-1], rates))
        except ArithmeticError:
            if not steps or halvings == MOST_HALVINGS:
                break
            ahead.append(np.sqrt(steps[-1].scale * ahead[-1]))
            halvings += 1
        else:
            ahead.pop()
            rates = steps[-1].point.rates
    return steps


def _scales(network: RateNetwork) -> np.ndarray:
    """From weights that do nothing to synapses that reach the threshold alone, where the diffusion
    approximation ends. Begins lower where there is no stationary state yet, or the effective
    weights are too large already."""
    n_exc, n = network.n[EXCITATORY], network.n
    synapse = float(n @ network.second[:, EXCITATORY]) / float(
        n @ network.first[:, EXCITATORY]
    )  # a connection's, by its weight
    low, high = LEAST_MEAN_INPUT * V_TH / (n_exc * network.mean_weight), V_TH / synapse
    low = min(low, high / 10)
    for _ in range(N_LOWER):
        start = branch(network, np.array([low]))
        if start and start[0].weight < network.mean_weight:
            break
        low /= 10
    return np.geomspace(low, high, N_SCALES)


def _misses(network: RateNetwork, near: np.ndarray, sign: float = 1.0) -> Callable[[float], float]:
    """By how much the effective weight at a weight scale exceeds the rate network's, times sign. It
    raises ValueError."""

    def miss(scale: float) -> float:
        try:
            return sign * (_step(network, scale, near).weight - network.mean_weight)
        except ArithmeticError as error:
            raise ValueError(
                f"weights: expected a stationary state for each weight scale on the way to a solution, but {error}"
            ) from error

    return miss


def _with_extrema(network: RateNetwork, steps: list[Step]) -> list[Step]:
    """The steps, and between them each extremum on the other side of the mean weight: two roots can
    lie within one step."""
    extrema = []
    for three in zip(steps, steps[1:], steps[2:], strict=False):
        misses = np.array([step.weight for step in three]) - network.mean_weight
        sign = np.sign(misses[1])
        if (np.sign(misses) == sign).all() and np.abs(misses).argmin() == 1:
            before, at, after = three
            away = _misses(network, at.point.rates, sign)
            best = minimize_scalar(
                away, bounds=(before.scale, after.scale), options={"xatol": 1e-9 * at.scale}
            )
            if best.fun < 0:
                extrema.append(_step(network, best.x, at.point.rates))
    return sorted(steps + extrema, key=operator.attrgetter("scale"))


def _roots(network: RateNetwork) -> tuple[list[Step], list[float]]:
    """Every weight scale that solves Eq. 1, in growing order, and those that could not be verified:
    there the stationary state jumps from one branch to another. Raises NoSolution; ValueError where
    the smallest is of the latter."""
    scales = _scales(network)
    steps = _with_extrema(network, branch(network, scales))
    above = np.array([step.weight > network.mean_weight for step in steps], dtype=bool)
    roots, jumps = [], []
    for k in np.flatnonzero(above[1:] != above[:-1]):
        near = steps[k].point.rates
        root = _step(
            network,
            brentq(_misses(network, near), steps[k].scale, steps[k + 1].scale, rtol=1e-14),
            near,
        )
        residual = network.mean_weight - root.weight
        if abs(residual) < TOLERANCE * network.mean_weight:
            roots.append(root)
        elif roots:
            jumps.append(root.scale)
        else:
            raise ValueError(
                f"weights: the solution at a weight scale of {root.scale:g} could not be verified (residual {residual:.1e})"
            )
    if not roots:
        raise NoSolution(_no_solution(network, scales, steps))
    return roots, jumps


def solve(network: RateNetwork) -> dict[str, Any]:
    """The weight scale at which the LIF network's effective weights are the rate network's on
    average, Eq. 1."""
    check_balance(network.n[INHIBITORY] / network.n[EXCITATORY], "N_i / N_e", network.g)
    _check_inhibition(network)
    for name, dr in zip(("dr_exc", "dr_inh"), network.dr, strict=True):
        if dr * SYNAPSE_FACTOR > 1:
            raise ValueError(
                f"{name}: expected at most 1/{SYNAPSE_FACTOR}, so that du = {SYNAPSE_FACTOR} dr <= 1, got {dr:g}"
            )
    roots, jumps = _roots(network)
    scale, point, weight = roots[0]
    names = np.array(["excitatory", "inhibitory"])
    silent = names[point.rates / network.dr < LEAST_RATE]
    if silent.size:
        warnings.warn(
            f"the {' and '.join(silent)} LIF units are silent in this solution (below {LEAST_RATE:g} spikes per time constant)",
            RuntimeWarning,
            stacklevel=3,
        )
    if point.rates.max() > MOST_RATE:
        warnings.warn(
            f"the LIF units are to fire {point.rates.max():.3g} times per step, and a unit in discrete time fires once at most: "
            "the prediction does not hold; a smaller dr lowers the rate per step",
            RuntimeWarning,
            stacklevel=3,
        )
    return {
        "weight_scale": scale,
        "converged": True,
        "residual": network.mean_weight - weight,
        "roots": np.array([root.scale for root in roots]),
        "reason": _reason(network, len(roots), jumps),
        "spectral_radius": spectral_radius(network.n, network.first, network.second),
        **point._asdict(),
    }


def _reason(network: RateNetwork, n_roots: int, jumps: list[float]) -> str:
    reason = (
        "the only root"
        if n_roots == 1
        else f"the smallest of {n_roots} roots, on the branch from weights of 0"
    )
    radius = spectral_radius(network.n, network.first, network.second)
    if radius > 1:
        reason += f"; the linear rate network is unstable (spectral radius {radius:.3g}), and so is this stationary state"
    if jumps:
        reason += f"; left out, since not verified: a root at {', '.join(f'{jump:.6g}' for jump in jumps)}"
    return reason


def _no_solution(network: RateNetwork, scales: np.ndarray, steps: list[Step]) -> str:
    n_exc = network.n[EXCITATORY]
    if not steps:
        return (
            "weights: no solution: no stationary state of the LIF network was found at the smallest weight scale tried, "
            f"{scales[0]:.4g}; expected weights with which both populations fire"
        )
    last = steps[-1]
    if last.scale >= scales[-1]:
        why = "at larger ones a single synapse reaches the threshold"
    elif last.point.rates.min() < SILENT:
        why = f"the {('excitatory', 'inhibitory')[last.point.rates.argmin()]} units fall silent beyond it"
    else:
        why = "beyond it no stationary state was found"
    asked, most = n_exc * network.mean_weight, n_exc * max(step.weight for step in steps)
    return (
        f"weights: no solution: the excitatory weights of a unit sum up to {asked:.4g} on average, but the effective weights of "
        f"the LIF network only to {most:.4g} up to a weight scale of {last.scale:.4g} ({why}); expected smaller weights"
    )
