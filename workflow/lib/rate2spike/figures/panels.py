"""Drawing primitives in the look of the paper. Nothing is computed and no file read here.

`label` names the two axes of a panel and returns a `Panel`. A primitive draws into such a panel and
returns the rows it drew as a table with the columns of `COLUMNS`, so that a figure and the CSV
beside it cannot differ. A function that draws a whole panel takes the bare axes and names them
itself.
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
DECAYS = ("Synaptic decay (ms)", "Number of units")  # the axes of a histogram of decays
STEP_S = 0.005  # of the rate network, in which inputs are given


class Panel(NamedTuple):
    """Axes and the names of their two quantities, as they stand in the table; made by `label`."""

    axes: Axes
    x_name: str
    y_name: str


def label(axes: Axes, x: str, y: str, title: str | None = None, **title_style) -> Panel:
    """Name the axes of a panel.

    Parameters
    ----------
    axes
        Where to draw.
    x, y
        The quantities, with their units.
    title
        Above the panel; None leaves the title as it is.
    **title_style
        For matplotlib's `set_title`.

    Returns
    -------
    Panel
        What the primitives draw into.
    """
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if title is not None:
        axes.set_title(title, **title_style)
    return Panel(axes, x.replace("\n", " "), y.replace("\n", " "))


def table_of(
    panel: Panel, series, x, y, *, z=None, z_name: str | None = None, low=None, high=None
) -> pd.DataFrame:
    """The table of what was drawn in a panel.

    Parameters
    ----------
    panel
        Gives the name of the panel and those of its two quantities.
    series : str or sequence of str
        One name for all rows, or one for each.
    x, y, z, low, high : array_like, shape (n,)
        What was drawn; z, low and high where there is such a thing.
    z_name
        The quantity in z.

    Returns
    -------
    pandas.DataFrame
        n rows, columns `COLUMNS`; empty where nothing was given.
    """
    table = pd.DataFrame({"x": np.asarray(x), "y": np.asarray(y)})
    for name, values in (("z", z), ("low", low), ("high", high)):
        if values is not None:
            table[name] = np.asarray(values)
    if z_name is not None:
        table["z_name"] = z_name
    table["panel"] = panel.axes.get_label()
    table["series"] = series if isinstance(series, str) else np.asarray(series)
    table["x_name"] = panel.x_name
    table["y_name"] = panel.y_name
    return table.reindex(columns=COLUMNS)


def name_panel(axes: Axes, letter: str, left: float = -36) -> None:
    """Write the bold letter at the upper left of a panel.

    Parameters
    ----------
    axes
        The panel.
    letter
        What it is called in the caption.
    left
        Points from the panel's corner; 0 for a panel without numbers on its axis.
    """
    axes.annotate(
        letter,
        (0, 1),
        xycoords="axes fraction",
        xytext=(left, 10),
        textcoords="offset points",
        fontsize=9,
        fontweight="bold",
    )


def set_range(
    axes: Axes, x: Sequence[float] | None = None, y: Sequence[float] | None = None
) -> None:
    """Give a panel the paper's ranges, made wider where the data drawn so far exceed them.

    Nothing is cut off.

    Parameters
    ----------
    axes
        The panel, with its data.
    x, y
        Lower and upper end in the paper; None leaves that axis as it is.
    """
    limits = axes.dataLim
    if x is not None:
        axes.set_xlim(*_widened(x, limits.x0, limits.x1))
    if y is not None:
        axes.set_ylim(*_widened(y, limits.y0, limits.y1))


def _widened(ends: Sequence[float], low: float, high: float) -> tuple[float, float]:
    """The ends, moved outwards to 6 % beyond the data where these exceed them."""
    margin = 0.06 * (ends[1] - ends[0])
    lower = low - margin if low < ends[0] else ends[0]
    upper = high + margin if high > ends[1] else ends[1]
    return lower, upper


def share_range(panels: Sequence[Axes], ticks: Sequence[float] | None = None) -> None:
    """Give all panels the widest of their vertical ranges.

    Parameters
    ----------
    panels
        The axes that share a range.
    ticks
        Numbers on the axis where the range is small enough for them.
    """
    limits = np.array([axes.get_ylim() for axes in panels])
    for axes in panels:
        axes.set_ylim(limits[:, 0].min(), limits[:, 1].max())
        if ticks is not None and np.abs(limits).max() < 3 * max(ticks):
            axes.set_yticks(ticks)


def hide_time(axes: Axes) -> None:
    """Take the numbers off a time axis that is repeated right below."""
    axes.set_xlabel("")
    axes.tick_params(axis="x", labelbottom=False)


def curve(panel: Panel, x, y, *, series: str, colour: str, **style) -> pd.DataFrame:
    """Draw one line.

    Parameters
    ----------
    panel
        Where to draw.
    x, y : array_like, shape (n,)
        The points of the line.
    series
        Its name, in the legend and in the table.
    colour
        Its colour.
    **style
        For matplotlib's `plot`.

    Returns
    -------
    pandas.DataFrame
        The rows drawn.
    """
    panel.axes.plot(x, y, color=colour, label=series, **style)
    return table_of(panel, series, x, y)


def mean_band(panel: Panel, x, mean, *, low, high, series: str, colour: str) -> pd.DataFrame:
    """Draw a line with a band from low to high around it.

    Parameters
    ----------
    panel
        Where to draw.
    x, mean, low, high : array_like, shape (n,)
        The line and the two edges of the band.
    series
        The name of the line, in the legend and in the table.
    colour
        Of the line; the band is paler.

    Returns
    -------
    pandas.DataFrame
        The rows drawn.
    """
    panel.axes.fill_between(x, low, high, color=colour, alpha=0.3, linewidth=0)
    panel.axes.plot(x, mean, color=colour, label=series)
    return table_of(panel, series, x, mean, low=low, high=high)


def published_points(
    panel: Panel, x, y, *, series: str, marker: str = "o", legend: str = "published", **style
) -> pd.DataFrame:
    """Draw numbers of the paper as small open grey markers over bands and behind lines.

    Parameters
    ----------
    panel
        Where to draw.
    x, y : array_like, shape (n,)
        The points.
    series
        What they are, in the table: "published" stands before it.
    marker
        Their shape.
    legend
        Their name in the legend; "" leaves no entry.
    **style
        For matplotlib's `plot`, over what is said above.

    Returns
    -------
    pandas.DataFrame
        The rows drawn.
    """
    grey = {
        "color": PUBLISHED,
        "zorder": 1.9,
        "label": legend or "_",
        "markersize": 2.6,
        "markerfacecolor": "white",
        "markeredgewidth": 0.7,
        "linestyle": "none",
        "linewidth": 0.6,
    }
    panel.axes.plot(x, y, marker, **(grey | style))
    return table_of(panel, f"published {series}", x, y)


def output_panel(axes: Axes, network: str) -> Panel:
    """Name the axes of a panel for outputs over time; network: "Rate" or "Spiking"."""
    return label(axes, "Time (s)", f"{network} output (a.u.)")


def outputs_by_label(
    panel: Panel, task, means, *, time_s, y_range: Sequence[float]
) -> list[pd.DataFrame]:
    """Draw mean +- SD of the output for each answer, the first dark, over the stimulus window.

    As in Figs. 1B, 2B and 4C of the paper.

    Parameters
    ----------
    panel
        Where to draw, from `output_panel`.
    task
        Its labels, `stimulus_windows_ms` and `duration_ms` are used.
    means : statistics.MeanSD
        Mean and SD, (n_labels, n_steps), and the number of trials, (n_labels,).
    time_s : array_like, shape (at least n_steps,)
        Time of each step.
    y_range
        The paper's vertical range.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each answer that has trials.
    """
    stimulus_box(panel.axes, task.stimulus_windows_ms)
    drawn = []
    for i, name in enumerate(task.labels.values()):
        if means.n[i] == 0:
            continue
        mean = means.mean[i]
        sd = means.sd[i]
        x = time_s[: len(mean)]
        colour = OUTPUTS[i % len(OUTPUTS)]
        rows = mean_band(panel, x, mean, low=mean - sd, high=mean + sd, series=name, colour=colour)
        drawn.append(rows)
    set_range(panel.axes, (0, task.duration_ms / 1000), y_range)
    return drawn


class Input(NamedTuple):
    """One input of a trial as it is drawn: its name, time (s) and values (n,), and its colour."""

    name: str
    time_s: np.ndarray
    values: np.ndarray
    colour: str


def single_trial(
    axes: Axes, trial, inputs: Sequence[Input], *, task, y_range: Sequence[float] = (-1, 1)
) -> list[pd.DataFrame]:
    """Draw the output of one trial in the colour of its answer, in front of its inputs.

    Parameters
    ----------
    axes
        Where to draw; a title that is there stays.
    trial : describe.SingleTrial
        Its time_s, output (n_steps,) and label are used.
    inputs
        What stands behind the output, the last in front.
    task
        Its labels and `duration_ms` are used.
    y_range
        The paper's vertical range.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each line.
    """
    panel = label(axes, "Time (s)", "Output (a.u.)")
    drawn = input_curves(panel, inputs)
    answer = list(task.labels).index(trial.label)
    rows = curve(
        panel,
        trial.time_s,
        trial.output,
        series=f"output, {task.labels[trial.label]}",
        colour=OUTPUTS[answer % len(OUTPUTS)],
        linewidth=1.3,
        zorder=3,
    )
    drawn.append(rows)
    set_range(axes, (0, task.duration_ms / 1000), y_range)
    return drawn


def single_outputs(panel: Panel, time_s, outputs, *, series: str, colour: str) -> pd.DataFrame:
    """Draw the output of every trial as thin lines of one colour.

    Parameters
    ----------
    panel
        Where to draw.
    time_s : array_like, shape (n_steps,)
        Time of each step.
    outputs : array_like, shape (n_trials, n_steps)
        One line each.
    series
        The name of all, in the legend once, in the table with the number of the trial.
    colour
        The colour of all.

    Returns
    -------
    pandas.DataFrame
        The rows drawn, n_trials * n_steps of them.
    """
    n_trials, n_steps = np.shape(outputs)
    for i, output in enumerate(outputs):
        in_legend = series if i == 0 else "_"
        panel.axes.plot(time_s, output, color=colour, linewidth=0.5, alpha=0.8, label=in_legend)
    names = np.repeat([f"{series}, trial {i}" for i in range(1, n_trials + 1)], n_steps)
    return table_of(panel, names, np.tile(time_s, n_trials), np.ravel(outputs))


def published_envelope(
    panel: Panel, published: pd.DataFrame, *, series: str, marker: str = "o"
) -> pd.DataFrame:
    """Draw the least and the greatest of the paper's single outputs at some times, before ours.

    Parameters
    ----------
    panel
        Where to draw.
    published
        Rows of resources/published.tsv with values as in "-0.62 to -0.31". An edge that the figure
        hides is missing.
    series
        Which outputs.
    marker
        The shape of the points.

    Returns
    -------
    pandas.DataFrame
        The rows drawn, those of the lower edge first.
    """
    x = pd.to_numeric(published.x_value)
    edges = published.value.str.split(" to ", expand=True)
    drawn = []
    for name, edge in (("least", edges[0]), ("greatest", edges[1])):
        y = pd.to_numeric(edge, errors="coerce")
        rows = published_points(
            panel,
            x[y.notna()],
            y.dropna(),
            series=f"{series}, {name}",
            marker=marker,
            legend=f"published range, {series}" if name == "least" else "",
            linestyle="-",
            zorder=4,
            color="0.2",
        )
        drawn.append(rows)
    return pd.concat(drawn)


def input_curves(panel: Panel, inputs: Sequence[Input]) -> list[pd.DataFrame]:
    """Draw the inputs of a trial behind its output, the last in front."""
    panel.axes.axhline(0, color="0.75", linewidth=0.6, zorder=0)
    drawn = []
    for one in inputs:
        style = {"linewidth": 0.6, "zorder": 1.5}
        rows = curve(panel, one.time_s, one.values, series=one.name, colour=one.colour, **style)
        drawn.append(rows)
    return drawn


def half_inputs(stimulus) -> list[Input]:
    """All inputs of a trial, (n_inputs, n_steps), at half their size, for `single_trial`."""
    time_s = STEP_S * np.arange(np.shape(stimulus)[1])
    inputs = []
    for i, values in enumerate(stimulus, start=1):
        colour = INPUTS[(i - 1) % len(INPUTS)]
        inputs.append(Input(f"input {i} × 0.5", time_s, 0.5 * values, colour))
    return inputs


def stimulus_box(axes: Axes, windows_ms: Sequence[Sequence[float]]) -> None:
    """Draw pale green behind the time in which the stimulus is on."""
    for on, off in windows_ms:
        axes.axvspan(on / 1000, off / 1000, color=STIMULUS, linewidth=0, zorder=0)


def response_bar(axes: Axes, onset_s: float, end_s: float) -> None:
    """Draw a grey bar along the foot of the panel over the response window."""
    axes.plot(
        [onset_s, end_s],
        [0.015, 0.015],
        transform=axes.get_xaxis_transform(),
        color="0.55",
        linewidth=2.5,
        solid_capstyle="butt",
    )


def decay_histogram(
    panel: Panel, histogram, tau_range_ms: Sequence[float] | None = None, n_max: int = 0
) -> pd.DataFrame:
    """Draw the synaptic decays of one network as bars without gaps.

    Parameters
    ----------
    panel
        Where to draw, its axes named `DECAYS`.
    histogram : statistics.Histogram
        Centres (ms) and counts, (n_bins,) each, and the width of a bin.
    tau_range_ms
        Ends of the horizontal axis in the paper; None: those of the histogram.
    n_max
        Least top of the vertical axis; 0: as high as the bars.

    Returns
    -------
    pandas.DataFrame
        The rows drawn, one a bin.
    """
    axes = panel.axes
    axes.bar(
        histogram.centres,
        histogram.counts,
        width=histogram.width,
        color=HISTOGRAM,
        edgecolor="white",
        linewidth=0.4,
    )
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    low, high = tau_range_ms or (histogram.centres[0], histogram.centres[-1])
    top = n_max or 1.05 * histogram.counts.max()
    set_range(axes, (low - histogram.width, high + histogram.width), (0, top))
    return table_of(panel, "units", histogram.centres, histogram.counts)


class Strip(NamedTuple):
    """The rows of one population in a raster: members (n_units,) bool; name of its spikes, in the
    table and on the axis."""

    members: np.ndarray
    series: str
    tick: str
    colour: str


def raster_of(
    axes: Axes, time_s, unit, *, strips: Sequence[Strip], duration_s: float
) -> list[pd.DataFrame]:
    """Draw one dot a spike, the populations one upon the other, the first below.

    Parameters
    ----------
    axes
        Where to draw; a title that is there stays.
    time_s, unit : array_like, shape (n_spikes,)
        When and of which unit, whole numbers from 0.
    strips
        The populations. One without units is left out.
    duration_s
        End of the time axis.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each population that spikes.
    """
    panel = label(axes, "Time (s)", "Units")
    unit = np.asarray(unit, int)
    time_s = np.asarray(time_s)
    strips = [strip for strip in strips if strip.members.any()]
    row_of_unit = np.zeros(len(strips[0].members), int)
    first = 0
    centres = []
    drawn = []
    for strip in strips:
        n = int(strip.members.sum())
        row_of_unit[strip.members] = np.arange(first, first + n)
        centres.append(first + (n - 1) / 2)
        first += n
        of_strip = strip.members[unit]
        if of_strip.any():
            x = time_s[of_strip]
            y = row_of_unit[unit[of_strip]]
            style = {"markersize": 1.1, "markeredgewidth": 0, "rasterized": True}
            axes.plot(x, y, ".", color=strip.colour, **style)
            drawn.append(table_of(panel, strip.series, x, y))
    axes.set_xlim(0, duration_s)
    axes.set_ylim(-1, first)
    axes.set_yticks(centres, [strip.tick for strip in strips])
    for tick, strip in zip(axes.get_yticklabels(), strips, strict=True):
        tick.set_color(strip.colour)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return drawn


def raster(axes: Axes, time_s, unit, *, inhibitory, duration_s: float) -> list[pd.DataFrame]:
    """Draw one dot a spike: excitatory rows red below, inhibitory rows blue in the strip above.

    All are black in a network without inhibitory units, that is without Dale's principle.

    Parameters
    ----------
    axes
        Where to draw.
    time_s, unit : array_like, shape (n_spikes,)
        When and of which unit, whole numbers from 0.
    inhibitory : array_like of bool, shape (n_units,)
        Which units are inhibitory.
    duration_s
        End of the time axis.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each population that spikes.
    """
    inhibitory = np.asarray(inhibitory, bool)
    if inhibitory.any():
        strips = [
            Strip(~inhibitory, "excitatory spikes", "exc.", EXCITATORY),
            Strip(inhibitory, "inhibitory spikes", "inh.", INHIBITORY),
        ]
    else:
        strips = [Strip(~inhibitory, "spikes", "", NO_DALE)]
    return raster_of(axes, time_s, unit, strips=strips, duration_s=duration_s)


def trial_raster(axes: Axes, trial, inhibitory, *, task) -> list[pd.DataFrame]:
    """Draw the spikes of one trial, as `raster` does."""
    duration_s = task.duration_ms / 1000
    return raster(
        axes, trial.spike_time_s, trial.spike_unit, inhibitory=inhibitory, duration_s=duration_s
    )


def rate_histograms(panel: Panel, histograms: Sequence) -> list[pd.DataFrame]:
    """Draw fractions of the units by firing rate, as lines through the bin centres.

    Parameters
    ----------
    panel
        Where to draw.
    histograms : sequence of statistics.Histogram
        Of the excitatory units (red), then of the inhibitory ones (blue).

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each kind that has units.
    """
    kinds = (("excitatory", EXCITATORY), ("inhibitory", INHIBITORY))
    drawn = []
    for (name, colour), histogram in zip(kinds, histograms, strict=True):
        if histogram.counts.any():
            rows = curve(panel, histogram.centres, histogram.counts, series=name, colour=colour)
            drawn.append(rows)
    set_range(panel.axes, (0, 30), (0, 0.82))
    return drawn


def heat_map(panel: Panel, values, duration_s: float, *, series: str):
    """Draw rates over the trial as colours, one row a unit.

    Parameters
    ----------
    panel
        Where to draw.
    values : array_like, shape (n_units, n_steps)
        Rates from 0 to 1, the first unit below.
    duration_s
        End of the time axis.
    series
        The name of the rates in the table.

    Returns
    -------
    image : matplotlib.image.AxesImage
        For a colour bar.
    rows : pandas.DataFrame
        The rows drawn, n_units * n_steps of them.
    """
    axes = panel.axes
    n_units, n_steps = np.shape(values)
    image = axes.imshow(
        values,
        aspect="auto",
        origin="lower",
        extent=(0, duration_s, 0, n_units),
        cmap=HEAT_MAP,
        vmin=0,
        vmax=1,
        interpolation="none",
    )
    for side in axes.spines.values():
        side.set_visible(False)
    time_s = (np.arange(n_steps) + 0.5) * duration_s / n_steps
    rows = table_of(
        panel,
        series,
        np.tile(time_s, n_units),
        np.repeat(np.arange(n_units), n_steps),
        z=np.ravel(values),
        z_name="Rate, 0 to 1",
    )
    return image, rows


def trajectories_3d(
    axes, scores, names: Sequence[str], axis_labels: Sequence[str], *, n_arrows: int = 3
) -> list[pd.DataFrame]:
    """Draw paths of the network's state: open circle start, filled circle end, arrows on the way.

    Parameters
    ----------
    axes
        Where to draw, in three dimensions.
    scores : array_like, shape (n_labels, 3, n_steps)
        The paths.
    names
        One for each path.
    axis_labels
        What stands at the three axes.
    n_arrows
        Arrow heads on each path.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each path.
    """
    x_name, y_name, z_name = axis_labels
    axes.set_xlabel(x_name, labelpad=-6, fontsize=7)
    axes.set_ylabel(y_name, labelpad=-6, fontsize=7)
    axes.set_zlabel(z_name, labelpad=-6, fontsize=7)
    panel = Panel(axes, x_name, y_name)
    colours = [TRAJECTORIES[i % len(TRAJECTORIES)] for i in range(len(scores))]
    drawn = []
    for path, name, colour in zip(scores, names, colours, strict=True):
        axes.plot(*path, color=colour, linewidth=1.1, label=name)
        axes.plot(*path[:, :1], "o", markersize=5, markerfacecolor="white", markeredgecolor=colour)
        axes.plot(*path[:, -1:], "o", markersize=5, color=colour)
        drawn.append(table_of(panel, name, path[0], path[1], z=path[2], z_name=z_name))
    axes.tick_params(pad=-3, labelsize=6)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(nbins=4))
        axis.pane.set_facecolor("white")
    axes.zaxis.set_tick_params(pad=-1)
    axes.zaxis.labelpad = 0  # beside numbers such as −0.25
    axes.set_box_aspect(None, zoom=1.05)
    # after all paths: the view is fixed by then
    for path, colour in zip(scores, colours, strict=True):
        _arrow_heads(axes, path, colour, n_arrows)
    return drawn


def _arrow_heads(axes, path, colour: str, n_arrows: int) -> None:
    """Arrow heads at equal distances along the path as it is seen, in the direction of travel."""
    x, y, _ = proj3d.proj_transform(*path, axes.get_proj())
    travelled = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    for part in np.arange(1, n_arrows + 1) / (n_arrows + 1):
        at = np.array([part, min(part + 0.02, 1)]) * travelled[-1]
        x_ends = np.interp(at, travelled, x)
        y_ends = np.interp(at, travelled, y)
        arrow_head(axes, (x_ends[0], y_ends[0]), (x_ends[1], y_ends[1]), colour, size=10)


def arrow_head(axes: Axes, start, end, colour: str, *, size: float) -> None:
    """Draw the head of an arrow that goes from start to end, (x, y) each; size in points."""
    head = {
        "arrowstyle": "-|>",
        "color": colour,
        "linewidth": 0,
        "mutation_scale": size,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", xy=end, xytext=start, xycoords="data", textcoords="data", arrowprops=head)


def accuracy_curves(
    panel: Panel, factor, accuracy, *, low, high, chosen: float, series: str, colour: str
) -> pd.DataFrame:
    """Draw the accuracy of one network against the scaling factor, with its confidence band.

    Parameters
    ----------
    panel
        Where to draw.
    factor, accuracy, low, high : array_like, shape (n_factors,)
        Scaling factors, accuracies and the ends of their intervals, in per cent.
    chosen
        The factor that gets a ring.
    series
        The name of the network.
    colour
        Of line, band and ring.

    Returns
    -------
    pandas.DataFrame
        The rows drawn, one a factor.
    """
    axes = panel.axes
    factor = np.asarray(factor)
    accuracy = np.asarray(accuracy)
    axes.fill_between(factor, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.plot(factor, accuracy, color=colour, linewidth=0.8, marker=".", markersize=2.5)
    at_chosen = factor == chosen
    axes.plot(
        factor[at_chosen],
        accuracy[at_chosen],
        "o",
        clip_on=False,
        markersize=4.5,
        markerfacecolor="white",
        markeredgecolor=colour,
        zorder=3,
    )
    return table_of(panel, series, factor, accuracy, low=low, high=high)


def with_interval(
    panel: Panel, x, y, *, low, high, series, colour: str, legend: str = "", size: float = 4
) -> pd.DataFrame:
    """Draw points with confidence intervals.

    Parameters
    ----------
    panel
        Where to draw.
    x, y, low, high : array_like, shape (n,)
        The points, and the ends of their intervals.
    series : str or sequence of str
        One name for all points, or one for each.
    colour
        Of points and bars.
    legend
        Their name in the legend.
    size
        Of the points.

    Returns
    -------
    pandas.DataFrame
        The rows drawn.
    """
    x, y, low, high = (np.asarray(values, dtype=float) for values in (x, y, low, high))
    errors = np.maximum([y - low, high - y], 0)  # rounding must not make a length negative
    panel.axes.errorbar(
        x,
        y,
        yerr=errors,
        label=legend,
        fmt="o",
        color=colour,
        markersize=size,
        markeredgewidth=0,
        elinewidth=0.8,
        clip_on=False,
    )
    return table_of(panel, series, x, y, low=low, high=high)


def criterion(axes: Axes, percent: float = 95) -> None:
    """Draw the dashed line that a successful network reaches."""
    axes.axhline(percent, color="0.5", linewidth=0.8, linestyle="--", zorder=0)
