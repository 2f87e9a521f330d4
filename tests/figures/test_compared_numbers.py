"""Figs. 1 to 7, the page of sweeps, accuracies and the scorecard: every number in a CSV and in a
caption is that of the tables, reckoned once more. In these tables no two columns, roles or values
of a sweep have a number in common."""

import itertools
from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from colours import colours_of, is_grey
from compared import (
    BARS,
    CURVES,
    DECAY,
    FRESH,
    FUNCTIONS,
    IN_PAPER,
    RATE_ALONE,
    TRIALS,
    counted,
    expected,
    expected_of_sweeps,
    share_successful,
    share_trained,
)
from compared import RATE as RATE_MEAN
from compared import SPIKING as SPIKING_MEAN
from drawing import (
    PUBLISHED,
    Series,
    assert_axes_named,
    assert_bars_end_where_the_table_says,
    assert_caption,
    assert_drawn,
    assert_nothing_cut_off,
    axes_of,
    drawer,
    legend_names,
    letters_of,
    numbers_in,
    published,
)
from matplotlib.colors import to_hex
from shared import example_of

from rate2spike.figures import sweep_panels
from rate2spike.plotting import RATE, SPIKING

TASKS = {"1": "go-nogo", "2": "go-nogo", "5": "go-nogo", "7": "go-nogo"}
TASKS |= {"3": "integration", "4": "integration", "6": "integration"}
ROLES = {  # values of the sweeps; None: a single condition
    "1": {"example": [None], "sizes": [10, 50, 250]},
    "2": {"example": [None], "sizes": [10, 50, 250], "decays": [20, 100, 1000]},
    "3": {"sizes": [10, 50, 250]},
    "4": {"example": [None], "sizes": [10, 50, 250], "decays": [20, 100, 1000]},
    "5": {"tuned": [None], "fixed": [None]},
    "6": {"gains": [0.5, 1.5, 3.0], "refractory": [0, 0.5, 2, 5, 30], "filters": [2, 0]},
    "7": {"relu": [None], "sigmoid": [None], "softplus": [None]},
}


def made_up(roles: dict, task: str) -> pd.DataFrame:
    """Four to seven networks of every condition: some without success, one that did not reach
    criterion, one exactly at 95 % in the search."""
    rng, rows = np.random.default_rng(11), []
    conditions = [(role, x) for role, values in roles.items() for x in values]
    for k, (role, x) in enumerate(conditions):
        first_of_sweep = role in ("sizes", "decays") and x == min(roles[role])
        for i in range(4 + k % 4):
            converged = not first_of_sweep and i != 1
            row = {"role": role, "x": np.nan if x is None else float(x), "task": task}
            row |= {"condition": f"{role}{x}", "neuron": "lif", "network": f"seed_{i}"}
            row |= {"name": f"{role}{x}", "other_names": "", "converged": converged}
            row |= {
                "training_trials": int(rng.integers(500, 5000)),
                "training_accuracy": rng.uniform(0.955, 0.99),
                "mean_tau_decay_ms": rng.uniform(25, 35),
                "rate_accuracy": rng.uniform(0.88, 0.92),
                "search_accuracy": 0.95 if i == 0 else rng.uniform(0.9, 0.954),
                "held_out_accuracy": rng.uniform(0.7, 0.85),
                "held_out_strict": rng.uniform(0.5, 0.65),
            }
            if i == 2 and k % 2:
                row["search_accuracy"] = 1.0
            if not converged:  # trained to the end in vain
                row |= {"training_accuracy": 0.3, "training_trials": 5901}
                row |= {"mean_tau_decay_ms": 77.0, "rate_accuracy": np.nan}
                row |= dict.fromkeys(
                    ("search_accuracy", "held_out_accuracy", "held_out_strict"), np.nan
                )
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The figures, each drawn once when it is asked for."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw = drawer(tmp_path_factory.mktemp("figures"), monkeypatch)

        @cache
        def page(figure: str):
            roles, task = ROLES[figure], TASKS[figure]
            return draw(
                f"figure_{figure}",
                points=made_up(roles, task),
                recordings={"example": example_of(task)} if "example" in roles else {},
                task=task,
                figure=f"figure_{figure}",
            )

        yield page


def of_panels(table: pd.DataFrame, panels) -> pd.DataFrame:
    return table[table.panel.isin(list(panels))]


@pytest.mark.parametrize("figure", ROLES)
def test_every_bar_curve_and_published_point_is_that_of_the_tables(figure, drawn):
    wanted = expected(figure, made_up(ROLES[figure], TASKS[figure]))
    panels = {panel for panel, _ in wanted}
    assert_drawn(of_panels(drawn(figure).table, panels), wanted)


def test_every_number_read_from_these_panels_is_drawn():
    """What is given once more elsewhere, and what is said of panels as a whole, aside."""
    of_examples = ("mean", "SD band", "histogram", "implied_count")
    for figure in ROLES:
        rows = PUBLISHED[(PUBLISHED.figure == figure) & (PUBLISHED.source == "digitised")]
        rows = rows[(rows.panel != "consistency") & (rows.panel != "A")]
        asked = {(row.panel, row.quantity) for row in rows.itertuples()}
        curves = [(c.panel, IN_PAPER[c.measure]) for c in CURVES.get(figure, [])]
        bars = [(b.panel, IN_PAPER[b.measure]) for b in BARS.get(figure, [])]
        left = {pair for pair in asked - {*curves, *bars} if not pair[1].startswith(of_examples)}
        assert left == set(), figure


SWEPT = {
    "sizes": "Number of units N",
    "decays": "Upper limit of decays (ms)",
    "refractory": "Refractory period (ms)",
}
MEASURED = {
    RATE_MEAN: "Performance (%)",
    RATE_ALONE: "Performance (%)",
    SPIKING_MEAN: "Performance (%)",
    FRESH: "Spiking performance (%)",
    TRIALS: "Training trials to criterion",
    DECAY: "Mean synaptic decay (ms)",
    share_trained: "Trained (%)",
    share_successful: "Successful (% of trained)",
}
OF_BARS = MEASURED | {RATE_MEAN: "Rate performance (%)", SPIKING_MEAN: "Spiking performance (%)"}
CONDITIONS = {
    ("5", "left"): "Synaptic decay",
    ("5", "right"): "Synaptic decay",
    ("6", "B"): "Synaptic filter",
    ("6", "C"): "Gain g",
    ("7", "B"): "Transfer function",
    ("7", "C-left"): "Transfer function",
    ("7", "C-right"): "Transfer function",
}


@pytest.mark.parametrize("figure", ROLES)
def test_axes_are_called_after_what_is_drawn_against_them(figure, drawn):
    wanted = {}
    for curve in CURVES.get(figure, []):
        wanted[curve.panel] = SWEPT[curve.role], MEASURED[curve.measure]
    for bars in BARS.get(figure, []):
        wanted[bars.panel] = CONDITIONS[figure, bars.panel], OF_BARS[bars.measure]
    if figure == "7":
        for name in FUNCTIONS:
            wanted[f"A {name}"] = "Current x (a.u.)", "Rate r (a.u.)"
    page = drawn(figure)
    assert_axes_named(page._replace(table=of_panels(page.table, wanted)), wanted)
    counts = page.table.z_name[page.table.z.notna()]
    assert set(counts) == {"Networks"}


@pytest.mark.parametrize("figure", ROLES)
def test_bars_end_where_the_table_says_and_nothing_is_cut_off(figure, drawn):
    page = drawn(figure)
    panels = {panel for panel, _ in expected(figure, made_up(ROLES[figure], TASKS[figure]))}
    page = page._replace(table=of_panels(page.table, panels))
    assert_nothing_cut_off(page)
    assert_bars_end_where_the_table_says(page)


@pytest.mark.parametrize("figure", ROLES)
def test_letters_stand_at_their_panels(figure, drawn):
    letters = letters_of(drawn(figure).page)
    n = {"1": 3, "2": 5, "3": 3, "4": 5, "5": 0, "6": 3, "7": 3}[figure]
    assert sorted(letters) == list("ABCDE"[:n])
    for letter, panel in letters.items():
        assert panel.startswith(letter)


def test_the_papers_points_stand_left_of_ours_and_of_bars_right(drawn):
    """As captions say; only against the limit of decays, where a line is read off, in place."""

    def aside(figure, panel) -> float:
        axes = axes_of(drawn(figure).page, panel)
        table = drawn(figure).table
        of_paper = table[(table.panel == panel) & table.series.str.startswith("published")]
        places = pd.to_numeric(of_paper.x, errors="coerce")
        if places.isna().any() or axes.patches:  # bars stand in their order
            places = np.arange(len(of_paper))
        there = of_paper.y.notna().to_numpy()
        (marks,) = [
            container.lines[0]
            for container in axes.containers
            if container.get_label() == "published" and hasattr(container, "lines")
        ]
        x = np.asarray(marks.get_xdata(), float)
        shift = np.unique((x - np.asarray(places)[there]).round(6))
        assert len(shift) == 1
        return shift[0]

    for figure, panel in (("1", "C-right"), ("2", "C-top"), ("3", "C"), ("4", "E-top")):
        span = np.ptp(axes_of(drawn(figure).page, panel).get_xlim())
        assert -0.02 * span < aside(figure, panel) < 0
    assert aside("2", "D") == 0
    for figure, panel in (("5", "left"), ("5", "right"), ("6", "C"), ("7", "B")):
        assert 0.25 < aside(figure, panel) < 0.5  # a bar is half as wide as its place


def test_decays_at_their_upper_limit_lie_on_the_dashed_line(drawn):
    axes = axes_of(drawn("2").page, "D")
    (line,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert (line.get_xy1(), line.get_slope()) == ((0, 0), 1)


def test_the_enlarged_part_is_framed_in_the_panel_below(drawn):
    page = drawn("6").page
    main, inset = axes_of(page, "A-main"), axes_of(page, "A-inset")
    (frame,) = [artist.rectangle for artist in main.get_children() if hasattr(artist, "rectangle")]
    (left, right), (low, high) = inset.get_xlim(), inset.get_ylim()
    assert frame.get_xy() == pytest.approx((left, low))
    assert (frame.get_width(), frame.get_height()) == pytest.approx((right - left, high - low))


def test_legends_name_both_kinds_of_networks_and_the_paper(drawn):
    over = {
        "1": {"C-left-top": ["rate", "published"], "C-right": ["rate", "published"]},
        "2": {"C-top": ["rate", "spiking", "published"], "D": ["rate", "published"]},
        "3": {"B-top": ["rate", "published"], "C": ["rate", "published"]},
        "4": {"E-top": ["rate", "spiking", "published"]},
        "5": {"left": ["published"], "right": ["published"]},
        "7": {"B": ["published"], "C-right": ["published"]},
    }
    for figure, panels in over.items():
        for panel, names in panels.items():
            legend = axes_of(drawn(figure).page, panel).get_legend()
            assert [text.get_text() for text in legend.texts] == names, (figure, panel)
    assert legend_names(drawn("6").page) == ["spiking", "published"]


def test_transfer_functions_are_drawn_under_their_names(drawn):
    table = drawn("7").table
    table = table[table.panel.str.startswith("A ")]
    x = np.linspace(-5, 5, 201)
    functions = {
        "sigmoid": 1 / (1 + np.exp(-x)),
        "softplus": np.log(1 + np.exp(x)),
        "ReLU": np.maximum(0, x),
    }
    for name in functions:
        ticks = axes_of(drawn("7").page, f"A {name}").get_yticks().tolist()
        assert ticks == [0, 1 if name == "sigmoid" else 5]
    wanted = {(f"A {name}", name): Series(x, y) for name, y in functions.items()}
    assert_drawn(table, wanted)


# Colours ------------------------------------------------------------------------------------------

NETWORKS = {"rate": RATE, "spiking": SPIKING}


def colours_by_name(found: dict[tuple[str, str], str]) -> dict[str, str]:
    """Each name has one colour in all panels, no two have the same, and the paper's numbers alone
    are grey."""
    by_name = {}
    for (panel, series), colour in found.items():
        if series.startswith("published"):
            assert is_grey(colour), (panel, series)
        else:
            assert not is_grey(colour), (panel, series)
            assert by_name.setdefault(series, colour) == colour, (panel, series)
    assert len(set(by_name.values())) == len(by_name)
    return by_name


@pytest.mark.parametrize("figure", ROLES)
def test_everything_has_the_colour_of_its_name(figure, drawn):
    wanted = expected(figure, made_up(ROLES[figure], TASKS[figure]))
    table = drawn(figure).table
    # the transfer functions of Fig. 7 have the colours of their bars
    shown = table.panel.isin([panel for panel, _ in wanted]) | table.series.isin(FUNCTIONS)
    parts = [shown]
    if figure == "6":  # refractory periods, filters and gains, each with colours of its own
        parts = [shown & table.panel.str.startswith(letter) for letter in "ABC"]
    for part in parts:
        by_name = colours_by_name(colours_of(table[part], drawn(figure).page))
        for name in {*NETWORKS} & {*by_name}:
            assert by_name[name] == to_hex(NETWORKS[name])


def test_colours_of_filters_go_by_their_name():
    names = ["Single", "Double", "5 ms"]
    by_name = [sweep_panels.filter_colours([name])[0] for name in names]
    assert sweep_panels.filter_colours(names) == by_name
    assert len(set(by_name)) == 3


# Captions and the lines under figures -------------------------------------------------------------


def rank_sum(a, b) -> str:
    """The numbers of a rank-sum test as a caption has them, all permutations counted."""
    method = scipy.stats.PermutationMethod(n_resamples=np.inf)
    u, p = scipy.stats.mannwhitneyu(a, b, method=method)
    effect = 2 * u / (len(a) * len(b)) - 1
    numbers = f"{u:g} {p:.2g} {effect:.2f} {len(a)} {len(b)}"
    return numbers.replace("-", "\N{MINUS SIGN}")


def kruskal(*groups) -> str:
    h, p = scipy.stats.kruskal(*groups)
    n = [len(group) for group in groups]
    shown = "0.001" if p < 0.001 else f"{p:.2g}"
    return f"{h:.2f} {shown} {h / (sum(n) - 1):.2f} {' '.join(map(str, n))}"


def groups(points: pd.DataFrame, column: str, conditions) -> list[np.ndarray]:
    """A column of the networks that reached criterion, for each (role, x)."""
    found = []
    for role, x in conditions:
        rows = points[(points.role == role) & points.converged]
        rows = rows[rows.x.isna() if x is None else rows.x == x]
        found.append(rows[column].to_numpy())
    return found


def significance_of(figure: str, points: pd.DataFrame) -> dict[str, str]:
    """The numbers of the statistical tests of a figure, by their place in the caption."""
    if figure == "5":
        fixed, tuned = groups(points, "search_accuracy", [("fixed", None), ("tuned", None)])
        return {"test": rank_sum(fixed, tuned)}
    if figure == "6":
        filters = groups(points, "search_accuracy", [("filters", 0), ("filters", 2)])
        gains = groups(points, "search_accuracy", [("gains", g) for g in (0.5, 1.5, 3.0)])
        return {
            "filter_test": rank_sum(*filters),
            "gain_test": kruskal(*gains),
            "searched": "",  # in words
        }
    if figure == "7":
        functions = [(name, None) for name in ("sigmoid", "softplus", "relu")]
        columns = {"rate_test": "training_accuracy", "spiking_test": "search_accuracy"}
        found = {}
        for name, column in columns.items():
            found[name] = kruskal(*groups(points, column, functions))
        return found
    return {}


def example_facts(example: dict, task: str) -> dict:
    """The numbers of captions about an example network, in the order of their sentences."""
    inhibitory = example["inhibitory"]
    n, n_inh = len(inhibitory), int(inhibitory.sum())
    first, second = {"go-nogo": (1, 0), "integration": (1, -1)}[task]
    trials = f"{(example['label'] == first).sum()} {(example['label'] == second).sum()}"
    tau = example["tau_decay_ms"]
    sd = np.sqrt(((tau - tau.mean()) ** 2).sum() / (n - 1))
    networks = f"{example['n_networks']} {example['n_attempted']}"
    held_out = f"{100 * example['held_out_accuracy']:.0f}"
    return {
        "example": f"{example['network']} {n} {n - n_inh} {n_inh} {networks} {held_out}",
        "decays": f"{tau.mean():.1f} {sd:.1f}",
        "scaling": "1/35",
        "trials": trials,
    }


@pytest.mark.parametrize("figure", ROLES)
def test_every_number_of_the_caption_is_that_of_the_tables(figure, drawn):
    points = made_up(ROLES[figure], TASKS[figure])
    facts = significance_of(figure, points)
    if "example" in ROLES[figure]:
        facts |= counted(points, but="example")
        facts |= example_facts(example_of(TASKS[figure]), TASKS[figure])
    else:
        facts |= counted(points)
    assert_caption(drawn(figure), f"figure_{figure}", **facts)


@pytest.mark.parametrize("figure", ROLES)
def test_every_number_under_the_figure_is_that_of_the_tables(figure, drawn):
    points = made_up(ROLES[figure], TASKS[figure])
    but = "example" if "example" in ROLES[figure] else ""
    wanted = []
    if but:
        example = example_of(TASKS[figure])
        facts = example_facts(example, TASKS[figure])
        # the condition, then the sentence without the number of all units and the accuracy
        wanted = numbers_in(str(example["condition"]))
        network, _, *counts, _ = facts["example"].split()
        wanted += [network, *counts, *facts["trials"].split()]
        wanted += ["1", "35"] * (figure == "4")
    wanted += [*numbers_in(counted(points, but=but)["per_condition"]), "100", "1"]
    for numbers in significance_of(figure, points).values():
        wanted += numbers.split()
    assert numbers_in(drawn(figure).note) == wanted


@pytest.mark.parametrize("figure", ["5", "6", "7"])
def test_tests_of_significance_are_those_of_the_table(figure, drawn):
    points, tests = made_up(ROLES[figure], TASKS[figure]), drawn(figure).tests
    words = significance_of(figure, points)
    words.pop("searched", None)
    for row, numbers in zip(tests.itertuples(), words.values(), strict=True):
        statistic, p, effect, *sizes = numbers.replace("\N{MINUS SIGN}", "-").split()
        assert row.n.split("; ") == sizes
        assert [float(f"{row.effect:.2f}"), row.figure] == [float(effect), int(figure)]
        shown = f"{row.statistic:g}" if row.test == "rank-sum test" else f"{row.statistic:.2f}"
        assert shown == statistic
        assert p in (f"{row.p:.2g}", "0.001")


def test_counts_under_the_bars_are_those_of_the_tables(drawn):
    points = made_up(ROLES["5"], TASKS["5"])
    fixed, tuned = groups(points, "search_accuracy", [("fixed", None), ("tuned", None)])
    page = drawn("5").page
    under = {}
    for panel in ("left", "right"):
        labels = axes_of(page, panel).get_xticklabels()
        under[panel] = [label.get_text().split("\n") for label in labels]
    successes = [(a >= 0.95).sum() for a in (fixed, tuned)]
    assert under["left"] == [
        ["Fixed", f"{successes[0]}/{len(fixed)}"],
        ["Tuned", f"{successes[1]}/{len(tuned)}"],
    ]
    assert under["right"] == [["Fixed", f"n = {len(fixed)}"], ["Tuned", f"n = {len(tuned)}"]]
    heights = [bar.get_height() for bar in axes_of(page, "right").patches]
    assert heights == pytest.approx([100 * fixed.mean(), 100 * tuned.mean()])


# The page of all sweeps ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    """Two sweeps on one page, of which one has published values beside it."""
    points = made_up({"gain": [0.5, 1.5], "decay": [20, 100, 1000]}, "integration")
    swept = {"gain": "network.gain", "decay": "network.tau_decay_ms"}
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw = drawer(tmp_path_factory.mktemp("sweeps"), monkeypatch)
        yield (
            points,
            draw("figure_sweeps", points=points, swept=swept, sizes={"gain": 250, "decay": None}),
        )


def test_every_point_of_every_sweep_is_that_of_the_tables(sweeps):
    points, page = sweeps
    wanted = expected_of_sweeps(points)
    assert len(wanted) == 2 * 7
    assert_drawn(page.table, wanted)
    assert_caption(page, "figure_sweeps", **counted(points))
    assert numbers_in(page.note) == [*numbers_in(counted(points)["per_condition"]), "1"]


def test_axes_and_titles_of_sweeps_name_what_is_swept(sweeps):
    _, page = sweeps
    measures = {
        "trained": "Trained (%)",
        "trials": "Training trials",
        "correct": "Correct trials (%)",
        "successful": "Successful (% of trained)",
    }
    wanted = {}
    for sweep, x in (("gain", "Gain g"), ("decay", "Upper limit of decays (ms)")):
        for panel, y in measures.items():
            wanted[f"{sweep}: {panel}"] = x, y
            title = axes_of(page.page, f"{sweep}: {panel}").get_title()
            assert title == (sweep if panel == "trained" else "")
    assert_axes_named(page, wanted)
    assert_nothing_cut_off(page)
    assert_bars_end_where_the_table_says(page)
    names = [name for place, name in expected_of_sweeps(sweeps[0]) if place == "gain: correct"]
    assert legend_names(page.page) == [*names, "published"]


def test_settings_that_are_swept_have_their_own_words_and_units():
    words = {
        "network.n_units": "units",
        "network.tau_decay_ms": "limit of decays",
        "network.gain": "gain",
        "network.p_inh": "inhibitory",
        "network.p_rec": "connectivity",
        "neuron.t_refractory_ms": "refractory period",
        "neuron.tau_rise_ms": "rise time",
        "training.learning_rate": "learning rate",
        "training.decay_learning_rate": "learning rate of decays",
        "training.min_trials": "least training trials",
    }
    assert set(sweep_panels.NAMES_OF_KEYS) == set(words)
    for key, name in sweep_panels.NAMES_OF_KEYS.items():
        assert words[key] in name.lower()
        assert name.endswith("(ms)") == key.endswith("_ms")


def test_every_measure_has_one_colour_in_all_sweeps(sweeps):
    table, page = sweeps[1].table, sweeps[1].page
    correct = table.panel.str.endswith(": correct")
    by_name = colours_by_name(colours_of(table[correct], page))
    assert by_name["rate, fresh trials"] == to_hex(RATE)
    assert by_name["spiking, best of the grid"] == to_hex(SPIKING)
    networks = {"trained": RATE, "trials": RATE, "successful": SPIKING}
    for (panel, name), colour in colours_of(table[~correct], page).items():
        assert colour == to_hex(networks[name]), panel


def test_published_values_stand_beside_a_sweep_in_their_panels(sweeps):
    _, page = sweeps
    in_paper = {
        "trained": ("3", "B-bottom", "successfully trained rate RNNs"),
        "trials": ("3", "C", "training trials to criterion"),
        "correct": ("4", "D-bottom", "LIF task performance"),
        "successful": ("4", "D-top", "successful LIF models"),
    }
    for (panel, place), sweep in itertools.product(in_paper.items(), ("gain", "decay")):
        axes = axes_of(page.page, f"{sweep}: {panel}")
        lines = [line for line in axes.lines if line.get_label() == "published"]
        numbers = published(*place)
        wanted = numbers.y[numbers.x == 250].tolist() if sweep == "gain" else []
        assert [line.get_ydata()[0] for line in lines] == wanted, (sweep, panel)
