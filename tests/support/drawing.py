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
from matplotlib.colors import to_rgba
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from shared import ROOT

from rate2spike.figures import publish
from rate2spike.plotting import STIMULUS

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


# What stands around the numbers of a page ---------------------------------------------------------


def assert_axes_named(drawn: Drawn, wanted: dict[str, tuple[str, str]]) -> None:
    """The CSV calls the axes of its panels so, and the page, too, where it names them at all."""
    assert set(drawn.table.panel) == set(wanted)
    for panel, names in wanted.items():
        rows = drawn.table[drawn.table.panel == panel]
        assert [*zip(rows.x_name, rows.y_name, strict=True)] == len(rows) * [names], panel
        axes = axes_of(drawn.page, panel)
        for shown, name in zip((axes.get_xlabel(), axes.get_ylabel()), names, strict=True):
            words = shown.replace("\n", " ").lower()
            assert name.lower().endswith(words), (panel, shown)


def letters_of(page: Figure) -> dict[str, str]:
    """The panel at which each bold letter of the caption stands."""
    found = {}
    for axes in page.findobj(_is_axes):
        for text in axes.texts:
            letter = text.get_text()
            if re.fullmatch("[A-Z]", letter) and text.get_fontweight() == "bold":
                assert letter not in found
                found[letter] = axes.get_label()
    return found


def assert_nothing_cut_off(drawn: Drawn) -> None:
    """Every number of the CSV lies within the axes of its panel."""
    for panel, rows in drawn.table.groupby("panel"):
        axes = axes_of(drawn.page, panel)
        if axes.name == "3d":
            continue
        ends = dict.fromkeys(("y", "low", "high"), sorted(axes.get_ylim()))
        ticks = [tick.get_text().partition("\n")[0] for tick in axes.get_xticklabels()]
        if str(rows.x.iloc[0]) not in ticks:  # names of bars stand in the order of the bars
            ends["x"] = sorted(axes.get_xlim())
        for column, (least, most) in ends.items():
            values = pd.to_numeric(rows[column], errors="coerce")
            slack = 1e-6 * (most - least)
            assert (values.isna() | values.between(least - slack, most + slack)).all(), (
                panel,
                column,
            )


def assert_bars_end_where_the_table_says(drawn: Drawn) -> None:
    """Every error bar of the page is one of the CSV, and the other way round."""
    for panel, rows in drawn.table.groupby("panel"):
        bars = []
        for container in axes_of(drawn.page, panel).containers:
            if isinstance(container, ErrorbarContainer):
                for lines in container[2]:
                    bars += [segment[:, 1] for segment in lines.get_segments() if len(segment)]
        bars = [sorted(ends) for ends in bars if np.isfinite(ends).all()]
        there = rows[["y", "low", "high"]].notna().all(axis=1)
        wanted = rows.loc[there, ["low", "high"]].to_numpy(float).tolist()
        found, wanted = (sorted(ends, key=_to_three_digits) for ends in (bars, wanted))
        np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9, err_msg=panel)


def _to_three_digits(ends) -> list[float]:
    return np.round(ends, 3).tolist()


def stimulus_boxes(axes) -> list[tuple[float, float]]:
    """Begin and end of the green boxes of a panel, in s."""
    boxes = [patch for patch in axes.patches if patch.get_facecolor() == to_rgba(STIMULUS)]
    return [(box.get_x(), round(box.get_x() + box.get_width(), 9)) for box in boxes]


def legend_names(page: Figure) -> list[str]:
    """The names in the legend of a page, in their order."""
    (legend,) = [legend for legend in page.findobj(Legend) if legend.axes is None]
    return [text.get_text() for text in legend.get_texts()]
