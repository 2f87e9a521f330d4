"""Fig. S1: rates of all units in one trial, rate and converted network; histograms of the units'
firing rates."""

import job

log = job.start(snakemake)

import numpy as np

import reading
from rate2spike.analysis import describe
from rate2spike.figures import pages, rates
from rate2spike.figures.publish import Drawn, publish
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = reading.example(snakemake)
published = reading.published(snakemake)
facts = describe.example(example, task.labels)


def draw() -> Drawn:
    figure, axes = pages.page([["rate", "spiking"], ["histogram 1", "histogram 0"]], 5.8, 4.8)
    go, nogo = list(task.labels)[:2]
    duration_s = task.duration_ms / 1000
    labels = example["single_label"].tolist()
    rate = example["single_rate_r"][labels.index(go)]
    spiking = example["single_spiking_rates"][labels.index(go)]
    order = np.argsort(rate.mean(axis=1), kind="stable")
    _, above_left = rates.rate_map(
        axes["rate"], "rate", rate, order, trial=task.labels[go], duration_s=duration_s
    )
    image, above_right = rates.rate_map(
        axes["spiking"], "spiking", spiking, order, trial=task.labels[go], duration_s=duration_s
    )
    figure.colorbar(image, ax=axes["spiking"], label="Rate (0 to 1)", ticks=[0, 0.5, 1])
    rows = [above_left, above_right]
    for name, label in (("histogram 0", go), ("histogram 1", nogo)):
        rates_hz = example["single_mean_rates_hz"][labels.index(label)]
        rows += rates.histograms_beside(
            axes[name], rates_hz, example["inhibitory"], published, trial=task.labels[label]
        )
    rates.finish(axes)
    line = f"single trials; spiking at {pages.lambda_title(facts['factor'])}."
    return Drawn(figure, rows, pages.EXAMPLE_NOTE.format(**facts) + line)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
