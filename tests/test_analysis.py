"""Statistics against known values, arithmetic and scikit-learn."""

import numpy as np
import pandas as pd
import pytest

from rate2spike import analysis


@pytest.mark.parametrize(
    ("n_correct", "n", "low", "high"),
    # Newcombe, Stat. Med. 17 (1998), Table I, score method without continuity correction
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_known_values(n_correct, n, low, high):
    assert analysis.wilson_interval(n_correct, n) == pytest.approx((low, high), abs=5.1e-5)


def test_wilson_ends_are_exact_and_inverts_the_score_test():
    low, high = analysis.wilson_interval([0, 20], 20)
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert high[0] == pytest.approx(1 - low[1])
    p0, n, k = analysis.wilson_interval(7, 20).high, 20, 7  # at its bound the score statistic is the normal quantile
    assert (p0 - k / n) / np.sqrt(p0 * (1 - p0) / n) == pytest.approx(1.959964, abs=1e-5)


@pytest.mark.parametrize(("n_correct", "n"), [(3, 2), (-1, 5), (0, 0)])
def test_wilson_refuses_impossible_counts(n_correct, n):
    with pytest.raises(ValueError, match="n_correct"):
        analysis.wilson_interval(n_correct, n)


def test_decay_bins_are_centred_on_integers_and_hold_every_unit():
    histogram = analysis.decay_histogram([19.4, 20.49, 20.5, 21.0, 50.2, 63.0], 20, 50)
    assert histogram.centres[[0, -1]].tolist() == [19, 63]  # wider than 20-50: nothing left out
    assert dict(zip(histogram.centres.tolist(), histogram.counts.tolist(), strict=True))[21] == 2
    assert histogram.counts.sum() == 6
    assert analysis.decay_histogram([30.0], 20, 50).centres.tolist() == list(range(20, 51))
    assert analysis.decay_histogram([30.0, 32.0]).centres.tolist() == [30, 31, 32]


def test_rate_bins_are_two_hertz_wide_and_hold_every_unit():
    histogram = analysis.rate_histogram([0, 1.99, 2, 5, 61])
    assert histogram.centres[:3].tolist() == [1, 3, 5]
    assert histogram.counts[:3].tolist() == [0.4, 0.2, 0.2]
    assert histogram.centres[-1] == 61
    assert histogram.counts.sum() == pytest.approx(1)
    assert len(analysis.rate_histogram([0]).centres) == 15  # the paper's 1, 3 ... 29 Hz
    assert not analysis.rate_histogram([]).counts.any()


def test_mean_and_sd_by_label():
    outputs = np.array([[1.0, 2.0], [3.0, 2.0], [10.0, 20.0]])
    means = analysis.mean_sd(outputs, [1, 1, 0], [1, 0, 7])
    assert means.mean[:2].tolist() == [[2, 2], [10, 20]]
    assert means.sd[0] == pytest.approx([np.sqrt(2), 0])
    assert np.isnan(means.sd[1]).all()  # one trial has no SD
    assert np.isnan(means.mean[2]).all()
    assert means.n.tolist() == [2, 1, 0]


def test_normalise():
    assert analysis.normalise([[2, 4], [3, 6]]).tolist() == [[0, 0.5], [0.25, 1]]
    assert analysis.normalise([5, 5]).tolist() == [0, 0]


def test_components_agree_with_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    trajectories = np.random.default_rng(3).normal(size=(2, 7, 40)) * np.arange(1, 8)[:, None] + np.arange(7)[:, None]
    ours = analysis.principal_components(trajectories)
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
    components = analysis.principal_components(ellipse)
    assert components.variance_fraction == pytest.approx([0.9, 0.1, 0])
    assert components.axes[:2] == pytest.approx(np.eye(3)[:2], abs=1e-9)  # mean 0: the largest loading is positive
    assert components.scores.shape == (1, 3, 50)
    with pytest.raises(ValueError, match="n_labels, n_units, n_steps"):
        analysis.principal_components(ellipse[0])


def _networks() -> pd.DataFrame:
    row = {"task": "t", "condition": "c", "neuron": "lif", "training_trials": 10, "rate_accuracy": 1.0, "on_edge": False}
    row |= {"search_accuracy": 0.9, "held_out_strict": 0.8, "scaling_factor": 40.0}
    nothing = {c: np.nan for c in row if c not in ("task", "condition", "neuron")}
    return pd.DataFrame(
        [
            {**row, "network": "0", "converged": True, "held_out_accuracy": 0.96},
            {**row, "network": "1", "converged": True, "held_out_accuracy": 0.90, "on_edge": True},
            {**row, **nothing, "network": "2", "converged": False, "held_out_accuracy": np.nan},
            {**row, **nothing, "condition": "d", "network": "0", "converged": False, "held_out_accuracy": np.nan},
        ]
    )


def test_summary_counts_networks_that_did_not_converge():
    summary = analysis.summary_of(_networks(), ["task", "condition"]).set_index("condition")
    assert summary.loc["c", ["n_attempted", "n_trained", "n_successful", "n_on_edge"]].tolist() == [3, 2, 1, 1]
    assert summary.held_out_accuracy_mean["c"] == pytest.approx(0.93)
    assert summary.loc["d", ["n_attempted", "n_trained", "n_successful"]].tolist() == [1, 0, 0]
    assert np.isnan(summary.held_out_accuracy_mean["d"])


def test_summary_of_nothing_trained():
    assert analysis.summary_of(_networks().iloc[3:], ["condition"]).n_trained.tolist() == [0]


def test_held_out_accuracy_by_network():
    trials = pd.DataFrame({"network": ["a"] * 4 + ["b"], "correct": [True, True, True, False, True]})
    table = analysis.held_out_accuracy(trials.assign(correct_strict=False), ["network"]).set_index("network")
    assert table.loc["a", ["held_out_accuracy", "held_out_strict", "held_out_trials"]].tolist() == [0.75, 0, 4]
    assert table.loc["a", ["held_out_ci_low", "held_out_ci_high"]].tolist() == pytest.approx(
        [float(end) for end in analysis.wilson_interval(3, 4)]
    )
    assert analysis.held_out_accuracy(trials.assign(correct_strict=False).iloc[:0], ["network"]).empty
