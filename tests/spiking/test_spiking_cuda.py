"""The GPU kernel of the spiking network against the plain simulation; without a GPU in Triton's
interpreter, few steps."""

from dataclasses import replace

import numpy as np
import pytest
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

from rate2spike import spiking, streams

pytest.importorskip("torch", reason="torch is not installed: needs the extra torch")
pytest.importorskip("triton", reason="Triton is not installed: the GPU kernel is not tested")
import quick_interpreter  # noqa: F401
import torch

from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.spiking.kernels import cuda as spiking_cuda
from rate2spike.spiking.kernels.cuda import simulate_networks, simulate_trials

OTHER = streams.key(2, "test", "kernel")


def stimulus(n_columns, *lead, seed=3):
    return np.random.default_rng(seed).normal(size=(*lead, 2, n_columns)).astype(np.float32)


def assert_same(network, n_columns, first_step=50, **settings):
    u = stimulus(n_columns)
    trial, plain = settled_trial(network, u, **settings)
    kept = {"keep_every": 1, "keep_rates": True, "first_step": first_step}
    ours = simulate_trials(network, u[None], trials=[trial], stream=KEY, **kept, **settings)
    assert np.array_equal(ours.spike_counts[0], plain.spikes.sum(axis=1))
    scale = max(abs(plain.out).max(), 1e-6)
    np.testing.assert_allclose(ours.out[0], plain.out, rtol=0, atol=2e-5 * scale)
    np.testing.assert_allclose(
        ours.rates[0], plain.rates, rtol=0, atol=2e-5 * max(plain.rates.max(), 1e-6)
    )
    np.testing.assert_allclose(
        ours.maximum[0], plain.out[first_step:].max(), rtol=0, atol=2e-5 * scale
    )
    np.testing.assert_allclose(
        ours.minimum[0], plain.out[first_step:].min(), rtol=0, atol=2e-5 * scale
    )
    return plain


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda n: f"{n['model']}-{n['tau_rise_ms']:g}")
@pytest.mark.parametrize("n_units", SIZES)
def test_kernel_is_the_plain_simulation(n_units, neuron):
    plain = assert_same(small_network(n_units, **neuron), 3)
    assert n_units < 63 or plain.spikes.sum() > n_units / 5  # the volley of the first step


def test_input_refractory_period_and_spikes_of_a_longer_trial():
    """Columns change at steps 50, 150 ..., units fire again after 40 or 41 steps."""
    plain = assert_same(small_network(63, bias=0.0), 7)
    assert np.median(plain.spikes.sum(axis=1)) >= 2


def test_a_unit_integrates_again_as_published():
    case = restless(n_columns=8)
    u = case.u
    first = spiking.simulate_trial(case.network, u[:, :2], stream=KEY).spikes[:, 0]
    expected = case.spikes(first)
    assert n_released_otherwise(expected) == 1
    kept = {"trials": [0], "stream": KEY, "keep_every": 50, "keep_rates": True}
    ours = simulate_trials(case.network, u[None], **kept)
    assert np.array_equal(ours.spike_counts[0], expected.sum(axis=1))
    on_cpu = spiking_cpu.simulate_trials(case.network, u[None], **kept)
    # one step later or earlier changes what a spike leaves of a rate by 2e-3
    np.testing.assert_allclose(ours.rates, on_cpu.rates, rtol=1e-4)


def test_a_voltage_of_exactly_the_threshold_is_a_spike():
    network, trial, _, highest = at_threshold(2.0**30)
    summary = simulate_trials(network, np.zeros((1, 2, 2)), trials=[trial], stream=KEY)
    assert np.flatnonzero(summary.spike_counts[0]).tolist() == [highest]
    assert summary.spike_counts.sum() == 1


def test_stimulation_and_downsampling():
    network = small_network(7)
    assert_same(network, 4, stimulation=("exc", 60, 250, [0, 6]))
    assert_same(network, 8, stimulation=("inh", 1, 10_000, [3]), downsample=2)


def test_a_trial_is_the_same_in_any_launch():
    first = small_network(7)
    second = replace(first, w_out=-first.w_out)
    networks, keys = [first, second], [KEY, OTHER]
    u = stimulus(2, 2, 3)
    together = simulate_networks(networks, u, trials=[4, 9, 2], keys=keys, keep_every=10)
    for n, network in enumerate(networks):
        alone = simulate_trials(network, u[n, [2, 0]], trials=[2, 4], stream=keys[n], keep_every=10)
        for in_both, in_one in zip(together[n], alone, strict=True):
            assert in_one is None or np.array_equal(in_both[[2, 0]], in_one)
    assert not np.array_equal(together[0].spike_counts, together[1].spike_counts)
    assert together[0].rates is None


def test_networks_of_a_launch_have_each_its_own_biases_and_offset_of_the_output():
    """All else is the same in both."""
    rng = np.random.default_rng(4)
    networks = []
    for offset in (0.5, -0.25):
        biased = replace(small_network(7), bias_mv=rng.normal(0, 30, 7), output_offset=offset)
        networks.append(biased)
    u = stimulus(3, 1)
    kept = {"trials": [4], "keep_every": 10, "keep_rates": True, "first_step": 50}
    together = simulate_networks(networks, np.stack([u, u]), keys=[KEY, KEY], **kept)
    for network, ours in zip(networks, together, strict=True):
        on_cpu = spiking_cpu.simulate_trials(network, u, stream=KEY, **kept)
        assert np.array_equal(ours.spike_counts, on_cpu.spike_counts)
        for name in ("maximum", "minimum", "out", "rates"):
            found, expected = getattr(ours, name), getattr(on_cpu, name)
            scale = abs(expected).max()
            np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * scale, err_msg=name)
    assert not np.array_equal(together[0].spike_counts, together[1].spike_counts)


def test_the_offset_moves_the_output_alone():
    network = small_network(7)
    moved = replace(network, output_offset=0.375)
    u = stimulus(3, 1)
    kept = {"trials": [4], "keep_every": 10, "keep_rates": True}
    runs = [simulate_trials(of, u, stream=KEY, **kept) for of in (moved, network)]
    for name in ("maximum", "minimum", "out"):
        found, without = (getattr(run, name) for run in runs)
        assert found.dtype == without.dtype == np.float32
        np.testing.assert_array_equal(found, without + np.float32(0.375))
    for name in ("spike_counts", "rates"):
        assert np.array_equal(*(getattr(run, name) for run in runs))


@pytest.mark.parametrize("n_units", [1, 63])
def test_every_element_of_the_results_is_written(n_units, monkeypatch):
    def poisoned(size, dtype, device):
        value = np.nan if dtype.is_floating_point else -7
        return torch.full(size, value, dtype=dtype, device=device)

    monkeypatch.setattr(spiking_cuda.torch, "empty", poisoned)
    found = simulate_trials(
        small_network(n_units),
        stimulus(3, 2),
        trials=[0, 1],
        stream=KEY,
        keep_every=7,
        keep_rates=True,
    )
    assert all(np.isfinite(field).all() for field in found)
    assert (found.spike_counts >= 0).all()
    assert found.out.shape == (2, 28)


def test_a_launch_that_does_not_fit_is_halved(monkeypatch, caplog):
    expected = simulate_trials(
        small_network(7), stimulus(2, 5), trials=range(5), stream=KEY, keep_every=50
    )
    launch, sizes = spiking_cuda._Shard._launch, []

    def scarce(self, programs):
        sizes.append(len(programs))
        if len(programs) > 2:
            raise torch.OutOfMemoryError
        return launch(self, programs)

    monkeypatch.setattr(spiking_cuda._Shard, "_launch", scarce)
    found = simulate_trials(
        small_network(7), stimulus(2, 5), trials=range(5), stream=KEY, keep_every=50
    )
    assert sizes == [5, 3, 2, 2, 1]
    assert "does not hold the launch: going on with 3 trials at once" in caplog.text
    assert all(np.array_equal(a, b) for a, b in zip(found[:4], expected[:4], strict=True))


class Launched(Exception):
    """With so many trials."""


@pytest.mark.parametrize("kept", [{"keep_every": 50}, {"keep_every": 1, "keep_rates": True}])
def test_a_launch_is_as_large_as_memory_allows(monkeypatch, kept):
    def launched(self, programs):
        raise Launched(len(programs))

    n_kept = 100 // kept["keep_every"]
    # number of spikes, time of the last, stimulus, outputs; rates
    of_one = 4 * 63 + 8 * 63 + 4 * 2 * 2 + 4 * n_kept + 4 * 63 * n_kept * ("keep_rates" in kept)
    monkeypatch.setattr(spiking_cuda, "free_bytes", lambda: 5 * of_one // 2)
    monkeypatch.setattr(spiking_cuda._Shard, "_launch", launched)
    with pytest.raises(Launched, match=r"^2$"):
        simulate_trials(small_network(63), stimulus(2, 5), trials=range(5), stream=KEY, **kept)


def test_an_error_that_is_not_of_memory_is_raised(monkeypatch):
    launched = []

    def broken(self, programs):
        launched.append(len(programs))
        raise RuntimeError("an illegal memory access was encountered")

    monkeypatch.setattr(spiking_cuda._Shard, "_launch", broken)
    with pytest.raises(RuntimeError, match="an illegal memory access"):
        simulate_trials(small_network(7), stimulus(2, 5), trials=range(5), stream=KEY)
    assert launched == [5]  # not tried again with fewer


def test_refuses():
    with pytest.raises(
        ValueError, match="expected at most 1024 units on a GPU, got 1025; use device: cpu"
    ):
        simulate_trials(small_network(1025), stimulus(3, 1), trials=[0], stream=KEY)
    with pytest.raises(
        ValueError, match=r"networks: expected one size, number of inputs and neuron in a block"
    ):
        simulate_networks(
            [small_network(1), small_network(7)], stimulus(3, 2, 1), trials=[0], keys=[KEY, KEY]
        )
    one = small_network(7)
    with pytest.raises(
        ValueError, match="networks: expected one size, number of inputs and neuron"
    ):
        simulate_networks(
            [one, small_network(7, t_refractory_ms=1.0)],
            stimulus(3, 2, 1),
            trials=[0],
            keys=[KEY, KEY],
        )
    with pytest.raises(
        ValueError, match="networks: expected one size, number of inputs and neuron"
    ):
        simulate_networks(
            [one, replace(one, w_in=one.w_in[:, :1])],
            stimulus(3, 2, 1),
            trials=[0],
            keys=[KEY, KEY],
        )
    with pytest.raises(ValueError, match="a key for each, got 1 and 2 keys"):
        simulate_networks([small_network(1)], stimulus(3, 1, 1), trials=[0], keys=[KEY, KEY])
    with pytest.raises(ValueError, match="stimulus: expected shape"):
        simulate_trials(small_network(7), stimulus(3, 1)[:, :1], trials=[0], stream=KEY)
    masked = np.ma.masked_less(stimulus(3, 1), 0)
    with pytest.raises(ValueError, match="stimulus: expected numbers, got masked ones"):
        simulate_trials(small_network(7), masked, trials=[0], stream=KEY)
