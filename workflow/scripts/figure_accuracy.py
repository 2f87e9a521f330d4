"""Accuracy of every network on fresh trials: the rate network and the spiking network made from it."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np
import pandas as pd

from rate2spike import analysis, figures

networks = pd.read_csv(snakemake.input.networks, dtype={"network": str})
facts = analysis.describe_networks(networks)
KINDS = (("rate", "rate", figures.RATE, -0.17), ("spiking", "held_out", figures.SPIKING, 0.17))


def draw():
    figure, axes = figures.page(
        [[task] for task in networks.task.unique()], *figures.accuracy_size(networks.groupby("task").size())
    )
    drawn, last = [], []
    for task, of_task in networks.groupby("task", sort=False):
        figures.label(axes[task], "Networks by condition", "Correct trials (%)", task)
        first, centres, names = 0, [], []
        for _, rows in of_task.groupby(["condition", "neuron"], sort=False):
            trained = rows[rows.converged.astype(bool)]
            at = first + np.arange(len(trained))
            name = analysis.condition_name(rows)
            for kind, column, colour, shift in KINDS:
                percent = 100 * trained[[f"{column}_accuracy", f"{column}_ci_low", f"{column}_ci_high"]].to_numpy(float).T
                series = [f"{name}, {network}, {kind}" for network in trained.network]
                drawn.append(figures.with_interval(axes[task], at + shift, *percent, series=series, colour=colour, legend=kind))
            width = max(len(trained), 2)
            centres.append(first + (len(trained) - 1) / 2 if len(trained) else first + 0.5)
            names.append(f"{name}\n{len(trained)} of {len(rows)} trained")
            first += width + 1
        figures.criterion(axes[task])
        figures.group_ticks(axes[task], centres, names)
        figures.set_range(axes[task], y=(80, 100.5))
        last.append(first - 1.2)
    for panel in axes.values():
        figures.set_range(panel, x=(-0.8, max(last)))
    figures.legend_above(figure, axes.values())
    return figure, drawn, figures.ACCURACY_NOTE.format(**facts)


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
