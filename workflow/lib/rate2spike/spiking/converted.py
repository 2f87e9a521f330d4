"""A converted network, its grid of time steps, and the checks of what drives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import streams
from ..arrays import finite_numbers
from ..config import RATE_STEP_MS, SPIKING_STEPS_PER_RATE_STEP, NeuronConfig

STEP_S = RATE_STEP_MS / SPIKING_STEPS_PER_RATE_STEP / 1000  # 5e-5 s
NOISE_SD = 0.1  # mV per step, not scaled with the step (published code)
V_SPIKE = 30.0  # voltage recorded at a spike; also the upper end of the initial voltages
STIMULATION_STEP = 0.5  # mV per heads of the coin
DEFAULT_STREAM = streams.key(0, "simulate")  # of a trial whose random numbers nobody asked for
# Mean rates leave out the first nine steps but divide by the whole trial (published code)
FIRST_COUNTED_STEP = 9


@dataclass(frozen=True)
class SpikingNetwork:
    """One spiking network, weights already scaled.

    Parameters
    ----------
    w_rec : w_rec[post, pre], (n_units, n_units)
    w_in : (n_units, n_inputs), mV
    w_out : (n_units,)
    tau_decay_ms : decay time of the synapses of the unit that receives, (n_units,)
    inhibitory : bool (n_units,)
    scaling_factor : 1/lambda, by which w_rec and w_out were divided
    neuron : constants of the units
    output_factor : by which w_out alone was multiplied besides
    output_offset : what is added to the output, before this factor
    bias_mv : a constant current of each unit beside that of the neuron, (n_units,); None: none

    Raises
    ------
    ValueError
        Where an array holds anything but finite numbers.
    """

    w_rec: np.ndarray
    w_in: np.ndarray
    w_out: np.ndarray
    tau_decay_ms: np.ndarray
    inhibitory: np.ndarray
    scaling_factor: float
    neuron: NeuronConfig
    output_factor: float = 1.0
    output_offset: float = 0.0
    bias_mv: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("w_rec", "w_in", "w_out", "tau_decay_ms", "inhibitory", "output_offset"):
            finite_numbers(name, getattr(self, name))
        if self.bias_mv is not None:
            checked_array("bias_mv", self.bias_mv, (self.n_units,))

    @property
    def bias_of_units(self) -> np.ndarray:
        """All constant current of each unit, that of the neuron included, (n_units,), mV."""
        bias = np.full(self.n_units, float(self.neuron.bias))
        return bias if self.bias_mv is None else bias + self.bias_mv

    @property
    def offset_of_output(self) -> float:
        """All that is added to the output: its offset, times its factor."""
        return self.output_factor * self.output_offset

    def read_out(self, out: np.ndarray) -> np.ndarray:
        """The output of the network, from what w_out gives; in its own precision."""
        offset = self.offset_of_output
        return out + out.dtype.type(offset) if offset else out

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.w_rec.shape[0]

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return self.w_in.shape[1]


class Stimulation(NamedTuple):
    """Artificial stimulation: a kick of 0.5 mV with probability 1/2 at each step of a window.

    Parameters
    ----------
    mode : "exc" for kicks of +0.5 mV, "inh" for -0.5 mV
    start, stop : 1-based steps i with start <= i < stop
    units : the units that are moved, 0-based
    """

    mode: str
    start: int
    stop: int
    units: Sequence[int]


class TrialRecording(NamedTuple):
    """One trial with everything recorded.

    Parameters
    ----------
    v : voltage (mV, 30 at a spike), (n_units, n_steps)
    spikes : bool (n_units, n_steps)
    rates : filtered rates (Hz), (n_units, n_steps)
    ipsc : synaptic current (mV), (n_units, n_steps)
    out : output (n_steps,)
    mean_rates : Hz, (n_units,); without the first nine steps, as published
    dt : step (s)
    """

    v: np.ndarray
    spikes: np.ndarray
    rates: np.ndarray
    ipsc: np.ndarray
    out: np.ndarray
    mean_rates: np.ndarray
    dt: float


class Grid(NamedTuple):
    """The time grid of a trial: step (s), number of steps, and the stimulus column of each step
    (n_steps,)."""

    dt: float
    n_steps: int
    column: np.ndarray


def time_grid(n_columns: int, downsample: int = 1) -> Grid:
    """The time grid of a stimulus. Step i (1-based) sees column floor(i / 100 + 0.5): half rounds
    up.

    Parameters
    ----------
    n_columns : columns of the stimulus, 5 ms each
    downsample : steps of 5e-5 s in a step, and columns from one that is taken to the next

    Returns
    -------
    Grid
        Step (s), number of steps, column of each step.
    """
    dt = STEP_S * downsample
    n_taken = len(range(0, n_columns, downsample))
    duration = (n_taken - 1) * dt * SPIKING_STEPS_PER_RATE_STEP
    n_steps = int(np.floor(duration / dt + 0.5))
    i = np.arange(1, n_steps + 1)
    return Grid(dt, n_steps, np.floor(i / SPIKING_STEPS_PER_RATE_STEP + 0.5).astype(np.int64))


def step_times(grid: Grid) -> np.ndarray:
    """float64 (n_steps + 1,): time (s) after each step; entry 0: the start."""
    return grid.dt * np.arange(grid.n_steps + 1)


def surely_refractory(grid: Grid, t_refractory_ms: float) -> int:
    """Steps after a spike in which no unit can integrate, however times are rounded.

    Which of the steps after them is the first that integrates again depends on rounding, see
    `networks.neurons.LIF`.
    """
    n_steps = int(min(t_refractory_ms / 1000 / grid.dt, grid.n_steps + 1))
    return max(n_steps - 1, 0)


def checked_array(name: str, array, shape: tuple[int, ...]) -> np.ndarray:
    """The array as float64; raises ValueError where it has another shape or is no array of finite
    numbers."""
    array = finite_numbers(name, array)
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    return array


def check_downsample(downsample: int) -> int:
    """The same number; raises ValueError unless it is whole and >= 1."""
    is_whole = isinstance(downsample, int | np.integer) and not isinstance(downsample, bool)
    if not is_whole or downsample < 1:
        raise ValueError(f"downsample: expected a whole number >= 1, got {downsample!r}")
    return downsample


def check_stimulus(network: SpikingNetwork, u, downsample: int = 1) -> np.ndarray:
    """The stimulus as float64 (n_inputs, n_columns); raises ValueError if it does not fit the
    network or is not finite."""
    u = finite_numbers("stimulus", u)
    check_downsample(downsample)
    if u.ndim != 2 or u.shape[0] != network.n_inputs or u.shape[1] <= downsample:
        raise ValueError(
            f"stimulus: expected shape ({network.n_inputs}, more than {downsample} columns "
            f"of 5 ms), got {u.shape}"
        )
    return u


def check_stimulation(stimulation, n_units: int) -> Stimulation | None:
    """The stimulation as a `Stimulation`; raises ValueError for an unknown mode or units outside
    the network."""
    if stimulation is None or stimulation[0] == "none":
        return None
    stimulation = Stimulation(*stimulation)
    if stimulation.mode not in ("exc", "inh"):
        raise ValueError(f"stimulation mode: expected exc, inh or none, got {stimulation.mode!r}")
    units = np.atleast_1d(stimulation.units).ravel()
    if units.size and (units.min() < 0 or units.max() >= n_units):
        raise ValueError(
            f"stimulation units: expected 0-based indices below {n_units}, "
            f"got {units.min()}..{units.max()}"
        )
    return stimulation._replace(units=[int(i) for i in units])
