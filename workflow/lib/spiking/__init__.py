"""The published import names of the spiking network, thin over `rate2spike`: see
docs/published_names.md."""

from .evaluation import eval_go_nogo, evaluate_task
from .networks import (
    AbstractSpikingRNN,
    LIF_network_fnc,
    SpikingConfig,
    SpikingRNN,
    create_default_spiking_config,
    load_rate_model,
)
from .search import lambda_grid_search
from .tasks import SpikingTaskFactory
from .utils import (
    check_gpu_availability,
    create_connectivity_masks,
    format_spike_data,
    generate_lif_params,
    set_random_seed,
    validate_scaling_factor,
    validate_stimulus,
)

__all__ = [
    "AbstractSpikingRNN",
    "LIF_network_fnc",
    "SpikingConfig",
    "SpikingRNN",
    "SpikingTaskFactory",
    "check_gpu_availability",
    "create_connectivity_masks",
    "create_default_spiking_config",
    "eval_go_nogo",
    "evaluate_task",
    "format_spike_data",
    "generate_lif_params",
    "lambda_grid_search",
    "load_rate_model",
    "set_random_seed",
    "validate_scaling_factor",
    "validate_stimulus",
]
