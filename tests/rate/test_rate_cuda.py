"""The GPU kernels of the rate network against those of the CPU, and blocks on a GPU; without one,
torch and Triton on the CPU."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from rate2spike import conversion, devices, matfile, rate, streams
from rate2spike.config import ConfigError, RateConfig, TrainingConfig
from rate2spike.devices import device_of, refuse_where_apart
from rate2spike.rate import side_by_side, train
from rate2spike.rate.kernels import cpu as rate_cpu
from rate2spike.tasks import BUILT_IN, Trial, draw_trials

pytest.importorskip("torch", reason="torch is not installed: needs the extra torch")
pytest.importorskip("triton", reason="Triton is not installed: the GPU kernels are not tested")
import quick_interpreter  # noqa: F401
import torch

from rate2spike.networks.kernels import check as network_check
from rate2spike.networks.kernels import cuda as network_cuda
from rate2spike.networks.kernels import pick as network_pick
from rate2spike.rate.kernels import check as rate_check
from rate2spike.rate.kernels import cuda as rate_cuda
from rate2spike.rate.kernels import pick as rate_pick
from rate2spike.spiking.kernels import check as spiking_check
from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.spiking.kernels import cuda as spiking_cuda
from rate2spike.spiking.kernels import pick as spiking_pick
from rate2spike.streams import cuda as streams_cuda

GO_NOGO = BUILT_IN["go-nogo"]
KEYS = [streams.key(1, "test", i) for i in range(2)]
# more than a block of noise, no multiple of 4: the interpreter is slow
N_STEPS = 9


def draw(rng):
    go = int(rng.random() < 0.5)
    return Trial(np.full((1, N_STEPS), go), np.full(N_STEPS, go), go, "Go" if go else "NoGo")


TASK = replace(
    GO_NOGO, n_steps=N_STEPS, draw=draw, rate_window_onset=5, spiking_window_onset_ms=25.0
)


def models(n_units=20, **settings):
    config = RateConfig(n_units=n_units, **settings)
    return [rate.initial_model(config, 1, np.random.default_rng(i)) for i in range(2)]


def drawn(n_trials):
    trials = [draw_trials(TASK, 1, "test", (i,), range(n_trials)) for i in range(2)]
    return np.stack([t.stimulus for t in trials]), np.stack([t.target for t in trials])


@pytest.fixture
def poisoned(monkeypatch):
    """Every array starts with NaN: what is read must have been written."""

    def full(size, dtype=torch.float32, device=None):
        return torch.full(size, np.nan, dtype=dtype, device=device)

    monkeypatch.setattr(rate_cuda.torch, "empty", full)
    monkeypatch.setattr(rate_cuda.torch, "empty_like", lambda a: torch.full_like(a, np.nan))


def close(ours, theirs, tolerance):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(
            a, b, rtol=0, atol=tolerance * max(abs(np.asarray(b)).max(), 1e-3)
        )


SETTINGS = [
    {"activation": a, "dale": d}
    for a in ("sigmoid", "clipped_relu", "softplus")
    for d in (True, False)
]
SETTINGS += [
    {"tau_decay_ms": (35.0,)},
    {"n_units": 63, "n_som": 3},
    *({"n_units": n} for n in (1, 7, 250, 513)),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_gradients_are_those_of_the_cpu(settings, poisoned):
    made, (u, z) = models(**settings), drawn(1 if settings.get("n_units", 0) > 63 else 2)
    block = rate_cuda.start_block(made)
    for loss in ("l2", "l1"):
        losses, gradients = rate_cuda.block_gradients(
            block, u, z, loss=loss, keys=KEYS, first_trial=3
        )
        for i, model in enumerate(made):
            of_cpu = rate_cpu.gradients(
                model, model.weights, u[i], z[i], loss=loss, stream=KEYS[i], first_trial=3
            )
            np.testing.assert_allclose(losses[i], of_cpu[0], rtol=3e-6)
            close(gradients[i], of_cpu[1], 2e-5)


@pytest.mark.parametrize(
    ("settings", "loss", "first_output", "of_decays"),
    [
        ({}, "squared", 0, None),
        ({}, "l2", 4, 0.003),
        ({"dale": False}, "l1", 7, 0.02),
        ({"connections": "keep"}, "squared", 4, None),
        ({"connections": "grow", "n_som": 1}, "l2", 0, None),
        ({"connections": "keep", "n_som": 1, "n_units": 63}, "l1", 1, None),
        ({"connections": "grow", "n_units": 65}, "squared", 0, 0.003),
    ],
    ids=str,
)
def test_every_loss_and_lost_connections_are_those_of_the_cpu(
    settings, loss, first_output, of_decays, poisoned
):
    """Gradients with connections that are there, absent, at 0 and below 0; then two updates."""
    rng = np.random.default_rng(7)
    made = []
    for model in models(p_inh=0.4, **settings):
        w_rec = model.weights.w_rec.copy()
        lost = rng.random(w_rec.shape) < 0.4
        w_rec[lost] *= -1
        w_rec[lost & (rng.random(w_rec.shape) < 0.3)] = 0
        made.append(replace(model, weights=model.weights._replace(w_rec=w_rec)))
    u, z = drawn(2)
    z[:, :, :first_output] = np.nan
    block = rate_cuda.start_block(made)
    at = {"first_trial": 3, "first_output": first_output}
    losses, gradients = rate_cuda.block_gradients(block, u, z, loss=loss, keys=KEYS, **at)
    training = TrainingConfig(loss=loss, decay_learning_rate=of_decays)
    trained = rate_cuda.train_block(block, u, z, training=training, keys=KEYS, **at)
    rest = rate_cuda.keep(block, [1])
    again = rate_cuda.train_block(rest, u[1:], z[1:], training=training, keys=KEYS[1:], **at)
    for i, model in enumerate(made):
        of_cpu = rate_cpu.gradients(
            model, model.weights, u[i], z[i], loss=loss, stream=KEYS[i], **at
        )
        np.testing.assert_allclose(losses[i], of_cpu[0], rtol=3e-6)
        close(gradients[i], of_cpu[1], 2e-5)
        assert np.array_equal(gradients[i].w_rec != 0, of_cpu[1].w_rec != 0)  # the same ones move
        state = rate_cpu.start(model)
        cpu = {"training": training, "stream": KEYS[i], **at}
        cpu_losses = rate_cpu.train_trials(model, state, u[i], z[i], **cpu)
        np.testing.assert_allclose(trained[i].cpu(), cpu_losses, rtol=1e-5)
        close(rate_cuda.weights_of(block)[i], rate_cpu.weights(state), 2e-5)
    cpu_losses = rate_cpu.train_trials(model, state, u[1], z[1], **cpu)
    np.testing.assert_allclose(again[0].cpu(), cpu_losses, rtol=1e-4)
    close(rate_cuda.weights_of(rest)[0], rate_cpu.weights(state), 1e-4)


def test_a_learning_rate_of_the_decays_moves_nothing_else():
    made, (u, z) = models(), drawn(1)

    def updated(**training):
        block = rate_cuda.start_block(made)
        training = TrainingConfig(**training)
        rate_cuda.train_block(block, u, z, training=training, keys=KEYS, first_trial=0)
        return rate_cuda.weights_of(block)

    one_rate, same_rate = updated(), updated(decay_learning_rate=0.01)
    slower = updated(decay_learning_rate=0.003)
    for i, model in enumerate(made):
        for k, weights in enumerate(one_rate[i]):
            assert np.array_equal(same_rate[i][k], weights)
            if k < 3:  # all but tau_raw
                assert np.array_equal(slower[i][k], weights)
        before = model.weights.tau_raw
        moved = one_rate[i].tau_raw - before
        assert moved.any()
        np.testing.assert_allclose(slower[i].tau_raw - before, 0.3 * moved, rtol=0, atol=5e-7)


@pytest.mark.parametrize(
    ("batch", "n_units"), [(1, 1), (1, 7), (3, 20), (1, 63), (3, 65), (3, 250)]
)
def test_a_block_trains_as_its_networks_do_on_the_cpu(batch, n_units, poisoned):
    made, (u, z), training = models(n_units), drawn(6), TrainingConfig(trials_per_update=batch)
    block = rate_cuda.start_block(made)
    losses = [
        rate_cuda.train_block(
            block, u[:, :3], z[:, :3], training=training, keys=KEYS, first_trial=0
        )
    ]
    losses.append(
        rate_cuda.train_block(
            block, u[:, 3:], z[:, 3:], training=training, keys=KEYS, first_trial=3
        )
    )
    assert rate_cuda.train_block(
        block, u[:, :0], z[:, :0], training=training, keys=KEYS, first_trial=6
    ).shape == (2, 0)
    for i, model in enumerate(made):
        state = rate_cpu.start(model)
        of_cpu = rate_cpu.train_trials(
            model, state, u[i], z[i], training=training, stream=KEYS[i], first_trial=0
        )
        np.testing.assert_allclose(torch.cat(losses, 1)[i].cpu(), of_cpu, rtol=1e-5)
        close(rate_cuda.weights_of(block)[i], rate_cpu.weights(state), 2e-5)
        held = rate_cuda.states_of(block)[i]
        assert held.updates == state.updates == 6 // batch
        close(held.second, state.second, 2e-4)
        absent = np.asarray(model.weights.w_rec) == 0
        assert (
            rate_cuda.weights_of(block)[i].w_rec[absent] == 0
        ).all()  # a connection that is not there never grows
    with pytest.raises(
        ValueError, match=r"u: expected a multiple of 4 trials \(trials_per_update\), got 6"
    ):
        rate_cuda.train_block(
            block, u, z, training=TrainingConfig(trials_per_update=4), keys=KEYS, first_trial=0
        )


def test_a_network_trains_the_same_in_any_block():
    """Bit for bit: alone, beside another, and after the other has left."""
    made, (u, z), training = models(), drawn(4), TrainingConfig()
    both = rate_cuda.start_block(made)
    rate_cuda.train_block(both, u[:, :2], z[:, :2], training=training, keys=KEYS, first_trial=0)
    rest = rate_cuda.keep(both, [1])
    rate_cuda.train_block(
        rest, u[1:, 2:], z[1:, 2:], training=training, keys=KEYS[1:], first_trial=2
    )
    rate_cuda.train_block(both, u[:, 2:], z[:, 2:], training=training, keys=KEYS, first_trial=2)
    alone = rate_cuda.start_block(made[1:])
    rate_cuda.train_block(alone, u[1:], z[1:], training=training, keys=KEYS[1:], first_trial=0)
    for of_both, of_rest, of_alone in zip(
        rate_cuda.weights_of(both)[1],
        rate_cuda.weights_of(rest)[0],
        rate_cuda.weights_of(alone)[0],
        strict=True,
    ):
        assert np.array_equal(of_both, of_rest)
        assert np.array_equal(of_both, of_alone)


def test_as_many_networks_as_fit_take_the_memory_that_is_free(monkeypatch):
    """Their weights, the trace of an update, the trials up to an evaluation and those of it."""
    monkeypatch.setattr(rate_cuda, "free_bytes", lambda: 10**9)
    training = TrainingConfig(trials_per_update=3, evaluation_interval=10, evaluation_trials=7)
    for n_units, n_steps in ((100, 50), (250, 4)):
        config = RateConfig(n_units=n_units)
        fitting = rate_cuda.networks_that_fit(config, training, 2, n_steps)
        model = rate.initial_model(config, 2, np.random.default_rng(0))
        block, keys = rate_cuda.start_block([model]), streams_cuda.packed(KEYS[:1])
        held = [*block.recurrent, *block.units, block.factor, block.returns, block.w, block.w_t]
        for n_trials, gradient in ((3, True), (7, False)):
            run = rate_cuda._Trials(
                block, keys, n_trials=n_trials, n_steps=n_steps, gradient=gradient
            )
            held += [array for array in vars(run).values() if isinstance(array, torch.Tensor)]
        n_bytes = sum(array.nbytes for array in held)
        n_bytes += 4 * n_steps * (10 * (2 + 1) + 7 * 2)  # stimuli and targets
        assert 0.6 < fitting * n_bytes / 10**9 <= 1


def test_more_units_than_fit_are_refused():
    with pytest.raises(
        ValueError, match="expected at most 1024 units on a GPU, got 1025; use device: cpu"
    ):
        rate_cuda.start(rate.initial_model(RateConfig(n_units=1025), 1, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("n_units", "free"), [(1, 10**9), (7, 1), (63, 10**9), (250, 10**9), (513, 1)]
)
def test_outputs_are_those_of_the_cpu(n_units, free, monkeypatch, poisoned):
    """All trials at once, or one at a time where memory is scarce."""
    made, (u, _) = models(n_units), drawn(2)
    monkeypatch.setattr(rate_cuda, "free_bytes", lambda: free)
    trace = rate_cuda.block_outputs(
        made, [m.weights for m in made], u, keys=KEYS, first_trial=2, keep=True
    )
    o = rate_cuda.block_outputs(made, [m.weights for m in made], u, keys=KEYS, first_trial=2)
    assert np.array_equal(o, trace.o)
    for i, model in enumerate(made):
        close(
            [a[i] for a in trace],
            rate_cpu.outputs(model, model.weights, u[i], stream=KEYS[i], first_trial=2, keep=True),
            2e-5,
        )


@pytest.mark.parametrize(
    ("connections", "training"),
    [
        ("prune", {"loss_threshold": 1.4}),
        ("grow", {"loss_threshold": 0.9, "loss": "squared", "loss_from": "response"}),
    ],
)
def test_training_on_the_device_follows_that_on_the_cpu(connections, training):
    """The same evaluations, weights that differ by rounding, and an end of its own for each
    network."""
    config, names = RateConfig(n_units=12, connections=connections), ["a", "b", "c"]
    short = TrainingConfig(
        max_trials=20,
        evaluation_interval=6,
        evaluation_trials=5,
        accuracy_threshold=0,
        **training,
    )
    results = {
        d: side_by_side.train_block(TASK, config, short, study_seed=4, networks=names, device=d)
        for d in ("cpu", "cuda")
    }
    ends = {d: [record.trials for _, record in block] for d, block in results.items()}
    assert ends["cpu"] == ends["cuda"]
    assert len(set(ends["cpu"])) > 1
    for (model, record), (ours, our_record) in zip(results["cpu"], results["cuda"], strict=True):
        np.testing.assert_allclose(our_record.losses, record.losses, rtol=1e-3)
        # every evaluation on the same trials with the same noise
        assert np.array_equal(our_record.curve[:, [0, 2]], record.curve[:, [0, 2]])
        np.testing.assert_allclose(our_record.curve[:, 1], record.curve[:, 1], rtol=1e-3)
        close(our_record.evaluation_outputs, record.evaluation_outputs, 1e-2)
        close(ours.weights, model.weights, 1e-2)
        assert np.array_equal(ours.initial.w_rec, model.initial.w_rec)


def test_each_evaluation_of_a_block_has_noise_of_its_own_and_training_one(monkeypatch):
    """As on the CPU, see tests/study/test_scripts.py. The progress is that of all networks."""
    given, progress = [], []

    def listening(block, u, z, fresh, *, keys, fresh_keys, **_):
        given.append((keys, fresh_keys))
        n_networks, n_trials = fresh.shape[:2]
        outputs = torch.full((n_networks, n_trials, N_STEPS - 1), 5.0)  # never right
        return torch.zeros(u.shape[:2]), outputs  # nothing is computed

    monkeypatch.setattr(rate_cuda, "train_and_run", listening)
    runs = [train.begin(TASK, RateConfig(n_units=4), study_seed=4, network=name) for name in "ab"]
    short = TrainingConfig(
        max_trials=5, evaluation_interval=2, evaluation_trials=1, loss_threshold=1e-9
    )
    side_by_side.go_on_together(runs, TASK, short, progress=progress.append)
    assert len(given) == 2
    assert progress == [2 * 2, 2 * 2]
    training = {tuple(keys) for keys, _ in given}
    assert len(training) == 1
    (noise,) = training
    evaluations = [key for _, fresh in given for key in fresh]
    assert len({*noise, *evaluations}) == 2 + 2 * 2
    # the words of the CPU
    assert list(noise) == [streams.key(4, "training noise", name) for name in "ab"]
    assert evaluations == [
        streams.key(4, "evaluation noise", name, trial) for trial in (1, 3) for name in "ab"
    ]


def test_a_block_that_does_not_fit_is_halved(monkeypatch, caplog):
    settings = {
        "config": RateConfig(n_units=8),
        "training": TrainingConfig(max_trials=5, evaluation_trials=2),
        "study_seed": 1,
    }
    names = ["a", "b", "c"]
    expected = side_by_side.train_block(TASK, **settings, networks=names, device="cuda")
    start, sizes = rate_cuda.start_block, []

    def scarce(made):
        sizes.append(len(made))
        if len(made) > 2:
            raise torch.OutOfMemoryError
        return start(made)

    monkeypatch.setattr(rate_cuda, "start_block", scarce)
    halved = side_by_side.train_block(TASK, **settings, networks=names, device="cuda")
    assert sizes[0] == 3
    assert "does not hold the block: going on with 2 networks side by side" in caplog.text
    for (model, _), (same, _) in zip(halved, expected, strict=True):
        close(model.weights, same.weights, 1e-5)


def test_a_training_goes_on_on_the_other_device():
    short = TrainingConfig(
        max_trials=10, evaluation_interval=5, evaluation_trials=4, loss_threshold=0.1
    )
    runs = [train.begin(TASK, RateConfig(n_units=12), study_seed=4, network=name) for name in "ab"]
    side_by_side.go_on_together(runs, TASK, short)
    with pytest.raises(
        ValueError, match="go_on_together: expected networks before their first trial"
    ):
        side_by_side.go_on_together(runs, TASK, short)
    longer = replace(short, max_trials=20)
    whole = train.train_network(
        TASK, RateConfig(n_units=12), longer, study_seed=4, network="a", device="cpu"
    )
    train.go_on(runs[0], TASK, longer, device="cpu")
    _, record = train.outcome(runs[0], TASK, device="cpu")
    assert record.curve[:, 0].tolist() == [1, 6, 11, 16]
    np.testing.assert_allclose(record.losses, whole[1].losses, rtol=1e-3)


def test_trials_of_a_shard_are_scored_together(trained):
    """Trials of 10 ms: 200 steps, slow enough in the interpreter."""

    def draw(rng):
        go = int(rng.random() < 0.5)
        return Trial(np.full((1, 2), go), np.zeros(2), go, "Go" if go else "NoGo")

    task = replace(GO_NOGO, n_steps=2, draw=draw, spiking_window_onset_ms=5.0)
    simulation = conversion.Simulation(task, 3, device="cuda")
    made = {"a": trained.model, "b": replace(trained.model, w_in=-trained.model.w_in)}
    factors = {"a": 30.0, "b": 40.0}
    together = conversion.score_networks(simulation, made, factors, 2)
    alone = conversion.score_network(simulation, made["b"], "b", 40.0, 1)
    assert all(np.array_equal(alone[key], together["b"][key][:1]) for key in alone)
    of_cpu = conversion.score_networks(simulation._replace(device="cpu"), made, factors, 2)
    for name in made:
        for key in ("label", "n_spikes", "correct", "correct_strict"):
            assert np.array_equal(together[name][key], of_cpu[name][key]), key
        np.testing.assert_allclose(
            together[name]["output_max"], of_cpu[name]["output_max"], rtol=1e-4
        )
    assert conversion.score_networks(simulation, {}, {}, 3) == {}


def test_models_of_several_sizes_are_scored_in_one_shard(monkeypatch):
    """As models from elsewhere may be."""
    made = {name: models(n)[0] for name, n in (("a", 5), ("b", 8), ("c", 5))}
    launched = []

    def simulate_networks(networks, u, *, keys, **settings):
        launched.append([n.n_units for n in networks])
        kernel = spiking_cpu.simulate_trials
        settings.pop("downsample")
        return [
            kernel(n, one, stream=key, **settings)
            for n, one, key in zip(networks, u, keys, strict=True)
        ]

    monkeypatch.setattr(spiking_cuda, "simulate_networks", simulate_networks)
    simulation, factors = conversion.Simulation(TASK, 3, device="cuda"), dict.fromkeys(made, 30.0)
    together = conversion.score_networks(simulation, made, factors, 2)
    assert launched == [[5, 5], [8]]
    assert list(together) == list(made)
    expected = conversion.score_networks(simulation._replace(device="cpu"), made, factors, 2)
    for name in made:
        for key in expected[name]:
            assert np.array_equal(together[name][key], expected[name][key]), (name, key)


def test_cost_of_many_networks_at_once(monkeypatch):
    from rate2spike.config import NeuronConfig
    from rate2spike.study import cost

    task = replace(TASK, n_steps=2, draw=lambda rng: Trial(np.ones((1, 2)), np.ones(2), 1, "Go"))
    config = RateConfig(n_units=4)
    task = replace(task, rate_window_onset=0, spiking_window_onset_ms=5.0)
    monkeypatch.setattr(cost, "TRAINING_TRIALS", 1)
    monkeypatch.setattr(cost, "SPIKING_TRIALS", 1)
    training = cost.seconds_per_training_trial(
        task, config, TrainingConfig(evaluation_trials=1), device="cuda", n_networks=2
    )
    spiking = cost.seconds_per_spiking_trial(
        task, config, NeuronConfig(), downsample=1, device="cuda"
    )
    assert 0 < training < 10
    assert 0 < spiking < 10


@pytest.mark.skipif(
    streams_cuda.INTERPRETED, reason="no GPU: whole trials take minutes in the interpreter"
)
def test_accuracy_curve_and_spikes_of_the_published_model_are_the_cpus(published_model_file):
    model, n = matfile.load(published_model_file), 400
    simulation = conversion.Simulation(GO_NOGO, 1, threads=4)
    for factor in (25.0, 40.0, 55.0, 70.0):
        accuracy, spikes = {}, {}
        for device in ("cpu", "cuda"):
            trials = conversion.score_network(
                simulation._replace(device=device), model, "published", factor, n
            )
            accuracy[device] = trials["correct"].mean()
            spikes[device] = trials["n_spikes"]
        # the same trials, so a few that part move little: far below the spread of the counts
        apart = abs(spikes["cpu"].mean() - spikes["cuda"].mean())
        assert apart <= 4 * spikes["cpu"].std() / np.sqrt(n), factor
        assert scipy.stats.ks_2samp(spikes["cpu"], spikes["cuda"]).pvalue > 1e-3, factor
        p = (accuracy["cpu"] + accuracy["cuda"]) / 2
        apart = abs(accuracy["cpu"] - accuracy["cuda"])
        assert apart <= 4 * np.sqrt(2 * max(p * (1 - p), 1 / n) / n), factor


def test_a_gpu_that_computes_something_else_is_refused(monkeypatch):
    """Fewer units and steps than in earnest; then with noise that is not the CPU's."""
    for check in (rate_check, spiking_check):
        monkeypatch.setattr(check, "N_UNITS", 20)
    monkeypatch.setattr(spiking_check, "N_COLUMNS", 2)
    refuse_where_apart([*rate_check.compared(), *spiking_check.compared()])
    other = streams_cuda.packed([streams.key(2, "other noise")])
    for kernel in (rate_cuda, spiking_cuda):
        monkeypatch.setattr(kernel, "packed", lambda keys: other)
    compared = {one.what: one for one in [*rate_check.compared(), *spiking_check.compared()]}
    groups = ("w_rec", "w_out", "b_out", "tau_raw")
    after, gradients = "{} after two updates", "the gradient of {}"
    expected = {"the loss of a training trial", "the output of a spiking trial"}
    expected |= {text.format(group) for text in (after, gradients) for group in groups}
    assert compared.keys() == expected | {"the number of spikes"}
    # the noise moves these by less than the tolerance
    near = {gradients.format("b_out"), after.format("b_out"), after.format("w_rec")}
    for what in expected - near:
        with pytest.raises(RuntimeError, match=f"not compute what the CPU does: {what} differs by"):
            refuse_where_apart([compared[what]])


@pytest.mark.parametrize(
    ("check", "kernels", "cuda"),
    [
        (rate_check, rate_pick.rate_kernels, rate_cuda),
        (spiking_check, spiking_pick.spiking_kernels, spiking_cuda),
        (network_check, network_pick.network_kernels, network_cuda),
    ],
    ids=["rate", "spiking", "networks"],
)
def test_a_gpu_is_checked_before_its_kernels_are_given(monkeypatch, check, kernels, cuda):
    """In earnest, not in the interpreter."""
    asked = []
    monkeypatch.setattr(check, "check", lambda: asked.append(check))
    assert kernels("cuda") is cuda
    assert asked == [check]
    assert kernels("cpu") is not cuda
    assert kernels() is not cuda
    assert asked == [check]
    monkeypatch.undo()
    wrong = devices.Compared("the output", 1.0, 2.0, 0.1)
    monkeypatch.setattr(check, "compared", lambda: iter([wrong]))
    for interpreted in (True, False):
        monkeypatch.setattr(check, "INTERPRETED", interpreted)
        if interpreted:
            check.check.__wrapped__()
        else:
            with pytest.raises(RuntimeError, match="this GPU does not compute what the CPU does"):
                check.check.__wrapped__()


def test_devices(monkeypatch):
    assert device_of("cpu") == "cpu"
    with pytest.raises(ConfigError, match="device: expected one of auto, cpu, cuda, got 'gpu'"):
        device_of("gpu")
    monkeypatch.setattr(devices, "_interpreted", lambda: False)
    monkeypatch.setattr(devices, "_missing_for_cuda", lambda: "")
    assert device_of("auto") == "cuda"
    monkeypatch.setattr(devices, "_missing_for_cuda", lambda: "no NVIDIA GPU was found")
    assert device_of("auto") == "cpu"
    with pytest.raises(
        ConfigError,
        match=r"device: cuda: no NVIDIA GPU was found\. Mend that, or write device: cpu",
    ):
        device_of("cuda")


def test_what_is_missing_for_a_gpu(monkeypatch):
    missing = devices._missing_for_cuda.__wrapped__
    assert missing() == ""  # a GPU, or the interpreter
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    for n_gpus, cuda, expected in (
        (0, True, "no NVIDIA GPU was found"),
        (1, False, "built without CUDA"),
        (1, True, ""),
    ):
        monkeypatch.setattr(devices, "_n_gpus", lambda n=n_gpus: n)
        monkeypatch.setattr(devices, "_torch_has_cuda", lambda there=cuda: there)
        assert expected in missing()
        assert bool(missing()) == bool(expected)
    for absent in ("torch", "triton"):
        monkeypatch.setattr(devices, "find_spec", lambda name, absent=absent: name != absent)
        assert (
            f"{absent} is not installed (pip install -c constraints.txt -e '.[gpu]')" in missing()
        )
    # asked for last: a machine without a GPU has no use for them
    monkeypatch.setattr(devices, "_n_gpus", lambda: 0)
    assert "no NVIDIA GPU was found" in missing()


def test_the_build_of_torch_is_known_without_importing_it():
    assert devices._torch_has_cuda() == (torch.version.cuda is not None)
