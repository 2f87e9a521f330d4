"""Statistics of comparisons: tests between groups of networks, and differences between a reproduced
and a published number.

Plain arrays and numbers in, NamedTuples out. All intervals are 95 % confidence intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import NamedTuple

import numpy as np

from ..analysis.statistics import wilson_interval

LEVEL = 0.95
MOST_PERMUTATIONS = 20_000


class RankSum(NamedTuple):
    """U of the first group, two-sided p, rank-biserial correlation (1: every value of the first
    group is the larger)."""

    u: float
    p: float
    effect: float
    n: tuple[int, int]


class KruskalWallis(NamedTuple):
    """H corrected for ties, p, epsilon squared (0: no difference, 1: the groups explain every
    rank), sizes of the groups."""

    h: float
    p: float
    effect: float
    n: tuple[int, ...]


def rank_sum(a, b) -> RankSum:
    """Wilcoxon's rank-sum test (Mann-Whitney U) of two groups.

    The effect is the rank-biserial correlation 2U / (n_a n_b) - 1. p counts all permutations where
    there are at most 20,000 of them, ties included; beyond that it is the normal approximation with
    corrections for ties and continuity. Data that are all equal: p = 1, effect 0.

    Parameters
    ----------
    a, b : array_like, shape (n_a,) and (n_b,)
        The two groups.

    Returns
    -------
    RankSum
        U, p and effect are NaN where a group has fewer than 2 values.

    Raises
    ------
    ValueError
        NaN among the data.

    References
    ----------
    Mann and Whitney, Ann. Math. Stat. 18 (1947); Kerby, Compr. Psychol. 3 (2014).
    """
    n_a = len(a)
    n_b = len(b)
    if min(n_a, n_b) < 2:
        return RankSum(np.nan, np.nan, np.nan, (n_a, n_b))
    if _all_equal([a, b]):
        return RankSum(n_a * n_b / 2, 1.0, 0.0, (n_a, n_b))
    few = comb(n_a + n_b, n_a) <= MOST_PERMUTATIONS
    method = _stats().PermutationMethod(n_resamples=np.inf) if few else "asymptotic"
    u, p = _stats().mannwhitneyu(a, b, method=method, nan_policy="raise")
    effect = float(2 * u / (n_a * n_b) - 1)
    return RankSum(float(u), min(float(p), 1.0), effect, (n_a, n_b))


def kruskal_wallis(groups: Sequence) -> KruskalWallis:
    """Kruskal-Wallis test of several groups.

    The effect is epsilon squared H / (n - 1), n the number of values in all groups. p is from the
    chi-squared distribution, which is rough for groups of fewer than 5. Data that are all equal:
    p = 1, effect 0.

    Parameters
    ----------
    groups : sequence of array_like
        The values of each group.

    Returns
    -------
    KruskalWallis
        H, p and effect are NaN where a group has fewer than 2 values.

    Raises
    ------
    ValueError
        NaN among the data.

    References
    ----------
    Kruskal and Wallis, J. Am. Stat. Assoc. 47 (1952); Tomczak and Tomczak, Trends Sport Sci. 21
    (2014).
    """
    n = tuple(len(group) for group in groups)
    if min(n) < 2:
        return KruskalWallis(np.nan, np.nan, np.nan, n)
    if _all_equal(groups):
        return KruskalWallis(0.0, 1.0, 0.0, n)
    h, p = _stats().kruskal(*groups, nan_policy="raise")
    return KruskalWallis(float(h), float(p), float(h / (sum(n) - 1)), n)


def _stats():
    """scipy.stats, imported late: a figure without a test would wait for it longer than for all
    else."""
    from scipy import stats

    return stats


def _all_equal(groups: Sequence) -> bool:
    values = np.concatenate([np.asarray(group, dtype=float) for group in groups])
    return bool(np.ptp(values) == 0)


class Names(NamedTuple):
    """What a test, its statistic and its effect size are called."""

    test: str
    statistic: str
    effect: str


NAMES = {
    RankSum: Names("rank-sum test", "U", "rank-biserial r"),
    KruskalWallis: Names("Kruskal-Wallis test", "H", "ε²"),
}


def in_words(test: RankSum | KruskalWallis) -> str:
    """The result of a test as a caption says it.

    Parameters
    ----------
    test
        From `rank_sum` or `kruskal_wallis`.

    Returns
    -------
    str
        For example "rank-sum test, U = 12, p = 0.34, rank-biserial r = 0.20 (n = 5 and 5)".
    """
    *first, last = map(str, test.n)
    sizes = f"(n = {', '.join(first)} and {last})"
    names = NAMES[type(test)]
    if np.isnan(test.p):
        return f"no {names.test}: a group has fewer than 2 {sizes}"
    p = "p < 0.001" if test.p < 0.001 else f"p = {test.p:.2g}"
    rounded = round(test.effect, 2) + 0.0  # no minus before a zero
    effect = f"{rounded:.2f}".replace("-", "\N{MINUS SIGN}")
    statistic = f"{test.u:g}" if isinstance(test, RankSum) else f"{test.h:.2f}"
    return f"{names.test}, {names.statistic} = {statistic}, {p}, {names.effect} = {effect} {sizes}"


def as_row(test: RankSum | KruskalWallis) -> dict[str, str | float]:
    """The result of a test as a table has it, the sizes of the groups aside."""
    names = NAMES[type(test)]
    return {
        "test": names.test,
        "statistic_name": names.statistic,
        "statistic": test.u if isinstance(test, RankSum) else test.h,
        "p": test.p,
        "effect_name": names.effect,
        "effect": test.effect,
    }


class Sample(NamedTuple):
    """Mean, standard deviation (n - 1) and number of the values behind a number."""

    mean: float
    sd: float
    n: int


class Difference(NamedTuple):
    """Ours minus published, and the ends of its confidence interval; NaN where there is no
    interval."""

    difference: float
    low: float
    high: float


def _around(difference: float, half: float, uncertainty: float) -> Difference:
    """An interval of that half-width, and the uncertainty of reading at both ends."""
    return Difference(difference, difference - half - uncertainty, difference + half + uncertainty)


def difference_of_means(ours: Sample, published: Sample, uncertainty: float = 0.0) -> Difference:
    """Difference of two means whose SDs may differ, after Welch.

    An SD of 0 is allowed: the other then makes the interval, and two SDs of 0 leave none but the
    uncertainty.

    Parameters
    ----------
    ours, published
        The two samples.
    uncertainty
        Of the published number as it was read from the figure; it widens the interval at both ends.

    Returns
    -------
    Difference
        No interval where a sample has fewer than 2 values.

    References
    ----------
    Welch, Biometrika 34 (1947).
    """
    difference = ours.mean - published.mean
    if min(ours.n, published.n) < 2:
        return Difference(difference, np.nan, np.nan)
    n = np.array([ours.n, published.n])
    variances = np.array([ours.sd**2 / ours.n, published.sd**2 / published.n])
    total = variances.sum()
    if total == 0:
        return _around(difference, 0.0, uncertainty)
    freedom = total**2 / (variances**2 / (n - 1)).sum()
    half = _stats().t.ppf(0.5 + LEVEL / 2, freedom) * np.sqrt(total)
    return _around(difference, float(half), uncertainty)


def difference_at_sd(
    ours: Sample, published: Sample, *, sd: float, n_sd: int, uncertainty: float = 0.0
) -> Difference:
    """Difference of two means of populations that share one SD.

    The half-width is t sd sqrt(1 / n_ours + 1 / n_published), t of n_sd - 1 degrees of freedom; the
    SDs of the samples themselves are not used.

    Parameters
    ----------
    ours, published
        The two samples.
    sd
        The SD that both share.
    n_sd
        How many values it is known from.
    uncertainty
        Of the published number as it was read from the figure; it widens the interval at both ends.

    Returns
    -------
    Difference
        No interval where n_sd is below 2.
    """
    difference = ours.mean - published.mean
    if n_sd < 2:
        return Difference(difference, np.nan, np.nan)
    half = _stats().t.ppf(0.5 + LEVEL / 2, n_sd - 1) * sd * np.sqrt(1 / ours.n + 1 / published.n)
    return _around(difference, float(half), uncertainty)


def difference_from_one(ours: Sample, published: float, uncertainty: float = 0.0) -> Difference:
    """Difference from a single published value, with our prediction interval for one more value.

    The half-width is t sd sqrt(1 + 1 / n). The interval contains 0 where a published network like
    ours could have given that value.

    Parameters
    ----------
    ours
        Our sample.
    published
        The single value.
    uncertainty
        Of the published number as it was read from the figure; it widens the interval at both ends.

    Returns
    -------
    Difference
        No interval where ours has fewer than 2 values.
    """
    one = Sample(published, np.nan, 1)
    return difference_at_sd(ours, one, sd=ours.sd, n_sd=ours.n, uncertainty=uncertainty)


class Count(NamedTuple):
    """So many of so many networks."""

    k: int
    n: int


def difference_of_shares(ours: Count, published: Count, uncertainty: float = 0.0) -> Difference:
    """Difference of two fractions k / n of independent samples, after Newcombe.

    It is his method 10, from two Wilson intervals.

    Parameters
    ----------
    ours, published
        The two samples.
    uncertainty
        Of the published fraction as it was read from the figure; it widens the interval at both
        ends.

    Returns
    -------
    Difference
        As fractions.

    Raises
    ------
    ValueError
        Unless 0 <= k <= n and n >= 1.

    References
    ----------
    Newcombe, Stat. Med. 17 (1998) 873.
    """
    low, high = wilson_interval([ours.k, published.k], [ours.n, published.n])
    p_ours = ours.k / ours.n
    p_published = published.k / published.n
    below = np.hypot(p_ours - low[0], high[1] - p_published)
    above = np.hypot(high[0] - p_ours, p_published - low[1])
    difference = p_ours - p_published
    lower = float(difference - below - uncertainty)
    upper = float(difference + above + uncertainty)
    return Difference(difference, lower, upper)
