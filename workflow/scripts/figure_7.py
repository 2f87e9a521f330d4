"""Fig. 7: transfer functions of the rate network, Go-NoGo: sigmoid, softplus and ReLU."""

import job

log = job.start(snakemake)

from pathlib import Path

import torch

import reading
from rate2spike import figures, rate, sweep_figures, sweeps
from rate2spike.sweep_figures import Block

points, published = reading.points(snakemake), reading.published(snakemake)
ROLES = {"sigmoid": "sigmoid", "softplus": "softplus", "relu": "ReLU"}
FUNCTIONS = {"sigmoid": "sigmoid", "softplus": "softplus", "ReLU": "clipped_relu"}
rows = sweeps.side_by_side(points, ROLES)
tests = {
    "rate": sweeps.comparison_in_words(rows, "training_accuracy"),
    "spiking": sweeps.comparison_in_words(rows, "search_accuracy"),
}
facts = sweeps.describe(points) | {f"{name}_test": words for name, words in tests.items()}
BLOCKS = [Block(3.0, [[f"A {name}", "B", "C-left", "C-right"] for name in FUNCTIONS], [0.7, 1, 1, 1])]


def draw():
    figure, axes = sweep_figures.page_of_blocks(BLOCKS, 7.4)
    x, colours = torch.linspace(-5, 5, 201), sweep_figures.ACTIVATIONS.values()
    rates = {name: rate.activate(x, activation).numpy() for name, activation in FUNCTIONS.items()}
    drawn = sweep_figures.transfer_functions([axes[f"A {name}"] for name in FUNCTIONS], x.numpy(), rates)
    trained = sweeps.performance(rows, published, "B", ROLES)
    spiking = sweeps.spiking_performance(rows, published, "C-right", ROLES)
    shares = sweeps.successful(rows, published, "C-left", ROLES)
    for panel, y_label, numbers, counts in (
        ("B", "Rate performance (%)", trained, sweeps.sizes_in_words(trained.ours)),
        ("C-left", "Successful (% of trained)", shares, sweeps.shares_in_words(shares.ours)),
        ("C-right", "Spiking performance (%)", spiking, sweeps.sizes_in_words(spiking.ours)),
    ):
        figures.label(axes[panel], "Transfer function", y_label)
        drawn += sweep_figures.bars(axes[panel], numbers, list(ROLES.values()), colours=colours, counts=counts)
    sweep_figures.name_panels(axes, {"A": "A sigmoid", "B": "B", "C": "C-left"})
    line = "{sweep_note}; bars: ±1 SD over networks. B: {rate_test}. C, performance: {spiking_test}."
    return figure, drawn, line.format(**facts)


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
