"""Check models trained elsewhere and let them into the workflow after the training step."""

import job

log = job.start(snakemake)

import shutil
from pathlib import Path

import pandas as pd

from rate2spike import matfile
from rate2spike.files import replacing, write_csv
from rate2spike.tasks import find_task

wildcards, params, output = snakemake.wildcards, snakemake.params, snakemake.output
task = find_task(wildcards.task, params.user_tasks)
rows = []
with replacing(output.models) as folder:
    folder.mkdir()
    for file in map(Path, snakemake.input.files):
        model = matfile.load(file)
        if model.n_inputs != task.n_inputs:
            raise matfile.ModelFileError(
                f"{file}: key 'w_in': expected {task.n_inputs} input column(s) "
                f"for task {task.name}, got {model.n_inputs}"
            )
        matfile.warn_of_lost(file)  # now, and not after the search
        matfile.warn_of_gains(file, model)
        row = {"network": file.stem, "converged": True}
        row |= dict.fromkeys(matfile.TRAINING) | matfile.training_facts(file)
        row["model"] = matfile.fingerprint(file)
        rows.append(row | job.network_columns(model))
        shutil.copyfile(file, folder / f"{file.stem}.mat")
write_csv(pd.DataFrame(rows), output.networks)
write_csv(pd.DataFrame(columns=["trial", "loss", "accuracy", "network"]), output.curves)
