"""Tasks by name: built in, or a user's Python file that sets `TASK`, checked when it is read."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..config import ConfigError, shown
from .built_in import BUILT_IN
from .task import Response, Task, draw_trials


def load_user_task(name: str, path: str | Path) -> Task:
    """The `TASK` of a user's Python file, checked by drawing a few trials; raises ConfigError
    naming file and problem."""
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"tasks.{name}: no such file: {path}")
    spec = importlib.util.spec_from_file_location(f"user_task_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (
        Exception
    ) as error:  # the user's own code: anything can happen, all of it is told with the file's name
        raise ConfigError(
            f"tasks.{name}: {path} does not run: {type(error).__name__}: {error}"
        ) from error
    task = getattr(module, "TASK", None)
    if hasattr(task, "as_task"):  # a task of the published form, see the package `rate`
        with _telling(name, "as_task"):
            task = task.as_task(name)
    if not isinstance(task, Task):
        raise ConfigError(
            f"tasks.{name}: {path} must set TASK = rate2spike.tasks.Task(...), got {type(task).__name__}"
        )
    if task.name != name:
        raise ConfigError(
            f"tasks.{name}: {path} sets TASK.name to {task.name!r}; expected {name!r}"
        )
    _check_task(task)
    return task


def _check_task(task: Task) -> None:
    _check_windows(task)
    for key in ("n_inputs", "n_steps", "rate_window_onset"):
        if not isinstance(getattr(task, key), int):
            raise ConfigError(
                f"task {task.name}: {key}: expected a whole number, got {getattr(task, key)!r}"
            )
    if not 0 <= task.rate_window_onset < task.n_steps - 1:
        raise ConfigError(
            f"task {task.name}: rate_window_onset: expected 0..{task.n_steps - 2}, got {task.rate_window_onset}"
        )
    onset_ms = task.spiking_window_onset_ms
    if not (isinstance(onset_ms, (int, float)) and 0 < onset_ms < task.duration_ms):
        raise ConfigError(
            f"task {task.name}: spiking_window_onset_ms: expected a time inside the trial of {task.duration_ms:g} ms, "
            f"got {task.spiking_window_onset_ms!r}"
        )
    with _telling(task.name, "draw"):
        trials = draw_trials(task, 0, "check", (task.name,), range(8))
    response = Response(trials.target.max(axis=1), trials.target.min(axis=1))
    for score in ("correct_rate", "correct_spiking", "correct_strict"):
        with _telling(task.name, score):
            correct = np.asarray(getattr(task, score)(trials.label, response))
        if correct.shape != trials.label.shape or correct.dtype != bool:
            raise ConfigError(
                f"task {task.name}: {score}: expected {trials.label.shape} of bool for labels of shape {trials.label.shape}, "
                f"got {correct.shape} of {correct.dtype}"
            )


@contextmanager
def _telling(name: str, function: str) -> Iterator[None]:
    """Whatever the user's function raises is told with its name and the task's."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:  # the user's own code: anything can happen
        raise ConfigError(
            f"task {name}: {function} fails: {type(error).__name__}: {error}"
        ) from error


def _check_windows(task: Task) -> None:
    windows = task.stimulus_windows_ms
    ok = isinstance(windows, tuple | list) and all(
        isinstance(w, tuple | list) and len(w) == 2 for w in windows
    )
    if not (ok and all(0 <= start < stop for start, stop in windows)):
        raise ConfigError(
            f"task {task.name}: stimulus_windows_ms: expected pairs as in ((100, 250),), got {windows!r}"
        )


def find_task(
    name: str, user_tasks: Mapping[str, str | Path] | None = None, key: str = "task"
) -> Task:
    """The built-in task or the user's task of that name; raises ConfigError naming `key` of the
    config and what there is."""
    user_tasks = user_tasks or {}
    if name in user_tasks and name in BUILT_IN:
        raise ConfigError(f"tasks.{name}: a task of this name is built in; choose another name")
    if name in user_tasks:
        return load_user_task(name, user_tasks[name])
    if name not in BUILT_IN:
        raise ConfigError(
            f"{key}: unknown task {shown(name)}; there are {', '.join([*BUILT_IN, *user_tasks])}"
        )
    return BUILT_IN[name]
