"""What Figs. 1 to 7 must draw of the networks of their conditions and of the published numbers:
plain queries on the tables, with nothing of the library that the figures are drawn by."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from drawing import Series, published

ALL = 100.0  # per cent


class Numbers(NamedTuple):
    """Of the networks at one value of a sweep: mean or share, ends of the bar, networks behind it.
    None in place of all where there is no such number."""

    y: float
    low: float
    high: float
    n: int


Measure = Callable[[pd.DataFrame], Numbers | None]


def _trained(networks: pd.DataFrame) -> pd.DataFrame:
    return networks[networks.converged.astype(bool)]


def mean(column: str, *, scale: float = ALL, top: float = ALL, bars: bool = True) -> Measure:
    """Mean of a column over the networks that reached criterion, one SD (n - 1) to either side."""

    def measure(networks: pd.DataFrame) -> Numbers | None:
        values = scale * _trained(networks)[column].astype(float)
        there = values.dropna().to_numpy()
        if len(values) and not len(there):
            return None
        if not len(there):
            return Numbers(np.nan, np.nan, np.nan, 0)
        middle = there.sum() / len(there)
        sd = np.nan
        if bars and len(there) > 1:
            sd = np.sqrt(((there - middle) ** 2).sum() / (len(there) - 1))
        high = middle + sd
        return Numbers(middle, middle - sd, top if high > top else high, len(values))

    return measure


def share_trained(networks: pd.DataFrame) -> Numbers:
    """Per cent of all networks that reached criterion."""
    n = len(networks)
    return Numbers(ALL * networks.converged.astype(bool).sum() / n, np.nan, np.nan, n)


def share_successful(networks: pd.DataFrame) -> Numbers | None:
    """Per cent of those that reached criterion with 95 % or more in the search."""
    accuracy = _trained(networks).search_accuracy.astype(float)
    n = len(accuracy)
    if n and accuracy.isna().all():
        return None
    share = ALL * (accuracy > 0.949999).sum() / n if n else np.nan
    return Numbers(share, np.nan, np.nan, n)


RATE = mean("training_accuracy")
RATE_ALONE = mean("training_accuracy", bars=False)
SPIKING = mean("search_accuracy")
FRESH = mean("held_out_accuracy")
STRICT = mean("held_out_strict")
RATE_FRESH = mean("rate_accuracy")
TRIALS = mean("training_trials", scale=1, top=np.inf)
DECAY = mean("mean_tau_decay_ms", scale=1, top=np.inf)
IN_PAPER = {
    RATE: "rate task performance",
    RATE_ALONE: "rate task performance",
    SPIKING: "LIF task performance",
    FRESH: "LIF task performance",
    TRIALS: "training trials to criterion",
    DECAY: "mean tuned synaptic decay",
    share_trained: "successfully trained rate RNNs",
    share_successful: "successful LIF models",
}


class Curve(NamedTuple):
    """A series of dots: the networks of a role by x, and the published ones of the panel."""

    panel: str
    series: str
    role: str
    measure: Measure
    part: tuple[float, float] = (-np.inf, np.inf)  # of our x
    without: tuple[float, float] = (np.inf, -np.inf)  # between these two nothing is drawn


CURVES = {
    "1": [
        Curve("C-left-top", "rate", "sizes", RATE),
        Curve("C-left-bottom", "rate", "sizes", share_trained),
        Curve("C-right", "rate", "sizes", TRIALS),
    ],
    "2": [
        Curve("C-top", "spiking", "sizes", share_successful),
        Curve("C-bottom", "rate", "sizes", RATE_ALONE),
        Curve("C-bottom", "spiking", "sizes", SPIKING),
        Curve("D", "rate", "decays", DECAY),
        Curve("E-top", "spiking", "decays", share_successful),
        Curve("E-bottom", "rate", "decays", RATE_ALONE),
        Curve("E-bottom", "spiking", "decays", SPIKING),
    ],
    "3": [
        Curve("B-top", "rate", "sizes", RATE),
        Curve("B-bottom", "rate", "sizes", share_trained),
        Curve("C", "rate", "sizes", TRIALS),
    ],
    "4": [
        Curve("D-top", "spiking", "sizes", share_successful),
        Curve("D-bottom", "rate", "sizes", RATE_ALONE),
        Curve("D-bottom", "spiking", "sizes", SPIKING),
        Curve("E-top", "spiking", "decays", share_successful),
        Curve("E-bottom", "rate", "decays", RATE_ALONE),
        Curve("E-bottom", "spiking", "decays", SPIKING),
    ],
    "6": [
        Curve("A-main", "spiking", "refractory", FRESH, without=(0, 5)),
        Curve("A-inset", "spiking", "refractory", FRESH, part=(0, 5)),
    ],
}


class Bars(NamedTuple):
    """Bars of a panel: (role, x) of each and its name; x None: a single condition."""

    panel: str
    measure: Measure
    conditions: dict[str, tuple[str, float | None]]


FIXED_OR_TUNED = {"Fixed": ("fixed", None), "Tuned": ("tuned", None)}
FUNCTIONS = {
    "sigmoid": ("sigmoid", None),
    "softplus": ("softplus", None),
    "ReLU": ("relu", None),
}
FILTERS = {"Single": ("filters", 0.0), "Double": ("filters", 2.0)}
BARS = {
    "5": [
        Bars("left", share_successful, FIXED_OR_TUNED),
        Bars("right", SPIKING, FIXED_OR_TUNED),
    ],
    "6": [Bars("B", SPIKING, FILTERS), Bars("C", SPIKING, {})],  # C: every gain of ours
    "7": [
        Bars("B", RATE, FUNCTIONS),
        Bars("C-left", share_successful, FUNCTIONS),
        Bars("C-right", SPIKING, FUNCTIONS),
    ],
}


def expected(figure: str, points: pd.DataFrame) -> dict[tuple[str, str], Series]:
    """What the CSV of a figure must hold of these networks, by panel and series."""
    series = {}
    for curve in CURVES.get(figure, []):
        series |= _of_curve(figure, curve, points)
    for bars in BARS.get(figure, []):
        series |= _of_bars(figure, bars, points)
    return series


def at_each_x(points: pd.DataFrame, role: str, measure: Measure) -> dict[float, Numbers]:
    """The numbers of a role at each of its x that has some, in the order of x."""
    rows = points[points.role == role]
    numbers = {x: measure(rows[rows.x == x]) for x in sorted(rows.x.unique())}
    return {x: found for x, found in numbers.items() if found is not None}


def series_of(numbers: dict[object, Numbers]) -> Series:
    """The columns of the CSV for these numbers."""
    y, low, high, n = np.array(list(numbers.values()), float).reshape(-1, 4).T
    return Series(list(numbers), y, low, high, n)


def _of_curve(figure: str, curve: Curve, points: pd.DataFrame) -> dict:
    numbers = at_each_x(points, curve.role, curve.measure)
    first, last = curve.part
    begin, end = curve.without
    drawn = {x: n for x, n in numbers.items() if first <= x <= last and not begin < x < end}
    beside = published(figure, curve.panel, IN_PAPER[curve.measure])
    sd = np.nan if curve.measure is RATE_ALONE else beside.sd
    high = beside.y + sd
    if "performance" in IN_PAPER[curve.measure]:
        high = high.clip(upper=ALL)
    series = {
        (curve.panel, f"published {curve.series}"): Series(beside.x, beside.y, beside.y - sd, high)
    }
    if drawn:
        series[curve.panel, curve.series] = series_of(drawn)
    return series


def _of_bars(figure: str, bars: Bars, points: pd.DataFrame) -> dict:
    conditions = bars.conditions
    if not conditions:
        gains = sorted(points.x[points.role == "gains"].unique())
        conditions = {str(float(gain)): ("gains", gain) for gain in gains}
    beside = published(figure, bars.panel, IN_PAPER[bars.measure])
    names = [x if isinstance(x, str) else str(float(x)) for x in beside.x]
    beside = beside.assign(x=names).set_index("x")
    series = {}
    for name, (role, x) in conditions.items():
        rows = points[points.role == role]
        rows = rows[rows.x.isna() if x is None else rows.x == x]
        none = Numbers(np.nan, np.nan, np.nan, np.nan)
        y, low, high, n = (bars.measure(rows) if len(rows) else None) or none
        series[bars.panel, name] = Series([name], [y], [low], [high], [n])
        (of_paper,) = [key for key in beside.index if key.lower() == name.lower()]
        value, sd = beside.y[of_paper], beside.sd[of_paper]
        series[bars.panel, f"published {name}"] = Series(
            [name], [value], [value - sd], [min(ALL, value + sd) if sd == sd else np.nan]
        )
    return series


# Sweeps -------------------------------------------------------------------------------------------

OF_SWEEP = {
    ("trained", "trained"): share_trained,
    ("trials", "trials"): TRIALS,
    ("successful", "successful"): share_successful,
    ("correct", "rate, fresh trials"): RATE_FRESH,
    ("correct", "spiking, best of the grid"): SPIKING,
    ("correct", "spiking, fresh trials"): FRESH,
    ("correct", "the same, strict scoring"): STRICT,
}


def expected_of_sweeps(points: pd.DataFrame) -> dict[tuple[str, str], Series]:
    """What the page of all sweeps must hold."""
    series = {}
    for role in points.role.unique():
        for (panel, name), measure in OF_SWEEP.items():
            numbers = at_each_x(points, role, measure)
            if numbers:
                series[f"{role}: {panel}", name] = series_of(numbers)
    return series


# Words of captions --------------------------------------------------------------------------------


def counted(points: pd.DataFrame, *, but: str = "") -> dict:
    """The counts that captions give of a figure's networks; `but`: the role of the example, whose
    condition has no place among those that are compared."""
    networks = {}
    for row in points.itertuples():
        networks[row.task, row.condition, row.network] = bool(row.converged)
    sizes = points[points.role != but].groupby(["role", "x"], dropna=False).size()
    few, many = min(sizes), max(sizes)
    return {
        "n_networks": sum(networks.values()),
        "n_attempted": len(networks),
        "per_condition": str(many) if few == many else f"{few} to {many}",
    }
