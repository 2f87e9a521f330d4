"""What the parts of the mean-field mapping share: a rate network as they see it, a solution, and
the constants."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import zetac

V_TH = 1.0
SYNAPSE_FACTOR = 7  # du / dr
BIAS_FACTOR = 5  # bias / (v_th dv), times the relative bias
ZETA = abs(zetac(0.5) + 1)  # |zeta(1/2)|: scipy has zeta - 1 below 1
EXCITATORY, INHIBITORY = 0, 1
# by how much g_factor and the weights' own ratio may differ: a small sample of weights scatters
G_TOLERANCE = 0.25
TOLERANCE = 1e-8  # of a root: residual relative to the mean weight
LEAST_MEAN_INPUT = 1e-3  # where the search for roots begins: N_e J, in units of v_th
N_LOWER = 8  # powers of ten by which it may begin lower
N_SCALES = 160
MOST_HALVINGS = 30  # of steps between weight scales
SILENT = 1e-30  # spikes per step: none in any simulation
LEAST_RATE = 1e-6  # spikes per time constant: below, a population is silent
MOST_RATE = 0.5  # spikes per step


class RateNetwork(NamedTuple):
    """A rate network as the mapping sees it; pairs are (excitatory, inhibitory).

    Parameters
    ----------
    n : numbers of units
    dr : integration constants per step
    bias : of the LIF units, over dv
    g : inhibitory over excitatory weights
    mean_weight : of the excitatory columns
    first, second : (2, 2), means of the weights and of their squares by the population that
        receives and the one that sends
    """

    n: np.ndarray
    dr: np.ndarray
    bias: np.ndarray
    g: float
    mean_weight: float
    first: np.ndarray
    second: np.ndarray


class NoSolution(ValueError):
    """No weight scale gives the LIF network the effective weights of the rate network."""


class Solution(NamedTuple):
    """The factor for all weights that the mapping takes, and how it was found.

    Parameters
    ----------
    weight_scale : the factor
    converged : whether it solves the equation
    residual : mean_weight - alpha w - beta w^2
    roots : every weight scale that solves the equation in the interval searched
    reason : which was taken and why
    stationary_state : what is known of the LIF network there, by name
    """

    weight_scale: float
    converged: bool
    residual: float
    roots: np.ndarray
    reason: str
    stationary_state: dict[str, Any]


def moments(weights: np.ndarray, n_exc: int) -> tuple[np.ndarray, np.ndarray]:
    """(2, 2) means of weights[post, pre] and of their squares by population."""
    return by_population(weights, n_exc), by_population(weights**2, n_exc)


def by_population(values: np.ndarray, n_exc: int) -> np.ndarray:
    """(2, 2): means of values[post, pre] by population."""
    means = np.empty((2, 2))
    for post, rows in enumerate(np.split(values, [n_exc])):
        for pre, block in enumerate(np.split(rows, [n_exc], axis=1)):
            means[post, pre] = block.mean()
    return means


def check_balance(g: float, *, gamma: float, gamma_is: str) -> None:
    """Raise ValueError unless inhibition balances excitation, gamma g > 1. gamma_is: the formula of
    gamma, for the message."""
    if gamma * g <= 1:
        raise ValueError(
            f"g_factor: expected more than {1 / gamma:g}, so that inhibition balances excitation "
            f"(gamma g > 1, gamma = {gamma_is} = {gamma:g}), got {g:g}"
        )
