"""Fig. 1B: tuned synaptic decays of the example network, and its mean output over the trials of each kind."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

from rate2spike import analysis, figures
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = dict(np.load(snakemake.input.example))
facts = analysis.describe_example(example, task.labels)


def draw():
    figure, axes = figures.page([["left", "right"]], 5.0, 2.2, width_ratios=[1, 1.1])
    histogram = analysis.decay_histogram(example["tau_decay_ms"], 20, 50)
    drawn = [figures.decay_histogram(axes["left"], histogram, (20, 50), n_max=20)]
    means = analysis.mean_sd(example["rate_out"], example["label"], task.labels)
    drawn += figures.outputs_by_label(axes["right"], task, means, time_s=example["time_s"], network="Rate", y_range=(0, 1))
    axes["right"].legend(loc="center right")
    return figure, drawn, figures.EXAMPLE_NOTE.format(**facts) + f"{facts['trials']} trials, mean ± SD."


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
