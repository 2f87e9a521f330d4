"""Settings of networks, training and neurons as frozen dataclasses.

Every class checks itself when it is made: a value that cannot be simulated is refused with the name of the key, what was
expected and what came. Defaults are the values of Kim, Li & Sejnowski (PNAS 2019) unless a comment says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePath
from typing import Any, NamedTuple, TypeVar

RATE_STEP_MS = 5.0  # Euler step of the rate network (paper, Methods)
SPIKING_STEPS_PER_RATE_STEP = 100  # 0.05 ms each (published LIF code)

ACTIVATIONS = ("sigmoid", "clipped_relu", "softplus")
WEIGHT_DISTRIBUTIONS = ("gaussian", "gamma")
LOSSES = ("l2", "l1")
NEURON_MODELS = ("lif", "qif")

T = TypeVar("T")


class ConfigError(ValueError):
    """A setting that is unknown or cannot be used; the message names the key, what is allowed and what came."""


def _require(ok: bool, key: str, allowed: str, value: Any) -> None:
    if not ok:
        raise ConfigError(f"{key}: expected {allowed}, got {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def from_mapping(cls: type[T], values: Mapping[str, Any], where: str = "config") -> T:
    """Make the dataclass `cls` from plain values, as read from YAML or JSON.

    Raises ConfigError naming `where` and the key when a key is unknown or a value impossible.
    """
    known = [f.name for f in fields(cls)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(f"{where}.{unknown[0]}: unknown key; allowed are {', '.join(known)}")
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    try:
        return cls(**plain)
    except ConfigError as error:
        raise ConfigError(f"{where}.{error}") from None


@dataclass(frozen=True)
class RateConfig:
    """One rate network: size, connectivity, activation and synaptic decay (paper, Methods; published defaults)."""

    n_units: int = 200
    # probability that a unit is inhibitory: not in the paper, whose example networks have 260 of 1050; the released code has 0.2
    p_inh: float = 0.25
    p_rec: float = 0.2  # probability of a recurrent connection
    n_som: int = 0  # inhibitory units that receive no inhibition (SOM/SST, Fig. S3)
    weight_distribution: str = "gaussian"
    gain: float = 1.5
    dale: bool = True
    activation: str = "sigmoid"
    tau_decay_ms: tuple[float, ...] = (20.0, 50.0)  # (min, max): trained per unit; one value: fixed

    def __post_init__(self) -> None:
        _require(_is_count(self.n_units), "n_units", "a whole number >= 1", self.n_units)
        for key in ("p_inh", "p_rec"):
            value = getattr(self, key)
            _require(_is_number(value) and 0 <= value <= 1, key, "a probability in [0, 1]", value)
        _require(_is_count(self.n_som, 0) and self.n_som <= self.n_units, "n_som", "a whole number in [0, n_units]", self.n_som)
        _require(self.dale or self.n_som == 0, "n_som", "0 where dale is false (no inhibitory units)", self.n_som)
        _require(
            self.weight_distribution in WEIGHT_DISTRIBUTIONS,
            "weight_distribution",
            "one of " + ", ".join(WEIGHT_DISTRIBUTIONS),
            self.weight_distribution,
        )
        _require(_is_number(self.gain) and self.gain > 0, "gain", "a number > 0", self.gain)
        _require(isinstance(self.dale, bool), "dale", "true or false", self.dale)
        _require(self.activation in ACTIVATIONS, "activation", "one of " + ", ".join(ACTIVATIONS), self.activation)
        tau = self.tau_decay_ms
        ok = isinstance(tau, tuple) and len(tau) in (1, 2) and all(_is_number(t) and t >= RATE_STEP_MS for t in tau)
        ok = ok and (len(tau) == 1 or tau[0] < tau[1])
        _require(ok, "tau_decay_ms", f"[min, max] or [value], each >= {RATE_STEP_MS:g} ms (one Euler step)", tau)

    @property
    def tau_trained(self) -> bool:
        return len(self.tau_decay_ms) == 2


@dataclass(frozen=True)
class TrainingConfig:
    """How a rate network is trained and when training stops (paper, Methods)."""

    learning_rate: float = 0.01
    trials_per_update: int = 1
    max_trials: int = 6000
    min_trials: int = 0  # the released code asks for more than 1500 (Go-NoGo), the published trial counts do not
    evaluation_interval: int = 100
    evaluation_trials: int = 100
    loss: str = "l2"
    loss_threshold: float = 7.0
    accuracy_threshold: float = 0.95  # reached when accuracy >= threshold; the released code asks for more than 0.95

    def __post_init__(self) -> None:
        _require(_is_number(self.learning_rate) and self.learning_rate > 0, "learning_rate", "a number > 0", self.learning_rate)
        _require(_is_count(self.max_trials, 2), "max_trials", "a whole number >= 2 (the first evaluation)", self.max_trials)
        for key in ("trials_per_update", "evaluation_interval", "evaluation_trials"):
            _require(_is_count(getattr(self, key)), key, "a whole number >= 1", getattr(self, key))
        _require(_is_count(self.min_trials, 0), "min_trials", "a whole number >= 0", self.min_trials)
        _require(self.loss in LOSSES, "loss", "one of " + ", ".join(LOSSES), self.loss)
        _require(
            _is_number(self.loss_threshold) and self.loss_threshold > 0, "loss_threshold", "a number > 0", self.loss_threshold
        )
        accuracy = self.accuracy_threshold
        _require(_is_number(accuracy) and 0 <= accuracy <= 1, "accuracy_threshold", "a fraction in [0, 1]", accuracy)


# Table S1 of the paper: spike threshold (mV) and constant bias (mV at unit resistance; pA in the table) by neuron model
TABLE_S1 = {"lif": {"v_threshold": -40.0, "bias": -40.0}, "qif": {"v_threshold": 30.0, "bias": 0.0}}


@dataclass(frozen=True)
class NeuronConfig:
    """A spiking neuron and its synapse (Table S1). `None` takes the table's value for the chosen model."""

    model: str = "lif"
    tau_mem_ms: float = 10.0
    t_refractory_ms: float = 2.0
    tau_rise_ms: float = 2.0  # 0: single-exponential synapse
    v_threshold: float | None = None
    v_reset: float = -65.0
    bias: float | None = None

    def __post_init__(self) -> None:
        _require(self.model in NEURON_MODELS, "model", "one of " + ", ".join(NEURON_MODELS), self.model)
        _require(_is_number(self.tau_mem_ms) and self.tau_mem_ms > 0, "tau_mem_ms", "a duration > 0 ms", self.tau_mem_ms)
        for key in ("t_refractory_ms", "tau_rise_ms"):
            value = getattr(self, key)
            _require(_is_number(value) and value >= 0, key, "a duration >= 0 ms", value)
        for key in ("v_threshold", "bias"):
            if getattr(self, key) is None:
                object.__setattr__(self, key, TABLE_S1[self.model][key])
            _require(_is_number(getattr(self, key)), key, "a number or null", getattr(self, key))
        _require(
            _is_number(self.v_reset) and self.v_reset < self.v_threshold,
            "v_reset",
            f"a voltage below v_threshold ({self.v_threshold:g} mV)",
            self.v_reset,
        )


@dataclass(frozen=True)
class SearchConfig:
    """Grid search of the scaling factor (= 1/lambda; paper, Methods), and the fresh trials at the factor it chooses."""

    scaling_factors: tuple[float, ...] = tuple(float(f) for f in range(20, 80, 5))
    trials: int = 100
    held_out_trials: int = 100
    downsample: int = 1

    def __post_init__(self) -> None:
        factors = self.scaling_factors
        ok = isinstance(factors, tuple) and len(factors) > 0 and all(_is_number(f) and f > 0 for f in factors)
        _require(ok and len(set(factors)) == len(factors), "scaling_factors", "a list of different numbers > 0", factors)
        # a factor names its files: what does not survive the name would be simulated at one value and looked up at another
        ok = all(float(f"{f:g}") == f for f in factors)
        _require(ok, "scaling_factors", "numbers of at most 6 digits", factors)
        for key in ("trials", "held_out_trials"):
            _require(_is_count(getattr(self, key)), key, "a whole number >= 1", getattr(self, key))
        ok = _is_count(self.downsample) and SPIKING_STEPS_PER_RATE_STEP % self.downsample == 0
        _require(ok, "downsample", f"a divisor of {SPIKING_STEPS_PER_RATE_STEP}", self.downsample)


@dataclass(frozen=True)
class Condition:
    """One setting of task and network, and how many networks of it there are: trained here, or models from elsewhere."""

    name: str
    task: str
    network: RateConfig | None  # None: models from elsewhere
    training: TrainingConfig | None
    neuron: NeuronConfig
    search: SearchConfig
    n_networks: int
    key: str  # where the condition stands in the config
    models: tuple[str, ...] = ()
    factor_of: str | None = None  # the condition whose scaling factors it takes; None: it searches its own

    @property
    def place(self) -> tuple[str, str, str]:
        """Task, network and neuron in words: the folders of the condition's files."""
        return self.task, self.label, self.neuron_label

    @property
    def label(self) -> str:
        """The condition in words, for paths: size and time constants, then every setting that is not the library's default."""
        if self.network is None:
            return f"external_{self.name}"
        return "_".join(_network_words(self.network) + _changed_words(self.training, TrainingConfig(), TRAINING_WORDS))

    @property
    def neuron_label(self) -> str:
        """The neuron and the search in words, for paths."""
        words = [self.neuron.model, *_changed_words(self.neuron, NeuronConfig(model=self.neuron.model), NEURON_WORDS)]
        return "_".join(words + ([f"downsample{self.search.downsample}"] if self.search.downsample > 1 else []))


NETWORK_WORDS = {
    "p_inh": "inh{:g}",
    "p_rec": "rec{:g}",
    "n_som": "som{:d}",
    "weight_distribution": "{}",
    "gain": "gain{:g}",
    "dale": "nodale",
    "activation": "{}",
}
TRAINING_WORDS = {
    "learning_rate": "rate{:g}",
    "trials_per_update": "batch{:d}",
    "max_trials": "max{:d}",
    "min_trials": "min{:d}",
    "evaluation_interval": "every{:d}",
    "evaluation_trials": "eval{:d}",
    "loss": "{}",
    "loss_threshold": "loss{:g}",
    "accuracy_threshold": "accuracy{:g}",
}
NEURON_WORDS = {
    "tau_mem_ms": "mem{:g}ms",
    "t_refractory_ms": "refractory{:g}ms",
    "tau_rise_ms": "rise{:g}ms",
    "v_threshold": "threshold{:g}mV",
    "v_reset": "reset{:g}mV",
    "bias": "bias{:g}",
}


def _network_words(network: RateConfig) -> list[str]:
    tau = "-".join(f"{t:g}" for t in network.tau_decay_ms)
    return [f"n{network.n_units}", f"tau{tau}ms", *_changed_words(network, RateConfig(), NETWORK_WORDS)]


def _changed_words(settings: Any, default: Any, words: Mapping[str, str]) -> list[str]:
    return [w.format(getattr(settings, key)) for key, w in words.items() if getattr(settings, key) != getattr(default, key)]


class Point(NamedTuple):
    """One condition of a sweep and the value swept (None where a condition stands alone)."""

    x: float | None
    condition: Condition


class Sweep(NamedTuple):
    """Conditions along one key of the config, such as network.n_units."""

    key: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Study:
    """A whole study: the seed that keys every random number, the device, the conditions, and what figures are drawn from.

    `conditions` are all there is to compute, each once; `names` has one entry per name in the config, and two names may stand for
    the same condition (a network that serves several figures is trained once).
    """

    study_seed: int
    device: str
    networks_per_job: int
    keep_traces: bool
    conditions: tuple[Condition, ...]
    names: Mapping[str, Condition]
    sweeps: Mapping[str, Sweep]
    figures: Mapping[str, Mapping[str, str]]
    user_tasks: Mapping[str, str]

    def points(self, name: str) -> tuple[Point, ...]:
        """The points of the sweep or the one condition of that name."""
        return self.sweeps[name].points if name in self.sweeps else (Point(None, self.names[name]),)


def read_study(values: Mapping[str, Any]) -> Study:
    """The study described by the config file, already checked against the schema.

    A condition's settings are the study's `network`, `training`, `neuron` and `search` with its own laid over them; a sweep is a
    condition for each value of one key. Raises ConfigError naming the key.
    """
    listed = [_trained_condition(values, name, own, f"conditions.{name}") for name, own in values["conditions"].items()]
    listed += [_external_condition(values, name, own) for name, own in values["external_models"].items()]
    sweeps = {name: _sweep(values, name, own) for name, own in values["sweeps"].items()}
    listed += [point.condition for sweep in sweeps.values() for point in sweep.points]
    _require(len(listed) > 0, "conditions", "at least one condition, sweep or external model", values["conditions"])
    unique = _unique(_with_factors(listed))
    _check_shared(list(unique.values()))
    return Study(
        study_seed=values["study_seed"],
        device=values["device"],
        networks_per_job=values["networks_per_job"],
        keep_traces=values["keep_traces"],
        conditions=tuple(unique.values()),
        names={c.name: unique[c.place] for c in listed},
        sweeps={
            name: sweep._replace(points=tuple(Point(p.x, unique[p.condition.place]) for p in sweep.points))
            for name, sweep in sweeps.items()
        },
        figures={figure: dict(roles) for figure, roles in values["figures"].items()},
        user_tasks=dict(values["tasks"]),
    )


def _with_factors(listed: Sequence[Condition]) -> list[Condition]:
    """The conditions, each `factor_of` checked: it must name a searched condition of the same networks. Where a point of a sweep
    is that condition itself, the point is searched too."""
    names = {c.name: c for c in listed}
    checked = []
    for c in listed:
        source = names.get(c.factor_of) if c.factor_of else None
        if c.factor_of:
            fitting = [n for n, o in names.items() if not o.factor_of and (o.task, o.label) == (c.task, c.label)]
            allowed = f"a condition of the same networks that searches its own ({', '.join(fitting) or 'there is none'})"
            _require(c.factor_of in fitting, f"{c.key}.factor_of", allowed, c.factor_of)
        checked.append(replace(c, factor_of=None) if source and source.place == c.place else c)
    return checked


def _unique(listed: Sequence[Condition]) -> dict[tuple[str, str, str], Condition]:
    """Each condition once, under the first of its names. What is the same network, training and neuron must be searched alike."""
    unique: dict[tuple[str, str, str], Condition] = {}
    names: set[str] = set()
    for c in listed:
        _require(c.name not in names, c.key, "a name that no other condition has", c.name)
        names.add(c.name)
        first = unique.setdefault(c.place, c)
        same = f"as in {first.key}, the same network, training and neuron"
        for f in fields(SearchConfig):
            ours, theirs = getattr(c.search, f.name), getattr(first.search, f.name)
            _require(ours == theirs, f"{c.key}.search.{f.name}", f"{theirs}, {same}", ours)
        _require(c.n_networks == first.n_networks, f"{c.key}.networks", f"{first.n_networks}, {same}", c.n_networks)
        _require(c.factor_of == first.factor_of, f"{c.key}.factor_of", f"{first.factor_of}, {same}", c.factor_of)
    return unique


def _check_shared(conditions: Sequence[Condition]) -> None:
    """Conditions that differ only in the neuron share their networks, so what is done with the networks must be one."""
    first: dict[tuple[str, str], Condition] = {}
    for c in conditions:
        other = first.setdefault((c.task, c.label), c)
        shared = f"as in {other.key}, whose networks it shares"
        _require(c.n_networks == other.n_networks, f"{c.key}.networks", f"{other.n_networks}, {shared}", c.n_networks)
        ours, theirs = c.search.held_out_trials, other.search.held_out_trials
        _require(ours == theirs, f"{c.key}.search.held_out_trials", f"{theirs}, {shared}", ours)


def check_condition(c: Condition, task: Any) -> None:
    """Refuse a condition that does not fit its task, or whose model files are not there; raises ConfigError."""
    divides = task.n_steps % c.search.downsample == 0
    _require(divides, f"{c.key}.search.downsample", f"a divisor of the task's {task.n_steps} steps", c.search.downsample)
    for file in c.models:
        _require(Path(file).is_file(), f"{c.key}.files", "paths of .mat files, seen from where snakemake is started", file)


# What each figure is drawn from: role -> task of the condition or, for the roles in SWEPT, of the sweep.
FIGURE_ROLES: Mapping[str, Mapping[str, str]] = {
    "figure_1": {"example": "go-nogo", "sizes": "go-nogo"},
    "figure_2": {"example": "go-nogo", "sizes": "go-nogo", "decays": "go-nogo"},
    "figure_3": {"sizes": "integration"},
    "figure_4": {"example": "integration", "sizes": "integration", "decays": "integration"},
    "figure_5": {"fixed": "go-nogo", "tuned": "go-nogo"},
    "figure_6": {"refractory": "integration", "filters": "integration", "gains": "integration"},
    "figure_7": {"sigmoid": "go-nogo", "softplus": "go-nogo", "relu": "go-nogo"},
    **{figure: {"example": "go-nogo"} for figure in ("figure_s1", "figure_s2", "figure_s3", "figure_s4", "figure_s6")},
    **{figure: {"example": "integration"} for figure in ("figure_s5", "figure_s7")},
    "figure_xor": {"example": "xor"},
}
SWEPT = {
    "sizes": "network.n_units",
    "decays": "network.tau_decay_ms",
    "refractory": "neuron.t_refractory_ms",
    "filters": "neuron.tau_rise_ms",
    "gains": "network.gain",
}


def check_figures(study: Study) -> None:
    """Refuse a figure without one of its roles, or a role that names nothing, or something of another task or another key;
    raises ConfigError."""
    for figure, roles in study.figures.items():
        for role, task in FIGURE_ROLES[figure].items():
            if role in SWEPT:
                kind = f"a sweep of {SWEPT[role]}"
                sweeps = study.sweeps.items()
                fitting = [name for name, s in sweeps if (s.points[0].condition.task, s.key) == (task, SWEPT[role])]
            else:
                kind = "a condition"
                fitting = [name for name, c in study.names.items() if c.task == task]
            allowed = f"{kind} of the task {task} ({', '.join(fitting) or 'there is none'})"
            _require(roles.get(role) in fitting, f"figures.{figure}.{role}", allowed, roles.get(role))
        unknown = sorted(set(roles) - set(FIGURE_ROLES[figure]))
        _require(not unknown, f"figures.{figure}", f"only {', '.join(FIGURE_ROLES[figure])}", ", ".join(unknown))


def _settings(cls: type[T], values: Mapping[str, Any], key: str, own: Mapping[str, Any], where: str) -> T:
    return from_mapping(cls, {**values[key], **(own.get(key) or {})}, f"{where}.{key}")


def _trained_condition(values: Mapping[str, Any], name: str, own: Mapping[str, Any], where: str) -> Condition:
    return Condition(
        name=name,
        task=own["task"],
        network=_settings(RateConfig, values, "network", own, where),
        training=_settings(TrainingConfig, values, "training", own, where),
        neuron=_settings(NeuronConfig, values, "neuron", own, where),
        search=_settings(SearchConfig, values, "search", own, where),
        n_networks=own.get("networks", values["networks_per_condition"]),
        key=where,
        factor_of=own.get("factor_of"),
    )


def _sweep(values: Mapping[str, Any], name: str, own: Mapping[str, Any]) -> Sweep:
    """One condition for each value of `own["key"]`, called after sweep and value; a list counts as its last number (tau_max)."""
    section, key = own["key"].split(".")
    points = []
    for value in own["values"]:
        numbers = value if isinstance(value, list) else [value]
        label = f"{name}-" + "-".join(f"{n:g}" for n in numbers)
        here = {**own, section: {**own.get(section, {}), key: value}}
        points.append(Point(float(numbers[-1]), _trained_condition(values, label, here, f"sweeps.{name}.values: {value}")))
    _require(len({p.x for p in points}) == len(points), f"sweeps.{name}.values", "different values", own["values"])
    return Sweep(own["key"], tuple(points))


def _external_condition(values: Mapping[str, Any], name: str, own: Mapping[str, Any]) -> Condition:
    where = f"external_models.{name}"
    # a network is called after its file
    different = len({PurePath(file).stem for file in own["files"]}) == len(own["files"])
    _require(different, f"{where}.files", "files of different names", own["files"])
    return Condition(
        name=name,
        task=own["task"],
        network=None,
        training=None,
        neuron=_settings(NeuronConfig, values, "neuron", own, where),
        search=_settings(SearchConfig, values, "search", own, where),
        n_networks=len(own["files"]),
        key=where,
        models=tuple(own["files"]),
    )
