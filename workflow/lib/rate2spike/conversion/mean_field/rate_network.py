"""A rate network as the mean-field mapping sees it, and the constants of the mapping."""

from __future__ import annotations

from typing import NamedTuple

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

    bias: of the LIF units, over dv; mean_weight: of the excitatory columns; first, second: (2, 2)
    means of the weights and of their squares by the population that receives and the one that
    sends.
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
    return by_population(weights, n_exc), by_population(weights**2, n_exc)


def by_population(values: np.ndarray, n_exc: int) -> np.ndarray:
    """(2, 2): means of values[post, pre] by population."""
    return np.array(
        [
            [part.mean() for part in np.split(rows, [n_exc], axis=1)]
            for rows in np.split(values, [n_exc])
        ]
    )


def check_balance(gamma: float, ratio: str, g: float) -> None:
    if gamma * g <= 1:
        raise ValueError(
            f"g_factor: expected more than {1 / gamma:g}, so that inhibition balances excitation (gamma g > 1, gamma = {ratio} = "
            f"{gamma:g}), got {g:g}"
        )
