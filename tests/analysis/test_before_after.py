"""Paired differences against arithmetic by hand: which way round, over which networks, with which
interval."""

import numpy as np
import pandas as pd
import pytest

from rate2spike.analysis import before_after

T_2 = 4.302652729911275  # the 97.5 % quantile of Student's t of 2 degrees of freedom, from tables
T_1 = 12.706204736432095

# condition -> network -> accuracy before and after, strict accuracy before and after
STUDY = {
    ("go-nogo", "n50"): {
        "seed_0": (0.90, 0.95, 0.50, 0.95),
        "seed_1": (0.95, 0.97, 0.60, 0.70),
        "seed_2": (0.80, 0.81, 0.96, 0.94),
    },
    ("xor", "n50"): {"seed_0": (0.70, 0.75, 0.30, 0.40)},
    ("go-nogo", "n99"): {"seed_0": (0.99, 0.90, 0.99, 0.99), "seed_1": (0.99, 0.89, 0.98, 0.98)},
    ("go-nogo", "n10"): {},
}
KEYS = ["task", "condition", "neuron", "network"]


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables of networks and of refined networks; the rows of the second in another order. Each
    condition has a network besides that did not reach criterion."""
    networks = []
    refined = []
    for (task, condition), numbers in STUDY.items():
        keys = {"task": task, "condition": condition, "neuron": "lif"}
        name = {"name": f"{task} of {condition}"}
        for network, (before, after, strict_before, strict_after) in numbers.items():
            own = {"held_out_accuracy": before, "held_out_strict": strict_before}
            networks.append(keys | name | {"network": network, "converged": True} | own)
            own = {"held_out_accuracy": after, "held_out_strict": strict_after}
            refined.append(keys | {"network": network, "step": "output", "on_edge": False} | own)
        networks.append(keys | name | {"network": "failed", "converged": False})
    return pd.DataFrame(networks), pd.DataFrame(refined[::-1])


def paired(networks, refined) -> pd.DataFrame:
    return before_after.paired(networks, before_after.network_pairs(networks, refined))


def row(table, task, condition, measure="accuracy", step="output"):
    of_condition = (table.task == task) & (table.condition == condition)
    (found,) = table[of_condition & (table.measure == measure) & (table.step == step)].itertuples()
    return found


def test_a_condition_against_arithmetic_by_hand():
    table = paired(*tables())
    assert list(table) == before_after.PAIRED_COLUMNS
    accuracy = row(table, "go-nogo", "n50")
    # 5, 2 and 1 points more: mean 8/3, SD the root of 13/3
    half = T_2 * np.sqrt(13 / 3) / np.sqrt(3)
    assert 100 * accuracy.before == pytest.approx(265 / 3)
    assert 100 * accuracy.after == pytest.approx(273 / 3)
    assert 100 * accuracy.difference == pytest.approx(8 / 3)
    assert 100 * accuracy.ci_low == pytest.approx(8 / 3 - half)
    assert 100 * accuracy.ci_high == pytest.approx(8 / 3 + half)
    assert (accuracy.n_networks, accuracy.n_attempted) == (3, 4)
    # 95 % is enough
    assert (accuracy.works_before, accuracy.works_after) == (1, 2)
    assert accuracy.verdict == "undecided"
    strict = row(table, "go-nogo", "n50", "strict accuracy")
    assert 100 * strict.before == pytest.approx(206 / 3)
    assert 100 * strict.after == pytest.approx(259 / 3)
    assert 100 * strict.difference == pytest.approx(53 / 3)
    assert (strict.works_before, strict.works_after) == (1, 1)


def test_less_after_than_before_is_worse():
    table = paired(*tables())
    worse = row(table, "go-nogo", "n99")
    half = T_1 * np.sqrt(0.5) / np.sqrt(2)  # 9 and 10 points less
    assert 100 * worse.difference == pytest.approx(-9.5)
    assert 100 * worse.ci_low == pytest.approx(-9.5 - half)
    assert 100 * worse.ci_high == pytest.approx(-9.5 + half)
    assert worse.verdict == "worse"
    assert (worse.works_before, worse.works_after) == (2, 0)
    # the two tables the other way round
    networks, refined = tables()
    columns = list(before_after.MEASURES.values())
    swapped = networks.drop(columns=columns).merge(refined[[*KEYS, *columns]], on=KEYS, how="left")
    other = networks[networks.converged].assign(step="output", on_edge=False)
    again = paired(swapped, other[list(refined)])
    better = row(again, "go-nogo", "n99")
    assert better.verdict == "better"
    assert (better.ci_low, better.ci_high) == pytest.approx((-worse.ci_high, -worse.ci_low))


def test_of_one_network_and_of_none_there_is_no_interval():
    table = paired(*tables())
    one = row(table, "xor", "n50", "strict accuracy")
    assert (one.before, one.after, one.n_networks) == (0.3, 0.4, 1)
    assert one.difference == pytest.approx(0.1)
    assert np.isnan([one.ci_low, one.ci_high]).all()
    assert one.verdict == "no interval"
    none = row(table, "go-nogo", "n10", step="")
    assert (none.n_networks, none.n_attempted, none.verdict) == (0, 1, "no interval")
    assert np.isnan([none.before, none.after, none.difference, none.ci_low]).all()
    assert (none.works_before, none.works_after) == (0, 0)


def test_the_conditions_of_a_task_stand_together():
    table = paired(*tables())
    names = ["go-nogo of n50", "go-nogo of n99", "go-nogo of n10", "xor of n50"]
    assert table.name.tolist() == [name for name in names for _ in before_after.MEASURES]
    assert table.measure.tolist() == 4 * ["accuracy", "strict accuracy"]


def test_each_step_stands_beside_the_published_way():
    networks, refined = tables()
    further = refined.assign(step="further", held_out_accuracy=refined.held_out_accuracy + 0.01)
    table = paired(networks, pd.concat([refined, further]))
    first, second = (row(table, "go-nogo", "n50", step=step) for step in ("output", "further"))
    assert first.before == second.before
    assert second.difference == pytest.approx(first.difference + 0.01)
    assert len(table) == 2 * (3 * 2 + 1)  # a condition without networks has no step


@pytest.mark.parametrize(
    ("differences", "ends"),
    [
        ([0.0, 0.0], (0, 0)),
        ([0.25, 0.25, 0.25], (np.nan, np.nan)),
        # the same but for the last bits
        ([0.2 - 0.1, 0.4 - 0.3, 0.9 - 0.8], (np.nan, np.nan)),
        ([0.1], (np.nan, np.nan)),
        ([0.0], (np.nan, np.nan)),  # nor of one that stays as it is
        ([], (np.nan, np.nan)),
        ([0.1, 0.2, 0.3], (0.2 - T_2 * 0.1 / 3**0.5, 0.2 + T_2 * 0.1 / 3**0.5)),
        # no share differs by more than 1 from another
        ([-0.5, 0.5], (-1, 1)),
    ],
)
def test_the_interval(differences, ends):
    found = before_after.mean_difference(differences)
    assert (found.low, found.high) == pytest.approx(ends, nan_ok=True)


@pytest.mark.parametrize("differences", [[3e-7, 3e-7], [-3e-7, -3e-7], [3e-7, -1e-7, 2e-7]])
def test_differences_of_rounding_are_none(differences):
    found = before_after.mean_difference(differences)
    assert found == (0, 0, 0)
    assert before_after.verdict(found) == "undecided"


def test_nineteen_of_twenty_intervals_hold_the_true_difference():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        low, high = before_after.mean_difference(rng.normal(0.1, 0.05, 6))[1:]
        covered += low <= 0.1 <= high
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


def test_a_refined_network_that_is_not_there_is_an_error():
    networks, refined = tables()
    with pytest.raises(ValueError, match="expected networks that reached criterion, got 6 rows"):
        before_after.network_pairs(networks[networks.condition != "n99"], refined)


def test_a_network_that_is_not_refined_is_an_error():
    networks, refined = tables()
    gone = refined[refined.network != "seed_2"]
    with pytest.raises(ValueError, match=r"got 5 of 6; none for go-nogo/n50/lif/seed_2$"):
        before_after.network_pairs(networks, gone)
    with pytest.raises(ValueError, match=r"got 5 of 6; none for xor/n50/lif/seed_0$"):
        before_after.network_pairs(networks, refined[refined.task != "xor"])
    further = pd.concat([refined, gone.assign(step="further")])
    with pytest.raises(ValueError, match=r"got 11 of 12; none for go-nogo/n50/lif/seed_2$"):
        before_after.network_pairs(networks, further)
    with pytest.raises(ValueError, match=r"got 0 of 6; none for go-nogo/n50/lif/seed_0$"):
        before_after.network_pairs(networks, refined[:0])


def test_what_is_said_of_all():
    networks, refined = tables()
    words = before_after.describe(paired(networks, refined), refined)
    assert words == {
        "conditions_in_words": "4 conditions",
        "works": "step output: 3 before, 3 after, of 6",
        "accuracy_in_words": (
            "better in 0, worse in 1, undecided in 1, without an interval in 2 of 4"
        ),
        "strict_in_words": (
            "better in 0, worse in 0, undecided in 2, without an interval in 2 of 4"
        ),
        "worse_in_words": "go-nogo of n99 (accuracy)",
        "on_edge_in_words": "none of 6",
    }


@pytest.mark.parametrize(
    ("n_worse", "said"), [(0, "none"), (6, "a0, a1, a2, a3, a4, a5"), (8, "a5 and 2 more")]
)
def test_as_many_are_named_as_a_line_holds(n_worse, said):
    networks, refined = tables()
    table = paired(networks, refined)
    one = table[table.verdict == "worse"].iloc[:1].assign(measure="m")
    worse = [one.assign(name=f"a{i}") for i in range(n_worse)]
    table = pd.concat([table[table.verdict != "worse"], *worse])
    words = before_after.describe(table, refined)["worse_in_words"]
    assert words.replace(" (m)", "").endswith(said)
    assert words.count("(m)") == min(n_worse, 6)


def test_networks_on_the_edge_of_a_grid_are_counted_once():
    networks, refined = tables()
    refined["on_edge"] = refined.network == "seed_0"  # of three conditions
    both = pd.concat([refined, refined.assign(step="further")])
    words = before_after.describe(paired(networks, both), both)
    assert words["on_edge_in_words"] == "3 of 6"
