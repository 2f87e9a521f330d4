"""Drawing primitives of the figures that compare conditions: dots and bars with SD, the published
values beside them.

As in `panels`: a primitive draws into a named panel, a function that draws whole panels takes their
axes, and both return the rows they drew; the column z holds the number of networks behind a point.
A table to draw has the columns x, y, sd, n (see `paper.sweeps`). Published values are grey, behind
ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import MaxNLocator

from ..plotting import OUTPUTS, PUBLISHED, PUBLISHED_OUTLINE, RATE, SPIKING, pale
from .pages import legend_above, legend_over, page
from .panels import Panel, curve, hide_time, label, set_range, table_of

# The paper's colours (fill values in its PDF)
FIXED = SPIKING
TUNED = "#00b064"
FILTERS = {"Single": "#00236e", "Double": SPIKING}  # exponential
OTHER_FILTER = pale(SPIKING)
GAINS = ("#005a8f", "#007ac3", "#0090cd", "#10a5d2", "#70bedb", "#b0daeb")
ACTIVATIONS = {"sigmoid": SPIKING, "softplus": "#a766c0", "ReLU": "#ff6d46"}
SIZE = "Number of units N"
UPPER_DECAY = "Upper limit of decays (ms)"
ALL = 100.0  # per cent: error bars end there
N_NETWORKS = "Networks"  # what the column z holds

# Dots against a swept value -----------------------------------------------------------------------


def dots(
    panel: Panel,
    values: pd.DataFrame,
    *,
    series: str,
    colour: str,
    top: float | None = None,
    size: float = 4,
) -> pd.DataFrame:
    """Draw mean and SD against the swept value.

    A small cross on the axis stands where there is no network to draw.

    Parameters
    ----------
    panel
        Where to draw.
    values
        Columns x, y, sd, n.
    series
        The name of the dots.
    colour
        Their colour.
    top
        Where error bars end; None: nowhere.
    size
        Of the dots, in points.

    Returns
    -------
    pandas.DataFrame
        The rows drawn.
    """
    low, high = _ends_of_bars(values, top)
    _with_bars(
        panel.axes,
        values.x,
        values.y,
        low=low,
        high=high,
        marker="o",
        size=size,
        label=series,
        color=colour,
        markeredgewidth=0,
        zorder=3,
    )
    _crosses(panel.axes, values.x[values.y.isna()], colour)
    return table_of(
        panel, series, values.x, values.y, low=low, high=high, z=values.n, z_name=N_NETWORKS
    )


def published_dots(
    panel: Panel,
    values: pd.DataFrame,
    *,
    series: str,
    top: float | None,
    shift: float,
    marker: str = "o",
) -> pd.DataFrame:
    """Draw the paper's mean and SD, open and grey, a little aside.

    Parameters
    ----------
    panel
        Where to draw.
    values
        Columns x, y, sd.
    series
        The name of ours that they belong to.
    top
        Where error bars end; None: nowhere.
    shift
        How far aside, along x. At 0 they show as rings round ours.
    marker
        Their shape.

    Returns
    -------
    pandas.DataFrame
        The rows drawn, in their own place.
    """
    low, high = _ends_of_bars(values, top)
    _with_bars(
        panel.axes,
        values.x + shift,
        values.y,
        low=low,
        high=high,
        marker=marker,
        size=3.2 if shift else 5.2,
        zorder=1.8,
        label="published",
        color=PUBLISHED,
        ecolor=PUBLISHED_OUTLINE,
        markerfacecolor="white",
        markeredgewidth=0.7,
    )
    return table_of(panel, f"published {series}", values.x, values.y, low=low, high=high)


def compared_dots(
    panel: Panel,
    numbers,
    *,
    series: str,
    colour: str,
    top: float | None = None,
    sd: bool = True,
    marker: str = "o",
) -> list[pd.DataFrame]:
    """Draw our numbers, and the published ones a little to their left.

    Parameters
    ----------
    panel
        Where to draw.
    numbers : paper.sweeps.Compared
        Ours and the published ones.
    series
        The name of the dots.
    colour
        Of ours.
    top
        Where error bars end; None: nowhere.
    sd
        Whether there are error bars.
    marker
        The shape of the published ones.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn: ours, then the published ones.
    """
    ours, published = numbers
    if not sd:
        ours = ours.assign(sd=np.nan)
        published = published.assign(sd=np.nan)
    x = pd.concat([ours.x, published.x])
    shift = -0.012 * (x.max() - x.min())
    behind = published_dots(panel, published, series=series, top=top, shift=shift, marker=marker)
    return [dots(panel, ours, series=series, colour=colour, top=top), behind]


def training_panels(
    top: Axes,
    bottom: Axes,
    right: Axes,
    numbers,
    *,
    x_range: Sequence[float],
    y_ranges: Sequence[Sequence[float]],
) -> list[pd.DataFrame]:
    """Draw performance of the rate networks over the share trained, and their training trials.

    As in Figs. 1C, 3B and 3C of the paper.

    Parameters
    ----------
    top, bottom, right
        Where to draw the three.
    numbers : paper.sweeps.Training
        performance, trained and trials, each ours and published.
    x_range
        The paper's sizes.
    y_ranges
        Of the paper, one a panel.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn.
    """
    performance = label(top, SIZE, "Performance (%)")
    trained = label(bottom, SIZE, "Trained (%)")
    trials = label(right, SIZE, "Training trials to criterion")
    drawn = compared_dots(performance, numbers.performance, series="rate", colour=RATE, top=ALL)
    drawn += compared_dots(trained, numbers.trained, series="rate", colour=RATE)
    drawn += compared_dots(trials, numbers.trials, series="rate", colour=RATE)
    stack(top, bottom, x_range=x_range, y_ranges=y_ranges[:2])
    set_range(right, x_range, y_ranges[2])
    for axes in (top, right):
        legend_over(axes, [axes])
    return drawn


def conversion_panels(
    axes: Mapping[str, Axes],
    letter: str,
    numbers,
    *,
    x_label: str,
    x_range: Sequence[float],
    lowest: Sequence[float],
) -> list[pd.DataFrame]:
    """Draw the share of successful spiking networks above, performance of both kinds below.

    As in Figs. 2C, 2E, 4D and 4E of the paper.

    Parameters
    ----------
    axes
        By name: those that end in "-top" and "-bottom" after the letter.
    letter
        Of the panels, as in the paper.
    numbers : paper.sweeps.Conversion
        successful, rate and spiking, each ours and published.
    x_label
        What is swept.
    x_range
        Of the paper.
    lowest
        Lower ends of the paper's vertical ranges (%), above and below; the upper ends are 100.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn.
    """
    top = axes[f"{letter}-top"]
    bottom = axes[f"{letter}-bottom"]
    share = label(top, x_label, "Successful\n(% of trained)")
    both = label(bottom, x_label, "Performance (%)")
    drawn = compared_dots(share, numbers.successful, series="spiking", colour=SPIKING)
    drawn += compared_dots(both, numbers.rate, series="rate", colour=RATE, sd=False, marker="s")
    drawn += compared_dots(both, numbers.spiking, series="spiking", colour=SPIKING, top=ALL)
    stack(top, bottom, x_range=x_range, y_ranges=[(low, 100) for low in lowest])
    legend_over(top, [bottom])
    return drawn


def decay_panel(axes: Axes, numbers) -> list[pd.DataFrame]:
    """Draw the mean synaptic decay against its upper limit (paper, Fig. 2D).

    On the dashed line the two are equal.

    Parameters
    ----------
    axes
        Where to draw.
    numbers : paper.sweeps.Compared
        Ours and the published ones, in ms.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn: ours, then the published ones.
    """
    panel = label(axes, UPPER_DECAY, "Mean synaptic decay (ms)")
    # not moved aside: the dashed line is read against x
    behind = published_dots(panel, numbers.published, series="rate", top=None, shift=0)
    ours = dots(panel, numbers.ours, series="rate", colour=RATE)
    axes.axline((0, 0), slope=1, color="0.5", linewidth=0.8, linestyle="--", zorder=0)
    set_range(axes, (0, 1000), (0, 1000))
    legend_over(axes, [axes])
    return [ours, behind]


def stack(
    top: Axes, bottom: Axes, *, x_range: Sequence[float], y_ranges: Sequence[Sequence[float]]
) -> None:
    """Put two panels over one horizontal axis, in the ranges of the paper or wider.

    Parameters
    ----------
    top, bottom
        The two, with their data.
    x_range
        Of the paper.
    y_ranges
        Of the paper, above and below.
    """
    for axes, (low, high) in zip((top, bottom), y_ranges, strict=True):
        set_range(axes, x_range, (low, high + 0.03 * (high - low)))
    _share_x([top, bottom])
    for axes in (top, bottom):
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    hide_time(top)


def _share_x(panels: Sequence[Axes]) -> None:
    """The widest of the panels' horizontal ranges for all of them."""
    limits = np.array([axes.get_xlim() for axes in panels])
    for axes in panels:
        axes.set_xlim(limits[:, 0].min(), limits[:, 1].max())


# Bars of single conditions ------------------------------------------------------------------------


def bars(
    panel: Panel, numbers, names: Sequence[str], *, colours: Sequence[str], counts: Sequence[str]
) -> list[pd.DataFrame]:
    """Draw a bar with SD for each condition, per cent, and right of it the published value.

    The place of a condition that has no such number (n is NaN) stays empty; a cross is for one
    whose networks all failed to reach criterion.

    Parameters
    ----------
    panel
        Where to draw.
    numbers : paper.sweeps.Compared
        Ours and the published ones, in the order of `names`.
    names
        Of the conditions.
    colours
        Of their bars.
    counts
        What stands under each name.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn: ours, then the published ones.
    """
    axes = panel.axes
    names = list(names)
    places = np.arange(len(names))
    ours = numbers.ours.assign(x=places)
    published = numbers.published.assign(x=places)
    low, high = _ends_of_bars(ours, ALL)
    axes.bar(ours.x, ours.y, width=0.5, color=list(colours))
    _with_bars(
        axes,
        ours.x,
        ours.y,
        low=low,
        high=high,
        marker="",
        size=0,
        color="black",
        capsize=2.5,
    )
    _crosses(axes, ours.x[ours.y.isna() & ours.n.notna()], PUBLISHED)
    beside = published_dots(panel, published, series="", top=ALL, shift=0.36)
    axes.set_xticks(ours.x, [f"{name}\n{count}" for name, count in zip(names, counts, strict=True)])
    axes.tick_params(axis="x", length=0)
    set_range(axes, (-0.5, len(names) - 0.4), (0, 105))
    legend_over(axes, [axes])
    rows = table_of(panel, names, names, ours.y, low=low, high=high, z=ours.n, z_name=N_NETWORKS)
    return [rows, beside.assign(x=names, series=[f"published {name}" for name in names])]


def filter_colours(names: Sequence[str]) -> list[str]:
    """The paper's colours of the two filters, one more for any other."""
    return [FILTERS.get(name, OTHER_FILTER) for name in names]


def gain_colours(gains: Sequence[float]) -> list[str]:
    """Blues from the paper's darkest to its palest, one a gain."""
    blues = LinearSegmentedColormap.from_list("gains", GAINS)
    return [to_hex(colour) for colour in blues(np.linspace(0, 1, len(gains)))]


# Figs. 6A and 7A ----------------------------------------------------------------------------------


def refractory_panels(
    main: Axes, inset: Axes, *, all_ms, few_ms, inset_ms: Sequence[float]
) -> list[pd.DataFrame]:
    """Draw performance of the spiking networks against the refractory period (paper, Fig. 6A).

    A part of it is enlarged above.

    Parameters
    ----------
    main, inset
        The panel below, and the one above it for the part.
    all_ms, few_ms : paper.sweeps.Compared
        What goes into either panel: ours, of which each panel takes its part, and what is published
        of it.
    inset_ms
        The ends of the part: all that the panel below has of it.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, those of the panel below first.
    """
    first, last = inset_ms
    ours = all_ms.ours
    outside = ours[(ours.x <= first) | (ours.x >= last)]
    inside = ours[ours.x.between(first, last)]
    drawn = _refractory(main, outside, all_ms.published, (-2, 51), lowest=-20)
    inset_range = (first - 0.8, last + 0.4)
    drawn += _refractory(inset, inside, few_ms.published, inset_range, lowest=60)
    inset.set_ylabel("")  # that of the panel below
    inset.xaxis.set_label_position("top")
    _enlarge(main, inset)
    legend_above(main.figure, [main])
    return drawn


def _refractory(
    axes: Axes, ours: pd.DataFrame, published: pd.DataFrame, x_range, *, lowest: float
) -> list[pd.DataFrame]:
    """One of the two panels, from `lowest` per cent on."""
    panel = label(axes, "Refractory period (ms)", "Spiking performance (%)")
    drawn = compared_dots(panel, (ours, published), series="spiking", colour=SPIKING, top=ALL)
    set_range(axes, x_range, (lowest, 110))
    return drawn


def _enlarge(axes: Axes, inset: Axes) -> None:
    """A grey box round the part of `axes` that the panel above it shows, and lines to there; its
    numbers stand outside."""
    inset.spines[:].set_visible(True)
    inset.spines[["left", "bottom"]].set_color(PUBLISHED_OUTLINE)
    inset.xaxis.tick_top()
    inset.yaxis.tick_right()
    left, right = inset.get_xlim()
    low, high = inset.get_ylim()
    axes.indicate_inset((left, low, right - left, high - low), edgecolor="0.5", linewidth=0.8)
    style = {"color": PUBLISHED_OUTLINE, "linewidth": 0.8}
    for x, corner in ((left, 0), (right, 1)):
        line = ConnectionPatch((x, high), (corner, 0), axes.transData, inset.transAxes, **style)
        axes.add_artist(line).set_in_layout(False)
        line.set_clip_on(False)


def transfer_functions(panels: Sequence[Axes], x, rates: Mapping) -> list[pd.DataFrame]:
    """Draw firing rate against current, one function below the other (paper, Fig. 7A).

    Parameters
    ----------
    panels
        From above.
    x : array_like, shape (n,)
        Currents.
    rates : mapping of array_like, shape (n,)
        Rates of each function, by its name in ACTIVATIONS.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn, a table for each function.
    """
    drawn = []
    for axes, (name, y) in zip(panels, rates.items(), strict=True):
        colour = ACTIVATIONS[name]
        panel = label(axes, "Current x (a.u.)", "Rate r (a.u.)", name, color=colour)
        drawn.append(curve(panel, x, y, series=name, colour=colour))
        top = 1 if name == "sigmoid" else 5
        set_range(axes, (-5, 5), (0, top))
        axes.set_yticks([0, top])
        if axes is not panels[-1]:
            hide_time(axes)
        if axes is not panels[1]:
            axes.set_ylabel("")  # one for all three
    return drawn


# What dots and bars are made of -------------------------------------------------------------------


def _ends_of_bars(values: pd.DataFrame, top: float | None) -> tuple[pd.Series, pd.Series]:
    """One SD to either side, cut off at `top`; NaN where there is no SD."""
    low = values.y - values.sd
    high = values.y + values.sd
    return low, high if top is None else high.clip(upper=top)


def _crosses(axes: Axes, x: pd.Series, colour: str) -> None:
    """A cross on the axis at each x."""
    on_axis = axes.get_xaxis_transform()
    for at in x:
        axes.plot(at, 0, "x", transform=on_axis, color=colour, markersize=3.5, clip_on=False)


def _with_bars(axes: Axes, x, y, *, low, high, marker: str, size: float, **style) -> None:
    """Points with error bars; marker "": bars alone."""
    there = y.notna()  # an artist without a point would count as lying in the corner of the page
    if not there.any():
        return
    # rounding must not make a length negative
    errors = np.maximum([y - low, high - y], 0)[:, there]
    axes.errorbar(
        x[there],
        y[there],
        errors,
        fmt=marker or "none",
        markersize=size,
        elinewidth=0.8,
        clip_on=False,
        **style,
    )


# The page of every sweep --------------------------------------------------------------------------

SWEEP_PANELS = {
    "trained": "Trained (%)",
    "trials": "Training trials",
    "correct": "Correct trials (%)",
    "successful": "Successful\n(% of trained)",
}
# What a sweep is about; other keys stand as they are in the config
NAMES_OF_KEYS = {
    "network.n_units": SIZE,
    "network.tau_decay_ms": UPPER_DECAY,
    "network.gain": "Gain g",
    "network.p_inh": "Inhibitory fraction",
    "network.p_rec": "Connectivity",
    "neuron.t_refractory_ms": "Refractory period (ms)",
    "neuron.tau_rise_ms": "Synaptic rise time (ms)",
    "training.learning_rate": "Learning rate",
    "training.decay_learning_rate": "Learning rate of decays",
    "training.min_trials": "Least training trials",
}
# Colour and size of the dots in the order of `paper.sweeps.SCORINGS`; the later lie on the earlier
# where they are equal
SCORING_STYLES = ((RATE, 6), (SPIKING, 4.8), (FILTERS["Single"], 3.6), (OUTPUTS[2], 2.4))


def page_of_sweeps(names: Sequence[str]) -> tuple[Figure, dict[str, dict[str, Axes]]]:
    """Make a row of four panels for each sweep.

    Parameters
    ----------
    names
        Of the sweeps.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The page.
    axes : dict
        The panels of each sweep, by the name of the sweep and that in SWEEP_PANELS.
    """
    mosaic = [[f"{name}: {panel}" for panel in SWEEP_PANELS] for name in names]
    figure, axes = page(mosaic, 9.5, 0.4 + 1.75 * len(names), width_ratios=[1, 1, 1.6, 1])
    by_sweep = {}
    for name in names:
        by_sweep[name] = {panel: axes[f"{name}: {panel}"] for panel in SWEEP_PANELS}
    return figure, by_sweep


def sweep_panels(
    axes: Mapping[str, Axes], name: str, key: str, numbers, published: Mapping[str, float]
) -> list[pd.DataFrame]:
    """Draw one sweep: trained, training trials, correct trials by several scorings, successful.

    Grey: published.

    Parameters
    ----------
    axes
        The panels of SWEEP_PANELS, by name.
    name
        Of the sweep.
    key
        What is swept, as in the config.
    numbers : paper.sweeps.Swept
        trained, trials, successful, and correct by scoring, each a table.
    published
        The published value of a panel, by its name.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn.
    """
    x_label = NAMES_OF_KEYS.get(key, key)
    panels = {}
    for panel, quantity in SWEEP_PANELS.items():
        title = name if panel == "trained" else ""
        panels[panel] = label(axes[panel], x_label, quantity, title)
    drawn = [
        dots(panels["trained"], numbers.trained, series="trained", colour=RATE),
        dots(panels["trials"], numbers.trials, series="trials", colour=RATE),
        dots(panels["successful"], numbers.successful, series="successful", colour=SPIKING),
    ]
    for (colour, size), (series, values) in zip(
        SCORING_STYLES, numbers.correct.items(), strict=True
    ):
        rows = dots(panels["correct"], values, series=series, colour=colour, top=ALL, size=size)
        drawn.append(rows)
    grey = {"color": PUBLISHED, "linewidth": 0.8, "linestyle": "--", "zorder": 0}
    for panel, value in published.items():
        axes[panel].axhline(value, label="published", **grey)
    for panel, lowest in (("trained", 0), ("successful", 0), ("correct", 40)):
        set_range(axes[panel], y=(lowest, 105))
    _share_x(list(axes.values()))  # one with fewer points has the range of the others
    return drawn
