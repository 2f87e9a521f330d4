"""The output factor of every network of a block, with its scaling factor, found on the trials of
the search; fresh trials with both; the converted models."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

from rate2spike.analysis import refined_trials
from rate2spike.analysis.trial_table import REFINED_TYPES, write_trials
from rate2spike.conversion.converted_files import write_converted
from rate2spike.files import replacing, write_csv

inputs, output = snakemake.input, snakemake.output
(step,) = snakemake.params.steps  # there is one so far
models = dict(job.trained_models(inputs.models, inputs.networks))
simulation = job.simulation(snakemake)._replace(purpose="held out")
task = simulation.task
search = refined_trials.read_search(inputs.shards)
refined = {network: refined_trials.refine_search(task, search[network]) for network in models}
factors = {network: found.scaling_factor for network, found in refined.items()}
plain = job.score_block(snakemake, simulation, models, factors)

rows, trials, curves = [], [], []
for network, found in refined.items():
    # of a given model whose file has a factor, the trials have it already
    whole = models[network].output_factor * found.output_factor
    own = plain[network] | refined_trials.scaled_columns(task, plain[network], found.output_factor)
    own |= {"step": step, "output_factor": whole}
    trials.append(own | job.names(snakemake.wildcards, network))
    rows.append(
        refined_trials.row_of_network(network, found, step=step, output_factor=whole, fresh=own)
    )
    curves.append(refined_trials.accuracy_of_search(task, search[network], found.output_factor))
    log.info("%s at 1/lambda = %g: output times %g", network, found.scaling_factor, whole)
table = pd.DataFrame(rows, columns=refined_trials.REFINED_COLUMNS)

made = job.provenance(snakemake)
write_csv(table, output.refined)
write_trials(trials, output.trials, made, REFINED_TYPES)
of_network = table.set_index("network")
with replacing(output.converted) as folder:
    write_converted(
        folder,
        Path(inputs.models),
        factors=factors,
        accuracy=pd.concat(curves) if curves else pd.DataFrame(),  # no network, no curve
        held_out=of_network.held_out_accuracy.to_dict(),
        made=made,
        output_factors=of_network.output_factor.to_dict(),
    )
