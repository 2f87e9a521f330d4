"""Single trials scored as 1 or 0, under their published names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from rate.tasks import GoNogoTask, ManteTask, XORTask, task_key
from rate2spike.conversion import check_factor

from .arguments import factor_of, settings_dict
from .chosen_factor import chosen
from .networks import SpikingRNN
from .search import model_files
from .tasks import GoNogoSpikingTask, ManteSpikingTask, SpikingTaskFactory, XORSpikingTask


class LIFNetworkAdapter(SpikingRNN):
    """`SpikingRNN` by the name that some published scripts use."""


class _Evaluator:
    """A task that scores single trials."""

    spiking_task: ClassVar[type]

    def evaluate_single_trial(
        self,
        model_path: str | os.PathLike,
        scaling_factor: float,
        model_data: Mapping[str, Any] | None = None,
    ) -> int:
        """One trial of any type: 1 if the answer is right, else 0.

        Parameters
        ----------
        model_path : a .mat file
        scaling_factor : 1/lambda
        model_data : the dict of the file's keys, where it was read before
        """
        network = SpikingRNN(model_path if model_data is None else model_data, scaling_factor)
        return _one_trial(self.spiking_task(self.settings), network)


class GoNogoSpikingEvaluator(_Evaluator, GoNogoTask):
    """Single Go-NoGo trials."""

    spiking_task = GoNogoSpikingTask


class XORSpikingEvaluator(_Evaluator, XORTask):
    """Single XOR trials."""

    spiking_task = XORSpikingTask


class ManteSpikingEvaluator(_Evaluator, ManteTask):
    """Single trials of context-dependent integration."""

    spiking_task = ManteSpikingTask


class SpikingEvaluatorFactory:
    """Evaluators by the name of their task: go_nogo, xor, mante."""

    _registry: ClassVar[dict[str, type]] = {
        "go_nogo": GoNogoSpikingEvaluator,
        "xor": XORSpikingEvaluator,
        "mante": ManteSpikingEvaluator,
    }

    @classmethod
    def create_evaluator(cls, task_name: str, settings: Mapping[str, Any]) -> Any:
        """The evaluator of that task; raises ValueError with the names there are."""
        name = task_key(task_name)
        if name not in cls._registry:
            raise ValueError(f"task: expected one of {', '.join(cls._registry)}, got {task_name!r}")
        return cls._registry[name](settings)

    @classmethod
    def list_available_tasks(cls) -> list[str]:
        """The names there are."""
        return list(cls._registry)


def evaluate_single_trial(
    task_name: str,
    model_path: str | os.PathLike,
    scaling_factor: float,
    settings: Mapping[str, Any] | None = None,
    model_data: Mapping[str, Any] | None = None,
) -> int:
    """One trial of a task: 1 if the answer is right, else 0. np.random.seed governs it.

    Parameters
    ----------
    task_name : go_nogo, xor, mante, or a task that was registered
    model_path : a .mat file
    scaling_factor : 1/lambda
    settings : of the task, its defaults otherwise
    model_data : the dict of the file's keys, where it was read before

    Raises
    ------
    ValueError
        For what does not fit: a trial that cannot be run is no wrong answer.
    """
    task = SpikingTaskFactory.create_task(task_name, settings_dict("settings", settings))
    network = SpikingRNN(model_path if model_data is None else model_data, scaling_factor)
    return _one_trial(task, network)


def _one_trial(task: Any, network: SpikingRNN) -> int:
    return int(task.evaluate_performance(network, n_trials=1)["overall_accuracy"] == 1)


def load_model_and_scaling_factor(
    model_path: str | os.PathLike, optimal_scaling_factor: float | None = None
) -> tuple[str, float]:
    """A model's file, and the factor that is passed or that a search found for it.

    Parameters
    ----------
    model_path : a .mat file, or a folder of one
    optimal_scaling_factor : 1/lambda

    Raises
    ------
    ValueError
        Where there are several models, or no factor that can be one.
    """
    files = model_files("load_model_and_scaling_factor", model_path, None)
    if len(files) > 1:
        raise ValueError(f"{model_path}: expected one .mat file, got {len(files)}; pass one")
    if optimal_scaling_factor is None:
        return str(files[0]), chosen(files[0]).scaling_factor
    factor = factor_of(optimal_scaling_factor)
    check_factor(factor)
    return str(files[0]), float(factor)
