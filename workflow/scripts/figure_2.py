"""Fig. 2: from rate to spiking networks, Go-NoGo: schematic, example network, and success against
size and against decays."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import cartoons, pages, publish
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
OUTPUTS = ["mean LIF output Go", "mean LIF output NoGo"]  # as the published numbers call them
FACTORS = published[published.quantity == "scaling factors shown"].value.iloc[0].split(", ")
B_PANELS = {
    "left": (-5, 4),
    "centre": (-1.3, 6.6),
    "right": (-0.2, 1.05),
}  # vertical ranges of the paper
B_AND_C = [
    Block(2.1, [["B-left", "B-centre", "B-right"]]),
    Block(2.7, [["C-top"], ["C-bottom"]]),
]
BLOCKS = [
    Block(4.8, parts=[Block(2.7, [["A"]]), Block(4.8, parts=B_AND_C)]),
    Block(2.7, [["D", "E-top"], ["D", "E-bottom"]], [1, 2.2]),
]


def draw_example(axes) -> list:
    drawn, factors = [], list(example["scaling_factors"])
    for (name, y_range), factor, of_paper in zip(
        B_PANELS.items(), (1, 10, factors[-1]), FACTORS, strict=True
    ):
        panel, out = axes[f"B-{name}"], example["spiking_out"][factors.index(factor)]
        panel.set_title(pages.lambda_title(factor, factors[-1], of_paper))
        means = statistics.mean_sd(out, example["label"], task.labels)
        traces = sweeps.published_traces(published, f"B-{name}", OUTPUTS)
        where = {"time_s": example["time_s"], "network": "Spiking", "y_range": y_range}
        drawn += sweep_figures.outputs_beside(panel, task, means, traces, **where)
    singles.extend(
        sweeps.singles_at_last(published, "B-right", OUTPUTS, example["time_s"], means.mean)
    )
    for name, y_label in (("left", "Output (a.u.)"), ("centre", ""), ("right", "")):
        axes[f"B-{name}"].set_ylabel(y_label)
    pages.legend_above(panel.figure, [panel])
    return drawn


def draw():
    figure, axes = sweep_figures.page_of_blocks(BLOCKS, 7.4)
    cartoons.rate_to_spiking(axes["A"])
    drawn = (
        draw_example(axes)
        if found["n_networks"]
        else sweep_figures.no_example(axes, "B", facts["example_note"])
    )
    for role, panel, x_label, x_range, lowest in (
        ("sizes", "C", sweep_figures.SIZE, (0, 400), (0, 50)),
        ("decays", "E", sweep_figures.UPPER_DECAY, (0, 1000), (50, 80)),
    ):
        numbers = sweeps.conversion(sweeps.of_role(points, role), published, panel)
        where = {"x_label": x_label, "x_range": x_range, "y_ranges": [(y, 100) for y in lowest]}
        drawn += sweep_figures.conversion_panels(
            axes[f"{panel}-top"], axes[f"{panel}-bottom"], numbers, **where
        )
    tuned = sweeps.tuned_decay(sweeps.of_role(points, "decays"), published, "D")
    drawn += sweep_figures.decay_panel(axes["D"], tuned)
    sweep_figures.name_panels(axes, {"A": "A", "B": "B-left", "C": "C-top", "D": "D", "E": "E-top"})
    return (
        figure,
        drawn,
        "B: {example_note}. C-E: {sweep_note}; bars: ±1 SD over networks.".format(**facts),
    )


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
sweeps.write_singles(snakemake.output, singles)
log.info("drawn from %s", facts)
