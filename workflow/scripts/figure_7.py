"""Fig. 7: transfer functions of the rate network, Go-NoGo: sigmoid, softplus and ReLU."""

import job

log = job.start(snakemake)

from pathlib import Path

import torch

import reading
from rate2spike import files
from rate2spike.figures import panels, publish
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.figures.sweeps import Block
from rate2spike.paper import sweeps
from rate2spike.rate import reference

points, published = reading.points(snakemake), reading.published(snakemake)
ROLES = ["sigmoid", "softplus", "relu"]  # as the published numbers call them
FUNCTIONS = {"sigmoid": "sigmoid", "softplus": "softplus", "ReLU": "clipped_relu"}
rows = sweeps.side_by_side(points, {role: role for role in ROLES})
comparisons = {
    "rate_test": sweeps.Comparison(
        "B", "transfer functions, rate performance", rows, "training_accuracy"
    ),
    "spiking_test": sweeps.Comparison(
        "C-right", "transfer functions, spiking performance", rows, "search_accuracy"
    ),
}
facts = sweeps.describe(points) | {
    name: comparison.in_words() for name, comparison in comparisons.items()
}
BLOCKS = [
    Block(3.0, [[f"A {name}", "B", "C-left", "C-right"] for name in FUNCTIONS], [0.7, 1, 1, 1])
]


def draw():
    figure, axes = sweep_figures.page_of_blocks(BLOCKS, 7.4)
    x, colours = torch.linspace(-5, 5, 201), sweep_figures.ACTIVATIONS.values()
    rates = {
        name: reference.activate(x, activation).numpy() for name, activation in FUNCTIONS.items()
    }
    drawn = sweep_figures.transfer_functions(
        [axes[f"A {name}"] for name in FUNCTIONS], x.numpy(), rates
    )
    for panel, y_label, measure, in_words in (
        ("B", "Rate performance (%)", sweeps.performance, sweeps.sizes_in_words),
        ("C-left", "Successful (% of trained)", sweeps.successful, sweeps.shares_in_words),
        ("C-right", "Spiking performance (%)", sweeps.spiking_performance, sweeps.sizes_in_words),
    ):
        numbers = measure(rows, published, panel, ROLES)
        panels.label(axes[panel], "Transfer function", y_label)
        drawn += sweep_figures.bars(
            axes[panel], numbers, list(FUNCTIONS), colours=colours, counts=in_words(numbers.ours)
        )
    sweep_figures.name_panels(axes, {"A": "A sigmoid", "B": "B", "C": "C-left"})
    line = (
        "{sweep_note}; bars: ±1 SD over networks. B: {rate_test}. C, performance: {spiking_test}."
    )
    return figure, drawn, line.format(**facts)


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
files.write_csv(sweeps.table_of_tests("7", comparisons.values()), snakemake.output.tests)
log.info("drawn from %s", facts)
