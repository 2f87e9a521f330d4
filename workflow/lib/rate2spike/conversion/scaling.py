"""From a rate model to a spiking network, one to one, scaled by one factor (paper, Eq. 12), and the
choice of that factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..arrays import finite_numbers
from ..config import NeuronConfig
from ..rate.model import RateModel
from ..spiking.converted import SpikingNetwork


def check_factor(scaling_factor: float) -> None:
    """Check a scaling factor.

    Parameters
    ----------
    scaling_factor : 1/lambda

    Raises
    ------
    ValueError
        Unless it is a number > 0.
    """
    is_number = isinstance(scaling_factor, int | float | np.number)
    is_number = is_number and not isinstance(scaling_factor, bool)
    if not (is_number and np.isfinite(scaling_factor) and scaling_factor > 0):
        raise ValueError(f"scaling_factor: expected a number > 0, got {scaling_factor!r}")


def to_spiking(
    model: RateModel,
    scaling_factor: float,
    *,
    initial_weights: bool = False,
    neuron: NeuronConfig | None = None,
) -> SpikingNetwork:
    """The spiking network of `model`: recurrent and readout weights scaled, input weights kept.

        W_spk = lambda W_rate,    lambda = 1 / scaling_factor        (paper, Eq. 12)

    What a refinement has found for the model is followed: with factor g and offset c the output is
    g (lambda w_out_rate r + c). Where it has gains of the units (`RateModel.unit_gains`), all that
    a unit receives is multiplied by its gain, and its bias is added; they hold at the scaling
    factor that they were found at.

    Parameters
    ----------
    model : the trained rate network
    scaling_factor : 1/lambda, by which the weights are divided
    initial_weights : take the recurrent weights from before training
    neuron : constants of the spiking units, those of Table S1 by default

    Returns
    -------
    SpikingNetwork
        Float64 whatever the file holds.

    Raises
    ------
    ValueError
        For a factor that is not a positive number, weights that are not finite numbers, or when
        the file holds no initial weights.
    """
    check_factor(scaling_factor)
    if initial_weights and model.initial is None:
        raise ValueError("initial_weights: the model file holds no initial weights (key 'w0')")
    w_rec = finite_numbers("w_rec", (model.initial if initial_weights else model.weights).w_rec)
    w_rec = np.maximum(w_rec, 0) if model.config.dale else w_rec
    w_rec = w_rec * model.sign * model.mask / scaling_factor
    w_in = finite_numbers("w_in", model.w_in)
    bias_mv = None
    if model.unit_gains is not None:
        gain, bias_mv = (np.asarray(array, np.float64) for array in model.unit_gains)
        w_rec, w_in = gain[:, None] * w_rec, gain[:, None] * w_in
    return SpikingNetwork(
        w_rec=w_rec,
        w_in=w_in,
        w_out=finite_numbers("w_out", model.weights.w_out) * model.output_factor / scaling_factor,
        tau_decay_ms=model.tau_decay_ms(),
        inhibitory=model.inhibitory,
        scaling_factor=float(scaling_factor),
        neuron=neuron or NeuronConfig(),
        output_factor=model.output_factor,
        output_offset=model.output_offset,
        bias_mv=bias_mv,
    )


class Choice(NamedTuple):
    """The chosen scaling factor (1/lambda), and whether it lies on the edge of the grid, where a
    better one may lie outside."""

    scaling_factor: float
    on_edge: bool


def choose_factor(scaling_factors: Sequence[float], accuracies: Sequence[float]) -> Choice:
    """The factor of the highest accuracy; ties go to the first in the order of the grid, as
    published.

    Parameters
    ----------
    scaling_factors : the grid, in any order
    accuracies : share of correct trials at each of them

    Returns
    -------
    Choice
        The factor, and whether it is the smallest or largest of the grid.
    """
    best = int(np.argmax(accuracies))
    factor = scaling_factors[best]
    is_extreme = factor in (min(scaling_factors), max(scaling_factors))
    return Choice(float(factor), on_edge=len(scaling_factors) > 1 and is_extreme)
