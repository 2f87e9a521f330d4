"""Fig. 5: fixed against tuned synaptic decays, Go-NoGo."""

import job

log = job.start(snakemake)

import reading
from rate2spike import files
from rate2spike.figures import pages, panels, sweep_panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps

points = reading.points(snakemake)
published = reading.published(snakemake)
NAMES = ["Fixed", "Tuned"]
COLOURS = [sweep_panels.FIXED, sweep_panels.TUNED]
networks = sweeps.side_by_side(points, {"fixed": "Fixed", "tuned": "Tuned"})
comparison = sweeps.Comparison(
    "right", "fixed against tuned decays, spiking performance", networks, "search_accuracy"
)
facts = sweeps.describe(points) | {"test": comparison.in_words()}


def draw() -> Drawn:
    figure, axes = pages.page([["left", "right"]], 5.0, 2.7)
    left = panels.label(axes["left"], "Synaptic decay", "Successful (% of trained)")
    shares = sweeps.successful(networks, published, "left", NAMES)
    counts = sweeps.shares_in_words(shares.ours)
    rows = sweep_panels.bars(left, shares, NAMES, colours=COLOURS, counts=counts)
    right = panels.label(axes["right"], "Synaptic decay", "Spiking performance (%)")
    means = sweeps.spiking_performance(networks, published, "right", NAMES)
    counts = sweeps.sizes_in_words(means.ours)
    rows += sweep_panels.bars(right, means, NAMES, colours=COLOURS, counts=counts)
    note = "{sweep_note}; bars: ±1 SD over networks. Performance: {test}.".format(**facts)
    return Drawn(figure, rows, note)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
files.write_csv(sweeps.table_of_tests("5", [comparison]), snakemake.output.tests)
log.info("drawn from %s", drawn.facts)
