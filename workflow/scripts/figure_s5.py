"""Fig. S5: mixed selectivity in the converted integration network: voltages of two units, the state
of the network by input."""

import job

log = job.start(snakemake)

import numpy as np

from rate2spike.analysis import describe
from rate2spike.figures import pages, selectivity
from rate2spike.figures.publish import Drawn, nothing, publish
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
facts = describe.example(dict(np.load(snakemake.input.example)), task.labels)
recorded = dict(np.load(snakemake.input.selectivity))
if facts["n_networks"]:
    facts |= selectivity.describe(recorded)
NOTE = pages.EXAMPLE_NOTE + "{n_correct} of {n_selectivity} trials correct at λ = 1/{factor:g}."


def draw() -> Drawn:
    note = NOTE.format(**facts)
    if "paths" not in recorded:
        reason = "too few correct trials to tell choice, modalities and context apart"
        return nothing(reason)._replace(note=note)
    figure, above, below = selectivity.page(recorded)
    rows = selectivity.traces(above, recorded, task.stimulus_windows_ms[0])
    rows += selectivity.state_space(below, recorded)
    selectivity.finish(above, below, recorded["offsets"])
    return Drawn(figure, rows, note)


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
log.info("drawn from %s", drawn.facts)
