"""Drawing primitives of Fig. S1: rates of all units as a map, and histograms of firing rates."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from ..analysis.statistics import normalise, rate_histogram
from .panels import heat_map, label, name_panel, published_points, rate_histograms

MARKERS = {"excitatory": "o", "inhibitory": "s"}  # of the published fractions


def rate_map(axes: Axes, network: str, rates, order, *, trial: str, duration_s: float):
    """Draw the rates of all units in one trial as colours.

    Parameters
    ----------
    axes
        Where to draw.
    network
        "rate" or "spiking".
    rates : numpy.ndarray, shape (n_units, n_steps)
        Scaled to 0..1 over the whole map, but those of a rate network that lie there as they are.
    order : array_like of int, shape (n_units,)
        The units, from below.
    trial
        What kind of trial it is.
    duration_s
        Of the trial.

    Returns
    -------
    image : matplotlib.image.AxesImage
        For a colour bar.
    rows : pandas.DataFrame
        The rows drawn.
    """
    title = f"{network.capitalize()} network, one {trial} trial"
    panel = label(axes, "Time (s)", "Unit, in order of mean rate", title)
    # the rates of a sigmoid lie between 0 and 1 as they are
    as_they_are = network == "rate" and rates.max() <= 1
    values = rates if as_they_are else normalise(rates)
    return heat_map(panel, values[order], duration_s, series=network)


def histograms_beside(
    axes: Axes, rates_hz, inhibitory, published: pd.DataFrame, *, trial: str
) -> list[pd.DataFrame]:
    """Draw the fractions of the units by firing rate in one trial, and the published ones.

    Parameters
    ----------
    axes
        Where to draw.
    rates_hz : numpy.ndarray, shape (n_units,)
        Mean firing rate of each unit.
    inhibitory : numpy.ndarray of bool, shape (n_units,)
        Which units are inhibitory.
    published
        Rows of resources/published.tsv of the figure.
    trial
        What kind of trial it is.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn: ours, then the published ones.
    """
    title = f"Spiking network, one {trial} trial"
    panel = label(axes, "Firing rate (Hz)", "Fraction of units", title)
    excitatory = rate_histogram(rates_hz[~inhibitory])
    drawn = rate_histograms(panel, [excitatory, rate_histogram(rates_hz[inhibitory])])
    for units, marker in MARKERS.items():
        points = published[published.condition.str.endswith(f";{trial} trial;{units} units")]
        rows = published_points(
            panel,
            points.x_value.astype(float),
            points.value.astype(float),
            series=units,
            marker=marker,
            legend=f"published, {units}",
        )
        drawn.append(rows)
    return drawn


def finish(axes: Mapping[str, Axes]) -> None:
    """Finish Fig. S1: the same ranges for both histograms, one legend, letters of panels."""
    histograms = [axes["histogram 1"], axes["histogram 0"]]
    for panel in histograms:
        panel.set_xlim(0, max(p.get_xlim()[1] for p in histograms))
        panel.set_ylim(0, max(p.get_ylim()[1] for p in histograms))
    axes["histogram 0"].legend()
    name_panel(axes["rate"], "A")
    name_panel(axes["histogram 1"], "B")
