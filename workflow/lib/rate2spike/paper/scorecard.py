"""The scorecard: every published number that can be compared, ours beside it, the difference with
its interval, and a verdict.

Which rows of resources/published.tsv are compared, and with what, is declared in MATCHES (numbers
over many networks, or of one published network against all of ours) and SINGLES (one published
network against our one example network). A number is compared once: what is read from a figure
stands for the same number given in the text, and the rate networks' performance drawn again in
Figs. 2C and 4D is left to Figs. 1C and 3B, where it has error bars. Reference bars and points where
two sweeps meet (250 units, decays up to 50 ms) stay in every panel, because they are half of what
the panel compares.

Verdicts, by the 95 % interval of ours minus published:
  agrees            it contains 0 and is narrow enough to say so (below)
  differs           it excludes 0
  too few networks  anything else, and whenever fewer than 3 networks of ours are behind the number (converted ones, for the
                    share of successful spiking networks), or one network is set against one
Narrow enough is a half-width, before the uncertainty of reading the figure is added, of at most
  15 points         for a percentage of networks
  2 points          for the performance of rate networks, which the stopping rule holds between 95 and 100 %
  5 points          for the performance of spiking networks, or one published SD where that is more
  one published SD  for training trials; for decays as well, or 1 ms where that is more
For one published network the interval never shrinks below the spread of ours; from 6 networks on it
is at most 1.5 times as wide as it would be for any number of them, and that is narrow enough.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..analysis.tables import PAGE, SUCCESS
from ..files import write_text
from . import compare
from .compare import Difference, Sample
from .sweeps import RISE_MS

AGREES, DIFFERS, TOO_FEW = VERDICTS = ("agrees", "differs", "too few networks")
FEWEST, ENOUGH_FOR_ONE = 3, 6
PER_CONDITION = 100  # networks the paper attempted in each condition
RATE_RANGE = (95.0, 100.0)  # % correct at which training may stop
BY_X, EVERY = "x_value", ""

NOTE = (
    "Ours minus published, bars: 95 % intervals. {n_numbers} numbers: {n_agree} agree, {n_differ} differ, {n_few} with too few "
    "networks to say (open grey). Median of {median_n:g} networks of ours; at most about {n_by_chance:.0f} would differ by "
    "chance alone (5 % of the {n_judged} with an interval and at least 3 networks). N: units; τmax: upper limit of the decays; "
    "tref: refractory period."
)
COLUMNS = ["figure", "panel", "quantity", "task", "x_name", "x_value", "unit"]
COLUMNS += [
    "published",
    "published_sd",
    "published_n",
    "ours",
    "ours_sd",
    "ours_n",
    "ours_attempted",
    "fresh",
    "strict",
]
COLUMNS += ["difference", "ci_low", "ci_high", "verdict", "source", "link"]


class Measure(NamedTuple):
    """How one of our numbers is made: the mean of a column over the networks that reached
    criterion, or a share of networks."""

    column: str
    scale: float = 1.0
    share: bool = False
    tolerance: float = 0.0
    or_sd: bool = False  # the tolerance is one published SD where that is more


MEASURES = {
    "trained": Measure("converged", 100, share=True, tolerance=15),  # of all networks
    "successful": Measure(
        "search_accuracy", 100, share=True, tolerance=15
    ),  # of the networks that reached criterion
    "rate": Measure("training_accuracy", 100, tolerance=2),
    "spiking": Measure("search_accuracy", 100, tolerance=5, or_sd=True),
    "fixed": Measure(
        "held_out_accuracy", 100, tolerance=5, or_sd=True
    ),  # on fresh trials, at factors chosen beforehand
    "trials": Measure("training_trials", or_sd=True),
    "decay": Measure("mean_tau_decay_ms", tolerance=1, or_sd=True),
}
ON_FRESH_TRIALS = {
    "fresh": "held_out_accuracy",
    "strict": "held_out_strict",
}  # for measures of spiking networks


class Match(NamedTuple):
    """Rows of the published numbers, and the role and measure of ours. role: BY_X where x_value
    names it, EVERY for all of the figure. sd_of: of a number of one network, the row that gives the
    SD over such networks."""

    figure: str
    panel: str
    quantity: str
    role: str
    measure: str
    sd_of: tuple[str, ...] = ()


# figure, panel, quantity and x; the paper has no decays over networks for integration
SD_OF_DECAYS = ("2", "D", "mean tuned synaptic decay", "50")
SD_OF_INTEGRATION = ("4", "D-bottom", "LIF task performance", "250")
SD_OF_SOFTPLUS = ("7", "C-right", "LIF task performance", "softplus")
MATCHES = (
    Match(
        "1", "B-left", "mean tuned synaptic decay (caption)", "example", "decay", SD_OF_DECAYS
    ),  # the two disagree
    Match(
        "1",
        "B-left",
        "mean tuned synaptic decay recomputed from histogram",
        "example",
        "decay",
        SD_OF_DECAYS,
    ),
    Match("1", "C-left-top", "rate task performance", "sizes", "rate"),
    Match("1", "C-left-bottom", "successfully trained rate RNNs", "sizes", "trained"),
    Match("1", "C-right", "training trials to criterion", "sizes", "trials"),
    Match("2", "C-top", "successful LIF models", "sizes", "successful"),
    Match("2", "C-bottom", "LIF task performance", "sizes", "spiking"),
    Match("2", "D", "mean tuned synaptic decay", "decays", "decay"),
    Match("2", "E", "rate nets trained", "decays", "trained"),
    Match("2", "E-top", "successful LIF models", "decays", "successful"),
    Match("2", "E-bottom", "LIF task performance", "decays", "spiking"),
    Match("2", "E-bottom", "rate task performance", "decays", "rate"),
    Match("3", "B-top", "rate task performance", "sizes", "rate"),
    Match("3", "B-bottom", "successfully trained rate RNNs", "sizes", "trained"),
    Match("3", "C", "training trials to criterion", "sizes", "trials"),
    Match("4", "A", "task performance of the example LIF", "example", "spiking", SD_OF_INTEGRATION),
    # the caption agrees
    Match(
        "4",
        "B",
        "mean tuned synaptic decay recomputed from histogram",
        "example",
        "decay",
        SD_OF_DECAYS,
    ),
    Match("4", "D-top", "successful LIF models", "sizes", "successful"),
    Match("4", "D-bottom", "LIF task performance", "sizes", "spiking"),
    Match("4", "E", "rate nets trained", "decays", "trained"),
    Match("4", "E-top", "successful LIF models", "decays", "successful"),
    Match("4", "E-bottom", "LIF task performance", "decays", "spiking"),
    Match("4", "E-bottom", "rate task performance", "decays", "rate"),
    Match("5", "left", "successful LIF models", BY_X, "successful"),
    Match("5", "right", "LIF task performance", BY_X, "spiking"),
    Match(
        "6", "A", "LIF task performance", "refractory", "spiking"
    ),  # the text at 2 ms is the search, the panel is not
    Match("6", "A-inset", "LIF task performance", "refractory", "fixed"),
    Match("6", "A-main", "LIF task performance", "refractory", "fixed"),
    Match("6", "B", "LIF task performance", "filters", "spiking"),
    Match("6", "C", "LIF task performance", "gains", "spiking"),
    Match("7", "B", "rate task performance", BY_X, "rate"),
    Match("7", "B", "rate nets trained", EVERY, "trained"),
    Match("7", "C-left", "successful LIF models", BY_X, "successful"),
    Match("7", "C-right", "LIF task performance", BY_X, "spiking"),
    Match(
        "S6", "-", "task performance of example softplus LIF", "example", "spiking", SD_OF_SOFTPLUS
    ),
)
SINGLES = (  # of a mean output, the last time at which it was read
    ("1", "B-right", "mean rate output Go"),
    ("1", "B-right", "mean rate output NoGo"),
    ("2", "B-right", "mean LIF output Go"),
    ("2", "B-right", "mean LIF output NoGo"),
    ("4", "C", "mean LIF output (+) choice"),
    ("4", "C", "mean LIF output (-) choice"),
    ("S2", "-", "variance captured by top 3 PCs"),
    ("S3", "C", "mean firing rate"),
    ("S3", "D", "mean firing rate"),
    ("S3", "E", "mean LIF output Go"),
    ("S3", "E", "mean LIF output NoGo"),
    ("S4", "B", "mean LIF output Go"),
    ("S4", "B", "mean LIF output NoGo"),
    ("S7", "B", "mean QIF output"),
)
TASKS = {"mante": "integration"}
# networks behind a point of a sweep over decays where they are not 100: 78/88 and 97/98 read in
# Figs. 4E and 2E
N_AT_DECAY = {("4", "50"): 88, ("2", "250"): 98}


def _rows(published: pd.DataFrame, figure: str, panel: str, quantity: str) -> pd.DataFrame:
    found = published[
        (published.figure == figure) & (published.panel == panel) & (published.quantity == quantity)
    ]
    if found.empty:
        raise ValueError(
            f"published numbers: expected a row of figure {figure}, panel {panel}, quantity {quantity!r}, found none"
        )
    return found


def _matched(published: pd.DataFrame, match: Match) -> pd.DataFrame:
    """The rows of one match, with its role and measure; one: whether the number is of one network."""
    found = _rows(published, match.figure, match.panel, match.quantity)
    found = found.assign(role=match.role, measure=match.measure, one=bool(match.sd_of))
    if match.sd_of:
        *names, x = match.sd_of
        like = _rows(published, *names)
        found = found.assign(
            sd=like.sd[like.x_value == x].iloc[0]
        )  # in its own row it is over units
    return found


def comparable(published: pd.DataFrame) -> pd.DataFrame:
    """The published numbers over networks that can be compared, once each: `published` with value
    (per cent for "k of n"), sd, uncertainty and published_n as numbers, and role, measure and one
    of the match. The index is kept.

    published: resources/published.tsv, all columns as text. Raises ValueError where a declared
    match has no row.
    """
    found = pd.concat([_matched(published, match) for match in MATCHES])
    counts = found.value.str.extract(r"^(\d+) of (\d+)$").astype(float)
    found = found.assign(
        value=pd.to_numeric(found.value, errors="coerce").fillna(100 * counts[0] / counts[1]),
        decimals=found.value.str.partition(".")[2].str.len(),
        sd=pd.to_numeric(found.sd),
        uncertainty=pd.to_numeric(found.uncertainty).fillna(0.0),
        unit=found.unit.replace("networks", "%"),
        task=found.task.replace(TASKS),
    )
    found = found[~_repeats(found)]
    trained = (
        found[found.measure.eq("trained") & found.x_name.eq("N")]
        .set_index(["task", "x_value"])
        .value
    )
    return found.assign(
        published_n=[_published_n(row, trained, counts[1]) for row in found.itertuples()]
    )


def _repeats(found: pd.DataFrame) -> pd.Series:
    """Which rows give once more the number of another row of the same figure, quantity and x, as
    far as its decimals go.

    Of a number read from the figure and given in the text, the first is kept, because it has more
    decimals.
    """
    seen: dict[tuple, list[float]] = {}
    repeated = {}
    for row in found.sort_values("source", kind="stable").itertuples():  # digitised before text
        values = seen.setdefault((row.figure, row.quantity, row.x_name, row.x_value), [])
        repeated[row.Index] = any(
            abs(value - row.value) < 0.5001 * 10.0**-row.decimals for value in values
        )
        values.append(row.value)
    return pd.Series(repeated).reindex(found.index)


def _published_n(row, trained: pd.Series, counted: pd.Series) -> int:
    """The networks behind a published number: those it is a share of, or those that reached
    criterion."""
    if row.one:
        return 1
    if row.measure == "trained":
        return int(counted.fillna(PER_CONDITION)[row.Index])
    if row.x_name == "N":
        return round(PER_CONDITION * trained[row.task, row.x_value] / 100)
    return N_AT_DECAY.get((row.figure, row.x_value), PER_CONDITION)


def comparable_singles(published: pd.DataFrame) -> pd.DataFrame:
    """The published numbers of one network that are set against our one example network."""
    found = pd.concat([_rows(published, *single) for single in SINGLES])
    time = pd.to_numeric(found.x_value.where(found.x_name == "time_s"), errors="coerce")
    last = time.groupby([found.figure, found.panel, found.quantity, found.condition]).transform(
        "max"
    )
    found = found[time.isna() | (time == last)]
    return found.assign(value=pd.to_numeric(found.value), task=found.task.replace(TASKS))


def table(published: pd.DataFrame, points: pd.DataFrame, singles: pd.DataFrame) -> pd.DataFrame:
    """The scorecard, one row for each published number of which we have a counterpart, in the order
    of the published numbers.

    published: resources/published.tsv, all columns as text; points: one row per network, with
    figure, role, x and the columns of results/tables/networks.csv; singles: numbers of our example
    networks, named by figure, panel, quantity, x_value and condition as in `published`. SDs are
    over networks. ours and ours_sd are NaN where no network reached criterion. The index is that of
    `published`. Raises ValueError for a single that names no published number or more than one.
    """
    swept = [_compared(row, _networks(row, points)) for row in comparable(published).itertuples()]
    alone = _alone(comparable_singles(published), singles)
    found = pd.DataFrame([row for row in [*swept, *alone] if row], columns=["index", *COLUMNS])
    return found.set_index("index").sort_index(kind="stable").rename_axis(None)


def n_absent(published: pd.DataFrame, found: pd.DataFrame) -> int:
    """How many comparable published numbers have no counterpart in the scorecard `found`, made of
    the same `published`."""
    asked = comparable(published).index.union(comparable_singles(published).index)
    return len(asked.difference(found.index))


def _networks(row, points: pd.DataFrame) -> pd.DataFrame:
    """Our networks behind a published number; none where our sweep leaves the point out."""
    rows = points[points.figure == f"figure_{row.figure.lower()}"]
    if row.role == EVERY:
        return rows
    if row.role == BY_X:
        return rows[rows.role == row.x_value.lower()]
    rows = rows[rows.role == row.role]
    return (
        rows[np.isclose(rows.x, float(RISE_MS.get(row.x_value, row.x_value)))]
        if row.x_value
        else rows
    )


def _values(networks: pd.DataFrame, measure: Measure, column: str) -> np.ndarray:
    """One value for each network, in the unit of the paper; of a share, 100 for a network that
    counts and 0 for another."""
    if column == "converged":
        return measure.scale * networks.converged.to_numpy(float)
    values = networks[networks.converged.astype(bool)][column].dropna().to_numpy(float)
    return measure.scale * (values >= SUCCESS if measure.share else values)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _compared(row, networks: pd.DataFrame) -> dict | None:
    """The row of the scorecard for a published number and our networks behind it; None where there
    are none, or none that has such a number: networks that were given have no training, those at
    given scaling factors no search."""
    measure = MEASURES[row.measure]
    values = _values(networks, measure, measure.column)
    if networks.empty or (networks.converged.astype(bool).any() and not len(values)):
        return None
    has_sd = not measure.share and len(values) > 1
    ours = Sample(_mean(values), float(values.std(ddof=1)) if has_sd else np.nan, len(values))
    fresh = ON_FRESH_TRIALS if measure.column in ("search_accuracy", "held_out_accuracy") else {}
    found = _difference(row, ours, measure)
    tolerance = max(measure.tolerance, row.sd) if measure.or_sd else measure.tolerance
    if row.one:
        tolerance = np.inf if ours.n >= ENOUGH_FOR_ONE else -np.inf
    return {
        **_named(row),
        "published_sd": np.nan if row.one else row.sd,
        "published_n": row.published_n,
        **dict(zip(("ours", "ours_sd", "ours_n"), ours, strict=True)),
        "ours_attempted": len(networks),
        **{name: _mean(_values(networks, measure, column)) for name, column in fresh.items()},
        **dict(zip(("difference", "ci_low", "ci_high"), found, strict=True)),
        "verdict": verdict(found, n=ours.n, tolerance=tolerance, uncertainty=row.uncertainty),
    }


def _named(row) -> dict:
    """What a row of the scorecard takes from the published number."""
    names = ("figure", "panel", "quantity", "task", "x_name", "x_value", "unit", "source")
    return {
        "index": row.Index,
        **{name: getattr(row, name) for name in names},
        "published": row.value,
        "link": f"figures/figure_{row.figure.lower()}.png",
    }


def _difference(row, ours: Sample, measure: Measure) -> Difference:
    """Ours minus published, in the unit of the paper.

    Accuracies crowd at 100 %, and a few networks that are all at the top have an SD near 0: Welch's
    interval would then exclude 0 in up to 7 of 10 samples from one population. Where our SD is the
    smaller, or is of 2 networks, both are taken to be the published one.
    """
    if ours.n == 0:
        return Difference(np.nan, np.nan, np.nan)
    if measure.share:
        counts = [
            compare.Count(round(mean * n / 100), n)
            for mean, n in ((ours.mean, ours.n), (row.value, row.published_n))
        ]
        found = compare.difference_of_shares(*counts, row.uncertainty / 100)
        return Difference(*(100 * value for value in found))
    published = Sample(
        row.value, _sd_at_most(row.value) if np.isnan(row.sd) else row.sd, row.published_n
    )
    if ours.n < FEWEST or ours.sd < published.sd:
        n_sd = PER_CONDITION if row.one else published.n
        return compare.difference_at_sd(
            ours, published, sd=published.sd, n_sd=n_sd, uncertainty=row.uncertainty
        )
    if row.one:
        return compare.difference_from_one(ours, row.value, row.uncertainty)
    return compare.difference_of_means(ours, published, row.uncertainty)


def _sd_at_most(mean: float) -> float:
    """The largest SD that accuracies of trained rate networks with this mean can have; Figs. 2E and
    4E draw none.

    Values within [a, b] of mean m have a variance of at most (m - a)(b - m): Bhatia and Davis, Am.
    Math. Mon. 107 (2000).
    """
    low, high = RATE_RANGE
    return float(np.sqrt((mean - low) * (high - mean)))


def verdict(found: Difference, *, n: int, tolerance: float, uncertainty: float) -> str:
    """What the interval says, with n networks of ours behind it."""
    if n < FEWEST or np.isnan(found.low):
        return TOO_FEW
    if found.low > 0 or found.high < 0:
        return DIFFERS
    half = (found.high - found.low) / 2 - uncertainty
    return AGREES if half <= tolerance + 1e-9 else TOO_FEW


def _alone(published: pd.DataFrame, singles: pd.DataFrame) -> list[dict]:
    """Rows of the scorecard for our example networks, one network against one. Where x_value does
    not tell them apart, as in Fig. S7B, the last words of the condition do."""
    singles = singles[singles.value.notna()]
    alike = singles.duplicated(["figure", "panel", "quantity", "x_value"], keep=False)
    rows = []
    for single, is_alike in zip(singles.itertuples(), alike, strict=True):
        row = next(_published_of(published, single).itertuples())
        at = (
            {"x_name": "condition", "x_value": single.condition.split(";")[-1]}
            if is_alike
            else {"x_value": single.x_value}
        )
        ours = {
            "ours": single.value,
            "ours_n": 1,
            "ours_attempted": 1,
            "difference": single.value - row.value,
        }
        rows.append({**_named(row), **at, "published_n": 1, **ours, "verdict": TOO_FEW})
    return rows


def _published_of(published: pd.DataFrame, single) -> pd.DataFrame:
    """The one published number that a single of ours is set against."""
    rows = published[
        published[["figure", "panel", "quantity"]]
        .eq([single.figure, single.panel, single.quantity])
        .all(axis=1)
    ]
    for column in ("x_value", "condition"):
        if len(rows) > 1:
            rows = rows[rows[column] == getattr(single, column)]
    if len(rows) != 1:
        name = ", ".join(
            map(
                repr,
                (single.figure, single.panel, single.quantity, single.x_value, single.condition),
            )
        )
        raise ValueError(
            f"our single number {name}: expected one published number of that name, found {len(rows)}"
        )
    return rows


def describe(found: pd.DataFrame, published: pd.DataFrame, points: pd.DataFrame) -> dict:
    """What the caption says: networks of the study, numbers by verdict, and how many would differ
    by chance."""
    networks = points.drop_duplicates(["task", "condition", "network"])
    judged = found[(found.ours_n >= FEWEST) & found.ci_low.notna()]
    many = found[found.published_n > 1]
    return {
        "n_networks": int(networks.converged.astype(bool).sum()),
        "n_attempted": len(networks),
        "n_numbers": len(found),
        "n_absent": n_absent(published, found),
        "n_agree": int((found.verdict == AGREES).sum()),
        "n_differ": int((found.verdict == DIFFERS).sum()),
        "n_few": int((found.verdict == TOO_FEW).sum()),
        "median_n": float(many.ours_n.median()) if len(many) else 0.0,
        "n_judged": len(judged),
        "n_by_chance": (1 - compare.LEVEL) * len(judged),
    }


def panel_names(found: pd.DataFrame) -> pd.Series:
    """The panel of the paper as one says it: 1C for each part of Fig. 1C, 5 for both halves of Fig.
    5."""
    letter = found.panel.str.split("-").str[0]
    return found.figure + letter.where(letter.str.fullmatch("[A-Z]"), "")


def in_markdown(found: pd.DataFrame) -> str:
    """The scorecard by panel as a Markdown table, as in README: numbers, how many agree, differ,
    have too few networks."""
    panel = panel_names(found)
    counts = pd.crosstab(panel, found.verdict).reindex(
        index=panel.unique(), columns=VERDICTS, fill_value=0
    )
    counts.loc["all"] = counts.sum()
    lines = ["| panel | numbers | agree | differ | too few networks |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {name} | {row.sum()} | {' | '.join(map(str, row))} |"
        for name, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    return "\n".join(lines) + "\n"


HEADINGS = {
    "figure": "figure",
    "panel": "panel",
    "quantity": "quantity",
    "task": "task",
    "x_name": "along",
    "x_value": "at",
    "unit": "unit",
    "published": "published",
    "published_sd": "SD",
    "published_n": "networks",
    "ours": "ours",
    "ours_sd": "SD ",
    "ours_n": "networks ",
    "fresh": "ours, fresh trials",
    "strict": "ours, fresh trials, strict scoring",
    "difference": "ours − published",
    "ci_low": "95 % interval from",
    "ci_high": "to",
    "verdict": "verdict",
    "source": "published in",
}


def _cell(value: str | float) -> str:
    """A number or words as the page shows them."""
    if isinstance(value, str):
        return html.escape(value)
    return "\N{EN DASH}" if np.isnan(value) else f"{value:.4g}".replace("-", "−")


def write_html(found: pd.DataFrame, path: str | Path) -> None:
    """The scorecard as a page for the report: a dash where there is no number. Without links to the
    figures: the report keeps its files under other paths."""
    shown = found[list(HEADINGS)].map(_cell)
    rows = shown.rename(columns=HEADINGS).to_html(index=False, border=0, escape=False)
    page = PAGE.format(title="Every published number and ours", table=rows)
    write_text(page, path)
