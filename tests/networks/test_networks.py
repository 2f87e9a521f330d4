"""Any network of spiking units: against what is calculated by hand, the kernel against the plain
loop, and what a user meets."""

import pickle
import re
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from types import SimpleNamespace
from typing import ClassVar

import matplotlib
import numpy as np
import pandas as pd
import pytest
from spiking_trials import published_spikes

matplotlib.use("Agg")

from rate2spike import networks, spiking, streams
from rate2spike.config import NeuronConfig
from rate2spike.networks import network as network_module
from rate2spike.networks import simulation
from rate2spike.networks.kernels import cpu as network_cpu
from rate2spike.networks.neurons import DiscreteLIF, RateUnit, SingleExponentialMembraneQIF
from rate2spike.spiking import (
    LIF,
    QIF,
    AdaptiveQIF,
    MembraneQIF,
    Network,
    Recording,
    SingleExponentialLIF,
    SpikingNetwork,
    simulate,
)
from rate2spike.spiking.as_any_network import neuron_model

SIZES = [1, 7, 63, 250, 513]
MODELS = [
    QIF(),
    AdaptiveQIF(),
    LIF(bias=-38.0),
    MembraneQIF(tau_decay_ms=35.0),
    SingleExponentialLIF(bias=-38.0),
]


def quiet(network, inputs, **settings):
    return simulate(network, inputs, progress=False, device="cpu", **settings)


def alone(model, current, dt, duration, **settings):
    """Units without synapses, each under a current of its own."""
    current = np.atleast_1d(current)
    inputs = np.broadcast_to(current, (round(duration / dt), len(current)))
    return quiet(Network(model, np.zeros((len(current), len(current))), dt), inputs, **settings)


def intervals(recording, unit):
    return np.diff(recording.spike_time[recording.spike_unit == unit])


def random_network(model, n_units, batch=None, own_weights=False):
    """One in which many units fire, each model on its own scale."""
    rng = np.random.default_rng(n_units)
    membrane = isinstance(model, LIF)
    shape = (batch, n_units, n_units) if own_weights else (n_units, n_units)
    weights = rng.normal(size=shape) * 20 / np.sqrt(n_units)
    v = rng.uniform(-60, -30, n_units) if membrane else rng.uniform(-60, 120, n_units)
    inputs = 50 * rng.normal(size=(batch or 1, 40, n_units))
    network = Network(model, weights, 1e-3 if membrane else 2e-2, {"v": v})
    return network, inputs if batch else inputs[0]


def both(network, inputs, **settings):
    """Samples, spikes and the state at the end of the plain loop and of the kernel."""
    settings = {"every": 3, "average": False, "spikes": True, "threads": 2} | settings
    found = []
    for advance in (networks.advance, network_cpu.advance):
        job = networks.job_of(network, network_module.check_inputs(network, inputs))
        samples, fired = advance(job, network.neuron.variables, **settings)
        found.append((samples, fired.astype(bool), job.state))
    return found


def worked_example():
    """Five coupled units under two sines, 30,000 steps."""
    weights = np.random.default_rng(0).uniform(0, 20, (5, 5))
    time = 1e-3 * np.arange(30_000)
    inputs = np.zeros((len(time), 5))
    inputs[:, 2] = 20 * np.sin(2 * np.pi * 0.5 * time)
    inputs[:, 4] = 10 * np.sin(2 * np.pi * 0.25 * time)
    return Network(QIF(), weights, 1e-3), inputs


# By hand ------------------------------------------------------------------------------------------


def test_rate_of_a_lif_unit():
    """The interval is the refractory time and the way from reset to threshold."""
    model, current, dt = LIF(bias=0.0), np.array([-38.0, -30.0, 0.0, 50.0]), 1e-5
    recording = alone(model, current, dt, 0.3)
    way = 0.01 * np.log((current - model.v_reset) / (current - model.v_threshold))
    for unit, expected in enumerate(0.002 + way):
        found = intervals(recording, unit)
        assert len(found) > 5
        np.testing.assert_allclose(found, expected, rtol=0, atol=2.5 * dt)
    assert not len(alone(model, model.v_threshold - 0.1, dt, 0.1).spike_time)  # never reaches it


def test_rate_of_a_qif_unit():
    """v = a tan(a t), a^2 = eta + I, from reset to peak; for a distant peak the rate is a / pi."""
    drive, model = np.array([1.0, 4.0, 25.0]), QIF(eta=-5.0)
    a = np.sqrt(drive)
    interval = (np.arctan(model.v_peak / a) - np.arctan(model.v_reset / a)) / a
    found = []
    for dt in (2e-4, 1e-4):
        recording = alone(model, 5 + drive, dt, 20.0)
        found.append([intervals(recording, unit).mean() for unit in range(3)])
    extrapolated = 2 * np.array(found[1]) - found[0]  # the error is proportional to dt
    np.testing.assert_allclose(extrapolated, interval, rtol=2e-4)
    far = alone(replace(model, v_peak=2e4, v_reset=-2e4), 5 + drive, 1e-5, 8.0)
    rates = [1 / intervals(far, unit).mean() for unit in range(3)]
    np.testing.assert_allclose(rates, a / np.pi, rtol=5e-3)


def test_rate_of_a_qif_unit_in_membrane_units():
    model, dt = MembraneQIF(t_refractory_ms=0.0, v_reset=-65.0, bias=0.0), 1e-6
    a = np.sqrt(900.0)
    recording = alone(model, 900.0, dt, 0.01)
    expected = 0.01 * (np.arctan(model.v_threshold / a) - np.arctan(model.v_reset / a)) / a
    np.testing.assert_allclose(intervals(recording, 0).mean(), expected, rtol=5e-3)


def test_a_spike_through_both_synapses():
    """A unit that starts above threshold fires once: its own r, and ipsc of another, filtered with
    the decay of that one."""
    dt, weight = 1e-5, 3.0
    model = LIF(tau_decay_ms=np.array([20.0, 50.0]), bias=-100.0)
    network = Network(model, [[0, 0], [weight, 0]], dt, {"v": [0.0, -65.0]})
    recording = quiet(network, np.zeros((20_000, 2)), record=("r", "ipsc", "spikes"))
    assert recording.spike_unit.tolist() == [0]
    since = recording.time - recording.spike_time[0]

    def response(tau_decay, tau_rise=0.002):
        return (np.exp(-since / tau_decay) - np.exp(-since / tau_rise)) / (tau_decay - tau_rise)

    for found, expected in (
        (recording["r"][:, 0], response(0.02)),
        (recording["ipsc"][:, 1], weight * response(0.05)),
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-2 * expected.max())
        np.testing.assert_allclose(found.sum(), expected.sum(), rtol=1e-2)
    assert not recording["ipsc"][:, 0].any()


def test_adaptation_settles_where_spikes_make_up_for_its_decay():
    model, dt = AdaptiveQIF(tau_x=50.0, alpha=0.5), 1e-3
    recording = alone(model, 105.0, dt, 500.0, record=("x", "spikes"), every=100)
    late = recording.time > 300
    rate = (recording.spike_time > 300).sum() / 200
    x = recording["x"][late].mean()
    np.testing.assert_allclose(x, model.alpha * model.tau_x * rate, rtol=0.01)
    a = np.sqrt(100 - x)  # what is left of the drive
    np.testing.assert_allclose(1 / rate, 2 * np.arctan(100 / a) / a, rtol=0.03)
    early = (recording.spike_time < 2).sum() / 2
    assert early > 1.5 * rate


def test_the_error_of_eulers_steps_is_proportional_to_dt():
    a, dts = np.sqrt(5.0), 1e-3 / 2 ** np.arange(4)
    exact = a * np.tan(a * 0.5 + np.arctan(-2 / a))
    errors = [abs(alone(QIF(), 10.0, dt, 0.5, record="v")["v"][-1, 0] - exact) for dt in dts]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1, atol=0.02)


def test_a_spike_is_felt_from_the_next_step_on():
    network = Network(QIF(), [[0, 0], [7, 0]], 1e-2, {"v": [100.0, -2.0]})
    v, s = (quiet(network, np.zeros((3, 2)), record=name)[name] for name in ("v", "s"))
    assert (v[0, 0], s[0, 0]) == (-100, 1)
    untouched = -2 + 1e-2 * (4 - 5)
    assert v[0, 1] == untouched
    assert v[1, 1] == untouched + 1e-2 * (untouched**2 - 5 + 7)


def test_two_steps_of_units_as_they_are_without_any_parameter():
    """Decays and jumps of the defaults, from a state that is far from rest."""
    dt = 5e-3

    def second(model, dt, **initial):
        recording = quiet(
            Network(model, np.zeros((1, 1)), dt, initial), np.zeros((2, 1)), record=list(initial)
        )
        return [recording[name][1, 0] for name in initial]

    v, s, x = second(AdaptiveQIF(), dt, v=100.0, s=0.5, x=2.0)
    x_after = 2 * (1 - dt / 10) + 1
    s_after = 0.5 * (1 - dt) + 1
    expected = [-100 + dt * (1e4 - 5 - x_after), s_after * (1 - dt), x_after * (1 - dt / 10)]
    assert [v, s, x] == pytest.approx(expected, rel=1e-12)
    v, s = second(QIF(), dt, v=3.0, s=0.5)
    between = 3 + dt * (9 - 5)
    assert [v, s] == pytest.approx([between + dt * (between**2 - 5), 0.5 * (1 - dt) ** 2])
    u, v = second(DiscreteLIF(), 1, u=0.1, v=0.2)
    assert (u, v) == pytest.approx((0.1 * 0.93**2, 0.99 * (0.99 * 0.2 + 0.093) + 0.1 * 0.93**2))
    assert second(DiscreteLIF(), 1, v=1.02) == [0.0]  # above the threshold of 1 after a step
    assert second(RateUnit(), 1, x=2.0) == pytest.approx([2 * 0.99**2])


# models, their threshold, and which is the first to spike of three units: the number before the
# threshold, the threshold itself, the number after it (DiscreteLIF: v > vth)
AT_THRESHOLD = [
    (QIF(v_peak=7.0), 7.0, 1),
    (AdaptiveQIF(v_peak=7.0), 7.0, 1),
    (LIF(v_threshold=-41.3), -41.3, 1),
    (SingleExponentialLIF(v_threshold=-41.3), -41.3, 1),
    (MembraneQIF(v_threshold=29.7), 29.7, 1),
    (SingleExponentialMembraneQIF(v_threshold=29.7), 29.7, 1),
    (DiscreteLIF(dv=0.0, vth=0.3), 0.3, 2),
]


@pytest.mark.parametrize(
    ("model", "threshold", "first"), AT_THRESHOLD, ids=lambda m: type(m).__name__
)
def test_a_voltage_of_exactly_the_threshold_is_a_spike(model, threshold, first):
    """In the first step, in which a LIF unit is refractory and a QIF unit is looked at before."""
    v = [np.nextafter(threshold, -100.0), threshold, np.nextafter(threshold, 100.0)]
    dt = 1 if isinstance(model, DiscreteLIF) else 1e-5
    network = Network(model, np.zeros((3, 3)), dt, {"v": v})
    for _, fired, _ in both(network, np.zeros((1, 3)), every=1):
        assert fired[0, 0].tolist() == [i >= first for i in range(3)]


# The kernel ---------------------------------------------------------------------------------------


class Poisoned:
    """numpy whose new arrays are full of NaN."""

    empty = staticmethod(lambda shape, dtype=float: np.full(shape, np.nan, dtype))

    def __getattr__(self, name):
        return getattr(np, name)


@pytest.mark.parametrize("n_units", SIZES)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_the_kernel_has_the_bits_of_the_plain_loop(model, n_units, monkeypatch):
    monkeypatch.setattr(network_cpu, "np", Poisoned())
    for batch, own_weights in ((None, False), (3, True), (20, False), (20, True)):
        if batch == 20 and n_units > 63:
            continue
        network, inputs = random_network(model, n_units, batch, own_weights)
        plain, kernel = both(network, inputs, average=own_weights)
        assert np.isfinite(plain[0]).all()
        assert all(map(np.array_equal, plain, kernel))
        assert n_units == 1 or plain[1].any()


def test_the_worked_example():
    network, inputs = worked_example()
    plain, kernel = both(network, inputs, every=1)
    assert all(map(np.array_equal, plain, kernel))
    recording = quiet(network, inputs)
    assert recording["out"].shape == (30_000, 5)
    assert np.array_equal(recording["out"], plain[0][1, 0])
    assert len(recording.spike_time) == plain[1].sum() > 300
    # the driven units carry the others along
    assert (np.bincount(recording.spike_unit, minlength=5) > 10).all()


def test_what_a_model_cannot_be_is_said_before_the_first_step():
    for model, said in (
        (QIF(tau_s=-1), "tau_s: .* got -1"),
        (QIF(tau=np.array([0.0])), "tau: expected a duration > 0"),
        (AdaptiveQIF(tau_x=0), "tau_x: .* got 0"),
        (AdaptiveQIF(tau_s=0), "tau_s: .* got 0"),
        (SingleExponentialLIF(tau_decay_ms=0), "tau_decay_ms: .* got 0"),
        (SingleExponentialLIF(tau_mem_ms=0), "tau_mem_ms: .* got 0"),
        (LIF(tau_decay_ms=0), "tau_decay_ms: .* got 0"),
        (LIF(tau_mem_ms=0), "tau_mem_ms: .* got 0"),
        (LIF(tau_rise_ms=0), "tau_rise_ms: .* SingleExponentialLIF"),
    ):
        with pytest.raises(ValueError, match=said):
            Network(model, np.zeros((1, 1)), 1e-5)
    with pytest.raises(ValueError, match="tau: expected a duration > 0"):
        Network(QIF(tau=np.array([1.0, 0.0])), np.zeros((2, 2)), 1e-5)  # of one of them


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("model", "limit", "said"),
    [
        (QIF(), 0.01, "well below 0.01 τ"),
        (QIF(tau_s=0.005), 0.005, "well below 0.005 τ"),
        (AdaptiveQIF(tau=0.5), 0.005, "well below 0.005 τ"),
        (LIF(), 0.01, "well below 0.01 s"),  # 0.05 ms were meant
        (SingleExponentialLIF(tau_mem_ms=2.0), 2e-3, "well below 0.002 s"),
        # v' = v^2 / tau_mem, which is steepest at the reset
        (MembraneQIF(), 0.01 / 65, "well below 0.000153846 s"),
        (SingleExponentialMembraneQIF(v_reset=-50.0), 2e-4, "well below 0.0002 s"),
    ],
)
def test_a_step_that_is_too_long_is_warned_of(model, limit, said):
    Network(model, np.zeros((1, 1)), 0.99 * limit)
    with pytest.warns(RuntimeWarning, match=said):
        Network(model, np.zeros((1, 1)), 1.01 * limit)


def test_units_in_membrane_units_are_by_default_those_of_a_converted_network():
    for model in ("lif", "qif"):
        for tau_rise_ms in (NeuronConfig().tau_rise_ms, 0.0):
            neuron = NeuronConfig(model=model, tau_rise_ms=tau_rise_ms)
            network = SpikingNetwork(
                *np.zeros((3, 1, 1)), np.array([20.0]), np.zeros(1, bool), 1.0, neuron
            )
            found = neuron_model(network)
            assert replace(found, tau_decay_ms=20.0) == type(found)()


@pytest.mark.parametrize("model", [QIF(), LIF(bias=-38.0)], ids=["QIF", "LIF"])
def test_a_simulation_is_the_same_whatever_runs_beside_it(model):
    """Alone, in batches that fill blocks in both ways, on one core or three."""
    n = 7
    network, inputs = random_network(model, n, batch=37)
    name, middle = ("bias", -38) if isinstance(model, LIF) else ("eta", -5)
    values = np.linspace(-1, 1, 37)[:, None] + middle
    network = network.with_parameters(**{name: values})
    assert network_cpu._width(37, n) == 16 != network_cpu._width(1, n)
    # as it lies in memory where someone transposed it, and not to be written
    weights = np.asfortranarray(network.weights)
    weights.flags.writeable = False
    network = replace(network, weights=weights)
    whole = quiet(network, inputs, record=("out", "v", "spikes"), threads=1)
    other = quiet(network, inputs, record=("out", "v", "spikes"), threads=3)
    assert np.array_equal(other["v"], whole["v"])
    assert np.array_equal(other.spike_time, whole.spike_time)
    one = 23
    single = quiet(
        network.with_parameters(**{name: values[one, 0]}),
        inputs[one],
        record=("out", "v", "spikes"),
    )
    assert np.array_equal(single["out"], whole["out"][one])
    assert np.array_equal(single["v"], whole["v"][one])
    assert np.array_equal(single.spike_time, whole.spike_time[whole.spike_simulation == one])


@pytest.mark.parametrize("average", [False, True])
def test_parts_of_a_run_make_the_whole(average, monkeypatch):
    """A long run is simulated in parts; nothing recorded depends on them."""
    network, inputs = worked_example()
    inputs = np.stack([inputs[:1003], inputs[5000:6003]])
    record = ("out", "v", "mean(v)", "spikes")
    every_step = quiet(network, inputs, record=record)
    once = quiet(network, inputs, record=record, every=7, average=average)
    monkeypatch.setattr(simulation, "CHUNK_BYTES", 3000.0)
    parts = quiet(network, inputs, record=record, every=7, average=average)
    assert once["v"].shape == (2, 143, 5)
    for name in ("out", "v", "mean(v)"):
        assert np.array_equal(once[name], parts[name])
        windows = every_step[name][:, :1001].reshape(2, 143, 7, -1)
        np.testing.assert_allclose(
            once[name],
            windows.mean(axis=2) if average else windows[:, :, -1],
            rtol=1e-12,
            atol=1e-12,
        )
    assert np.array_equal(once["mean(v)"][..., 0], once["v"].mean(axis=-1))
    for spikes in ("spike_time", "spike_unit", "spike_simulation"):
        assert np.array_equal(getattr(once, spikes), getattr(parts, spikes))
        assert np.array_equal(getattr(once, spikes), getattr(every_step, spikes))
    assert (np.diff(once.spike_simulation) >= 0).all()


@pytest.mark.parametrize("chunk_bytes", [simulation.CHUNK_BYTES, 1e5])
def test_spikes_are_in_order_of_simulation_and_time(chunk_bytes, monkeypatch):
    """However many parts they were simulated in."""
    monkeypatch.setattr(simulation, "CHUNK_BYTES", chunk_bytes)
    network = Network(QIF(), np.zeros((40, 40)), 1e-3)
    current = np.random.default_rng(2).uniform(5, 30, (3, 1, 40))
    recording = quiet(network, np.repeat(current, 3000, axis=1))
    keys = (recording.spike_unit, recording.spike_time, recording.spike_simulation)
    assert np.array_equal(np.lexsort(keys), np.arange(len(recording.spike_time)))
    assert np.bincount(recording.spike_simulation).min() > 100


# A run in parts -----------------------------------------------------------------------------------


def in_parts(network, inputs, *cuts, **settings):
    """The recordings of a run that is cut before these steps, each going on from the last."""
    recordings = []
    steps = [0, *cuts, inputs.shape[-2]]
    for begin, end in pairwise(steps):
        part = inputs[..., begin:end, :]
        recordings.append(quiet(network, part, first_step=begin, **settings))
        network = replace(network, initial=recordings[-1].last_state)
    return recordings


def joined_spikes(recordings):
    """Simulation, unit and time of the spikes of all parts, in the order of one run."""
    names = ("spike_simulation", "spike_unit", "spike_time")
    columns = [np.concatenate([getattr(part, name) for part in recordings]) for name in names]
    order = np.argsort(columns[0], kind="stable")
    return [column[order] for column in columns]


def assert_one_run(parts, one):
    for found, expected in zip(joined_spikes(parts), joined_spikes([one]), strict=True):
        assert np.array_equal(found, expected)
    for name in one.data:
        assert np.array_equal(np.concatenate([p[name] for p in parts], axis=-2), one[name])
    for name, values in one.last_state.items():
        assert np.array_equal(parts[-1].last_state[name], values)


@pytest.mark.parametrize("batch", [None, 18])
@pytest.mark.parametrize("t_refractory_ms", [2.0, 2.02])
@pytest.mark.parametrize("model", [LIF, SingleExponentialLIF, MembraneQIF])
def test_a_run_in_parts_is_one_run(model, t_refractory_ms, batch, monkeypatch):
    """Noise as input, cut within refractory periods whose end the rounding of time decides."""
    rng = np.random.default_rng(3)
    network = Network(model(t_refractory_ms=t_refractory_ms), rng.normal(0, 2, (9, 9)), 5e-5)
    inputs = rng.normal(200, 400, (1500, 9) if batch is None else (batch, 1500, 9))
    record = ("out", "t_last", "spikes")
    one = quiet(network, inputs, record=record)
    assert len(one.spike_time) > 100
    assert tuple(one.last_state) == model.variables
    assert_one_run(in_parts(network, inputs, 703, record=record), one)
    assert_one_run(in_parts(network, inputs, 377, 703, record=record), one)
    if batch is None:
        monkeypatch.setattr(network_cpu, "advance", networks.advance)  # the plain loop
        assert_one_run(in_parts(network, inputs, 703, record=record), one)


def test_the_clock_of_a_run_that_goes_on():
    network, inputs = worked_example()
    one = quiet(network, inputs[:1000], every=10)
    _, second = in_parts(network, inputs[:1000], 400, every=10)
    assert (one.start, second.start, second.duration) == (0, 0.4, 0.6)
    np.testing.assert_allclose(second.time, one.time[40:], rtol=1e-12)
    assert np.array_equal(second["out"], one["out"][40:])
    assert second.plot().get_xlim() == second.raster().get_xlim() == (0.4, 1.0)
    matplotlib.pyplot.close("all")
    for wrong in (-1, 1.5, True, "9"):
        with pytest.raises(ValueError, match="first_step: expected a whole number >= 0, got"):
            quiet(network, inputs[:9], first_step=wrong)


def test_a_refractory_period_between_two_steps_has_one_length():
    """2 ms are 40 steps of 0.05 ms, and whether 41 of them it takes is up to rounding."""
    found = {}
    for ms in (2.0, 2.02):
        recording = alone(LIF(t_refractory_ms=ms), 1e5, 5e-5, 1.0)
        found[ms] = {*np.rint(intervals(recording, 0) / 5e-5).astype(int).tolist()}
    assert found == {2.0: {40, 41}, 2.02: {41}}


@pytest.mark.parametrize("model", [LIF, SingleExponentialLIF])
def test_a_unit_integrates_again_as_published(model, monkeypatch):
    """The previous spike decides, too: after the spikes of steps 406 and 1087 a unit integrates
    again 40 steps later, after that of step 1087 alone 41 steps later."""
    on = np.zeros((20_000, 3))
    on[405, 0] = 1
    on[1086:1200, :2] = 1
    on[:, 2] = np.repeat(np.random.default_rng(8).random(200) < 0.3, 100)
    expected = [published_spikes(of_unit, first=False) for of_unit in on.T]
    assert [np.flatnonzero(spikes)[:3].tolist() for spikes in expected[:2]] == [
        [405, 1086, 1126],
        [1086, 1127, 1168],
    ]
    network = Network(model(bias=-200.0), np.zeros((3, 3)), 5e-5)
    for advance in (network_cpu.advance, networks.advance):
        monkeypatch.setattr(network_cpu, "advance", advance)
        recording = quiet(network, 1e5 * on, record=("spikes",))
        for unit, spikes in enumerate(expected):
            times = recording.spike_time[recording.spike_unit == unit]
            assert np.array_equal(np.rint(times / 5e-5) - 1, np.flatnonzero(spikes))


# Models of one's own ------------------------------------------------------------------------------

SLOPE = 2.0


@dataclass(frozen=True)
class ExponentialLIF:
    """tau v' = -v + SLOPE exp((v - v_soft) / SLOPE) + I; a spike at v >= 30, then v = 0. y counts
    the spikes."""

    tau: float = 10.0
    v_soft: float = 10.0

    variables: ClassVar = ("v", "y")
    source: ClassVar = "y"
    output: ClassVar = "v"
    time_unit: ClassVar = "ms"

    def initial(self):
        return 0.0, 0.0

    def constants(self, dt):
        return dt / self.tau, self.v_soft

    @staticmethod
    def step(state, s_in, current, t, constants):
        v, y = state
        rate, v_soft = constants
        v = v + rate * (SLOPE * np.exp((v - v_soft) / SLOPE) - v + s_in + current)
        spike = 1.0 * (v >= 30)
        return (v * (1 - spike), y + spike), spike


@pytest.mark.parametrize("n_units", [1, 20])
def test_what_is_sent_may_be_below_0(n_units):
    rng = np.random.default_rng(2)
    network = Network(QIF(), 9 * rng.random((n_units, n_units)), 1e-3, {"s": -rng.random(n_units)})
    (samples, _, state), kernel = both(network, np.zeros((9, n_units)))
    assert (samples[1] < 0).all()
    assert np.array_equal(kernel[0], samples)
    assert np.array_equal(kernel[2], state)


def test_a_model_of_ones_own(monkeypatch):
    network = Network(ExponentialLIF(tau=np.array([[10.0], [20.0]])), 0.1 * np.ones((3, 3)), 0.1)
    inputs = np.full((2000, 3), 12.0)
    (samples, fired, _), kernel = both(network, inputs)
    assert fired.any()
    # exp may round differently
    np.testing.assert_allclose(kernel[0], samples, rtol=1e-9, atol=1e-9)
    assert np.array_equal(kernel[1], fired)
    before = quiet(network, inputs)["out"]
    monkeypatch.setitem(globals(), "SLOPE", 1.0)  # as when a cell of a notebook is run again
    assert not np.array_equal(quiet(network, inputs)["out"], before)


def of_step(step, **more):
    """A model that is `QIF` but for its step and what else is given."""
    return dataclass(frozen=True)(type("Mine", (QIF,), {"step": staticmethod(step), **more}))()


def reads_a_file(state, s_in, current, t, constants):
    return (state[0] + 0 * len(str(open)), state[1]), 0.0


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (QIF, "got the class QIF; write QIF()"),
        (
            SimpleNamespace(variables=("v",)),
            "SimpleNamespace has no source; a model needs variables, source, output",
        ),
        (of_step(QIF.step, source="u"), "source of Mine is 'u', none of v, s"),
        (of_step(QIF.step, output="u"), "output of Mine is 'u', none of v, s"),
        (
            of_step(QIF.step, initial=lambda self: (1.0,)),
            "expected 2 values of Mine.initial(), got 1",
        ),
        (
            of_step(QIF.step, constants=lambda self, dt: (np.zeros(3),)),
            "Mine: expected initial() and constants(dt)",
        ),
        (
            of_step(lambda state, s_in, current, t, c: state[2]),
            "the first step of Mine failed (IndexError",
        ),
        (
            of_step(lambda state, s_in, current, t, c: (state[:1], 0.0)),
            "expected 2 variables, got 1",
        ),
        (of_step(reads_a_file), "reads_a_file cannot be compiled; expected plain arithmetic"),
        (QIF(eta="high"), "eta: expected numbers, got str"),
        (
            QIF(eta=np.zeros((2, 3, 4))),
            "eta: expected a number, (2,), (batch, 1) or (batch, 2), got shape (2, 3, 4)",
        ),
    ],
)
def test_a_model_that_is_none(model, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        quiet(Network(model, np.zeros((2, 2)), 1e-3), np.zeros((10, 2)))


# What does not fit --------------------------------------------------------------------------------

PAIR = Network(QIF(), np.zeros((2, 2)), 1e-3)
THREE = PAIR.with_parameters(eta=np.zeros((3, 1)))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            lambda: quiet(PAIR, np.zeros((2, 100))),
            "expected shape (n_steps, 2) or (batch, n_steps, 2), got (2, 100); transposed?",
        ),
        (lambda: quiet(PAIR, np.full((9, 2), np.inf)), "inputs: expected finite numbers"),
        (
            lambda: quiet(PAIR, np.zeros((9, 2)), record="u"),
            "record: expected any of out, v, s, mean(...) of these, spikes; got 'u'",
        ),
        (
            lambda: quiet(PAIR, np.zeros((9, 2)), every=10),
            "every: expected a whole number of steps from 1 to 9, got 10",
        ),
        (lambda: quiet(PAIR, np.zeros((9, 2)), threads=0), "threads: expected a whole number >= 1"),
        (lambda: quiet(THREE, np.zeros((4, 9, 2))), "got inputs 4, eta 3"),
        (
            lambda: Network(QIF(), np.zeros((2, 3)), 1e-3),
            "weights: expected shape (n_units, n_units)",
        ),
        (lambda: Network(QIF(), np.zeros((2, 2)), 0), "dt: expected a number > 0 (in τ), got 0"),
        (lambda: Network(LIF(), np.zeros((2, 2)), True), "dt: expected a number > 0 (in s), got T"),
        (lambda: Network(QIF(), np.zeros((0, 0)), 1e-3), "weights: expected shape (n_units, n_un"),
        (lambda: quiet(PAIR, np.zeros((0, 2))), "inputs: expected shape (n_steps, 2)"),
        (lambda: quiet(PAIR, np.zeros((9, 3))), "(batch, n_steps, 2), got (9, 3)"),
        (lambda: quiet(PAIR, np.zeros((9, 2)), every=0), "every: expected a whole number of steps"),
        (lambda: quiet(PAIR, np.zeros((9, 2)), every=True), "from 1 to 9, got True"),
        (lambda: quiet(PAIR, np.zeros((9, 2)), threads=True), "threads: expected a whole number"),
        (lambda: quiet(PAIR, np.zeros((9, 2)), record="mean(u)"), "; got 'mean(u)'"),
        (lambda: quiet(PAIR, np.zeros((9, 2)), record="mean(spikes)"), "; got 'mean(spikes)'"),
        (
            lambda: Network(QIF(), np.zeros((2, 2)), 1e-3, {"u": 1}),
            "initial: 'u' is no state variable; they are v, s",
        ),
    ],
)
def test_what_does_not_fit(wrong, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        wrong()


def test_a_batch_of_one_is_a_batch_and_is_shared_by_others():
    alone = quiet(PAIR, np.zeros((1, 9, 2)), every=9)
    assert (alone.n_simulations, alone["out"].shape) == (1, (1, 1, 2))
    assert alone.last_state["v"].shape == (1, 2)
    three = quiet(THREE, np.ones((1, 9, 2)), every=4)
    assert (three.n_simulations, three["out"].shape) == (3, (3, 2, 2))
    same = quiet(THREE, np.ones((9, 2)), every=4)
    assert np.array_equal(three["out"], same["out"])
    none = quiet(PAIR, np.zeros((9, 2)), every=9)
    assert (none.n_simulations, none["out"].shape, none.sample_step) == (None, (1, 2), 9 * 1e-3)


MASKED = np.ma.masked_equal([[1.0, 0.0], [0.0, 1.0]], 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (MASKED, "expected numbers, got masked ones; .* numpy.ma.filled"),
        (list(MASKED), "expected numbers, got masked ones"),
        (tuple(MASKED), "expected numbers, got masked ones"),
        ([[1.0, np.ma.masked], [0.0, 1.0]], "expected numbers, got masked ones"),
        (np.eye(2) * 1j, "expected numbers, got ndarray of dtype complex128"),
        ([["1", "0"], ["0", "1"]], "expected numbers, got list of dtype <U1"),
        (pd.DataFrame([[1.0, None], ["0", 1.0]]), "expected numbers, got DataFrame of dtype obj"),
        (np.eye(2).astype("timedelta64[s]"), "expected numbers, got ndarray of dtype timedelta64"),
        (np.eye(2).astype("datetime64[s]"), "expected numbers, got ndarray of dtype datetime64"),
        (np.full((2, 2), -np.inf), "expected finite numbers, got NaN or infinity"),
        (np.full((2, 2), np.nan), "expected finite numbers, got NaN"),
        ([[1.0, 0.0], [0.0]], "expected numbers, got list"),
    ],
)
def test_what_is_no_number_is_not_taken_for_one(values, said):
    row = values[1] if isinstance(values, np.ndarray) else values
    for name, make in {
        "weights": lambda: Network(QIF(), values, 1e-3),
        "inputs": lambda: quiet(PAIR, values),
        "s": lambda: Network(QIF(), np.zeros((2, 2)), 1e-3, {"s": row}),
        "eta": lambda: Network(QIF(eta=row), np.zeros((2, 2)), 1e-3),
    }.items():
        with pytest.raises(ValueError, match=f"^{name}: {said}"):
            make()


@pytest.mark.parametrize(
    "values",
    [
        np.ma.array(np.eye(2)),  # nothing is masked
        pd.DataFrame(np.eye(2, dtype=int)),
        np.eye(2, dtype=bool),
        np.eye(2).astype(object),
        [[1, 0], [0, 1.0]],
    ],
)
def test_numbers_of_any_type_are_numbers(values):
    found = Network(QIF(), values, 1e-3).weights
    assert type(found) is np.ndarray
    assert found.dtype == np.float64
    assert np.array_equal(found, np.eye(2))


@pytest.mark.parametrize("batch", [None, 2])
def test_a_run_that_diverges_says_where(batch, monkeypatch):
    """s' = -s / tau_s in steps of 3 tau_s: s is doubled at each of them."""
    network = Network(
        QIF(tau_s=np.array([1e9, 1.0])), np.zeros((2, 2)), 3.0, {"s": [0.0, 1.0], "v": 0.0}
    )
    network = network.with_parameters(eta=0.0, v_peak=1e300)
    inputs = np.zeros((3000, 2) if batch is None else (batch, 3000, 2))
    where = "s of unit 1" + ("" if batch is None else " in simulation 0")
    with pytest.raises(
        FloatingPointError,
        match=rf"{where} is no finite number after step 1024 \(time 3072 τ\); a smaller dt",
    ):
        quiet(network, inputs)
    assert np.isfinite(quiet(network, inputs[..., :1023, :])["out"]).all()
    # in parts, and in a run that goes on
    monkeypatch.setattr(simulation, "CHUNK_BYTES", 3000.0)
    with pytest.raises(
        FloatingPointError, match=rf"{where} is no finite number after step 1524 \(time 4572 τ\)"
    ):
        quiet(network, inputs, first_step=500)


# Converted networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["lif", "qif"])
@pytest.mark.parametrize(("downsample", "tau_rise_ms"), [(1, 2.0), (3, 2.0), (1, 0.0), (3, 0.0)])
def test_a_converted_network_is_one_of_them(model, downsample, tau_rise_ms):
    rng, n = np.random.default_rng(1), 60
    size = abs(rng.normal(size=(n, n))) * (rng.random((n, n)) < 0.3) / np.sqrt(n)
    sign = np.where(rng.random(n) < 0.2, -2, 1)
    network = SpikingNetwork(
        w_rec=size * sign,
        w_in=5 * rng.normal(size=(n, 2)),
        w_out=rng.normal(size=n),
        tau_decay_ms=rng.uniform(20, 100, n),
        inhibitory=np.zeros(n, bool),
        scaling_factor=1.0,
        neuron=NeuronConfig(model=model, tau_rise_ms=tau_rise_ms),
    )
    u = rng.normal(size=(2, 21))
    silence = np.zeros((n, spiking.time_grid(21, downsample).n_steps))
    trial = spiking.simulate_trial(network, u, noise=silence, downsample=downsample)
    found = quiet(
        spiking.as_network(network, downsample=downsample),
        spiking.external_inputs(network, u, downsample),
    )
    assert trial.spikes.sum() > 500
    assert np.array_equal(found["out"], trial.rates.T)
    assert np.array_equal(found.spike_unit, np.nonzero(trial.spikes.T)[1])


@pytest.mark.parametrize("model", ["lif", "qif"])
@pytest.mark.parametrize("tau_rise_ms", [2.0, 0.0])
def test_a_converted_network_starts_from_the_voltages_of_a_trial(model, tau_rise_ms):
    rng = np.random.default_rng(2)
    network = SpikingNetwork(
        w_rec=rng.normal(size=(6, 6)),
        w_in=rng.normal(size=(6, 1)),
        w_out=rng.normal(size=6),
        tau_decay_ms=rng.uniform(20, 100, 6),
        inhibitory=np.zeros(6, bool),
        scaling_factor=1.0,
        neuron=NeuronConfig(model=model, tau_rise_ms=tau_rise_ms, v_reset=-50.0),
    )
    stream = streams.key(3, "test")
    for trial in (0, 4):
        u01 = streams.uniform(stream, streams.INITIAL_VOLTAGE, trial, 6)[:, 0]
        found = spiking.as_network(network, stream=stream, trial=trial).initial["v"]
        np.testing.assert_allclose(found, -50 + 80 * u01.astype(float), rtol=1e-6)
    given = spiking.as_network(network, v0=np.linspace(0, 1, 6)).initial["v"]
    np.testing.assert_allclose(given[[0, -1]], [-50, 30])
    with pytest.raises(ValueError, match=r"v0: expected shape \(6,\), got \(5,\)"):
        spiking.as_network(network, v0=np.zeros(5))


# The recording ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one():
    network, inputs = worked_example()
    return quiet(network, inputs[:6000], record=("out", "mean(v)", "spikes"), every=10)


@pytest.fixture(scope="module")
def many():
    network, inputs = worked_example()
    return quiet(
        network.with_parameters(eta=[[-5.0], [-3.0]]),
        inputs[:6000],
        record=("out", "mean(v)", "spikes"),
        every=10,
    )


def test_a_recording_as_tables(one, many):
    table = one.to_dataframe("out")
    assert table.shape == (600, 5)
    assert table.index.name == "time"
    np.testing.assert_allclose(table.index[[0, -1]], [0.01, 6.0])
    assert np.array_equal(table[3], one["out"][:, 3])
    assert one.to_dataframe()["mean(v)", "mean"].equals(
        one.to_dataframe("mean(v)")["mean"].rename(("mean(v)", "mean"))
    )
    wide = many.to_dataframe("out")
    assert wide.columns.names == ["simulation", "unit"]
    assert np.array_equal(wide[1], many["out"][1])
    assert many.to_dataframe().columns.names == ["variable", "simulation", "unit"]
    spikes = many.to_dataframe("spikes")
    assert list(spikes) == ["simulation", "unit", "time"]
    assert len(spikes) == len(many.spike_time) > len(one.to_dataframe("spikes"))
    for column in spikes:
        assert np.array_equal(spikes[column], getattr(many, f"spike_{column}")), column
    assert wide[0, 4].to_numpy().tolist() == many["out"][0, :, 4].tolist()
    assert wide.columns.tolist() == [(i, unit) for i in range(2) for unit in range(5)]
    assert many.to_dataframe("mean(v)").columns.tolist() == [(0, "mean"), (1, "mean")]
    assert list(one.to_dataframe("spikes")) == ["unit", "time"]
    with pytest.raises(KeyError, match="'v' was not recorded; there are out, mean"):
        one["v"]
    assert repr(one).startswith("<Recording of 5 units: out, mean(v) every 0.01 τ (600 samples); ")


def test_a_recording_drawn(many):
    axes = many.plot("out", simulation=1)
    assert np.array_equal(axes.lines[3].get_ydata(), many["out"][1, :, 3])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Time (τ)", "out")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        f"unit {i}" for i in range(5)
    ]
    for i in (0, 1):
        raster = many.raster(simulation=i)
        (marks,) = raster.lines
        own = many.spike_simulation == i
        assert np.array_equal(marks.get_xdata(), many.spike_time[own])
        assert np.array_equal(marks.get_ydata(), many.spike_unit[own])
    assert (raster.get_xlabel(), raster.get_ylabel()) == ("Time (τ)", "Unit")
    assert axes.get_title() == raster.get_title() == "simulation 1"
    assert axes.get_xlim() == raster.get_xlim() == (0, 6)
    assert (raster.get_ylim(), raster.get_yticks().tolist()) == ((-0.7, 4.7), [0, 1, 2, 3, 4])
    axes = raster.figure.add_subplot()
    assert many.plot("mean(v)", axes=axes) is axes
    assert [line.get_label() for line in axes.lines] == ["mean"]
    assert axes.get_legend() is None
    with pytest.raises(ValueError, match="simulation: expected a whole number below 2, got 2"):
        many.raster(simulation=2)
    crowd = alone(QIF(), np.linspace(0, 30, 500), 1e-2, 5.0)
    assert "mean of 500 units" in [
        text.get_text() for text in crowd.plot().get_legend().get_texts()
    ]
    assert crowd.raster().get_ylim() == (-0.7, 499.7)
    assert crowd.plot().get_title() == ""
    mean = crowd.plot().lines[-1]
    np.testing.assert_allclose(mean.get_ydata(), crowd["out"].mean(axis=1))
    assert len(crowd.plot().lines) == 501
    # up to ten are told apart, each by colour and dashes
    for n, n_lines in ((10, 10), (11, 12)):
        lines = alone(QIF(), np.linspace(0, 30, n), 1e-2, 1.0).plot().lines
        assert len(lines) == n_lines
        looks = {(line.get_color(), line.get_linestyle()) for line in lines}
        assert n > 10 or len(looks) == n
    in_s = quiet(Network(LIF(bias=0.0), np.zeros((1, 1)), 5e-5), np.zeros((2000, 1)))
    assert in_s.plot().get_xlabel() == in_s.raster().get_xlabel() == "Time (s)"
    for wrong in (-1, 1):
        with pytest.raises(ValueError, match=f"expected a whole number below 1, got {wrong}"):
            in_s.plot(simulation=wrong)
    matplotlib.pyplot.close("all")


def test_a_new_figure_holds_all_that_is_drawn(one, many):
    """The legend beside the plot too: a saved figure ends at its edge."""
    for axes in (one.plot("out"), many.plot("out"), many.plot("mean(v)"), one.raster()):
        axes.figure.draw_without_rendering()
        drawn = axes.figure.get_tightbbox()  # in inches
        width, height = axes.figure.get_size_inches()
        assert 0 <= drawn.x0 < drawn.x1 <= width
        assert 0 <= drawn.y0 < drawn.y1 <= height
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("name", ["one", "many"])
def test_a_recording_saved_and_loaded(name, request, tmp_path):
    recording = request.getfixturevalue(name)
    recording.save(tmp_path / "run")  # whatever the name
    loaded = Recording.load(tmp_path / "run")
    assert repr(loaded) == repr(recording)
    assert loaded.n_simulations == recording.n_simulations
    pd.testing.assert_frame_equal(loaded.to_dataframe(), recording.to_dataframe(), check_exact=True)
    pd.testing.assert_frame_equal(
        loaded.to_dataframe("spikes"), recording.to_dataframe("spikes"), check_exact=True
    )
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("name", ["one", "many"])
def test_everything_of_a_recording_is_saved(name, request, tmp_path):
    """Of a run that goes on from another, too; what older files lack has its default."""
    recording = request.getfixturevalue(name)
    first = replace(recording, start=2.5, step=1e-3, duration=6.0)
    first.save(tmp_path / "run.npz")
    loaded = Recording.load(tmp_path / "run.npz")
    for own in fields(Recording):
        before, after = getattr(first, own.name), getattr(loaded, own.name)
        if isinstance(before, dict):
            assert list(after) == list(before)
            assert all(np.array_equal(after[key], before[key]) for key in before), own.name
        else:
            assert np.array_equal(after, before), own.name
            assert isinstance(after, np.ndarray) == isinstance(before, np.ndarray), own.name
    np.testing.assert_allclose(loaded.time[[0, -1]], [2.51, 8.5])
    with np.load(tmp_path / "run.npz") as file:
        lacking = {"start", "step", "duration", "n_simulations"}
        kept = {key: file[key] for key in file if key not in lacking and "last_state" not in key}
    np.savez(tmp_path / "old.npz", **kept)
    old = Recording.load(tmp_path / "old.npz")
    found = old.start, old.step, old.duration, old.n_simulations, old.last_state
    assert found == (0, None, None, None, {})


def test_a_recording_that_cannot_be_saved_leaves_the_old_file(one, tmp_path):
    one.save(tmp_path / "run")
    before = (tmp_path / "run").read_bytes()
    broken = replace(one, data=one.data | {"v": np.array([lambda: "no array of numbers"])})
    with pytest.raises((AttributeError, pickle.PicklingError)):
        broken.save(tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run").read_bytes() == before


def test_what_is_no_recording(tmp_path):
    (tmp_path / "notes.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", x=1)
    silent = alone(QIF(), 0.0, 1e-2, 1.0, record="v")
    silent.save(tmp_path / "run")
    with np.load(tmp_path / "run") as file:
        np.savez(tmp_path / "more.npz", **file, **{"notes/mine": 1})
    for name in ("notes.npz", "other.npz", "more.npz"):
        with pytest.raises(
            ValueError, match=rf"{name}: expected a recording as Recording.save writes it"
        ):
            Recording.load(tmp_path / name)
    with pytest.raises(ValueError, match="spikes were not recorded"):
        silent.raster()
