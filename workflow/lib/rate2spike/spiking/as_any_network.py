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

MODELS = {  # neuron of the config, and whether its synapse rises -> class
    ("lif", True): LIF,
    ("lif", False): SingleExponentialLIF,
    ("qif", True): MembraneQIF,
    ("qif", False): SingleExponentialMembraneQIF,
}


def as_network(
    network: SpikingNetwork,
    *,
    downsample: int = 1,
    v0: np.ndarray | None = None,
    stream: streams.Key = DEFAULT_STREAM,
    trial: int = 0,
) -> Network:
    """A converted network as any other.

    `simulate(as_network(network), external_inputs(network, u))` is `simulate_trial` without noise
    and stimulation, from the same initial voltages.

    Parameters
    ----------
    network : the converted network
    downsample : steps of 5e-5 s in a step
    v0 : U(0, 1) draws for the initial voltage (n_units,); where not given, those that
        `simulate_trial` draws from `stream` at `trial`
    stream, trial : what keys these draws

    Returns
    -------
    Network
        Its time is in s, its voltages and currents in mV.

    Raises
    ------
    ValueError
        Where downsample or v0 do not fit.
    """
    check_downsample(downsample)
    return Network(
        neuron=neuron_model(network),
        weights=network.w_rec,
        dt=STEP_S * downsample,
        initial={"v": initial_voltages(network, v0, stream=stream, trial=trial)},
    )


def neuron_model(network: SpikingNetwork) -> LIF:
    """The units of a converted network as a model of `networks.neurons`."""
    neuron = network.neuron
    model = MODELS[neuron.model, neuron.tau_rise_ms != 0]
    return model(
        tau_decay_ms=network.tau_decay_ms,
        tau_rise_ms=neuron.tau_rise_ms,
        tau_mem_ms=neuron.tau_mem_ms,
        t_refractory_ms=neuron.t_refractory_ms,
        v_threshold=neuron.v_threshold,
        v_reset=neuron.v_reset,
        bias=neuron.bias if network.bias_mv is None else network.bias_of_units,
    )


def initial_voltages(
    network: SpikingNetwork, v0: np.ndarray | None, *, stream: streams.Key, trial: int
) -> np.ndarray:
    """Voltages before the first step (mV, n_units), uniform from the reset to V_SPIKE. v0: their
    U(0, 1) draws; None: those of `stream` at `trial`."""
    if v0 is None:
        v0 = streams.uniform(stream, streams.INITIAL_VOLTAGE, trial, network.n_units)[:, 0]
    else:
        v0 = checked_array("v0", v0, (network.n_units,))
    v_reset = network.neuron.v_reset
    return v_reset + v0 * (V_SPIKE - v_reset)


def external_inputs(network: SpikingNetwork, u: np.ndarray, downsample: int = 1) -> np.ndarray:
    """The current of each unit at each step of a trial, for `networks.simulate`.

    Parameters
    ----------
    network : the converted network
    u : stimulus (n_inputs, n_columns), a column per 5 ms
    downsample : steps of 5e-5 s in a step

    Returns
    -------
    np.ndarray
        (n_steps, n_units), mV.

    Raises
    ------
    ValueError
        Where u or downsample do not fit.
    """
    u = check_stimulus(network, u, downsample)
    column = time_grid(u.shape[1], downsample).column
    return (network.w_in @ u[:, ::downsample])[:, column].T
