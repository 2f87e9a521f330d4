"""Drawing primitives of Fig. S3: raster and firing rates of pyramidal (PYR), PV and SST units.

In the manner of `figures`: each draws into one axes and returns the rows it drew.
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
from .pages import finish_trial
from .panels import (
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
from .sweeps import Block, legend_over, page_of_blocks

COLOURS = {
    "PYR": EXCITATORY,
    "PV": INHIBITORY,
    "SST": SST,
}  # from the foot of the raster to its top
BESIDE = 0.40  # from the middle of a box to the published values


def population_page() -> tuple[Figure, dict[str, Axes]]:
    """The page: schematics A and B and mean output E above; output, spikes and rates of a trial
    below in C and in D."""
    below = [
        [f"{letter} {x}" for letter in "CD" for x in (left, "rates")]
        for left in ("output", "spikes")
    ]
    return page_of_blocks(
        [Block(2.1, [["A", "B", "E"]], [0.8, 1.1, 1.1]), Block(3.2, below, [1.15, 1] * 2)], 7.2
    )


def populations(inhibitory, som) -> dict[str, np.ndarray]:
    """Members (n_units,) bool of each population. inhibitory, som (n_units,) bool."""
    inhibitory, som = np.asarray(inhibitory, bool), np.asarray(som, bool)
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
    """Panel C or D: output, spikes and rates of one trial. rates_hz (n_units,); published: rows of
    published.tsv of the panel."""
    output, spikes, rates = (axes[f"{letter} {x}"] for x in ("output", "spikes", "rates"))
    drawn = single_trial(output, trial, [], task=task, y_range=(0, 1))
    drawn += population_raster(spikes, trial, members, task=task)
    drawn += rate_boxes(rates, rates_hz, members) + published_boxes(rates, published)
    finish_trial(output, spikes, trial, task=task)
    name_panel(output, letter)
    return drawn


def population_raster(
    axes: Axes, trial, members: Mapping[str, np.ndarray], *, task
) -> list[pd.DataFrame]:
    """The spikes of one trial: PYR below, then PV, SST in the strip on top."""
    strips = [
        Strip(members[name], f"{name} spikes", name, colour) for name, colour in COLOURS.items()
    ]
    return raster_of(axes, trial.spike_time_s, trial.spike_unit, strips, task.duration_ms / 1000)


def rate_boxes(axes: Axes, rates_hz, members: Mapping[str, np.ndarray]) -> list[pd.DataFrame]:
    """A dot for each unit; box plot: quartiles, dashed median, whiskers to the last unit within 1.5
    box lengths; diamond: mean.

    rates_hz (n_units,).
    """
    label(axes, "Population", "Firing rate (Hz)", axes.get_title())
    drawn = []
    for i, (name, colour) in enumerate(COLOURS.items()):
        values = np.asarray(rates_hz)[members[name]]
        if len(values):
            aside = 0.46 * (
                (0.618 * np.arange(len(values))) % 1 - 0.5
            )  # evenly spread, the same in every drawing
            axes.plot(
                i + aside,
                values,
                ".",
                color=colour,
                markersize=3,
                markeredgewidth=0,
                alpha=0.7,
                zorder=1.5,
                clip_on=False,
            )
            drawn.append(table_of(axes, f"{name} units", np.full(len(values), i), values))
            drawn += _box(axes, i, values, name)
    axes.set_xticks(range(len(COLOURS)), COLOURS)
    for tick, colour in zip(axes.get_xticklabels(), COLOURS.values(), strict=True):
        tick.set_color(colour)
    axes.set_xlim(-0.5, len(COLOURS) - 0.3)
    axes.tick_params(axis="x", length=0)
    set_range(axes, y=(0, 36))
    return drawn


def _box(axes: Axes, place: int, values, name: str) -> list[pd.DataFrame]:
    (box,) = boxplot_stats(values)
    line = {"color": "black", "linewidth": 0.8}
    styles = {
        "boxprops": line,
        "whiskerprops": line,
        "capprops": line,
        "medianprops": line | {"linestyle": (0, (2, 1))},
    }
    axes.bxp([box], [place], widths=0.5, showfliers=False, manage_ticks=False, zorder=3, **styles)
    axes.plot(place, values.mean(), "D", color="black", markersize=2.6, label="mean", zorder=4)
    return [
        table_of(
            axes,
            f"{name} median, quartiles",
            [place],
            [box["med"]],
            low=[box["q1"]],
            high=[box["q3"]],
        ),
        table_of(
            axes,
            f"{name} median, whiskers",
            [place],
            [box["med"]],
            low=[box["whislo"]],
            high=[box["whishi"]],
        ),
        table_of(axes, f"{name} mean", [place], [values.mean()]),
    ]


def published_boxes(axes: Axes, published: pd.DataFrame) -> list[pd.DataFrame]:
    """The paper's median with quartiles and its mean beside each box. published: rows of
    published.tsv for one panel."""
    drawn = []
    for i, name in enumerate(COLOURS):
        of = published[published.x_value == name].set_index("quantity").value.astype(float)
        low, median, high = of[
            ["firing rate lower quartile", "firing rate median", "firing rate upper quartile"]
        ]
        axes.plot([i + BESIDE] * 2, [low, high], color=PUBLISHED, linewidth=0.8, zorder=1.8)
        rows = published_points(axes, [i + BESIDE], [median], series=f"{name} median, quartiles")
        drawn.append(rows.assign(x=i, low=low, high=high))
        mean = [of["mean firing rate"]]
        drawn.append(
            published_points(
                axes, [i + BESIDE + 0.14], mean, series=f"{name} mean", marker="D"
            ).assign(x=i)
        )
    return drawn


def mean_rates(rates_hz, members: Mapping[str, np.ndarray], published: pd.DataFrame) -> list[dict]:
    """The mean rate of each population for the scorecard. published: rows of
    resources/published.tsv for one panel."""
    named = {name: np.asarray(rates_hz)[of].mean() for name, of in members.items() if of.any()}
    means = published[published.quantity == "mean firing rate"]
    return [single(means[means.x_value == name], value) for name, value in named.items()]


def finish(axes: Mapping[str, Axes]) -> None:
    """The same ranges in C and D, legends, the letters of the schematics and of the mean output."""
    share_range([axes["C output"], axes["D output"]])
    share_range([axes["C rates"], axes["D rates"]])
    for name in ("E", "C rates", "D rates"):
        legend_over(axes[name], [axes[name]])
    for letter, left in (("A", 0), ("B", 0), ("E", -36)):
        name_panel(axes[letter], letter, left)
