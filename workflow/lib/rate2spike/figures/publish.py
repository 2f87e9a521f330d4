"""A figure into its files: PDF, PNG, the CSV that it was drawn from, and its caption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from ..files import replacing, write_csv, write_text
from ..plotting import in_style
from .pages import empty_panel, note, page
from .panels import COLUMNS

PNG_DPI = 200


class Drawn(NamedTuple):
    """What drawing a figure gives.

    Attributes
    ----------
    figure
        The page.
    rows
        Tables of what is on it, with the columns of `panels.COLUMNS`.
    note
        The line under it.
    facts
        What the caption names that came out while drawing.
    singles
        Our values of single published numbers, for the scorecard: as `sweeps.single` makes them.
    caption
        Instead of the file of the caption, where that would not fit what was drawn.
    """

    figure: Figure
    rows: Sequence[pd.DataFrame]
    note: str
    facts: Mapping[str, object] = MappingProxyType({})
    singles: Sequence[Mapping] = ()
    caption: str | None = None


def save(figure: Figure, pdf, png) -> None:
    """Write the figure as PDF and PNG, whole or not at all.

    The same data give the same bytes: there is no date inside.

    Parameters
    ----------
    figure
        The page.
    pdf, png
        The two files.
    """
    with replacing(pdf) as temporary:
        figure.savefig(temporary, metadata={"CreationDate": None})
    with replacing(png) as temporary:
        figure.savefig(temporary, dpi=PNG_DPI, metadata={"Software": None})


def publish(
    draw: Callable[[], Drawn],
    facts: Mapping,
    *,
    caption,
    output,
    columns: Sequence[str] = tuple(COLUMNS),
) -> Drawn:
    """Draw a figure, and write it with its table and its caption.

    Where no network reached criterion, all three say so and `draw` is not called.

    Parameters
    ----------
    draw
        Draws the figure; called in the style of the paper.
    facts
        n_networks (that reached criterion), n_attempted, and what else the caption names.
    caption
        The file of the caption, with the names of facts in braces.
    output
        The files to write, as attributes: pdf, png, csv, caption.
    columns
        Of the CSV where nothing is drawn.

    Returns
    -------
    Drawn
        What was drawn, with all the facts.
    """
    with in_style():
        if facts["n_networks"]:
            drawn = draw()
            facts = {**facts, **drawn.facts}
            template = drawn.caption or Path(caption).read_text("utf-8")
            text = template.format(**facts)
            note(drawn.figure, drawn.note)
        else:
            text = f"No network reached criterion (0 of {facts['n_attempted']})."
            drawn = nothing(text)
        save(drawn.figure, output.pdf, output.png)
    rows = list(drawn.rows)
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(columns))
    write_csv(table, output.csv, float_format="%.9g")
    write_text(text.strip() + "\n", output.caption)
    return drawn._replace(facts=facts)


def nothing(reason: str) -> Drawn:
    """A small page without a panel that says why, and no rows."""
    figure, axes = page([["empty"]], 3.5, 1.5)
    empty_panel(axes["empty"], reason)
    return Drawn(figure, [], "")
