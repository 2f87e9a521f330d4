"""Tasks under the published names: trials for a spiking network, and its score. The tasks are those
of `rate2spike.tasks`."""

from __future__ import annotations

import importlib.util
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rate.tasks import GoNogoTask, ManteTask, XORTask, task_key
from rate.utils import new_seed
from rate2spike import streams
from rate2spike.analysis import statistics
from rate2spike.rate.kernels.pick import rate_kernels
from rate2spike.tasks import HIGH, Response, Task, draw_trials, response_step, spiking_stimulus

from .arguments import settings_dict
from .networks import NO_STIMULATION, AbstractSpikingRNN


class AbstractSpikingTask(ABC):
    """A task for spiking networks.

    Parameters
    ----------
    settings : by name; the others are those of `get_default_settings`
    """

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        given = settings_dict("settings", settings) or {}
        self.settings = {**self.get_default_settings(), **given}
        self.validate_settings()

    @abstractmethod
    def get_default_settings(self) -> dict[str, Any]:
        """The settings, times in steps of 5 ms."""

    @abstractmethod
    def get_sample_trial_types(self) -> list[str]:
        """The types of trial that plots show, one trial each."""

    @abstractmethod
    def generate_stimulus(self, trial_type: str | None = None) -> tuple[np.ndarray, Any]:
        """A stimulus and its label.

        Parameters
        ----------
        trial_type : one of `get_sample_trial_types`, a random one by default

        Returns
        -------
        stimulus : (n_inputs, n_columns), a column per 5 ms
        label : what is asked
        """

    @abstractmethod
    def evaluate_performance(
        self, spiking_rnn: AbstractSpikingRNN, n_trials: int = 100
    ) -> dict[str, Any]:
        """What the network makes of trials of this task.

        Parameters
        ----------
        spiking_rnn : the network
        n_trials : number of trials

        Returns
        -------
        dict
            Numbers by name.
        """

    def create_plots_directory(self, base_dir: str | os.PathLike) -> str:
        """The folder `plots` in another one, made where it is not there."""
        folder = Path(base_dir) / "plots"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def validate_settings(self) -> None:  # noqa: B027 - a task may have nothing to check
        """Raise ValueError for settings that are missing or impossible."""


class _LibraryTask(AbstractSpikingTask):
    """One of the three tasks of the paper and its code: trials, windows and scores are those of the
    workflow."""

    rate_task: type  # its class in `rate.tasks`

    def get_default_settings(self) -> dict[str, Any]:
        """The published settings, times in steps of 5 ms."""
        return self.rate_task.default_settings()

    def validate_settings(self) -> None:
        """Raise ValueError for settings that are missing or impossible."""
        self._rate = self.rate_task(self.settings)

    @property
    def task(self) -> Task:
        """The task of the workflow."""
        return self._rate.task

    def get_sample_trial_types(self) -> list[str]:
        """The types of trial."""
        return list(self.rate_task.kinds)

    def generate_stimulus(self, trial_type: str | None = None) -> tuple[np.ndarray, Any]:
        """A stimulus (n_inputs, T + 1), a column per 5 ms, the last one twice, and its label as in
        `rate.tasks`."""
        stimulus, label = self._rate.generate_stimulus(trial_type)
        return spiking_stimulus(stimulus), label

    def evaluate_trial(
        self, spiking_rnn: AbstractSpikingRNN, stimulus: np.ndarray, label: Any
    ) -> dict[str, Any]:
        """What the network makes of one trial.

        Parameters
        ----------
        spiking_rnn : the network
        stimulus, label : as from `generate_stimulus`

        Returns
        -------
        dict
            stimulus, label, spikes, voltages, output and params as `simulate` gives them, and
            correct, whether the answer is right.

        Raises
        ------
        ValueError
            For a label that the task does not have, and for a network with other inputs.
        """
        codes = {published: code for code, published in self.rate_task.answers.items()}
        if label not in codes:
            there = ", ".join(map(repr, codes))
            raise ValueError(f"label: expected one of {there}, got {label!r}")
        _check_inputs(spiking_rnn, self.task)
        spikes, voltages, output, params = spiking_rnn.simulate(stimulus, NO_STIMULATION)
        window = np.ravel(output)[response_step(self.task.spiking_window_onset_ms, params["dt"]) :]
        extremes = Response(np.array([window.max()]), np.array([window.min()]))
        (correct,) = self.task.correct_spiking(np.array([codes[label]]), extremes)
        return {
            "stimulus": stimulus,
            "label": label,
            "spikes": spikes,
            "voltages": voltages,
            "output": output,
            "correct": bool(correct),
            "params": params,
        }

    def evaluate_performance(
        self, spiking_rnn: AbstractSpikingRNN, n_trials: int = 100
    ) -> dict[str, Any]:
        """What the network makes of trials of this task. np.random.seed governs trials and noise.

        Parameters
        ----------
        spiking_rnn : the network
        n_trials : number of trials

        Returns
        -------
        dict
            Accuracies between 0 and 1: overall_accuracy (published scoring), strict_accuracy (the
            output must not cross the opposite threshold either), and for each type of trial T its
            T_accuracy and T_trials. Where the network knows its rate model, output_correlation:
            mean over trials of Pearson's r between the two outputs. Go-NoGo has its response times
            besides, in s.

        Raises
        ------
        ValueError
            For a network with other inputs.
        """
        seed = new_seed()
        _check_inputs(spiking_rnn, self.task)
        numbers = range(check_count("n_trials", n_trials))
        trials = draw_trials(self.task, seed, "evaluate", (), numbers)
        responses = spiking_rnn.respond(
            spiking_stimulus(trials.stimulus), self.task.spiking_window_onset_ms, seed
        )
        extremes = Response(responses.maximum, responses.minimum)
        correct = self.task.correct_spiking(trials.label, extremes)
        strict = self.task.correct_strict(trials.label, extremes)
        performance = {
            "overall_accuracy": float(correct.mean()),
            "strict_accuracy": float(strict.mean()),
            "n_trials": n_trials,
        }
        for name, begins in self.rate_task.kinds.items():
            chosen = np.char.startswith(trials.kind, begins)
            accuracy = float(correct[chosen].mean()) if chosen.any() else np.nan
            performance[f"{name}_accuracy"] = accuracy
            performance[f"{name}_trials"] = int(chosen.sum())
        performance |= self._more(trials, responses, correct)
        model = getattr(spiking_rnn, "model", None)
        if model is not None:
            r = _output_correlation(model, trials, responses, seed=seed)
            performance["output_correlation"] = r
        return performance

    def _more(self, trials, responses, correct) -> dict[str, Any]:
        """What this task alone has."""
        return {}


def _output_correlation(model, trials, responses, *, seed: int) -> float:
    """Mean over trials of Pearson's r between the outputs of rate and spiking network, NaN where
    there is none."""
    outputs = rate_kernels().outputs(
        model,
        model.weights,
        trials.stimulus,
        stream=streams.key(seed, "evaluate rate"),
        first_trial=0,
    )
    r = statistics.correlation(responses.output[:, : outputs.shape[1]], outputs)
    return float(np.nanmean(r)) if np.isfinite(r).any() else np.nan


def check_count(name: str, value: Any) -> int:
    """The same number; raises ValueError unless it is whole and >= 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}: expected a whole number >= 1, got {value!r}")
    return int(value)


def _check_inputs(spiking_rnn: AbstractSpikingRNN, task: Task) -> None:
    model = getattr(spiking_rnn, "model", None)
    if model is not None and model.n_inputs != task.n_inputs:
        raise ValueError(
            f"the task {task.name} has {task.n_inputs} inputs, the model {model.n_inputs}; "
            "pass another task or model"
        )


class GoNogoSpikingTask(_LibraryTask):
    """Answer a pulse, withhold the answer where there is none. Settings in steps of 5 ms: T,
    stim_on, stim_dur."""

    rate_task = GoNogoTask

    def _more(self, trials, responses, correct) -> dict[str, Any]:
        """response_times: of the correct Go trials, from the onset of the pulse to the first output
        above 0.7, in s."""
        go = (trials.label == 1) & correct
        onset_s = self.task.stimulus_windows_ms[0][0] / 1000
        times = statistics.first_crossing(responses.output[go], responses.time_s, HIGH, onset_s)
        mean = float(np.nanmean(times)) if np.isfinite(times).any() else np.nan
        return {"response_times": times, "mean_response_time": mean}


class XORSpikingTask(_LibraryTask):
    """Two pulses of either sign: are they the same? Settings in steps of 5 ms: T, stim_on,
    stim_dur, delay."""

    rate_task = XORTask


class ManteSpikingTask(_LibraryTask):
    """Two noisy inputs and a context that says which to integrate. Settings in steps of 5 ms: T,
    stim_on, stim_dur."""

    rate_task = ManteTask


class SpikingTaskFactory:
    """Tasks by name: go_nogo, xor, mante, and what is registered."""

    BUILT_IN: ClassVar[dict[str, type[AbstractSpikingTask]]] = {
        "go_nogo": GoNogoSpikingTask,
        "xor": XORSpikingTask,
        "mante": ManteSpikingTask,
    }
    _registry: ClassVar[dict[str, type[AbstractSpikingTask]]] = dict(BUILT_IN)

    @classmethod
    def create_task(
        cls, task_name: str, settings: dict[str, Any] | None = None
    ) -> AbstractSpikingTask:
        """The task of that name.

        Parameters
        ----------
        task_name : however it is written, go_nogo or Go-NoGo
        settings : of the task, its defaults otherwise

        Returns
        -------
        AbstractSpikingTask
            The task.

        Raises
        ------
        ValueError
            With the names there are, and for settings that cannot be.
        """
        name = task_key(task_name)
        if name not in cls._registry:
            there = ", ".join(cls._registry)
            own = "a task of your own is added by register_task (--plugin FILE.py)"
            raise ValueError(f"task: expected one of {there}, got {task_name!r}; {own}")
        return cls._registry[name](settings)

    @classmethod
    def register_task(cls, task_name: str, task_class: type[AbstractSpikingTask]) -> None:
        """Add a task of your own.

        Parameters
        ----------
        task_name : its name, none that is built in
        task_class : a subclass of `AbstractSpikingTask`

        Raises
        ------
        ValueError
            For anything else.
        """
        if not (isinstance(task_class, type) and issubclass(task_class, AbstractSpikingTask)):
            raise ValueError(
                f"register_task: expected a subclass of AbstractSpikingTask, got {task_class!r}"
            )
        if task_key(task_name) in cls.BUILT_IN:
            raise ValueError(f"register_task: {task_name!r} is built in; choose another name")
        cls._registry[task_key(task_name)] = task_class

    @classmethod
    def list_available_tasks(cls) -> list[str]:
        """The names of all tasks."""
        return list(cls._registry)


def load_plugin(path: str | os.PathLike) -> None:
    """Run a Python file that registers tasks of its own; raises ValueError naming the file where it
    is not there."""
    path = Path(path)
    if not path.is_file() or path.suffix != ".py":
        what = "no such file" if not path.is_file() else "expected a Python file (.py)"
        raise ValueError(f"plugin: {what}: {path}")
    spec = importlib.util.spec_from_file_location(f"plugin_{path.stem}", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
