"""Tasks by name: built in, or a user's Python file that sets `TASK`, checked when it is read."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..config import ConfigError, shown
from .built_in import BUILT_IN
from .task import Response, Task, Trials, draw_trials

DRAWN = 20  # trials that are drawn when a task is read, each of them twice


def load_user_task(name: str, path: str | Path) -> Task:
    """The `TASK` of a user's Python file, checked by drawing a few trials.

    Parameters
    ----------
    name : of the task, in the config and in the file
    path : the Python file; it sets TASK to a `Task`, or to a task of the published form (see the
        package `rate`)

    Raises
    ------
    ConfigError
        naming the file and the problem
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(
            f"tasks.{name}: no such file: {path} (seen from where snakemake is started, "
            "or from --directory)"
        )
    spec = importlib.util.spec_from_file_location(f"user_task_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    # the user's own code: anything can happen, and all of it is reported with the file's name
    except Exception as error:
        raise ConfigError(
            f"tasks.{name}: {path} does not run: {type(error).__name__}: {error}"
        ) from error
    task = getattr(module, "TASK", None)
    if hasattr(task, "as_task"):  # a task of the published form, see the package `rate`
        with _in_file(path), _named_errors(name, "as_task"):
            task = task.as_task(name)
    if not isinstance(task, Task):
        raise ConfigError(
            f"tasks.{name}: {path} must set TASK = rate2spike.tasks.Task(...), "
            f"got {type(task).__name__}"
        )
    if task.name != name:
        raise ConfigError(
            f"tasks.{name}: {path} sets TASK.name to {task.name!r}; expected {name!r}"
        )
    with _in_file(path):
        _check_task(task)
    return task


def _check_task(task: Task) -> None:
    """Raise ConfigError naming what is wrong with the user's task."""
    _check_windows(task)
    _check_times(task)
    trials = _drawn(task, range(DRAWN))
    _check_repeatable(task, trials)
    _check_scores(task, trials)


def _drawn(task: Task, numbers) -> Trials:
    with _named_errors(task.name, "draw"):
        return draw_trials(task, 0, "check", (task.name,), numbers)


def _check_repeatable(task: Task, trials: Trials) -> None:
    """Draw the trials once more, the last first: each must be what it was."""
    again = _drawn(task, range(DRAWN)[::-1])
    for name, first, second in zip(Trials._fields, trials, again, strict=True):
        if not np.array_equal(first, second[::-1]):
            raise ConfigError(
                f"task {task.name}: draw: two trials of one seed differ in their {name}, "
                "so a study could not be repeated: draw every random number from the generator "
                "that draw(rng) is given (not from np.random, random or torch), "
                "and let no trial depend on those before it or on the time"
            )


def _check_times(task: Task) -> None:
    for key in ("n_inputs", "n_steps", "rate_window_onset"):
        if not isinstance(getattr(task, key), int):
            raise ConfigError(
                f"task {task.name}: {key}: expected a whole number, got {getattr(task, key)!r}"
            )
    if not 0 <= task.rate_window_onset < task.n_steps - 1:
        raise ConfigError(
            f"task {task.name}: rate_window_onset: expected 0..{task.n_steps - 2}, "
            f"got {task.rate_window_onset}"
        )
    onset_ms = task.spiking_window_onset_ms
    if not (isinstance(onset_ms, (int, float)) and 0 < onset_ms < task.duration_ms):
        raise ConfigError(
            f"task {task.name}: spiking_window_onset_ms: expected a time inside the trial of "
            f"{task.duration_ms:g} ms, got {task.spiking_window_onset_ms!r}"
        )


def _check_scores(task: Task, trials: Trials) -> None:
    """Score the targets as if they were outputs; then each alone, the last first."""
    response = Response(trials.target.max(axis=1), trials.target.min(axis=1))
    for score in ("correct_rate", "correct_spiking", "correct_strict"):
        correct = _scored(task, score, trials.label, response)
        shape = trials.label.shape
        if correct.shape != shape or correct.dtype != bool:
            raise ConfigError(
                f"task {task.name}: {score}: expected {shape} of bool for labels of shape {shape}, "
                f"got {correct.shape} of {correct.dtype}"
            )
        for i in range(DRAWN)[::-1]:
            one = slice(i, i + 1)
            alone = Response(response.maximum[one], response.minimum[one])
            if not np.array_equal(_scored(task, score, trials.label[one], alone), correct[one]):
                raise ConfigError(
                    f"task {task.name}: {score}: a trial is scored otherwise beside other trials "
                    "than alone; let its score follow from its own label and output"
                )


def _scored(task: Task, score: str, label: np.ndarray, response: Response) -> np.ndarray:
    """What the task's function of that name says; raises ConfigError where it fails or writes into
    what it is given."""
    own = label.copy(), Response(response.maximum.copy(), response.minimum.copy())
    with _named_errors(task.name, score):
        correct = np.array(getattr(task, score)(*own))
    for before, after in zip((label, *response), (own[0], *own[1]), strict=True):
        if not np.array_equal(before, after):
            raise ConfigError(
                f"task {task.name}: {score}: changes the labels or the output that it is given; "
                "let it work on copies"
            )
    return correct


@contextmanager
def _in_file(path: Path) -> Iterator[None]:
    """A ConfigError says in which file."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


@contextmanager
def _named_errors(name: str, function: str) -> Iterator[None]:
    """Whatever the user's function raises becomes a ConfigError with its name and the task's."""
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
    pairs = isinstance(windows, tuple | list) and all(
        isinstance(window, tuple | list) and len(window) == 2 for window in windows
    )
    if not (pairs and all(0 <= start < stop for start, stop in windows)):
        raise ConfigError(
            f"task {task.name}: stimulus_windows_ms: expected pairs as in ((100, 250),), "
            f"got {windows!r}"
        )


def find_task(
    name: str, user_tasks: Mapping[str, str | Path] | None = None, key: str = "task"
) -> Task:
    """The built-in task or the user's task of that name.

    Parameters
    ----------
    name : of the task
    user_tasks : name -> Python file, the config's `tasks`
    key : the setting that names the task, for the message

    Raises
    ------
    ConfigError
        naming `key` and the tasks there are, or what is wrong with the user's file
    """
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
