"""Stimuli and targets as functions of the settings, as older published versions have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .tasks import AbstractTask, GoNogoTask, ManteTask, XORTask


def _stimulus_of(task: type[AbstractTask]) -> Callable:
    """The function that makes a trial's stimulus."""

    def generate(settings: Mapping[str, Any], seed: bool | int = False) -> tuple[np.ndarray, Any]:
        """Stimulus (n_inputs, T) and label of one trial of any type.

        Parameters
        ----------
        settings : of the task, times in steps of 5 ms
        seed : False, a new trial each time, governed by np.random.seed; True, always the same
        """
        return task(settings).generate_stimulus(seed=seed)

    return generate


def _target_of(task: type[AbstractTask], *, whole: bool) -> Callable:
    """The function that makes a trial's target, with the step that no output belongs to if
    `whole`."""

    def generate(settings: Mapping[str, Any], label: Any, seed: bool | int = False) -> np.ndarray:
        """Target of a trial with this label, (T - 1,) for Go-NoGo, (T,) otherwise, as published.

        Parameters
        ----------
        settings : of the task, times in steps of 5 ms
        label : as the stimulus has it
        seed : makes no difference: nothing about a target is random
        """
        target = task(settings).generate_target(label)
        return np.append(target, target[-1]) if whole else target

    return generate


generate_input_stim_go_nogo = _stimulus_of(GoNogoTask)
generate_input_stim_xor = _stimulus_of(XORTask)
generate_input_stim_mante = _stimulus_of(ManteTask)
generate_target_continuous_go_nogo = _target_of(GoNogoTask, whole=False)
generate_target_continuous_xor = _target_of(XORTask, whole=True)
generate_target_continuous_mante = _target_of(ManteTask, whole=True)
