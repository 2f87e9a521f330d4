"""How far every variant of network and training is from the paper: as a page, as a table of
variants, and number by number."""

import job

log = job.start(snakemake)

from pathlib import Path

import numpy as np

import reading
from rate2spike.analysis import tables
from rate2spike.figures import variants as page
from rate2spike.figures.publish import Drawn, publish
from rate2spike.files import write_csv
from rate2spike.paper import variants
from rate2spike.places import is_example

inputs, output = snakemake.input, snakemake.output
published = reading.published(snakemake)
conditions = [variants.condition(**settings) for settings in snakemake.params.conditions]
recordings = {Path(file).parts[-3:-1]: file for file in inputs.examples}  # by task and condition
decays_ms = {}
for folder, table in zip(inputs.models, inputs.networks, strict=True):
    for _, model in job.trained_models(folder, table):
        decays_ms.setdefault(Path(folder).parts[-3:-1], []).append(model.tau_decay_ms())
signatures = []
for c in conditions:
    if not is_example(c.task, c.network):
        continue
    place = (c.task, c.label)
    variant = variants.of(c)
    with np.load(recordings[place]) as recording:
        signatures += variants.of_example(
            published, variant=variant, task=c.task, recording=recording
        )
    if place in decays_ms:
        tau_ms = np.stack(decays_ms[place])
        signatures.append(
            variants.of_decays(published, variant=variant, task=c.task, tau_decay_ms=tau_ms)
        )
points = variants.points(conditions, tables.read_networks(inputs.tables))
numbers = variants.table(published, points, signatures)
summary = variants.by_variant(numbers)
write_csv(summary, output.table, float_format="%.9g")
write_csv(numbers, output.by_number, float_format="%.9g")
facts = variants.describe(points, summary)


def draw() -> Drawn:
    figure, rows = page.draw(summary)
    return Drawn(figure, rows, variants.NOTE.format(**facts))


drawn = publish(draw, facts, caption=inputs.caption, output=output)
log.info("drawn from %s", drawn.facts)
