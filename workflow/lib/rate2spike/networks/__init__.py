"""Any network of spiking units: models, simulation, recording."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".neurons": (
            "AdaptiveQIF",
            "DiscreteLIF",
            "LIF",
            "MembraneQIF",
            "QIF",
            "RateUnit",
            "SingleExponentialLIF",
            "SingleExponentialMembraneQIF",
        ),
        ".network": (
            "Job",
            "Network",
            "check_inputs",
            "check_record",
            "job_of",
        ),
        ".reference": ("advance",),
        ".recording": ("Recording",),
        ".simulation": ("simulate",),
    },
)
