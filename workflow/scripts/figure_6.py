"""Fig. 6: refractory period, synaptic filter and gain, contextual integration."""

import job

log = job.start(snakemake)

from pathlib import Path

import reading
from rate2spike import figures, sweep_figures, sweeps
from rate2spike.sweep_figures import Block

points, published = reading.points(snakemake), reading.published(snakemake)
refractory, filters, gains = (sweeps.of_role(points, role) for role in ("refractory", "filters", "gains"))
tests = {
    f"{name}_test": sweeps.comparison_in_words(rows, "search_accuracy") for name, rows in (("filter", filters), ("gain", gains))
}
facts = sweeps.describe(points) | tests
BLOCKS = [Block(3.7, [["A-inset"], ["A-main"]], heights=[1, 1.7]), Block(2.5, [["B", "C"]], [1, 2])]


def draw_refractory(axes) -> list:
    (ours, main), (_, inset) = (sweeps.at_given_factor(refractory, published, f"A-{part}") for part in ("main", "inset"))
    beyond, within = (ours.x <= 0) | (ours.x >= 5), ours.x.between(0, 5)
    numbers = {"main": (ours[beyond], main), "inset": (ours[within], inset)}
    return sweep_figures.refractory_panels(axes["A-main"], axes["A-inset"], numbers, inset_ms=(0, 5))


def draw_bars(axes, rows, panel: str, names, at, colours) -> list:
    means = sweeps.spiking_performance(rows, published, panel, at)
    return sweep_figures.bars(axes[panel], means, names, colours=colours, counts=sweeps.sizes_in_words(means.ours))


def draw():
    figure, axes = sweep_figures.page_of_blocks(BLOCKS, 6.0)
    drawn = draw_refractory(axes)
    for panel, x_label in (("B", "Synaptic filter"), ("C", "Gain g")):
        figures.label(axes[panel], x_label, "Spiking performance (%)")
    kinds, values = ["Single" if x == 0 else "Double" for x in sweeps.by_x(filters)], list(sweeps.by_x(gains))
    drawn += draw_bars(axes, filters, "B", kinds, kinds, [sweep_figures.FILTERS[kind] for kind in kinds])
    drawn += draw_bars(axes, gains, "C", [str(x) for x in values], values, sweep_figures.gain_colours(len(values)))
    sweep_figures.name_panels(axes, {"A": "A-main", "B": "B", "C": "C"})
    return figure, drawn, "{sweep_note}; bars: ±1 SD over networks. B: {filter_test}. C: {gain_test}.".format(**facts)


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
