"""Drawing primitives of Fig. S5: voltage traces by condition, and paths of the network's state by
strength of the input.

As in `panels`: a function that draws a whole panel takes the axes and returns the rows it drew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .. import plotting
from . import panels

TIME_BAR_S = 0.5  # the scale bars are as in the paper
VOLTAGE_BAR_MV = 50.0
CHOICES = ("+", "\N{MINUS SIGN}")  # filled dots, open dots
NO_NUMBER = "\N{EN DASH}"


def units(recorded: Mapping) -> dict[str, str]:
    """The units whose voltages were recorded.

    Parameters
    ----------
    recorded
        From `analysis.selectivity.selectivity_recordings`.

    Returns
    -------
    dict
        The colour of each unit, by its name, as in "excitatory unit 7".
    """
    colours = {}
    for unit in recorded["trace_unit"]:
        if recorded["inhibitory"][unit]:
            colours[f"inhibitory unit {unit}"] = plotting.INHIBITORY
        else:
            colours[f"excitatory unit {unit}"] = plotting.EXCITATORY
    return colours


def describe(recorded: Mapping) -> dict:
    """What the caption says of the recordings.

    Parameters
    ----------
    recorded
        From `analysis.selectivity.selectivity_recordings`.

    Returns
    -------
    dict
        n_selectivity and n_correct, numbers of trials; the offsets as `levels`; and units, t,
        per_path and variance, dashes where there were too few correct trials.
    """
    facts = {"n_selectivity": int(recorded["n_trials"]), "n_correct": int(recorded["n_correct"])}
    facts["levels"] = ", ".join(f"{x:g}" for x in recorded["offsets"] if x > 0)
    if "paths" not in recorded:
        return facts | dict.fromkeys(("units", "t", "per_path", "variance"), NO_NUMBER)
    least_t = np.abs(recorded["t_values"][1:, recorded["trace_unit"]]).min(axis=0)
    has_path = ~np.isnan(recorded["paths"]).any(axis=(4, 5))
    counts = recorded["path_trials"][has_path]
    facts["units"] = " and ".join(units(recorded))
    facts["t"] = " and ".join(f"{t:.1f}" for t in least_t)
    facts["per_path"] = f"{counts.min()} to {counts.max()}" if counts.size else "no"
    facts["variance"] = f"{100 * recorded['variance_fraction'].sum():.0f}"
    return facts


class Page(NamedTuple):
    """Fig. S5: panels "unit: trace" above; "context c, modality m" below, and "key m" under each
    column for the shades."""

    figure: Figure
    above: dict[str, Axes]
    below: dict[str, Axes]


def page(recorded: Mapping) -> Page:
    """Make the page of Fig. S5.

    Parameters
    ----------
    recorded
        From `analysis.selectivity.selectivity_recordings`.

    Returns
    -------
    Page
        The page and its panels.
    """
    figure = Figure(figsize=(6.8, 9.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[3.6, 5.6])
    names = recorded["trace_name"].tolist()
    rows = []
    for name in names:
        rows.append([f"{unit}: {name}" for unit in units(recorded)])
    above = top.subplot_mosaic(rows)
    for unit in units(recorded):
        above[f"{unit}: {names[0]}"].set_title(unit.capitalize())
    mosaic = [
        ["context 1, modality 1", "context 1, modality 2"],
        ["context 2, modality 1", "context 2, modality 2"],
        ["key 1", "key 2"],
    ]
    below = bottom.subplot_mosaic(mosaic, height_ratios=[1, 1, 0.22])
    return Page(figure, above, below)


def traces(
    above: Mapping[str, Axes], recorded: Mapping, window_ms: Sequence[float]
) -> list[pd.DataFrame]:
    """Draw the voltage of each unit in each condition.

    Parameters
    ----------
    above
        The panels of `page`.
    recorded
        From `analysis.selectivity.selectivity_recordings`.
    window_ms
        When the stimulus is on.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each trace.
    """
    drawn = []
    for i, (unit, colour) in enumerate(units(recorded).items()):
        for j, name in enumerate(recorded["trace_name"].tolist()):
            rows = voltage(
                above[f"{unit}: {name}"],
                recorded["trace_time_s"],
                recorded["trace_mv"][i, j],
                series=name,
                colour=colour,
                window_ms=window_ms,
            )
            drawn.append(rows)
    return drawn


def voltage(
    axes: Axes, time_s, mv, *, series: str, colour: str, window_ms: Sequence[float]
) -> pd.DataFrame:
    """Draw one membrane-voltage trace over the trial, the stimulus green.

    Parameters
    ----------
    axes
        Where to draw; a title that is there stays, in the colour of the trace.
    time_s, mv : array_like, shape (n_samples,)
        The trace.
    series
        The name of its condition: it stands in place of the axis.
    colour
        Of the trace.
    window_ms
        When the stimulus is on.

    Returns
    -------
    pandas.DataFrame
        The rows drawn.
    """
    title = axes.get_title()
    panel = panels.label(axes, "Time (s)", "Membrane voltage (mV)", title, color=colour)
    panels.stimulus_box(axes, [window_ms])
    drawn = panels.curve(panel, time_s, mv, series=series, colour=colour, linewidth=0.45)
    axes.set_xlim(0, time_s[-1])
    axes.set_axis_off()
    axes.text(-0.02, 0.35, series, transform=axes.transAxes, ha="right", va="center", fontsize=7)
    return drawn


def state_space(below: Mapping[str, Axes], recorded: Mapping) -> list[pd.DataFrame]:
    """Draw the state of the network by context and modality.

    Parameters
    ----------
    below
        The panels of `page`.
    recorded
        From `analysis.selectivity.selectivity_recordings`.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each path.
    """
    drawn = []
    for context in (1, 2):
        for modality in (1, 2):
            axes = below[f"context {context}, modality {modality}"]
            cued = "cued" if context == modality else "not cued"
            axes.set_title(f"Context {context}: modality {modality} {cued}")
            states = recorded["paths"][context - 1, modality - 1]
            drawn += paths(axes, recorded["offsets"], states, modality=modality)
    return drawn


def paths(axes: Axes, offsets, states, *, modality: int) -> list[pd.DataFrame]:
    """Draw paths along the axes of choice (x) and of a modality (y).

    There is one for each offset of this modality and each choice. Dots mark equal steps of time;
    weak offsets are dark and strong ones pale.

    Parameters
    ----------
    axes
        Where to draw; a title that is there stays.
    offsets : array_like, shape (n_offsets,)
        Of this modality.
    states : array_like, shape (n_offsets, 2 choices, 2, n_times)
        The paths, NaN where there is none.
    modality
        1 or 2.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each path.
    """
    panel = panels.label(axes, "Choice axis (a.u.)", f"Modality {modality} axis (a.u.)")
    colour_of_size = _shades(offsets, modality)
    strongest = np.abs(offsets).max()
    drawn = []
    for offset, by_choice in zip(offsets, states, strict=True):
        colour = colour_of_size[round(abs(offset), 6)]
        for choice, (x, y) in zip(CHOICES, by_choice, strict=True):
            if np.isnan(x).any():
                continue
            series = f"modality {modality} {offset:+.2g}, choice {choice}"
            series = series.replace("-", CHOICES[1])
            style = {"linewidth": 0.7, **_dots(choice, colour)}
            drawn.append(panels.curve(panel, x, y, series=series, colour=colour, **style))
            if abs(offset) == strongest:
                _direction_of_time(axes, x, y, colour)
    return drawn


def _direction_of_time(axes: Axes, x, y, colour: str) -> None:
    """An arrow head halfway along the path."""
    travelled = np.cumsum(np.hypot(np.diff(x), np.diff(y)))
    k = int(np.searchsorted(travelled, travelled[-1] / 2))
    panels.arrow_head(axes, (x[k], y[k]), (x[k + 1], y[k + 1]), colour, size=11)


def _shades(offsets, modality: int) -> dict[float, str]:
    """The shade of each size of the offset, dark to pale."""
    sizes = np.unique(np.abs(offsets).round(6))
    colour = plotting.INPUTS[modality - 1]
    dark = 0.4 * np.array(to_rgb(colour))
    pale = np.array(to_rgb(plotting.pale(colour, 0.5)))
    shades = {}
    for i, size in enumerate(sizes):
        shades[float(size)] = to_hex(dark + (pale - dark) * i / max(len(sizes) - 1, 1))
    return shades


def _dots(choice: str, colour: str) -> dict:
    """Filled dots for the choice +, open ones for the other."""
    face = colour if choice == CHOICES[0] else "white"
    return {"marker": "o", "markersize": 2.6, "markeredgewidth": 0.6, "markerfacecolor": face}


def finish(above: Mapping[str, Axes], below: Mapping[str, Axes], offsets) -> None:
    """Finish Fig. S5: the same ranges for all panels of a kind, scale bars, keys, letters.

    Parameters
    ----------
    above, below
        The panels of `page`, with what is drawn in them.
    offsets : array_like, shape (n_offsets,)
        Whose shades the keys explain.
    """
    voltages = list(above.values())
    states = [axes for name, axes in below.items() if name.startswith("context")]
    panels.share_range(voltages)
    _scale_bars(voltages[-1])
    _share_state_space(states)
    for modality in (1, 2):
        _key(below[f"key {modality}"], offsets, modality)
    panels.name_panel(voltages[0], "A")
    panels.name_panel(states[0], "B")


def _share_state_space(states: Sequence[Axes]) -> None:
    """The widest of the panels' ranges for all of them, whole numbers, lines through the origin."""
    limits = np.array([[*axes.get_xlim(), *axes.get_ylim()] for axes in states])
    x_range = (limits[:, 0].min(), limits[:, 1].max())
    y_range = (limits[:, 2].min(), limits[:, 3].max())
    for axes in states:
        axes.set(xlim=x_range, ylim=y_range)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        axes.axvline(0, color="0.8", linewidth=0.6, zorder=0)


def _scale_bars(last: Axes) -> None:
    """A pair of bars at the lower right of the traces."""
    right = 1.03 * last.get_xlim()[1]
    left = right - TIME_BAR_S
    foot = last.get_ylim()[0] - 15
    top = foot + VOLTAGE_BAR_MV
    style = {"color": "black", "linewidth": 1.2, "clip_on": False, "solid_capstyle": "butt"}
    last.plot([left, right, right], [foot, foot, top], scalex=False, scaley=False, **style)
    time = {"ha": "center", "va": "top", "fontsize": 7}
    last.text(right - TIME_BAR_S / 2, foot - 6, f"{TIME_BAR_S:g} s", **time)
    height = {"ha": "left", "va": "center", "fontsize": 7}
    last.text(1.01 * right, foot + VOLTAGE_BAR_MV / 2, f"{VOLTAGE_BAR_MV:g} mV", **height)


def _key(axes: Axes, offsets, modality: int) -> None:
    """What shade and fill mean: the size of the offset of the modality, and the choice."""
    axes.set_axis_off()
    colour_of_size = _shades(offsets, modality)
    for i, (size, colour) in enumerate(colour_of_size.items()):
        for row, choice in enumerate(CHOICES):
            x = [i - 0.25, i, i + 0.25]
            y = [-row, -row, -row]
            style = {"linewidth": 0.7, "markevery": [1], **_dots(choice, colour)}
            axes.plot(x, y, color=colour, **style)
        axes.text(i, 0.85, f"{size:g}", ha="center", va="center", fontsize=7)
    names = (
        (0.85, f"size of offset {modality}"),
        (0, f"choice {CHOICES[0]}"),
        (-1, f"choice {CHOICES[1]}"),
    )
    for y, name in names:
        axes.text(-0.6, y, name, ha="right", va="center", fontsize=7)
    axes.set(xlim=(-2.6, len(colour_of_size) - 0.3), ylim=(-1.4, 1.3))
