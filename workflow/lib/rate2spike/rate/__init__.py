"""The continuous rate network: model, equations, training."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".model": (
            "ACTIVATION_CEILING",
            "INITIAL_SD",
            "NOISE_SD",
            "RateModel",
            "Trace",
            "TrainingRecord",
            "Weights",
            "can_return",
            "decay_ms",
            "initial_model",
        ),
        ".reference": (
            "activate",
            "effective_weights",
            "forward",
            "straight_through",
            "trial_loss",
        ),
        ".train": (
            "evaluate",
            "train_network",
        ),
        ".side_by_side": ("train_block",),
        ".block_file": (
            "load_block",
            "save_block",
        ),
    },
)
