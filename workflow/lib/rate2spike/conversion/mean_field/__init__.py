"""The mean-field mapping of Grytskyy, Tetzlaff, Diesmann & Helias (2013)."""

from ...offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".mapping": ("convert_rate_to_lif_params",),
        ".rate_network": (
            "NoSolution",
            "RateNetwork",
        ),
    },
)
