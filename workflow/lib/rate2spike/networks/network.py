"""Any network of spiking units as data: a neuron model with weights, the arrays of a simulation,
and the checks of both."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ..arrays import finite_numbers, real_numbers


@dataclass(frozen=True)
class Network:
    """Units of one model (see `neurons`), coupled by `weights`.

    A run of n steps in two parts has the bits of one run where the second goes on from the last
    state of the first, and its clock with it:

        first = simulate(network, inputs[:n])
        second = simulate(replace(network, initial=first.last_state), inputs[n:], first_step=n)

    A second run whose clock starts at 0 again (`t_last` of a `LIF` lessened by the duration of the
    first) is another run: its rounding of time decides otherwise how long a unit is refractory, see
    `LIF`.

    Parameters
    ----------
    neuron : the model of the units, such as `QIF()`
    weights : weights[post, pre], (n_units, n_units), or (batch, n_units, n_units) for one matrix
        per simulation
    dt : Euler step in the time unit of the model
    initial : values of state variables before the first step where not the model's own, each a
        number, (n_units,) or (batch, n_units)

    Raises
    ------
    ValueError
        Naming what does not fit.
    """

    neuron: Any
    weights: np.ndarray
    dt: float
    initial: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_model(self.neuron)
        weights = finite_numbers("weights", self.weights)
        if weights.ndim not in (2, 3) or weights.shape[-1] != weights.shape[-2] or not weights.size:
            raise ValueError(
                "weights: expected shape (n_units, n_units) or (batch, n_units, n_units), "
                f"got {weights.shape}"
            )
        object.__setattr__(self, "weights", weights)
        if not _is_positive(self.dt):
            raise ValueError(
                f"dt: expected a number > 0 (in {self.neuron.time_unit}), got {self.dt!r}"
            )
        unknown = sorted(set(self.initial) - set(self.neuron.variables))
        if unknown:
            raise ValueError(
                f"initial: {unknown[0]!r} is no state variable; "
                f"they are {', '.join(self.neuron.variables)}"
            )
        for name, values in self._values_by_name().items():
            _check_per_unit(name, values, self.n_units)
        self.neuron.constants(self.dt)  # a model checks its parameters there

    def _values_by_name(self) -> dict[str, Any]:
        """Initial values and parameters by name."""
        values = dict(self.initial)
        for parameter in fields(self.neuron):
            values[parameter.name] = getattr(self.neuron, parameter.name)
        return values

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.weights.shape[-1]

    def with_parameters(self, **parameters) -> Network:
        """The same network with other parameters of its units.

        Parameters
        ----------
        **parameters : new values by the name of the model's parameter: numbers, or arrays
            (n_units,), (batch, 1) or (batch, n_units)

        Returns
        -------
        Network
            A new one; this one stays as it is.
        """
        return replace(self, neuron=replace(self.neuron, **parameters))


def _is_positive(value) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return bool(np.isfinite(value) and value > 0)


def _check_per_unit(name: str, values, n_units: int) -> None:
    """Raise ValueError unless the values are a number, or one for each unit or simulation."""
    shape = finite_numbers(name, values).shape
    if len(shape) > 2 or (shape and shape[-1] not in (1, n_units)):
        raise ValueError(
            f"{name}: expected a number, ({n_units},), (batch, 1) or (batch, {n_units}), "
            f"got shape {shape}"
        )


class Job(NamedTuple):
    """A simulation as plain arrays, which the kernels advance.

    Parameters
    ----------
    neuron : the model of the units
    state : (n_variables, batch, n_units), changed in place
    constants : (n_constants, batch, n_units)
    weights : weights[..., post, pre], (batch or 1, n_units, n_units)
    inputs : current of each unit at each step, (batch or 1, n_steps, n_units)
    dt : Euler step in the time unit of the model
    batched : whether anything had a batch axis
    first_step : steps done before these inputs
    """

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
        """Number of steps of these inputs."""
        return self.inputs.shape[1]

    def part(self, begin: int, end: int) -> Job:
        """Steps begin to end of it, on the same state."""
        return self._replace(inputs=self.inputs[:, begin:end], first_step=self.first_step + begin)


def job_of(network: Network, inputs: np.ndarray) -> Job:
    """The network under these inputs, before the first step.

    Parameters
    ----------
    network : what is simulated
    inputs : current of each unit at each step, float64 (n_steps, n_units) or (batch, n_steps,
        n_units), as `check_inputs` returns them

    Returns
    -------
    Job
        With a state of its own.

    Raises
    ------
    ValueError
        Where batch sizes differ, or where the model's functions fail or return something else.
    """
    neuron, name = network.neuron, type(network.neuron).__name__
    shape, batched = _batch(network, inputs)
    start = dict(zip(neuron.variables, neuron.initial(), strict=True)) | dict(network.initial)
    try:
        state = _stacked(start.values(), shape)
        constants = _stacked(neuron.constants(float(network.dt)), shape)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name}: expected initial() and constants(dt) to give numbers or arrays "
            f"of shape {shape}: {error}"
        ) from error
    job = Job(
        neuron=neuron,
        state=state,
        constants=constants,
        weights=_with_batch_axis(network.weights),
        inputs=_with_batch_axis(inputs),
        dt=float(network.dt),
        batched=batched,
    )
    _check_step(job)
    return job


def _stacked(arrays, shape: tuple[int, int]) -> np.ndarray:
    """Numbers or arrays, each broadcast to (batch, n_units), one after another."""
    return np.stack([np.broadcast_to(real_numbers("one of them", a), shape) for a in arrays])


def _with_batch_axis(array: np.ndarray) -> np.ndarray:
    # a view of its own: a GPU keeps the weights of a simulation as long as their array is the same
    return array[:] if array.ndim == 3 else array[None]


def _batch(network: Network, inputs: np.ndarray) -> tuple[tuple[int, int], bool]:
    """(batch, n_units), and whether anything has a batch axis; raises ValueError naming what
    differs."""
    sizes = {}
    for name, array in (("inputs", inputs), ("weights", network.weights)):
        if array.ndim == 3:
            sizes[name] = len(array)
    for name, values in network._values_by_name().items():
        if np.ndim(values) == 2:
            sizes[name] = np.shape(values)[0]
    if len(set(sizes.values()) - {1}) > 1:
        shown = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(
            f"batch: expected one number of simulations in all that has a batch axis, got {shown}"
        )
    return (max(sizes.values(), default=1), network.n_units), bool(sizes)


PROTOCOL = ("variables", "source", "output", "time_unit", "initial", "constants", "step")


def _check_model(neuron) -> None:
    """Raise ValueError saying what a model lacks, see `neurons`."""
    if isinstance(neuron, type):
        raise ValueError(
            f"neuron: expected a model such as QIF(), got the class {neuron.__name__}; "
            f"write {neuron.__name__}()"
        )
    name = type(neuron).__name__
    lacking = [part for part in PROTOCOL if not hasattr(neuron, part)]
    if lacking:
        raise ValueError(
            f"neuron: {name} has no {lacking[0]}; a model needs {', '.join(PROTOCOL)} "
            "(see rate2spike.networks.neurons)"
        )
    if not isinstance(inspect.getattr_static(type(neuron), "step"), staticmethod):
        raise ValueError(f"neuron: expected {name}.step without self; write @staticmethod over it")
    if not is_dataclass(neuron):
        raise ValueError(
            "neuron: expected a dataclass, its fields the parameters; "
            f"write @dataclass(frozen=True) over {name}"
        )
    for part in ("source", "output"):
        if getattr(neuron, part) not in neuron.variables:
            raise ValueError(
                f"neuron: {part} of {name} is {getattr(neuron, part)!r}, "
                f"none of {', '.join(neuron.variables)}"
            )
    n = len(neuron.initial())
    if n != len(neuron.variables):
        raise ValueError(
            f"neuron: expected {len(neuron.variables)} values of {name}.initial(), got {n}"
        )


STEP_EXPECTED = (
    "step(state, s_in, current, t, constants) -> (state after the step, spike), "
    "plain arithmetic that takes whole arrays: "
    "no `if`, but 1.0 * (v >= v_threshold), which is 1 or 0"
)


def _check_step(job: Job) -> None:
    """Take the first step once, to raise ValueError where `step` fails or does not return what it
    should."""
    name, n = type(job.neuron).__name__, len(job.state)
    try:
        with np.errstate(all="ignore"):
            state, spike = job.neuron.step(
                tuple(job.state),
                np.zeros_like(job.state[0]),
                job.inputs[:, 0],
                job.dt,
                tuple(job.constants),
            )
        if len(state) != n:
            raise ValueError(f"expected {n} variables, got {len(state)}")
        for values in (*state, spike):
            np.broadcast_to(values, job.state[0].shape)
    except Exception as error:  # anything may go wrong in a function of the user's
        raise ValueError(
            f"neuron: the first step of {name} failed ({type(error).__name__}: {error}); "
            f"expected {STEP_EXPECTED}"
        ) from error


def variable_of(neuron, name: str) -> str:
    """The state variable behind a name to record."""
    name = name.removeprefix("mean(").removesuffix(")")
    return neuron.output if name == "out" else name


def is_mean(name: str) -> bool:
    """Whether a name to record asks for the mean over units."""
    return name.startswith("mean(")


def check_inputs(network: Network, inputs) -> np.ndarray:
    """The inputs as float64; raises ValueError where they do not fit the network or are not
    finite."""
    inputs = finite_numbers("inputs", inputs)
    if inputs.ndim not in (2, 3) or inputs.shape[-1] != network.n_units or 0 in inputs.shape:
        n = network.n_units
        transposed = "; transposed? write inputs.T" if inputs.ndim == 2 and len(inputs) == n else ""
        raise ValueError(
            f"inputs: expected shape (n_steps, {n}) or (batch, n_steps, {n}), "
            f"got {inputs.shape}{transposed}"
        )
    return inputs


def check_record(neuron, record: Sequence[str]) -> tuple[str, ...]:
    """The names to record; raises ValueError for what the model does not have."""
    record = (record,) if isinstance(record, str) else tuple(record)
    for name in record:
        inner = re.fullmatch(r"mean\((\w+)\)", name)
        variable = inner[1] if inner else name
        if name != "spikes" and variable not in ("out", *neuron.variables):
            allowed = ", ".join(["out", *neuron.variables, "mean(...) of these", "spikes"])
            raise ValueError(f"record: expected any of {allowed}; got {name!r}")
    return record
