"""The scorecard: what is declared is in the published numbers, and verdicts follow from made-up
networks as they must."""

import importlib
import runpy
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from matplotlib.colors import to_hex
from matplotlib.text import Text

from rate2spike.figures import forest
from rate2spike.paper import scorecard, sweeps
from rate2spike.paper.compare import Difference
from rate2spike.study.figure_roles import FIGURE_ROLES
from rate2spike.study.layout import NOT_COMPARED

ROOT = Path(__file__).parents[2]
PUBLISHED = pd.read_csv(
    ROOT / "resources" / "published.tsv", sep="\t", dtype=str, keep_default_na=False
)
NO_SINGLES = pd.DataFrame(columns=sweeps.SINGLES)


def networks(
    figure, role, x=np.nan, *, task="go-nogo", n=10, n_trained=None, **columns
) -> pd.DataFrame:
    """n networks of one condition, the first n_trained of which reached criterion."""
    n_trained = n if n_trained is None else n_trained
    rows = {
        "figure": figure,
        "role": role,
        "x": x,
        "task": task,
        "condition": f"{figure} {role} {x}",
    }
    rows |= {
        "network": [f"seed_{i}" for i in range(n)],
        "converged": np.arange(n) < n_trained,
        "training_accuracy": 1.0,
    }
    rows |= {"training_trials": 700.0, "mean_tau_decay_ms": 34.0, "search_accuracy": 0.97}
    rows |= {"held_out_accuracy": 0.96, "held_out_strict": 0.94, **columns}
    late = ["mean_tau_decay_ms", "search_accuracy", "held_out_accuracy", "held_out_strict"]
    table = pd.DataFrame(rows)
    return table.assign(**{c: table[c].where(table.converged) for c in late})


def spread(mean, sd, n) -> np.ndarray:
    """n values, an even number, of that mean and SD (n - 1)."""
    return mean + sd * np.sqrt((n - 1) / n) * np.resize([-1, 1], n)


def only(points, quantity, singles=NO_SINGLES) -> pd.Series:
    """The one row of the scorecard for that quantity."""
    found = scorecard.table(PUBLISHED, points, singles)
    (row,) = [row for _, row in found[found.quantity == quantity].iterrows()]
    return row


def everything(n) -> pd.DataFrame:
    """Networks at every point of every sweep of the paper."""
    found = scorecard.comparable(PUBLISHED)
    places = found[(found.role != scorecard.EVERY) & ~((found.x_value == "") & ~found.one)]
    parts = []
    for row in places.drop_duplicates(["figure", "role", "x_value"]).itertuples():
        by_name = row.one or row.role == scorecard.BY_X
        x = np.nan if by_name else float(sweeps.RISE_MS.get(row.x_value, row.x_value))
        role = row.x_value.lower() if row.role == scorecard.BY_X else row.role
        n_trained = 0 if row.x_value == "20" and row.figure == "4" else n
        parts.append(
            networks(
                f"figure_{row.figure.lower()}", role, x, task=row.task, n=n, n_trained=n_trained
            )
        )
    return pd.concat(parts, ignore_index=True)


def all_singles() -> pd.DataFrame:
    found = scorecard.comparable_singles(PUBLISHED)
    singles = found[sweeps.SINGLES[:-1]].assign(value=found.value + 0.1)
    of_variance = singles[singles.figure == "S2"]
    both = [of_variance.assign(x_value=kind) for kind in ("rate", "LIF")]
    return pd.concat([singles[singles.figure != "S2"], *both], ignore_index=True)


def test_every_match_finds_its_rows():
    found = scorecard.comparable(PUBLISHED)
    for match in scorecard.MATCHES:
        rows = found[
            (found.panel == match.panel)
            & (found.figure == match.figure)
            & (found.quantity == match.quantity)
        ]
        assert len(rows), match
        assert rows.value.notna().all(), match
        if not scorecard.MEASURES[match.measure].share and match.measure != "rate":
            assert rows.sd.notna().all(), match
    without_sd = found[found.sd.isna() & (found.measure == "rate")]
    assert without_sd.value.between(*scorecard.RATE_RANGE).all()


def test_a_match_without_rows_is_refused():
    with pytest.raises(
        ValueError, match=r"figure 2, panel D, quantity 'mean tuned synaptic decay'"
    ):
        scorecard.comparable(PUBLISHED[PUBLISHED.panel != "D"])


def test_numbers_are_compared_once():
    found = scorecard.comparable(PUBLISHED)
    assert len(found) == 290
    assert not found.index.has_duplicates
    at_2_ms = found[
        (found.figure == "6") & (found.x_name == "refractory_ms") & (found.x_value == "2")
    ]
    assert at_2_ms.value.tolist() == [97.0, 95.53]  # text and figure disagree: both
    assert found.x_value[(found.panel == "A-main")].tolist() == [
        "10",
        "15",
        "20",
        "25",
        "30",
        "35",
        "40",
        "45",
        "50",
    ]
    assert found[
        (found.figure == "7") & (found.x_value == "softplus")
    ].source.unique().tolist() == ["digitised"]


def test_refractory_periods_are_compared_on_fresh_trials():
    accuracy = {"search_accuracy": 0.97, "held_out_accuracy": 0.9, "held_out_strict": 0.8}
    periods = [
        networks("figure_6", "refractory", x, task="integration", **accuracy) for x in (0, 2, 10)
    ]
    found = scorecard.table(PUBLISHED, pd.concat(periods), NO_SINGLES)
    rows = found.set_index(["panel", "x_value"])
    assert rows.ours[("A", "2")] == pytest.approx(97)  # the text
    assert rows.ours.drop(("A", "2")).to_dict() == pytest.approx(
        dict.fromkeys([("A-inset", "0"), ("A-inset", "2"), ("A-main", "10")], 90)
    )
    assert (rows.fresh.unique().tolist(), rows.strict.unique().tolist()) == ([90], [80])
    comparable = scorecard.comparable(PUBLISHED)
    at_2 = comparable[
        (comparable.figure == "6")
        & (comparable.x_name == "refractory_ms")
        & (comparable.x_value == "2")
    ]
    assert at_2.measure.tolist() == ["spiking", "fixed"]
    given = pd.concat(periods).assign(search_accuracy=np.nan)
    assert "A" not in scorecard.table(PUBLISHED, given, NO_SINGLES).panel.tolist()


def test_given_networks_have_no_training_to_compare():
    points = networks("figure_7", "sigmoid", training_accuracy=np.nan)
    found = scorecard.table(PUBLISHED, points, NO_SINGLES)
    assert "rate task performance" not in found.quantity.tolist()
    assert "LIF task performance" in found.quantity.tolist()


def test_networks_behind_a_published_number():
    found = scorecard.comparable(PUBLISHED)
    n = found.set_index(["figure", "panel", "quantity", "x_value"]).published_n
    assert n["1", "C-left-bottom", "successfully trained rate RNNs", "10"] == 100
    assert n["1", "C-right", "training trials to criterion", "10"] == 69
    assert n["2", "C-top", "successful LIF models", "10"] == 69
    assert n["4", "D-top", "successful LIF models", "50"] == 10
    assert n["7", "B", "rate nets trained", ""] == 300
    assert n["4", "A", "task performance of the example LIF", ""] == 1
    for (figure, x), expected in scorecard.N_AT_DECAY.items():
        (row,) = PUBLISHED[
            (PUBLISHED.figure == figure) & (PUBLISHED.panel == "E-top") & (PUBLISHED.x_value == x)
        ].itertuples()
        assert f"/{expected}" in row.note
        assert n[figure, "E-top", "successful LIF models", x] == expected


def test_single_numbers():
    found = scorecard.comparable_singles(PUBLISHED)
    assert len(found) == 20 + 1
    assert found.value.notna().all()
    go = found[(found.figure == "1") & (found.quantity == "mean rate output Go")]
    assert go[["x_value", "value"]].to_numpy().tolist() == [["0.99", 1.014]]


def test_the_published_numbers_agree_with_themselves():
    points = networks("figure_1", "sizes", 50, n=100, training_trials=spread(1019.1, 338, 100))
    row = only(points, "training trials to criterion")
    assert (row.published, row.published_sd, row.published_n, row.ours_n) == (1019.1, 338, 100, 100)
    assert (row.ours, row.ours_sd, row.difference) == pytest.approx((1019.1, 338, 0))
    assert row.ci_high == pytest.approx(-row.ci_low)
    assert row.verdict == "agrees"
    assert (row.unit, row.task, row.link) == ("trials", "go-nogo", "figures/figure_1.png")


def test_other_networks_differ():
    points = networks("figure_1", "sizes", 50, n=10, training_trials=spread(1519.1, 338, 10))
    row = only(points, "training trials to criterion")
    assert row.ci_low > 0
    assert row.verdict == "differs"


def test_few_networks_are_too_few():
    row = only(
        networks("figure_1", "sizes", 50, n=2, training_trials=[5000.0, 5100.0]),
        "training trials to criterion",
    )
    assert row.ci_low > 0
    assert row.verdict == "too few networks"
    row = only(
        networks("figure_1", "sizes", 50, n=4, training_trials=spread(1019.1, 900, 4)),
        "training trials to criterion",
    )
    assert row.ci_low < 0 < row.ci_high
    assert row.verdict == "too few networks"


def test_networks_at_the_top_do_not_differ_from_a_mean_below_it():
    row = only(networks("figure_5", "tuned", n=5, search_accuracy=1.0), "LIF task performance")
    assert (row.ours, row.ours_sd, row.published) == (100, 0, 98.78)
    assert row.verdict == "agrees"
    found = scorecard.table(PUBLISHED, networks("figure_2", "decays", 1000, n=5), NO_SINGLES)
    row = found[found.quantity == "rate task performance"].iloc[0]  # 98.25 without an SD
    assert row.ours == 100
    assert row.ci_low < 0


def test_accuracies_without_a_published_sd_have_the_largest_that_there_can_be():
    """That of networks at both ends of the range in which training may stop, as many at the one as
    the mean asks for; so ten networks of ours with the same mean agree."""
    found = scorecard.comparable(PUBLISHED)
    found = found[found.sd.isna() & (found.measure == "rate")]
    assert len(found) > 5
    points = []
    for number in found.itertuples():
        place = (f"figure_{number.figure}", number.role, float(number.x_value))
        at_mean = {"training_accuracy": number.value / 100}
        points.append(networks(*place, task=number.task, **at_mean))
    compared = scorecard.table(PUBLISHED, pd.concat(points), NO_SINGLES)
    for number in found.itertuples():
        at_top = (number.value - 95) / 5
        sd = np.sqrt(at_top * (100 - number.value) ** 2 + (1 - at_top) * (95 - number.value) ** 2)
        n = number.published_n
        half = scipy.stats.t.ppf(0.975, n - 1) * sd * np.sqrt(1 / 10 + 1 / n) + number.uncertainty
        row = compared.loc[number.Index]
        assert (row.ci_low, row.ci_high) == pytest.approx((-half, half))
        assert row.verdict == "agrees"


def test_decays_that_are_all_equal_agree():
    row = only(
        networks("figure_2", "decays", 20, n=3, mean_tau_decay_ms=20.0), "mean tuned synaptic decay"
    )
    assert (row.difference, row.ci_low, row.ci_high, row.verdict) == (0, -0.5, 0.5, "agrees")


def test_shares_are_of_trained_networks():
    points = networks(
        "figure_4",
        "sizes",
        50,
        task="integration",
        n=100,
        n_trained=40,
        search_accuracy=np.resize([0.95, 0.94], 100),
    )
    found = scorecard.table(PUBLISHED, points, NO_SINGLES)
    row = found[found.quantity == "successful LIF models"].iloc[0]
    assert (row.ours, row.ours_n, row.ours_attempted, row.published_n) == (50, 40, 100, 10)
    assert (row.fresh, row.strict) == (100, 0)  # 0.96 and 0.94 for each
    assert np.isnan(row.ours_sd)
    row = found[found.quantity == "LIF task performance"].iloc[0]
    assert (row.ours, row.fresh, row.strict) == pytest.approx((94.5, 96, 94))


def test_a_share_of_trained_networks_has_no_fresh_trials():
    row = only(
        networks("figure_3", "sizes", 250, task="integration", n=50, n_trained=44),
        "successfully trained rate RNNs",
    )
    assert (row.ours, row.ours_n, row.published, row.verdict) == (88, 50, 88, "agrees")
    assert np.isnan([row.fresh, row.strict]).all()


def test_where_nothing_was_trained_the_share_still_compares():
    points = networks("figure_4", "decays", 20, task="integration", n=30, n_trained=0)
    row = only(points, "rate nets trained")
    assert (row.published, row.published_n, row.ours, row.verdict) == (0, 100, 0, "agrees")
    points = networks("figure_4", "sizes", 50, task="integration", n=3, n_trained=0)
    row = only(points, "LIF task performance")
    assert np.isnan([row.ours, row.difference, row.ci_low]).all()
    assert (row.ours_n, row.verdict) == (0, "too few networks")


def test_filters_and_functions_are_found_by_name():
    found = scorecard.table(
        PUBLISHED, networks("figure_6", "filters", 0, task="integration"), NO_SINGLES
    )
    assert found[["panel", "x_value"]].to_numpy().tolist() == [["B", "Single"]]
    points = pd.concat([networks("figure_7", "sigmoid"), networks("figure_7", "relu", n_trained=5)])
    found = scorecard.table(PUBLISHED, points, NO_SINGLES)
    assert set(found.x_value) == {"sigmoid", "relu", ""}
    row = found[found.quantity == "rate nets trained"].iloc[0]  # over all functions
    assert (row.ours, row.ours_n) == (75, 20)


def test_one_published_network_lies_among_ours_or_not():
    def rows(n, low):
        points = networks("figure_1", "example", n=n, mean_tau_decay_ms=spread(low, 1, n))
        return (
            scorecard.table(PUBLISHED, points, NO_SINGLES).set_index("published").verdict.to_dict()
        )

    assert rows(10, 32) == {28.2: "differs", 32.3: "agrees"}
    assert rows(4, 32) == {28.2: "differs", 32.3: "too few networks"}
    points = networks("figure_4", "example", task="integration", n=6, search_accuracy=1.0)
    row = only(points, "task performance of the example LIF")
    assert (row.difference, row.verdict) == (2, "agrees")  # with the SD of Fig. 4D, not 0
    assert np.isnan(row.published_sd)


def test_numbers_of_the_example_networks():
    found = scorecard.table(PUBLISHED, networks("figure_1", "none"), all_singles())
    assert len(found) == 22
    assert (found.verdict == "too few networks").all()
    assert found.difference.to_numpy(float) == pytest.approx(0.1)
    assert found.ci_low.isna().all()
    assert found[found.figure == "S2"].x_value.tolist() == ["rate", "LIF"]
    kinds = found[found.figure == "S7"][["x_name", "x_value"]].to_numpy().tolist()
    assert sorted(kinds)[0] == ["condition", "ctx1 stim1 (target +)"]
    assert found[found.figure == "S3"].x_value.tolist() == ["PYR", "PV", "SST"] * 2 + ["0.99"] * 2


def test_an_unknown_single_number_is_refused():
    singles = all_singles().assign(quantity="median output")
    with pytest.raises(ValueError, match=r"'median output'.* found 0"):
        scorecard.table(PUBLISHED, networks("figure_1", "none"), singles)


def test_numbers_without_a_counterpart_are_counted():
    everywhere = scorecard.table(PUBLISHED, everything(2), all_singles())
    assert scorecard.n_absent(PUBLISHED, everywhere) == 0
    assert len(everywhere) == 290 + 22
    assert everywhere.columns.tolist() == scorecard.COLUMNS
    thinned = scorecard.table(PUBLISHED, networks("figure_1", "sizes", 50), NO_SINGLES)
    assert len(thinned) == 3
    assert scorecard.n_absent(PUBLISHED, thinned) == 290 + 21 - 3


@pytest.mark.parametrize(
    ("low", "high", "n", "expected"),
    [
        (-5, 5, 3, "agrees"),
        (-5.5, 5.5, 3, "agrees"),  # the uncertainty does not count
        (-6, 6, 3, "too few networks"),
        (-1, 1, 2, "too few networks"),
        (0.1, 50, 3, "differs"),
        (-2, -1, 3, "differs"),
        (-2, -1, 2, "too few networks"),
        (0, 1, 3, "agrees"),
        (np.nan, np.nan, 30, "too few networks"),
    ],
)
def test_verdict(low, high, n, expected):
    found = Difference((low + high) / 2, low, high)
    assert scorecard.verdict(found, n=n, tolerance=5, uncertainty=0.5) == expected


def test_summary():
    points = pd.concat(
        [networks("figure_5", role, n=n) for role, n in (("fixed", 4), ("tuned", 2))]
    )
    singles = all_singles().query("figure == 'S2'")
    found = scorecard.table(PUBLISHED, points, singles)
    facts = scorecard.describe(found, PUBLISHED, points)
    assert (facts["n_networks"], facts["n_attempted"], facts["n_numbers"]) == (6, 6, 6)
    assert facts["n_agree"] + facts["n_differ"] + facts["n_few"] == 6
    assert (facts["median_n"], facts["n_judged"], facts["n_by_chance"]) == (
        3,
        2,
        pytest.approx(0.1),
    )
    lines = scorecard.in_markdown(found).splitlines()
    assert lines[0].startswith("| panel | numbers |")
    assert [line.split(" | ")[:2] for line in lines[2:]] == [
        ["| 5", "4"],
        ["| S2", "2"],
        ["| all", "6"],
    ]


@pytest.fixture(scope="module")
def compared():
    """The scorecard of networks everywhere."""
    return scorecard.table(PUBLISHED, everything(3), all_singles())


def test_forest_plot_marks_every_number_by_its_verdict(compared):
    """In shape and colour as its legend says; as its caption says, open grey where networks are too
    few."""
    page, drawn = forest.draw(compared)
    marks = {}
    for mark, text in zip(page.legends[0].legend_handles, page.legends[0].texts, strict=True):
        marks[text.get_text()] = look_of(mark)
        is_open = to_hex(mark.get_markerfacecolor()) == "#ffffff"
        assert is_open == (text.get_text() == scorecard.TOO_FEW)
    assert len(set(marks.values())) == 3
    axes_of_group = {axes.get_label(): axes for axes in page.axes}
    seen = set()
    for rows in drawn:
        lines = axes_of_group[rows.panel.iloc[0]].lines
        lines = [line for line in lines if line.get_marker() != "None"]  # the line at 0
        for place, row in enumerate(rows.itertuples()):  # from above
            if np.isnan(row.y):
                continue
            looks = set()
            for line in lines:
                if np.isclose(line.get_xydata(), [row.y, place]).all(axis=1).any():
                    looks.add(look_of(line))
            assert looks == {marks[row.series]}, row
            seen.add(row.series)
    assert seen == {*marks}


def test_forest_plot_draws_intervals_from_their_low_to_their_high_end(compared):
    page, drawn = forest.draw(compared)
    axes_of_group = {axes.get_label(): axes for axes in page.axes}
    n_lopsided = 0
    for rows in drawn:
        found = {}
        for bars in axes_of_group[rows.panel.iloc[0]].collections:
            for segment in bars.get_segments():
                if len(segment):  # none of a number without an interval
                    (low, place), (high, _) = segment
                    found[place] = low, high
        wanted = {}
        for place, row in enumerate(rows.itertuples()):  # from above
            if np.isfinite([row.low, row.high]).all():
                wanted[place] = pytest.approx((row.low, row.high))
                n_lopsided += not np.isclose(row.y - row.low, row.high - row.y)
        assert found == wanted
    assert n_lopsided > 10


UNITS = {  # of what the title of a group names
    "networks trained": "points",
    "models": "points",
    "performance": "points",
    "variance": "points",
    "decay": "ms",
    "training trials": "trials",
    "output": "a.u.",
    "mean rate": "Hz",
}


def test_forest_plot_names_rows_and_units(compared):
    """Every row by the value it was compared at, the least above, and every axis by its unit."""
    page, drawn = forest.draw(compared)
    axes_of_group = {axes.get_label(): axes for axes in page.axes}
    assert len(axes_of_group) == len(drawn)
    for rows in drawn:
        (title,) = set(rows.panel)
        axes = axes_of_group[title]
        assert axes.get_title() == title
        names = [tick.get_text() for tick in axes.get_yticklabels()]
        assert names == rows.x.tolist()
        assert axes.get_yticks().tolist() == list(range(len(rows)))
        assert axes.get_ylim() == (len(rows) - 0.5, -0.5)
        unit = next(unit for words, unit in UNITS.items() if words in title.lower())
        assert set(rows.y_name) == {f"ours − published ({unit})"} == {axes.get_xlabel()}
        values = pd.to_numeric(rows.x.str.removesuffix(" (text)"), errors="coerce")
        if values.notna().all() and not title.startswith("One network"):
            assert values.is_monotonic_increasing, title
    words = pd.concat(drawn).set_index("panel").x
    assert words["6A inset  LIF task performance"].str.endswith("(text)").sum() == 1
    assert words["Networks trained (text)"].tolist() == ["2E all", "4E 20", "7B all"]


def test_forest_plot_says_in_its_row_where_no_network_trained():
    points = [
        networks("figure_4", "sizes", x, task="integration", n=3, n_trained=n)
        for x, n in ((50, 3), (100, 0), (150, 3))
    ]
    page, drawn = forest.draw(scorecard.table(PUBLISHED, pd.concat(points), NO_SINGLES))
    axes_of_group = {axes.get_label(): axes for axes in page.axes}
    n_absent = 0
    for rows in drawn:
        texts = axes_of_group[rows.panel.iloc[0]].texts
        said = [text.get_position()[1] for text in texts if text.get_text() == "none trained"]
        assert said == np.flatnonzero(rows.y.isna()).tolist()
        n_absent += len(said)
    assert n_absent > 0


def test_forest_plot_draws_the_only_number_of_networks_trained():
    found = scorecard.table(PUBLISHED, networks("figure_7", "sigmoid"), NO_SINGLES)
    rows = pd.concat(forest.draw(found)[1])
    assert len(rows) == len(found)
    assert rows.x[rows.panel == "Networks trained (text)"].tolist() == ["7B all"]


def test_forest_plot_tells_the_numbers_of_one_network_apart():
    singles = all_singles()
    singles["value"] += 0.01 * np.arange(len(singles))  # no two differences are the same
    found = scorecard.table(PUBLISHED, networks("figure_1", "none"), singles)
    _, drawn = forest.draw(found)
    rows = pd.concat(drawn)
    for number in found.itertuples():
        (row,) = rows[np.isclose(rows.y.astype(float), number.difference)].itertuples()
        assert row.x.startswith(number.figure)
        kind, _, which = row.x.partition(" ")
        quantity = number.quantity
        if "output" in quantity and "QIF" not in quantity:
            answer = next(a for a in ("NoGo", "Go", "(+)", "(-)") if a in quantity)
            assert which == answer, row.x
            assert row.panel == "One network: last output"
        else:
            assert which == number.x_value.partition(" (")[0], row.x
        assert kind in (number.figure, number.figure + number.panel[0])


def look_of(mark) -> tuple:
    return mark.get_marker(), mark.get_markeredgecolor(), mark.get_markerfacecolor()


def test_forest_plot_draws_every_number(compared):
    """Each with its own interval and verdict, and beside the value that it was compared at."""
    found = compared
    _, drawn = forest.draw(found)
    rows = pd.concat(drawn)
    assert len(rows) == len(found)
    columns = ["difference", "ci_low", "ci_high", "verdict"]
    of_table = found[columns].astype({"difference": float}).round(9)
    of_page = rows[["y", "low", "high", "series"]].round(9).set_axis(columns, axis=1)
    assert_same_rows(of_page, of_table)
    swept = found[found.published_n.gt(1) & found.quantity.ne(scorecard.COUNTED)]
    labels = rows.x.str.removesuffix(" (text)")
    for row in swept.itertuples():
        alike = np.isclose(rows.y.astype(float), row.difference) & (labels == row.x_value)
        panels = rows.panel[alike | (rows.y.isna() & np.isnan(row.difference))]
        letter = row.panel.split("-")[0]
        name = row.figure + (letter if len(letter) == 1 and letter.isupper() else "")
        assert panels.str.startswith(f"{name} ").any(), row


def assert_same_rows(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """The same rows in whatever order."""
    keys = list(one.columns)
    pd.testing.assert_frame_equal(
        one.sort_values(keys, ignore_index=True),
        other.sort_values(keys, ignore_index=True),
        check_dtype=False,
    )


def test_every_number_of_the_caption_is_that_of_the_table():
    points = pd.concat(
        [
            networks("figure_5", "fixed", n=4, search_accuracy=0.5),
            networks("figure_5", "tuned", n=9, n_trained=7),
            networks("figure_1", "sizes", 50, n=2),
        ]
    )
    found = scorecard.table(PUBLISHED, points, all_singles().query("figure == 'S2'"))
    verdicts = found.verdict.tolist()
    judged = [n >= 3 and low == low for n, low in zip(found.ours_n, found.ci_low, strict=True)]
    n = [n for n, of_paper in zip(found.ours_n, found.published_n, strict=True) if of_paper > 1]
    assert len({verdicts.count(verdict) for verdict in scorecard.VERDICTS}) == 3
    assert scorecard.describe(found, PUBLISHED, points) == {
        "n_networks": 4 + 7 + 2,
        "n_attempted": 4 + 9 + 2,
        "n_numbers": len(verdicts),
        "n_absent": 290 + 21 - (len(verdicts) - 1),  # the paper gives two of ours at once
        "n_agree": verdicts.count("agrees"),
        "n_differ": verdicts.count("differs"),
        "n_few": verdicts.count("too few networks"),
        "median_n": np.median(n),
        "n_judged": sum(judged),
        "n_by_chance": pytest.approx(0.05 * sum(judged)),
    }


def test_a_network_that_is_converted_with_several_neurons_counts_once():
    trained = networks("figure_7", "refractory", n=4, n_trained=3)
    neurons = ("lif", "lif_refractory0ms", "qif")
    points = pd.concat([trained.assign(neuron=neuron) for neuron in neurons])
    facts = scorecard.describe(scorecard.table(PUBLISHED, points, NO_SINGLES), PUBLISHED, points)
    assert (facts["n_networks"], facts["n_attempted"]) == (3, 4)


@pytest.mark.parametrize(
    ("figure", "roles"), [("figure_5", ["fixed", "tuned"]), ("figure_s1", ["example"])]
)
def test_a_study_of_one_figure(figure, roles, tmp_path):
    points = pd.concat([networks(figure, role) for role in roles])
    found = scorecard.table(PUBLISHED, points, NO_SINGLES)
    facts = scorecard.describe(found, PUBLISHED, points)
    page, drawn = forest.draw(found)
    words = [text.get_text().replace("\n", " ") for text in page.findobj(Text)]
    assert ("no published number has a counterpart in this study" in words) == (
        figure == "figure_s1"
    )
    assert (
        sum(map(len, drawn))
        == len(found)
        == facts["n_numbers"]
        == (4 if figure == "figure_5" else 0)
    )
    scorecard.write_html(found, tmp_path / "scorecard.html")
    assert (tmp_path / "scorecard.html").read_text("utf-8").count("<tr") == len(found) + 1
    assert "{" not in scorecard.NOTE.format(**facts)
    assert scorecard.in_markdown(found).splitlines()[-1].startswith(f"| all | {len(found)} |")


def test_every_column_of_the_page_is_under_its_heading(tmp_path):
    """Each a column of the table, with four digits; a dash where there is no number."""
    accuracy = spread(0.9, 0.02, 4)
    fresh = {"held_out_accuracy": 0.811, "held_out_strict": 0.722}
    points = networks("figure_5", "fixed", n=4, search_accuracy=accuracy, **fresh)
    found = scorecard.table(PUBLISHED, points, NO_SINGLES)
    scorecard.write_html(found, tmp_path / "scorecard.html")
    page = (tmp_path / "scorecard.html").read_text("utf-8")
    table = ElementTree.fromstring(page[page.index("<table") :])
    header, *rows = [[cell.text for cell in row] for row in table.iter("tr")]
    columns = [
        ("figure", "figure"),
        ("panel", "panel"),
        ("quantity", "quantity"),
        ("task", "task"),
        ("along", "x_name"),
        ("at", "x_value"),
        ("unit", "unit"),
        ("published", "published"),
        ("SD", "published_sd"),
        ("networks", "published_n"),
        ("ours", "ours"),
        ("SD", "ours_sd"),
        ("networks", "ours_n"),
        ("ours, fresh trials", "fresh"),
        ("ours, fresh trials, strict scoring", "strict"),
        ("ours \N{MINUS SIGN} published", "difference"),
        ("95 % interval from", "ci_low"),
        ("to", "ci_high"),
        ("verdict", "verdict"),
        ("published in", "source"),
    ]
    assert [text.strip() for text in header] == [heading for heading, _ in columns]
    assert len(rows) == len(found) == 2
    for row, (_, wanted) in zip(rows, found.iterrows(), strict=True):
        for text, (heading, column) in zip(row, columns, strict=True):
            value = wanted[column]
            if isinstance(value, str):
                assert (text or "") == value, heading
            elif np.isnan(value):
                assert text == "\N{EN DASH}", heading
            else:
                read = float(text.replace("\N{MINUS SIGN}", "-"))
                assert read == pytest.approx(value, rel=5e-4), heading


def test_verdicts_are_counted_in_their_own_columns():
    panels = ["5", "5", "5", "6", "6", "6"]
    verdicts = ["agrees", "differs", "differs", "too few networks", "too few networks", "agrees"]
    found = pd.DataFrame({"figure": panels, "panel": 3 * ["left"] + 3 * ["A-main"]})
    lines = scorecard.in_markdown(found.assign(verdict=verdicts)).splitlines()
    assert lines == [
        "| panel | numbers | agree | differ | too few networks |",
        "|---|--:|--:|--:|--:|",
        "| 5 | 3 | 1 | 2 | 0 |",
        "| 6A | 3 | 1 | 0 | 2 |",
        "| all | 6 | 2 | 2 | 2 |",
    ]


def test_every_number_has_a_link_to_the_picture_of_its_figure(compared):
    for row in compared.itertuples():
        assert row.link == f"figures/figure_{row.figure.lower()}.png"
    assert {"figures/figure_s7.png", "figures/figure_1.png"} < set(compared.link)


def test_the_sd_of_two_networks_is_not_taken_for_theirs():
    """It may be any: the published one makes the interval."""
    wide = {"training_trials": [100.0, 3000.0]}
    row = only(networks("figure_1", "sizes", 50, n=2, **wide), "training trials to criterion")
    half = scipy.stats.t.ppf(0.975, 99) * 338 * np.sqrt(1 / 2 + 1 / 100)
    uncertainty = scorecard.comparable(PUBLISHED).loc[row.name].uncertainty
    assert row.ci_high - row.difference == pytest.approx(half + uncertainty)


def test_words_of_the_page_are_escaped(tmp_path):
    found = scorecard.table(PUBLISHED, networks("figure_5", "fixed"), NO_SINGLES)
    scorecard.write_html(found.assign(quantity="a < b & c"), tmp_path / "scorecard.html")
    assert "<td>a &lt; b &amp; c</td>" in (tmp_path / "scorecard.html").read_text("utf-8")


@pytest.fixture
def run_scorecard(tmp_path, monkeypatch):
    """A function that runs the script for networks and files of single numbers; returns its
    outputs."""
    monkeypatch.syspath_prepend(str(ROOT / "workflow" / "scripts"))
    job = importlib.import_module("job")
    monkeypatch.setattr(job, "start", lambda snakemake: SimpleNamespace(info=print))
    reading = importlib.import_module("reading")

    def run(points: pd.DataFrame, singles: list) -> dict[str, str]:
        monkeypatch.setattr(reading, "points", lambda snakemake: points)
        endings = ("table", "by_panel", "html", "pdf", "png", "csv", "caption")
        output = {ending: str(tmp_path / f"scorecard.{ending}") for ending in endings}
        inputs = {
            "published": str(ROOT / "resources" / "published.tsv"),
            "singles": singles,
            "caption": str(ROOT / "workflow" / "report" / "scorecard.rst"),
        }
        snakemake = SimpleNamespace(
            input=SimpleNamespace(**inputs),
            output=SimpleNamespace(**output),
            params={},
            log=["log"],
        )
        script = ROOT / "workflow" / "scripts" / "scorecard.py"
        runpy.run_path(str(script), init_globals={"snakemake": snakemake})
        return output

    return run


def test_script_writes_table_page_and_figure(tmp_path, run_scorecard):
    points = pd.concat(
        [
            networks("figure_1", "sizes", 50),
            networks("figure_4", "sizes", 50, task="integration", n_trained=0),
        ]
    )
    all_singles().to_csv(tmp_path / "singles.csv", index=False)
    NO_SINGLES.to_csv(tmp_path / "none.csv", index=False)
    output = run_scorecard(points, [tmp_path / "singles.csv", tmp_path / "none.csv"])
    table = pd.read_csv(output["table"], keep_default_na=False)
    assert table.columns.tolist() == scorecard.COLUMNS
    assert len(table) == 3 + 2 + 22  # those of Fig. 4D without a number of ours
    assert len(pd.read_csv(output["csv"])) == len(table)
    page = Path(output["html"]).read_text("utf-8")
    caption = Path(output["caption"]).read_text("utf-8")
    assert page.count("<tr") == len(table) + 1
    assert "href" not in page  # the report keeps files under other paths
    assert f"| all | {len(table)} |" in Path(output["by_panel"]).read_text("utf-8")
    expected = scorecard.table(PUBLISHED, points, all_singles())
    for column in ("ours", "difference", "ci_low", "ci_high"):
        numbers = pd.to_numeric(table[column]).to_numpy(float)
        np.testing.assert_allclose(numbers, expected[column].to_numpy(float), rtol=1e-12)
    assert table.verdict.tolist() == expected.verdict.tolist()
    assert "{" not in caption
    assert f"{len(table)} numbers" in caption


def test_script_says_where_there_is_nothing_to_compare(run_scorecard):
    output = run_scorecard(networks("figure_s1", "example"), [])
    caption = Path(output["caption"]).read_text("utf-8")
    assert caption == scorecard.NO_COUNTERPART + "\n"
    assert len(pd.read_csv(output["csv"])) == len(pd.read_csv(output["table"])) == 0


def test_figures_with_nothing_to_compare_ask_for_no_scorecard():
    compared = {match.figure for match in scorecard.MATCHES}
    compared |= {figure for figure, *_ in scorecard.SINGLES}
    figures = {f"figure_{figure.lower()}" for figure in compared}
    assert set(FIGURE_ROLES) - figures == set(NOT_COMPARED)
