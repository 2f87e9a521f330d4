"""Rate networks and the LIF networks of the same weights, before and after the mean-field mapping,
by g and q."""

import job

log = job.start(snakemake)

from functools import partial
from pathlib import Path

import pandas as pd

from rate2spike import config, files, provenance
from rate2spike import config as mean_field_config
from rate2spike.conversion.mean_field import comparison as mean_field_study
from rate2spike.figures import mean_field as mean_field_figure
from rate2spike.figures import publish

params = snakemake.params
settings = config.from_mapping(mean_field_config.MeanFieldConfig, params.settings, "mean_field")
found = []
with job.progress(len(settings.g) * len(settings.q), "simulate", "networks") as progress:
    for tables in mean_field_study.networks(settings, params.study_seed, snakemake.threads):
        found.append(tables)
        log.info("g %g, q %g: %s", *tables[0][["g", "q", "mapping"]].iloc[0])
        progress(1)
measures, curves = (pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True))
facts = mean_field_study.describe(settings, measures)
draw = partial(mean_field_figure.draw, settings, measures, curves)
publish.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
files.write_csv(measures, snakemake.output.measures, float_format="%.9g")
files.write_csv(curves, snakemake.output.autocovariances, float_format="%.9g")
files.write_text(provenance.dumps(job.provenance(snakemake)) + "\n", snakemake.output.record)
log.info("drawn from %s", facts)
