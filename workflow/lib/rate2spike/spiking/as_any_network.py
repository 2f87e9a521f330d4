"""A converted network in the form of any network of spiking units, for `networks.simulate`."""

from __future__ import annotations

import numpy as np

from .. import streams
from ..networks.network import Network
from ..networks.neurons import LIF, MembraneQIF, SingleExponentialLIF, SingleExponentialMembraneQIF
from .converted import (
    DEFAULT_STREAM,
    STEP_S,
    V_SPIKE,
    SpikingNetwork,
    check_downsample,
    check_stimulus,
    checked_array,
    time_grid,
)


def as_network(
    network: SpikingNetwork,
    *,
    downsample: int = 1,
    v0: np.ndarray | None = None,
    stream: streams.Key = DEFAULT_STREAM,
    trial: int = 0,
) -> Network:
    """A converted network as any other: `simulate(as_network(network), external_inputs(network,
    u))` is `simulate_trial` without noise and stimulation, from the same initial voltages.

    v0: U(0, 1) draws for the initial voltage (n_units,); where not given, those that
    `simulate_trial` draws.
    """
    neuron = network.neuron
    check_downsample(downsample)
    n = network.n_units
    v0 = (
        streams.uniform(stream, streams.INITIAL_VOLTAGE, trial, n)[:, 0]
        if v0 is None
        else checked_array("v0", v0, (n,))
    )
    shared = ("tau_rise_ms", "tau_mem_ms", "t_refractory_ms", "v_threshold", "v_reset", "bias")
    parameters = {name: getattr(neuron, name) for name in shared}
    double, single = {
        "lif": (LIF, SingleExponentialLIF),
        "qif": (MembraneQIF, SingleExponentialMembraneQIF),
    }[neuron.model]
    model = (single if neuron.tau_rise_ms == 0 else double)(
        tau_decay_ms=network.tau_decay_ms, **parameters
    )
    initial = {"v": neuron.v_reset + v0 * (V_SPIKE - neuron.v_reset)}
    return Network(model, network.w_rec, STEP_S * downsample, initial)


def external_inputs(network: SpikingNetwork, u: np.ndarray, downsample: int = 1) -> np.ndarray:
    """The current of each unit at each step of a trial with stimulus u (n_inputs, n_columns):
    (n_steps, n_units), mV."""
    u = check_stimulus(network, u, downsample)
    return (network.w_in @ u[:, ::downsample])[:, time_grid(u.shape[1], downsample).column].T
