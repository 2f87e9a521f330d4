"""Conversion: the scaled weights, the search and its choice, rows of the trial table."""

from dataclasses import replace

import numpy as np
import pytest

from rate2spike import conversion, matfile, streams
from rate2spike.config import NeuronConfig, RateConfig
from rate2spike.conversion import (
    Simulation,
    choose_factor,
    score_network,
    scored_trials,
    to_spiking,
)
from rate2spike.rate import RateModel, Weights
from rate2spike.spiking.kernels.cpu import TrialSummary
from rate2spike.tasks import BUILT_IN, draw_trials

SEARCH = Simulation(BUILT_IN["go-nogo"], study_seed=4)


def model_by_hand(*, dale=True):
    """Two excitatory units and an inhibitory one that does not inhibit unit 0."""
    w = np.array([[1, -2, 3], [4, 5, 6], [7, 8, 9]], dtype=np.float32)
    return RateModel(
        config=RateConfig(n_units=3, dale=dale),
        w_in=np.array([[1], [2], [3]], dtype=np.float32),
        inhibitory=np.array([False, False, dale]),
        mask=np.array([[1, 1, 0], [1, 1, 1], [1, 1, 1]], dtype=np.float32),
        weights=Weights(w, np.float32([10, 20, 30]), np.float32(0.5), np.float32([0, 50, -50])),
        initial=Weights(
            np.ones((3, 3), np.float32),
            np.float32([5, 5, 5]),
            np.float32(0),
            np.zeros(3, np.float32),
        ),
    )


def test_weights_are_rectified_signed_masked_and_divided():
    network = to_spiking(model_by_hand(), 10)
    assert np.array_equal(network.w_rec, [[0.1, 0, 0], [0.4, 0.5, -0.6], [0.7, 0.8, -0.9]])
    assert np.array_equal(network.w_out, [1, 2, 3])
    assert np.array_equal(network.w_in, [[1], [2], [3]])  # the input is not scaled
    np.testing.assert_allclose(network.tau_decay_ms, [35, 50, 20], rtol=1e-12)
    assert {
        a.dtype for a in (network.w_rec, network.w_out, network.w_in, network.tau_decay_ms)
    } == {np.dtype(float)}
    assert (network.scaling_factor, network.neuron) == (10, NeuronConfig())


def test_the_units_are_those_that_are_asked_for():
    neuron = NeuronConfig(model="qif", tau_rise_ms=0.0, t_refractory_ms=1.0)
    assert to_spiking(model_by_hand(), 10, neuron=neuron).neuron == neuron


def test_a_masked_array_is_not_taken_for_its_data():
    model, said = model_by_hand(), "expected numbers, got masked ones"
    masked = np.ma.masked_greater(model.weights.w_rec, 4)
    with pytest.raises(ValueError, match=f"w_rec: {said}"):
        replace(model, weights=model.weights._replace(w_rec=masked))
    with pytest.raises(ValueError, match=f"w_in: {said}"):
        replace(model, w_in=np.ma.masked_greater(model.w_in, 2))
    network = to_spiking(model, 10)
    for name in ("w_rec", "w_in", "w_out", "tau_decay_ms", "inhibitory"):
        array = np.ma.array(getattr(network, name), mask=True)
        with pytest.raises(ValueError, match=f"{name}: {said}"):
            replace(network, **{name: array})
    with pytest.raises(ValueError, match="w_rec: expected finite numbers"):
        replace(network, w_rec=np.full((3, 3), np.nan))


def test_without_dale_the_weights_keep_their_sign():
    assert np.array_equal(to_spiking(model_by_hand(dale=False), 10).w_rec[0], [0.1, -0.2, 0])


def test_initial_weights_are_those_from_before_training_with_the_trained_readout():
    network = to_spiking(model_by_hand(), 2, initial_weights=True)
    assert np.array_equal(network.w_rec, [[0.5, 0.5, 0], [0.5, 0.5, -0.5], [0.5, 0.5, -0.5]])
    assert np.array_equal(network.w_out, [5, 10, 15])
    np.testing.assert_allclose(network.tau_decay_ms, [35, 50, 20])  # the trained decays


def test_the_model_is_left_as_it_was():
    model = model_by_hand()
    network = to_spiking(model, 10)
    network.w_rec[:] = network.w_in[:] = network.w_out[:] = 99
    for ours, fresh in zip(model.weights, model_by_hand().weights, strict=True):
        assert np.array_equal(ours, fresh)
    assert np.array_equal(model.w_in, [[1], [2], [3]])


@pytest.mark.parametrize("factor", [0, -40, float("nan"), float("inf"), "40", None, True, [40]])
def test_an_impossible_factor_is_refused(factor):
    with pytest.raises(ValueError, match=r"^scaling_factor: expected a number > 0, got "):
        to_spiking(model_by_hand(), factor)


def test_a_file_without_initial_weights_has_none_to_simulate(published_model_file):
    keys = {k: v for k, v in matfile.read(published_model_file).items() if k != "w0"}
    model = matfile.load(keys)
    assert to_spiking(model, 40).n_units == 200
    with pytest.raises(
        ValueError, match=r"initial_weights: the model file holds no initial weights \(key 'w0'\)"
    ):
        to_spiking(model, 40, initial_weights=True)


@pytest.mark.parametrize(
    ("factors", "accuracies", "expected"),
    [
        ([20, 30, 40], [0.5, 0.9, 0.7], (30, False)),
        ([20, 30, 40, 50], [0.5, 0.9, 0.9, 0.7], (30, False)),  # the first of equals
        ([50, 40, 30, 20], [0.7, 0.9, 0.9, 0.5], (40, False)),  # ... in the order of the grid
        ([20, 30, 40], [0.9, 0.5, 0.9], (20, True)),
        ([20, 30, 40], [0.5, 0.7, 0.9], (40, True)),
        ([30, 40, 20], [0.5, 0.7, 0.9], (20, True)),  # the edge of the values, not of the list
        ([30, 40, 20], [0.9, 0.7, 0.5], (30, False)),
        ([30], [0.9], (30, False)),  # a grid of one has no edge
    ],
)
def test_choice(factors, accuracies, expected):
    assert choose_factor(factors, accuracies) == expected


# The trial table ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows(trained):
    return score_network(SEARCH, trained.model, "net", 40.0, 16)


@pytest.mark.parametrize(("n_trials", "threads"), [(1, 1), (5, 2), (20, 2)])
def test_a_row_does_not_depend_on_what_runs_beside_it(trained, rows, n_trials, threads):
    other = score_network(SEARCH._replace(threads=threads), trained.model, "net", 40.0, n_trials)
    assert list(other) == list(rows)
    n = min(n_trials, 16)
    for column in rows:
        assert other[column].dtype.kind == rows[column].dtype.kind
        assert np.array_equal(other[column][:n], rows[column][:n]), column


@pytest.mark.parametrize(
    ("simulation", "network", "factor"),
    [
        (SEARCH, "other", 40.0),
        (SEARCH, "net", 41.0),
        (SEARCH._replace(purpose="held out"), "net", 40.0),
        (SEARCH._replace(study_seed=5), "net", 40.0),
    ],
    ids=["network", "factor", "purpose", "seed"],
)
def test_another_stream_gives_other_trials_and_other_noise(
    trained, rows, simulation, network, factor
):
    other = score_network(simulation, trained.model, network, factor, 16)
    assert not np.array_equal(other["label"], rows["label"])
    # where the stimulus is the same by chance, the noise is not
    same = other["label"] == rows["label"]
    assert same.any()
    assert not (other["n_spikes"] == rows["n_spikes"])[same].all()


def test_the_noise_is_keyed_by_study_purpose_network_and_factor():
    keys = {
        scored_trials.stream_of(simulation, network, factor)
        for simulation in (
            SEARCH,
            SEARCH._replace(study_seed=5),
            SEARCH._replace(purpose="held out"),
        )
        for network in ("a", "b")
        for factor in (40.0, 41.0)
    }
    assert len(keys) == 12
    assert scored_trials.stream_of(SEARCH, "a", 40) == scored_trials.stream_of(
        SEARCH, "a", np.float32(40)
    )


def test_trials_and_noise_have_the_stream_of_their_words(rows):
    trials = draw_trials(BUILT_IN["go-nogo"], 4, "search", ("net", 40.0), range(16))
    assert np.array_equal(trials.label, rows["label"])
    for purpose in ("search", "held out"):
        simulation = SEARCH._replace(purpose=purpose)
        expected = streams.key(4, f"{purpose} noise", "net", 40.0)
        assert scored_trials.stream_of(simulation, "net", 40.0) == expected
        found = scored_trials.trials_of(simulation, "net", 40.0, [5, 2])
        again = draw_trials(BUILT_IN["go-nogo"], 4, purpose, ("net", 40.0), [5, 2])
        assert np.array_equal(found.stimulus, again.stimulus)
    assert Simulation(BUILT_IN["xor"], 4).purpose == "search"


@pytest.mark.parametrize(("downsample", "steps"), [(1, 100), (2, 50), (4, 25)])
def test_a_sample_each_5_ms(downsample, steps):
    assert scored_trials.steps_kept(SEARCH._replace(downsample=downsample)) == steps


def test_a_row_says_what_the_output_did_in_the_response_window(trained, rows):
    numbers = np.array([3, 9])
    trials = scored_trials.trials_of(SEARCH, "net", 40.0, numbers)
    kept = conversion.run_trials(SEARCH, trained.model, "net", 40.0, trials, numbers, keep_every=1)
    assert kept.out.shape == (2, 20000)
    # from 0.5 s on, as published
    assert np.array_equal(kept.out[:, 9999:].max(axis=1), rows["output_max"][numbers])
    assert np.array_equal(kept.out[:, 9999:].min(axis=1), rows["output_min"][numbers])
    assert np.array_equal(kept.spike_counts.sum(axis=1), rows["n_spikes"][numbers])
    assert np.array_equal(trials.label, rows["label"][numbers])


def test_rows_are_scored_as_published(rows):
    highest, lowest, go = rows["output_max"], rows["output_min"], rows["label"] == 1
    assert np.array_equal(rows["correct"], np.where(go, highest > 0.7, highest < 0.3))
    assert np.array_equal(
        rows["correct_strict"],
        np.where(go, (highest > 0.7) & (lowest > -0.7), (highest < 0.3) & (lowest > -0.3)),
    )
    assert np.array_equal(rows["kind"], np.where(go, "Go", "NoGo"))
    assert rows["trial"].tolist() == list(range(16))
    assert (rows["n_spikes"] > 80).all()
    assert set(rows["network"]) == {"net"}
    assert set(rows["scaling_factor"]) == {40.0}


@pytest.mark.parametrize(("factor", "published"), [(40.0, 0.94), (50.0, 0.64), (75.0, 0.02)])
def test_accuracy_of_the_published_model_is_that_of_the_published_code(
    published_model_file, factor, published
):
    # 100 trials of the published code (reference data) against 200 of ours: within 4 standard
    # errors of the difference
    rows = score_network(
        SEARCH._replace(threads=2), matfile.load(published_model_file), "net", factor, 200
    )
    tolerance = 4 * np.sqrt(max(published * (1 - published), 0.03) * (1 / 200 + 1 / 100))
    assert rows["correct"].mean() == pytest.approx(published, abs=tolerance)


def test_a_simulation_that_diverges_is_an_error_not_a_score(trained):
    bad = replace(
        trained.model, weights=trained.model.weights._replace(w_out=np.full(80, 3e38, np.float32))
    )
    with pytest.raises(FloatingPointError, match=r"net at scaling factor 40: .* diverged"):
        score_network(SEARCH, bad, "net", 40.0, 2)


@pytest.mark.parametrize("output", [np.nan, np.inf])
def test_an_output_that_is_no_finite_number_in_one_trial_is_an_error(rows, output):
    trials = scored_trials.trials_of(SEARCH, "net", 40.0, range(3))
    zeros = np.zeros(3, np.float32)
    summary = TrialSummary(zeros.copy(), zeros, np.zeros((3, 2), np.int32), None, None)
    found = scored_trials._rows(SEARCH.task, "net", 40.0, trials=trials, summary=summary)
    assert list(found) == list(rows)
    summary.maximum[1] = output
    with pytest.raises(FloatingPointError, match="net at scaling factor 40"):
        scored_trials._rows(SEARCH.task, "net", 40.0, trials=trials, summary=summary)


def test_downsampling_keeps_the_time_of_the_response(trained):
    coarse, numbers = SEARCH._replace(downsample=2), np.array([0, 1])
    trials = scored_trials.trials_of(coarse, "net", 40.0, numbers)
    kept = conversion.run_trials(coarse, trained.model, "net", 40.0, trials, numbers, keep_every=1)
    assert kept.out.shape == (2, 10000)
    assert np.array_equal(
        kept.out[:, 4999:].max(axis=1),
        score_network(coarse, trained.model, "net", 40.0, 2)["output_max"],
    )
