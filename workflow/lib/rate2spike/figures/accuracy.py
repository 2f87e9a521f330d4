"""The pages of the accuracies of all networks: against the scaling factor, and on fresh trials."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .pages import page
from .panels import (
    Panel,
    accuracy_curves,
    criterion,
    label,
    set_range,
    share_range,
    with_interval,
)

NETWORKS_NOTE = (
    "{n_networks} of {n_attempted} networks of {n_conditions} conditions reached criterion; "
)
SCALING_NOTE = NETWORKS_NOTE + (
    "one line each, {search_trials} trials a factor, ring: chosen factor; "
    "points: {held_out_trials} fresh trials there; "
    "bands and bars: 95 % Wilson intervals; dashed: 95 %."
)
ACCURACY_NOTE = NETWORKS_NOTE + (
    "{rate_trials} fresh trials of each rate and {held_out_trials} of each spiking network; "
    "bars: 95 % Wilson intervals; dashed: 95 %."
)

# On fresh trials ----------------------------------------------------------------------------------


def accuracy_page(last_slot: float) -> tuple[Figure, Panel]:
    """Make one panel, wide enough for so many networks."""
    figure, axes = page([["accuracy"]], min(max(3.5, 0.28 * last_slot), 30.0), 2.8)
    return figure, label(axes["accuracy"], "Networks by condition", "Correct trials (%)")


def finish_accuracy(
    axes: Axes, centres: Sequence[float], names: Sequence[str], last_slot: float
) -> None:
    """Draw the criterion, and write the names of the conditions under their networks.

    Parameters
    ----------
    axes
        The panel.
    centres
        The middle of each condition on the axis.
    names
        What stands there; a new line where the name has one, or is long.
    last_slot
        The place of the last network.
    """
    criterion(axes)
    ticks = []
    for name in names:
        lines = [textwrap.fill(line, 16) for line in name.split("\n")]
        ticks.append("\n".join(lines))
    axes.set_xticks(list(centres), ticks)
    axes.tick_params(axis="x", length=0)
    set_range(axes, (-0.8, last_slot + 0.8), (80, 100.5))


# Against the scaling factor -----------------------------------------------------------------------


class Scaling(NamedTuple):
    """The panels of one condition: accuracy against the scaling factor, and on fresh trials."""

    search: Panel
    fresh: Panel


def scaling_page(names: Sequence[str]) -> tuple[Figure, list[Scaling]]:
    """Make a wide and a narrow panel for every condition, up to three conditions a row.

    Parameters
    ----------
    names
        Of the conditions.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The page.
    panels : list of Scaling
        One for each condition.
    """
    n_rows = -(-len(names) // 3)
    n_columns = -(-len(names) // n_rows)
    figure = Figure(figsize=(2.5 * n_columns, 0.4 + 2.2 * n_rows), layout="constrained")
    grid = figure.add_gridspec(n_rows, 2 * n_columns, width_ratios=n_columns * [3.2, 1])
    panels = []
    for i, name in enumerate(names):
        row, column = divmod(i, n_columns)
        left = grid[row, 2 * column]
        right = grid[row, 2 * column + 1]
        search = figure.add_subplot(left, label=f"{name}: search")
        fresh = figure.add_subplot(right, label=f"{name}: fresh trials", sharey=search)
        title = textwrap.fill(name, 28)
        condition = Scaling(
            label(search, "Scaling factor 1/λ", "Correct trials (%)", title),
            label(fresh, "Fresh\ntrials", "Correct trials (%)"),
        )
        panels.append(condition)
    return figure, panels


def finish_scaling(panels: Sequence[Scaling]) -> None:
    """Give all panels the same vertical range and the criterion; no numbers under fresh trials."""
    for search, fresh in panels:
        criterion(search.axes)
        criterion(fresh.axes)
        fresh.axes.set(xticks=[], ylabel="")
        fresh.axes.margins(x=0.3)
        fresh.axes.tick_params(labelleft=False)
        set_range(search.axes, y=(40, 102))
    share_range([search.axes for search, _ in panels])


def draw_network(
    condition: Scaling, place: int, network, curve: pd.DataFrame, *, colour: str
) -> list[pd.DataFrame]:
    """Draw one trained network: at each factor, and on fresh trials at the chosen one.

    Parameters
    ----------
    condition
        Its panels.
    place
        Of the network among those of the condition, from 0.
    network
        Its row of the table of networks.
    curve
        Its rows of the table of accuracies.
    colour
        Of the network.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn.
    """
    curve = curve.sort_values("scaling_factor")
    search = accuracy_curves(
        condition.search,
        curve.scaling_factor,
        100 * curve.accuracy,
        low=100 * curve.ci_low,
        high=100 * curve.ci_high,
        chosen=network.scaling_factor,
        series=network.network,
        colour=colour,
    )
    fresh = with_interval(
        condition.fresh,
        [place],
        [100 * network.held_out_accuracy],
        low=[100 * network.held_out_ci_low],
        high=[100 * network.held_out_ci_high],
        series=network.network,
        colour=colour,
    )
    return [search, fresh]
