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
  too few networks  anything else, and whenever fewer than 3 networks of ours are behind the number
                    (converted ones, for the share of successful spiking networks), or one network
                    is set against one
Narrow enough is a half-width, before the uncertainty of reading the figure is added, of at most
  15 points         for a percentage of networks
  2 points          for the performance of rate networks, which the stopping rule holds between 95
                    and 100 %
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

AGREES = "agrees"
DIFFERS = "differs"
TOO_FEW = "too few networks"
VERDICTS = (AGREES, DIFFERS, TOO_FEW)
FEWEST = 3  # networks of ours behind a number
ENOUGH_FOR_ONE = 6  # the same, against one published network
PER_CONDITION = 100  # networks the paper attempted in each condition
RATE_RANGE = (95.0, 100.0)  # % correct at which training may stop
BY_X = "x_value"
EVERY = ""

NOTE = (
    "Ours minus published, bars: 95 % intervals. {n_numbers} numbers: {n_agree} agree, "
    "{n_differ} differ, {n_few} with too few networks to say (open grey). "
    "Median of {median_n:g} networks of ours; at most about {n_by_chance:.0f} would differ by "
    "chance alone (5 % of the {n_judged} with an interval and at least 3 networks). "
    "N: units; τmax: upper limit of the decays; tref: refractory period."
)
NO_COUNTERPART = (
    "**The scorecard.** No published number has a counterpart in this study: no network that "
    "reached criterion stands where the paper gives one."
)
COLUMNS = [
    "figure",
    "panel",
    "quantity",
    "task",
    "x_name",
    "x_value",
    "unit",
    "published",
    "published_sd",
    "published_n",
    "ours",
    "ours_sd",
    "ours_n",
    "ours_attempted",
    "fresh",
    "strict",
    "difference",
    "ci_low",
    "ci_high",
    "verdict",
    "source",
    "link",
]


class Measure(NamedTuple):
    """How one of our numbers is made: the mean of a column over the networks that reached
    criterion, or a share of networks."""

    column: str
    scale: float = 1.0
    share: bool = False
    tolerance: float = 0.0
    or_sd: bool = False  # the tolerance is one published SD where that is more


MEASURES = {
    # of all networks
    "trained": Measure("converged", 100, share=True, tolerance=15),
    # of the networks that reached criterion
    "successful": Measure("search_accuracy", 100, share=True, tolerance=15),
    "rate": Measure("training_accuracy", 100, tolerance=2),
    "spiking": Measure("search_accuracy", 100, tolerance=5, or_sd=True),
    # on fresh trials, at factors chosen beforehand
    "fixed": Measure("held_out_accuracy", 100, tolerance=5, or_sd=True),
    "trials": Measure("training_trials", or_sd=True),
    "decay": Measure("mean_tau_decay_ms", tolerance=1, or_sd=True),
}
# For measures of spiking networks
ON_FRESH_TRIALS = {"fresh": "held_out_accuracy", "strict": "held_out_strict"}
OF_SPIKING = ("search_accuracy", "held_out_accuracy")


class SdOf(NamedTuple):
    """The row of the published numbers that gives the SD over networks like the one of a number."""

    figure: str
    panel: str
    quantity: str
    x_value: str


class Match(NamedTuple):
    """Rows of the published numbers, and the role and measure of ours. role: BY_X where x_value
    names it, EVERY for all of the figure. sd_of: of a number of one network."""

    figure: str
    panel: str
    quantity: str
    role: str
    measure: str
    sd_of: SdOf | None = None


# The paper has no decays over networks for integration
SD_OF_DECAYS = SdOf("2", "D", "mean tuned synaptic decay", "50")
SD_OF_INTEGRATION = SdOf("4", "D-bottom", "LIF task performance", "250")
SD_OF_SOFTPLUS = SdOf("7", "C-right", "LIF task performance", "softplus")
# As the published numbers call them
TRAINED = "successfully trained rate RNNs"
COUNTED = "rate nets trained"
TRIALS = "training trials to criterion"
RATE = "rate task performance"
SPIKING = "LIF task performance"
SUCCESSFUL = "successful LIF models"
DECAY = "mean tuned synaptic decay"
IN_CAPTION = "mean tuned synaptic decay (caption)"
RECOMPUTED = "mean tuned synaptic decay recomputed from histogram"
OF_LIF = "task performance of the example LIF"
OF_SOFTPLUS = "task performance of example softplus LIF"
MATCHES = (
    Match("1", "B-left", IN_CAPTION, "example", "decay", SD_OF_DECAYS),  # the two disagree
    Match("1", "B-left", RECOMPUTED, "example", "decay", SD_OF_DECAYS),
    Match("1", "C-left-top", RATE, "sizes", "rate"),
    Match("1", "C-left-bottom", TRAINED, "sizes", "trained"),
    Match("1", "C-right", TRIALS, "sizes", "trials"),
    Match("2", "C-top", SUCCESSFUL, "sizes", "successful"),
    Match("2", "C-bottom", SPIKING, "sizes", "spiking"),
    Match("2", "D", DECAY, "decays", "decay"),
    Match("2", "E", COUNTED, "decays", "trained"),
    Match("2", "E-top", SUCCESSFUL, "decays", "successful"),
    Match("2", "E-bottom", SPIKING, "decays", "spiking"),
    Match("2", "E-bottom", RATE, "decays", "rate"),
    Match("3", "B-top", RATE, "sizes", "rate"),
    Match("3", "B-bottom", TRAINED, "sizes", "trained"),
    Match("3", "C", TRIALS, "sizes", "trials"),
    Match("4", "A", OF_LIF, "example", "spiking", SD_OF_INTEGRATION),
    Match("4", "B", RECOMPUTED, "example", "decay", SD_OF_DECAYS),  # the caption agrees
    Match("4", "D-top", SUCCESSFUL, "sizes", "successful"),
    Match("4", "D-bottom", SPIKING, "sizes", "spiking"),
    Match("4", "E", COUNTED, "decays", "trained"),
    Match("4", "E-top", SUCCESSFUL, "decays", "successful"),
    Match("4", "E-bottom", SPIKING, "decays", "spiking"),
    Match("4", "E-bottom", RATE, "decays", "rate"),
    Match("5", "left", SUCCESSFUL, BY_X, "successful"),
    Match("5", "right", SPIKING, BY_X, "spiking"),
    # the text at 2 ms is the search, the panels are not
    Match("6", "A", SPIKING, "refractory", "spiking"),
    Match("6", "A-inset", SPIKING, "refractory", "fixed"),
    Match("6", "A-main", SPIKING, "refractory", "fixed"),
    Match("6", "B", SPIKING, "filters", "spiking"),
    Match("6", "C", SPIKING, "gains", "spiking"),
    Match("7", "B", RATE, BY_X, "rate"),
    Match("7", "B", COUNTED, EVERY, "trained"),
    Match("7", "C-left", SUCCESSFUL, BY_X, "successful"),
    Match("7", "C-right", SPIKING, BY_X, "spiking"),
    Match("S6", "-", OF_SOFTPLUS, "example", "spiking", SD_OF_SOFTPLUS),
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


# The published numbers ----------------------------------------------------------------------------


ByQuantity = dict[tuple[str, str, str], pd.DataFrame]  # figure, panel, quantity -> the numbers


def _by_quantity(published: pd.DataFrame) -> ByQuantity:
    return dict(iter(published.groupby(["figure", "panel", "quantity"])))


def _rows(published: ByQuantity, figure: str, panel: str, quantity: str) -> pd.DataFrame:
    if (figure, panel, quantity) not in published:
        raise ValueError(
            f"published numbers: expected a row of figure {figure}, panel {panel}, "
            f"quantity {quantity!r}, found none"
        )
    return published[figure, panel, quantity]


def _matched(published: ByQuantity, match: Match) -> pd.DataFrame:
    """The rows of one match, its role and measure, and whether the number is of one network."""
    rows = _rows(published, match.figure, match.panel, match.quantity)
    rows = rows.assign(role=match.role, measure=match.measure, one=match.sd_of is not None)
    if match.sd_of:
        alike = _rows(published, match.sd_of.figure, match.sd_of.panel, match.sd_of.quantity)
        sd_over_networks = alike.sd[alike.x_value == match.sd_of.x_value].iloc[0]
        rows = rows.assign(sd=sd_over_networks)  # in its own row it is over units
    return rows


def comparable(published: pd.DataFrame) -> pd.DataFrame:
    """The published numbers over networks that can be compared, once each.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.

    Returns
    -------
    pandas.DataFrame
        `published` with value (per cent for "k of n"), sd, uncertainty and published_n as numbers,
        and role, measure and one (whether it is of one network) of the match. The index is kept.

    Raises
    ------
    ValueError
        A declared match has no row.
    """
    by_quantity = _by_quantity(published)
    rows = pd.concat([_matched(by_quantity, match) for match in MATCHES])
    counts = rows.value.str.extract(r"^(\d+) of (\d+)$").astype(float)
    per_cent = 100 * counts[0] / counts[1]
    rows = rows.assign(
        value=pd.to_numeric(rows.value, errors="coerce").fillna(per_cent),
        decimals=rows.value.str.partition(".")[2].str.len(),
        sd=pd.to_numeric(rows.sd),
        uncertainty=pd.to_numeric(rows.uncertainty).fillna(0.0),
        unit=rows.unit.replace("networks", "%"),
        task=rows.task.replace(TASKS),
    )
    rows = rows[~_repeats(rows)]
    by_size = rows[rows.measure.eq("trained") & rows.x_name.eq("N")]
    share_trained = by_size.set_index(["task", "x_value"]).value
    published_n = [_published_n(row, share_trained, counts[1]) for row in rows.itertuples()]
    return rows.assign(published_n=published_n)


def _repeats(rows: pd.DataFrame) -> pd.Series:
    """Which rows give once more the number of another row of the same figure, quantity and x, as
    far as its decimals go.

    Of a number read from the figure and given in the text, the first is kept, because it has more
    decimals.
    """
    values_at: dict[tuple, list[float]] = {}
    repeated = {}
    for row in rows.sort_values("source", kind="stable").itertuples():  # digitised before text
        earlier = values_at.setdefault((row.figure, row.quantity, row.x_name, row.x_value), [])
        as_exact = 0.5001 * 10.0**-row.decimals
        repeated[row.Index] = any(abs(value - row.value) < as_exact for value in earlier)
        earlier.append(row.value)
    return pd.Series(repeated).reindex(rows.index)


def _published_n(row, share_trained: pd.Series, counted: pd.Series) -> int:
    """The networks behind a published number: those it is a share of, or those that reached
    criterion."""
    if row.one:
        return 1
    if row.measure == "trained":
        return int(counted.fillna(PER_CONDITION)[row.Index])
    if row.x_name == "N":
        return round(PER_CONDITION * share_trained[row.task, row.x_value] / 100)
    return N_AT_DECAY.get((row.figure, row.x_value), PER_CONDITION)


def comparable_singles(published: pd.DataFrame) -> pd.DataFrame:
    """The published numbers of one network that are set against our one example network.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.

    Returns
    -------
    pandas.DataFrame
        `published` with value as a number; of a mean output, the last time at which it was read.
        The index is kept.
    """
    by_quantity = _by_quantity(published)
    rows = pd.concat([_rows(by_quantity, *single) for single in SINGLES])
    time = pd.to_numeric(rows.x_value.where(rows.x_name == "time_s"), errors="coerce")
    trace = [rows.figure, rows.panel, rows.quantity, rows.condition]
    last = time.groupby(trace).transform("max")
    rows = rows[time.isna() | (time == last)]
    return rows.assign(value=pd.to_numeric(rows.value), task=rows.task.replace(TASKS))


# The table ----------------------------------------------------------------------------------------


def table(published: pd.DataFrame, points: pd.DataFrame, singles: pd.DataFrame) -> pd.DataFrame:
    """The scorecard, one row for each published number of which we have a counterpart.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.
    points
        One row per network, with figure, role, x and the columns of results/tables/networks.csv.
    singles
        Numbers of our example networks, named by figure, panel, quantity, x_value and condition as
        in `published`.

    Returns
    -------
    pandas.DataFrame
        Columns COLUMNS, in the order and with the index of the published numbers. SDs are over
        networks. ours and ours_sd are NaN where no network reached criterion.

    Raises
    ------
    ValueError
        A single names no published number, or more than one.
    """
    rows = []
    by_figure = dict(iter(points.groupby("figure")))
    for number in comparable(published).itertuples():
        of_figure = by_figure.get(f"figure_{number.figure.lower()}")
        if of_figure is None:
            continue
        row = _compared(number, _networks(number, of_figure))
        if row:
            rows.append(row)
    rows += _alone(comparable_singles(published), singles)
    scorecard = pd.DataFrame(rows, columns=["index", *COLUMNS]).set_index("index")
    return scorecard.sort_index(kind="stable").rename_axis(None)


def n_absent(published: pd.DataFrame, scorecard: pd.DataFrame) -> int:
    """How many comparable published numbers have no counterpart.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.
    scorecard
        From `table`, of the same numbers.

    Returns
    -------
    int
        Of those over networks and those of one network.
    """
    asked = comparable(published).index.union(comparable_singles(published).index)
    return len(asked.difference(scorecard.index))


def _networks(number, of_figure: pd.DataFrame) -> pd.DataFrame:
    """Our networks behind a published number, of those of its figure; none where our sweep leaves
    the point out."""
    if number.role == EVERY:
        return of_figure
    if number.role == BY_X:
        return of_figure[of_figure.role == number.x_value.lower()]
    rows = of_figure[of_figure.role == number.role]
    if not number.x_value:
        return rows
    x = float(RISE_MS.get(number.x_value, number.x_value))
    return rows[np.isclose(rows.x, x)]


def _values(networks: pd.DataFrame, measure: Measure, column: str) -> np.ndarray:
    """One value for each network, in the unit of the paper; of a share, 100 for a network that
    counts and 0 for another."""
    if column == "converged":
        return measure.scale * networks.converged.to_numpy(float)
    values = networks[networks.converged.astype(bool)][column].dropna().to_numpy(float)
    return measure.scale * (values >= SUCCESS if measure.share else values)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _sample(values: np.ndarray, measure: Measure) -> Sample:
    """Mean, SD and number; no SD of a share or of one network."""
    has_sd = not measure.share and len(values) > 1
    sd = float(values.std(ddof=1)) if has_sd else np.nan
    return Sample(_mean(values), sd, len(values))


def _compared(number, networks: pd.DataFrame) -> dict | None:
    """The row of the scorecard for a published number and our networks behind it.

    None where there are none, or none that has such a number: networks that were given have no
    training, those at given scaling factors no search.
    """
    measure = MEASURES[number.measure]
    values = _values(networks, measure, measure.column)
    if networks.empty or (networks.converged.astype(bool).any() and not len(values)):
        return None
    ours = _sample(values, measure)
    difference = _difference(number, ours, measure)
    row = _named(number) | {
        "published_sd": np.nan if number.one else number.sd,
        "published_n": number.published_n,
        "ours": ours.mean,
        "ours_sd": ours.sd,
        "ours_n": ours.n,
        "ours_attempted": len(networks),
        "difference": difference.difference,
        "ci_low": difference.low,
        "ci_high": difference.high,
        "verdict": verdict(
            difference,
            n=ours.n,
            tolerance=_tolerance(number, ours, measure),
            uncertainty=number.uncertainty,
        ),
    }
    if measure.column in OF_SPIKING:
        for name, column in ON_FRESH_TRIALS.items():
            row[name] = _mean(_values(networks, measure, column))
    return row


def _tolerance(number, ours: Sample, measure: Measure) -> float:
    """The widest half-width at which the interval can say that the numbers agree."""
    if number.one:
        return np.inf if ours.n >= ENOUGH_FOR_ONE else -np.inf
    return tolerance(measure, number.sd)


def tolerance(measure: Measure, sd: float) -> float:
    """The difference from a number over networks that is still no difference.

    Parameters
    ----------
    measure
        How the number is made.
    sd
        The published SD over networks; NaN where there is none.

    Returns
    -------
    float
        In the unit of the paper.
    """
    return max(measure.tolerance, sd) if measure.or_sd else measure.tolerance


def _named(number) -> dict:
    """What a row of the scorecard takes from the published number."""
    names = ("figure", "panel", "quantity", "task", "x_name", "x_value", "unit", "source")
    return {
        "index": number.Index,
        **{name: getattr(number, name) for name in names},
        "published": number.value,
        "link": f"figures/figure_{number.figure.lower()}.png",
    }


def _difference(number, ours: Sample, measure: Measure) -> Difference:
    """Ours minus published, in the unit of the paper.

    Accuracies crowd at 100 %, and a few networks that are all at the top have an SD near 0: Welch's
    interval would then exclude 0 in up to 7 of 10 samples from one population. Where our SD is the
    smaller, or is of 2 networks, both are taken to be the published one.
    """
    if ours.n == 0:
        return Difference(np.nan, np.nan, np.nan)
    if measure.share:
        return _difference_of_shares(number, ours)
    sd = _sd_at_most(number.value) if np.isnan(number.sd) else number.sd
    published = Sample(number.value, sd, number.published_n)
    if ours.n < FEWEST or ours.sd < published.sd:
        n_sd = PER_CONDITION if number.one else published.n
        return compare.difference_at_sd(
            ours, published, sd=published.sd, n_sd=n_sd, uncertainty=number.uncertainty
        )
    if number.one:
        return compare.difference_from_one(ours, number.value, number.uncertainty)
    return compare.difference_of_means(ours, published, number.uncertainty)


def _difference_of_shares(number, ours: Sample) -> Difference:
    """Of two percentages of networks."""
    our_count = compare.Count(round(ours.mean * ours.n / 100), ours.n)
    published_count = compare.Count(
        round(number.value * number.published_n / 100), number.published_n
    )
    fractions = compare.difference_of_shares(our_count, published_count, number.uncertainty / 100)
    return Difference(*(100 * fraction for fraction in fractions))


def _sd_at_most(mean: float) -> float:
    """The largest SD that accuracies of trained rate networks with this mean can have; Figs. 2E and
    4E draw none.

    Values within [a, b] of mean m have a variance of at most (m - a)(b - m): Bhatia and Davis, Am.
    Math. Mon. 107 (2000).
    """
    low, high = RATE_RANGE
    return float(np.sqrt((mean - low) * (high - mean)))


def verdict(difference: Difference, *, n: int, tolerance: float, uncertainty: float) -> str:
    """What an interval says.

    Parameters
    ----------
    difference
        Ours minus published, with its interval.
    n
        Networks of ours behind it.
    tolerance
        The widest half-width at which the numbers agree.
    uncertainty
        Of reading the figure, which is in the interval and does not count here.

    Returns
    -------
    str
        One of VERDICTS.
    """
    if n < FEWEST or np.isnan(difference.low):
        return TOO_FEW
    if difference.low > 0 or difference.high < 0:
        return DIFFERS
    half = (difference.high - difference.low) / 2 - uncertainty
    return AGREES if half <= tolerance + 1e-9 else TOO_FEW


def _alone(published: pd.DataFrame, singles: pd.DataFrame) -> list[dict]:
    """Rows of the scorecard for our example networks, one network against one. Where x_value does
    not tell them apart, as in Fig. S7B, the last words of the condition do."""
    singles = singles[singles.value.notna()]
    alike = singles.duplicated(["figure", "panel", "quantity", "x_value"], keep=False)
    rows = []
    for single, is_alike in zip(singles.itertuples(), alike, strict=True):
        number = _published_of(published, single)
        row = _named(number) | {
            "x_value": single.x_value,
            "published_n": 1,
            "ours": single.value,
            "ours_n": 1,
            "ours_attempted": 1,
            "difference": single.value - number.value,
            "verdict": TOO_FEW,
        }
        if is_alike:
            row["x_name"] = "condition"
            row["x_value"] = single.condition.split(";")[-1]
        rows.append(row)
    return rows


def _published_of(published: pd.DataFrame, single):
    """The one published number that a single of ours is set against."""
    names = published[["figure", "panel", "quantity"]]
    rows = published[names.eq([single.figure, single.panel, single.quantity]).all(axis=1)]
    for column in ("x_value", "condition"):
        if len(rows) > 1:
            rows = rows[rows[column] == getattr(single, column)]
    if len(rows) != 1:
        raise ValueError(
            f"our single number {single.figure!r}, {single.panel!r}, {single.quantity!r}, "
            f"{single.x_value!r}, {single.condition!r}: "
            f"expected one published number of that name, found {len(rows)}"
        )
    return next(rows.itertuples())


# What is said of it -------------------------------------------------------------------------------


def describe(scorecard: pd.DataFrame, published: pd.DataFrame, points: pd.DataFrame) -> dict:
    """What the caption says.

    Parameters
    ----------
    scorecard
        From `table`.
    published, points
        What it was made of.

    Returns
    -------
    dict
        Networks of the study, numbers by verdict, and how many would differ by chance.
    """
    networks = points.drop_duplicates(["task", "condition", "network"])
    judged = scorecard[(scorecard.ours_n >= FEWEST) & scorecard.ci_low.notna()]
    many = scorecard[scorecard.published_n > 1]
    return {
        "n_networks": int(networks.converged.astype(bool).sum()),
        "n_attempted": len(networks),
        "n_numbers": len(scorecard),
        "n_absent": n_absent(published, scorecard),
        "n_agree": int((scorecard.verdict == AGREES).sum()),
        "n_differ": int((scorecard.verdict == DIFFERS).sum()),
        "n_few": int((scorecard.verdict == TOO_FEW).sum()),
        "median_n": float(many.ours_n.median()) if len(many) else 0.0,
        "n_judged": len(judged),
        "n_by_chance": (1 - compare.LEVEL) * len(judged),
    }


def panel_names(scorecard: pd.DataFrame) -> pd.Series:
    """The panel of the paper as one says it.

    1C for each part of Fig. 1C, 5 for both halves of Fig. 5.
    """
    letter = scorecard.panel.str.split("-").str[0]
    return scorecard.figure + letter.where(letter.str.fullmatch("[A-Z]"), "")


def in_markdown(scorecard: pd.DataFrame) -> str:
    """The scorecard by panel as a Markdown table.

    Parameters
    ----------
    scorecard
        From `table`.

    Returns
    -------
    str
        Of each panel how many numbers there are, and how many agree, differ, have too few networks.
    """
    panel = panel_names(scorecard)
    counts = pd.crosstab(panel, scorecard.verdict)
    counts = counts.reindex(index=panel.unique(), columns=VERDICTS, fill_value=0)
    counts.loc["all"] = counts.sum()
    lines = ["| panel | numbers | agree | differ | too few networks |", "|---|--:|--:|--:|--:|"]
    for name, row in zip(counts.index, counts.to_numpy(), strict=True):
        lines.append(f"| {name} | {row.sum()} | {' | '.join(map(str, row))} |")
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
    if np.isnan(value):
        return "\N{EN DASH}"
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def write_html(scorecard: pd.DataFrame, path: str | Path) -> None:
    """Write the scorecard as a page for the report, a dash where there is no number.

    It is without links to the figures: the report keeps its files under other paths.

    Parameters
    ----------
    scorecard
        From `table`.
    path
        The file.
    """
    shown = scorecard[list(HEADINGS)].map(_cell)
    rows = shown.rename(columns=HEADINGS).to_html(index=False, border=0, escape=False)
    page = PAGE.format(title="Every published number and ours", table=rows)
    write_text(page, path)
