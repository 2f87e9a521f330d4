"""The stationary state of the LIF network at a weight scale, and the scale at which its effective
weights are the rate network's."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import NamedTuple

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
    NoSolution,
    RateNetwork,
    Solution,
    check_balance,
)
from .siegert import stationary_rate, susceptibilities, threshold_shift


def _check_inhibition(network: RateNetwork) -> None:
    """The weights must be what g_factor says, and inhibition must win in each population."""
    inhibitory = float(network.n @ network.first[:, INHIBITORY])
    excitatory = float(network.n @ network.first[:, EXCITATORY])
    own_g = -inhibitory / excitatory
    if abs(own_g / network.g - 1) > G_TOLERANCE:
        raise ValueError(
            f"g_factor: expected that of the weights, {own_g:.4g} (mean inhibitory over "
            f"excitatory), got {network.g:g}"
        )
    total = network.first @ network.n
    if (total >= 0).any():
        shown = ", ".join(f"{t:.4g}" for t in total)
        raise ValueError(
            "weights: expected inhibition to dominate, but the weights of a unit sum up to "
            f"{shown} on average (excitatory, inhibitory units), not to less than 0"
        )


def _check_du(network: RateNetwork) -> None:
    """The current may not lose more than all of itself in a step."""
    for name, dr in zip(("dr_exc", "dr_inh"), network.dr, strict=True):
        if dr * SYNAPSE_FACTOR > 1:
            raise ValueError(
                f"{name}: expected at most 1/{SYNAPSE_FACTOR}, "
                f"so that du = {SYNAPSE_FACTOR} dr <= 1, got {dr:g}"
            )


def spectral_radius(n: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """The spectral radius of random weights with these moments, their mean aside, which is
    inhibitory: from 1 on the linear rate network is unstable, and so is a LIF network with these
    effective weights.

    The variance that a population's activity gives to each other's inputs, by population: its
    largest eigenvalue is the square.

    Parameters
    ----------
    n : numbers of units (excitatory, inhibitory)
    first, second : means of the weights and of their squares, as from `rate_network.moments`

    Returns
    -------
    float
        The radius.
    """
    variance = np.maximum(second - first**2, 0)  # rounding
    return float(np.sqrt(np.abs(np.linalg.eigvals(variance * n)).max()))


class WorkingPoint(NamedTuple):
    """The stationary state of the LIF network, (excitatory, inhibitory) each.

    Parameters
    ----------
    rates : spikes per step
    mean_input, noise : mu and sigma, in units of v_th
    alpha, beta : derivatives of tau r with respect to mu and sigma^2
    """

    rates: np.ndarray
    mean_input: np.ndarray
    noise: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray


def working_point(network: RateNetwork, scale: float, start: np.ndarray) -> WorkingPoint:
    """The stationary state at a weight scale: Eqs. 2 and 3 solved for both populations by Newton's
    method.

    Parameters
    ----------
    network : the rate network
    scale : factor for all weights
    start : rates from which the search starts, spikes per step (excitatory, inhibitory)

    Returns
    -------
    WorkingPoint
        The stationary state.

    Raises
    ------
    ArithmeticError
        Where there is none near.
    """
    tau = 1 / network.dr
    shift = threshold_shift(network.dr, SYNAPSE_FACTOR * network.dr)
    first = scale * network.first * network.n
    second = scale**2 * network.second * network.n
    log_rates = np.log(start)
    for _ in range(60):
        # rates may underflow; what is not finite then is no stationary state
        with np.errstate(all="ignore"):
            rates = np.exp(log_rates)
            mean_input = network.bias + tau * (first @ rates)
            noise = np.sqrt(tau * (second @ rates))
            answer = stationary_rate(mean_input, noise, shift) / tau  # to these rates
            alpha, beta = susceptibilities(mean_input, noise, shift)
            error = np.log(answer) - log_rates
            effective = alpha[:, None] * first + beta[:, None] * second
            slope = effective * rates / answer[:, None] - np.eye(2)
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
    """Mean of Eq. 1 over the excitatory columns, at a weight scale and its stationary state."""
    first = scale * network.first[:, EXCITATORY]
    second = scale**2 * network.second[:, EXCITATORY]
    return float(network.n @ (point.alpha * first + point.beta * second) / network.n.sum())


class Step(NamedTuple):
    """A weight scale, the stationary state there and its effective weight."""

    scale: float
    point: WorkingPoint
    weight: float


def _step(network: RateNetwork, scale: float, near: np.ndarray) -> Step:
    """The step at a weight scale; near: rates from which its stationary state is searched."""
    point = working_point(network, scale, near)
    return Step(float(scale), point, effective_weight(network, scale, point))


def branch(network: RateNetwork, scales: np.ndarray) -> list[Step]:
    """The stationary states at growing weight scales, each found from the one before; ends early
    where there is none. Where a step is too long, half of it comes first."""
    rates = -network.dr / np.log1p(-V_TH / network.bias)  # of units that fire on their bias alone
    steps: list[Step] = []
    ahead = list(scales[::-1])
    halvings = 0
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
    # of a connection, by its weight
    synapse = float(n @ network.second[:, EXCITATORY]) / float(n @ network.first[:, EXCITATORY])
    high = V_TH / synapse
    low = min(LEAST_MEAN_INPUT * V_TH / (n_exc * network.mean_weight), high / 10)
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
                "weights: expected a stationary state for each weight scale on the way to a "
                f"solution, but {error}"
            ) from error

    return miss


def _with_extrema(network: RateNetwork, steps: list[Step]) -> list[Step]:
    """The steps, and between them each extremum on the other side of the mean weight: two roots can
    lie within one step."""
    extrema = []
    for before, at, after in zip(steps, steps[1:], steps[2:], strict=False):
        misses = np.array([before.weight, at.weight, after.weight]) - network.mean_weight
        sign = np.sign(misses[1])
        if (np.sign(misses) == sign).all() and np.abs(misses).argmin() == 1:
            best = minimize_scalar(
                _misses(network, at.point.rates, sign),
                bounds=(before.scale, after.scale),
                options={"xatol": 1e-9 * at.scale},
            )
            if best.fun < 0:
                extrema.append(_step(network, best.x, at.point.rates))
    return sorted(steps + extrema, key=operator.attrgetter("scale"))


class _Roots(NamedTuple):
    """Solutions of Eq. 1 in growing order, and the weight scales of those that could not be
    verified: there the stationary state jumps from one branch to another."""

    verified: list[Step]
    jumps: list[float]


def _roots(network: RateNetwork) -> _Roots:
    """Every weight scale that solves Eq. 1. Raises NoSolution; ValueError where the smallest could
    not be verified."""
    scales = _scales(network)
    steps = _with_extrema(network, branch(network, scales))
    above = np.array([step.weight > network.mean_weight for step in steps], dtype=bool)
    roots = _Roots([], [])
    for k in np.flatnonzero(above[1:] != above[:-1]):
        near = steps[k].point.rates
        miss = _misses(network, near)
        scale = brentq(miss, steps[k].scale, steps[k + 1].scale, rtol=1e-14)
        root = _step(network, scale, near)
        residual = network.mean_weight - root.weight
        if abs(residual) < TOLERANCE * network.mean_weight:
            roots.verified.append(root)
        elif roots.verified:
            roots.jumps.append(root.scale)
        else:
            raise ValueError(
                f"weights: the solution at a weight scale of {root.scale:g} could not be verified "
                f"(residual {residual:.1e})"
            )
    if not roots.verified:
        raise NoSolution(_no_solution(network, scales, steps))
    return roots


def matching_weight_scale(network: RateNetwork) -> Solution:
    """The weight scale at which the LIF network's effective weights are the rate network's on
    average, Eq. 1.

    Parameters
    ----------
    network : the rate network

    Returns
    -------
    Solution
        The smallest of the roots, with the stationary state there. RuntimeWarnings where a
        population is silent in it, or fires more often than discrete time allows.

    Raises
    ------
    NoSolution
        Where no weight scale solves the equation.
    ValueError
        For weights or constants that do not fit the mapping, and where a solution cannot be
        verified.
    """
    gamma = network.n[INHIBITORY] / network.n[EXCITATORY]
    check_balance(network.g, gamma=gamma, gamma_is="N_i / N_e")
    _check_inhibition(network)
    _check_du(network)
    roots = _roots(network)
    scale, point, weight = roots.verified[0]
    _warn_of_rates(network, point)
    radius = spectral_radius(network.n, network.first, network.second)
    return Solution(
        weight_scale=scale,
        converged=True,
        residual=network.mean_weight - weight,
        roots=np.array([root.scale for root in roots.verified]),
        reason=_reason(roots, radius),
        stationary_state={"spectral_radius": radius, **point._asdict()},
    )


def _warn_of_rates(network: RateNetwork, point: WorkingPoint) -> None:
    """Warn the caller of the mapping where a population does not fire, or fires too often."""
    names = np.array(["excitatory", "inhibitory"])
    silent = names[point.rates / network.dr < LEAST_RATE]
    if silent.size:
        warnings.warn(
            f"the {' and '.join(silent)} LIF units are silent in this solution "
            f"(below {LEAST_RATE:g} spikes per time constant)",
            RuntimeWarning,
            stacklevel=4,
        )
    if point.rates.max() > MOST_RATE:
        warnings.warn(
            f"the LIF units are to fire {point.rates.max():.3g} times per step, and a unit in "
            "discrete time fires once at most: the prediction does not hold; "
            "a smaller dr lowers the rate per step",
            RuntimeWarning,
            stacklevel=4,
        )


def _reason(roots: _Roots, radius: float) -> str:
    """Which root was taken and why; radius: of the rate network's weights."""
    n_roots = len(roots.verified)
    reason = "the only root"
    if n_roots > 1:
        reason = f"the smallest of {n_roots} roots, on the branch from weights of 0"
    if radius > 1:
        reason += (
            f"; the linear rate network is unstable (spectral radius {radius:.3g}), "
            "and so is this stationary state"
        )
    if roots.jumps:
        shown = ", ".join(f"{jump:.6g}" for jump in roots.jumps)
        reason += f"; left out, since not verified: a root at {shown}"
    return reason


def _no_solution(network: RateNetwork, scales: np.ndarray, steps: list[Step]) -> str:
    """Why there is none. steps: the stationary states that were found at `scales`."""
    n_exc = network.n[EXCITATORY]
    if not steps:
        return (
            "weights: no solution: no stationary state of the LIF network was found at the "
            f"smallest weight scale tried, {scales[0]:.4g}; "
            "expected weights with which both populations fire"
        )
    last = steps[-1]
    if last.scale >= scales[-1]:
        why = "at larger ones a single synapse reaches the threshold"
    elif last.point.rates.min() < SILENT:
        population = ("excitatory", "inhibitory")[last.point.rates.argmin()]
        why = f"the {population} units fall silent beyond it"
    else:
        why = "beyond it no stationary state was found"
    wanted = n_exc * network.mean_weight
    most = n_exc * max(step.weight for step in steps)
    return (
        f"weights: no solution: the excitatory weights of a unit sum up to {wanted:.4g} on "
        f"average, but the effective weights of the LIF network only to {most:.4g} up to a weight "
        f"scale of {last.scale:.4g} ({why}); expected smaller weights"
    )
