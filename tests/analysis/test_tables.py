"""Tables: arithmetic on trials counted by hand, conditions where nothing was trained, files of many
parts."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from rate2spike.analysis import statistics, tables
from rate2spike.analysis import trial_table as trials_table


def trials(network, factor, correct, strict=None, condition="n200", task="go-nogo"):
    """Rows of one network at one factor: 1 for a correct trial, 0 for a wrong one."""
    n = len(correct)
    return {
        "task": task,
        "condition": condition,
        "neuron": "lif",
        "network": network,
        "scaling_factor": np.full(n, factor),
        "trial": np.arange(n),
        "label": np.zeros(n, dtype=int),
        "kind": np.full(n, "NoGo"),
        "output_max": np.linspace(0, 1, n),
        "output_min": np.zeros(n, np.float32),
        "n_spikes": np.arange(n),
        "correct": np.array(correct, dtype=bool),
        "correct_strict": np.array(correct if strict is None else strict, dtype=bool),
    }


def frame(*rows):
    return pd.concat([pd.DataFrame(r) for r in rows], ignore_index=True)


def test_accuracy_is_counted_by_network_and_factor():
    table = tables.accuracy_by_factor(
        frame(
            trials("b", 40.0, [1] * 10),
            trials("a", 40.0, [1] * 8 + [0] * 2, [1] * 5 + [0] * 5),
            trials("a", 5.0, [0] * 10),
            trials("a", 20.0, [1, 0]),
        )
    )
    assert table.columns.tolist() == tables.ACCURACY_COLUMNS
    counted = table[
        ["network", "scaling_factor", "n_trials", "n_correct", "accuracy", "accuracy_strict"]
    ]
    assert counted.to_numpy().tolist() == [
        ["a", 5, 10, 0, 0, 0],
        ["a", 20, 2, 1, 0.5, 0.5],
        ["a", 40, 10, 8, 0.8, 0.5],
        ["b", 40, 10, 10, 1, 1],
    ]
    # Wilson's 95 % interval, Newcombe 1998; at 0 and 1 it keeps a width
    z2 = 1.959964**2
    expected = [
        (0, z2 / (10 + z2)),
        (0.0945, 0.9055),
        (0.4902, 0.9433),
        (10 / (10 + z2), 1),
    ]
    np.testing.assert_allclose(table[["ci_low", "ci_high"]], expected, atol=5e-5)


def test_fresh_trials_are_counted_by_network_of_each_condition():
    table = tables.held_out_accuracy(
        frame(
            trials("seed_0", 40.0, [1, 1, 1, 0], [1, 0, 0, 0]),
            trials("seed_0", 25.0, [1, 1], condition="n100"),
            trials("seed_1", 40.0, [0, 0]),
        )
    )
    assert len(table) == 3
    by = table.set_index(["condition", "network"])
    row = by.loc["n200", "seed_0"]
    assert (row.held_out_trials, row.held_out_accuracy, row.held_out_strict) == (4, 0.75, 0.25)
    np.testing.assert_allclose(
        [row.held_out_ci_low, row.held_out_ci_high], [0.3006, 0.9544], atol=5e-5
    )
    assert by.held_out_accuracy["n100", "seed_0"] == 1
    assert by.held_out_accuracy["n200", "seed_1"] == 0
    assert by.held_out_ci_low["n200", "seed_1"] == 0


def networks():
    """Condition a: four networks, one of which failed; condition b: nothing trained; condition c: a
    model from elsewhere."""
    columns = [
        "name", "network", "converged", "training_trials", "rate_accuracy",
        "search_accuracy", "held_out_accuracy", "held_out_strict", "scaling_factor", "on_edge",
    ]  # fmt: skip
    nan = np.nan
    rows = [
        ("a", "seed_0", True, 600, 0.96, 0.95, 0.90, 0.80, 40.0, False),
        ("a", "seed_1", False, 5901, 0.10, nan, nan, nan, nan, nan),
        ("a", "seed_2", True, 700, 0.98, 0.94, 0.94, 0.94, 25.0, True),
        ("a", "seed_3", True, 800, 1.00, 1.00, 0.98, 0.96, 32.5, False),
        ("b", "seed_0", False, 5901, 0.20, nan, nan, nan, nan, nan),
        ("b", "seed_1", False, 5901, 0.20, nan, nan, nan, nan, nan),
        ("c", "mine", True, nan, 0.90, 0.97, 0.96, 0.96, 75.0, True),
    ]
    table = pd.DataFrame(rows, columns=columns)
    condition = table.name.map({"a": "n200", "b": "n10", "c": "external_c"})
    return table.assign(
        task="go-nogo",
        condition=condition,
        neuron="lif",
        other_names=table.name.map({"a": "size-200; n200"}),
    )


def test_the_interval_of_a_rate_network_is_that_of_its_correct_trials():
    """Whatever share it is told as: 0.58 times 100 is less than 58."""
    n_correct = np.arange(101)
    table = tables.with_rate_interval(
        pd.DataFrame({"rate_accuracy": n_correct / 100, "rate_trials": 100})
    )
    low, high = statistics.wilson_interval(n_correct, np.full(101, 100))
    assert np.array_equal(table.rate_ci_low, low)
    assert np.array_equal(table.rate_ci_high, high)
    nothing = tables.with_rate_interval(table.iloc[:0])  # of a block without networks
    assert (len(nothing), list(nothing)) == (0, list(table))


def test_intervals_of_fresh_trials_go_from_low_to_high():
    fresh = tables.held_out_accuracy(
        frame(trials("a", 40.0, [1] * 8 + [0] * 2, [1] * 5 + [0] * 5), trials("b", 20.0, [0] * 4))
    ).set_index("network")
    assert fresh.held_out_trials.to_dict() == {"a": 10, "b": 4}
    assert fresh.held_out_accuracy.to_dict() == {"a": 0.8, "b": 0}
    assert fresh.held_out_strict.to_dict() == {"a": 0.5, "b": 0}
    low, high = statistics.wilson_interval([8, 0], [10, 4])
    assert fresh.held_out_ci_low.tolist() == low.tolist()
    assert fresh.held_out_ci_high.tolist() == high.tolist()


def test_flags_of_conditions_without_a_search_stay_flags(tmp_path):
    """True and missing in one column would be read as words."""
    files = []
    for i, on_edge in enumerate((["True", "False"], ["", ""], ["True", ""])):
        table = pd.DataFrame({"network": ["a", "b"], "on_edge": on_edge, "search_trials": ["", 9]})
        files.append(str(tmp_path / f"{i}.csv"))
        table.to_csv(files[-1], index=False)
    found = tables.read_networks(files)
    assert (str(found.on_edge.dtype), str(found.search_trials.dtype)) == ("boolean", "Int64")
    assert found.on_edge.sum() == 2
    assert found.on_edge.isna().sum() == 3


def test_summary_is_over_the_networks_that_reached_criterion():
    summary = tables.summary_by_condition(networks()).set_index("name")
    assert summary.index.tolist() == ["a", "b", "c"]
    assert summary.other_names.tolist() == ["size-200; n200", "", ""]
    assert summary.n_networks.tolist() == [4, 2, 1]
    assert summary.n_trained.tolist() == [3, 0, 1]
    a = summary.loc["a"]
    assert a.training_trials_mean == 700
    assert a.training_trials_sd == 100  # n - 1
    assert a.rate_accuracy_mean == pytest.approx(0.98)
    assert a.search_accuracy_mean == pytest.approx((0.95 + 0.94 + 1) / 3)
    assert a.held_out_accuracy_mean == pytest.approx(0.94)
    assert a.held_out_accuracy_sd == pytest.approx(0.04)
    assert a.held_out_strict_mean == pytest.approx(0.9)
    assert a.n_successful == 2  # 95 % is a success
    assert a.scaling_factors == "40 25 32.5"
    assert a.n_on_edge == 1
    b, c = summary.loc["b"], summary.loc["c"]
    assert (
        b[
            [
                "rate_accuracy_mean",
                "held_out_accuracy_mean",
                "search_accuracy_mean",
                "scaling_factors",
            ]
        ]
        .isna()
        .all()
    )
    assert np.isnan(c.training_trials_mean)
    assert np.isnan(c.held_out_accuracy_sd)  # one network has no spread
    assert c.n_successful == 1
    assert summary.dtypes[["n_successful", "n_on_edge"]].astype(str).tolist() == ["Int64", "Int64"]


def test_the_page_shows_per_cent_and_dashes(tmp_path):
    tables.write_html(tables.summary_by_condition(networks()), tmp_path / "summary.html")
    page = (tmp_path / "summary.html").read_text("utf-8")
    table = ElementTree.fromstring(page[page.index("<table") :])
    header, *rows = [[cell.text for cell in row] for row in table.iter("tr")]
    a, b, c = (dict(zip(header, row, strict=True)) for row in rows)
    assert a == {
        "also called": "size-200; n200",
        "condition": "a",
        "networks": "4",
        "reached criterion, or given": "3",
        "training trials (mean)": "700",
        "rate network, fresh trials": "98.0 %",
        "spiking, best of the grid": "96.3 %",
        "spiking, fresh trials": "94.0 %",
        "SD over networks": "4.0 %",
        "spiking, strict scoring": "90.0 %",
        "chosen 1/λ": "40 25 32.5",
        "on the edge of the grid": "1",
    }
    assert list(b.values()) == ["b", "–", "2", "0"] + ["–"] * 8
    assert (c["SD over networks"], c["training trials (mean)"], c["spiking, fresh trials"]) == (
        "–",
        "–",
        "96.0 %",
    )
    assert c["on the edge of the grid"] == "1"  # not True


def test_a_study_where_nothing_was_trained(tmp_path):
    trials_table.write_trials([], tmp_path / "shard.parquet")
    empty = pd.read_parquet(tmp_path / "shard.parquet")
    assert empty.columns.tolist() == list(trials_table.TRIAL_TYPES)
    assert tables.accuracy_by_factor(empty).columns.tolist() == tables.ACCURACY_COLUMNS
    fresh = tables.held_out_accuracy(empty)
    assert len(fresh) == 0
    assert {*trials_table.NETWORK_KEYS, "held_out_accuracy", "held_out_ci_low"} <= set(fresh)
    only_b = networks()[lambda t: t.name == "b"]
    summary = tables.summary_by_condition(only_b)
    assert summary[["n_networks", "n_trained"]].to_numpy().tolist() == [[2, 0]]
    tables.write_html(summary, tmp_path / "summary.html")
    assert "–" in (tmp_path / "summary.html").read_text()


def test_trials_are_written_as_they_are(tmp_path):
    rows = [trials("seed_0", 40.0, [1, 0, 1], [0, 0, 1]), trials("001", 20.0, [0])]
    trials_table.write_trials(rows, tmp_path / "shard.parquet")
    table = pd.read_parquet(tmp_path / "shard.parquet")
    assert table.columns.tolist() == list(trials_table.TRIAL_TYPES)
    assert table.network.tolist() == ["seed_0"] * 3 + ["001"]
    assert table.correct.tolist() == [True, False, True, False]
    assert table.correct_strict.tolist() == [False, False, True, False]
    assert table.trial.tolist() == [0, 1, 2, 0]
    assert table.n_spikes.tolist() == [0, 1, 2, 0]
    assert table.output_max.dtype == np.float32
    np.testing.assert_allclose(table.output_max, [0, 0.5, 1, 0])


@pytest.mark.parametrize("refined", [False, True])
def test_columns_have_these_types(tmp_path, refined):
    """Single precision would round a factor, and halves the size of the outputs."""
    output_of = {"output_factor": 2**0.25, "output_offset": 0.1}
    row = trials("seed_0", 40.0, [1, 0]) | {"step": "output"} | output_of
    types = trials_table.REFINED_TYPES if refined else trials_table.TRIAL_TYPES
    trials_table.write_trials([row], tmp_path / "shard.parquet", types=types)
    numbers = {"scaling_factor": "double", "trial": "int64", "label": "int64"}
    numbers |= {"output_max": "float", "output_min": "float", "n_spikes": "int64"}
    numbers |= {"correct": "bool", "correct_strict": "bool"}
    words = dict.fromkeys([*trials_table.NETWORK_KEYS, "kind"], "large_string")
    of_refined = dict.fromkeys(output_of, "double") | {"step": "large_string"}
    of_refined = of_refined if refined else {}
    schema = pq.read_schema(tmp_path / "shard.parquet")
    assert {field.name: str(field.type) for field in schema} == numbers | words | of_refined
    if refined:
        read = pd.read_parquet(tmp_path / "shard.parquet")
        for column, value in output_of.items():
            assert set(read[column]) == {value}


def test_stacked_trials_are_all_trials_with_their_purpose(tmp_path):
    parts = {
        "search": [[trials("a", 20.0, [1, 0])], [trials("a", 40.0, [1, 1, 1])], []],
        "held out": [[], [trials("a", 40.0, [0])]],
    }
    files = {}
    for purpose, shards in parts.items():
        files[purpose] = [str(tmp_path / f"{purpose}{i}.parquet") for i in range(len(shards))]
        for rows, path in zip(shards, files[purpose], strict=True):
            trials_table.write_trials(rows, path)
    tables.stack_trials(files, tmp_path / "all.parquet")
    table = pd.read_parquet(tmp_path / "all.parquet")
    assert table.columns.tolist() == [*trials_table.TRIAL_TYPES, "purpose"]
    assert table.purpose.tolist() == ["search"] * 5 + ["held out"]
    assert table.scaling_factor.tolist() == [20, 20, 40, 40, 40, 40]
    assert table.correct.tolist() == [True, False, True, True, True, False]


@pytest.mark.parametrize("order", [("empty", "full"), ("full", "empty"), ("empty", "empty")])
def test_an_empty_part_changes_no_column_type(tmp_path, order):
    trials_table.write_trials([trials("a", 20.0, [1, 0])], tmp_path / "full.parquet")
    trials_table.write_trials([], tmp_path / "empty.parquet")
    tables.stack_trials(
        {"search": [str(tmp_path / f"{o}.parquet") for o in order]}, tmp_path / "all.parquet"
    )
    types = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "all.parquet")}
    text = {"string", "large_string"}
    assert {types[k] for k in (*trials_table.NETWORK_KEYS, "kind", "purpose")} <= text
    assert types["correct"] == types["correct_strict"] == "bool"
    assert (types["trial"], types["scaling_factor"], types["output_max"]) == (
        "int64",
        "double",
        "float",
    )


def test_no_table_half_written(tmp_path, monkeypatch):
    path = tmp_path / "all.parquet"
    path.write_text("older")
    trials_table.write_trials([trials("a", 20.0, [1, 0])], tmp_path / "good.parquet")
    (tmp_path / "bad.parquet").write_text("no parquet")
    with pytest.raises(Exception, match=r"(?i)parquet"):
        tables.stack_trials(
            {"search": [str(tmp_path / f"{x}.parquet") for x in ("good", "bad")]}, path
        )
    assert path.read_text() == "older"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "all.parquet",
        "bad.parquet",
        "good.parquet",
    ]
