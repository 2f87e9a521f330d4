"""Panels of one example network with the published values beside them: decays, mean outputs, single
trials of the integration task (paper, Figs. 1B, 2B, 4A-C, S3E, S4B, S7B).

As in `panels`: a function that draws a whole panel takes the axes and returns the rows it drew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..analysis.statistics import mean_sd
from ..config import RATE_STEP_MS
from ..paper.sweeps import published_traces, singles_at_last
from ..plotting import INPUTS, OUTPUTS, PUBLISHED_OUTLINE, pale
from .pages import legend_above, legend_over
from .panels import (
    DECAYS,
    Input,
    Panel,
    decay_histogram,
    hide_time,
    input_curves,
    label,
    mean_band,
    output_panel,
    outputs_by_label,
    published_points,
    set_range,
    share_range,
    single_trial,
    table_of,
    trial_raster,
)

ANSWER_MARKERS = "os"  # of the published means: first and second answer
# Signs of modality 1 and 2 in stimulus 1 and 2 of Fig. 4A
SIGNS = {1: "+ \N{MINUS SIGN}", 2: "\N{MINUS SIGN} +"}
# The panels of Fig. 4A: for each stimulus a row of outputs over a row of spikes, by context
CONTEXT_TRIALS = [
    ["A output 1, context 1", "A output 1, context 2"],
    ["A spikes 1, context 1", "A spikes 1, context 2"],
    ["A output 2, context 1", "A output 2, context 2"],
    ["A spikes 2, context 1", "A spikes 2, context 2"],
]


def published_outline(panel: Panel, values: pd.DataFrame, *, series: str) -> pd.DataFrame:
    """Draw the outline of a published histogram with bins 1 wide.

    Parameters
    ----------
    panel
        Where to draw.
    values
        Columns x (centres of the bins) and y (counts).
    series
        What is counted.

    Returns
    -------
    pandas.DataFrame
        The rows drawn, one a bin.
    """
    edges = np.append(values.x - 0.5, values.x.iloc[-1] + 0.5)
    style = {"color": PUBLISHED_OUTLINE, "linewidth": 0.9, "zorder": 3}
    panel.axes.stairs(values.y, edges, label="published", **style)
    return table_of(panel, f"published {series}", values.x, values.y)


def decays_beside(
    axes: Axes, histogram, published: pd.DataFrame, *, n_max: int
) -> list[pd.DataFrame]:
    """Draw the synaptic decays of one network between the paper's 20 and 50 ms, with a legend.

    Parameters
    ----------
    axes
        Where to draw.
    histogram : statistics.Histogram
        Ours, in ms.
    published
        The published histogram, columns x and y: its outline is drawn.
    n_max
        Top of the vertical axis in the paper.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn: ours, then the published ones.
    """
    panel = label(axes, *DECAYS)
    ours = decay_histogram(panel, histogram, (20, 50), n_max)
    outline = published_outline(panel, published, series="units")
    legend_over(axes, [axes])
    return [ours, outline]


class Outputs(NamedTuple):
    """What was drawn of mean outputs: the rows, and our numbers for the scorecard."""

    rows: list[pd.DataFrame]
    singles: list[dict]


def mean_outputs(
    axes: Axes,
    example: Mapping,
    outputs,
    published: pd.DataFrame,
    quantities: Sequence[str],
    *,
    task,
    network: str,
    y_range: Sequence[float],
) -> Outputs:
    """Draw mean outputs of an example network beside those of the same panel of the paper.

    Parameters
    ----------
    axes
        Where to draw, called as the panel of the paper.
    example
        From `analysis.example.example_recordings`: its labels and times are used.
    outputs : array_like, shape (n_trials, n_steps)
        Of the rate network, or of the spiking network at one factor.
    published
        Rows of resources/published.tsv of the figure.
    quantities
        The names of the published means, one for each answer.
    task
        Its labels, `stimulus_windows_ms` and `duration_ms` are used.
    network
        "Rate" or "Spiking".
    y_range
        The paper's vertical range.

    Returns
    -------
    Outputs
        The rows drawn, and our outputs at the last time at which the paper's were read.
    """
    panel = axes.get_label()
    time_s = example["time_s"][: np.shape(outputs)[1]]
    means = mean_sd(outputs, example["label"], task.labels)
    traces = published_traces(published, panel, quantities)
    rows = outputs_beside(
        axes, task, means, traces, time_s=time_s, network=network, y_range=y_range
    )
    return Outputs(rows, singles_at_last(published, panel, quantities, time_s, means.mean))


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
    """Draw mean +- SD of the output for each answer, and points of the published means.

    As in Figs. 1B, 2B and 4C of the paper.

    Parameters
    ----------
    axes
        Where to draw.
    task
        Its labels, `stimulus_windows_ms` and `duration_ms` are used.
    means : statistics.MeanSD
        Mean and SD, (n_labels, n_steps), and the number of trials, (n_labels,).
    published
        Columns x (s) and y for each answer, by the name of the series.
    time_s : array_like, shape (at least n_steps,)
        Time of each step.
    network
        "Rate" or "Spiking".
    y_range
        The paper's vertical range.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn: ours, then the published ones.
    """
    panel = output_panel(axes, network)
    drawn = outputs_by_label(panel, task, means, time_s=time_s, y_range=y_range)
    for marker, (name, values) in zip(ANSWER_MARKERS, published.items(), strict=False):
        drawn.append(published_points(panel, values.x, values.y, series=name, marker=marker))
    set_range(axes, y=y_range)  # again, now that the published points are there
    return drawn


def context_trials(
    axes: Mapping[str, Axes], trials: Mapping, inhibitory, *, task
) -> list[pd.DataFrame]:
    """Draw output, inputs and spikes of one trial for each stimulus and context (paper, Fig. 4A).

    Parameters
    ----------
    axes
        By name: those of CONTEXT_TRIALS.
    trials : mapping of describe.SingleTrial
        By kind, as in "context 1: + −".
    inhibitory : array_like of bool, shape (n_units,)
        Which units are inhibitory.
    task
        The integration task.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn.
    """
    drawn = []
    outputs = []
    for stimulus, signs in SIGNS.items():
        for context in (1, 2):
            output = axes[f"A output {stimulus}, context {context}"]
            spikes = axes[f"A spikes {stimulus}, context {context}"]
            trial = trials[f"context {context}: {signs}"]
            title = f"Stimulus {stimulus}, modality {context} context"
            output.set_title(title, color=INPUTS[context - 1])
            drawn += single_trial(output, trial, cued_inputs(trial, task, context), task=task)
            drawn += trial_raster(spikes, trial, inhibitory, task=task)
            hide_time(output)
            outputs.append(output)
    share_range(outputs, ticks=[-1, 0, 1])
    legend_above(outputs[-1].figure, outputs, 3)
    return drawn


class Band(NamedTuple):
    """A mean output with its SD, and their times (s), (n_times,) each."""

    time_s: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


def context_output(
    axes: Axes,
    trial,
    band: Band,
    published: pd.DataFrame,
    *,
    task,
    stimulus: int,
    context: int,
    x_range: Sequence[float],
) -> list[pd.DataFrame]:
    """Draw mean +- SD of the output for one stimulus and context, and points of the published mean.

    The inputs of one trial stand behind them (paper, Fig. S7B).

    Parameters
    ----------
    axes
        Where to draw.
    trial : describe.SingleTrial
        One trial of this stimulus and context.
    band
        Our mean and SD.
    published
        Columns x (s) and y.
    task
        The integration task.
    stimulus, context
        1 or 2, as in Fig. 4A.
    x_range
        The paper's time axis, in s.

    Returns
    -------
    list of pandas.DataFrame
        The rows drawn: inputs, ours, then the published ones.
    """
    title = f"Stimulus {stimulus}, modality {context} context"
    panel = label(axes, "Time (s)", "Output (a.u.)", title, color=INPUTS[context - 1])
    drawn = input_curves(panel, cued_inputs(trial, task, context))
    answer = list(task.labels).index(trial.label)
    ours = mean_band(
        panel,
        band.time_s,
        band.mean,
        low=band.mean - band.sd,
        high=band.mean + band.sd,
        series=f"output, {task.labels[trial.label]}",
        colour=OUTPUTS[answer],
    )
    kind = f"context {context}: {SIGNS[stimulus]}"
    points = published_points(panel, published.x, published.y, series=kind)
    set_range(axes, x_range, (-1.5, 1.5))
    return [*drawn, ours, points]


def cued_inputs(trial, task, context: int) -> list[Input]:
    """Both modalities at half their size while they are on, that of the context in front.

    Parameters
    ----------
    trial : describe.SingleTrial
        Its stimulus (4, n_steps) is used.
    task
        The integration task.
    context
        1 or 2: the modality that is cued.

    Returns
    -------
    list of Input
        The modality that is not cued, then the one that is.
    """
    onset_ms, end_ms = task.stimulus_windows_ms[0]
    on = np.arange(int(onset_ms / RATE_STEP_MS), int(end_ms / RATE_STEP_MS))
    time_s = RATE_STEP_MS / 1000 * on
    inputs = []
    for modality, cue, strength in ((3 - context, "not cued", 0.45), (context, "cued", 1.0)):
        name = f"modality {modality} × 0.5, {cue}"
        values = 0.5 * trial.stimulus[modality - 1, on]
        inputs.append(Input(name, time_s, values, pale(INPUTS[modality - 1], strength)))
    return inputs
