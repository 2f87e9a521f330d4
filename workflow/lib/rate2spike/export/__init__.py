"""Files for other tools: Brian2, Neo and NWB, statistics of spikes, NIR. All but Brian2 need
`pip install -e '.[export]'`."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".neo_nwb": (
            "GAP_S",
            "LIF_UNITS",
            "to_neo",
            "write_nwb",
        ),
        ".brian2_script": ("to_brian2",),
        ".spike_trains": (
            "needed",
            "single_trials",
        ),
        ".elephant_statistics": (
            "STATISTICS",
            "spike_statistics",
        ),
    },
)
