"""Fig. 6: refractory period, synaptic filter and gain, contextual integration."""

import job

log = job.start(snakemake)

import reading
from rate2spike import files
from rate2spike.figures import pages, panels, sweep_panels
from rate2spike.figures.pages import Block
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps

points = reading.points(snakemake)
published = reading.published(snakemake)
refractory = sweeps.of_role(points, "refractory")
filters = sweeps.by_filter(sweeps.of_role(points, "filters"))
gains = sweeps.of_role(points, "gains")
filter_test = sweeps.Comparison(
    "B", "synaptic filters, spiking performance", filters, "search_accuracy"
)
gain_test = sweeps.Comparison("C", "gains, spiking performance", gains, "search_accuracy")
facts = sweeps.describe(points) | {
    "filter_test": filter_test.in_words(),
    "gain_test": gain_test.in_words(),
    "searched": sweeps.searched_in_words(refractory),
}
BLOCKS = [Block(3.7, [["A-inset"], ["A-main"]], heights=[1, 1.7]), Block(2.5, [["B", "C"]], [1, 2])]


def draw_bars(axes, networks, x_label: str, colours_of) -> list:
    """The spiking performance at each value of a sweep."""
    panel = panels.label(axes, x_label, "Spiking performance (%)")
    values = list(sweeps.by_x(networks))
    means = sweeps.spiking_performance(networks, published, axes.get_label(), values)
    names = [str(value) for value in values]
    counts = sweeps.sizes_in_words(means.ours)
    return sweep_panels.bars(panel, means, names, colours=colours_of(values), counts=counts)


def draw() -> Drawn:
    figure, axes = pages.page_of_blocks(BLOCKS, 6.0)
    rows = sweep_panels.refractory_panels(
        axes["A-main"],
        axes["A-inset"],
        all_ms=sweeps.fresh_performance(refractory, published, "A-main"),
        few_ms=sweeps.fresh_performance(refractory, published, "A-inset"),
        inset_ms=(0, 5),
    )
    rows += draw_bars(axes["B"], filters, "Synaptic filter", sweep_panels.filter_colours)
    rows += draw_bars(axes["C"], gains, "Gain g", sweep_panels.gain_colours)
    pages.name_panels(axes, {"A": "A-main", "B": "B", "C": "C"})
    bars = "{sweep_note}; bars: ±1 SD over networks. "
    note = bars + "A: {searched}. B: {filter_test}. C: {gain_test}."
    return Drawn(figure, rows, note.format(**facts))


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
files.write_csv(sweeps.table_of_tests("6", [filter_test, gain_test]), snakemake.output.tests)
log.info("drawn from %s", drawn.facts)
