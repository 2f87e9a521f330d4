"""Rate networks and the LIF networks of the same weights, before and after the mean-field mapping, by g and q."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

from rate2spike import config, figures, files, mean_field_config, mean_field_figure, mean_field_study, provenance

params = snakemake.params
settings = config.from_mapping(mean_field_config.MeanFieldConfig, params.settings, "mean_field")
gs, qs, found = list(settings.g), sorted(settings.q), []
with job.progress(len(gs) * len(qs), "simulate", "networks") as progress:
    for tables in mean_field_study.networks(settings, params.study_seed, snakemake.threads):
        found.append(tables)
        log.info("g %g, q %g: %s", *tables[0][["g", "q", "mapping"]].iloc[0])
        progress(1)
measures, curves = (pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True))
facts = mean_field_study.describe(settings, measures)
verdicts = mean_field_study.verdicts(measures)
critical = mean_field_study.critical_strength(measures)


def draw():
    figure, axes = mean_field_figure.page(gs)
    drawn = mean_field_figure.verdict_map(axes["map"], verdicts, critical)
    middle = gs[len(gs) // 2]
    stable = [q for q in qs if q < critical[middle]]
    for name, q in (("weak", qs[0]), ("strong", (stable or qs)[-1])):
        at = curves[(curves.g == middle) & (curves.q == q)]
        drawn += mean_field_figure.autocovariances(axes[name], at, f"g = {middle:g}, q = {q:g}")
    for g in gs:
        unsolved = verdicts.q[~verdicts.solved & (verdicts.g == g)].tolist()
        for what in mean_field_figure.WHAT:
            panel = axes[f"{what} {g:g}"]
            drawn += mean_field_figure.along_q(panel, what, measures[measures.g == g])
            mean_field_figure.shade(panel, qs, critical[g], unsolved)
        axes[f"rate {g:g}"].set_title(f"g = {g:g}", loc="left")
    figures.legend_above(figure, [axes[f"rate {g:g}"] for g in gs], n_columns=5)
    return figure, drawn, mean_field_figure.NOTE.format(**facts)


figures.publish(snakemake.output, Path(snakemake.input.caption).read_text("utf-8"), facts, draw)
files.write_csv(measures, snakemake.output.measures, float_format="%.9g")
files.write_csv(curves, snakemake.output.autocovariances, float_format="%.9g")
files.write_text(provenance.dumps(job.provenance(snakemake)) + "\n", snakemake.output.record)
log.info("drawn from %s", facts)
