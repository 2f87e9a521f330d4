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
    log.info(
        "{network} at 1/lambda = {scaling_factor:g}: accuracy on fresh trials {held_out_accuracy:.2f}".format(
            **facts
        )
    )
    name = job.stream_name(wildcards, facts["network"])
    recorded = recordings.example_recordings(
        job.simulation(snakemake), model, name, facts["scaling_factor"], per=params.per
    )
    recording = recorded | recording  # `network` by its short name
else:
    log.warning(
        "no network of %s, %s reached criterion: nothing to record",
        wildcards.task,
        wildcards.condition,
    )
with replacing(snakemake.output[0]) as temporary:
    np.savez_compressed(
        temporary, **recording, provenance=provenance.dumps(job.provenance(snakemake))
    )
