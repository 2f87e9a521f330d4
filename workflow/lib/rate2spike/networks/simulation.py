"""Run any network under an input of one's own and record what is asked for.

network = Network(QIF(), weights=20 * rng.random((5, 5)), dt=1e-3) recording = simulate(network,
inputs, record=("out", "v", "spikes"), every=10) recording["v"], recording.to_dataframe(),
recording.plot("out"), recording.raster(), recording.save("run.npz")
"""

from __future__ import annotations

import os
from collections.abc import Sequence

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
    progress: bool = True,
    device: str = "cpu",
    threads: int | None = None,
) -> Recording:
    """Simulate `network` under `inputs`, the current of each unit at each step, and record what is
    asked for.

    inputs: (n_steps, n_units), or (batch, n_steps, n_units) for many simulations at once; where
    parameters, weights or initial values have a batch axis, inputs without one are shared by all.
    record: any of "out" (the model's output variable), names of state variables, "mean(name)" for
    the mean over units, "spikes". every: a sample after each `every`-th step, or with average=True
    the mean over those steps; what is left over at the end is not recorded. Spikes are recorded at
    each step whatever `every` is. progress: a progress bar where it takes more than a second.
    device: cpu, cuda or auto; a GPU is one for large batches: it runs a simulation as slowly as the
    CPU, but many at once. threads: cores of the CPU, all by default. Neither threads nor the rest
    of a batch change a bit of a simulation. Raises ValueError naming what was expected and what
    came; FloatingPointError naming the step after which a variable is no finite number, since the
    simulation diverged.
    """
    record = check_record(network.neuron, record)
    inputs = check_inputs(network, inputs)
    if (
        isinstance(every, bool)
        or not isinstance(every, int | np.integer)
        or not 1 <= every <= inputs.shape[-2]
    ):
        raise ValueError(
            f"every: expected a whole number of steps from 1 to {inputs.shape[-2]}, got {every!r}"
        )
    if threads is not None and (
        isinstance(threads, bool) or not isinstance(threads, int) or threads < 1
    ):
        raise ValueError(
            f"threads: expected a whole number >= 1, or None for all cores, got {threads!r}"
        )
    job = job_of(network, inputs)
    run = network_kernels(device).advance
    return _record(
        run,
        job,
        record,
        every=int(every),
        average=average,
        progress=progress,
        threads=threads or _cores(),
    )


def _record(
    run, job: Job, record: Sequence[str], *, every: int, average: bool, progress: bool, threads: int
) -> Recording:
    """Advance `job` chunk by chunk and keep of each chunk what is to be recorded."""
    variable = {name: variable_of(job.neuron, name) for name in record if name != "spikes"}
    wanted, (batch, n_units) = list(dict.fromkeys(variable.values())), job.state.shape[1:]
    asked = {"every": every, "average": average, "spikes": "spikes" in record, "threads": threads}
    size, data, trains = _chunk(job, record, wanted, every), {}, []
    with tqdm(
        total=job.n_steps,
        desc="simulating",
        unit=" steps",
        delay=1,
        disable=not progress,
        leave=False,
    ) as bar:
        for begin in range(0, job.n_steps, size):
            part, before = job.part(begin, min(begin + size, job.n_steps)), job.state.copy()
            samples, fired = run(part, wanted, **asked)
            _check_finite(run, part, before)
            for name in variable:
                new = samples[wanted.index(variable[name])]
                new = new.mean(axis=-1, keepdims=True) if is_mean(name) else new
                if begin == 0:  # all there is, or the first of several parts
                    whole = (batch, job.n_steps // every, new.shape[2])
                    data[name] = new if new.shape == whole else np.empty(whole)
                if data[name] is not new:
                    data[name][:, begin // every :][:, : new.shape[1]] = new
            trains.append(_spikes(fired, part))
            bar.update(part.n_steps)
    spikes = [np.concatenate(arrays) for arrays in zip(*trains, strict=True)]
    order = np.argsort(spikes[0], kind="stable")
    return Recording(
        data if job.batched else {name: values[0] for name, values in data.items()},
        every * job.dt,
        n_units,
        job.neuron.time_unit,
        *(array[order] for array in spikes),
        n_simulations=batch if job.batched else None,
        duration=job.n_steps * job.dt,
        spikes_recorded="spikes" in record,
    )


CHUNK_BYTES = 64e6  # of inputs, samples and spikes at a time


def _chunk(job: Job, record: Sequence[str], variables: Sequence[str], every: int) -> int:
    """Steps at a time: all where what is not kept, spikes by step and units behind means, needs
    little room (no sample is then copied), else a multiple of `every`."""
    batch, n_units = job.state.shape[1:]
    passing = n_units * (8 * len(job.inputs) + batch * (1 + 8 * sum(map(is_mean, record)) / every))
    if passing * job.n_steps <= CHUNK_BYTES:
        return job.n_steps
    return every * max(
        1, int(CHUNK_BYTES / (passing + 8 * n_units * batch * len(variables) / every)) // every
    )


def _check_finite(run, job: Job, before: np.ndarray) -> None:
    """Raise FloatingPointError naming the step in which a state variable stopped being a finite
    number, if one did."""
    if np.isfinite(job.state).all():
        return
    low, high = (
        0,
        job.n_steps,
    )  # finite after `low` steps, not after `high`: what is NaN once stays so
    while high - low > 1:
        middle = (low + high) // 2
        start = job._replace(state=before.copy())
        run(start.part(0, middle), [], every=1, average=False, spikes=False, threads=1)
        low, high = (middle, high) if np.isfinite(start.state).all() else (low, middle)
    last = job._replace(state=before.copy())
    run(last.part(0, high), [], every=1, average=False, spikes=False, threads=1)
    variable, simulation, unit = (int(i[0]) for i in np.nonzero(~np.isfinite(last.state)))
    raise FloatingPointError(
        f"the simulation diverged: {job.neuron.variables[variable]} of unit {unit}"
        + (f" in simulation {simulation}" if job.batched else "")
        + f" is no finite number after step {job.first_step + high} (time {job.dt * (job.first_step + high):g}"
        + f" {job.neuron.time_unit}); a smaller dt than {job.dt:g} or weaker weights and inputs may help"
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _spikes(fired: np.ndarray, job: Job) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulation, unit and time of each spike, in order of simulation and time."""
    row, unit = np.divmod(
        np.flatnonzero(fired.view(bool)), fired.shape[2]
    )  # np.nonzero is many times slower on three axes
    simulation, step = np.divmod(row, max(fired.shape[1], 1))
    return simulation, unit, job.dt * (job.first_step + step + 1)
