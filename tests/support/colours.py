"""The colours of what is drawn, found by the numbers of a CSV: a series is whatever goes through
all its points, in the legend or not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from drawing import axes_of
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, StepPatch


def colours_of(table: pd.DataFrame, page: Figure) -> dict[tuple[str, str], str]:
    """The one colour of every series, by panel and name: of its line, marks or bars, and of the
    band around it. Maps and what has no number are left out."""
    found = {}
    for (panel, series), rows in table.groupby(["panel", "series"], sort=False):
        axes = axes_of(page, panel)
        rows = rows[rows.y.notna()]
        if axes.images or rows.empty:
            continue
        colours = _through(axes, rows) | _around(axes, rows)
        assert len(colours) == 1, (panel, series, colours)
        (found[panel, series],) = colours
    return found


def is_grey(colour: str) -> bool:
    return len(set(to_rgb(colour))) == 1


def _through(axes, rows: pd.DataFrame) -> set[str]:
    """Bars, else lines and marks; where none has its x (named bars, marks that stand aside), what
    has its y."""
    columns = ["x", "y"] + ["z"] * (axes.name == "3d")
    wanted = rows[columns].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    for these in (slice(None), slice(1, 2)):
        for artists in (_bars, _lines):
            found = {
                to_hex(colour)
                for colour, points in artists(axes)
                if _contains(points[:, these], wanted[:, these])
            }
            if found:
                return found
    return set()


def _around(axes, rows: pd.DataFrame) -> set[str]:
    """Filled bands whose edges are the ends of the bars."""
    x = pd.to_numeric(rows.x, errors="coerce").to_numpy(float)
    edges = [np.column_stack([x, rows[end].to_numpy(float)]) for end in ("low", "high")]
    found = set()
    for band in axes.collections:
        if isinstance(band, PolyCollection):
            points = np.concatenate([path.vertices for path in band.get_paths()])
            if all(_contains(points, edge) for edge in edges):
                found.add(to_hex(band.get_facecolor()[0]))
    return found


def _bars(axes) -> Iterator[tuple]:
    """Colour and points of all bars of a colour, and of outlines of bars."""
    bars = {}
    for patch in axes.patches:
        if isinstance(patch, StepPatch):
            values, edges, _ = patch.get_data()
            middle = (edges[1:] + edges[:-1]) / 2
            yield patch.get_edgecolor(), np.column_stack([middle, values])
        elif isinstance(patch, Rectangle):
            middle = patch.get_x() + patch.get_width() / 2
            bars.setdefault(patch.get_facecolor(), []).append([middle, patch.get_height()])
    for colour, points in bars.items():
        yield colour, np.array(points)


def _lines(axes) -> Iterator[tuple]:
    """Colour and points of lines, of marks alone that of their edge."""
    for line in axes.lines:
        is_line = line.get_linestyle() != "None"
        points = line.get_data_3d() if axes.name == "3d" else line.get_data()
        colour = line.get_color() if is_line else line.get_markeredgecolor()
        yield colour, np.column_stack([np.asarray(values, float) for values in points])


def _contains(points: np.ndarray, wanted: np.ndarray) -> bool:
    close = np.isclose(points[:, None], wanted[None], rtol=1e-6, atol=1e-8)
    return close.all(axis=2).any(axis=0).all()
