"""The scorecard: every published number beside ours, as a table, as a page for the report, and as a
forest plot."""

import job

log = job.start(snakemake)

from pathlib import Path

import pandas as pd

import reading
from rate2spike import files
from rate2spike.figures import forest, publish
from rate2spike.paper import scorecard, sweeps

inputs, output = snakemake.input, snakemake.output
published, points = reading.published(snakemake), reading.points(snakemake)
parts = [pd.read_csv(file, dtype=str, keep_default_na=False) for file in inputs.singles]
singles = pd.concat([pd.DataFrame(columns=sweeps.SINGLES), *parts], ignore_index=True)
found = scorecard.table(published, points, singles.assign(value=pd.to_numeric(singles.value)))
files.write_csv(found, output.table)
scorecard.write_html(found, output.html)
files.write_text(scorecard.in_markdown(found), output.by_panel)
facts = scorecard.describe(found, published, points)


def draw():
    figure, drawn = forest.draw(found)
    return (
        figure,
        drawn,
        scorecard.NOTE.format(**facts) if drawn else "",
    )  # the page says that there is nothing to compare


publish.publish(output, Path(inputs.caption).read_text("utf-8"), facts, draw)
log.info("drawn from %s", facts)
