"""Fig. S2: the state of the rate and of the converted network along their first three principal
components."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import pages, panels, publish
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example, published = dict(np.load(snakemake.input.example)), reading.published(snakemake)
facts, singles = describe.describe_example(example, task.labels), []
OF_PAPER = published[published.quantity == "variance captured by top 3 PCs"]


def draw():
    figure, axes = pages.page([["rate", "spiking"]], 6.5, 3.4, three_d=True)
    drawn = []
    for panel, title, in_paper in (
        ("rate", "Rate network", "rate"),
        ("spiking", "Spiking network", "LIF"),
    ):
        components = statistics.principal_components(example[f"{panel}_population"])
        percent = 100 * components.variance_fraction
        singles.append(sweeps.single(OF_PAPER, percent.sum(), x_value=in_paper))
        of_paper = f"published: {OF_PAPER.value.iloc[0]} %"
        axes[panel].set_title(f"{title}: {percent.sum():.1f} % of the variance\n({of_paper})")
        axis_labels = [f"PC{i} ({p:.1f} %)" for i, p in enumerate(percent, start=1)]
        drawn += panels.trajectories_3d(
            axes[panel], components.scores, task.labels.values(), axis_labels
        )
        facts[f"{panel}_variance"] = percent.sum()
    pages.legend_above(figure, axes.values())
    line = f"means over {facts['trials']} trials; open circle: start, filled: end."
    return figure, drawn, pages.EXAMPLE_NOTE.format(**facts) + line


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
sweeps.write_singles(snakemake.output, singles)
log.info("drawn from %s", facts)
