"""The published names of the rate package, over the library `rate2spike`.

They translate names, shapes and units; dynamics, tasks, training and the model file are the
library's. Times are in steps of 5 ms, as in the published package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .tasks import AbstractTask, GoNogoTask, ManteTask, TaskFactory, XORTask
from .utils import restricted_float, set_gpu, str2bool

if TYPE_CHECKING:
    from .abstract import (
        AbstractLossFunction,
        AbstractRateRNN,
        AbstractTargetGenerator,
        AbstractTaskGenerator,
        RateRNNFactory,
        RNNConfig,
        create_default_config,
        validate_config,
    )
    from .functions import (
        generate_input_stim_go_nogo,
        generate_input_stim_mante,
        generate_input_stim_xor,
        generate_target_continuous_go_nogo,
        generate_target_continuous_mante,
        generate_target_continuous_xor,
    )
    from .model import FR_RNN_dale, eval_rnn, loss_op

# names of other modules, imported at their first use: who only wants tasks does not wait for torch
LATER = {
    ".abstract": (
        "AbstractLossFunction",
        "AbstractRateRNN",
        "AbstractTargetGenerator",
        "AbstractTaskGenerator",
        "RNNConfig",
        "RateRNNFactory",
        "create_default_config",
        "validate_config",
    ),
    ".functions": (
        "generate_input_stim_go_nogo",
        "generate_input_stim_mante",
        "generate_input_stim_xor",
        "generate_target_continuous_go_nogo",
        "generate_target_continuous_mante",
        "generate_target_continuous_xor",
    ),
    ".model": ("FR_RNN_dale", "eval_rnn", "loss_op"),
}

__all__ = [
    "AbstractLossFunction",
    "AbstractRateRNN",
    "AbstractTargetGenerator",
    "AbstractTask",
    "AbstractTaskGenerator",
    "FR_RNN_dale",
    "GoNogoTask",
    "ManteTask",
    "RNNConfig",
    "RateRNNFactory",
    "TaskFactory",
    "XORTask",
    "create_default_config",
    "eval_rnn",
    "generate_input_stim_go_nogo",
    "generate_input_stim_mante",
    "generate_input_stim_xor",
    "generate_target_continuous_go_nogo",
    "generate_target_continuous_mante",
    "generate_target_continuous_xor",
    "loss_op",
    "restricted_float",
    "set_gpu",
    "str2bool",
    "validate_config",
]


def __getattr__(name: str):
    """The names of `LATER`, at their first use."""
    for module, names in LATER.items():
        if name in names:
            return getattr(import_module(module, __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
