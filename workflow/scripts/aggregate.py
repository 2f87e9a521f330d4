"""All trials in one tidy table, and the tables of all networks, curves and conditions."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike import provenance
from rate2spike.analysis import tables
from rate2spike.analysis.trial_table import NETWORK_KEYS
from rate2spike.files import read_csv, write_csv

inputs, output = snakemake.input, snakemake.output


def gather(files, depth: int) -> pd.DataFrame:
    """Stack CSV files; task, condition and, at depth 3, neuron come from the path."""
    stacked = []
    for file in files:
        place = file.removesuffix("_accuracy.csv").removesuffix(".csv").split("/")[2 : 2 + depth]
        columns = dict(zip(NETWORK_KEYS, place, strict=False))  # at depth 2 without the neuron
        stacked.append(read_csv(file).assign(**columns))
    return pd.concat(stacked, ignore_index=True)


def by_network(accuracy: pd.DataFrame) -> pd.DataFrame:
    """The rows of each condition in the order of its networks' names, whatever its blocks."""
    turn = accuracy.groupby(NETWORK_KEYS[:3], sort=False).ngroup()
    rows = accuracy.assign(turn=turn).sort_values(["turn", "network"], kind="stable")
    return rows.drop(columns="turn")


files_of_trials = {"search": inputs.shards, "held out": inputs.held_out}
made = provenance.together(map(provenance.read, [*inputs.shards, *inputs.held_out]))
made["rule"] = snakemake.rule
tables.stack_trials(files_of_trials, output.trials, made)
write_csv(by_network(gather(inputs.accuracies, 3)), output.accuracy)
write_csv(gather(inputs.curves, 2).astype({"trial": int}), output.curves)
networks = tables.read_networks(inputs.networks)
write_csv(networks, output.networks)
summary = tables.summary_by_condition(networks)
write_csv(summary, output.summary)
tables.write_html(summary, output.html)
for row in summary[summary.n_on_edge > 0].itertuples():
    log.warning(
        "%s: for %d of %d networks the chosen factor lies on the edge of the grid; "
        "widen search.scaling_factors",
        row.name,
        row.n_on_edge,
        row.n_trained,
    )
