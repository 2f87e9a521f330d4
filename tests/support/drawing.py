"""A figure of the workflow drawn in this process from made-up tables and recordings: what its
files hold, and its page, which is not rendered."""

from __future__ import annotations

import importlib
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from shared import ROOT

from rate2spike.figures import publish

SCRIPTS = ROOT / "workflow" / "scripts"
REPORT = ROOT / "workflow" / "report"
PUBLISHED_FILE = ROOT / "resources" / "published.tsv"
PUBLISHED = pd.read_csv(PUBLISHED_FILE, sep="\t", dtype=str, keep_default_na=False)
TEXT = {"series": str, "panel": str, "network": str}  # names, whatever they look like
NUMBER = re.compile("\N{MINUS SIGN}?" + r"\d+(?:[.,]\d+)*(?:e-?\d+)?")


class Params(dict):
    """Params as Snakemake hands them to a script."""

    __getattr__ = dict.__getitem__


class Drawn(NamedTuple):
    """What a script wrote: its CSV, its caption, our single numbers, its tests of significance; the
    line under the figure, and the page."""

    table: pd.DataFrame
    caption: str
    singles: pd.DataFrame | None
    tests: pd.DataFrame | None
    note: str
    page: Figure


def drawer(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that runs the script of a figure as Snakemake does."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    job = importlib.import_module("job")
    log = SimpleNamespace(info=print, warning=print)
    monkeypatch.setattr(job, "start", lambda snakemake: log)
    pages = []
    monkeypatch.setattr(publish, "save", lambda figure, pdf, png: pages.append(figure))

    def draw(
        script: str,
        *,
        points: pd.DataFrame | None = None,
        recordings: dict[str, dict] | None = None,
        tables: dict[str, pd.DataFrame] | None = None,
        files: dict[str, list[Path]] | None = None,
        caption: str | None = None,
        **params,
    ) -> Drawn:
        inputs = {"published": PUBLISHED_FILE, "caption": REPORT / f"{caption or script}.rst"}
        if points is not None:
            params["points"], inputs["tables"] = write_points(points, folder)
        for name, arrays in (recordings or {}).items():
            inputs[name] = folder / f"{name}.npz"
            np.savez(inputs[name], **arrays)
        for name, table in (tables or {}).items():
            inputs[name] = folder / f"{name}.csv"
            table.to_csv(inputs[name], index=False)
        inputs |= files or {}
        endings = (
            "pdf",
            "png",
            "csv",
            "caption",
            "singles",
            "tests",
            "pairs",
            "table",
            "by_number",
        )
        written = {ending: folder / f"{script}.{ending}" for ending in endings}
        for file in written.values():
            file.unlink(missing_ok=True)
        snakemake = SimpleNamespace(
            input=SimpleNamespace(**as_text(inputs)),
            output=SimpleNamespace(**as_text(written)),
            params=Params(user_tasks={}, **params),
        )
        runpy.run_path(str(SCRIPTS / f"{script}.py"), init_globals={"snakemake": snakemake})
        read = {}
        for name in ("singles", "tests"):
            there = written[name].exists()
            read[name] = pd.read_csv(written[name], dtype={"x_value": str}) if there else None
        return Drawn(
            table=pd.read_csv(written["csv"], dtype=TEXT, keep_default_na=False, na_values=[""]),
            caption=written["caption"].read_text("utf-8"),
            note=pages[-1].get_supxlabel(),
            page=pages[-1],
            **read,
        )

    return draw


def as_text(files: dict) -> dict:
    """The same with paths as text."""
    paths = {}
    for name, file in files.items():
        paths[name] = [str(f) for f in file] if isinstance(file, list) else str(file)
    return paths


def write_points(points: pd.DataFrame, folder: Path) -> tuple[list, list]:
    """A table of networks for each role and x, and what `params.points` says of them."""
    named, files = [], []
    keys = ["role", "x"]
    for i, ((role, x), rows) in enumerate(points.groupby(keys, sort=False, dropna=False)):
        files.append(folder / f"networks_{i}.csv")
        rows.drop(columns=keys).to_csv(files[-1], index=False)
        named.append(["figure", role, None if np.isnan(x) else x])
    return named, files


# What is compared ---------------------------------------------------------------------------------


def published(figure: str, panel: str, quantity: str, condition: str = "") -> pd.DataFrame:
    """Rows of the published numbers that were read from a panel, x, y and SD as numbers where they
    are some."""
    rows = PUBLISHED[(PUBLISHED.figure == figure) & (PUBLISHED.panel == panel)]
    rows = rows[(rows.quantity == quantity) & (rows.source == "digitised")]
    rows = rows[rows.condition.str.contains(condition, regex=False)]
    assert len(rows), (figure, panel, quantity, condition)
    x = pd.to_numeric(rows.x_value, errors="coerce")
    return pd.DataFrame(
        {
            "x": rows.x_value if x.isna().any() else x,
            "y": pd.to_numeric(rows.value, errors="coerce"),
            "sd": pd.to_numeric(rows.sd, errors="coerce"),
        }
    )


class Series(NamedTuple):
    """What one series of a CSV must hold."""

    x: object
    y: object
    low: object = None
    high: object = None
    z: object = None


def assert_drawn(table: pd.DataFrame, expected: dict[tuple[str, str], Series]) -> None:
    """The CSV holds these series, by panel and name, and no other."""
    groups = dict(list(table.groupby(["panel", "series"], sort=False)))
    assert set(groups) == set(expected)
    for key, series in expected.items():
        rows = groups[key]
        if np.asarray(series.x).dtype.kind in "fiu":
            np.testing.assert_allclose(
                rows.x.astype(float), np.asarray(series.x, float), rtol=1e-7, err_msg=f"{key}, x"
            )
        else:
            assert rows.x.astype(str).tolist() == list(series.x), key
        for name in ("y", "low", "high", "z"):
            wanted = getattr(series, name)
            wanted = np.full(len(rows), np.nan) if wanted is None else np.asarray(wanted, float)
            found = rows[name].astype(float)
            np.testing.assert_allclose(
                found, wanted, rtol=1e-7, atol=1e-9, err_msg=f"{key}, {name}"
            )


def numbers_in(text: str) -> list[str]:
    """Every number of a text, in its order."""
    return NUMBER.findall(text)


def assert_caption(drawn: Drawn, script: str, **facts) -> None:
    """Every number of the caption is that of the wording with these facts."""
    template = (REPORT / f"{script}.rst").read_text("utf-8")
    assert numbers_in(drawn.caption) == numbers_in(template.format(**facts))


def axes_of(page: Figure, name: str):
    """The panel of that name."""
    (axes,) = [axes for axes in page.findobj(_is_axes) if axes.get_label() == name]
    return axes


def _is_axes(artist) -> bool:
    return hasattr(artist, "get_xlim") and hasattr(artist, "lines")
