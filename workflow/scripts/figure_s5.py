"""Fig. S5: mixed selectivity in the converted integration network: voltages of two units, the state
of the network by input."""

import job

log = job.start(snakemake)

import numpy as np

import reading
from rate2spike.analysis import describe
from rate2spike.figures import pages, selectivity
from rate2spike.figures.publish import Drawn, nothing, publish
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
facts = describe.example(reading.example(snakemake), task.labels)
recorded = dict(np.load(snakemake.input.selectivity))
if facts["n_networks"]:
    facts |= selectivity.describe(recorded)
NOTE = pages.EXAMPLE_NOTE + "{n_correct} of {n_selectivity} trials correct at λ = 1/{factor:g}."


def draw_traces(above, units, names) -> list:
    """The voltage of each unit in each condition."""
    rows = []
    for i, (unit, colour) in enumerate(units.items()):
        for j, name in enumerate(names):
            trace = selectivity.voltage(
                above[f"{unit}: {name}"],
                recorded["trace_time_s"],
                recorded["trace_mv"][i, j],
                series=name,
                colour=colour,
                window_ms=task.stimulus_windows_ms[0],
            )
            rows.append(trace)
    return rows


def draw_paths(below) -> list:
    """The state of the network by context and modality."""
    rows = []
    for context in (1, 2):
        for modality in (1, 2):
            panel = below[f"context {context}, modality {modality}"]
            cued = "cued" if context == modality else "not cued"
            panel.set_title(f"Context {context}: modality {modality} {cued}")
            states = recorded["paths"][context - 1, modality - 1]
            rows += selectivity.paths(panel, recorded["offsets"], states, modality=modality)
    return rows


def draw() -> Drawn:
    note = NOTE.format(**facts)
    if "paths" not in recorded:
        reason = "too few correct trials to tell choice, modalities and context apart"
        return nothing(reason)._replace(note=note)
    units = selectivity.units(recorded)
    names = recorded["trace_name"].tolist()
    figure, above, below = selectivity.page(list(units), names)
    rows = draw_traces(above, units, names)
    rows += draw_paths(below)
    selectivity.finish(above, below, recorded["offsets"])
    return Drawn(figure, rows, note)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
