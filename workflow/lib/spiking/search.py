"""The grid search of the scaling factor under its published name, in both documented forms."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rate.utils import new_seed
from rate2spike import conversion, matfile
from rate2spike.config import SearchConfig
from rate2spike.tasks import Task

from .networks import check_ending
from .tasks import SpikingTaskFactory, check_count

log = logging.getLogger(__name__)

CONVERTED = "_converted.mat"  # ending of the files that the search writes
STEP = 5  # of the factors where only their range is given (paper, Methods)
BY_INPUTS = {1: "go_nogo", 2: "xor", 4: "mante"}  # the task of a model where none is given


class GridSearch(NamedTuple):
    """What a search found.

    Parameters
    ----------
    scaling_factor : the best factor, 1/lambda
    scaling_factors : the grid
    accuracies : share of correct trials at each factor of the grid, 0 to 1
    held_out_accuracy : that of the best factor on fresh trials
    converted : path of the file that was written
    """

    scaling_factor: float
    scaling_factors: np.ndarray
    accuracies: np.ndarray
    held_out_accuracy: float
    converted: str


def lambda_grid_search(
    model_path: str | os.PathLike | None = None,
    scaling_range: tuple[float, float] | None = None,
    n_trials_per_factor: int | None = None,
    task_type: str | None = None,
    parallel: bool = True,
    *,
    model_dir: str | os.PathLike | None = None,
    task_name: str | None = None,
    n_trials: int | None = None,
    scaling_factors: Sequence[float] | None = None,
    seed: int | None = None,
) -> GridSearch | dict[str, GridSearch]:
    """The scaling factor 1/lambda with the most correct trials, the first of equals; trials and
    scores are those of the workflow.

    The model with its factor is written beside the original, which stays as it is: model.mat ->
    model_converted.mat.

    Parameters
    ----------
    model_path : one .mat file; or
    model_dir : folder, all .mat files of it
    scaling_factors : the factors; or
    scaling_range : (start, end): factors from start in steps of 5, without the end. Without both
        20, 25 ... 75 as in the paper
    n_trials, n_trials_per_factor : one name or the other, 100 by default
    task_name, task_type : one name or the other, by default the task with as many inputs as the
        model
    parallel : use all cores
    seed : same seed, same result

    Returns
    -------
    GridSearch, or dict
        Of a folder a dict by file name.

    Raises
    ------
    ValueError
        For files, factors, a task or numbers that are not there or do not fit.
    """
    files = model_files("lambda_grid_search", model_path, model_dir)
    grid = _grid(scaling_factors, scaling_range)
    n = _one("n_trials", n_trials, "n_trials_per_factor", n_trials_per_factor)
    n = check_count("n_trials", 100 if n is None else n)
    name = _one("task_name", task_name, "task_type", task_type)
    # whatever is wrong with one is told before the search begins
    models = {file: matfile.load(file) for file in files}
    tasks = {file: _task(name, model, file) for file, model in models.items()}
    searches = {}
    for file in files:
        searches[file.name] = _search(
            file,
            models[file],
            tasks[file],
            grid=grid,
            n_trials=n,
            threads=(os.cpu_count() or 1) if parallel else 1,
            seed=new_seed(seed),
        )
    print(summary(searches))  # documented scripts do not look at what is returned
    return searches if model_dir is not None else searches[files[0].name]


def _one(name: str, value, other_name: str, other):
    """The one of two arguments that was passed, None without any."""
    if value is not None and other is not None:
        raise ValueError(f"lambda_grid_search: expected {name} or {other_name}, got both")
    return other if value is None else value


def model_files(caller: str, model_path, model_dir) -> list[Path]:
    """The one file, or all .mat files of the folder but those that a search wrote; raises
    ValueError where there is none."""
    if (model_path is None) == (model_dir is None):
        raise ValueError(f"{caller}: expected model_path, or model_dir for all files of a folder")
    if model_path is not None:
        check_ending(model_path)
        return [Path(model_path)]
    if not Path(model_dir).is_dir():
        raise ValueError(f"model_dir: no such folder: {model_dir}")
    mat_files = sorted(Path(model_dir).glob("*.mat"))
    files = [file for file in mat_files if not file.name.endswith(CONVERTED)]
    if not files:
        raise ValueError(f"model_dir: no .mat file in {model_dir}")
    return files


def converted_path(file: Path) -> Path:
    """Where the search writes the model with its factor."""
    return file.with_name(file.stem + CONVERTED)


def _grid(scaling_factors, scaling_range) -> tuple[float, ...]:
    """The factors of the grid; raises ValueError where they cannot be."""
    if scaling_factors is not None and scaling_range is not None:
        raise ValueError("lambda_grid_search: expected scaling_factors or scaling_range, got both")
    if scaling_range is not None:
        if np.size(scaling_range) != 2:
            raise ValueError(f"scaling_range: expected (start, end), got {scaling_range!r}")
        scaling_factors = np.arange(*scaling_range, STEP)
    if scaling_factors is None:
        return SearchConfig().scaling_factors
    factors = tuple(float(f) for f in np.ravel(scaling_factors))
    return SearchConfig(scaling_factors=factors).scaling_factors


def _search(
    file: Path, model, task, *, grid: Sequence[float], n_trials: int, threads: int, seed: int
) -> GridSearch:
    """Search one model and write it with its factor."""
    simulation = conversion.Simulation(task, seed, threads=threads)
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
    matfile.save_converted(
        target,
        file,
        opt_scaling_factor=best,
        all_perfs=accuracies,
        scaling_factors=grid,
        held_out=held_out,
    )
    return GridSearch(best, np.array(grid), np.array(accuracies), held_out, str(target))


def _accuracy(
    simulation: conversion.Simulation, model, network: str, *, factor: float, n_trials: int
) -> float:
    """The share of correct trials of a network at a factor."""
    trials = conversion.score_network(simulation, model, network, factor, n_trials)
    return float(trials["correct"].mean())


def _task(task_name: str | None, model, file: Path) -> Task:
    """The task of that name, or the one with as many inputs as the model; raises ValueError where
    it does not fit."""
    name = task_name or BY_INPUTS.get(model.n_inputs)
    if name is None:
        raise ValueError(f"{file}: no task has its {model.n_inputs} inputs; pass task_name")
    task = getattr(SpikingTaskFactory.create_task(name), "task", None)
    if not isinstance(task, Task):
        raise ValueError(
            f"task_name: {name!r} is a task of your own: "
            "its class has no published scoring to search with"
        )
    if task.n_inputs != model.n_inputs:
        raise ValueError(
            f"{file}: the task {name} has {task.n_inputs} inputs, the model {model.n_inputs}"
        )
    return task


def parse_factors(text: str) -> list[float]:
    """Factors as the command line has them: 20:76:5 (start, end, step; without the end, as in
    Python) or 20,32.5,40."""
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
            f"{100 * search.held_out_accuracy:.1f} % on fresh trials; "
            f"written to {search.converted}"
        )
    return "\n".join(lines)
