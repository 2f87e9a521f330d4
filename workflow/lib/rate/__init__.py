"""The published names of the rate package, over the library `rate2spike`.

They translate names, shapes and units; dynamics, tasks, training and the model file are the
library's. Times are in steps of 5 ms, as in the published package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .tasks import AbstractTask, GoNogoTask, ManteTask, TaskFactory, XORTask
from .utils import set_gpu

if TYPE_CHECKING:
    from .model import FR_RNN_dale, RNNConfig, create_default_config, eval_rnn, loss_op

__all__ = [
    "AbstractTask",
    "FR_RNN_dale",
    "GoNogoTask",
    "ManteTask",
    "RNNConfig",
    "TaskFactory",
    "XORTask",
    "create_default_config",
    "eval_rnn",
    "loss_op",
    "set_gpu",
]


def __getattr__(name: str):
    """The names of `rate.model`, at their first use.

    Who only wants tasks does not wait for torch.
    """
    if name in __all__:
        return getattr(import_module(".model", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
