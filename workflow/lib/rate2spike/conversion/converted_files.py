"""Converted models: copies of the model files with the results of the search, as the published code
appends them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import matfile, provenance

if TYPE_CHECKING:
    import pandas as pd

    from ..rate.model import RateModel


REFINED = ("output_factor", "output_offset", "unit_gains")


def write_converted(
    folder: Path,
    models: Path,
    *,
    factors: Mapping[str, float],
    accuracy: pd.DataFrame,
    held_out: Mapping[str, float],
    made: Mapping[str, Any],
    refined: Mapping[str, RateModel] | None = None,
) -> None:
    """Write the converted models of a block of networks.

    Parameters
    ----------
    folder : where to, a new folder
    models : folder of the model files, NETWORK.mat
    factors : the chosen factor of each network
    accuracy : table of the search, a row per network and factor: network, scaling_factor, accuracy
    held_out : accuracy of each network on fresh trials at its factor
    made : how they were made
    refined : each network with what a refinement found for it
    """
    folder.mkdir()
    for network, factor in factors.items():
        source = models / f"{network}.mat"
        found = {}
        if refined:
            found = {key: getattr(refined[network], key) for key in REFINED}
        curve = accuracy[accuracy.network == network]
        matfile.save_converted(
            folder / f"{network}.mat",
            source,
            opt_scaling_factor=factor,
            all_perfs=curve.accuracy,
            scaling_factors=curve.scaling_factor,
            held_out=held_out[network],
            **found,
            provenance={"source": provenance.model_facts(source), "conversion": made},
        )
