"""Figures of one example network: every number in a CSV and in a caption is that of the recording,
reckoned once more, and every published point is that of the table, in its own panel."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawing import (
    PUBLISHED,
    Series,
    assert_caption,
    assert_drawn,
    axes_of,
    drawer,
    numbers_in,
    published,
)
from shared import example_of

MINUS = "\N{MINUS SIGN}"
TASKS = dict.fromkeys(["1", "2", "s1", "s2", "s3", "s4", "s6"], "go-nogo")
TASKS |= {"4": "integration", "s7": "integration", "task": "xor"}
ANSWERS = {
    "go-nogo": {1: "Go", 0: "NoGo"},
    "integration": {1: "+", -1: MINUS},
    "xor": {1: "same", -1: "different"},
}
CHOSEN = 2  # of the factors 1, 10 and 35
# quantities that are said of a panel and not drawn as a point of it
NOT_POINTS = (
    "SD band",
    "mean tuned synaptic decay",
    "firing rate upper wh",
    "firing rate lower wh",
)


def recording(figure: str) -> dict:
    """A recording whose decays lie within the paper's 20 to 50 ms, with more Go than NoGo trials
    and spikes in every trial."""
    task = TASKS[figure]
    example = example_of(task)
    rng = np.random.default_rng(8)
    example["tau_decay_ms"] = rng.uniform(20.6, 49.4, len(example["inhibitory"]))
    flipped = example["label"].copy()
    if task == "go-nogo":  # four Go trials and two NoGo trials
        flipped[np.flatnonzero(flipped == 0)[0]] = 1
    return example | {"label": flipped}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Every figure, drawn once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw = drawer(tmp_path_factory.mktemp("figures"), monkeypatch)
        pages = {}
        for figure, task in TASKS.items():
            points = None
            if figure in ("1", "2", "4"):
                row = {"role": "example", "x": np.nan, "task": task, "condition": "c"}
                row |= {"neuron": "lif", "network": "7", "converged": True, "on_edge": False}
                columns = ("training_accuracy", "search_accuracy", "mean_tau_decay_ms")
                sizes = {**row, **dict.fromkeys((*columns, "training_trials"), 1), "x": 250.0}
                points = pd.DataFrame([row, sizes | {"role": "sizes"}, sizes | {"role": "decays"}])
            pages[figure] = draw(
                f"figure_{figure}",
                points=points,
                recordings={"example": recording(figure)},
                task=task,
                figure=f"figure_{figure}",
                title="title 12",
            )
        yield pages


# What the panels must hold ------------------------------------------------------------------------


def mean_sd(trials) -> tuple[np.ndarray, np.ndarray]:
    """Over trials; n - 1."""
    trials = np.asarray(trials, float)
    middle = trials.sum(axis=0) / len(trials)
    return middle, np.sqrt(((trials - middle) ** 2).sum(axis=0) / (len(trials) - 1))


def band(time_s, trials) -> Series:
    middle, sd = mean_sd(trials)
    return Series(time_s[: len(middle)], middle, middle - sd, middle + sd)


def outputs(panel: str, example: dict, out, task: str) -> dict:
    """Mean and SD of outputs by answer."""
    return {
        (panel, name): band(example["time_s"], out[example["label"] == label])
        for label, name in ANSWERS[task].items()
    }


def of_paper(figure: str, panel: str, quantity: str, condition: str = "") -> Series:
    rows = published(figure, panel, quantity, condition)
    return Series(rows.x, rows.y)


def decays(panel: str, example: dict, first: int, last: int) -> dict:
    """Counts of units in bins of 1 ms."""
    centres = np.arange(first, last + 1)
    nearest = np.floor(example["tau_decay_ms"] + 0.5)
    return {(panel, "units"): Series(centres, [(nearest == c).sum() for c in centres])}


def spikes(panel: str, example: dict, trial: int, populations: dict) -> dict:
    """A row for each unit, the populations one upon the other."""
    order = np.concatenate([np.flatnonzero(members) for members in populations.values()])
    row_of_unit = np.argsort(order)
    found = {}
    for name, members in populations.items():
        chosen = (example["spike_trial"] == trial) & members[example["spike_unit"]]
        units = example["spike_unit"][chosen]
        if len(units):
            x = example["spike_time_s"][chosen]
            found[panel, f"{name} spikes"] = Series(x, row_of_unit[units])
    return found


def by_dale(example: dict) -> dict:
    inhibitory = example["inhibitory"]
    return {"excitatory": ~inhibitory, "inhibitory": inhibitory}


def by_population(example: dict) -> dict:
    inhibitory, som = example["inhibitory"], example["som"]
    return {"PYR": ~inhibitory, "PV": inhibitory & ~som, "SST": inhibitory & som}


def figure_1(example: dict) -> dict:
    wanted = decays("B-left", example, 20, 50)
    histogram = "histogram count of tuned synaptic decay"
    wanted["B-left", "published units"] = of_paper("1", "B-left", histogram)
    wanted |= outputs("B-right", example, example["rate_out"], "go-nogo")
    for name in ("Go", "NoGo"):
        quantity = f"mean rate output {name}"
        wanted["B-right", f"published {quantity}"] = of_paper("1", "B-right", quantity)
    return wanted


def figure_2(example: dict) -> dict:
    wanted = {}
    for k, panel in enumerate(("B-left", "B-centre", "B-right")):
        wanted |= outputs(panel, example, example["spiking_out"][k], "go-nogo")
        for name in ("Go", "NoGo"):
            quantity = f"mean LIF output {name}"
            wanted[panel, f"published {quantity}"] = of_paper("2", panel, quantity)
    return wanted


def modality(example: dict, trial: int, which: int) -> Series:
    """Half of an input while it is on, from 0.25 to 1.25 s."""
    steps = np.arange(50, 250)
    return Series(0.005 * steps, 0.5 * example["single_stimulus"][trial, which - 1, steps])


def kind_of(stimulus: int, context: int) -> str:
    return f"context {context}: " + {1: f"+ {MINUS}", 2: f"{MINUS} +"}[stimulus]


def answer_of(stimulus: int, context: int) -> str:
    """Modality 1 is positive in stimulus 1, modality 2 in stimulus 2."""
    return "+" if stimulus == context else MINUS


def figure_4(example: dict) -> dict:
    wanted = decays("B", example, 20, 50)
    wanted["B", "published units"] = of_paper("4", "B", "histogram count of tuned synaptic decay")
    wanted |= outputs("C", example, example["spiking_out"][CHOSEN], "integration")
    for sign in "+-":
        quantity = f"mean LIF output ({sign}) choice"
        wanted["C", f"published {quantity}"] = of_paper("4", "C", quantity)
    for stimulus, context in itertools.product((1, 2), (1, 2)):
        trial = example["single_kind"].tolist().index(kind_of(stimulus, context))
        panel = f"output {stimulus}, context {context}"
        for which in (1, 2):
            cue = "cued" if which == context else "not cued"
            wanted[f"A {panel}", f"modality {which} × 0.5, {cue}"] = modality(example, trial, which)
        out = Series(example["time_s"], example["single_out"][trial])
        wanted[f"A {panel}", f"output, {answer_of(stimulus, context)}"] = out
        panel = f"A spikes {stimulus}, context {context}"
        wanted |= spikes(panel, example, trial, by_dale(example))
    return wanted


def figure_s1(example: dict) -> dict:
    go, nogo = (example["single_label"].tolist().index(label) for label in (1, 0))
    rate = example["single_rate_r"][go]
    spiking = example["single_spiking_rates"][go]
    order = np.argsort(rate.mean(axis=1))
    scaled = (spiking - spiking.min()) / (spiking.max() - spiking.min())
    wanted = {}
    n_units, n_steps = rate.shape
    x = np.tile((np.arange(n_steps) + 0.5) / n_steps, n_units)  # a trial of 1 s
    y = np.repeat(np.arange(n_units), n_steps)
    for name, values in (("rate", rate), ("spiking", scaled)):
        wanted[name, name] = Series(x, y, z=values[order].ravel())
    for panel, trial, name in (("histogram 0", go, "Go"), ("histogram 1", nogo, "NoGo")):
        rates = example["single_mean_rates_hz"][trial]
        for kind, members in by_dale(example).items():
            own = rates[members]
            n_bins = max(15, int(own.max() // 2) + 1)
            fractions = [((own >= 2 * i) & (own < 2 * i + 2)).mean() for i in range(n_bins)]
            wanted[panel, kind] = Series(2 * np.arange(n_bins) + 1, fractions)
            where = f";{name} trial;{kind} units"
            in_paper = of_paper("S1", "B", "normalised count of unit firing rate", where)
            wanted[panel, f"published {kind}"] = in_paper
    return wanted


def figure_s2(example: dict) -> dict:
    wanted = {}
    for panel, key in (("rate", "rate_population"), ("spiking", "spiking_population")):
        paths, axes, _ = components(example[key])
        for path, name in zip(paths, ("Go", "NoGo"), strict=True):
            x, y, z = axes @ path
            wanted[panel, name] = Series(x, y, z=z)
    return wanted


def components(paths) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The paths, the first three components of both together, by the eigenvectors of the
    covariance, and the per cent of the variance of each."""
    samples = np.concatenate(list(paths), axis=1)
    values, vectors = np.linalg.eigh(np.cov(samples))
    first = vectors[:, ::-1][:, :3].T
    first *= np.sign(first @ samples.mean(axis=1))[:, None]
    return paths, first, 100 * values[::-1][:3] / values.sum()


def figure_s3(example: dict) -> dict:
    wanted = outputs("E", example, example["spiking_out"][CHOSEN], "go-nogo")
    for name in ("Go", "NoGo"):
        quantity = f"mean LIF output {name}"
        wanted["E", f"published {quantity}"] = of_paper("S3", "E", quantity)
    for letter, kind in (("C", "NoGo"), ("D", "Go")):
        trial = example["single_kind"].tolist().index(kind)
        out = Series(example["time_s"], example["single_out"][trial])
        wanted[f"{letter} output", f"output, {kind}"] = out
        populations = by_population(example)
        wanted |= spikes(f"{letter} spikes", example, trial, populations)
        rates = example["single_mean_rates_hz"][trial]
        for place, (name, members) in enumerate(populations.items()):
            wanted |= boxes(f"{letter} rates", place, name, rates[members], letter)
    return wanted


def boxes(panel: str, place: int, name: str, rates, letter: str) -> dict:
    """Units, box plot and mean of one population, and the published ones."""
    low, median, high = np.percentile(rates, [25, 50, 75])
    within = rates[(rates >= low - 1.5 * (high - low)) & (rates <= high + 1.5 * (high - low))]
    in_paper = PUBLISHED[(PUBLISHED.figure == "S3") & (PUBLISHED.panel == letter)]
    in_paper = in_paper[in_paper.x_value == name].set_index("quantity").value.astype(float)
    quartile = "firing rate {} quartile".format
    return {
        (panel, f"{name} units"): Series(np.full(len(rates), place), rates),
        (panel, f"{name} median, quartiles"): Series([place], [median], [low], [high]),
        (panel, f"{name} median, whiskers"): Series(
            [place], [median], [within.min()], [within.max()]
        ),
        (panel, f"{name} mean"): Series([place], [rates.mean()]),
        (panel, f"published {name} median, quartiles"): Series(
            [place],
            [in_paper["firing rate median"]],
            [in_paper[quartile("lower")]],
            [in_paper[quartile("upper")]],
        ),
        (panel, f"published {name} mean"): Series([place], [in_paper["mean firing rate"]]),
    }


def figure_s4(example: dict) -> dict:
    wanted = outputs("B", example, example["spiking_out"][CHOSEN], "go-nogo")
    for name in ("Go", "NoGo"):
        quantity = f"mean LIF output {name}"
        wanted["B", f"published {quantity}"] = of_paper("S4", "B", quantity)
    for letter, kind in (("C", "NoGo"), ("D", "Go")):
        trial = example["single_kind"].tolist().index(kind)
        out = Series(example["time_s"], example["single_out"][trial])
        wanted[f"{letter} output", f"output, {kind}"] = out
        wanted |= spikes(f"{letter} spikes", example, trial, by_dale(example))
    return wanted


def figure_s6(example: dict) -> dict:
    wanted = {}
    for label, name in ANSWERS["go-nogo"].items():
        trials = example["spiking_out"][CHOSEN][example["label"] == label]
        for i, out in enumerate(trials, start=1):
            wanted["output", f"{name}, trial {i}"] = Series(example["time_s"], out)
        rows = PUBLISHED[PUBLISHED.quantity == f"envelope of 50 {name} outputs"]
        ends = [row.split(" to ") for row in rows.value]
        for k, edge in enumerate(("least", "greatest")):
            there = [not end[k].startswith("hidden") for end in ends]
            y = [float(end[k]) for end, is_there in zip(ends, there, strict=True) if is_there]
            series = Series(rows.x_value[there].astype(float), y)
            if y:
                wanted["output", f"published {name}, {edge}"] = series
    return wanted


def figure_s7(example: dict) -> dict:
    wanted = {}
    shown = example["time_s"] <= 2.25
    for stimulus, context in itertools.product((1, 2), (1, 2)):
        panel, kind = f"{stimulus} {context}", kind_of(stimulus, context)
        trial = example["single_kind"].tolist().index(kind)
        for which in (1, 2):
            cue = "cued" if which == context else "not cued"
            wanted[panel, f"modality {which} × 0.5, {cue}"] = modality(example, trial, which)
        trials = example["spiking_out"][CHOSEN][example["kind"] == kind][:, shown]
        answer = answer_of(stimulus, context)
        wanted[panel, f"output, {answer}"] = band(example["time_s"], trials)
        where = f"ctx{context} stim{stimulus} (target {answer.replace(MINUS, '-')})"
        wanted[panel, f"published {kind}"] = of_paper("S7", "B", "mean QIF output", where)
    return wanted


def figure_task(example: dict) -> dict:
    nearest = np.floor(example["tau_decay_ms"] + 0.5).astype(int)
    wanted = decays("decays", example, nearest.min(), nearest.max())
    wanted |= outputs("rate", example, example["rate_out"], "xor")
    for k, factor in enumerate((1, 10, 35)):
        wanted |= outputs(f"factor {factor}", example, example["spiking_out"][k], "xor")
    time_s = 0.005 * np.arange(len(example["time_s"]))  # of inputs: from 0 on
    for trial, kind in enumerate(example["single_kind"].tolist()):
        for i, values in enumerate(example["single_stimulus"][trial], start=1):
            wanted[f"output, {kind}", f"input {i} × 0.5"] = Series(time_s, 0.5 * values)
        signs = kind.split()
        answer = "same" if signs[0] == signs[1] else "different"
        out = Series(example["time_s"], example["single_out"][trial])
        wanted[f"output, {kind}", f"output, {answer}"] = out
        wanted |= spikes(f"spikes, {kind}", example, trial, by_dale(example))
    return wanted


WANTED = {
    "1": figure_1,
    "2": figure_2,
    "4": figure_4,
    "s1": figure_s1,
    "s2": figure_s2,
    "s3": figure_s3,
    "s4": figure_s4,
    "s6": figure_s6,
    "s7": figure_s7,
    "task": figure_task,
}


@pytest.mark.parametrize("figure", WANTED)
def test_every_number_drawn_is_that_of_the_recording_and_of_the_paper(figure, drawn):
    table = drawn[figure].table
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
    assert_caption(drawn[figure], f"figure_{figure}", **facts(figure))


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
    assert numbers_in(drawn[figure].note) == numbers_in(" ".join(words))


def test_the_line_under_fig_s6_says_how_far_the_first_outputs_reach(drawn):
    early = recording("s6")["spiking_out"][CHOSEN][:, :20]  # up to 0.1 s
    in_words = f"from {early.min():.1f} to {early.max():.1f}".replace("-", MINUS)
    assert in_words in " ".join(drawn["s6"].note.split())
    assert "λ = 1/35 (published: 1/10)" in " ".join(drawn["s6"].note.split())


def test_titles_name_the_factors_and_what_the_paper_has(drawn):
    page = drawn["2"].page
    wanted = {
        "B-left": ["1"],
        "B-centre": ["1", "10"],
        "B-right": ["1", "35", "1", "25"],
    }
    for panel, numbers in wanted.items():
        assert numbers_in(axes_of(page, panel).get_title()) == numbers, panel
    page = drawn["task"].page
    for factor, numbers in ((1, ["1"]), (10, ["1", "10"]), (35, ["1", "35"])):
        title = axes_of(page, f"factor {factor}").get_title()
        assert numbers_in(title) == numbers
        assert ("chosen" in title) == (factor == 35)


def test_axes_of_components_say_their_share_of_the_variance(drawn):
    page = drawn["s2"].page
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
    rows = drawn[figure].singles
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
    variances = drawn["s2"].singles.set_index("x_value").value
    assert variances.to_dict() == pytest.approx(
        {"rate": known["rate_variance"], "LIF": known["spiking_variance"]}
    )
    example, rows = recording("s3"), drawn["s3"].singles
    for letter, kind in (("C", "NoGo"), ("D", "Go")):
        rates = example["single_mean_rates_hz"][example["single_kind"].tolist().index(kind)]
        found = rows[(rows.panel == letter)].set_index("x_value").value
        means = {name: rates[members].mean() for name, members in by_population(example).items()}
        assert found.to_dict() == pytest.approx(means)
    example, rows = recording("s7"), drawn["s7"].singles
    assert len(rows) == 4
    for stimulus, context in itertools.product((1, 2), (1, 2)):
        where = rows.condition.str.contains(f"ctx{context} stim{stimulus}")
        ((x, value),) = rows.loc[where, ["x_value", "value"]].to_numpy()
        trials = example["spiking_out"][CHOSEN][example["kind"] == kind_of(stimulus, context)]
        at_last = np.interp(float(x), example["time_s"], mean_sd(trials)[0])
        assert value == pytest.approx(at_last, rel=1e-7)
