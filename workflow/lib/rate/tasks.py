"""The published task classes.

A user's own is a subclass of `AbstractTask`; the built-in ones stand over `rate2spike.tasks`.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from rate2spike import tasks
from rate2spike.config import ConfigError
from rate2spike.tasks import HIGH, SIGNS, Task

from .own_task import library_task
from .utils import new_seed

FIXED_SEED = 42  # of a trial asked for with seed=True, as published


class AbstractTask(ABC):
    """A task made from settings; times in steps of 5 ms.

    A subclass says how its settings are checked and its trials made. To be trained by the workflow
    it needs the trial length settings['T'], draws its random numbers from np.random, and may
    define, where the defaults do not fit: `response_onset()`, the first step that is scored;
    `correct(labels, maximum, minimum)`, which trials are right (n_trials,) given labels and
    extremes of the output in the response window; `trial_kind(stimulus, label)`, the kind of trial
    in words.
    """

    def __init__(self, settings: Mapping[str, Any]):
        self.settings = settings
        self.validate_settings()

    @abstractmethod
    def validate_settings(self) -> None:
        """Raise ValueError where a setting is missing or cannot be used."""

    @abstractmethod
    def generate_stimulus(
        self, trial_type: str | None = None, seed: bool | int = False
    ) -> tuple[np.ndarray, Any]:
        """Stimulus (n_inputs, T) and label of one trial."""

    @abstractmethod
    def generate_target(self, label: Any, seed: bool | int = False) -> np.ndarray:
        """Target (T - 1,) or (T,) of a trial with this label.

        Target i belongs to output i, read at step i + 1.
        """

    def simulate_trial(
        self, trial_type: str | None = None, seed: bool | int = False
    ) -> tuple[np.ndarray, np.ndarray, Any]:
        """Stimulus (n_inputs, T), target and label of one trial."""
        stimulus, label = self.generate_stimulus(trial_type=trial_type, seed=seed)
        return stimulus, self.generate_target(label, seed=seed), label

    def as_task(self, name: str) -> Task:
        """This task as the library's `Task`.

        For a task file of the workflow that sets `TASK = MyTask(settings)`.
        """
        return library_task(self, name)


class _LibraryTask(AbstractTask):
    """A built-in task: the library makes the trials, here are only the published words for them."""

    make: ClassVar[Callable[..., Task]]
    # published setting -> argument of `make`
    arguments: ClassVar[dict[str, str]] = {"T": "n_steps", "stim_on": "on", "stim_dur": "duration"}
    answers: ClassVar[dict[int, Any]]  # label of the library -> published label
    kinds: ClassVar[dict[str, str]]  # trial type -> beginning of the library's words for it

    @classmethod
    def default_settings(cls) -> dict[str, int]:
        """The timing of the paper (XOR: of the published code)."""
        parameters = inspect.signature(cls.make).parameters
        timing = {key: parameters[argument].default for key, argument in cls.arguments.items()}
        return timing | {"DeltaT": 1}

    @property
    def task(self) -> Task:
        """The library's task with this timing.

        Raises ValueError naming the setting that is missing or impossible.
        """
        timing = {argument: self._steps(key) for key, argument in self.arguments.items()}
        if self.settings.get("DeltaT", 1) != 1:
            raise ValueError(
                "settings['DeltaT']: expected 1, a task's steps being 5 ms, "
                f"got {self.settings['DeltaT']!r}"
            )
        self._check_scoring()
        try:
            return type(self).make(**timing)
        except ConfigError as error:
            got = ", ".join(f"{key}={self.settings[key]}" for key in self.arguments)
            raise ValueError(f"settings['T']: the trial is too short for {got}: {error}") from None

    def _check_scoring(self) -> None:
        """Raise ValueError where a published setting asks for another scoring than the paper's."""
        threshold = self.settings.get("eval_amp_thresh", HIGH)
        if threshold != HIGH:
            raise ValueError(
                f"settings['eval_amp_thresh']: expected {HIGH:g}, the threshold of the paper, "
                f"got {threshold!r}; score the outputs yourself for another"
            )
        if "eval_end" in self.settings:
            raise ValueError(
                "settings['eval_end']: expected no such setting, the response window is the "
                f"task's, got {self.settings['eval_end']!r}"
            )

    def _steps(self, key: str) -> int:
        """A setting of the timing, checked."""
        least = 1 if key == "stim_dur" else 0
        expected = f"a whole number of steps of 5 ms >= {least}"
        if not isinstance(self.settings, Mapping):
            example = self.default_settings()
            raise ValueError(f"settings: expected a dict such as {example}, got {self.settings!r}")
        if key not in self.settings:
            example = self.default_settings()
            raise ValueError(
                f"settings['{key}'] is missing: expected {expected}; a complete dict is {example}"
            )
        value = self.settings[key]
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"settings['{key}']: expected {expected}, got {value!r}")
        return int(value)

    def validate_settings(self) -> None:
        """Raise ValueError naming the setting that is missing or impossible."""
        _ = self.task

    def generate_stimulus(
        self, trial_type: str | None = None, seed: bool | int = False
    ) -> tuple[np.ndarray, Any]:
        """Stimulus (n_inputs, T) and label of one trial.

        Parameters
        ----------
        trial_type : the type of the trial; any where None
        seed : False, a new trial each time, governed by np.random.seed; True, always the same; or
            a whole number
        """
        if trial_type is not None and trial_type not in self.kinds:
            raise ValueError(
                f"trial_type: expected one of {', '.join(self.kinds)}, or None, got {trial_type!r}"
            )
        begins = self.kinds.get(trial_type, "")
        rng = _generator(seed)
        task = self.task
        trial = task.draw(rng)
        while not trial.kind.startswith(begins):
            trial = task.draw(rng)
        return trial.stimulus, self.answers[trial.label]

    def generate_target(self, label: Any, seed: bool | int = False) -> np.ndarray:
        """Target (T - 1,) of a trial with this label; nothing about it is random."""
        labels = list(self.answers.values())
        if label not in labels:
            raise ValueError(
                f"label: expected one of {', '.join(map(repr, labels))}, got {label!r}"
            )
        rng = np.random.default_rng(0)
        task = self.task
        trial = task.draw(rng)
        while self.answers[trial.label] != label:
            trial = task.draw(rng)
        return trial.target[:-1]

    def as_task(self, name: str) -> Task:
        """The library's task under the name `name`.

        Of a subclass that makes its own trials, those.
        """
        makers = ("generate_stimulus", "generate_target", "simulate_trial")
        if any(getattr(type(self), maker) is not getattr(_LibraryTask, maker) for maker in makers):
            return super().as_task(name)
        return replace(self.task, name=name)


class GoNogoTask(_LibraryTask):
    """Answer a pulse, withhold the answer where there is none.

    Label 1 or 0; trial types 'go' and 'nogo'.
    """

    make = staticmethod(tasks.go_nogo)
    answers: ClassVar = {1: 1, 0: 0}
    kinds: ClassVar = {"go": "Go", "nogo": "NoGo"}


class XORTask(_LibraryTask):
    """Two pulses of either sign, a delay between them.

    Label 'same' or 'diff'; trial types '++', '+-', '-+', '--'.
    """

    make = staticmethod(tasks.xor)
    arguments: ClassVar = {**_LibraryTask.arguments, "delay": "delay"}
    answers: ClassVar = {1: "same", -1: "diff"}
    kinds: ClassVar = {
        "++": f"{SIGNS[1]} {SIGNS[1]}",
        "+-": f"{SIGNS[1]} {SIGNS[-1]}",
        "-+": f"{SIGNS[-1]} {SIGNS[1]}",
        "--": f"{SIGNS[-1]} {SIGNS[-1]}",
    }


class ManteTask(_LibraryTask):
    """Two noisy inputs and a context that says which to integrate.

    Label 1 or -1; trial types 'motion' and 'color'. Four input channels: motion, color, and one for
    each of these contexts.
    """

    make = staticmethod(tasks.integration)
    answers: ClassVar = {1: 1, -1: -1}
    # context 1 integrates motion, says the documentation
    kinds: ClassVar = {"motion": "context 1", "color": "context 2"}


def _generator(seed: bool | int | None) -> np.random.Generator:
    if isinstance(seed, bool | np.bool_):
        seed = FIXED_SEED if seed else None
    return np.random.default_rng(new_seed(seed))


def task_key(name: str) -> str:
    """How a task is registered, whatever the case, hyphens or spaces of `name`.

    'Go-NoGo' is 'go_nogo'.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"task name: expected a string such as 'go_nogo', got {name!r}")
    return name.strip().lower().replace("-", "_").replace(" ", "_")


BUILT_IN = {"go_nogo": GoNogoTask, "xor": XORTask, "mante": ManteTask}


class TaskFactory:
    """Tasks by name: the built-in ones and those a user registers."""

    _registry: ClassVar[dict[str, type[AbstractTask]]] = dict(BUILT_IN)

    @classmethod
    def create_task(cls, task_name: str, settings: Mapping[str, Any]) -> AbstractTask:
        """The task of that name with these settings.

        Raises ValueError naming the tasks there are.
        """
        key = task_key(task_name)
        if key not in cls._registry:
            raise ValueError(
                f"task name: expected one of {', '.join(cls._registry)}, got {task_name!r}"
            )
        return cls._registry[key](settings)

    @classmethod
    def register_task(cls, task_name: str, task_class: type[AbstractTask]) -> None:
        """Make a user's class known by a name; registered again, the name means the new class."""
        if not (isinstance(task_class, type) and issubclass(task_class, AbstractTask)):
            raise ValueError(
                f"task class: expected a subclass of rate.tasks.AbstractTask, got {task_class!r}"
            )
        key = task_key(task_name)
        if key in BUILT_IN:
            raise ValueError(f"task name: {key!r} is built in; choose another name")
        cls._registry[key] = task_class

    @classmethod
    def list_available_tasks(cls) -> list[str]:
        """The names there are."""
        return list(cls._registry)
