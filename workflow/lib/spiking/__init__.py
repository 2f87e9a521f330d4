"""The published import names of the spiking network, thin over `rate2spike`: see
docs/published_names.md."""

from rate2spike.offered import names_of

# at their first use: the command lines do not wait for all of it
__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".abstract": (
            "AbstractSpikingConverter",
            "AbstractSpikingEvaluator",
            "SpikingRNNFactory",
        ),
        ".arguments": ("GridSearch", "GridSearches"),
        ".eval_xor": ("eval_xor",),  # the module, as documented; it can be called like the function
        ".evaluation": ("eval_go_nogo", "evaluate_task"),
        ".evaluators": (),
        ".networks": (
            "AbstractSpikingRNN",
            "LIF_network_fnc",
            "SpikingConfig",
            "SpikingRNN",
            "create_default_spiking_config",
            "load_rate_model",
        ),
        ".plots": (),
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
