"""Fig. 4A: single trials of the converted integration network, two stimuli in two contexts."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

from rate2spike import analysis, figures
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task, snakemake.params.user_tasks)
example = dict(np.load(snakemake.input.example))
facts = analysis.describe_example(example, task.labels)
SIGNS = {1: "+ \N{MINUS SIGN}", 2: "\N{MINUS SIGN} +"}  # of modality 1 and 2 in stimulus 1 and 2
ON = np.arange(*(int(ms / 5) for ms in task.stimulus_windows_ms[0]))  # steps with a stimulus


def inputs_of(trial, context):
    """Both modalities at half size; the cued one comes last, in front and in full colour."""
    for m, cue, strength in ((3 - context, "not cued", 0.45), (context, "cued", 1.0)):
        yield (
            f"modality {m} × 0.5, {cue}",
            0.005 * ON,
            0.5 * trial.stimulus[m - 1, ON],
            figures.pale(figures.INPUTS[m - 1], strength),
        )


def draw():
    figure, axes = figures.page(
        [[f"{x} {s}, context {c}" for c in (1, 2)] for s in SIGNS for x in ("output", "spikes")], 6.5, 5.4
    )
    trials, drawn = analysis.single_trials(example), []
    for s, c in ((s, c) for s in SIGNS for c in (1, 2)):
        output, spikes = (axes[f"{x} {s}, context {c}"] for x in ("output", "spikes"))
        trial = trials[f"context {c}: {SIGNS[s]}"]
        output.set_title(f"Stimulus {s}, modality {c} context", color=figures.INPUTS[c - 1])
        drawn += figures.single_trial(output, trial, list(inputs_of(trial, c)), task=task)
        drawn += figures.raster(spikes, trial.spike_time_s, trial.spike_unit, example["inhibitory"], task.duration_ms / 1000)
        figures.hide_time(output)
    figures.share_output_range([panel for name, panel in axes.items() if name.startswith("output")])
    figures.legend_above(figure, axes.values(), 3)
    return figure, drawn, figures.EXAMPLE_NOTE.format(**facts) + f"single trials at {figures.lambda_title(facts['factor'])}."


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
