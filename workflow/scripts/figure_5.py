"""Fig. 5: fixed against tuned synaptic decays, Go-NoGo."""

import job

log = job.start(snakemake)

from pathlib import Path

import reading
from rate2spike import figures, files, sweep_figures, sweeps

points, published = reading.points(snakemake), reading.published(snakemake)
NAMES = ["Fixed", "Tuned"]
rows = sweeps.side_by_side(points, {"fixed": NAMES[0], "tuned": NAMES[1]})
comparison = sweeps.Comparison("right", "fixed against tuned decays, spiking performance", rows, "search_accuracy")
facts = sweeps.describe(points) | {"test": comparison.in_words()}
COLOURS = [sweep_figures.FIXED, sweep_figures.TUNED]


def draw():
    figure, axes = figures.page([["left", "right"]], 5.0, 2.7)
    figures.label(axes["left"], "Synaptic decay", "Successful (% of trained)")
    figures.label(axes["right"], "Synaptic decay", "Spiking performance (%)")
    shares = sweeps.successful(rows, published, "left", NAMES)
    means = sweeps.spiking_performance(rows, published, "right", NAMES)
    drawn = sweep_figures.bars(axes["left"], shares, NAMES, colours=COLOURS, counts=sweeps.shares_in_words(shares.ours))
    drawn += sweep_figures.bars(axes["right"], means, NAMES, colours=COLOURS, counts=sweeps.sizes_in_words(means.ours))
    return figure, drawn, "{sweep_note}; bars: ±1 SD over networks. Performance: {test}.".format(**facts)


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
files.write_csv(sweeps.table_of_tests("5", [comparison]), snakemake.output.tests)
log.info("drawn from %s", facts)
