"""Fig. S1: rates of all units in one trial, rate and converted network; histograms of the units' firing rates."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

from rate2spike import analysis, figures
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task, snakemake.params.user_tasks)
example = dict(np.load(snakemake.input.example))
facts = analysis.describe_example(example, task.labels)


def draw():
    figure, axes = figures.page([["rate", "spiking"], ["histogram 1", "histogram 0"]], 5.8, 4.8)
    labels = example["single_label"].tolist()
    trials = [(name, labels.index(value)) for value, name in task.labels.items()][:2]  # Go, NoGo
    go, k = trials[0]
    rates, inhibitory, drawn = example["single_mean_rates_hz"], example["inhibitory"], []
    order = np.argsort(example["single_rate_r"][k].mean(axis=1), kind="stable")
    for panel, values in (
        ("rate", example["single_rate_r"][k]),
        ("spiking", analysis.normalise(example["single_spiking_rates"][k])),
    ):
        values = values if values.max() <= 1 else analysis.normalise(values)
        axes[panel].set_title(f"{panel.capitalize()} network, one {go} trial")
        image, rows = figures.heat_map(axes[panel], values[order], task.duration_ms / 1000, series=panel)
        drawn.append(rows)
    figure.colorbar(image, ax=axes["spiking"], label="Rate (0 to 1)", ticks=[0, 0.5, 1])
    for i, (name, k) in enumerate(trials):
        histograms = [
            analysis.rate_histogram(rates[k][of], upper_hz=max(30, rates.max() + 2)) for of in (~inhibitory, inhibitory)
        ]
        axes[f"histogram {i}"].set_title(f"Spiking network, one {name} trial")
        drawn += figures.rate_histograms(axes[f"histogram {i}"], histograms)
    axes["histogram 0"].legend()
    figures.name_panel(axes["rate"], "A")
    figures.name_panel(axes["histogram 1"], "B")
    return (
        figure,
        drawn,
        figures.EXAMPLE_NOTE.format(**facts) + f"single trials; spiking at {figures.lambda_title(facts['factor'])}.",
    )


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
