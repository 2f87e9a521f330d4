"""What a task is: its trials, its response windows and its scores, one for the rate and the spiking
network.

Time runs in steps of 5 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import streams
from ..config import RATE_STEP_MS, ConfigError

HIGH, LOW = 0.7, 0.3  # output thresholds of the published scoring


class Trial(NamedTuple):
    """One trial: stimulus (n_inputs, n_steps), target (n_steps,), label (a key of `Task.labels`),
    kind of trial in words."""

    stimulus: np.ndarray
    target: np.ndarray
    label: int
    kind: str


class Trials(NamedTuple):
    """Stacked trials: stimulus (n_trials, n_inputs, n_steps), target (n_trials, n_steps), label and
    kind (n_trials,)."""

    stimulus: np.ndarray
    target: np.ndarray
    label: np.ndarray
    kind: np.ndarray


class Response(NamedTuple):
    """Extremes of the output in the response window, (n_trials,) each."""

    maximum: np.ndarray
    minimum: np.ndarray


Score = Callable[
    [np.ndarray, Response], np.ndarray
]  # (labels, response) -> correct (n_trials,) bool


@dataclass(frozen=True)
class Task:
    """A task. The two response windows last to the end of the trial; scores see the extremes of the
    output inside them."""

    name: str
    n_inputs: int
    n_steps: int  # trial length in steps of 5 ms
    labels: Mapping[int, str]  # label -> what it is called; the first is drawn dark in figures
    draw: Callable[[np.random.Generator], Trial]
    rate_window_onset: (
        int  # index of the first scored output of the rate network (output i belongs to step i + 1)
    )
    spiking_window_onset_ms: float
    correct_rate: Score  # published scoring of the rate network
    correct_spiking: Score  # published scoring of the spiking network
    correct_strict: Score  # the output must not also cross the opposite threshold
    stimulus_windows_ms: tuple[tuple[float, float], ...] = ()  # shaded in figures

    @property
    def duration_ms(self) -> float:
        return self.n_steps * RATE_STEP_MS


def draw_trials(task: Task, study_seed: int, purpose: str, words: tuple, numbers) -> Trials:
    """Draw the trials with the given numbers, each from its own stream; raises ConfigError when one
    does not fit the task."""
    n = len(numbers)
    stimulus, target = (
        np.empty((n, task.n_inputs, task.n_steps), np.float32),
        np.empty((n, task.n_steps), np.float32),
    )
    labels, kinds = np.empty(n, np.int64), []
    for i, rng in enumerate(streams.generators(study_seed, purpose, words, map(int, numbers))):
        trial = task.draw(rng)
        _check_trial(task, trial)
        stimulus[i], target[i], labels[i] = trial.stimulus, trial.target, trial.label
        kinds.append(trial.kind)
    for name, array in (("stimulus", stimulus), ("target", target)):
        if not np.isfinite(array).all():
            raise ConfigError(
                f"task {task.name}: {name}: expected finite numbers, got NaN or infinity"
            )
    return Trials(stimulus, target, labels, np.array(kinds, dtype=str))


def _check_trial(task: Task, trial: Trial) -> None:
    if not isinstance(trial, Trial):
        raise ConfigError(
            f"task {task.name}: draw: expected a rate2spike.tasks.Trial, got {type(trial).__name__}"
        )
    for name, array, shape in (
        ("stimulus", trial.stimulus, (task.n_inputs, task.n_steps)),
        ("target", trial.target, (task.n_steps,)),
    ):
        if np.shape(array) != shape:
            raise ConfigError(
                f"task {task.name}: {name}: expected shape {shape}, got {np.shape(array)}"
            )
    if trial.label not in list(task.labels):
        raise ConfigError(
            f"task {task.name}: label: expected one of {', '.join(map(str, task.labels))}, got {trial.label!r}"
        )


def rate_response(task: Task, outputs: np.ndarray) -> Response:
    """Extremes of the rate network's outputs (n_trials, n_steps - 1) in its response window."""
    window = outputs[:, task.rate_window_onset :]
    return Response(window.max(axis=1), window.min(axis=1))


def first_response_step(task: Task, dt_s: float) -> int:
    """0-based index of the first spiking step in the response window, as in out(10000:end) for 0.5
    s (published code)."""
    return response_step(task.spiking_window_onset_ms, dt_s)


def response_step(onset_ms: float, dt_s: float) -> int:
    """0-based index of the step that ends at a time."""
    return round(onset_ms / 1000 / dt_s) - 1


def spiking_stimulus(stimulus: np.ndarray) -> np.ndarray:
    """The same trial for the spiking network, which reads one column more: (..., n_steps + 1), the
    last column repeated."""
    return np.concatenate([stimulus, stimulus[..., -1:]], axis=-1)
