"""Every sweep of the study on one page: training, spiking accuracy by three scorings, successful
networks."""

import job

log = job.start(snakemake)

from pathlib import Path

import reading
from rate2spike.figures import pages, publish
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.paper import sweeps

points, published = reading.points(snakemake), reading.published(snakemake)
facts = sweeps.describe(points)


def draw():
    swept = snakemake.params.swept
    figure, axes = sweep_figures.page_of_sweeps(list(swept))
    drawn = []
    for sweep, key in swept.items():
        rows = sweeps.of_role(points, sweep)
        beside = sweeps.published_at_size(
            published, rows.task.iloc[0], snakemake.params.sizes[sweep]
        )
        drawn += sweep_figures.sweep_panels(axes[sweep], sweep, key, sweeps.swept(rows), beside)
    pages.legend_above(figure, [panels["correct"] for panels in axes.values()], 5)
    return (
        figure,
        drawn,
        "{per_condition} per point; bars: ±1 SD over networks{crosses}.".format(**facts),
    )


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
