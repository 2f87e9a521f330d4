"""From a rate model to a spiking network: one to one, weights scaled by the one factor 1/lambda (paper, Eq. 12)."""

from __future__ import annotations

import numpy as np

from .config import NeuronConfig
from .rate import RateModel
from .spiking import SpikingNetwork


def to_spiking(
    model: RateModel, scaling_factor: float, *, initial_weights: bool = False, neuron: NeuronConfig = NeuronConfig()
) -> SpikingNetwork:
    """The spiking network of `model`: recurrent and readout weights divided by `scaling_factor` (= 1/lambda), input weights kept.

    initial_weights takes the recurrent weights from before training. Float64 whatever the file holds.
    Raises ValueError for a factor that is not a positive number, or when the file holds no initial weights.
    """
    if not (np.isscalar(scaling_factor) and np.isfinite(scaling_factor) and scaling_factor > 0):
        raise ValueError(f"scaling_factor: expected a number > 0, got {scaling_factor!r}")
    if initial_weights and model.initial is None:
        raise ValueError("initial_weights: the model file holds no initial weights (key 'w0')")
    w_rec = (model.initial if initial_weights else model.weights).w_rec.astype(np.float64)
    w_rec = np.maximum(w_rec, 0) if model.config.dale else w_rec
    return SpikingNetwork(
        w_rec=w_rec * model.sign * model.mask / scaling_factor,
        w_in=np.asarray(model.w_in, dtype=np.float64),
        w_out=np.asarray(model.weights.w_out, dtype=np.float64) / scaling_factor,
        tau_decay_ms=model.tau_decay_ms(),
        inhibitory=model.inhibitory,
        scaling_factor=float(scaling_factor),
        neuron=neuron,
    )
