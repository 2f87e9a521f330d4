"""Simulate shards: every network of a block at one scaling factor each."""

import job

log = job.start(snakemake)

import time
from pathlib import Path

from rate2spike.analysis.trial_table import write_trials

wildcards = snakemake.wildcards
simulation = job.simulation(snakemake)
models = dict(job.trained_models(snakemake.input.models, snakemake.input.networks))
written = job.STARTED
for shard in snakemake.output:
    words = Path(shard).stem.removeprefix("factor_")
    factor = float(words)
    factors = dict.fromkeys(models, factor)
    scored = job.score_block(snakemake, simulation, models, factors)
    rows = []
    for network, trials in scored.items():
        log.info("%s at 1/lambda = %g: accuracy %.2f", network, factor, trials["correct"].mean())
        rows.append(trials | job.names(wildcards, network))
    made = job.provenance(snakemake, since=written) | {"factor": words}
    write_trials(rows, shard, made)
    written = time.monotonic()
