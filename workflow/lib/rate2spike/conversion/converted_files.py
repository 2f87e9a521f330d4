"""Converted models: copies of the model files with the results of the search, as the published code
appends them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import matfile, provenance

if TYPE_CHECKING:
    import pandas as pd

    from ..rate.model import UnitGains


def write_converted(
    folder: Path,
    models: Path,
    *,
    factors: Mapping[str, float],
    accuracy: pd.DataFrame,
    held_out: Mapping[str, float],
    made: Mapping[str, Any],
    output_factors: Mapping[str, float] | None = None,
    unit_gains: Mapping[str, UnitGains] | None = None,
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
    output_factors : of each network, where a refinement found them
    unit_gains : of the networks for which a refinement found them
    """
    folder.mkdir()
    for network, factor in factors.items():
        source = models / f"{network}.mat"
        curve = accuracy[accuracy.network == network]
        matfile.save_converted(
            folder / f"{network}.mat",
            source,
            opt_scaling_factor=factor,
            all_perfs=curve.accuracy,
            scaling_factors=curve.scaling_factor,
            held_out=held_out[network],
            output_factor=output_factors[network] if output_factors else None,
            unit_gains=unit_gains.get(network) if unit_gains else None,
            provenance={"source": provenance.model_facts(source), "conversion": made},
        )
