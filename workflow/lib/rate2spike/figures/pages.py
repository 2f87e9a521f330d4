"""Pages and what stands around their panels: layout, legends, notes under a figure, words of
captions."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.ticker import MaxNLocator

from ..plotting import NOTE
from .panels import hide_time, stimulus_box

TOGETHER = re.compile("(?<=[0-9±=<×]) | (?=[=<%±])")  # spaces that no line ends at
EXAMPLE_NOTE = "{condition}, {network}: {n_exc} exc., {n_inh} inh. units; {networks}; "

# Layout -------------------------------------------------------------------------------------------


def page(
    mosaic, width: float, height: float, *, three_d: bool = False, **grid
) -> tuple[Figure, dict[str, Axes]]:
    """Make a figure and its panels.

    Parameters
    ----------
    mosaic
        Rows of names of panels, as for matplotlib's `subplot_mosaic`.
    width, height
        Of the page, in inches.
    three_d
        Whether the panels have three dimensions.
    **grid
        For the grid of panels, for example `height_ratios`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The page.
    axes : dict
        Its panels by name.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    projection = {"projection": "3d"} if three_d else {}
    axes = figure.subplot_mosaic(mosaic, gridspec_kw=grid, subplot_kw=projection)
    return figure, axes


class Block(NamedTuple):
    """A part of a page: so high or so wide, and what is in it.

    size: in inches below one another, relative beside one another; mosaic: names of panels, with
    the relative widths of its columns and heights of its rows; parts: smaller blocks instead.
    """

    size: float
    mosaic: Sequence[Sequence[str]] = ()
    widths: Sequence[float] | None = None
    heights: Sequence[float] | None = None
    parts: Sequence[Block] = ()


def page_of_blocks(blocks: Sequence[Block], width: float) -> tuple[Figure, dict[str, Axes]]:
    """Make a figure of blocks and its panels.

    Blocks stand below one another, their parts beside one another, the parts of those below one
    another again.

    Parameters
    ----------
    blocks
        From above.
    width
        Of the page, in inches.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The page.
    axes : dict
        Its panels by name.
    """
    height = sum(block.size for block in blocks)
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, _panels_of(figure, blocks, below=True)


def _panels_of(whole, blocks: Sequence[Block], *, below: bool) -> dict[str, Axes]:
    """The panels of blocks that stand below or beside one another in a figure or a part of it."""
    sizes = [block.size for block in blocks]
    if below:
        parts = whole.subfigures(len(blocks), 1, squeeze=False, height_ratios=sizes)
    else:
        parts = whole.subfigures(1, len(blocks), squeeze=False, width_ratios=sizes)
    axes = {}
    for part, block in zip(parts.flat, blocks, strict=True):
        if block.parts:
            axes |= _panels_of(part, block.parts, below=not below)
        else:
            axes |= part.subplot_mosaic(
                block.mosaic, width_ratios=block.widths, height_ratios=block.heights
            )
    return axes


def name_panels(axes: Mapping[str, Axes], panels: Mapping[str, str]) -> None:
    """Write the bold letters of panels in the upper rows of their blocks, along the upper edge.

    Parameters
    ----------
    axes
        The panels of a page of blocks, by name.
    panels
        The name of a panel for each letter.
    """
    for letter, name in panels.items():
        panel = axes[name]
        block = panel.figure
        first = panel is block.axes[0]
        across = block.transSubfigure if first else panel.transAxes
        text = panel.annotate(
            letter,
            (0, 1),
            xycoords=(across, block.transSubfigure),
            xytext=(4 if first else -36, -4),
            textcoords="offset points",
            va="top",
            fontsize=9,
            fontweight="bold",
        )
        text.set_in_layout(False)


# Words on a page ----------------------------------------------------------------------------------


def note(figure: Figure, text: str) -> None:
    """Write a line under the figure: which network, how many trials.

    It is wrapped between words; a number keeps its unit, and a name its hyphens.
    """
    text = TOGETHER.sub("\N{NO-BREAK SPACE}", text)
    width = int(20 * figure.get_figwidth())  # in characters
    lines = textwrap.wrap(text, width, break_on_hyphens=False)
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=6.5, color=NOTE)


def empty_panel(axes: Axes, reason: str) -> None:
    """Leave a panel empty and write why."""
    axes.set_axis_off()
    axes.text(
        0.5,
        0.5,
        textwrap.fill(reason, 30),
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=7,
        color=NOTE,
    )


def no_example(axes: Mapping[str, Axes], letters: str, reason: str) -> None:
    """Leave the panels of these letters empty; the first panel of each letter says why."""
    for letter in letters:
        panels = [panel for name, panel in axes.items() if name.startswith(letter)]
        empty_panel(panels[0], reason)
        for panel in panels[1:]:
            empty_panel(panel, "")


def lambda_title(scaling_factor: float, chosen: float | None = None, published: str = "") -> str:
    """The scaling constant as the paper writes it.

    Parameters
    ----------
    scaling_factor
        1 / lambda.
    chosen
        The factor chosen for the network, which is then called so.
    published
        That of the paper, such as "1/25": written below where it is another one.

    Returns
    -------
    str
        One line, or two.
    """
    fraction = "1" if scaling_factor == 1 else f"1/{scaling_factor:g}"
    ours = f"λ\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{fraction}"
    if scaling_factor == chosen:
        ours += " (chosen)"
    return ours if published in ("", fraction) else f"{ours}\npublished: {published}"


# Legends ------------------------------------------------------------------------------------------

TWO_MARKS = {tuple: HandlerTuple(None)}  # a name with several markers has them side by side


def legend_above(figure: Figure, panels, n_columns: int = 4) -> None:
    """Draw one legend for all panels above them, each series once."""
    marks = legend_entries(panels)
    names = sorted(marks, key=_legend_order)
    figure.legend(
        [marks[name] for name in names],
        names,
        loc="outside upper center",
        ncols=n_columns,
        handler_map=TWO_MARKS,
    )


def legend_over(axes: Axes, panels: Sequence[Axes]) -> None:
    """Draw a line of legend over a panel, each name once, with every marker it has in `panels`."""
    marks = legend_entries(panels)
    if not marks:
        return
    names = sorted(marks, key=lambda name: name == "published")
    axes.legend(
        [marks[name] for name in names],
        names,
        handler_map=TWO_MARKS,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        borderaxespad=0.1,
        borderpad=0.2,
        ncols=len(names),
        columnspacing=1.0,
        handletextpad=0.5,
    )


def legend_entries(panels: Sequence[Axes]) -> dict[str, object]:
    """What stands for each name in a legend: a mark, or a tuple of every mark it has in the panels.

    Two marks are the same where they have the same marker and colour.
    """
    marks_of_name: dict[str, dict] = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            mark = handle[0] if isinstance(handle, tuple) else handle  # without its error bars
            kind = (mark.get_marker(), mark.get_color()) if hasattr(mark, "get_marker") else ()
            marks_of_name.setdefault(name, {})[kind] = mark
    entries = {}
    for name, by_kind in marks_of_name.items():
        marks = tuple(by_kind.values())
        entries[name] = marks if len(marks) > 1 else marks[0]
    return entries


def _legend_order(name: str) -> tuple:
    """Inputs by name, then outputs as they come: the first answer first; the paper's last."""
    if name.startswith("published"):
        return (2, name)
    return (1,) if name.startswith("output") else (0, name)


# The page of any task -----------------------------------------------------------------------------

PER_ROW = 4  # kinds of trial
MOST_KINDS = 12


class TaskPage(NamedTuple):
    """The page of any task: panels "decays", "rate" and one per factor above; output and raster of
    each kind of trial below."""

    figure: Figure
    above: dict[str, Axes]
    below: dict[str, tuple[Axes, Axes]]


def task_page(factors: Sequence[str], kinds: Sequence[str]) -> TaskPage:
    """Make the page of any task.

    A task with more than 12 kinds of trial shows the first 12 and says so.

    Parameters
    ----------
    factors
        Names of the panels of the converted network, one per scaling factor.
    kinds
        The kinds of trial.

    Returns
    -------
    TaskPage
        The page and its panels.
    """
    shown = kinds[:MOST_KINDS]
    n_rows = -(-len(shown) // PER_ROW)
    figure = Figure(figsize=(1.75 * (2 + len(factors)), 1.9 + 2.4 * n_rows), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.9, 2.4 * n_rows])
    above = top.subplot_mosaic([["decays", "rate", *factors]])
    for panel in above.values():
        panel.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes = bottom.subplot_mosaic(_rows_of_kinds(shown, n_rows))
    if len(kinds) > MOST_KINDS:
        bottom.suptitle(f"the first {MOST_KINDS} of {len(kinds)} kinds of trial")
    below = {kind: (axes[f"output, {kind}"], axes[f"spikes, {kind}"]) for kind in shown}
    return TaskPage(figure, above, below)


def _rows_of_kinds(kinds: Sequence[str], n_rows: int) -> list[list[str]]:
    """Two rows of panels for each row of kinds, "." where the last row has no more of them."""
    n_columns = min(len(kinds), PER_ROW)
    n_free = n_rows * n_columns - len(kinds)
    mosaic = []
    for i in range(n_rows):
        row = kinds[i * n_columns : (i + 1) * n_columns]
        free = ["."] * (n_free if i == n_rows - 1 else 0)
        mosaic.append([f"output, {kind}" for kind in row] + free)
        mosaic.append([f"spikes, {kind}" for kind in row] + free)
    return mosaic


def finish_trial(output: Axes, spikes: Axes, trial, *, task) -> None:
    """Finish the two panels of one trial, an output over its spikes.

    They get a title, a green box where the trial has a stimulus, and few numbers on the time axis.

    Parameters
    ----------
    output, spikes
        The two panels.
    trial : describe.SingleTrial
        Its kind and stimulus are used.
    task
        Its `stimulus_windows_ms` are used.
    """
    output.set_title(f"One {trial.kind} trial")
    for panel in (output, spikes):
        stimulus_box(panel, task.stimulus_windows_ms if trial.stimulus.any() else ())
        panel.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    hide_time(output)
