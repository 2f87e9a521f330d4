"""Numbers behind the figures that compare conditions: means, SDs and shares of networks, and the
published ones beside them.

Tables in, tables and words out; nothing is drawn here. `points` has one row per network, trained or
not: `role` (what its condition is there for), `x` (its value along the sweep) and the columns of
results/tables/networks.csv. A table of numbers has the columns x, y, sd, n: the mean or the share
in y, its SD over networks (n - 1), and the number of networks behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..analysis.tables import SUCCESS
from ..files import write_csv
from . import compare

EXAMPLE = "example"  # the role of the condition that the example network is from
PERCENT = 100.0
NUMBERS = ["x", "y", "sd", "n"]
RISE_MS = {"Single": 0.0, "Double": 2.0}  # the exponential filters of Fig. 6B


def of_role(points: pd.DataFrame, role: str) -> pd.DataFrame:
    """The networks of the conditions of one role."""
    return points[points.role == role]


def side_by_side(points: pd.DataFrame, roles: Mapping[str, str]) -> pd.DataFrame:
    """The networks of several single conditions, as a sweep over their names. roles: role -> name."""
    named = points.assign(x=points.role.map(roles))
    order = {name: i for i, name in enumerate(roles.values())}
    return named[named.x.notna()].sort_values(
        "x", key=lambda names: names.map(order), kind="stable"
    )


def by_filter(rows: pd.DataFrame) -> pd.DataFrame:
    """The networks of a sweep over rise times, as a sweep over the paper's names of the filters;
    another time is its own name."""
    names = {ms: name for name, ms in RISE_MS.items()}
    rows = rows.sort_values("x", kind="stable")
    return rows.assign(x=[names.get(ms, f"{ms:g} ms") for ms in rows.x])


def trained(rows: pd.DataFrame) -> pd.DataFrame:
    """The networks that reached criterion."""
    return rows[rows.converged.astype(bool)]


def by_x(rows: pd.DataFrame) -> dict[object, pd.DataFrame]:
    """The networks at each value of the sweep: numbers in their order, names as they come."""
    return dict(list(rows.groupby("x", sort=pd.api.types.is_numeric_dtype(rows.x))))


def spread(rows: pd.DataFrame, column: str, scale: float = 1.0) -> pd.DataFrame:
    """Mean and SD of a column over the networks that reached criterion, at each x. NaN where none
    did; no SD of one network.

    An x is left out where there are networks but no such number: a condition that takes its factors
    from another has no search.
    """
    values = {x: scale * trained(group)[column].astype(float) for x, group in by_x(rows).items()}
    return _numbers(
        (x, v.mean(), v.std(ddof=1), len(v))
        for x, v in values.items()
        if v.empty or v.notna().any()
    )


def share_trained(rows: pd.DataFrame) -> pd.DataFrame:
    """Percentage of all networks that reached criterion, at each x; n: all networks."""
    return _numbers(
        (x, PERCENT * len(trained(group)) / len(group), np.nan, len(group))
        for x, group in by_x(rows).items()
    )


def share_successful(rows: pd.DataFrame) -> pd.DataFrame:
    """Percentage of the converted networks (those that reached criterion) with at least 95 %
    correct spiking trials, at each x.

    n: converted networks; NaN where there is none. An x is left out where the networks were not
    searched.
    """
    shares = []
    for x, group in by_x(rows).items():
        accuracy = trained(group).search_accuracy.to_numpy(float)
        if len(accuracy) and np.isnan(accuracy).all():
            continue
        shares.append(
            (
                x,
                PERCENT * np.mean(accuracy >= SUCCESS) if len(accuracy) else np.nan,
                np.nan,
                len(accuracy),
            )
        )
    return _numbers(shares)


def _numbers(rows) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=NUMBERS).astype({"y": float, "sd": float})


class Comparison(NamedTuple):
    """Whether a column differs between the values of x, over the networks that reached criterion
    and have such a number.

    panel: of the paper; what: the comparison in words.
    """

    panel: str
    what: str
    rows: pd.DataFrame
    column: str

    @property
    def groups(self) -> dict[str, np.ndarray]:
        """The values at each x."""
        return {
            str(x): trained(group)[self.column].dropna().to_numpy(float)
            for x, group in by_x(self.rows).items()
        }

    @property
    def test(self) -> compare.RankSum | compare.KruskalWallis | None:
        """The rank-sum test of two values of x, the Kruskal-Wallis test of more; None where there
        is one."""
        groups = list(self.groups.values())
        if len(groups) < 2:
            return None
        return compare.rank_sum(*groups) if len(groups) == 2 else compare.kruskal_wallis(groups)

    def in_words(self) -> str:
        return compare.in_words(self.test) if self.test else "no test: there is one condition"


TESTS = [
    "figure",
    "panel",
    "comparison",
    "conditions",
    "n",
    "test",
    "statistic_name",
    "statistic",
    "p",
    "effect_name",
    "effect",
]


def table_of_tests(figure: str, comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """One row for each comparison of a figure: the conditions, the networks behind each, and the
    test; no p where there are too few networks or conditions to test."""
    rows = []
    for comparison in comparisons:
        named = {"figure": figure, "panel": comparison.panel, "comparison": comparison.what}
        groups = comparison.groups
        sizes = {
            "conditions": "; ".join(groups),
            "n": "; ".join(str(len(values)) for values in groups.values()),
        }
        rows.append(
            named
            | sizes
            | (compare.as_row(comparison.test) if comparison.test else {"test": "none"})
        )
    return pd.DataFrame(rows, columns=TESTS)


def searched_in_words(rows: pd.DataFrame) -> str:
    """Where the scaling factors of the refractory periods (ms, in x) come from, for networks drawn
    on fresh trials."""
    networks = {ms: trained(group) for ms, group in by_x(rows).items()}
    searched = {
        ms: group.search_accuracy.notna().any() for ms, group in networks.items() if len(group)
    }
    if all(searched.values()):
        return "on fresh trials at the factors searched for each period"
    periods = " and ".join(f"{ms:g}" for ms, there in searched.items() if there)
    where = f"at {periods} ms" if periods else "in another condition"
    return f"on fresh trials at the scaling factors chosen {where}"


NO_NUMBER = "\N{EN DASH}"


def shares_in_words(shares: pd.DataFrame) -> list[str]:
    """The counts behind percentages, "94/100"."""
    counts = zip((shares.y * shares.n / PERCENT).fillna(0), shares.n, strict=True)
    return [NO_NUMBER if np.isnan(n) else f"{round(k)}/{n:.0f}" for k, n in counts]


def sizes_in_words(means: pd.DataFrame) -> list[str]:
    """The numbers of networks behind means."""
    return [NO_NUMBER if np.isnan(n) else f"n = {n:.0f}" for n in means.n]


def published_values(
    published: pd.DataFrame, panel: str, quantity: str, at: Sequence | None = None
) -> pd.DataFrame:
    """What the paper draws of a quantity in a panel, as read from it.

    published: rows of resources/published.tsv for one figure, all strings; at: the values of x to
    return, in that order, NaN where the paper has none.
    """
    found = published[
        (published.panel == panel)
        & (published.quantity == quantity)
        & (published.source == "digitised")
    ]
    x = pd.to_numeric(found.x_value, errors="coerce")
    y, sd = (pd.to_numeric(found[column], errors="coerce") for column in ("value", "sd"))
    values = pd.DataFrame(
        {"x": found.x_value if x.isna().any() else x, "y": y, "sd": sd, "n": np.nan}
    )
    return _at(values, at)


class Compared(NamedTuple):
    """Our numbers and the published ones, both with columns x, y, sd, n."""

    ours: pd.DataFrame
    published: pd.DataFrame


def _at(numbers: pd.DataFrame, at: Sequence | None) -> pd.DataFrame:
    """The numbers at these x, in that order, all NaN where there are none; all as they are where
    `at` is None."""
    return (
        numbers if at is None else numbers.set_index("x").reindex(list(at)).reset_index()[NUMBERS]
    )


def performance(
    rows: pd.DataFrame, published: pd.DataFrame, panel: str, at: Sequence | None = None
) -> Compared:
    """Correct trials (%) of the rate networks in the evaluation that ended their training; at: of
    ours and of the published."""
    ours = _at(spread(rows, "training_accuracy", PERCENT), at)
    return Compared(ours, published_values(published, panel, "rate task performance", at))


def spiking_performance(
    rows: pd.DataFrame, published: pd.DataFrame, panel: str, at: Sequence | None = None
) -> Compared:
    """Correct trials (%) of the spiking networks at the best scaling factor of the search."""
    ours = _at(spread(rows, "search_accuracy", PERCENT), at)
    return Compared(ours, published_values(published, panel, "LIF task performance", at))


def fresh_performance(rows: pd.DataFrame, published: pd.DataFrame, panel: str) -> Compared:
    """Correct trials (%) of the spiking networks on fresh trials (paper, Fig. 6A)."""
    return Compared(
        spread(rows, "held_out_accuracy", PERCENT),
        published_values(published, panel, "LIF task performance"),
    )


def successful(
    rows: pd.DataFrame, published: pd.DataFrame, panel: str, at: Sequence | None = None
) -> Compared:
    """Share (%) of successful spiking networks."""
    return Compared(
        _at(share_successful(rows), at),
        published_values(published, panel, "successful LIF models", at),
    )


class Training(NamedTuple):
    """How well the rate networks of a sweep learned (paper, Figs. 1C, 3B, 3C)."""

    performance: Compared
    trained: Compared
    trials: Compared


def training(rows: pd.DataFrame, published: pd.DataFrame, *, left: str, right: str) -> Training:
    """Performance of the trained networks, their share, training trials they needed. left, right:
    panels of the paper."""
    return Training(
        performance(rows, published, f"{left}-top"),
        Compared(
            share_trained(rows),
            published_values(published, f"{left}-bottom", "successfully trained rate RNNs"),
        ),
        Compared(
            spread(rows, "training_trials"),
            published_values(published, right, "training trials to criterion"),
        ),
    )


class Conversion(NamedTuple):
    """What became of the networks of a sweep as spiking networks (paper, Figs. 2C, 2E, 4D, 4E)."""

    successful: Compared
    rate: Compared
    spiking: Compared


def conversion(rows: pd.DataFrame, published: pd.DataFrame, panel: str) -> Conversion:
    """Share of successful spiking networks, performance of the rate networks and of the spiking
    ones made from them."""
    bottom = f"{panel}-bottom"
    return Conversion(
        successful(rows, published, f"{panel}-top"),
        performance(rows, published, bottom),
        spiking_performance(rows, published, bottom),
    )


# column of the table of networks: in words
SCORINGS = {
    "rate_accuracy": "rate, fresh trials",
    "search_accuracy": "spiking, best of the grid",
    "held_out_accuracy": "spiking, fresh trials",
    "held_out_strict": "the same, strict scoring",
}


class Swept(NamedTuple):
    """What the settings of any sweep do: share trained, training trials, share successful, correct
    trials by scoring."""

    trained: pd.DataFrame
    trials: pd.DataFrame
    successful: pd.DataFrame
    correct: Mapping[str, pd.DataFrame]


def swept(rows: pd.DataFrame) -> Swept:
    """The numbers of any sweep, beside those of the paper's figures the accuracy on fresh trials by
    two scorings."""
    correct = {name: spread(rows, column, PERCENT) for column, name in SCORINGS.items()}
    return Swept(
        share_trained(rows), spread(rows, "training_trials"), share_successful(rows), correct
    )


# task: panel of `Swept` -> figure, panel and quantity of the paper that show it against the size of
# the network
PUBLISHED_BY_SIZE = {
    "go-nogo": {
        "trained": ("1", "C-left-bottom", "successfully trained rate RNNs"),
        "trials": ("1", "C-right", "training trials to criterion"),
        "correct": ("2", "C-bottom", "LIF task performance"),
        "successful": ("2", "C-top", "successful LIF models"),
    },
    "integration": {
        "trained": ("3", "B-bottom", "successfully trained rate RNNs"),
        "trials": ("3", "C", "training trials to criterion"),
        "correct": ("4", "D-bottom", "LIF task performance"),
        "successful": ("4", "D-top", "successful LIF models"),
    },
}


def published_at_size(published: pd.DataFrame, task: str, n_units: int | None) -> dict[str, float]:
    """The paper's values for networks of that size with decays of 20 to 50 ms, by panel; none for
    other tasks, sizes or None."""
    found = {}
    for panel, (figure, where, quantity) in PUBLISHED_BY_SIZE.get(task, {}).items():
        of_figure = published_values(published[published.figure == figure], where, quantity)
        for value in of_figure.y[of_figure.x == n_units]:
            found[panel] = value
    return found


def tuned_decay(rows: pd.DataFrame, published: pd.DataFrame, panel: str) -> Compared:
    """Mean synaptic decay of the networks that were trained."""
    return Compared(
        spread(rows, "mean_tau_decay_ms"),
        published_values(published, panel, "mean tuned synaptic decay"),
    )


def published_traces(
    published: pd.DataFrame, panel: str, quantities: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """The curves of a panel as read from the paper, x in s."""
    return {quantity: published_values(published, panel, quantity) for quantity in quantities}


def describe(points: pd.DataFrame, example: Mapping | None = None) -> dict:
    """What the caption and the line under a figure say of its networks, and of the example network
    where it draws one.

    Conditions that differ only in the neuron share their rate networks, which count once. example:
    what `analysis.describe_example` says of it.
    """
    networks = points.drop_duplicates(["task", "condition", "network"])
    compared = points[points.role != EXAMPLE] if example else points
    conditions = compared.groupby(["role", "x"], dropna=False).converged
    least, most = conditions.size().min(), conditions.size().max()
    per_condition = (
        ("1 network" if most == 1 else f"{most} networks")
        if least == most
        else f"{least} to {most} networks"
    )
    crosses = "" if conditions.any().all() else "; ×: no network trained"
    means = (
        "" if compared.converged.astype(bool).all() else "; means over those that reached criterion"
    )
    facts = {
        "n_networks": len(trained(networks)),
        "n_attempted": len(networks),
        "per_condition": per_condition,
        "crosses": crosses,
        "sweep_note": f"{per_condition} per condition (paper: 100){means}{crosses}",
    }
    return facts | describe_example(example) if example else facts


def describe_example(example: Mapping) -> dict[str, str]:
    """The words of a caption about the example network; they say so where there is none."""
    if not example["n_networks"]:
        none = f"no network of this condition reached criterion (0 of {example['n_attempted']})"
        return {"example": f"N{none[1:]}.", "example_note": none, "at_lambda": ""} | dict.fromkeys(
            ("decays", "scaling", "trials"), "none"
        )
    words = {
        "example": "Network {network}, {n_units} units ({n_exc} excitatory, {n_inh} inhibitory); {networks}, and drawn is the "
        "one whose spiking version is most accurate on fresh trials ({held_out:.0f} % correct).",
        "example_note": "{condition}, {network}: {n_exc} exc., {n_inh} inh. units; {networks}; {trials} trials, mean ± SD",
        "at_lambda": "; λ = 1/{factor:g}",
        "decays": "{tau_mean:.1f} ± {tau_sd:.1f} ms",
        "scaling": "1/{factor:g}",
        "trials": "{trials}",
    }
    return {name: text.format(**example) for name, text in words.items()}


SINGLES = ["figure", "panel", "quantity", "condition", "x_value", "value"]


def single(published: pd.DataFrame, value: float, **more: str) -> dict:
    """Our value of one published number, the first of these rows of resources/published.tsv, in the
    paper's words; `more` replaces some of them."""
    return {**published.iloc[0][SINGLES[:-1]], **more, "value": value}


def singles_at_last(
    published: pd.DataFrame, panel: str, quantities: Sequence[str], time_s, outputs
) -> list[dict]:
    """Our outputs at the last time at which the paper's mean traces were read. outputs
    (n_quantities, n_steps)."""
    found = []
    for quantity, output in zip(quantities, outputs, strict=True):
        trace = published[(published.panel == panel) & (published.quantity == quantity)]
        last = trace.iloc[[pd.to_numeric(trace.x_value).argmax()]]
        found.append(single(last, float(np.interp(float(last.x_value.iloc[0]), time_s, output))))
    return found


def write_singles(singles: Sequence[Mapping], path: str | Path) -> None:
    """Write the numbers of one example network for the scorecard.

    Parameters
    ----------
    singles
        As `single` makes them; none where there was no network.
    path
        The CSV file.
    """
    table = pd.DataFrame(list(singles), columns=SINGLES)
    write_csv(table, path, float_format="%.9g")
