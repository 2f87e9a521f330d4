"""Write one .mat per network that reached criterion, the table of all networks of the block, and
their training curves."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike import matfile, provenance
from rate2spike.files import replacing, write_csv
from rate2spike.rate import block_file

wildcards, params, output = snakemake.wildcards, snakemake.params, snakemake.output
rows, curves = [], []
made = provenance.read(snakemake.input.block) or {}
with replacing(output.models) as folder:
    folder.mkdir()
    for (name, (model, record)), seed in zip(
        block_file.load_block(snakemake.input.block).items(), params.seeds, strict=True
    ):
        stream = job.stream_name(wildcards, name)
        row = {"network": name, "converged": record.converged, "training_trials": record.trials}
        row |= {
            "training_loss": record.curve[-1, 1],
            "training_accuracy": record.curve[-1, 2],
            "model": None,
        }
        curves.append(
            pd.DataFrame(record.curve, columns=["trial", "loss", "accuracy"]).assign(network=name)
        )
        if record.converged:
            matfile.save(
                folder / f"{name}.mat", model, record, made | {"seed": seed, "stream": stream}
            )
            row["model"] = matfile.fingerprint(folder / f"{name}.mat")
        else:
            log.warning("%s did not reach criterion: recorded as failed, no model file", stream)
        rows.append(row | job.made_of(model))
write_csv(pd.DataFrame(rows), output.networks)
write_csv(pd.concat(curves), output.curves)
