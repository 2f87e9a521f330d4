"""The refined networks of the study in one long table."""

import job

log = job.start(snakemake)

from rate2spike.analysis import tables
from rate2spike.files import write_csv

refined = tables.stack_refined(snakemake.input)
write_csv(refined, snakemake.output[0])
on_edge = refined[refined.on_edge]
for name, rows in on_edge.groupby(["task", "condition", "neuron"], sort=False):
    log.info("%s: for %d networks a factor lies on the edge of its grid", "/".join(name), len(rows))
