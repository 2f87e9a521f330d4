"""Drawing primitives in the look of the paper. Nothing is computed and no file read here.

Every primitive draws into one axes and returns the rows it drew as a table with the columns of
`COLUMNS`, so that a figure and the CSV beside it cannot differ. Label the axes (`label`) before
drawing: the table takes the names of its quantities from there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import proj3d

from ..plotting import (
    EXCITATORY,
    HEAT_MAP,
    HISTOGRAM,
    INHIBITORY,
    INPUTS,
    NO_DALE,
    OUTPUTS,
    PUBLISHED,
    STIMULUS,
    TRAJECTORIES,
)

logging.getLogger("fontTools").setLevel(logging.WARNING)  # thirty lines for every PDF otherwise
COLUMNS = ["panel", "series", "x_name", "x", "y_name", "y", "z_name", "z", "low", "high"]


def table_of(axes: Axes, series: str, x, y, **more) -> pd.DataFrame:
    names = {
        "panel": axes.get_label(),
        "series": series if isinstance(series, str) else np.asarray(series),
        "x_name": axes.get_xlabel().replace("\n", " "),
        "y_name": axes.get_ylabel().replace("\n", " "),
    }
    return (
        pd.DataFrame({"x": np.asarray(x), "y": np.asarray(y), **more})
        .assign(**names)
        .reindex(columns=COLUMNS)
    )


def label(axes: Axes, x: str, y: str, title: str = "", **title_style) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, **title_style)


def name_panel(axes: Axes, letter: str, left: float = -36) -> None:
    """The bold letter at the upper left of a panel, `left` points from its corner (0: a panel
    without numbers on its axis)."""
    place = {"xycoords": "axes fraction", "xytext": (left, 10), "textcoords": "offset points"}
    axes.annotate(letter, (0, 1), **place, fontsize=9, fontweight="bold")


def set_range(
    axes: Axes, x: Sequence[float] | None = None, y: Sequence[float] | None = None
) -> None:
    """The paper's ranges, made wider where the data drawn so far exceed them: nothing is cut off."""
    limits = axes.dataLim
    for values, low, high, setter in (
        (x, limits.x0, limits.x1, axes.set_xlim),
        (y, limits.y0, limits.y1, axes.set_ylim),
    ):
        if values is not None:
            margin = 0.06 * (values[1] - values[0])
            setter(
                low - margin if low < values[0] else values[0],
                high + margin if high > values[1] else values[1],
            )


def share_range(panels: Sequence[Axes], ticks: Sequence[float] | None = None) -> None:
    """The widest of the panels' vertical ranges for all of them; `ticks` where the range is small
    enough for them."""
    limits = np.array([axes.get_ylim() for axes in panels])
    for axes in panels:
        axes.set_ylim(limits[:, 0].min(), limits[:, 1].max())
        if ticks is not None and np.abs(limits).max() < 3 * max(ticks):
            axes.set_yticks(ticks)


def hide_time(axes: Axes) -> None:
    """No numbers on a time axis that is repeated right below."""
    axes.set_xlabel("")
    axes.tick_params(axis="x", labelbottom=False)


def curve(axes: Axes, x, y, *, series: str, colour: str, **style) -> pd.DataFrame:
    """One line. x, y (n,)."""
    axes.plot(x, y, color=colour, label=series, **style)
    return table_of(axes, series, x, y)


def mean_band(axes: Axes, x, mean, low, high, *, series: str, colour: str) -> pd.DataFrame:
    """A line with a band from low to high around it, (n,) each."""
    axes.fill_between(x, low, high, color=colour, alpha=0.3, linewidth=0)
    axes.plot(x, mean, color=colour, label=series)
    return table_of(axes, series, x, mean, low=np.asarray(low), high=np.asarray(high))


def published_points(
    axes: Axes, x, y, *, series: str, marker: str = "o", legend: str = "published", **style
) -> pd.DataFrame:
    """Numbers of the paper as small open grey markers over bands and behind lines, (n,) each;
    legend "" leaves no entry."""
    mark = {
        "markersize": 2.6,
        "markerfacecolor": "white",
        "markeredgewidth": 0.7,
        "linestyle": "none",
        "linewidth": 0.6,
    }
    axes.plot(
        x, y, marker, **{"color": PUBLISHED, "zorder": 1.9, "label": legend or "_"} | mark | style
    )
    return table_of(axes, f"published {series}", x, y)


def outputs_by_label(
    axes: Axes, task, means, *, time_s, network: str, y_range: Sequence[float]
) -> list[pd.DataFrame]:
    """Mean +- SD of the output for each answer, the first dark, over the stimulus window (paper,
    Figs. 1B, 2B, 4C).

    task: its labels, stimulus_windows_ms and duration_ms; means: mean, sd (n_labels, n_steps) and n
    (n_labels,).
    """
    label(axes, "Time (s)", f"{network} output (a.u.)", axes.get_title())
    stimulus_box(axes, task.stimulus_windows_ms)
    drawn = []
    for i, (name, mean, sd, n) in enumerate(
        zip(task.labels.values(), means.mean, means.sd, means.n, strict=True)
    ):
        if n:
            x = time_s[: len(mean)]
            drawn.append(
                mean_band(
                    axes,
                    x,
                    mean,
                    mean - sd,
                    mean + sd,
                    series=name,
                    colour=OUTPUTS[i % len(OUTPUTS)],
                )
            )
    set_range(axes, (0, task.duration_ms / 1000), y_range)
    return drawn


def single_trial(
    axes: Axes, trial, inputs: Sequence[tuple], *, task, y_range: Sequence[float] = (-1, 1)
) -> list[pd.DataFrame]:
    """Output of one trial in the colour of its answer, in front of its inputs: (name, time, values,
    colour), last in front.

    trial: its time_s, output (n_steps,) and label.
    """
    label(axes, "Time (s)", "Output (a.u.)", axes.get_title(), color=axes.title.get_color())
    drawn = input_curves(axes, inputs)
    i = list(task.labels).index(trial.label)
    name, colour = f"output, {task.labels[trial.label]}", OUTPUTS[i % len(OUTPUTS)]
    drawn.append(
        curve(axes, trial.time_s, trial.output, series=name, colour=colour, linewidth=1.3, zorder=3)
    )
    set_range(axes, (0, task.duration_ms / 1000), y_range)
    return drawn


def single_outputs(axes: Axes, time_s, outputs, *, series: str, colour: str) -> pd.DataFrame:
    """The output of every trial, (n_trials, n_steps), as thin lines of one colour."""
    n_trials, n_steps = np.shape(outputs)
    for i, output in enumerate(outputs):
        axes.plot(
            time_s, output, color=colour, linewidth=0.5, alpha=0.8, label="_" if i else series
        )
    names = np.repeat([f"{series}, trial {i}" for i in range(1, n_trials + 1)], n_steps)
    return table_of(axes, names, np.tile(time_s, n_trials), np.ravel(outputs))


def published_envelope(
    axes: Axes, published: pd.DataFrame, *, series: str, marker: str = "o"
) -> pd.DataFrame:
    """The least and the greatest of the paper's single outputs at some times, in front of ours; an
    edge that it hides is missing.

    published: rows of resources/published.tsv with values as in "-0.62 to -0.31".
    """
    x, edges = pd.to_numeric(published.x_value), published.value.str.split(" to ", expand=True)
    drawn = []
    for name, edge in (("least", edges[0]), ("greatest", edges[1])):
        y = pd.to_numeric(edge, errors="coerce")
        style = {
            "legend": f"published range, {series}" if name == "least" else "",
            "linestyle": "-",
            "zorder": 4,
            "color": "0.2",
        }
        drawn.append(
            published_points(
                axes, x[y.notna()], y.dropna(), series=f"{series}, {name}", marker=marker, **style
            )
        )
    return pd.concat(drawn)


def input_curves(axes: Axes, inputs: Sequence[tuple]) -> list[pd.DataFrame]:
    """Inputs of a trial behind its output: (name, time, values, colour), last in front."""
    axes.axhline(0, color="0.75", linewidth=0.6, zorder=0)
    return [
        curve(axes, x, y, series=name, colour=shade, linewidth=0.6, zorder=1.5)
        for name, x, y, shade in inputs
    ]


def half_inputs(stimulus) -> list[tuple]:
    """All inputs (n_inputs, n_steps) of a trial at half their size, for `single_trial`."""
    time_s = 0.005 * np.arange(np.shape(stimulus)[1])
    return [
        (f"input {i} × 0.5", time_s, 0.5 * u, INPUTS[(i - 1) % len(INPUTS)])
        for i, u in enumerate(stimulus, start=1)
    ]


def stimulus_box(axes: Axes, windows_ms: Sequence[Sequence[float]]) -> None:
    """Pale green behind the time in which the stimulus is on."""
    for on, off in windows_ms:
        axes.axvspan(on / 1000, off / 1000, color=STIMULUS, linewidth=0, zorder=0)


def response_bar(axes: Axes, onset_s: float, end_s: float) -> None:
    """A grey bar along the foot of the panel over the response window."""
    axes.plot(
        [onset_s, end_s],
        [0.015, 0.015],
        transform=axes.get_xaxis_transform(),
        color="0.55",
        linewidth=2.5,
        solid_capstyle="butt",
    )


def bars(axes: Axes, histogram, *, series: str, colour: str = HISTOGRAM) -> pd.DataFrame:
    """A bar histogram without gaps between the bins."""
    axes.bar(
        histogram.centres,
        histogram.counts,
        width=histogram.width,
        color=colour,
        edgecolor="white",
        linewidth=0.4,
    )
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    return table_of(axes, series, histogram.centres, histogram.counts)


def decay_histogram(
    axes: Axes, histogram, tau_range_ms: Sequence[float] | None = None, n_max: int = 0
) -> pd.DataFrame:
    """The synaptic decays of one network. histogram: centres (ms), counts, width; n_max: least top
    of the axis."""
    label(axes, "Synaptic decay (ms)", "Number of units")
    drawn = bars(axes, histogram, series="units")
    low, high = tau_range_ms or (histogram.centres[0], histogram.centres[-1])
    set_range(
        axes,
        (low - histogram.width, high + histogram.width),
        (0, n_max or 1.05 * histogram.counts.max()),
    )
    return drawn


class Strip(NamedTuple):
    """The rows of one population in a raster: members (n_units,) bool; name of its spikes, in the
    table and on the axis."""

    members: np.ndarray
    series: str
    tick: str
    colour: str


def raster_of(
    axes: Axes, time_s, unit, strips: Sequence[Strip], duration_s: float
) -> list[pd.DataFrame]:
    """One dot a spike, the populations one upon the other, the first below. time_s and unit
    (n_spikes,)."""
    label(axes, "Time (s)", "Units", axes.get_title())
    unit, time_s, strips = (
        np.asarray(unit, int),
        np.asarray(time_s),
        [s for s in strips if s.members.any()],
    )
    row, first, centres, drawn = np.zeros(len(strips[0].members), int), 0, [], []
    for strip in strips:
        n = int(strip.members.sum())
        row[strip.members] = np.arange(first, first + n)
        centres.append(first + (n - 1) / 2)
        first += n
        chosen = strip.members[unit]
        if chosen.any():
            x, y = time_s[chosen], row[unit[chosen]]
            axes.plot(
                x, y, ".", color=strip.colour, markersize=1.1, markeredgewidth=0, rasterized=True
            )
            drawn.append(table_of(axes, strip.series, x, y))
    axes.set_xlim(0, duration_s)
    axes.set_ylim(-1, first)
    axes.set_yticks(centres, [strip.tick for strip in strips])
    for tick, strip in zip(axes.get_yticklabels(), strips, strict=True):
        tick.set_color(strip.colour)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return drawn


def raster(axes: Axes, time_s, unit, inhibitory, duration_s: float) -> list[pd.DataFrame]:
    """One dot a spike: excitatory rows red below, inhibitory rows blue in the strip above; black
    without Dale's principle.

    time_s and unit (n_spikes,), inhibitory (n_units,) bool.
    """
    inhibitory = np.asarray(inhibitory, bool)
    dale = [
        Strip(~inhibitory, "excitatory spikes", "exc.", EXCITATORY),
        Strip(inhibitory, "inhibitory spikes", "inh.", INHIBITORY),
    ]
    return raster_of(
        axes,
        time_s,
        unit,
        dale if inhibitory.any() else [Strip(~inhibitory, "spikes", "", NO_DALE)],
        duration_s,
    )


def trial_raster(axes: Axes, trial, inhibitory, *, task) -> list[pd.DataFrame]:
    """The spikes of one trial."""
    return raster(axes, trial.spike_time_s, trial.spike_unit, inhibitory, task.duration_ms / 1000)


def rate_histograms(axes: Axes, histograms: Sequence) -> list[pd.DataFrame]:
    """Fractions of the excitatory (red) and the inhibitory (blue) units by firing rate, as lines
    through the bin centres."""
    label(axes, "Firing rate (Hz)", "Fraction of units", axes.get_title())
    kinds = (("excitatory", EXCITATORY), ("inhibitory", INHIBITORY))
    drawn = [
        curve(axes, h.centres, h.counts, series=name, colour=colour)
        for h, (name, colour) in zip(histograms, kinds, strict=True)
        if h.counts.any()
    ]
    set_range(axes, (0, 30), (0, 0.82))
    return drawn


def heat_map(axes: Axes, values, duration_s: float, *, series: str):
    """Rates 0..1 of (n_units, n_steps) over the trial. Returns the image, for a colour bar, and the
    table."""
    label(axes, "Time (s)", "Unit, in order of mean rate", axes.get_title())
    n_units, n_steps = np.shape(values)
    extent = (0, duration_s, 0, n_units)
    image = axes.imshow(
        values,
        aspect="auto",
        origin="lower",
        extent=extent,
        cmap=HEAT_MAP,
        vmin=0,
        vmax=1,
        interpolation="none",
    )
    for side in axes.spines.values():
        side.set_visible(False)
    time_s = (np.arange(n_steps) + 0.5) * duration_s / n_steps
    rows = table_of(
        axes,
        series,
        np.tile(time_s, n_units),
        np.repeat(np.arange(n_units), n_steps),
        z=np.ravel(values),
    )
    return image, rows.assign(z_name="Rate, 0 to 1")


def trajectories_3d(
    axes, scores, names: Sequence[str], axis_labels: Sequence[str], *, n_arrows: int = 3
) -> list[pd.DataFrame]:
    """Paths (n_labels, 3, n_steps) of the network's state: open circle start, filled circle end,
    arrows along the way."""
    for set_label, text in zip(
        (axes.set_xlabel, axes.set_ylabel, axes.set_zlabel), axis_labels, strict=True
    ):
        set_label(text, labelpad=-6, fontsize=7)
    colours = [TRAJECTORIES[i % len(TRAJECTORIES)] for i in range(len(scores))]
    drawn = []
    for path, name, colour in zip(scores, names, colours, strict=True):
        axes.plot(*path, color=colour, linewidth=1.1, label=name)
        axes.plot(*path[:, :1], "o", markersize=5, markerfacecolor="white", markeredgecolor=colour)
        axes.plot(*path[:, -1:], "o", markersize=5, color=colour)
        drawn.append(
            table_of(axes, name, path[0], path[1], z=path[2]).assign(z_name=axis_labels[2])
        )
    axes.tick_params(pad=-3, labelsize=6)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(nbins=4))
        axis.pane.set_facecolor("white")
    axes.zaxis.set_tick_params(pad=-1)
    axes.zaxis.labelpad = 0  # beside numbers such as −0.25
    axes.set_box_aspect(None, zoom=1.05)
    for path, colour in zip(
        scores, colours, strict=True
    ):  # after all paths: the view is fixed by then
        _arrow_heads(axes, path, colour, n_arrows)
    return drawn


def _arrow_heads(axes, path, colour: str, n_arrows: int) -> None:
    """Arrow heads at equal distances along the path as it is seen, in the direction of travel."""
    x, y, _ = proj3d.proj_transform(*path, axes.get_proj())
    travelled = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    head = {
        "arrowstyle": "-|>",
        "color": colour,
        "linewidth": 0,
        "mutation_scale": 10,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    for part in np.arange(1, n_arrows + 1) / (n_arrows + 1):
        at = np.array([part, min(part + 0.02, 1)]) * travelled[-1]
        (x0, x1), (y0, y1) = np.interp(at, travelled, x), np.interp(at, travelled, y)
        axes.annotate(
            "", xy=(x1, y1), xytext=(x0, y0), xycoords="data", textcoords="data", arrowprops=head
        )


def accuracy_curves(
    axes: Axes, factor, accuracy, low, high, chosen: float, *, series: str, colour: str
) -> pd.DataFrame:
    """Accuracy (%) of one network against the scaling factor with its confidence band; a ring at
    the chosen factor."""
    factor, accuracy = np.asarray(factor), np.asarray(accuracy)
    axes.fill_between(factor, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.plot(factor, accuracy, color=colour, linewidth=0.8, marker=".", markersize=2.5)
    at = factor == chosen
    ring = {"markersize": 4.5, "markerfacecolor": "white", "markeredgecolor": colour, "zorder": 3}
    axes.plot(factor[at], accuracy[at], "o", clip_on=False, **ring)
    return table_of(axes, series, factor, accuracy, low=np.asarray(low), high=np.asarray(high))
