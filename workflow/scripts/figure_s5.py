"""Fig. S5: mixed selectivity in the converted integration network: voltages of two units, the state
of the network by input."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

from rate2spike.analysis import describe
from rate2spike.figures import pages, publish
from rate2spike.figures import selectivity as selectivity_figure
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
facts = describe.describe_example(dict(np.load(snakemake.input.example)), task.labels)
recorded = dict(np.load(snakemake.input.selectivity))
facts |= selectivity_figure.describe(recorded) if facts["n_networks"] else {}


def draw():
    line = (
        pages.EXAMPLE_NOTE + "{n_correct} of {n_selectivity} trials correct at λ = 1/{factor:g}."
    ).format(**facts)
    if "paths" not in recorded:
        figure, axes = pages.page([["empty"]], 3.5, 1.5)
        pages.words(
            axes["empty"], "too few correct trials to tell choice, modalities and context apart"
        )
        return figure, [], line
    units, names, drawn = selectivity_figure.units(recorded), recorded["trace_name"].tolist(), []
    figure, above, below = selectivity_figure.page(list(units), names)
    for (unit, colour), traces in zip(units.items(), recorded["trace_mv"], strict=True):
        for name, mv in zip(names, traces, strict=True):
            style = {"series": name, "colour": colour, "window_ms": task.stimulus_windows_ms[0]}
            drawn.append(
                selectivity_figure.voltage(
                    above[f"{unit}: {name}"], recorded["trace_time_s"], mv, **style
                )
            )
    for c, m in ((c, m) for c in (1, 2) for m in (1, 2)):
        panel = below[f"context {c}, modality {m}"]
        panel.set_title(f"Context {c}: modality {m} {'cued' if c == m else 'not cued'}")
        drawn += selectivity_figure.paths(
            panel, recorded["offsets"], recorded["paths"][c - 1, m - 1], modality=m
        )
    selectivity_figure.finish(above, below, recorded["offsets"])
    return figure, drawn, line


publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
