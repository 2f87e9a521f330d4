"""Any network of spiking units on the CPU: the steps of `networks.advance`, bit for bit, compiled.

The `step` of a model becomes a loop over units, 16 side by side in vectors. A block of 16 is either units of one simulation, or
one unit of 16 simulations: whichever leaves fewer lanes empty. It is one row of `rows`: 16 numbers for each state variable, then
for the input from the others, the current, the spike, and each constant. All in one array, because LLVM then sees that
what a step writes is not what it reads, and makes vectors of it.

    s_in      the columns of W added one after another, without those of units that send 0: w * 0 would change no bit
    threads   take up to 16 simulations at a time; how they are dealt out changes no bit
    rounding  each product and each sum is rounded, as in numpy: no sum is fused or reordered

Functions that a `step` calls, such as np.exp, may round differently in numpy; the models of `neurons` call none.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numba import njit
from numba.core.errors import NumbaError

LANES = 16
OPTIONS = {"nogil": True, "error_model": "numpy"}  # 1 / 0 is infinite, as in numpy
KEPT = OPTIONS | {"cache": True}


def advance(
    job, variables: Sequence[str], *, every: int, average: bool, spikes: bool, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """See `kernels.network`. Raises TypeError where the `step` of the model cannot be compiled."""
    neuron, (batch, n_units) = job.neuron, job.state.shape[1:]
    kernel = _units(neuron.step, len(job.state), len(job.constants), _frozen(neuron.step))
    kept = np.array([neuron.variables.index(name) for name in variables], dtype=np.int64)
    samples = np.empty((len(kept), batch, job.n_steps // every, n_units))
    fired = np.empty((batch, job.n_steps if spikes else 0, n_units), dtype=np.uint8)
    groups = _groups(batch, n_units)
    shared = {width: _sent(job.weights, width) for _, width in groups} if len(job.weights) == 1 else {}
    settings = len(job.state), neuron.variables.index(neuron.source), kept, every, average, job.dt, job.first_step

    def run(group: tuple[slice, int]) -> None:
        part, width = group
        rows = _packed(job.state[:, part], job.constants[:, part], width)
        weights = shared[width] if shared else _sent(job.weights[part], width)
        inputs = job.inputs[part] if len(job.inputs) > 1 else job.inputs
        _steps(kernel, rows, width, weights, inputs, samples[:, part], fired[part], *settings)
        job.state[:, part] = _unpacked(rows, width, job.state[:, part].shape)

    try:
        if threads == 1 or len(groups) == 1:
            for group in groups:
                run(group)
        else:
            with ThreadPoolExecutor(min(threads, len(groups))) as pool:
                list(pool.map(run, groups))
    except NumbaError as error:
        raise TypeError(
            f"{type(neuron).__name__}.step cannot be compiled; it must be plain arithmetic on numbers, without calls: {error}"
        ) from error
    return samples, fired


def _groups(batch: int, n_units: int) -> list[tuple[slice, int]]:
    """Simulations that run together, and how many lanes of a block are simulations: 16, or 1 where they are units."""
    groups = []
    for begin in range(0, batch, LANES):
        end = min(begin + LANES, batch)
        if n_units <= (end - begin) * -(-n_units // LANES):  # not more blocks than one simulation after another has
            groups.append((slice(begin, end), LANES))
        else:
            groups += [(slice(i, i + 1), 1) for i in range(begin, end)]
    return groups


def _flat(values: np.ndarray, width: int) -> np.ndarray:
    """(..., n_simulations, n_units) as (..., blocks, 16); the last unit or simulation once more in lanes that are left over."""
    n_simulations, n_units = values.shape[-2:]
    if width == 1:
        lanes = np.minimum(np.arange(n_units + -n_units % LANES), n_units - 1)
        return values[..., 0, lanes].reshape(*values.shape[:-2], -1, LANES)
    return values[..., np.minimum(np.arange(LANES), n_simulations - 1), :].swapaxes(-1, -2)


def _packed(state: np.ndarray, constants: np.ndarray, width: int) -> np.ndarray:
    flat = _flat(state, width), _flat(constants, width)
    between = np.zeros((3, *flat[0].shape[1:]))
    rows = np.concatenate([flat[0], between, flat[1]]).transpose(1, 0, 2)
    return np.ascontiguousarray(rows).reshape(len(rows), -1)


def _unpacked(rows: np.ndarray, width: int, shape: tuple[int, ...]) -> np.ndarray:
    n_variables, n_simulations, n_units = shape
    blocks = rows.reshape(len(rows), -1, LANES)[:, :n_variables]
    if width == 1:
        return blocks.transpose(1, 0, 2).reshape(n_variables, 1, -1)[..., :n_units]
    return blocks.transpose(1, 2, 0)[:, :n_simulations]


def _sent(weights: np.ndarray, width: int) -> np.ndarray:
    """What each unit sends to each place: (n_units, n_units padded to blocks), (n_units, n_units) for 16 simulations with the same
    weights, (n_units, 16 n_units) for 16 with their own."""
    sent = weights.transpose(2, 0, 1)
    if width == 1 or len(weights) > 1:
        sent = _flat(sent, width)
    return np.ascontiguousarray(sent).reshape(len(sent), -1)


def _frozen(step) -> tuple:
    """The values that compiling `step` freezes: with others it is compiled anew."""
    found = inspect.getclosurevars(step)
    return tuple(sorted((name, repr(value)) for name, value in (found.globals | found.nonlocals).items()))


@lru_cache(maxsize=64)
def _units(step, n_variables: int, n_constants: int, frozen: tuple):
    """The step of all blocks, compiled from a source made for so many variables and constants; numba makes no vectors of tuples."""
    row = [f"row[{LANES * i} + l]" for i in range(n_variables + 3 + n_constants)]
    state, (s_in, current, spike), constants = row[:n_variables], row[n_variables:][:3], row[n_variables + 3 :]
    new = [f"new{i}" for i in range(n_variables)]
    source = f"""
def units(rows, t):
    for b in range(rows.shape[0]):
        row = rows[b]
        for l in range({LANES}):
            ({", ".join(new)},), fired = step(({", ".join(state)},), {s_in}, {current}, t, ({", ".join(constants)},))
            {spike} = fired
            {"; ".join(f"{a} = {b}" for a, b in zip(state, new, strict=True))}
"""
    scope = {"step": njit(**OPTIONS)(step)}
    exec(compile(source, f"<{step.__qualname__} of all units>", "exec"), scope)
    return njit(**OPTIONS)(scope["units"])


@njit(**OPTIONS)
def _steps(
    units, rows, width, weights, inputs, samples, fired, n_variables, source, kept, every, average, dt, first_step
):  # fmt: skip
    n_units, n_steps = inputs.shape[2], inputs.shape[1]
    s_in, sending = np.zeros(rows.shape[0] * LANES), np.zeros(n_units, np.int64)
    source, at_s_in, at_current, at_spike = (
        LANES * source,
        LANES * n_variables,
        LANES * (n_variables + 1),
        LANES * (n_variables + 2),
    )
    for k in range(n_steps):
        n_sending = _find_sending(rows, width, source, sending)
        s_in[:] = 0
        if width == 1:
            _add_columns(s_in, weights, rows, source, sending[:n_sending])
        elif weights.shape[1] == n_units:
            _add_shared(s_in, weights, rows, source, sending[:n_sending])
        else:
            _add_own(s_in, weights, rows, source, sending[:n_sending])
        _load(rows, at_s_in, s_in)
        _load_current(rows, at_current, width, inputs, k)
        units(rows, dt * (first_step + k + 1))
        if fired.shape[1] > 0:
            _store_spikes(rows, at_spike, width, fired, k)
        i = k // every
        if i < samples.shape[2]:
            for v in range(kept.shape[0]):
                if average:
                    if k % every == 0:
                        samples[v, :, i] = 0
                    _add_mean(rows, LANES * kept[v], width, samples[v], i, every)
                elif (k + 1) % every == 0:
                    _store(rows, LANES * kept[v], width, samples[v], i)


@njit(**KEPT)
def _find_sending(rows, width, source, sending):
    """The units that send something other than 0, in their order; returns how many."""
    n = 0
    for j in range(sending.shape[0]):
        if width == 1:
            sends = rows[j // LANES, source + j % LANES] != 0
        else:
            sends = False
            for l in range(LANES):
                sends |= rows[j, source + l] != 0
        sending[n] = j
        n += sends
    return n


@njit(**KEPT)
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


@njit(**KEPT)
def _add_shared(s_in, weights, rows, source, sending):
    """16 simulations with the same weights."""
    for i in range(weights.shape[0]):
        total = s_in[i * LANES : (i + 1) * LANES]
        for j in sending:
            w, x = weights[j, i], rows[j, source : source + LANES]
            for l in range(LANES):
                total[l] += w * x[l]


@njit(**KEPT)
def _add_own(s_in, weights, rows, source, sending):
    """16 simulations with weights of their own."""
    for j in sending:
        x = rows[j, source : source + LANES]
        for i in range(weights.shape[0]):
            total, w = s_in[i * LANES : (i + 1) * LANES], weights[j, i * LANES : (i + 1) * LANES]
            for l in range(LANES):
                total[l] += w[l] * x[l]


@njit(**KEPT)
def _load(rows, at, values):
    for b in range(rows.shape[0]):
        for l in range(LANES):
            rows[b, at + l] = values[b * LANES + l]


@njit(**KEPT)
def _load_current(rows, at, width, inputs, k):
    n_units = inputs.shape[2]
    if width == 1:
        for j in range(n_units):
            rows[j // LANES, at + j % LANES] = inputs[0, k, j]
    elif inputs.shape[0] == 1:
        for j in range(n_units):
            for l in range(LANES):
                rows[j, at + l] = inputs[0, k, j]
    else:
        for l in range(inputs.shape[0]):
            for j in range(n_units):
                rows[j, at + l] = inputs[l, k, j]


@njit(**KEPT)
def _store(rows, at, width, target, i):
    n_simulations, _, n_units = target.shape
    if width == 1:
        for j in range(n_units):
            target[0, i, j] = rows[j // LANES, at + j % LANES]
    else:
        for l in range(n_simulations):
            for j in range(n_units):
                target[l, i, j] = rows[j, at + l]


@njit(**KEPT)
def _add_mean(rows, at, width, target, i, every):
    n_simulations, _, n_units = target.shape
    for l in range(n_simulations):
        for j in range(n_units):
            value = rows[j // LANES, at + j % LANES] if width == 1 else rows[j, at + l]
            target[l, i, j] += value / every


@njit(**KEPT)
def _store_spikes(rows, at, width, fired, k):
    n_simulations, _, n_units = fired.shape
    if width == 1:
        for j in range(n_units):
            fired[0, k, j] = rows[j // LANES, at + j % LANES] > 0
    else:
        for l in range(n_simulations):
            for j in range(n_units):
                fired[l, k, j] = rows[j, at + l] > 0
