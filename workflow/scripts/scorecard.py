"""The scorecard: every published number beside ours, as a table, as a page for the report, and as a
forest plot."""

import job

log = job.start(snakemake)

import pandas as pd

import reading
from rate2spike import files
from rate2spike.figures import forest
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import scorecard, sweeps

output = snakemake.output
published = reading.published(snakemake)
points = reading.points(snakemake)
parts = [pd.DataFrame(columns=sweeps.SINGLES)]
for file in snakemake.input.singles:
    parts.append(pd.read_csv(file, dtype=str, keep_default_na=False))
singles = pd.concat(parts, ignore_index=True)
singles = singles.assign(value=pd.to_numeric(singles.value))
table = scorecard.table(published, points, singles)
files.write_csv(table, output.table)
scorecard.write_html(table, output.html)
files.write_text(scorecard.in_markdown(table), output.by_panel)
facts = scorecard.describe(table, published, points)


def draw() -> Drawn:
    figure, rows = forest.draw(table)
    if not rows:  # the page says itself that there is nothing to compare
        return Drawn(figure, rows, "", caption=scorecard.NO_COUNTERPART)
    return Drawn(figure, rows, scorecard.NOTE.format(**facts))


drawn = publish(draw, facts, caption=snakemake.input.caption, output=output)
log.info("drawn from %s", drawn.facts)
