"""The scaling factor of every network of a block, of the search's best accuracy or of another
condition; fresh trials at it and of the rate network: what the best of the grid is worth; the
converted models."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

from rate2spike import matfile, provenance
from rate2spike.analysis import choice, tables
from rate2spike.analysis.trial_table import write_trials
from rate2spike.files import read_csv, replacing, write_csv
from rate2spike.rate.train import evaluate

inputs, output, params = snakemake.input, snakemake.output, snakemake.params
simulation = job.simulation(snakemake)._replace(purpose="held out")
models = dict(job.trained_models(inputs.models, inputs.networks))


def choices_and_accuracy() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The factor of every network, and its accuracy at each factor of the search."""
    if inputs.get("other"):
        return choice.as_given(read_csv(inputs.other))
    columns = ["network", "scaling_factor", "correct", "correct_strict"]
    shards = [pd.read_parquet(shard, columns=columns) for shard in inputs.shards]
    accuracy = tables.accuracy_by_factor(pd.concat(shards))
    return choice.best_of_search(accuracy, params.scaling_factors), accuracy


def spiking_trials(factors: dict[str, float]) -> list[dict]:
    """Fresh trials of every converted network at its factor."""
    rows = []
    for network, trials in job.score_block(snakemake, simulation, models, factors).items():
        worth = trials["correct"].mean()
        log.info("%s at 1/lambda = %g: accuracy %.2f", network, factors[network], worth)
        rows.append(trials | job.names(snakemake.wildcards, network))
    return rows


def accuracy_of_rate_networks() -> pd.DataFrame:
    """Fresh trials of every rate network, to set beside those of the spiking network."""
    rows = []
    for network, model in models.items():
        fresh = evaluate(
            model,
            model.weights,
            simulation.task,
            study_seed=params.study_seed,
            purpose="rate held out",
            words=(job.stream_name(snakemake.wildcards, network),),
            n_trials=params.trials,
            device=params.device,
        )
        log.info("%s: accuracy of the rate network %.2f", network, fresh.accuracy)
        rows.append([network, fresh.accuracy, params.trials])
    return pd.DataFrame(rows, columns=["network", "rate_accuracy", "rate_trials"])


def write_converted(folder: Path, factors: dict[str, float], accuracy, held_out: dict) -> None:
    """Copies of the model files with the results of the search, as the published code appends
    them."""
    folder.mkdir()
    for network in models:
        source = Path(inputs.models) / f"{network}.mat"
        curve = accuracy[accuracy.network == network]
        matfile.save_converted(
            folder / f"{network}.mat",
            source,
            opt_scaling_factor=factors[network],
            all_perfs=curve.accuracy,
            scaling_factors=curve.scaling_factor,
            held_out=held_out[network],
            provenance={"source": provenance.model_facts(source), "conversion": made},
        )


choices, accuracy = choices_and_accuracy()
chosen = choices.set_index("network").scaling_factor
factors = {network: chosen[network] for network in models}
for row in choices[choices.on_edge.eq(True)].itertuples():
    log.info("%s: chosen factor %g on the edge of the grid", row.network, row.scaling_factor)
fresh = spiking_trials(factors)
made = job.provenance(snakemake)
write_csv(choices, output.choice)
write_csv(accuracy, output.accuracy)
write_trials(fresh, output.trials, made)
write_csv(accuracy_of_rate_networks(), output.rates)
if output.get("converted"):
    held_out = {trials["network"]: trials["correct"].mean() for trials in fresh}
    with replacing(output.converted) as folder:
        write_converted(folder, factors, accuracy, held_out)
