"""Evaluation of converted models under its published names: accuracies by type of trial, response
times, plots."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rate.utils import seeded

from .arguments import also_called, settings_dict
from .networks import SpikingRNN
from .plots import save_trials
from .search import model_files
from .tasks import AbstractSpikingTask, SpikingTaskFactory, check_count


@also_called(optimal_scaling_factor="scaling_factor")
def evaluate_task(
    task_name: str,
    model_dir: str | os.PathLike | None = None,
    *unnamed: Any,
    model_path: str | os.PathLike | None = None,
    scaling_factor: float | None = None,
    task_settings: Mapping[str, Any] | None = None,
    n_trials: int = 100,
    save_plots: bool = False,
    all_trial_types: bool = False,
    seed: int | None = None,
) -> dict[str, Any]:
    """Run the spiking versions of all models in a folder, or of one model, through trials of a
    task.

    Parameters
    ----------
    task_name : go_nogo, xor, mante, or a task that was registered
    model_dir : folder of .mat files, or one file; or
    model_path : one .mat file
    unnamed : nothing: a third argument is the factor in one published version and the number of
        trials in other scripts
    scaling_factor : 1/lambda, also called optimal_scaling_factor; by default the one that a grid
        search found for each model: in the converted model beside it, or in the file itself
    task_settings : of the task, its defaults otherwise
    n_trials : of each model
    save_plots : draw single trials into the folder `plots` beside the models
    all_trial_types : not here; save_plots draws a trial of each type
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
        For a task, a model or a factor that is not there or does not fit; a FileNotFoundError, too,
        where there is no such file or folder.
    TypeError
        For a third argument without its name.
    """
    if unnamed:
        raise TypeError(
            f"evaluate_task: expected task_name and model_dir, got {unnamed[0]!r} besides: "
            "write optimal_scaling_factor=, n_trials= or task_settings= before it"
        )
    if all_trial_types:
        raise ValueError("all_trial_types: not here; save_plots=True draws a trial of each type")
    settings = settings_dict("task_settings", task_settings)
    task = SpikingTaskFactory.create_task(task_name, settings)
    check_count("n_trials", n_trials)
    performances = {}
    with seeded(seed):
        for file in model_files("evaluate_task", model_path, model_dir):
            network = SpikingRNN(file, scaling_factor)
            performance = dict(task.evaluate_performance(network, n_trials=n_trials))
            performance["scaling_factor"] = network.network.scaling_factor
            if save_plots:
                performance["plots"] = _plot(task, network, file)
            performances[file.name] = performance
    first = next(iter(performances.values()))
    whole = first if len(performances) == 1 else _mean(performances.values())
    return {**whole, "models": performances}


@also_called(
    optimal_scaling_factor="scaling_factor", plot_results="save_plots", settings="task_settings"
)
def eval_go_nogo(
    model_path: str | os.PathLike | None = None,
    scaling_factor: float | None = None,
    n_trials: int = 100,
    save_plots: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """`evaluate_task` for the Go-NoGo task, with its arguments.

    Parameters
    ----------
    model_path : a .mat file, or a folder of them, as model_dir is
    scaling_factor : also called optimal_scaling_factor
    n_trials : of each model
    save_plots : also called plot_results
    more : model_dir, task_settings (also called settings), seed

    Returns
    -------
    dict
        As from `evaluate_task`.
    """
    return evaluate_task(
        "go_nogo",
        model_path=model_path,
        scaling_factor=scaling_factor,
        n_trials=n_trials,
        save_plots=save_plots,
        **more,
    )


@also_called(
    optimal_scaling_factor="scaling_factor", plot_results="save_plots", settings="task_settings"
)
def eval_xor(
    model_dir: str | os.PathLike | None = None,
    scaling_factor: float | None = None,
    task_settings: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """`evaluate_task` for the XOR task, with its arguments.

    Parameters
    ----------
    model_dir : folder of .mat files, or one file, as model_path is
    scaling_factor : also called optimal_scaling_factor
    task_settings : also called settings
    more : model_path, n_trials, save_plots (also called plot_results), seed

    Returns
    -------
    dict
        As from `evaluate_task`.
    """
    return evaluate_task(
        "xor", model_dir, scaling_factor=scaling_factor, task_settings=task_settings, **more
    )


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
