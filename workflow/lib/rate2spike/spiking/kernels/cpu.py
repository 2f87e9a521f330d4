"""Many trials of one spiking network on the CPU in float32: the equations of
`spiking.reference.step`, the numbers of `streams`.

What makes it fast: noise drawn eight steps at a time for all units, one vectorised pass over the
units per step, weights touched only when a unit fires. What keeps it simple: one kernel serves LIF
and QIF, double- and single-exponential synapses.

    LIF and QIF          dv = dt / tau_m (v (a + b v) + I)
                         LIF: a, b = -1, 0        QIF: a, b = 0, 1
    single-exponential   h = hr = 0; spikes are added to the current and to r themselves
    units of h           h and hr are kept times dt, so that ipsc = ipsc decay + h

A trial depends on the network, its stimulus and its number alone: batch, order and threads change
no bit.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ... import streams
from ...arrays import finite_numbers
from ...compiled import OPTIONS, SUMS, njit
from ...streams.cpu import PER_BLOCK, fill_normals, fill_uniform_steps, fill_uniform_units
from ..converted import (
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
    step_times,
    surely_refractory,
    time_grid,
)

LANES = 16  # units are padded to whole vectors of 16 float32
# A padded unit stays here: noise below the rounding step of 64 mV is lost
PAD_VOLTAGE = np.float32(-1e9)
NEVER = np.float32(np.inf)
# Rows of the state. One array, because LLVM then sees that no row overlaps another and needs no
# test for it at each step.
V, IPSC, H, R, HR = range(5)  # voltage (mV), current and filtered rate, each with its rise stage
RELEASE = 5  # first 1-based step that integrates again; float32 holds it exactly
EXTERNAL, DECAY, W_OUT = 6, 7, 8  # bias and stimulus (mV), exp(-dt / tau_decay), readout
N_ROWS = 9
# Rows of a recording: voltage (mV, 30 at a spike), filtered rate, synaptic current
V_TRACE, R_TRACE, IPSC_TRACE = range(3)
N_TRACES = 3
NO_TRACES = np.empty((N_TRACES, 0, 0), np.float32)
LONGEST = 2**24  # steps, for RELEASE
SD = np.float32(NOISE_SD)
# Added to h and hr every step: a filter that has decayed rests near 1e-28 instead of among the slow
# denormal numbers
TINY = np.float32(1e-30)
SILENT = np.float32(1e-20)  # a rate or current below this is recorded as 0


class TrialSummary(NamedTuple):
    """What is kept of a block of trials.

    Parameters
    ----------
    maximum, minimum : float32 (n_trials,), extremes of the output in the response window
    spike_counts : int32 (n_trials, n_units), all steps, the volley of the first included (published
        mean rates leave out nine)
    out : float32 (n_trials, n_kept), the output at steps keep_every, 2 keep_every, ... (1-based),
        None if keep_every is 0
    rates : float32 (n_trials, n_units, n_kept), filtered rates at the same steps, None unless
        keep_rates
    """

    maximum: np.ndarray
    minimum: np.ndarray
    spike_counts: np.ndarray
    out: np.ndarray | None
    rates: np.ndarray | None


class _Tables(NamedTuple):
    """The network as the kernel reads it: float32, units padded with zeros to a multiple of 16
    (n_pad)."""

    w_pre: np.ndarray  # (n_units, n_pad): row of a sending unit, in units of what it is added to
    w_in: np.ndarray  # (n_inputs, n_pad)
    bias: np.ndarray  # (n_pad,)
    w_out: np.ndarray  # (n_pad,)
    decay: np.ndarray  # (n_pad,): exp(-dt / tau_decay)
    spike_r: np.ndarray  # (n_pad,): what a spike adds to hr (double) or r (single)
    stimulated: np.ndarray  # int64 (n_stimulated,): units
    heads: np.ndarray  # float32 (n_steps,): move at heads in noise SDs, 0 without stimulation
    times: np.ndarray  # float64 (n_steps + 1,): s, see `converted.step_times`
    column: np.ndarray  # int64 (n_steps,)


class _Constants(NamedTuple):
    """Numbers of the neuron: dt / tau_mem, a and b of the equation above, threshold, reset and span
    of the initial voltages (mV), exp(-dt / tau_rise), whether the synapse is single-exponential,
    refractory period (s, float64) and the steps that it lasts at least."""

    rate: np.float32
    linear: np.float32
    square: np.float32
    v_threshold: np.float32
    v_reset: np.float32
    v_span: np.float32
    rise: np.float32
    single: bool
    t_refractory: float
    n_refractory: int


class _State(NamedTuple):
    """Buffers of one thread. rows float32 (9, n_pad), see V ... W_OUT above; normals (8, n_pad):
    eight steps of noise; t_last float64 (n_units,): last spikes (s); coins (n_steps,), empty
    without stimulation."""

    rows: np.ndarray
    normals: np.ndarray
    t_last: np.ndarray
    coins: np.ndarray


def simulate_trials(
    network: SpikingNetwork,
    u,
    *,
    trials,
    stream: streams.Key,
    first_step: int = 0,
    downsample: int = 1,
    stimulation: Stimulation | tuple | None = None,
    keep_every: int = 0,
    keep_rates: bool = False,
    threads: int = 1,
) -> TrialSummary:
    """Simulate a block of trials and keep a summary: `spiking.simulate_trial` in float32, fast.

    Source: published LIF code; paper, SI Methods.

    Parameters
    ----------
    network : the converted network
    u : stimulus (n_trials, n_inputs, n_columns), one column per 5 ms
    trials : whole numbers (n_trials,) that key the noise
    stream : keys the noise, too
    first_step : 0-based step at which the response window opens (published Go-NoGo: out(10000:end),
        that is 9999)
    downsample : steps of 5e-5 s in a step
    stimulation : (mode, start, stop, units), see `spiking.Stimulation`
    keep_every : steps from one kept output to the next; 0: none is kept
    keep_rates : whether to keep the filtered rates at the same steps
    threads : cores; at most one per trial is used

    Returns
    -------
    TrialSummary
        In the order of `trials`.

    Raises
    ------
    ValueError
        When an argument does not fit the network or the trial.
    """
    u, trials = _check_trials(network, u, trials, downsample=downsample)
    grid = time_grid(u.shape[2], downsample)
    _check_window(
        grid, first_step=first_step, keep_every=keep_every, keep_rates=keep_rates, threads=threads
    )
    n_kept = grid.n_steps // keep_every if keep_every else 0
    summary = _allocate(
        n_trials=len(trials), n_units=network.n_units, n_kept=n_kept, keep_rates=keep_rates
    )
    _fill(
        summary,
        tables=_tables(network, grid, check_stimulation(stimulation, network.n_units)),
        constants=_constants(network, grid),
        u=np.ascontiguousarray(u[:, :, ::downsample]),
        trials=trials,
        stream=stream,
        first_step=int(first_step),
        keep_every=int(keep_every),
        threads=threads,
    )
    return summary._replace(
        maximum=network.read_out(summary.maximum),
        minimum=network.read_out(summary.minimum),
        out=network.read_out(summary.out) if keep_every else None,
        rates=summary.rates if keep_rates else None,
    )


def record_trial(
    network: SpikingNetwork,
    u,
    *,
    trial: int = 0,
    stream: streams.Key = DEFAULT_STREAM,
    downsample: int = 1,
    stimulation: Stimulation | tuple | None = None,
) -> TrialRecording:
    """`spiking.simulate_trial` in float32, fast: one trial, everything recorded. The trial is that
    of `simulate_trials`.

    Four numbers a unit and step: 64 MB for 200 units and 1 s.

    Parameters
    ----------
    network : the converted network
    u : stimulus (n_inputs, n_columns), one column per 5 ms
    trial, stream : key the noise
    downsample : steps of 5e-5 s in a step
    stimulation : (mode, start, stop, units), see `spiking.Stimulation`

    Returns
    -------
    TrialRecording
        The trial, float32.

    Raises
    ------
    ValueError
        When an argument does not fit the network.
    """
    u = finite_numbers("stimulus", u)
    u, _ = _check_trials(network, u[None], [trial], downsample=downsample)
    grid, n = time_grid(u.shape[2], downsample), network.n_units
    _check_window(grid, first_step=0, keep_every=1, keep_rates=False, threads=1)
    summary = _allocate(n_trials=1, n_units=n, n_kept=grid.n_steps, keep_rates=False)
    traces = np.empty((N_TRACES, grid.n_steps, n), np.float32)
    k0, k1 = stream
    _trials(
        u=np.ascontiguousarray(u[:, :, ::downsample]),
        trials=np.array([trial]),
        k0=k0,
        k1=k1,
        tables=_tables(network, grid, check_stimulation(stimulation, n)),
        constants=_constants(network, grid),
        first_step=0,
        keep_every=1,
        maximum=summary.maximum,
        minimum=summary.minimum,
        spike_counts=summary.spike_counts,
        out=summary.out,
        rates=summary.rates,
        traces=traces,
    )
    v, r, ipsc = traces[V_TRACE], traces[R_TRACE], traces[IPSC_TRACE]
    spikes = v == V_SPIKE
    mean_rates = spikes[FIRST_COUNTED_STEP:].sum(axis=0) / (grid.n_steps * grid.dt)
    out = network.read_out(summary.out[0])
    return TrialRecording(v.T, spikes.T, r.T, ipsc.T, out, mean_rates, grid.dt)


def _check_trials(
    network: SpikingNetwork, u, trials, *, downsample: int
) -> tuple[np.ndarray, np.ndarray]:
    """Stimulus as float32 and numbers of trials as int64; raises ValueError where they do not
    fit."""
    u, trials = finite_numbers("stimulus", u), np.asarray(trials)
    are_whole = trials.dtype.kind in "iu" or trials.size == 0
    if trials.ndim != 1 or not are_whole or ((trials < 0) | (trials >= 2**32)).any():
        raise ValueError(
            f"trials: expected whole numbers in [0, 2^32), shape (n_trials,), got {trials!r}"
        )
    if u.ndim != 3 or len(u) != len(trials):
        raise ValueError(
            f"stimulus: expected shape ({len(trials)} trials, n_inputs, n_columns), got {u.shape}"
        )
    for stimulus in u if len(u) else np.zeros((1, *u.shape[1:])):
        check_stimulus(network, stimulus, downsample)
    return u.astype(np.float32), trials.astype(np.int64)


def _check_window(
    grid: Grid, *, first_step: int, keep_every: int, keep_rates: bool, threads: int
) -> None:
    """Raise ValueError where what is to be kept does not fit the trial."""
    if grid.n_steps >= LONGEST:
        raise ValueError(f"stimulus: expected fewer than {LONGEST} steps, got {grid.n_steps}")
    if not 0 <= first_step < grid.n_steps:
        raise ValueError(
            f"first_step: expected a 0-based step below {grid.n_steps}, got {first_step}"
        )
    if keep_every < 0 or (keep_rates and keep_every == 0):
        raise ValueError(
            f"keep_every: expected a number of steps >= {int(keep_rates)}, got {keep_every}"
        )
    if threads < 1:
        raise ValueError(f"threads: expected a whole number >= 1, got {threads}")


def _allocate(*, n_trials: int, n_units: int, n_kept: int, keep_rates: bool) -> TrialSummary:
    """Arrays for what is kept, to be filled."""
    return TrialSummary(
        maximum=np.empty(n_trials, dtype=np.float32),
        minimum=np.empty(n_trials, dtype=np.float32),
        spike_counts=np.empty((n_trials, n_units), dtype=np.int32),
        out=np.empty((n_trials, n_kept), dtype=np.float32),
        rates=np.empty((n_trials, n_units, n_kept if keep_rates else 0), dtype=np.float32),
    )


def _tables(network: SpikingNetwork, grid: Grid, stimulation: Stimulation | None) -> _Tables:
    """The network with time constants, step and padding worked in, computed in float64 and rounded
    once."""
    n, neuron = network.n_units, network.neuron
    tau_rise = neuron.tau_rise_ms / 1000
    tau_decay = np.asarray(network.tau_decay_ms, dtype=np.float64) / 1000
    gain = 1 / tau_decay if tau_rise == 0 else grid.dt / (tau_rise * tau_decay)  # 1/s

    def padded(array) -> np.ndarray:
        array = np.asarray(array, dtype=np.float64)
        widths = [(0, 0)] * (array.ndim - 1) + [(0, -n % LANES)]
        # np.pad keeps the order of a transposed array
        return np.pad(array, widths).astype(np.float32, order="C")

    heads = np.zeros(grid.n_steps, dtype=np.float32)
    units = []
    if stimulation is not None:
        window = slice(max(stimulation.start - 1, 0), max(stimulation.stop - 1, 0))
        move = STIMULATION_STEP if stimulation.mode == "exc" else -STIMULATION_STEP
        heads[window] = move / NOISE_SD
        units = np.unique(stimulation.units)
    return _Tables(
        w_pre=padded((network.w_rec * gain[:, None]).T),
        w_in=padded(np.transpose(network.w_in)),
        bias=padded(network.bias_of_units),
        w_out=padded(network.w_out),
        decay=padded(np.exp(-grid.dt / tau_decay)),
        spike_r=padded(gain),
        stimulated=np.asarray(units, dtype=np.int64),
        heads=heads,
        times=step_times(grid),
        column=grid.column,
    )


def _constants(network: SpikingNetwork, grid: Grid) -> _Constants:
    """The numbers of the neuron, computed in float64 and rounded once."""
    neuron = network.neuron
    linear, square = (-1, 0) if neuron.model == "lif" else (0, 1)
    single = neuron.tau_rise_ms == 0
    rise = 0 if single else np.exp(-grid.dt / (neuron.tau_rise_ms / 1000))
    return _Constants(
        rate=np.float32(grid.dt / (neuron.tau_mem_ms / 1000)),
        linear=np.float32(linear),
        square=np.float32(square),
        v_threshold=np.float32(neuron.v_threshold),
        v_reset=np.float32(neuron.v_reset),
        v_span=np.float32(V_SPIKE - neuron.v_reset),
        rise=np.float32(rise),
        single=single,
        t_refractory=neuron.t_refractory_ms / 1000,
        n_refractory=surely_refractory(grid, neuron.t_refractory_ms),
    )


def _fill(
    summary: TrialSummary,
    *,
    tables: _Tables,
    constants: _Constants,
    u: np.ndarray,
    trials: np.ndarray,
    stream: streams.Key,
    first_step: int,
    keep_every: int,
    threads: int,
) -> None:
    """Write every element of `summary`, the trials dealt out to `threads`."""
    k0, k1 = stream

    def run(part: slice) -> None:
        _trials(
            u=u[part],
            trials=trials[part],
            k0=k0,
            k1=k1,
            tables=tables,
            constants=constants,
            first_step=first_step,
            keep_every=keep_every,
            maximum=summary.maximum[part],
            minimum=summary.minimum[part],
            spike_counts=summary.spike_counts[part],
            out=summary.out[part],
            rates=summary.rates[part],
            traces=NO_TRACES,
        )

    edges = np.linspace(0, len(trials), min(threads, max(len(trials), 1)) + 1).astype(int)
    with ThreadPoolExecutor(len(edges) - 1) as pool:
        list(pool.map(run, map(slice, edges[:-1], edges[1:])))


# Compiled: nothing below may be split or merged without another compilation of all of it ----------


@njit(**OPTIONS)
def _trials(
    u, trials, k0, k1, tables, constants, first_step, keep_every,
    maximum, minimum, spike_counts, out, rates, traces,
):  # fmt: skip
    """Trials one after another, their results written into maximum ... rates, see `TrialSummary`.
    k0, k1: the stream; traces: (3, n_steps, n_units) to record the last of them, (3, 0, 0) for
    none."""
    n_pad = tables.decay.shape[0]
    n_coins = tables.heads.shape[0] if tables.stimulated.shape[0] else 0
    state = _State(
        np.empty((N_ROWS, n_pad), np.float32),
        np.empty((PER_BLOCK, n_pad), np.float32),
        np.empty(spike_counts.shape[1], np.float64),
        np.empty(n_coins, np.float32),
    )
    for t in range(trials.shape[0]):
        _start(state, tables, constants, spike_counts[t], trials[t], k0, k1)
        maximum[t], minimum[t] = _run(
            state, tables, constants, u[t], trials[t], k0, k1, first_step, keep_every,
            spike_counts[t], out[t], rates[t], traces,
        )  # fmt: skip


@njit(**OPTIONS)
def _start(state, tables, constants, spike_counts, trial, k0, k1):
    """The state before the first step: random voltages, empty filters, every unit refractory."""
    n, rows = spike_counts.shape[0], state.rows
    rows[:] = np.float32(0)
    rows[V], rows[RELEASE], rows[DECAY], rows[W_OUT] = (
        PAD_VOLTAGE, NEVER, tables.decay, tables.w_out
    )  # fmt: skip
    fill_uniform_units(rows[V, :n], streams.INITIAL_VOLTAGE, trial, k0, k1)
    state.t_last[:] = 0
    for j in range(n):
        rows[V, j] = constants.v_reset + rows[V, j] * constants.v_span
        rows[RELEASE, j] = _release(0, state.t_last[j], tables.times, constants)
    spike_counts[:] = 0
    fill_uniform_steps(state.coins, streams.COIN, trial, k0, k1)


@njit(**OPTIONS)
def _run(
    state, tables, constants, u, trial, k0, k1, first_step, keep_every,
    spike_counts, out, rates, traces,
):  # fmt: skip
    """One trial; returns the largest and the smallest output from first_step (0-based) on. traces:
    (3, 0, 0) for none."""
    maximum, minimum, column, kept = np.float32(-np.inf), np.float32(np.inf), -1, 0
    for k in range(tables.column.shape[0]):
        if k % PER_BLOCK == 0:
            fill_normals(state.normals, k // PER_BLOCK, trial, k0, k1)
        if tables.column[k] != column:
            column = tables.column[k]
            _external(state.rows[EXTERNAL], tables, u, column)
        normals = state.normals[k % PER_BLOCK]
        if tables.heads[k] != 0 and state.coins[k] < 0.5:
            for j in tables.stimulated:
                normals[j] += tables.heads[k]
        if traces.shape[1] > 0:
            _copy(state.rows[IPSC], traces[IPSC_TRACE, k])
        fired, output = _advance(state.rows, constants, normals, np.float32(k + 1))
        if traces.shape[1] > 0:
            _copy_voltage(state.rows[V], constants.v_threshold, traces[V_TRACE, k])
        if fired > 0:
            output += _fire(state, tables, constants, k + 1, spike_counts)
        if k >= first_step:
            maximum, minimum = max(maximum, output), min(minimum, output)
        if traces.shape[1] > 0:
            _copy(state.rows[R], traces[R_TRACE, k])
        if keep_every > 0 and (k + 1) % keep_every == 0:
            out[kept] = output
            if rates.shape[1] > 0:
                for j in range(rates.shape[0]):
                    rates[j, kept] = (
                        state.rows[R, j] if state.rows[R, j] > SILENT else np.float32(0)
                    )
            kept += 1
    return maximum, minimum


@njit(**OPTIONS)
def _copy(row, trace):
    """Record a row; what has decayed to nothing as 0."""
    for j in range(trace.shape[0]):
        trace[j] = row[j] if abs(row[j]) > SILENT else np.float32(0)


@njit(**OPTIONS)
def _copy_voltage(row, v_threshold, trace):
    """Record the voltages, a spike as 30 mV."""
    for j in range(trace.shape[0]):
        trace[j] = np.float32(V_SPIKE) if row[j] >= v_threshold else row[j]


@njit(**OPTIONS)
def _external(external, tables, u, column):
    """Bias and stimulus (mV) of one column."""
    external[:] = tables.bias
    for m in range(u.shape[0]):
        w_in, x = tables.w_in[m], u[m, column]
        for j in range(external.shape[0]):
            external[j] += w_in[j] * x


@njit(**(SUMS | {"forceinline": True}))
def _advance(rows, constants, normals, i):
    """Step i (1-based) of all units without the spikes of this step; returns how many fire, and the
    readout."""
    fired, output = np.int32(0), np.float32(0)
    for j in range(rows.shape[1]):
        v, ipsc, r = rows[V, j], rows[IPSC, j], rows[R, j]
        drive = v * (constants.linear + constants.square * v) + (ipsc + rows[EXTERNAL, j])
        v += (constants.rate * drive if i >= rows[RELEASE, j] else np.float32(0)) + SD * normals[j]
        fired = np.int32(fired + np.int32(v >= constants.v_threshold))
        r = r * rows[DECAY, j] + rows[HR, j]
        output += rows[W_OUT, j] * r
        rows[V, j], rows[R, j] = v, r
        rows[IPSC, j] = ipsc * rows[DECAY, j] + rows[H, j]
        rows[H, j] = rows[H, j] * constants.rise + TINY
        rows[HR, j] = rows[HR, j] * constants.rise + TINY
    return fired, output


@njit(**OPTIONS)
def _release(i, t_last, times, constants):
    """First step that integrates again after the spike of step i (both 1-based) at t_last (s).

    As published: dt * step > t_last + t_refractory, in float64. Where the refractory period is a
    whole number of steps, rounding decides.
    """
    step = i + constants.n_refractory
    while step < times.shape[0] and times[step] <= t_last + constants.t_refractory:
        step += 1
    return np.float32(step)


@njit(**OPTIONS)
def _fire(state, tables, constants, i, spike_counts):
    """Reset the units at threshold in step i (1-based), send their spikes; returns what these add
    to the readout of this very step."""
    rows, current, filtered = (
        state.rows, IPSC if constants.single else H, R if constants.single else HR
    )  # fmt: skip
    output = np.float32(0)
    for pre in range(spike_counts.shape[0]):
        if rows[V, pre] >= constants.v_threshold:
            # as published: not dt * i, from which it differs by rounding
            state.t_last[pre] += tables.times[i] - state.t_last[pre]
            rows[V, pre] = constants.v_reset
            rows[RELEASE, pre] = _release(i, state.t_last[pre], tables.times, constants)
            spike_counts[pre] += 1
            for post in range(rows.shape[1]):
                rows[current, post] += tables.w_pre[pre, post]
            rows[filtered, pre] += tables.spike_r[pre]
            if constants.single:
                output += tables.w_out[pre] * tables.spike_r[pre]
    return output
