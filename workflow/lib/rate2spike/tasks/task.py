"""What a task is: its trials, its response windows and its scores.

Windows and scores are two each: one for the rate network, one for the spiking network. Time runs in
steps of 5 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import streams
from ..arrays import real_numbers
from ..config import RATE_STEP_MS, ConfigError, shown

HIGH, LOW = 0.7, 0.3  # output thresholds of the published scoring


class Trial(NamedTuple):
    """One trial, as `Task.draw` makes it."""

    stimulus: np.ndarray  # (n_inputs, n_steps)
    target: np.ndarray  # (n_steps,)
    label: int  # a key of `Task.labels`
    kind: str  # of trial, in words


class Trials(NamedTuple):
    """Stacked trials."""

    stimulus: np.ndarray  # (n_trials, n_inputs, n_steps)
    target: np.ndarray  # (n_trials, n_steps)
    label: np.ndarray  # (n_trials,)
    kind: np.ndarray  # (n_trials,)


class Response(NamedTuple):
    """Extremes of the output in the response window."""

    maximum: np.ndarray  # (n_trials,)
    minimum: np.ndarray  # (n_trials,)


# (labels, response) -> correct (n_trials,) bool
Score = Callable[[np.ndarray, Response], np.ndarray]


@dataclass(frozen=True)
class Task:
    """What a network is asked, and when its answer is right.

    The two response windows last to the end of the trial; scores see the extremes of the output
    inside them.
    """

    name: str
    n_inputs: int
    n_steps: int  # trial length in steps of 5 ms
    labels: Mapping[int, str]  # label -> what it is called; the first is drawn dark in figures
    draw: Callable[[np.random.Generator], Trial]
    # index of the first scored output of the rate network (output i belongs to step i + 1)
    rate_window_onset: int
    spiking_window_onset_ms: float
    correct_rate: Score  # published scoring of the rate network
    correct_spiking: Score  # published scoring of the spiking network
    correct_strict: Score  # the output must not also cross the opposite threshold
    # shaded in figures; the loss may count from the first on, see `first_loss_output`
    stimulus_windows_ms: tuple[tuple[float, float], ...] = ()

    @property
    def duration_ms(self) -> float:
        """Length of a trial."""
        return self.n_steps * RATE_STEP_MS


def draw_trials(task: Task, study_seed: int, purpose: str, words: tuple, numbers) -> Trials:
    """Draw trials, each from its own stream.

    Parameters
    ----------
    task : that draws them
    study_seed, purpose, words : the streams, as in `streams.key`
    numbers : of the trials, each the last word of its stream

    Returns
    -------
    The trials in the order of `numbers`; stimulus and target are float32

    Raises
    ------
    ConfigError
        when a trial does not fit the task, or the task's labels are no whole numbers
    """
    known = known_labels(task)
    n = len(numbers)
    stimulus = np.empty((n, task.n_inputs, task.n_steps), np.float32)
    target = np.empty((n, task.n_steps), np.float32)
    labels = np.empty(n, np.int64)
    kinds = []
    generators = streams.generators(study_seed, purpose, words, map(int, numbers))
    for i, rng in enumerate(generators):
        trial = task.draw(rng)
        _check_type(task, trial)
        # copied at once: a task may fill the same arrays again for its next trial
        stimulus[i] = _array(task, "stimulus", trial.stimulus, (task.n_inputs, task.n_steps))
        target[i] = _array(task, "target", trial.target, (task.n_steps,))
        labels[i] = _label(task, trial.label, known)
        kinds.append(trial.kind)
    for name, array in (("stimulus", stimulus), ("target", target)):
        if not np.isfinite(array).all():
            raise ConfigError(
                f"task {task.name}: {name}: expected finite numbers, got NaN or infinity"
            )
    return Trials(stimulus, target, labels, np.array(kinds, dtype=str))


def _check_type(task: Task, trial: Trial) -> None:
    if not isinstance(trial, Trial):
        raise ConfigError(
            f"task {task.name}: draw: expected a rate2spike.tasks.Trial, got {type(trial).__name__}"
        )


def trial_array(task_name: str, name: str, values) -> np.ndarray:
    """Stimulus or target of a trial as float64; raises ConfigError where they are no numbers."""
    try:
        return real_numbers(name, values)
    except ValueError as error:
        raise ConfigError(f"task {task_name}: {error}") from error


def _array(task: Task, name: str, values, shape: tuple[int, ...]) -> np.ndarray:
    array = trial_array(task.name, name, values)
    if array.shape != shape:
        raise ConfigError(f"task {task.name}: {name}: expected shape {shape}, got {array.shape}")
    return array


def known_labels(task: Task) -> list[int]:
    """The labels of a task; raises ConfigError where one is no whole number."""
    if not isinstance(task.labels, Mapping) or not task.labels:
        raise ConfigError(
            f"task {task.name}: labels: expected whole numbers and their names, "
            f"as in {{1: 'Go', 0: 'NoGo'}}, got {shown(task.labels)}"
        )
    known = []
    for label in task.labels:
        number = _whole_number(label)
        if number is None:
            raise ConfigError(
                f"task {task.name}: labels: expected whole numbers, got {shown(label)}"
            )
        known.append(number)
    return known


def _label(task: Task, label, known: list[int]) -> int:
    number = _whole_number(label)
    if number not in known:
        allowed = ", ".join(map(str, known))
        raise ConfigError(f"task {task.name}: label: expected one of {allowed}, got {shown(label)}")
    return number


def _whole_number(value) -> int | None:
    """A whole number as Python's, 1.0 too; None for anything else, or where 64 bits do not hold
    it."""
    if type(value) is int and -(2**63) <= value < 2**63:  # nearly all
        return value
    if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
        value = None if np.ma.is_masked(value) else value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and -(2**63) <= value < 2**63 else None


def rate_response(task: Task, outputs: np.ndarray) -> Response:
    """Extremes of the rate network's outputs in its response window.

    Parameters
    ----------
    outputs : (n_trials, n_steps - 1); output i belongs to step i + 1
    """
    window = outputs[:, task.rate_window_onset :]
    return Response(window.max(axis=1), window.min(axis=1))


def first_loss_output(task: Task, loss_from: str, key: str = "training.loss_from") -> int:
    """The first output of the rate network that counts in the loss; all after it count too.

    Parameters
    ----------
    task : what the network is trained on
    loss_from : `start` (all count), `stimulus` (from the first stimulus window on: the first output
        that knows of it) or `response` (from `rate_window_onset` on)
    key : the setting, for the message

    Returns
    -------
    Index of an output, which belongs to the next step

    Raises
    ------
    ConfigError
        where the task does not say when its stimulus begins, or it begins after the last output
    """
    if loss_from == "start":
        return 0
    if loss_from == "response":
        return task.rate_window_onset
    windows = task.stimulus_windows_ms
    if not len(windows):
        raise ConfigError(
            f"{key}: expected start or response, as the task {task.name} has no "
            "stimulus_windows_ms (give its Task the times of its stimuli in ms, as in "
            f"stimulus_windows_ms=((250, 375),)), got {loss_from!r}"
        )
    onset_ms = min(begin for begin, _ in windows)
    first = round(onset_ms / RATE_STEP_MS)
    if first >= task.n_steps - 1:
        raise ConfigError(
            f"{key}: expected start or response, as the first of the stimulus_windows_ms of the "
            f"task {task.name} begins at {onset_ms:g} ms, after the last output of its trial of "
            f"{task.duration_ms:g} ms, got {loss_from!r}"
        )
    return first


def first_response_step(task: Task, dt_s: float) -> int:
    """0-based index of the first spiking step in the response window, for steps of `dt_s` seconds.

    As in out(10000:end) for 0.5 s (published code).
    """
    return response_step(task.spiking_window_onset_ms, dt_s)


def response_step(onset_ms: float, dt_s: float) -> int:
    """0-based index of the step that ends at a time."""
    return round(onset_ms / 1000 / dt_s) - 1


def spiking_stimulus(stimulus: np.ndarray) -> np.ndarray:
    """The same trial for the spiking network, which reads one column more.

    Parameters
    ----------
    stimulus : (..., n_steps)

    Returns
    -------
    (..., n_steps + 1), the last column repeated

    Raises
    ------
    ValueError
        where the stimulus is masked or holds anything but real numbers
    """
    real_numbers("stimulus", stimulus)
    return np.concatenate([stimulus, stimulus[..., -1:]], axis=-1)
