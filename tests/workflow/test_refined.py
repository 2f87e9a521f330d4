"""The refinement as a user asks for it: what it adds to a study, and that it changes nothing of the
published choice."""

import hashlib
import re

import numpy as np
import pandas as pd
import pytest
from small_study import SMALL, contents, differences, finished, said, study

from rate2spike import matfile
from rate2spike.analysis import refined_trials
from rate2spike.tasks import BUILT_IN

PLACE = "go-nogo/n40_tau20-50ms_max1200_min1000_eval10_loss1000_accuracy0/lif"
PUBLISHED = {
    "networks_per_condition": 2,
    "search": SMALL["search"] | {"scaling_factors": [30, 40]},
}
REFINED = PUBLISHED | {"search": PUBLISHED["search"] | {"refine": ["output"]}}
TARGETS = ("tables", f"results/converted/{PLACE}/seeds_0-1")


def checksums(path):
    """Of every result, by its path below results."""
    sums = {}
    for file in contents(path):
        sums[file.removeprefix("results/")] = hashlib.sha256((path / file).read_bytes()).hexdigest()
    return sums


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A study that was run without, and then with the refinement: its folder, the checksums of
    before, what the second run said."""
    path = study(tmp_path_factory.mktemp("refined"), **PUBLISHED)
    finished(path, *TARGETS)
    before = checksums(path)
    study(path, **REFINED)
    return path, before, said(finished(path, *TARGETS))


def table(path):
    return pd.read_csv(path / "results" / "tables" / "refined.csv")


def fresh(path, kind):
    files = sorted((path / "results" / kind / PLACE).glob("*.parquet"))
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def test_what_was_published_stays_byte_for_byte(both):
    path, before, _ = both
    after = checksums(path)
    assert {name: after[name] for name in before} == before
    new = sorted(set(after) - set(before))
    assert new == [
        f"refined/{PLACE}/seeds_0-1.csv",
        f"refined/{PLACE}/seeds_0-1.parquet",
        f"refined/{PLACE}/seeds_0-1/seed_0.mat",
        f"refined/{PLACE}/seeds_0-1/seed_1.mat",
        "tables/refined.csv",
    ]


def test_nothing_that_was_there_is_computed_again(both):
    _, _, told = both
    planned = dict(re.findall(r"^([a-z]\w*)  +(\d+)$", told, flags=re.MULTILINE))
    new = dict.fromkeys(("refine", "aggregate_refined", "tables"), "1")
    assert planned == new | {"total": "3"}


def test_a_study_that_refines_from_the_start_has_the_same_results(both, tmp_path):
    path, _, _ = both
    fresh_study = study(tmp_path / "whole", **REFINED)
    finished(fresh_study, *TARGETS)
    assert differences(contents(fresh_study), contents(path)) == []


def test_the_table_follows_from_the_trials(both):
    path, _, _ = both
    refined, trials = table(path), fresh(path, "refined")
    assert list(refined) == ["task", "condition", "neuron", *refined_trials.REFINED_COLUMNS]
    assert refined.network.tolist() == ["seed_0", "seed_1"]
    assert set(refined.step) == set(trials.step) == {"output"}
    for row in refined.itertuples():
        own = trials[trials.network == row.network]
        assert len(own) == row.held_out_trials == 12
        assert set(own.scaling_factor) == {row.scaling_factor}
        assert set(own.output_factor) == {row.output_factor}
        assert set(own.output_offset) == {row.output_offset}
        assert row.held_out_accuracy == pytest.approx(own.correct.mean())
        assert row.held_out_strict == pytest.approx(own.correct_strict.mean())
        go = own.label == 1
        right = np.where(go, own.output_max > 0.7, own.output_max < 0.3)
        assert np.array_equal(own.correct, right)


def test_the_factors_are_those_of_the_search_at_all_factors(both):
    path, _, _ = both
    for row in table(path).itertuples():
        shards = (path / "results" / "simulations" / PLACE).rglob("factor_*.parquet")
        searched = pd.concat([pd.read_parquet(shard) for shard in shards])
        own = searched[searched.network == row.network]
        assert sorted(set(own.scaling_factor)) == [30, 40]
        found = refined_trials.refine_search(BUILT_IN["go-nogo"], own)
        assert found == (
            row.scaling_factor,
            row.output_factor,
            row.output_offset,
            pytest.approx(row.search_accuracy),
            pytest.approx(row.search_strict),
            row.on_edge,
        )


def test_fresh_trials_at_the_published_factor_are_the_same_ones(both):
    """Only their output is moved and of another size; at another factor stimuli and noise are
    others."""
    path, _, _ = both
    refined, published = fresh(path, "refined"), fresh(path, "held_out")
    keys = ["network", "trial"]
    pairs = refined.merge(published, on=keys, suffixes=("", "_before"), validate="one_to_one")
    assert len(pairs) == len(refined) == 24
    same = pairs.scaling_factor == pairs.scaling_factor_before
    at_same = pairs[same]
    assert np.array_equal(at_same.n_spikes, at_same.n_spikes_before)
    assert np.array_equal(at_same.label, at_same.label_before)
    for extreme in ("output_max", "output_min"):
        moved = at_same[f"{extreme}_before"] + at_same.output_offset
        times = moved * at_same.output_factor
        np.testing.assert_allclose(at_same[extreme], times, rtol=1e-6, atol=1e-7)
    others = pairs[~same]
    assert not len(others) or not np.array_equal(others.n_spikes, others.n_spikes_before)


def test_the_models_hold_what_was_found(both):
    path, _, _ = both
    refined = table(path).set_index("network")
    files = list((path / "results" / "refined" / PLACE).rglob("*.mat"))
    assert len(files) == 2
    for file in files:
        row, keys = refined.loc[file.stem], matfile.read(file)
        assert keys["opt_scaling_factor"].item() == row.scaling_factor
        assert keys["output_factor"].item() == row.output_factor
        assert keys["output_offset"].item() == row.output_offset
        assert keys["held_out_perf"].item() == row.held_out_accuracy
        factors = keys["scaling_factors"].ravel().tolist()
        assert factors == [30, 40]
        at_chosen = keys["all_perfs"].ravel()[factors.index(row.scaling_factor)]
        assert at_chosen == pytest.approx(row.search_accuracy)
        model = matfile.load(file)
        output = (row.output_factor, row.output_offset)
        assert (model.output_factor, model.output_offset) == output
    for file in (path / "results" / "converted" / PLACE).rglob("*.mat"):
        assert not {"output_factor", "output_offset"} & matfile.read(file).keys()
