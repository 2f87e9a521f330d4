"""The scaling factors at which an example network is recorded, and its outputs at each of them.

A recording holds the factors in `scaling_factors` and the outputs in `spiking_out`, in one order,
which only this file knows: the factor chosen for the network comes last.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

BESIDE_CHOSEN = (1.0, 10.0)  # as in Fig. 2B


def recorded_factors(chosen: float) -> list[float]:
    """The factors to record a network at, in the order of a recording.

    Parameters
    ----------
    chosen
        The factor chosen for the network.

    Returns
    -------
    list of float
        1, 10 and the chosen one, each once.
    """
    others = [factor for factor in BESIDE_CHOSEN if factor != chosen]
    return [*others, float(chosen)]


def chosen_factor(example: Mapping) -> float:
    """The factor chosen for an example network.

    Parameters
    ----------
    example
        From `example.example_recordings`.

    Returns
    -------
    float
        1 / lambda.
    """
    return float(example["scaling_factors"][-1])


def output_at(example: Mapping, factor: float) -> np.ndarray:
    """The outputs of the spiking network at one factor.

    Parameters
    ----------
    example
        From `example.example_recordings`.
    factor
        One of those it was recorded at.

    Returns
    -------
    numpy.ndarray, shape (n_trials, n_steps)
        Output of each trial.

    Raises
    ------
    ValueError
        The network was not recorded at that factor.
    """
    factors = np.asarray(example["scaling_factors"]).tolist()
    if factor not in factors:
        raise ValueError(f"scaling factor: expected one of {factors}, got {factor}")
    return example["spiking_out"][factors.index(factor)]


def chosen_output(example: Mapping) -> np.ndarray:
    """The outputs of the spiking network at its chosen factor, (n_trials, n_steps)."""
    return output_at(example, chosen_factor(example))
