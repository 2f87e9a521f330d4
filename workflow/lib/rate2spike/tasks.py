"""Tasks: stimulus, target and scoring, defined once for the rate and the spiking network.

Go-NoGo and context-dependent integration are those of the paper (Methods), XOR that of the published code. Time runs in steps
of 5 ms. A user's own task is a Python file that sets `TASK = Task(...)` in the same way; see config/README.md.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import streams
from .config import RATE_STEP_MS, ConfigError, require, shown

HIGH, LOW = 0.7, 0.3  # output thresholds of the published scoring


class Trial(NamedTuple):
    """One trial: stimulus (n_inputs, n_steps), target (n_steps,), label (a key of `Task.labels`), kind of trial in words."""

    stimulus: np.ndarray
    target: np.ndarray
    label: int
    kind: str


class Trials(NamedTuple):
    """Stacked trials: stimulus (n_trials, n_inputs, n_steps), target (n_trials, n_steps), label and kind (n_trials,)."""

    stimulus: np.ndarray
    target: np.ndarray
    label: np.ndarray
    kind: np.ndarray


class Response(NamedTuple):
    """Extremes of the output in the response window, (n_trials,) each."""

    maximum: np.ndarray
    minimum: np.ndarray


Score = Callable[[np.ndarray, Response], np.ndarray]  # (labels, response) -> correct (n_trials,) bool


@dataclass(frozen=True)
class Task:
    """A task. The two response windows last to the end of the trial; scores see the extremes of the output inside them."""

    name: str
    n_inputs: int
    n_steps: int  # trial length in steps of 5 ms
    labels: Mapping[int, str]  # label -> what it is called; the first is drawn dark in figures
    draw: Callable[[np.random.Generator], Trial]
    rate_window_onset: int  # index of the first scored output of the rate network (output i belongs to step i + 1)
    spiking_window_onset_ms: float
    correct_rate: Score  # published scoring of the rate network
    correct_spiking: Score  # published scoring of the spiking network
    correct_strict: Score  # the output must not also cross the opposite threshold
    stimulus_windows_ms: tuple[tuple[float, float], ...] = ()  # shaded in figures

    @property
    def duration_ms(self) -> float:
        return self.n_steps * RATE_STEP_MS


def draw_trials(task: Task, study_seed: int, purpose: str, words: tuple, numbers) -> Trials:
    """Draw the trials with the given numbers, each from its own stream; raises ConfigError when one does not fit the task."""
    n = len(numbers)
    stimulus, target = np.empty((n, task.n_inputs, task.n_steps), np.float32), np.empty((n, task.n_steps), np.float32)
    labels, kinds = np.empty(n, np.int64), []
    for i, rng in enumerate(streams.generators(study_seed, purpose, words, map(int, numbers))):
        trial = task.draw(rng)
        _check_trial(task, trial)
        stimulus[i], target[i], labels[i] = trial.stimulus, trial.target, trial.label
        kinds.append(trial.kind)
    for name, array in (("stimulus", stimulus), ("target", target)):
        if not np.isfinite(array).all():
            raise ConfigError(f"task {task.name}: {name}: expected finite numbers, got NaN or infinity")
    return Trials(stimulus, target, labels, np.array(kinds, dtype=str))


def _check_trial(task: Task, trial: Trial) -> None:
    if not isinstance(trial, Trial):
        raise ConfigError(f"task {task.name}: draw: expected a rate2spike.tasks.Trial, got {type(trial).__name__}")
    for name, array, shape in (
        ("stimulus", trial.stimulus, (task.n_inputs, task.n_steps)),
        ("target", trial.target, (task.n_steps,)),
    ):
        if np.shape(array) != shape:
            raise ConfigError(f"task {task.name}: {name}: expected shape {shape}, got {np.shape(array)}")
    if trial.label not in list(task.labels):
        raise ConfigError(f"task {task.name}: label: expected one of {', '.join(map(str, task.labels))}, got {trial.label!r}")


def rate_response(task: Task, outputs: np.ndarray) -> Response:
    """Extremes of the rate network's outputs (n_trials, n_steps - 1) in its response window."""
    window = outputs[:, task.rate_window_onset :]
    return Response(window.max(axis=1), window.min(axis=1))


def first_response_step(task: Task, dt_s: float) -> int:
    """0-based index of the first spiking step in the response window, as in out(10000:end) for 0.5 s (published code)."""
    return response_step(task.spiking_window_onset_ms, dt_s)


def response_step(onset_ms: float, dt_s: float) -> int:
    """0-based index of the step that ends at a time."""
    return round(onset_ms / 1000 / dt_s) - 1


def spiking_stimulus(stimulus: np.ndarray) -> np.ndarray:
    """The same trial for the spiking network, which reads one column more: (..., n_steps + 1), the last column repeated."""
    return np.concatenate([stimulus, stimulus[..., -1:]], axis=-1)


# Go-NoGo ----------------------------------------------------------------------------------------------------------------


def go_nogo(n_steps: int = 200, on: int = 50, duration: int = 25) -> Task:
    """Answer a pulse, withhold the answer where there is none (paper, Methods). Times in steps of 5 ms: length of the trial,
    onset and duration of the pulse; the windows and the target follow its end."""
    off = _end("go-nogo", n_steps, on, duration)

    def draw(rng: np.random.Generator) -> Trial:
        go = int(rng.random() < 0.5)
        stimulus, target = np.zeros((1, n_steps)), np.zeros(n_steps)
        stimulus[0, on:off] = go
        target[off:] = go
        return Trial(stimulus, target, go, "Go" if go else "NoGo")

    return Task(
        name="go-nogo",
        n_inputs=1,
        n_steps=n_steps,
        labels={1: "Go", 0: "NoGo"},
        draw=draw,
        rate_window_onset=off,
        spiking_window_onset_ms=_ms(off + 25),  # 0.5 s, that is out(10000:end) in the published code
        correct_rate=_go_nogo_rate,
        correct_spiking=_go_nogo_spiking,
        correct_strict=_go_nogo_strict,
        stimulus_windows_ms=((_ms(on), _ms(off)),),
    )


def _end(name: str, n_steps: int, on: int, *parts: int, after: int = 26) -> int:
    """The step at which the last stimulus ends; raises ConfigError unless `after` steps are left for the answer."""
    times = (n_steps, on, *parts)
    whole = all(isinstance(t, int | np.integer) and not isinstance(t, bool) and t >= 0 for t in times)
    require(whole, f"task {name}: timing", "whole numbers of steps >= 0", times)
    off = on + sum(parts)
    require(
        off + after < n_steps,
        f"task {name}: n_steps",
        f"more than {off + after} steps, the last stimulus ending at {off}",
        n_steps,
    )
    return off


def _ms(steps: int) -> float:
    return steps * RATE_STEP_MS


def _go_nogo_rate(label: np.ndarray, o: Response) -> np.ndarray:
    return np.where(label == 1, o.maximum > HIGH, np.maximum(o.maximum, -o.minimum) < LOW)


def _go_nogo_spiking(label: np.ndarray, o: Response) -> np.ndarray:
    # the published search looks at max(o) in NoGo trials, not at max|o| as the training does
    return np.where(label == 1, o.maximum > HIGH, o.maximum < LOW)


def _go_nogo_strict(label: np.ndarray, o: Response) -> np.ndarray:
    return np.where(label == 1, (o.maximum > HIGH) & (o.minimum > -HIGH), np.maximum(o.maximum, -o.minimum) < LOW)


# XOR and integration: two answers of opposite sign ------------------------------------------------------------------------


def _two_choice(label: np.ndarray, o: Response) -> np.ndarray:
    return np.where(label == 1, o.maximum > HIGH, o.minimum < -HIGH)


def _two_choice_strict(label: np.ndarray, o: Response) -> np.ndarray:
    return np.where(label == 1, (o.maximum > HIGH) & (o.minimum > -HIGH), (o.minimum < -HIGH) & (o.maximum < HIGH))


SIGNS = {1: "+", -1: "\N{MINUS SIGN}"}


def xor(n_steps: int = 300, on: int = 50, duration: int = 50, delay: int = 10) -> Task:
    """Two pulses of either sign, a delay between them: +1 if they are the same (published code). Times in steps of 5 ms."""
    second_on = on + duration + delay
    off = _end("xor", n_steps, on, duration, delay, duration, after=41)
    answer = slice(off + 10, off + 110)  # of the target

    def draw(rng: np.random.Generator) -> Trial:
        first, second = (int(s) for s in np.where(rng.random(2) < 0.5, 1, -1))
        stimulus, target = np.zeros((2, n_steps)), np.zeros(n_steps)
        stimulus[0, on : on + duration] = first
        stimulus[1, second_on:off] = second
        target[answer] = first * second
        return Trial(stimulus, target, first * second, f"{SIGNS[first]} {SIGNS[second]}")

    return Task(
        name="xor",
        n_inputs=2,
        n_steps=n_steps,
        labels={1: "same", -1: "different"},
        draw=draw,
        rate_window_onset=off + 40,
        spiking_window_onset_ms=_ms(off + 40),
        correct_rate=_two_choice,
        correct_spiking=_two_choice,
        correct_strict=_two_choice_strict,
        stimulus_windows_ms=((_ms(on), _ms(on + duration)), (_ms(second_on), _ms(off))),
    )


INTEGRATION_OFFSET = 0.5


def integration(n_steps: int = 500, on: int = 50, duration: int = 200) -> Task:
    """Two noisy inputs and two contexts that say which to follow (paper, Methods). Times in steps of 5 ms."""
    off = _end("integration", n_steps, on, duration, after=50)

    def draw(rng: np.random.Generator) -> Trial:
        offsets = np.where(rng.random(2) < 0.5, 1, -1)
        context = int(rng.random() < 0.5)
        stimulus, target = np.zeros((4, n_steps)), np.zeros(n_steps)
        stimulus[:2, on:off] = rng.standard_normal((2, duration)) + INTEGRATION_OFFSET * offsets[:, None]
        stimulus[2 + context] = 1
        answer = int(offsets[context])
        target[off:] = answer
        return Trial(stimulus, target, answer, f"context {context + 1}: {SIGNS[int(offsets[0])]} {SIGNS[int(offsets[1])]}")

    return Task(
        name="integration",
        n_inputs=4,
        n_steps=n_steps,
        labels={1: "+", -1: "\N{MINUS SIGN}"},
        draw=draw,
        rate_window_onset=off + 49,  # the last 200 of 499 outputs in the published code
        spiking_window_onset_ms=_ms(off + 10),
        correct_rate=_two_choice,
        correct_spiking=_two_choice,
        correct_strict=_two_choice_strict,
        stimulus_windows_ms=((_ms(on), _ms(off)),),
    )


# The registry -------------------------------------------------------------------------------------------------------------

BUILT_IN = {task.name: task for task in (go_nogo(), xor(), integration())}


def load_user_task(name: str, path: str | Path) -> Task:
    """The `TASK` of a user's Python file, checked by drawing a few trials; raises ConfigError naming file and problem."""
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"tasks.{name}: no such file: {path}")
    spec = importlib.util.spec_from_file_location(f"user_task_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own code: anything can happen, all of it is told with the file's name
        raise ConfigError(f"tasks.{name}: {path} does not run: {type(error).__name__}: {error}") from error
    task = getattr(module, "TASK", None)
    if hasattr(task, "as_task"):  # a task of the published form, see the package `rate`
        with _telling(name, "as_task"):
            task = task.as_task(name)
    if not isinstance(task, Task):
        raise ConfigError(f"tasks.{name}: {path} must set TASK = rate2spike.tasks.Task(...), got {type(task).__name__}")
    if task.name != name:
        raise ConfigError(f"tasks.{name}: {path} sets TASK.name to {task.name!r}; expected {name!r}")
    _check_task(task)
    return task


def _check_task(task: Task) -> None:
    _check_windows(task)
    for key in ("n_inputs", "n_steps", "rate_window_onset"):
        if not isinstance(getattr(task, key), int):
            raise ConfigError(f"task {task.name}: {key}: expected a whole number, got {getattr(task, key)!r}")
    if not 0 <= task.rate_window_onset < task.n_steps - 1:
        raise ConfigError(f"task {task.name}: rate_window_onset: expected 0..{task.n_steps - 2}, got {task.rate_window_onset}")
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
        raise ConfigError(f"task {name}: {function} fails: {type(error).__name__}: {error}") from error


def _check_windows(task: Task) -> None:
    windows = task.stimulus_windows_ms
    ok = isinstance(windows, tuple | list) and all(isinstance(w, tuple | list) and len(w) == 2 for w in windows)
    if not (ok and all(0 <= start < stop for start, stop in windows)):
        raise ConfigError(f"task {task.name}: stimulus_windows_ms: expected pairs as in ((100, 250),), got {windows!r}")


def find_task(name: str, user_tasks: Mapping[str, str | Path] | None = None, key: str = "task") -> Task:
    """The built-in task or the user's task of that name; raises ConfigError naming `key` of the config and what there is."""
    user_tasks = user_tasks or {}
    if name in user_tasks and name in BUILT_IN:
        raise ConfigError(f"tasks.{name}: a task of this name is built in; choose another name")
    if name in user_tasks:
        return load_user_task(name, user_tasks[name])
    if name not in BUILT_IN:
        raise ConfigError(f"{key}: unknown task {shown(name)}; there are {', '.join([*BUILT_IN, *user_tasks])}")
    return BUILT_IN[name]
