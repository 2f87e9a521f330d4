"""Simulate shards: every network of a block at one scaling factor each."""

import job

log = job.start(snakemake)

import time
from pathlib import Path

from rate2spike.analysis.trial_table import write_trials

simulation = job.simulation(snakemake)
models = dict(job.trained_models(snakemake.input.models, snakemake.input.networks))
written = job.STARTED
for shard in snakemake.output:
    words = Path(shard).stem.removeprefix("factor_")
    factors = dict.fromkeys(models, float(words))
    rows = job.scored_rows(snakemake, simulation, models, factors, log)
    made = job.provenance(snakemake, since=written) | {"factor": words}
    write_trials(rows, shard, made)
    written = time.monotonic()
