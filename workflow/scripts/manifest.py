"""The files of the study that belong into an archive, with their checksums, and the archive as an
RO-Crate."""

import job

log = job.start(snakemake)

import json
import shutil
from pathlib import Path

import pandas as pd
import yaml

from rate2spike.files import replacing, write_text
from rate2spike.study import archive, crate

inputs, output = snakemake.input, snakemake.output
results = Path(output.table).parent
study = json.loads(Path(inputs.study).read_text("utf-8"))
files = list(inputs.files)
if inputs.readme:
    readme = results / "README.md"
    if not readme.exists():  # a study in a folder of its own
        shutil.copyfile(inputs.readme[0], readme)
    files.append(readme)
table = archive.manifest(files, results)
with replacing(output.table) as temporary:
    table.to_csv(temporary, sep="\t", index=False, lineterminator="\n")
shutil.copyfile(inputs.snakefile, output.snakefile)
write_text(yaml.safe_dump(study["config"], sort_keys=False, allow_unicode=True), output.config)
# the checksums cover these too
own = archive.manifest([output.table, output.snakefile, output.config], results)
write_text(archive.checksums(table) + archive.checksums(own), output.checksums)
citation = yaml.safe_load(Path(inputs.citation[0]).read_text("utf-8")) if inputs.citation else {}
metadata = crate.metadata(study, pd.concat([own, table]), citation)
write_text(json.dumps(metadata, indent=1, ensure_ascii=False) + "\n", output.crate)
log.info("%d files, %.3g MB", len(table), table.bytes.sum() / 1e6)
