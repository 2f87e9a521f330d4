"""Fig. 2: from rate to spiking networks, Go-NoGo: schematic, example network, and success against
size and against decays."""

import job

log = job.start(snakemake)

import reading
from rate2spike.analysis import describe, factors
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
OUTPUTS = ["mean LIF output Go", "mean LIF output NoGo"]  # as the published numbers call them
B_AND_C = [
    Block(2.1, [["B-left", "B-centre", "B-right"]]),
    Block(2.7, [["C-top"], ["C-bottom"]]),
]
BLOCKS = [
    Block(4.8, parts=[Block(2.7, [["A"]]), Block(4.8, parts=B_AND_C)]),
    Block(2.7, [["D", "E-top"], ["D", "E-bottom"]], [1, 2.2]),
]


def draw_outputs(axes, factor: float, published_factor: str, y_range) -> examples.Outputs:
    """Mean outputs at one factor."""
    axes.set_title(pages.lambda_title(factor, factors.chosen_factor(example), published_factor))
    return examples.mean_outputs(
        axes,
        example,
        factors.output_at(example, factor),
        published,
        OUTPUTS,
        task=task,
        network="Spiking",
        y_range=y_range,
    )


def draw_example(axes) -> tuple[list, list]:
    """Mean outputs at three factors: the rows drawn, our numbers at the chosen one."""
    if not example["n_networks"]:
        pages.no_example(axes, "B", facts["example_note"])
        return [], []
    chosen = factors.chosen_factor(example)
    shown = published[published.quantity == "scaling factors shown"].value.iloc[0].split(", ")
    left = draw_outputs(axes["B-left"], 1, shown[0], (-5, 4))
    centre = draw_outputs(axes["B-centre"], 10, shown[1], (-1.3, 6.6))
    right = draw_outputs(axes["B-right"], chosen, shown[2], (-0.2, 1.05))
    axes["B-left"].set_ylabel("Output (a.u.)")
    axes["B-centre"].set_ylabel("")
    axes["B-right"].set_ylabel("")
    pages.legend_above(axes["B-right"].figure, [axes["B-right"]])
    return left.rows + centre.rows + right.rows, right.singles


def draw() -> Drawn:
    figure, axes = pages.page_of_blocks(BLOCKS, 7.4)
    cartoons.rate_to_spiking(axes["A"])
    rows, singles = draw_example(axes)
    sizes = sweeps.conversion(sweeps.of_role(points, "sizes"), published, "C")
    rows += sweep_panels.conversion_panels(
        axes, "C", sizes, x_label=sweep_panels.SIZE, x_range=(0, 400), lowest=(0, 50)
    )
    decays = sweeps.conversion(sweeps.of_role(points, "decays"), published, "E")
    rows += sweep_panels.conversion_panels(
        axes, "E", decays, x_label=sweep_panels.UPPER_DECAY, x_range=(0, 1000), lowest=(50, 80)
    )
    tuned = sweeps.tuned_decay(sweeps.of_role(points, "decays"), published, "D")
    rows += sweep_panels.decay_panel(axes["D"], tuned)
    pages.name_panels(axes, {"A": "A", "B": "B-left", "C": "C-top", "D": "D", "E": "E-top"})
    note = "B: {example_note}. C-E: {sweep_note}; bars: ±1 SD over networks.".format(**facts)
    return Drawn(figure, rows, note, singles=singles)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
sweeps.write_singles(drawn.singles, snakemake.output.singles)
log.info("drawn from %s", drawn.facts)
