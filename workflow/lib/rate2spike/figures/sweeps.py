"""Drawing primitives of the figures that compare conditions: dots and bars with SD, the published
values beside them.

As in `figures`, every primitive draws into one labelled axes and returns the rows it drew; the
column z holds the number of networks behind a point. A table to draw has the columns x, y, sd, n
(see `sweeps`). Published values are grey, behind ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import MaxNLocator

from ..config import RATE_STEP_MS
from ..plotting import INPUTS, OUTPUTS, PUBLISHED, RATE, SPIKING, pale
from .pages import TWO_MARKS, legend_above, legend_entries, page, words
from .panels import (
    curve,
    decay_histogram,
    hide_time,
    input_curves,
    label,
    mean_band,
    outputs_by_label,
    published_points,
    set_range,
    share_range,
    single_trial,
    table_of,
    trial_raster,
)

# The paper's colours (fill values in its PDF)
FIXED, TUNED = SPIKING, "#00b064"
FILTERS = {"Single": "#00236e", "Double": SPIKING}  # exponential
OTHER_FILTER = pale(SPIKING)
GAINS = ("#005a8f", "#007ac3", "#0090cd", "#10a5d2", "#70bedb", "#b0daeb")
ACTIVATIONS = {"sigmoid": SPIKING, "softplus": "#a766c0", "ReLU": "#ff6d46"}
PALE_GREY = "0.7"
SIZE, UPPER_DECAY = "Number of units N", "Upper limit of decays (ms)"
ALL = 100.0  # per cent: error bars end there
ANSWER_MARKERS = "os"  # of the published means: first and second answer
SIGNS = {
    1: "+ \N{MINUS SIGN}",
    2: "\N{MINUS SIGN} +",
}  # of modality 1 and 2 in stimulus 1 and 2 of Fig. 4A
CONTEXT_TRIALS = [
    [f"A {x} {stimulus}, context {c}" for c in (1, 2)]
    for stimulus in SIGNS
    for x in ("output", "spikes")
]


class Block(NamedTuple):
    """A part of a page, so high or so wide: a mosaic of panels, its columns and rows relatively so
    big, or smaller parts."""

    size: float
    mosaic: Sequence[Sequence[str]] = ()
    widths: Sequence[float] | None = None
    heights: Sequence[float] | None = None
    parts: Sequence[Block] = ()


def page_of_blocks(blocks: Sequence[Block], width: float) -> tuple[Figure, dict[str, Axes]]:
    """A figure of that width in inches and its panels by name.

    Blocks stand below one another, their parts beside one another, the parts of those below one
    another again.
    """
    figure = Figure(figsize=(width, sum(block.size for block in blocks)), layout="constrained")
    return figure, _panels(figure, blocks, below=True)


def _panels(whole, blocks: Sequence[Block], *, below: bool) -> dict[str, Axes]:
    sizes = {"height_ratios" if below else "width_ratios": [block.size for block in blocks]}
    shape = (len(blocks), 1) if below else (1, len(blocks))
    axes = {}
    for part, block in zip(
        whole.subfigures(*shape, squeeze=False, **sizes).flat, blocks, strict=True
    ):
        if block.parts:
            axes |= _panels(part, block.parts, below=not below)
        else:
            axes |= part.subplot_mosaic(
                block.mosaic, width_ratios=block.widths, height_ratios=block.heights
            )
    return axes


def dots(
    axes: Axes,
    values: pd.DataFrame,
    *,
    series: str,
    colour: str,
    top: float | None = None,
    size: float = 4,
) -> pd.DataFrame:
    """Mean and SD against the swept value; a small cross on the axis where there is no network to
    draw."""
    low, high = _limits(values, top)
    _with_bars(
        axes,
        values.x,
        values.y,
        low,
        high,
        marker="o",
        size=size,
        label=series,
        color=colour,
        markeredgewidth=0,
        zorder=3,
    )
    _crosses(axes, values.x[values.y.isna()], colour)
    return table_of(axes, series, values.x, values.y, low=low, high=high, z=values.n).assign(
        z_name="Networks"
    )


def published_dots(
    axes: Axes,
    values: pd.DataFrame,
    *,
    series: str,
    top: float | None,
    shift: float,
    marker: str = "o",
) -> pd.DataFrame:
    """The paper's mean and SD, open and grey, moved aside by `shift`; the table has them in their
    place."""
    low, high = _limits(values, top)
    style = {
        "label": "published",
        "color": PUBLISHED,
        "ecolor": PALE_GREY,
        "markerfacecolor": "white",
        "markeredgewidth": 0.7,
    }
    size = 3.2 if shift else 5.2  # in the same place it shows as a ring round ours
    _with_bars(
        axes, values.x + shift, values.y, low, high, marker=marker, size=size, zorder=1.8, **style
    )
    return table_of(axes, f"published {series}", values.x, values.y, low=low, high=high)


def compared_dots(
    axes: Axes,
    numbers,
    *,
    series: str,
    colour: str,
    top: float | None = None,
    sd: bool = True,
    marker: str = "o",
) -> list[pd.DataFrame]:
    """Our numbers and the published ones a little to their left. numbers: ours, published; marker:
    of the published."""
    ours, published = numbers if sd else (table.assign(sd=np.nan) for table in numbers)
    x = pd.concat([ours.x, published.x])
    behind = published_dots(
        axes, published, series=series, top=top, shift=-0.012 * (x.max() - x.min()), marker=marker
    )
    return [dots(axes, ours, series=series, colour=colour, top=top), behind]


def training_panels(
    top: Axes,
    bottom: Axes,
    right: Axes,
    numbers,
    *,
    x_range: Sequence[float],
    y_ranges: Sequence[Sequence[float]],
) -> list[pd.DataFrame]:
    """Performance of the rate networks over the share that was trained, and their training trials
    (paper, Figs. 1C, 3B, 3C).

    numbers: performance, trained, trials, each ours and published; y_ranges: of the paper, one a
    panel.
    """
    label(top, SIZE, "Performance (%)")
    label(bottom, SIZE, "Trained (%)")
    label(right, SIZE, "Training trials to criterion")
    drawn = compared_dots(top, numbers.performance, series="rate", colour=RATE, top=ALL)
    drawn += compared_dots(bottom, numbers.trained, series="rate", colour=RATE)
    drawn += compared_dots(right, numbers.trials, series="rate", colour=RATE)
    stack(top, bottom, x_range=x_range, y_ranges=y_ranges[:2])
    set_range(right, x_range, y_ranges[2])
    for panel in (top, right):
        legend_over(panel, [panel])
    return drawn


def conversion_panels(
    top: Axes,
    bottom: Axes,
    numbers,
    *,
    x_label: str,
    x_range: Sequence[float],
    y_ranges: Sequence[Sequence[float]],
) -> list[pd.DataFrame]:
    """Share of successful spiking networks above, performance of rate and spiking networks below
    (paper, Figs. 2C, 2E, 4D, 4E).

    numbers: successful, rate, spiking, each ours and published; y_ranges: of the paper, above and
    below.
    """
    label(top, x_label, "Successful\n(% of trained)")
    label(bottom, x_label, "Performance (%)")
    drawn = compared_dots(top, numbers.successful, series="spiking", colour=SPIKING)
    drawn += compared_dots(bottom, numbers.rate, series="rate", colour=RATE, sd=False, marker="s")
    drawn += compared_dots(bottom, numbers.spiking, series="spiking", colour=SPIKING, top=ALL)
    stack(top, bottom, x_range=x_range, y_ranges=y_ranges)
    legend_over(top, [bottom])
    return drawn


def decay_panel(axes: Axes, numbers) -> list[pd.DataFrame]:
    """Mean synaptic decay against its upper limit; dashed: the two equal (paper, Fig. 2D)."""
    label(axes, UPPER_DECAY, "Mean synaptic decay (ms)")
    behind = published_dots(
        axes, numbers.published, series="rate", top=None, shift=0
    )  # the dashed line is read against x
    drawn = [dots(axes, numbers.ours, series="rate", colour=RATE), behind]
    axes.axline((0, 0), slope=1, color="0.5", linewidth=0.8, linestyle="--", zorder=0)
    set_range(axes, (0, 1000), (0, 1000))
    legend_over(axes, [axes])
    return drawn


def stack(
    top: Axes, bottom: Axes, *, x_range: Sequence[float], y_ranges: Sequence[Sequence[float]]
) -> None:
    """Two panels over one horizontal axis, in the ranges of the paper or wider."""
    for axes, (low, high) in zip((top, bottom), y_ranges, strict=True):
        set_range(axes, x_range, (low, high + 0.03 * (high - low)))
    widest = [
        f(t, b) for f, t, b in zip((min, max), top.get_xlim(), bottom.get_xlim(), strict=True)
    ]
    for axes in (top, bottom):
        axes.set_xlim(widest)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    hide_time(top)


def bars(
    axes: Axes, numbers, names: Sequence[str], *, colours: Sequence[str], counts: Sequence[str]
) -> list[pd.DataFrame]:
    """A bar with SD for each condition, per cent, and right of it the published value.

    numbers: ours and published, in the order of `names`; counts: the words under each name. The
    place of a condition that has no such number (n is NaN) stays empty; a cross is for one whose
    networks all failed to reach criterion.
    """
    ours, published = (table.assign(x=np.arange(len(names))) for table in numbers)
    low, high = _limits(ours, ALL)
    axes.bar(ours.x, ours.y, width=0.5, color=list(colours))
    _with_bars(axes, ours.x, ours.y, low, high, marker="", size=0, color="black", capsize=2.5)
    _crosses(axes, ours.x[ours.y.isna() & ours.n.notna()], PUBLISHED)
    beside = published_dots(axes, published, series="", top=ALL, shift=0.36)
    axes.set_xticks(ours.x, [f"{name}\n{count}" for name, count in zip(names, counts, strict=True)])
    axes.tick_params(axis="x", length=0)
    set_range(axes, (-0.5, len(names) - 0.4), (0, 105))
    legend_over(axes, [axes])
    rows = table_of(axes, list(names), list(names), ours.y, low=low, high=high, z=ours.n).assign(
        z_name="Networks"
    )
    return [rows, beside.assign(x=list(names), series=[f"published {name}" for name in names])]


def filter_colours(names: Sequence[str]) -> list[str]:
    """The paper's colours of the two filters, one more for any other."""
    return [FILTERS.get(name, OTHER_FILTER) for name in names]


def gain_colours(gains: Sequence[float]) -> list[str]:
    """Blues from the paper's darkest to its palest, one a gain."""
    return [
        to_hex(c)
        for c in LinearSegmentedColormap.from_list("gains", GAINS)(np.linspace(0, 1, len(gains)))
    ]


def published_outline(axes: Axes, values: pd.DataFrame, *, series: str) -> pd.DataFrame:
    """The outline of a published histogram with bins 1 wide."""
    edges = np.append(values.x - 0.5, values.x.iloc[-1] + 0.5)
    axes.stairs(values.y, edges, color=PALE_GREY, linewidth=0.9, zorder=3, label="published")
    return table_of(axes, f"published {series}", values.x, values.y)


def decays_beside(
    axes: Axes, histogram, published: pd.DataFrame, *, n_max: int
) -> list[pd.DataFrame]:
    """The synaptic decays of one network between the paper's 20 and 50 ms, and the outline of the
    published histogram."""
    drawn = [
        decay_histogram(axes, histogram, (20, 50), n_max),
        published_outline(axes, published, series="units"),
    ]
    legend_over(axes, [axes])
    return drawn


def context_trials(
    axes: Mapping[str, Axes], trials: Mapping, inhibitory, *, task
) -> list[pd.DataFrame]:
    """Output, inputs and spikes of one trial for each stimulus and context (paper, Fig. 4A), in the
    panels of CONTEXT_TRIALS.

    trials: by kind, as in "context 1: + −"; inhibitory (n_units,) bool.
    """
    drawn, outputs = [], []
    for stimulus, signs in SIGNS.items():
        for context in (1, 2):
            output, spikes = (
                axes[f"A {x} {stimulus}, context {context}"] for x in ("output", "spikes")
            )
            trial = trials[f"context {context}: {signs}"]
            output.set_title(
                f"Stimulus {stimulus}, modality {context} context", color=INPUTS[context - 1]
            )
            drawn += single_trial(output, trial, cued_inputs(trial, task, context), task=task)
            drawn += trial_raster(spikes, trial, inhibitory, task=task)
            hide_time(output)
            outputs.append(output)
    share_range(outputs, ticks=[-1, 0, 1])
    legend_above(output.figure, outputs, 3)
    return drawn


def context_output(
    axes: Axes,
    trial,
    band: Sequence,
    published: pd.DataFrame,
    *,
    task,
    stimulus: int,
    context: int,
    x_range: Sequence[float],
) -> list[pd.DataFrame]:
    """Mean +- SD of the output for one stimulus and context before the inputs of one trial, and
    points of the published mean (paper, Fig. S7B). band: time_s, mean, SD, (n_times,) each."""
    time_s, mean, sd = band
    answer = list(task.labels).index(trial.label)
    label(
        axes,
        "Time (s)",
        "Output (a.u.)",
        f"Stimulus {stimulus}, modality {context} context",
        color=INPUTS[context - 1],
    )
    drawn = input_curves(axes, cued_inputs(trial, task, context))
    style = {"series": f"output, {task.labels[trial.label]}", "colour": OUTPUTS[answer]}
    drawn.append(mean_band(axes, time_s, mean, mean - sd, mean + sd, **style))
    drawn.append(
        published_points(
            axes, published.x, published.y, series=f"context {context}: {SIGNS[stimulus]}"
        )
    )
    set_range(axes, x_range, (-1.5, 1.5))
    return drawn


def cued_inputs(trial, task, context: int) -> list[tuple]:
    """Both modalities at half their size while they are on, that of the context in front, for
    `figures.single_trial`."""
    on = np.arange(*(int(ms / RATE_STEP_MS) for ms in task.stimulus_windows_ms[0]))
    inputs = []
    for m, cue, strength in ((3 - context, "not cued", 0.45), (context, "cued", 1.0)):
        name, colour = f"modality {m} × 0.5, {cue}", pale(INPUTS[m - 1], strength)
        inputs.append((name, RATE_STEP_MS / 1000 * on, 0.5 * trial.stimulus[m - 1, on], colour))
    return inputs


def outputs_beside(
    axes: Axes,
    task,
    means,
    published: Mapping[str, pd.DataFrame],
    *,
    time_s,
    network: str,
    y_range: Sequence[float],
) -> list[pd.DataFrame]:
    """Mean +- SD of the output for each answer, and points of the published means (paper, Figs. 1B,
    2B, 4C)."""
    drawn = outputs_by_label(axes, task, means, time_s=time_s, network=network, y_range=y_range)
    for marker, (name, values) in zip(ANSWER_MARKERS, published.items(), strict=False):
        drawn.append(published_points(axes, values.x, values.y, series=name, marker=marker))
    set_range(axes, y=y_range)  # again, now that the published points are there
    return drawn


def no_example(axes: Mapping[str, Axes], letters: str, why: str) -> list[pd.DataFrame]:
    """Nothing to draw in the panels of these letters; the first panel of each says why."""
    for letter in letters:
        for i, panel in enumerate(panel for name, panel in axes.items() if name.startswith(letter)):
            words(panel, "" if i else why)
    return []


def name_panels(axes: Mapping[str, Axes], panels: Mapping[str, str]) -> None:
    """The bold letters of panels in the upper rows of their blocks, all along the upper edge.
    panels: letter -> name."""
    for letter, name in panels.items():
        panel, block = axes[name], axes[name].figure
        first = panel is block.axes[0]
        place = {
            "xycoords": (block.transSubfigure if first else panel.transAxes, block.transSubfigure),
            "va": "top",
        }
        offset = {"xytext": (4 if first else -36, -4), "textcoords": "offset points"}
        panel.annotate(
            letter, (0, 1), **place, **offset, fontsize=9, fontweight="bold"
        ).set_in_layout(False)


def refractory_panels(
    main: Axes, inset: Axes, *, all_ms, few_ms, inset_ms: Sequence[float]
) -> list[pd.DataFrame]:
    """Performance of the spiking networks against the refractory period, and a part of it enlarged
    above (paper, Fig. 6A).

    all_ms, few_ms: ours and what is published of either panel; inset_ms: the part, of which the
    panel below has but the ends.
    """
    first, last = inset_ms
    ours = all_ms.ours
    parts = (
        (main, ours[(ours.x <= first) | (ours.x >= last)], all_ms.published, (-2, 51), -20),
        (inset, ours[ours.x.between(first, last)], few_ms.published, (first - 0.8, last + 0.4), 60),
    )
    drawn = []
    for axes, shown, published, x_range, lowest in parts:
        label(axes, "Refractory period (ms)", "Spiking performance (%)")
        drawn += compared_dots(axes, (shown, published), series="spiking", colour=SPIKING, top=ALL)
        set_range(axes, x_range, (lowest, 110))
    inset.set_ylabel("")  # that of the panel below
    inset.xaxis.set_label_position("top")
    _enlarge(main, inset)
    legend_above(main.figure, [main])
    return drawn


def _enlarge(axes: Axes, inset: Axes) -> None:
    """A grey box round the part of `axes` that the panel above it shows, and lines to there; its
    numbers stand outside."""
    inset.spines[:].set_visible(True)
    inset.spines[["left", "bottom"]].set_color(PALE_GREY)
    inset.xaxis.tick_top()
    inset.yaxis.tick_right()
    (left, right), (low, high) = inset.get_xlim(), inset.get_ylim()
    axes.indicate_inset((left, low, right - left, high - low), edgecolor="0.5", linewidth=0.8)
    for x, corner in ((left, 0), (right, 1)):
        line = ConnectionPatch(
            (x, high), (corner, 0), axes.transData, inset.transAxes, color=PALE_GREY, linewidth=0.8
        )
        axes.add_artist(line).set_in_layout(False)
        line.set_clip_on(False)


def transfer_functions(panels: Sequence[Axes], x, rates: Mapping) -> list[pd.DataFrame]:
    """Firing rate against current, one function below the other (paper, Fig. 7A). x (n,); rates:
    name -> (n,)."""
    drawn = []
    for panel, (name, y) in zip(panels, rates.items(), strict=True):
        label(panel, "Current x (a.u.)", "Rate r (a.u.)", name, color=ACTIVATIONS[name])
        drawn.append(curve(panel, x, y, series=name, colour=ACTIVATIONS[name]))
        top = 1 if name == "sigmoid" else 5
        set_range(panel, (-5, 5), (0, top))
        panel.set_yticks([0, top])
        if panel is not panels[-1]:
            hide_time(panel)
        if panel is not panels[1]:
            panel.set_ylabel("")  # one for all three
    return drawn


def legend_over(axes: Axes, panels: Sequence[Axes]) -> None:
    """A line of legend over a panel: each name once, with every marker it has in the panels."""
    found = legend_entries(panels)
    if not found:
        return
    names = sorted(found, key=lambda name: name == "published")
    place = {
        "loc": "lower left",
        "bbox_to_anchor": (-0.02, 1.0),
        "borderaxespad": 0.1,
        "borderpad": 0.2,
    }
    spaces = {"ncols": len(names), "columnspacing": 1.0, "handletextpad": 0.5}
    axes.legend([found[n] for n in names], names, handler_map=TWO_MARKS, **place, **spaces)


def _limits(values: pd.DataFrame, top: float | None) -> tuple[pd.Series, pd.Series]:
    """One SD to either side, cut off at `top`; NaN where there is no SD."""
    high = values.y + values.sd
    return values.y - values.sd, high if top is None else high.clip(upper=top)


def _crosses(axes: Axes, x: pd.Series, colour: str) -> None:
    """A cross on the axis at each x."""
    for at in x:
        axes.plot(
            at,
            0,
            "x",
            transform=axes.get_xaxis_transform(),
            color=colour,
            markersize=3.5,
            clip_on=False,
        )


def _with_bars(axes: Axes, x, y, low, high, *, marker: str, size: float, **style) -> None:
    there = y.notna()  # an artist without a point would count as lying in the corner of the page
    if there.any():
        errors = np.maximum([y - low, high - y], 0)[
            :, there
        ]  # rounding must not make a length negative
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


SWEEP_PANELS = {
    "trained": "Trained (%)",
    "trials": "Training trials",
    "correct": "Correct trials (%)",
    "successful": "Successful\n(% of trained)",
}
KEY_WORDS = {  # what a sweep is about; other keys stand as they are in the config
    "network.n_units": SIZE,
    "network.tau_decay_ms": UPPER_DECAY,
    "network.gain": "Gain g",
    "network.p_inh": "Inhibitory fraction",
    "network.p_rec": "Connectivity",
    "neuron.t_refractory_ms": "Refractory period (ms)",
    "neuron.tau_rise_ms": "Synaptic rise time (ms)",
    "training.learning_rate": "Learning rate",
    "training.min_trials": "Least training trials",
}
SCORING_COLOURS = (
    RATE,
    SPIKING,
    FILTERS["Single"],
    OUTPUTS[2],
)  # in the order of `sweeps.SCORINGS`
SCORING_SIZES = (6, 4.8, 3.6, 2.4)  # the later lie on the earlier where they are equal


def page_of_sweeps(names: Sequence[str]) -> tuple[Figure, dict[str, dict[str, Axes]]]:
    """A row of four panels for each sweep."""
    mosaic = [[f"{name}: {panel}" for panel in SWEEP_PANELS] for name in names]
    figure, axes = page(mosaic, 9.5, 0.4 + 1.75 * len(names), width_ratios=[1, 1, 1.6, 1])
    return figure, {
        name: {panel: axes[f"{name}: {panel}"] for panel in SWEEP_PANELS} for name in names
    }


def sweep_panels(
    axes: Mapping[str, Axes], name: str, key: str, numbers, published: Mapping[str, float]
) -> list[pd.DataFrame]:
    """The networks of one sweep: trained, training trials, correct trials by several scorings,
    successful; grey: published.

    numbers: trained, trials, successful, and correct by scoring, each a table; key: what is swept;
    published: panel -> value.
    """
    for panel, quantity in SWEEP_PANELS.items():
        label(axes[panel], KEY_WORDS.get(key, key), quantity, name if panel == "trained" else "")
    drawn = [
        dots(axes["trained"], numbers.trained, series="trained", colour=RATE),
        dots(axes["trials"], numbers.trials, series="trials", colour=RATE),
        dots(axes["successful"], numbers.successful, series="successful", colour=SPIKING),
    ]
    for (series, values), colour, size in zip(
        numbers.correct.items(), SCORING_COLOURS, SCORING_SIZES, strict=True
    ):
        drawn.append(
            dots(axes["correct"], values, series=series, colour=colour, top=ALL, size=size)
        )
    for panel, value in published.items():
        axes[panel].axhline(
            value, color=PUBLISHED, linewidth=0.8, linestyle="--", zorder=0, label="published"
        )
    for panel, low in (("trained", 0), ("successful", 0), ("correct", 40)):
        set_range(axes[panel], y=(low, 105))
    limits = [
        f(end)
        for f, end in zip(
            (min, max),
            zip(*(panel.get_xlim() for panel in axes.values()), strict=True),
            strict=True,
        )
    ]
    for panel in axes.values():  # one with fewer points has the range of the others
        panel.set_xlim(limits)
    return drawn
