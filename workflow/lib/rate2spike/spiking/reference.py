"""The converted network step by step, in float64: the reference for the kernels.

    tau_m dv/dt = -v + I          (LIF)          tau_m dv/dt = v^2 + I          (QIF)
    I = bias + I_syn + W_in u,   v >= v_threshold: spike, then v = v_reset and no integration for t_refractory

The synapse filters each spike with a rise and a decay time (double-exponential, as in Nicola &
Clopath 2017) or with the decay alone (single-exponential, tau_rise_ms = 0); the decay is that of
the postsynaptic unit (paper, SI Methods).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import streams
from .converted import (
    DEFAULT_STREAM,
    FIRST_COUNTED_STEP,
    NOISE_SD,
    STIMULATION_STEP,
    V_SPIKE,
    Grid,
    SpikingNetwork,
    Stimulation,
    TrialRecording,
    check_stimulation,
    check_stimulus,
    checked_array,
    time_grid,
)


class State(NamedTuple):
    """Per unit: voltage (mV), synaptic current and its rise stage, filtered rate and its rise
    stage, last spike (s)."""

    v: np.ndarray
    ipsc: np.ndarray
    h: np.ndarray
    r: np.ndarray
    hr: np.ndarray
    t_last: np.ndarray


def step(
    state: State, current, t: float, kick, network: SpikingNetwork, dt: float
) -> tuple[State, np.ndarray]:
    """One step to time t (s). current: bias + external input (n_units,); kick: noise and
    stimulation in mV. Returns the new state, voltage not yet reset, and the spikes (n_units,) bool.
    The current takes the old h, then h takes the spikes."""
    neuron = network.neuron
    tau_mem, tau_rise = neuron.tau_mem_ms / 1000, neuron.tau_rise_ms / 1000
    tau_decay = network.tau_decay_ms / 1000
    v, ipsc, h, r, hr, t_last = state
    drive = (-v if neuron.model == "lif" else v**2) + (ipsc + current)
    v = v + dt * ((t > t_last + neuron.t_refractory_ms / 1000) * drive / tau_mem) + kick
    spikes = v >= neuron.v_threshold
    t_last = np.where(spikes, t, t_last)
    arriving = network.w_rec[:, spikes].sum(axis=1)
    decay = np.exp(-dt / tau_decay)
    if tau_rise == 0:
        ipsc = ipsc * decay + arriving / tau_decay
        r = r * decay + spikes / tau_decay
    else:
        rise = np.exp(-dt / tau_rise)
        ipsc = ipsc * decay + h * dt
        h = h * rise + arriving / (tau_rise * tau_decay)
        r = r * decay + hr * dt
        hr = hr * rise + spikes / (tau_rise * tau_decay)
    return State(v, ipsc, h, r, hr, t_last), spikes


def simulate_trial(
    network: SpikingNetwork,
    u: np.ndarray,
    *,
    downsample: int = 1,
    stimulation: Stimulation | tuple | None = None,
    v0: np.ndarray | None = None,
    noise: np.ndarray | None = None,
    coins: np.ndarray | None = None,
    stream: streams.Key = DEFAULT_STREAM,
    trial: int = 0,
) -> TrialRecording:
    """Simulate one trial step by step in float64 and record everything: the reference for the
    kernels.

    u: stimulus (n_inputs, n_columns), one column per 5 ms; the trial lasts n_columns - 1 of them.
    stimulation: (mode, start, stop, units), see `Stimulation`. v0: U(0, 1) draws for the initial
    voltage (n_units,); noise: standard normal (n_units, n_steps); coins: U(0, 1), one per
    stimulated step. Where not given they come from `stream` at `trial`, as in the kernels. Raises
    ValueError when an array does not fit the network. Source: published LIF code; paper, SI
    Methods.
    """
    u = check_stimulus(network, u, downsample)
    grid = time_grid(u.shape[1], downsample)
    n, neuron = network.n_units, network.neuron
    stimulation = check_stimulation(stimulation, n)
    v0 = (
        streams.uniform(stream, streams.INITIAL_VOLTAGE, trial, n)[:, 0]
        if v0 is None
        else checked_array("v0", v0, (n,))
    )
    noise = (
        streams.normal(stream, trial, n, grid.n_steps)
        if noise is None
        else checked_array("noise", noise, (n, grid.n_steps))
    )
    heads = _heads(stimulation, grid, coins, stream, trial)

    zeros = np.zeros(n)
    state = State(
        neuron.v_reset + v0 * (V_SPIKE - neuron.v_reset), zeros, zeros, zeros, zeros, zeros
    )
    external = network.w_in @ u[:, ::downsample] + neuron.bias
    v, rates, ipsc = np.empty((3, n, grid.n_steps))
    spikes = np.empty((n, grid.n_steps), dtype=bool)
    for k in range(grid.n_steps):
        ipsc[:, k] = state.ipsc
        kick = NOISE_SD * noise[:, k]
        if heads[k]:
            kick = kick.astype(np.float64)
            kick[list(stimulation.units)] += (
                STIMULATION_STEP if stimulation.mode == "exc" else -STIMULATION_STEP
            )
        state, fired = step(
            state, external[:, grid.column[k]], grid.dt * (k + 1), kick, network, grid.dt
        )
        spikes[:, k], rates[:, k] = fired, state.r
        v[:, k] = np.where(fired, V_SPIKE, state.v)
        state = state._replace(v=np.where(fired, neuron.v_reset, state.v))
    duration = grid.n_steps * grid.dt
    mean_rates = spikes[:, FIRST_COUNTED_STEP:].sum(axis=1) / duration
    return TrialRecording(v, spikes, rates, ipsc, network.w_out @ rates, mean_rates, grid.dt)


def _heads(stimulation, grid: Grid, coins, stream, trial) -> np.ndarray:
    """bool (n_steps,): steps at which the stimulated units are moved. One coin per stimulated step,
    heads below 1/2."""
    heads = np.zeros(grid.n_steps, dtype=bool)
    if stimulation is None:
        return heads
    steps = np.arange(max(stimulation.start, 1), min(stimulation.stop, grid.n_steps + 1)) - 1
    if coins is None:
        coins = streams.uniform(stream, streams.COIN, trial, 1, grid.n_steps)[0, steps]
    elif len(coins) < len(steps):
        raise ValueError(
            f"coins: expected at least {len(steps)} numbers, one per stimulated step, got {len(coins)}"
        )
    heads[steps] = np.asarray(coins)[: len(steps)] < 0.5
    return heads
