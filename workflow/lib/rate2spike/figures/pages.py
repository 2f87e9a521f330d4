"""Pages and what stands around their panels: layout, legends, notes under a figure, words of
captions."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.ticker import MaxNLocator

from ..plotting import NOTE
from .panels import hide_time, label, name_panel, set_range, share_range, stimulus_box, table_of

NETWORKS_NOTE = (
    "{n_networks} of {n_attempted} networks of {n_conditions} conditions reached criterion; "
)
SCALING_NOTE = NETWORKS_NOTE + (
    "one line each, {search_trials} trials a factor, ring: chosen factor; points: {held_out_trials} fresh trials there; "
    "bands and bars: 95 % Wilson intervals; dashed: 95 %."
)
ACCURACY_NOTE = NETWORKS_NOTE + (
    "{rate_trials} fresh trials of each rate and {held_out_trials} of each spiking network; bars: 95 % Wilson intervals; "
    "dashed: 95 %."
)
EXAMPLE_NOTE = "{condition}, {network}: {n_exc} exc., {n_inh} inh. units; {networks}; "


def page(
    mosaic, width: float, height: float, *, three_d: bool = False, **grid
) -> tuple[Figure, dict[str, Axes]]:
    """A figure of that size in inches and its panels by name."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplot_mosaic(
        mosaic, gridspec_kw=grid, subplot_kw={"projection": "3d"} if three_d else {}
    )


PER_ROW, MOST_KINDS = 4, 12


def task_page(
    factors: Sequence[str], kinds: Sequence[str]
) -> tuple[Figure, dict[str, Axes], dict[str, tuple[Axes, Axes]]]:
    """The page of any task: panels "decays", "rate" and one per factor above; output and raster of
    each kind of trial below.

    A task with more than 12 kinds of trial shows the first 12 and says so.
    """
    n_kinds, kinds = len(kinds), kinds[:MOST_KINDS]
    n_rows = -(-len(kinds) // PER_ROW)
    figure = Figure(figsize=(1.75 * (2 + len(factors)), 1.9 + 2.4 * n_rows), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.9, 2.4 * n_rows])
    above = top.subplot_mosaic([["decays", "rate", *factors]])
    for panel in above.values():
        panel.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    n_columns = min(len(kinds), PER_ROW)
    cells = [*kinds, *(n_rows * n_columns - len(kinds)) * ["."]]
    rows = [cells[i * n_columns : (i + 1) * n_columns] for i in range(n_rows)]
    below = bottom.subplot_mosaic(
        [
            [c if c == "." else f"{what}, {c}" for c in row]
            for row in rows
            for what in ("output", "spikes")
        ]
    )
    if n_kinds > MOST_KINDS:
        bottom.suptitle(f"the first {MOST_KINDS} of {n_kinds} kinds of trial")
    return (
        figure,
        above,
        {kind: (below[f"output, {kind}"], below[f"spikes, {kind}"]) for kind in kinds},
    )


def note(figure: Figure, words: str) -> None:
    """A line under the figure: which network, how many trials."""
    for together in ("± SD", "λ = 1", " ms"):
        words = words.replace(together, together.replace(" ", "\N{NO-BREAK SPACE}"))
    lines = textwrap.wrap(words, int(20 * figure.get_figwidth()))
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=6.5, color=NOTE)


def finish_trial(output: Axes, spikes: Axes, trial, *, task) -> None:
    """Title, green box where the trial has a stimulus, and few numbers on the time axis of an
    output over its spikes."""
    output.set_title(f"One {trial.kind} trial")
    for panel in (output, spikes):
        stimulus_box(panel, task.stimulus_windows_ms if trial.stimulus.any() else ())
        panel.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    hide_time(output)


def finish_rates(axes: Mapping[str, Axes]) -> None:
    """Fig. S1: the same ranges for both histograms, one legend, the letters of the panels."""
    histograms = [axes["histogram 1"], axes["histogram 0"]]
    for panel in histograms:
        panel.set_xlim(0, max(p.get_xlim()[1] for p in histograms))
        panel.set_ylim(0, max(p.get_ylim()[1] for p in histograms))
    axes["histogram 0"].legend()
    name_panel(axes["rate"], "A")
    name_panel(axes["histogram 1"], "B")


def accuracy_page(last_slot: float) -> tuple[Figure, Axes]:
    """One panel, wide enough for so many networks."""
    figure, axes = page([["accuracy"]], min(max(3.5, 0.28 * last_slot), 30.0), 2.8)
    label(axes["accuracy"], "Networks by condition", "Correct trials (%)")
    return figure, axes["accuracy"]


def finish_accuracy(
    axes: Axes, centres: Sequence[float], words: Sequence[str], last_slot: float
) -> None:
    """The criterion, and the names of the conditions under their networks."""
    criterion(axes)
    axes.set_xticks(
        list(centres),
        ["\n".join(textwrap.fill(line, 16) for line in text.split("\n")) for text in words],
    )
    axes.tick_params(axis="x", length=0)
    set_range(axes, (-0.8, last_slot + 0.8), (80, 100.5))


def scaling_page(names: Sequence[str]) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """For every condition a panel for the curves and a narrow one for fresh trials beside it, up to
    three conditions a row."""
    n_rows = -(-len(names) // 3)
    n_columns = -(-len(names) // n_rows)
    figure = Figure(figsize=(2.5 * n_columns, 0.4 + 2.2 * n_rows), layout="constrained")
    grid = figure.add_gridspec(n_rows, 2 * n_columns, width_ratios=n_columns * [3.2, 1])
    panels = []
    for i, name in enumerate(names):
        row, column = divmod(i, n_columns)
        curves = figure.add_subplot(grid[row, 2 * column], label=f"{name}: search")
        fresh = figure.add_subplot(
            grid[row, 2 * column + 1], label=f"{name}: fresh trials", sharey=curves
        )
        label(curves, "Scaling factor 1/λ", "Correct trials (%)", textwrap.fill(name, 28))
        label(fresh, "Fresh\ntrials", "Correct trials (%)")
        panels.append((curves, fresh))
    return figure, panels


def finish_scaling(panels: Sequence[tuple[Axes, Axes]]) -> None:
    """Same vertical range in all panels, the criterion, no numbers under the fresh trials."""
    for curves, fresh in panels:
        for axes in (curves, fresh):
            criterion(axes)
        fresh.set(xticks=[], ylabel="")
        fresh.margins(x=0.3)
        fresh.tick_params(labelleft=False)
        set_range(curves, y=(40, 102))
    share_range([curves for curves, _ in panels])


def with_interval(
    axes: Axes, x, y, low, high, *, series, colour: str, legend: str = "", size: float = 4
) -> pd.DataFrame:
    """Points with confidence intervals, (n,) each; series is one name or one for each point."""
    x, y, low, high = (np.asarray(a, dtype=float) for a in (x, y, low, high))
    errors = np.maximum([y - low, high - y], 0)  # rounding must not make a length negative
    marks = {
        "fmt": "o",
        "color": colour,
        "markersize": size,
        "markeredgewidth": 0,
        "elinewidth": 0.8,
        "clip_on": False,
    }
    axes.errorbar(x, y, yerr=errors, label=legend, **marks)
    return table_of(axes, series, x, y, low=low, high=high)


def criterion(axes: Axes, percent: float = 95) -> None:
    """The dashed line that a successful network reaches."""
    axes.axhline(percent, color="0.5", linewidth=0.8, linestyle="--", zorder=0)


def words(axes: Axes, text: str) -> None:
    """An empty panel that says why."""
    axes.set_axis_off()
    axes.text(
        0.5,
        0.5,
        textwrap.fill(text, 30),
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=7,
        color=NOTE,
    )


def legend_above(figure: Figure, panels, n_columns: int = 4) -> None:
    """One legend for all panels, each series once."""
    found = legend_entries(panels)
    names = sorted(found, key=_legend_order)
    style = {"loc": "outside upper center", "ncols": n_columns, "handler_map": TWO_MARKS}
    figure.legend([found[name] for name in names], names, **style)


TWO_MARKS = {tuple: HandlerTuple(None)}  # a name with several markers has them side by side


def legend_entries(panels: Sequence[Axes]) -> dict[str, object]:
    """Each name of a legend once: what stands for it, or a tuple of every marker that it has in the
    panels."""
    found: dict[str, dict] = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            mark = handle[0] if isinstance(handle, tuple) else handle  # without its error bars
            kind = (mark.get_marker(), mark.get_color()) if hasattr(mark, "get_marker") else ()
            found.setdefault(name, {})[kind] = mark
    return {
        name: tuple(marks.values()) if len(marks) > 1 else next(iter(marks.values()))
        for name, marks in found.items()
    }


def _legend_order(name: str) -> tuple:
    """Inputs by name, then outputs as they come: the first answer first; the paper's last."""
    if name.startswith("published"):
        return (2, name)
    return (1,) if name.startswith("output") else (0, name)


def lambda_title(scaling_factor: float, chosen: float | None = None, published: str = "") -> str:
    """The scaling constant as the paper writes it, and below it that of the paper (such as "1/25")
    where it is another one."""
    fraction = "1" if scaling_factor == 1 else f"1/{scaling_factor:g}"
    ours = f"λ\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{fraction}" + (
        " (chosen)" if scaling_factor == chosen else ""
    )
    return f"{ours}\npublished: {published}" if published not in ("", fraction) else ours
