"""Model files with the .mat keys and shapes of the published training code.

They are read with checks and written whole.

Published names stay here: `w` (rectified recurrent weights, [post, pre]), `m` (diagonal of signs),
`som_m` (mask), `taus_gaus` (argument of the sigmoid), `taus` (decay in steps of 5 ms: [min, max],
or one value), `w0`, `taus_gaus0` (before training). Four keys are not published and come from a
refinement of the conversion: `output_offset`, which is added to the output of the spiking network,
and `output_factor`, by which it is then multiplied (0 and 1 where they are absent), and `unit_gain`
and `unit_bias` (mV) of its units, which go together.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from . import mat_plain, mat_structure
from .config import ACTIVATIONS, RATE_STEP_MS, ConfigError, RateConfig, shown
from .files import replacing
from .rate.model import RateModel, TrainingRecord, UnitGains, Weights

log = logging.getLogger(__name__)

REQUIRED = ("w", "w_in", "w_out", "N", "m", "inh", "exc", "taus")
# and what else a network is read from
NETWORK = (
    *REQUIRED,
    "som_m",
    "som_N",
    "w0",
    "taus_gaus",
    "taus_gaus0",
    "b_out",
    "activation",
    "output_factor",
    "output_offset",
    "unit_gain",
    "unit_bias",
)
# column of the table of networks -> the key that holds it, and what it can be
TRAINING: dict[str, tuple[str, Callable[[float], bool]]] = {
    "training_trials": ("tr", lambda trials: trials >= 0 and trials == int(trials)),
    "training_loss": ("eval_loss_mean", lambda loss: loss >= 0),
    "training_accuracy": ("eval_perf_mean", lambda accuracy: 0 <= accuracy <= 1),
}


class ModelFileError(ValueError):
    """A model file that cannot be used.

    The message names the file, the key, what was expected and what came.
    """


class MissingFileError(ModelFileError, FileNotFoundError):
    """A file or folder of models that is not there."""


class _Reader:
    """The keys of one file, with every complaint naming file and key."""

    def __init__(self, values: Mapping[str, Any], name: str):
        self.values = values
        self.name = name

    def fail(self, key: str, problem: str) -> ModelFileError:
        """The error to raise."""
        return ModelFileError(f"{self.name}: key '{key}': {problem}")

    def number(self, key: str) -> float:
        """One finite number."""
        array = np.asarray(self.values[key])
        if array.size != 1 or array.dtype.kind not in "iufb":
            got = f"shape {array.shape} of type {array.dtype}"
            raise self.fail(key, f"expected one number, got {got}")
        if not np.isfinite(array).all():
            raise self.fail(key, f"expected a finite number, got {array.ravel()[0]:g}")
        return float(array.ravel()[0])

    def array(self, key: str, shape: tuple[int, ...]) -> np.ndarray:
        """Finite numbers of this shape, float32 if they are, else float64."""
        value = self.values[key]
        array = np.asarray(value.toarray() if hasattr(value, "toarray") else value)  # if sparse
        if array.dtype.kind not in "iufb":
            raise self.fail(key, f"expected real numbers, got type {array.dtype}")
        if len(shape) == 1 or 1 in shape:  # a vector: as a row, a column or flat
            fits = array.size == np.prod(shape) and max(array.shape, default=1) == max(shape)
        else:
            fits = array.shape == shape
        if not fits:
            raise self.fail(key, f"expected shape {shape}, got {array.shape}")
        array = array.reshape(shape)
        if array.dtype not in (np.float32, np.float64):
            array = array.astype(np.float64)
        if not np.isfinite(array).all():
            raise self.fail(key, "expected finite numbers, got NaN or infinity")
        return array


def load(path: str | os.PathLike | Mapping[str, Any]) -> RateModel:
    """Read a rate model from a .mat file.

    Accepts float32 and float64, 1-D vectors, and integers or booleans of any width. `som_m`, `w0`,
    `taus_gaus0`, `b_out`, `som_N`, `activation` and what a refinement finds may be absent, and
    `taus_gaus` where `taus` holds one value.

    Parameters
    ----------
    path : the file, or a mapping of its keys

    Returns
    -------
    The network; its `initial` weights are None where the file has no `w0`

    Raises
    ------
    ModelFileError
        naming file and key, for anything missing, of a wrong shape or type, not finite, or against
        Dale's principle
    """
    values = path if isinstance(path, Mapping) else _of_network(path)
    reader = _Reader(values, "model" if isinstance(path, Mapping) else str(path))
    missing = [key for key in REQUIRED if key not in values]
    if missing:
        raise ModelFileError(
            f"{reader.name}: missing key '{missing[0]}'; a rate model needs {', '.join(REQUIRED)}"
        )
    n = int(reader.number("N"))
    if n < 1 or n != reader.number("N"):
        raise reader.fail("N", f"expected a whole number of units >= 1, got {reader.number('N'):g}")

    inhibitory = _populations(reader, n)
    w_rec, dale = _recurrent(reader, n, inhibitory)
    n_inputs = _n_inputs(reader, n)
    tau_raw = _decay(reader, "taus_gaus", n)
    w_out = reader.array("w_out", (n,))
    b_out = _optional(reader, "b_out", (), 0.0)
    weights = Weights(w_rec, w_out, b_out, tau_raw)
    return RateModel(
        config=_config(reader, n, inhibitory, dale),
        w_in=reader.array("w_in", (n, n_inputs)),
        inhibitory=inhibitory,
        mask=_optional(reader, "som_m", (n, n), 1.0),
        weights=weights,
        initial=_initial(reader, n, weights, inhibitory if dale else None),
        output_factor=_output_factor(reader),
        output_offset=_optional(reader, "output_offset", (), 0.0).item(),
        unit_gains=_unit_gains(reader),
    )


def output_factor(path: str | os.PathLike | Mapping[str, Any]) -> float:
    """The factor by which a model file wants the readout of its spiking network multiplied.

    Parameters
    ----------
    path : the file, or a mapping of its keys

    Returns
    -------
    What its key `output_factor` holds, 1 where there is none

    Raises
    ------
    ModelFileError
        where that is no number > 0
    """
    if isinstance(path, Mapping):
        return _output_factor(_Reader(path, "model"))
    return _output_factor(_Reader(read(path, ["output_factor"]), str(path)))


def _output_factor(reader: _Reader) -> float:
    if "output_factor" not in reader.values:
        return 1.0
    factor = reader.number("output_factor")
    if factor <= 0:
        raise reader.fail("output_factor", f"expected a number > 0, got {factor:g}")
    return factor


def output_offset(path: str | os.PathLike | Mapping[str, Any]) -> float:
    """What a model file wants added to the output of its spiking network, before its factor.

    Parameters
    ----------
    path : the file, or a mapping of its keys

    Returns
    -------
    What its key `output_offset` holds, 0 where there is none

    Raises
    ------
    ModelFileError
        where that is no number
    """
    name = "model" if isinstance(path, Mapping) else str(path)
    values = path if isinstance(path, Mapping) else read(path, ["output_offset"])
    return _optional(_Reader(values, name), "output_offset", (), 0.0).item()


def unit_gains(path: str | os.PathLike | Mapping[str, Any]) -> UnitGains | None:
    """The gains and biases that a model file wants its spiking units to have.

    Parameters
    ----------
    path : the file, or a mapping of its keys

    Returns
    -------
    What its keys `unit_gain` and `unit_bias` hold, None where there are none

    Raises
    ------
    ModelFileError
        where one of them is missing, of a wrong shape or not finite, or a gain is no number > 0
    """
    if isinstance(path, Mapping):
        return _unit_gains(_Reader(path, "model"))
    return _unit_gains(_Reader(read(path, ["N", "unit_gain", "unit_bias"]), str(path)))


def _unit_gains(reader: _Reader) -> UnitGains | None:
    keys = ("unit_gain", "unit_bias")
    missing = [key for key in keys if key not in reader.values]
    if len(missing) == len(keys):
        return None
    if missing:
        raise reader.fail(missing[0], f"missing; {' and '.join(keys)} go together")
    if "N" not in reader.values:
        raise reader.fail("N", "missing; gains of the units need the number of units")
    n = int(reader.number("N"))
    gain, bias_mv = (reader.array(key, (n,)).astype(np.float64) for key in keys)
    if not (gain > 0).all():
        raise reader.fail("unit_gain", f"expected numbers > 0, got {gain.min():g}")
    return UnitGains(gain, bias_mv)


def _of_network(path: str | os.PathLike) -> dict[str, Any]:
    """The keys of a .mat file that a network is read from, and others where scipy has to read
    it."""
    data = _bytes_of(path)
    with _told(path):
        values = mat_plain.read(data, (*NETWORK, "apply_dale"))
    return read(path) if values is None else values


def read(path: str | os.PathLike, keys: Sequence[str] | None = None) -> dict[str, Any]:
    """The keys of a .mat file as scipy reads them.

    Parameters
    ----------
    path : the file
    keys : those to read; all where None

    Raises
    ------
    ModelFileError
        where it is no .mat file that scipy can read, saying what it is if that can be told;
        MissingFileError, a FileNotFoundError too, where there is no such file
    """
    import scipy.io  # here: a job that only reads networks would wait for it

    data = _bytes_of(path)
    with _told(path):
        return scipy.io.loadmat(io.BytesIO(data), variable_names=keys)


def _bytes_of(path: str | os.PathLike) -> bytes:
    """The content of a .mat file; raises ModelFileError for what is none."""
    if not Path(path).is_file():
        raise MissingFileError(f"{path}: no such file")
    data = Path(path).read_bytes()
    other = mat_structure.other_kind(data)
    if other:
        raise ModelFileError(f"{path}: {other}")
    with _told(path):
        mat_structure.check(data)
    return data


@contextmanager
def _told(path: str | os.PathLike) -> Iterator[None]:
    """Whatever goes wrong with a file's bytes is told by the name of the file."""
    try:
        yield
    # scipy raises many types on damaged files; all of them mean the same to the reader
    except Exception as error:
        first_line = shown(str(error).strip().split("\n")[0])
        cause = f"{type(error).__name__}: {first_line}"
        raise ModelFileError(
            f"{path}: not a readable .mat file, perhaps truncated ({cause})"
        ) from error


def _populations(reader: _Reader, n: int) -> np.ndarray:
    """(n,) bool, the inhibitory units; every other unit must be excitatory."""
    inhibitory = reader.array("inh", (n,)) != 0
    excitatory = reader.array("exc", (n,)) != 0
    contradictory = np.flatnonzero(inhibitory == excitatory)
    if contradictory.size:
        raise reader.fail(
            "exc",
            f"unit {contradictory[0]} (0-based) is both or neither of excitatory and inhibitory",
        )
    return inhibitory


def _n_inputs(reader: _Reader, n: int) -> int:
    """How many inputs `w_in` is for; a vector of n is one input."""
    shape = np.shape(reader.values["w_in"])
    if len(shape) == 2 and shape[0] == n:
        return shape[1]
    return max(1, np.size(reader.values["w_in"]) // n)


def _recurrent(reader: _Reader, n: int, inhibitory: np.ndarray) -> tuple[np.ndarray, bool]:
    """Recurrent weights without sign, and whether the file follows Dale's principle."""
    w = reader.array("w", (n, n))
    m = reader.array("m", (n, n))
    sign = np.where(inhibitory, -1.0, 1.0)
    if not np.array_equal(m, np.diag(sign)):
        raise reader.fail(
            "m",
            "expected the diagonal matrix of +1 (excitatory, key 'exc') "
            "and -1 (inhibitory, key 'inh')",
        )
    # without Dale's principle the published code has no inhibitory units and signed weights
    dale = bool(inhibitory.any() or (w >= 0).all())
    if "apply_dale" in reader.values:
        dale = bool(reader.number("apply_dale"))
    return (_rectified_as_trained(reader, "w", w, inhibitory) if dale else w), dale


def _rectified_as_trained(
    reader: _Reader, key: str, w: np.ndarray, inhibitory: np.ndarray
) -> np.ndarray:
    """Weights of a network under Dale's principle as its dynamics saw them: relu(w).

    The published PyTorch port saves `w` before rectification, with the connections that training
    has switched off as negative numbers: many, but small beside the others. Where the negative
    weights outweigh the positive ones (of those that inhibitory units send, or receive, or of all)
    `w` holds something else: effective weights with their signs, [post, pre] or turned round.
    """
    negative = w < 0
    if not negative.any():
        return w
    sends = np.broadcast_to(inhibitory, w.shape)
    everyone = np.ones_like(sends)
    for kind in (sends, sends.T, everyone):
        if w[kind].sum(dtype=np.float64) >= 0:
            continue
        post, pre = np.argwhere(negative & kind)[0]
        raise reader.fail(
            key,
            f"Dale's principle violated: the weight from unit {pre} to unit {post} (0-based) "
            f"is {w[post, pre]:g}, and the negative ones of its kind outweigh the others; "
            f"signs belong in 'm', expected '{key}' [post, pre] without them",
        )
    log.warning(
        "%s: key '%s': %d of %d weights are negative, as the published PyTorch port saves them "
        "(before rectification): taken to be 0, as they were in training. In a network that was "
        "not trained under Dale's principle signs belong in 'm', or apply_dale = 0 in the file",
        reader.name,
        key,
        negative.sum(),
        np.count_nonzero(w),
    )
    return np.maximum(w, 0)


def _decay(reader: _Reader, key: str, n: int) -> np.ndarray:
    """(n,) arguments of the sigmoid of Eq. 7, which `rate.model.decay_ms` turns into ms."""
    if key not in reader.values:
        if np.size(reader.values["taus"]) == 1:  # a fixed decay has no parameter
            return np.zeros(n)
        raise reader.fail(key, "missing; a network whose 'taus' is a range needs it")
    return reader.array(key, (n,))


def _optional(reader: _Reader, key: str, shape: tuple[int, ...], default: float) -> np.ndarray:
    """The array of a key, or one full of the default where the key is absent."""
    if key not in reader.values:
        return np.full(shape, default)
    return np.asarray(reader.number(key)) if shape == () else reader.array(key, shape)


def _initial(
    reader: _Reader, n: int, weights: Weights, inhibitory: np.ndarray | None
) -> Weights | None:
    """The weights before training, with the trained ones where the file has only those.

    `inhibitory` is None without Dale's principle.
    """
    if "w0" not in reader.values:
        return None
    w0 = reader.array("w0", (n, n))
    if inhibitory is not None:
        w0 = _rectified_as_trained(reader, "w0", w0, inhibitory)
    has_decay = "taus_gaus0" in reader.values
    tau_raw = _decay(reader, "taus_gaus0", n) if has_decay else weights.tau_raw
    return Weights(w0, weights.w_out, weights.b_out, tau_raw)


def _config(reader: _Reader, n: int, inhibitory: np.ndarray, dale: bool) -> RateConfig:
    """The settings that the file tells of; what it does not hold has its default."""
    n_taus = np.size(reader.values["taus"])
    if n_taus not in (1, 2):
        expected = f"one decay or [min, max] in steps of {RATE_STEP_MS:g} ms"
        raise reader.fail("taus", f"expected {expected}, got {n_taus} values")
    taus = reader.array("taus", (n_taus,)).astype(np.float64)
    activation = _activation(reader)
    n_som = int(reader.number("som_N")) if "som_N" in reader.values else 0
    try:
        return RateConfig(
            n_units=n,
            p_inh=float(inhibitory.mean()),
            n_som=n_som,
            dale=dale,
            activation=activation,
            tau_decay_ms=tuple(float(t) * RATE_STEP_MS for t in taus),
        )
    except ConfigError as error:
        raise ModelFileError(f"{reader.name}: {error} (keys 'taus' and 'som_N' hold it)") from None


def _activation(reader: _Reader) -> str:
    if "activation" not in reader.values:
        log.warning("%s: key 'activation' is missing: taken to be sigmoid", reader.name)
    value = np.asarray(reader.values.get("activation", "sigmoid"))
    expected = f"one of {', '.join(ACTIVATIONS)}"
    if value.dtype.kind != "U":
        raise reader.fail("activation", f"expected {expected}, got type {value.dtype}")
    activation = "".join(value.ravel()[:1])
    if activation not in ACTIVATIONS:
        raise reader.fail("activation", f"expected {expected}, got {shown(activation)}")
    return activation


def fingerprint(path: str | os.PathLike) -> str:
    """16 hexadecimal digits of the numbers and texts that a model file holds.

    All keys count but `provenance`: the same network is the same fingerprint, whoever wrote it
    when.
    """
    digest = hashlib.sha256()
    for key, value in sorted(read(path).items()):
        array = np.asarray(value)
        if not key.startswith("__") and key != "provenance" and array.dtype.kind in "iufbcU":
            digest.update(f"{key} {array.dtype} {array.shape} ".encode() + array.tobytes())
    return digest.hexdigest()[:16]


def parse_provenance(value: Any) -> dict[str, Any] | None:
    """How a file was made, from what its key `provenance` holds (JSON text).

    None where that is nothing of the kind.
    """
    array = np.ravel(np.asarray(value if value is not None else ""))
    if array.size != 1 or array.dtype.kind != "U":
        return None
    try:
        facts = json.loads(array[0])
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


def save(
    path: str | os.PathLike, model: RateModel, record: TrainingRecord, provenance: Mapping[str, Any]
) -> None:
    """Write a trained network with the keys of the published training code.

    There are two keys more: `apply_dale` and `provenance` (JSON text). The keys x, r, o, x0, r0
    (one trial after and before training), eval_os and eval_labels (outputs of the last evaluation)
    are there when `record` holds them.

    Parameters
    ----------
    path : the file to write
    model : the network, with its initial weights
    record : of its training
    provenance : how the network was made, as `provenance.record` says it
    """
    n = model.n_units
    dale = model.config.dale
    tau_steps = [t / RATE_STEP_MS for t in model.config.tau_decay_ms]
    n_som = model.config.n_som
    values = {
        "N": n,
        "som_N": n_som,
        "inh": model.inhibitory.reshape(n, 1).astype(np.uint8),
        "exc": (~model.inhibitory).reshape(n, 1).astype(np.uint8),
        "m": np.diag(model.sign).astype(np.float32),
        "som_m": model.mask,
        "w": _rectified(model.weights.w_rec, dale),
        "w0": _rectified(model.initial.w_rec, dale),
        "w_in": model.w_in,
        "w_in0": model.w_in,
        "w_out": model.weights.w_out.reshape(1, n),
        "b_out": model.weights.b_out.reshape(1, 1),
        "taus": np.asarray(tau_steps, dtype=np.float64),
        "taus_gaus": model.weights.tau_raw.reshape(n, 1),
        "taus_gaus0": model.initial.tau_raw.reshape(n, 1),
        "activation": model.config.activation,
        "tr": record.trials,
        "losses": record.losses.astype(np.float64),
        "eval_loss_mean": float(record.curve[-1, 1]),
        "eval_perf_mean": float(record.curve[-1, 2]),
        "u": record.stimulus.astype(np.float64),
        "target": record.target.astype(np.float64),
        "apply_dale": np.uint8(dale),
        "provenance": json.dumps(provenance, sort_keys=True),
    }
    if model.output_factor != 1:
        values["output_factor"] = float(model.output_factor)
    if model.output_offset != 0:
        values["output_offset"] = float(model.output_offset)
    if model.unit_gains is not None:
        values |= _gains_as_saved(model.unit_gains)
    if record.example.x is not None:
        values |= _traces(record)
    _write(path, values)


def _gains_as_saved(unit_gains: UnitGains) -> dict[str, np.ndarray]:
    gain, bias_mv = (np.asarray(array, np.float64).reshape(-1, 1) for array in unit_gains)
    return {"unit_gain": gain, "unit_bias": bias_mv}


def _traces(record: TrainingRecord) -> dict[str, np.ndarray]:
    """The activity of the example trial and the outputs of the last evaluation, as published."""
    return {
        "eval_os": record.evaluation_outputs.astype(np.float64),
        "eval_labels": record.evaluation_labels.astype(np.float64),
        "x": record.example.x[:, :, None],
        "r": record.example.r[:, :, None],
        "o": record.example.o[:, None, None],
        "x0": record.untrained_example.x[:, :, None],
        "r0": record.untrained_example.r[:, :, None],
    }


def _rectified(w_rec: np.ndarray, dale: bool) -> np.ndarray:
    return np.maximum(w_rec, 0) if dale else w_rec


def save_converted(
    path: str | os.PathLike,
    source: str | os.PathLike,
    *,
    opt_scaling_factor: float,
    all_perfs,
    scaling_factors,
    held_out: float,
    output_factor: float | None = None,
    output_offset: float | None = None,
    unit_gains: UnitGains | None = None,
    provenance: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write a copy of a model file with what the published search appends.

    These are the keys `opt_scaling_factor`, `all_perfs` and `scaling_factors`; `held_out_perf` is
    one more, and so are `output_factor`, `output_offset`, `unit_gain` and `unit_bias` where a
    refinement found them. `source` stays untouched.
    What cannot be written back as it was read is left out, and a warning names it. Weights saved
    before rectification are written as they were searched.

    Parameters
    ----------
    path : the file to write
    source : the model file
    opt_scaling_factor : the chosen factor (1 / lambda)
    all_perfs : (n_factors,) accuracy at each factor
    scaling_factors : (n_factors,) the factors
    held_out : accuracy of the chosen factor on fresh trials
    output_factor, output_offset : by which the output is multiplied, and what is added to it
        before; None: what `source` has
    unit_gains : of the spiking units; None: those that `source` has, if any
    provenance : laid over what `source` says of how it was made
    more : further keys to write
    """
    values = _to_keep(source)
    model = load(source)
    if model.config.dale:  # the factor belongs to these weights, whatever program reads the copy
        values |= _where_negative(values, model)
    if provenance:
        before = parse_provenance(values.get("provenance")) or {}
        values["provenance"] = json.dumps(before | provenance, sort_keys=True)
    values |= {
        "opt_scaling_factor": float(opt_scaling_factor),
        "all_perfs": np.asarray(all_perfs, dtype=np.float64).reshape(-1, 1),
        "scaling_factors": np.asarray(scaling_factors, dtype=np.float64).reshape(1, -1),
        "held_out_perf": float(held_out),
    }
    if output_factor is not None:
        values["output_factor"] = float(output_factor)
    if output_offset is not None:
        values["output_offset"] = float(output_offset)
    if unit_gains is not None:
        values |= _gains_as_saved(unit_gains)
    _write(path, values | dict(more or {}))


def _where_negative(values: Mapping[str, Any], model: RateModel) -> dict[str, np.ndarray]:
    """The weights as they were read, of those keys that hold them before rectification."""
    weights = {"w": model.weights.w_rec}
    if model.initial is not None:
        weights["w0"] = model.initial.w_rec
    return {key: w for key, w in weights.items() if not np.array_equal(values[key], w)}


def warn_of_gains(path: str | os.PathLike, model: RateModel) -> None:
    """Warn where a model that is to be searched comes with gains of its units: they were found at
    one scaling factor, and the search takes them at all.

    Parameters
    ----------
    path : its file
    model : the network
    """
    if model.unit_gains is not None:
        log.warning(
            "%s: keys 'unit_gain', 'unit_bias': gains of the units hold at the one scaling factor "
            "that they were found at, and are taken at all here; for a search as published take "
            "the file without them",
            path,
        )


def warn_of_lost(path: str | os.PathLike) -> None:
    """Warn of each variable of a model file that the converted model will not hold.

    Parameters
    ----------
    path : the file

    Raises
    ------
    ModelFileError
        where it is a key of the network
    """
    _to_keep(path)


def _to_keep(path: str | os.PathLike) -> dict[str, Any]:
    """The variables of a file that can be written back, in their classes; a warning names others.

    Raises ModelFileError where one of the others is a key of the network.
    """
    from . import mat_round_trip  # here, as it imports scipy

    data = _bytes_of(path)
    with _told(path):
        variables = mat_round_trip.read(data)
    lost = mat_round_trip.lost(variables)
    for key, why in lost.items():
        if key in NETWORK:
            raise ModelFileError(f"{path}: key '{key}': {why}; expected plain numbers or letters")
        log.warning("%s: variable '%s' is left out of the converted model: %s", path, key, why)
    kept = variables.keys() - lost.keys()
    return {key: variables[key] for key in variables if key in kept and not key.startswith("__")}


def training_facts(path: str | os.PathLike) -> dict[str, float]:
    """What a model file says of the training of its network, by the names of the table of networks.

    Parameters
    ----------
    path : the file

    Returns
    -------
    `training_trials` (key 'tr', counted from 0 as published), `training_loss` ('eval_loss_mean')
    and `training_accuracy` ('eval_perf_mean', 0 to 1) of the last evaluation; without those that
    the file does not hold, or holds no such number of
    """
    values = read(path, [key for key, _ in TRAINING.values()])
    facts = {}
    for name, (key, may_be) in TRAINING.items():
        array = np.asarray(values.get(key, np.nan))
        fits = array.size == 1 and array.dtype.kind in "iufb" and np.isfinite(array).all()
        if fits and may_be(float(array.ravel()[0])):
            facts[name] = array.ravel()[0].item()
    if "training_trials" in facts:
        facts["training_trials"] = int(facts["training_trials"])
    return facts


HEADER = b"MATLAB 5.0 MAT-file, written by rate2spike"


def _write(path: str | os.PathLike, values: Mapping[str, Any]) -> None:
    """Write the keys whole; the header names no date, so that the same keys are the same bytes."""
    from . import mat_round_trip  # here, as it imports scipy

    with replacing(path) as temporary:
        mat_round_trip.write(temporary, values)
        with open(temporary, "r+b") as file:
            file.write(HEADER.ljust(116))
