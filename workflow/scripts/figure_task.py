"""Any task: decays, mean outputs of the rate network and of the converted network at each factor,
one trial of each kind."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

from rate2spike.analysis import describe, statistics
from rate2spike.figures import pages, panels, publish
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task, snakemake.params.user_tasks)
example = dict(np.load(snakemake.input.example))
facts = describe.describe_example(example, task.labels) | {"title": snakemake.params.title}


def draw():
    factors, time_s, trials = (
        example["scaling_factors"],
        example["time_s"],
        describe.single_trials(example),
    )
    figure, above, below = pages.task_page([f"factor {f:g}" for f in sorted(factors)], list(trials))
    drawn = [
        panels.decay_histogram(above["decays"], statistics.decay_histogram(example["tau_decay_ms"]))
    ]
    outputs = [
        ("rate", "Rate network", "Rate", example["rate_out"], 0.005 * (task.rate_window_onset + 1))
    ]
    for f, out in zip(factors, example["spiking_out"], strict=True):
        title = pages.lambda_title(f, facts["factor"])
        outputs.append(
            (f"factor {f:g}", title, "Spiking", out, task.spiking_window_onset_ms / 1000)
        )
    for name, title, network, out, onset_s in outputs:
        means = statistics.mean_sd(out, example["label"], task.labels)
        above[name].set_title(title)
        drawn += panels.outputs_by_label(
            above[name], task, means, time_s=time_s, network=network, y_range=(-0.2, 1.05)
        )
        panels.response_bar(above[name], onset_s, task.duration_ms / 1000)
    for kind, (output, spikes) in below.items():
        output.set_title(kind)
        drawn += panels.single_trial(
            output, trials[kind], panels.half_inputs(trials[kind].stimulus), task=task
        )
        drawn += panels.trial_raster(spikes, trials[kind], example["inhibitory"], task=task)
        panels.hide_time(output)
    panels.share_range([output for output, _ in below.values()], ticks=[-1, 0, 1])
    pages.legend_above(figure, [output for output, _ in below.values()])
    return (
        figure,
        drawn,
        pages.EXAMPLE_NOTE.format(**facts)
        + f"{facts['trials']} trials, mean ± SD; rasters at the chosen λ.",
    )


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
