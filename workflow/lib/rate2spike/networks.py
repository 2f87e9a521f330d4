"""Any network of spiking units: a neuron model with weights, driven by an input of one's own, and what to look at inside it.

network = Network(QIF(), weights=20 * rng.random((5, 5)), dt=1e-3)
recording = simulate(network, inputs, record=("out", "v", "spikes"), every=10)
recording["v"], recording.to_dataframe(), recording.plot("out"), recording.raster(), recording.save("run.npz")
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np

from .recording import Recording


@dataclass(frozen=True)
class Network:
    """Units of one model (see `neurons`), coupled by `weights`.

    weights[post, pre]: (n_units, n_units), or (batch, n_units, n_units) for one matrix per simulation; dt: Euler step in the time
    unit of the model; initial: values of state variables before the first step where not the model's own, each a number,
    (n_units,) or (batch, n_units). Raises ValueError naming what does not fit.
    """

    neuron: Any
    weights: np.ndarray
    dt: float
    initial: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weights = _finite("weights", self.weights)
        if weights.ndim not in (2, 3) or weights.shape[-1] != weights.shape[-2] or not weights.size:
            raise ValueError(f"weights: expected shape (n_units, n_units) or (batch, n_units, n_units), got {weights.shape}")
        object.__setattr__(self, "weights", weights)
        if not (isinstance(self.dt, int | float) and np.isfinite(self.dt) and self.dt > 0):
            raise ValueError(f"dt: expected a number > 0 (in {self.neuron.time_unit}), got {self.dt!r}")
        unknown = sorted(set(self.initial) - set(self.neuron.variables))
        if unknown:
            raise ValueError(f"initial: {unknown[0]!r} is no state variable; they are {', '.join(self.neuron.variables)}")
        for name, values in [*self.initial.items(), *((f.name, getattr(self.neuron, f.name)) for f in fields(self.neuron))]:
            shape = _finite(name, values).shape
            if len(shape) > 2 or (shape and shape[-1] not in (1, self.n_units)):
                raise ValueError(f"{name}: expected a number, ({self.n_units},) or (batch, {self.n_units}), got shape {shape}")

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
    record: Sequence[str] = ("out",),
    every: int = 1,
    average: bool = False,
    progress: bool = True,
    device: str = "auto",
    threads: int | None = None,
) -> Recording:
    """Simulate `network` under `inputs`, the current of each unit at each step, and record what is asked for.

    inputs: (n_steps, n_units), or (batch, n_steps, n_units) for many simulations at once; where parameters, weights or initial
    values have a batch axis, inputs without one are shared by all.
    record: any of "out" (the model's output variable), names of state variables, "mean(name)" for the mean over units, "spikes".
    every: a sample after each `every`-th step, or with average=True the mean over those steps; what is left over at the end is
    not recorded. Spikes are recorded at each step whatever `every` is.
    progress: a progress bar where it takes more than a second. device: auto, cpu or cuda. threads: cores of the CPU, all by
    default. The bits of a result depend on none of these, nor on what else is in the batch.
    Raises ValueError naming what was expected and what came.
    """
    record = check_record(network.neuron, record)
    inputs = check_inputs(network, inputs)
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or not 1 <= every <= inputs.shape[-2]:
        raise ValueError(f"every: expected a whole number of steps from 1 to {inputs.shape[-2]}, got {every!r}")
    wanted = [name for name in network.neuron.variables if any(name == _variable(network.neuron, r) for r in record)]
    job = _job(network, inputs)
    samples, fired = advance(job, wanted, every=every, average=average)
    data = {}
    for name in record:
        if name != "spikes":
            values = samples[wanted.index(_variable(network.neuron, name))]
            values = values.mean(axis=-1, keepdims=True) if name.startswith("mean(") else values
            data[name] = values if job.batched else values[0]
    return Recording(data, every * network.dt, network.n_units, network.neuron.time_unit, *_spikes(fired, network.dt))


class Job(NamedTuple):
    """A simulation as plain arrays: state (n_variables, batch, n_units), constants (n_constants, batch, n_units), weights
    (batch or 1, n_units, n_units), inputs (batch or 1, n_steps, n_units); batched: whether anything had a batch axis."""

    neuron: Any
    state: np.ndarray
    constants: np.ndarray
    weights: np.ndarray
    inputs: np.ndarray
    dt: float
    batched: bool


def advance(job: Job, variables: Sequence[str], *, every: int, average: bool) -> tuple[np.ndarray, np.ndarray]:
    """Run `job` step by step in float64, the reference for the kernels; its state is that after the last step in the end.

    Returns the samples (len(variables), batch, n_samples, n_units) and where units spiked (batch, n_steps, n_units) bool.
    """
    neuron, state = job.neuron, job.state
    kept, source = [neuron.variables.index(name) for name in variables], neuron.variables.index(neuron.source)
    n_steps, (batch, n_units) = job.inputs.shape[1], state.shape[1:]
    samples = np.zeros((len(kept), batch, n_steps // every, n_units))
    fired = np.empty((batch, n_steps, n_units), dtype=bool)
    for k in range(n_steps):
        s_in = np.einsum("bij,bj->bi", np.broadcast_to(job.weights, (batch, n_units, n_units)), state[source])
        after, spike = neuron.step(tuple(state), s_in, job.inputs[:, k], job.dt * (k + 1), tuple(job.constants))
        state[:] = after
        fired[:, k] = spike > 0
        if k // every < samples.shape[2]:
            if average:
                samples[:, :, k // every] += state[kept] / every
            elif (k + 1) % every == 0:
                samples[:, :, k // every] = state[kept]
    return samples, fired


def _job(network: Network, inputs: np.ndarray) -> Job:
    neuron, n = network.neuron, network.n_units
    start = dict(zip(neuron.variables, neuron.initial(), strict=True)) | dict(network.initial)
    start = [np.asarray(values, dtype=np.float64) for values in start.values()]
    constants = [np.asarray(values, dtype=np.float64) for values in neuron.constants(network.dt)]
    sizes = {a.shape[0] for a in [*start, *constants] if a.ndim == 2}
    sizes |= {a.shape[0] for a in (network.weights, inputs) if a.ndim == 3}
    if len(sizes - {1}) > 1:
        raise ValueError(f"batch: expected one size in inputs, weights, parameters and initial values, got {sorted(sizes)}")
    shape = (max(sizes, default=1), n)
    state, constants = (np.stack([np.broadcast_to(a, shape) for a in arrays]) for arrays in (start, constants))
    weights, inputs = (a if a.ndim == 3 else a[None] for a in (network.weights, inputs))
    return Job(neuron, state, constants, weights, inputs, network.dt, bool(sizes))


def _variable(neuron, name: str) -> str:
    """The state variable behind a name to record."""
    name = name.removeprefix("mean(").removesuffix(")")
    return neuron.output if name == "out" else name


def _spikes(fired: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulation, unit and time of each spike, in order of simulation and time."""
    simulation, step, unit = np.nonzero(fired)
    return simulation, unit, dt * (step + 1)


def check_inputs(network: Network, inputs) -> np.ndarray:
    """The inputs as float64; raises ValueError where they do not fit the network or are not finite."""
    inputs = _finite("inputs", inputs)
    if inputs.ndim not in (2, 3) or inputs.shape[-1] != network.n_units or 0 in inputs.shape:
        n = network.n_units
        raise ValueError(f"inputs: expected shape (n_steps, {n}) or (batch, n_steps, {n}), got {inputs.shape}")
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
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array
