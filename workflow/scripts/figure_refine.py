"""What the refinement does to the networks of each condition: fresh trials of the published
conversion and of each step, paired differences with their intervals."""

import job

log = job.start(snakemake)

import reading
from rate2spike.analysis import before_after, describe
from rate2spike.figures import before_after as drawing
from rate2spike.figures.publish import Drawn, publish
from rate2spike.files import read_csv, write_csv

networks = reading.shown(snakemake)
refined = read_csv(snakemake.input.refined)
pairs = before_after.network_pairs(networks, refined)
table = before_after.paired(networks, pairs)
facts = describe.networks(networks) | before_after.describe(table, refined)


def draw() -> Drawn:
    figure = drawing.draw(table, pairs)
    return Drawn(figure, [table], drawing.NOTE_BELOW.format(**facts))


drawn = publish(
    draw,
    facts,
    caption=snakemake.input.caption,
    output=snakemake.output,
    columns=before_after.PAIRED_COLUMNS,
)
write_csv(pairs, snakemake.output.pairs, float_format="%.9g")
log.info("drawn from %s", drawn.facts)
