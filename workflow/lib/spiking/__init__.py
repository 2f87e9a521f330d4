"""The published import names of the spiking network, thin over `rate2spike`: see
docs/published_names.md."""

from importlib import import_module
from typing import Any

from rate2spike.offered import names_of

_published, __dir__, __all__ = names_of(
    __name__,
    {
        ".abstract": (
            "AbstractSpikingConverter",
            "AbstractSpikingEvaluator",
            "SpikingRNNFactory",
        ),
        ".arguments": ("GridSearch", "GridSearches"),
        ".evaluation": ("eval_go_nogo", "eval_xor", "evaluate_task"),
        ".networks": (
            "AbstractSpikingRNN",
            "LIF_network_fnc",
            "SpikingConfig",
            "SpikingRNN",
            "create_default_spiking_config",
            "load_rate_model",
        ),
        ".search": ("lambda_grid_search",),
        ".tasks": (
            "AbstractSpikingTask",
            "GoNogoSpikingTask",
            "ManteSpikingTask",
            "SpikingTaskFactory",
            "XORSpikingTask",
        ),
        ".utils": (
            "check_gpu_availability",
            "create_connectivity_masks",
            "format_spike_data",
            "generate_lif_params",
            "set_random_seed",
            "validate_scaling_factor",
            "validate_stimulus",
        ),
    },
)
MODULES = ("abstract", "evaluation", "evaluators", "networks", "plots", "search", "tasks", "utils")


def __getattr__(name: str) -> Any:
    """A published name, or a module of this package after a bare `import spiking`, at its first
    use: the command lines do not wait for all of it."""
    return import_module(f".{name}", __name__) if name in MODULES else _published(name)
