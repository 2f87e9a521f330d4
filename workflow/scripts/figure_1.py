"""Fig. 1: rate networks, Go-NoGo: schematic, example network, performance and training trials
against size."""

import job

log = job.start(snakemake)

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import cartoons, examples, pages, sweep_panels
from rate2spike.figures.pages import Block
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = reading.example(snakemake)
points = reading.points(snakemake)
published = reading.published(snakemake)
facts = sweeps.describe(points, describe.example(example, task.labels))
# As the published numbers call them
DECAYS = "histogram count of tuned synaptic decay"
OUTPUTS = ["mean rate output Go", "mean rate output NoGo"]
BLOCKS = [
    Block(2.1, [["A", "B-left", "B-right"]], [1.35, 1, 1.15]),
    Block(3.0, [["C-left-top", "C-right"], ["C-left-bottom", "C-right"]]),
]


def draw_example(axes) -> tuple[list, list]:
    """Decays and mean outputs: the rows drawn, and our numbers for the scorecard."""
    if not example["n_networks"]:
        pages.no_example(axes, "B", facts["example_note"])
        return [], []
    histogram = statistics.decay_histogram(example["tau_decay_ms"], 20, 50)
    outline = sweeps.published_values(published, "B-left", DECAYS)
    rows = examples.decays_beside(axes["B-left"], histogram, outline, n_max=20)
    means = examples.mean_outputs(
        axes["B-right"],
        example,
        example["rate_out"],
        published,
        OUTPUTS,
        task=task,
        network="Rate",
        y_range=(0, 1),
    )
    pages.legend_over(axes["B-right"], [axes["B-right"]])
    return rows + means.rows, means.singles


def draw() -> Drawn:
    figure, axes = pages.page_of_blocks(BLOCKS, 7.2)
    cartoons.rate_go_nogo(axes["A"])
    rows, singles = draw_example(axes)
    sizes = sweeps.of_role(points, "sizes")
    rows += sweep_panels.training_panels(
        axes["C-left-top"],
        axes["C-left-bottom"],
        axes["C-right"],
        sweeps.training(sizes, published, left="C-left", right="C-right"),
        x_range=(0, 400),
        y_ranges=[(95, 100), (50, 100), (0, 4000)],
    )
    pages.name_panels(axes, {"A": "A", "B": "B-left", "C": "C-left-top"})
    note = "B: {example_note}. C: {sweep_note}; bars: ±1 SD over networks.".format(**facts)
    return Drawn(figure, rows, note, singles=singles)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
sweeps.write_singles(drawn.singles, snakemake.output.singles)
log.info("drawn from %s", drawn.facts)
