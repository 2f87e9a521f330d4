"""The page of the refinement from made-up tables: its CSV, what is drawn at which place, what it
says where there is little to draw."""

import numpy as np
import pandas as pd
import pytest
from drawing import assert_caption, axes_of, drawer, numbers_in
from matplotlib.colors import to_hex

from rate2spike.analysis import before_after
from rate2spike.figures import before_after as drawing
from rate2spike.files import read_csv

KEYS = ["task", "condition", "neuron", "network"]
WORSE = "#d55e00"


@pytest.fixture
def draw(tmp_path, monkeypatch):
    return drawer(tmp_path, monkeypatch)


def tables(conditions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables of conditions, each a task, a name, so many networks and what a network gains in
    accuracy on average; without networks it has one that failed."""
    rng = np.random.default_rng(4)
    networks, refined = [], []
    for task, name, n_networks, gain in conditions:
        keys = {"task": task, "condition": f"n_{name}", "neuron": "lif"}
        for i in range(max(n_networks, 1)):
            row = keys | {"network": f"seed_{i}", "name": name, "converged": n_networks > 0}
            row |= {"rate_trials": 50, "search_trials": 70, "held_out_trials": 200}
            before = rng.uniform(0.6, 0.7)
            strict = rng.uniform(0.2, 0.3)
            networks.append(row | {"held_out_accuracy": before, "held_out_strict": strict})
            if n_networks:
                own = keys | {"network": f"seed_{i}", "step": "output", "on_edge": i == 3}
                after = before + gain + rng.uniform(0, 0.01)
                own |= {"held_out_accuracy": after, "held_out_strict": 0.94 + 0.02 * (i % 2)}
                refined.append(own)
    columns = [*KEYS, "step", "on_edge", *before_after.MEASURES.values()]
    return pd.DataFrame(networks), pd.DataFrame(refined, columns=columns)


FEW = [
    ("go-nogo", "helped", 4, 0.2),
    ("xor", "harmed", 3, -0.1),
    ("go-nogo", "alone", 1, 0.1),
    ("go-nogo", "failed", 0, 0),
]
ROWS = {"helped": 1, "alone": 2, "failed": 3, "harmed": 5}  # below the headings of the two tasks
ALL = [name for _, name, *_ in FEW]


@pytest.fixture
def few(draw):
    networks, refined = tables(FEW)
    other = networks.assign(name="not refined", condition="n_other")
    everything = pd.concat([networks, other])
    return draw("figure_refine", tables={"networks": everything, "refined": refined}, shown=ALL)


def marks(axes, y) -> dict[float, tuple[str, str, float]]:
    """x -> shape, face and size of all marks in a row, to six digits."""
    found = {}
    for line in axes.lines:
        if line.get_marker() in ("o", "s"):
            for x, at in line.get_xydata():
                if at == pytest.approx(y):
                    face = to_hex(line.get_markerfacecolor())
                    found[round(x, 6)] = (line.get_marker(), face, line.get_markersize())
    return found


def bars(axes, y) -> list[tuple[list[float], str]]:
    """Ends and colour of the lines in a row that have two."""
    found = []
    for line in axes.lines:
        ends = line.get_xydata()
        is_bar = len(ends) == 2 and line.get_linestyle() == "-" and np.allclose(ends[:, 1], y)
        if is_bar and list(ends[:, 0]) != [0, 1]:  # the pale line along the row
            found.append((ends[:, 0].tolist(), to_hex(line.get_color())))
    return found


def test_the_csv_is_the_table_of_the_networks_shown(few, tmp_path):
    networks, refined = tables(FEW)
    pairs = before_after.network_pairs(networks, refined)
    pd.testing.assert_frame_equal(
        read_csv(tmp_path / "figure_refine.csv"), before_after.paired(networks, pairs)
    )
    pd.testing.assert_frame_equal(read_csv(tmp_path / "figure_refine.pairs"), pairs)


@pytest.mark.parametrize("measure", before_after.MEASURES)
def test_means_and_networks_stand_in_the_row_of_their_condition(few, measure):
    networks, refined = tables(FEW)
    pairs = before_after.network_pairs(networks, refined)
    panel = axes_of(few.page, measure)
    for name, y in ROWS.items():
        own = pairs[(pairs["name"] == name) & (pairs.measure == measure)]
        if own.empty:
            assert marks(panel, y) == {}
            continue
        before, after = 100 * own.before.mean(), 100 * own.after.mean()
        means = marks(panel, y)
        assert set(means) == {round(before, 6), round(after, 6)}
        assert means[round(before, 6)][1] == "#ffffff"
        assert means[round(after, 6)][1] == to_hex(drawing.AFTER)
        for aside, values in ((-drawing.ASIDE, own.before), (drawing.ASIDE, own.after)):
            assert set(marks(panel, y + aside)) == set((100 * values).round(6))
    names = [label.get_text() for label in axes_of(few.page, "accuracy").get_yticklabels()]
    assert names == ["go-nogo", "helped", "alone", "failed", "xor", "harmed"]


def test_differences_have_the_colour_of_their_verdict(few):
    networks, refined = tables(FEW)
    table = before_after.paired(networks, before_after.network_pairs(networks, refined))
    panel = axes_of(few.page, "difference")
    wanted = {
        ("helped", "accuracy"): ("better", to_hex(drawing.AFTER)),
        ("helped", "strict accuracy"): ("better", to_hex(drawing.AFTER)),
        ("harmed", "accuracy"): ("worse", WORSE),
        ("alone", "accuracy"): ("no interval", "#ffffff"),
    }
    for row in table.itertuples():
        verdict, face = wanted.get((row.name, row.measure), (row.verdict, None))
        assert row.verdict == verdict
        y = ROWS[row.name] + (-1 if row.measure == "accuracy" else 1) * drawing.ASIDE
        found = marks(panel, y)
        if row.n_networks == 0:
            assert found == {}
            continue
        ((x, (shape, drawn_face, _)),) = found.items()
        assert x == pytest.approx(100 * row.difference, abs=1e-5)
        assert shape == {"accuracy": "o", "strict accuracy": "s"}[row.measure]
        assert face in (None, drawn_face)
        if row.verdict == "no interval":
            assert bars(panel, y) == []
        else:
            ((ends, colour),) = bars(panel, y)
            assert ends == pytest.approx([100 * row.ci_low, 100 * row.ci_high])
            assert colour == drawn_face


def test_axes_of_the_refinement_say_what_they_show(few):
    titles = {
        "accuracy": "Accuracy, fresh trials",
        "strict accuracy": "Strict accuracy, fresh trials",
        "difference": "Paired difference, refined − published way",
    }
    for panel, title in titles.items():
        axes = axes_of(few.page, panel)
        assert axes.get_title().replace("\n", " ") == title
        is_share = panel != "difference"
        assert axes.get_xlabel() == ("Correct trials (%)" if is_share else "Percentage points")
        dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
        assert [list(line.get_xdata()) for line in dashed] == [[95, 95]] * is_share
        assert axes.get_ylim() == (5.5, -0.6)
        left, right = axes.get_xlim()
        points = [line.get_xdata() for line in axes.lines if line.get_marker() in ("o", "s")]
        places = np.concatenate(points)
        assert left < places.min() <= places.max() < right
        assert right > 100 or not is_share
    legend = {text.get_text(): mark for text, mark in legend_of(few.page)}
    assert to_hex(legend["worse"].get_color()) == WORSE
    assert to_hex(legend["better"].get_color()) == to_hex(drawing.AFTER)
    shapes = [legend[measure].get_marker() for measure in before_after.MEASURES]
    assert shapes == ["o", "s"]
    faces = [to_hex(legend[way].get_markerfacecolor()) for way in ("published way", "refined")]
    assert faces == ["#ffffff", to_hex(drawing.AFTER)]


def legend_of(page):
    (legend,) = page.legends
    return zip(legend.get_texts(), legend.legend_handles, strict=True)


def test_rows_name_the_step_where_a_study_has_several():
    """A condition without a refined network has none."""
    networks, refined = tables(FEW)
    for steps, wanted in (
        ({"xor": "output"}, ["helped", "alone", "failed", "harmed"]),
        ({"xor": "grow"}, ["helped, output", "alone, output", "failed", "harmed, grow"]),
    ):
        of_step = refined.assign(step=refined.task.map(steps).fillna("output"))
        table = before_after.paired(networks, before_after.network_pairs(networks, of_step))
        rows = drawing.page_rows(table)
        assert [row.text for row in rows if row.measures] == wanted
        assert [row.text for row in rows if not row.measures] == ["go-nogo", "xor"]


def test_how_many_networks_work_is_written_beside(few):
    texts = {text.get_position()[1]: text.get_text() for text in axes_of(few.page, "works").texts}
    assert texts == {
        1: "0 → 2 of 4",  # 94 and 96 %
        2: "0 → 0 of 1",
        3: "none of 1 trained",
        5: "0 → 1 of 3",
    }


def test_caption_and_note_name_what_is_worse(few):
    networks, refined = tables(FEW)
    table = before_after.paired(networks, before_after.network_pairs(networks, refined))
    facts = before_after.describe(table, refined) | {"n_networks": 8, "n_attempted": 9}
    assert_caption(few, "figure_refine", held_out_trials=200, **facts)
    caption = " ".join(few.caption.split())
    assert "beyond the interval: harmed (accuracy)." in caption
    assert "so that a better one may lie outside: 1 of 8." in caption
    assert "harmed (accuracy)" in few.note
    assert numbers_in(few.note) == ["8", "9", "4", "200", "95", "0", "95"]


def test_no_network_at_all_is_said(draw, tmp_path):
    networks, refined = tables([("xor", "a", 0, 0), ("xor", "b", 0, 0)])
    page = draw(
        "figure_refine", tables={"networks": networks, "refined": refined}, shown=["a", "b"]
    )
    assert "No network reached criterion (0 of 2)." in page.caption
    assert page.table.empty
    assert list(page.table) == before_after.PAIRED_COLUMNS
    assert read_csv(tmp_path / "figure_refine.pairs").empty


def test_one_network_of_one_condition(draw):
    networks, refined = tables([("xor", "alone", 1, 0.1)])
    page = draw("figure_refine", tables={"networks": networks, "refined": refined}, shown=["alone"])
    assert page.table.verdict.tolist() == 2 * ["no interval"]
    assert "of 1 condition reached" in page.note.replace("\N{NO-BREAK SPACE}", " ")
    assert bars(axes_of(page.page, "difference"), 1 - drawing.ASIDE) == []


def test_the_page_grows_with_its_rows(draw):
    many = [(f"task {i // 20}", f"condition-{i}", 2, 0.1) for i in range(60)]
    networks, refined = tables(many)
    shown = [name for _, name, *_ in many]
    page = draw("figure_refine", tables={"networks": networks, "refined": refined}, shown=shown)
    names = [label.get_text() for label in axes_of(page.page, "accuracy").get_yticklabels()]
    assert len(names) == 63
    assert page.page.get_figheight() > 63 * 0.2
    assert len(axes_of(page.page, "works").texts) == 60


def test_conditions_of_any_name_are_kept_apart(draw):
    names = ["NA", "nan", "null", "007", "1e3", "True"]
    networks, refined = tables([(name, name, 2, 0.1) for name in names])
    for table in (networks, refined):
        table["network"] = np.where(table.network == "seed_0", "7", "007")
    page = draw("figure_refine", tables={"networks": networks, "refined": refined}, shown=names)
    assert page.table["name"].tolist() == [name for name in names for _ in range(2)]
    assert (page.table.n_networks == 2).all()
