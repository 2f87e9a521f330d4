"""Write converted models: a copy of each model file with the results of the search, as the
published code appends them."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

from rate2spike import matfile, provenance
from rate2spike.files import read_csv, replacing

inputs = snakemake.input
networks = read_csv(inputs.networks)
choice = read_csv(inputs.choice).set_index("network")
accuracy = read_csv(inputs.accuracy)
held_out = pd.read_parquet(inputs.held_out).groupby("network").correct.mean()
made = job.provenance(snakemake)
with replacing(snakemake.output[0]) as folder:
    folder.mkdir()
    for network in networks.network[networks.converged]:
        source = Path(inputs.models) / f"{network}.mat"
        curve = accuracy[accuracy.network == network]
        matfile.save_converted(
            folder / f"{network}.mat",
            source,
            opt_scaling_factor=choice.scaling_factor[network],
            all_perfs=curve.accuracy,
            scaling_factors=curve.scaling_factor,
            held_out=held_out[network],
            provenance={"source": provenance.model_facts(source), "conversion": made},
        )
