"""The grid search of the scaling factor under its published name, in both documented forms."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rate.tasks import task_key
from rate.utils import new_seed
from rate2spike import conversion, matfile
from rate2spike.config import SearchConfig
from rate2spike.tasks import Task

from .arguments import GridSearch, GridSearches, also_called, factor_of, settings_dict
from .chosen_factor import CONVERTED, FACTOR_BEFORE, converted_path, factor_in
from .networks import check_ending
from .tasks import SpikingTaskFactory, check_count

log = logging.getLogger(__name__)

STEP = 5  # of the factors where only their range is given (paper, Methods)
SAME_TASK = {"integration": "mante"}  # the workflow's word -> the published one
BY_INPUTS = {1: "go_nogo", 2: "xor", 4: "mante"}  # the task of a model where none is given


@also_called(task_type="task_name", n_trials_per_factor="n_trials")
def lambda_grid_search(
    model_path: str | os.PathLike | None = None,
    task_name: str | None = None,
    n_trials: int | None = None,
    scaling_factors: Sequence[float] | str | None = None,
    task_settings: Mapping[str, Any] | None = None,
    *,
    model_dir: str | os.PathLike | None = None,
    scaling_range: tuple[float, float] | None = None,
    parallel: bool = True,
    seed: int | None = None,
) -> GridSearch | GridSearches:
    """The scaling factor 1/lambda with the most correct trials, the first of equals; trials and
    scores are those of the workflow.

    The model with its factor is written beside the original, which stays as it is: model.mat ->
    model_converted.mat.

    Parameters
    ----------
    model_path : one .mat file, or a folder; or
    model_dir : folder, all .mat files of it
    task_name : also called task_type; by default the one that the file names, or else the task with
        as many inputs as the model, which is said
    n_trials : also called n_trials_per_factor, 100 by default
    scaling_factors : the factors, or text such as "20:76:5"; or
    task_settings : of the task, its defaults otherwise
    scaling_range : (start, end): factors from start in steps of 5, without the end. Without both
        20, 25 ... 75 as in the paper
    parallel : use all cores
    seed : same seed, same result

    Returns
    -------
    GridSearch, or GridSearches
        The factor itself, a number that knows what the search found; of a folder a dict by file
        name, which is a number, too, where there is one model.

    Raises
    ------
    ValueError
        For files, factors, a task or numbers that are not there or do not fit; a FileNotFoundError,
        too, where there is no such file or folder.
    """
    if task_name is not None and not isinstance(task_name, str):
        raise ValueError(
            "lambda_grid_search: task_name, the second argument: expected a name such as "
            f"'go-nogo', got {task_name!r}; a range of factors is passed as scaling_range="
        )
    files = model_files("lambda_grid_search", model_path, model_dir)
    grid = _grid(scaling_factors, scaling_range)
    n = check_count("n_trials", 100 if n_trials is None else n_trials)
    settings = settings_dict("task_settings", task_settings)
    # whatever is wrong with one is told before the search begins
    models = {file: matfile.load(file) for file in files}
    chosen = {}
    for file, model in models.items():
        chosen[file] = _task(task_name, settings, model, file)
        matfile.warn_of_lost(file)
    searches = GridSearches()
    for file in files:
        searches[file.name] = _search(
            file,
            models[file],
            chosen[file],
            grid=grid,
            n_trials=n,
            threads=(os.cpu_count() or 1) if parallel else 1,
            seed=new_seed(seed),
        )
    print(summary(searches))  # documented scripts do not look at what is returned
    is_folder = Path(model_dir if model_path is None else model_path).is_dir()
    return searches if is_folder else searches[files[0].name]


def model_files(caller: str, model_path, model_dir) -> list[Path]:
    """The one file, or all .mat files of the folder but those that a search wrote.

    Published versions take the one or the other in the same place, so either name may hold either.
    Raises ValueError where there is none.
    """
    if (model_path is None) == (model_dir is None):
        raise ValueError(f"{caller}: expected model_path, or model_dir for all files of a folder")
    name = "model_path" if model_dir is None else "model_dir"
    given = model_path if model_dir is None else model_dir
    if not isinstance(given, str | os.PathLike):
        raise ValueError(f"{caller}: {name}: expected a path, got {given!r}")
    if not Path(given).is_dir():
        if model_dir is not None and Path(given).suffix not in (".mat", ".pth"):
            raise matfile.MissingFileError(f"model_dir: no such folder: {model_dir}")
        check_ending(given)
        return [Path(given)]
    mat_files = sorted(Path(given).glob("*.mat"))
    files = [file for file in mat_files if not file.name.endswith(CONVERTED)]
    if not files:
        raise matfile.MissingFileError(f"{name}: no .mat file in {given}")
    return files


def _grid(scaling_factors, scaling_range) -> tuple[float, ...]:
    """The factors of the grid; raises ValueError where they cannot be."""
    if scaling_factors is not None and scaling_range is not None:
        raise ValueError("lambda_grid_search: expected scaling_factors or scaling_range, got both")
    if scaling_range is not None:
        limits = np.asarray(scaling_range)
        if limits.size != 2 or not np.issubdtype(limits.dtype, np.number):
            raise ValueError(f"scaling_range: expected (start, end), got {scaling_range!r}")
        scaling_factors = np.arange(*scaling_range, STEP)
    if isinstance(scaling_factors, str):
        scaling_factors = parse_factors(scaling_factors)
    if scaling_factors is None:
        return SearchConfig().scaling_factors
    each = scaling_factors if isinstance(scaling_factors, Sequence) else np.ravel(scaling_factors)
    factors = tuple(factor_of(factor) for factor in each)
    return SearchConfig(scaling_factors=factors).scaling_factors


def _search(
    file: Path, model, chosen: _Chosen, *, grid: Sequence[float], n_trials: int, threads, seed: int
) -> GridSearch:
    """Search one model and write it with its factor."""
    simulation = conversion.Simulation(chosen.task, seed, threads=threads)
    matfile.warn_of_gains(file, model)
    accuracies = []
    for factor in grid:
        accuracy = _accuracy(simulation, model, file.stem, factor=factor, n_trials=n_trials)
        accuracies.append(accuracy)
        log.info(
            "%s: 1/lambda = %g: %.1f %% of %d trials correct",
            file.name,
            factor,
            100 * accuracy,
            n_trials,
        )
    choice = conversion.choose_factor(grid, accuracies)
    best = choice.scaling_factor
    if choice.on_edge:
        log.warning(
            "%s: the best factor %g lies on the edge of the grid; a wider one may have a better",
            file.name,
            best,
        )
    fresh_trials = simulation._replace(purpose="held out")
    held_out = _accuracy(fresh_trials, model, file.stem, factor=best, n_trials=n_trials)
    target = converted_path(file)
    before = factor_in(matfile.read(file))
    matfile.save_converted(
        target,
        file,
        opt_scaling_factor=best,
        all_perfs=accuracies,
        scaling_factors=grid,
        held_out=held_out,
        more={FACTOR_BEFORE: np.nan if before is None else before},
    )
    return GridSearch(
        best,
        scaling_factors=np.array(grid),
        accuracies=np.array(accuracies),
        held_out_accuracy=held_out,
        converted=str(target),
        task=chosen.name,
        guessed=chosen.guessed,
    )


def _accuracy(
    simulation: conversion.Simulation, model, network: str, *, factor: float, n_trials: int
) -> float:
    """The share of correct trials of a network at a factor."""
    trials = conversion.score_network(simulation, model, network, factor, n_trials)
    return float(trials["correct"].mean())


class _Chosen(NamedTuple):
    """The task of a model, its name, and whether that was guessed."""

    task: Task
    name: str
    guessed: bool


def _task(task_name: str | None, settings: dict | None, model, file: Path) -> _Chosen:
    """The task of that name, or the one that the file names, or the one with as many inputs as the
    model; raises ValueError where it does not fit."""
    name, guessed = (task_name, False) if task_name else _task_of_file(model.n_inputs, file)
    task = getattr(SpikingTaskFactory.create_task(name, settings), "task", None)
    if not isinstance(task, Task):
        raise ValueError(
            f"task_name: {name!r} is a task of your own: "
            "its class has no published scoring to search with"
        )
    if task.n_inputs != model.n_inputs:
        raise ValueError(
            f"{file}: the task {name} has {task.n_inputs} inputs, the model {model.n_inputs}"
        )
    return _Chosen(task, name, guessed)


def _task_of_file(n_inputs: int, file: Path) -> tuple[str, bool]:
    """The name of a model's task, and whether it was guessed from the number of inputs."""
    values = matfile.read(file, ["settings", "task", "provenance"])
    made = matfile.parse_provenance(values.get("provenance")) or {}
    said = made.get("task") or _task_said(values)
    key = SAME_TASK.get(task_key(said), task_key(said)) if said else None
    if key in SpikingTaskFactory.BUILT_IN:
        return key, False
    if "task" in made:  # trained here: another task would score it wrong
        known = ", ".join(SpikingTaskFactory.BUILT_IN)
        raise ValueError(
            f"{file}: trained on the task {said}, which is none of {known}: give it to the "
            "workflow under external_models, or pass task_name"
        )
    name = BY_INPUTS.get(n_inputs)
    if name is None:
        raise ValueError(f"{file}: no task has its {n_inputs} inputs; pass task_name")
    log.warning(
        "%s: no task_name was given: guessed to be %s, the task of %d input(s)%s; "
        "if that is wrong, pass task_name",
        file,
        name,
        n_inputs,
        f", though the file says {said!r}" if said else "",
    )
    return name, True


def _task_said(values: Mapping[str, Any]) -> str | None:
    """What a file of published code calls its task, in `settings` or beside them."""
    settings = values.get("settings")
    in_settings = None
    if isinstance(settings, np.ndarray) and "task" in (settings.dtype.names or ()):
        in_settings = settings["task"]
    for said in (in_settings, values.get("task")):
        while isinstance(said, np.ndarray) and said.size == 1:
            said = said.item()
        if isinstance(said, str) and said.strip():
            return said.strip()
    return None


def parse_factors(range_str: str) -> list[float]:
    """Factors as the command line has them: 20:76:5 (start, end, step; without the end, as in
    Python) or 20,32.5,40."""
    text = range_str
    try:
        numbers = [float(part) for part in text.split(":" if ":" in text else ",")]
        factors = list(np.arange(*numbers)) if ":" in text else numbers
    except (TypeError, ValueError, ZeroDivisionError):
        factors = []
    if not factors or (":" in text and len(numbers) != 3):
        raise ValueError(
            f"scaling_factors: expected start:end:step or numbers with commas between, got {text!r}"
        )
    return factors


def summary(searches: Mapping[str, GridSearch]) -> str:
    """A line for each model, by file name."""
    lines = []
    for name, search in searches.items():
        lines.append(
            f"{name}: best 1/lambda = {search.scaling_factor:g}, "
            f"{100 * search.accuracies.max():.1f} % correct in the search, "
            f"{100 * search.held_out_accuracy:.1f} % on fresh trials "
            f"of the task {search.task}{' (guessed)' if search.guessed else ''}; "
            f"written to {search.converted}"
        )
    return "\n".join(lines)
