"""The published import names of the spiking network, thin over `rate2spike`: see
docs/published_names.md."""

from importlib import import_module

from .abstract import AbstractSpikingConverter, AbstractSpikingEvaluator, SpikingRNNFactory
from .arguments import GridSearch, GridSearches
from .evaluation import eval_go_nogo, evaluate_task
from .networks import (
    AbstractSpikingRNN,
    LIF_network_fnc,
    SpikingConfig,
    SpikingRNN,
    create_default_spiking_config,
)
from .search import lambda_grid_search
from .tasks import (
    AbstractSpikingTask,
    GoNogoSpikingTask,
    ManteSpikingTask,
    SpikingTaskFactory,
    XORSpikingTask,
)
from .utils import (
    check_gpu_availability,
    create_connectivity_masks,
    format_spike_data,
    generate_lif_params,
    load_rate_model,
    set_random_seed,
    validate_scaling_factor,
    validate_stimulus,
)

__all__ = [
    "AbstractSpikingConverter",
    "AbstractSpikingEvaluator",
    "AbstractSpikingRNN",
    "AbstractSpikingTask",
    "GoNogoSpikingTask",
    "GridSearch",
    "GridSearches",
    "LIF_network_fnc",
    "ManteSpikingTask",
    "SpikingConfig",
    "SpikingRNN",
    "SpikingRNNFactory",
    "SpikingTaskFactory",
    "XORSpikingTask",
    "check_gpu_availability",
    "create_connectivity_masks",
    "create_default_spiking_config",
    "eval_go_nogo",
    "eval_xor",
    "evaluate_task",
    "format_spike_data",
    "generate_lif_params",
    "lambda_grid_search",
    "load_rate_model",
    "set_random_seed",
    "validate_scaling_factor",
    "validate_stimulus",
]


def __getattr__(name: str):
    """`eval_xor`, which is documented as a module and can be called, too."""
    if name == "eval_xor":
        return import_module(".eval_xor", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
