"""The figure of the mean-field study.

As in `panels`: a function that draws a whole panel takes the axes and returns the rows it drew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from .. import plotting
from ..conversion.mean_field import comparison
from ..conversion.mean_field.comparison import AFTER, BEFORE, RATE, SEARCHED
from ..mean_field_config import MeanFieldConfig
from . import pages, panels
from .publish import Drawn

COLOURS = {
    RATE: plotting.RATE,
    BEFORE: "0.55",
    AFTER: plotting.SPIKING,
    SEARCHED: plotting.OUTPUTS[2],
}
MARKS = {RATE: "o", BEFORE: "s", AFTER: "o", SEARCHED: "^"}
WORKS = "#a6dba0"
DIFFERS = "#fdd0a2"
BEYOND = "0.93"
HATCH = {"facecolor": "white", "edgecolor": "0.75", "hatch": "////", "linewidth": 0}
TIME = "Lag (time constants)"
STRENGTH = "Weight strength q"
MEASURES = {
    "rate": "Mean rate (spikes\nper time constant)",
    "dimensionality": "Dimensionality",
    "agreement": "Agreement of\ncovariances",
    "weight_scale": "Weight scale",
}
PLAIN_TICKS = (1, 10, 100, 1000, 10000)  # of a logarithmic axis
SCALE_TICKS = (0.2, 0.5, 1, 2, 5, 10, 20, 50)  # of that of weight scales


def page(g: Sequence[float]) -> tuple[Figure, dict[str, Axes]]:
    """Make the page: the map of verdicts and two autocovariances above, a row of panels for each g.

    Parameters
    ----------
    g
        Strengths of the inhibition.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The page.
    axes : dict
        Panels "map", "weak", "strong", and for each measure and g as in "rate 5".
    """
    rows = [[f"{measure} {x:g}" for measure in MEASURES] for x in g]
    figure, axes = pages.page(
        [["map", "map", "weak", "strong"], *rows],
        7.2,
        2.6 + 1.55 * len(g),
        height_ratios=[1.5] + [1] * len(g),
    )
    panels.name_panel(axes["map"], "A", -30)
    panels.name_panel(axes["weak"], "B", -30)
    for letter, row in zip("CDEFGHIJKLMNOPQRSTUVWXYZ", rows, strict=False):
        panels.name_panel(axes[row[0]], letter, -40)
    return figure, axes


def verdict_map(
    axes: Axes, verdicts: pd.DataFrame, critical: Mapping[float, float]
) -> list[pd.DataFrame]:
    """Draw a field for each g and q, coloured by whether the mapping works, with the two ratios.

    A line stands where the linear rate network stops being stable.

    Parameters
    ----------
    axes
        Where to draw.
    verdicts
        As from `comparison.verdicts`.
    critical
        The q of that line, for each g.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each ratio.
    """
    gs = sorted(verdicts.g.unique())
    qs = sorted(verdicts.q.unique())
    panel = panels.label(axes, STRENGTH, "Inhibition g")
    for row in verdicts.itertuples():
        _field(axes, qs.index(row.q), gs.index(row.g), row)
    for y, g in enumerate(gs):
        if qs[0] < critical[g] < qs[-1]:
            x = np.interp(critical[g], qs, range(len(qs)))
            axes.plot([x, x], [y - 0.5, y + 0.5], color="black", linewidth=1.4, zorder=2)
    axes.set(xlim=(-0.5, len(qs) - 0.5), ylim=(-0.5, len(gs) - 0.5))
    axes.set_xticks(range(len(qs)), [f"{q:g}" for q in qs])
    axes.set_yticks(range(len(gs)), [f"{g:g}" for g in gs])
    colours = [
        Patch(color=WORKS, label="works"),
        Patch(color=DIFFERS, label="differs"),
        Patch(**HATCH, label="no solution"),
    ]
    axes.legend(
        handles=colours,
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=3,
        handlelength=1,
        columnspacing=1,
    )
    drawn = []
    for measure in ("rate", "dimensionality"):
        name = f"{measure}, LIF over rate network"
        rows = panels.table_of(
            panel, name, verdicts.q, verdicts.g, z=verdicts[measure], z_name=name
        )
        drawn.append(rows)
    return drawn


def _field(axes: Axes, x: int, y: int, verdict) -> None:
    """One field of the map: its colour, and the two ratios in it."""
    if verdict.solved:
        style = {"facecolor": WORKS if verdict.works else DIFFERS, "edgecolor": "white"}
        ratios = f"{verdict.rate:.2f}\n{verdict.dimensionality:.2f}"
    else:
        style = HATCH
        ratios = "none"
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **style))
    box = {"facecolor": style["facecolor"], "edgecolor": "none", "pad": 1}
    axes.text(x, y, ratios, ha="center", va="center", fontsize=6.5, bbox=box, zorder=3)


def autocovariances(axes: Axes, curves: pd.DataFrame, title: str) -> list[pd.DataFrame]:
    """Draw those of the rate and the LIF networks of one g and q, each over its value at lag 0.

    Parameters
    ----------
    axes
        Where to draw.
    curves
        Columns network, lag (time constants), autocovariance.
    title
        Above the panel.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each network.
    """
    panel = panels.label(axes, TIME, "Autocovariance,\nnormalised", title)
    axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    drawn = []
    for name, colour in COLOURS.items():
        rows = curves[curves.network == name]
        if len(rows):
            y = rows.autocovariance / rows.autocovariance.iloc[0]
            style = {"linewidth": 1}
            if name == SEARCHED:
                style["linestyle"] = "--"
            drawn.append(panels.curve(panel, rows.lag, y, series=name, colour=colour, **style))
    return drawn


def along_q(axes: Axes, measure: str, measures: pd.DataFrame) -> list[pd.DataFrame]:
    """Draw one measure of the networks of one g against q.

    Parameters
    ----------
    axes
        Where to draw; a title that is there stays.
    measure
        One of MEASURES.
    measures
        Columns network, q, predicted_rate and those of MEASURES.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each network.
    """
    panel = panels.label(axes, STRENGTH, MEASURES[measure])
    drawn = []
    for name, colour in COLOURS.items():
        rows = measures[(measures.network == name) & measures[measure].notna()]
        if len(rows):
            style = {"marker": MARKS[name], "markersize": 3, "linewidth": 0.9}
            line = panels.curve(panel, rows.q, rows[measure], series=name, colour=colour, **style)
            drawn.append(line)
    predicted = measures[measures.predicted_rate.notna()]
    if measure == "rate" and len(predicted):
        line = panels.curve(
            panel,
            predicted.q,
            predicted.predicted_rate,
            series="LIF, predicted",
            colour="black",
            linestyle=":",
            marker="x",
            markersize=4,
            linewidth=0.9,
            zorder=4,
        )
        drawn.append(line)
    _scale(axes, measure)
    return drawn


def _scale(axes: Axes, measure: str) -> None:
    """Rates from 0 on, agreement to 1, the rest logarithmic, with plain numbers."""
    if measure == "rate":
        axes.set_ylim(0, None)
    elif measure == "agreement":
        panels.set_range(axes, y=(0, 1))
    else:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        ticks = PLAIN_TICKS
        if measure == "weight_scale":
            ticks = SCALE_TICKS
            low = min(low, 0.45)
            high = max(high, 2.2)
            axes.set_ylim(low, high)
        shown = [tick for tick in ticks if low <= tick <= high]
        axes.set_yticks(shown, [f"{tick:g}" for tick in shown])
        axes.minorticks_off()


def shade(axes: Axes, qs: Sequence[float], *, critical: float, unsolved: Sequence[float]) -> None:
    """Draw grey where the linear rate network is unstable, hatches where there is no solution.

    Parameters
    ----------
    axes
        A panel of `along_q`.
    qs
        All weight strengths, in order.
    critical
        The q from which on the network is unstable.
    unsolved
        The q for which the mapping has no solution.
    """
    margin = 0.06 * (qs[-1] - qs[0]) if len(qs) > 1 else 0.1
    left = qs[0] - margin
    right = qs[-1] + margin
    axes.set_xticks(qs, [f"{q:g}" for q in qs])
    axes.set_xlim(left, right)
    if critical < right:
        axes.axvspan(max(critical, left), right, color=BEYOND, linewidth=0, zorder=-2)
    if unsolved:
        solved = [q for q in qs if q < min(unsolved)]
        edge = (max(solved) + min(unsolved)) / 2 if solved else left
        axes.axvspan(edge, right, **HATCH, zorder=-1)


NOTE = (
    "{n_exc} + {n_inh} units, {n_steps:,} steps. A: mean rate (above) and dimensionality (below) "
    "of the converted LIF network over those of the rate network; works: within 20 % and 30 %; "
    "black line: to its right the linear rate network is unstable. "
    "C on: that range grey, no solution hatched; "
    "agreement only where the recording resolves it."
)


def draw(settings: MeanFieldConfig, measures: pd.DataFrame, curves: pd.DataFrame) -> Drawn:
    """Draw the whole figure.

    Parameters
    ----------
    settings
        Of the study.
    measures, curves
        All that `comparison.networks` yields.

    Returns
    -------
    Drawn
        The page, the rows that are on it, and the note below it.
    """
    gs = list(settings.g)
    qs = sorted(settings.q)
    verdicts = comparison.verdicts(measures)
    critical = comparison.critical_strength(measures)
    figure, axes = page(gs)
    drawn = verdict_map(axes["map"], verdicts, critical)
    middle = gs[len(gs) // 2]
    stable = [q for q in qs if q < critical[middle]]
    strongest = stable[-1] if stable else qs[-1]
    for name, q in (("weak", qs[0]), ("strong", strongest)):
        of_network = curves[(curves.g == middle) & (curves.q == q)]
        drawn += autocovariances(axes[name], of_network, f"g = {middle:g}, q = {q:g}")
    for g in gs:
        unsolved = verdicts.q[~verdicts.solved & (verdicts.g == g)].tolist()
        for measure in MEASURES:
            panel = axes[f"{measure} {g:g}"]
            drawn += along_q(panel, measure, measures[measures.g == g])
            shade(panel, qs, critical=critical[g], unsolved=unsolved)
        axes[f"rate {g:g}"].set_title(f"g = {g:g}", loc="left")
    pages.legend_above(figure, [axes[f"rate {g:g}"] for g in gs], n_columns=5)
    return Drawn(figure, drawn, NOTE.format(**comparison.describe(settings, measures)))
