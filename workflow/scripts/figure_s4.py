"""Fig. S4: a converted network without Dale's principle: schematic, mean output, one trial of each
kind."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import cartoons, pages, panels, publish
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example, published = dict(np.load(snakemake.input.example)), reading.published(snakemake)
facts, singles = describe.describe_example(example, task.labels), []
QUANTITIES = [f"mean LIF output {name}" for name in task.labels.values()]
TRIALS = {"C": "NoGo", "D": "Go"}


def draw_mean(axes) -> list:
    means = statistics.mean_sd(example["spiking_out"][-1], example["label"], task.labels)
    singles.extend(
        sweeps.singles_at_last(published, "B", QUANTITIES, example["time_s"], means.mean)
    )
    settings = {"time_s": example["time_s"], "network": "Spiking", "y_range": (-0.2, 1.2)}
    return sweep_figures.outputs_beside(
        axes, task, means, sweeps.published_traces(published, "B", QUANTITIES), **settings
    )


def draw():
    rows = [["A", "B"], *[[f"{letter} {x}" for letter in TRIALS] for x in ("output", "spikes")]]
    figure, axes = pages.page(rows, 5.6, 5.0, height_ratios=[2, 1, 1.3])
    cartoons.spiking_no_dale(axes["A"])
    drawn, trials = draw_mean(axes["B"]), describe.single_trials(example)
    sweep_figures.legend_over(axes["B"], [axes["B"]])
    axes["A"].set_anchor("N")
    for letter, kind in TRIALS.items():
        output, spikes = axes[f"{letter} output"], axes[f"{letter} spikes"]
        drawn += panels.single_trial(output, trials[kind], [], task=task, y_range=(-0.2, 1.2))
        drawn += panels.trial_raster(spikes, trials[kind], example["inhibitory"], task=task)
        pages.finish_trial(output, spikes, trials[kind], task=task)
        panels.name_panel(output, letter)
    panels.share_range([axes["C output"], axes["D output"]])
    panels.name_panel(axes["A"], "A")
    panels.name_panel(axes["B"], "B")
    line = f"{facts['trials']} trials, mean ± SD; single trials; {pages.lambda_title(facts['factor'])}."
    return (
        figure,
        drawn,
        "{condition}, {network}: {n_units} units; {networks}; ".format(**facts) + line,
    )


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
sweeps.write_singles(snakemake.output, singles)
log.info("drawn from %s", facts)
