"""The continuous rate network: its parameters, and a network before training.

Its equations are in `reference`. The synaptic decay is (paper, Eq. 7)

    tau_i = sigmoid(tau_raw_i) (tau_max - tau_min) + tau_min
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..arrays import finite_numbers, real_numbers
from ..config import ConfigError, RateConfig

# N(0, 1)/10 added to x after each Euler step, not scaled by the step (published code)
NOISE_SD = 0.1
INITIAL_SD = 0.01  # x at step 0 is N(0, 1)/100
ACTIVATION_CEILING = 20.0  # clipped ReLU and softplus are cut here (published code)


class Weights(NamedTuple):
    """What training changes; arrays (or tensors) of one dtype."""

    w_rec: np.ndarray  # (n_units, n_units) [post, pre], before rectification and sign
    w_out: np.ndarray  # (n_units,)
    b_out: np.ndarray  # ()
    tau_raw: np.ndarray  # (n_units,) argument of the sigmoid that gives the synaptic decay


class Trace(NamedTuple):
    """The activity of trials; arrays or tensors."""

    x: object  # (batch, n_steps, n_units) synaptic current
    r: object  # (batch, n_steps, n_units) firing rate
    o: object  # (batch, n_steps - 1) output; o[i] is read from r[i + 1] (published code)


class TrainingRecord(NamedTuple):
    """What training leaves behind besides the weights."""

    converged: bool
    trials: int  # trial of the last evaluation, counted from 0 as in the published code
    # (trials,) loss of each training trial, under the loss `squared` the sum of squares
    losses: np.ndarray
    # (n_evaluations, 3): trial, mean loss (under `squared` of the roots), accuracy
    curve: np.ndarray
    evaluation_outputs: np.ndarray  # (evaluation_trials, n_steps - 1) of the last evaluation
    evaluation_labels: np.ndarray  # (evaluation_trials,)
    stimulus: np.ndarray  # (n_inputs, n_steps) of one example trial of the trained network
    target: np.ndarray  # (n_steps,)
    example: Trace  # that trial after training: x, r (n_steps, n_units), o (n_steps - 1,)
    untrained_example: Trace  # the same trial before training

    def without_traces(self) -> TrainingRecord:
        """The record without what takes space.

        The activity of the example trial and the outputs of the last evaluation are None.
        """
        nothing = Trace(None, None, None)
        return self._replace(
            evaluation_outputs=None,
            evaluation_labels=None,
            example=nothing,
            untrained_example=nothing,
        )


class UnitGains(NamedTuple):
    """What makes the units of a spiking network answer as those of its rate network do, at one
    scaling factor.

    Parameters
    ----------
    gain : (n_units,), > 0, by which the input of each unit, recurrent and external, is multiplied
    bias_mv : (n_units,), a constant current of each unit besides
    """

    gain: np.ndarray
    bias_mv: np.ndarray


@dataclass(frozen=True)
class RateModel:
    """One rate network: fixed wiring, trained and initial weights.

    How the dynamics see the recurrent weights: `reference.effective_weights`. `output_factor`
    and `output_offset` (before the factor) are of the output of the spiking network that is made of
    it, `unit_gains` of its units; they change nothing here.

    Raises
    ------
    ValueError
        where an array is masked, complex or holds no numbers, the output factor is no number > 0,
        the output offset no number, or the gains of the units do not fit
    """

    config: RateConfig
    w_in: np.ndarray  # (n_units, n_inputs), not trained
    inhibitory: np.ndarray  # (n_units,) bool; all False without Dale's principle
    mask: np.ndarray  # (n_units, n_units), 0 where SOM units receive no inhibition
    weights: Weights
    initial: Weights
    output_factor: float = 1.0
    output_offset: float = 0.0
    unit_gains: UnitGains | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.output_factor) and self.output_factor > 0):
            raise ValueError(f"output_factor: expected a number > 0, got {self.output_factor!r}")
        if not np.isfinite(self.output_offset):
            raise ValueError(f"output_offset: expected a number, got {self.output_offset!r}")
        if self.unit_gains is not None:
            self._check_unit_gains(self.unit_gains)
        arrays = [("w_in", self.w_in), ("inhibitory", self.inhibitory), ("mask", self.mask)]
        for weights in (self.weights, self.initial):
            if weights is not None:
                arrays += weights._asdict().items()
        for name, array in arrays:
            if isinstance(array, np.ndarray):  # not a tensor
                real_numbers(name, array)

    def _check_unit_gains(self, unit_gains: UnitGains) -> None:
        for name, values in zip(UnitGains._fields, unit_gains, strict=True):
            if finite_numbers(name, values).shape != (self.n_units,):
                raise ValueError(
                    f"{name}: expected shape ({self.n_units},), got {np.shape(values)}"
                )
        smallest = np.min(unit_gains[0])
        if not smallest > 0:
            raise ValueError(f"gain: expected numbers > 0, got {smallest}")

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.w_in.shape[0]

    @property
    def n_inputs(self) -> int:
        """Number of input channels."""
        return self.w_in.shape[1]

    @property
    def sign(self) -> np.ndarray:
        """(n_units,) +1 for excitatory and -1 for inhibitory presynaptic units."""
        return np.where(self.inhibitory, -1.0, 1.0).astype(self.w_in.dtype)

    def tau_decay_ms(self, *, initial: bool = False) -> np.ndarray:
        """(n_units,) synaptic decay time constants in ms, trained or initial, float64."""
        raw = (self.initial if initial else self.weights).tau_raw
        return decay_ms(real_numbers("tau_raw", raw), self.config.tau_decay_ms)


def decay_ms(tau_raw, tau_range_ms: tuple[float, ...]):
    """Synaptic decay from its unbounded parameter (paper, Eq. 7).

        tau = sigmoid(tau_raw) (tau_max - tau_min) + tau_min

    All of the library's Python gets its decays here; the compiled kernels have the equation once
    more, in float32.

    Parameters
    ----------
    tau_raw : (n_units,) array or tensor
    tau_range_ms : (min, max), or one value: a fixed decay

    Returns
    -------
    (n_units,) decays in ms, of the dtype of `tau_raw`
    """
    if len(tau_range_ms) == 1:
        return tau_range_ms[0] + 0 * tau_raw
    low, high = tau_range_ms
    exp = np.exp(-tau_raw) if isinstance(tau_raw, np.ndarray) else (-tau_raw).exp()
    return (high - low) / (1 + exp) + low


def can_return(model: RateModel) -> np.ndarray:
    """The connections whose gradient passes the rectification where their weight is at or below 0.

    Under `connections: prune` none: a weight that reaches 0 is gone. Under `keep` those that exist
    in the initial network, under `grow` all that the mask allows, a unit's own among them.

    Parameters
    ----------
    model : the network, for `keep` with its initial weights

    Returns
    -------
    (n_units, n_units) bool [post, pre]

    Raises
    ------
    ValueError
        under `keep` where the initial weights are None
    """
    connections = model.config.connections
    if connections == "prune":
        return np.zeros((model.n_units, model.n_units), bool)
    allowed = np.asarray(model.mask) != 0
    if connections == "grow":
        return allowed
    if model.initial is None:
        raise ValueError(
            "initial: expected the weights before training (connections: keep asks which of them "
            "exist), got None"
        )
    return allowed & (np.asarray(model.initial.w_rec) != 0)


def initial_model(config: RateConfig, n_inputs: int, rng: np.random.Generator) -> RateModel:
    """A network before training: sparse recurrent and Gaussian input weights (paper, Methods).

    Parameters
    ----------
    config : its settings
    n_inputs : number of input channels
    rng : draws which units are inhibitory, which connections there are, and the weights

    Returns
    -------
    The network, all of it float32; `weights` and `initial` are the same

    Raises
    ------
    ConfigError
        where fewer units are inhibitory than n_som asks for
    """
    n = config.n_units
    inhibitory = rng.random(n) < (config.p_inh if config.dale else 0.0)
    connected = rng.random((n, n)) < config.p_rec
    if config.weight_distribution == "gamma":
        # shape and scale of the published code, which applies no gain here
        w_rec = rng.gamma(2.0, 0.003, (n, n))
    else:
        w_rec = rng.standard_normal((n, n)) * config.gain / np.sqrt(n * max(config.p_rec, 1.0 / n))
    w_rec = np.where(connected, np.abs(w_rec) if config.dale else w_rec, 0.0)
    mask = np.ones((n, n))
    som = np.flatnonzero(inhibitory)[: config.n_som]
    if len(som) < config.n_som:
        raise ConfigError(
            f"n_som: expected at most the {len(som)} inhibitory units of this network, "
            f"got {config.n_som}"
        )
    mask[np.ix_(som, np.flatnonzero(inhibitory))] = 0.0
    f32 = np.float32
    weights = Weights(
        w_rec=w_rec.astype(f32),
        w_out=(rng.standard_normal(n) / 100).astype(f32),
        b_out=np.zeros((), f32),
        tau_raw=rng.standard_normal(n).astype(f32),
    )
    w_in = rng.standard_normal((n, n_inputs)).astype(f32)
    return RateModel(config, w_in, inhibitory, mask.astype(f32), weights, weights)
