"""Simulate one shard: every network of a block at one scaling factor."""

import job

log = job.start(snakemake)

from rate2spike.analysis.trial_table import write_trials

wildcards = snakemake.wildcards
factor = float(wildcards.factor)
models = dict(job.trained_models(snakemake.input.models, snakemake.input.networks))
factors = dict.fromkeys(models, factor)
scored = job.score_block(snakemake, job.simulation(snakemake), models, factors)
rows = []
for network, trials in scored.items():
    log.info("%s at 1/lambda = %g: accuracy %.2f", network, factor, trials["correct"].mean())
    rows.append(trials | job.names(wildcards, network))
write_trials(rows, snakemake.output[0], job.provenance(snakemake))
