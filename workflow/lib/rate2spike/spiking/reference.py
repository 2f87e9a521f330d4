"""The converted network step by step, in float64: the reference for the kernels.

    tau_m dv/dt = -v + I          (LIF)          tau_m dv/dt = v^2 + I          (QIF)
    I = bias + I_syn + W_in u
    v >= v_threshold: spike, then v = v_reset and no integration for t_refractory

The synapse filters each spike with a rise and a decay time (double-exponential, as in Nicola &
Clopath 2017) or with the decay alone (single-exponential, tau_rise_ms = 0); the decay is that of
the postsynaptic unit (paper, SI Methods).

The integration itself is `step` of the models in `networks.neurons`, which is the one place of
these equations in float64. What a trial has besides is here: noise and stimulation, which come
between the integration and the threshold, and spikes that reach the synapses in their own step, as
in the published code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .. import streams
from ..arrays import finite_numbers
from .as_any_network import initial_voltages, neuron_model
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

UNREACHED = np.nan  # a threshold that no voltage reaches


class State(NamedTuple):
    """Per unit: voltage (mV), synaptic current and its rise stage, filtered rate and its rise
    stage, last spike (s). The rise stages stay 0 with a single-exponential synapse."""

    v: np.ndarray
    ipsc: np.ndarray
    h: np.ndarray
    r: np.ndarray
    hr: np.ndarray
    t_last: np.ndarray


Integrate = Callable[[State, np.ndarray, float], State]


def integrator(network: SpikingNetwork, dt: float) -> Integrate:
    """One Euler step of the units, without noise and spikes: `step` of their model in
    `networks.neurons`, as a function (state, current, t) -> state at time t.

    dt, t: s. current: external input without bias, (n_units,), mV.
    """
    model = replace(neuron_model(network), v_threshold=UNREACHED)
    constants = model.step_numbers(dt)
    single = network.neuron.tau_rise_ms == 0

    def integrate(state: State, current: np.ndarray, t: float) -> State:
        v, ipsc, h, r, hr, t_last = state
        if single:
            (v, ipsc, r, _, _), _ = model.step(
                (v, ipsc, r, 0.0, t_last), 0.0, current, t, constants
            )
        else:
            before = (v, ipsc, h, r, hr, 0.0, t_last)
            (v, ipsc, h, r, hr, _, _), _ = model.step(before, 0.0, current, t, constants)
        return State(v, ipsc, h, r, hr, t_last)

    return integrate


def step(
    state: State,
    *,
    current: np.ndarray,
    kick: np.ndarray,
    t: float,
    network: SpikingNetwork,
    integrate: Integrate,
) -> tuple[State, np.ndarray]:
    """One step to time t (s): integration, noise and stimulation, threshold, spikes to the
    synapses. The current takes the old h, then h takes the spikes.

    current: external input without bias; kick: noise and stimulation; (n_units,) in mV each.
    integrate: as from `integrator`. Returns the new state, voltage not yet reset, and the spikes
    (n_units,) bool.
    """
    tau_rise, tau_decay = network.neuron.tau_rise_ms / 1000, network.tau_decay_ms / 1000
    v, ipsc, h, r, hr, t_last = integrate(state, current, t)
    v = v + kick
    spikes = v >= network.neuron.v_threshold
    # as published; the rounding of both operations decides when the unit integrates again
    t_last = np.where(spikes, t_last + (t - t_last), t_last)
    arriving = network.w_rec[:, spikes].sum(axis=1)
    if tau_rise == 0:
        ipsc = ipsc + arriving / tau_decay
        r = r + spikes / tau_decay
    else:
        h = h + arriving / (tau_rise * tau_decay)
        hr = hr + spikes / (tau_rise * tau_decay)
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

    Where v0, noise and coins are not given they come from `stream` at `trial`, as in the kernels.
    Source: published LIF code; paper, SI Methods.

    Parameters
    ----------
    network : the converted network
    u : stimulus (n_inputs, n_columns), one column per 5 ms; the trial lasts n_columns - 1 of them
    downsample : steps of 5e-5 s in a step
    stimulation : (mode, start, stop, units), see `Stimulation`
    v0 : U(0, 1) draws for the initial voltage, (n_units,)
    noise : standard normal, (n_units, n_steps)
    coins : U(0, 1), one per stimulated step
    stream : the key of the random numbers, as from `streams.key`
    trial : number of the trial in it

    Returns
    -------
    TrialRecording
        The trial.

    Raises
    ------
    ValueError
        When an array does not fit the network.
    """
    u = check_stimulus(network, u, downsample)
    grid = time_grid(u.shape[1], downsample)
    n, neuron = network.n_units, network.neuron
    stimulation = check_stimulation(stimulation, n)
    voltages = initial_voltages(network, v0, stream=stream, trial=trial)
    if noise is None:
        noise = streams.normal(stream, trial, n, grid.n_steps)
    else:
        noise = checked_array("noise", noise, (n, grid.n_steps))
    heads = _heads(stimulation, grid, coins, stream=stream, trial=trial)
    external = network.w_in @ u[:, ::downsample]
    integrate = integrator(network, grid.dt)

    zeros = np.zeros(n)
    state = State(voltages, zeros, zeros, zeros, zeros, zeros)
    v = np.empty((n, grid.n_steps))
    rates = np.empty((n, grid.n_steps))
    ipsc = np.empty((n, grid.n_steps))
    spikes = np.empty((n, grid.n_steps), dtype=bool)
    for k in range(grid.n_steps):
        ipsc[:, k] = state.ipsc
        kick = NOISE_SD * noise[:, k]
        if heads[k]:
            kick = _stimulated(kick, stimulation)
        state, fired = step(
            state,
            current=external[:, grid.column[k]],
            kick=kick,
            t=grid.dt * (k + 1),
            network=network,
            integrate=integrate,
        )
        spikes[:, k] = fired
        rates[:, k] = state.r
        v[:, k] = np.where(fired, V_SPIKE, state.v)
        state = state._replace(v=np.where(fired, neuron.v_reset, state.v))
    duration = grid.n_steps * grid.dt
    mean_rates = spikes[:, FIRST_COUNTED_STEP:].sum(axis=1) / duration
    out = network.read_out(network.w_out @ rates)
    return TrialRecording(v, spikes, rates, ipsc, out, mean_rates, grid.dt)


def _stimulated(kick: np.ndarray, stimulation: Stimulation) -> np.ndarray:
    """The kick (mV) with the stimulated units moved."""
    kick = kick.astype(np.float64)
    kick[list(stimulation.units)] += (
        STIMULATION_STEP if stimulation.mode == "exc" else -STIMULATION_STEP
    )
    return kick


def _heads(
    stimulation: Stimulation | None, grid: Grid, coins, *, stream: streams.Key, trial: int
) -> np.ndarray:
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
            f"coins: expected at least {len(steps)} numbers, one per stimulated step, "
            f"got {len(coins)}"
        )
    heads[steps] = finite_numbers("coins", coins)[: len(steps)] < 0.5
    return heads
