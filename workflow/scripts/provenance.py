"""How the study was made: its config, what its files say of themselves, how long each stage
took."""

import job

log = job.start(snakemake)

import json
from pathlib import Path

from rate2spike import provenance
from rate2spike.files import write_text
from rate2spike.study import archive

inputs, params = snakemake.input, snakemake.params
records = []
for folder in inputs.converted:
    records += [provenance.read(file) for file in sorted(Path(folder).glob("*.mat"))]
records += [json.loads(Path(file).read_text("utf-8")) for file in inputs.records]
trials = provenance.read(inputs.trials[0]) if inputs.trials else None
stages = archive.stage_times(params.benchmarks)
study = archive.study_record(
    params.config, params.given, trials=trials, models=records, stages=stages
)
write_text(json.dumps(study, indent=2) + "\n", snakemake.output[0])
log.info("%d records; %.0f seconds in all", len(records), sum(row["seconds"] for row in stages))
