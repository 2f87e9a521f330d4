"""Any task: decays, mean outputs of the rate network and of the converted network at each factor, one trial of each kind."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

from rate2spike import analysis, figures
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task, snakemake.params.user_tasks)
example = dict(np.load(snakemake.input.example))
facts = analysis.describe_example(example, task.labels) | {"title": snakemake.params.title}


def draw():
    factors, time_s, trials = example["scaling_factors"], example["time_s"], analysis.single_trials(example)
    figure, above, below = figures.task_page([f"factor {f:g}" for f in sorted(factors)], list(trials))
    drawn = [figures.decay_histogram(above["decays"], analysis.decay_histogram(example["tau_decay_ms"]))]
    outputs = {"rate": example["rate_out"], **{f"factor {f:g}": example["spiking_out"][k] for k, f in enumerate(factors)}}
    onsets_s = [0.005 * (task.rate_window_onset + 1)] + len(factors) * [task.spiking_window_onset_ms / 1000]
    titles = ["Rate network", *(figures.lambda_title(f, facts["factor"]) for f in factors)]
    for (name, out), onset_s, title in zip(outputs.items(), onsets_s, titles, strict=True):
        means = analysis.mean_sd(out, example["label"], task.labels)
        above[name].set_title(title)
        network = "Rate" if name == "rate" else "Spiking"
        drawn += figures.outputs_by_label(above[name], task, means, time_s=time_s, network=network, y_range=(-0.2, 1.05))
        figures.response_bar(above[name], onset_s, task.duration_ms / 1000)
    for kind, (output, spikes) in below.items():
        trial = trials[kind]
        output.set_title(kind)
        inputs = [
            (f"input {i} × 0.5", time_s, 0.5 * u, figures.INPUTS[(i - 1) % 4]) for i, u in enumerate(trial.stimulus, start=1)
        ]
        drawn += figures.single_trial(output, trial, inputs, task=task)
        drawn += figures.raster(spikes, trial.spike_time_s, trial.spike_unit, example["inhibitory"], task.duration_ms / 1000)
        figures.hide_time(output)
    figures.share_output_range([output for output, _ in below.values()])
    figures.legend_above(figure, [output for output, _ in below.values()])
    return figure, drawn, figures.EXAMPLE_NOTE.format(**facts) + f"{facts['trials']} trials, mean ± SD; rasters at the chosen λ."


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
