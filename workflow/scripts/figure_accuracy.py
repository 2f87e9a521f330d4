"""Accuracy of every network on fresh trials: the rate network and the spiking network made from it."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

from rate2spike import analysis, figures

networks = pd.read_csv(snakemake.input.networks, dtype={"network": str})
facts = analysis.describe_networks(networks)
KINDS = (("rate", "rate", figures.RATE, -0.17), ("spiking", "held_out", figures.SPIKING, 0.17))


def draw():
    placed, conditions = analysis.slots(networks)
    figure, axes = figures.accuracy_page(conditions.task.unique(), conditions.end.max())
    drawn = []
    for task, panel in axes.items():
        of_task, groups = placed[placed.task == task], conditions[conditions.task == task]
        for kind, column, colour, shift in KINDS:
            percent = 100 * of_task[[f"{column}_accuracy", f"{column}_ci_low", f"{column}_ci_high"]].to_numpy(float).T
            series = of_task["name"] + ", " + of_task.network + f", {kind}"
            drawn.append(figures.with_interval(panel, of_task.slot + shift, *percent, series=series, colour=colour, legend=kind))
        figures.finish_accuracy(panel, groups.centre, groups.words, conditions.end.max())
    figures.share_range(axes.values())
    figures.legend_above(figure, axes.values())
    return figure, drawn, figures.ACCURACY_NOTE.format(**facts)


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
