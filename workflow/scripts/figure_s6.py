"""Fig. S6: the output of a converted softplus network in each of many single trials."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike import plotting
from rate2spike.analysis import describe
from rate2spike.figures import pages, panels, publish
from rate2spike.tasks import Response, find_task

task = find_task(snakemake.params.task)
example, published = dict(np.load(snakemake.input.example)), reading.published(snakemake)
facts = describe.describe_example(example, task.labels)
ONSET_S = 0.1  # all units start at random voltages: until then the output tells of that alone
OF_PAPER = published[published.quantity == "task performance of example softplus LIF"]


def accuracy() -> float:
    """Per cent correct of the trials drawn, from the samples of their outputs in the response
    window."""
    window = example["spiking_out"][-1][:, example["time_s"] >= task.spiking_window_onset_ms / 1000]
    response = Response(window.max(axis=1), window.min(axis=1))
    return 100 * float(np.mean(task.correct_spiking(example["label"], response)))


def draw():
    facts["accuracy"], out = accuracy(), example["spiking_out"][-1]
    figure, axes = pages.page([["output"]], 4.4, 3.2)
    panel, drawn = axes["output"], []
    title = (
        f"{facts['accuracy']:.0f} % of these trials correct (published: {OF_PAPER.value.iloc[0]} %)"
    )
    panels.label(panel, "Time (s)", "Spiking output (a.u.)", title)
    panels.stimulus_box(panel, task.stimulus_windows_ms)
    for (label, name), colour, marker in zip(
        task.labels.items(), plotting.OUTPUTS, "os", strict=False
    ):
        of_label, envelope = (
            out[example["label"] == label],
            published[published.quantity == f"envelope of 50 {name} outputs"],
        )
        drawn.append(
            panels.single_outputs(panel, example["time_s"], of_label, series=name, colour=colour)
        )
        drawn.append(panels.published_envelope(panel, envelope, series=name, marker=marker))
    settled = out[:, example["time_s"] > ONSET_S]
    panel.set(
        xlim=(0, task.duration_ms / 1000),
        ylim=(min(-1, settled.min() - 0.2), max(1.5, settled.max() + 0.2)),
    )
    pages.legend_above(figure, [panel])
    early = out[:, example["time_s"] <= ONSET_S]
    reach = f"in the first {ONSET_S:g} s they reach from {early.min():.1f} to {early.max():.1f}".replace(
        "-", "−"
    )
    of_paper = published.condition.str.extract(r"1/lambda=(\d+)")[0].dropna().iloc[0]
    factor = f"{pages.lambda_title(facts['factor'])} (published: 1/{of_paper})"
    line = f"{facts['trials']} trials, one line each; {factor}; {reach}."
    return figure, drawn, pages.EXAMPLE_NOTE.format(**facts) + line


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
