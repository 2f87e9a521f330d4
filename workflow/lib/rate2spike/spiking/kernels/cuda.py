"""Many trials of many spiking networks on one NVIDIA GPU in float32: the equations of
`spiking.step`, the numbers of `streams`.

One program (a warp) runs one trial from its first to its last step with the whole state in
registers, all networks and trials of a shard in one launch. The steps follow `spiking_cpu`, which
holds the equations in the same form; what differs is the order in which the readout is summed.
Without a GPU the kernel runs in Triton's interpreter (TRITON_INTERPRET=1), for tests.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import torch
import triton
import triton.language as tl

from ... import streams
from ...config import SPIKING_STEPS_PER_RATE_STEP
from ...devices import out_of_memory
from ...streams.cuda import (
    DEVICE,
    check_width,
    four_steps,
    free_bytes,
    of_step,
    packed,
    same,
    to_device,
)
from ..converted import NOISE_SD, SpikingNetwork, Stimulation, check_stimulation, time_grid
from . import cpu as spiking_cpu
from .cpu import PAD_VOLTAGE, TrialSummary, record_trial

__all__ = [
    "record_trial",
    "simulate_networks",
    "simulate_trials",
]  # one trial is recorded on the CPU

log = logging.getLogger(__name__)

UNITS_PER_THREAD = 8  # 13 numbers a unit: 8 units fill the registers of a thread about half
NEVER = 2**30  # a step that no trial reaches

# Constants inside the kernel
INITIAL_VOLTAGE, COIN = tl.constexpr(streams.INITIAL_VOLTAGE), tl.constexpr(streams.COIN)
PER_COLUMN = tl.constexpr(SPIKING_STEPS_PER_RATE_STEP)
SD, NO_SPIKE, PAD = tl.constexpr(NOISE_SD), tl.constexpr(NEVER), tl.constexpr(float(PAD_VOLTAGE))


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
    """Simulate a block of trials of one network: `spiking_cpu.simulate_trials`, on the GPU.
    threads: means nothing here."""
    settings = {
        "first_step": first_step,
        "downsample": downsample,
        "keep_every": keep_every,
        "keep_rates": keep_rates,
    }
    u = np.asarray(u)[None] if np.ndim(u) == 3 else u  # anything else is refused below
    return simulate_networks(
        [network], u, trials=trials, keys=[stream], stimulation=stimulation, **settings
    )[0]


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

    u: stimulus (n_networks, n_trials, n_inputs, n_columns), one column per 5 ms; trials: whole
    numbers (n_trials,) that key the noise, with the stream of each network in `keys`; the rest as
    in `spiking_cpu.simulate_trials`. A trial depends on its network, its stimulus and its number
    alone. Raises ValueError for what does not fit.
    """
    _check_networks(networks, keys)
    checked = [
        spiking_cpu._check_trials(n, one, trials, downsample)
        for n, one in zip(networks, u, strict=True)
    ]
    grid = time_grid(checked[0][0].shape[2], downsample)
    spiking_cpu._check_window(first_step, keep_every, keep_rates, 1, grid)
    stimulation = check_stimulation(stimulation, networks[0].n_units)
    tables = [spiking_cpu._tables(n, grid, stimulation) for n in networks]
    stimuli = np.stack([one[:, :, ::downsample] for one, _ in checked])
    shard = _Shard(
        networks[0],
        grid,
        tables,
        keys,
        stimuli,
        checked[0][1],
        int(first_step),
        int(keep_every),
        bool(keep_rates),
    )
    return shard.run()


def _check_networks(networks: Sequence[SpikingNetwork], keys: Sequence[streams.Key]) -> None:
    if not networks or len(keys) != len(networks):
        raise ValueError(
            f"networks: expected at least one and a key for each, got {len(networks)} and {len(keys)} keys"
        )
    first = networks[0]
    for other in networks[1:]:
        if (other.n_units, other.n_inputs, other.neuron) != (
            first.n_units,
            first.n_inputs,
            first.neuron,
        ):
            raise ValueError("networks: expected one size, number of inputs and neuron in a block")
    check_width(first.n_units)


class _Shard:
    """The tables of all networks on the GPU, and the launches that run their trials."""

    def __init__(
        self, network, grid, tables, keys, stimuli, trials, first_step, keep_every, keep_rates
    ):
        self.network, self.grid, self.stimuli, self.trials = network, grid, stimuli, trials
        self.first_step, self.keep_every, self.keep_rates = first_step, keep_every, keep_rates
        self.constants = spiking_cpu._constants(network, grid)
        self.n_pad = len(tables[0].decay)
        per_unit = ("w_pre", "w_in", "bias", "w_out", "decay", "spike_r")
        self.tables = {
            name: to_device(np.stack([getattr(t, name) for t in tables])) for name in per_unit
        }
        self.keys = packed(keys)
        self.release, self.heads = to_device(tables[0].release), to_device(tables[0].heads)
        stimulated = np.zeros(self.n_pad, np.float32)
        stimulated[tables[0].stimulated] = 1
        self.stimulated, self.has_stimulation = to_device(stimulated), tables[0].stimulated.size > 0

    def run(self) -> list[TrialSummary]:
        """All trials, in one launch or in as many as fit into memory; a launch that does not fit is
        halved."""
        n_networks, n_trials = self.stimuli.shape[:2]
        programs, parts = np.arange(n_networks * n_trials), []
        at, size = 0, max(1, min(len(programs), self._fitting()))
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
        fields = [
            np.concatenate(field) if len(programs) else field for field in zip(*parts, strict=True)
        ]
        return [
            self._summary([field[n * n_trials : (n + 1) * n_trials] for field in fields])
            for n in range(n_networks)
        ]

    def _summary(self, fields) -> TrialSummary:
        maximum, minimum, counts, out, rates = fields
        kept = (out if self.keep_every else None, rates if self.keep_rates else None)
        return TrialSummary(maximum, minimum, counts[:, : self.network.n_units], *kept)

    @property
    def n_kept(self) -> int:
        return self.grid.n_steps // self.keep_every if self.keep_every else 0

    def _fitting(self) -> int:
        """Trials of one launch that take no more than half of the memory that is free."""
        n_inputs, n_columns = self.stimuli.shape[2:]
        rates = self.n_kept * self.network.n_units if self.keep_rates else 0
        per_trial = 4 * (n_inputs * n_columns + self.n_kept + rates + self.network.n_units + 8)
        return min(2**30, free_bytes() // per_trial)

    def _launch(self, programs: np.ndarray) -> tuple[np.ndarray, ...]:
        n, n_trials = len(programs), self.stimuli.shape[1]
        which, number = np.divmod(programs, max(n_trials, 1))
        n_units, n_rates = self.network.n_units, self.n_kept if self.keep_rates else 0
        ends = torch.empty((2, n), dtype=torch.float32, device=DEVICE)
        counts = torch.empty((n, n_units), dtype=torch.int32, device=DEVICE)
        out = torch.empty((n, self.n_kept), dtype=torch.float32, device=DEVICE)
        rates = torch.empty((n, n_units, n_rates), dtype=torch.float32, device=DEVICE)
        block, c = max(16, triton.next_power_of_2(self.n_pad)), self.constants
        _run[(n,)](
            *self.tables.values(), self.keys, self.release, self.heads, self.stimulated,
            to_device(self.stimuli[which, number]), to_device(which.astype(np.int32)), to_device(self.trials[number]),
            ends, counts, out, rates,
            n, n_units, self.n_pad, self.stimuli.shape[3], self.grid.n_steps, self.first_step, self.keep_every, self.n_kept,
            *(float(x) for x in c[:7]),
            N_INPUTS=self.stimuli.shape[2], SINGLE=bool(c.single), STIMULATED=self.has_stimulation, RATES=n_rates > 0,
            BLOCK=block, num_warps=max(1, block // (32 * UNITS_PER_THREAD)),
        )  # fmt: skip
        return (
            ends[0].cpu().numpy(),
            ends[1].cpu().numpy(),
            counts.cpu().numpy(),
            out.cpu().numpy(),
            rates.cpu().numpy(),
        )


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
def _kicks(key, quad, trial, unit, stimulated, heads, there, STIMULATED: tl.constexpr):
    """Noise and stimulation of four steps, in SDs of the noise."""
    z0, z1, z2, z3 = four_steps(key, quad, trial, unit)
    if STIMULATED:
        no = unit * 0
        coin0, coin1, coin2, coin3 = tl.philox(key, same(quad, unit), no, no + trial, no + COIN)
        moved = tl.load(stimulated + unit.to(tl.int32), mask=there, other=0.0)
        z0 += tl.where((coin0 >> 31) == 0, moved * tl.load(heads + 4 * quad), 0.0)
        z1 += tl.where((coin1 >> 31) == 0, moved * tl.load(heads + 4 * quad + 1), 0.0)
        z2 += tl.where((coin2 >> 31) == 0, moved * tl.load(heads + 4 * quad + 2), 0.0)
        z3 += tl.where((coin3 >> 31) == 0, moved * tl.load(heads + 4 * quad + 3), 0.0)
    return z0, z1, z2, z3


@triton.jit
def _uniform(key, trial, unit, BLOCK: tl.constexpr):
    """U[0, 1) of each unit, for its initial voltage."""
    same = tl.zeros([BLOCK], tl.uint32)
    word, _w1, _w2, _w3 = tl.philox(key, same, unit, same + trial, same + INITIAL_VOLTAGE)
    return (word >> 8).to(tl.float32) * 5.9604644775390625e-08  # 2^-24


@triton.jit
def _keep(outs, rates, output, r, program, sample, n_kept, n_units, j, RATES: tl.constexpr):
    """Record the output, and the rates where they are asked for."""
    tl.store(outs + program * n_kept + sample, output)
    if RATES:
        tl.store(rates + (program * n_units + j) * n_kept + sample, r, mask=j < n_units)


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
        "n_programs",
        "n_units",
        "n_columns",
        "n_steps",
        "first_step",
        "keep_every",
        "n_kept",
    ]
)
def _run(
    w_pre, w_in, bias, w_out, decay, spike_r, keys, release, heads, stimulated,
    u, networks, trials,
    ends, counts, outs, rates,
    n_programs, n_units, n_pad, n_columns, n_steps, first_step, keep_every, n_kept,
    rate, linear, square, v_threshold, v_reset, v_span, rise,
    N_INPUTS: tl.constexpr, SINGLE: tl.constexpr, STIMULATED: tl.constexpr, RATES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One trial; the names of the arguments are those of `spiking_cpu`."""
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
    free = tl.where(
        j < n_units, tl.load(release), NO_SPIKE
    )  # first 1-based step that integrates again
    ipsc, h, r, hr, spikes = zero, zero, zero, zero, nothing
    external = _external(bias, w_in, u, net, program, 0, n_pad, n_columns, j, there, N_INPUTS)
    maximum, minimum = float("-inf"), float("inf")
    for quad in range(n_steps // 4):  # a trial has a multiple of 100 steps
        z0, z1, z2, z3 = _kicks(key, quad, trial, unit, stimulated, heads, there, STIMULATED)
        for s in range(4):  # not unrolled: the code of a step must fit the instruction cache
            i = 4 * quad + s + 1  # 1-based step
            if (i + PER_COLUMN // 2) % PER_COLUMN == 0:
                column = (i + PER_COLUMN // 2) // PER_COLUMN
                external = _external(
                    bias, w_in, u, net, program, column, n_pad, n_columns, j, there, N_INPUTS
                )
            z = of_step(z0, z1, z2, z3, s)
            drive = v * (linear + square * v) + (ipsc + external)
            v += tl.where(i >= free, rate * drive, 0.0) + SD * z
            fired = v >= v_threshold
            r = r * own_decay + hr
            ipsc = ipsc * own_decay + h
            h, hr = h * rise, hr * rise
            n_fired = tl.sum(fired.to(tl.int32), axis=0)
            if n_fired > 0:
                v = tl.where(fired, v_reset, v)
                free = tl.where(fired, tl.load(release + i), free)
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
                        outs,
                        rates,
                        output,
                        r,
                        program,
                        i // keep_every - 1,
                        n_kept,
                        n_units,
                        j,
                        RATES,
                    )
    tl.store(ends + program, maximum)
    tl.store(ends + n_programs + program, minimum)
    tl.store(counts + program * n_units + j, spikes, mask=j < n_units)
