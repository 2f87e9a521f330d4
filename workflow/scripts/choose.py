"""Accuracy of every network at every scaling factor, and the factor of the highest; or the factors
of another condition."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike import conversion
from rate2spike.analysis import tables
from rate2spike.files import read_csv, write_csv

factors = list(snakemake.params.scaling_factors)
if snakemake.input.other:
    accuracy = pd.DataFrame(columns=tables.ACCURACY_COLUMNS)
    taken = read_csv(snakemake.input.other[0])
    choices = taken[["network", "scaling_factor"]].reindex(columns=tables.CHOICE_COLUMNS)
else:
    columns = ["network", "scaling_factor", "correct", "correct_strict"]
    shards = [pd.read_parquet(shard, columns=columns) for shard in snakemake.input.shards]
    accuracy = tables.accuracy_by_factor(pd.concat(shards))
    rows = []
    for network, curve in accuracy.groupby("network"):
        values = curve.set_index("scaling_factor").accuracy.reindex(factors).to_numpy()
        choice = conversion.choose_factor(factors, values)
        if choice.on_edge:
            log.info("%s: chosen factor %g on the edge of the grid", network, choice.scaling_factor)
        rows.append([network, *choice, values.max(), curve.n_trials.iloc[0]])
    choices = pd.DataFrame(rows, columns=tables.CHOICE_COLUMNS)
write_csv(choices, snakemake.output.choice)
write_csv(accuracy, snakemake.output.accuracy)
