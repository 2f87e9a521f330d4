"""A figure into its files: PDF, PNG, the CSV that it was drawn from, and its caption."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from ..files import replacing, write_csv, write_text
from ..plotting import STYLE
from .pages import note, page, words
from .panels import COLUMNS

PNG_DPI = 200


def save(figure: Figure, pdf, png) -> None:
    """Write the figure as PDF and PNG, whole or not at all; the same data give the same bytes (no
    date inside)."""
    with replacing(pdf) as temporary:
        figure.savefig(temporary, metadata={"CreationDate": None})
    with replacing(png) as temporary:
        figure.savefig(temporary, dpi=PNG_DPI, metadata={"Software": None})


Drawing = tuple[
    Figure, list[pd.DataFrame], str
]  # the figure, the tables of what is in it, the line under it


def publish(output, template: str, facts: Mapping, draw: Callable[[], Drawing]) -> None:
    """Draw, and write figure, CSV and caption. Where no network reached criterion, all three say so
    and `draw` is not called.

    output: names pdf, png, csv, caption; template: caption with the names of `facts` in braces;
    facts: n_networks (that reached criterion), n_attempted, and what else the caption names.
    """
    with matplotlib.rc_context(STYLE):
        if facts["n_networks"]:
            figure, drawn, line = draw()
            note(figure, line)
            caption = template.format(**facts)
        else:
            caption = f"No network reached criterion (0 of {facts['n_attempted']})."
            figure, axes = page([["empty"]], 3.5, 1.5)
            words(axes["empty"], caption)
            drawn = []
        save(figure, output.pdf, output.png)
    table = pd.concat(drawn, ignore_index=True) if drawn else pd.DataFrame(columns=COLUMNS)
    write_csv(table, output.csv, float_format="%.9g")
    write_text(caption.strip() + "\n", output.caption)
