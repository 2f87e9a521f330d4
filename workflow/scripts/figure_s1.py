"""Fig. S1: rates of all units in one trial, rate and converted network; histograms of the units'
firing rates."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import pages, panels, publish
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example, published = dict(np.load(snakemake.input.example)), reading.published(snakemake)
facts = describe.describe_example(example, task.labels)


def draw():
    figure, axes = pages.page([["rate", "spiking"], ["histogram 1", "histogram 0"]], 5.8, 4.8)
    labels, inhibitory = example["single_label"].tolist(), example["inhibitory"]
    trials = [(name, labels.index(value)) for value, name in task.labels.items()][:2]  # Go, NoGo
    go, k = trials[0]
    rates, drawn = (
        {"rate": example["single_rate_r"][k], "spiking": example["single_spiking_rates"][k]},
        [],
    )
    order = np.argsort(rates["rate"].mean(axis=1), kind="stable")
    for panel, values in rates.items():  # the rates of a sigmoid lie between 0 and 1 as they are
        values = values if panel == "rate" and values.max() <= 1 else statistics.normalise(values)
        axes[panel].set_title(f"{panel.capitalize()} network, one {go} trial")
        image, rows = panels.heat_map(
            axes[panel], values[order], task.duration_ms / 1000, series=panel
        )
        drawn.append(rows)
    figure.colorbar(image, ax=axes["spiking"], label="Rate (0 to 1)", ticks=[0, 0.5, 1])
    for i, (name, k) in enumerate(trials):
        rates_hz = example["single_mean_rates_hz"][k]
        histograms = [statistics.rate_histogram(rates_hz[of]) for of in (~inhibitory, inhibitory)]
        axes[f"histogram {i}"].set_title(f"Spiking network, one {name} trial")
        drawn += panels.rate_histograms(axes[f"histogram {i}"], histograms)
        for units, marker in (("excitatory", "o"), ("inhibitory", "s")):
            of_paper = published[published.condition.str.endswith(f";{name} trial;{units} units")]
            x, y = (of_paper[column].astype(float) for column in ("x_value", "value"))
            legend = f"published, {units}"
            drawn.append(
                panels.published_points(
                    axes[f"histogram {i}"], x, y, series=units, marker=marker, legend=legend
                )
            )
    pages.finish_rates(axes)
    line = (
        pages.EXAMPLE_NOTE.format(**facts)
        + f"single trials; spiking at {pages.lambda_title(facts['factor'])}."
    )
    return figure, drawn, line


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
