"""Any network of spiking units on the CPU: the steps of `networks.advance`, bit for bit, compiled.

The `step` of a model becomes a loop over units, 16 side by side in vectors. A block of 16 is either
units of one simulation, or one unit of 16 simulations: whichever leaves fewer lanes empty. It is
one row of `rows`: 16 numbers for each state variable, then for the spike, and for each constant.
All in one array, because LLVM then sees that what a step writes is not what it reads, and makes
vectors of it.

    s_in      the columns of W added one after another, without those of units that send 0:
              w * 0 would change no bit
    threads   take up to 16 simulations at a time; how they are dealt out changes no bit
    rounding  each product and each sum is rounded, as in numpy: no sum is fused or reordered

Functions that a `step` calls, such as np.exp, may round differently in numpy; the models of
`neurons` call none.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numba import types
from numba.core.errors import NumbaError

from ...compiled import njit

LANES = 16
OPTIONS = {"nogil": True, "error_model": "numpy"}  # 1 / 0 is infinite, as in numpy
PASS = 2  # what a step takes whatever the number of blocks, in times of a block
BLOCKS = types.float64[:, ::1]
FLAGS = types.int64[::1]
UNITS = types.void(BLOCKS, BLOCKS, BLOCKS, types.float64, FLAGS, FLAGS)
WEIGHTS = types.Array(types.float64, 2, "C", readonly=True)
INPUTS = types.Array(types.float64, 3, "C", readonly=True)
WHOLE = types.int64
STEPS = types.void(  # of the arguments of `_steps`
    types.FunctionType(UNITS),  # units
    BLOCKS,  # rows
    WHOLE,  # width
    WEIGHTS,  # weights
    INPUTS,  # inputs
    types.float64[:, :, :, ::1],  # samples
    types.uint8[:, :, ::1],  # fired
    WHOLE,  # first
    WHOLE,  # n_variables
    WHOLE,  # source
    FLAGS,  # kept
    WHOLE,  # every
    types.boolean,  # average
    types.float64,  # dt
    WHOLE,  # first_step
)
KEPT = OPTIONS | {"cache": True}
INSIDE = KEPT | {"forceinline": True}


def advance(
    job, variables: Sequence[str], *, every: int, average: bool, spikes: bool, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Advance `job` by the steps of its inputs, as `pick.network_kernels` describes.

    Parameters
    ----------
    job : as `networks.Job`; its state is that after the last step in the end
    variables : names of the state variables that are sampled
    every : a sample after each `every`-th step
    average : sample means over those steps instead
    spikes : whether to return where units spiked
    threads : cores

    Returns
    -------
    samples : float64 (len(variables), batch, n_steps // every, n_units)
    fired : uint8 (batch, n_steps, n_units); (batch, 0, n_units) without `spikes`

    Raises
    ------
    ValueError
        Where the `step` of the model cannot be compiled.
    """
    neuron = job.neuron
    batch, n_units = job.state.shape[1:]
    source = neuron.variables.index(neuron.source)
    kernel = _units(
        neuron.step,
        n_variables=len(job.state),
        n_constants=len(job.constants),
        source=source,
        frozen=_frozen(neuron.step),
    )
    kept = np.array([neuron.variables.index(name) for name in variables], dtype=np.int64)
    width = _width(batch, n_units)
    samples = np.empty((len(kept), batch, job.n_steps // every, n_units))
    fired = np.zeros((batch, job.n_steps if spikes else 0, n_units), dtype=np.uint8)
    shared = _sent(job.weights, width) if len(job.weights) == 1 else None

    def run(begin: int) -> None:
        part = slice(begin, min(begin + width, batch))
        rows = _packed(job.state[:, part], job.constants[:, part], width)
        weights = _sent(job.weights[part], width) if shared is None else shared
        inputs = np.ascontiguousarray(job.inputs[part] if len(job.inputs) > 1 else job.inputs)
        _steps(
            units=kernel,
            rows=rows,
            width=width,
            weights=weights,
            inputs=inputs,
            samples=samples,
            fired=fired,
            first=begin,
            n_variables=len(job.state),
            source=source,
            kept=kept,
            every=every,
            average=average,
            dt=job.dt,
            first_step=job.first_step,
        )
        job.state[:, part] = _unpacked(rows, width, job.state[:, part].shape)

    with ThreadPoolExecutor(min(threads, -(-batch // width))) as pool:
        list(pool.map(run, range(0, batch, width)))
    return samples, fired


def _width(batch: int, n_units: int) -> int:
    """How many simulations a block holds, 16 or 1: by which fewer blocks are made."""
    one_by_one = batch * (-(-n_units // LANES) + PASS)
    return LANES if -(-batch // LANES) * (n_units + PASS) <= one_by_one else 1


def _flat(values: np.ndarray, width: int) -> np.ndarray:
    """(..., n_simulations, n_units) as (..., blocks, 16); the last unit or simulation once more in
    lanes that are left over."""
    n_simulations, n_units = values.shape[-2:]
    if width == 1:
        lanes = np.minimum(np.arange(n_units + -n_units % LANES), n_units - 1)
        return values[..., 0, lanes].reshape(*values.shape[:-2], -1, LANES)
    return values[..., np.minimum(np.arange(LANES), n_simulations - 1), :].swapaxes(-1, -2)


def _packed(state: np.ndarray, constants: np.ndarray, width: int) -> np.ndarray:
    """The rows of all blocks: state, spike and constants of 16 lanes one after another."""
    state, constants = _flat(state, width), _flat(constants, width)
    spike = np.zeros((1, *state.shape[1:]))
    rows = np.concatenate([state, spike, constants]).transpose(1, 0, 2)
    return np.ascontiguousarray(rows).reshape(len(rows), -1)


def _unpacked(rows: np.ndarray, width: int, shape: tuple[int, ...]) -> np.ndarray:
    """The state in the rows of all blocks, (n_variables, n_simulations, n_units) = `shape`."""
    n_variables, n_simulations, n_units = shape
    blocks = rows.reshape(len(rows), -1, LANES)[:, :n_variables]
    if width == 1:
        return blocks.transpose(1, 0, 2).reshape(n_variables, 1, -1)[..., :n_units]
    return blocks.transpose(1, 2, 0)[:, :n_simulations]


def _sent(weights: np.ndarray, width: int) -> np.ndarray:
    """What each unit sends to each place: (n_units, n_units padded to blocks); for 16 simulations
    with the same weights (n_units, n_units), with their own (n_units, 16 n_units)."""
    sent = weights.transpose(2, 0, 1)
    if width == 1 or len(weights) > 1:
        sent = _flat(sent, width)
    return np.ascontiguousarray(sent).reshape(len(sent), -1)


def _frozen(step) -> tuple:
    """The values that compiling `step` freezes: with others it is compiled anew."""
    names = inspect.getclosurevars(step)
    frozen = []
    for name, value in (names.globals | names.nonlocals).items():
        text = str(value.tobytes()) if isinstance(value, np.ndarray) else repr(value)
        frozen.append((name, text))
    return tuple(sorted(frozen))


@lru_cache(maxsize=64)
def _units(step, *, n_variables: int, n_constants: int, source: int, frozen: tuple):
    """The step of all units, compiled from a source text made for so many variables and constants:
    a tuple would be no vector.

    Writes into `sends` and `fires` whether any unit of a block has something to send, and fired.
    """
    row = [f"row[{LANES * i} + b]" for i in range(n_variables + 1 + n_constants)]
    spike = row[n_variables]
    new_names = [f"new{i}" for i in range(n_variables)]
    old = ", ".join(row[:n_variables])
    constants = ", ".join(row[n_variables + 1 :])
    new = ", ".join(new_names)
    stores = "; ".join(f"{row[i]} = {new_names[i]}" for i in range(n_variables))
    text = f"""
def units(rows, s_in, current, t, sends, fires):
    for i in range(rows.shape[0]):
        row, inward, outer, sent, fired = rows[i], s_in[i], current[i], 0, 0
        for b in range({LANES}):
            ({new},), spike = step(({old},), inward[b], outer[b], t, ({constants},))
            sent |= int(new{source} != 0)
            fired |= int(spike > 0)
            {spike} = spike
            {stores}
        sends[i], fires[i] = sent, fired
"""
    scope = {"step": njit(**OPTIONS)(step)}
    exec(compile(text, f"<{step.__qualname__} of all units>", "exec"), scope)
    try:
        return njit(UNITS, **OPTIONS)(scope["units"])
    except NumbaError as error:
        expected = "expected plain arithmetic on numbers"
        raise ValueError(
            f"neuron: {step.__qualname__} cannot be compiled; {expected}: {error}"
        ) from error


@njit(**INSIDE)
def _find_sending(rows, width, source, sends, sending):
    """The units that send something other than 0, in their order; returns how many."""
    n, n_units = 0, sending.shape[0]
    for i in range(rows.shape[0]):
        if sends[i]:
            if width == 1:
                for j in range(i * LANES, min((i + 1) * LANES, n_units)):
                    sending[n] = j
                    n += rows[i, source + j % LANES] != 0
            else:
                sending[n] = i
                n += 1
    return n


# Below, the length of a loop over lanes comes from an array: one of known length 16 LLVM unrolls,
# and makes no vectors of it.


@njit(**INSIDE)
def _add_columns(s_in, weights, rows, source, sending):
    """One simulation, four senders in a pass; their sum is still one after another."""
    n = sending.shape[0]
    for q in range(0, n - n % 4, 4):
        j0, j1, j2, j3 = sending[q], sending[q + 1], sending[q + 2], sending[q + 3]
        w0, w1, w2, w3 = weights[j0], weights[j1], weights[j2], weights[j3]
        x0, x1 = rows[j0 // LANES, source + j0 % LANES], rows[j1 // LANES, source + j1 % LANES]
        x2, x3 = rows[j2 // LANES, source + j2 % LANES], rows[j3 // LANES, source + j3 % LANES]
        for p in range(s_in.shape[0]):
            s_in[p] = (((s_in[p] + w0[p] * x0) + w1[p] * x1) + w2[p] * x2) + w3[p] * x3
    for q in range(n - n % 4, n):
        w, x = weights[sending[q]], rows[sending[q] // LANES, source + sending[q] % LANES]
        for p in range(s_in.shape[0]):
            s_in[p] += w[p] * x


@njit(**INSIDE)
def _add_shared(s_in, weights, rows, source, sending):
    """16 simulations with the same weights, four senders in a pass."""
    n, (n_units, width) = sending.shape[0], s_in.shape
    for q in range(0, n - n % 4, 4):
        j0, j1, j2, j3 = sending[q], sending[q + 1], sending[q + 2], sending[q + 3]
        x0, x1, x2, x3 = rows[j0], rows[j1], rows[j2], rows[j3]
        for i in range(n_units):
            total, w0, w1, w2, w3 = (
                s_in[i], weights[j0, i], weights[j1, i], weights[j2, i], weights[j3, i]
            )  # fmt: skip
            for b in range(width):
                at = source + b
                total[b] = (((total[b] + w0 * x0[at]) + w1 * x1[at]) + w2 * x2[at]) + w3 * x3[at]
    for q in range(n - n % 4, n):
        x = rows[sending[q]]
        for i in range(n_units):
            total, w = s_in[i], weights[sending[q], i]
            for b in range(width):
                total[b] += w * x[source + b]


@njit(**INSIDE)
def _add_own(s_in, weights, rows, source, sending):
    """16 simulations with weights of their own."""
    n_units, width = s_in.shape
    for j in sending:
        w, x = weights[j], rows[j]
        for i in range(n_units):
            total = s_in[i]
            for b in range(width):
                total[b] += w[i * width + b] * x[source + b]


@njit(**INSIDE)
def _load(current, width, inputs, k):
    """The inputs of step k, as blocks."""
    if width == 1:
        flat = current.reshape(-1)
        for j in range(inputs.shape[2]):
            flat[j] = inputs[0, k, j]
    elif inputs.shape[0] == 1:
        for j in range(inputs.shape[2]):
            current[j] = inputs[0, k, j]
    else:
        for b in range(inputs.shape[0]):
            for j in range(inputs.shape[2]):
                current[j, b] = inputs[b, k, j]


@njit(**INSIDE)
def _store(rows, at, width, samples, first, n, i):
    """Sample i of n simulations from `first` on: the variable that begins at column `at`."""
    for b in range(n):
        target = samples[first + b, i]
        for j in range(target.shape[0]):
            target[j] = rows[j // LANES, at + j % LANES] if width == 1 else rows[j, at + b]


@njit(**INSIDE)
def _add_mean(rows, at, width, samples, first, n, i, begins, every):
    """One of `every` steps in the mean that is sample i; `begins`: it is the first of them."""
    for b in range(n):
        target = samples[first + b, i]
        for j in range(target.shape[0]):
            value = rows[j // LANES, at + j % LANES] if width == 1 else rows[j, at + b]
            target[j] = (0.0 if begins else target[j]) + value / every


@njit(**INSIDE)
def _store_spikes(rows, at, width, fires, fired, first, n, k):
    """`fired` is zero so far, and few units fire: the rest is not touched."""
    n_units = fired.shape[2]
    for i in range(rows.shape[0]):
        if fires[i]:
            for b in range(LANES if width == 1 else n):
                if rows[i, at + b] > 0:
                    if width > 1:
                        fired[first + b, k, i] = 1
                    elif i * LANES + b < n_units:
                        fired[first, k, i * LANES + b] = 1


@njit(STEPS, **OPTIONS, cache=True)
def _steps(
    units, rows, width, weights, inputs, samples, fired, first,
    n_variables, source, kept, every, average, dt, first_step,
):  # fmt: skip
    """All steps of one simulation or of up to 16, from the one at `first` of the batch on. kept:
    which variables are sampled; source: the one that is sent."""
    n_blocks, (n_steps, n_units) = rows.shape[0], inputs.shape[1:]
    s_in, current = np.zeros((n_blocks, LANES)), np.zeros((n_blocks, LANES))
    sends, fires, sending = (
        np.ones(n_blocks, np.int64), np.zeros(n_blocks, np.int64), np.zeros(n_units, np.int64)
    )  # fmt: skip
    source, at_spike, n = LANES * source, LANES * n_variables, min(width, fired.shape[0] - first)
    for k in range(n_steps):
        n_sending = _find_sending(rows, width, source, sends, sending)
        s_in[:] = 0
        if width == 1:
            _add_columns(s_in.reshape(-1), weights, rows, source, sending[:n_sending])
        elif weights.shape[1] == n_units:
            _add_shared(s_in, weights, rows, source, sending[:n_sending])
        else:
            _add_own(s_in, weights, rows, source, sending[:n_sending])
        _load(current, width, inputs, k)
        units(rows, s_in, current, dt * (first_step + k + 1), sends, fires)
        if fired.shape[1] > 0:
            _store_spikes(rows, at_spike, width, fires, fired, first, n, k)
        i = k // every
        if i == samples.shape[2]:
            continue  # steps left over at the end
        for v in range(kept.shape[0]):
            if average:
                _add_mean(
                    rows, LANES * kept[v], width, samples[v], first, n, i, k % every == 0, every
                )
            elif (k + 1) % every == 0:
                _store(rows, LANES * kept[v], width, samples[v], first, n, i)
