"""Fig. 3: rate networks, contextual integration: schematic, performance and training trials against
the size of the network."""

import job

log = job.start(snakemake)

import reading
from rate2spike.figures import cartoons, pages, sweep_panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps

points = reading.points(snakemake)
published = reading.published(snakemake)
facts = sweeps.describe(points)
BLOCKS = [pages.Block(2.9, [["A", "B-top", "C"], ["A", "B-bottom", "C"]], [1.3, 1, 1])]


def draw() -> Drawn:
    figure, axes = pages.page_of_blocks(BLOCKS, 7.4)
    cartoons.rate_integration(axes["A"])
    sizes = sweeps.of_role(points, "sizes")
    rows = sweep_panels.training_panels(
        axes["B-top"],
        axes["B-bottom"],
        axes["C"],
        sweeps.training(sizes, published, left="B", right="C"),
        x_range=(0, 500),
        y_ranges=[(95, 101), (0, 100), (2000, 6000)],
    )
    pages.name_panels(axes, {"A": "A", "B": "B-top", "C": "C"})
    return Drawn(figure, rows, "{sweep_note}; bars: ±1 SD over networks.".format(**facts))


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
