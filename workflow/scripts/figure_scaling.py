"""Accuracy against the scaling factor for every condition, and accuracy on fresh trials at the
factor chosen for each network."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

import reading
from rate2spike import plotting
from rate2spike.analysis import describe
from rate2spike.figures import pages, publish
from rate2spike.figures import panels as panels_module

KEYS = ["task", "condition", "neuron"]
curves = pd.read_csv(snakemake.input.accuracy, dtype={"network": str})
networks = reading.shown(snakemake)
facts = describe.describe_networks(networks)


def draw():
    conditions = list(networks.groupby(KEYS, sort=False))
    figure, panels = pages.scaling_page([describe.condition_name(rows) for _, rows in conditions])
    drawn = []
    for (key, rows), (search, fresh) in zip(conditions, panels, strict=True):
        trained = rows[rows.converged.astype(bool)]
        of_condition = curves[(curves[KEYS] == list(key)).all(axis=1)]
        for i, row in enumerate(trained.itertuples()):
            colour = plotting.shade(i, len(trained))
            c = of_condition[of_condition.network == row.network].sort_values("scaling_factor")
            percent = 100 * c[["accuracy", "ci_low", "ci_high"]].to_numpy().T
            drawn.append(
                panels_module.accuracy_curves(
                    search,
                    c.scaling_factor,
                    *percent,
                    row.scaling_factor,
                    series=row.network,
                    colour=colour,
                )
            )
            point = [
                [100 * value]
                for value in (row.held_out_accuracy, row.held_out_ci_low, row.held_out_ci_high)
            ]
            drawn.append(pages.with_interval(fresh, [i], *point, series=row.network, colour=colour))
        if trained.empty:
            pages.words(
                search, f"no network of this condition reached criterion (0 of {len(rows)})"
            )
            fresh.set_axis_off()
    pages.finish_scaling([pair for pair in panels if pair[1].axison])
    return figure, drawn, pages.SCALING_NOTE.format(**facts)


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
