"""Drawing primitives of Fig. S5: voltage traces by condition, and paths of the network's state by
strength of the input.

As in `figures`, every primitive draws into one axes and returns the rows it drew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .. import plotting
from . import panels

TIME_BAR_S, VOLTAGE_BAR_MV = 0.5, 50.0  # as in the paper
CHOICES = ("+", "\N{MINUS SIGN}")  # filled dots, open dots


def units(recorded: Mapping) -> dict[str, str]:
    """The units whose voltages were recorded, in words, and their colours."""
    kinds = [
        plotting.INHIBITORY if of else plotting.EXCITATORY
        for of in recorded["inhibitory"][recorded["trace_unit"]]
    ]
    words = {plotting.EXCITATORY: "excitatory", plotting.INHIBITORY: "inhibitory"}
    return {
        f"{words[colour]} unit {unit}": colour
        for unit, colour in zip(recorded["trace_unit"], kinds, strict=True)
    }


def describe(recorded: Mapping) -> dict:
    """What the caption says of the recordings; dashes where there were too few correct trials."""
    facts = {"n_selectivity": int(recorded["n_trials"]), "n_correct": int(recorded["n_correct"])}
    facts["levels"] = ", ".join(f"{x:g}" for x in recorded["offsets"] if x > 0)
    if "paths" not in recorded:
        return facts | dict.fromkeys(("units", "t", "per_path", "variance"), "–")
    mixed = np.abs(recorded["t_values"][1:, recorded["trace_unit"]]).min(axis=0)
    counts = recorded["path_trials"][~np.isnan(recorded["paths"]).any(axis=(4, 5))]
    return facts | {
        "units": " and ".join(units(recorded)),
        "t": " and ".join(f"{t:.1f}" for t in mixed),
        "per_path": f"{counts.min()} to {counts.max()}" if counts.size else "no",
        "variance": f"{100 * recorded['variance_fraction'].sum():.0f}",
    }


def page(
    units: Sequence[str], traces: Sequence[str]
) -> tuple[Figure, dict[str, Axes], dict[str, Axes]]:
    """The figure, the panels of the traces ("unit: trace") above and those of the state space
    ("context c, modality m") below, with the key of the shades ("key m") under each column."""
    figure = Figure(figsize=(6.8, 9.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[3.6, 5.6])
    above = top.subplot_mosaic([[f"{unit}: {trace}" for unit in units] for trace in traces])
    for unit in units:
        above[f"{unit}: {traces[0]}"].set_title(unit.capitalize())
    states = [[f"context {c}, modality {m}" for m in (1, 2)] for c in (1, 2)]
    below = bottom.subplot_mosaic([*states, ["key 1", "key 2"]], height_ratios=[1, 1, 0.22])
    return figure, above, below


def voltage(
    axes: Axes, time_s, mv, *, series: str, colour: str, window_ms: Sequence[float]
) -> pd.DataFrame:
    """One membrane-voltage trace over the trial, the stimulus green; the name of its condition
    stands for the axis."""
    panels.label(axes, "Time (s)", "Membrane voltage (mV)", axes.get_title(), color=colour)
    panels.stimulus_box(axes, [window_ms])
    drawn = panels.curve(axes, time_s, mv, series=series, colour=colour, linewidth=0.45)
    axes.set_xlim(0, time_s[-1])
    axes.set_axis_off()
    axes.text(-0.02, 0.35, series, transform=axes.transAxes, ha="right", va="center", fontsize=7)
    return drawn


def paths(axes: Axes, offsets, states, *, modality: int) -> list[pd.DataFrame]:
    """Paths along the axes of choice (x) and of a modality (y), one for each offset of this
    modality and each choice.

    offsets (n_offsets,); states (n_offsets, 2 choices, 2, n_times), NaN where there is no path.
    Dots mark equal steps of time; weak offsets are dark and strong ones pale.
    """
    panels.label(axes, "Choice axis (a.u.)", f"Modality {modality} axis (a.u.)", axes.get_title())
    colour_of, drawn = _shades(offsets, modality), []
    for offset, of_offset in zip(offsets, states, strict=True):
        colour = colour_of[round(abs(offset), 6)]
        for choice, (x, y) in zip(CHOICES, of_offset, strict=True):
            if not np.isnan(x).any():
                series = f"modality {modality} {offset:+.2g}, choice {choice}".replace(
                    "-", CHOICES[1]
                )
                drawn.append(
                    panels.curve(
                        axes,
                        x,
                        y,
                        series=series,
                        colour=colour,
                        linewidth=0.7,
                        **_dots(choice, colour),
                    )
                )
                if abs(offset) == np.abs(offsets).max():
                    _arrow_head(axes, x, y, colour)
    return drawn


def _arrow_head(axes: Axes, x, y, colour: str) -> None:
    """The direction of time, halfway along the path."""
    k = int(
        np.searchsorted(travelled := np.cumsum(np.hypot(np.diff(x), np.diff(y))), travelled[-1] / 2)
    )
    head = {
        "arrowstyle": "-|>",
        "color": colour,
        "linewidth": 0,
        "mutation_scale": 11,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", xy=(x[k + 1], y[k + 1]), xytext=(x[k], y[k]), arrowprops=head)


def _shades(offsets, modality: int) -> dict[float, str]:
    """The shade of each size of the offset, dark to pale."""
    sizes = np.unique(np.abs(offsets).round(6))
    colour = plotting.INPUTS[modality - 1]
    dark, pale = 0.4 * np.array(to_rgb(colour)), np.array(to_rgb(plotting.pale(colour, 0.5)))
    return {
        float(x): to_hex(dark + (pale - dark) * i / max(len(sizes) - 1, 1))
        for i, x in enumerate(sizes)
    }


def _dots(choice: str, colour: str) -> dict:
    face = colour if choice == CHOICES[0] else "white"
    return {"marker": "o", "markersize": 2.6, "markeredgewidth": 0.6, "markerfacecolor": face}


def finish(above: Mapping[str, Axes], below: Mapping[str, Axes], offsets) -> None:
    """The same ranges for all panels of a kind, scale bars, keys of the shades, letters."""
    traces, states = (
        list(above.values()),
        [panel for name, panel in below.items() if name.startswith("context")],
    )
    panels.share_range(traces)
    _scale_bars(traces[-1])
    limits = np.array([[*panel.get_xlim(), *panel.get_ylim()] for panel in states])
    for panel in states:
        panel.set(
            xlim=(limits[:, 0].min(), limits[:, 1].max()),
            ylim=(limits[:, 2].min(), limits[:, 3].max()),
        )
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        panel.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        panel.axvline(0, color="0.8", linewidth=0.6, zorder=0)
    for modality in (1, 2):
        _key(below[f"key {modality}"], offsets, modality)
    panels.name_panel(traces[0], "A")
    panels.name_panel(states[0], "B")


def _scale_bars(last: Axes) -> None:
    """A pair of bars at the lower right of the traces."""
    x, foot = 1.03 * last.get_xlim()[1], last.get_ylim()[0] - 15
    style = {"color": "black", "linewidth": 1.2, "clip_on": False, "solid_capstyle": "butt"}
    last.plot(
        [x - TIME_BAR_S, x, x],
        [foot, foot, foot + VOLTAGE_BAR_MV],
        scalex=False,
        scaley=False,
        **style,
    )
    last.text(x - TIME_BAR_S / 2, foot - 6, f"{TIME_BAR_S:g} s", ha="center", va="top", fontsize=7)
    last.text(
        1.01 * x,
        foot + VOLTAGE_BAR_MV / 2,
        f"{VOLTAGE_BAR_MV:g} mV",
        ha="left",
        va="center",
        fontsize=7,
    )


def _key(axes: Axes, offsets, modality: int) -> None:
    """What shade and fill mean: the size of the offset of the modality, and the choice."""
    axes.set_axis_off()
    colour_of = _shades(offsets, modality)
    for i, (size, colour) in enumerate(colour_of.items()):
        for row, choice in enumerate(CHOICES):
            axes.plot(
                [i - 0.25, i, i + 0.25],
                3 * [-row],
                color=colour,
                linewidth=0.7,
                markevery=[1],
                **_dots(choice, colour),
            )
        axes.text(i, 0.85, f"{size:g}", ha="center", va="center", fontsize=7)
    for y, words in (
        (0.85, f"size of offset {modality}"),
        (0, f"choice {CHOICES[0]}"),
        (-1, f"choice {CHOICES[1]}"),
    ):
        axes.text(-0.6, y, words, ha="right", va="center", fontsize=7)
    axes.set(xlim=(-2.6, len(colour_of) - 0.3), ylim=(-1.4, 1.3))
