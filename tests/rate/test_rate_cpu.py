"""The CPU kernel of the rate network against its reference: outputs, gradients, Adam, and results
that depend on nothing else."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from kernel_noise import noise_of_kernels
from shared import torch_or_skip

from rate2spike import rate, streams
from rate2spike.config import ACTIVATIONS, LOSSES, RateConfig, TrainingConfig
from rate2spike.rate.kernels import cpu as kernel
from rate2spike.rate.reference import activate

# settings of the network, loss, first output that counts
SETTINGS = [
    ({}, "squared", 0),
    ({}, "l2", 12),
    ({"activation": "softplus"}, "l1", 29),
    ({"dale": False}, "squared", 1),
    ({"connections": "keep"}, "l2", 0),
    ({"connections": "grow"}, "l2", 0),
    ({"connections": "keep", "activation": "clipped_relu", "n_som": 1}, "squared", 12),
    ({"connections": "grow", "activation": "softplus", "n_som": 1}, "l1", 12),
]
STREAM = streams.key(3, "test", "rate kernel")
FIRST = 40  # number of the first trial
SIZES = [1, 7, 63, 250, 513]
# activation, Dale's principle, loss, decay, batch
CASES = [
    ("sigmoid", True, "l2", (20.0, 100.0), 1),
    ("sigmoid", False, "l1", (20.0, 50.0), 3),
    ("clipped_relu", True, "l1", (5.0, 30.0), 1),
    ("clipped_relu", False, "l2", (35.0,), 3),
    ("softplus", True, "l2", (20.0,), 3),
    ("softplus", False, "l1", (20.0, 50.0), 1),
]


def problem(n_units, *, batch=1, n_steps=31, seed=0, **settings):
    """A model, stimuli (batch, 2, n_steps) and targets (batch, n_steps), float32."""
    rng = np.random.default_rng([seed, n_units])
    model = rate.initial_model(RateConfig(n_units=n_units, **settings), 2, rng)
    u, z = rng.standard_normal((batch, 2, n_steps)), rng.standard_normal((batch, n_steps))
    return model, u.astype(np.float32), z.astype(np.float32)


def with_lost_connections(model):
    """The model with connections that are there, absent, at 0, and below 0."""
    rng = np.random.default_rng(model.n_units)
    w_rec = model.weights.w_rec.copy()
    lost = rng.random(w_rec.shape) < 0.4
    w_rec[lost] *= -1
    w_rec[lost & (rng.random(w_rec.shape) < 0.3)] = 0
    return replace(model, weights=model.weights._replace(w_rec=w_rec))


def reference(model, u, z, loss, first_output=0):
    """Trace, losses and gradient of their mean in float64, by torch."""
    torch = torch_or_skip()
    normal = np.stack(
        [noise_of_kernels(STREAM, FIRST + k, model.n_units, u.shape[2]) for k in range(u.shape[0])]
    )
    weights = rate.Weights(
        *(torch.tensor(np.array(w), dtype=torch.float64, requires_grad=True) for w in model.weights)
    )
    trace = rate.forward(
        model,
        weights,
        torch.tensor(u, dtype=torch.float64),
        torch.tensor(normal, dtype=torch.float64),
    )
    target = torch.tensor(z, dtype=torch.float64)
    losses = rate.trial_loss(trace.o, target, loss, first_output)
    losses.mean().backward()
    gradient = rate.Weights(*(w.grad.numpy() for w in weights))
    return rate.Trace(*(a.detach().numpy() for a in trace)), losses.detach().numpy(), gradient


def assert_near(ours, expected, tolerance, name):
    """Same shape, float32, and a distance small against the norm of the expected."""
    assert (ours.shape, ours.dtype) == (expected.shape, np.float32), name
    assert np.linalg.norm(ours - expected) <= tolerance * np.linalg.norm(expected), name


def same_bits(a, b):
    return all(
        np.array_equal(np.asarray(p).view(np.uint32), np.asarray(q).view(np.uint32))
        for p, q in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}-{'dale' if c[1] else 'free'}-{c[2]}")
@pytest.mark.parametrize("n_units", SIZES)
def test_agrees_with_the_reference(n_units, case):
    activation, dale, loss, tau, batch = case
    model, u, z = problem(n_units, batch=batch, activation=activation, dale=dale, tau_decay_ms=tau)
    trace, losses, gradient = reference(model, u, z, loss)
    ours = kernel.outputs(model, model.weights, u, stream=STREAM, first_trial=FIRST, keep=True)
    our_losses, our_gradient = kernel.gradients(
        model, model.weights, u, z, loss=loss, stream=STREAM, first_trial=FIRST
    )
    assert_near(our_losses, losses, 1e-5, "losses")
    for name, a, b in [
        *zip(trace._fields, ours, trace, strict=True),
        *zip(gradient._fields, our_gradient, gradient, strict=True),
    ]:
        assert_near(a, b, 2e-5, name)
    if len(tau) == 1:
        assert not our_gradient.tau_raw.any()


@pytest.mark.parametrize("case", SETTINGS, ids=str)
@pytest.mark.parametrize("n_units", [7, 63, 250])
def test_every_loss_and_lost_connections_agree_with_the_reference(n_units, case):
    settings, loss, first_output = case
    model, u, z = problem(n_units, batch=2, p_inh=0.4, **settings)
    model = with_lost_connections(model)
    _, losses, gradient = reference(model, u, z, loss, first_output)
    our_losses, our_gradient = kernel.gradients(
        model,
        model.weights,
        u,
        z,
        loss=loss,
        stream=STREAM,
        first_trial=FIRST,
        first_output=first_output,
    )
    assert_near(our_losses, losses, 1e-5, "losses")
    for name, ours, theirs in zip(gradient._fields, our_gradient, gradient, strict=True):
        assert_near(ours, theirs, 2e-5, name)
    assert np.array_equal(our_gradient.w_rec != 0, gradient.w_rec != 0)  # the same ones move


@pytest.mark.parametrize("loss", LOSSES)
def test_what_does_not_count_is_not_looked_at(loss):
    model, u, z = problem(20)
    told = z.copy()
    told[:, :9] = np.nan
    of = {"loss": loss, "stream": STREAM, "first_trial": FIRST, "first_output": 9}
    losses, gradient = kernel.gradients(model, model.weights, u, told, **of)
    same_losses, same_gradient = kernel.gradients(model, model.weights, u, z, **of)
    assert same_bits([losses, *gradient], [same_losses, *same_gradient])
    told[:, 9] = np.nan
    assert np.isnan(kernel.gradients(model, model.weights, u, told, **of)[0]).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_accurate(activation):
    torch = torch_or_skip()
    x = np.linspace(-130, 130, 16 * 4001, dtype=np.float32)
    r, slope = np.full((2, x.size), np.nan, np.float32)
    kernel._activate(x, r, slope, ACTIVATIONS.index(activation))
    exact = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    f = activate(exact, activation)
    f.sum().backward()
    ordinary = x > -87  # below, float32 ends: what is left is below 2e-38
    np.testing.assert_allclose(r[ordinary], f.detach().numpy()[ordinary], rtol=3e-7)
    assert (abs(r[~ordinary]) < 2e-38).all()
    np.testing.assert_allclose(slope, exact.grad, rtol=0, atol=1.3e-7)


@pytest.mark.parametrize("first_output", [0, 5, 16])
@pytest.mark.parametrize("n_units", SIZES)
def test_scratch_is_written_before_it_is_read(n_units, first_output, monkeypatch):
    model, u, z = problem(n_units, batch=3, n_steps=18)

    def everything():
        state = kernel.start(model)
        losses = kernel.train_trials(
            model,
            state,
            u,
            z,
            training=TrainingConfig(),
            stream=STREAM,
            first_trial=FIRST,
            first_output=first_output,
        )
        trace = kernel.outputs(model, model.weights, u, stream=STREAM, first_trial=FIRST, keep=True)
        o = kernel.outputs(model, model.weights, u, stream=STREAM, first_trial=FIRST)
        return [losses, *kernel.weights(state), *state.first, *state.second, *trace, o]

    clean = everything()
    monkeypatch.setattr(kernel, "_aligned", lambda *shape: np.full(shape, np.nan, np.float32))
    poisoned = everything()
    assert all(np.isfinite(a).all() for a in poisoned)
    assert same_bits(clean, poisoned)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("dale", "batch", "of_decays"), [(True, 1, None), (True, 3, 0.009), (False, 3, 0.06)]
)
def test_adam_is_tensorflows(dale, batch, of_decays, loss):
    model, u, z = problem(30, batch=6 * batch, dale=dale)
    training = TrainingConfig(
        learning_rate=0.03, decay_learning_rate=of_decays, trials_per_update=batch, loss=loss
    )
    rates = rate.Weights(w_rec=0.03, w_out=0.03, b_out=0.03, tau_raw=of_decays or 0.03)
    state = kernel.start(model)
    first, second = ([np.zeros(np.shape(w)) for w in model.weights] for _ in range(2))
    expected = [np.array(w, np.float64) for w in model.weights]
    for t in range(1, 7):
        trials = slice((t - 1) * batch, t * batch)
        at = {"stream": STREAM, "first_trial": FIRST + trials.start}
        losses, gradient = kernel.gradients(
            model, kernel.weights(state), u[trials], z[trials], loss=loss, **at
        )
        assert same_bits(
            [losses],
            [kernel.train_trials(model, state, u[trials], z[trials], training=training, **at)],
        )
        for k, g in enumerate(gradient):
            step = rates[k] * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            first[k] = 0.9 * first[k] + 0.1 * g
            second[k] = 0.999 * second[k] + 0.001 * np.square(g, dtype=np.float64)
            expected[k] = expected[k] - step * first[k] / (np.sqrt(second[k]) + 1e-8)
        for ours, plain in zip(kernel.weights(state), expected, strict=True):
            np.testing.assert_allclose(ours, plain, rtol=1e-5, atol=2e-6)
    assert state.updates == 6
    if dale:  # connections were lost on the way, and went on by their momentum
        assert ((expected[0] < 0) & (first[0] != 0)).sum() > 3


@pytest.mark.parametrize("n_units", SIZES)
def test_a_learning_rate_of_the_decays_moves_nothing_else(n_units):
    model, u, z = problem(n_units)

    def updated(training):
        state = kernel.start(model)
        kernel.train_trials(model, state, u, z, training=training, stream=STREAM, first_trial=FIRST)
        return state

    one_rate = updated(TrainingConfig())
    same_rate = updated(TrainingConfig(decay_learning_rate=0.01))
    slower = updated(TrainingConfig(decay_learning_rate=0.003))
    for moments in ("weights", "first", "second"):
        assert same_bits(getattr(one_rate, moments), getattr(same_rate, moments))
    assert same_bits(one_rate.weights[:3], slower.weights[:3])  # all but tau_raw
    assert same_bits([*one_rate.first, *one_rate.second], [*slower.first, *slower.second])
    before = model.weights.tau_raw
    moved = one_rate.weights.tau_raw - before
    assert moved.any()
    np.testing.assert_allclose(slower.weights.tau_raw - before, 0.3 * moved, rtol=0, atol=5e-7)


@pytest.mark.parametrize(
    ("connections", "loss", "first_output"),
    [("prune", "l2", 0), ("keep", "squared", 7), ("grow", "l2", 0)],
)
def test_splitting_into_calls_changes_no_bit(connections, loss, first_output):
    model, u, z = problem(70, batch=24, connections=connections)
    training = TrainingConfig(learning_rate=0.05, trials_per_update=2, loss=loss)

    def run(pieces):
        state, losses = kernel.start(model), []
        for k in np.array_split(np.arange(24), pieces):
            at = {"stream": STREAM, "first_trial": FIRST + int(k[0]), "first_output": first_output}
            losses.append(kernel.train_trials(model, state, u[k], z[k], training=training, **at))
        return [np.concatenate(losses), *kernel.weights(state), *state.first, *state.second]

    whole = run(1)
    assert same_bits(whole, run(12))
    assert same_bits(whole, run(4))


def test_threads_change_no_bit():
    def run(seed):
        model, u, z = problem(90, batch=20, n_steps=101, seed=seed)
        state = kernel.start(model)
        stream = streams.key(3, "test", seed)
        losses = kernel.train_trials(
            model, state, u, z, training=TrainingConfig(), stream=stream, first_trial=0
        )
        return [losses, *kernel.weights(state)]

    alone = [run(seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        assert all(map(same_bits, alone, pool.map(run, range(6))))


@pytest.mark.parametrize("n_trials", [1, 17, 133])
def test_evaluation_does_not_depend_on_its_batch(n_trials):
    model, u, _ = problem(33, batch=n_trials)
    together = kernel.outputs(model, model.weights, u, stream=STREAM, first_trial=FIRST)
    assert together.shape == (n_trials, u.shape[2] - 1)
    for k in {0, n_trials // 2, n_trials - 1}:
        alone = kernel.outputs(
            model, model.weights, u[k : k + 1], stream=STREAM, first_trial=FIRST + k
        )
        assert same_bits([together[k]], [alone[0]])
    kept = kernel.outputs(model, model.weights, u, stream=STREAM, first_trial=FIRST, keep=True)
    assert same_bits([together], [kept.o])


def test_absent_connections_and_fixed_decays_stay():
    model, u, z = problem(40, batch=40, tau_decay_ms=(20.0,), n_som=2)
    state = kernel.start(model)
    kernel.train_trials(
        model,
        state,
        u,
        z,
        training=TrainingConfig(learning_rate=0.05),
        stream=STREAM,
        first_trial=FIRST,
    )
    trained = kernel.weights(state)
    assert not trained.w_rec[model.weights.w_rec == 0].any()
    assert same_bits([trained.tau_raw], [model.weights.tau_raw])
    masked = model.mask == 0
    assert same_bits([trained.w_rec[masked]], [model.weights.w_rec[masked]])
    assert not np.array_equal(trained.w_rec, model.weights.w_rec)


@pytest.mark.parametrize("connections", ["prune", "keep", "grow"])
def test_lost_connections_come_back_where_they_can(connections):
    """One after the other, each training as far as it goes from networks whose connections are at
    0 or below, with no momentum left."""
    model, u, z = problem(40, batch=30, n_som=2, p_inh=0.4, connections=connections)
    there = model.weights.w_rec != 0
    lost = with_lost_connections(model)
    before = lost.weights.w_rec
    state = kernel.start(lost)
    training = TrainingConfig(learning_rate=0.05)
    kernel.train_trials(lost, state, u, z, training=training, stream=STREAM, first_trial=FIRST)
    after = kernel.weights(state).w_rec
    allowed = model.mask != 0
    kinds = {
        "prune": np.zeros_like(there),
        "keep": there & allowed & (before <= 0),
        "grow": allowed & (before <= 0),
    }
    moved = (after != before) & (before <= 0)
    assert np.array_equal(moved, kinds[connections])
    back = moved & (after > 0)
    assert back.any() == (connections != "prune")
    assert back[~there].any() == (connections == "grow")
    assert same_bits([after[~allowed]], [before[~allowed]])


def test_the_state_is_a_copy():
    model, u, z = problem(12, batch=2)
    before = [np.array(w) for w in model.weights]
    state = kernel.start(model)
    taken = kernel.weights(state)
    kernel.train_trials(
        model, state, u, z, training=TrainingConfig(), stream=STREAM, first_trial=FIRST
    )
    assert same_bits(before, model.weights)
    assert same_bits(before, taken)
    assert [np.shape(w) for w in taken] == [(12, 12), (12,), (), (12,)]


def test_perfect_trial_has_no_gradient():
    model, u, z = problem(9)
    silent = model.weights._replace(w_out=np.zeros(9, np.float32))
    for loss in LOSSES:
        losses, gradient = kernel.gradients(
            model, silent, u, 0 * z, loss=loss, stream=STREAM, first_trial=FIRST
        )
        assert losses[0] == 0
        assert not any(g.any() for g in gradient)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_divergence_is_not_hidden(activation):
    model, u, z = problem(20, activation=activation)
    for group in rate.Weights._fields:
        broken = model.weights._replace(
            **{group: np.full_like(getattr(model.weights, group), np.nan)}
        )
        losses, _ = kernel.gradients(
            model, broken, u, z, loss="l2", stream=STREAM, first_trial=FIRST
        )
        o = kernel.outputs(model, broken, u, stream=STREAM, first_trial=FIRST)
        assert np.isnan(losses).all()
        assert np.isnan(o).any()


def test_trials_must_fill_whole_updates():
    model, u, z = problem(5, batch=4)
    training = TrainingConfig(trials_per_update=3)
    with pytest.raises(ValueError, match="multiple of 3"):
        kernel.train_trials(
            model, kernel.start(model), u, z, training=training, stream=STREAM, first_trial=FIRST
        )
