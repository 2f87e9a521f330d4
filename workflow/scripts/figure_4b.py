"""Fig. 4B: tuned synaptic decays of the integration network."""

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
    figure, axes = figures.page([["decays"]], 2.8, 2.3)
    histogram = analysis.decay_histogram(example["tau_decay_ms"], 20, 50)
    drawn = [figures.decay_histogram(axes["decays"], histogram, (20, 50), n_max=30)]
    return figure, drawn, figures.EXAMPLE_NOTE.format(**facts).rstrip("; ") + "."


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
