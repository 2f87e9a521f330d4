"""A user's task of the published form as a `Task` of the library, so that the workflow trains it.

The published form is `rate.tasks.AbstractTask`.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from rate2spike.config import RATE_STEP_MS, ConfigError, require
from rate2spike.tasks.task import HIGH, LOW, Response, Score, Task, Trial, trial_array

LOOKED_AT = 200  # trials drawn to learn labels and targets
DRAWN_TWICE = 20  # of them, to see that a seed decides a trial

# blocks are trained in threads, and users' tasks draw from the one np.random
_global_generator = threading.RLock()

Label = int | float | str


class OwnTask(Protocol):
    """What is asked of a user's task; `rate.tasks.AbstractTask` has it."""

    settings: Mapping[str, Any]

    def simulate_trial(self) -> tuple[np.ndarray, np.ndarray, Any]: ...


class OwnTrial(NamedTuple):
    """One trial as the user's task makes it."""

    stimulus: np.ndarray  # (n_inputs, n_steps)
    target: np.ndarray  # (n_steps,)
    label: Label


def library_task(own: OwnTask, name: str) -> Task:
    """A user's task as the library has it: its trials, and its scoring.

    The scoring is the user's, or the default one made from the targets. An answer is as the target
    of its label where that is largest: above 0.5, the output must exceed 0.7 in the response
    window; below -0.5, fall under -0.7; otherwise stay within 0.3 of 0. The response window opens
    with the first target that is not 0. For the methods that `own` may define instead see
    `AbstractTask`.

    Parameters
    ----------
    own : the user's task
    name : of the task in the library

    Raises
    ------
    ConfigError
        naming the task and what is wrong
    """
    n_steps = own.settings.get("T")
    whole = isinstance(n_steps, int | np.integer) and not isinstance(n_steps, bool) and n_steps >= 2
    expected = "the length of a trial, a whole number of steps of 5 ms >= 2"
    require(whole, f"task {name}: settings['T']", expected, n_steps)
    n_steps = int(n_steps)
    draw = _Source(own, name, n_steps)
    trials = [draw(seed) for seed in range(LOOKED_AT)]
    _check_repeatable(draw, trials)
    codes = _codes(trial.label for trial in trials)
    onset = _response_onset(own, name, [trial.target for trial in trials])
    first_targets = {trial.label: trial.target for trial in reversed(trials)}
    score, strict = _scores(own, codes, first_targets)
    return Task(
        name=name,
        n_inputs=trials[0].stimulus.shape[0],
        n_steps=n_steps,
        labels={code: str(label) for label, code in codes.items()},
        draw=_coded(own, draw, codes),
        rate_window_onset=onset,
        # a window of the spiking network cannot open at 0
        spiking_window_onset_ms=max(onset, 1) * RATE_STEP_MS,
        correct_rate=score,
        correct_spiking=score,
        correct_strict=strict,
    )


# Trials -------------------------------------------------------------------------------------------


class _Source:
    """Trials of the user's task by seed, checked.

    numpy's global generator is as before afterwards.
    """

    def __init__(self, own: OwnTask, name: str, n_steps: int):
        self.own = own
        self.name = name
        self.n_steps = n_steps

    def __call__(self, seed: int) -> OwnTrial:
        with _global_generator:
            state = np.random.get_state()  # noqa: NPY002
            np.random.seed(seed)  # noqa: NPY002
            try:
                stimulus, target, label = self.own.simulate_trial()
            finally:
                np.random.set_state(state)  # noqa: NPY002
        return OwnTrial(self._stimulus(stimulus), self._target(target), self._label(label))

    def _stimulus(self, stimulus) -> np.ndarray:
        array = trial_array(self.name, "stimulus", stimulus).copy()
        if array.ndim != 2 or array.shape[1] != self.n_steps:
            expected = f"(n_inputs, {self.n_steps}), {self.n_steps} being settings['T']"
            raise ConfigError(
                f"task {self.name}: stimulus: expected shape {expected}, got {array.shape}"
            )
        return array

    def _target(self, target) -> np.ndarray:
        """Padded to n_steps with its last value, which no output is compared with."""
        array = trial_array(self.name, "target", target)
        n = self.n_steps
        if array.shape not in ((n,), (n - 1,)):
            raise ConfigError(
                f"task {self.name}: target: expected shape ({n - 1},) or ({n},), got {array.shape}"
            )
        return np.append(array, array[-1:])[:n]

    def _label(self, label) -> Label:
        """As a number or string of Python's."""
        plain = label.item() if hasattr(label, "item") and np.size(label) == 1 else label
        known = isinstance(plain, str) or (isinstance(plain, int | float) and math.isfinite(plain))
        require(known, f"task {self.name}: label", "a number or a string", label)
        return int(plain) if isinstance(plain, float) and plain.is_integer() else plain


def _check_repeatable(draw: _Source, trials: list[OwnTrial]) -> None:
    """Raise ConfigError unless the first trials are drawn again by their seeds."""
    for seed, first in enumerate(trials[:DRAWN_TWICE]):
        if not _same(first, draw(seed)):
            raise ConfigError(
                f"task {draw.name}: two trials of one seed differ, so a study could not be "
                "repeated: "
                "draw every random number from np.random (np.random.rand, np.random.choice ...), "
                "and let no trial depend on those before it"
            )


def _same(first: OwnTrial, second: OwnTrial) -> bool:
    return (
        first.label == second.label
        and np.array_equal(first.stimulus, second.stimulus, equal_nan=True)
        and np.array_equal(first.target, second.target, equal_nan=True)
    )


def _coded(
    own: OwnTask, draw: _Source, codes: dict[Label, int]
) -> Callable[[np.random.Generator], Trial]:
    """The library's `draw` of this task, with whole numbers for labels."""
    kind_of = getattr(own, "trial_kind", lambda stimulus, label: label)

    def trial(rng: np.random.Generator) -> Trial:
        drawn = draw(int(rng.integers(2**32)))
        if drawn.label not in codes:
            raise ConfigError(
                f"task {draw.name}: label: {drawn.label!r} did not come in the first {LOOKED_AT} "
                f"trials, where there were {', '.join(map(str, codes))}; "
                "a label names one of a few answers, each of them frequent"
            )
        kind = str(kind_of(drawn.stimulus, drawn.label))
        return Trial(drawn.stimulus, drawn.target, codes[drawn.label], kind)

    return trial


def _codes(labels: Iterable[Label]) -> dict[Label, int]:
    """The whole number that stands for each label.

    Of whole numbers this is the label itself, the largest first; of the others a free one from 0,
    in alphabetical order.
    """
    labels = set(labels)
    whole_numbers = [label for label in labels if isinstance(label, int)]
    codes = {label: int(label) for label in sorted(whole_numbers, reverse=True)}
    free = (code for code in itertools.count() if code not in labels)
    for label in sorted(labels - set(codes), key=str):
        codes[label] = next(free)
    return codes


# Scoring ------------------------------------------------------------------------------------------


def _response_onset(own: OwnTask, name: str, targets: list[np.ndarray]) -> int:
    """The index of the first scored output, that is of the first target that is scored."""
    n_steps = targets[0].size
    if hasattr(own, "response_onset"):
        onset = own.response_onset()
        last = n_steps - 2
        whole = isinstance(onset, int | np.integer) and not isinstance(onset, bool)
        inside = whole and 0 <= onset <= last
        require(inside, f"task {name}: response_onset()", f"a step in 0..{last}", onset)
        return int(onset)
    scored_steps = np.flatnonzero(np.any(targets, axis=0)[: n_steps - 1])
    if not scored_steps.size:
        raise ConfigError(
            f"task {name}: target: 0 in all trials; define response_onset(), "
            "the first step that is scored"
        )
    return int(scored_steps[0])


def _scores(
    own: OwnTask, codes: dict[Label, int], targets: dict[Label, np.ndarray]
) -> tuple[Score, Score]:
    """The published and the strict scoring; the user's `correct` is both."""
    if hasattr(own, "correct"):
        score = _users_score(own, codes)
        return score, score
    answers = {codes[label]: target[np.argmax(np.abs(target))] for label, target in targets.items()}
    up = [code for code, answer in answers.items() if answer > 0.5]
    down = [code for code, answer in answers.items() if answer < -0.5]

    def score(label: np.ndarray, o: Response, *, strict: bool = False) -> np.ndarray:
        high, low = o.maximum > HIGH, o.minimum < -HIGH
        silent = np.maximum(o.maximum, -o.minimum) < LOW
        if strict:
            high, low = high & ~low, low & ~high
        down_or_silent = np.where(np.isin(label, down), low, silent)
        return np.where(np.isin(label, up), high, down_or_silent)

    return score, lambda label, o: score(label, o, strict=True)


def _users_score(own: OwnTask, codes: dict[Label, int]) -> Score:
    """The user's `correct`, which is asked with the user's labels."""
    label_of = {code: label for label, code in codes.items()}
    # numpy would turn the numbers among strings into strings
    mixed = len({isinstance(label, str) for label in codes}) > 1

    def score(codes_of_trials: np.ndarray, o: Response) -> np.ndarray:
        labels = [label_of[int(code)] for code in codes_of_trials]
        labels = np.array(labels, dtype=object if mixed else None)
        return np.asarray(own.correct(labels, o.maximum, o.minimum))

    return score
