"""Fig. 5: fixed against tuned synaptic decays, Go-NoGo."""

import job

log = job.start(snakemake)

from pathlib import Path

import reading
from rate2spike import files
from rate2spike.figures import pages, panels, publish
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.paper import sweeps

points, published = reading.points(snakemake), reading.published(snakemake)
NAMES = ["Fixed", "Tuned"]
rows = sweeps.side_by_side(points, {"fixed": NAMES[0], "tuned": NAMES[1]})
comparison = sweeps.Comparison(
    "right", "fixed against tuned decays, spiking performance", rows, "search_accuracy"
)
facts = sweeps.describe(points) | {"test": comparison.in_words()}
COLOURS = [sweep_figures.FIXED, sweep_figures.TUNED]


def draw():
    figure, axes = pages.page([["left", "right"]], 5.0, 2.7)
    panels.label(axes["left"], "Synaptic decay", "Successful (% of trained)")
    panels.label(axes["right"], "Synaptic decay", "Spiking performance (%)")
    shares = sweeps.successful(rows, published, "left", NAMES)
    means = sweeps.spiking_performance(rows, published, "right", NAMES)
    drawn = sweep_figures.bars(
        axes["left"], shares, NAMES, colours=COLOURS, counts=sweeps.shares_in_words(shares.ours)
    )
    drawn += sweep_figures.bars(
        axes["right"], means, NAMES, colours=COLOURS, counts=sweeps.sizes_in_words(means.ours)
    )
    return (
        figure,
        drawn,
        "{sweep_note}; bars: ±1 SD over networks. Performance: {test}.".format(**facts),
    )


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
files.write_csv(sweeps.table_of_tests("5", [comparison]), snakemake.output.tests)
log.info("drawn from %s", facts)
