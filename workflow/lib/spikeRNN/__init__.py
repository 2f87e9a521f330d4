"""The published umbrella package: the tasks of `rate` and `spiking` under one name."""

from rate2spike.offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        "rate": (
            "AbstractTask",
            "FR_RNN_dale",
            "TaskFactory",
            "create_default_config",
            "set_gpu",
        ),
        "spiking": (
            "LIF_network_fnc",
            "SpikingTaskFactory",
            "eval_go_nogo",
            "evaluate_task",
            "lambda_grid_search",
        ),
    },
)
