"""Accuracy of every network at every scaling factor, and the factor of the highest accuracy."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike import conversion, tables

factors = list(snakemake.params.scaling_factors)
columns = ["network", "scaling_factor", "correct", "correct_strict"]
accuracy = tables.accuracy_by_factor(pd.concat([pd.read_parquet(shard, columns=columns) for shard in snakemake.input.shards]))
choices = []
for network, curve in accuracy.groupby("network"):
    values = curve.set_index("scaling_factor").accuracy.reindex(factors).to_numpy()
    choice = conversion.choose_factor(factors, values)
    if choice.on_edge:
        log.info("%s: chosen factor %g on the edge of the grid", network, choice.scaling_factor)
    choices.append([network, *choice, values.max(), curve.n_trials.iloc[0]])
columns = ["network", "scaling_factor", "on_edge", "search_accuracy", "search_trials"]
tables.write_csv(pd.DataFrame(choices, columns=columns), snakemake.output.choice)
tables.write_csv(accuracy, snakemake.output.accuracy)
