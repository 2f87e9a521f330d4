"""Neuron models that the kernels of any network are tested with, one of them a user's."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rate2spike.spiking import LIF, QIF, AdaptiveQIF, MembraneQIF

THRESHOLD = 0.3  # a name from outside, as users write them
MODELS = (QIF, AdaptiveQIF, LIF, MembraneQIF)


@dataclass(frozen=True)
class Own(QIF):
    """Not written for a GPU: a name from outside, numbers next to truth values, squares, stars,
    annotations, spikes as truth."""

    variables: ClassVar = ("v", "s", "age")

    def initial(self):
        return 0.2, 0.0, 0.0

    @staticmethod
    def step(state: tuple, s_in: np.ndarray, current, t, constants) -> tuple:
        v, s, _ = state
        spike = v >= THRESHOLD
        others = state[1] * 0.9 + spike * s, t + 0.0 * v
        return (
            v + 0.1 * (v < THRESHOLD) + (current + s_in) ** 2 / 3.0 - 0.7 * spike + (s_in < 1) / 7,
            *others,
        ), spike
