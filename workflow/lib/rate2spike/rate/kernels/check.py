"""Before a GPU trains anything, its kernels are compared with the CPU's, once in a process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import ModuleType

import numpy as np

from ... import streams
from ...config import RateConfig, TrainingConfig
from ...devices import Compared, refuse_where_apart
from ...streams.cuda import INTERPRETED
from ..model import RateModel, Weights, initial_model
from . import cpu, cuda

N_UNITS, N_STEPS = 100, 20
TOLERANCE = 1e-3  # of the size of what is compared; rounding is some thousand times smaller


@cache
def check() -> None:
    """Raise RuntimeError where the GPU computes something else than the CPU."""
    if not INTERPRETED:  # slow there, and tested with everything else
        refuse_where_apart(compared())


def compared() -> Iterator[Compared]:
    """Loss, weights after two updates and gradients, of the GPU and of the CPU."""
    model = initial_model(RateConfig(n_units=N_UNITS), 1, streams.generator(0, "agreement"))
    loss_gpu, gradient_gpu = _gradients(cuda, model)
    loss_cpu, gradient_cpu = _gradients(cpu, model)
    yield Compared("the loss of a training trial", loss_gpu, loss_cpu, TOLERANCE)
    after_gpu = _trained(cuda, model)
    after_cpu = _trained(cpu, model)
    for i, name in enumerate(Weights._fields):
        yield Compared(f"{name} after two updates", after_gpu[i], after_cpu[i], TOLERANCE)
    for i, name in enumerate(Weights._fields):
        yield Compared(f"the gradient of {name}", gradient_gpu[i], gradient_cpu[i], TOLERANCE)


STIMULUS = np.ones((2, 1, N_STEPS), np.float32)
TARGET = np.ones((2, N_STEPS), np.float32)
NOISE = streams.key(0, "agreement noise")
FIRST_TRIAL = 3


def _gradients(kernel: ModuleType, model: RateModel) -> tuple[np.ndarray, Weights]:
    return kernel.gradients(
        model, model.weights, STIMULUS, TARGET, loss="l2", stream=NOISE, first_trial=FIRST_TRIAL
    )


def _trained(kernel: ModuleType, model: RateModel) -> Weights:
    """The weights after two updates."""
    state = kernel.start(model)
    kernel.train_trials(
        model,
        state,
        STIMULUS,
        TARGET,
        training=TrainingConfig(decay_learning_rate=0.003),  # two rates: each is compared
        stream=NOISE,
        first_trial=FIRST_TRIAL,
    )
    return kernel.weights(state)
