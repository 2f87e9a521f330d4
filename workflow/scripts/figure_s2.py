"""Fig. S2: the state of the rate and of the converted network along their first three principal components."""

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
    figure, axes = figures.page([["rate", "spiking"]], 6.5, 3.3, three_d=True)
    drawn = []
    for panel, title in (("rate", "Rate network"), ("spiking", "Spiking network")):
        components = analysis.principal_components(example[f"{panel}_population"])
        percent = 100 * components.variance_fraction
        axes[panel].set_title(f"{title}: {percent.sum():.1f} % of the variance")
        axis_labels = [f"PC{i} ({p:.1f} %)" for i, p in enumerate(percent, start=1)]
        drawn += figures.trajectories_3d(axes[panel], components.scores, task.labels.values(), axis_labels)
        facts[f"{panel}_variance"] = percent.sum()
    figures.legend_above(figure, axes.values())
    return figure, drawn, figures.EXAMPLE_NOTE.format(**facts) + f"means over {facts['trials']} trials."


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
