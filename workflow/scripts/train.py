"""Train one block of networks of one condition."""

import job

log = job.start(snakemake)

from rate2spike import train
from rate2spike.config import RateConfig, TrainingConfig, from_mapping
from rate2spike.tasks import find_task

wildcards, params = snakemake.wildcards, snakemake.params
networks = [f"seed_{seed}" for seed in params.seeds]
training = from_mapping(TrainingConfig, params.training)
with job.progress(len(networks) * training.max_trials, f"train {wildcards.task} {wildcards.block}", "trials") as progress:
    results = train.train_block(
        find_task(wildcards.task, params.user_tasks),
        from_mapping(RateConfig, params.network),
        training,
        study_seed=params.study_seed,
        networks=[job.stream_name(wildcards, network) for network in networks],
        threads=snakemake.threads,
        progress=progress,
        device=params.device,
    )
train.save_block(snakemake.output[0], networks, results, keep_traces=params.keep_traces, provenance=job.provenance(snakemake))
