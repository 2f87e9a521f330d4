"""Fresh trials of every rate network of a block, to set beside those of the spiking network made
from it."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike.files import write_csv
from rate2spike.rate import train
from rate2spike.tasks import find_task

wildcards, params = snakemake.wildcards, snakemake.params
task = find_task(wildcards.task, params.user_tasks)
rows = []
for network, model in job.trained_models(snakemake.input.models, snakemake.input.networks):
    fresh = train.evaluate(
        model,
        model.weights,
        task,
        study_seed=params.study_seed,
        purpose="rate held out",
        words=(job.stream_name(wildcards, network),),
        n_trials=params.trials,
        device=params.device,
    )
    log.info("%s: accuracy of the rate network on fresh trials %.2f", network, fresh.accuracy)
    rows.append([network, fresh.accuracy, params.trials])
table = pd.DataFrame(rows, columns=["network", "rate_accuracy", "rate_trials"])
write_csv(table, snakemake.output[0])
