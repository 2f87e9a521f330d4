"""The tasks that come with the library.

Go-NoGo and context-dependent integration are those of the paper (Methods), XOR that of the
published code.
"""

from __future__ import annotations

import numpy as np

from ..config import RATE_STEP_MS, require
from .task import HIGH, LOW, Response, Task, Trial

# Go-NoGo ------------------------------------------------------------------------------------------


def go_nogo(n_steps: int = 200, on: int = 50, duration: int = 25) -> Task:
    """Answer a pulse, withhold the answer where there is none (paper, Methods).

    The response windows and the target begin after the end of the pulse.

    Parameters
    ----------
    n_steps : length of the trial in steps of 5 ms
    on : onset of the pulse, in steps
    duration : of the pulse, in steps

    Raises
    ------
    ConfigError
        where the trial is too short for the answer
    """
    off = _end("go-nogo", n_steps, on, duration)

    def draw(rng: np.random.Generator) -> Trial:
        go = int(rng.random() < 0.5)
        stimulus = np.zeros((1, n_steps))
        target = np.zeros(n_steps)
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
        spiking_window_onset_ms=_ms(off + 25),  # 0.5 s: out(10000:end) in the published code
        correct_rate=_go_nogo_rate,
        correct_spiking=_go_nogo_spiking,
        correct_strict=_go_nogo_strict,
        stimulus_windows_ms=((_ms(on), _ms(off)),),
    )


def _end(name: str, n_steps: int, on: int, *parts: int, after: int = 26) -> int:
    """The step at which the last stimulus ends, `parts` being the times from its onset on.

    Raises ConfigError unless more than `after` steps are left for the answer.
    """
    times = (n_steps, on, *parts)
    whole = all(_is_step(time) for time in times)
    require(whole, f"task {name}: timing", "whole numbers of steps >= 0", times)
    off = on + sum(parts)
    expected = f"more than {off + after} steps, the last stimulus ending at {off}"
    require(off + after < n_steps, f"task {name}: n_steps", expected, n_steps)
    return off


def _is_step(time) -> bool:
    return isinstance(time, int | np.integer) and not isinstance(time, bool) and time >= 0


def _ms(steps: int) -> float:
    return steps * RATE_STEP_MS


def _go_nogo_rate(label: np.ndarray, o: Response) -> np.ndarray:
    return np.where(label == 1, o.maximum > HIGH, np.maximum(o.maximum, -o.minimum) < LOW)


def _go_nogo_spiking(label: np.ndarray, o: Response) -> np.ndarray:
    # the published search looks at max(o) in NoGo trials, not at max|o| as the training does
    return np.where(label == 1, o.maximum > HIGH, o.maximum < LOW)


def _go_nogo_strict(label: np.ndarray, o: Response) -> np.ndarray:
    return np.where(
        label == 1,
        (o.maximum > HIGH) & (o.minimum > -HIGH),
        np.maximum(o.maximum, -o.minimum) < LOW,
    )


# XOR and integration: two answers of opposite sign ------------------------------------------------


def _two_choice(label: np.ndarray, o: Response) -> np.ndarray:
    return np.where(label == 1, o.maximum > HIGH, o.minimum < -HIGH)


def _two_choice_strict(label: np.ndarray, o: Response) -> np.ndarray:
    return np.where(
        label == 1,
        (o.maximum > HIGH) & (o.minimum > -HIGH),
        (o.minimum < -HIGH) & (o.maximum < HIGH),
    )


SIGNS = {1: "+", -1: "\N{MINUS SIGN}"}


def xor(n_steps: int = 300, on: int = 50, duration: int = 50, delay: int = 10) -> Task:
    """Two pulses of either sign, a delay between them: +1 if they are the same (published code).

    Parameters
    ----------
    n_steps : length of the trial in steps of 5 ms
    on : onset of the first pulse, in steps
    duration : of each pulse, in steps
    delay : between the pulses, in steps

    Raises
    ------
    ConfigError
        where the trial is too short for the answer
    """
    second_on = on + duration + delay
    off = _end("xor", n_steps, on, duration, delay, duration, after=41)
    answer = slice(off + 10, off + 110)  # of the target

    def draw(rng: np.random.Generator) -> Trial:
        first, second = (int(sign) for sign in np.where(rng.random(2) < 0.5, 1, -1))
        stimulus = np.zeros((2, n_steps))
        target = np.zeros(n_steps)
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
    """Two noisy inputs and two contexts that say which to follow (paper, Methods).

    Parameters
    ----------
    n_steps : length of the trial in steps of 5 ms
    on : onset of the noisy inputs, in steps
    duration : of the noisy inputs, in steps

    Raises
    ------
    ConfigError
        where the trial is too short for the answer
    """
    off = _end("integration", n_steps, on, duration, after=50)

    def draw(rng: np.random.Generator) -> Trial:
        offsets = np.where(rng.random(2) < 0.5, 1, -1)
        context = int(rng.random() < 0.5)
        stimulus = np.zeros((4, n_steps))
        target = np.zeros(n_steps)
        noise = rng.standard_normal((2, duration))
        stimulus[:2, on:off] = noise + INTEGRATION_OFFSET * offsets[:, None]
        stimulus[2 + context] = 1
        answer = int(offsets[context])
        target[off:] = answer
        signs = [SIGNS[int(offset)] for offset in offsets]
        return Trial(stimulus, target, answer, f"context {context + 1}: {signs[0]} {signs[1]}")

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


# The registry -------------------------------------------------------------------------------------

BUILT_IN = {task.name: task for task in (go_nogo(), xor(), integration())}
