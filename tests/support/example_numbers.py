"""What the figures of one example network must draw of its recording and of the published numbers:
plain arithmetic on the arrays, with nothing of the library that the figures are drawn by."""

from __future__ import annotations

import itertools

import numpy as np
from drawing import PUBLISHED, Series, published

MINUS = "\N{MINUS SIGN}"
CHOSEN = -1  # the factor chosen for a network is the last of a recording
ANSWERS = {
    "go-nogo": {1: "Go", 0: "NoGo"},
    "integration": {1: "+", -1: MINUS},
    "xor": {1: "same", -1: "different"},
}


def mean_sd(trials) -> tuple[np.ndarray, np.ndarray]:
    """Over trials; n - 1."""
    trials = np.asarray(trials, float)
    middle = trials.sum(axis=0) / len(trials)
    return middle, np.sqrt(((trials - middle) ** 2).sum(axis=0) / (len(trials) - 1))


def band(time_s, trials) -> Series:
    middle, sd = mean_sd(trials)
    return Series(time_s[: len(middle)], middle, middle - sd, middle + sd)


def outputs(panel: str, example: dict, out, answers: dict[int, str]) -> dict:
    """Mean and SD of outputs by answer."""
    found = {}
    for label, name in answers.items():
        found[panel, name] = band(example["time_s"], out[example["label"] == label])
    return found


def of_paper(figure: str, panel: str, quantity: str, condition: str = "") -> Series:
    rows = published(figure, panel, quantity, condition)
    return Series(rows.x, rows.y)


def decays(panel: str, example: dict, *ends_ms: int) -> dict:
    """Counts of units in bins of 1 ms or, where there would be more than 50, the next wider that
    do; from one end to the other, and as far as the decays reach."""
    tau_ms = example["tau_decay_ms"]
    reach = [*ends_ms, tau_ms.min(), tau_ms.max()]
    span = max(reach) - min(reach)
    width = next(width for width in (1, 2, 5, 10, 20, 50, 100) if span <= 50 * width)
    first, last = (int(np.floor(end / width + 0.5)) for end in (min(reach), max(reach)))
    centres = width * np.arange(first, last + 1)
    counts = [((tau_ms >= c - width / 2) & (tau_ms < c + width / 2)).sum() for c in centres]
    return {(panel, "units"): Series(centres, counts)}


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
            found[panel, f"{name} spikes".strip()] = Series(x, row_of_unit[units])
    return found


def by_dale(example: dict) -> dict:
    """Without Dale's principle no unit is inhibitory, and all have one name."""
    inhibitory = example["inhibitory"]
    if not inhibitory.any():
        return {"": ~inhibitory}
    return {"excitatory": ~inhibitory, "inhibitory": inhibitory}


def by_population(example: dict) -> dict:
    inhibitory, som = example["inhibitory"], example["som"]
    return {"PYR": ~inhibitory, "PV": inhibitory & ~som, "SST": inhibitory & som}


def figure_1(example: dict) -> dict:
    wanted = decays("B-left", example, 20, 50)
    histogram = "histogram count of tuned synaptic decay"
    wanted["B-left", "published units"] = of_paper("1", "B-left", histogram)
    wanted |= outputs("B-right", example, example["rate_out"], ANSWERS["go-nogo"])
    for name in ("Go", "NoGo"):
        quantity = f"mean rate output {name}"
        wanted["B-right", f"published {quantity}"] = of_paper("1", "B-right", quantity)
    return wanted


def figure_2(example: dict) -> dict:
    wanted = {}
    factors = example["scaling_factors"].tolist()
    panels = {"B-left": 1.0, "B-centre": 10.0, "B-right": factors[CHOSEN]}
    for panel, factor in panels.items():
        out = example["spiking_out"][factors.index(factor)]
        wanted |= outputs(panel, example, out, ANSWERS["go-nogo"])
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
    wanted |= outputs("C", example, example["spiking_out"][CHOSEN], ANSWERS["integration"])
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
    wanted = outputs("E", example, example["spiking_out"][CHOSEN], ANSWERS["go-nogo"])
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
    wanted = outputs("B", example, example["spiking_out"][CHOSEN], ANSWERS["go-nogo"])
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


def figure_task(example: dict, answers: dict[int, str] = ANSWERS["xor"]) -> dict:
    """The page of any task, of these answers."""
    wanted = decays("decays", example)
    wanted |= outputs("rate", example, example["rate_out"], answers)
    for factor, out in zip(example["scaling_factors"], example["spiking_out"], strict=True):
        wanted |= outputs(f"factor {factor:g}", example, out, answers)
    time_s = 0.005 * np.arange(len(example["time_s"]))  # of inputs: from 0 on
    for trial, kind in enumerate(example["single_kind"].tolist()):
        for i, values in enumerate(example["single_stimulus"][trial], start=1):
            wanted[f"output, {kind}", f"input {i} × 0.5"] = Series(time_s, 0.5 * values)
        answer = answers[int(example["single_label"][trial])]
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
