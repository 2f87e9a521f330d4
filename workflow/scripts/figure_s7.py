"""Fig. S7: a converted integration network of quadratic integrate-and-fire units: mean outputs, two
stimuli in two contexts."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import cartoons, pages, publish
from rate2spike.figures import panels as panels_module
from rate2spike.figures import sweeps as sweep_figures
from rate2spike.figures.sweeps import SIGNS
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example, published = dict(np.load(snakemake.input.example)), reading.published(snakemake)
facts, singles = describe.describe_example(example, task.labels), []
QUANTITY, END_S = "mean QIF output", 2.25  # end of the paper's axis; a trial lasts 2.5 s


def draw_kind(panel, s: int, c: int) -> list:
    kind, shown = f"context {c}: {SIGNS[s]}", example["time_s"] <= END_S
    means = statistics.mean_sd(example["spiking_out"][-1][:, shown], example["kind"], [kind])
    band = (example["time_s"][shown], means.mean[0], means.sd[0])
    of_paper = published[published.condition.str.contains(f"ctx{c} stim{s}", regex=False)]
    singles.extend(sweeps.singles_at_last(of_paper, "B", [QUANTITY], band[0], [band[1]]))
    facts["per_kind"] = int(means.n[0])
    trial, trace = (
        describe.single_trials(example)[kind],
        sweeps.published_values(of_paper, "B", QUANTITY),
    )
    where = {"task": task, "stimulus": s, "context": c, "x_range": (0, END_S)}
    return sweep_figures.context_output(panel, trial, band, trace, **where)


def draw():
    figure, axes = pages.page(
        [["A", "1 1", "1 2"], ["A", "2 1", "2 2"]], 7.2, 4.0, width_ratios=[1.25, 1, 1]
    )
    cartoons.spiking_integration(axes["A"])
    panels = {(s, c): axes[f"{s} {c}"] for s in SIGNS for c in (1, 2)}
    drawn = [rows for (s, c), panel in panels.items() for rows in draw_kind(panel, s, c)]
    axes["A"].set_anchor("N")
    for c in (1, 2):
        panels_module.hide_time(panels[1, c])
    panels_module.share_range(list(panels.values()), ticks=[-1, 0, 1])
    panels_module.name_panel(axes["A"], "A", left=0)
    panels_module.name_panel(axes["1 1"], "B")
    pages.legend_above(figure, panels.values())
    line = f"mean ± SD over {facts['per_kind']} trials of a kind, inputs of one; {pages.lambda_title(facts['factor'])}."
    return figure, drawn, pages.EXAMPLE_NOTE.format(**facts) + line


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
sweeps.write_singles(snakemake.output, singles)
log.info("drawn from %s", facts)
