"""All trials in one tidy table, and what follows from it by network and by condition."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike import tables

inputs, output = snakemake.input, snakemake.output
settings = pd.DataFrame(snakemake.params.places, columns=["name", "task", "condition", "neuron"])
keys = tables.NETWORK_KEYS


def gather(files, depth: int) -> pd.DataFrame:
    """Stack CSV files; task, condition and, at depth 3, neuron come from the path."""
    tables = []
    for file in files:
        parts = dict(zip(keys, file.removesuffix("_accuracy.csv").removesuffix(".csv").split("/")[2 : 2 + depth], strict=False))
        tables.append(pd.read_csv(file, dtype={"network": str}).assign(**parts))
    return pd.concat(tables, ignore_index=True)


tables.stack_trials({"search": inputs.shards, "held out": inputs.held_out}, output.trials)
tables.write_csv(gather(inputs.accuracies, 3), output.accuracy)
tables.write_csv(gather(inputs.curves, 2).astype({"trial": int}), output.curves)
fresh = tables.held_out_accuracy(pd.concat([pd.read_parquet(f) for f in inputs.held_out], ignore_index=True))
rates = tables.with_rate_interval(gather(inputs.rates, 2))
networks = settings.merge(gather(inputs.networks, 2), on=["task", "condition"])
networks = networks.merge(rates, on=["task", "condition", "network"], how="left")
networks = networks.merge(gather(inputs.choices, 3), on=keys, how="left").merge(fresh, on=keys, how="left")
# counts stay whole numbers where other networks have none
counts = dict.fromkeys(["training_trials", "rate_trials", "search_trials", "held_out_trials"], "Int64")
tables.write_csv(networks.astype(counts), output.networks)
summary = tables.summary_by_condition(networks)
tables.write_csv(summary, output.summary)
tables.write_html(summary, output.html)
for row in networks[networks.on_edge.eq(True)].itertuples():
    log.warning(
        "%s, %s: the chosen factor %g lies on the edge of the grid; widen search.scaling_factors",
        row.name,
        row.network,
        row.scaling_factor,
    )
