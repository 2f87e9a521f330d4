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
    """The best factor, the accuracy (0 to 1) at each factor of the grid, that of the best on fresh
    trials, the file written."""

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

    One model (`model_path`), or all .mat files of a folder (`model_dir`: a dict by file name comes
    back). The factors are `scaling_factors`, or those from `scaling_range` in steps of 5, without
    its end; otherwise 20, 25 ... 75 as in the paper. n_trials or n_trials_per_factor: 100 by
    default; task_name or task_type: by default the task with as many inputs as the model. The model
    with its factor is written beside the original, which stays as it is: model.mat ->
    model_converted.mat.
    """
    files = model_files("lambda_grid_search", model_path, model_dir)
    grid = _grid(scaling_factors, scaling_range)
    n = _one("n_trials", n_trials, "n_trials_per_factor", n_trials_per_factor, 100)
    name = _one("task_name", task_name, "task_type", task_type, None)
    models = {
        file: matfile.load(file) for file in files
    }  # whatever is wrong with one is told before the search begins
    tasks = {file: _task(name, model, file) for file, model in models.items()}
    settings = {
        "grid": grid,
        "n_trials": check_count("n_trials", n),
        "threads": (os.cpu_count() or 1) if parallel else 1,
    }
    found = {
        file.name: _search(file, models[file], tasks[file], **settings, seed=new_seed(seed))
        for file in files
    }
    print(summary(found))  # documented scripts do not look at what is returned
    return found if model_dir is not None else found[files[0].name]


def _one(name: str, value, other_name: str, other, default):
    if value is not None and other is not None:
        raise ValueError(f"lambda_grid_search: expected {name} or {other_name}, got both")
    return next((v for v in (value, other) if v is not None), default)


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
    files = sorted(
        file for file in Path(model_dir).glob("*.mat") if not file.name.endswith(CONVERTED)
    )
    if not files:
        raise ValueError(f"model_dir: no .mat file in {model_dir}")
    return files


def converted_path(file: Path) -> Path:
    """Where the search writes the model with its factor."""
    return file.with_name(file.stem + CONVERTED)


def _grid(scaling_factors, scaling_range) -> tuple[float, ...]:
    if scaling_factors is not None and scaling_range is not None:
        raise ValueError("lambda_grid_search: expected scaling_factors or scaling_range, got both")
    if scaling_range is not None:
        if np.size(scaling_range) != 2:
            raise ValueError(f"scaling_range: expected (start, end), got {scaling_range!r}")
        scaling_factors = np.arange(*scaling_range, STEP)
    factors = (
        SearchConfig().scaling_factors
        if scaling_factors is None
        else tuple(float(f) for f in np.ravel(scaling_factors))
    )
    return SearchConfig(scaling_factors=factors).scaling_factors


def _search(
    file: Path, model, task, *, grid: Sequence[float], n_trials: int, threads: int, seed: int
) -> GridSearch:
    simulation = conversion.Simulation(task, seed, threads=threads)

    def accuracy(factor: float, purpose: str) -> float:
        trials = conversion.score_network(
            simulation._replace(purpose=purpose), model, file.stem, factor, n_trials
        )
        return float(trials["correct"].mean())

    accuracies = []
    for factor in grid:
        accuracies.append(accuracy(factor, "search"))
        log.info(
            "%s: 1/lambda = %g: %.1f %% of %d trials correct",
            file.name,
            factor,
            100 * accuracies[-1],
            n_trials,
        )
    choice = conversion.choose_factor(grid, accuracies)
    if choice.on_edge:
        log.warning(
            "%s: the best factor %g lies on the edge of the grid; a wider one may have a better",
            file.name,
            choice[0],
        )
    held_out, target = accuracy(choice.scaling_factor, "held out"), converted_path(file)
    written = {
        "opt_scaling_factor": choice.scaling_factor,
        "all_perfs": accuracies,
        "scaling_factors": grid,
    }
    matfile.save_converted(target, file, **written, held_out=held_out)
    return GridSearch(
        choice.scaling_factor, np.array(grid), np.array(accuracies), held_out, str(target)
    )


def _task(task_name: str | None, model, file: Path):
    name = task_name or BY_INPUTS.get(model.n_inputs)
    if name is None:
        raise ValueError(f"{file}: no task has its {model.n_inputs} inputs; pass task_name")
    task = getattr(SpikingTaskFactory.create_task(name), "task", None)
    if not isinstance(task, Task):
        raise ValueError(
            f"task_name: {name!r} is a task of your own: its class has no published scoring to search with"
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


def summary(found: Mapping[str, GridSearch]) -> str:
    """A line for each model."""
    return "\n".join(
        f"{name}: best 1/lambda = {s.scaling_factor:g}, {100 * s.accuracies.max():.1f} % correct in the search, "
        f"{100 * s.held_out_accuracy:.1f} % on fresh trials; written to {s.converted}"
        for name, s in found.items()
    )
