"""What the figures read: networks of conditions and sweeps, published numbers."""

import pandas as pd

from rate2spike.analysis import tables


def points(snakemake):
    """All networks that a figure is drawn from, one row each: columns figure, role, x (the value
    along a sweep, NaN where the role is one condition), then those of results/tables/networks.csv.
    """
    read = zip(snakemake.params.points, snakemake.input.tables, strict=True)
    parts = [
        tables.read_networks([file]).assign(figure=figure, role=role, x=x)
        for (figure, role, x), file in read
    ]
    return pd.concat(parts, ignore_index=True).astype({"x": float})


def shown(snakemake):
    """The networks of the conditions that have a page of their own; points of sweeps are drawn
    elsewhere."""
    networks = tables.read_networks([snakemake.input.networks])
    return networks[networks.name.isin(snakemake.params.shown)]


def published(snakemake):
    """The published numbers of a figure, all columns as text; of all figures where the job has no
    `figure`."""
    numbers = pd.read_csv(snakemake.input.published, sep="\t", dtype=str, keep_default_na=False)
    figure = snakemake.params.get("figure")
    return (
        numbers
        if figure is None
        else numbers[numbers.figure == figure.removeprefix("figure_").upper()]
    )
