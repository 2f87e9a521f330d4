"""Means, SDs and shares of networks along a sweep, what the paper has beside them, and what
captions say."""

import numpy as np
import pandas as pd
import pytest
from shared import ROOT

from rate2spike.paper import compare, sweeps


def networks(
    role: str, x: float, spiking: list, *, condition: str, neuron: str = "lif"
) -> list[dict]:
    """One row for each accuracy of a spiking network; None is a network that did not reach
    criterion."""
    keys = {"role": role, "x": x, "task": "go-nogo", "condition": condition, "neuron": neuron}
    rows = []
    for i, accuracy in enumerate(spiking):
        there = accuracy is not None
        rows.append(
            {
                **keys,
                "network": f"seed_{i}",
                "converged": there,
                "training_trials": 601 + 100 * i if there else 6000,
                "training_accuracy": 0.98 if there else 0.6,
                "mean_tau_decay_ms": 30.0 + i if there else 99.0,
                "search_accuracy": accuracy if there else np.nan,
            }
        )
    return rows


@pytest.fixture
def points() -> pd.DataFrame:
    return pd.DataFrame(
        networks("sizes", 250.0, [0.95, 1.0, 0.94, None], condition="n250")
        + networks("sizes", 50.0, [0.9, None, None, None], condition="n50")
        + networks("sizes", 10.0, [None] * 4, condition="n10")
        + networks("tuned", np.nan, [0.9], condition="tuned")
        + networks("fixed", np.nan, [0.8, 1.0], condition="fixed")
    )


def test_mean_and_sd_over_trained_networks(points):
    table = sweeps.spread(sweeps.of_role(points, "sizes"), "search_accuracy", sweeps.PERCENT)
    assert table.x.tolist() == [10, 50, 250]  # in order, whatever the order of the conditions
    assert table.n.tolist() == [0, 1, 3]
    assert table.y.tolist() == pytest.approx([np.nan, 90, np.mean([95, 100, 94])], nan_ok=True)
    assert table.sd.tolist() == pytest.approx(
        [np.nan, np.nan, np.std([95, 100, 94], ddof=1)], nan_ok=True
    )


def test_counts_with_missing_values_are_numbers(points):
    typed = points.assign(
        training_trials=points.training_trials.astype("Int64").mask(~points.converged)
    )
    table = sweeps.spread(sweeps.of_role(typed, "sizes"), "training_trials")
    assert table.y.tolist() == pytest.approx([np.nan, 601, 701], nan_ok=True)


def test_denominators(points):
    sizes = sweeps.of_role(points, "sizes")
    of_all, of_trained = sweeps.share_trained(sizes), sweeps.share_successful(sizes)
    assert of_all.n.tolist() == [4, 4, 4]
    assert of_all.y.tolist() == [0, 25, 75]
    assert of_trained.n.tolist() == [0, 1, 3]
    # 95 % is a success, 94 % is not
    assert of_trained.y.tolist() == pytest.approx([np.nan, 0, 200 / 3], nan_ok=True)
    assert sweeps.shares_in_words(of_trained) == ["0/0", "0/1", "2/3"]
    assert sweeps.sizes_in_words(of_trained) == ["n = 0", "n = 1", "n = 3"]


def test_single_conditions_side_by_side(points):
    rows = sweeps.side_by_side(points, {"fixed": "Fixed", "tuned": "Tuned"})
    table = sweeps.spread(rows, "search_accuracy", sweeps.PERCENT)
    assert table.x.tolist() == ["Fixed", "Tuned"]
    assert table.y.tolist() == pytest.approx([90, 90])
    assert table.n.tolist() == [2, 1]


def test_comparison_names_the_test(points):
    sizes = sweeps.of_role(points, "sizes")
    two = pd.concat(
        [sizes[sizes.x == 250], sizes[sizes.x == 250].assign(x=300.0, search_accuracy=0.5)]
    )
    expected = compare.in_words(compare.rank_sum([0.95, 1.0, 0.94], [0.5, 0.5, 0.5]))
    assert comparison(two).in_words() == expected
    three = pd.concat([two, sizes[sizes.x == 250].assign(x=400.0)])
    assert comparison(three).in_words().startswith("Kruskal-Wallis test, H = ")
    assert comparison(sizes[sizes.x == 250]).in_words() == "no test: there is one condition"
    assert comparison(sizes).in_words().startswith("no Kruskal-Wallis test")  # none trained at 10


def comparison(rows) -> sweeps.Comparison:
    return sweeps.Comparison("C", "sizes, spiking performance", rows, "search_accuracy")


def test_networks_without_the_number_are_not_compared(points):
    rows = sweeps.side_by_side(points, {"fixed": "Fixed", "sizes": "Sizes"})
    given = rows.assign(search_accuracy=rows.search_accuracy.where(rows.x != "Fixed"))
    assert (
        comparison(given).in_words() == "no rank-sum test: a group has fewer than 2 (n = 0 and 4)"
    )


def test_table_of_tests(points):
    sizes = sweeps.of_role(points, "sizes")
    two = pd.concat(
        [sizes[sizes.x == 250], sizes[sizes.x == 250].assign(x=300.0, search_accuracy=0.5)]
    )
    few, one = sizes[sizes.x <= 50], sizes[sizes.x == 250]
    table = sweeps.table_of_tests("9", map(comparison, (two, few, one)))
    assert table.columns.tolist() == sweeps.TESTS
    assert table[["figure", "panel"]].drop_duplicates().to_numpy().tolist() == [["9", "C"]]
    named = sweeps.side_by_side(points, {"sizes": "Sizes", "fixed": "Fixed"})
    of_names = sweeps.table_of_tests("9", [comparison(named)])
    # as they come, each beside its number
    assert of_names[["conditions", "n"]].to_numpy().tolist() == [["Sizes; Fixed", "4; 2"]]
    assert table.conditions.tolist() == ["250.0; 300.0", "10.0; 50.0", "250.0"]
    assert table.n.tolist() == ["3; 3", "0; 1", "3"]
    assert table.test.tolist() == ["rank-sum test", "rank-sum test", "none"]
    assert table.p.tolist() == pytest.approx([0.1, np.nan, np.nan], nan_ok=True)
    assert table.loc[0, ["statistic_name", "statistic", "effect_name", "effect"]].tolist() == [
        "U",
        9,
        "rank-biserial r",
        1,
    ]


def test_where_the_scaling_factors_come_from(points):
    rows = pd.concat([points[points.x == 250].assign(x=x) for x in (0.0, 2.0, 5.0)])
    assert (
        sweeps.searched_in_words(rows) == "on fresh trials at the factors searched for each period"
    )
    at_2 = rows.assign(search_accuracy=rows.search_accuracy.where(rows.x == 2))
    assert sweeps.searched_in_words(at_2) == "on fresh trials at the scaling factors chosen at 2 ms"
    elsewhere = rows.assign(search_accuracy=np.nan)
    assert (
        sweeps.searched_in_words(elsewhere)
        == "on fresh trials at the scaling factors chosen in another condition"
    )


def test_a_period_in_which_nothing_was_trained_says_nothing_of_the_factors(points):
    """Its networks have none, searched or not."""
    rows = pd.concat([points[points.x == 250].assign(x=x) for x in (0.0, 2.0)])
    failed = points[points.x == 10].assign(x=5.0)
    assert (
        sweeps.searched_in_words(pd.concat([rows, failed]))
        == "on fresh trials at the factors searched for each period"
    )


@pytest.mark.parametrize(
    ("sizes", "words"),
    [([1, 1], "1 network"), ([3], "3 networks"), ([1, 3], "1 to 3 networks"), ([0], "0 networks")],
)
def test_how_many_networks_conditions_have(sizes, words):
    assert sweeps.networks_in_words(pd.Series(sizes)) == words


def test_filters_by_name(points):
    rows = pd.concat([points[points.x == 250].assign(x=x) for x in (2.0, 0.5, 0.0)])
    assert list(sweeps.by_x(sweeps.by_filter(rows))) == ["Single", "0.5 ms", "Double"]


def published() -> pd.DataFrame:
    columns = ["panel", "quantity", "x_value", "value", "sd", "source"]
    rows = [
        ("C", "performance", "50", "99.5", "0.8", "digitised"),
        ("C", "performance", "10", "98.5", "", "digitised"),
        ("C", "performance", "10", "98", "1", "text"),
        ("C", "trials", "50", "700", "", "digitised"),
        ("B", "performance", "Single", "95.7", "7.3", "digitised"),
        ("B", "performance", "Double", "97", "6.6", "digitised"),
    ]
    return pd.DataFrame(rows, columns=columns)


def test_published_values_are_those_read_from_the_panel():
    table = sweeps.published_values(published(), "C", "performance")
    assert table.x.tolist() == [50, 10]
    assert table.y.tolist() == [99.5, 98.5]
    assert table.sd.tolist() == pytest.approx([0.8, np.nan], nan_ok=True)


def test_published_values_by_name_and_where_there_are_none():
    named = sweeps.published_values(published(), "B", "performance", ["Double", "Single", "Triple"])
    assert named.x.tolist() == ["Double", "Single", "Triple"]
    assert named.y.tolist() == pytest.approx([97, 95.7, np.nan], nan_ok=True)
    numbered = sweeps.published_values(published(), "C", "performance", [10.0, 20.0])
    assert numbered.y.tolist() == pytest.approx([98.5, np.nan], nan_ok=True)
    assert sweeps.published_values(published(), "D", "performance").empty


def test_a_condition_without_a_number_keeps_its_place(points):
    rows = sweeps.side_by_side(points, {"fixed": "Single", "tuned": "Double"})
    rows = rows.assign(search_accuracy=rows.search_accuracy.where(rows.x != "Single"))
    ours, beside = sweeps.spiking_performance(rows, named(), "B", ["Single", "Double"])
    assert ours.x.tolist() == beside.x.tolist() == ["Single", "Double"]
    assert ours.y.tolist() == pytest.approx([np.nan, 90], nan_ok=True)
    assert sweeps.sizes_in_words(ours) == ["–", "n = 1"]
    shares = sweeps.successful(rows, named(), "B", ["Single", "Double"]).ours
    assert sweeps.shares_in_words(shares) == ["–", "0/1"]


def named() -> pd.DataFrame:
    return published().assign(quantity="LIF task performance")


def test_networks_shared_by_conditions_count_once(points):
    other_neuron = points[points.condition == "n250"].assign(
        neuron="lif_tau-rise0ms", role="filters", x=0.0
    )
    facts = sweeps.describe(pd.concat([points, other_neuron]))
    assert (facts["n_networks"], facts["n_attempted"]) == (7, 15)
    assert facts["per_condition"] == "1 to 4 networks"
    means = "means over those that reached criterion"
    assert (
        facts["sweep_note"]
        == f"1 to 4 networks per condition (paper: 100); {means}; ×: no network trained"
    )


def test_the_example_is_described_and_not_counted_among_the_sweeps(points):
    example = points[points.condition == "tuned"].assign(role=sweeps.EXAMPLE, condition="n200")
    found = {"n_networks": 0, "n_attempted": 1}
    both = pd.concat([points[points.role == "sizes"], example])
    facts = sweeps.describe(both, found)
    assert facts["per_condition"] == "4 networks"
    assert (facts["n_networks"], facts["n_attempted"]) == (5, 13)
    assert facts["example"] == "No network of this condition reached criterion (0 of 1)."
    found = {
        "n_networks": 3,
        "n_attempted": 5,
        "condition": "go-nogo, n200",
        "network": "seed_1",
        "networks": "3 of 5 networks",
    }
    found |= {
        "n_units": 200,
        "n_exc": 160,
        "n_inh": 40,
        "tau_mean": 30,
        "tau_sd": 8,
        "factor": 25,
        "held_out": 98,
        "trials": "9 Go",
    }
    facts = sweeps.describe(both, found)
    assert (facts["decays"], facts["scaling"], facts["trials"]) == ("30.0 ± 8.0 ms", "1/25", "9 Go")


def test_every_word_about_an_example_network():
    example = {"n_networks": 3, "n_attempted": 5, "condition": "go-nogo, n200", "network": "seed_1"}
    example |= {"networks": "3 of 5 networks", "n_units": 200, "n_exc": 160, "n_inh": 40}
    example |= {"tau_mean": 30, "tau_sd": 8, "factor": 32.5, "held_out": 97.6, "trials": "9 Go"}
    assert sweeps.describe_example(example) == {
        "example": (
            "Network seed_1, 200 units (160 excitatory, 40 inhibitory); 3 of 5 networks, and drawn "
            "is the one whose spiking version is most accurate on fresh trials (98 % correct)."
        ),
        "example_note": (
            "go-nogo, n200, seed_1: 160 exc., 40 inh. units; 3 of 5 networks; 9 Go trials, "
            "mean ± SD"
        ),
        "at_lambda": "; λ = 1/32.5",
        "decays": "30.0 ± 8.0 ms",
        "scaling": "1/32.5",
        "trials": "9 Go",
    }
    none = sweeps.describe_example({"n_networks": 0, "n_attempted": 5})
    assert none.keys() == sweeps.describe_example(example).keys()
    assert "(0 of 5)" in none["example"]
    assert "(0 of 5)" in none["example_note"]


def test_a_sweep_may_be_called_example(points):
    facts = sweeps.describe(points[points.role == "sizes"].assign(role=sweeps.EXAMPLE))
    assert facts["per_condition"] == "4 networks"


def test_a_condition_without_a_search_has_no_point_in_the_search(points):
    sizes = sweeps.of_role(points, "sizes")
    given = sizes.assign(search_accuracy=sizes.search_accuracy.where(sizes.x != 250))
    for table in (sweeps.spread(given, "search_accuracy"), sweeps.share_successful(given)):
        assert 250 not in table.x.tolist()
        assert table.x.nunique() == sizes.x.nunique() - 1
    assert 250 in sweeps.share_trained(given).x.tolist()


# The paper's own table ----------------------------------------------------------------------------

PAPER = pd.read_csv(
    ROOT / "resources" / "published.tsv", sep="\t", dtype=str, keep_default_na=False
)


@pytest.mark.parametrize("task", ["go-nogo", "integration"])
def test_what_the_paper_has_at_a_size_is_what_each_panel_shows(task):
    """By the name of the quantity, for networks of 250 units; other sizes and tasks have none."""
    quantities = {
        "trained": "successfully trained rate RNNs",
        "trials": "training trials to criterion",
        "correct": "LIF task performance",
        "successful": "successful LIF models",
    }
    figures = {"go-nogo": ["1", "2"], "integration": ["3", "4"]}[task]
    of_task = PAPER[PAPER.figure.isin(figures) & PAPER.source.eq("digitised")]
    at_250 = of_task[of_task.x_name.eq("N") & of_task.x_value.eq("250")]
    wanted = {}
    for panel, quantity in quantities.items():
        (value,) = at_250.value[at_250.quantity == quantity]
        wanted[panel] = float(value)
    assert sweeps.published_at_size(PAPER, task, 250) == wanted
    assert set(wanted) == set(sweeps.Swept._fields)
    assert sweeps.published_at_size(PAPER, task, 251) == {}
    assert sweeps.published_at_size(PAPER, task, None) == {}
    assert sweeps.published_at_size(PAPER, "xor", 250) == {}


def test_single_numbers_are_written_with_all_their_digits(tmp_path):
    """Named as in the paper, but for what is called otherwise; outputs at the last time read."""
    of_figure = PAPER[PAPER.figure.eq("2") & PAPER.panel.eq("B-right")]
    names = ("mean LIF output Go", "mean LIF output NoGo")
    time_s = np.linspace(0, 1, 201)
    outputs = np.stack([np.pi * time_s, -np.e * time_s])
    singles = sweeps.singles_at_last(of_figure, "B-right", names, time_s, outputs)
    singles.append(sweeps.single(of_figure[of_figure.quantity == names[0]], 1 / 3, x_value="other"))
    sweeps.write_singles(singles, tmp_path / "singles.csv")
    read = pd.read_csv(tmp_path / "singles.csv", dtype={"x_value": str, "figure": str})
    assert list(read) == sweeps.SINGLES
    assert read.quantity.tolist() == [*names, names[0]]
    assert set(read.figure) == {"2"}
    assert set(read.panel) == {"B-right"}
    traces = of_figure[of_figure.quantity.isin(names)]
    last_s = traces.x_value.astype(float).groupby(traces.quantity).max()
    assert read.x_value[:2].astype(float).tolist() == [last_s[name] for name in names]
    assert read.x_value[2] == "other"
    wanted = [np.pi * last_s[names[0]], -np.e * last_s[names[1]], 1 / 3]
    np.testing.assert_allclose(read.value, wanted, rtol=1e-8)
    sweeps.write_singles([], tmp_path / "none.csv")
    assert pd.read_csv(tmp_path / "none.csv").columns.tolist() == sweeps.SINGLES


def test_each_scoring_of_a_sweep_is_of_its_own_column(points):
    rows = points[points.x == 250]
    shares = {"rate_accuracy": 0.91, "search_accuracy": 0.92}
    shares |= {"held_out_accuracy": 0.93, "held_out_strict": 0.94}
    correct = sweeps.swept(rows.assign(**shares)).correct
    assert {name: table.y.tolist() for name, table in correct.items()} == {
        "rate, fresh trials": pytest.approx([91]),
        "spiking, best of the grid": pytest.approx([92]),
        "spiking, fresh trials": pytest.approx([93]),
        "the same, strict scoring": pytest.approx([94]),
    }
