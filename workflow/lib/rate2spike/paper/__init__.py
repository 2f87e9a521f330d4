"""Ours beside the published numbers: sweeps, tests, the scorecard."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".compare": (
            "difference_of_means",
            "difference_of_shares",
            "kruskal_wallis",
            "rank_sum",
        ),
    },
)
