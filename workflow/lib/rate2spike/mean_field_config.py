"""Settings of a mean-field study, apart from `config`: a change here retrains nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .config import require, require_count


@dataclass(frozen=True)
class MeanFieldConfig:
    """Large random networks that the mean-field theory is compared with.

    Networks of n_exc + n_inh units for each g (inhibitory over excitatory weights) and q (strength
    of the weights) are simulated for n_steps after n_transient. weight_scales is the grid of the
    scaling-factor search.

    Raises
    ------
    ConfigError
        naming the first setting that cannot be used
    """

    n_exc: int = 800
    n_inh: int = 200
    dr: float = 0.01  # 1 / time constant, in steps
    g: tuple[float, ...] = (5.0, 6.0, 8.0)
    q: tuple[float, ...] = (0.8, 1.2, 1.6, 2.0, 2.4, 2.8)
    n_transient: int = 2000
    n_steps: int = 20000
    weight_scales: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)

    def __post_init__(self) -> None:
        for key, least in (("n_exc", 2), ("n_inh", 2), ("n_transient", 100), ("n_steps", 1000)):
            require_count(self, key, least=least)
        require(self.n_transient % 10 == 0, "n_transient", "a multiple of 10", self.n_transient)
        require(self.n_steps % 100 == 0, "n_steps", "a multiple of 100", self.n_steps)
        expected = "a number > 0 and at most 1/7, so that du = 7 dr <= 1"
        require(0 < self.dr <= 1 / 7, "dr", expected, self.dr)
        for key in ("g", "q", "weight_scales"):
            values = getattr(self, key)
            usable = (
                isinstance(values, tuple)
                and len(values) > 0
                and len(set(values)) == len(values)
                and all(isinstance(v, int | float) and math.isfinite(v) and v > 0 for v in values)
            )
            require(usable, key, "a list of different numbers > 0", values)
            # rows and panels are called by them
            different = len({f"{v:g}" for v in values}) == len(values)
            expected = "numbers that differ in their first 6 digits"
            require(different, key, expected, values)
        least_g = self.n_exc / self.n_inh
        expected = f"numbers above {least_g:g} (n_exc / n_inh), where inhibition dominates"
        require(min(self.g) > least_g, "g", expected, self.g)
        with_one = 1 in self.weight_scales
        expected = "a list with 1, the unconverted weights"
        require(with_one, "weight_scales", expected, self.weight_scales)
