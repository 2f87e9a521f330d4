"""The published umbrella package: the tasks of `rate` and `spiking` under one name."""

from rate import AbstractTask, FR_RNN_dale, TaskFactory, create_default_config, set_gpu
from spiking import (
    LIF_network_fnc,
    SpikingTaskFactory,
    eval_go_nogo,
    evaluate_task,
    lambda_grid_search,
)

__all__ = [
    "AbstractTask",
    "FR_RNN_dale",
    "LIF_network_fnc",
    "SpikingTaskFactory",
    "TaskFactory",
    "create_default_config",
    "eval_go_nogo",
    "evaluate_task",
    "lambda_grid_search",
    "set_gpu",
]
