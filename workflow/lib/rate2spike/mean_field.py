"""The mean-field mapping of a rate network to leaky integrate-and-fire units (Grytskyy, Tetzlaff, Diesmann & Helias 2013).

Around its stationary state a network of LIF units answers to small changes of its rates as a linear rate network does, with the
effective weights

    w_ij = alpha J_ij + beta J_ij^2,    alpha = d(tau r) / d(mu),    beta = d(tau r) / d(sigma^2)             (1)

where J is the jump in v that a spike causes in the end (its whole charge) and r, mu and sigma^2 are rate, mean input and input
noise of the stationary state. The mapping asks for the LIF network whose effective weights are the rate network's on average over
the excitatory columns, by one factor c for all weights (J = c W), and so keeps the correlation structure.

    mu = bias / dv + tau sum_j J_j r_j,    sigma^2 = tau sum_j J_j^2 r_j,    tau = 1 / dv                      (2)
    1 / (tau r) = sqrt(pi) int_{y_r}^{y_th} f(y) dy,    f(y) = exp(y^2) (1 + erf y)                            (3)
    y_th = (v_th - mu) / sigma + shift,   y_r = -mu / sigma + shift,   shift = sqrt(tau_s / tau) |zeta(1/2)| / sqrt(2)   (4)
    alpha = sqrt(pi) (tau r)^2 / sigma (f(y_th) - f(y_r))                                                      (5)
    beta = sqrt(pi) (tau r)^2 / (2 sigma^2) (f(y_th) (v_th - mu) / sigma + f(y_r) mu / sigma)                  (6)

(2) is the diffusion approximation (Brunel 2000), (3) Siegert's formula without a refractory period, (4) the effective threshold
and reset under noise filtered with tau_s = 1 / du (Fourcaud & Brunel 2002), (5) and (6) the derivatives of (3), by which
Grytskyy et al. linearise the LIF network. Sums run over the units of both populations, with the means of W and W^2 for
each pair of populations as they are in the weights given, and each population has its own tau, tau_s, bias and rate.

Where the sources are silent: the rate network's own slope is 1 (its effective weights are its weights); the mean of (1) takes in
connections that are absent; tau and tau_s are 1 / dv and 1 / du steps; weights are multiplied by the du of the unit that
receives, so that J is c W. Bias: 5 v_th dv times the relative bias, so its absolute size is lost, as in the circulating code.

`published=True` is that code instead, slips included (README), number for number.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq, fsolve, minimize_scalar
from scipy.special import dawsn, erf, erfcx, log_ndtr, logsumexp, zetac

V_TH = 1.0
SYNAPSE_FACTOR = 7  # du / dr
BIAS_FACTOR = 5  # bias / (v_th dv), times the relative bias
ZETA = abs(zetac(0.5) + 1)  # |zeta(1/2)|: scipy has zeta - 1 below 1
EXCITATORY, INHIBITORY = 0, 1
G_TOLERANCE = 0.25  # by how much g_factor and the weights' own ratio may differ: a small sample of weights scatters
TOLERANCE = 1e-8  # of a root: residual relative to the mean weight
LEAST_MEAN_INPUT = 1e-3  # where the search for roots begins: N_e J, in units of v_th
N_LOWER = 8  # powers of ten by which it may begin lower
N_SCALES = 160
MOST_HALVINGS = 30  # of steps between weight scales
SILENT = 1e-30  # spikes per step: none in any simulation
LEAST_RATE = 1e-6  # spikes per time constant: below, a population is silent
MOST_RATE = 0.5  # spikes per step
PUBLISHED_INTERVAL = (1e-3, 1e3)  # of the weight scale
PUBLISHED_GRID = 400_001  # two roots can be as close as a ten-thousandth of their size
LEAST_LOG = -700.0


class NoSolution(ValueError):
    """No weight scale gives the LIF network the effective weights of the rate network."""


def convert_rate_to_lif_params(
    shape_exc: int,
    dr_exc: float,
    bias_exc: float,
    shape_inh: int,
    dr_inh: float,
    bias_inh: float,
    g_factor: float,
    q_factor: float,
    weights: np.ndarray,
    *,
    published: bool = False,
) -> dict[str, Any]:
    """The parameters of a LIF network (`neurons.DiscreteLIF`) with the correlation structure of a balanced rate network.

    shape_exc, shape_inh: numbers of units; dr_exc, dr_inh: integration constants of the rate network, per step, at most 1/7;
    bias_exc, bias_inh: its biases, > 0, of which the ratio is kept; g_factor: inhibitory over excitatory weights; q_factor:
    handed through; weights[post, pre]: (n_units, n_units), excitatory columns first.

    Returns `shape_exc`, `vth_exc`, `du_exc`, `dv_exc`, `bias_mant_exc`, the same for `_inh`, `g_factor`, `q_factor`; `weights`,
    scaled and multiplied by du; `weight_scale` (c), `converged`, `residual` (mean_w - alpha w - beta w^2), `roots` (every weight
    scale that solves it in the interval searched), `reason` (which was taken and why); with the paper's formulas also
    `spectral_radius` and `rates` (in spikes per step), `mean_input`, `noise`, `alpha` and `beta` of the stationary state,
    (excitatory, inhibitory) each.

    published: reproduce the circulating implementation; a solution that its solver did not reach comes back as it left it, with
    converged = False and a RuntimeWarning.
    Raises ValueError naming what was expected and what came, or that there is no solution.
    Source: Grytskyy et al. 2013 (doi:10.3389/fncom.2013.00131).
    """
    weights = np.asarray(weights, dtype=np.float64)
    network = _checked(shape_exc, dr_exc, bias_exc, shape_inh, dr_inh, bias_inh, g_factor, q_factor, weights)
    solution = _solve_published(network) if published else _solve(network)
    du = SYNAPSE_FACTOR * network.dr
    # the published code takes the du of the unit that sends; it is the receiver's synapse that filters
    du_of_weight = np.repeat(du, network.n)[None, :] if published else np.repeat(du, network.n)[:, None]
    params: dict[str, Any] = {}
    for i, name in enumerate(("exc", "inh")):
        params |= {
            f"shape_{name}": int(network.n[i]),
            f"vth_{name}": V_TH,
            f"du_{name}": float(du[i]),
            f"dv_{name}": float(network.dr[i]),
            f"bias_mant_{name}": float(network.bias[i] * network.dr[i]),
        }
    scaled = weights * solution["weight_scale"] * du_of_weight
    return params | {"g_factor": g_factor, "q_factor": q_factor, "weights": scaled} | solution


class RateNetwork(NamedTuple):
    """A rate network as the mapping sees it; pairs are (excitatory, inhibitory).

    bias: of the LIF units, over dv; mean_weight: of the excitatory columns; first, second: (2, 2) means of the weights and of
    their squares by the population that receives and the one that sends.
    """

    n: np.ndarray
    dr: np.ndarray
    bias: np.ndarray
    g: float
    mean_weight: float
    first: np.ndarray
    second: np.ndarray


def moments(weights: np.ndarray, n_exc: int) -> tuple[np.ndarray, np.ndarray]:
    """(2, 2) means of weights[post, pre] and of their squares by population."""
    return _by_population(weights, n_exc), _by_population(weights**2, n_exc)


def _by_population(values: np.ndarray, n_exc: int) -> np.ndarray:
    """(2, 2): means of values[post, pre] by population."""
    return np.array([[part.mean() for part in np.split(rows, [n_exc], axis=1)] for rows in np.split(values, [n_exc])])


# Checks -------------------------------------------------------------------------------------------------------------------


def _checked(shape_exc, dr_exc, bias_exc, shape_inh, dr_inh, bias_inh, g_factor, q_factor, weights) -> RateNetwork:
    for name, n in (("shape_exc", shape_exc), ("shape_inh", shape_inh)):
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise ValueError(f"{name}: expected a whole number of units >= 1, got {n!r}")
    for name, value in {"dr_exc": dr_exc, "dr_inh": dr_inh, "g_factor": g_factor}.items():
        _check_positive(name, value)
    for name, value in {"bias_exc": bias_exc, "bias_inh": bias_inh}.items():
        _check_positive(name, value, " (the ratio of the biases is kept; without one nothing fires)")
    if not _is_number(q_factor):
        raise ValueError(f"q_factor: expected a number, got {q_factor!r}")
    n_units = shape_exc + shape_inh
    if weights.shape != (n_units, n_units):
        raise ValueError(f"weights: expected shape ({n_units}, {n_units}), post by pre, got {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError("weights: expected finite numbers, got NaN or infinity")
    biases = np.array([bias_exc, bias_inh], dtype=np.float64)
    bias = BIAS_FACTOR * V_TH * biases / biases.min()  # the smaller is 1
    mean = float(weights[:, :shape_exc].mean())
    if mean <= 0:
        raise ValueError(f"weights: expected a mean > 0 in the first {shape_exc} columns, the excitatory ones, got {mean:g}")
    n, dr = np.array([shape_exc, shape_inh]), np.array([dr_exc, dr_inh])
    return RateNetwork(n, dr, bias, float(g_factor), mean, *moments(weights, shape_exc))


def _is_number(value) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))


def _check_positive(name: str, value, why: str = "") -> None:
    if not (_is_number(value) and value > 0):
        raise ValueError(f"{name}: expected a number > 0{why}, got {value!r}")


def _check_balance(gamma: float, ratio: str, g: float) -> None:
    if gamma * g <= 1:
        raise ValueError(
            f"g_factor: expected more than {1 / gamma:g}, so that inhibition balances excitation (gamma g > 1, gamma = {ratio} = "
            f"{gamma:g}), got {g:g}"
        )


def _check_inhibition(network: RateNetwork) -> None:
    """The weights must be what g_factor says, and inhibition must win in each population."""
    own_g = -float(network.n @ network.first[:, INHIBITORY]) / float(network.n @ network.first[:, EXCITATORY])
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


# The paper's formulas -----------------------------------------------------------------------------------------------------

FAR = 20.0
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(48)


def f(y):
    """exp(y^2) (1 + erf y), without its cancellation at y < 0 and its overflow there."""
    return erfcx(-np.asarray(y, dtype=np.float64))


def half_slope_of_f(y):
    """f'(y) / 2 = y f(y) + 1 / sqrt(pi), by its asymptotic series where the two cancel."""
    y = np.asarray(y, dtype=np.float64)
    far = np.minimum(y, -FAR)
    series, term = np.zeros_like(far), np.ones_like(far)
    for n in range(1, 12):
        term = term * (1 - 2 * n) / (2 * far**2)
        series = series - term
    near = np.maximum(y, -FAR)
    with np.errstate(over="ignore"):  # infinite where f is
        return np.where(y < -FAR, series / np.sqrt(np.pi), near * f(near) + 1 / np.sqrt(np.pi))


def integral_of_f(y) -> np.ndarray:
    """int_0^y f, by Dawson's function and, for the part that has no closed form, quadrature in t = sinh s."""
    y = np.asarray(y, dtype=np.float64)
    half = np.arcsinh(np.abs(y)) / 2
    s = half[..., None] * (NODES + 1)
    below = half * ((erfcx(np.sinh(s)) * np.cosh(s)) @ NODE_WEIGHTS)  # int_0^|y| exp(t^2) erfc t dt
    above = np.maximum(y, 0.0)
    return np.where(y < 0, -below, 2 * np.exp(np.minimum(above**2, 700)) * dawsn(above) - below)


def threshold_shift(dv, du):
    """Shift of y_th and y_r under noise filtered by the synapse, Eq. 4."""
    return np.sqrt(np.asarray(dv) / np.asarray(du)) * ZETA / np.sqrt(2)


def _limits(mean_input, noise, shift):
    return (V_TH - mean_input) / noise + shift, -mean_input / noise + shift


def stationary_rate(mean_input, noise, shift):
    """tau r of a LIF unit, Eq. 3: spikes per membrane time constant. noise: sigma, a standard deviation."""
    y_th, y_r = _limits(np.asarray(mean_input, dtype=np.float64), noise, shift)
    return 1 / (np.sqrt(np.pi) * (integral_of_f(y_th) - integral_of_f(y_r)))


def susceptibilities(mean_input, noise, shift):
    """alpha and beta, Eqs. 5 and 6: derivatives of tau r with respect to mu and to sigma^2."""
    y_th, y_r = _limits(np.asarray(mean_input, dtype=np.float64), noise, shift)
    factor = np.sqrt(np.pi) * stationary_rate(mean_input, noise, shift) ** 2 / noise
    rise = f(y_th) - f(y_r)
    # (v_th - mu) / sigma = y_th - shift: written so that nothing cancels at small noise
    return factor * rise, factor / (2 * noise) * (half_slope_of_f(y_th) - half_slope_of_f(y_r) - shift * rise)


def spectral_radius(n: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Of random weights with these moments, their mean aside, which is inhibitory: from 1 on the linear rate network is unstable,
    and so is a LIF network with these effective weights.

    The variance that a population's activity gives to each other's inputs, by population: its largest eigenvalue is the square.
    """
    variance = np.maximum(second - first**2, 0)  # rounding
    return float(np.sqrt(np.abs(np.linalg.eigvals(variance * n)).max()))


class WorkingPoint(NamedTuple):
    """The stationary state of the LIF network, (excitatory, inhibitory) each; rates in spikes per step."""

    rates: np.ndarray
    mean_input: np.ndarray
    noise: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray


def working_point(network: RateNetwork, scale: float, start: np.ndarray) -> WorkingPoint:
    """The stationary state at that weight scale, Eqs. 2 and 3 solved for both populations by Newton's method from rates `start`.

    Raises ArithmeticError where there is none near.
    """
    tau, shift = 1 / network.dr, threshold_shift(network.dr, SYNAPSE_FACTOR * network.dr)
    first, second = scale * network.first * network.n, scale**2 * network.second * network.n
    log_rates = np.log(start)
    for _ in range(60):
        with np.errstate(all="ignore"):  # rates that underflow; what is not finite then is no stationary state
            rates = np.exp(log_rates)
            mean_input, noise = network.bias + tau * (first @ rates), np.sqrt(tau * (second @ rates))
            found = stationary_rate(mean_input, noise, shift) / tau
            alpha, beta = susceptibilities(mean_input, noise, shift)
            error = np.log(found) - log_rates
            slope = (alpha[:, None] * first + beta[:, None] * second) * rates / found[:, None] - np.eye(2)
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
    raise ArithmeticError(f"no stationary state of the LIF network was found at a weight scale of {scale:g}")


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
    """The stationary states at growing weight scales, each found from the one before; ends early where there is none. Where a
    step is too long, half of it comes first."""
    # the first: units that fire on their bias alone
    rates, steps, ahead, halvings = -network.dr / np.log1p(-V_TH / network.bias), [], list(scales[::-1]), 0
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
    """From weights that do nothing to synapses that reach the threshold alone, where the diffusion approximation ends. Begins
    lower where there is no stationary state yet, or the effective weights are too large already."""
    n_exc, n = network.n[EXCITATORY], network.n
    synapse = float(n @ network.second[:, EXCITATORY]) / float(n @ network.first[:, EXCITATORY])  # a connection's, by its weight
    low, high = LEAST_MEAN_INPUT * V_TH / (n_exc * network.mean_weight), V_TH / synapse
    low = min(low, high / 10)
    for _ in range(N_LOWER):
        start = branch(network, np.array([low]))
        if start and start[0].weight < network.mean_weight:
            break
        low /= 10
    return np.geomspace(low, high, N_SCALES)


def _misses(network: RateNetwork, near: np.ndarray, sign: float = 1.0) -> Callable[[float], float]:
    """By how much the effective weight at a weight scale exceeds the rate network's, times sign. It raises ValueError."""

    def miss(scale: float) -> float:
        try:
            return sign * (_step(network, scale, near).weight - network.mean_weight)
        except ArithmeticError as error:
            raise ValueError(
                f"weights: expected a stationary state for each weight scale on the way to a solution, but {error}"
            ) from error

    return miss


def _with_extrema(network: RateNetwork, steps: list[Step]) -> list[Step]:
    """The steps, and between them each extremum on the other side of the mean weight: two roots can lie within one step."""
    extrema = []
    for three in zip(steps, steps[1:], steps[2:], strict=False):
        misses = np.array([step.weight for step in three]) - network.mean_weight
        sign = np.sign(misses[1])
        if (np.sign(misses) == sign).all() and np.abs(misses).argmin() == 1:
            before, at, after = three
            away = _misses(network, at.point.rates, sign)
            best = minimize_scalar(away, bounds=(before.scale, after.scale), options={"xatol": 1e-9 * at.scale})
            if best.fun < 0:
                extrema.append(_step(network, best.x, at.point.rates))
    return sorted(steps + extrema, key=operator.attrgetter("scale"))


def _roots(network: RateNetwork) -> tuple[list[Step], list[float]]:
    """Every weight scale that solves Eq. 1, in growing order, and those that could not be verified: there the stationary state
    jumps from one branch to another. Raises NoSolution; ValueError where the smallest is of the latter."""
    scales = _scales(network)
    steps = _with_extrema(network, branch(network, scales))
    above = np.array([step.weight > network.mean_weight for step in steps], dtype=bool)
    roots, jumps = [], []
    for k in np.flatnonzero(above[1:] != above[:-1]):
        near = steps[k].point.rates
        root = _step(network, brentq(_misses(network, near), steps[k].scale, steps[k + 1].scale, rtol=1e-14), near)
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


def _solve(network: RateNetwork) -> dict[str, Any]:
    """The weight scale at which the LIF network's effective weights are the rate network's on average, Eq. 1."""
    _check_balance(network.n[INHIBITORY] / network.n[EXCITATORY], "N_i / N_e", network.g)
    _check_inhibition(network)
    for name, dr in zip(("dr_exc", "dr_inh"), network.dr, strict=True):
        if dr * SYNAPSE_FACTOR > 1:
            raise ValueError(f"{name}: expected at most 1/{SYNAPSE_FACTOR}, so that du = {SYNAPSE_FACTOR} dr <= 1, got {dr:g}")
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
    reason = "the only root" if n_roots == 1 else f"the smallest of {n_roots} roots, on the branch from weights of 0"
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


# The circulating implementation -------------------------------------------------------------------------------------------


class Terms(NamedTuple):
    """What alpha(w) w + beta(w) w^2 of the circulating code is made of; s is a variance, in the place of sigma."""

    w: np.ndarray
    mean: np.ndarray
    s: np.ndarray
    shift: float
    factor: np.ndarray

    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        return (V_TH - self.mean) / self.s + self.shift, -self.mean / self.s + self.shift


def _published_terms(network: RateNetwork) -> Callable[[Any], Terms]:
    """The circulating formulas with their slips: gamma upside down, the variance for the standard deviation, zeta - 1 for zeta,
    the du of the inhibitory population, a rate without weights, 0.01 mu dv for tau r."""
    n_exc, g, dv = network.n[EXCITATORY], network.g, network.dr[EXCITATORY]
    gamma, bias = n_exc / network.n[INHIBITORY], network.bias.mean()
    _check_balance(gamma, "N_e / N_i, as published", g)
    rate = (bias - V_TH) / (gamma * g - 1)
    shift = np.sqrt(2) * abs(zetac(0.5)) * np.sqrt(dv / (SYNAPSE_FACTOR * network.dr[INHIBITORY])) / 2

    def terms(w) -> Terms:
        mean = n_exc * (1 - gamma * g) * w * rate + bias
        s = n_exc * (1 + gamma * g**2) * w**2 * rate
        return Terms(w, mean, s, shift, np.sqrt(np.pi) * (0.01 * mean * dv) ** 2)

    return terms


def _as_published(t: Terms) -> float:
    """alpha w + beta w^2 in plain float64: overflow and cancellation are part of what the circulating solver sees."""
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
    return np.where(y < 0, np.log(f(below)), log_f), np.where(y < 0, np.log(half_slope_of_f(below)), log_slope)


def _log_ratio(t: Terms, target: float) -> tuple[np.ndarray, np.ndarray]:
    """log((alpha w + beta w^2) / target), or LEAST_LOG where it is not > 0, and whether float64 resolves its sign: the sum is
    of terms up to 1e20 and more, written so that they cancel as little as they can."""
    (f_th, slope_th), (f_r, slope_r) = (_logs(y) for y in t.limits())
    of_slope = t.factor * t.w**2 / (2 * t.s**2)
    of_f = t.factor * t.w / t.s - of_slope * t.shift
    logs, factors = [f_th, f_r, slope_th, slope_r], np.array([of_f, -of_f, of_slope, -of_slope])
    size, sign = logsumexp(logs, b=factors, axis=0, return_sign=True)
    ratio = np.where(sign > 0, np.maximum(size - np.log(target), LEAST_LOG), LEAST_LOG)
    largest = logsumexp(logs, b=np.abs(factors), axis=0) - np.log(target)
    rounding = np.finfo(float).eps * (8 + np.maximum(*(np.maximum(y, 0) for y in t.limits())) ** 2)
    away = np.maximum(ratio, 0) + np.log(-np.expm1(-np.maximum(np.abs(ratio), 1e-300)))  # log |ratio - 1|
    return ratio, np.log(rounding) + largest < away


def _solve_published(network: RateNetwork) -> dict[str, Any]:
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
    converged = bool(abs(residual) < TOLERANCE * target or np.isclose(roots, scale, rtol=1e-9, atol=0).any())
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
    return {"weight_scale": scale, "converged": converged, "residual": residual, "roots": roots, "reason": reason}
