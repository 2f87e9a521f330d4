"""Fig. 7: transfer functions of the rate network, Go-NoGo: sigmoid, softplus and ReLU."""

import job

log = job.start(snakemake)

import numpy as np

import reading
from rate2spike import files
from rate2spike.figures import pages, panels, sweep_panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps
from rate2spike.rate import reference

points = reading.points(snakemake)
published = reading.published(snakemake)
ROLES = ["sigmoid", "softplus", "relu"]  # as the published numbers call them
FUNCTIONS = {"sigmoid": "sigmoid", "softplus": "softplus", "ReLU": "clipped_relu"}
networks = sweeps.side_by_side(points, {role: role for role in ROLES})
rate_test = sweeps.Comparison(
    "B", "transfer functions, rate performance", networks, "training_accuracy"
)
spiking_test = sweeps.Comparison(
    "C-right", "transfer functions, spiking performance", networks, "search_accuracy"
)
facts = sweeps.describe(points) | {
    "rate_test": rate_test.in_words(),
    "spiking_test": spiking_test.in_words(),
}
MOSAIC = [[f"A {name}", "B", "C-left", "C-right"] for name in FUNCTIONS]


def draw_functions(axes) -> list:
    """The three functions below one another."""
    x = np.linspace(-5, 5, 201)
    rates = {}
    for name, activation in FUNCTIONS.items():
        rates[name] = reference.firing_rates(x, activation)
    panels_of_a = [axes[f"A {name}"] for name in FUNCTIONS]
    return sweep_panels.transfer_functions(panels_of_a, x, rates)


def draw_bars(axes, y_label: str, measure, in_words) -> list:
    """One measure of the networks of each function."""
    panel = panels.label(axes, "Transfer function", y_label)
    numbers = measure(networks, published, axes.get_label(), ROLES)
    colours = sweep_panels.ACTIVATIONS.values()
    counts = in_words(numbers.ours)
    return sweep_panels.bars(panel, numbers, list(FUNCTIONS), colours=colours, counts=counts)


def draw() -> Drawn:
    figure, axes = pages.page_of_blocks([pages.Block(3.0, MOSAIC, [0.7, 1, 1, 1])], 7.4)
    rows = draw_functions(axes)
    rows += draw_bars(axes["B"], "Rate performance (%)", sweeps.performance, sweeps.sizes_in_words)
    rows += draw_bars(
        axes["C-left"], "Successful (% of trained)", sweeps.successful, sweeps.shares_in_words
    )
    rows += draw_bars(
        axes["C-right"],
        "Spiking performance (%)",
        sweeps.spiking_performance,
        sweeps.sizes_in_words,
    )
    pages.name_panels(axes, {"A": "A sigmoid", "B": "B", "C": "C-left"})
    bars = "{sweep_note}; bars: ±1 SD over networks. "
    note = bars + "B: {rate_test}. C, performance: {spiking_test}."
    return Drawn(figure, rows, note.format(**facts))


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
files.write_csv(sweeps.table_of_tests("7", [rate_test, spiking_test]), snakemake.output.tests)
log.info("drawn from %s", drawn.facts)
