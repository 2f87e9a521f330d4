"""Fig. 4: spiking networks, contextual integration: example network, success of conversion against
size and decays."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import publish
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
OUTPUTS = [
    "mean LIF output (+) choice",
    "mean LIF output (-) choice",
]  # as the published numbers call them
B_AND_C = [Block(1, [["B"]]), Block(1, [["C"]])]
BLOCKS = [
    Block(4.6, parts=[Block(4.8, sweep_figures.CONTEXT_TRIALS), Block(2.6, parts=B_AND_C)]),
    Block(2.7, [["D-top", "E-top"], ["D-bottom", "E-bottom"]], [1, 1.4]),
]


def draw_example(axes) -> list:
    drawn = sweep_figures.context_trials(
        axes, describe.single_trials(example), example["inhibitory"], task=task
    )
    histogram = statistics.decay_histogram(example["tau_decay_ms"], 20, 50)
    of_paper = sweeps.published_values(published, "B", "histogram count of tuned synaptic decay")
    drawn += sweep_figures.decays_beside(axes["B"], histogram, of_paper, n_max=30)
    means = statistics.mean_sd(example["spiking_out"][-1], example["label"], task.labels)
    singles.extend(sweeps.singles_at_last(published, "C", OUTPUTS, example["time_s"], means.mean))
    traces = sweeps.published_traces(published, "C", OUTPUTS)
    where = {"time_s": example["time_s"], "network": "Spiking", "y_range": (-1.5, 1.5)}
    drawn += sweep_figures.outputs_beside(axes["C"], task, means, traces, **where)
    sweep_figures.legend_over(axes["C"], [axes["C"]])
    return drawn


def draw():
    figure, axes = sweep_figures.page_of_blocks(BLOCKS, 7.4)
    drawn = (
        draw_example(axes)
        if found["n_networks"]
        else sweep_figures.no_example(axes, "ABC", facts["example_note"])
    )
    for role, panel, x_label, x_range, lowest in (
        ("sizes", "D", sweep_figures.SIZE, (0, 500), (0, 80)),
        ("decays", "E", sweep_figures.UPPER_DECAY, (0, 1000), (70, 80)),
    ):
        numbers = sweeps.conversion(sweeps.of_role(points, role), published, panel)
        where = {"x_label": x_label, "x_range": x_range, "y_ranges": [(y, 100) for y in lowest]}
        drawn += sweep_figures.conversion_panels(
            axes[f"{panel}-top"], axes[f"{panel}-bottom"], numbers, **where
        )
    sweep_figures.name_panels(
        axes, {"A": "A output 1, context 1", "B": "B", "C": "C", "D": "D-top", "E": "E-top"}
    )
    line = "A-C: {example_note}{at_lambda}. D, E: {sweep_note}; bars: ±1 SD over networks."
    return figure, drawn, line.format(**facts)


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
sweeps.write_singles(snakemake.output, singles)
log.info("drawn from %s", facts)
