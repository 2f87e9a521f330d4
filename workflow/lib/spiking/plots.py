"""One trial of each type: output above, spikes below, in the look of the paper."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from rate2spike import figures

from .networks import SpikingRNN
from .tasks import AbstractSpikingTask


def save_trials(task: AbstractSpikingTask, network: SpikingRNN, path: Path) -> None:
    """Output and raster of one trial of each sample type of the task, as PDF and PNG; path: of the PNG."""
    with matplotlib.rc_context(figures.STYLE):
        figure = _draw(task, network)
        figures.note(figure, f"{path.stem}; {figures.lambda_title(network.network.scaling_factor)}")
        figures.save(figure, path.with_suffix(".pdf"), path)


def _draw(task: AbstractSpikingTask, network: SpikingRNN) -> Figure:
    types = task.get_sample_trial_types() or [None]
    mosaic = [[f"{row} {i}" for i in range(len(types))] for row in ("output", "spikes")]
    figure, axes = figures.page(mosaic, max(3.6, 2.4 * len(types)), 4.0, height_ratios=[1, 1.3])
    for i, name in enumerate(types):
        stimulus, label = task.generate_stimulus(name)
        spikes, _, output, params = network.simulate(stimulus)
        time_s = params["dt"] * np.arange(1, params["nt"] + 1)
        panel, raster = axes[f"output {i}"], axes[f"spikes {i}"]
        figures.label(panel, "Time (s)", "Output (a.u.)", f"{'Trial' if name is None else name} (label {label})")
        figures.curve(panel, time_s, output, series="output", colour=figures.OUTPUTS[0])
        panel.set_xlim(0, params["T"])
        figures.hide_time(panel)
        unit, at = np.nonzero(spikes)
        figures.raster_of(raster, time_s[at], unit, _strips(network), params["T"])
    figures.share_range([axes[f"output {i}"] for i in range(len(types))])
    return figure


def _strips(network: SpikingRNN) -> list[figures.Strip]:
    inhibitory = network.network.inhibitory
    return [
        figures.Strip(~inhibitory, "excitatory", "exc.", figures.EXCITATORY),
        figures.Strip(inhibitory, "inhibitory", "inh.", figures.INHIBITORY),
    ]
