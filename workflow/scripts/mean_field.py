"""Rate networks and the LIF networks of the same weights, before and after the mean-field mapping,
by g and q."""

import job

log = job.start(snakemake)

from functools import partial

import pandas as pd

from rate2spike import files, provenance
from rate2spike.config import from_mapping
from rate2spike.conversion.mean_field import comparison
from rate2spike.figures import mean_field
from rate2spike.figures.publish import publish
from rate2spike.mean_field_config import MeanFieldConfig

params = snakemake.params
output = snakemake.output
settings = from_mapping(MeanFieldConfig, params.settings, "mean_field")
measures = []
curves = []
with job.progress(len(settings.g) * len(settings.q), "simulate", "networks") as progress:
    networks = comparison.networks(settings, params.study_seed, snakemake.threads)
    for measures_of_one, curves_of_one in networks:
        measures.append(measures_of_one)
        curves.append(curves_of_one)
        log.info("g %g, q %g: %s", *measures_of_one[["g", "q", "mapping"]].iloc[0])
        progress(1)
measures = pd.concat(measures, ignore_index=True)
curves = pd.concat(curves, ignore_index=True)
facts = comparison.describe(settings, measures)
draw = partial(mean_field.draw, settings, measures, curves)
drawn = publish(draw, facts, caption=snakemake.input.caption, output=output)
files.write_csv(measures, output.measures, float_format="%.9g")
files.write_csv(curves, output.autocovariances, float_format="%.9g")
files.write_text(provenance.dumps(job.provenance(snakemake)) + "\n", output.record)
log.info("drawn from %s", drawn.facts)
