"""Settings of a network by their published names, and as the library's `RateConfig`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from rate2spike.config import RATE_STEP_MS, ConfigError, RateConfig

# the library's word -> the published one
PUBLISHED = {
    "n_units": "N",
    "p_inh": "P_inh",
    "p_rec": "P_rec",
    "n_som": "som_N",
    "dale": "apply_dale",
    "tau_decay_ms": "taus",
}
WEIGHT_DISTRIBUTIONS = {"gaus": "gaussian", "gamma": "gamma"}
LOSSES = ("l2", "l1")  # of the published code; the library has one more


def published_words(message: object) -> str:
    """A message of the library with the published names of the settings."""
    any_setting = "|".join(rf"\b{name}\b" for name in PUBLISHED)
    return re.sub(any_setting, lambda match: PUBLISHED[match[0]], str(message))


@dataclass
class RNNConfig:
    """The settings of one network by their published names.

    Parameters
    ----------
    N : number of units
    P_inh : probability that a unit is inhibitory
    P_rec : probability that a connection is there
    som_N : inhibitory units that receive no inhibition
    gain : of the initial weights, for `gaus`
    apply_dale : whether a unit is excitatory or inhibitory
    w_dist : `gaus` or `gamma`
    device : nothing looks at it

    Raises
    ------
    ValueError
        naming the setting that cannot be used
    """

    N: int
    P_inh: float
    P_rec: float
    som_N: int = 0
    gain: float = 1.5
    apply_dale: bool = True
    w_dist: str = "gaus"
    device: str = "cpu"

    def __post_init__(self) -> None:
        self.to_rate_config()

    def to_rate_config(
        self, tau_decay_ms: Sequence[float] = (20.0, 50.0), activation: str = "sigmoid"
    ) -> RateConfig:
        """The library's settings of this network.

        Parameters
        ----------
        tau_decay_ms : synaptic decays [min, max] or [value] in ms
        activation : `sigmoid`, `clipped_relu` or `softplus`
        """
        distribution = WEIGHT_DISTRIBUTIONS.get(str(self.w_dist).lower())
        if distribution is None:
            raise ValueError(
                f"w_dist: expected one of {', '.join(WEIGHT_DISTRIBUTIONS)}, got {self.w_dist!r}"
            )
        try:
            return RateConfig(
                n_units=_plain(self.N),
                p_inh=_plain(self.P_inh),
                p_rec=_plain(self.P_rec),
                n_som=_plain(self.som_N),
                weight_distribution=distribution,
                gain=_plain(self.gain),
                dale=_plain(self.apply_dale),
                activation=activation.lower() if isinstance(activation, str) else activation,
                tau_decay_ms=tuple(tau_decay_ms),
            )
        except ConfigError as error:
            raise ValueError(published_words(error)) from None


def create_default_config(**kwargs: Any) -> RNNConfig:
    """200 units, a fifth of them inhibitory, a fifth of the connections there.

    `kwargs` change it. Raises ValueError for a setting that there is not.
    """
    known = [field.name for field in fields(RNNConfig)]
    unknown = [name for name in kwargs if name not in known]
    if unknown:
        raise ValueError(f"{unknown[0]}: unknown setting; there are {', '.join(known)}")
    return RNNConfig(**{"N": 200, "P_inh": 0.2, "P_rec": 0.2, **kwargs})


def decays_ms(taus: Any, DeltaT: float = 1) -> tuple[float, ...]:
    """Synaptic decays in ms.

    Parameters
    ----------
    taus : [min, max] or [value] in steps of 5 ms
    DeltaT : Euler steps per step: the library's step being 5 ms, a decay of tau is simulated as
        one of tau / DeltaT

    Returns
    -------
    (min, max) or (value,)

    Raises
    ------
    ValueError
        for anything else, and for a decay shorter than the Euler step
    """
    a_number = isinstance(DeltaT, int | float | np.number) and not isinstance(DeltaT, bool)
    if not a_number or not DeltaT > 0:
        raise ValueError(f"settings['DeltaT']: expected a number > 0, usually 1, got {DeltaT!r}")
    try:
        steps = np.ravel(np.asarray(taus, dtype=np.float64))
    except (TypeError, ValueError):
        steps = np.array([np.nan])
    ok = steps.size in (1, 2) and np.isfinite(steps).all() and (steps >= DeltaT).all()
    if not ok or (steps.size == 2 and not steps[0] < steps[1]):
        expected = "[min, max] (trained) or [value] (fixed)"
        raise ValueError(
            f"taus: expected {expected}, synaptic decays in steps of 5 ms, "
            f"none below DeltaT = {DeltaT:g}, got {taus!r}"
        )
    return tuple(float(tau) * RATE_STEP_MS / float(DeltaT) for tau in steps)


def _plain(value: Any) -> Any:
    """A numpy number as Python's."""
    return value.item() if isinstance(value, np.generic) else value
