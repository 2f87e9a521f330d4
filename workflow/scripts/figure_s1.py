"""Fig. S1: rates of all units in one trial, rate and converted network; histograms of the units'
firing rates."""

import job

log = job.start(snakemake)

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import pages, panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = reading.example(snakemake)
published = reading.published(snakemake)
facts = describe.example(example, task.labels)
UNITS = (("excitatory", "o"), ("inhibitory", "s"))  # kind, marker of the published fractions


def draw_map(axes, network: str, rates, order, trial: str):
    """The rates of all units in one trial: the image, and the rows drawn."""
    title = f"{network.capitalize()} network, one {trial} trial"
    panel = panels.label(axes, "Time (s)", "Unit, in order of mean rate", title)
    # the rates of a sigmoid lie between 0 and 1 as they are
    as_they_are = network == "rate" and rates.max() <= 1
    values = rates if as_they_are else statistics.normalise(rates)
    return panels.heat_map(panel, values[order], task.duration_ms / 1000, series=network)


def draw_histogram(axes, rates_hz, trial: str) -> list:
    """Ours and the published fractions of the units by firing rate, in one trial."""
    title = f"Spiking network, one {trial} trial"
    panel = panels.label(axes, "Firing rate (Hz)", "Fraction of units", title)
    inhibitory = example["inhibitory"]
    histograms = [
        statistics.rate_histogram(rates_hz[~inhibitory]),
        statistics.rate_histogram(rates_hz[inhibitory]),
    ]
    rows = panels.rate_histograms(panel, histograms)
    for units, marker in UNITS:
        points = published[published.condition.str.endswith(f";{trial} trial;{units} units")]
        x = points.x_value.astype(float)
        y = points.value.astype(float)
        legend = f"published, {units}"
        drawn = panels.published_points(panel, x, y, series=units, marker=marker, legend=legend)
        rows.append(drawn)
    return rows


def draw() -> Drawn:
    figure, axes = pages.page([["rate", "spiking"], ["histogram 1", "histogram 0"]], 5.8, 4.8)
    go, nogo = list(task.labels)[:2]
    trial = task.labels[go]
    labels = example["single_label"].tolist()
    rate = example["single_rate_r"][labels.index(go)]
    spiking = example["single_spiking_rates"][labels.index(go)]
    order = np.argsort(rate.mean(axis=1), kind="stable")
    _, above_left = draw_map(axes["rate"], "rate", rate, order, trial)
    image, above_right = draw_map(axes["spiking"], "spiking", spiking, order, trial)
    figure.colorbar(image, ax=axes["spiking"], label="Rate (0 to 1)", ticks=[0, 0.5, 1])
    rows = [above_left, above_right]
    for name, label in (("histogram 0", go), ("histogram 1", nogo)):
        rates_hz = example["single_mean_rates_hz"][labels.index(label)]
        rows += draw_histogram(axes[name], rates_hz, task.labels[label])
    pages.finish_rates(axes)
    line = f"single trials; spiking at {pages.lambda_title(facts['factor'])}."
    return Drawn(figure, rows, pages.EXAMPLE_NOTE.format(**facts) + line)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
