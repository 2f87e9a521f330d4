"""Fig. 6: refractory period, synaptic filter and gain, contextual integration."""

import job

log = job.start(snakemake)

from pathlib import Path

import reading
from rate2spike import files
from rate2spike.figures import panels, publish
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.figures.sweeps import Block
from rate2spike.paper import sweeps

points, published = reading.points(snakemake), reading.published(snakemake)
refractory, filters, gains = (
    sweeps.of_role(points, role) for role in ("refractory", "filters", "gains")
)
filters = sweeps.by_filter(filters)
comparisons = {
    "filter_test": sweeps.Comparison(
        "B", "synaptic filters, spiking performance", filters, "search_accuracy"
    ),
    "gain_test": sweeps.Comparison("C", "gains, spiking performance", gains, "search_accuracy"),
}
facts = sweeps.describe(points) | {
    name: comparison.in_words() for name, comparison in comparisons.items()
}
facts["searched"] = sweeps.searched_in_words(refractory)
BLOCKS = [Block(3.7, [["A-inset"], ["A-main"]], heights=[1, 1.7]), Block(2.5, [["B", "C"]], [1, 2])]


def draw_bars(panel, rows, x_label: str, colours) -> list:
    values = list(sweeps.by_x(rows))
    means = sweeps.spiking_performance(rows, published, panel.get_label(), values)
    panels.label(panel, x_label, "Spiking performance (%)")
    names, counts = [str(x) for x in values], sweeps.sizes_in_words(means.ours)
    return sweep_figures.bars(panel, means, names, colours=colours(values), counts=counts)


def draw():
    figure, axes = sweep_figures.page_of_blocks(BLOCKS, 6.0)
    all_ms, few_ms = (
        sweeps.fresh_performance(refractory, published, panel) for panel in ("A-main", "A-inset")
    )
    where = {"all_ms": all_ms, "few_ms": few_ms, "inset_ms": (0, 5)}
    drawn = sweep_figures.refractory_panels(axes["A-main"], axes["A-inset"], **where)
    drawn += draw_bars(axes["B"], filters, "Synaptic filter", sweep_figures.filter_colours)
    drawn += draw_bars(axes["C"], gains, "Gain g", sweep_figures.gain_colours)
    sweep_figures.name_panels(axes, {"A": "A-main", "B": "B", "C": "C"})
    line = (
        "{sweep_note}; bars: ±1 SD over networks. A: {searched}. B: {filter_test}. C: {gain_test}."
    )
    return figure, drawn, line.format(**facts)


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
files.write_csv(sweeps.table_of_tests("6", comparisons.values()), snakemake.output.tests)
log.info("drawn from %s", facts)
