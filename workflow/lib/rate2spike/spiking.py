"""The spiking network: LIF and QIF neurons, their synapses, and the plain simulation in float64.

    tau_m dv/dt = -v + I          (LIF)          tau_m dv/dt = v^2 + I          (QIF)
    I = bias + I_syn + W_in u,   v >= v_threshold: spike, then v = v_reset and no integration for t_refractory

The synapse filters each spike with a rise and a decay time (double-exponential, as in Nicola & Clopath 2017) or with the
decay alone (single-exponential, tau_rise_ms = 0); the decay is that of the postsynaptic unit (paper, SI Methods).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from . import streams
from .config import RATE_STEP_MS, SPIKING_STEPS_PER_RATE_STEP, NeuronConfig
from .networks import Network, simulate
from .neurons import LIF, QIF, AdaptiveQIF, DiscreteLIF, MembraneQIF, RateUnit, SingleExponentialLIF, SingleExponentialMembraneQIF
from .recording import Recording

__all__ = [
    "LIF",
    "QIF",
    "AdaptiveQIF",
    "DiscreteLIF",
    "MembraneQIF",
    "Network",
    "RateUnit",
    "Recording",
    "SingleExponentialLIF",
    "SingleExponentialMembraneQIF",
    "SpikingNetwork",
    "as_network",
    "external_inputs",
    "simulate",
    "simulate_trial",
]

STEP_S = RATE_STEP_MS / SPIKING_STEPS_PER_RATE_STEP / 1000  # 5e-5 s
NOISE_SD = 0.1  # mV per step, not scaled with the step (published code)
V_SPIKE = 30.0  # voltage recorded at a spike; also the upper end of the initial voltages
STIMULATION_STEP = 0.5  # mV per heads of the coin
DEFAULT_STREAM = streams.key(0, "simulate")  # of a trial whose random numbers nobody asked for
FIRST_COUNTED_STEP = 9  # mean rates leave out the first nine steps but divide by the whole trial (published code)


@dataclass(frozen=True)
class SpikingNetwork:
    """One spiking network, weights already scaled. w_rec[post, pre] (n_units, n_units), w_in (n_units, n_inputs), w_out and
    tau_decay_ms (n_units,), inhibitory (n_units,) bool."""

    w_rec: np.ndarray
    w_in: np.ndarray
    w_out: np.ndarray
    tau_decay_ms: np.ndarray
    inhibitory: np.ndarray
    scaling_factor: float
    neuron: NeuronConfig

    @property
    def n_units(self) -> int:
        return self.w_rec.shape[0]

    @property
    def n_inputs(self) -> int:
        return self.w_in.shape[1]


class Stimulation(NamedTuple):
    """Artificial stimulation: +-0.5 mV with probability 1/2 at each 1-based step i with start <= i < stop; units are 0-based."""

    mode: str  # "exc" or "inh"
    start: int
    stop: int
    units: Sequence[int]


class TrialRecording(NamedTuple):
    """One trial: v (mV, 30 at a spike), spikes (bool), rates and ipsc (n_units, n_steps); out (n_steps,);
    mean_rates (Hz, n_units); dt (s)."""

    v: np.ndarray
    spikes: np.ndarray
    rates: np.ndarray
    ipsc: np.ndarray
    out: np.ndarray
    mean_rates: np.ndarray
    dt: float


class State(NamedTuple):
    """Per unit: voltage (mV), synaptic current and its rise stage, filtered rate and its rise stage, last spike (s)."""

    v: np.ndarray
    ipsc: np.ndarray
    h: np.ndarray
    r: np.ndarray
    hr: np.ndarray
    t_last: np.ndarray


class Grid(NamedTuple):
    """The time grid of a trial: step (s), number of steps, and the stimulus column of each step."""

    dt: float
    n_steps: int
    column: np.ndarray


def time_grid(n_columns: int, downsample: int = 1) -> Grid:
    """Grid of a stimulus with `n_columns` columns of 5 ms. Step i (1-based) sees column floor(i / 100 + 0.5): half rounds up."""
    dt = STEP_S * downsample
    duration = (len(range(0, n_columns, downsample)) - 1) * dt * SPIKING_STEPS_PER_RATE_STEP
    n_steps = int(np.floor(duration / dt + 0.5))
    i = np.arange(1, n_steps + 1)
    return Grid(dt, n_steps, np.floor(i / SPIKING_STEPS_PER_RATE_STEP + 0.5).astype(np.int64))


def release_steps(grid: Grid, t_refractory_ms: float) -> np.ndarray:
    """int32 (n_steps + 1,): first 1-based step that integrates again after a spike at step k (entry 0: from the start).

    The rule is dt * i > t_last + t_refractory in float64. Rounding decides at the boundary, so 2 ms last 41 steps after most
    spikes and 40 after the rest; a counter of steps would not reproduce it.
    """
    t = grid.dt * np.arange(grid.n_steps + 1)
    return np.searchsorted(t, t + t_refractory_ms / 1000, side="right").astype(np.int32)


def step(state: State, current, t: float, kick, network: SpikingNetwork, dt: float) -> tuple[State, np.ndarray]:
    """One step to time t (s). current: bias + external input (n_units,); kick: noise and stimulation in mV. Returns the new
    state, voltage not yet reset, and the spikes (n_units,) bool. The current takes the old h, then h takes the spikes."""
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
    """Simulate one trial step by step in float64 and record everything: the reference for the kernels.

    u: stimulus (n_inputs, n_columns), one column per 5 ms; the trial lasts n_columns - 1 of them.
    stimulation: (mode, start, stop, units), see `Stimulation`.
    v0: U(0, 1) draws for the initial voltage (n_units,); noise: standard normal (n_units, n_steps); coins: U(0, 1), one per
    stimulated step. Where not given they come from `stream` at `trial`, as in the kernels.
    Raises ValueError when an array does not fit the network.
    Source: published LIF code; paper, SI Methods.
    """
    u = check_stimulus(network, u, downsample)
    grid = time_grid(u.shape[1], downsample)
    n, neuron = network.n_units, network.neuron
    stimulation = check_stimulation(stimulation, n)
    v0 = streams.uniform(stream, streams.INITIAL_VOLTAGE, trial, n)[:, 0] if v0 is None else _check("v0", v0, (n,))
    noise = streams.normal(stream, trial, n, grid.n_steps) if noise is None else _check("noise", noise, (n, grid.n_steps))
    heads = _heads(stimulation, grid, coins, stream, trial)

    zeros = np.zeros(n)
    state = State(neuron.v_reset + v0 * (V_SPIKE - neuron.v_reset), zeros, zeros, zeros, zeros, zeros)
    external = network.w_in @ u[:, ::downsample] + neuron.bias
    v, rates, ipsc = np.empty((3, n, grid.n_steps))
    spikes = np.empty((n, grid.n_steps), dtype=bool)
    for k in range(grid.n_steps):
        ipsc[:, k] = state.ipsc
        kick = NOISE_SD * noise[:, k]
        if heads[k]:
            kick = kick.astype(np.float64)
            kick[list(stimulation.units)] += STIMULATION_STEP if stimulation.mode == "exc" else -STIMULATION_STEP
        state, fired = step(state, external[:, grid.column[k]], grid.dt * (k + 1), kick, network, grid.dt)
        spikes[:, k], rates[:, k] = fired, state.r
        v[:, k] = np.where(fired, V_SPIKE, state.v)
        state = state._replace(v=np.where(fired, neuron.v_reset, state.v))
    duration = grid.n_steps * grid.dt
    mean_rates = spikes[:, FIRST_COUNTED_STEP:].sum(axis=1) / duration
    return TrialRecording(v, spikes, rates, ipsc, network.w_out @ rates, mean_rates, grid.dt)


def as_network(
    network: SpikingNetwork,
    *,
    downsample: int = 1,
    v0: np.ndarray | None = None,
    stream: streams.Key = DEFAULT_STREAM,
    trial: int = 0,
) -> Network:
    """A converted network as any other: `simulate(as_network(network), external_inputs(network, u))` is `simulate_trial` without
    noise and stimulation, from the same initial voltages.

    v0: U(0, 1) draws for the initial voltage (n_units,); where not given, those that `simulate_trial` draws.
    """
    neuron = network.neuron
    check_downsample(downsample)
    n = network.n_units
    v0 = streams.uniform(stream, streams.INITIAL_VOLTAGE, trial, n)[:, 0] if v0 is None else _check("v0", v0, (n,))
    shared = ("tau_rise_ms", "tau_mem_ms", "t_refractory_ms", "v_threshold", "v_reset", "bias")
    parameters = {name: getattr(neuron, name) for name in shared}
    double, single = {"lif": (LIF, SingleExponentialLIF), "qif": (MembraneQIF, SingleExponentialMembraneQIF)}[neuron.model]
    model = (single if neuron.tau_rise_ms == 0 else double)(tau_decay_ms=network.tau_decay_ms, **parameters)
    initial = {"v": neuron.v_reset + v0 * (V_SPIKE - neuron.v_reset)}
    return Network(model, network.w_rec, STEP_S * downsample, initial)


def external_inputs(network: SpikingNetwork, u: np.ndarray, downsample: int = 1) -> np.ndarray:
    """The current of each unit at each step of a trial with stimulus u (n_inputs, n_columns): (n_steps, n_units), mV."""
    u = check_stimulus(network, u, downsample)
    return (network.w_in @ u[:, ::downsample])[:, time_grid(u.shape[1], downsample).column].T


def _heads(stimulation, grid: Grid, coins, stream, trial) -> np.ndarray:
    """bool (n_steps,): steps at which the stimulated units are moved. One coin per stimulated step, heads below 1/2."""
    heads = np.zeros(grid.n_steps, dtype=bool)
    if stimulation is None:
        return heads
    steps = np.arange(max(stimulation.start, 1), min(stimulation.stop, grid.n_steps + 1)) - 1
    if coins is None:
        coins = streams.uniform(stream, streams.COIN, trial, 1, grid.n_steps)[0, steps]
    elif len(coins) < len(steps):
        raise ValueError(f"coins: expected at least {len(steps)} numbers, one per stimulated step, got {len(coins)}")
    heads[steps] = np.asarray(coins)[: len(steps)] < 0.5
    return heads


def _check(name: str, array, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(array, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    return array


def check_downsample(downsample: int) -> int:
    """The same number; raises ValueError unless it is whole and >= 1."""
    if isinstance(downsample, bool) or not isinstance(downsample, int | np.integer) or downsample < 1:
        raise ValueError(f"downsample: expected a whole number >= 1, got {downsample!r}")
    return downsample


def check_stimulus(network: SpikingNetwork, u, downsample: int = 1) -> np.ndarray:
    """The stimulus as float64 (n_inputs, n_columns); raises ValueError if it does not fit the network or is not finite."""
    u = np.asarray(u, dtype=np.float64)
    check_downsample(downsample)
    if u.ndim != 2 or u.shape[0] != network.n_inputs or u.shape[1] <= downsample:
        raise ValueError(f"stimulus: expected shape ({network.n_inputs}, more than {downsample} columns of 5 ms), got {u.shape}")
    if not np.isfinite(u).all():
        raise ValueError("stimulus: expected finite numbers, got NaN or infinity")
    return u


def check_stimulation(stimulation, n_units: int) -> Stimulation | None:
    """The stimulation as a `Stimulation`; raises ValueError for an unknown mode or units outside the network."""
    if stimulation is None or stimulation[0] == "none":
        return None
    stimulation = Stimulation(*stimulation)
    if stimulation.mode not in ("exc", "inh"):
        raise ValueError(f"stimulation mode: expected exc, inh or none, got {stimulation.mode!r}")
    units = np.atleast_1d(stimulation.units).ravel()
    if units.size and (units.min() < 0 or units.max() >= n_units):
        raise ValueError(f"stimulation units: expected 0-based indices below {n_units}, got {units.min()}..{units.max()}")
    return stimulation._replace(units=[int(i) for i in units])
