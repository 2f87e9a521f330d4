"""Simulate one shard: every network of a block at one scaling factor."""

import job

log = job.start(snakemake)

from rate2spike import conversion
from rate2spike.analysis.trial_table import write_trials

wildcards = snakemake.wildcards
simulation, n_trials = job.simulation(snakemake), snakemake.params.trials
factor = float(wildcards.factor)
networks, models = job.streams_of(snakemake)
scored = conversion.score_networks(simulation, models, dict.fromkeys(models, factor), n_trials)
rows = []
for network, trials in zip(networks, scored.values(), strict=True):
    log.info("%s at 1/lambda = %g: accuracy %.2f", network, factor, trials["correct"].mean())
    rows.append(trials | job.names(wildcards, network))
write_trials(rows, snakemake.output[0], job.provenance(snakemake))
