"""Every sweep of the study on one page: training, spiking accuracy by three scorings, successful
networks."""

import job

log = job.start(snakemake)

import reading
from rate2spike.figures import pages, sweep_panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps

points = reading.points(snakemake)
published = reading.published(snakemake)
facts = sweeps.describe(points)


def draw() -> Drawn:
    swept = snakemake.params.swept
    figure, axes = sweep_panels.page_of_sweeps(list(swept))
    drawn = []
    for sweep, key in swept.items():
        networks = sweeps.of_role(points, sweep)
        size = snakemake.params.sizes[sweep]
        beside = sweeps.published_at_size(published, networks.task.iloc[0], size)
        numbers = sweeps.swept(networks)
        drawn += sweep_panels.sweep_panels(axes[sweep], sweep, key, numbers, beside)
    pages.legend_above(figure, [panels["correct"] for panels in axes.values()], 5)
    note = "{per_condition} per point; bars: ±1 SD over networks{crosses}.".format(**facts)
    return Drawn(figure, drawn, note)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
