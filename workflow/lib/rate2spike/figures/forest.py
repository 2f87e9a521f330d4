"""The forest plot of the scorecard: every difference from the paper with its interval, on one page.

Drawing only: the table comes from `scorecard.table`. Lengths are in inches, so that a row is as
high in a group of 2 as in one of 21, and the page grows with the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..paper.scorecard import AGREES, COUNTED, DIFFERS, TOO_FEW, panel_names
from ..plotting import NOTE
from .pages import empty_panel, page
from .panels import COLUMNS

# Told apart by shape as well as by colour (blue and vermilion of Okabe and Ito, for any colour
# vision)
MARKS = {
    AGREES: {"marker": "o", "color": "#0072b2", "markersize": 3.2},
    DIFFERS: {"marker": "D", "color": "#d55e00", "markersize": 3.0},
    TOO_FEW: {"marker": "o", "color": "0.55", "markersize": 3.2, "markerfacecolor": "white"},
}
# Across the page
N_COLUMNS = 5  # at most
COLUMN = 1.68
LEFT = 0.54  # of the axes at least
RIGHT = 0.08
MARGIN = 0.05
# Down a group
TITLE = 0.2
HEADING = 0.1
ROW = 0.098
BELOW = 0.31  # the numbers and the name of the axis
# Down the page
HEAD = 0.38  # legend
FOOT = 0.5  # note
SMALL = 6  # size of the numbers in points
CHARACTER = 0.05  # width of one of its characters

ALONG = {"N": "N", "tau_max_ms": "τmax (ms)", "refractory_ms": "tref (ms)", "gain": "gain"}
UNITS = {"%": "points", "au": "a.u."}
SHORT_NAMES = {
    "successfully trained rate RNNs": "networks trained",
    "mean tuned synaptic decay": "mean decay",
}


class OneNetwork(NamedTuple):
    """How a number of one network is named: what it is, which it shares a group with, and what
    tells two of one panel of the paper apart (None: its x_value)."""

    name: str
    which: str | None


OF_ONE = {
    "mean tuned synaptic decay (caption)": OneNetwork("mean decay", "caption"),
    "mean tuned synaptic decay recomputed from histogram": OneNetwork("mean decay", "histogram"),
    "task performance of the example LIF": OneNetwork("LIF performance", None),
    "task performance of example softplus LIF": OneNetwork("LIF performance", None),
    "variance captured by top 3 PCs": OneNetwork("variance of 3 PCs", None),
    "mean firing rate": OneNetwork("mean rate", None),
    "mean QIF output": OneNetwork("last output", None),
    "mean rate output Go": OneNetwork("last output", "Go"),
    "mean rate output NoGo": OneNetwork("last output", "NoGo"),
    "mean LIF output Go": OneNetwork("last output", "Go"),
    "mean LIF output NoGo": OneNetwork("last output", "NoGo"),
    "mean LIF output (+) choice": OneNetwork("last output", "(+)"),
    "mean LIF output (-) choice": OneNetwork("last output", "(-)"),
}


class Group(NamedTuple):
    """Rows of the scorecard that share an axis, the words at each row, and the heading over
    these."""

    title: str
    heading: str
    rows: pd.DataFrame
    labels: list[str]

    @property
    def height(self) -> float:
        """All of it, in inches."""
        return self.above + self.inner + BELOW

    @property
    def above(self) -> float:
        """Title and heading."""
        return TITLE + (HEADING if self.heading else 0)

    @property
    def inner(self) -> float:
        """The axes."""
        return ROW * len(self.rows)

    @property
    def left(self) -> float:
        """Room for the labels."""
        longest = max(len(text) for text in self.labels)
        return max(LEFT, 0.12 + CHARACTER * longest)


def draw(scorecard: pd.DataFrame) -> tuple[Figure, list[pd.DataFrame]]:
    """Draw the page of a scorecard.

    Parameters
    ----------
    scorecard
        From `scorecard.table`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The page.
    rows : list of pandas.DataFrame
        What is on it: differences in y, ends of the intervals in low and high. Empty where there
        is nothing to compare; the page says so.
    """
    scorecard = scorecard.reset_index(drop=True)
    if scorecard.empty:
        figure, axes = page([["empty"]], 5.0, 1.8)
        empty_panel(axes["empty"], "no published number has a counterpart in this study")
        return figure, []
    groups = [*_swept(scorecard), *_counted(scorecard), *_of_one(scorecard)]
    columns = _columns(groups)
    width = COLUMN * max(len(columns), 3)
    height = HEAD + max(_height(column) for column in columns) + FOOT
    figure = Figure(figsize=(width, height))
    drawn = []
    for i, column in enumerate(columns):
        top = height - HEAD
        for group in column:
            drawn.append(_draw(_axes_of(figure, group, left=i * COLUMN, top=top), group))
            top -= group.height
    _legend(figure)
    return figure, drawn


def _axes_of(figure: Figure, group: Group, *, left: float, top: float) -> Axes:
    """The axes of a group that begins at this place of the page, with its title."""
    inner_width = COLUMN - group.left - RIGHT
    place = (left + group.left, top - group.above - group.inner, inner_width, group.inner)
    width, height = figure.get_size_inches()
    axes = figure.add_axes(np.array(place) / (width, height, width, height), label=group.title)
    x = (MARGIN - group.left) / inner_width
    pad = 3 + 72 * (group.above - TITLE)
    axes.set_title(group.title, fontsize=6.5, x=x, ha="left", pad=pad)
    return axes


def _legend(figure: Figure) -> None:
    """The three verdicts, at the head of the page."""
    handles = []
    for verdict, mark in MARKS.items():
        handles.append(Line2D([], [], linewidth=0.9, label=verdict, **mark))
    figure.legend(
        handles=handles,
        loc="upper left",
        ncols=len(handles),
        bbox_to_anchor=(0, 1 - 0.04 / figure.get_figheight()),
        fontsize=7,
    )


def _swept(scorecard: pd.DataFrame) -> Iterator[Group]:
    """A group for each quantity in each panel of the paper."""
    rows = scorecard[scorecard.published_n.gt(1) & scorecard.quantity.ne(COUNTED)]
    # Fig. 6A in the text stands beside the number it disagrees with
    inset = rows.panel.replace("A", "A-inset")
    keys = [rows.figure, inset, rows.quantity]
    for (_, panel, quantity), group in rows.groupby(keys, sort=False):
        group = group.sort_values("x_value", key=_as_numbers, kind="stable")
        title = panel_names(group).iloc[0] + (" inset" if panel == "A-inset" else "")
        labels = group.x_value + np.where(group.panel == "A", " (text)", "")
        yield Group(
            f"{title}  {SHORT_NAMES.get(quantity, quantity)}",
            ALONG.get(group.x_name.iloc[0], ""),
            group,
            list(labels),
        )


def _as_numbers(values: pd.Series) -> pd.Series:
    return pd.to_numeric(values, errors="coerce")


def _counted(scorecard: pd.DataFrame) -> Iterator[Group]:
    """What the text says of how many networks were trained."""
    rows = scorecard[scorecard.quantity == COUNTED]
    if len(rows):
        labels = panel_names(rows) + " " + rows.x_value.where(rows.x_value != "", "all")
        yield Group("Networks trained (text)", "", rows, list(labels))


def _of_one(scorecard: pd.DataFrame) -> Iterator[Group]:
    """A group for each kind of number that the paper gives of one network."""
    rows = scorecard[scorecard.published_n == 1]
    if rows.empty:
        return
    which = []
    for row in rows.itertuples():
        at_x = row.x_value.partition(" (")[0]
        which.append(OF_ONE[row.quantity].which or at_x)
    rows = rows.assign(
        kind=[OF_ONE[quantity].name for quantity in rows.quantity],
        label=panel_names(rows) + " " + which,
    )
    for kind, group in rows.groupby("kind", sort=False):
        yield Group(f"One network: {kind}", "", group, list(group.label.str.strip()))


def _height(column: Sequence[Group]) -> float:
    return sum(group.height for group in column)


def _columns(groups: Sequence[Group]) -> list[list[Group]]:
    """The groups in their order, one below the other, in at most N_COLUMNS columns that are as
    short as can be."""
    highest = max(group.height for group in groups)
    limit = max(_height(groups) / N_COLUMNS, highest)
    columns = _filled(groups, limit)
    while len(columns) > N_COLUMNS:
        limit += ROW / 2
        columns = _filled(groups, limit)
    return columns


def _filled(groups: Sequence[Group], limit: float) -> list[list[Group]]:
    """Columns of at most that height, one after the other."""
    columns: list[list[Group]] = [[]]
    for group in groups:
        if columns[-1] and _height(columns[-1]) + group.height > limit:
            columns.append([])
        columns[-1].append(group)
    return columns


def _draw(axes: Axes, group: Group) -> pd.DataFrame:
    """One group, the first row above; a row without a network of ours says so."""
    rows = group.rows
    _draw_intervals(axes, rows)
    axes.margins(x=0.08)
    _write_in(axes, group)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(np.arange(len(rows)), group.labels)
    axes.tick_params(labelsize=SMALL, length=2, pad=1.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
    unit = rows.unit.iloc[0]
    x_label = f"ours − published ({UNITS.get(unit, unit)})"
    axes.set_xlabel(x_label, fontsize=SMALL, labelpad=1, loc="right")
    table = pd.DataFrame({"x": group.labels, "y": rows.difference})
    table = table.assign(low=rows.ci_low, high=rows.ci_high, series=rows.verdict)
    table = table.assign(panel=group.title, x_name=rows.x_name.iloc[0], y_name=x_label)
    return table.reindex(columns=COLUMNS)


def _draw_intervals(axes: Axes, rows: pd.DataFrame) -> None:
    """The line at 0, and the differences with their intervals, by verdict."""
    y = np.arange(len(rows))
    axes.axvline(0, color="0.3", linewidth=0.7, zorder=1)
    style = {"linestyle": "none", "elinewidth": 0.9, "markeredgewidth": 0.7}
    for verdict, mark in MARKS.items():
        has_verdict = (rows.verdict == verdict).to_numpy()
        numbers = rows.loc[has_verdict, ["ci_low", "difference", "ci_high"]]
        low, x, high = numbers.to_numpy(float).T
        errors = np.maximum([x - low, high - x], 0)  # rounding must not make a length negative
        axes.errorbar(x, y[has_verdict], xerr=errors, **style, **mark)


def _write_in(axes: Axes, group: Group) -> None:
    """The heading, and "none trained" on the wider side of the line at 0."""
    low, high = axes.get_xlim()
    side = {"x": 0.98, "ha": "right"} if -low < high else {"x": 0.02, "ha": "left"}
    style = {
        "transform": axes.get_yaxis_transform(),
        "fontsize": SMALL,
        "color": NOTE,
        "va": "center_baseline",
    }
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # over the line at 0
    for row in np.flatnonzero(group.rows.difference.isna()):
        axes.text(y=row, s="none trained", bbox=box, **side, **style)
    axes.text(-0.02, -1, group.heading, ha="right", **style)
