"""Rate networks and the LIF networks of the same weights, before and after the mean-field mapping, by g and q."""

import job

log = job.start(snakemake)

from functools import partial
from pathlib import Path

import pandas as pd

from rate2spike import config, figures, files, mean_field_config, mean_field_figure, mean_field_study, provenance

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
figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
files.write_csv(measures, snakemake.output.measures, float_format="%.9g")
files.write_csv(curves, snakemake.output.autocovariances, float_format="%.9g")
files.write_text(provenance.dumps(job.provenance(snakemake)) + "\n", snakemake.output.record)
log.info("drawn from %s", facts)
