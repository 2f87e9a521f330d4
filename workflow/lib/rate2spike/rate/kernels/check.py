"""Before a GPU trains anything, its kernels are compared with the CPU's, once in a process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from ... import streams
from ...config import RateConfig, TrainingConfig
from ...devices import Compared, refuse_where_apart
from ...streams.cuda import INTERPRETED
from ..model import initial_model
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
    model, u, z, trials = _trials()
    loss_gpu, gradient_gpu = cuda.gradients(model, model.weights, u, z, loss="l2", **trials)
    loss_cpu, gradient_cpu = cpu.gradients(model, model.weights, u, z, loss="l2", **trials)
    yield Compared("the loss of a training trial", loss_gpu, loss_cpu, TOLERANCE)
    trained_gpu, trained_cpu = _trained(cuda), _trained(cpu)
    for name in model.weights._fields:
        yield Compared(
            f"{name} after two updates",
            getattr(trained_gpu, name),
            getattr(trained_cpu, name),
            TOLERANCE,
        )
    for name in model.weights._fields:
        yield Compared(
            f"the gradient of {name}",
            getattr(gradient_gpu, name),
            getattr(gradient_cpu, name),
            TOLERANCE,
        )


def _trials():
    model = initial_model(RateConfig(n_units=N_UNITS), 1, streams.generator(0, "agreement"))
    trials = {"stream": streams.key(0, "agreement noise"), "first_trial": 3}
    return model, np.ones((2, 1, N_STEPS), np.float32), np.ones((2, N_STEPS), np.float32), trials


def _trained(kernel):
    model, u, z, trials = _trials()
    state = kernel.start(model)
    kernel.train_trials(model, state, u, z, training=TrainingConfig(), **trials)
    return kernel.weights(state)
