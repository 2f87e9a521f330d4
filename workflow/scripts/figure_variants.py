"""How far every variant of network and training is from the paper: as a page, as a table of
variants, and number by number."""

import job

log = job.start(snakemake)

from itertools import islice

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
conditions = [variants.given(**settings) for settings in snakemake.params.conditions]
examples = [c for c in conditions if is_example(c.task, c.network)]
blocks = zip(inputs.models, inputs.networks, strict=True)
signatures = []
for c, file, n_blocks in zip(examples, inputs.examples, snakemake.params.n_blocks, strict=True):
    names = {"variant": variants.of(c), "task": c.task}
    with np.load(file) as recording:
        signatures += variants.of_example(published, recording=recording, **names)
    tau_ms = []
    for folder, table in islice(blocks, n_blocks):
        tau_ms += [model.tau_decay_ms() for _, model in job.trained_models(folder, table)]
    if tau_ms:
        signatures.append(variants.of_decays(published, tau_decay_ms=np.stack(tau_ms), **names))
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
