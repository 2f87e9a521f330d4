"""What the search of a block of networks finds beyond the published factor, step by step: factor
and offset of the output of each network, gains of its units; fresh trials of it; the converted
models."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

from rate2spike.analysis import refined_trials
from rate2spike.analysis.refined_trials import Step
from rate2spike.analysis.trial_table import REFINED_TYPES, write_trials
from rate2spike.conversion import answer_to_currents, rate_currents
from rate2spike.conversion.converted_files import write_converted
from rate2spike.files import replacing, write_csv

inputs, output, params = snakemake.input, snakemake.output, snakemake.params
searching = job.simulation(snakemake)._replace(purpose="search")
task = searching.task


def searched(models: dict, factor: float) -> dict[str, dict]:
    """Columns of the trials of the search of each network, at a scaling factor."""
    factors = dict.fromkeys(models, factor)
    trials = job.score_block(snakemake, searching, models, factors, params.search_trials)
    return {name: own | job.names(snakemake.wildcards, name) for name, own in trials.items()}


def fresh_trials(steps: dict[str, Step]) -> dict[str, dict]:
    """Columns of the fresh trials of each network, with its refined output."""
    models = {network: step.model for network, step in steps.items()}
    factors = {network: step.found.scaling_factor for network, step in steps.items()}
    plain = job.score_block(snakemake, searching._replace(purpose="held out"), models, factors)
    fresh = {}
    for network, step in steps.items():
        scaled = refined_trials.scaled_columns(task, plain[network], step.found)
        fresh[network] = plain[network] | scaled
    return fresh


search = refined_trials.read_search(inputs.shards)
networks = {}
for network, model in job.trained_models(inputs.models, inputs.networks):
    found = refined_trials.refine_search(task, search[network])
    networks[network] = Step(model, found, search[network])
fresh = fresh_trials(networks)
rows = refined_trials.rows_of_step("output", networks, fresh)
came_from = dict.fromkeys(networks, "output")

if "gains" in params.steps and networks:
    seed, currents = searching.study_seed, {}
    for network, step in networks.items():
        words = (job.stream_name(snakemake.wildcards, network),)
        currents[network] = rate_currents(step.model, task, seed, words)
    answer = answer_to_currents(searching.neuron, seed, searching.downsample)
    after = refined_trials.with_gains(task, networks, searched, currents=currents, answer=answer)
    changed = {}
    for network, step in after.items():
        if step is not networks[network]:
            changed[network] = step
    came_from |= dict.fromkeys(changed, "gains")
    fresh |= fresh_trials(changed)
    networks = after
    rows += refined_trials.rows_of_step("gains", networks, fresh)

trials, curves, refined = [], [], {}
for network, step in networks.items():
    found = step.found
    model = refined_trials.refined_model(step)
    output_of = {"output_factor": model.output_factor, "output_offset": model.output_offset}
    own = fresh[network] | job.names(snakemake.wildcards, network)
    trials.append(own | {"step": came_from[network]} | output_of)
    curves.append(refined_trials.accuracy_of_search(task, step.trials, found))
    refined[network] = model
    log.info(
        "%s at 1/lambda = %g: output plus %g, times %g%s",
        network,
        found.scaling_factor,
        model.output_offset,
        model.output_factor,
        ", units with gains" if model.unit_gains else "",
    )

made = job.provenance(snakemake)
write_csv(pd.DataFrame(rows, columns=refined_trials.REFINED_COLUMNS), output.refined)
write_trials(trials, output.trials, made, REFINED_TYPES)
with replacing(output.converted) as folder:
    write_converted(
        folder,
        Path(inputs.models),
        factors={network: step.found.scaling_factor for network, step in networks.items()},
        accuracy=pd.concat(curves) if curves else pd.DataFrame(),  # no network, no curve
        held_out={network: fresh[network]["correct"].mean() for network in networks},
        made=made,
        refined=refined,
    )
