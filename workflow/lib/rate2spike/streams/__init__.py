"""Random numbers keyed by names.

`reference` is readable; `cpu` and `cuda` draw the same numbers fast.
"""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".reference": (
            "Key",
            "key",
            "generator",
            "generators",
            "philox",
            "uniform",
            "normal",
            "STEP_NOISE",
            "INITIAL_VOLTAGE",
            "COIN",
        ),
    },
)
