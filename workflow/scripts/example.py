"""Record the example network of a condition: the one most accurate on fresh trials, the first of equals."""

import job

log = job.start(snakemake)

import numpy as np
import pandas as pd

from rate2spike import conversion
from rate2spike.files import replacing

inputs, wildcards = snakemake.input, snakemake.wildcards
networks = pd.concat([pd.read_csv(table, dtype={"network": str}) for table in inputs.networks])
recording = {"n_networks": int(networks.converged.sum()), "n_attempted": len(networks)}
recording["condition"] = f"{wildcards.task}, {wildcards.condition}"
recording["given"] = snakemake.params.given
if recording["n_networks"]:
    held_out = pd.concat([pd.read_parquet(table) for table in inputs.held_out])
    accuracy = held_out.groupby("network").correct.mean().reindex(networks.network[networks.converged])
    best = str(accuracy.idxmax())
    factor = pd.read_csv(inputs.choice, dtype={"network": str}).set_index("network").scaling_factor[best]
    pairs = zip(inputs.models, inputs.networks, strict=True)
    model = next(m for models, table in pairs for name, m in job.trained_models(models, table) if name == best)
    log.info("the example is %s at 1/lambda = %g, accuracy on fresh trials %.2f", best, factor, accuracy[best])
    name = job.stream_name(wildcards, best)
    recording |= conversion.example_recordings(job.simulation(snakemake), model, name, float(factor))
    recording |= {"network": np.array(best), "held_out_accuracy": accuracy[best]}
else:
    log.warning("no network of %s, %s reached criterion: nothing to record", wildcards.task, wildcards.condition)
with replacing(snakemake.output[0]) as temporary:
    np.savez_compressed(temporary, **recording)
