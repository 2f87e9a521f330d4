"""The forest plot of the scorecard: every difference from the paper with its interval, on one page.

Drawing only: the table comes from `scorecard.table`. Lengths are in inches, so that a row is as
high in a panel of 2 as in one of 21, and the page grows with the number of rows.
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

from ..paper.scorecard import AGREES, DIFFERS, TOO_FEW, panel_names
from ..plotting import NOTE
from .pages import page, words
from .panels import COLUMNS

# told apart by shape as well as by colour (blue and vermilion of Okabe and Ito, for any colour
# vision)
MARKS = {
    AGREES: {"marker": "o", "color": "#0072b2", "markersize": 3.2},
    DIFFERS: {"marker": "D", "color": "#d55e00", "markersize": 3.0},
    TOO_FEW: {"marker": "o", "color": "0.55", "markersize": 3.2, "markerfacecolor": "white"},
}
N_COLUMNS, COLUMN, LEFT, RIGHT, MARGIN = (
    5,
    1.68,
    0.54,
    0.08,
    0.05,
)  # across: LEFT of the axes at least
ROW, TITLE, HEADING, BELOW = (
    0.098,
    0.2,
    0.1,
    0.31,
)  # down a panel: BELOW has the numbers and the name of the axis
HEAD, FOOT = 0.38, 0.5  # of the page: legend, note
SMALL, CHARACTER = 6, 0.05  # size of the numbers in points, and width of one of its characters
ALONG = {"N": "N", "tau_max_ms": "τmax (ms)", "refractory_ms": "tref (ms)", "gain": "gain"}
COUNTED = "rate nets trained"
UNITS = {"%": "points", "au": "a.u."}
WORDS = {
    "successfully trained rate RNNs": "networks trained",
    "mean tuned synaptic decay": "mean decay",
}
# numbers of one network share panels: what they are, and what tells two of one panel of the paper
# apart (else x_value)
OF_ONE = {
    "mean tuned synaptic decay (caption)": ("mean decay", "caption"),
    "mean tuned synaptic decay recomputed from histogram": ("mean decay", "histogram"),
    "task performance of the example LIF": ("LIF performance", ""),
    "task performance of example softplus LIF": ("LIF performance", ""),
    "variance captured by top 3 PCs": ("variance of 3 PCs", None),
    "mean firing rate": ("mean rate", None),
    "mean QIF output": ("last output", None),
    **{
        f"mean {kind} output {answer}": ("last output", answer)
        for kind in ("rate", "LIF")
        for answer in ("Go", "NoGo")
    },
    **{f"mean LIF output {answer} choice": ("last output", answer) for answer in ("(+)", "(-)")},
}


class Panel(NamedTuple):
    """Rows of the scorecard that share an axis, the words at each row, and the heading over these."""

    title: str
    heading: str
    rows: pd.DataFrame
    labels: list[str]

    @property
    def height(self) -> float:
        return self.above + ROW * len(self.rows) + BELOW

    @property
    def above(self) -> float:
        return TITLE + (HEADING if self.heading else 0)

    @property
    def left(self) -> float:
        return max(LEFT, 0.12 + CHARACTER * max(map(len, self.labels)))


def draw(found: pd.DataFrame) -> tuple[Figure, list[pd.DataFrame]]:
    """The page of a scorecard, and the table of what is on it: differences in y, ends of the
    intervals in low and high."""
    found = found.reset_index(drop=True)
    if found.empty:
        figure, axes = page([["empty"]], 5.0, 1.8)
        words(axes["empty"], "no published number has a counterpart in this study")
        return figure, []
    columns = _columns([*_swept(found), *_counted(found), *_of_one(found)])
    width = COLUMN * max(len(columns), 3)
    height = HEAD + max(sum(panel.height for panel in column) for column in columns) + FOOT
    figure = Figure(figsize=(width, height))
    drawn = []
    for i, column in enumerate(columns):
        top = height - HEAD
        for panel in column:
            inner = ROW * len(panel.rows)
            place = (
                i * COLUMN + panel.left,
                top - panel.above - inner,
                COLUMN - panel.left - RIGHT,
                inner,
            )
            axes = figure.add_axes(
                np.array(place) / (width, height, width, height), label=panel.title
            )
            drawn.append(_draw(axes, panel))
            pad = 3 + 72 * (panel.above - TITLE)
            axes.set_title(
                panel.title, fontsize=6.5, x=(MARGIN - panel.left) / place[2], ha="left", pad=pad
            )
            top -= panel.height
    handles = [
        Line2D([], [], linewidth=0.9, label=verdict, **mark) for verdict, mark in MARKS.items()
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        ncols=len(handles),
        bbox_to_anchor=(0, 1 - 0.04 / height),
        fontsize=7,
    )
    return figure, drawn


def _swept(found: pd.DataFrame) -> Iterator[Panel]:
    """A panel for each quantity in each panel of the paper."""
    rows = found[found.published_n.gt(1) & found.quantity.ne(COUNTED)]
    inset = rows.panel.replace(
        "A", "A-inset"
    )  # Fig. 6A in the text, beside the number it disagrees with
    for (_, panel, quantity), group in rows.groupby(
        [rows.figure, inset, rows.quantity], sort=False
    ):
        group = group.sort_values(
            "x_value", key=lambda x: pd.to_numeric(x, errors="coerce"), kind="stable"
        )
        title = panel_names(group).iloc[0] + (" inset" if panel == "A-inset" else "")
        labels = group.x_value + np.where(group.panel == "A", " (text)", "")
        yield Panel(
            f"{title}  {WORDS.get(quantity, quantity)}",
            ALONG.get(group.x_name.iloc[0], ""),
            group,
            list(labels),
        )


def _counted(found: pd.DataFrame) -> Iterator[Panel]:
    """What the text says of how many networks were trained."""
    rows = found[found.quantity == COUNTED]
    if len(rows):
        labels = panel_names(rows) + " " + rows.x_value.where(rows.x_value != "", "all")
        yield Panel("Networks trained (text)", "", rows, list(labels))


def _of_one(found: pd.DataFrame) -> Iterator[Panel]:
    """A panel for each kind of number that the paper gives of one network."""
    rows = found[found.published_n == 1]
    if rows.empty:
        return
    extra = [OF_ONE[row.quantity][1] or row.x_value.partition(" (")[0] for row in rows.itertuples()]
    rows = rows.assign(
        words=[OF_ONE[quantity][0] for quantity in rows.quantity],
        name=panel_names(rows) + " " + extra,
    )
    for kind, group in rows.groupby("words", sort=False):
        yield Panel(f"One network: {kind}", "", group, list(group.name.str.strip()))


def _columns(panels: Sequence[Panel]) -> list[list[Panel]]:
    """The panels in their order, one below the other, in at most N_COLUMNS columns that are as
    short as can be."""
    total = sum(panel.height for panel in panels)
    limit = max([total / N_COLUMNS, *(panel.height for panel in panels)])
    while len(columns := _filled(panels, limit)) > N_COLUMNS:
        limit += ROW / 2
    return columns


def _filled(panels: Sequence[Panel], limit: float) -> list[list[Panel]]:
    columns: list[list[Panel]] = [[]]
    for panel in panels:
        if columns[-1] and sum(p.height for p in columns[-1]) + panel.height > limit:
            columns.append([])
        columns[-1].append(panel)
    return columns


def _draw(axes: Axes, panel: Panel) -> pd.DataFrame:
    """One panel, the first row above; a row without a network of ours says so."""
    rows, y = panel.rows, np.arange(len(panel.rows))
    axes.axvline(0, color="0.3", linewidth=0.7, zorder=1)
    for verdict, mark in MARKS.items():
        at = (rows.verdict == verdict).to_numpy()
        low, x, high = rows.loc[at, ["ci_low", "difference", "ci_high"]].to_numpy(float).T
        errors = np.maximum([x - low, high - x], 0)  # rounding must not make a length negative
        axes.errorbar(
            x, y[at], xerr=errors, linestyle="none", elinewidth=0.9, markeredgewidth=0.7, **mark
        )
    axes.margins(x=0.08)
    low, high = axes.get_xlim()
    clear = (
        {"x": 0.98, "ha": "right"} if -low < high else {"x": 0.02, "ha": "left"}
    )  # the wider side of the line at 0
    text = {
        "transform": axes.get_yaxis_transform(),
        "fontsize": SMALL,
        "color": NOTE,
        "va": "center_baseline",
    }
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # over the line at 0
    for row in np.flatnonzero(rows.difference.isna()):
        axes.text(y=row, s="none trained", bbox=paper, **clear, **text)
    axes.text(-0.02, -1, panel.heading, ha="right", **text)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(y, panel.labels)
    axes.tick_params(labelsize=SMALL, length=2, pad=1.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
    unit = UNITS.get(rows.unit.iloc[0], rows.unit.iloc[0])
    axes.set_xlabel(f"ours − published ({unit})", fontsize=SMALL, labelpad=1, loc="right")
    names = {"panel": panel.title, "x_name": rows.x_name.iloc[0], "y_name": axes.get_xlabel()}
    numbers = {
        "x": panel.labels,
        "y": rows.difference,
        "low": rows.ci_low,
        "high": rows.ci_high,
        "series": rows.verdict,
    }
    return pd.DataFrame(numbers).assign(**names).reindex(columns=COLUMNS)
