"""What was seen of a simulated network: samples by name, spikes, and their ways out (arrays,
tables, plots, a file)."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from ..files import replacing

FEW = 10  # units that a plot tells apart


@dataclass(frozen=True, repr=False, eq=False)
class Recording:
    """Samples by name: (n_samples, n_units), or (n_samples, 1) for means over units; with a leading
    batch axis where many simulations ran at once. Sample i is at time (i + 1) * sample_step, or the
    mean over the step that ends there. spike_*: one number per spike, in order of simulation and
    time. Times in `time_unit`.

    n_simulations: of a batch, None without one; duration: of the simulation; spikes_recorded: False
    where nobody asked for them.
    """

    data: Mapping[str, np.ndarray]
    sample_step: float
    n_units: int
    time_unit: str
    spike_simulation: np.ndarray
    spike_unit: np.ndarray
    spike_time: np.ndarray
    n_simulations: int | None = None
    duration: float | None = None
    spikes_recorded: bool = True

    def __repr__(self) -> str:
        batch = "" if self.n_simulations is None else f" in {self.n_simulations} simulations"
        samples = f"{', '.join(self.data)} every {self.sample_step:g} {self.time_unit} ({len(self.time)} samples)"
        spikes = f"{len(self.spike_time)} spikes" if self.spikes_recorded else "no spikes recorded"
        return f"<Recording of {self.n_units} units{batch}: {samples if self.data else 'no samples'}; {spikes}>"

    def __getitem__(self, name: str) -> np.ndarray:
        if name == "spikes":
            raise KeyError(
                'spikes are in spike_time, spike_unit and spike_simulation, or to_dataframe("spikes")'
            )
        if name not in self.data:
            raise KeyError(
                f"{name!r} was not recorded; there are {', '.join(self.data) or 'no samples'}"
            )
        return self.data[name]

    @property
    def time(self) -> np.ndarray:
        n_samples = next(iter(self.data.values())).shape[-2] if self.data else 0
        return self.sample_step * np.arange(1, n_samples + 1)

    def to_numpy(self, name: str = "out") -> np.ndarray:
        """The samples of that name: (n_samples, n_units), (batch, n_samples, n_units) of many
        simulations."""
        return self[name]

    def to_dataframe(self, name: str | None = None) -> pd.DataFrame:
        """The samples as a wide table: one row a time, one column a unit, or "mean" for means over
        units.

        Columns of many simulations are (simulation, unit); without a name all that was recorded,
        with the name as first level. "spikes": one row a spike, with simulation (of many), unit and
        time.
        """
        if name == "spikes":
            self._check_spikes()
            columns = {
                "simulation": self.spike_simulation,
                "unit": self.spike_unit,
                "time": self.spike_time,
            }
            return pd.DataFrame(
                {
                    k: v
                    for k, v in columns.items()
                    if k != "simulation" or self.n_simulations is not None
                }
            )
        if name is None:
            tables = {key: self.to_dataframe(key) for key in self.data}
            return (
                pd.concat(tables, axis="columns", names=["variable"]) if tables else pd.DataFrame()
            )
        values = self[name]
        units = pd.Index(
            ["mean"] if name.startswith("mean(") else range(values.shape[-1]), name="unit"
        )
        if self.n_simulations is not None:
            units = pd.MultiIndex.from_product(
                [range(self.n_simulations), units], names=["simulation", "unit"]
            )
            values = values.swapaxes(0, 1).reshape(values.shape[1], -1)
        return pd.DataFrame(values, index=pd.Index(self.time, name="time"), columns=units)

    def plot(self, name: str = "out", *, simulation: int = 0, axes=None):
        """Draw samples against time: a line for each of up to 10 units; of more, thin lines and
        their mean. Returns the axes.

        simulation: which one of many; axes: where to draw, a new figure by default.
        """
        from .. import plotting

        values = self._of(simulation, self[name])
        axes = _new_axes(6.5, 2.5) if axes is None else axes
        axes.set(
            xlabel=f"Time ({self.time_unit})",
            ylabel=name,
            title=axes.get_title() or self._title(simulation),
        )
        n, mean = values.shape[1], name.startswith("mean(")
        if n <= FEW:
            for unit in range(n):
                label, colour = (
                    ("mean" if mean else f"unit {unit}"),
                    plotting.TRAJECTORIES[unit % len(plotting.TRAJECTORIES)],
                )
                style = "-" if unit < len(plotting.TRAJECTORIES) else "--"
                axes.plot(
                    self.time,
                    values[:, unit],
                    color=colour,
                    label=label,
                    linestyle=style,
                    linewidth=1,
                )
        else:
            pale = {
                "color": plotting.pale(plotting.SPIKING),
                "linewidth": 0.3,
                "alpha": max(0.05, min(1, 20 / n)),
                "zorder": 1,
            }
            axes.plot(self.time, values, **pale)
            axes.plot(
                self.time, values.mean(axis=1), color=plotting.SPIKING, label=f"mean of {n} units"
            )
        if not mean:
            axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        axes.set_xlim(0, self.duration or self.time[-1])
        return axes

    def _title(self, simulation: int) -> str:
        return "" if self.n_simulations is None else f"simulation {simulation}"

    def raster(self, *, simulation: int = 0, axes=None):
        """Draw the spikes: one row a unit, one mark a spike. Returns the axes; arguments as in
        `plot`."""
        from .. import plotting

        self._check_spikes()
        chosen = self.spike_simulation == self._checked(simulation)
        axes = _new_axes(6.5, min(4, 1 + 0.2 * self.n_units)) if axes is None else axes
        axes.set(
            xlabel=f"Time ({self.time_unit})",
            ylabel="Unit",
            title=axes.get_title() or self._title(simulation),
        )
        points = (
            axes.get_position().height * axes.figure.get_figheight() * 72 / self.n_units
        )  # of a row
        marker, size = ("|", 0.8 * min(points, 14)) if points > 4 else ("o", max(1, 0.9 * points))
        style = {
            "color": plotting.SPIKING,
            "marker": marker,
            "markersize": size,
            "linestyle": "none",
        }
        axes.plot(
            self.spike_time[chosen],
            self.spike_unit[chosen],
            **style,
            markeredgewidth=0.8 if marker == "|" else 0,
        )
        axes.set_ylim(-0.7, self.n_units - 0.3)
        if self.n_units <= FEW:
            axes.set_yticks(range(self.n_units))
        else:
            axes.yaxis.get_major_locator().set_params(integer=True)
        if self.duration:
            axes.set_xlim(0, self.duration)
        return axes

    def save(self, path: str | os.PathLike) -> None:
        """Write everything to one .npz file, whole or not at all."""
        rest = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "data"}
        arrays = {f"data/{name}": values for name, values in self.data.items()}
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file, **arrays, **{name: value for name, value in rest.items() if value is not None}
            )

    @classmethod
    def load(cls, path: str | os.PathLike) -> Recording:
        """What `save` wrote; raises ValueError for any other file."""
        try:
            with np.load(path, allow_pickle=False) as file:
                found = dict(file)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path}: expected a recording as Recording.save writes it ({error})"
            ) from error
        missing = {f.name for f in fields(cls)} - {"data", "n_simulations", "duration"} - set(found)
        if missing:
            raise ValueError(
                f"{path}: expected a recording as Recording.save writes it, found no {sorted(missing)[0]}"
            )
        data = {
            key.removeprefix("data/"): values
            for key, values in found.items()
            if key.startswith("data/")
        }
        rest = {key: value for key, value in found.items() if not key.startswith("data/")}
        return cls(
            data, **{key: value if value.ndim else value.item() for key, value in rest.items()}
        )

    def _checked(self, simulation: int) -> int:
        if not 0 <= simulation < (self.n_simulations or 1):
            raise ValueError(
                f"simulation: expected a whole number below {self.n_simulations or 1}, got {simulation}"
            )
        return simulation

    def _of(self, simulation: int, values: np.ndarray) -> np.ndarray:
        simulation = self._checked(simulation)
        return values if self.n_simulations is None else values[simulation]

    def _check_spikes(self) -> None:
        if not self.spikes_recorded:
            raise ValueError(
                'spikes were not recorded; simulate(..., record=("out", "spikes")) does'
            )


def _new_axes(width: float, height: float):
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]
