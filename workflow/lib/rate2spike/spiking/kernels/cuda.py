"""Many trials of many spiking networks on one NVIDIA GPU in float32: the equations of
`spiking.reference.step`, the numbers of `streams`.

One program (a warp) runs one trial from its first to its last step with the whole state in
registers, all networks and trials of a shard in one launch. The steps follow the kernel of the CPU
in `cpu`, which holds the equations in the same form; what differs is the order in which the readout
is summed. Without a GPU the kernel runs in Triton's interpreter (TRITON_INTERPRET=1), for tests.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import triton
import triton.language as tl

from ... import streams
from ...arrays import finite_numbers
from ...config import SPIKING_STEPS_PER_RATE_STEP
from ...devices import out_of_memory
from ...streams.cuda import (
    DEVICE,
    ROUNDS,
    check_width,
    eight_words,
    free_bytes,
    normals,
    of_four,
    packed,
    same,
    to_device,
)
from ..converted import NOISE_SD, Grid, SpikingNetwork, Stimulation, check_stimulation, time_grid
from . import cpu as spiking_cpu
from .cpu import PAD_VOLTAGE, TrialSummary, record_trial

# one trial is recorded on the CPU
__all__ = ["record_trial", "simulate_networks", "simulate_trials"]

log = logging.getLogger(__name__)

UNITS_PER_THREAD = 8  # 13 numbers a unit: 8 units fill the registers of a thread about half
NEVER = 2**30  # a step that no trial reaches

# Constants inside the kernel
INITIAL_VOLTAGE = tl.constexpr(streams.INITIAL_VOLTAGE)
COIN = tl.constexpr(streams.COIN)
PER_COLUMN = tl.constexpr(SPIKING_STEPS_PER_RATE_STEP)
SD = tl.constexpr(NOISE_SD)
NO_SPIKE = tl.constexpr(NEVER)
PAD = tl.constexpr(float(PAD_VOLTAGE))


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
    """Simulate a block of trials of one network: `cpu.simulate_trials`, on the GPU.

    Parameters, result and errors are those of `cpu.simulate_trials`; threads means nothing here.
    """
    u = finite_numbers("stimulus", u)
    u = u[None] if u.ndim == 3 else u  # anything else is refused below
    summaries = simulate_networks(
        [network],
        u,
        trials=trials,
        keys=[stream],
        first_step=first_step,
        downsample=downsample,
        stimulation=stimulation,
        keep_every=keep_every,
        keep_rates=keep_rates,
    )
    return summaries[0]


def simulate_networks(
    networks: Sequence[SpikingNetwork],
    u,
    *,
    trials,
    keys: Sequence[streams.Key],
    first_step: int = 0,
    downsample: int = 1,
    stimulation: Stimulation | tuple | None = None,
    keep_every: int = 0,
    keep_rates: bool = False,
) -> list[TrialSummary]:
    """Simulate the same trial numbers of several networks of one size and one neuron in as few
    launches as memory allows.

    A trial depends on its network, its stimulus and its number alone.

    Parameters
    ----------
    networks : converted networks, alike in size, number of inputs and neuron
    u : stimulus (n_networks, n_trials, n_inputs, n_columns), one column per 5 ms
    trials : whole numbers (n_trials,) that key the noise
    keys : the stream of each network, keys the noise, too
    first_step, downsample, stimulation, keep_every, keep_rates : as in `cpu.simulate_trials`

    Returns
    -------
    list of TrialSummary
        One for each network.

    Raises
    ------
    ValueError
        For what does not fit.
    """
    _check_networks(networks, keys)
    stimuli = []
    for network, u_of_network in zip(networks, u, strict=True):
        stimulus, numbers = spiking_cpu._check_trials(
            network, u_of_network, trials, downsample=downsample
        )
        stimuli.append(stimulus)
    grid = time_grid(stimuli[0].shape[2], downsample)
    spiking_cpu._check_window(
        grid, first_step=first_step, keep_every=keep_every, keep_rates=keep_rates, threads=1
    )
    stimulation = check_stimulation(stimulation, networks[0].n_units)
    shard = _Shard(
        networks=networks,
        grid=grid,
        tables=[spiking_cpu._tables(network, grid, stimulation) for network in networks],
        keys=keys,
        stimuli=np.stack([stimulus[:, :, ::downsample] for stimulus in stimuli]),
        trials=numbers,
        first_step=int(first_step),
        keep_every=int(keep_every),
        keep_rates=bool(keep_rates),
    )
    return shard.run()


def _check_networks(networks: Sequence[SpikingNetwork], keys: Sequence[streams.Key]) -> None:
    if not networks or len(keys) != len(networks):
        raise ValueError(
            "networks: expected at least one and a key for each, "
            f"got {len(networks)} and {len(keys)} keys"
        )
    first = networks[0]
    for other in networks[1:]:
        same_size = other.n_units == first.n_units and other.n_inputs == first.n_inputs
        if not same_size or other.neuron != first.neuron:
            raise ValueError("networks: expected one size, number of inputs and neuron in a block")
    check_width(first.n_units)


class _Results(NamedTuple):
    """What the trials of a launch, or of all launches, leave behind."""

    maximum: np.ndarray  # (n,)
    minimum: np.ndarray  # (n,)
    counts: np.ndarray  # (n, n_units)
    out: np.ndarray  # (n, n_kept)
    rates: np.ndarray  # (n, n_units, n_kept or 0)


class _Shard:
    """The tables of all networks on the GPU, and the launches that run their trials.

    networks, tables, keys: of each; stimuli (n_networks, n_trials, n_inputs, n_columns).
    """

    def __init__(
        self,
        *,
        networks: Sequence[SpikingNetwork],
        grid: Grid,
        tables: Sequence,
        keys: Sequence[streams.Key],
        stimuli: np.ndarray,
        trials: np.ndarray,
        first_step: int,
        keep_every: int,
        keep_rates: bool,
    ):
        self.networks = networks
        self.network = networks[0]  # for what is the same in all
        self.grid = grid
        self.stimuli = stimuli
        self.trials = trials
        self.first_step = first_step
        self.keep_every = keep_every
        self.keep_rates = keep_rates
        self.constants = spiking_cpu._constants(self.network, grid)
        self.n_pad = len(tables[0].decay)
        self.tables = {}
        for name in ("w_pre", "w_in", "bias", "w_out", "decay", "spike_r"):
            of_all_networks = np.stack([getattr(table, name) for table in tables])
            self.tables[name] = to_device(of_all_networks)
        self.keys = packed(keys)
        self.times = to_device(tables[0].times)
        self.t_refractory = to_device(np.array([self.constants.t_refractory]))
        self.heads = to_device(tables[0].heads)
        stimulated = np.zeros(self.n_pad, np.float32)
        stimulated[tables[0].stimulated] = 1
        self.stimulated = to_device(stimulated)
        self.has_stimulation = tables[0].stimulated.size > 0

    def run(self) -> list[TrialSummary]:
        """All trials, in one launch or in as many as fit into memory; a launch that does not fit is
        halved."""
        n_networks, n_trials = self.stimuli.shape[:2]
        programs = np.arange(n_networks * n_trials)
        parts = []
        at = 0
        size = max(1, min(len(programs), self._fitting()))
        while at < len(programs):
            try:
                parts.append(self._launch(programs[at : at + size]))
                at += size
            except RuntimeError as error:
                if size == 1 or not out_of_memory(error):
                    raise
                size = -(-size // 2)
                log.warning(
                    "the GPU's memory does not hold the launch: going on with %d trials at once",
                    size,
                )
        whole = _Results(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        summaries = []
        for n, network in enumerate(self.networks):
            own = slice(n * n_trials, (n + 1) * n_trials)
            results = _Results(*(array[own] for array in whole))
            summaries.append(self._summary(network, results))
        return summaries

    def _summary(self, network: SpikingNetwork, results: _Results) -> TrialSummary:
        return TrialSummary(
            maximum=network.read_out(results.maximum),
            minimum=network.read_out(results.minimum),
            spike_counts=results.counts[:, : network.n_units],
            out=network.read_out(results.out) if self.keep_every else None,
            rates=results.rates if self.keep_rates else None,
        )

    @property
    def n_kept(self) -> int:
        """Outputs that are kept of a trial."""
        return self.grid.n_steps // self.keep_every if self.keep_every else 0

    def _fitting(self) -> int:
        """Trials of one launch that take no more than half of the memory that is free."""
        n_inputs, n_columns = self.stimuli.shape[2:]
        rates = self.n_kept * self.network.n_units if self.keep_rates else 0
        per_unit = 3 * self.n_pad  # number of spikes, time of the last in float64
        per_trial = 4 * (n_inputs * n_columns + self.n_kept + rates + per_unit + 8)
        return min(2**30, free_bytes() // per_trial)

    def _launch(self, programs: np.ndarray) -> _Results:
        """The trials of these numbers: network * n_trials + place in the trials of a network."""
        n, n_trials = len(programs), self.stimuli.shape[1]
        network_of, place = np.divmod(programs, max(n_trials, 1))
        n_units, n_rates = self.network.n_units, self.n_kept if self.keep_rates else 0
        ends = torch.empty((2, n), dtype=torch.float32, device=DEVICE)
        counts = torch.empty((n, n_units), dtype=torch.int32, device=DEVICE)
        out = torch.empty((n, self.n_kept), dtype=torch.float32, device=DEVICE)
        rates = torch.empty((n, n_units, n_rates), dtype=torch.float32, device=DEVICE)
        t_last = torch.zeros((n, self.n_pad), dtype=torch.float64, device=DEVICE)
        block = max(16, triton.next_power_of_2(self.n_pad))
        constants = self.constants
        _run[(n,)](
            **self.tables,
            keys=self.keys,
            times=self.times,
            t_refractory=self.t_refractory,
            heads=self.heads,
            stimulated=self.stimulated,
            u=to_device(self.stimuli[network_of, place]),
            networks=to_device(network_of.astype(np.int32)),
            trials=to_device(self.trials[place]),
            ends=ends,
            counts=counts,
            outs=out,
            rates=rates,
            t_lasts=t_last,
            n_programs=n,
            n_units=n_units,
            n_pad=self.n_pad,
            n_columns=self.stimuli.shape[3],
            n_steps=self.grid.n_steps,
            first_step=self.first_step,
            keep_every=self.keep_every,
            n_kept=self.n_kept,
            rate=float(constants.rate),
            linear=float(constants.linear),
            square=float(constants.square),
            v_threshold=float(constants.v_threshold),
            v_reset=float(constants.v_reset),
            v_span=float(constants.v_span),
            rise=float(constants.rise),
            n_refractory=int(constants.n_refractory),
            N_INPUTS=self.stimuli.shape[2],
            SINGLE=bool(constants.single),
            STIMULATED=self.has_stimulation,
            RATES=n_rates > 0,
            BLOCK=block,
            num_warps=max(1, block // (32 * UNITS_PER_THREAD)),
        )
        return _Results(
            maximum=ends[0].cpu().numpy(),
            minimum=ends[1].cpu().numpy(),
            counts=counts.cpu().numpy(),
            out=out.cpu().numpy(),
            rates=rates.cpu().numpy(),
        )


# The kernel ---------------------------------------------------------------------------------------


@triton.jit
def _external(
    bias, w_in, u, net, program, column, n_pad, n_columns, j, there, N_INPUTS: tl.constexpr
):
    """Bias and stimulus (mV) of one column."""
    external = tl.load(bias + net * n_pad + j, mask=there, other=0.0)
    for m in tl.static_range(N_INPUTS):
        x = tl.load(u + (program * N_INPUTS + m) * n_columns + column)
        external += tl.load(w_in + (net * N_INPUTS + m) * n_pad + j, mask=there, other=0.0) * x
    return external


@triton.jit
def _kicks(word, key, octet, pair, trial, unit, stimulated, heads, there, STIMULATED: tl.constexpr):
    """Noise and stimulation of two steps, in SDs of the noise: steps 8 octet + 2 pair and the
    next."""
    z0, z1 = normals(word)
    if STIMULATED:
        step = 8 * octet + 2 * pair
        no = unit * 0
        coin0, coin1, coin2, coin3 = tl.philox(
            key, same(step // 4, unit), no, no + trial, no + COIN, n_rounds=ROUNDS
        )
        moved = tl.load(stimulated + unit.to(tl.int32), mask=there, other=0.0)
        even, odd = tl.where(step % 4 == 0, coin0, coin2), tl.where(step % 4 == 0, coin1, coin3)
        z0 += tl.where((even >> 31) == 0, moved * tl.load(heads + step), 0.0)
        z1 += tl.where((odd >> 31) == 0, moved * tl.load(heads + step + 1), 0.0)
    return z0, z1


@triton.jit
def _uniform(key, trial, unit, BLOCK: tl.constexpr):
    """U[0, 1) of each unit, for its initial voltage."""
    same = tl.zeros([BLOCK], tl.uint32)
    word, _w1, _w2, _w3 = tl.philox(
        key, same, unit, same + trial, same + INITIAL_VOLTAGE, n_rounds=ROUNDS
    )
    return (word >> 8).to(tl.float32) * 5.9604644775390625e-08  # 2^-24


@triton.jit
def _keep(outs, rates, output, r, program, sample, n_kept, n_units, j, RATES: tl.constexpr):
    """Record the output, and the rates where they are asked for."""
    tl.store(outs + program * n_kept + sample, output)
    if RATES:
        tl.store(rates + (program * n_units + j) * n_kept + sample, r, mask=j < n_units)


@triton.jit
def _release(times, t_last, t_refractory, first, n_steps):
    """First step that integrates again, `first` or one of the four after it: `cpu._release`."""
    until = t_last + tl.load(t_refractory)
    release = (until * 0).to(tl.int32) + first
    for later in tl.static_range(4):
        step = first + later
        time = tl.load(times + tl.minimum(step, n_steps))
        release += ((step <= n_steps) & (time <= until)).to(tl.int32)
    return release


@triton.jit
def _arriving(w_pre, fired, n_fired, n_pad, j, there, BLOCK: tl.constexpr):
    """Sum of the rows of the units that fire, the first unit first."""
    arriving, waiting = tl.zeros([BLOCK], tl.float32), tl.where(fired, j, BLOCK)
    for _spike in range(n_fired):
        pre = tl.min(waiting, axis=0)
        arriving += tl.load(w_pre + pre * n_pad + j, mask=there, other=0.0)
        waiting = tl.where(j == pre, BLOCK, waiting)
    return arriving


@triton.jit(
    do_not_specialize=[
        "n_programs", "n_units", "n_columns", "n_steps", "first_step", "keep_every", "n_kept",
        "n_refractory",
    ]
)  # fmt: skip
def _run(
    w_pre, w_in, bias, w_out, decay, spike_r, keys, times, t_refractory, heads, stimulated,
    u, networks, trials,
    ends, counts, outs, rates, t_lasts,
    n_programs, n_units, n_pad, n_columns, n_steps, first_step, keep_every, n_kept,
    rate, linear, square, v_threshold, v_reset, v_span, rise, n_refractory,
    N_INPUTS: tl.constexpr, SINGLE: tl.constexpr, STIMULATED: tl.constexpr, RATES: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """One trial; the names of the arguments are those of `cpu`."""
    program = tl.program_id(0).to(tl.int64)
    net, trial = tl.load(networks + program).to(tl.int64), tl.load(trials + program).to(tl.uint32)
    key = tl.load(keys + net)
    j = tl.arange(0, BLOCK)
    there, unit = j < n_pad, j.to(tl.uint32)
    zero, nothing = tl.zeros([BLOCK], tl.float32), tl.zeros([BLOCK], tl.int32)
    own_decay = tl.load(decay + net * n_pad + j, mask=there, other=0.0)
    own_out = tl.load(w_out + net * n_pad + j, mask=there, other=0.0)
    own_spike = tl.load(spike_r + net * n_pad + j, mask=there, other=0.0)
    v = tl.where(j < n_units, v_reset + _uniform(key, trial, unit, BLOCK) * v_span, PAD)
    # in memory, since they are needed in steps with spikes alone
    own_t_last = t_lasts + program * n_pad + j
    start = tl.zeros([BLOCK], tl.float64)
    # first 1-based step that integrates again
    free = tl.where(
        j < n_units, _release(times, start, t_refractory, n_refractory, n_steps), NO_SPIKE
    )
    ipsc, h, r, hr, spikes = zero, zero, zero, zero, nothing
    external = _external(bias, w_in, u, net, program, 0, n_pad, n_columns, j, there, N_INPUTS)
    maximum, minimum = float("-inf"), float("inf")
    for octet in range((n_steps + 7) // 8):
        w0, w1, w2, w3 = eight_words(key, octet, trial, unit)
        # a trial has an even number of steps; not unrolled: the code of a step must fit the
        # instruction cache
        for pair in range(tl.minimum(4, (n_steps - 8 * octet) // 2)):
            word = of_four(w0, w1, w2, w3, pair)
            z0, z1 = _kicks(
                word, key, octet, pair, trial, unit, stimulated, heads, there, STIMULATED
            )
            for s in range(2):
                i = 8 * octet + 2 * pair + s + 1  # 1-based step
                if (i + PER_COLUMN // 2) % PER_COLUMN == 0:
                    column = (i + PER_COLUMN // 2) // PER_COLUMN
                    external = _external(
                        bias, w_in, u, net, program, column, n_pad, n_columns, j, there, N_INPUTS
                    )
                z = tl.where(s == 0, z0, z1)
                drive = v * (linear + square * v) + (ipsc + external)
                v += tl.where(i >= free, rate * drive, 0.0) + SD * z
                fired = v >= v_threshold
                r = r * own_decay + hr
                ipsc = ipsc * own_decay + h
                h, hr = h * rise, hr * rise
                n_fired = tl.sum(fired.to(tl.int32), axis=0)
                if n_fired > 0:
                    v = tl.where(fired, v_reset, v)
                    before = tl.load(own_t_last, mask=fired, other=0.0)
                    # as published: not dt * i, from which it differs by rounding
                    t_last = before + (tl.load(times + i) - before)
                    tl.store(own_t_last, t_last, mask=fired)
                    release = _release(times, t_last, t_refractory, i + n_refractory, n_steps)
                    free = tl.where(fired, release, free)
                    spikes += fired.to(tl.int32)
                    if SINGLE:
                        r += tl.where(fired, own_spike, 0.0)
                    else:
                        hr += tl.where(fired, own_spike, 0.0)
                    arriving = _arriving(
                        w_pre + net * n_units * n_pad, fired, n_fired, n_pad, j, there, BLOCK
                    )
                    if SINGLE:
                        ipsc += arriving
                    else:
                        h += arriving
                output = tl.sum(own_out * r, axis=0)
                if i > first_step:
                    maximum, minimum = tl.maximum(maximum, output), tl.minimum(minimum, output)
                if keep_every > 0:  # noqa: SIM102 - `and` would divide by zero
                    if i % keep_every == 0:
                        _keep(
                            outs, rates, output, r, program,
                            i // keep_every - 1, n_kept, n_units, j, RATES,
                        )  # fmt: skip
    tl.store(ends + program, maximum)
    tl.store(ends + n_programs + program, minimum)
    tl.store(counts + program * n_units + j, spikes, mask=j < n_units)
