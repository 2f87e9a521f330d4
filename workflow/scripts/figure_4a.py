"""Fig. 4A: single trials of the converted integration network, two stimuli in two contexts."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

from rate2spike import analysis, figures
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = dict(np.load(snakemake.input.example))
facts = analysis.describe_example(example, task.labels)
SIGNS = {1: "+ \N{MINUS SIGN}", 2: "\N{MINUS SIGN} +"}  # of modality 1 and 2 in stimulus 1 and 2


def draw():
    figure, axes = figures.page(
        [[f"{x} {s}, context {c}" for c in (1, 2)] for s in SIGNS for x in ("output", "spikes")], 6.5, 5.4
    )
    trials, drawn = analysis.single_trials(example), []
    on = np.arange(*(int(ms / 5) for ms in task.stimulus_windows_ms[0]))
    for s, c in ((s, c) for s in SIGNS for c in (1, 2)):
        output, spikes = (axes[f"{x} {s}, context {c}"] for x in ("output", "spikes"))
        trial, inputs = trials[f"context {c}: {SIGNS[s]}"], []
        output.set_title(f"Stimulus {s}, modality {c} context", color=figures.INPUTS[c - 1])
        for m, cue, strength in ((3 - c, "not cued", 0.45), (c, "cued", 1.0)):  # the cued modality in front
            colour = figures.pale(figures.INPUTS[m - 1], strength)
            inputs.append((f"modality {m} × 0.5, {cue}", 0.005 * on, 0.5 * trial.stimulus[m - 1, on], colour))
        drawn += figures.single_trial(output, trial, inputs, task=task)
        drawn += figures.trial_raster(spikes, trial, example["inhibitory"], task=task)
        figures.hide_time(output)
    figures.share_range([panel for name, panel in axes.items() if name.startswith("output")], ticks=[-1, 0, 1])
    figures.legend_above(figure, axes.values(), 3)
    return figure, drawn, figures.EXAMPLE_NOTE.format(**facts) + f"single trials at {figures.lambda_title(facts['factor'])}."


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
