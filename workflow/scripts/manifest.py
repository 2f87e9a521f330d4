"""The files of the study that belong into an archive, with their checksums."""

import job

log = job.start(snakemake)

import shutil
from pathlib import Path

from rate2spike.files import replacing, write_text
from rate2spike.study import archive

inputs, output = snakemake.input, snakemake.output
results = Path(output.table).parent
files = list(inputs.files)
if inputs.readme:
    readme = results / "README.md"
    if not readme.exists():  # a study in a folder of its own
        shutil.copyfile(inputs.readme[0], readme)
    files.append(readme)
table = archive.manifest(files, results)
with replacing(output.table) as temporary:
    table.to_csv(temporary, sep="\t", index=False, lineterminator="\n")
own = archive.manifest([output.table], results)  # the checksums cover the manifest too
write_text(archive.checksums(table) + archive.checksums(own), output.checksums)
log.info("%d files, %.3g MB", len(table), table.bytes.sum() / 1e6)
