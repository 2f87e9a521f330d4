"""Train one block of networks of one condition."""

import job

log = job.start(snakemake)

from pathlib import Path

from rate2spike.config import RateConfig, TrainingConfig, from_mapping
from rate2spike.rate import block_file, side_by_side
from rate2spike.tasks import find_task

wildcards, params = snakemake.wildcards, snakemake.params
networks = [f"seed_{seed}" for seed in params.seeds]
# what the weights are made of; networks of another block with the same are taken from there
settings = {key: value for key, value in params.items() if key not in ("seeds", "user_tasks")}
made_by = job.settings_fingerprint(settings)
results = block_file.already_trained(Path(snakemake.output[0]).parent, networks, made_by)
new = [network for network in networks if network not in results]
training = from_mapping(TrainingConfig, params.training)
n_trials = len(new) * training.max_trials
with job.progress(n_trials, f"train {wildcards.task} {wildcards.block}", "trials") as progress:
    trained = side_by_side.train_block(
        find_task(wildcards.task, params.user_tasks),
        from_mapping(RateConfig, params.network),
        training,
        study_seed=params.study_seed,
        networks=[job.stream_name(wildcards, network) for network in new],
        threads=snakemake.threads,
        progress=progress,
        device=params.device,
    )
provenance = job.provenance(snakemake)
provenance["trained_in_another_block"] = [name for name in networks if name not in new]
results |= dict(zip(new, trained, strict=True))
block_file.save_block(
    snakemake.output[0],
    networks,
    [results[network] for network in networks],
    keep_traces=params.keep_traces,
    made_by=made_by,
    provenance=provenance,
)
