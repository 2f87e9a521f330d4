"""Fig. S7: a converted integration network of quadratic integrate-and-fire units: mean outputs, two
stimuli in two contexts."""

import job

log = job.start(snakemake)

from typing import NamedTuple

import reading
from rate2spike.analysis import describe, factors, statistics
from rate2spike.figures import cartoons, examples, pages, panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = reading.example(snakemake)
published = reading.published(snakemake)
facts = describe.example(example, task.labels)
QUANTITY = "mean QIF output"
END_S = 2.25  # end of the paper's axis; a trial lasts 2.5 s
MOSAIC = [["A", "1 1", "1 2"], ["A", "2 1", "2 2"]]  # stimulus and context


class Kind(NamedTuple):
    """What was drawn of one kind of trial: rows, number of trials, numbers for the scorecard."""

    rows: list
    n_trials: int
    singles: list


def draw_kind(axes, stimulus: int, context: int) -> Kind:
    """Mean output for one stimulus in one context."""
    kind = f"context {context}: {examples.SIGNS[stimulus]}"
    shown = example["time_s"] <= END_S
    time_s = example["time_s"][shown]
    output = factors.chosen_output(example)[:, shown]
    means = statistics.mean_sd(output, example["kind"], [kind])
    band = examples.Band(time_s, means.mean[0], means.sd[0])
    in_panel = published.condition.str.contains(f"ctx{context} stim{stimulus}", regex=False)
    trace = sweeps.published_values(published[in_panel], "B", QUANTITY)
    rows = examples.context_output(
        axes,
        describe.single_trials(example)[kind],
        band,
        trace,
        task=task,
        stimulus=stimulus,
        context=context,
        x_range=(0, END_S),
    )
    singles = sweeps.singles_at_last(published[in_panel], "B", [QUANTITY], time_s, means.mean)
    return Kind(rows, int(means.n[0]), singles)


def draw() -> Drawn:
    figure, axes = pages.page(MOSAIC, 7.2, 4.0, width_ratios=[1.25, 1, 1])
    cartoons.spiking_integration(axes["A"])
    axes["A"].set_anchor("N")
    rows = []
    singles = []
    for stimulus in (1, 2):
        for context in (1, 2):
            kind = draw_kind(axes[f"{stimulus} {context}"], stimulus, context)
            rows += kind.rows
            singles += kind.singles
            n_trials = kind.n_trials  # the same for all kinds
    outputs = [axes["1 1"], axes["1 2"], axes["2 1"], axes["2 2"]]
    panels.hide_time(axes["1 1"])
    panels.hide_time(axes["1 2"])
    panels.share_range(outputs, ticks=[-1, 0, 1])
    panels.name_panel(axes["A"], "A", left=0)
    panels.name_panel(axes["1 1"], "B")
    pages.legend_above(figure, outputs)
    line = f"mean ± SD over {n_trials} trials of a kind, inputs of one; "
    note = pages.EXAMPLE_NOTE.format(**facts) + line + f"{pages.lambda_title(facts['factor'])}."
    return Drawn(figure, rows, note, facts={"per_kind": n_trials}, singles=singles)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
sweeps.write_singles(drawn.singles, snakemake.output.singles)
log.info("drawn from %s", drawn.facts)
