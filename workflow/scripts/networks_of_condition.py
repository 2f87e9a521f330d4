"""One row per network of a condition: its training, its rate network on fresh trials, its search,
its fresh spiking trials."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike.analysis import tables
from rate2spike.analysis.trial_table import NETWORK_KEYS
from rate2spike.files import read_csv, write_csv

inputs, wildcards = snakemake.input, snakemake.wildcards


def stack(files) -> pd.DataFrame:
    """The rows of several CSV files. One without rows has no types to be stacked with."""
    tables = [read_csv(file) for file in files]
    filled = [table for table in tables if len(table)]
    return pd.concat(filled or tables[:1], ignore_index=True)


condition = {
    "name": snakemake.params.name,
    "other_names": snakemake.params.other_names,
    "task": wildcards.task,
    "condition": wildcards.condition,
    "neuron": wildcards.neuron,
}
trained = stack(inputs.networks).drop(columns="model")
rates = tables.with_rate_interval(stack(inputs.rates))
choices = stack(inputs.choices)
held_out = pd.concat([pd.read_parquet(file) for file in inputs.held_out], ignore_index=True)
networks = pd.DataFrame([condition]).merge(trained, how="cross")
networks = networks.merge(rates, on="network", how="left")
networks = networks.merge(choices, on="network", how="left")
networks = networks.merge(tables.held_out_accuracy(held_out), on=NETWORK_KEYS, how="left")
write_csv(networks.astype(dict.fromkeys(tables.COUNTS, "Int64")), snakemake.output[0])
for row in networks[networks.on_edge.eq(True)].itertuples():
    log.info(
        "%s: the chosen factor %g lies on the edge of the grid", row.network, row.scaling_factor
    )
