"""Fig. S4: a converted network without Dale's principle: schematic, mean output, one trial of each
kind."""

import job

log = job.start(snakemake)

import reading
from rate2spike.analysis import describe, factors
from rate2spike.figures import cartoons, examples, pages, panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = reading.example(snakemake)
published = reading.published(snakemake)
facts = describe.example(example, task.labels)
OUTPUTS = [f"mean LIF output {name}" for name in task.labels.values()]
MOSAIC = [["A", "B"], ["C output", "D output"], ["C spikes", "D spikes"]]
Y_RANGE = (-0.2, 1.2)
NOTE = "{condition}, {network}: {n_units} units; {networks}; {trials} trials, mean ± SD; "


def draw_trial(axes, letter: str, kind: str) -> list:
    """Output and spikes of one trial."""
    trial = describe.single_trials(example)[kind]
    output = axes[f"{letter} output"]
    spikes = axes[f"{letter} spikes"]
    rows = panels.single_trial(output, trial, [], task=task, y_range=Y_RANGE)
    rows += panels.trial_raster(spikes, trial, example["inhibitory"], task=task)
    pages.finish_trial(output, spikes, trial, task=task)
    panels.name_panel(output, letter)
    return rows


def draw() -> Drawn:
    figure, axes = pages.page(MOSAIC, 5.6, 5.0, height_ratios=[2, 1, 1.3])
    cartoons.spiking_no_dale(axes["A"])
    axes["A"].set_anchor("N")
    means = examples.mean_outputs(
        axes["B"],
        example,
        factors.chosen_output(example),
        published,
        OUTPUTS,
        task=task,
        network="Spiking",
        y_range=Y_RANGE,
    )
    pages.legend_over(axes["B"], [axes["B"]])
    trials = draw_trial(axes, "C", "NoGo") + draw_trial(axes, "D", "Go")
    panels.share_range([axes["C output"], axes["D output"]])
    panels.name_panel(axes["A"], "A")
    panels.name_panel(axes["B"], "B")
    note = NOTE.format(**facts) + f"single trials; {pages.lambda_title(facts['factor'])}."
    return Drawn(figure, means.rows + trials, note, singles=means.singles)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
sweeps.write_singles(drawn.singles, snakemake.output.singles)
log.info("drawn from %s", drawn.facts)
