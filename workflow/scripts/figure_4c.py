"""Fig. 4C: mean output of the converted integration network over the trials of each correct choice."""

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
    figure, axes = figures.page([["output"]], 3.2, 2.4)
    means = analysis.mean_sd(example["spiking_out"][-1], example["label"], task.labels)
    drawn = figures.outputs_by_label(
        axes["output"], task, means, time_s=example["time_s"], network="Spiking", y_range=(-1.5, 1.5)
    )
    axes["output"].set_title(figures.lambda_title(facts["factor"], facts["factor"]))
    axes["output"].legend(title="correct choice", title_fontsize=7, loc="lower left", ncols=2)
    return figure, drawn, figures.EXAMPLE_NOTE.format(**facts) + f"{facts['trials']} trials, mean ± SD."


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
