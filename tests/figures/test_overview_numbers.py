"""Accuracies of all networks, mixed selectivity, the mean-field study: every number in a CSV and in
a caption is that of the tables, reckoned once more. No two columns of these tables have a number in
common."""

import re
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from colours import colours_of
from drawing import (
    REPORT,
    Series,
    assert_axes_named,
    assert_bars_end_where_the_table_says,
    assert_caption,
    assert_drawn,
    assert_nothing_cut_off,
    axes_of,
    drawer,
    letters_of,
    numbers_in,
    stimulus_boxes,
)
from matplotlib.colors import to_hex, to_rgb
from shared import example_of

from rate2spike import plotting
from rate2spike.figures import mean_field
from rate2spike.mean_field_config import MeanFieldConfig

MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def draw(tmp_path, monkeypatch):
    return drawer(tmp_path, monkeypatch)


# Accuracies of all networks -----------------------------------------------------------------------

FACTORS = [20.0, 32.5, 60.0]
SHOWN = ["small", "large", "failed"]
# condition -> its name and, by network, the factor chosen for it (None: it did not reach criterion)
CONDITIONS = {
    "n50": ("small", {"seed_0": 32.5, "seed_1": None, "seed_2": 20.0}),
    "n99": ("a point of a sweep", {"seed_0": 60.0}),
    "n200": ("large", {"seed_0": 60.0, "seed_1": 32.5}),
    "n10": ("failed", {"seed_0": None}),
}


def accuracies() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of accuracies and of networks; rows in no order, networks of the same names in
    every condition."""
    rng, curves, networks = np.random.default_rng(5), [], []
    for condition, (name, chosen) in CONDITIONS.items():
        for network, factor in chosen.items():
            keys = {"task": "go-nogo", "condition": condition, "neuron": "lif", "network": network}
            row = {**keys, "name": name, "converged": factor is not None, "training_trials": 700}
            row |= {"scaling_factor": factor, "on_edge": False}
            row |= {"rate_trials": 150, "search_trials": 80, "held_out_trials": 300}
            for kind, low in (("rate", 0.9), ("held_out", 0.7)):
                at = rng.uniform(low, low + 0.05)
                ends = {f"{kind}_ci_low": at - 0.03, f"{kind}_ci_high": at + 0.02}
                row |= {f"{kind}_accuracy": at} | ends
            row |= {"held_out_strict": rng.uniform(0.5, 0.55)}
            if factor is None:
                row |= dict.fromkeys(("rate_trials", "search_trials", "held_out_trials"))
            networks.append(row)
            for at in FACTORS if factor else []:
                accuracy = rng.uniform(0.2, 0.4)
                curves.append(
                    keys
                    | {"scaling_factor": at, "n_trials": 80, "accuracy": accuracy}
                    | {"accuracy_strict": accuracy - 0.1}
                    | {"ci_low": accuracy - 0.06, "ci_high": accuracy + 0.07}
                )
    return pd.DataFrame(curves).sample(frac=1, random_state=1), pd.DataFrame(networks)


COUNTS = {
    "n_networks": 4,
    "n_attempted": 6,
    "n_conditions": 3,
    "search_trials": 80,
    "held_out_trials": 300,
    "rate_trials": 150,
}


def test_every_point_of_the_accuracies_is_that_of_the_tables(draw):
    _, networks = accuracies()
    page = draw("figure_accuracy", tables={"networks": networks}, shown=SHOWN)
    wanted = {}
    slots = {"small": [0.5, 1.5], "large": [4.5, 5.5]}  # room for three, one place left free
    for name, places in slots.items():
        rows = networks[(networks.name == name) & networks.converged]
        for slot, row in zip(places, rows.itertuples(), strict=True):
            for kind, column, aside in (("rate", "rate", -0.17), ("spiking", "held_out", 0.17)):
                y, low, high = (
                    [100 * getattr(row, f"{column}_{part}")]
                    for part in ("accuracy", "ci_low", "ci_high")
                )
                key = "accuracy", f"{name}, {row.network}, {kind}"
                wanted[key] = Series([slot + aside], y, low, high)
    assert_drawn(page.table, wanted)
    assert_caption(page, "figure_accuracy", **COUNTS)
    noted = ["4", "6", "3", "150", "300", "95", "95"]
    assert numbers_in(page.note) == noted
    under = [
        label.get_text().split("\n") for label in axes_of(page.page, "accuracy").get_xticklabels()
    ]
    assert under == [
        ["small", "2 of 3 trained"],
        ["large", "2 of 2 trained"],
        ["failed", "0 of 1 trained"],
    ]


def test_every_point_against_the_scaling_factor_is_that_of_the_tables(draw):
    curves, networks = accuracies()
    page = draw("figure_scaling", tables={"accuracy": curves, "networks": networks}, shown=SHOWN)
    wanted = {}
    for name in ("small", "large"):
        rows = networks[(networks.name == name) & networks.converged]
        rings = []
        for place, row in enumerate(rows.itertuples()):
            curve = curves[(curves.condition == row.condition) & (curves.network == row.network)]
            curve = curve.sort_values("scaling_factor")
            wanted[f"{name}: search", row.network] = Series(
                FACTORS, 100 * curve.accuracy, 100 * curve.ci_low, 100 * curve.ci_high
            )
            wanted[f"{name}: fresh trials", row.network] = Series(
                [place],
                [100 * row.held_out_accuracy],
                [100 * row.held_out_ci_low],
                [100 * row.held_out_ci_high],
            )
            at_chosen = curve.accuracy[curve.scaling_factor == row.scaling_factor]
            rings.append((row.scaling_factor, pytest.approx(100 * at_chosen.item())))
        lines = axes_of(page.page, f"{name}: search").lines
        bands = axes_of(page.page, f"{name}: search").collections
        for band, row in zip(bands, rows.itertuples(), strict=True):
            (outline,) = band.get_paths()
            curve = wanted[f"{name}: search", row.network]
            for x, low, high in zip(FACTORS, curve.low, curve.high, strict=True):
                at_x = outline.vertices[outline.vertices[:, 0] == x, 1]
                assert (at_x.min(), at_x.max()) == pytest.approx((low, high))
        drawn = [line.get_xydata() for line in lines if line.get_marker() == "o"]
        assert [tuple(at) for (at,) in drawn] == rings
    assert_drawn(page.table, wanted)
    assert_caption(page, "figure_scaling", **COUNTS)
    assert numbers_in(page.note) == ["4", "6", "3", "80", "300", "95", "95"]


def test_accuracies_have_the_colour_of_their_network(draw):
    """Rate and spiking networks those of all figures; against the scaling factor a shade for each
    network of a condition, the same in both panels."""
    curves, networks = accuracies()
    page = draw("figure_accuracy", tables={"networks": networks}, shown=SHOWN)
    of_kind = {"rate": to_hex(plotting.RATE), "spiking": to_hex(plotting.SPIKING)}
    for (_, series), colour in colours_of(page.table, page.page).items():
        assert colour == of_kind[series.rpartition(", ")[2]], series
    page = draw("figure_scaling", tables={"accuracy": curves, "networks": networks}, shown=SHOWN)
    shades = {}
    for (panel, network), colour in colours_of(page.table, page.page).items():
        name, _, part = panel.partition(": ")
        shades.setdefault((name, part), {})[network] = colour
    for name in ("small", "large"):
        assert shades[name, "search"] == shades[name, "fresh trials"]
        assert len(set(shades[name, "search"].values())) == 2


def test_the_criterion_and_the_conditions_are_marked_in_both_pages(draw):
    curves, networks = accuracies()
    tables = {"accuracy": curves, "networks": networks}
    scaling = draw("figure_scaling", tables=tables, shown=SHOWN)
    page = draw("figure_accuracy", tables=tables, shown=SHOWN)
    names = [
        f"{name}: {part}" for name in ("small", "large") for part in ("search", "fresh trials")
    ]
    for axes in [axes_of(scaling.page, name) for name in names] + [axes_of(page.page, "accuracy")]:
        dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
        assert [list(line.get_ydata()) for line in dashed] == [[95, 95]], axes.get_label()
    for drawn in (scaling, page):
        assert_nothing_cut_off(drawn)
    assert_bars_end_where_the_table_says(page)
    fresh = scaling.table.panel.str.endswith("fresh trials")
    assert_bars_end_where_the_table_says(scaling._replace(table=scaling.table[fresh]))
    y_name = "Correct trials (%)"
    assert_axes_named(page, {"accuracy": ("Networks by condition", y_name)})
    by_part = {"search": "Scaling factor 1/λ", "fresh trials": "Fresh trials"}
    wanted = {name: (by_part[name.rpartition(": ")[2]], y_name) for name in names}
    assert_axes_named(scaling, wanted)
    for name in SHOWN:
        assert axes_of(scaling.page, f"{name}: search").get_title() == name
    ticks = axes_of(page.page, "accuracy").get_xticks()
    assert ticks.tolist() == [1, 5, 9]  # in the middle of three places
    failed = axes_of(scaling.page, "failed: search")
    assert "(0 of 1)" in " ".join(failed.texts[0].get_text().split())


# Mixed selectivity --------------------------------------------------------------------------------


def selectivity() -> dict:
    """A recording with three paths that had too few trials."""
    rng = np.random.default_rng(6)
    offsets = np.array([-0.5, -0.25, 0.25, 0.5])
    paths = rng.normal(size=(2, 2, 4, 2, 2, 6))
    paths[0, 1, 2, 0] = paths[1, 0, 0, 1] = paths[1, 1, 3, 1] = np.nan
    without = np.isnan(paths).any(axis=(4, 5))
    return {
        "offsets": offsets,
        "n_trials": np.array(640),
        "n_correct": np.array(555),
        "inhibitory": np.arange(12) >= 7,
        "t_values": rng.normal(0, 9, (4, 12)),
        "trace_unit": np.array([3, 9]),
        "paths": paths,
        "path_trials": np.where(without, 3, rng.integers(21, 90, (2, 2, 4, 2))),
        "variance_fraction": np.array([0.5, 0.21, 0.03]),
        "trace_name": np.array(["modality 1 +", f"modality 1 {MINUS}"]),
        "trace_mv": rng.normal(-50, 9, (2, 2, 30)),
        "trace_time_s": 0.001 * np.arange(1, 31),
    }


def test_every_path_and_trace_of_fig_s5_is_that_of_the_recording(draw):
    recorded, example = selectivity(), example_of("integration")
    page = draw(
        "figure_s5",
        recordings={"example": example, "selectivity": recorded},
        task="integration",
        figure="figure_s5",
    )
    wanted = {}
    for i, unit in enumerate(("excitatory unit 3", "inhibitory unit 9")):
        for j, name in enumerate(recorded["trace_name"]):
            trace = Series(recorded["trace_time_s"], recorded["trace_mv"][i, j])
            wanted[f"{unit}: {name}", name] = trace
    for context, modality, k, c in np.ndindex(2, 2, 4, 2):
        along_choice, along_modality = recorded["paths"][context, modality, k, c]
        if not np.isnan(along_choice).any():
            offset = f"{recorded['offsets'][k]:+.2g}".replace("-", MINUS)
            name = f"modality {modality + 1} {offset}, choice {'+' if c == 0 else MINUS}"
            panel = f"context {context + 1}, modality {modality + 1}"
            wanted[panel, name] = Series(along_choice, along_modality)
    assert len(wanted) == 4 + 32 - 3
    assert_drawn(page.table, wanted)
    counts = recorded["path_trials"][recorded["path_trials"] > 20]
    t = [min(abs(recorded["t_values"][1:, unit])) for unit in (3, 9)]
    facts = {
        "network": "7",
        "n_units": 12,
        "n_exc": 7,
        "n_inh": 5,
        "factor": 35.0,
        "units": "excitatory unit 3 and inhibitory unit 9",
        "t": f"{t[0]:.1f} and {t[1]:.1f}",
        "levels": "0.25, 0.5",
        "per_path": f"{counts.min()} to {counts.max()}",
        "variance": 74,
        "n_correct": 555,
        "n_selectivity": 640,
        "networks": "2 of 4",
        "held_out": 97.0,
    }
    assert_caption(page, "figure_s5", **facts)
    condition = numbers_in(example["condition"])
    assert numbers_in(page.note) == [*condition, "7", "7", "5", "2", "4", "555", "640", "1", "35"]


def test_everything_of_fig_s5_has_the_colour_of_its_unit_or_modality(draw):
    """Weak inputs dark and strong ones pale, whichever the sign; a choice by its marks, which are
    filled for +."""
    recorded = selectivity()
    recordings = {"example": example_of("integration"), "selectivity": recorded}
    page = draw("figure_s5", recordings=recordings, task="integration", figure="figure_s5")
    units = {"excitatory": plotting.EXCITATORY, "inhibitory": plotting.INHIBITORY}
    shades = {}
    for (panel, series), colour in colours_of(page.table, page.page).items():
        kind = panel.split()[0]
        if kind in units:
            assert colour == to_hex(units[kind]), panel
            continue
        name, _, choice = series.partition(", choice ")
        modality, offset = name.removeprefix("modality ").split()
        size = abs(float(offset.replace(MINUS, "-")))
        assert shades.setdefault((modality, size), colour) == colour, (panel, series)
        (line,) = [line for line in axes_of(page.page, panel).lines if line.get_label() == series]
        face = colour if choice == "+" else "white"
        assert to_hex(line.get_markerfacecolor()) == to_hex(face), (panel, series)
    for i, modality in enumerate("12"):
        dark, pale = (np.array(to_rgb(shades[modality, size])) for size in (0.25, 0.5))
        own = np.array(to_rgb(plotting.INPUTS[i]))
        assert (dark <= own).all()
        assert (own <= pale).all()
        assert (dark.argmax(), pale.argmax()) == (own.argmax(), own.argmax())
    assert len(set(shades.values())) == 4


def assert_arrows_follow_the_strongest(axes):
    """An arrow on each path of an offset of 0.5, from one of its points to the next."""
    paths = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    strongest = [path for name, path in paths.items() if "0.5, choice" in name]
    arrows = [text for text in axes.texts if text.arrow_patch]
    assert len(arrows) == len(strongest) > 0
    for arrow in arrows:
        way = [list(arrow.xyann), list(arrow.xy)]
        assert any(way in [[*pair] for pair in pairwise(path)] for path in strongest)


def test_what_stands_around_the_paths_and_traces_of_fig_s5(draw):
    """Bars of 0.5 s and 50 mV, which context cues which modality, sizes of the offsets."""
    recorded = selectivity()
    recordings = {"example": example_of("integration"), "selectivity": recorded}
    drawn = draw("figure_s5", recordings=recordings, task="integration", figure="figure_s5")
    wanted = {}
    for panel in set(drawn.table.panel):
        wanted[panel] = "Time (s)", "Membrane voltage (mV)"
        if panel.startswith("context"):
            context, modality = int(panel[8]), int(panel[-1])
            wanted[panel] = "Choice axis (a.u.)", f"Modality {modality} axis (a.u.)"
            cued = "cued" if context == modality else "not cued"
            title = f"Context {context}: modality {modality} {cued}"
            assert axes_of(drawn.page, panel).get_title() == title
            assert_arrows_follow_the_strongest(axes_of(drawn.page, panel))
        else:
            axes = axes_of(drawn.page, panel)
            assert stimulus_boxes(axes) == [(0.25, 1.25)]
            assert axes.get_xlim() == (0, 0.03)
            series = panel.partition(": ")[2]
            assert axes.texts[0].get_text() == series
    assert_axes_named(drawn, wanted)
    assert_nothing_cut_off(drawn)
    paths = [axes_of(drawn.page, panel) for panel in wanted if panel.startswith("context")]
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in paths}) == 1
    voltages = [axes_of(drawn.page, panel) for panel in wanted if "unit" in panel]
    assert len({axes.get_ylim() for axes in voltages}) == 1
    (bars,) = [line for axes in voltages for line in axes.lines if len(line.get_xdata()) == 3]
    assert (np.ptp(bars.get_xdata()), np.ptp(bars.get_ydata())) == pytest.approx((0.5, 50))
    words = [text.get_text() for axes in voltages for text in axes.texts]
    assert {"0.5 s", "50 mV"} <= {*words}
    for modality in "12":
        key = axes_of(drawn.page, f"key {modality}")
        texts = [text.get_text() for text in key.texts]
        sizes = [text for text in texts if text[0].isdigit()]
        assert sizes == ["0.25", "0.5"]
        assert f"size of offset {modality}" in texts
        faces = {}
        for line in key.lines:
            faces.setdefault(line.get_ydata()[0], set()).add(
                to_hex(line.get_markerfacecolor()) == "#ffffff"
            )
        assert faces == {0: {False}, -1: {True}}  # choice + above, filled
    assert letters_of(drawn.page) == {
        "A": "excitatory unit 3: modality 1 +",
        "B": "context 1, modality 1",
    }
    titles = [
        axes_of(drawn.page, f"{unit}: modality 1 +").get_title()
        for unit in ("excitatory unit 3", "inhibitory unit 9")
    ]
    assert titles == ["Excitatory unit 3", "Inhibitory unit 9"]


# The mean-field study -----------------------------------------------------------------------------

NAMES = ["rate network", "LIF, unconverted", "LIF, mean field", "LIF, searched"]
SETTINGS = MeanFieldConfig(
    n_exc=80, n_inh=20, g=(5.0, 6.0), q=(0.5, 0.9, 1.4), weight_scales=(0.7, 1.0, 2.5)
)
STABLE_TO = {5.0: 0.7, 6.0: 1.0}  # the q at which the linear rate network has spectral radius 1


def measured() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Networks of every g and q: the mapping works for three of them, misses the rate of one, and
    has no solution at the largest q, where the linear rate network is unstable, too. Without it one
    network has the right rate."""
    rng, rows, curves = np.random.default_rng(7), [], []
    for g in SETTINGS.g:
        misses = (1.05, 1.4 if g == 6 else 1.15, np.nan)
        for q, miss in zip(SETTINGS.q, misses, strict=True):
            rate, dimensions = rng.uniform(1, 2), rng.uniform(20, 30)
            for name in NAMES:
                if name == "LIF, mean field" and np.isnan(miss):
                    continue
                other = 1.1 if (g, q, name) == (6, 1.4, "LIF, unconverted") else 1.7
                factors = dict(zip(NAMES, (1.0, other, miss, 1.9), strict=True))
                row = {"network": name, "g": g, "q": q, "rate": factors[name] * rate}
                factors = dict(zip(NAMES, (1.0, 1.08, 1.12, 1.04), strict=True))
                row["dimensionality"] = factors[name] * dimensions
                row["agreement"] = np.nan if name == "rate network" else rng.uniform(0.3, 0.9)
                row["weight_scale"] = np.nan if name == "rate network" else rng.uniform(0.6, 3)
                row["predicted_rate"] = np.nan
                if name == "LIF, mean field":
                    row["predicted_rate"] = rng.uniform(3, 4)
                row["spectral_radius"] = (q / STABLE_TO[g]) ** 2
                rows.append(row)
                lags = {"lag": np.arange(6) / 2, "autocovariance": rng.uniform(1, 3, 6)}
                curves.append(pd.DataFrame({"network": name, "g": g, "q": q, **lags}))
    return pd.DataFrame(rows), pd.concat(curves, ignore_index=True)


@pytest.fixture(scope="module")
def mean_field_page():
    return mean_field.draw(SETTINGS, *measured())


def test_every_number_of_the_mean_field_figure_is_that_of_the_measures(mean_field_page):
    (measures, curves), drawn = measured(), mean_field_page
    by_place = measures.set_index(["network", "g", "q"]).sort_index()
    wanted = {}
    places = [(g, q) for g in SETTINGS.g for q in SETTINGS.q]
    for measure in ("rate", "dimensionality"):
        ratios = []
        for place in places:
            converted = by_place[measure].get(("LIF, mean field", *place), np.nan)
            ratios.append(converted / by_place[measure]["rate network", *place])
        name = f"{measure}, LIF over rate network"
        wanted["map", name] = Series([q for _, q in places], [g for g, _ in places], z=ratios)
    # at the middle g, the weakest weights and the strongest that are stable
    for panel, q in (("weak", 0.5), ("strong", 0.9)):
        rows = curves[(curves.g == 6) & (curves.q == q)]
        for name in NAMES:
            curve = rows[rows.network == name]
            values = curve.autocovariance.to_numpy()
            wanted[panel, name] = Series(curve.lag, values / values[0])
        assert numbers_in(axes_of(drawn.figure, panel).get_title()) == ["6", f"{q:g}"]
    for measure in ("rate", "dimensionality", "agreement", "weight_scale"):
        for g in SETTINGS.g:
            for name in NAMES:
                rows = measures[(measures.network == name) & (measures.g == g)]
                rows = rows[rows[measure].notna()]
                if len(rows):
                    wanted[f"{measure} {g:g}", name] = Series(rows.q, rows[measure])
            if measure == "rate":
                rows = measures[(measures.g == g) & measures.predicted_rate.notna()]
                wanted[f"rate {g:g}", "LIF, predicted"] = Series(rows.q, rows.predicted_rate)
    assert_drawn(pd.concat(drawn.rows, ignore_index=True), wanted)


def test_every_network_of_the_mean_field_figure_has_one_colour(mean_field_page):
    """That of rate networks elsewhere, and of spiking ones."""
    drawn = pd.concat(mean_field_page.rows, ignore_index=True)
    by_name = {}
    found = colours_of(drawn[drawn.panel != "map"], mean_field_page.figure)
    for (panel, name), colour in found.items():
        assert by_name.setdefault(name, colour) == colour, (panel, name)
    assert set(by_name) == {*NAMES, "LIF, predicted"}
    assert len(set(by_name.values())) == 5
    assert by_name["rate network"] == to_hex(plotting.RATE)
    assert by_name["LIF, mean field"] == to_hex(plotting.SPIKING)


def test_the_map_is_coloured_by_what_the_mapping_does(mean_field_page):
    """In the words of the legend: where it works, where it differs, where it has no solution."""
    axes = axes_of(mean_field_page.figure, "map")
    fields = {}
    for patch in axes.patches:
        middle = np.round(np.add(patch.get_xy(), 0.5), 6)
        fields[tuple(middle)] = patch.get_facecolor(), patch.get_hatch()
    legend = axes.get_legend()
    of_word = {}
    for mark, text in zip(legend.get_patches(), legend.get_texts(), strict=True):
        of_word[text.get_text()] = mark.get_facecolor(), mark.get_hatch()
    assert len(set(of_word.values())) == 3
    words = [["works", "works", "no solution"], ["works", "differs", "no solution"]]
    for (y, x), word in np.ndenumerate(words):
        assert fields[x, y] == of_word[word], (x, y)


def test_the_mean_field_figure_shows_from_which_weights_on_it_is_unstable(mean_field_page):
    """As a line in the map, of fields side by side, and as a grey range in the other panels."""
    lines = axes_of(mean_field_page.figure, "map").lines
    ends = [np.column_stack(line.get_data()).tolist() for line in lines]
    halfway = pytest.approx(0.5)  # q = 0.7 between the fields of 0.5 and 0.9
    a_fifth = pytest.approx(1.2)  # q = 1 between those of 0.9 and 1.4
    assert ends == [[[halfway, -0.5], [halfway, 0.5]], [[a_fifth, 0.5], [a_fifth, 1.5]]]
    for measure in ("rate", "dimensionality", "agreement", "weight_scale"):
        for g in SETTINGS.g:
            axes = axes_of(mean_field_page.figure, f"{measure} {g:g}")
            grey = [patch for patch in axes.patches if patch.get_hatch() is None]
            (shaded,) = (patch.get_bbox() for patch in grey)
            assert (shaded.x0, shaded.x1) == pytest.approx((STABLE_TO[g], axes.get_xlim()[1]))


def test_fields_axes_and_titles_of_the_mean_field_figure_name_their_numbers(mean_field_page):
    """The ratio of the rates above that of the dimensionalities."""
    drawn = mean_field_page
    table = pd.concat(drawn.rows, ignore_index=True)
    axes = axes_of(drawn.figure, "map")
    ratios = [
        table[table.series == f"{measure}, LIF over rate network"]
        for measure in ("rate", "dimensionality")
    ]
    wanted = {}
    for (_, rate), (_, dimensionality) in zip(*(r.iterrows() for r in ratios), strict=True):
        at = SETTINGS.q.index(rate.x), SETTINGS.g.index(rate.y)
        solved = rate.z == rate.z
        wanted[at] = f"{rate.z:.2f}\n{dimensionality.z:.2f}" if solved else "none"
    fields = [text for text in axes.texts if text.get_fontweight() != "bold"]
    assert {text.get_position(): text.get_text() for text in fields} == wanted
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.5", "0.9", "1.4"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["5", "6"]
    strength, lag = "Weight strength q", "Lag (time constants)"
    names = {
        "rate": "Mean rate (spikes per time constant)",
        "dimensionality": "Dimensionality",
        "agreement": "Agreement of covariances",
        "weight_scale": "Weight scale",
    }
    of_panels = {"map": (strength, "Inhibition g")}
    of_panels |= dict.fromkeys(("weak", "strong"), (lag, "Autocovariance, normalised"))
    for measure, name in names.items():
        of_panels |= {f"{measure} {g:g}": (strength, name) for g in SETTINGS.g}
    page = SimpleNamespace(table=table, page=drawn.figure)
    assert_axes_named(page, of_panels)
    page.table = table[table.panel != "map"]  # whose fields stand side by side
    assert_nothing_cut_off(page)
    letters = {"A": "map", "B": "weak", "C": "rate 5", "D": "rate 6"}
    assert letters_of(drawn.figure) == letters
    for g in SETTINGS.g:
        assert axes_of(drawn.figure, f"rate {g:g}").get_title(loc="left") == f"g = {g:g}"
        for measure in names:
            hatched = [
                patch.get_bbox()
                for patch in axes_of(drawn.figure, f"{measure} {g:g}").patches
                if patch.get_hatch()
            ]
            # from halfway between the last q with a solution and the first without
            assert [box.x0 for box in hatched] == [pytest.approx((0.9 + 1.4) / 2)]


def test_every_number_of_the_mean_field_caption_is_that_of_the_measures(mean_field_page):
    facts = mean_field.comparison.describe(SETTINGS, measured()[0])
    assert facts == {
        "n_networks": 6,
        "n_attempted": 6,
        "n_exc": 80,
        "n_inh": 20,
        "n_steps": SETTINGS.n_steps,
        "n_works": 3,
        "n_works_before": 1,
        "n_unsolved": 2,
        "scales": "0.7, 1, 2.5",
    }
    numbers = numbers_in(mean_field_page.note)
    assert numbers[:3] == ["80", "20", f"{SETTINGS.n_steps:,}"]


# Places in captions -------------------------------------------------------------------------------

# what stands right after a number or words, or right before
AFTER = {
    "n_exc": "excitatory",
    "n_inh": "inhibitory",
    "n_units": "units",
    "PYR": "pyramidal",
    "PV": "PV",
    "SST": "SST",
    "n_agree": "agree",
    "n_differ": "differ",
    "n_few": "there are too few",
    "n_absent": "more",
    "n_judged": "with an interval",
    "n_by_chance": "numbers would be said to differ",
    "n_numbers": "numbers",
    "median_n": "networks of ours",
    "n_unsolved": "there is no solution",
    "n_steps": "steps resolve it",
    "n_conditions": "conditions",
    "n_variants": "variants",
    "per_condition": ("for each", "per point"),
    "per_place": "behind a point",
    "networks": "of the condition",
    "held_out": "% correct",
    "per_kind": "trials",
    "accuracy": "% are correct",
    "n_selectivity": "correct",
    "per_path": "trials; means of fewer",
    "levels": "of either sign",
    "variance": "% of their variance",
    "rate_variance": "% of the variance of the rate",
    "spiking_variance": "% of the spiking",
    "decays": "(mean ± SD over units)",
    "tau_sd": "ms (mean ± SD over units)",
    "title": ": an example network",
}
BEFORE = {
    "factor": "1/",
    "scaling": ("λ =", "the chosen one ("),
    "n_works": "within 30 %, for",
    "n_works_before": "unconverted weights do for",
    "scales": "of a grid (",
    "n_correct": "each context,",
    "rate_trials": "rate network (",
    "search_trials": "spiking network out of",
    "held_out_trials": ("made from it (", "accuracy on", "{conditions_in_words},"),
    "trials": ("over", "trials (", "choice (", "in each of"),
    "network": ("Network", "network"),
    "example": ("B:", "A-C:"),
    "units": "membrane voltage of",
    "t": "is the largest (",
    "tau_mean": "trained synaptic decays,",
    "test": "tuned performance:",
    "searched": "at all refractory periods,",
    "filter_test": "pairing left aside:",
    "gain_test": "initial recurrent weights:",
    "rate_test": "ended training;",
    "spiking_test": "as published;",
    "conditions_in_words": "reached criterion,",
    "works": "strict accuracy of 95 % or more,",
    "accuracy_in_words": ". Accuracy:",
    "strict_in_words": "; strict accuracy:",
    "worse_in_words": "published way beyond the interval:",
    "on_edge_in_words": "may lie outside:",
}


def test_numbers_stand_beside_the_words_for_them():
    found = set()
    for file in REPORT.glob("*.rst"):
        text = " ".join(file.read_text("utf-8").split())
        for match in re.finditer(r"\{(\w+)(?::[^}]*)?\}", text):
            name = match[1]
            if name in AFTER:
                words = text[match.end() :].lstrip()
                assert words.startswith(AFTER[name]), (file.name, name, words[:30])
            elif name in BEFORE:
                words = text[: match.start()].rstrip()
                assert words.endswith(BEFORE[name]), (file.name, name, words[-30:])
            found.add(name)
        if "{n_attempted}" in text:  # so many of so many
            assert text.count("{n_networks}") == text.count("{n_attempted}") == 1, file.name
            assert text.index("{n_networks}") < text.index("{n_attempted}"), file.name
    assert found == {*AFTER, *BEFORE, "n_networks", "n_attempted"}
