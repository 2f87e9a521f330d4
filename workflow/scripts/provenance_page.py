"""How the study was made, as a page for the report."""

import job

log = job.start(snakemake)

import json
from pathlib import Path

from rate2spike.study import archive

archive.write_page(json.loads(Path(snakemake.input[0]).read_text("utf-8")), snakemake.output[0])
log.info("written")
