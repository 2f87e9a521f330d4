"""What Figs. 1-7 draw is what the tables say; their scripts run with many networks, with one, with
none, without an example."""

import runpy
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from shared import example_of

from rate2spike.figures import panels as panels_module
from rate2spike.figures import publish, sweep_panels
from rate2spike.paper import sweeps

ROOT = Path(__file__).parents[2]
PUBLISHED = pd.read_csv(
    ROOT / "resources" / "published.tsv", sep="\t", dtype=str, keep_default_na=False
)
TASKS = {
    "1": "go-nogo",
    "2": "go-nogo",
    "3": "integration",
    "4": "integration",
    "5": "go-nogo",
    "6": "integration",
    "7": "go-nogo",
}
ROLES = {  # values of the sweeps; None: a single condition
    "1": {"example": [None], "sizes": [10, 50, 250]},
    "2": {"example": [None], "sizes": [10, 50, 250], "decays": [20, 100, 1000]},
    "3": {"sizes": [10, 50, 250]},
    "4": {"example": [None], "sizes": [10, 50, 250], "decays": [20, 100, 1000]},
    "5": {"fixed": [None], "tuned": [None]},
    "6": {"refractory": [0, 0.5, 2, 5, 30], "filters": [0, 2], "gains": [0.5, 1.5, 3.0]},
    "7": {"sigmoid": [None], "softplus": [None], "relu": [None]},
}


def points_of(figure: str, n: int, *, trained: bool = True) -> pd.DataFrame:
    """Made-up networks, n a condition; none reached criterion at the least value of sizes and
    decays."""
    rng, rows = np.random.default_rng(3), []
    for role, values in ROLES[figure].items():
        for x in values:
            converged = trained and not (x == values[0] and role in ("sizes", "decays"))
            for i in range(n):
                row = {
                    "role": role,
                    "x": np.nan if x is None else float(x),
                    "task": TASKS[figure],
                    "condition": f"{role}{x}",
                }
                row |= {
                    "neuron": "lif",
                    "network": f"seed_{i}",
                    "converged": converged,
                    "training_trials": 801 + 100 * i,
                }
                row |= {
                    "training_accuracy": 1 - 0.01 * (i % 4),
                    "mean_tau_decay_ms": rng.uniform(25, 35),
                }
                row["search_accuracy"] = round(rng.uniform(0.85, 1), 2) if converged else np.nan
                row["held_out_accuracy"] = row["search_accuracy"] - 0.1
                rows.append(row)
    return pd.DataFrame(rows)


class Drawn(SimpleNamespace):
    """The page of a script, its table, its caption, the numbers for the scorecard, its statistical
    tests."""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the script of a figure as Snakemake does; the page is laid out, not rendered."""
    monkeypatch.syspath_prepend(str(ROOT / "workflow" / "scripts"))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    pages = []

    def lay_out(figure, pdf, png):
        figure.draw_without_rendering()
        pages.append(figure)

    def run_script(
        figure: str, points: pd.DataFrame, *, example: dict | None = None, render: bool = False
    ) -> Drawn:
        np.savez(tmp_path / "example.npz", **(example or {"n_networks": 0, "n_attempted": 4}))
        published = PUBLISHED[PUBLISHED.figure == figure]
        reading = {
            "points": lambda snakemake: points,
            "published": lambda snakemake: published,
            "example": lambda snakemake: dict(np.load(snakemake.input.example)),
        }
        monkeypatch.setitem(
            sys.modules, "job", SimpleNamespace(start=lambda snakemake: SimpleNamespace(info=print))
        )
        monkeypatch.setitem(sys.modules, "reading", SimpleNamespace(**reading))
        if not render:
            monkeypatch.setattr(publish, "save", lay_out)
        files = {
            name: str(tmp_path / f"{figure}.{name}")
            for name in ("pdf", "png", "csv", "caption", "singles", "tests")
        }
        inputs = {
            "example": tmp_path / "example.npz",
            "caption": ROOT / "workflow" / "report" / f"figure_{figure}.rst",
        }
        snakemake = SimpleNamespace(
            input=SimpleNamespace(**inputs), output=SimpleNamespace(**files)
        )
        snakemake.params = SimpleNamespace(task=TASKS[figure], figure=f"figure_{figure}")
        script = ROOT / "workflow" / "scripts" / f"figure_{figure}.py"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            runpy.run_path(str(script), init_globals={"snakemake": snakemake})
        caption = Path(files["caption"]).read_text("utf-8")
        read = {
            name: pd.read_csv(files[name]) if Path(files[name]).exists() else None
            for name in ("singles", "tests")
        }
        page = pages[-1] if pages else None
        return Drawn(
            page=page, table=pd.read_csv(files["csv"]), caption=caption, png=files["png"], **read
        )

    return run_script


def check_page(page: Figure) -> None:
    """No panel reaches beyond the page, no words are smaller than 6 points."""
    renderer = page._get_renderer()
    width, height = page.bbox.size
    for axes in page.findobj(
        lambda artist: hasattr(artist, "get_tightbbox") and hasattr(artist, "get_xlim")
    ):
        box = axes.get_tightbbox(renderer)
        if box is not None:
            assert -1 <= box.x0 <= box.x1 <= width + 1, axes.get_label()
            assert -1 <= box.y0 <= box.y1 <= height + 1, axes.get_label()
    words = [text for text in page.findobj(Text) if text.get_text() and text.get_visible()]
    # A is a cartoon
    drawn_here = [text for text in words if text.axes is None or text.axes.get_label() != "A"]
    assert {
        text.get_text(): text.get_fontsize() for text in drawn_here if text.get_fontsize() < 6
    } == {}


@pytest.mark.parametrize("figure", TASKS)
@pytest.mark.parametrize("n", [1, 12])
def test_pages(figure, n, run):
    example = example_of(TASKS[figure]) if "example" in ROLES[figure] else None
    drawn = run(figure, points_of(figure, n), example=example)
    check_page(drawn.page)
    assert list(drawn.table.columns) == panels_module.COLUMNS
    assert drawn.table[["panel", "series", "x_name", "x", "y_name"]].notna().all().all()
    assert drawn.table.series.str.startswith("published").any()
    assert ("1 network " if n == 1 else "12 networks ") in drawn.caption
    assert "{" not in drawn.caption
    assert (drawn.singles is not None) == (example is not None)


def test_one_page_rendered(run):
    drawn = run("5", points_of("5", 3), render=True)
    assert Path(drawn.png).read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("figure", ["1", "4"])
def test_page_without_an_example(figure, run):
    drawn = run(figure, points_of(figure, 3))
    words = [text.get_text().replace("\n", " ") for text in drawn.page.findobj(Text)]
    assert "no network of this condition reached criterion (0 of 4)" in words
    assert "No network of this condition reached criterion (0 of 4)." in drawn.caption
    assert drawn.singles.empty
    assert not drawn.table.panel.str.startswith("B").any()


def test_example_without_trained_networks_in_the_sweeps(run):
    points = points_of("2", 2, trained=False)
    points["converged"] = points.role == "example"
    drawn = run("2", points, example=example_of("go-nogo"))
    ours = drawn.table[(drawn.table.panel == "C-bottom") & (drawn.table.series == "spiking")]
    assert ours.x.tolist() == [10, 50, 250]
    assert ours.y.isna().all()
    assert (drawn.table.panel == "B-right").any()


@pytest.mark.parametrize("figure", TASKS)
def test_nothing_trained(figure, run):
    drawn = run(figure, points_of(figure, 2, trained=False))
    assert "No network reached criterion (0 of" in drawn.caption
    assert drawn.table.empty


def test_csv_holds_the_statistics(run):
    points = points_of("4", 5)
    table = run("4", points, example=example_of("integration")).table
    ours = table[(table.panel == "E-bottom") & (table.series == "spiking")].set_index("x")
    accuracy = 100 * points[(points.role == "decays") & (points.x == 100)].search_accuracy
    assert ours.y[100.0] == pytest.approx(accuracy.mean())
    assert ours.low[100.0] == pytest.approx(accuracy.mean() - accuracy.std(ddof=1))
    assert ours.high[100.0] == pytest.approx(min(100, accuracy.mean() + accuracy.std(ddof=1)))
    assert ours.z.tolist() == [0, 5, 5]
    assert np.isnan(ours.y[20.0])
    share = table[(table.panel == "E-top") & (table.series == "spiking")].set_index("x").y[100.0]
    assert share == pytest.approx(100 * (accuracy >= 95).mean())
    of_paper = table[(table.panel == "E-bottom") & (table.series == "published spiking")].set_index(
        "x"
    )
    assert (of_paper.y[50.0], of_paper.low[50.0], of_paper.high[50.0]) == pytest.approx(
        (97.76, 94.79, 100)
    )
    rate = table[(table.panel == "E-bottom") & (table.series == "rate")]
    assert rate[["low", "high"]].isna().all().all()  # the paper draws no bars there


def test_csv_of_bars(run):
    points = points_of("7", 4)
    table = run("7", points).table
    bars = table[(table.panel == "C-left") & ~table.series.str.startswith("published")]
    assert bars.x.tolist() == ["sigmoid", "softplus", "ReLU"]
    softplus = points[points.role == "softplus"].search_accuracy
    assert float(bars.y.iloc[1]) == pytest.approx(100 * (softplus >= 0.95).mean())
    of_paper = table[(table.panel == "C-left") & table.series.str.startswith("published")]
    assert of_paper.y.tolist() == [94, 55, 0]
    curve = table[(table.panel == "A sigmoid")]
    assert curve.y.to_numpy() == pytest.approx(1 / (1 + np.exp(-curve.x.astype(float))), abs=1e-6)


@pytest.mark.parametrize(
    ("figure", "panel", "role", "column"),
    [
        ("5", "left", "fixed", "search_accuracy"),
        ("5", "right", "fixed", "search_accuracy"),
        ("6", "B", "filters", "search_accuracy"),
        ("7", "B", "softplus", "training_accuracy"),
        ("7", "C-left", "softplus", "search_accuracy"),
        ("7", "C-right", "softplus", "search_accuracy"),
    ],
)
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_condition_without_a_number_leaves_its_place_empty(
    figure, panel, role, column, everywhere, run
):
    points = points_of(figure, 3)
    missing = (
        points.role.isin(ROLES[figure]) if everywhere else (points.role == role) & ~(points.x > 0)
    )
    drawn = run(figure, points.assign(**{column: points[column].where(~missing)}))
    check_page(drawn.page)
    table = drawn.table[drawn.table.panel == panel]
    bars, of_paper = (
        table[table.series.str.startswith("published") == beside] for beside in (False, True)
    )
    assert len(bars) == len(of_paper) == len(ROLES[figure] if figure != "6" else ROLES["6"][role])
    assert bars.y.isna().sum() == (len(bars) if everywhere else 1)
    assert of_paper.y.notna().all()
    axes = next(
        axes
        for axes in drawn.page.findobj(
            lambda a: getattr(a, "get_label", str)() == panel and hasattr(a, "lines")
        )
    )
    assert not [line for line in axes.lines if line.get_marker() == "x"]  # networks were trained
    assert "fewer than 2" in drawn.caption


def test_refractory_periods_are_drawn_on_fresh_trials(run):
    points = points_of("6", 4)
    drawn = run("6", points)
    inset = drawn.table[(drawn.table.panel == "A-inset") & (drawn.table.series == "spiking")]
    at_2 = points[(points.role == "refractory") & (points.x == 2)]
    assert inset.y[inset.x.astype(float) == 2].tolist() == pytest.approx(
        [100 * at_2.held_out_accuracy.mean()]
    )
    assert at_2.held_out_accuracy.mean() != at_2.search_accuracy.mean()
    assert "on fresh trials at the factors searched for each period" in drawn.caption.replace(
        "\n", " "
    )
    given = (points.role == "refractory") & (points.x != 2)
    caption = run("6", points.assign(search_accuracy=points.search_accuracy.where(~given))).caption
    assert "on fresh trials at the scaling factors chosen at 2 ms" in caption.replace("\n", " ")


def test_a_filter_the_paper_has_not_is_called_by_its_rise_time(run):
    points = points_of("6", 3)
    table = run(
        "6", points.assign(x=points.x.where((points.role != "filters") | (points.x > 0), 5.0))
    ).table
    series = table.series[table.panel == "B"].tolist()
    assert series == ["Double", "5 ms", "published Double", "published 5 ms"]
    of_paper = table[(table.panel == "B") & table.series.str.startswith("published")]
    assert of_paper.y.tolist() == pytest.approx([97.01, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("figure", "panels"), [("5", ["right"]), ("6", ["B", "C"]), ("7", ["B", "C-right"])]
)
def test_tests_stand_in_a_table(figure, panels, run):
    drawn = run(figure, points_of(figure, 4))
    assert drawn.tests.columns.tolist() == sweeps.TESTS
    assert drawn.tests.panel.tolist() == panels
    assert drawn.tests.p.between(0, 1).all()
    for row in drawn.tests.itertuples():
        assert f"{row.test}, {row.statistic_name} = " in drawn.caption.replace("\n", " ")
        assert set(row.n.split("; ")) == {"4"}


def test_inset_shows_what_the_main_panel_leaves_out(run):
    table = run("6", points_of("6", 3)).table
    shown = {
        panel: table.x[(table.panel == panel) & (table.series == "spiking")].astype(float).tolist()
        for panel in ("A-main", "A-inset")
    }
    assert shown == {"A-main": [0, 5, 30], "A-inset": [0, 0.5, 2, 5]}


def test_singles_of_the_example(run):
    example = example_of("go-nogo")
    singles = run("2", points_of("2", 2), example=example).singles
    assert singles.quantity.tolist() == ["mean LIF output Go", "mean LIF output NoGo"]
    go = example["spiking_out"][-1][example["label"] == 1].mean(axis=0)
    assert singles.value[0] == pytest.approx(np.interp(singles.x_value[0], example["time_s"], go))


def labelled_panel() -> panels_module.Panel:
    axes = Figure().add_subplot(label="panel")
    return panels_module.label(axes, "Number of units N", "Performance (%)")


def numbers(y: list, sd: list) -> pd.DataFrame:
    return pd.DataFrame({"x": 10.0 * np.arange(1, len(y) + 1), "y": y, "sd": sd, "n": 3}).astype(
        float
    )


def test_bars_of_sd_end_at_100():
    panel = labelled_panel()
    axes = panel.axes
    table = sweep_panels.dots(
        panel, numbers([99, 90, np.nan], [4, 2, np.nan]), series="rate", colour="red", top=100
    )
    assert table.high.tolist() == pytest.approx([100, 92, np.nan], nan_ok=True)
    assert table.low.tolist() == pytest.approx([95, 88, np.nan], nan_ok=True)
    segments = axes.collections[0].get_segments()
    assert [segment[:, 1].tolist() for segment in segments] == [[95, 100], [88, 92]]


def test_a_point_without_networks_is_a_cross():
    panel = labelled_panel()
    axes = panel.axes
    table = sweep_panels.dots(
        panel, numbers([np.nan, 90], [np.nan, np.nan]), series="rate", colour="red"
    )
    assert table.y.tolist() == pytest.approx([np.nan, 90], nan_ok=True)
    dots, cross = axes.lines
    assert (dots.get_xdata().tolist(), cross.get_marker()) == ([20], "x")
    assert list(cross.get_xdata()) == [10]


def test_published_markers_stand_beside_ours_and_keep_their_place_in_the_table():
    panel = labelled_panel()
    axes = panel.axes
    compared = sweeps.Compared(numbers([98, 90], [1, 2]), numbers([97, 91], [1, 2]))
    ours, published = sweep_panels.compared_dots(
        panel, compared, series="rate", colour="red", top=100
    )
    assert ours.x.tolist() == published.x.tolist() == [10, 20]
    assert len(axes.containers) == 2


def test_published_decays_are_in_their_place():
    panel = labelled_panel()
    axes = panel.axes
    compared = sweeps.Compared(numbers([20, 30], [1, 2]), numbers([21, 31], [1, 2]))
    sweep_panels.decay_panel(axes, compared)
    ring, dot = (container.lines[0] for container in axes.containers)
    assert ring.get_xdata().tolist() == dot.get_xdata().tolist() == [10, 20]


def test_bars_without_a_published_value():
    panel = labelled_panel()
    axes = panel.axes
    compared = sweeps.Compared(
        numbers([98, np.nan], [1, np.nan]), numbers([np.nan, np.nan], [np.nan, np.nan])
    )
    ours, published = sweep_panels.bars(
        panel, compared, ["a", "b"], colours=["red", "blue"], counts=["n = 3", "n = 0"]
    )
    assert ours.y.tolist() == pytest.approx([98, np.nan], nan_ok=True)
    assert published.y.isna().all()
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a\nn = 3", "b\nn = 0"]
