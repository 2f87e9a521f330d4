"""Evaluation of converted models under its published names: accuracies by type of trial, response
times, plots."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rate.utils import seeded
from rate2spike import matfile

from .networks import SpikingRNN, chosen_factor
from .plots import save_trials
from .search import converted_path, model_files
from .tasks import AbstractSpikingTask, SpikingTaskFactory, check_count


def evaluate_task(
    task_name: str,
    model_dir: str | os.PathLike | None = None,
    n_trials: int = 100,
    save_plots: bool = False,
    *,
    model_path: str | os.PathLike | None = None,
    scaling_factor: float | None = None,
    task_settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Run the spiking versions of all models in a folder, or of one model, through trials of a
    task.

    Parameters
    ----------
    task_name : go_nogo, xor, mante, or a task that was registered
    model_dir : folder of .mat files; or
    model_path : one .mat file
    n_trials : of each model
    save_plots : draw single trials into the folder `plots` beside the models
    scaling_factor : 1/lambda; by default the one that a grid search found for each model: in the
        file itself, or in the converted model beside it
    task_settings : of the task, its defaults otherwise
    seed : what the task and the networks draw from np.random follows from it

    Returns
    -------
    dict
        What the task's `evaluate_performance` says of the model; of several the mean of each
        number, and all of them by file name under "models". With plots, their files are under
        "plots".

    Raises
    ------
    ValueError
        For a task, a model or a factor that is not there or does not fit.
    """
    settings = dict(task_settings) if task_settings else None
    task = SpikingTaskFactory.create_task(task_name, settings)
    check_count("n_trials", n_trials)
    performances = {}
    with seeded(seed):
        for file in model_files("evaluate_task", model_path, model_dir):
            network = SpikingRNN(file, _factor(file) if scaling_factor is None else scaling_factor)
            performance = dict(task.evaluate_performance(network, n_trials=n_trials))
            performance["scaling_factor"] = network.network.scaling_factor
            if save_plots:
                performance["plots"] = _plot(task, network, file)
            performances[file.name] = performance
    first = next(iter(performances.values()))
    whole = first if len(performances) == 1 else _mean(performances.values())
    return {**whole, "models": performances}


def eval_go_nogo(
    model_path: str | os.PathLike,
    scaling_factor: float | None = None,
    n_trials: int = 100,
    plot_results: bool = False,
    *,
    seed: int | None = None,
) -> dict[str, Any]:
    """`evaluate_task` for one model and the Go-NoGo task.

    Parameters
    ----------
    model_path : a .mat file
    scaling_factor : 1/lambda; by default the one that a grid search found
    n_trials : number of trials
    plot_results : draw single trials
    seed : same seed, same trials

    Returns
    -------
    dict
        As from `evaluate_task`.
    """
    return evaluate_task(
        "go_nogo",
        model_path=model_path,
        n_trials=n_trials,
        save_plots=plot_results,
        scaling_factor=scaling_factor,
        seed=seed,
    )


def _factor(file: Path) -> float:
    """The factor in the file itself, or in the converted model beside it, which must be of this
    very network."""
    converted = converted_path(file)
    values = matfile.read(file)
    if "opt_scaling_factor" in values or not converted.is_file():
        return chosen_factor(file)
    if not np.array_equal(matfile.read(converted)["w"], values["w"]):
        raise ValueError(
            f"{converted}: made from another {file.name}; "
            "run lambda_grid_search again, or pass scaling_factor="
        )
    return chosen_factor(converted)


def _mean(performances: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean over models of each number; what is not a number stands under the models alone."""
    numbers = [_numbers(performance) for performance in performances]
    means = {}
    for key in numbers[0]:
        values = np.array([n.get(key, np.nan) for n in numbers], dtype=float)
        means[key] = float(np.nanmean(values)) if np.isfinite(values).any() else np.nan
    return means


def _numbers(performance: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of one model but its factor: each model has its own."""
    numbers = {}
    for key, value in performance.items():
        if isinstance(value, int | float | np.number) and key != "scaling_factor":
            numbers[key] = value
    return numbers


def _plot(task: AbstractSpikingTask, network: SpikingRNN, file: Path) -> str:
    """Draw single trials of the model in the folder beside it; returns the path."""
    target = file.parent / "plots" / f"{file.stem}.png"
    target.parent.mkdir(exist_ok=True)
    save_trials(task, network, target)
    return str(target)


def in_words(performance: Mapping[str, Any]) -> str:
    """A line for each number of a performance, as the command line prints it."""
    lines = []
    for name, value in performance.items():
        if isinstance(value, bool | int | float | str | np.number):
            shown = f"{value:.3f}" if isinstance(value, float | np.floating) else value
            unit = " s" if name.endswith("time") else ""
            lines.append(f"{name.replace('_', ' ')}: {shown}{unit}")
    return "\n".join(lines)
