"""What is drawn is what the CSV says; every script of a figure runs, with and without a trained
network."""

import importlib
import re
import runpy
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import proj3d
from shared import example_of

from rate2spike import plotting
from rate2spike.analysis import statistics
from rate2spike.figures import examples, pages, panels, publish
from rate2spike.figures import populations as population_figures
from rate2spike.figures import rates as rate_figures
from rate2spike.files import read_csv
from rate2spike.paper import sweeps
from rate2spike.tasks import BUILT_IN

ROOT = Path(__file__).parents[2] / "workflow"
EXAMPLES = {
    "figure_s1": "go-nogo",
    "figure_s2": "go-nogo",
    "figure_s3": "go-nogo",
    "figure_s4": "go-nogo",
    "figure_s6": "go-nogo",
    "figure_s7": "integration",
    "figure_task": "xor",
}
SHOWN = ["n200", "n10"]
N_SINGLES = {"figure_s2": 2, "figure_s3": 8, "figure_s4": 2, "figure_s7": 4}


def axes_named(name: str):
    return Figure().add_subplot(label=name)


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accuracies of two networks of one condition and of a condition without a trained network."""
    factors, keys = [20.0, 40.0, 60.0], {"task": "go-nogo", "condition": "n200", "neuron": "lif"}
    rows = [
        {
            **keys,
            "network": n,
            "scaling_factor": f,
            "n_trials": 100,
            "accuracy": a,
            "ci_low": a - 0.05,
            "ci_high": min(1, a + 0.02),
        }
        for n in ("007", "8")
        for f, a in zip(factors, (0.6, 1.0, 0.8), strict=True)
    ]
    network = {
        **keys,
        "converged": True,
        "training_trials": 700,
        "scaling_factor": 40.0,
        "search_trials": 100,
        "held_out_trials": 50,
        "rate_trials": 100,
    }
    for kind in ("rate", "held_out"):
        network |= {f"{kind}_accuracy": 0.98, f"{kind}_ci_low": 0.93, f"{kind}_ci_high": 0.995}
    networks = [{**network, "name": "n200", "network": n} for n in ("007", "8")]
    networks += [
        {**keys, "name": "n10", "condition": "n10", "network": n, "converged": False}
        for n in ("007", "8")
    ]
    return pd.DataFrame(rows), pd.DataFrame(networks)


class Params(dict):
    """Params as Snakemake hands them to a script."""

    __getattr__ = dict.__getitem__


def run(
    script: str, folder: Path, *, task: str = "go-nogo", example: dict | None = None, networks=None
) -> SimpleNamespace:
    """Run the script of a figure as Snakemake does; returns its outputs, and the note drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    accuracy, all_networks = tables()
    np.savez(folder / "example.npz", **(example or {"n_networks": 0, "n_attempted": 4}))
    accuracy.to_csv(folder / "accuracy.csv", index=False)
    (all_networks if networks is None else networks).to_csv(folder / "networks.csv", index=False)
    endings = ["pdf", "png", "csv"] + ["singles"] * (script in N_SINGLES)
    output = SimpleNamespace(
        **{e: str(folder / f"{script}.{e}") for e in endings}, caption=str(folder / "caption.rst")
    )
    inputs = {
        "accuracy": folder / "accuracy.csv",
        "networks": folder / "networks.csv",
        "example": folder / "example.npz",
    }
    inputs |= {
        "caption": ROOT / "report" / f"{script}.rst",
        "published": ROOT.parent / "resources" / "published.tsv",
    }
    snakemake = SimpleNamespace(
        input=SimpleNamespace(**{k: str(v) for k, v in inputs.items()}),
        output=output,
        params=Params(task=task, user_tasks={}, title="a title", figure=script, shown=SHOWN),
        log=[str(folder / "log")],
    )
    script_file = str(ROOT / "scripts" / f"{script}.py")
    names = runpy.run_path(script_file, init_globals={"snakemake": snakemake})
    output.note = names["drawn"].note
    return output


@pytest.fixture(scope="module", autouse=True)
def _scripts_folder():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(ROOT / "scripts"))
        monkeypatch.setattr(
            importlib.import_module("job"), "start", lambda snakemake: SimpleNamespace(info=print)
        )
        yield


@pytest.fixture(scope="module")
def outputs_of(tmp_path_factory):
    """The outputs of a script with an example network, drawn once for all tests."""
    return lru_cache(
        lambda script: run(
            script,
            tmp_path_factory.mktemp(script),
            task=EXAMPLES[script],
            example=example_of(EXAMPLES[script]),
        )
    )


@pytest.mark.parametrize("script", EXAMPLES)
def test_example_figures(script, outputs_of):
    output = outputs_of(script)
    table, caption = pd.read_csv(output.csv), Path(output.caption).read_text("utf-8")
    assert list(table.columns) == panels.COLUMNS
    assert len(table)
    assert table[["panel", "series", "x_name", "x", "y_name", "y"]].notna().all().all()
    assert "2 of 4 networks" in caption
    assert "{" not in caption
    assert Path(output.pdf).stat().st_size > 1000
    assert Path(output.png).read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(("panel", "script"), [("B", "figure_s4"), ("E", "figure_s3")])
def test_csv_of_mean_outputs_holds_mean_and_sd(panel, script, outputs_of):
    example, table = example_of("go-nogo"), pd.read_csv(outputs_of(script).csv)
    go = table[(table.panel == panel) & (table.series == "Go")]
    trials = example["spiking_out"][2][example["label"] == 1]
    assert go.x.to_numpy() == pytest.approx(example["time_s"])
    assert go.y.to_numpy() == pytest.approx(trials.mean(axis=0), rel=1e-7)
    assert (go.high - go.low).to_numpy() / 2 == pytest.approx(trials.std(axis=0, ddof=1), rel=1e-6)


@pytest.mark.parametrize(("script", "n"), N_SINGLES.items())
def test_singles_name_published_numbers(script, n, outputs_of):
    singles = pd.read_csv(outputs_of(script).singles, dtype=str)
    assert list(singles.columns) == sweeps.SINGLES
    assert len(singles) == n
    assert singles.value.astype(float).notna().all()
    published = pd.read_csv(
        ROOT.parent / "resources" / "published.tsv", sep="\t", dtype=str, keep_default_na=False
    )
    # the paper gives both at once
    keys = ["figure", "panel", "quantity", "condition"] + ["x_value"] * (script != "figure_s2")
    assert len(singles.merge(published, on=keys)) == n
    assert not singles.duplicated([*keys, "x_value"]).any()


def test_singles_of_mean_outputs_and_rates(outputs_of):
    example, singles = example_of("go-nogo"), pd.read_csv(outputs_of("figure_s3").singles)
    value = singles.set_index(["panel", "quantity", "x_value"]).value
    last = np.flatnonzero(np.isclose(example["time_s"], 0.99))[0]
    nogo = example["spiking_out"][2][example["label"] == 0][:, last]
    assert value["E", "mean LIF output NoGo", "0.99"] == pytest.approx(nogo.mean())
    k = example["single_kind"].tolist().index("Go")
    sst = example["single_mean_rates_hz"][k][example["som"]]
    assert value["D", "mean firing rate", "SST"] == pytest.approx(sst.mean())


def test_mean_outputs_of_each_kind_stop_at_the_end_of_the_axis(outputs_of):
    example, table = example_of("integration"), pd.read_csv(outputs_of("figure_s7").csv)
    drawn = table[(table.panel == "2 1") & (table.series == "output, \N{MINUS SIGN}")]
    shown = example["spiking_out"][2][example["kind"] == "context 1: \N{MINUS SIGN} +"][:, :450]
    assert drawn.x.max() == pytest.approx(2.25)
    assert drawn.y.to_numpy() == pytest.approx(shown.mean(axis=0), rel=1e-7)


def test_accuracy_of_the_trials_drawn(tmp_path):
    example = example_of("go-nogo")
    example["spiking_out"][2] = np.where(example["label"] == 1, 1.0, 0.0)[:, None]
    example["spiking_out"][2, 0] = 0  # one of three Go trials of six
    caption = Path(run("figure_s6", tmp_path, example=example).caption).read_text("utf-8")
    assert "83 % are correct" in caption


@pytest.mark.parametrize("script", EXAMPLES)
def test_condition_without_a_trained_network(script, tmp_path):
    output = run(script, tmp_path, task=EXAMPLES[script])
    assert "No network reached criterion (0 of 4)." in Path(output.caption).read_text("utf-8")
    assert Path(output.csv).read_text(encoding="utf-8") == ",".join(panels.COLUMNS) + "\n"
    if script in N_SINGLES:
        assert Path(output.singles).read_text(encoding="utf-8") == ",".join(sweeps.SINGLES) + "\n"
    assert Path(output.png).stat().st_size > 1000


def test_accuracy_figures(tmp_path):
    scaling = pd.read_csv(run("figure_scaling", tmp_path).csv, dtype={"series": str})
    curve = scaling[(scaling.panel == "n200: search") & (scaling.series == "007")]
    assert curve.y.tolist() == pytest.approx([60, 100, 80])
    assert curve.low.tolist() == pytest.approx([55, 95, 75])
    assert (scaling.panel == "n200: fresh trials").sum() == 2
    output = run("figure_accuracy", tmp_path)
    assert pd.read_csv(output.csv).y.tolist() == pytest.approx(4 * [98])
    assert "2 of 4" in Path(output.caption).read_text("utf-8")


@pytest.mark.parametrize("script", ["figure_scaling", "figure_accuracy"])
def test_accuracy_figures_without_any_trained_network(script, tmp_path):
    networks = tables()[1]
    output = run(script, tmp_path, networks=networks[~networks.converged])
    assert "(0 of 2)" in Path(output.caption).read_text("utf-8")
    assert pd.read_csv(output.csv).empty


@pytest.mark.parametrize("script", ["figure_s2", "figure_s3"])
def test_same_data_same_bytes(script, outputs_of, tmp_path):
    first = outputs_of(script)
    second = run(script, tmp_path, task=EXAMPLES[script], example=example_of(EXAMPLES[script]))
    for ending in ("pdf", "png", "csv", "caption"):
        assert (
            Path(getattr(first, ending)).read_bytes() == Path(getattr(second, ending)).read_bytes()
        )


def test_lines_hold_what_the_table_says():
    axes = axes_named("panel")
    panel = panels.label(axes, "Time (s)", "Output (a.u.)")
    table = panels.mean_band(
        panel, [0, 1, 2], [5, 6, 7], low=[4, 5, 6], high=[6, 7, 8], series="Go", colour="red"
    )
    assert axes.lines[0].get_xdata().tolist() == table.x.tolist()
    assert axes.lines[0].get_ydata().tolist() == table.y.tolist()
    assert table[["panel", "series", "x_name", "y_name"]].drop_duplicates().to_numpy().tolist() == [
        ["panel", "Go", "Time (s)", "Output (a.u.)"]
    ]
    vertices = axes.collections[0].get_paths()[0].vertices
    assert (vertices[:, 1].min(), vertices[:, 1].max()) == (table.low.min(), table.high.max())


def test_bars_hold_what_the_table_says():
    axes = axes_named("decays")
    table = panels.decay_histogram(
        panels.label(axes, *panels.DECAYS),
        statistics.Histogram(np.array([20, 21, 22]), np.array([1, 0, 40]), 1),
        (20, 50),
        n_max=20,
    )
    assert [bar.get_height() for bar in axes.patches] == table.y.tolist()
    assert [bar.get_x() + 0.5 for bar in axes.patches] == table.x.tolist()
    assert axes.get_ylim()[1] >= 40  # beyond the paper's range and not cut off


def test_raster_puts_inhibitory_units_on_top():
    axes = axes_named("spikes")
    inhibitory = np.array([True, False, False, True])
    excitatory_rows, inhibitory_rows = panels.raster(
        axes, [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3], inhibitory=inhibitory, duration_s=1.0
    )
    assert excitatory_rows.y.tolist() == [0, 1]
    assert inhibitory_rows.y.tolist() == [2, 3]
    assert [line.get_color() for line in axes.lines] == [plotting.EXCITATORY, plotting.INHIBITORY]
    (without_dale,) = panels.raster(
        axes_named("spikes"), [0.1], [2], inhibitory=np.zeros(4, bool), duration_s=1.0
    )
    assert without_dale.series.tolist() == ["spikes"]


def test_box_plots_and_their_table():
    axes, rates = axes_named("rates"), np.array([0.0, 1, 2, 3, 40, 7, 9, 20])
    members = population_figures.populations(np.arange(8) > 4, np.arange(8) == 7)
    panel = population_figures.rates_panel(axes)
    table = pd.concat(population_figures.rate_boxes(panel, rates, members)).set_index("series")
    box, whiskers = table.loc["PYR median, quartiles"], table.loc["PYR median, whiskers"]
    assert (box.y, box.low, box.high) == (2, 1, 3)
    assert (whiskers.low, whiskers.high) == (0, 3)  # 40 lies beyond
    assert table.loc["PV mean"].y == 8
    assert table.loc["PYR units"].y.tolist() == [0, 1, 2, 3, 40]
    for place, name in enumerate(("PYR", "PV", "SST")):
        quartiles = table.loc[f"{name} median, quartiles"]
        ends = [quartiles.low, quartiles.high]
        boxes = [line for line in axes.lines if line.get_linestyle() != "None"]
        boxes = [line for line in boxes if len(line.get_xdata()) == 5]
        box = boxes[place]
        assert np.mean([min(box.get_xdata()), max(box.get_xdata())]) == place
        assert [min(box.get_ydata()), max(box.get_ydata())] == ends
        diamonds = [line for line in axes.lines if line.get_marker() == "D"]
        assert diamonds[place].get_xydata().tolist() == [[place, table.loc[f"{name} mean"].y]]
    assert axes.get_ylim()[1] > 40


def test_a_population_without_units_is_left_out():
    members = population_figures.populations(np.arange(4) > 1, np.zeros(4, bool))
    panel = population_figures.rates_panel(axes_named("rates"))
    tables = population_figures.rate_boxes(panel, np.arange(4.0), members)
    assert {table.series.iloc[0].split()[0] for table in tables} == {"PYR", "PV"}
    task, trial = BUILT_IN["go-nogo"], SimpleNamespace(spike_time_s=[0.1, 0.2], spike_unit=[0, 3])
    rows = population_figures.population_raster(axes_named("spikes"), trial, members, task=task)
    assert [r.y.tolist() for r in rows] == [[0], [3]]


def test_published_ranges_with_a_hidden_edge():
    published = pd.DataFrame(
        {"x_value": ["0.2", "0.99"], "value": ["-0.34 to hidden under Go", "-0.62 to -0.31"]}
    )
    panel = panels.output_panel(axes_named("output"), "Spiking")
    table = panels.published_envelope(panel, published, series="Go").set_index("series")
    least, greatest = (table.loc[[f"published Go, {edge}"]] for edge in ("least", "greatest"))
    assert (least.x.tolist(), least.y.tolist()) == ([0.2, 0.99], [-0.34, -0.62])
    assert (greatest.x.tolist(), greatest.y.tolist()) == ([0.99], [-0.31])


def test_ranges_widen_and_never_cut():
    axes = axes_named("panel")
    axes.plot([0, 1], [-3, 0.5])
    panels.set_range(axes, (0, 1), (-1, 1))
    assert axes.get_xlim() == (0, 1)
    assert axes.get_ylim()[0] < -3
    assert axes.get_ylim()[1] == 1


def test_paths_in_three_dimensions_keep_their_ends():
    axes = Figure().add_subplot(projection="3d", label="rate")
    scores = np.random.default_rng(0).normal(size=(2, 3, 30)).cumsum(axis=2)
    tables = panels.trajectories_3d(axes, scores, ["Go", "NoGo"], ["PC1", "PC2", "PC3"])
    assert pytest.approx(scores[1]) == tables[1][["x", "y", "z"]].to_numpy().T
    path, start, end = axes.lines[:3]
    assert np.array(path.get_data_3d()) == pytest.approx(scores[0])
    assert np.array(start.get_data_3d())[:, 0] == pytest.approx(scores[0][:, 0])
    assert np.array(end.get_data_3d())[:, 0] == pytest.approx(scores[0][:, -1])
    assert start.get_markerfacecolor() == "white"
    assert end.get_markerfacecolor() != "white"


def test_arrows_on_a_path_point_where_it_goes():
    axes = Figure().add_subplot(projection="3d", label="rate")
    way = np.linspace([0, 0, 0], [1, 2, 3], 30).T
    panels.trajectories_3d(axes, way[None], ["Go"], ["PC1", "PC2", "PC3"], n_arrows=3)
    arrows = [text for text in axes.texts if text.arrow_patch]
    x, y, _ = proj3d.proj_transform(*way, axes.get_proj())
    as_seen = np.array([x[-1] - x[0], y[-1] - y[0]])
    assert len(arrows) == 3
    for arrow in arrows:
        assert np.subtract(arrow.xy, arrow.xyann) @ as_seen > 0


def test_a_page_of_many_kinds_of_trial():
    """Four a row; of more than 12 the first 12, which it says."""
    for n, words in ((5, []), (12, []), (13, ["the first 12 of 13 kinds of trial"])):
        kinds = [f"kind {i}" for i in range(n)]
        figure, above, below = pages.task_page(["factor 1", "factor 30"], kinds)
        assert list(above) == ["decays", "rate", "factor 1", "factor 30"]
        assert list(below) == kinds[:12]
        said = [part._suptitle.get_text() for part in figure.subfigs if part._suptitle]
        assert said == words
        for i, (output, spikes) in enumerate(below.values()):
            row, column = divmod(i, 4)
            for panel, place in ((output, 2 * row), (spikes, 2 * row + 1)):
                spec = panel.get_subplotspec()
                assert (spec.rowspan.start, spec.colspan.start) == (place, column)


def test_a_factor_is_written_as_lambda():
    chosen = pages.lambda_title(35, 35, "1/25").replace("\N{NO-BREAK SPACE}", " ")
    assert chosen == "λ = 1/35 (chosen)\npublished: 1/25"
    plain = [pages.lambda_title(f, 35, p) for f, p in ((1, "1"), (10, "1/10"), (2.5, ""))]
    assert [words.split("\N{NO-BREAK SPACE}")[-1] for words in plain] == ["1", "1/10", "1/2.5"]


def test_what_came_out_while_drawing_is_in_the_caption(tmp_path):
    """And stands above what was known before; the image has 200 dots an inch."""
    figure = Figure(figsize=(1, 2))
    rows = [pd.DataFrame({"x": [1 / 3]})]
    drawn = publish.Drawn(
        figure, rows, "a note", facts={"n": 2}, caption="{n} of {m}, {n_networks}"
    )
    output = SimpleNamespace(
        **{name: str(tmp_path / f"a.{name}") for name in ("pdf", "png", "csv", "caption")}
    )
    facts = {"n_networks": 3, "n": 1, "m": 5}
    published = publish.publish(lambda: drawn, facts, caption=tmp_path / "none", output=output)
    assert (tmp_path / "a.caption").read_text("utf-8") == "2 of 5, 3\n"
    assert published.facts == facts | {"n": 2}
    assert figure.get_supxlabel() == "a note"
    assert float((tmp_path / "a.csv").read_text("utf-8").split()[1]) == 0.333333333
    assert matplotlib.image.imread(output.png).shape[:2] == (400, 200)
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()


def test_a_published_outline_has_its_bins_around_their_centres():
    panel = panels.label(axes_named("decays"), *panels.DECAYS)
    values = pd.DataFrame({"x": [20.0, 21, 22], "y": [4.0, 0, 7]})
    rows = examples.published_outline(panel, values, series="units")
    (outline,) = panel.axes.patches
    assert outline.get_data().edges.tolist() == [19.5, 20.5, 21.5, 22.5]
    assert outline.get_data().values.tolist() == rows.y.tolist() == [4, 0, 7]


def test_an_answer_of_one_trial_is_drawn_and_one_of_none_is_not():
    task = BUILT_IN["go-nogo"]
    outputs = np.arange(8.0).reshape(2, 4)
    panel = panels.output_panel(axes_named("output"), "Rate")
    means = statistics.mean_sd(outputs, np.array([1, 1]), task.labels)
    (go,) = panels.outputs_by_label(panel, task, means, time_s=np.arange(4), y_range=(0, 1))
    assert set(go.series) == {"Go"}
    means = statistics.mean_sd(outputs, np.array([1, 0]), task.labels)
    go, nogo = panels.outputs_by_label(panel, task, means, time_s=np.arange(4), y_range=(0, 1))
    assert (go.y.tolist(), nogo.y.tolist()) == ([0, 1, 2, 3], [4, 5, 6, 7])


def test_rates_of_a_spiking_network_are_scaled_and_those_of_a_sigmoid_are_not():
    rates = np.array([[0.2, 0.4], [0.6, 0.3]])
    scaled = (rates - 0.2) / 0.4
    for network, high, wanted in (
        ("rate", 1, rates),
        ("rate", 10, scaled),  # beyond 1, as with softplus
        ("spiking", 1, scaled),
        ("spiking", 50, scaled),
    ):
        axes = axes_named(network)
        _, rows = rate_figures.rate_map(
            axes, network, high * rates, np.array([1, 0]), trial="Go", duration_s=1.0
        )
        np.testing.assert_allclose(rows.z, wanted[[1, 0]].ravel(), atol=1e-12)


def test_style_is_not_left_behind(tmp_path):
    before = matplotlib.rcParams["font.size"]
    run("figure_s6", tmp_path, example=example_of("go-nogo"))
    assert matplotlib.rcParams["font.size"] == before


# as the files of tests of matplotlib's users have it, and what would change every figure
MATPLOTLIBRC = {
    "lines.marker": "o",
    "lines.markersize": 8,
    "axes.grid": True,
    "text.usetex": True,
    "font.size": 20,
    "savefig.bbox": "tight",
    "axes.prop_cycle": matplotlib.cycler(color=["red"]),
}


def test_the_users_matplotlibrc_plays_no_part(outputs_of, tmp_path):
    example = example_of("go-nogo")
    plain = {
        "figure_accuracy": run("figure_accuracy", tmp_path / "plain"),
        "figure_s4": outputs_of("figure_s4"),
    }
    with matplotlib.rc_context(MATPLOTLIBRC):
        for script, expected in plain.items():
            output = run(script, tmp_path / script, example=example)
            assert Path(output.png).read_bytes() == Path(expected.png).read_bytes(), script
            assert Path(output.pdf).read_bytes() == Path(expected.pdf).read_bytes(), script
        assert matplotlib.rcParams["text.usetex"]  # the user's own again


def test_a_note_keeps_what_belongs_together_in_one_line():
    text = (
        "go-nogo, n200_tau20-50ms, seed_0: 150 exc., 50 inh. units; 2 of 2 networks reached "
        "criterion; 50 trials, mean ± SD; λ = 1/25; p < 0.05; bars: ±1 SD; dashed: 95 %."
    )
    for width in np.arange(1.0, 6.0, 0.1):
        figure = Figure(figsize=(width, 2))
        pages.note(figure, text)
        lines = figure.get_supxlabel().split("\n")
        assert " ".join(lines).replace("\N{NO-BREAK SPACE}", " ") == text
        for line, after in pairwise(lines):
            assert not re.search(r"[0-9±=<]$", line), lines
            assert not re.match("[%±=<]", after), lines
            assert not line.endswith("-"), lines


def test_there_is_no_minus_before_a_zero(tmp_path):
    example = example_of("go-nogo")
    example["spiking_out"][2] = -0.001
    note = run("figure_s6", tmp_path, example=example).note
    assert "from 0.0 to 0.0" in note


NAMES = ["NA", "nan", "null", "None", "1", "007", "1e3", "True", "inf", "2026-01-01"]


def test_conditions_and_networks_of_any_name_are_drawn(tmp_path, monkeypatch):
    """Names that pandas takes for missing values or for numbers."""
    accuracy, networks = tables()
    curves = accuracy[accuracy.network == "8"]
    network = networks[(networks.network == "8") & networks.converged]
    every_curve = []
    every_network = []
    for name in NAMES:
        names = {"task": name, "network": name}
        every_curve.append(curves.assign(**names))
        every_network.append(network.assign(**names, name=name))
    monkeypatch.setattr(
        f"{__name__}.tables", lambda: (pd.concat(every_curve), pd.concat(every_network))
    )
    monkeypatch.setattr(f"{__name__}.SHOWN", NAMES)
    scaling = read_csv(run("figure_scaling", tmp_path).csv)
    panels_drawn = {f"{name}: {part}" for name in NAMES for part in ("search", "fresh trials")}
    assert set(scaling.panel) == panels_drawn
    for name in NAMES:
        curve = scaling[scaling.panel == f"{name}: search"]
        assert curve.series.tolist() == 3 * [name]
        assert curve.y.tolist() == pytest.approx([60, 100, 80])
    drawn = read_csv(run("figure_accuracy", tmp_path).csv)
    kinds = {f"{name}, {name}, {kind}" for name in NAMES for kind in ("rate", "spiking")}
    assert set(drawn.series) == kinds
