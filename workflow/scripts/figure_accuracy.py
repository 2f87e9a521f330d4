"""Accuracy of every network on fresh trials: the rate network and the spiking network made from it."""

import job

log = job.start(snakemake)

from pathlib import Path

import reading
from rate2spike import plotting
from rate2spike.analysis import describe
from rate2spike.figures import pages, publish

networks = reading.shown(snakemake)
facts = describe.describe_networks(networks)
KINDS = (("rate", "rate", plotting.RATE, -0.17), ("spiking", "held_out", plotting.SPIKING, 0.17))


def draw():
    placed, conditions = describe.slots(networks)
    figure, axes = pages.accuracy_page(conditions.end.max())
    drawn = []
    for kind, column, colour, shift in KINDS:
        percent = (
            100
            * placed[[f"{column}_accuracy", f"{column}_ci_low", f"{column}_ci_high"]]
            .to_numpy(float)
            .T
        )
        series = placed["name"] + ", " + placed.network + f", {kind}"
        drawn.append(
            pages.with_interval(
                axes, placed.slot + shift, *percent, series=series, colour=colour, legend=kind
            )
        )
    pages.finish_accuracy(axes, conditions.centre, conditions.words, conditions.end.max())
    pages.legend_above(figure, [axes])
    return figure, drawn, pages.ACCURACY_NOTE.format(**facts)


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
