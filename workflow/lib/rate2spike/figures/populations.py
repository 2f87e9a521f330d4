"""Drawing primitives of Fig. S3: raster and firing rates of pyramidal (PYR), PV and SST units.

As in `panels`: a primitive draws into a named panel, a function that draws a whole panel takes the
axes, and both return the rows they drew.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cbook import boxplot_stats
from matplotlib.figure import Figure

from ..paper.sweeps import single
from ..plotting import EXCITATORY, INHIBITORY, PUBLISHED, SST
from .pages import Block, finish_trial, legend_over, page_of_blocks
from .panels import (
    Panel,
    Strip,
    label,
    name_panel,
    published_points,
    raster_of,
    set_range,
    share_range,
    single_trial,
    table_of,
)

# From the foot of the raster to its top
COLOURS = {"PYR": EXCITATORY, "PV": INHIBITORY, "SST": SST}
BESIDE = 0.40  # from the middle of a box to the published values
QUARTILES = ("firing rate lower quartile", "firing rate median", "firing rate upper quartile")


def population_page() -> tuple[Figure, dict[str, Axes]]:
    """Make the page of Fig. S3.

    Schematics A and B and mean output E are above; output, spikes and rates of a trial below, in C
    and in D.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The page.
    axes : dict
        Its panels by name.
    """
    above = Block(2.1, [["A", "B", "E"]], [0.8, 1.1, 1.1])
    trials = [
        ["C output", "C rates", "D output", "D rates"],
        ["C spikes", "C rates", "D spikes", "D rates"],
    ]
    below = Block(3.2, trials, [1.15, 1, 1.15, 1])
    return page_of_blocks([above, below], 7.2)


def populations(inhibitory, som) -> dict[str, np.ndarray]:
    """Tell the populations apart.

    Parameters
    ----------
    inhibitory, som : array_like of bool, shape (n_units,)
        Which units are inhibitory, and which of these are SOM units.

    Returns
    -------
    dict
        Members, (n_units,) bool, of PYR, PV and SST.
    """
    inhibitory = np.asarray(inhibitory, bool)
    som = np.asarray(som, bool)
    return {"PYR": ~inhibitory, "PV": inhibitory & ~som, "SST": som}


def trial_panels(
    axes: Mapping[str, Axes],
    letter: str,
    trial,
    rates_hz,
    *,
    members: Mapping[str, np.ndarray],
    published: pd.DataFrame,
    task,
) -> list[pd.DataFrame]:
    """Draw output, spikes and rates of one trial.

    Parameters
    ----------
    axes
        The panels of `population_page`.
    letter
        "C" or "D".
    trial : describe.SingleTrial
        The trial.
    rates_hz : array_like, shape (n_units,)
        Mean firing rate of each unit in it.
    members
        Of each population, from `populations`.
    published
        Rows of resources/published.tsv of the panel.
    task
        Its labels, `stimulus_windows_ms` and `duration_ms` are used.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn.
    """
    output = axes[f"{letter} output"]
    spikes = axes[f"{letter} spikes"]
    drawn = single_trial(output, trial, [], task=task, y_range=(0, 1))
    drawn += population_raster(spikes, trial, members, task=task)
    rates = rates_panel(axes[f"{letter} rates"])
    drawn += rate_boxes(rates, rates_hz, members)
    drawn += published_boxes(rates, published)
    finish_trial(output, spikes, trial, task=task)
    name_panel(output, letter)
    return drawn


def population_raster(
    axes: Axes, trial, members: Mapping[str, np.ndarray], *, task
) -> list[pd.DataFrame]:
    """Draw the spikes of one trial: PYR below, then PV, SST in the strip on top.

    Parameters
    ----------
    axes
        Where to draw.
    trial : describe.SingleTrial
        Its spikes are used.
    members
        Of each population, from `populations`.
    task
        Its `duration_ms` is used.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each population that spikes.
    """
    strips = []
    for name, colour in COLOURS.items():
        strips.append(Strip(members[name], f"{name} spikes", name, colour))
    duration_s = task.duration_ms / 1000
    return raster_of(
        axes, trial.spike_time_s, trial.spike_unit, strips=strips, duration_s=duration_s
    )


def rates_panel(axes: Axes) -> Panel:
    """Name the axes of a panel for the rates of the populations."""
    return label(axes, "Population", "Firing rate (Hz)")


def rate_boxes(panel: Panel, rates_hz, members: Mapping[str, np.ndarray]) -> list[pd.DataFrame]:
    """Draw a dot for each unit, and a box plot for each population.

    Box: quartiles; dashed: median; whiskers: to the last unit within 1.5 box lengths; diamond:
    mean.

    Parameters
    ----------
    panel
        Where to draw, from `rates_panel`.
    rates_hz : array_like, shape (n_units,)
        Mean firing rate of each unit.
    members
        Of each population, from `populations`. One without units is left out.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn.
    """
    axes = panel.axes
    rates_hz = np.asarray(rates_hz)
    drawn = []
    for place, (name, colour) in enumerate(COLOURS.items()):
        values = rates_hz[members[name]]
        if len(values):
            _unit_dots(axes, place, values, colour)
            places = np.full(len(values), place)
            drawn.append(table_of(panel, f"{name} units", places, values))
            drawn += _box(panel, place, values, name)
    axes.set_xticks(range(len(COLOURS)), COLOURS)
    for tick, colour in zip(axes.get_xticklabels(), COLOURS.values(), strict=True):
        tick.set_color(colour)
    axes.set_xlim(-0.5, len(COLOURS) - 0.3)
    axes.tick_params(axis="x", length=0)
    set_range(axes, y=(0, 36))
    return drawn


def _unit_dots(axes: Axes, place: int, values: np.ndarray, colour: str) -> None:
    """A dot for each unit, evenly spread across its box, the same in every drawing."""
    aside = 0.46 * ((0.618 * np.arange(len(values))) % 1 - 0.5)
    axes.plot(
        place + aside,
        values,
        ".",
        color=colour,
        markersize=3,
        markeredgewidth=0,
        alpha=0.7,
        zorder=1.5,
        clip_on=False,
    )


def _box(panel: Panel, place: int, values: np.ndarray, name: str) -> list[pd.DataFrame]:
    """The box plot of one population and the diamond of its mean."""
    (box,) = boxplot_stats(values)
    mean = values.mean()
    line = {"color": "black", "linewidth": 0.8}
    panel.axes.bxp(
        [box],
        [place],
        widths=0.5,
        showfliers=False,
        manage_ticks=False,
        zorder=3,
        boxprops=line,
        whiskerprops=line,
        capprops=line,
        medianprops=line | {"linestyle": (0, (2, 1))},
    )
    panel.axes.plot(place, mean, "D", color="black", markersize=2.6, label="mean", zorder=4)
    at = [place]
    median = [box["med"]]
    quartiles = table_of(
        panel, f"{name} median, quartiles", at, median, low=[box["q1"]], high=[box["q3"]]
    )
    whiskers = table_of(
        panel, f"{name} median, whiskers", at, median, low=[box["whislo"]], high=[box["whishi"]]
    )
    return [quartiles, whiskers, table_of(panel, f"{name} mean", at, [mean])]


def published_boxes(panel: Panel, published: pd.DataFrame) -> list[pd.DataFrame]:
    """Draw the paper's median with quartiles and its mean beside each box.

    Parameters
    ----------
    panel
        Where to draw, from `rates_panel`.
    published
        Rows of resources/published.tsv of the panel.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, in the places of the boxes.
    """
    drawn = []
    for place, name in enumerate(COLOURS):
        rows = published[published.x_value == name]
        rates_hz = rows.set_index("quantity").value.astype(float)
        low, median, high = rates_hz[list(QUARTILES)]
        x = place + BESIDE
        panel.axes.plot([x, x], [low, high], color=PUBLISHED, linewidth=0.8, zorder=1.8)
        box = published_points(panel, [x], [median], series=f"{name} median, quartiles")
        drawn.append(box.assign(x=place, low=low, high=high))
        mean = [rates_hz["mean firing rate"]]
        diamond = published_points(panel, [x + 0.14], mean, series=f"{name} mean", marker="D")
        drawn.append(diamond.assign(x=place))
    return drawn


def mean_rates(rates_hz, members: Mapping[str, np.ndarray], published: pd.DataFrame) -> list[dict]:
    """The mean rate of each population, for the scorecard.

    Parameters
    ----------
    rates_hz : array_like, shape (n_units,)
        Mean firing rate of each unit.
    members
        Of each population, from `populations`. One without units is left out.
    published
        Rows of resources/published.tsv of one panel.

    Returns
    -------
    list of dict
        Our values, as `paper.sweeps.single` makes them.
    """
    rates_hz = np.asarray(rates_hz)
    means = published[published.quantity == "mean firing rate"]
    singles = []
    for name, of_population in members.items():
        if of_population.any():
            mean = rates_hz[of_population].mean()
            singles.append(single(means[means.x_value == name], mean))
    return singles


def finish(axes: Mapping[str, Axes]) -> None:
    """Finish Fig. S3: the same ranges in C and D, legends, the letters of A, B and E."""
    share_range([axes["C output"], axes["D output"]])
    share_range([axes["C rates"], axes["D rates"]])
    for name in ("E", "C rates", "D rates"):
        legend_over(axes[name], [axes[name]])
    name_panel(axes["A"], "A", left=0)
    name_panel(axes["B"], "B", left=0)
    name_panel(axes["E"], "E")
