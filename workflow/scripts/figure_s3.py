"""Fig. S3: a converted network of pyramidal, PV and SST units: motif, single trials with their
firing rates, mean output."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import cartoons, publish
from rate2spike.figures import populations as population_figures
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example, published = dict(np.load(snakemake.input.example)), reading.published(snakemake)
facts, singles = describe.describe_example(example, task.labels), []
QUANTITIES = [f"mean LIF output {name}" for name in task.labels.values()]


def draw():
    figure, axes = population_figures.population_page()
    cartoons.motif_sst(axes["A"])
    cartoons.spiking_sst(axes["B"])
    members = population_figures.populations(example["inhibitory"], example["som"])
    facts.update({name: int(of.sum()) for name, of in members.items()})
    trials, time_s, drawn = describe.single_trials(example), example["time_s"], []
    for letter, kind in (("C", "NoGo"), ("D", "Go")):
        (rates_hz,) = example["single_mean_rates_hz"][example["single_kind"] == kind]
        of_paper = published[published.panel == letter]
        settings = {"members": members, "published": of_paper, "task": task}
        drawn += population_figures.trial_panels(axes, letter, trials[kind], rates_hz, **settings)
        singles.extend(population_figures.mean_rates(rates_hz, members, of_paper))
    means = statistics.mean_sd(example["spiking_out"][-1], example["label"], task.labels)
    singles.extend(sweeps.singles_at_last(published, "E", QUANTITIES, time_s, means.mean))
    traces = sweeps.published_traces(published, "E", QUANTITIES)
    settings = {"time_s": time_s, "network": "Spiking", "y_range": (-0.3, 1.1)}
    drawn += sweep_figures.outputs_beside(axes["E"], task, means, traces, **settings)
    population_figures.finish(axes)
    words = "{PYR} PYR, {PV} PV, {SST} SST units; {networks}; {trials} trials, mean ± SD; λ = 1/{factor:g}.".format(
        **facts
    )
    return figure, drawn, f"{facts['condition']}, {facts['network']}: {words}"


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
sweeps.write_singles(snakemake.output, singles)
log.info("drawn from %s", facts)
