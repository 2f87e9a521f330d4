"""Any task: decays, mean outputs of the rate network and of the converted network at each factor,
one trial of each kind."""

import job

log = job.start(snakemake)

import numpy as np

from rate2spike.analysis import describe, factors, statistics
from rate2spike.figures import pages, panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task, snakemake.params.user_tasks)
example = dict(np.load(snakemake.input.example))
facts = describe.example(example, task.labels) | {"title": snakemake.params.title}


def draw_decays(axes) -> list:
    """The synaptic decays of the network."""
    histogram = statistics.decay_histogram(example["tau_decay_ms"])
    return [panels.decay_histogram(panels.label(axes, *panels.DECAYS), histogram)]


def draw_outputs(axes, network: str, output, onset_s: float, title: str) -> list:
    """Mean outputs, and a bar over the response window."""
    axes.set_title(title)
    means = statistics.mean_sd(output, example["label"], task.labels)
    panel = panels.output_panel(axes, network)
    time_s = example["time_s"]
    rows = panels.outputs_by_label(panel, task, means, time_s=time_s, y_range=(-0.2, 1.05))
    panels.response_bar(axes, onset_s, task.duration_ms / 1000)
    return rows


def draw_trial(output, spikes, trial) -> list:
    """One trial: output over its inputs, and spikes below."""
    output.set_title(trial.kind)
    inputs = panels.half_inputs(trial.stimulus)
    rows = panels.single_trial(output, trial, inputs, task=task)
    rows += panels.trial_raster(spikes, trial, example["inhibitory"], task=task)
    panels.hide_time(output)
    return rows


def draw() -> Drawn:
    recorded = example["scaling_factors"]
    trials = describe.single_trials(example)
    name_of_factor = {factor: f"factor {factor:g}" for factor in sorted(recorded)}
    figure, above, below = pages.task_page(list(name_of_factor.values()), list(trials))
    rows = draw_decays(above["decays"])
    onset_s = panels.STEP_S * (task.rate_window_onset + 1)
    rows += draw_outputs(above["rate"], "Rate", example["rate_out"], onset_s, "Rate network")
    onset_s = task.spiking_window_onset_ms / 1000
    for factor in recorded:
        output = factors.output_at(example, factor)
        title = pages.lambda_title(factor, facts["factor"])
        rows += draw_outputs(above[name_of_factor[factor]], "Spiking", output, onset_s, title)
    outputs = []
    for kind, (output, spikes) in below.items():
        rows += draw_trial(output, spikes, trials[kind])
        outputs.append(output)
    panels.share_range(outputs, ticks=[-1, 0, 1])
    pages.legend_above(figure, outputs)
    line = f"{facts['trials']} trials, mean ± SD; rasters at the chosen λ."
    return Drawn(figure, rows, pages.EXAMPLE_NOTE.format(**facts) + line)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
