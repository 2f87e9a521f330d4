"""A study read from its config file, everything checked.

Kept apart from `config`, whose classes say what a network, a training and a neuron are: a change
here retrains nothing.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path, PurePath
from typing import Any, TypeVar

from ..config import (
    ConfigError,
    NeuronConfig,
    RateConfig,
    SearchConfig,
    TrainingConfig,
    from_mapping,
    require,
    shown,
)
from ..mean_field_config import MeanFieldConfig
from ..tasks.task import first_loss_output
from ..tasks.user_file import find_task
from .figure_roles import check_figures
from .study import Condition, Point, Study, Sweep

T = TypeVar("T")

# what a study of mean-field networks alone need not say
NO_CONDITIONS: Mapping[str, Any] = {
    "network": {},
    "training": {},
    "neuron": {},
    "search": {},
    "conditions": {},
    "sweeps": {},
    "tasks": {},
    "external_models": {},
    "figures": {},
    "device": "cpu",
    "networks_per_condition": 1,
    "networks_per_job": None,
    "keep_traces": False,
}
MODEL_FILES = (
    "paths of .mat files that are there, seen from where snakemake is started or from --directory"
)
PATTERN = "*?["  # with one of these the name of a model file stands for all that it matches


# How it is read -----------------------------------------------------------------------------------


def checked(values: Mapping[str, Any], schema: Mapping[str, Any]) -> Study:
    """The study of a config file, everything checked: schema, settings, tasks, model files,
    figures.

    Parameters
    ----------
    values : the config file as YAML reads it
    schema : the JSON schema of the config

    Returns
    -------
    The study

    Raises
    ------
    ConfigError
        one line that names the key and what is allowed
    """
    from .schema import first_problem  # needs jsonschema, which nothing else here does

    listing = {"conditions", "sweeps", "external_models"}
    mean_field_alone = "mean_field" in values and not listing & set(values)
    if mean_field_alone:
        values = NO_CONDITIONS | values
    problem = first_problem(values, schema)
    if problem:
        raise ConfigError(problem)
    study = read_study(values)
    tasks = {}  # each loaded once
    for c in study.conditions:
        if c.task not in tasks:
            tasks[c.task] = find_task(c.task, study.user_tasks, f"{c.key}.task")
        check_condition(c, tasks[c.task])
    for name in study.user_tasks:
        if name not in tasks:
            find_task(name, study.user_tasks)
    built_in = [name for name in tasks if name not in study.user_tasks]
    _require_different_folders("tasks", [*built_in, *study.user_tasks])
    check_figures(study)
    return study


def read_study(values: Mapping[str, Any]) -> Study:
    """The study described by a config file that fits the schema.

    A condition's settings are the study's `network`, `training`, `neuron` and `search` with its own
    laid over them; a sweep is a condition for each value of one key.

    Parameters
    ----------
    values : the config file as YAML reads it, already checked against the schema

    Returns
    -------
    The study; its tasks and figures are not looked at yet, nor whether its model files are there
    (patterns of names are matched), see `checked`

    Raises
    ------
    ConfigError
        naming the key, what was expected and what came
    """
    listed = []
    for name, own in values["conditions"].items():
        listed.append(_trained_condition(values, own, name=name, key=f"conditions.{name}"))
    for name, own in values["external_models"].items():
        listed.append(_external_condition(values, name, own))
    _require_different_folders("external_models", values["external_models"])
    sweeps = {name: _sweep(values, name, own) for name, own in values["sweeps"].items()}
    for sweep in sweeps.values():
        listed += [point.condition for point in sweep.points]
    mean_field = None
    if "mean_field" in values:
        mean_field = from_mapping(MeanFieldConfig, values["mean_field"], "mean_field")
    needed = "at least one condition, sweep or external model"
    has_work = bool(listed) or mean_field is not None
    require(has_work, "conditions", needed, values["conditions"])
    unique = _unique(_with_factors(listed))
    _check_shared(list(unique.values()))
    return Study(
        study_seed=values["study_seed"],
        device=values["device"],
        networks_per_job=values["networks_per_job"],
        factors_per_job=values.get("factors_per_job"),
        keep_traces=values["keep_traces"],
        conditions=tuple(unique.values()),
        names={c.name: unique[c.identity] for c in listed},
        sweeps={name: _of_unique(sweep, unique) for name, sweep in sweeps.items()},
        figures={figure: dict(roles) for figure, roles in values["figures"].items()},
        user_tasks=dict(values["tasks"]),
        mean_field=mean_field,
    )


def check_condition(c: Condition, task: Any) -> None:
    """Refuse a condition that does not fit its task, or whose model files are not there.

    Parameters
    ----------
    c : the condition
    task : its task

    Raises
    ------
    ConfigError
        naming the key, what was expected and what came
    """
    divides = task.n_steps % c.search.downsample == 0
    allowed = f"a divisor of the task's {task.n_steps} steps"
    require(divides, f"{c.key}.search.downsample", allowed, c.search.downsample)
    if c.training is not None:
        first_loss_output(task, c.training.loss_from, f"{c.key}.training.loss_from")
    for file in c.models:
        require(Path(file).is_file(), f"{c.key}.files", MODEL_FILES, file)


# Conditions, one by one ---------------------------------------------------------------------------


def _trained_condition(
    values: Mapping[str, Any], own: Mapping[str, Any], *, name: str, key: str
) -> Condition:
    """A condition whose networks are trained here; `own` are the settings under its name."""
    return Condition(
        name=name,
        task=own["task"],
        network=_settings(RateConfig, "network", values, own=own, key=key),
        training=_settings(TrainingConfig, "training", values, own=own, key=key),
        neuron=_settings(NeuronConfig, "neuron", values, own=own, key=key),
        search=_settings(SearchConfig, "search", values, own=own, key=key),
        n_networks=own.get("networks", values["networks_per_condition"]),
        key=key,
        factor_of=own.get("factor_of"),
    )


def _external_condition(values: Mapping[str, Any], name: str, own: Mapping[str, Any]) -> Condition:
    """A condition of models from elsewhere; `own` are the settings under its name."""
    key = f"external_models.{name}"
    files = _model_files(own["files"], f"{key}.files")
    return Condition(
        name=name,
        task=own["task"],
        network=None,
        training=None,
        neuron=_settings(NeuronConfig, "neuron", values, own=own, key=key),
        search=_settings(SearchConfig, "search", values, own=own, key=key),
        n_networks=len(files),
        key=key,
        models=files,
    )


def _model_files(entries: Sequence[str], key: str) -> tuple[str, ...]:
    """The model files of an external condition, those of a pattern sorted; each only once, and no
    two of one name, since a network is called after its file."""
    files = []
    for entry in entries:
        files += _matching(entry, key)
    entry_of = {}
    file_of = {}
    for file in files:
        path = str(PurePath(file))
        require(path not in entry_of, key, "each file once", path)
        entry_of[path] = file
        # a disk may take A.mat and a.mat for the same
        first = file_of.setdefault(PurePath(file).stem.casefold(), file)
        expected = "files of different names (a network is called after its file)"
        require(first is file, key, expected, f"{first} and {file}")
    return tuple(files)


def _matching(entry: str, key: str) -> list[str]:
    """The file of that name or, where there is none and the name is a pattern, all that it
    matches."""
    if Path(entry).is_file() or not set(PATTERN) & set(entry):
        return [entry]
    files = sorted(file for file in glob.glob(entry, recursive=True) if Path(file).is_file())
    require(bool(files), key, f"a pattern that matches {MODEL_FILES}", entry)
    return files


def _sweep(values: Mapping[str, Any], name: str, own: Mapping[str, Any]) -> Sweep:
    """One condition for each value of `own["key"]`, called after sweep and value; a list counts as
    its last number (tau_max)."""
    other_name = "another name (figures call their example network so)"
    require(name != "example", f"sweeps.{name}", other_name, name)
    section, key = own["key"].split(".")
    points = []
    values_of: dict[str, Any] = {}
    for value in own["values"]:
        numbers = value if isinstance(value, list) else [value]
        label = f"{name}-" + "-".join(f"{n:g}" for n in numbers)
        first = values_of.setdefault(label, value)
        expected = f"values that differ in their first 6 digits (the name {label} holds no more)"
        require(first is value, f"sweeps.{name}.values", expected, f"{first} and {value}")
        own_section = {**own.get(section, {}), key: value}
        condition = _trained_condition(
            values,
            {**own, section: own_section},
            name=label,
            key=f"sweeps.{name}.values: {value}",
        )
        points.append(Point(float(numbers[-1]), condition))
    different = len({point.x for point in points}) == len(points)
    require(different, f"sweeps.{name}.values", "different values", own["values"])
    return Sweep(own["key"], tuple(points))


def _settings(
    cls: type[T], section: str, values: Mapping[str, Any], *, own: Mapping[str, Any], key: str
) -> T:
    """A section of the config with a condition's own settings laid over it. What is wrong with one
    that all conditions share is said of the place where it stands."""
    own_section = own.get(section) or {}
    laid_over = {**values[section], **own_section}
    try:
        return from_mapping(cls, laid_over, section)
    except ConfigError as error:
        setting = str(error).removeprefix(f"{section}.").partition(":")[0]
        if setting in values[section] and setting not in own_section:
            raise ConfigError(f"{error} (in {key})") from None
        raise ConfigError(f"{key}.{error}") from None


# Conditions, together -----------------------------------------------------------------------------


def _with_factors(listed: Sequence[Condition]) -> list[Condition]:
    """The conditions, each `factor_of` checked: it must name a searched condition of the same
    networks. Where a point of a sweep is that condition itself, the point is searched too."""
    names = {c.name: c for c in listed}
    conditions = []
    for c in listed:
        if c.factor_of:
            fitting = _searched_with_networks_of(c, names)
            there = ", ".join(fitting) or "there is none"
            allowed = f"a condition of the same networks that searches its own ({there})"
            key = c.key.partition(".values: ")[0]  # of a sweep: the key stands beside its values
            require(c.factor_of in fitting, f"{key}.factor_of", allowed, c.factor_of)
            if names[c.factor_of].identity == c.identity:
                c = replace(c, factor_of=None)
        conditions.append(c)
    return conditions


def _searched_with_networks_of(c: Condition, names: Mapping[str, Condition]) -> list[str]:
    """Names of the conditions that have the networks of `c` and search their own factors."""
    fitting = []
    for name, other in names.items():
        if not other.factor_of and (other.task, other.label) == (c.task, c.label):
            fitting.append(name)
    return fitting


def _unique(listed: Sequence[Condition]) -> dict[tuple[str, str, str], Condition]:
    """Each condition once, by its place, under the first of its names. What is the same network,
    training and neuron must be searched alike."""
    unique: dict[tuple[str, str, str], Condition] = {}
    names: set[str] = set()
    for c in listed:
        require(c.name not in names, c.key, "a name that no other condition has", c.name)
        names.add(c.name)
        first = unique.setdefault(c.identity, c)
        _require_one_setting(c, first, ("network", "training", "neuron"))
        why = f"as in {first.key}, the same network, training and neuron"
        for field in fields(SearchConfig):
            ours = getattr(c.search, field.name)
            theirs = getattr(first.search, field.name)
            _require_same(f"{c.key}.search.{field.name}", ours, theirs, why=why)
        _require_same(f"{c.key}.networks", c.n_networks, first.n_networks, why=why)
        _require_same(f"{c.key}.factor_of", c.factor_of, first.factor_of, why=why)
    return unique


def _of_unique(sweep: Sweep, unique: Mapping[tuple[str, str, str], Condition]) -> Sweep:
    """The sweep with each condition as it stands among the unique ones."""
    points = [Point(point.x, unique[point.condition.identity]) for point in sweep.points]
    return Sweep(sweep.key, tuple(points))


def _check_shared(conditions: Sequence[Condition]) -> None:
    """Conditions that differ only in the neuron share their networks, so what is done with the
    networks must be one."""
    firsts: dict[tuple[str, str], Condition] = {}
    for c in conditions:
        first = firsts.setdefault((c.task, c.label), c)
        _require_one_setting(c, first, ("network", "training"))
        why = f"as in {first.key}, whose networks it shares"
        _require_same(f"{c.key}.networks", c.n_networks, first.n_networks, why=why)
        ours = c.search.held_out_trials
        theirs = first.search.held_out_trials
        _require_same(f"{c.key}.search.held_out_trials", ours, theirs, why=why)


def _require_same(key: str, ours: Any, theirs: Any, *, why: str) -> None:
    """Refuse a setting that two conditions must have in common and have not."""
    require(ours == theirs, key, f"{theirs}, {why}", ours)


def _require_one_setting(c: Condition, first: Condition, sections: Sequence[str]) -> None:
    """Refuse a condition whose folder is that of another of other settings. A name of a folder
    holds 6 digits of a number: what differs beyond them would be taken for the same and never
    computed."""
    for section in sections:
        ours = getattr(c, section)
        theirs = getattr(first, section)
        if ours == theirs:
            continue
        for field in fields(ours):
            value = getattr(ours, field.name)
            other = getattr(theirs, field.name)
            expected = (
                f"{shown(other)}, as in {first.key}, or a value that differs from it in the first "
                "6 digits (the name of a folder holds no more)"
            )
            require(value == other, f"{c.key}.{section}.{field.name}", expected, value)


def _require_different_folders(key: str, names: Iterable[str]) -> None:
    """Refuse names that differ only in case: folders are called by them, and a disk may take the
    two for the same."""
    firsts: dict[str, str] = {}
    for name in names:
        first = firsts.setdefault(name.casefold(), name)
        expected = f"a name that differs from {first} in more than its case (a folder is called so)"
        require(first == name, f"{key}.{name}", expected, name)
