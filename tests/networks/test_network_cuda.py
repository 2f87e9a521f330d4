"""The GPU kernel of any network against the plain simulation; without a GPU in Triton's
interpreter, few steps."""

from dataclasses import replace

import numpy as np
import own_models
import pytest
from own_models import MODELS, Own

from rate2spike import networks
from rate2spike.spiking import LIF, QIF, AdaptiveQIF, Network, SingleExponentialLIF, simulate

pytest.importorskip("torch", reason="torch is not installed: needs the extra torch")
pytest.importorskip("triton", reason="Triton is not installed: the GPU kernel is not tested")
import quick_interpreter  # noqa: F401
import torch

from rate2spike.devices import refuse_where_apart
from rate2spike.networks.kernels import check
from rate2spike.networks.kernels import cpu as network_cpu
from rate2spike.networks.kernels import cuda as network_cuda
from rate2spike.networks.kernels.cuda import advance
from rate2spike.streams.cuda import INTERPRETED

SIZES = (1, 7, 63, 250, 513)
ALL = {"every": 1, "average": False, "spikes": True}


def job_of(model, n_units, n_steps=4, batch=None, seed=0):
    """Units about to spike, in their refractory time and between, half of them sending something at
    the start."""
    rng = np.random.default_rng(seed)
    lead = () if batch is None else (batch,)
    shape = (*lead, n_units)
    if issubclass(model, LIF):
        initial = {
            "v": rng.uniform(-60, 60, shape),
            "h": rng.random(shape),
            "hr": rng.random(shape),
            "spike": rng.integers(0, 2, shape),
            "t_last": -0.004 * rng.random(shape),
        }
        neuron, dt = model(tau_decay_ms=rng.uniform(20, 50, shape)), 5e-5
    else:
        initial = {
            "v": rng.uniform(-100, 200, shape),
            "s": rng.random(shape) * rng.integers(0, 2, shape),
        }
        neuron, dt = model(eta=rng.uniform(-5, 5, shape)), 1e-3
    weights = rng.normal(size=(*lead, n_units, n_units))
    return networks.job_of(
        Network(neuron, weights, dt, initial), rng.normal(0, 20, (*lead, n_steps, n_units))
    )


def copied(job):
    return job._replace(state=job.state.copy())


def assert_same(job, variables=None, **settings):
    """The bits of the reference: samples, spikes and the state after the last step."""
    plain, ours, variables = (
        copied(job),
        copied(job),
        job.neuron.variables if variables is None else variables,
    )
    expected = networks.advance(plain, variables, **settings)
    found = advance(ours, variables, **settings)
    for a, b in zip((*expected, plain.state), (*found, ours.state), strict=True):
        assert a.shape == b.shape
        assert np.array_equal(a, b)
    assert np.isfinite(plain.state).all()
    return expected


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("n_units", SIZES)
def test_kernel_is_the_plain_simulation(n_units, model):
    _, fired = assert_same(job_of(model, n_units, 4 if n_units < 250 else 2), **ALL)
    assert n_units < 63 or n_units / 20 < fired.sum() < fired.size / 2


@pytest.mark.parametrize("model", [QIF(v_peak=7.0), LIF(v_threshold=-41.3)])
def test_a_voltage_of_exactly_the_threshold_is_a_spike(model):
    threshold = getattr(model, "v_peak", -41.3)
    v = [np.nextafter(threshold, -100.0), threshold]
    network = Network(model, np.zeros((2, 2)), 1e-5, {"v": v})
    _, fired = assert_same(networks.job_of(network, np.zeros((1, 2))), **ALL)
    assert fired[0, 0].tolist() == [False, True]


def test_samples_means_and_what_is_left_over():
    job = job_of(AdaptiveQIF, 7, n_steps=11)
    for every in (1, 4, 11):
        assert_same(job, ("x", "v"), every=every, average=False, spikes=False)
        assert_same(job, ("s", "x"), every=every, average=True, spikes=True)
    assert_same(job, (), every=3, average=False, spikes=True)


def test_a_simulation_is_the_same_in_any_batch():
    """Weights, parameters, initial values and inputs of its own, then shared ones beside them."""
    job = job_of(QIF, 7, batch=5)
    assert_same(job, **ALL)
    for part in (slice(2, 3), slice(1, 5)):
        alone = job._replace(
            state=job.state[:, part],
            constants=job.constants[:, part],
            weights=job.weights[part],
            inputs=job.inputs[part],
        )
        samples, fired = advance(copied(alone), ("v",), **ALL)
        together = advance(copied(job), ("v",), **ALL)
        assert np.array_equal(samples, together[0][:, part])
        assert np.array_equal(fired, together[1][part])
    assert_same(job._replace(weights=job.weights[:1]), **ALL)
    assert_same(job._replace(inputs=job.inputs[:1]), **ALL)


def test_two_chunks_are_one_run_and_copy_the_weights_once(monkeypatch):
    job = job_of(LIF, 7, n_steps=6, batch=2)
    whole, sent, copy = copied(job), [], network_cuda.to_device
    expected, fired = advance(whole, ("v", "t_last"), every=2, average=True)
    monkeypatch.setattr(
        network_cuda, "to_device", lambda array: sent.append(array.shape) or copy(array)
    )
    parts = [
        advance(job.part(*steps), ("v", "t_last"), every=2, average=True)
        for steps in ((0, 4), (4, 6))
    ]
    assert np.array_equal(expected, np.concatenate([samples for samples, _ in parts], axis=2))
    assert np.array_equal(fired, np.concatenate([fired for _, fired in parts], axis=1))
    assert np.array_equal(whole.state, job.state)
    assert sent.count(job.weights.shape) == 1


def test_what_is_sent_may_be_below_0():
    job = job_of(QIF, 7)
    job.state[1] = -1 - job.state[1]
    assert_same(job, **ALL)


def test_weights_changed_in_place_are_new_weights():
    job = job_of(QIF, 7, batch=2)
    before = advance(copied(job), ("v",), **ALL)[0]
    job.weights[:] *= 2
    assert_same(job, **ALL)
    assert not np.array_equal(before, advance(copied(job), ("v",), **ALL)[0])


@pytest.mark.parametrize("model", [LIF, SingleExponentialLIF])
def test_a_run_in_parts_is_one_run(model):
    """3 ms are 3 steps: how long a unit is refractory is up to the rounding of time."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(200, 200, (2, 24, 5))
    weights = rng.normal(0, 2, (2, 5, 5))
    network = Network(model(t_refractory_ms=3.0), weights, dt=1e-3)
    on_gpu = {"record": ("v", "spikes"), "progress": False, "device": "cuda"}
    one = simulate(network, inputs, **on_gpu)
    first = simulate(network, inputs[:, :11], **on_gpu)
    on = replace(network, initial=first.last_state)
    second = simulate(on, inputs[:, 11:], first_step=11, **on_gpu)
    assert one.spike_time.size > 20
    assert np.array_equal(np.concatenate([first["v"], second["v"]], axis=1), one["v"])
    assert {*first.spike_time, *second.spike_time} == {*one.spike_time}
    for name in model.variables:
        assert np.array_equal(second.last_state[name], one.last_state[name])


def test_a_run_that_goes_on_sees_weights_changed_in_place():
    weights = np.ones((2, 3, 3))
    network = Network(QIF(), weights, 1e-3, {"s": 1.0})
    on_gpu = {"progress": False, "device": "cuda", "record": "v"}
    first = simulate(network, np.zeros((2, 4, 3)), **on_gpu)
    weights[:] = 50.0
    on = replace(network, initial=first.last_state)
    found = simulate(on, np.zeros((2, 4, 3)), first_step=4, **on_gpu)
    expected = simulate(on, np.zeros((2, 4, 3)), **on_gpu)  # t does not matter to a QIF
    assert np.array_equal(found["v"], expected["v"])


# PyTorch's, of arrays that are read-only as Pandas hands them out
@pytest.mark.filterwarnings("error")
def test_simulate_on_either_device(monkeypatch):
    # itself tested elsewhere, and compiled for seconds
    monkeypatch.setattr(network_cpu, "advance", networks.advance)
    rng = np.random.default_rng(0)
    network = Network(QIF(), 20 * rng.random((5, 5)), dt=0.005, initial={"v": 120.0})
    inputs = 100 * rng.random((3, 6, 5))
    inputs.setflags(write=False)
    record = ("out", "mean(v)", "spikes")
    cpu = simulate(network, inputs, record=record, device="cpu")
    cuda = simulate(network, inputs, record=record, device="cuda")
    assert np.array_equal(cpu["out"], cuda["out"])
    assert np.array_equal(cpu["mean(v)"], cuda["mean(v)"])
    assert np.array_equal(cpu.spike_time, cuda.spike_time)
    assert cuda.spike_time.size >= 15


def test_a_model_of_ones_own():
    rng = np.random.default_rng(1)
    job = networks.job_of(Network(Own(), rng.random((7, 7)), dt=0.1), 0.5 * rng.random((6, 7)))
    _, fired = assert_same(job, **ALL)
    assert 0 < fired.sum() < fired.size


def test_the_step_of_each_model_is_its_own(monkeypatch):
    """Same name, same place; and the value that a name from outside has now."""
    job = networks.job_of(Network(Own(), np.zeros((3, 3)), dt=0.1), np.zeros((2, 3)))
    assert_same(job, **ALL)
    monkeypatch.setattr(own_models, "THRESHOLD", 0.15)
    _, fired = assert_same(job, **ALL)
    assert fired[:, 0].all()


def test_every_element_of_the_results_is_written(monkeypatch):
    def poisoned(size, dtype, device):
        return torch.full(
            size, np.nan if dtype.is_floating_point else 7, dtype=dtype, device=device
        )

    monkeypatch.setattr(network_cuda.torch, "empty", poisoned)
    for n_units in (1, 63):
        job = job_of(QIF, n_units, n_steps=5, batch=2)
        assert_same(job, every=2, average=True, spikes=True)
        assert_same(job, every=2, average=False, spikes=True)


def test_a_launch_that_does_not_fit_is_halved(monkeypatch, caplog):
    job = job_of(QIF, 7, n_steps=4, batch=5)
    whole = copied(job)
    expected, _ = advance(whole, ("v",), **ALL)
    launch, sizes = network_cuda._launch, []

    def scarce(job, part, *rest, **settings):
        sizes.append(part.stop - part.start)
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError
        return launch(job, part, *rest, **settings)

    monkeypatch.setattr(network_cuda, "_launch", scarce)
    parts = [advance(job.part(*steps), ("v",), **ALL)[0] for steps in ((0, 2), (2, 4))]
    assert sizes == [5, 3, 2, 2, 1, 2, 2, 1]  # the second chunk does not try what did not fit
    assert "does not hold the launch: going on with 3 simulations at once" in caplog.text
    assert np.array_equal(np.concatenate(parts, axis=2), expected)
    assert np.array_equal(job.state, whole.state)


def test_the_launch_is_as_large_as_memory_allows(monkeypatch):
    job, sizes, launch = job_of(QIF, 7, batch=5), [], network_cuda._launch
    # state, constants, scratch, samples, inputs, weights; spikes
    of_one = 8 * 7 * (2 + 7 + 2 + 2 * 4 + 4 + 2 * 7) + 4 * 7
    monkeypatch.setattr(network_cuda, "free_bytes", lambda: 5 * of_one // 2)
    monkeypatch.setattr(
        network_cuda,
        "_launch",
        lambda job, part, *a, **k: sizes.append(part) or launch(job, part, *a, **k),
    )
    assert_same(job, **ALL)
    assert sizes == [slice(0, 2), slice(2, 4), slice(4, 5)]


def _outsider(source, **names):
    scope = {"np": np, "QIF": QIF, "__name__": "outside"} | names
    exec(source, scope)
    return scope["Model"]


class Called(QIF):
    @staticmethod
    def step(state, s_in, current, t, constants):
        return (np.exp(state[0]), state[1]), 0.0


class Cubed(QIF):
    @staticmethod
    def step(state, s_in, current, t, constants):
        return (state[0] ** 3, state[1]), 0.0


class Branching(QIF):
    @staticmethod
    def step(state, s_in, current, t, constants):
        return state, unknown(t)  # noqa: F821


def test_refuses():
    with pytest.raises(
        ValueError, match="expected at most 1024 units on a GPU, got 1025; use device: cpu"
    ):
        advance(job_of(QIF, 1)._replace(state=np.zeros((2, 1, 1025))), (), **ALL)
    job = job_of(QIF, 1)
    message = (
        r"Called.step: got np, which is no number; expected plain arithmetic .* use device: cpu"
    )
    with pytest.raises(TypeError, match=message):
        advance(job._replace(neuron=Called()), (), **ALL)
    for model, cause in ((Branching(), "unknown"), (Cubed(), "")):  # only a square is known
        name = type(model).__name__
        message = rf"(?s){name}.step cannot be compiled for a GPU: .*{cause}.* use device: cpu"
        with pytest.raises(TypeError, match=message):
            advance(job._replace(neuron=model), (), **ALL)
    source = (
        "class Model(QIF):\n"
        " @staticmethod\n"
        " def step(state, s_in, current, t, constants): return state, 0.0"
    )
    with pytest.raises(
        TypeError,
        match=r"outside.Model.step: its source is needed .* the class in a file or use device: cpu",
    ):
        advance(job._replace(neuron=_outsider(source)()), (), **ALL)


def test_a_gpu_that_computes_something_else_is_refused(monkeypatch):
    monkeypatch.setattr(check, "N_UNITS", 9)
    refuse_where_apart(check.compared())
    monkeypatch.setattr(check, "N_STEPS", 10)

    def wrong(job, *rest, **settings):
        return advance(job._replace(weights=1.01 * job.weights), *rest, **settings)

    monkeypatch.setattr(network_cuda, "advance", wrong)
    with pytest.raises(
        RuntimeError,
        match="not compute what the CPU does: the state of a network of spiking units differs by",
    ):
        refuse_where_apart(check.compared())


@pytest.mark.skipif(INTERPRETED, reason="no GPU: many steps take minutes in the interpreter")
@pytest.mark.parametrize("model", MODELS)
def test_many_steps_on_a_gpu_are_the_cpus(model):
    assert_same(job_of(model, 200, n_steps=2000, batch=3), every=10, average=True, spikes=True)
