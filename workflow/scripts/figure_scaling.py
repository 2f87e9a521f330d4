"""Accuracy against the scaling factor for every condition, and accuracy on fresh trials at the
factor chosen for each network."""

import job

log = job.start(snakemake)

import reading
from rate2spike import plotting
from rate2spike.analysis import describe
from rate2spike.figures import accuracy, pages
from rate2spike.figures.publish import Drawn, publish
from rate2spike.files import read_csv

curves = read_csv(snakemake.input.accuracy)
networks = reading.shown(snakemake)
facts = describe.networks(networks)


def draw() -> Drawn:
    conditions = list(networks.groupby(describe.CONDITION, sort=False))
    names = [describe.condition_name(rows) for _, rows in conditions]
    figure, pairs = accuracy.scaling_page(names)
    drawn = []
    with_networks = []
    for (key, rows), pair in zip(conditions, pairs, strict=True):
        trained = rows[rows.converged.astype(bool)]
        of_condition = curves[(curves[describe.CONDITION] == list(key)).all(axis=1)]
        for i, network in enumerate(trained.itertuples()):
            curve = of_condition[of_condition.network == network.network]
            colour = plotting.shade(i, len(trained))
            drawn += accuracy.draw_network(pair, i, network, curve, colour=colour)
        if trained.empty:
            reason = f"no network of this condition reached criterion (0 of {len(rows)})"
            pages.empty_panel(pair.search.axes, reason)
            pair.fresh.axes.set_axis_off()
        else:
            with_networks.append(pair)
    accuracy.finish_scaling(with_networks)
    return Drawn(figure, drawn, accuracy.SCALING_NOTE.format(**facts))


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
