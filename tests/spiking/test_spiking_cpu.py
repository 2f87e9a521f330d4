"""The spiking kernel against the plain simulation fed with the same numbers, and against the
published code in distribution."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.stats
from spiking_trials import (
    KEY,
    NEURONS,
    SIZES,
    at_threshold,
    n_released_otherwise,
    restless,
    settled_trial,
    small_network,
)

from rate2spike import conversion, matfile, spiking, streams
from rate2spike.spiking.converted import time_grid
from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.spiking.kernels.cpu import simulate_trials

DATA = Path(__file__).parents[1] / "data"


def _assert_same(network, n_columns, **settings):
    u = np.random.default_rng(3).normal(size=(2, n_columns)).astype(np.float32)
    trial, plain = settled_trial(network, u, **settings)
    ours = simulate_trials(
        network,
        u[None],
        trials=[trial],
        stream=KEY,
        keep_every=1,
        keep_rates=True,
        first_step=50,
        **settings,
    )
    assert np.array_equal(ours.spike_counts[0], plain.spikes.sum(axis=1))
    scale = max(abs(plain.out).max(), 1e-6)
    np.testing.assert_allclose(ours.out[0], plain.out, rtol=0, atol=2e-5 * scale)
    np.testing.assert_allclose(
        ours.rates[0], plain.rates, rtol=0, atol=2e-5 * max(plain.rates.max(), 1e-6)
    )
    np.testing.assert_allclose(ours.maximum[0], plain.out[50:].max(), rtol=0, atol=2e-5 * scale)
    np.testing.assert_allclose(ours.minimum[0], plain.out[50:].min(), rtol=0, atol=2e-5 * scale)
    _assert_recorded(
        spiking_cpu.record_trial(network, u, trial=trial, stream=KEY, **settings),
        plain,
        ours,
        network.neuron.model,
    )
    return plain


def _assert_recorded(recording, plain, summary, model):
    """The recording of a trial is the plain simulation's, and its output that of the summary, bit
    for bit."""
    assert np.array_equal(recording.spikes, plain.spikes)
    assert np.array_equal(recording.mean_rates, plain.mean_rates)
    assert recording.dt == plain.dt
    assert np.array_equal(recording.out, summary.out[0])
    for name in ("v", "rates", "ipsc"):
        ours, expected = getattr(recording, name), getattr(plain, name)
        assert ours.shape == expected.shape
        scale = max(abs(expected).max(), 1e-6)
        # a QIF unit on its way up multiplies any difference
        rtol = 1e-2 if (name, model) == ("v", "qif") else 0
        np.testing.assert_allclose(ours, expected, rtol=rtol, atol=2e-5 * scale, err_msg=name)


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda n: f"{n['model']}-{n['tau_rise_ms']:g}")
@pytest.mark.parametrize("n_units", SIZES)
def test_kernel_is_the_plain_simulation(n_units, neuron):
    network = small_network(n_units, **neuron)
    units = [0, n_units // 2, n_units - 1]
    _assert_same(network, 6)
    _assert_same(network, 6, stimulation=("exc", 60, 400, units))
    plain = _assert_same(network, 12, stimulation=("inh", 1, 10_000, units), downsample=2)
    assert plain.spikes.shape[1] == 500
    assert n_units < 63 or plain.spikes.sum() > n_units  # beyond the volley of the first step


@pytest.mark.parametrize("t_refractory_ms", [0, 0.5, 2, 5])
def test_refractory_periods(t_refractory_ms):
    plain = _assert_same(small_network(63, t_refractory_ms=t_refractory_ms, bias=0.0), 9)
    assert np.median(plain.spikes.sum(axis=1)) >= 3


def test_a_unit_integrates_again_as_published():
    """Where the rounding of t_last decides, too: plain simulation and kernel against the published
    rule."""
    case = restless(n_columns=26)
    plain = spiking.simulate_trial(case.network, case.u, stream=KEY, trial=3)
    expected = case.spikes(plain.spikes[:, 0])
    assert n_released_otherwise(expected) == 5
    assert np.array_equal(plain.spikes, expected)
    kernel = spiking_cpu.record_trial(case.network, case.u, stream=KEY, trial=3)
    assert np.array_equal(kernel.spikes, expected)


@pytest.mark.parametrize("t_refractory_ms", [0.0, 0.02, 0.05, 2.0, 2.02, 1e9])
def test_release_after_each_step(t_refractory_ms):
    """The first step with dt i > t_last + t_refractory, of all."""
    network = small_network(1, t_refractory_ms=t_refractory_ms)
    grid = time_grid(11, 1)
    constants = spiking_cpu._constants(network, grid)
    times = grid.dt * np.arange(grid.n_steps + 1)
    for step in range(1, grid.n_steps, 7):
        for rounded in (times[step], np.nextafter(times[step], 0), np.nextafter(times[step], 1)):
            after = np.flatnonzero(times > rounded + t_refractory_ms / 1000)
            release = spiking_cpu._release(step, rounded, times, constants)
            if not after.size:
                assert release > grid.n_steps
            else:
                assert max(release, step + 1) == max(after[0], step + 1)


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda n: f"{n['model']}-{n['tau_rise_ms']:g}")
def test_a_voltage_of_exactly_the_threshold_is_a_spike(neuron):
    network, trial, _, highest = at_threshold(2.0**30, **neuron)
    u = np.zeros((1, 2, 3))
    summary = simulate_trials(network, u, trials=[trial], stream=KEY)
    assert np.flatnonzero(summary.spike_counts[0]).tolist() == [highest]
    assert summary.spike_counts.sum() == 1
    recording = spiking_cpu.record_trial(network, u[0], trial=trial, stream=KEY)
    assert np.argwhere(recording.spikes).tolist() == [[highest, 0]]


def test_stimulation_moves_its_units():
    # rest 10 mV below threshold: nothing fires unless pushed
    network = small_network(7, bias=-50.0)
    u = np.zeros((1, 2, 21))
    spikes = {
        mode: simulate_trials(
            network, u, trials=[0], stream=KEY, stimulation=(mode, 100, 2000, [2])
        ).spike_counts[0]
        for mode in ("none", "exc", "inh")
    }
    # +0.25 mV a step: from reset to threshold in about 60 steps, then 40 refractory
    assert spikes["exc"][2] > 10
    assert spikes["none"].max() <= 1  # the volley of the first step
    assert np.array_equal(spikes["inh"], spikes["none"])


# units that never integrate and never spike
STILL = {"t_refractory_ms": 1e6, "v_reset": -100.0, "v_threshold": 1e3}


@pytest.mark.parametrize("simulate", [spiking.simulate_trial, spiking_cpu.record_trial])
@pytest.mark.parametrize(("mode", "move_mv"), [("exc", 0.5), ("inh", -0.5)])
def test_stimulation_is_half_a_millivolt_at_each_heads_of_its_window(simulate, mode, move_mv):
    """1-based steps start <= i < stop, to the last of the trial; a unit that is named twice is
    moved once. No unit integrates: the voltage is the sum of the moves."""
    network, u = small_network(4, **STILL), np.zeros((2, 3))

    def voltages(*stimulation):
        given = stimulation or None
        return simulate(network, u, stream=KEY, trial=4, stimulation=given).v.astype(float)

    heads = streams.uniform(KEY, streams.COIN, 4, 1, 200)[0] < 0.5
    assert heads[-1]
    still = voltages()
    for start, stop, units in (
        (1, 201, [2]),
        (20, 90, [0, 3, 3]),
        (-5, 40, [1]),
        (150, 10**6, [0]),
    ):
        steps = np.arange(1, 201)
        moves = np.where(heads & (start <= steps) & (steps < stop), move_mv, 0).cumsum()
        expected = np.zeros((4, 200))
        expected[units] = moves
        assert 0 < abs(moves[-1]) < 100
        np.testing.assert_allclose(voltages(mode, start, stop, units) - still, expected, atol=0.02)


def test_as_many_coins_as_there_are_steps_are_enough():
    network, u = small_network(4, **STILL), np.zeros((2, 3))
    given = {"stimulation": ("exc", 11, 15, [1]), "stream": KEY}
    still = spiking.simulate_trial(network, u, stream=KEY).v[1]
    moved = spiking.simulate_trial(network, u, coins=[0.4, 0.5, 0.6, 0.49], **given).v[1] - still
    np.testing.assert_allclose(moved[[9, 10, 12, 13, 20]], [0, 0.5, 0.5, 1, 1], atol=1e-9)
    with pytest.raises(ValueError, match=r"coins: expected at least 4 numbers, .* got 3"):
        spiking.simulate_trial(network, u, coins=[0.4, 0.5, 0.6], **given)


@pytest.mark.parametrize(("n_columns", "downsample"), [(11, 1), (11, 2), (12, 2), (13, 3), (2, 1)])
def test_the_grid_of_a_stimulus(n_columns, downsample):
    """100 steps from each column that is taken to the next, half of them with each."""
    grid = time_grid(n_columns, downsample)
    taken = np.arange(n_columns)[::downsample]
    assert (grid.dt, grid.n_steps) == (5e-5 * downsample, 100 * (len(taken) - 1))
    steps = np.arange(1, grid.n_steps + 1)
    assert np.array_equal(grid.column, (steps + 50) // 100)
    assert grid.column[-1] == len(taken) - 1


def _block(network, order, **settings):
    u = np.random.default_rng(4).normal(size=(9, 2, 11)).astype(np.float32)
    numbers = np.arange(100, 109)
    settings = {
        "stream": KEY,
        "keep_every": 7,
        "keep_rates": True,
        "stimulation": ("exc", 200, 500, [0]),
    } | settings
    return simulate_trials(network, u[order], trials=numbers[order], **settings)


@pytest.mark.parametrize("n_units", [7, 250])
def test_same_bits_whatever_batch_order_and_threads(n_units):
    network = small_network(n_units)
    whole = _block(network, np.arange(9))
    for order, threads in (
        (np.arange(9), 2),
        (np.arange(9)[::-1], 2),
        (np.array([5]), 1),
        (np.array([8, 0, 3]), 3),
    ):
        for ours, expected in zip(_block(network, order, threads=threads), whole, strict=True):
            assert np.array_equal(ours, expected[order])
    assert not np.array_equal(whole.out[0], whole.out[1])
    assert len(spiking_cpu._trials.signatures) == 1  # one compilation serves all


@pytest.mark.parametrize("n_units", SIZES)
def test_every_element_of_the_results_is_written(n_units, monkeypatch):
    network, order = small_network(n_units), np.arange(9)
    clean = _block(network, order)
    allocate = spiking_cpu._allocate

    def poisoned(**sizes):
        summary = allocate(**sizes)
        for array in summary:
            array[...] = np.nan if array.dtype.kind == "f" else -1
        return summary

    monkeypatch.setattr(spiking_cpu, "_allocate", poisoned)
    for threads in (1, 2):
        for ours, expected in zip(_block(network, order, threads=threads), clean, strict=True):
            assert np.array_equal(ours, expected)
    assert clean.out.shape == (9, 1000 // 7)
    assert clean.rates.shape == (9, n_units, 1000 // 7)


def test_a_silent_network_has_rates_of_exactly_zero():
    network = small_network(7, v_threshold=1000.0)
    ours = simulate_trials(
        network, np.zeros((2, 2, 11)), trials=[0, 1], stream=KEY, keep_every=10, keep_rates=True
    )
    assert ours.spike_counts.sum() == 0
    assert not ours.rates.any()
    assert abs(ours.out).max() < 1e-20


def test_what_is_not_kept_is_none_and_no_trials_are_allowed():
    network = small_network(7)
    ours = simulate_trials(network, np.zeros((0, 2, 11)), trials=[], stream=KEY)
    assert ours.out is None
    assert ours.rates is None
    assert ours.maximum.shape == (0,)
    assert ours.spike_counts.shape == (0, 7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"u": np.zeros((2, 1, 11))}, "stimulus"),
        ({"u": np.full((2, 2, 11), np.nan)}, "finite"),
        ({"u": np.ma.masked_equal(np.zeros((2, 2, 11)), 0)}, "stimulus: .* got masked ones"),
        ({"u": np.zeros((2, 2, 11), complex)}, "stimulus: .* of dtype complex128"),
        ({"u": np.zeros((2, 11))}, "stimulus"),
        ({"trials": [1]}, "stimulus"),
        ({"trials": [0.5, 1]}, "trials"),
        ({"trials": [-1, 1]}, "trials"),
        ({"first_step": 1000}, "first_step"),
        ({"keep_rates": True}, "keep_every: expected a number of steps >= 1, got 0"),
        ({"keep_every": -1}, "keep_every: expected a number of steps >= 0, got -1"),
        ({"trials": [0, 2**32]}, "trials: expected whole numbers in"),
        ({"first_step": -1}, "first_step: expected a 0-based step below 1000, got -1"),
        ({"u": np.zeros((2, 2, 1))}, "stimulus: expected shape"),
        ({"u": np.zeros((2, 2, 5)), "downsample": 5}, "stimulus: .*more than 5 columns"),
        ({"stimulation": ("both", 1, 5, [0])}, "stimulation mode: expected exc, inh or none, got"),
        ({"stimulation": ("exc", 1, 5, [-1])}, "units: expected 0-based indices below 7, got -1"),
        ({"downsample": 0}, "downsample"),
        ({"threads": 0}, "threads"),
        ({"stimulation": ("exc", 1, 5, [7])}, "units"),
    ],
)
def test_refuses(change, message):
    arguments = {"u": np.zeros((2, 2, 11)), "trials": [0, 1], "stream": KEY} | change
    with pytest.raises(ValueError, match=message):
        simulate_trials(small_network(7), arguments.pop("u"), **arguments)


@pytest.mark.parametrize("simulate", [spiking.simulate_trial, spiking_cpu.record_trial])
def test_one_trial_refuses_what_is_masked(simulate):
    masked = np.ma.masked_equal(np.zeros((2, 11)), 0)
    with pytest.raises(ValueError, match="stimulus: expected numbers, got masked ones"):
        simulate(small_network(7), masked)


@pytest.mark.parametrize(("name", "shape"), [("v0", (7,)), ("noise", (7, 1000)), ("coins", (9,))])
def test_drawn_numbers_that_are_none_are_refused(name, shape):
    for values, said in (
        (np.ma.masked_equal(np.zeros(shape), 0), "masked ones"),
        (np.full(shape, np.nan), "NaN or infinity"),
    ):
        with pytest.raises(ValueError, match=f"{name}: expected .*numbers, got {said}"):
            spiking.simulate_trial(
                small_network(7),
                np.zeros((2, 11)),
                stimulation=("exc", 1, 5, [0]),
                **{name: values},
            )


# A trained Go-NoGo network against the published code

FACTORS = range(20, 80, 5)
ACCURACIES = (0.77, 0.75, 0.82, 0.91, 0.94, 0.80, 0.64, 0.55, 0.45, 0.09, 0.01, 0.02)


@pytest.fixture(scope="module")
def gonogo():
    return matfile.load(DATA / "model_gonogo_n200_tau4_20.mat")


def _gonogo_trials(model, scaling_factor: float, go: np.ndarray, **settings):
    u = np.zeros((len(go), 1, 201), dtype=np.float32)
    u[go, :, 50:75] = 1
    key = streams.key(7, "gonogo", scaling_factor)
    network = conversion.to_spiking(model, scaling_factor)
    return simulate_trials(
        network, u, trials=np.arange(len(go)), stream=key, first_step=9999, threads=2, **settings
    )


@pytest.mark.parametrize("go", [True, False], ids=["go", "nogo"])
def test_published_trials(gonogo, go):
    """12 trials of the published code. The free run may leave the NoGo state late in the trial (see
    the README of the reference data: accuracy 0.94 at best), which none of these 12 does: NoGo is
    compared over the trials that stay."""
    d = scipy.io.loadmat(DATA / "stat_gonogo_lam40.mat", squeeze_me=True)
    published_out, published_hz, peaks = (
        d[f"{name}_{'go' if go else 'nogo'}"] for name in ("out", "fr", "mx")
    )
    ours = _gonogo_trials(gonogo, 40, np.full(100, go), keep_every=100)
    stays = np.ones(100, dtype=bool) if go else ours.maximum < 0.3
    assert stays.mean() > 0.6

    def agree(a, b):
        return abs(a.mean() - b.mean()) < 4 * np.sqrt(a.var() / len(a) + b.var() / len(b))

    # published mean rates leave out the first nine steps, where the units that start above
    # threshold (v0 >= 25/95) fire
    key = streams.key(7, "gonogo", 40)
    first = []
    for trial in range(100):
        v0 = streams.uniform(key, streams.INITIAL_VOLTAGE, trial, 200)
        first.append((v0 >= 25 / 95).mean())
    assert agree((ours.spike_counts.mean(axis=1) - first)[stays], published_hz.mean(axis=0))
    assert agree(ours.maximum[stays], peaks)
    for epoch in range(4):
        part = slice(50 * epoch, 50 * epoch + 50)
        assert agree(ours.out[stays, part].mean(axis=1), published_out[:, part].mean(axis=1))
        assert agree(ours.out[stays, part].std(axis=1), published_out[:, part].std(axis=1))
    assert (
        np.corrcoef(ours.spike_counts[stays].mean(axis=0), published_hz.mean(axis=1))[0, 1] > 0.99
    )


def test_plain_simulation_of_the_same_trials(gonogo):
    """Float32 and float64 part ways after some 100 ms, so whole trials are compared in their
    statistics."""
    go = np.array([True, False])
    ours = _gonogo_trials(gonogo, 40, go, keep_every=100)
    for t in range(2):
        u = np.zeros((1, 201))
        u[:, 50:75] = go[t]
        plain = spiking.simulate_trial(
            conversion.to_spiking(gonogo, 40), u, stream=streams.key(7, "gonogo", 40), trial=t
        )
        # 4 SD of a trial's mean rate
        assert abs(ours.spike_counts[t].mean() - plain.spikes.sum(axis=1).mean()) < 0.6
        late, plain_late = ours.out[t, 100:], plain.out[99::100][100:]
        assert abs(late.mean() - plain_late.mean()) < 0.25
        assert abs(late.std() - plain_late.std()) < 0.15


def test_accuracy_curve(gonogo):
    """100 trials per scaling factor against an independent run of 100: single values within 3.5 SE,
    the curve by chi-squared."""
    go = np.arange(100) % 2 == 0
    z = []
    for scaling_factor, published in zip(FACTORS, ACCURACIES, strict=True):
        peak = _gonogo_trials(gonogo, scaling_factor, go).maximum
        accuracy = np.where(go, peak > 0.7, peak < 0.3).mean()
        pooled = (accuracy + published) / 2
        z.append((accuracy - published) / np.sqrt(2 * pooled * (1 - pooled) / 100))
    assert abs(np.array(z)).max() < 3.5, np.round(z, 2)
    assert np.square(z).sum() < scipy.stats.chi2.ppf(0.999, len(z)), np.round(z, 2)
