"""What the figures read: networks of conditions and sweeps, example networks, published numbers."""

import numpy as np
import pandas as pd

from rate2spike.analysis import tables


def points(snakemake) -> pd.DataFrame:
    """All networks that a figure is drawn from, one row each.

    Columns figure, role, x (the value along a sweep, NaN where the role is one condition), then
    those of results/tables/networks.csv.
    """
    parts = []
    for point, file in zip(snakemake.params.points, snakemake.input.tables, strict=True):
        figure, role, x = point
        parts.append(tables.read_networks([file]).assign(figure=figure, role=role, x=x))
    return pd.concat(parts, ignore_index=True).astype({"x": float})


def shown(snakemake) -> pd.DataFrame:
    """The networks of the conditions that the figure shows: those with a page of their own (points
    of sweeps are drawn elsewhere), or those that are refined."""
    networks = tables.read_networks([snakemake.input.networks])
    return networks[networks.name.isin(snakemake.params.shown)]


def example(snakemake) -> dict:
    """The recording of the example network of a figure, as `example.example_recordings` made it."""
    return dict(np.load(snakemake.input.example))


def published(snakemake) -> pd.DataFrame:
    """The published numbers of a figure, all columns as text; of all figures where the job has no
    `figure`."""
    numbers = pd.read_csv(snakemake.input.published, sep="\t", dtype=str, keep_default_na=False)
    figure = snakemake.params.get("figure")
    if figure is None:
        return numbers
    return numbers[numbers.figure == figure.removeprefix("figure_").upper()]
