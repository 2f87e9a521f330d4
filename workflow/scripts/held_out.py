"""The scaling factor of every network of a block, of the search's best accuracy or of another
condition; fresh trials at it and of the rate network: what the best of the grid is worth; the
converted models."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

from rate2spike.analysis import choice
from rate2spike.analysis.trial_table import write_trials
from rate2spike.conversion.converted_files import write_converted
from rate2spike.files import read_csv, replacing, write_csv

inputs, output, params = snakemake.input, snakemake.output, snakemake.params
if inputs.get("other"):
    choices, accuracy = choice.as_given(read_csv(inputs.other))
else:
    choices, accuracy = choice.of_search(inputs.shards, params.scaling_factors)
for row in choices[choices.on_edge.eq(True)].itertuples():
    log.info("%s: chosen factor %g on the edge of the grid", row.network, row.scaling_factor)

models = dict(job.trained_models(inputs.models, inputs.networks))
chosen = choices.set_index("network").scaling_factor
factors = {network: chosen[network] for network in models}
simulation = job.simulation(snakemake)._replace(purpose="held out")
rows = job.scored_rows(snakemake, simulation, models, factors, log)
held_out = {trials["network"]: trials["correct"].mean() for trials in rows}
rates = []
for network, model in models.items():
    rate_accuracy = job.accuracy_of_rate_network(snakemake, simulation.task, network, model)
    log.info("%s: accuracy of the rate network %.2f", network, rate_accuracy)
    rates.append([network, rate_accuracy, params.trials])

made = job.provenance(snakemake)
write_csv(choices, output.choice)
write_csv(accuracy, output.accuracy)
write_trials(rows, output.trials, made)
columns = ["network", "rate_accuracy", "rate_trials"]
write_csv(pd.DataFrame(rates, columns=columns), output.rates)
if output.get("converted"):
    with replacing(output.converted) as folder:
        write_converted(
            folder,
            Path(inputs.models),
            factors=factors,
            accuracy=accuracy,
            held_out=held_out,
            made=made,
        )
