"""Fig. S6: the output of a converted softplus network in each of many single trials."""

import job

log = job.start(snakemake)

import numpy as np

import reading
from rate2spike import plotting
from rate2spike.analysis import describe, factors
from rate2spike.figures import pages, panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.tasks import Response, find_task

task = find_task(snakemake.params.task)
example = reading.example(snakemake)
published = reading.published(snakemake)
facts = describe.example(example, task.labels)
ONSET_S = 0.1  # all units start at random voltages: until then the output tells of that alone
ACCURACY = published[published.quantity == "task performance of example softplus LIF"]
PUBLISHED_FACTOR = published.condition.str.extract(r"1/lambda=(\d+)")[0].dropna().iloc[0]


def accuracy(output) -> float:
    """Per cent correct of the trials drawn, from the samples of their outputs in the response
    window."""
    window = output[:, example["time_s"] >= task.spiking_window_onset_ms / 1000]
    response = Response(window.max(axis=1), window.min(axis=1))
    return 100 * float(np.mean(task.correct_spiking(example["label"], response)))


def draw_trials(panel, output) -> list:
    """The output of every trial, by answer, and the published range of it."""
    rows = []
    for i, (label, name) in enumerate(list(task.labels.items())[:2]):
        trials = output[example["label"] == label]
        envelope = published[published.quantity == f"envelope of 50 {name} outputs"]
        time_s, colour = example["time_s"], plotting.OUTPUTS[i]
        rows.append(panels.single_outputs(panel, time_s, trials, series=name, colour=colour))
        rows.append(panels.published_envelope(panel, envelope, series=name, marker="os"[i]))
    return rows


def draw() -> Drawn:
    output = factors.chosen_output(example)
    percent = accuracy(output)
    figure, axes = pages.page([["output"]], 4.4, 3.2)
    in_paper = f"published: {ACCURACY.value.iloc[0]} %"
    title = f"{percent:.0f} % of these trials correct ({in_paper})"
    panel = panels.label(axes["output"], "Time (s)", "Spiking output (a.u.)", title)
    panels.stimulus_box(panel.axes, task.stimulus_windows_ms)
    rows = draw_trials(panel, output)
    early = output[:, example["time_s"] <= ONSET_S]
    settled = output[:, example["time_s"] > ONSET_S]
    panel.axes.set_xlim(0, task.duration_ms / 1000)
    panel.axes.set_ylim(min(-1, settled.min() - 0.2), max(1.5, settled.max() + 0.2))
    pages.legend_above(figure, [panel.axes])
    reach = f"in the first {ONSET_S:g} s they reach from {early.min():z.1f} to {early.max():z.1f}"
    reach = reach.replace("-", "\N{MINUS SIGN}")
    factor = f"{pages.lambda_title(facts['factor'])} (published: 1/{PUBLISHED_FACTOR})"
    line = f"{facts['trials']} trials, one line each; {factor}; {reach}."
    note = pages.EXAMPLE_NOTE.format(**facts) + line
    return Drawn(figure, rows, note, facts={"accuracy": percent})


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
