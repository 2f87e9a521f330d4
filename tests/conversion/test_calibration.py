"""Gains and biases of the units: each spiking unit answers to its current as its rate unit does."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares

from rate2spike import matfile, spiking, streams
from rate2spike.config import NeuronConfig
from rate2spike.conversion import (
    Simulation,
    answer_to_currents,
    currents_of,
    find_unit_gains,
    rate_currents,
    run_trials,
    to_spiking,
    trials_of,
)
from rate2spike.networks import simulate
from rate2spike.rate.kernels.pick import rate_kernels
from rate2spike.rate.model import UnitGains
from rate2spike.spiking.as_any_network import as_network, external_inputs
from rate2spike.spiking.kernels.pick import spiking_kernels
from rate2spike.tasks import BUILT_IN

GO_NOGO = BUILT_IN["go-nogo"]
FACTOR = 60.0


@pytest.fixture(scope="module")
def answer():
    return answer_to_currents(NeuronConfig(), 1)


# The answer of a unit -----------------------------------------------------------------------------


def at(answer, current_mv):
    return np.interp(current_mv, answer.current_mv, answer.rate_hz)


@pytest.mark.parametrize("current", [5.0, 20.0, 100.0])
def test_a_unit_answers_as_the_equation_of_lif_says(answer, current):
    """Far above threshold noise means little: f = 1 / (t_ref + tau ln((I + 25) / I))."""
    expected = 1 / (0.002 + 0.010 * np.log((current + 25) / current))
    assert at(answer, current) == pytest.approx(expected, rel=0.02)


def test_the_answer_never_falls_and_starts_from_silence(answer):
    assert (np.diff(answer.rate_hz) >= 0).all()
    assert at(answer, -8) < 0.1
    assert 0.5 < at(answer, -1) < at(answer, 0)  # noise makes units fire below the threshold
    slope = np.diff(answer.rate_hz) / np.diff(answer.current_mv)
    np.testing.assert_allclose(answer.slope[1:-1], (slope[1:] + slope[:-1]) / 2, atol=1e-6)


def test_the_answer_is_that_of_the_neuron_and_the_step_that_are_asked_for():
    slow = answer_to_currents(NeuronConfig(t_refractory_ms=10.0), 1)
    assert at(slow, 100.0) == pytest.approx(1 / (0.010 + 0.010 * np.log(1.25)), rel=0.02)
    coarse = answer_to_currents(NeuronConfig(), 1, downsample=5)
    assert at(coarse, 100.0) == pytest.approx(1 / (0.002 + 0.010 * np.log(1.25)), rel=0.1)
    quadratic = answer_to_currents(NeuronConfig(model="qif"), 1)
    assert at(quadratic, 10.0) == pytest.approx(np.sqrt(10) / (np.pi * 0.010), rel=0.15)


# The fit ------------------------------------------------------------------------------------------


def test_units_without_connections_get_the_rates_that_are_wanted(trained, answer):
    """Nothing makes their current noisy; no other gain or bias is nearer to the rates."""
    model = replace(trained.model, mask=np.zeros_like(trained.model.mask))
    currents = np.linspace(-1.0, 1.0, 200)[:, None] + np.linspace(-0.5, 0.5, model.n_units)
    gain, bias_mv = find_unit_gains(model, FACTOR, currents_of(model, currents), answer)
    wanted = FACTOR / (1 + np.exp(-currents))

    def distance(gain, bias_mv):
        missing = at(answer, gain * currents + bias_mv) - wanted
        return np.sqrt((missing**2).mean(axis=0))

    found = distance(gain, bias_mv)
    assert found.max() < 0.03 * FACTOR
    for other in ((1.05 * gain, bias_mv), (0.95 * gain, bias_mv)):
        assert (distance(*other) > found).all()
    for shift in (-0.1, 0.1):
        assert (distance(gain, bias_mv + shift) > found).all()


def test_noise_of_spikes_is_allowed_for(trained, answer):
    """A unit whose current is noisy answers to its mean over the noise."""
    model = trained.model
    currents = np.linspace(-3.0, 1.0, 200)[:, None] + np.zeros(model.n_units)
    gain, bias_mv = find_unit_gains(model, FACTOR, currents_of(model, currents), answer)
    rates = 1 / (1 + np.exp(-currents[:, 0]))
    w = np.maximum(model.weights.w_rec, 0) * model.mask / FACTOR
    variance = (
        (w**2).sum(axis=1) * FACTOR * rates.mean() / (2 * (model.tau_decay_ms() + 2.0) / 1000)
    )
    rng = np.random.default_rng(0)
    noise = np.sqrt(variance) * rng.standard_normal((20_000, 1))
    for current in (-2.0, 0.0, 0.8):
        found = at(answer, gain * (current + noise) + bias_mv).mean(axis=0)
        wanted = FACTOR / (1 + np.exp(-current))
        assert np.abs(found - wanted).mean() < 0.04 * FACTOR


def test_noise_is_smoothed_by_the_unit_that_receives_it(trained, answer):
    """The decay is that of its own synapses: those of the units that send change nothing."""
    model = trained.model
    currents = np.linspace(-3.0, 1.0, 200)[:, None] + np.linspace(-0.5, 0.5, model.n_units)
    receives = np.arange(model.n_units) % 2 == 0
    found = []
    for slow in (~receives, receives, np.ones_like(receives)):
        weights = model.weights._replace(tau_raw=np.where(slow, 20.0, -20.0))
        with_decays = replace(model, weights=weights)
        assert np.allclose(with_decays.tau_decay_ms(), np.where(slow, 50.0, 20.0))
        of_network = currents_of(with_decays, currents)
        found.append(np.asarray(find_unit_gains(with_decays, FACTOR, of_network, answer)))
    fast, slow, all_slow = found
    assert np.array_equal(slow[:, receives], all_slow[:, receives])
    assert np.array_equal(fast[:, ~receives], all_slow[:, ~receives])
    # a unit that smooths less has more noise, and another gain and bias
    assert (fast[:, receives] != slow[:, receives]).all()


def test_weights_below_0_are_no_connections_and_make_no_noise(trained, answer):
    weights = trained.model.weights
    w_rec = np.where(np.arange(trained.model.n_units) % 2, weights.w_rec, -5.0)
    currents = np.linspace(-3.0, 1.0, 200)[:, None] + np.zeros(trained.model.n_units)
    found = []
    for w in (w_rec, np.maximum(w_rec, 0)):
        model = replace(trained.model, weights=weights._replace(w_rec=w))
        found.append(find_unit_gains(model, FACTOR, currents_of(model, currents), answer))
    assert np.array_equal(*found)


def mean_rates(rates, label) -> np.ndarray:
    """Of each unit in the trials of each answer, f(x) from 0.1 s on; rates (n_trials, n_units,
    n_samples) every 5 ms. (2, n_units)"""
    means = rates[:, :, 20:].mean(axis=2)
    return np.stack([means[label == answer].mean(axis=0) for answer in (0, 1)])


@pytest.fixture(scope="module")
def followed(published_model_file):
    """The published example network, currents of it, and how far the mean rates of its spiking
    units are from those of its rate units, in trials of the task."""
    model = matfile.load(published_model_file)
    currents = rate_currents(model, GO_NOGO, 1, ("followed",))
    simulation, numbers = Simulation(GO_NOGO, 1, "followed", device="cpu"), np.arange(8)

    def distance(gains, factor) -> float:
        trials = trials_of(simulation, "net", factor, numbers)
        trace = rate_kernels("cpu").outputs(
            model,
            model.weights,
            trials.stimulus,
            stream=streams.key(1, "followed rate"),
            first_trial=0,
            keep=True,
        )
        wanted = mean_rates(np.moveaxis(trace.r, 2, 1)[:, :, 1:], trials.label)
        converted = replace(model, unit_gains=gains)
        kept = {"keep_every": 100, "keep_rates": True}
        run = run_trials(simulation, converted, "net", factor, trials, numbers, **kept)
        return np.abs(mean_rates(run.rates / factor, trials.label) - wanted).mean()

    return model, currents, distance


@pytest.mark.parametrize("factor", [60.0, 75.0])
def test_spiking_units_follow_their_rate_units(followed, answer, factor):
    """Within 0.03 of f(x), nearer than without gains, or with those of another unit, of no unit or
    of another factor."""
    model, currents, distance = followed
    gain, bias_mv = gains = find_unit_gains(model, factor, currents, answer)
    near = distance(gains, factor)
    assert near < 0.03
    assert near < 0.65 * distance(None, factor)
    for other in (
        UnitGains(np.roll(gain, 1), bias_mv),
        UnitGains(gain, np.roll(bias_mv, 1)),
        UnitGains(gain, -bias_mv),
        UnitGains(gain, np.zeros_like(bias_mv)),
        UnitGains(np.ones_like(gain), bias_mv),
        UnitGains(1.2 * gain, bias_mv),
        find_unit_gains(model, 1.2 * factor, currents, answer),
    ):
        assert near < 0.7 * distance(other, factor)


def test_gains_are_of_the_network_alone(trained, answer):
    """The same network, seed and words: the same bits."""
    currents = [rate_currents(trained.model, GO_NOGO, 1, ("a",)) for _ in range(2)]
    for name in ("quantiles", "mean_rates"):
        assert np.array_equal(*(getattr(of_run, name) for of_run in currents))
    assert currents[0].quantiles.shape == (50, trained.model.n_units)
    again = answer_to_currents(NeuronConfig(), 1)
    one = find_unit_gains(trained.model, FACTOR, currents[0], answer)
    other = find_unit_gains(trained.model, FACTOR, currents[1], again)
    assert np.array_equal(one, other)
    other_trials = rate_currents(trained.model, GO_NOGO, 1, ("b",))
    assert not np.array_equal(other_trials.quantiles, currents[0].quantiles)


@pytest.mark.parametrize("factor", [20.0, 75.0])
def test_the_fit_is_that_of_least_squares(published_model_file, answer, factor):
    """As near to the rates as scipy comes, unit by unit, whose currents are noisy."""
    model = matfile.load(published_model_file)
    currents = rate_currents(model, GO_NOGO, 1, ("fitted",))
    x, wanted = currents.quantiles, factor / (1 + np.exp(-currents.quantiles))
    w = np.maximum(model.weights.w_rec, 0) * model.mask / factor
    tau_s = (model.tau_decay_ms() + 2.0) / 1000
    noise_mv = np.sqrt(w**2 @ (factor * currents.mean_rates) / (2 * tau_s))
    nodes, weights = np.polynomial.hermite_e.hermegauss(7)
    weights = weights / weights.sum()

    def missing(fit, unit):
        noisy = x[:, unit] + nodes[:, None] * noise_mv[unit]
        return weights @ at(answer, fit[0] * noisy + fit[1]) - wanted[:, unit]

    gain, bias_mv = find_unit_gains(model, factor, currents, answer)
    for unit in range(0, model.n_units, 8):
        best = least_squares(missing, (gain[unit], bias_mv[unit]), args=(unit,))
        found = missing((gain[unit], bias_mv[unit]), unit)
        root_mean_square = np.sqrt((found**2).mean()) - np.sqrt((best.fun**2).mean())
        assert root_mean_square < 0.002 * factor


def test_rates_that_no_current_gives_are_said(trained, answer, caplog):
    currents = rate_currents(trained.model, GO_NOGO, 1, ("a",))
    find_unit_gains(trained.model, 60, currents, answer)
    assert not caplog.text
    find_unit_gains(trained.model, 1000, currents, answer)
    assert "rates of" in caplog.text
    assert "1/lambda = 1000" in caplog.text


@pytest.mark.parametrize("downsample", [50, 100])
def test_long_steps_have_an_answer(downsample):
    coarse = answer_to_currents(NeuronConfig(), 1, downsample=downsample)
    assert at(coarse, 5.0) > 10


def test_what_does_not_fit_is_refused(trained, answer):
    with pytest.raises(ValueError, match="scaling_factor: expected a number > 0, got 0"):
        find_unit_gains(trained.model, 0, rate_currents(trained.model, GO_NOGO, 1, ("a",)), answer)
    with pytest.raises(ValueError, match=r"x: expected shape \(n_samples, \d+\), got"):
        currents_of(trained.model, np.zeros((3, 2)))
    with pytest.raises(ValueError, match="x: expected finite numbers"):
        currents_of(trained.model, np.full((3, trained.model.n_units), np.nan))


# The network with gains ---------------------------------------------------------------------------


def some_gains(n):
    return UnitGains(np.linspace(0.5, 3.0, n), np.linspace(-1.0, 2.0, n))


def test_the_conversion_takes_gains_and_biases(trained):
    """The offset of the rate network's output is left out, as published: the refinement finds one
    for the spiking network."""
    model = trained.model
    gain, bias_mv = gains = some_gains(model.n_units)
    plain = to_spiking(model, 40)
    network = to_spiking(replace(model, unit_gains=gains, output_factor=0.5), 40)
    np.testing.assert_array_equal(network.w_rec, gain[:, None] * plain.w_rec)
    np.testing.assert_array_equal(network.w_in, gain[:, None] * plain.w_in)
    np.testing.assert_array_equal(network.bias_of_units, bias_mv - 40)
    np.testing.assert_array_equal(network.w_out, 0.5 * plain.w_out)
    assert model.weights.b_out != 0
    assert plain.output_offset == network.output_offset == 0
    assert plain.bias_mv is None


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        (UnitGains(np.ones(2), np.zeros(2)), r"gain: expected shape \(\d+,\), got \(2,\)"),
        ("zero", "gain: expected numbers > 0, got 0"),
        ("nan", "bias_mv: expected finite numbers"),
    ],
)
def test_gains_that_cannot_be_are_refused(trained, gains, said):
    n = trained.model.n_units
    if gains == "zero":
        gains = UnitGains(np.zeros(n), np.zeros(n))
    elif gains == "nan":
        gains = UnitGains(np.ones(n), np.full(n, np.nan))
    with pytest.raises(ValueError, match=said):
        replace(trained.model, unit_gains=gains)


def test_reference_kernel_and_any_network_have_the_same_biases_and_output(trained):
    gains = some_gains(trained.model.n_units)
    refined = {"unit_gains": gains, "output_factor": 2.0, "output_offset": -0.25}
    network = to_spiking(replace(trained.model, **refined), 40)
    u = GO_NOGO.draw(np.random.default_rng(0)).stimulus[:, :41]
    recorded = spiking_kernels("cpu").record_trial(network, u)
    reference = spiking.simulate_trial(network, u)
    assert np.abs(reference.spikes.sum(axis=1) - recorded.spikes.sum(axis=1)).max() <= 2
    np.testing.assert_allclose(recorded.out[:100], reference.out[:100], atol=1e-4)
    # before the first spike reaches the readout the output is its offset alone
    assert recorded.out[0] == reference.out[0] == -0.5
    silent = spiking.simulate_trial(network, u, noise=np.zeros_like(reference.v))
    other = simulate(as_network(network), external_inputs(network, u))
    assert np.array_equal(
        np.bincount(other.spike_unit, minlength=network.n_units), silent.spikes.sum(axis=1)
    )


@pytest.mark.parametrize("has_gains", [False, True])
def test_summaries_and_recordings_have_the_offset_of_the_output(trained, has_gains):
    """And nothing else of them moves."""
    gains = some_gains(trained.model.n_units) if has_gains else None
    model = replace(trained.model, unit_gains=gains, output_factor=0.5, output_offset=0.4)
    network = to_spiking(model, 40)
    without = to_spiking(replace(model, output_offset=0.0), 40)
    u = GO_NOGO.draw(np.random.default_rng(0)).stimulus[None, :, :41]
    arguments = {"trials": [0], "stream": (1, 2), "keep_every": 100, "keep_rates": True}
    runs = [spiking_kernels("cpu").simulate_trials(of, u, **arguments) for of in (network, without)]
    records = [spiking_kernels("cpu").record_trial(of, u[0]) for of in (network, without)]
    references = [spiking.simulate_trial(of, u[0]) for of in (network, without)]
    for name in ("maximum", "minimum", "out"):
        moved, still = (getattr(run, name) for run in runs)
        np.testing.assert_array_equal(moved, still + np.float32(0.2))
    for moved, still in (records, references):
        np.testing.assert_array_equal(moved.out, still.out + moved.out.dtype.type(0.2))
        assert np.array_equal(moved.v, still.v)
    for name in ("rates", "spike_counts"):
        assert np.array_equal(*(getattr(run, name) for run in runs))
