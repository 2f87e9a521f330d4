"""A study as the config file describes it: its conditions and sweeps, what their files are called,
what figures are drawn from.

Kept apart from `config`, whose classes say what a network, a training and a neuron are: a change
here retrains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from operator import attrgetter
from pathlib import Path, PurePath
from typing import Any, NamedTuple, TypeVar

from ..config import (
    ConfigError,
    MeanFieldConfig,
    NeuronConfig,
    RateConfig,
    SearchConfig,
    TrainingConfig,
    from_mapping,
    require,
)
from ..tasks.user_file import find_task
from .labels import NEURON_WORDS, TRAINING_WORDS, changed_words, network_words
from .schema import first_problem

T = TypeVar("T")


@dataclass(frozen=True)
class Condition:
    """One setting of task and network, and how many networks of it there are: trained here, or
    models from elsewhere."""

    name: str
    task: str
    network: RateConfig | None  # None: models from elsewhere
    training: TrainingConfig | None
    neuron: NeuronConfig
    search: SearchConfig
    n_networks: int
    key: str  # where the condition stands in the config
    models: tuple[str, ...] = ()
    factor_of: str | None = (
        None  # the condition whose scaling factors it takes; None: it searches its own
    )

    @property
    def is_given(self) -> bool:
        """Whether its networks were given to the study, not trained by it."""
        return bool(self.models)

    def setting(self, key: str) -> Any:
        """A setting as plain data, e.g. `network` or `search.trials`."""
        value = attrgetter(key)(self)
        if is_dataclass(value):
            return asdict(value)
        return list(value) if isinstance(value, tuple) else value

    @property
    def place(self) -> tuple[str, str, str]:
        """Task, network and neuron in words: the folders of the condition's files."""
        return self.task, self.label, self.neuron_label

    @property
    def label(self) -> str:
        """The condition in words, for paths: size and time constants, then every setting that is
        not the library's default."""
        if self.network is None:
            return f"external_{self.name}"
        return "_".join(
            network_words(self.network)
            + changed_words(self.training, TrainingConfig(), TRAINING_WORDS)
        )

    @property
    def neuron_label(self) -> str:
        """The neuron and the search in words, for paths."""
        words = [
            self.neuron.model,
            *changed_words(self.neuron, NeuronConfig(model=self.neuron.model), NEURON_WORDS),
        ]
        return "_".join(
            words + ([f"downsample{self.search.downsample}"] if self.search.downsample > 1 else [])
        )


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
    """A whole study: the seed that keys every random number, the device, the conditions, and what
    figures are drawn from.

    `conditions` are all there is to compute, each once; `names` has one entry per name in the
    config, and two names may stand for the same condition (a network that serves several figures is
    trained once).
    """

    study_seed: int
    device: str
    networks_per_job: int | None  # None: the workflow finds it
    keep_traces: bool
    conditions: tuple[Condition, ...]
    names: Mapping[str, Condition]
    sweeps: Mapping[str, Sweep]
    figures: Mapping[str, Mapping[str, str]]
    user_tasks: Mapping[str, str]
    mean_field: MeanFieldConfig | None = None

    def points(self, name: str) -> tuple[Point, ...]:
        """The points of the sweep or the one condition of that name."""
        return self.sweeps[name].points if name in self.sweeps else (Point(None, self.names[name]),)


def read_study(values: Mapping[str, Any]) -> Study:
    """The study described by the config file, already checked against the schema.

    A condition's settings are the study's `network`, `training`, `neuron` and `search` with its own
    laid over them; a sweep is a condition for each value of one key. Raises ConfigError naming the
    key.
    """
    listed = [
        _trained_condition(values, name, own, f"conditions.{name}")
        for name, own in values["conditions"].items()
    ]
    listed += [
        _external_condition(values, name, own) for name, own in values["external_models"].items()
    ]
    sweeps = {name: _sweep(values, name, own) for name, own in values["sweeps"].items()}
    listed += [point.condition for sweep in sweeps.values() for point in sweep.points]
    mean_field = (
        from_mapping(MeanFieldConfig, values["mean_field"], "mean_field")
        if "mean_field" in values
        else None
    )
    enough = len(listed) > 0 or mean_field is not None
    require(
        enough,
        "conditions",
        "at least one condition, sweep or external model",
        values["conditions"],
    )
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
            name: sweep._replace(
                points=tuple(Point(p.x, unique[p.condition.place]) for p in sweep.points)
            )
            for name, sweep in sweeps.items()
        },
        figures={figure: dict(roles) for figure, roles in values["figures"].items()},
        user_tasks=dict(values["tasks"]),
        mean_field=mean_field,
    )


# what a study of mean-field networks alone need not say
NO_CONDITIONS: Mapping[str, Any] = {
    **{
        key: {}
        for key in (
            "network",
            "training",
            "neuron",
            "search",
            "conditions",
            "sweeps",
            "tasks",
            "external_models",
            "figures",
        )
    },
    **{
        "device": "cpu",
        "networks_per_condition": 1,
        "networks_per_job": None,
        "keep_traces": False,
    },
}


def checked(values: Mapping[str, Any], schema: Mapping[str, Any]) -> Study:
    """The study of a config file, everything checked: schema, settings, tasks, model files,
    figures. Raises ConfigError, one line that names the key and what is allowed."""
    alone = "mean_field" in values and not {"conditions", "sweeps", "external_models"} & set(values)
    values = NO_CONDITIONS | values if alone else values
    problem = first_problem(values, schema)
    if problem:
        raise ConfigError(problem)
    study = read_study(values)
    for c in study.conditions:
        check_condition(c, find_task(c.task, study.user_tasks, f"{c.key}.task"))
    for name in study.user_tasks:
        find_task(name, study.user_tasks)
    check_figures(study)
    return study


def _with_factors(listed: Sequence[Condition]) -> list[Condition]:
    """The conditions, each `factor_of` checked: it must name a searched condition of the same
    networks. Where a point of a sweep is that condition itself, the point is searched too."""
    names = {c.name: c for c in listed}
    checked = []
    for c in listed:
        source = names.get(c.factor_of) if c.factor_of else None
        if c.factor_of:
            fitting = [
                n
                for n, o in names.items()
                if not o.factor_of and (o.task, o.label) == (c.task, c.label)
            ]
            allowed = f"a condition of the same networks that searches its own ({', '.join(fitting) or 'there is none'})"
            where = c.key.partition(".values: ")[0]  # of a sweep: the key stands beside its values
            require(c.factor_of in fitting, f"{where}.factor_of", allowed, c.factor_of)
        checked.append(replace(c, factor_of=None) if source and source.place == c.place else c)
    return checked


def _unique(listed: Sequence[Condition]) -> dict[tuple[str, str, str], Condition]:
    """Each condition once, under the first of its names. What is the same network, training and
    neuron must be searched alike."""
    unique: dict[tuple[str, str, str], Condition] = {}
    names: set[str] = set()
    for c in listed:
        require(c.name not in names, c.key, "a name that no other condition has", c.name)
        names.add(c.name)
        first = unique.setdefault(c.place, c)
        same = f"as in {first.key}, the same network, training and neuron"
        for f in fields(SearchConfig):
            ours, theirs = getattr(c.search, f.name), getattr(first.search, f.name)
            require(ours == theirs, f"{c.key}.search.{f.name}", f"{theirs}, {same}", ours)
        require(
            c.n_networks == first.n_networks,
            f"{c.key}.networks",
            f"{first.n_networks}, {same}",
            c.n_networks,
        )
        require(
            c.factor_of == first.factor_of,
            f"{c.key}.factor_of",
            f"{first.factor_of}, {same}",
            c.factor_of,
        )
    return unique


def _check_shared(conditions: Sequence[Condition]) -> None:
    """Conditions that differ only in the neuron share their networks, so what is done with the
    networks must be one."""
    first: dict[tuple[str, str], Condition] = {}
    for c in conditions:
        other = first.setdefault((c.task, c.label), c)
        shared = f"as in {other.key}, whose networks it shares"
        require(
            c.n_networks == other.n_networks,
            f"{c.key}.networks",
            f"{other.n_networks}, {shared}",
            c.n_networks,
        )
        ours, theirs = c.search.held_out_trials, other.search.held_out_trials
        require(ours == theirs, f"{c.key}.search.held_out_trials", f"{theirs}, {shared}", ours)


WHERE = (
    "paths of .mat files that are there, seen from where snakemake is started or from --directory"
)


def check_condition(c: Condition, task: Any) -> None:
    """Refuse a condition that does not fit its task, or whose model files are not there; raises
    ConfigError."""
    divides = task.n_steps % c.search.downsample == 0
    require(
        divides,
        f"{c.key}.search.downsample",
        f"a divisor of the task's {task.n_steps} steps",
        c.search.downsample,
    )
    for file in c.models:
        require(Path(file).is_file(), f"{c.key}.files", WHERE, file)


# What each figure is drawn from: role -> task of the condition or, for the roles in SWEPT, of the
# sweep.
FIGURE_ROLES: Mapping[str, Mapping[str, str]] = {
    "figure_1": {"example": "go-nogo", "sizes": "go-nogo"},
    "figure_2": {"example": "go-nogo", "sizes": "go-nogo", "decays": "go-nogo"},
    "figure_3": {"sizes": "integration"},
    "figure_4": {"example": "integration", "sizes": "integration", "decays": "integration"},
    "figure_5": {"fixed": "go-nogo", "tuned": "go-nogo"},
    "figure_6": {"refractory": "integration", "filters": "integration", "gains": "integration"},
    "figure_7": {"sigmoid": "go-nogo", "softplus": "go-nogo", "relu": "go-nogo"},
    **{
        figure: {"example": "go-nogo"}
        for figure in ("figure_s1", "figure_s2", "figure_s3", "figure_s4", "figure_s6")
    },
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
    """Refuse a figure without one of its roles, or a role that names nothing, or something of
    another task or another key; raises ConfigError."""
    for figure, roles in study.figures.items():
        unknown = sorted(set(roles) - set(FIGURE_ROLES[figure]))
        require(
            not unknown,
            f"figures.{figure}",
            f"only {', '.join(FIGURE_ROLES[figure])}",
            ", ".join(unknown),
        )
        for role, task in FIGURE_ROLES[figure].items():
            if role in SWEPT:
                kind = f"a sweep of {SWEPT[role]}"
                sweeps = study.sweeps.items()
                fitting = [
                    name
                    for name, s in sweeps
                    if (s.points[0].condition.task, s.key) == (task, SWEPT[role])
                ]
            else:
                kind = "a condition"
                fitting = [name for name, c in study.names.items() if c.task == task]
            allowed = f"{kind} of the task {task} ({', '.join(fitting) or 'there is none'})"
            require(
                roles.get(role) in fitting, f"figures.{figure}.{role}", allowed, roles.get(role)
            )


def _settings(
    cls: type[T], values: Mapping[str, Any], key: str, own: Mapping[str, Any], where: str
) -> T:
    return from_mapping(cls, {**values[key], **(own.get(key) or {})}, f"{where}.{key}")


def _trained_condition(
    values: Mapping[str, Any], name: str, own: Mapping[str, Any], where: str
) -> Condition:
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
    """One condition for each value of `own["key"]`, called after sweep and value; a list counts as
    its last number (tau_max)."""
    require(
        name != "example",
        f"sweeps.{name}",
        "another name (figures call their example network so)",
        name,
    )
    section, key = own["key"].split(".")
    points = []
    for value in own["values"]:
        numbers = value if isinstance(value, list) else [value]
        label = f"{name}-" + "-".join(f"{n:g}" for n in numbers)
        here = {**own, section: {**own.get(section, {}), key: value}}
        points.append(
            Point(
                float(numbers[-1]),
                _trained_condition(values, label, here, f"sweeps.{name}.values: {value}"),
            )
        )
    require(
        len({p.x for p in points}) == len(points),
        f"sweeps.{name}.values",
        "different values",
        own["values"],
    )
    return Sweep(own["key"], tuple(points))


def _external_condition(values: Mapping[str, Any], name: str, own: Mapping[str, Any]) -> Condition:
    where = f"external_models.{name}"
    # a network is called after its file
    different = len({PurePath(file).stem for file in own["files"]}) == len(own["files"])
    require(different, f"{where}.files", "files of different names", own["files"])
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
