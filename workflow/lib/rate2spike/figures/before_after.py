"""The page of the refinement: every condition with its fresh trials before and after, and the
paired differences. Drawing only: the tables come from `analysis.before_after`."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analysis.before_after import (
    ACCURACY,
    BETTER,
    MEASURES,
    NO_INTERVAL,
    STRICT,
    UNDECIDED,
    WORSE,
)
from ..analysis.describe import CONDITION
from ..analysis.tables import SUCCESS
from ..plotting import SPIKING, pale
from .pages import page

NOTE_BELOW = (
    "{n_networks} of {n_attempted} networks of {conditions_in_words} reached criterion; "
    "{held_out_trials} fresh trials of each; bars: 95 % intervals of the mean paired difference, "
    "each for itself; filled marks: 0 is not in it; worse: {worse_in_words}; dashed: 95 %."
)

# A measure is told by its shape, a verdict by its colour (blue and vermilion as in the scorecard)
# and, whatever the colour, by the side of 0 and the filling of its mark
MARKERS = {ACCURACY: "o", STRICT: "s"}
COLOURS = {BETTER: SPIKING, WORSE: "#d55e00", UNDECIDED: "0.45", NO_INTERVAL: "0.45"}
FILLED = (BETTER, WORSE)
BEFORE = "0.45"
AFTER = SPIKING
ASIDE = 0.19  # from the middle of a row: the networks, or one of two measures

# In inches, so that a row is as high in a study of 60 conditions as in one of 2
ROW = 0.25
LINE = 0.11  # more, for each line of a name after the second
AROUND = 1.6  # above and below the rows
TALL = 25  # rows from which on the numbers of the axes stand above, too
WIDTH = 7.4
WIDEST_NAME = 26  # characters
PERCENT = 100.0
PLACE = [*CONDITION, "step"]


class Row(NamedTuple):
    """A line of the page: a condition with a step, or (without measures) the heading of a task.

    text: what stands at the left; measures: the rows of `before_after.paired`, by measure.
    """

    text: str
    measures: dict[str, pd.Series] | None


def draw(table: pd.DataFrame, pairs: pd.DataFrame) -> Figure:
    """Draw the page.

    Parameters
    ----------
    table
        From `before_after.paired`.
    pairs
        From `before_after.network_pairs`.

    Returns
    -------
    matplotlib.figure.Figure
        The page; it is as high as its rows need.
    """
    rows = page_rows(table)
    most_lines = max(row.text.count("\n") + 1 for row in rows)
    height = AROUND + (ROW + LINE * max(most_lines - 2, 0)) * len(rows)
    names = [[*MEASURES, "difference", "works"]]
    figure, axes = page(names, WIDTH, height, width_ratios=[1, 1, 1.15, 0.62])
    for measure in MEASURES:
        _draw_measure(axes[measure], rows, pairs[pairs.measure == measure], measure)
    _draw_differences(axes["difference"], rows)
    _write_works(axes["works"], rows)
    for panel in axes.values():
        panel.set_ylim(len(rows) - 0.5, -0.6)
        panel.title.set_fontsize(7.5)
    for panel in (axes[ACCURACY], axes[STRICT], axes["difference"]):
        _finish(panel, rows)
    _name_rows(axes[ACCURACY], rows)
    _legend(figure)
    return figure


def page_rows(table: pd.DataFrame) -> list[Row]:
    """The lines of the page from above: the tasks, and below each its conditions.

    Parameters
    ----------
    table
        From `before_after.paired`. The step is named where the study has several.
    """
    several = table.step[table.step != ""].nunique() > 1
    rows = []
    for task, of_task in table.groupby("task", sort=False):
        rows.append(Row(str(task), None))
        for _, of_step in of_task.groupby(["condition", "neuron", "step"], sort=False):
            first = of_step.iloc[0]
            name = f"{first['name']}, {first.step}" if several and first.step else first["name"]
            measures = {row.measure: row for _, row in of_step.iterrows()}
            rows.append(Row(textwrap.fill(name, WIDEST_NAME), measures))
    return rows


def _draw_measure(axes: Axes, rows: Sequence[Row], pairs: pd.DataFrame, measure: str) -> None:
    """Means before and after, joined, in the middle of each row; networks before above them and
    after below them."""
    for y, row in enumerate(rows):
        if row.measures is None:
            continue
        numbers = row.measures[measure]
        if not numbers.n_networks:
            continue
        own = pairs[(pairs[PLACE] == numbers[PLACE]).all(axis=1)]
        _draw_networks(axes, y - ASIDE, own.before, BEFORE)
        _draw_networks(axes, y + ASIDE, own.after, AFTER)
        ends = PERCENT * np.array([numbers.before, numbers.after])
        colour = pale(COLOURS[numbers.verdict], 0.7)
        axes.plot(ends, [y, y], color=colour, linewidth=1.6, zorder=2.1)
        _draw_mean(axes, y, ends[0], face="white", edge=BEFORE)
        _draw_mean(axes, y, ends[1], face=AFTER, edge=AFTER)
    axes.axvline(PERCENT * SUCCESS, color="0.5", linewidth=0.8, linestyle="--", zorder=0)
    axes.set_xlim(right=max(axes.get_xlim()[1], 101.5))
    axes.set_title(f"{measure.capitalize()},\nfresh trials")
    axes.set_xlabel("Correct trials (%)")


def _draw_networks(axes: Axes, y: float, shares: pd.Series, colour: str) -> None:
    """The networks as small points, darker where several have the same number."""
    axes.plot(
        PERCENT * shares,
        np.full(len(shares), y),
        "o",
        markersize=2.4,
        color=colour,
        alpha=0.45,
        markeredgewidth=0,
        zorder=1.9,
    )


def _draw_mean(axes: Axes, y: float, percent: float, *, face: str, edge: str) -> None:
    axes.plot(
        [percent],
        [y],
        "o",
        markersize=4.4,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=1.0,
        zorder=2.2,
    )


def _draw_differences(axes: Axes, rows: Sequence[Row]) -> None:
    """The line at 0, and the mean difference of each measure with its interval, by verdict."""
    axes.axvline(0, color="0.3", linewidth=0.8, zorder=1)
    asides = dict(zip(MEASURES, (-ASIDE, ASIDE), strict=True))
    for y, row in enumerate(rows):
        for measure, numbers in (row.measures or {}).items():
            if numbers.n_networks:
                _draw_difference(axes, y + asides[measure], numbers)
    axes.margins(x=0.06)
    axes.set_title("Paired difference,\nrefined − published way")
    axes.set_xlabel("Percentage points")


def _draw_difference(axes: Axes, y: float, numbers: pd.Series) -> None:
    colour = COLOURS[numbers.verdict]
    if numbers.verdict != NO_INTERVAL:
        ends = PERCENT * np.array([numbers.ci_low, numbers.ci_high])
        axes.plot(ends, [y, y], color=colour, linewidth=1.0, zorder=2)
    axes.plot(
        [PERCENT * numbers.difference],
        [y],
        MARKERS[numbers.measure],
        markersize=3.6,
        markerfacecolor=colour if numbers.verdict in FILLED else "white",
        markeredgecolor=colour,
        markeredgewidth=0.9,
        zorder=2.2,
    )


def _write_works(axes: Axes, rows: Sequence[Row]) -> None:
    """How many networks work by strict scoring, before and after; or that there is none."""
    axes.set_axis_off()
    for y, row in enumerate(rows):
        if row.measures is None:
            continue
        numbers = row.measures[STRICT]
        text = f"none of {numbers.n_attempted} trained"
        if numbers.n_networks:
            text = f"{numbers.works_before} → {numbers.works_after} of {numbers.n_networks}"
        axes.text(
            0, y, text, transform=axes.get_yaxis_transform(), fontsize=7, va="center_baseline"
        )
    axes.set_title("Networks with\nstrict ≥ 95 %", x=0, ha="left")


def _finish(axes: Axes, rows: Sequence[Row]) -> None:
    """A pale line along each condition, no names at the left, numbers above where the page is
    tall."""
    for y, row in enumerate(rows):
        if row.measures is not None:
            axes.axhline(y, color="0.93", linewidth=0.6, zorder=0)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelleft=False)
    if len(rows) > TALL:
        axes.tick_params(axis="x", labeltop=True)


def _name_rows(axes: Axes, rows: Sequence[Row]) -> None:
    """The names of tasks and conditions at the left."""
    axes.set_yticks(range(len(rows)), [row.text for row in rows])
    axes.tick_params(axis="y", labelleft=True)
    for row, tick in zip(rows, axes.yaxis.get_major_ticks(), strict=True):
        if row.measures is None:
            tick.label1.set_fontweight("bold")


def _legend(figure: Figure) -> None:
    """What the marks mean: means and networks, measures, verdicts."""
    grey = {"color": "0.3", "linestyle": "none", "markersize": 4}
    handles = [
        _mark("published way", "o", BEFORE, filled=False),
        _mark("refined", "o", AFTER, filled=True),
        Line2D([], [], marker="o", alpha=0.5, label="a network", **(grey | {"markersize": 2.4})),
        _mark(ACCURACY, MARKERS[ACCURACY], "0.3", filled=False),
        _mark(STRICT, MARKERS[STRICT], "0.3", filled=False),
    ]
    for verdict in (BETTER, WORSE, UNDECIDED):
        handles.append(Line2D([], [], color=COLOURS[verdict], linewidth=1.6, label=verdict))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), fontsize=7)


def _mark(name: str, marker: str, colour: str, *, filled: bool) -> Line2D:
    return Line2D(
        [],
        [],
        marker=marker,
        linestyle="none",
        markersize=4,
        markerfacecolor=colour if filled else "white",
        markeredgecolor=colour,
        label=name,
    )
