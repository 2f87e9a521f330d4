"""One trial of each type: output above, spikes below, in the look of the paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from rate2spike import plotting
from rate2spike.figures import pages, panels, publish

from .networks import SpikingRNN
from .tasks import AbstractSpikingTask


def save_trials(task: AbstractSpikingTask, network: SpikingRNN, path: Path) -> None:
    """Draw output and raster of one trial of each sample type of a task, as PDF and PNG.

    Parameters
    ----------
    task : draws the trials
    network : runs them
    path : of the PNG
    """
    with plotting.in_style():
        figure = _draw(task, network)
        pages.note(figure, f"{path.stem}; {pages.lambda_title(network.network.scaling_factor)}")
        publish.save(figure, path.with_suffix(".pdf"), path)


def _draw(task: AbstractSpikingTask, network: SpikingRNN) -> Figure:
    """A column for each type of trial, the output above, the spikes below."""
    types = task.get_sample_trial_types() or [None]
    columns = range(len(types))
    mosaic = [[f"output {i}" for i in columns], [f"spikes {i}" for i in columns]]
    figure, axes = pages.page(mosaic, max(3.6, 2.4 * len(types)), 4.0, height_ratios=[1, 1.3])
    for i, name in enumerate(types):
        stimulus, label = task.generate_stimulus(name)
        spikes, _, output, params = network.simulate(stimulus)
        time_s = params["dt"] * np.arange(1, params["nt"] + 1)
        above = axes[f"output {i}"]
        title = f"{'Trial' if name is None else name} (label {label})"
        panel = panels.label(above, "Time (s)", "Output (a.u.)", title)
        panels.curve(panel, time_s, output, series="output", colour=plotting.OUTPUTS[0])
        above.set_xlim(0, params["T"])
        panels.hide_time(above)
        unit, at = np.nonzero(spikes)
        panels.raster_of(
            axes[f"spikes {i}"],
            time_s[at],
            unit,
            strips=_strips(network),
            duration_s=params["T"],
        )
    panels.share_range([axes[f"output {i}"] for i in columns])
    return figure


def _strips(network: SpikingRNN) -> list[panels.Strip]:
    """The rows of a raster: excitatory units, then inhibitory ones."""
    inhibitory = network.network.inhibitory
    return [
        panels.Strip(~inhibitory, "excitatory", "exc.", plotting.EXCITATORY),
        panels.Strip(inhibitory, "inhibitory", "inh.", plotting.INHIBITORY),
    ]
