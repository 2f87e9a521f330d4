"""Fig. 3: rate networks, contextual integration: schematic, performance and training trials against
the size of the network."""

import job

log = job.start(snakemake)

from pathlib import Path

import reading
from rate2spike.figures import cartoons, publish
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.figures.sweeps import Block
from rate2spike.paper import sweeps

points, published = reading.points(snakemake), reading.published(snakemake)
facts = sweeps.describe(points)
BLOCKS = [Block(2.9, [["A", "B-top", "C"], ["A", "B-bottom", "C"]], [1.3, 1, 1])]


def draw():
    figure, axes = sweep_figures.page_of_blocks(BLOCKS, 7.4)
    cartoons.rate_integration(axes["A"])
    numbers = sweeps.training(sweeps.of_role(points, "sizes"), published, left="B", right="C")
    panels, y_ranges = (
        [axes[name] for name in ("B-top", "B-bottom", "C")],
        [(95, 101), (0, 100), (2000, 6000)],
    )
    drawn = sweep_figures.training_panels(*panels, numbers, x_range=(0, 500), y_ranges=y_ranges)
    sweep_figures.name_panels(axes, {"A": "A", "B": "B-top", "C": "C"})
    return figure, drawn, "{sweep_note}; bars: ±1 SD over networks.".format(**facts)


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
