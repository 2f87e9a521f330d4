"""The figure of the mean-field study. As in `figures`, every primitive draws into one axes and
returns the rows it drew."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from .. import plotting
from ..config import MeanFieldConfig
from ..conversion.mean_field import comparison as mean_field_study
from ..conversion.mean_field.comparison import AFTER, BEFORE, RATE, SEARCHED
from . import pages, panels

COLOURS = {
    RATE: plotting.RATE,
    BEFORE: "0.55",
    AFTER: plotting.SPIKING,
    SEARCHED: plotting.OUTPUTS[2],
}
MARKS = {RATE: "o", BEFORE: "s", AFTER: "o", SEARCHED: "^"}
WORKS, DIFFERS, BEYOND = "#a6dba0", "#fdd0a2", "0.93"
HATCH = {"facecolor": "white", "edgecolor": "0.75", "hatch": "////", "linewidth": 0}
TIME, STRENGTH = "Lag (time constants)", "Weight strength q"
WHAT = {
    "rate": "Mean rate (spikes\nper time constant)",
    "dimensionality": "Dimensionality",
    "agreement": "Agreement of\ncovariances",
    "weight_scale": "Weight scale",
}


def page(g: list[float]) -> tuple[Figure, dict[str, Axes]]:
    """The map of verdicts and two autocovariances above, a row of panels for each g below."""
    rows = [[f"{what} {x:g}" for what in WHAT] for x in g]
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
    axes: Axes, found: pd.DataFrame, critical: dict[float, float]
) -> list[pd.DataFrame]:
    """A field for each g and q, coloured by whether the mapping works, with the two ratios; a line
    where the linear rate network stops being stable. found: as from `verdicts`; critical: g -> q.
    """
    gs, qs = sorted(found.g.unique()), sorted(found.q.unique())
    panels.label(axes, STRENGTH, "Inhibition g")
    for row in found.itertuples():
        x, y = qs.index(row.q), gs.index(row.g)
        style = (
            {"facecolor": WORKS if row.works else DIFFERS, "edgecolor": "white"}
            if row.solved
            else HATCH
        )
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **style))
        words = f"{row.rate:.2f}\n{row.dimensionality:.2f}" if row.solved else "none"
        box = {"facecolor": style["facecolor"], "edgecolor": "none", "pad": 1}
        axes.text(x, y, words, ha="center", va="center", fontsize=6.5, bbox=box, zorder=3)
    for y, g in enumerate(gs):
        if qs[0] < critical[g] < qs[-1]:
            axes.plot(
                [np.interp(critical[g], qs, range(len(qs)))] * 2,
                [y - 0.5, y + 0.5],
                color="black",
                linewidth=1.4,
                zorder=2,
            )
    axes.set(xlim=(-0.5, len(qs) - 0.5), ylim=(-0.5, len(gs) - 0.5))
    axes.set_xticks(range(len(qs)), [f"{q:g}" for q in qs])
    axes.set_yticks(range(len(gs)), [f"{g:g}" for g in gs])
    keys = [
        Patch(color=WORKS, label="works"),
        Patch(color=DIFFERS, label="differs"),
        Patch(**HATCH, label="no solution"),
    ]
    axes.legend(
        handles=keys,
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=3,
        handlelength=1,
        columnspacing=1,
    )
    names = {
        "rate": "rate, LIF over rate network",
        "dimensionality": "dimensionality, LIF over rate network",
    }
    return [
        panels.table_of(axes, series, found.q, found.g, z=found[what]).assign(z_name=series)
        for what, series in names.items()
    ]


def autocovariances(axes: Axes, curves: pd.DataFrame, title: str) -> list[pd.DataFrame]:
    """Of the rate and the LIF networks of one g and q, each over its value at lag 0."""
    panels.label(axes, TIME, "Autocovariance,\nnormalised", title)
    axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    drawn = []
    for name, colour in COLOURS.items():
        of = curves[curves.network == name]
        if len(of):
            y = of.autocovariance / of.autocovariance.iloc[0]
            style = {"linestyle": "--"} if name == SEARCHED else {}
            drawn.append(
                panels.curve(axes, of.lag, y, series=name, colour=colour, linewidth=1, **style)
            )
    return drawn


def along_q(axes: Axes, what: str, measures: pd.DataFrame) -> list[pd.DataFrame]:
    """One measure of the networks of one g against q."""
    panels.label(axes, STRENGTH, WHAT[what], axes.get_title())
    drawn = []
    for name, colour in COLOURS.items():
        of = measures[(measures.network == name) & measures[what].notna()]
        if len(of):
            style = {"marker": MARKS[name], "markersize": 3, "linewidth": 0.9}
            drawn.append(panels.curve(axes, of.q, of[what], series=name, colour=colour, **style))
    predicted = measures[measures.predicted_rate.notna()]
    if what == "rate" and len(predicted):
        style = {"linestyle": ":", "marker": "x", "markersize": 4, "linewidth": 0.9, "zorder": 4}
        drawn.append(
            panels.curve(
                axes,
                predicted.q,
                predicted.predicted_rate,
                series="LIF, predicted",
                colour="black",
                **style,
            )
        )
    _scale(axes, what)
    return drawn


def _scale(axes: Axes, what: str) -> None:
    """Rates from 0 on, agreement to 1, the rest logarithmic, with plain numbers."""
    if what == "rate":
        axes.set_ylim(0, None)
    elif what == "agreement":
        panels.set_range(axes, y=(0, 1))
    else:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        if what == "weight_scale":
            low, high = min(low, 0.45), max(high, 2.2)
            axes.set_ylim(low, high)
        ticks = (
            (0.2, 0.5, 1, 2, 5, 10, 20, 50) if what == "weight_scale" else (1, 10, 100, 1000, 10000)
        )
        ticks = [t for t in ticks if low <= t <= high]
        axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()


def shade(axes: Axes, qs: list[float], critical: float, unsolved: list[float]) -> None:
    """Grey where the linear rate network is unstable, hatched where the mapping has no solution."""
    margin = 0.06 * (qs[-1] - qs[0]) if len(qs) > 1 else 0.1
    axes.set_xticks(qs, [f"{q:g}" for q in qs])
    axes.set_xlim(qs[0] - margin, qs[-1] + margin)
    if critical < qs[-1] + margin:
        axes.axvspan(
            max(critical, qs[0] - margin), qs[-1] + margin, color=BEYOND, linewidth=0, zorder=-2
        )
    if unsolved:
        solved = [q for q in qs if q < min(unsolved)]
        edge = (max(solved) + min(unsolved)) / 2 if solved else qs[0] - margin
        axes.axvspan(edge, qs[-1] + margin, **HATCH, zorder=-1)


NOTE = (
    "{n_exc} + {n_inh} units, {n_steps:,} steps. A: mean rate (above) and dimensionality (below) of the converted LIF network "
    "over those of the rate network; works: within 20 % and 30 %; black line: to its right the linear rate network is unstable. "
    "C on: that range grey, no solution hatched; agreement only where the recording resolves it."
)


def draw(
    settings: MeanFieldConfig, measures: pd.DataFrame, curves: pd.DataFrame
) -> tuple[Figure, list[pd.DataFrame], str]:
    """The whole figure, the rows it is drawn from, and the note below it; of what
    `mean_field_study.networks` yields."""
    gs, qs = list(settings.g), sorted(settings.q)
    verdicts, critical = (
        mean_field_study.verdicts(measures),
        mean_field_study.critical_strength(measures),
    )
    figure, axes = page(gs)
    drawn = verdict_map(axes["map"], verdicts, critical)
    middle = gs[len(gs) // 2]
    stable = [q for q in qs if q < critical[middle]]
    for name, q in (("weak", qs[0]), ("strong", (stable or qs)[-1])):
        at = curves[(curves.g == middle) & (curves.q == q)]
        drawn += autocovariances(axes[name], at, f"g = {middle:g}, q = {q:g}")
    for g in gs:
        unsolved = verdicts.q[~verdicts.solved & (verdicts.g == g)].tolist()
        for what in WHAT:
            panel = axes[f"{what} {g:g}"]
            drawn += along_q(panel, what, measures[measures.g == g])
            shade(panel, qs, critical[g], unsolved)
        axes[f"rate {g:g}"].set_title(f"g = {g:g}", loc="left")
    pages.legend_above(figure, [axes[f"rate {g:g}"] for g in gs], n_columns=5)
    return figure, drawn, NOTE.format(**mean_field_study.describe(settings, measures))
