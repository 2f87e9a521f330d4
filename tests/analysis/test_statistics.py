"""Statistics against known values, arithmetic and scikit-learn."""

import numpy as np
import pandas as pd
import pytest

from rate2spike.analysis import describe, statistics


@pytest.mark.parametrize(
    ("n_correct", "n", "low", "high"),
    # Newcombe, Stat. Med. 17 (1998), Table I, score method without continuity correction
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_known_values(n_correct, n, low, high):
    assert statistics.wilson_interval(n_correct, n) == pytest.approx((low, high), abs=5.1e-5)


def test_wilson_ends_are_exact_and_inverts_the_score_test():
    low, high = statistics.wilson_interval([0, 20], 20)
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert high[0] == pytest.approx(1 - low[1])
    # at its bound the score statistic is the normal quantile
    p0 = statistics.wilson_interval(7, 20).high
    n = 20
    k = 7
    assert (p0 - k / n) / np.sqrt(p0 * (1 - p0) / n) == pytest.approx(1.959964, abs=1e-5)


def test_wilson_of_another_level():
    """At its bound the score statistic is the normal quantile of that level, 90 % of the middle."""
    p0 = statistics.wilson_interval(7, 20, level=0.9).high
    assert (p0 - 7 / 20) / np.sqrt(p0 * (1 - p0) / 20) == pytest.approx(1.644854, abs=1e-5)


@pytest.mark.parametrize(("n_correct", "n"), [(3, 2), (-1, 5), (0, 0)])
def test_wilson_refuses_impossible_counts(n_correct, n):
    with pytest.raises(ValueError, match="n_correct"):
        statistics.wilson_interval(n_correct, n)


def test_decay_bins_are_centred_on_integers_and_hold_every_unit():
    histogram = statistics.decay_histogram([19.4, 20.49, 20.5, 21.0, 50.2, 63.0], 20, 50)
    assert histogram.centres[[0, -1]].tolist() == [19, 63]  # wider than 20-50: nothing left out
    assert dict(zip(histogram.centres.tolist(), histogram.counts.tolist(), strict=True))[21] == 2
    assert histogram.counts.sum() == 6
    assert statistics.decay_histogram([30.0], 20, 50).centres.tolist() == list(range(20, 51))
    assert statistics.decay_histogram([30.0, 32.0]).centres.tolist() == [30, 31, 32]


def test_decay_bins_widen_for_long_decays():
    histogram = statistics.decay_histogram([20.0, 22.4, 22.6, 200.0], 20, 200)
    assert histogram.width == 5
    assert histogram.centres.tolist() == list(range(20, 201, 5))
    assert histogram.counts[[0, 1, -1]].tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    ("longest", "width"),
    # 50 bins at most: 20 ms to 70, 120, 270, 520, 1020, 2520 ms and a little more
    [
        *((70, 1), (71, 2), (120, 2), (121, 5), (270, 5), (271, 10), (520, 10), (521, 20)),
        *((1020, 20), (1021, 50), (2520, 50), (2521, 100), (9000, 100)),
    ],
)
def test_the_width_of_decay_bins(longest, width):
    assert statistics.decay_histogram([20.0, longest]).width == width


def test_rate_bins_are_two_hertz_wide_and_hold_every_unit():
    histogram = statistics.rate_histogram([0, 1.99, 2, 5, 61])
    assert histogram.centres[:3].tolist() == [1, 3, 5]
    assert histogram.counts[:3].tolist() == [0.4, 0.2, 0.2]
    assert histogram.centres[-1] == 61
    assert histogram.counts.sum() == pytest.approx(1)
    assert len(statistics.rate_histogram([0]).centres) == 15  # the paper's 1, 3 ... 29 Hz
    assert not statistics.rate_histogram([]).counts.any()


def test_mean_and_sd_by_label():
    outputs = np.array([[1.0, 2.0], [3.0, 2.0], [10.0, 20.0]])
    means = statistics.mean_sd(outputs, [1, 1, 0], [1, 0, 7])
    assert means.mean[:2].tolist() == [[2, 2], [10, 20]]
    assert means.sd[0] == pytest.approx([np.sqrt(2), 0])
    assert np.isnan(means.sd[1]).all()  # one trial has no SD
    assert np.isnan(means.mean[2]).all()
    assert means.n.tolist() == [2, 1, 0]


def test_normalise():
    assert statistics.normalise([[2, 4], [3, 6]]).tolist() == [[0, 0.5], [0.25, 1]]
    assert statistics.normalise([5, 5]).tolist() == [0, 0]


def test_components_agree_with_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    trajectories = (
        np.random.default_rng(3).normal(size=(2, 7, 40)) * np.arange(1, 8)[:, None]
        + np.arange(7)[:, None]
    )
    ours = statistics.principal_components(trajectories)
    samples = np.concatenate(list(trajectories), axis=1).T
    theirs = decomposition.PCA(3).fit(samples)
    assert ours.variance_fraction == pytest.approx(theirs.explained_variance_ratio_)
    assert np.abs(np.sum(ours.axes * theirs.components_, axis=1)) == pytest.approx(1)
    centred = np.concatenate(list(ours.scores), axis=1).T - ours.axes @ theirs.mean_
    assert np.abs(centred) == pytest.approx(np.abs(theirs.transform(samples)))
    assert (ours.axes @ theirs.mean_ > 0).all()  # and the sign is ours


def test_components_of_a_plane():
    t = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    ellipse = np.stack([3 * np.cos(t), np.sin(t), 0 * t])[None]
    components = statistics.principal_components(ellipse)
    assert components.variance_fraction == pytest.approx([0.9, 0.1, 0])
    # mean 0: the largest loading is positive
    assert components.axes[:2] == pytest.approx(np.eye(3)[:2], abs=1e-9)
    assert components.scores.shape == (1, 3, 50)
    with pytest.raises(ValueError, match="n_labels, n_units, n_steps"):
        statistics.principal_components(ellipse[0])


def test_slots_leave_a_gap_between_conditions_and_room_for_untrained_ones():
    table = pd.DataFrame(
        {"task": "t", "condition": list("aaabcc"), "neuron": "lif", "network": list("012001")}
    ).replace({"condition": {"c": "external_c"}})
    # a file from elsewhere may say how long its network was trained
    table = table.assign(
        converged=[True, False, True, False, True, True], training_trials=[1, 2, 3, 4, None, 5]
    )
    placed, conditions = describe.slots(table)
    assert placed.slot.tolist() == [0.5, 1.5, 8.5, 9.5]
    assert placed.network.tolist() == ["0", "2", "0", "1"]
    assert conditions.text.tolist() == [
        "t a lif\n2 of 3 trained",
        "t b lif\n0 of 1 trained",
        "t external_c lif\n2 given",
    ]
    assert conditions.centre.tolist() == [1, 5, 9]


def test_facts_of_an_example_and_of_all_networks():
    assert describe.example({"n_networks": 0, "n_attempted": 4}, {1: "Go"}) == {
        "n_networks": 0,
        "n_attempted": 4,
    }
    recording = {"n_networks": 2, "n_attempted": 4, "given": False, "condition": "t, c"}
    recording |= {"network": np.array("seed_1"), "held_out_accuracy": 0.97}
    recording |= {"label": np.array([1, 1, 0]), "inhibitory": np.array([True, False, False])}
    recording |= {"tau_decay_ms": [20.0, 30.0, 45.0], "scaling_factors": [1.0, 10.0, 32.5]}
    facts = describe.example(recording, {1: "Go", 0: "NoGo"})
    assert facts == {
        "n_networks": 2,
        "n_attempted": 4,
        "condition": "t, c",
        "networks": "2 of 4 networks reached criterion",
        "network": "seed_1",
        "n_units": 3,
        "n_exc": 2,
        "n_inh": 1,
        "tau_mean": pytest.approx(95 / 3),
        "tau_sd": pytest.approx(np.std([20, 30, 45], ddof=1)),
        "bin_ms": 1,
        "factor": 32.5,
        "held_out": pytest.approx(97),
        "trials": "2 Go and 1 NoGo",
    }
    one = recording | {"given": True, "n_networks": 1, "inhibitory": [True], "tau_decay_ms": [35.0]}
    facts = describe.example(one, {1: "+", 0: "\N{MINUS SIGN}"})
    assert facts["networks"] == "one of 1 given networks"
    assert (facts["n_exc"], facts["n_inh"], facts["tau_sd"]) == (0, 1, 0)
    assert facts["trials"] == "2 (+) and 1 (\N{MINUS SIGN})"
    table = pd.DataFrame(
        {"task": "t", "condition": "c", "neuron": "lif", "converged": [True, True, False]}
    )
    facts = describe.networks(
        table.assign(search_trials=[100, 50, np.nan], held_out_trials=100, rate_trials=100)
    )
    assert facts == {
        "n_networks": 2,
        "n_attempted": 3,
        "n_conditions": 1,
        "search_trials": "50 or 100",
        "held_out_trials": "100",
        "rate_trials": "100",
    }


def test_correlation_by_row():
    a = np.array([[0.0, 1, 2, 3], [1, 1, 1, 1], [0, 1, 0, 1], [1, 2, 4, 3]])
    b = np.array([[5.0, 7, 9, 11], [0, 1, 2, 3], [3, 0, 3, 0], [1, 3, 2, 4]])
    np.testing.assert_allclose(
        statistics.correlation(a, b), [1, np.nan, -1, np.corrcoef(a[3], b[3])[0, 1]]
    )


def test_first_crossing_counts_from_the_stimulus():
    time_s = np.array([0.1, 0.2, 0.3, 0.4])
    outputs = np.array([[0, 0.6, 0.8, 0.9], [0.9, 0, 0, 0], [0, 0.7, 0.7, 0.71]])
    np.testing.assert_allclose(
        statistics.first_crossing(outputs, time_s, 0.7, 0.1), [0.2, np.nan, 0.3]
    )
    np.testing.assert_allclose(statistics.first_crossing(outputs, time_s, 0.7), [0.3, 0.1, 0.4])
