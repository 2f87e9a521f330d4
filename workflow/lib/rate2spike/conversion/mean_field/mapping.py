"""The mean-field mapping of a rate network to leaky integrate-and-fire units (Grytskyy, Tetzlaff,
Diesmann & Helias 2013).

Around its stationary state a network of LIF units answers to small changes of its rates as a linear
rate network does, with the effective weights

    w_ij = alpha J_ij + beta J_ij^2,                                                          (1)
        alpha = d(tau r) / d(mu),    beta = d(tau r) / d(sigma^2)

where J is the jump in v that a spike causes in the end (its whole charge) and r, mu and sigma^2 are
rate, mean input and input noise of the stationary state. The mapping asks for the LIF network whose
effective weights are the rate network's on average over the excitatory columns, by one factor c for
all weights (J = c W), and so keeps the correlation structure.

    mu = bias / dv + tau sum_j J_j r_j,    sigma^2 = tau sum_j J_j^2 r_j,    tau = 1 / dv     (2)
    1 / (tau r) = sqrt(pi) int_{y_r}^{y_th} f(y) dy,    f(y) = exp(y^2) (1 + erf y)           (3)
    y_th = (v_th - mu) / sigma + shift,   y_r = -mu / sigma + shift,                          (4)
        shift = sqrt(tau_s / tau) |zeta(1/2)| / sqrt(2)
    alpha = sqrt(pi) (tau r)^2 / sigma (f(y_th) - f(y_r))                                     (5)
    beta = sqrt(pi) (tau r)^2 / (2 sigma^2)                                                   (6)
        (f(y_th) (v_th - mu) / sigma + f(y_r) mu / sigma)

(2) is the diffusion approximation (Brunel 2000), (3) Siegert's formula without a refractory period,
(4) the effective threshold and reset under noise filtered with tau_s = 1 / du (Fourcaud & Brunel
2002), (5) and (6) the derivatives of (3), by which Grytskyy et al. linearise the LIF network. Sums
run over the units of both populations, with the means of W and W^2 for each pair of populations as
they are in the weights given, and each population has its own tau, tau_s, bias and rate.

Where the sources are silent: the rate network's own slope is 1 (its effective weights are its
weights); the mean of (1) takes in connections that are absent; tau and tau_s are 1 / dv and 1 / du
steps; weights are multiplied by the du of the unit that receives, so that J is c W. Bias: 5 v_th dv
times the relative bias, so its absolute size is lost, as in the circulating code.

`published=True` is that code instead, slips included (docs/mean_field.md), number for number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import real_numbers
from .as_published import published_weight_scale
from .rate_network import BIAS_FACTOR, SYNAPSE_FACTOR, V_TH, RateNetwork, moments
from .working_point import matching_weight_scale


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
    """The parameters of a LIF network (`neurons.DiscreteLIF`) with the correlation structure of a
    balanced rate network.

    Source: Grytskyy et al. 2013 (doi:10.3389/fncom.2013.00131); the equations are those above.

    Parameters
    ----------
    shape_exc, shape_inh : numbers of units
    dr_exc, dr_inh : integration constants of the rate network, per step, at most 1/7
    bias_exc, bias_inh : its biases, > 0, of which the ratio is kept
    g_factor : inhibitory over excitatory weights
    q_factor : handed through
    weights : weights[post, pre], (n_units, n_units), excitatory columns first
    published : reproduce the circulating implementation; a solution that its solver did not reach
        comes back as it left it, with converged = False and a RuntimeWarning

    Returns
    -------
    dict
        `shape_exc`, `vth_exc`, `du_exc`, `dv_exc`, `bias_mant_exc`, the same for `_inh`,
        `g_factor`, `q_factor`; `weights`, scaled and multiplied by du; `weight_scale` (c),
        `converged`, `residual` (mean_w - alpha w - beta w^2), `roots` (every weight scale that
        solves it in the interval searched), `reason` (which was taken and why); with the paper's
        formulas also `spectral_radius` and `rates` (in spikes per step), `mean_input`, `noise`,
        `alpha` and `beta` of the stationary state, (excitatory, inhibitory) each.

    Raises
    ------
    ValueError
        Naming what was expected and what came, or that there is no solution (`NoSolution`).
    """
    weights = real_numbers("weights", weights)
    network = _checked(
        shape_exc=shape_exc,
        dr_exc=dr_exc,
        bias_exc=bias_exc,
        shape_inh=shape_inh,
        dr_inh=dr_inh,
        bias_inh=bias_inh,
        g_factor=g_factor,
        q_factor=q_factor,
        weights=weights,
    )
    solution = published_weight_scale(network) if published else matching_weight_scale(network)
    du = SYNAPSE_FACTOR * network.dr
    du_of_unit = np.repeat(du, network.n)
    # the published code takes the du of the unit that sends; it is the receiver's synapse that
    # filters
    du_of_weight = du_of_unit[None, :] if published else du_of_unit[:, None]
    params: dict[str, Any] = {}
    for i, name in enumerate(("exc", "inh")):
        params[f"shape_{name}"] = int(network.n[i])
        params[f"vth_{name}"] = V_TH
        params[f"du_{name}"] = float(du[i])
        params[f"dv_{name}"] = float(network.dr[i])
        params[f"bias_mant_{name}"] = float(network.bias[i] * network.dr[i])
    params["g_factor"] = g_factor
    params["q_factor"] = q_factor
    params["weights"] = weights * solution.weight_scale * du_of_weight
    params["weight_scale"] = solution.weight_scale
    params["converged"] = solution.converged
    params["residual"] = solution.residual
    params["roots"] = solution.roots
    params["reason"] = solution.reason
    return params | solution.stationary_state


# Checks -------------------------------------------------------------------------------------------


def _checked(
    *, shape_exc, dr_exc, bias_exc, shape_inh, dr_inh, bias_inh, g_factor, q_factor, weights
) -> RateNetwork:
    """What was passed to the mapping, as a rate network; raises ValueError for what does not
    fit."""
    for name, n in (("shape_exc", shape_exc), ("shape_inh", shape_inh)):
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise ValueError(f"{name}: expected a whole number of units >= 1, got {n!r}")
    for name, value in {"dr_exc": dr_exc, "dr_inh": dr_inh, "g_factor": g_factor}.items():
        _check_positive(name, value)
    for name, value in {"bias_exc": bias_exc, "bias_inh": bias_inh}.items():
        _check_positive(
            name, value, " (the ratio of the biases is kept; without one nothing fires)"
        )
    if not _is_number(q_factor):
        raise ValueError(f"q_factor: expected a number, got {q_factor!r}")
    n_units = shape_exc + shape_inh
    if weights.shape != (n_units, n_units):
        raise ValueError(
            f"weights: expected shape ({n_units}, {n_units}), post by pre, got {weights.shape}"
        )
    if not np.isfinite(weights).all():
        raise ValueError("weights: expected finite numbers, got NaN or infinity")
    biases = np.array([bias_exc, bias_inh], dtype=np.float64)
    bias = BIAS_FACTOR * V_TH * biases / biases.min()  # the smaller is 1
    mean = float(weights[:, :shape_exc].mean())
    if mean <= 0:
        raise ValueError(
            f"weights: expected a mean > 0 in the first {shape_exc} columns, "
            f"the excitatory ones, got {mean:g}"
        )
    first, second = moments(weights, shape_exc)
    return RateNetwork(
        n=np.array([shape_exc, shape_inh]),
        dr=np.array([dr_exc, dr_inh]),
        bias=bias,
        g=float(g_factor),
        mean_weight=mean,
        first=first,
        second=second,
    )


def _is_number(value) -> bool:
    return (
        isinstance(value, int | float | np.number)
        and not isinstance(value, bool)
        and bool(np.isfinite(value))
    )


def _check_positive(name: str, value, why: str = "") -> None:
    if not (_is_number(value) and value > 0):
        raise ValueError(f"{name}: expected a number > 0{why}, got {value!r}")
