"""What was seen of a simulated network: samples by name, spikes, and their ways out (table, arrays, plots, file)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .files import replacing


@dataclass(frozen=True)
class Recording:
    """Samples by name: (n_samples, n_units), or (n_samples, 1) for means over units; with a leading batch axis where many
    simulations ran at once. Sample i is at time (i + 1) * sample_step, or the mean over the step that ends there. spike_*: one
    number per spike. Times in `time_unit`."""

    data: Mapping[str, np.ndarray]
    sample_step: float
    n_units: int
    time_unit: str
    spike_simulation: np.ndarray
    spike_unit: np.ndarray
    spike_time: np.ndarray
    n_simulations: int | None = None  # of a batch
    duration: float | None = None
    spikes_recorded: bool = True

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.data:
            raise KeyError(f"{name!r} was not recorded; there are {', '.join(self.data)}")
        return self.data[name]

    @property
    def time(self) -> np.ndarray:
        n_samples = next(iter(self.data.values())).shape[-2] if self.data else 0
        return self.sample_step * np.arange(1, n_samples + 1)

    def to_numpy(self, name: str = "out") -> np.ndarray:
        return self[name]

    def to_dataframe(self, name: str | None = None) -> pd.DataFrame:
        """TODO"""
        raise NotImplementedError

    def save(self, path: str | os.PathLike) -> None:
        """Write everything to one .npz file, whole or not at all."""
        with replacing(path):
            raise NotImplementedError
