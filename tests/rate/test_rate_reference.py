"""The reference of the rate network: gradients against finite differences, the wiring, and answers
that are arithmetic."""

from dataclasses import replace

import numpy as np
import pytest

from rate2spike import rate
from rate2spike.config import ACTIVATIONS, LOSSES, RATE_STEP_MS, ConfigError, RateConfig
from rate2spike.rate import reference

torch = pytest.importorskip("torch", reason="torch is not installed: needs the extra torch")
TINY = RateConfig(n_units=5, p_rec=0.8, p_inh=0.4, tau_decay_ms=(10.0, 50.0))


def tensors(weights, requires_grad=True):
    return rate.Weights(
        *(
            torch.tensor(np.array(w), dtype=torch.float64, requires_grad=requires_grad)
            for w in weights
        )
    )


def problem(config, *, batch=2, n_steps=15, seed=0):
    """A small model whose weights lie away from the kinks, one absent and one suppressed
    connection, stimulus, noise, target."""
    rng = np.random.default_rng(seed)
    model = rate.initial_model(config, 2, rng)
    n = config.n_units
    w_rec = rng.uniform(0.2, 1.0, (n, n)) * (1 if config.dale else rng.choice([-1, 1], (n, n)))
    w_rec[0, 1], w_rec[1, 0] = 0.0, -0.3
    model = replace(
        model,
        weights=rate.Weights(w_rec, rng.standard_normal(n), np.array(0.1), rng.standard_normal(n)),
    )
    u = rng.standard_normal((batch, 2, n_steps))
    normal = 5 * rng.standard_normal((batch, n, n_steps))
    return model, *(torch.tensor(a) for a in (u, normal, rng.standard_normal((batch, n_steps))))


def mean_loss(model, weights, u, normal, z, loss, first_output=0):
    return rate.trial_loss(rate.forward(model, weights, u, normal).o, z, loss, first_output).mean()


def finite_difference(model, group, u, normal, z, loss, first_output=0, eps=1e-6):
    """Central differences of the mean loss by every number of one group of weights."""
    base = np.array(getattr(model.weights, group))
    difference = np.zeros_like(base)
    for at in np.ndindex(base.shape):
        ends = []
        for change in (eps, -eps):
            moved = base.copy()
            moved[at] += change
            ends.append(
                mean_loss(
                    model,
                    tensors(model.weights._replace(**{group: moved}), False),
                    u,
                    normal,
                    z,
                    loss,
                    first_output,
                ).item()
            )
        difference[at] = (ends[0] - ends[1]) / (2 * eps)
    return difference


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dale", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_is_the_derivative(activation, dale, loss):
    model, u, normal, z = problem(replace(TINY, activation=activation, dale=dale))
    weights = tensors(model.weights)
    mean_loss(model, weights, u, normal, z, loss).backward()
    for group in rate.Weights._fields:
        expected = finite_difference(model, group, u, normal, z, loss)
        if group == "w_rec" and dale:
            # w = 0 exactly: a kink, where central differences see half the slope
            assert weights.w_rec.grad[0, 1] == 0
            expected[0, 1] = 0
        np.testing.assert_allclose(
            getattr(weights, group).grad, expected, rtol=1e-6, atol=1e-7, err_msg=group
        )
    assert (weights.w_rec.grad[1, 0] == 0) == dale


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("first_output", [1, 6, 13])
def test_gradient_of_a_loss_that_counts_later_is_the_derivative(first_output, loss):
    model, u, normal, z = problem(TINY)
    z[:, :first_output] = np.nan  # what does not count is not looked at
    weights = tensors(model.weights)
    mean_loss(model, weights, u, normal, z, loss, first_output).backward()
    for group in rate.Weights._fields:
        expected = finite_difference(model, group, u, normal, z, loss, first_output)
        if group == "w_rec":
            expected[0, 1] = 0  # the kink
        np.testing.assert_allclose(
            getattr(weights, group).grad, expected, rtol=1e-6, atol=1e-7, err_msg=group
        )


# Weights that can return --------------------------------------------------------------------------


class Through(torch.autograd.Function):
    """relu forward, nothing but the gradient itself backward."""

    @staticmethod
    def forward(ctx, w):
        return w.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def test_straight_through_is_relu_with_the_gradient_of_its_argument():
    w = [torch.tensor([-2.0, -1e-9, 0.0, 1e-9, 3.1]).double().requires_grad_() for _ in range(2)]
    slopes = torch.tensor([1.0, -2.0, 3.0, 4.0, 5.0]).double()
    ours, theirs = rate.reference.straight_through(w[0]), Through.apply(w[1])
    (slopes * ours**2 + slopes * ours).sum().backward()
    (slopes * theirs**2 + slopes * theirs).sum().backward()
    assert torch.equal(ours, theirs)
    assert torch.equal(ours, torch.relu(w[0]))
    assert torch.equal(w[0].grad, w[1].grad)
    assert w[0].grad[0] == 1.0  # of slope * relu(-2), which is flat


def with_lost_connections(connections, *, n_som=0):
    """A small problem with connections that are there, absent, at 0, and below 0; the mask closes
    some of each where n_som is not 0."""
    config = replace(TINY, n_units=7, p_rec=0.6, n_som=n_som, connections=connections)
    model, u, normal, z = problem(config, seed=3)
    rng = np.random.default_rng(8)
    w_rec = np.array(model.weights.w_rec)
    w_rec[np.asarray(model.initial.w_rec) == 0] = 0
    lost = (w_rec != 0) & (rng.random(w_rec.shape) < 0.4)
    w_rec[lost] = -w_rec[lost]
    w_rec[lost & (rng.random(w_rec.shape) < 0.3)] = 0
    return replace(model, weights=model.weights._replace(w_rec=w_rec)), u, normal, z


@pytest.mark.parametrize("n_som", [0, 1])
@pytest.mark.parametrize("connections", ["prune", "keep", "grow"])
def test_gradient_passes_at_and_below_0_where_a_connection_can_return(connections, n_som):
    """The gradient by the effective weights, from finite differences of a network without Dale's
    principle, times the sign: of all that are allowed to move, and 0 of others."""
    model, u, normal, z = with_lost_connections(connections, n_som=n_som)
    weights = tensors(model.weights)
    mean_loss(model, weights, u, normal, z, "l2").backward()
    w_rec = np.array(model.weights.w_rec)
    wiring = np.where(model.inhibitory, -1, 1) * np.array(model.mask)
    config = replace(model.config, connections="prune", dale=False, n_som=0)
    free = replace(
        model,
        config=config,
        inhibitory=np.zeros_like(model.inhibitory),
        mask=np.ones_like(model.mask),
        weights=model.weights._replace(w_rec=np.maximum(w_rec, 0) * wiring),
    )
    by_effective = finite_difference(free, "w_rec", u, normal, z, "l2")
    there = np.array(model.initial.w_rec) != 0
    moves = {"prune": w_rec > 0, "keep": (w_rec > 0) | there, "grow": np.ones_like(there)}
    expected = np.where(moves[connections], by_effective * wiring, 0)
    np.testing.assert_allclose(weights.w_rec.grad, expected, rtol=1e-6, atol=1e-7)
    # each kind is there, and moves or not
    moved = weights.w_rec.grad.numpy() != 0
    allowed = np.array(model.mask) != 0
    below, at_0, absent = (w_rec < 0) & allowed, (w_rec == 0) & there & allowed, ~there & allowed
    assert min(below.sum(), at_0.sum(), absent.sum()) > 0
    assert (allowed.all()) == (n_som == 0)
    assert moved[below].all() == moved[at_0].all() == (connections != "prune")
    assert moved[below].any() == moved[at_0].any() == (connections != "prune")
    assert moved[absent].all() == moved[absent].any() == (connections == "grow")
    assert not moved[~allowed].any()


@pytest.mark.parametrize("connections", ["prune", "keep", "grow"])
def test_the_dynamics_see_rectified_weights_whatever_can_return(connections):
    model, *_ = with_lost_connections(connections, n_som=1)
    w_rec = torch.tensor(model.weights.w_rec)
    effective = rate.effective_weights(w_rec, model).numpy()
    sign = np.where(model.inhibitory, -1, 1)
    assert np.array_equal(effective, np.maximum(model.weights.w_rec, 0) * sign * model.mask)


def test_what_can_return():
    config = RateConfig(n_units=30, p_inh=0.5, n_som=3)
    model = rate.initial_model(config, 1, np.random.default_rng(6))
    assert not rate.can_return(model).any()
    allowed = np.array(model.mask) != 0
    assert not allowed.all()
    grow = replace(model, config=replace(config, connections="grow"))
    assert np.array_equal(rate.can_return(grow), allowed)
    # a unit's own connection, too, as it may exist at the start; SOM units receive no inhibition
    assert rate.can_return(grow).diagonal().sum() == 30 - 3
    keep = replace(model, config=replace(config, connections="keep"))
    there = np.array(model.initial.w_rec) != 0
    assert (there & ~allowed).any()
    assert np.array_equal(rate.can_return(keep), there & allowed)
    # of the initial network, wherever the weights are now
    elsewhere = model.weights._replace(w_rec=np.zeros_like(model.weights.w_rec))
    assert np.array_equal(rate.can_return(replace(keep, weights=elsewhere)), there & allowed)
    with pytest.raises(ValueError, match=r"^initial: expected the weights before training .*keep"):
        rate.can_return(replace(keep, initial=None))


# Decays, initial weights, single units ------------------------------------------------------------


def test_fixed_decay_has_no_gradient():
    model, u, normal, z = problem(replace(TINY, tau_decay_ms=(20.0,)))
    weights = tensors(model.weights)
    mean_loss(model, weights, u, normal, z, "l2").backward()
    assert not weights.tau_raw.grad.any()
    assert weights.w_rec.grad.any()


def test_absent_connection_never_grows():
    model, u, normal, z = problem(TINY)
    weights = tensors(model.weights)
    adam = torch.optim.Adam(weights, lr=0.05)
    for _ in range(20):
        adam.zero_grad()
        mean_loss(model, weights, u, normal, z, "l2").backward()
        adam.step()
    assert weights.w_rec[0, 1].item() == 0
    assert weights.w_rec[1, 0].item() == -0.3
    assert not np.allclose(weights.w_rec.detach(), model.weights.w_rec)


def test_decay_lies_between_its_limits():
    raw = np.array([-50.0, 0.0, 50.0])
    np.testing.assert_allclose(rate.decay_ms(raw, (20.0, 50.0)), [20.0, 35.0, 50.0])
    np.testing.assert_allclose(rate.decay_ms(torch.tensor(raw), (20.0, 50.0)), [20.0, 35.0, 50.0])
    np.testing.assert_array_equal(rate.decay_ms(raw, (35.0,)), [35.0] * 3)


def test_initial_weights_under_dale():
    n, config = 400, RateConfig(n_units=400, gain=1.5, p_rec=0.2, p_inh=0.2)
    model = rate.initial_model(config, 3, np.random.default_rng(1))
    w = model.weights.w_rec
    present = w != 0
    assert abs(present.mean() - 0.2) < 0.005
    assert (w >= 0).all()
    assert abs(np.sqrt((w[present] ** 2).mean()) / (1.5 / np.sqrt(n * 0.2)) - 1) < 0.02
    assert abs(model.inhibitory.mean() - 0.2) < 0.08  # four standard deviations
    assert model.w_in.shape == (n, 3)
    assert model.weights.b_out == 0
    assert abs(model.weights.w_out.std() * 100 - 1) < 0.15
    assert all(array.dtype == np.float32 for array in (*model.weights, model.w_in, model.mask))
    effective = rate.effective_weights(torch.tensor(w), model).numpy()
    assert (effective[:, model.inhibitory] <= 0).all()
    assert (effective[:, ~model.inhibitory] >= 0).all()


def test_initial_weights_without_dale():
    model = rate.initial_model(RateConfig(n_units=300, dale=False), 1, np.random.default_rng(2))
    assert not model.inhibitory.any()
    assert abs((model.weights.w_rec > 0).sum() / (model.weights.w_rec != 0).sum() - 0.5) < 0.02
    np.testing.assert_array_equal(
        rate.effective_weights(torch.tensor(model.weights.w_rec), model), model.weights.w_rec
    )


@pytest.mark.filterwarnings("error")
def test_networks_without_a_connection_and_without_inhibition():
    rng = np.random.default_rng(2)
    model = rate.initial_model(RateConfig(n_units=9, p_rec=0.0, p_inh=0.0), 1, rng)
    assert not model.weights.w_rec.any()
    assert not model.inhibitory.any()
    assert (rate.initial_model(RateConfig(n_units=9, p_rec=1.0), 1, rng).weights.w_rec > 0).all()
    with pytest.raises(ConfigError, match=r"n_som: expected at most the 0 inhibitory .*, got 2"):
        rate.initial_model(RateConfig(n_units=9, p_inh=0.0, n_som=2), 1, rng)


def test_decays_before_and_after_training():
    model = rate.initial_model(TINY, 1, np.random.default_rng(1))
    trained = replace(model, weights=model.weights._replace(tau_raw=np.zeros(5, np.float32)))
    np.testing.assert_allclose(trained.tau_decay_ms(), 30.0)
    np.testing.assert_allclose(trained.tau_decay_ms(initial=True), model.tau_decay_ms())
    assert trained.tau_decay_ms(initial=True).std() > 1


@pytest.mark.parametrize("group", ["weights", "initial"])
def test_weights_that_are_no_numbers_are_refused_before_and_after_training(group):
    model = rate.initial_model(TINY, 1, np.random.default_rng(1))
    masked = np.ma.masked_less(model.weights.w_out, 0)
    with pytest.raises(ValueError, match="w_out: expected numbers, got masked ones"):
        replace(model, **{group: getattr(model, group)._replace(w_out=masked)})


def test_gamma_weights_have_no_gain():
    config = RateConfig(n_units=400, weight_distribution="gamma", gain=100.0)
    w = rate.initial_model(config, 1, np.random.default_rng(3)).weights.w_rec
    present = w[w != 0]
    # gamma(2, 0.003): mean 0.006, variance 2 * 0.003^2
    assert abs(present.mean() / 0.006 - 1) < 0.03
    assert abs(present.var() / 1.8e-5 - 1) < 0.06


def test_som_units_receive_no_inhibition():
    model = rate.initial_model(
        RateConfig(n_units=100, p_rec=1.0, n_som=6), 1, np.random.default_rng(4)
    )
    effective = rate.effective_weights(torch.tensor(model.weights.w_rec), model).numpy()
    som = np.flatnonzero(model.inhibitory)[:6]
    assert not effective[np.ix_(som, np.flatnonzero(model.inhibitory))].any()
    assert (effective[np.ix_(som, np.flatnonzero(~model.inhibitory))] > 0).all()
    assert (effective < 0).sum() == (100 - 6) * model.inhibitory.sum()


def test_one_unit_relaxes_as_the_closed_form():
    model = rate.initial_model(
        RateConfig(n_units=1, tau_decay_ms=(40.0,), activation="softplus"),
        1,
        np.random.default_rng(5),
    )
    model = replace(model, w_in=np.array([[2.0]]))
    weights = tensors(
        rate.Weights(np.zeros((1, 1)), np.array([3.0]), np.array(0.5), np.zeros(1)), False
    )
    normal = torch.zeros(1, 1, 30, dtype=torch.float64)
    normal[0, 0, 0] = 7.0
    trace = rate.forward(model, weights, torch.full((1, 1, 30), 0.6, dtype=torch.float64), normal)
    left = (1 - RATE_STEP_MS / 40.0) ** np.arange(30)
    x = 0.07 * left + 1.2 * (1 - left)
    np.testing.assert_allclose(trace.x[0, :, 0], x, rtol=1e-12)
    # o[i] is read from r[i + 1]
    np.testing.assert_allclose(trace.o[0], 3 * np.log1p(np.exp(x[1:])) + 0.5, rtol=1e-12)


def test_noise_is_a_tenth_and_not_scaled_by_the_step():
    model = rate.initial_model(
        RateConfig(n_units=1, tau_decay_ms=(40.0,)), 1, np.random.default_rng(5)
    )
    weights = tensors(model.weights._replace(w_rec=np.zeros((1, 1))), False)
    normal = torch.zeros(1, 1, 3, dtype=torch.float64)
    normal[0, 0, 1] = 2.0
    trace = rate.forward(model, weights, torch.zeros(1, 1, 3, dtype=torch.float64), normal)
    np.testing.assert_allclose(trace.x[0, :, 0], [0, 0.2, 0.2 * (1 - 5 / 40)], rtol=1e-12)


def test_stimulus_moves_x_one_step_later():
    model = rate.initial_model(
        RateConfig(n_units=1, tau_decay_ms=(40.0,)), 1, np.random.default_rng(5)
    )
    weights = tensors(model.weights._replace(w_rec=np.zeros((1, 1))), False)
    u = torch.zeros(1, 1, 4, dtype=torch.float64)
    u[0, 0, 1] = 1.0
    x = rate.forward(model, weights, u, torch.zeros(1, 1, 4, dtype=torch.float64)).x[0, :, 0]
    moved = 5 / 40 * float(model.w_in[0, 0])
    np.testing.assert_allclose(x, [0, 0, moved, moved * (1 - 5 / 40)], rtol=1e-12)


def test_activations_are_cut_at_20():
    x = torch.tensor([-1.0, 0.0, 3.0, 25.0])
    np.testing.assert_allclose(reference.activate(x, "clipped_relu"), [0, 0, 3, 20])
    np.testing.assert_allclose(
        reference.activate(x, "softplus"),
        [np.log1p(np.exp(-1)), np.log(2), 3 + np.log1p(np.exp(-3)), 20],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        reference.activate(x, "sigmoid")[:2], [1 / (1 + np.e), 0.5], rtol=1e-6
    )


def test_loss_compares_with_the_first_targets():
    o = torch.tensor([[3.0, 4.0], [1.0, 1.0]])
    z = torch.tensor([[0.0, 0.0, 99.0], [1.0, 1.0, 99.0]])
    np.testing.assert_allclose(rate.trial_loss(o, z, "l2"), [5, 0])
    np.testing.assert_allclose(rate.trial_loss(o, z, "l1"), [7, 0])
    np.testing.assert_allclose(rate.trial_loss(o, z, "squared"), [25, 0])
    np.testing.assert_allclose(rate.trial_loss(o, z, "l2", 1), [4, 0])
    np.testing.assert_allclose(rate.trial_loss(o, z, "squared", 1), [16, 0])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_rates_without_torch_are_the_same(activation):
    x = np.linspace(-40, 40, 801)
    exact = reference.activate(torch.tensor(x), activation).numpy()
    np.testing.assert_allclose(reference.firing_rates(x, activation), exact, rtol=1e-12)
