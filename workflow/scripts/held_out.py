"""Fresh trials of every network at its chosen scaling factor: what the search's best of the grid is
worth."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike import conversion
from rate2spike.analysis.trial_table import write_trials

wildcards = snakemake.wildcards
simulation, n_trials = job.simulation(snakemake), snakemake.params.trials
factors = (
    pd.read_csv(snakemake.input.choice, dtype={"network": str}).set_index("network").scaling_factor
)
networks, models = job.streams_of(snakemake)
chosen = {stream: factors[network] for network, stream in zip(networks, models, strict=True)}
scored = conversion.score_networks(
    simulation._replace(purpose="held out"), models, chosen, n_trials
)
rows = []
for network, trials in zip(networks, scored.values(), strict=True):
    log.info(
        "%s at 1/lambda = %g: accuracy on fresh trials %.2f",
        network,
        factors[network],
        trials["correct"].mean(),
    )
    rows.append(trials | job.names(wildcards, network))
write_trials(rows, snakemake.output[0], job.provenance(snakemake))
