"""Simulate one shard: every network of a block at one scaling factor."""

import job

log = job.start(snakemake)

from rate2spike import conversion
from rate2spike.trials import write_trials

wildcards = snakemake.wildcards
simulation, n_trials = job.simulation(snakemake), snakemake.params.trials
factor = float(wildcards.factor)
rows = []
for network, model in job.trained_models(snakemake.input.models, snakemake.input.networks):
    trials = conversion.score_network(simulation, model, job.stream_name(wildcards, network), factor, n_trials)
    log.info("%s at 1/lambda = %g: accuracy %.2f", network, factor, trials["correct"].mean())
    rows.append(trials | job.names(wildcards, network))
write_trials(rows, snakemake.output[0])
