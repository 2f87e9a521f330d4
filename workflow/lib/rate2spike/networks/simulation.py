"""Run any network under an input of one's own and record what is asked for.

network = Network(QIF(), weights=20 * rng.random((5, 5)), dt=1e-3)
recording = simulate(network, inputs, record=("out", "v", "spikes"), every=10)
recording["v"], recording.to_dataframe()
recording.plot("out"), recording.raster(), recording.save("run.npz")
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from .kernels.pick import network_kernels
from .network import Job, Network, check_inputs, check_record, is_mean, job_of, variable_of
from .recording import Recording


def simulate(
    network: Network,
    inputs: np.ndarray,
    *,
    record: Sequence[str] = ("out", "spikes"),
    every: int = 1,
    average: bool = False,
    first_step: int = 0,
    progress: bool = True,
    device: str = "cpu",
    threads: int | None = None,
) -> Recording:
    """Simulate `network` under `inputs` and record what is asked for.

    Neither threads nor the rest of a batch change a bit of a simulation.

    Parameters
    ----------
    network : model, weights, step and initial values
    inputs : the current of each unit at each step, (n_steps, n_units), or (batch, n_steps, n_units)
        for many simulations at once; where parameters, weights or initial values have a batch axis,
        inputs without one are shared by all
    record : any of "out" (the model's output variable), names of state variables, "mean(name)" for
        the mean over units, "spikes"
    every : a sample after each `every`-th step; what is left over at the end is not recorded.
        Spikes are recorded at each step whatever `every` is
    average : with True, a sample is the mean over those steps
    first_step : steps done before these, in a run that goes on (see `Network`). Time runs on from
        there; samples are counted from there
    progress : a progress bar where it takes more than a second
    device : cpu, cuda or auto; a GPU is one for large batches: it runs a simulation as slowly as
        the CPU, but many at once
    threads : cores of the CPU, all by default

    Returns
    -------
    Recording
        Samples by name, spikes, and the state after the last step.

    Raises
    ------
    ValueError
        Naming what was expected and what came.
    FloatingPointError
        Naming the step after which a variable is no finite number, since the simulation diverged.
    """
    record = check_record(network.neuron, record)
    inputs = check_inputs(network, inputs)
    _check_every(every, n_steps=inputs.shape[-2])
    _check_first_step(first_step)
    _check_threads(threads)
    job = job_of(network, inputs)._replace(first_step=int(first_step))
    return _record(
        network_kernels(device).advance,
        job,
        record,
        every=int(every),
        average=average,
        progress=progress,
        threads=threads or _cores(),
    )


def _check_every(every, n_steps: int) -> None:
    if not _is_whole(every) or not 1 <= every <= n_steps:
        raise ValueError(
            f"every: expected a whole number of steps from 1 to {n_steps}, got {every!r}"
        )


def _check_first_step(first_step) -> None:
    if not _is_whole(first_step) or first_step < 0:
        raise ValueError(f"first_step: expected a whole number >= 0, got {first_step!r}")


def _is_whole(value) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _check_threads(threads) -> None:
    if threads is None:
        return
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ValueError(
            f"threads: expected a whole number >= 1, or None for all cores, got {threads!r}"
        )


class _Spikes(NamedTuple):
    """Simulation, unit and time of each spike."""

    simulation: np.ndarray
    unit: np.ndarray
    time: np.ndarray


def _record(
    advance: Callable,
    job: Job,
    record: Sequence[str],
    *,
    every: int,
    average: bool,
    progress: bool,
    threads: int,
) -> Recording:
    """Advance `job` chunk by chunk and keep of each chunk what is to be recorded."""
    variable = {name: variable_of(job.neuron, name) for name in record if name != "spikes"}
    sampled = list(dict.fromkeys(variable.values()))
    batch, n_units = job.state.shape[1:]
    size = _chunk(job, record, sampled, every=every)
    data: dict[str, np.ndarray] = {}
    spikes_of_chunks = []
    bar = tqdm(
        total=job.n_steps,
        desc="simulating",
        unit=" steps",
        delay=1,
        disable=not progress,
        leave=False,
    )
    with bar:
        for begin in range(0, job.n_steps, size):
            chunk = job.part(begin, min(begin + size, job.n_steps))
            before = job.state.copy()
            samples, fired = advance(
                chunk,
                sampled,
                every=every,
                average=average,
                spikes="spikes" in record,
                threads=threads,
            )
            _check_finite(advance, chunk, before)
            for name in variable:
                new = samples[sampled.index(variable[name])]
                if is_mean(name):
                    new = new.mean(axis=-1, keepdims=True)
                _keep(data, name, new, first=begin // every, n_samples=job.n_steps // every)
            spikes_of_chunks.append(_spikes(fired, chunk))
            bar.update(chunk.n_steps)
    spikes = _joined(spikes_of_chunks)
    last_state = dict(zip(job.neuron.variables, job.state, strict=True))
    return Recording(
        data=data if job.batched else _unbatched(data),
        sample_step=every * job.dt,
        n_units=n_units,
        time_unit=job.neuron.time_unit,
        spike_simulation=spikes.simulation,
        spike_unit=spikes.unit,
        spike_time=spikes.time,
        n_simulations=batch if job.batched else None,
        duration=job.n_steps * job.dt,
        spikes_recorded="spikes" in record,
        step=job.dt,
        start=job.first_step * job.dt,
        last_state=last_state if job.batched else _unbatched(last_state),
    )


def _unbatched(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of the one simulation there is."""
    return {name: values[0] for name, values in arrays.items()}


def _keep(
    data: dict[str, np.ndarray], name: str, new: np.ndarray, *, first: int, n_samples: int
) -> None:
    """Put the samples of a chunk, (batch, n_new, n_units or 1), at their place in `data`. Where
    they are all there are, they are not copied."""
    batch, n_new, width = new.shape
    if first == 0 and n_new == n_samples:
        data[name] = new
        return
    if first == 0:
        data[name] = np.empty((batch, n_samples, width))
    data[name][:, first : first + n_new] = new


def _joined(parts: Sequence[_Spikes]) -> _Spikes:
    """The spikes of all chunks, in order of simulation and time."""
    simulation = np.concatenate([part.simulation for part in parts])
    unit = np.concatenate([part.unit for part in parts])
    time = np.concatenate([part.time for part in parts])
    order = np.argsort(simulation, kind="stable")
    return _Spikes(simulation[order], unit[order], time[order])


CHUNK_BYTES = 64e6  # of inputs, samples and spikes at a time


def _chunk(job: Job, record: Sequence[str], variables: Sequence[str], *, every: int) -> int:
    """Steps at a time: all where what is not kept, spikes by step and units behind means, needs
    little room (no sample is then copied), else a multiple of `every`."""
    batch, n_units = job.state.shape[1:]
    n_means = sum(map(is_mean, record))
    passing = n_units * (8 * len(job.inputs) + batch * (1 + 8 * n_means / every))
    if passing * job.n_steps <= CHUNK_BYTES:
        return job.n_steps
    kept = 8 * n_units * batch * len(variables) / every
    return every * max(1, int(CHUNK_BYTES / (passing + kept)) // every)


def _check_finite(advance: Callable, job: Job, before: np.ndarray) -> None:
    """Raise FloatingPointError naming the step in which a state variable stopped being a finite
    number, if one did. before: the state before the first step of `job`."""
    if np.isfinite(job.state).all():
        return

    def state_after(n_steps: int) -> np.ndarray:
        again = job._replace(state=before.copy())
        advance(again.part(0, n_steps), [], every=1, average=False, spikes=False, threads=1)
        return again.state

    low = 0  # finite after so many steps
    high = job.n_steps  # not finite after so many: what is NaN once stays so
    while high - low > 1:
        middle = (low + high) // 2
        if np.isfinite(state_after(middle)).all():
            low = middle
        else:
            high = middle
    variable, simulation, unit = (int(i[0]) for i in np.nonzero(~np.isfinite(state_after(high))))
    step = job.first_step + high
    where = f" in simulation {simulation}" if job.batched else ""
    raise FloatingPointError(
        f"the simulation diverged: {job.neuron.variables[variable]} of unit {unit}{where}"
        f" is no finite number after step {step} (time {job.dt * step:g} {job.neuron.time_unit});"
        f" a smaller dt than {job.dt:g} or weaker weights and inputs may help"
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _spikes(fired: np.ndarray, job: Job) -> _Spikes:
    """The spikes of a chunk, in order of simulation and time. fired: (batch, n_steps, n_units)."""
    # np.nonzero is many times slower on three axes
    row, unit = np.divmod(np.flatnonzero(fired.view(bool)), fired.shape[2])
    simulation, step = np.divmod(row, max(fired.shape[1], 1))
    return _Spikes(simulation, unit, job.dt * (job.first_step + step + 1))
