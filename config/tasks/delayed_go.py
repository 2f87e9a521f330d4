"""A user's own task: remember a brief cue, answer when a second input says go."""

import numpy as np

from rate2spike.tasks import Task, Trial

STEPS, CUE, GO = 100, slice(10, 30), slice(50, 60)  # steps of 5 ms


def draw(rng):
    cue = int(rng.random() < 0.5)
    stimulus, target = np.zeros((2, STEPS)), np.zeros(STEPS)
    stimulus[0, CUE] = cue
    stimulus[1, GO] = 1
    target[GO.stop :] = cue
    return Trial(stimulus, target, cue, "cue" if cue else "no cue")


def correct(label, o):
    return np.where(label == 1, o.maximum > 0.7, o.maximum < 0.3)


def strictly_correct(label, o):
    small = np.maximum(o.maximum, -o.minimum) < 0.3
    return np.where(label == 1, (o.maximum > 0.7) & (o.minimum > -0.7), small)


TASK = Task(
    name="delayed-go",
    n_inputs=2,
    n_steps=STEPS,
    labels={1: "cue", 0: "no cue"},
    draw=draw,
    # both windows open with the step of target[60], from 300 to 305 ms: the rate network has one
    # output for it, at its end; the spiking network has one every 0.05 ms
    rate_window_onset=60,
    spiking_window_onset_ms=300,
    correct_rate=correct,
    correct_spiking=correct,
    correct_strict=strictly_correct,
    stimulus_windows_ms=((50, 150), (250, 300)),
)
