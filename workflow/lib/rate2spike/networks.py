"""Any network of spiking units: a neuron model with weights, driven by an input of one's own, and what to look at inside it.

network = Network(QIF(), weights=20 * rng.random((5, 5)), dt=1e-3)
recording = simulate(network, inputs, record=("out", "v", "spikes"), every=10)
recording["v"], recording.to_dataframe(), recording.plot("out"), recording.raster(), recording.save("run.npz")
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from . import kernels
from .recording import Recording


@dataclass(frozen=True)
class Network:
    """Units of one model (see `neurons`), coupled by `weights`.

    weights[post, pre]: (n_units, n_units), or (batch, n_units, n_units) for one matrix per simulation; dt: Euler step in the time
    unit of the model; initial: values of state variables before the first step where not the model's own, each a number,
    (n_units,) or (batch, n_units). A run starts at t = 0: to go on from the last state of another, lessen times in it, as t_last
    of `LIF`, by the duration of that run. Raises ValueError naming what does not fit.
    """

    neuron: Any
    weights: np.ndarray
    dt: float
    initial: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_model(self.neuron)
        weights = _finite("weights", self.weights)
        if weights.ndim not in (2, 3) or weights.shape[-1] != weights.shape[-2] or not weights.size:
            raise ValueError(f"weights: expected shape (n_units, n_units) or (batch, n_units, n_units), got {weights.shape}")
        object.__setattr__(self, "weights", weights)
        if isinstance(self.dt, bool) or not isinstance(self.dt, Real) or not (np.isfinite(self.dt) and self.dt > 0):
            raise ValueError(f"dt: expected a number > 0 (in {self.neuron.time_unit}), got {self.dt!r}")
        unknown = sorted(set(self.initial) - set(self.neuron.variables))
        if unknown:
            raise ValueError(f"initial: {unknown[0]!r} is no state variable; they are {', '.join(self.neuron.variables)}")
        for name, values in self._named().items():
            shape = _finite(name, values).shape
            if len(shape) > 2 or (shape and shape[-1] not in (1, self.n_units)):
                n = self.n_units
                raise ValueError(f"{name}: expected a number, ({n},), (batch, 1) or (batch, {n}), got shape {shape}")
        self.neuron.constants(self.dt)  # a model checks its parameters there

    def _named(self) -> dict[str, Any]:
        """Initial values and parameters by name."""
        return dict(self.initial) | {f.name: getattr(self.neuron, f.name) for f in fields(self.neuron)}

    @property
    def n_units(self) -> int:
        return self.weights.shape[-1]

    def with_parameters(self, **parameters) -> Network:
        """The same network with other parameters of its units."""
        return replace(self, neuron=replace(self.neuron, **parameters))


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
    """Simulate `network` under `inputs`, the current of each unit at each step, and record what is asked for.

    inputs: (n_steps, n_units), or (batch, n_steps, n_units) for many simulations at once; where parameters, weights or initial
    values have a batch axis, inputs without one are shared by all.
    record: any of "out" (the model's output variable), names of state variables, "mean(name)" for the mean over units, "spikes".
    every: a sample after each `every`-th step, or with average=True the mean over those steps; what is left over at the end is
    not recorded. Spikes are recorded at each step whatever `every` is.
    progress: a progress bar where it takes more than a second. device: cpu, cuda or auto; a GPU is one for large batches: it runs
    a simulation as slowly as the CPU, but many at once. threads: cores of the CPU, all by default. Neither threads nor the rest
    of a batch change a bit of a simulation.
    Raises ValueError naming what was expected and what came; FloatingPointError naming the step after which a variable is no
    finite number, since the simulation diverged.
    """
    record = check_record(network.neuron, record)
    inputs = check_inputs(network, inputs)
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or not 1 <= every <= inputs.shape[-2]:
        raise ValueError(f"every: expected a whole number of steps from 1 to {inputs.shape[-2]}, got {every!r}")
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ValueError(f"threads: expected a whole number >= 1, or None for all cores, got {threads!r}")
    job = job_of(network, inputs)
    run = kernels.network(device).advance
    return _record(run, job, record, every=int(every), average=average, progress=progress, threads=threads or _cores())


class Job(NamedTuple):
    """A simulation as plain arrays: state (n_variables, batch, n_units), constants (n_constants, batch, n_units), weights
    (batch or 1, n_units, n_units), inputs (batch or 1, n_steps, n_units); first_step: steps done before these inputs; batched:
    whether anything had a batch axis."""

    neuron: Any
    state: np.ndarray
    constants: np.ndarray
    weights: np.ndarray
    inputs: np.ndarray
    dt: float
    batched: bool
    first_step: int = 0

    @property
    def n_steps(self) -> int:
        return self.inputs.shape[1]

    def part(self, begin: int, end: int) -> Job:
        """Steps begin to end of it, on the same state."""
        return self._replace(inputs=self.inputs[:, begin:end], first_step=self.first_step + begin)


def advance(
    job: Job, variables: Sequence[str], *, every: int, average: bool, spikes: bool = True, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Run `job` step by step in float64, the reference for the kernels; its state is that after the last step in the end.

    The input from the others is summed one sending unit after another, in their order: kernels do the same, so that their bits
    are the same. Returns the samples (len(variables), batch, n_steps // every, n_units), of variables or of means over `every`
    steps, and where units spiked (batch, n_steps, n_units) bool, (batch, 0, n_units) without `spikes`.
    """
    neuron, state = job.neuron, job.state
    kept, source = [neuron.variables.index(name) for name in variables], neuron.variables.index(neuron.source)
    batch, n_units = state.shape[1:]
    samples = np.zeros((len(kept), batch, job.n_steps // every, n_units))
    fired = np.empty((batch, job.n_steps if spikes else 0, n_units), dtype=bool)
    for k in range(job.n_steps):
        s_in = np.zeros((batch, n_units))
        for pre in range(n_units):
            s_in += job.weights[:, :, pre] * state[source, :, pre, None]
        t = job.dt * (job.first_step + k + 1)
        state[:], spike = neuron.step(tuple(state), s_in, job.inputs[:, k], t, tuple(job.constants))
        if spikes:
            fired[:, k] = spike > 0
        if k // every < samples.shape[2]:
            if average:
                samples[:, :, k // every] += state[kept] / every
            elif (k + 1) % every == 0:
                samples[:, :, k // every] = state[kept]
    return samples, fired


def _record(run, job: Job, record: Sequence[str], *, every: int, average: bool, progress: bool, threads: int) -> Recording:
    """Advance `job` chunk by chunk and keep of each chunk what is to be recorded."""
    variable = {name: _variable(job.neuron, name) for name in record if name != "spikes"}
    wanted, (batch, n_units) = list(dict.fromkeys(variable.values())), job.state.shape[1:]
    asked = {"every": every, "average": average, "spikes": "spikes" in record, "threads": threads}
    size, data, trains = _chunk(job, record, wanted, every), {}, []
    with tqdm(total=job.n_steps, desc="simulating", unit=" steps", delay=1, disable=not progress, leave=False) as bar:
        for begin in range(0, job.n_steps, size):
            part, before = job.part(begin, min(begin + size, job.n_steps)), job.state.copy()
            samples, fired = run(part, wanted, **asked)
            _check_finite(run, part, before)
            for name in variable:
                new = samples[wanted.index(variable[name])]
                new = new.mean(axis=-1, keepdims=True) if _is_mean(name) else new
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
    """Steps at a time: all where what is not kept, spikes by step and units behind means, needs little room (no sample is then
    copied), else a multiple of `every`."""
    batch, n_units = job.state.shape[1:]
    passing = n_units * (8 * len(job.inputs) + batch * (1 + 8 * sum(map(_is_mean, record)) / every))
    if passing * job.n_steps <= CHUNK_BYTES:
        return job.n_steps
    return every * max(1, int(CHUNK_BYTES / (passing + 8 * n_units * batch * len(variables) / every)) // every)


def _check_finite(run, job: Job, before: np.ndarray) -> None:
    """Raise FloatingPointError naming the step in which a state variable stopped being a finite number, if one did."""
    if np.isfinite(job.state).all():
        return
    low, high = 0, job.n_steps  # finite after `low` steps, not after `high`: what is NaN once stays so
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


def job_of(network: Network, inputs: np.ndarray) -> Job:
    """The network under these inputs (float64), before the first step."""
    neuron, name = network.neuron, type(network.neuron).__name__
    shape, batched = _batch(network, inputs)
    start = dict(zip(neuron.variables, neuron.initial(), strict=True)) | dict(network.initial)
    try:
        state = np.stack([np.broadcast_to(np.asarray(a, dtype=np.float64), shape) for a in start.values()])
        constants = [np.broadcast_to(np.asarray(a, dtype=np.float64), shape) for a in neuron.constants(float(network.dt))]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name}: expected initial() and constants(dt) to give numbers or arrays of shape {shape}: {error}"
        ) from error
    weights, inputs = (a if a.ndim == 3 else a[None] for a in (network.weights, inputs))
    job = Job(neuron, state, np.stack(constants), weights, inputs, float(network.dt), batched)
    _check_step(job)
    return job


def _batch(network: Network, inputs: np.ndarray) -> tuple[tuple[int, int], bool]:
    """(batch, n_units), and whether anything has a batch axis; raises ValueError naming what differs."""
    sizes = {name: len(a) for name, a in (("inputs", inputs), ("weights", network.weights)) if a.ndim == 3}
    sizes |= {name: np.shape(values)[0] for name, values in network._named().items() if np.ndim(values) == 2}
    if len(set(sizes.values()) - {1}) > 1:
        found = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(f"batch: expected one number of simulations in all that has a batch axis, got {found}")
    return (max(sizes.values(), default=1), network.n_units), bool(sizes)


PROTOCOL = ("variables", "source", "output", "time_unit", "initial", "constants", "step")


def _check_model(neuron) -> None:
    """Raise ValueError saying what a model lacks, see `neurons`."""
    if isinstance(neuron, type):
        raise ValueError(f"neuron: expected a model such as QIF(), got the class {neuron.__name__}; write {neuron.__name__}()")
    name = type(neuron).__name__
    lacking = [part for part in PROTOCOL if not hasattr(neuron, part)]
    if lacking:
        raise ValueError(f"neuron: {name} has no {lacking[0]}; a model needs {', '.join(PROTOCOL)} (see rate2spike.neurons)")
    if not isinstance(inspect.getattr_static(type(neuron), "step"), staticmethod):
        raise ValueError(f"neuron: expected {name}.step without self; write @staticmethod over it")
    if not is_dataclass(neuron):
        raise ValueError(f"neuron: expected a dataclass, its fields the parameters; write @dataclass(frozen=True) over {name}")
    for part in ("source", "output"):
        if getattr(neuron, part) not in neuron.variables:
            raise ValueError(f"neuron: {part} of {name} is {getattr(neuron, part)!r}, none of {', '.join(neuron.variables)}")
    n = len(neuron.initial())
    if n != len(neuron.variables):
        raise ValueError(f"neuron: expected {len(neuron.variables)} values of {name}.initial(), got {n}")


def _check_step(job: Job) -> None:
    """Take the first step once, to raise ValueError where `step` fails or does not return what it should."""
    name, n = type(job.neuron).__name__, len(job.state)
    try:
        with np.errstate(all="ignore"):
            state, spike = job.neuron.step(
                tuple(job.state), np.zeros_like(job.state[0]), job.inputs[:, 0], job.dt, tuple(job.constants)
            )
        if len(state) != n:
            raise ValueError(f"expected {n} variables, got {len(state)}")
        for values in (*state, spike):
            np.broadcast_to(values, job.state[0].shape)
    except Exception as error:  # anything may go wrong in a function of the user's
        expected = "step(state, s_in, current, t, constants) -> (state after the step, spike), plain arithmetic that takes whole "
        expected += "arrays: no `if`, but 1.0 * (v >= v_threshold), which is 1 or 0"
        raise ValueError(
            f"neuron: the first step of {name} failed ({type(error).__name__}: {error}); expected {expected}"
        ) from error


def _variable(neuron, name: str) -> str:
    """The state variable behind a name to record."""
    name = name.removeprefix("mean(").removesuffix(")")
    return neuron.output if name == "out" else name


def _is_mean(name: str) -> bool:
    return name.startswith("mean(")


def _spikes(fired: np.ndarray, job: Job) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulation, unit and time of each spike, in order of simulation and time."""
    row, unit = np.divmod(np.flatnonzero(fired.view(bool)), fired.shape[2])  # np.nonzero is many times slower on three axes
    simulation, step = np.divmod(row, max(fired.shape[1], 1))
    return simulation, unit, job.dt * (job.first_step + step + 1)


def check_inputs(network: Network, inputs) -> np.ndarray:
    """The inputs as float64; raises ValueError where they do not fit the network or are not finite."""
    inputs = _finite("inputs", inputs)
    if inputs.ndim not in (2, 3) or inputs.shape[-1] != network.n_units or 0 in inputs.shape:
        n = network.n_units
        transposed = "; transposed? write inputs.T" if inputs.ndim == 2 and len(inputs) == n else ""
        raise ValueError(f"inputs: expected shape (n_steps, {n}) or (batch, n_steps, {n}), got {inputs.shape}{transposed}")
    return inputs


def check_record(neuron, record: Sequence[str]) -> tuple[str, ...]:
    """The names to record; raises ValueError for what the model does not have."""
    record = (record,) if isinstance(record, str) else tuple(record)
    for name in record:
        inner = re.fullmatch(r"mean\((\w+)\)", name)
        if name != "spikes" and (inner[1] if inner else name) not in ("out", *neuron.variables):
            allowed = ", ".join(["out", *neuron.variables, "mean(...) of these", "spikes"])
            raise ValueError(f"record: expected any of {allowed}; got {name!r}")
    return record


def _finite(name: str, values) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected numbers, got {type(values).__name__} ({error})") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array
