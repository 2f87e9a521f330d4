"""Write one .mat per network that reached criterion, the table of all networks of the block, and
their training curves."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike import matfile, provenance
from rate2spike.files import replacing, write_csv
from rate2spike.rate import block_file

wildcards, params, output = snakemake.wildcards, snakemake.params, snakemake.output
block = block_file.load_block(snakemake.input.block)
made = provenance.read(snakemake.input.block) or {}
rows = []
curves = []
with replacing(output.models) as folder:
    folder.mkdir()
    for name, seed in zip(block, params.seeds, strict=True):
        model, record = block[name]
        stream = job.stream_name(wildcards, name)
        curve = pd.DataFrame(record.curve, columns=["trial", "loss", "accuracy"])
        curves.append(curve.assign(network=name))
        row = {
            "network": name,
            "converged": record.converged,
            "training_trials": record.trials,
            "training_loss": record.curve[-1, 1],
            "training_accuracy": record.curve[-1, 2],
            "model": None,
        }
        if record.converged:
            file = folder / f"{name}.mat"
            matfile.save(file, model, record, made | {"seed": seed, "stream": stream})
            row["model"] = matfile.fingerprint(file)
        else:
            log.warning(
                "%s did not reach criterion: recorded as failed, no model file; its loss and "
                "accuracy: %s; the log: results/logs/train/%s/%s/%s.log",
                stream,
                output.curves,
                wildcards.task,
                wildcards.condition,
                wildcards.block,
            )
        rows.append(row | job.network_columns(model))
write_csv(pd.DataFrame(rows), output.networks)
write_csv(pd.concat(curves), output.curves)
