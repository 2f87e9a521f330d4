"""Record how the example network of a condition, see example.py, responds to graded inputs in both
contexts (Fig. S5)."""

import job

log = job.start(snakemake)

import numpy as np

from rate2spike import provenance
from rate2spike.analysis import selectivity
from rate2spike.files import replacing

wildcards = snakemake.wildcards
recording, model = job.best_network(snakemake.input)
if model:
    name = job.stream_name(wildcards, recording["network"])
    recording |= selectivity.selectivity_recordings(
        job.simulation(snakemake), model, name, recording["scaling_factor"]
    )
    log.info(
        "%s: %s of %s trials correct",
        recording["network"],
        recording["n_correct"],
        recording["n_trials"],
    )
    if "paths" not in recording:
        log.warning("%s: too few correct trials to tell choice, modalities and context apart", name)
else:
    log.warning(
        "no network of %s, %s reached criterion: nothing to record",
        wildcards.task,
        wildcards.condition,
    )
made = provenance.dumps(job.provenance(snakemake))
with replacing(snakemake.output[0]) as temporary:
    np.savez_compressed(temporary, **recording, provenance=made)
