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


# Which networks -----------------------------------------------------------------------------------


def of_role(points: pd.DataFrame, role: str) -> pd.DataFrame:
    """The networks of the conditions of one role."""
    return points[points.role == role]


def side_by_side(points: pd.DataFrame, roles: Mapping[str, str]) -> pd.DataFrame:
    """The networks of several single conditions, as a sweep over their names.

    Parameters
    ----------
    points
        Networks, with columns role and x.
    roles
        The name of each role, in the order of the sweep. Other roles are left out.

    Returns
    -------
    pandas.DataFrame
        The networks, with the names in x.
    """
    named = points.assign(x=points.role.map(roles))
    order = {name: i for i, name in enumerate(roles.values())}
    named = named[named.x.notna()]
    return named.sort_values("x", key=lambda names: names.map(order), kind="stable")


def by_filter(rows: pd.DataFrame) -> pd.DataFrame:
    """The networks of a sweep over rise times, as a sweep over the paper's names of the filters.

    Parameters
    ----------
    rows
        Networks, with rise times (ms) in x.

    Returns
    -------
    pandas.DataFrame
        The networks in the order of their rise times, with the names in x; a time that the paper
        has not is its own name.
    """
    names = {ms: name for name, ms in RISE_MS.items()}
    rows = rows.sort_values("x", kind="stable")
    return rows.assign(x=[names.get(ms, f"{ms:g} ms") for ms in rows.x])


def trained(rows: pd.DataFrame) -> pd.DataFrame:
    """The networks that reached criterion."""
    return rows[rows.converged.astype(bool)]


def by_x(rows: pd.DataFrame) -> dict[object, pd.DataFrame]:
    """The networks at each value of the sweep: numbers in their order, names as they come."""
    in_order = pd.api.types.is_numeric_dtype(rows.x)
    return dict(list(rows.groupby("x", sort=in_order)))


# Numbers of ours ----------------------------------------------------------------------------------


def spread(rows: pd.DataFrame, column: str, scale: float = 1.0) -> pd.DataFrame:
    """Mean and SD of a column over the networks that reached criterion, at each x.

    An x is left out where there are networks but no such number: a condition that takes its factors
    from another has no search.

    Parameters
    ----------
    rows
        The networks of a sweep.
    column
        Of the table of networks.
    scale
        What its values are multiplied by.

    Returns
    -------
    pandas.DataFrame
        Columns x, y, sd, n. NaN where no network reached criterion; no SD of one network.
    """
    numbers = []
    for x, networks in by_x(rows).items():
        values = scale * trained(networks)[column].astype(float)
        if values.empty or values.notna().any():
            numbers.append((x, values.mean(), values.std(ddof=1), len(values)))
    return _numbers(numbers)


def share_trained(rows: pd.DataFrame) -> pd.DataFrame:
    """Percentage of all networks that reached criterion, at each x.

    Parameters
    ----------
    rows
        The networks of a sweep.

    Returns
    -------
    pandas.DataFrame
        Columns x, y, sd, n; n: all networks.
    """
    numbers = []
    for x, networks in by_x(rows).items():
        share = PERCENT * len(trained(networks)) / len(networks)
        numbers.append((x, share, np.nan, len(networks)))
    return _numbers(numbers)


def share_successful(rows: pd.DataFrame) -> pd.DataFrame:
    """Percentage of the converted networks with at least 95 % correct spiking trials, at each x.

    Converted are those that reached criterion. An x is left out where the networks were not
    searched.

    Parameters
    ----------
    rows
        The networks of a sweep.

    Returns
    -------
    pandas.DataFrame
        Columns x, y, sd, n; n: converted networks; NaN in y where there is none.
    """
    numbers = []
    for x, networks in by_x(rows).items():
        accuracy = trained(networks).search_accuracy.to_numpy(float)
        n = len(accuracy)
        if n and np.isnan(accuracy).all():
            continue
        share = PERCENT * np.mean(accuracy >= SUCCESS) if n else np.nan
        numbers.append((x, share, np.nan, n))
    return _numbers(numbers)


def _numbers(rows: Sequence[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=NUMBERS).astype({"y": float, "sd": float})


# Tests --------------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    """Whether a column differs between the values of x.

    Over the networks that reached criterion and have such a number.

    Attributes
    ----------
    panel
        Of the paper.
    what
        The comparison in words.
    rows
        The networks of a sweep.
    column
        Of the table of networks.
    """

    panel: str
    what: str
    rows: pd.DataFrame
    column: str

    @property
    def groups(self) -> dict[str, np.ndarray]:
        """The values at each x."""
        groups = {}
        for x, networks in by_x(self.rows).items():
            groups[str(x)] = trained(networks)[self.column].dropna().to_numpy(float)
        return groups

    @property
    def test(self) -> compare.RankSum | compare.KruskalWallis | None:
        """The rank-sum test of two values of x, the Kruskal-Wallis test of more; None where there
        is one."""
        groups = list(self.groups.values())
        if len(groups) < 2:
            return None
        return compare.rank_sum(*groups) if len(groups) == 2 else compare.kruskal_wallis(groups)

    def in_words(self) -> str:
        """The result as a caption says it."""
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
    """The comparisons of a figure as a table.

    Parameters
    ----------
    figure
        Of the paper.
    comparisons
        One for each row.

    Returns
    -------
    pandas.DataFrame
        The conditions, the networks behind each, and the test; no p where there are too few
        networks or conditions to test.
    """
    rows = []
    for comparison in comparisons:
        groups = comparison.groups
        test = comparison.test
        row = {
            "figure": figure,
            "panel": comparison.panel,
            "comparison": comparison.what,
            "conditions": "; ".join(groups),
            "n": "; ".join(str(len(values)) for values in groups.values()),
        }
        rows.append(row | (compare.as_row(test) if test else {"test": "none"}))
    return pd.DataFrame(rows, columns=TESTS)


# Words of captions and under bars -----------------------------------------------------------------


def searched_in_words(rows: pd.DataFrame) -> str:
    """Where the scaling factors of networks that are drawn on fresh trials come from.

    Parameters
    ----------
    rows
        The networks of a sweep over refractory periods (ms, in x).

    Returns
    -------
    str
        For the caption.
    """
    searched = {}
    for ms, networks in by_x(rows).items():
        converted = trained(networks)
        if len(converted):
            searched[ms] = converted.search_accuracy.notna().any()
    if all(searched.values()):
        return "on fresh trials at the factors searched for each period"
    periods = " and ".join(f"{ms:g}" for ms, was_searched in searched.items() if was_searched)
    where = f"at {periods} ms" if periods else "in another condition"
    return f"on fresh trials at the scaling factors chosen {where}"


NO_NUMBER = "\N{EN DASH}"


def shares_in_words(shares: pd.DataFrame) -> list[str]:
    """The counts behind percentages, "94/100"."""
    texts = []
    for row in shares.itertuples():
        if np.isnan(row.n):
            texts.append(NO_NUMBER)
        else:
            k = 0 if np.isnan(row.y) else round(row.y * row.n / PERCENT)
            texts.append(f"{k}/{row.n:.0f}")
    return texts


def sizes_in_words(means: pd.DataFrame) -> list[str]:
    """The numbers of networks behind means."""
    return [NO_NUMBER if np.isnan(n) else f"n = {n:.0f}" for n in means.n]


# Numbers of the paper -----------------------------------------------------------------------------


def published_values(
    published: pd.DataFrame, panel: str, quantity: str, at: Sequence | None = None
) -> pd.DataFrame:
    """What the paper draws of a quantity in a panel, as read from it.

    Parameters
    ----------
    published
        Rows of resources/published.tsv for one figure, all columns as text.
    panel, quantity
        As they are called there.
    at
        The values of x to return, in that order; None: all.

    Returns
    -------
    pandas.DataFrame
        Columns x, y, sd, n; NaN where the paper has no such x.
    """
    in_panel = (published.panel == panel) & (published.quantity == quantity)
    rows = published[in_panel & (published.source == "digitised")]
    x = pd.to_numeric(rows.x_value, errors="coerce")
    values = pd.DataFrame(
        {
            "x": rows.x_value if x.isna().any() else x,
            "y": pd.to_numeric(rows.value, errors="coerce"),
            "sd": pd.to_numeric(rows.sd, errors="coerce"),
            "n": np.nan,
        }
    )
    return _at(values, at)


class Compared(NamedTuple):
    """Our numbers and the published ones, both with columns x, y, sd, n."""

    ours: pd.DataFrame
    published: pd.DataFrame


def _at(numbers: pd.DataFrame, at: Sequence | None) -> pd.DataFrame:
    """The numbers at these x, in that order, all NaN where there are none; all as they are where
    `at` is None."""
    if at is None:
        return numbers
    return numbers.set_index("x").reindex(list(at)).reset_index()[NUMBERS]


def performance(
    rows: pd.DataFrame, published: pd.DataFrame, panel: str, at: Sequence | None = None
) -> Compared:
    """Correct trials (%) of the rate networks in the evaluation that ended their training.

    Parameters
    ----------
    rows
        The networks of a sweep.
    published
        Rows of resources/published.tsv for one figure.
    panel
        Of the paper.
    at
        The values of x, of ours and of the published; None: all.

    Returns
    -------
    Compared
        Means and SDs.
    """
    ours = _at(spread(rows, "training_accuracy", PERCENT), at)
    return Compared(ours, published_values(published, panel, "rate task performance", at))


def spiking_performance(
    rows: pd.DataFrame, published: pd.DataFrame, panel: str, at: Sequence | None = None
) -> Compared:
    """Correct trials (%) of the spiking networks at the best scaling factor of the search.

    Parameters and result are those of `performance`.
    """
    ours = _at(spread(rows, "search_accuracy", PERCENT), at)
    return Compared(ours, published_values(published, panel, "LIF task performance", at))


def fresh_performance(rows: pd.DataFrame, published: pd.DataFrame, panel: str) -> Compared:
    """Correct trials (%) of the spiking networks on fresh trials (paper, Fig. 6A).

    Parameters and result are those of `performance`.
    """
    ours = spread(rows, "held_out_accuracy", PERCENT)
    return Compared(ours, published_values(published, panel, "LIF task performance"))


def successful(
    rows: pd.DataFrame, published: pd.DataFrame, panel: str, at: Sequence | None = None
) -> Compared:
    """Share (%) of successful spiking networks.

    Parameters and result are those of `performance`.
    """
    ours = _at(share_successful(rows), at)
    return Compared(ours, published_values(published, panel, "successful LIF models", at))


class Training(NamedTuple):
    """How well the rate networks of a sweep learned (paper, Figs. 1C, 3B, 3C)."""

    performance: Compared
    trained: Compared
    trials: Compared


def training(rows: pd.DataFrame, published: pd.DataFrame, *, left: str, right: str) -> Training:
    """Performance of the trained networks, their share, training trials they needed.

    Parameters
    ----------
    rows
        The networks of a sweep.
    published
        Rows of resources/published.tsv for one figure.
    left, right
        Panels of the paper: that of the first two, which end in "-top" and "-bottom", and that of
        the training trials.

    Returns
    -------
    Training
        Each ours and published.
    """
    bottom = f"{left}-bottom"
    share = published_values(published, bottom, "successfully trained rate RNNs")
    trials = published_values(published, right, "training trials to criterion")
    return Training(
        performance=performance(rows, published, f"{left}-top"),
        trained=Compared(share_trained(rows), share),
        trials=Compared(spread(rows, "training_trials"), trials),
    )


class Conversion(NamedTuple):
    """What became of the networks of a sweep as spiking networks (paper, Figs. 2C, 2E, 4D, 4E)."""

    successful: Compared
    rate: Compared
    spiking: Compared


def conversion(rows: pd.DataFrame, published: pd.DataFrame, panel: str) -> Conversion:
    """Share of successful spiking networks, performance of these and of the rate networks.

    Parameters
    ----------
    rows
        The networks of a sweep.
    published
        Rows of resources/published.tsv for one figure.
    panel
        Of the paper; its two halves end in "-top" and "-bottom".

    Returns
    -------
    Conversion
        Each ours and published.
    """
    bottom = f"{panel}-bottom"
    return Conversion(
        successful=successful(rows, published, f"{panel}-top"),
        rate=performance(rows, published, bottom),
        spiking=spiking_performance(rows, published, bottom),
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
    """The numbers of any sweep, with the accuracy on fresh trials by two scorings.

    Parameters
    ----------
    rows
        The networks of a sweep.

    Returns
    -------
    Swept
        Tables with the columns x, y, sd, n.
    """
    correct = {}
    for column, name in SCORINGS.items():
        correct[name] = spread(rows, column, PERCENT)
    return Swept(
        trained=share_trained(rows),
        trials=spread(rows, "training_trials"),
        successful=share_successful(rows),
        correct=correct,
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
    """The paper's values for networks of that size with decays of 20 to 50 ms.

    Parameters
    ----------
    published
        resources/published.tsv, all columns as text.
    task
        The name of the task.
    n_units
        The size; None where a sweep has networks of several.

    Returns
    -------
    dict
        The value of each panel of `Swept`; none for other tasks, sizes or None.
    """
    values = {}
    for panel, (figure, where, quantity) in PUBLISHED_BY_SIZE.get(task, {}).items():
        of_figure = published_values(published[published.figure == figure], where, quantity)
        for value in of_figure.y[of_figure.x == n_units]:
            values[panel] = value
    return values


def tuned_decay(rows: pd.DataFrame, published: pd.DataFrame, panel: str) -> Compared:
    """Mean synaptic decay (ms) of the networks that were trained.

    Parameters and result are those of `performance`.
    """
    ours = spread(rows, "mean_tau_decay_ms")
    return Compared(ours, published_values(published, panel, "mean tuned synaptic decay"))


def published_traces(
    published: pd.DataFrame, panel: str, quantities: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """The curves of a panel as read from the paper, x in s."""
    return {quantity: published_values(published, panel, quantity) for quantity in quantities}


# Facts for captions -------------------------------------------------------------------------------


def describe(points: pd.DataFrame, example: Mapping | None = None) -> dict:
    """What the caption and the line under a figure say of its networks.

    Conditions that differ only in the neuron share their rate networks, which count once.

    Parameters
    ----------
    points
        The networks of the figure, one row each.
    example
        What `analysis.describe.example` says of the example network, where the figure draws one.

    Returns
    -------
    dict
        n_networks (that reached criterion), n_attempted, and words; those of `describe_example` as
        well.
    """
    networks = points.drop_duplicates(["task", "condition", "network"])
    compared = points[points.role != EXAMPLE] if example else points
    conditions = compared.groupby(["role", "x"], dropna=False).converged
    per_condition = networks_in_words(conditions.size())
    crosses = "" if conditions.any().all() else "; ×: no network trained"
    all_trained = compared.converged.astype(bool).all()
    means = "" if all_trained else "; means over those that reached criterion"
    facts = {
        "n_networks": len(trained(networks)),
        "n_attempted": len(networks),
        "per_condition": per_condition,
        "crosses": crosses,
        "sweep_note": f"{per_condition} per condition (paper: 100){means}{crosses}",
    }
    return facts | describe_example(example) if example else facts


def networks_in_words(sizes: pd.Series) -> str:
    """How many networks the conditions have, "3 to 5 networks"."""
    least = sizes.min()
    most = sizes.max()
    if least < most:
        return f"{least} to {most} networks"
    return "1 network" if most == 1 else f"{most} networks"


def describe_example(example: Mapping) -> dict[str, str]:
    """The words of a caption about the example network; they say so where there is none.

    Parameters
    ----------
    example
        From `analysis.describe.example`.

    Returns
    -------
    dict
        example (a sentence or two), example_note, at_lambda, decays, scaling, trials.
    """
    if not example["n_networks"]:
        attempted = example["n_attempted"]
        return {
            "example": f"No network of this condition reached criterion (0 of {attempted}).",
            "example_note": f"no network of this condition reached criterion (0 of {attempted})",
            "at_lambda": "",
            "decays": "none",
            "scaling": "none",
            "trials": "none",
        }
    templates = {
        "example": (
            "Network {network}, {n_units} units ({n_exc} excitatory, {n_inh} inhibitory); "
            "{networks}, and drawn is the one whose spiking version is most accurate on fresh "
            "trials ({held_out:.0f} % correct)."
        ),
        "example_note": (
            "{condition}, {network}: {n_exc} exc., {n_inh} inh. units; {networks}; "
            "{trials} trials, mean ± SD"
        ),
        "at_lambda": "; λ = 1/{factor:g}",
        "decays": "{tau_mean:.1f} ± {tau_sd:.1f} ms",
        "scaling": "1/{factor:g}",
        "trials": "{trials}",
    }
    return {name: template.format(**example) for name, template in templates.items()}


# Numbers of one example network -------------------------------------------------------------------

SINGLES = ["figure", "panel", "quantity", "condition", "x_value", "value"]


def single(published: pd.DataFrame, value: float, **names: str) -> dict:
    """Our value of one published number.

    Parameters
    ----------
    published
        Rows of resources/published.tsv: the number is that of the first.
    value
        Ours.
    **names
        Columns of SINGLES that are called otherwise than in the paper.

    Returns
    -------
    dict
        The columns of SINGLES.
    """
    in_paper = published.iloc[0][SINGLES[:-1]]
    return {**in_paper, **names, "value": value}


def singles_at_last(
    published: pd.DataFrame, panel: str, quantities: Sequence[str], time_s, outputs
) -> list[dict]:
    """Our outputs at the last time at which the paper's mean traces were read.

    Parameters
    ----------
    published
        Rows of resources/published.tsv for one figure.
    panel
        Of the paper.
    quantities
        The names of the traces.
    time_s : array_like, shape (n_steps,)
        Times of our outputs.
    outputs : array_like, shape (n_quantities, n_steps)
        Our mean outputs.

    Returns
    -------
    list of dict
        One for each quantity, as `single` makes them.
    """
    singles = []
    for quantity, output in zip(quantities, outputs, strict=True):
        trace = published[(published.panel == panel) & (published.quantity == quantity)]
        last = trace.iloc[[pd.to_numeric(trace.x_value).argmax()]]
        last_s = float(last.x_value.iloc[0])
        singles.append(single(last, float(np.interp(last_s, time_s, output))))
    return singles


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
