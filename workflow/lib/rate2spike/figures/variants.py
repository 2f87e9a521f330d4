"""The page of the variants: how far each is from the paper, by what is compared.

Drawing only: the table comes from `paper.variants`. Lengths are in inches, so that a row is as high
among 40 variants as among 2, and the page grows with them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..paper.variants import AS_STATED, GROUPS, MOST
from ..plotting import HEAT_MAP
from .panels import COLUMNS

SMALL = 6  # points, of all words and numbers
LETTER = 0.047  # of these, across
LINE = 0.105  # of these, down
BETWEEN = 0.07  # names of two rows
CELL = 0.3
LONGEST = 48  # letters of a line of the name of a row
BAR = 0.06
FOOT = 0.75  # numbers of the bar, note
TITLES = {"go-nogo": "Go-NoGo", "integration": "Integration"}
MEAN = "mean of all"
SCALE = "Distance from the paper (1: just at the tolerance)"
NO_NUMBER = {"facecolor": "0.93", "edgecolor": "0.75", "hatch": "//////", "linewidth": 0}


class Block(NamedTuple):
    """Columns that stand together: their title, their names, the distances (n_variants,
    n_columns)."""

    title: str
    names: list[str]
    distances: np.ndarray


def draw(summary: pd.DataFrame) -> tuple[Figure, list[pd.DataFrame]]:
    """Draw the distances of all variants.

    Parameters
    ----------
    summary
        From `paper.variants.by_variant`, one row at least.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A block of columns for each task with a number, then the mean; a row for each variant.
    rows : list of pandas.DataFrame
        What was drawn.
    """
    names = []
    for row in summary.itertuples():
        names.append(_wrapped(f"{row.variant} ({row.n_numbers})"))  # how many were compared
    blocks = [*_blocks(summary), Block("", [MEAN], summary[["distance"]].to_numpy(float))]
    heights = [BETWEEN + LINE * (name.count("\n") + 1) for name in names]
    edges = np.cumsum([0.0, *heights])
    figure, panels, bar = _page(names, blocks, edges[-1])
    rows = []
    for axes, block in zip(panels, blocks, strict=True):
        mesh = _cells(axes, block, edges)
        rows.append(_table(block, summary.variant))
    _name_rows(panels[0], names, (edges[:-1] + edges[1:]) / 2)
    _scale(figure, bar, mesh)
    return figure, rows


def _wrapped(variant: str) -> str:
    """The words of a variant on lines that end between two settings where they can."""
    kept = variant.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    return textwrap.fill(kept, LONGEST, break_on_hyphens=False)


def _blocks(summary: pd.DataFrame) -> list[Block]:
    """A block for each task that has a number."""
    blocks = []
    for task, groups in GROUPS.items():
        distances = summary[[f"{task} {group}" for group in groups]].to_numpy(float)
        if not np.isnan(distances).all():
            names = [f"{group} ({panels})" for group, panels in groups.items()]
            blocks.append(Block(TITLES[task], names, distances))
    return blocks


def _page(
    names: Sequence[str], blocks: Sequence[Block], height: float
) -> tuple[Figure, list[Axes], Axes]:
    """A panel for each block and one for the scale; around them there is room for the names."""
    longest_line = max(len(line) for name in names for line in name.split("\n"))
    longest_head = max(len(name) for block in blocks for name in block.names)
    n_columns = [len(block.names) for block in blocks]
    width = LETTER * longest_line + CELL * sum(n_columns) + 0.4
    page_height = LETTER * longest_head + 0.35 + height + BAR + FOOT
    figure = Figure(figsize=(max(width, 4.5), page_height), layout="constrained")
    grid = figure.add_gridspec(2, len(blocks), width_ratios=n_columns, height_ratios=[height, BAR])
    panels = []
    for place, block in enumerate(blocks):
        axes = figure.add_subplot(grid[0, place], label=block.title or MEAN)
        axes.annotate(
            block.title,
            (0.5, 1),
            xycoords="axes fraction",
            xytext=(0, 72 * LETTER * longest_head),  # above the longest name of all blocks
            textcoords="offset points",
            ha="center",
            va="bottom",
        )
        panels.append(axes)
    return figure, panels, figure.add_subplot(grid[1, :], label="scale")


def _cells(axes: Axes, block: Block, edges: np.ndarray):
    """Draw coloured cells with their numbers, hatched where there is none, and name the columns."""
    n_columns = len(block.names)
    axes.patch.set(**NO_NUMBER)
    mesh = axes.pcolormesh(
        np.arange(n_columns + 1),
        edges,
        np.ma.masked_invalid(block.distances),
        cmap=HEAT_MAP,
        vmin=0,
        vmax=MOST,
    )
    axes.hlines(edges, 0, n_columns, color="white", linewidth=0.8)
    axes.vlines(range(n_columns + 1), 0, edges[-1], color="white", linewidth=0.8)
    centres = (edges[:-1] + edges[1:]) / 2
    style = {"ha": "center", "va": "center_baseline", "fontsize": SMALL}
    for (row, column), distance in np.ndenumerate(block.distances):
        if not np.isnan(distance):
            at = (column + 0.5, centres[row])
            axes.text(*at, f"{distance:.1f}", color=_colour_on(distance), **style)
    axes.set(xlim=(0, n_columns), ylim=(edges[-1], 0), yticks=[])
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(n_columns) + 0.5, block.names, rotation=90, fontsize=SMALL)
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(False)
    return mesh


def _table(block: Block, variants: pd.Series) -> pd.DataFrame:
    """The cells of a block that have a number."""
    n_rows, n_columns = block.distances.shape
    table = pd.DataFrame({"x": n_rows * block.names, "y": block.distances.ravel()})
    series = np.repeat(variants.to_numpy(), n_columns)
    panel = block.title or MEAN
    table = table.assign(series=series, panel=panel, x_name="compared", y_name="distance")
    return table[table.y.notna()].reindex(columns=COLUMNS)


def _colour_on(distance: float) -> str:
    """Black or white, whichever is read better on the colour of a distance."""
    red, green, blue, _ = colormaps[HEAT_MAP](distance / MOST)
    return "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "white"


def _name_rows(axes: Axes, names: Sequence[str], centres: np.ndarray) -> None:
    """The variants at the left, the one as stated in bold."""
    axes.set_yticks(centres, names, fontsize=SMALL, linespacing=1.0)
    for label in axes.get_yticklabels():
        if label.get_text().startswith(_wrapped(f"{AS_STATED} (")):
            label.set_fontweight("bold")


def _scale(figure: Figure, axes: Axes, mesh) -> None:
    """What the colours mean, below all panels."""
    bar = figure.colorbar(mesh, cax=axes, orientation="horizontal")
    labels = [f"{distance}" for distance in range(int(MOST))]
    labels.append(f"\N{GREATER-THAN OR EQUAL TO} {MOST:g}")
    bar.set_ticks(range(len(labels)), labels=labels, fontsize=SMALL)
    bar.set_label(SCALE, fontsize=SMALL, labelpad=1)
    bar.outline.set_visible(False)
