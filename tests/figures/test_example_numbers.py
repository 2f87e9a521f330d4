"""Figures of one example network: every number in a CSV and in a caption is that of the recording,
reckoned once more, and every published point is that of the table, in its own panel."""

import itertools
from functools import cache

import numpy as np
import pandas as pd
import pytest
from colours import colours_of, is_grey
from drawing import (
    PUBLISHED,
    assert_axes_named,
    assert_caption,
    assert_drawn,
    assert_nothing_cut_off,
    axes_of,
    drawer,
    legend_names,
    letters_of,
    numbers_in,
    published,
    stimulus_boxes,
)
from example_numbers import (
    ANSWERS,
    CHOSEN,
    MINUS,
    WANTED,
    by_population,
    components,
    kind_of,
    mean_sd,
)
from matplotlib.colors import to_hex
from shared import example_of

from rate2spike.plotting import (
    EXCITATORY,
    HISTOGRAM,
    INHIBITORY,
    INPUTS,
    OUTPUTS,
    SST,
    TRAJECTORIES,
    pale,
)

TASKS = dict.fromkeys(["1", "2", "s1", "s2", "s3", "s4", "s6"], "go-nogo")
TASKS |= {"4": "integration", "s7": "integration", "task": "xor"}
# quantities that are said of a panel and not drawn as a point of it
NOT_POINTS = (
    "SD band",
    "mean tuned synaptic decay",
    "firing rate upper wh",
    "firing rate lower wh",
)


def recording(figure: str) -> dict:
    """A recording whose decays lie within the paper's 20 to 50 ms, with more Go than NoGo trials,
    one of which is right from 0.5 s on alone, and spikes in every trial."""
    task = TASKS[figure]
    example = example_of(task)
    rng = np.random.default_rng(8)
    example["tau_decay_ms"] = rng.uniform(20.6, 49.4, len(example["inhibitory"]))
    flipped = example["label"].copy()
    if task == "go-nogo":  # four Go trials and two NoGo trials
        flipped[np.flatnonzero(flipped == 0)[0]] = 1
        example["spiking_out"][CHOSEN][-1, 99:] *= 0.05
    return example | {"label": flipped}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The figures, each drawn once when it is asked for."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw = drawer(tmp_path_factory.mktemp("figures"), monkeypatch)

        @cache
        def page(figure: str):
            return draw(
                f"figure_{figure}",
                points=one_network(TASKS[figure]) if figure in ("1", "2", "4") else None,
                recordings={"example": recording(figure)},
                task=TASKS[figure],
                figure=f"figure_{figure}",
                title="title 12",
            )

        yield page


def one_network(task: str) -> pd.DataFrame:
    """The example's, and one of each sweep that stands beside it in Figs. 1, 2 and 4."""
    row = {"role": "example", "x": np.nan, "task": task, "condition": "c"}
    row |= {"neuron": "lif", "network": "7", "converged": True, "on_edge": False}
    columns = ("training_accuracy", "search_accuracy", "mean_tau_decay_ms", "training_trials")
    swept = row | dict.fromkeys(columns, 1) | {"x": 250.0}
    return pd.DataFrame([row, swept | {"role": "sizes"}, swept | {"role": "decays"}])


@pytest.mark.parametrize("figure", WANTED)
def test_every_number_drawn_is_that_of_the_recording_and_of_the_paper(figure, drawn):
    table = drawn(figure).table
    if figure in ("1", "2", "4"):  # the other panels compare conditions
        table = table[table.panel.str.match("[AB]" if figure != "4" else "[ABC]")]
    assert_drawn(table, WANTED[figure](recording(figure)))


def test_every_number_read_from_these_figures_is_drawn():
    """But for what `NOT_POINTS` names and what Figs. 1 to 4 compare."""
    for figure in ("S1", "S3", "S4", "S6", "S7"):
        rows = PUBLISHED[(PUBLISHED.figure == figure) & (PUBLISHED.source == "digitised")]
        rows = rows[~rows.quantity.str.startswith(NOT_POINTS)]
        wanted = WANTED[figure.lower()](recording(figure.lower()))
        n_drawn = 0
        for (_, name), series in wanted.items():
            if name.startswith("published"):
                ends = [series.low, series.high]
                n_drawn += len(series.x) + sum(len(end) for end in ends if end is not None)
        means = PUBLISHED[(PUBLISHED.figure == figure) & (PUBLISHED.source == "text")]
        n_text = (means.quantity == "mean firing rate").sum()
        n_edges = rows.quantity.str.startswith("envelope").sum()
        n_hidden = rows.value.str.contains("hidden").sum()
        assert n_drawn == len(rows) + n_text + n_edges - n_hidden, figure


# Colours ------------------------------------------------------------------------------------------

UNITS = {"excitatory": EXCITATORY, "inhibitory": INHIBITORY}
UNITS |= {"PYR": EXCITATORY, "PV": INHIBITORY, "SST": SST}


def colour_named(figure: str, series: str) -> str:
    """The colour of a series of ours: that of its answer, in the order of the task, of its input or
    of its units."""
    answers = list(ANSWERS[TASKS[figure]].values())
    answer = series.removeprefix("output, ").partition(", trial ")[0]
    if answer in answers:
        return (TRAJECTORIES if figure == "s2" else OUTPUTS)[answers.index(answer)]
    if series.startswith(("modality", "input")):
        colour = INPUTS[int(series.split()[1]) - 1]
        return pale(colour) if series.endswith("not cued") else colour
    if series.endswith(" mean"):  # of box plots
        return "black"
    return UNITS.get(series.split()[0], HISTOGRAM)


@pytest.mark.parametrize("figure", WANTED)
def test_everything_has_the_colour_of_its_name(figure, drawn):
    """Go that is drawn in the colour of NoGo is taken for NoGo."""
    table = drawn(figure).table
    table = table[table.panel.isin([panel for panel, _ in WANTED[figure](recording(figure))])]
    ours = ~table.series.str.startswith("published")
    table = table[~(ours & table.series.str.contains("median"))]  # boxes are black, over the units
    if figure in ("1", "2", "4"):  # the other panels compare conditions
        table = table[table.panel.str.match("[AB]" if figure != "4" else "[ABC]")]
    for (panel, series), colour in colours_of(table, drawn(figure).page).items():
        if series.startswith("published"):
            assert is_grey(colour), (panel, series)
        else:
            assert colour == to_hex(colour_named(figure, series)), (panel, series)


# What stands around the numbers -------------------------------------------------------------------


def of_example(figure: str, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the example network, where other panels of a figure compare conditions."""
    letters = {"1": "[AB]", "2": "[AB]", "4": "[ABC]"}.get(figure, "")
    return table[table.panel.str.match(letters)]


def axes_named(figure: str, panel: str) -> tuple[str, str]:
    """What the two axes of a panel must be called."""
    if "decays" in panel or (figure, panel) in (("1", "B-left"), ("4", "B")):
        return "Synaptic decay (ms)", "Number of units"
    if "histogram" in panel:
        return "Firing rate (Hz)", "Fraction of units"
    if "rates" in panel:
        return "Population", "Firing rate (Hz)"
    if figure == "s1":
        return "Time (s)", "Unit, in order of mean rate"
    if "spikes" in panel:
        return "Time (s)", "Units"
    if (figure, panel) in (("1", "B-right"), ("task", "rate")):
        return "Time (s)", "Rate output (a.u.)"
    is_mean = "factor" in panel or panel in ("E", "B", "C", "output") or figure == "2"
    return "Time (s)", "Spiking output (a.u.)" if is_mean else "Output (a.u.)"


@pytest.mark.parametrize("figure", [figure for figure in WANTED if figure != "s2"])
def test_axes_are_called_after_what_is_drawn_against_them(figure, drawn):
    page = drawn(figure)
    page = page._replace(table=of_example(figure, page.table))
    assert_axes_named(page, {panel: axes_named(figure, panel) for panel in set(page.table.panel)})


@pytest.mark.parametrize("figure", [figure for figure in WANTED if figure != "s6"])
def test_no_number_of_an_example_is_cut_off(figure, drawn):
    """But in Fig. S6, which says in words what is."""
    page = drawn(figure)
    assert_nothing_cut_off(page._replace(table=of_example(figure, page.table)))


def test_axes_of_time_last_as_long_as_the_trial(drawn):
    ends_s = {"go-nogo": 1.0, "integration": 2.5, "xor": 1.5}
    for figure in (figure for figure in WANTED if figure != "s2"):
        page = drawn(figure)
        rows = of_example(figure, page.table)
        for panel in set(rows.panel[rows.x_name == "Time (s)"]):
            end_s = 2.25 if figure == "s7" else ends_s[TASKS[figure]]
            assert axes_of(page.page, panel).get_xlim() == (0, pytest.approx(end_s)), (
                figure,
                panel,
            )


def test_axes_of_decays_are_those_of_the_paper_or_of_the_network(drawn):
    tau_ms = recording("task")["tau_decay_ms"].round()
    wanted = {("1", "B-left"): (19, 51), ("4", "B"): (19, 51)}
    wanted["task", "decays"] = tau_ms.min() - 1, tau_ms.max() + 1
    for (figure, panel), ends in wanted.items():
        assert axes_of(drawn(figure).page, panel).get_xlim() == ends, figure
    tops = [axes_of(drawn(f).page, p).get_ylim()[1] for f, p in (("1", "B-left"), ("4", "B"))]
    assert tops == [20, 30]


def test_panels_of_a_kind_have_one_vertical_range(drawn):
    alike = {
        "4": [f"A output {s}, context {c}" for s in (1, 2) for c in (1, 2)],
        "s7": ["1 1", "1 2", "2 1", "2 2"],
        "s1": ["histogram 0", "histogram 1"],
        "task": [f"output, {kind}" for kind in recording("task")["single_kind"]],
    }
    for figure in ("s3", "s4"):
        alike[figure] = ["C output", "D output"]
    for figure, panels in (*alike.items(), ("s3", ["C rates", "D rates"])):
        ranges = {axes_of(drawn(figure).page, panel).get_ylim() for panel in panels}
        assert len(ranges) == 1, figure
    rates = axes_of(drawn("s3").page, "C rates")
    in_paper = PUBLISHED[(PUBLISHED.figure == "S3") & (PUBLISHED.panel == "C")]
    for name in ("PYR", "PV", "SST"):  # the paper's quartiles are a line beside each box
        rows = in_paper[in_paper.x_value == name].set_index("quantity").value
        ends = [float(rows[f"firing rate {end} quartile"]) for end in ("lower", "upper")]
        assert ends in [list(line.get_ydata()) for line in rates.lines]


def test_green_is_when_the_stimulus_is_on(drawn):
    """In mean outputs, and in a single trial where it has one."""
    on = {"go-nogo": [(0.25, 0.375)], "integration": [(0.25, 1.25)]}
    on["xor"] = [(0.25, 0.5), (0.55, 0.8)]
    with_box = {
        "1": ["B-right"],
        "2": ["B-left", "B-centre", "B-right"],
        "4": ["C"],
        "s3": ["E", "D output", "D spikes"],
        "s4": ["B", "D output", "D spikes"],
        "s6": ["output"],
        "task": ["rate", "factor 1", "factor 10", "factor 35"],
    }
    for figure in (figure for figure in WANTED if figure != "s2"):
        for panel in set(of_example(figure, drawn(figure).table).panel):
            wanted = on[TASKS[figure]] if panel in with_box.get(figure, []) else []
            assert stimulus_boxes(axes_of(drawn(figure).page, panel)) == wanted, (figure, panel)


def test_a_bar_shows_when_the_answer_of_a_task_is_scored(drawn):
    """From the first output that is scored: index 200 of those of the rate network, after 1 s of
    the spiking network's."""
    page = drawn("task").page
    for panel, begin_s in {"rate": 1.005, "factor 1": 1.0, "factor 35": 1.0}.items():
        axes = axes_of(page, panel)
        (bar,) = [line for line in axes.lines if line.get_transform() != axes.transData]
        assert bar.get_xdata() == pytest.approx([begin_s, 1.5])


@pytest.mark.parametrize("figure", WANTED)
def test_letters_stand_at_their_panels(figure, drawn):
    elsewhere = {
        "s1": {"A": "rate", "B": "histogram 1"},  # NoGo at the left, as in the paper
        "s2": {},
        "s6": {},
        "task": {},
        "s7": {"A": "A", "B": "1 1"},
    }
    letters = letters_of(drawn(figure).page)
    if figure in elsewhere:
        assert letters == elsewhere[figure]
        return
    assert sorted(letters) == list("ABCDE"[: {"1": 3, "s4": 4}.get(figure, 5)])
    for letter, panel in letters.items():
        assert panel.startswith(letter)


def test_titles_say_which_trials_are_drawn(drawn):
    titles = {}
    for figure in ("4", "s1", "s3", "s4", "s7", "task"):
        for panel in set(of_example(figure, drawn(figure).table).panel):
            titles[figure, panel] = axes_of(drawn(figure).page, panel).get_title()
    for stimulus, context in itertools.product((1, 2), (1, 2)):
        title = f"Stimulus {stimulus}, modality {context} context"
        places = [("4", f"A output {stimulus}, context {context}"), ("s7", f"{stimulus} {context}")]
        for figure, panel in places:
            assert titles[figure, panel] == title
            colour = axes_of(drawn(figure).page, panel).title.get_color()
            assert to_hex(colour) == to_hex(INPUTS[context - 1])
    for figure, letter in itertools.product(("s3", "s4"), "CD"):
        kind = "NoGo" if letter == "C" else "Go"
        assert titles[figure, f"{letter} output"] == f"One {kind} trial"
    assert titles["s1", "rate"] == "Rate network, one Go trial"
    assert titles["s1", "spiking"] == "Spiking network, one Go trial"
    assert titles["s1", "histogram 0"] == "Spiking network, one Go trial"
    assert titles["s1", "histogram 1"] == "Spiking network, one NoGo trial"
    assert titles["task", "rate"] == "Rate network"
    for kind in recording("task")["single_kind"]:
        assert titles["task", f"output, {kind}"] == kind


def test_maps_have_the_first_unit_at_their_foot(drawn):
    page, table = drawn("s1").page, drawn("s1").table
    for panel in ("rate", "spiking"):
        (image,) = axes_of(page, panel).images
        rows = table[table.panel == panel]
        np.testing.assert_allclose(np.ravel(image.get_array()), rows.z, rtol=1e-7, atol=1e-9)
        assert (image.origin, image.get_clim()) == ("lower", (0, 1))
        assert image.get_extent() == [0, 1, 0, len(recording("s1")["inhibitory"])]
        assert set(rows.z_name) == {"Rate, 0 to 1"}


def test_legends_name_inputs_then_answers_then_the_paper(drawn):
    cued = [f"modality {i} × 0.5, {cue}" for i in (1, 2) for cue in ("cued", "not cued")]
    both = ["output, +", f"output, {MINUS}"]
    wanted = {
        "2": ["Go", "NoGo", "published"],
        "4": [*cued, *both],
        "s2": ["Go", "NoGo"],
        "s6": ["Go", "NoGo", "published range, Go", "published range, NoGo"],
        "s7": [*cued, *both, "published"],
        "task": ["input 1 × 0.5", "input 2 × 0.5", "output, different", "output, same"],
    }
    for figure, names in wanted.items():
        found = legend_names(drawn(figure).page)
        assert sorted(found[: len(cued)]) == sorted(names[: len(cued)]), figure
        assert found[len(cued) :] == names[len(cued) :], figure
    over = {"1": ["B-left", "B-right"], "4": ["B", "C"], "s3": ["E", "C rates"], "s4": ["B"]}
    for figure, panels in over.items():
        for panel in panels:
            names = [
                text.get_text() for text in axes_of(drawn(figure).page, panel).get_legend().texts
            ]
            assert names[-1] == "published", (figure, panel)


# Captions, titles and single numbers --------------------------------------------------------------


def facts(figure: str) -> dict:
    """What a caption says of the example network."""
    example = recording(figure)
    inhibitory, tau = example["inhibitory"], example["tau_decay_ms"]
    counts = [(example["label"] == label).sum() for label in ANSWERS[TASKS[figure]]]
    _, tau_sd = mean_sd(tau)
    n_in_words = f"{example['n_networks']} of {example['n_attempted']}"
    found = {
        "network": str(example["network"]),
        "networks": n_in_words,
        "n_units": len(inhibitory),
        "n_exc": (~inhibitory).sum(),
        "n_inh": inhibitory.sum(),
        "factor": 35.0,
        "held_out": 100 * example["held_out_accuracy"],
        "trials": " and ".join(map(str, counts)),
        "tau_mean": tau.mean(),
        "tau_sd": tau_sd,
        "title": "title 12",
    }
    if figure == "s2":
        found["rate_variance"] = components(example["rate_population"])[2].sum()
        found["spiking_variance"] = components(example["spiking_population"])[2].sum()
    if figure == "s3":
        found |= {name: members.sum() for name, members in by_population(example).items()}
    if figure == "s6":
        found["accuracy"] = accuracy_of_trials(example)
    if figure == "s7":
        found["per_kind"] = 3
    return found


def accuracy_of_trials(example: dict) -> float:
    """Per cent correct, by the outputs from 0.5 s on."""
    window = example["spiking_out"][CHOSEN][:, example["time_s"] > 0.4999]
    go = example["label"] == 1
    highest = window.max(axis=1)
    return 100 * np.where(go, highest > 0.7, highest < 0.3).mean()


@pytest.mark.parametrize("figure", [figure for figure in WANTED if figure not in "124"])
def test_every_number_of_the_caption_is_that_of_the_recording(figure, drawn):
    assert_caption(drawn(figure), f"figure_{figure}", **facts(figure))


NOTES = {  # numbers under a figure, after those of the condition
    "s1": ["network", "n_exc", "n_inh", "networks", "lambda"],
    "s2": ["network", "n_exc", "n_inh", "networks", "trials"],
    "s3": ["network", "PYR", "PV", "SST", "networks", "trials", "lambda"],
    "s4": ["network", "n_units", "networks", "trials", "lambda"],
    "s7": ["network", "n_exc", "n_inh", "networks", "per_kind", "lambda"],
    "task": ["network", "n_exc", "n_inh", "networks", "trials"],
}


@pytest.mark.parametrize("figure", NOTES)
def test_every_number_under_the_figure_is_that_of_the_recording(figure, drawn):
    known = facts(figure) | {"lambda": "1/35"}
    words = [str(recording(figure)["condition"]), *(str(known[name]) for name in NOTES[figure])]
    assert numbers_in(drawn(figure).note) == numbers_in(" ".join(words))


def test_the_line_under_fig_s6_says_how_far_the_first_outputs_reach(drawn):
    early = recording("s6")["spiking_out"][CHOSEN][:, :20]  # up to 0.1 s
    in_words = f"from {early.min():.1f} to {early.max():.1f}".replace("-", MINUS)
    assert in_words in " ".join(drawn("s6").note.split())
    assert "λ = 1/35 (published: 1/10)" in " ".join(drawn("s6").note.split())


def test_titles_name_the_factors_and_what_the_paper_has(drawn):
    page = drawn("2").page
    wanted = {
        "B-left": ["1"],
        "B-centre": ["1", "10"],
        "B-right": ["1", "35", "1", "25"],
    }
    for panel, numbers in wanted.items():
        assert numbers_in(axes_of(page, panel).get_title()) == numbers, panel
    page = drawn("task").page
    for factor, numbers in ((1, ["1"]), (10, ["1", "10"]), (35, ["1", "35"])):
        title = axes_of(page, f"factor {factor}").get_title()
        assert numbers_in(title) == numbers
        assert ("chosen" in title) == (factor == 35)


def test_axes_of_components_say_their_share_of_the_variance(drawn):
    page = drawn("s2").page
    for panel in ("rate", "spiking"):
        _, _, percent = components(recording("s2")[f"{panel}_population"])
        axes = axes_of(page, panel)
        labels = [axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel()]
        wanted = [f"PC{i} ({share:.1f} %)" for i, share in enumerate(percent, start=1)]
        assert labels == wanted
        assert numbers_in(axes.get_title()) == [f"{percent.sum():.1f}", "99"]


SINGLES = {
    "1": [("B-right", f"mean rate output {name}", "rate_out", name) for name in ("Go", "NoGo")],
    "2": [("B-right", f"mean LIF output {name}", "spiking_out", name) for name in ("Go", "NoGo")],
    "4": [("C", f"mean LIF output ({s}) choice", "spiking_out", n) for s, n in ("++", f"-{MINUS}")],
    "s4": [("B", f"mean LIF output {name}", "spiking_out", name) for name in ("Go", "NoGo")],
}


@pytest.mark.parametrize("figure", SINGLES)
def test_single_numbers_are_outputs_at_the_last_time_read(figure, drawn):
    example = recording(figure)
    labels = {name: label for label, name in ANSWERS[TASKS[figure]].items()}
    rows = drawn(figure).singles
    assert list(zip(rows.panel, rows.quantity, strict=True)) == [s[:2] for s in SINGLES[figure]]
    for row, (panel, quantity, key, name) in zip(rows.itertuples(), SINGLES[figure], strict=True):
        in_paper = published(figure.upper(), panel, quantity)
        assert (str(row.figure), float(row.x_value)) == (figure.upper(), in_paper.x.max())
        out = example[key] if key == "rate_out" else example[key][CHOSEN]
        middle, _ = mean_sd(out[example["label"] == labels[name]])
        at_last = np.interp(in_paper.x.max(), example["time_s"][: len(middle)], middle)
        assert row.value == pytest.approx(at_last, rel=1e-7)


def test_single_numbers_of_figs_s2_s3_and_s7(drawn):
    known = facts("s2")
    variances = drawn("s2").singles.set_index("x_value").value
    assert variances.to_dict() == pytest.approx(
        {"rate": known["rate_variance"], "LIF": known["spiking_variance"]}
    )
    example, rows = recording("s3"), drawn("s3").singles
    for letter, kind in (("C", "NoGo"), ("D", "Go")):
        rates = example["single_mean_rates_hz"][example["single_kind"].tolist().index(kind)]
        found = rows[(rows.panel == letter)].set_index("x_value").value
        means = {name: rates[members].mean() for name, members in by_population(example).items()}
        assert found.to_dict() == pytest.approx(means)
    example, rows = recording("s7"), drawn("s7").singles
    assert len(rows) == 4
    for stimulus, context in itertools.product((1, 2), (1, 2)):
        where = rows.condition.str.contains(f"ctx{context} stim{stimulus}")
        ((x, value),) = rows.loc[where, ["x_value", "value"]].to_numpy()
        trials = example["spiking_out"][CHOSEN][example["kind"] == kind_of(stimulus, context)]
        at_last = np.interp(float(x), example["time_s"], mean_sd(trials)[0])
        assert value == pytest.approx(at_last, rel=1e-7)
