"""Fig. 4: spiking networks, contextual integration: example network, success of conversion against
size and decays."""

import job

log = job.start(snakemake)

import reading
from rate2spike.analysis import describe, factors, statistics
from rate2spike.figures import examples, pages, sweep_panels
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
OUTPUTS = ["mean LIF output (+) choice", "mean LIF output (-) choice"]
B_AND_C = [Block(1, [["B"]]), Block(1, [["C"]])]
BLOCKS = [
    Block(4.6, parts=[Block(4.8, examples.CONTEXT_TRIALS), Block(2.6, parts=B_AND_C)]),
    Block(2.7, [["D-top", "E-top"], ["D-bottom", "E-bottom"]], [1, 1.4]),
]


def draw_example(axes) -> tuple[list, list]:
    """Single trials, decays and mean outputs: the rows drawn, our numbers for the scorecard."""
    if not example["n_networks"]:
        pages.no_example(axes, "ABC", facts["example_note"])
        return [], []
    trials = describe.single_trials(example)
    rows = examples.context_trials(axes, trials, example["inhibitory"], task=task)
    histogram = statistics.decay_histogram(example["tau_decay_ms"], 20, 50)
    outline = sweeps.published_values(published, "B", DECAYS)
    rows += examples.decays_beside(axes["B"], histogram, outline, n_max=30)
    means = examples.mean_outputs(
        axes["C"],
        example,
        factors.chosen_output(example),
        published,
        OUTPUTS,
        task=task,
        network="Spiking",
        y_range=(-1.5, 1.5),
    )
    pages.legend_over(axes["C"], [axes["C"]])
    return rows + means.rows, means.singles


def draw() -> Drawn:
    figure, axes = pages.page_of_blocks(BLOCKS, 7.4)
    rows, singles = draw_example(axes)
    sizes = sweeps.conversion(sweeps.of_role(points, "sizes"), published, "D")
    rows += sweep_panels.conversion_panels(
        axes, "D", sizes, x_label=sweep_panels.SIZE, x_range=(0, 500), lowest=(0, 80)
    )
    decays = sweeps.conversion(sweeps.of_role(points, "decays"), published, "E")
    rows += sweep_panels.conversion_panels(
        axes, "E", decays, x_label=sweep_panels.UPPER_DECAY, x_range=(0, 1000), lowest=(70, 80)
    )
    first = "A output 1, context 1"
    pages.name_panels(axes, {"A": first, "B": "B", "C": "C", "D": "D-top", "E": "E-top"})
    note = "A-C: {example_note}{at_lambda}. D, E: {sweep_note}; bars: ±1 SD over networks."
    return Drawn(figure, rows, note.format(**facts), singles=singles)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
sweeps.write_singles(drawn.singles, snakemake.output.singles)
log.info("drawn from %s", drawn.facts)
