"""Fig. S3: a converted network of pyramidal, PV and SST units: motif, single trials with their
firing rates, mean output."""

import job

log = job.start(snakemake)

import reading
from rate2spike.analysis import describe, factors
from rate2spike.figures import cartoons, examples, populations
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = reading.example(snakemake)
published = reading.published(snakemake)
facts = describe.example(example, task.labels)
OUTPUTS = [f"mean LIF output {name}" for name in task.labels.values()]
NOTE = (
    "{condition}, {network}: {PYR} PYR, {PV} PV, {SST} SST units; {networks}; "
    "{trials} trials, mean ± SD; λ = 1/{factor:g}."
)


def draw_trial(axes, letter: str, kind: str, members) -> tuple[list, list]:
    """One trial: the rows drawn, and the mean rates for the scorecard."""
    trial = describe.single_trials(example)[kind]
    (rates_hz,) = example["single_mean_rates_hz"][example["single_kind"] == kind]
    of_panel = published[published.panel == letter]
    rows = populations.trial_panels(
        axes, letter, trial, rates_hz, members=members, published=of_panel, task=task
    )
    return rows, populations.mean_rates(rates_hz, members, of_panel)


def draw() -> Drawn:
    figure, axes = populations.population_page()
    cartoons.motif_sst(axes["A"])
    cartoons.spiking_sst(axes["B"])
    members = populations.populations(example["inhibitory"], example["som"])
    rows_c, rates_c = draw_trial(axes, "C", "NoGo", members)
    rows_d, rates_d = draw_trial(axes, "D", "Go", members)
    means = examples.mean_outputs(
        axes["E"],
        example,
        factors.chosen_output(example),
        published,
        OUTPUTS,
        task=task,
        network="Spiking",
        y_range=(-0.3, 1.1),
    )
    populations.finish(axes)
    sizes = {name: int(of_population.sum()) for name, of_population in members.items()}
    return Drawn(
        figure,
        rows_c + rows_d + means.rows,
        NOTE.format(**facts, **sizes),
        facts=sizes,
        singles=rates_c + rates_d + means.singles,
    )


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
sweeps.write_singles(drawn.singles, snakemake.output.singles)
log.info("drawn from %s", drawn.facts)
