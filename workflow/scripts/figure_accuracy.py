"""Accuracy of every network on fresh trials: the rate network and the spiking network made from
it."""

import job

log = job.start(snakemake)

import reading
from rate2spike import plotting
from rate2spike.analysis import describe
from rate2spike.figures import accuracy, pages, panels
from rate2spike.figures.publish import Drawn, publish

networks = reading.shown(snakemake)
facts = describe.networks(networks)
KINDS = (("rate", "rate", plotting.RATE, -0.17), ("spiking", "held_out", plotting.SPIKING, 0.17))


def draw() -> Drawn:
    placed, conditions = describe.slots(networks)
    last_slot = conditions.end.max()
    figure, panel = accuracy.accuracy_page(last_slot)
    rows = []
    for kind, column, colour, shift in KINDS:
        points = panels.with_interval(
            panel,
            placed.slot + shift,
            100 * placed[f"{column}_accuracy"],
            low=100 * placed[f"{column}_ci_low"],
            high=100 * placed[f"{column}_ci_high"],
            series=placed["name"] + ", " + placed.network + f", {kind}",
            colour=colour,
            legend=kind,
        )
        rows.append(points)
    accuracy.finish_accuracy(panel.axes, conditions.centre, conditions.text, last_slot)
    pages.legend_above(figure, [panel.axes])
    return Drawn(figure, rows, accuracy.ACCURACY_NOTE.format(**facts))


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
