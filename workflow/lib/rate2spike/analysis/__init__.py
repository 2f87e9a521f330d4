"""What trials and recordings say: tables, example networks, selectivity, statistics."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".statistics": (
            "mean_sd",
            "principal_components",
            "wilson_interval",
        ),
        ".tables": (
            "accuracy_by_factor",
            "read_networks",
            "summary_by_condition",
        ),
    },
)
