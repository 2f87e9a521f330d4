"""Fresh trials of every network at its chosen scaling factor: what the search's best of the grid is
worth."""

import job

log = job.start(snakemake)

from rate2spike.analysis.trial_table import write_trials
from rate2spike.files import read_csv

wildcards = snakemake.wildcards
simulation = job.simulation(snakemake)._replace(purpose="held out")
models = dict(job.trained_models(snakemake.input.models, snakemake.input.networks))
choice = read_csv(snakemake.input.choice).set_index("network")
factors = {network: choice.scaling_factor[network] for network in models}
scored = job.score_block(snakemake, simulation, models, factors)
rows = []
for network, trials in scored.items():
    log.info(
        "%s at 1/lambda = %g: accuracy on fresh trials %.2f",
        network,
        factors[network],
        trials["correct"].mean(),
    )
    rows.append(trials | job.names(wildcards, network))
write_trials(rows, snakemake.output[0], job.provenance(snakemake))
