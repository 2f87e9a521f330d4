"""Fig. 2B: mean output of the converted example network at lambda = 1, 1/10 and the chosen one."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

from rate2spike import analysis, figures
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = dict(np.load(snakemake.input.example))
facts = analysis.describe_example(example, task.labels)
Y_RANGE = {1: (-5, 4), 10: (-1.3, 6.6)}  # of the paper; at the chosen factor -0.2 to 1.05


def draw():
    factors = example["scaling_factors"]
    figure, axes = figures.page([[f"factor {f:g}" for f in sorted(factors)]], 2.4 * len(factors), 2.3)
    drawn = []
    for panel, k in zip(axes.values(), np.argsort(factors), strict=True):
        means = analysis.mean_sd(example["spiking_out"][k], example["label"], task.labels)
        y_range = (-0.2, 1.05) if k == len(factors) - 1 else Y_RANGE[factors[k]]
        panel.set_title(figures.lambda_title(factors[k], facts["factor"]))
        drawn += figures.outputs_by_label(panel, task, means, time_s=example["time_s"], network="Spiking", y_range=y_range)
    panel.legend(loc="best")
    return figure, drawn, figures.EXAMPLE_NOTE.format(**facts) + f"{facts['trials']} trials, mean ± SD."


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
