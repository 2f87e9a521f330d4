"""Lesions of a converted network, as a published version has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rate2spike import spiking, streams


def lesioned(
    network: spiking.SpikingNetwork,
    percentage: float,
    scale: float,
    *,
    by_type: bool,
    spare_self: bool,
    seed: int,
) -> spiking.SpikingNetwork:
    """The network with connections, chosen at random, multiplied by `scale`.

    Parameters
    ----------
    network : the whole one
    percentage : the fraction of its connections, from 0 to 1
    scale : from 0 to 1
    by_type : the same fraction of each type of connection
    spare_self : leave those of a unit to itself
    seed : of the choice

    Raises
    ------
    ValueError
        For fractions that cannot be.
    """
    for name, value in (("lesion_percentage", percentage), ("lesion_scale", scale)):
        is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= 1:
            raise ValueError(f"{name}: expected a fraction in [0, 1] (0.3 for 30 %), got {value!r}")
    if percentage == 0:
        return network
    there = network.w_rec != 0
    if spare_self:
        there &= ~np.eye(len(there), dtype=bool)
    everyone = np.ones(len(there), dtype=bool)
    populations = (~network.inhibitory, network.inhibitory) if by_type else (everyone,)
    rng = streams.generator(seed, "lesion")
    w_rec = network.w_rec.copy()
    for post in populations:
        for pre in populations:
            among = np.argwhere(there & post[:, None] & pre)
            chosen = rng.permutation(among)[: round(percentage * len(among))]
            w_rec[chosen[:, 0], chosen[:, 1]] *= scale
    return replace(network, w_rec=w_rec)
