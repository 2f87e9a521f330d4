"""Record the example network of a condition: the one most accurate on fresh trials, the first of
equals."""

import job

log = job.start(snakemake)

import numpy as np

from rate2spike import provenance
from rate2spike.analysis import example as recordings
from rate2spike.files import replacing

wildcards, params = snakemake.wildcards, snakemake.params
facts, model = job.best_network(snakemake.input)
recording = facts | {"condition": f"{wildcards.task}, {wildcards.condition}", "given": params.given}
if model:
    factor = facts["scaling_factor"]
    log.info(
        "%s at 1/lambda = %g: accuracy on fresh trials %.2f",
        facts["network"],
        factor,
        facts["held_out_accuracy"],
    )
    name = job.stream_name(wildcards, facts["network"])
    recorded = recordings.example_recordings(
        job.simulation(snakemake), model, name, factor, per=params.per
    )
    recording = recorded | recording  # `network` by its short name
else:
    log.warning(
        "no network of %s, %s reached criterion: nothing to record",
        wildcards.task,
        wildcards.condition,
    )
made = provenance.dumps(job.provenance(snakemake))
with replacing(snakemake.output[0]) as temporary:
    np.savez_compressed(temporary, **recording, provenance=made)
