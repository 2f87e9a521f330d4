"""Statistics against scipy, published examples and cases whose answer is arithmetic."""

import numpy as np
import pytest
from scipy import stats

from rate2spike.paper import compare
from rate2spike.paper.compare import Count, Sample


def sample(values) -> Sample:
    return Sample(np.mean(values), np.std(values, ddof=1), len(values))


def test_rank_sum_of_separate_groups():
    test = compare.rank_sum([4, 5, 6], [1, 2, 3])
    assert test == (9, pytest.approx(2 / 20), 1, (3, 3))  # 2 of the 20 orders are as extreme
    assert compare.rank_sum([1, 2, 3], [4, 5, 6]).effect == -1


def test_rank_sum_counts_permutations_of_tied_data():
    # the one 2 is as likely in the first group as in the second
    assert compare.rank_sum([1, 1], [2, 1]).p == 1
    assert compare.rank_sum([1, 1, 1, 1], [2, 2, 2, 2]).p == pytest.approx(2 / 70)


def test_p_is_exact_up_to_20_000_permutations():
    """8 and 8 have 12,870, 9 and 8 have 24,310."""
    rng = np.random.default_rng(4)
    a, b = rng.integers(90, 99, 9).astype(float), rng.integers(93, 101, 8).astype(float)
    exact = stats.PermutationMethod(n_resamples=np.inf)
    wanted = stats.mannwhitneyu(a[:8], b, method=exact).pvalue
    near = stats.mannwhitneyu(a[:8], b, method="asymptotic").pvalue
    assert compare.rank_sum(a[:8], b).p == pytest.approx(wanted, rel=1e-9)
    assert abs(near - wanted) > 1e-6
    wanted = stats.mannwhitneyu(a, b, method="asymptotic").pvalue
    assert compare.rank_sum(a, b).p == pytest.approx(wanted, rel=1e-9)


def test_rank_sum_of_large_groups_is_that_of_scipy():
    rng = np.random.default_rng(1)
    a, b = rng.integers(90, 101, 40), rng.integers(92, 101, 50)
    test, expected = compare.rank_sum(a, b), stats.mannwhitneyu(a, b, method="asymptotic")
    assert (test.u, test.p) == pytest.approx(tuple(expected))
    # share larger minus share smaller
    assert test.effect == pytest.approx(np.mean(np.sign(a[:, None] - b)))


def test_kruskal_wallis_is_that_of_scipy():
    groups = [[1, 3, 5, 5], [2, 4, 6], [9, 8, 7, 6, 5]]
    test = compare.kruskal_wallis(groups)
    assert (test.h, test.p) == pytest.approx(tuple(stats.kruskal(*groups)))
    assert test.effect == pytest.approx(test.h / 11)
    assert test.n == (4, 3, 5)


def test_equal_data_do_not_differ():
    assert compare.rank_sum([100, 100], [100, 100, 100]) == (3, 1, 0, (2, 3))
    assert compare.kruskal_wallis([[100, 100]] * 3) == (0, 1, 0, (2, 2, 2))


def test_groups_of_fewer_than_two_are_not_tested():
    assert np.isnan(compare.rank_sum([1], [2, 3])[:3]).all()
    assert np.isnan(compare.kruskal_wallis([[1, 2], [], [3, 4]])[:3]).all()


def test_missing_data_are_refused():
    with pytest.raises(ValueError, match="nan"):
        compare.rank_sum([1, np.nan], [2, 3])
    with pytest.raises(ValueError, match="nan"):
        compare.kruskal_wallis([[1, np.nan], [2, 3], [4, 5]])


def test_words():
    assert compare.in_words(compare.RankSum(12, 0.3412, 0.2, (5, 5))) == (
        "rank-sum test, U = 12, p = 0.34, rank-biserial r = 0.20 (n = 5 and 5)"
    )
    assert compare.in_words(compare.RankSum(12.5, 1e-5, -0.98, (5, 6))) == (
        "rank-sum test, U = 12.5, p < 0.001, rank-biserial r = −0.98 (n = 5 and 6)"
    )
    assert "p = 0.0052" in compare.in_words(compare.RankSum(12, 0.00521, 0.2, (5, 5)))
    assert "r = 0.00" in compare.in_words(compare.RankSum(12, 1.0, -0.001, (5, 5)))
    assert compare.in_words(compare.KruskalWallis(3.1, 0.68, 0.117, (5, 4, 3))) == (
        "Kruskal-Wallis test, H = 3.10, p = 0.68, ε² = 0.12 (n = 5, 4 and 3)"
    )
    assert (
        compare.in_words(compare.rank_sum([1], [2, 3]))
        == "no rank-sum test: a group has fewer than 2 (n = 1 and 2)"
    )


def test_rows_of_a_table():
    assert compare.as_row(compare.RankSum(12, 0.34, 0.2, (5, 5))) == {
        "test": "rank-sum test",
        "statistic_name": "U",
        "statistic": 12,
        "p": 0.34,
        "effect_name": "rank-biserial r",
        "effect": 0.2,
    }
    assert compare.as_row(compare.RankSum(2, 0.34, -0.8, (5, 5)))["effect"] == -0.8
    row = compare.as_row(compare.KruskalWallis(3.1, 0.68, 0.117, (5, 4, 3)))
    assert (row["test"], row["statistic_name"], row["statistic"], row["effect_name"]) == (
        "Kruskal-Wallis test",
        "H",
        3.1,
        "ε²",
    )


def test_difference_of_means_is_welch():
    rng = np.random.default_rng(2)
    a, b = rng.normal(5, 1, 7), rng.normal(4, 3, 12)
    found = compare.difference_of_means(sample(a), sample(b))
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert found == pytest.approx((a.mean() - b.mean(), *expected))


def test_difference_of_means_without_spread():
    assert compare.difference_of_means(Sample(20, 0, 3), Sample(20, 0, 100), 0.5) == (0, -0.5, 0.5)
    half = stats.t.ppf(0.975, 99) * 0.5 / 10  # the sample with a spread makes the interval
    found = compare.difference_of_means(Sample(100, 0, 3), Sample(99.9, 0.5, 100))
    assert found == pytest.approx((0.1, 0.1 - half, 0.1 + half))
    found = compare.difference_of_means(Sample(100, 0, 3), Sample(99.9, 0.5, 100), 0.2)
    assert found == pytest.approx((0.1, 0.1 - half - 0.2, 0.1 + half + 0.2))


def test_difference_of_single_values_has_no_interval():
    found = compare.difference_of_means(Sample(3, np.nan, 1), Sample(2, 1, 10))
    assert found.difference == 1
    assert np.isnan(found[1:]).all()
    assert np.isnan(compare.difference_from_one(Sample(3, np.nan, 1), 2)[1:]).all()
    assert np.isnan(compare.difference_of_means(Sample(2, 1, 10), Sample(3, 1, 1))[1:]).all()


def test_difference_at_a_shared_sd_is_the_pooled_interval():
    rng = np.random.default_rng(3)
    a, b = rng.normal(5, 1, 6), rng.normal(4, 1, 9)
    pooled = np.sqrt((5 * a.var(ddof=1) + 8 * b.var(ddof=1)) / 13)
    found = compare.difference_at_sd(sample(a), sample(b), sd=pooled, n_sd=14)
    assert found == pytest.approx(
        (a.mean() - b.mean(), *stats.ttest_ind(a, b).confidence_interval(0.95))
    )


def test_prediction_interval_of_one_value():
    half = stats.t.ppf(0.975, 4) * 2 * np.sqrt(1.2)
    assert compare.difference_from_one(Sample(30, 2, 5), 28, 0.1) == pytest.approx(
        (2, 2 - half - 0.1, 2 + half + 0.1)
    )


@pytest.mark.parametrize(
    ("ours", "published", "interval"),
    [  # Newcombe, Stat. Med. 17 (1998) 873, his examples, method 10
        (Count(56, 70), Count(48, 80), (0.0524, 0.3339)),
        (Count(9, 10), Count(3, 10), (0.1705, 0.8090)),
        (Count(6, 7), Count(2, 7), (0.0582, 0.8062)),
        (Count(5, 56), Count(0, 29), (-0.0381, 0.1926)),
        (Count(0, 10), Count(0, 20), (-0.1611, 0.2775)),
        (Count(10, 10), Count(0, 20), (0.6791, 1.0)),
    ],
)
def test_difference_of_shares_is_newcombe(ours, published, interval):
    found = compare.difference_of_shares(ours, published)
    assert found == pytest.approx(
        (ours.k / ours.n - published.k / published.n, *interval), abs=5e-5
    )
    mirrored = compare.difference_of_shares(published, ours, 0.01)
    assert mirrored == pytest.approx((-found.difference, -found.high - 0.01, -found.low + 0.01))
