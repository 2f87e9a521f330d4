"""What was seen of a simulated network: samples by name, spikes, and their ways out (arrays,
tables, plots, a file)."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd

from ..files import replacing

FEW = 10  # units that a plot tells apart
BY_NAME = ("data", "last_state")  # fields that hold arrays by name


@dataclass(frozen=True, repr=False, eq=False)
class Recording:
    """What `simulate` recorded: samples by name, and spikes.

    Parameters
    ----------
    data : samples by name, (n_samples, n_units), or (n_samples, 1) for means over units; with a
        leading batch axis where many simulations ran at once. Sample i is at time
        start + (i + 1) * sample_step, or the mean over the step that ends there
    sample_step : time from sample to sample, in `time_unit`
    n_units : number of units
    time_unit : unit of all times
    spike_simulation : of each spike, the number of its simulation
    spike_unit : of each spike, its unit; spikes are in order of simulation and time
    spike_time : of each spike, its time
    n_simulations : of a batch, None without one
    duration : of the simulation, in `time_unit`
    spikes_recorded : False where nobody asked for them
    step : of the simulation, in `time_unit`; spikes are at multiples of it. None where unknown
    start : time before the first step, 0 but for a run that goes on from another
    last_state : the state variables after the last step by name, (n_units,), with a leading batch
        axis where many simulations ran at once: `initial` of a `Network` that goes on
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
    step: float | None = None
    start: float = 0.0
    last_state: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self) -> str:
        batch = "" if self.n_simulations is None else f" in {self.n_simulations} simulations"
        samples = "no samples"
        if self.data:
            step = f"{self.sample_step:g} {self.time_unit}"
            samples = f"{', '.join(self.data)} every {step} ({len(self.time)} samples)"
        spikes = f"{len(self.spike_time)} spikes" if self.spikes_recorded else "no spikes recorded"
        return f"<Recording of {self.n_units} units{batch}: {samples}; {spikes}>"

    def __getitem__(self, name: str) -> np.ndarray:
        if name == "spikes":
            raise KeyError(
                "spikes are in spike_time, spike_unit and spike_simulation, "
                'or to_dataframe("spikes")'
            )
        if name not in self.data:
            raise KeyError(
                f"{name!r} was not recorded; there are {', '.join(self.data) or 'no samples'}"
            )
        return self.data[name]

    @property
    def time(self) -> np.ndarray:
        """Time of each sample, (n_samples,), in `time_unit`."""
        n_samples = next(iter(self.data.values())).shape[-2] if self.data else 0
        return self.start + self.sample_step * np.arange(1, n_samples + 1)

    @property
    def _span(self) -> tuple[float, float]:
        """Begin and end of the axis of time."""
        return self.start, self.start + self.duration if self.duration else self.time[-1]

    def to_numpy(self, name: str = "out") -> np.ndarray:
        """The samples of that name.

        Returns
        -------
        np.ndarray
            (n_samples, n_units), or (batch, n_samples, n_units) of many simulations.

        Raises
        ------
        KeyError
            Where nothing of that name was recorded.
        """
        return self[name]

    def to_dataframe(self, name: str | None = None) -> pd.DataFrame:
        """The samples as a wide table: one row a time, one column a unit.

        Parameters
        ----------
        name : of the samples; by default all that was recorded, with the name as first level of
            the columns. "spikes": one row a spike, with simulation (of many), unit and time

        Returns
        -------
        pd.DataFrame
            For means over units the column is "mean"; columns of many simulations are
            (simulation, unit).

        Raises
        ------
        KeyError
            Where nothing of that name was recorded.
        ValueError
            Where spikes were not recorded.
        """
        if name == "spikes":
            return self._table_of_spikes()
        if name is None:
            tables = {key: self.to_dataframe(key) for key in self.data}
            if not tables:
                return pd.DataFrame()
            return pd.concat(tables, axis="columns", names=["variable"])
        values = self[name]
        columns = ["mean"] if name.startswith("mean(") else range(values.shape[-1])
        units = pd.Index(columns, name="unit")
        if self.n_simulations is not None:
            units = pd.MultiIndex.from_product(
                [range(self.n_simulations), units], names=["simulation", "unit"]
            )
            values = values.swapaxes(0, 1).reshape(values.shape[1], -1)
        return pd.DataFrame(values, index=pd.Index(self.time, name="time"), columns=units)

    def _table_of_spikes(self) -> pd.DataFrame:
        self._check_spikes()
        columns = {}
        if self.n_simulations is not None:
            columns["simulation"] = self.spike_simulation
        columns["unit"] = self.spike_unit
        columns["time"] = self.spike_time
        return pd.DataFrame(columns)

    def plot(self, name: str = "out", *, simulation: int = 0, axes=None):
        """Draw samples against time: a line for each of up to 10 units; of more, thin lines and
        their mean.

        Parameters
        ----------
        name : of the samples
        simulation : which one of many
        axes : where to draw, a new figure by default

        Returns
        -------
        matplotlib.axes.Axes
            Where it was drawn.
        """
        values = self._of(simulation, self[name])
        axes = _new_axes(6.5, 2.5) if axes is None else axes
        axes.set(
            xlabel=f"Time ({self.time_unit})",
            ylabel=name,
            title=axes.get_title() or self._title(simulation),
        )
        is_mean = name.startswith("mean(")
        if values.shape[1] <= FEW:
            self._draw_lines(axes, values, is_mean=is_mean)
        else:
            self._draw_crowd(axes, values)
        if not is_mean:
            axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        axes.set_xlim(*self._span)
        return axes

    def _draw_lines(self, axes, values: np.ndarray, *, is_mean: bool) -> None:
        from .. import plotting

        colours = plotting.TRAJECTORIES
        for unit in range(values.shape[1]):
            axes.plot(
                self.time,
                values[:, unit],
                color=colours[unit % len(colours)],
                label="mean" if is_mean else f"unit {unit}",
                linestyle="-" if unit < len(colours) else "--",
                linewidth=1,
            )

    def _draw_crowd(self, axes, values: np.ndarray) -> None:
        from .. import plotting

        n = values.shape[1]
        axes.plot(
            self.time,
            values,
            color=plotting.pale(plotting.SPIKING),
            linewidth=0.3,
            alpha=max(0.05, min(1, 20 / n)),
            zorder=1,
        )
        axes.plot(
            self.time, values.mean(axis=1), color=plotting.SPIKING, label=f"mean of {n} units"
        )

    def _title(self, simulation: int) -> str:
        return "" if self.n_simulations is None else f"simulation {simulation}"

    def raster(self, *, simulation: int = 0, axes=None):
        """Draw the spikes: one row a unit, one mark a spike.

        Parameters
        ----------
        simulation : which one of many
        axes : where to draw, a new figure by default

        Returns
        -------
        matplotlib.axes.Axes
            Where it was drawn.

        Raises
        ------
        ValueError
            Where spikes were not recorded.
        """
        from .. import plotting

        self._check_spikes()
        chosen = self.spike_simulation == self._checked(simulation)
        axes = _new_axes(6.5, min(4, 1 + 0.2 * self.n_units)) if axes is None else axes
        axes.set(
            xlabel=f"Time ({self.time_unit})",
            ylabel="Unit",
            title=axes.get_title() or self._title(simulation),
        )
        height_in = axes.get_position().height * axes.figure.get_figheight()
        points_per_row = height_in * 72 / self.n_units
        if points_per_row > 4:
            mark = {"marker": "|", "markersize": 0.8 * min(points_per_row, 14)}
            edge_width = 0.8
        else:
            mark = {"marker": "o", "markersize": max(1, 0.9 * points_per_row)}
            edge_width = 0
        axes.plot(
            self.spike_time[chosen],
            self.spike_unit[chosen],
            color=plotting.SPIKING,
            linestyle="none",
            markeredgewidth=edge_width,
            **mark,
        )
        axes.set_ylim(-0.7, self.n_units - 0.3)
        if self.n_units <= FEW:
            axes.set_yticks(range(self.n_units))
        else:
            axes.yaxis.get_major_locator().set_params(integer=True)
        if self.duration:
            axes.set_xlim(*self._span)
        return axes

    def save(self, path: str | os.PathLike) -> None:
        """Write everything to one .npz file, whole or not at all.

        Parameters
        ----------
        path : of the file, whatever its ending
        """
        arrays = {}
        for own in fields(self):
            value = getattr(self, own.name)
            if own.name in BY_NAME:
                arrays |= {f"{own.name}/{name}": values for name, values in value.items()}
            elif value is not None:
                arrays[own.name] = value
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Recording:
        """What `save` wrote.

        Parameters
        ----------
        path : of the file

        Returns
        -------
        Recording
            As it was saved.

        Raises
        ------
        ValueError
            For any other file.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path}: expected a recording as Recording.save writes it ({error})"
            ) from error
        # not in files of simulations without a batch, or that were written before there was one
        may_lack = {*BY_NAME, "n_simulations", "duration", "start", "step"}
        names = {own.name for own in fields(cls)}
        missing = names - may_lack - set(arrays)
        if missing:
            raise ValueError(
                f"{path}: expected a recording as Recording.save writes it, "
                f"found no {sorted(missing)[0]}"
            )
        values: dict = {name: {} for name in BY_NAME}
        for key, value in arrays.items():
            field_name, _, name = key.partition("/")
            if name and field_name in BY_NAME:
                values[field_name][name] = value
            elif key in names:
                values[key] = value if value.ndim else value.item()
            else:
                raise ValueError(
                    f"{path}: expected a recording as Recording.save writes it, found {key}, too"
                )
        return cls(**values)

    def _checked(self, simulation: int) -> int:
        if not 0 <= simulation < (self.n_simulations or 1):
            raise ValueError(
                f"simulation: expected a whole number below {self.n_simulations or 1}, "
                f"got {simulation}"
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
