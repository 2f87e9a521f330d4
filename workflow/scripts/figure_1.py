"""Fig. 1: rate networks, Go-NoGo: schematic, example network, performance and training trials
against size."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import cartoons, publish
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.figures.sweeps import Block
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example, points, published = (
    dict(np.load(snakemake.input.example)),
    reading.points(snakemake),
    reading.published(snakemake),
)
found = describe.describe_example(example, task.labels)
facts, singles = sweeps.describe(points, found), []
OUTPUTS = ["mean rate output Go", "mean rate output NoGo"]  # as the published numbers call them
BLOCKS = [
    Block(2.1, [["A", "B-left", "B-right"]], [1.35, 1, 1.15]),
    Block(3.0, [["C-left-top", "C-right"], ["C-left-bottom", "C-right"]]),
]


def draw_example(axes) -> list:
    histogram = statistics.decay_histogram(example["tau_decay_ms"], 20, 50)
    of_paper = sweeps.published_values(
        published, "B-left", "histogram count of tuned synaptic decay"
    )
    drawn = sweep_figures.decays_beside(axes["B-left"], histogram, of_paper, n_max=20)
    means = statistics.mean_sd(example["rate_out"], example["label"], task.labels)
    time_s, traces = example["time_s"][:-1], sweeps.published_traces(published, "B-right", OUTPUTS)
    singles.extend(sweeps.singles_at_last(published, "B-right", OUTPUTS, time_s, means.mean))
    where = {"time_s": time_s, "network": "Rate", "y_range": (0, 1)}
    drawn += sweep_figures.outputs_beside(axes["B-right"], task, means, traces, **where)
    sweep_figures.legend_over(axes["B-right"], [axes["B-right"]])
    return drawn


def draw():
    figure, axes = sweep_figures.page_of_blocks(BLOCKS, 7.2)
    cartoons.rate_go_nogo(axes["A"])
    drawn = (
        draw_example(axes)
        if found["n_networks"]
        else sweep_figures.no_example(axes, "B", facts["example_note"])
    )
    numbers = sweeps.training(
        sweeps.of_role(points, "sizes"), published, left="C-left", right="C-right"
    )
    panels = [axes[name] for name in ("C-left-top", "C-left-bottom", "C-right")]
    drawn += sweep_figures.training_panels(
        *panels, numbers, x_range=(0, 400), y_ranges=[(95, 100), (50, 100), (0, 4000)]
    )
    sweep_figures.name_panels(axes, {"A": "A", "B": "B-left", "C": "C-left-top"})
    return (
        figure,
        drawn,
        "B: {example_note}. C: {sweep_note}; bars: ±1 SD over networks.".format(**facts),
    )


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
sweeps.write_singles(snakemake.output, singles)
log.info("drawn from %s", facts)
