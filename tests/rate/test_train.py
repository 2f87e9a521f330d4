"""Training: the same bits however the work is shared, the published stop rule, a network that
learns, a block kept whole."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from rate2spike import streams
from rate2spike.config import ConfigError, RateConfig, TrainingConfig
from rate2spike.rate import block_file, side_by_side, train
from rate2spike.rate.kernels import cpu as rate_cpu
from rate2spike.tasks import BUILT_IN, draw_trials, first_loss_output, rate_response

GO_NOGO = BUILT_IN["go-nogo"]
SMALL = RateConfig(n_units=20)
SHORT = TrainingConfig(max_trials=150, evaluation_trials=20)


def arrays(results):
    """Everything a trained network is made of, as bytes."""
    model, record = results
    kept = {f: getattr(model, f) for f in ("w_in", "inhibitory", "mask")}
    kept |= block_file._flatten("weights", model.weights)
    kept |= block_file._flatten("initial", model.initial)
    kept |= block_file._flatten("record", record)
    return {k: (np.asarray(v).dtype, np.shape(v), np.asarray(v).tobytes()) for k, v in kept.items()}


# The same bits ------------------------------------------------------------------------------------


def test_a_network_does_not_depend_on_its_block_or_the_threads():
    def block(*networks, threads):
        results = side_by_side.train_block(
            GO_NOGO, SMALL, SHORT, study_seed=5, networks=networks, threads=threads
        )
        return {name: arrays(result) for name, result in zip(networks, results, strict=True)}

    together = block("a", "b", "c", threads=3)
    assert block("c", "a", threads=1) == {k: together[k] for k in "ca"}
    assert block("b", threads=2) == {"b": together["b"]}
    assert together["a"]["weights/w_rec"] != together["b"]["weights/w_rec"]


def test_the_study_seed_changes_everything_that_is_drawn():
    one = arrays(train.train_network(GO_NOGO, SMALL, SHORT, study_seed=1, network="a"))
    other = arrays(train.train_network(GO_NOGO, SMALL, SHORT, study_seed=2, network="a"))
    for key in (
        "w_in",
        "initial/w_rec",
        "initial/w_out",
        "initial/tau_raw",
        "weights/w_rec",
        "record/losses",
        "record/example/x",
    ):
        assert one[key] != other[key], key


@pytest.mark.parametrize(
    ("connections", "training"),
    [
        ("prune", {}),
        ("keep", {"loss": "squared", "loss_from": "stimulus", "loss_threshold": 0.1}),
        (
            "grow",
            {"loss_from": "response", "loss_threshold": 0.1, "decay_learning_rate": 0.003},
        ),
    ],
)
def test_a_training_that_goes_on_is_an_uninterrupted_one(connections, training):
    config = replace(SMALL, connections=connections)
    short = replace(SHORT, **training)
    whole = train.train_network(
        GO_NOGO, config, replace(short, max_trials=350), study_seed=1, network="a"
    )
    run = train.begin(GO_NOGO, config, study_seed=1, network="a")
    train.go_on(run, GO_NOGO, short)
    assert [trial for trial, *_ in run.curve] == [1, 101]
    early = arrays(train.outcome(run, GO_NOGO))
    train.go_on(run, GO_NOGO, short)  # nothing is left of 150 trials
    assert arrays(train.outcome(run, GO_NOGO)) == early
    train.go_on(run, GO_NOGO, replace(short, max_trials=350))
    assert arrays(train.outcome(run, GO_NOGO)) == arrays(whole)
    assert early["weights/w_rec"] != arrays(whole)["weights/w_rec"]


def test_more_evaluations_change_no_training():
    often = replace(SHORT, evaluation_interval=10, evaluation_trials=7)
    _, seldom = train.train_network(GO_NOGO, SMALL, SHORT, study_seed=1, network="a")
    _, more = train.train_network(GO_NOGO, SMALL, often, study_seed=1, network="a")
    n = min(seldom.losses.size, more.losses.size)
    assert n >= 102
    assert np.array_equal(seldom.losses[:n], more.losses[:n])


# The stop rule ------------------------------------------------------------------------------------

NEVER, PASSED = (7.0, 0.95), (6.99, 0.95)  # loss below 7 is asked, accuracy of 0.95 is enough


def stopped(monkeypatch, script, **training):
    """(converged, trial, trials of all evaluations, number of training losses) when the evaluations
    give `script`."""
    answers = iter(script)
    last = script[-1]

    def evaluate(*_, n_trials, words, **__):
        loss, accuracy = next(answers, last)
        asked.append(words[1])
        return train.Evaluation(loss, accuracy, np.zeros((n_trials, 199)), np.zeros(n_trials))

    asked = []
    monkeypatch.setattr(train, "evaluate", evaluate)
    config = TrainingConfig(evaluation_trials=1, **{"max_trials": 450, **training})
    _, record = train.train_network(
        GO_NOGO, RateConfig(n_units=2), config, study_seed=1, network="a"
    )
    assert record.curve[:, 0].tolist() == asked
    assert [tuple(row) for row in record.curve[:, 1:]] == [*script, *[last] * len(asked)][
        : len(asked)
    ]
    return record.converged, record.trials, asked, record.losses.size


@pytest.mark.parametrize(
    ("script", "training", "expected"),
    [
        ([PASSED], {}, (True, 1, [1], 2)),  # trials count from 0: after trial 1 two are used
        ([NEVER, NEVER, PASSED], {}, (True, 201, [1, 101, 201], 202)),
        ([NEVER], {}, (False, 401, [1, 101, 201, 301, 401], 402)),
        ([NEVER], {"max_trials": 401}, (False, 301, [1, 101, 201, 301], 302)),
        ([NEVER], {"max_trials": 402}, (False, 401, [1, 101, 201, 301, 401], 402)),
        ([NEVER], {"max_trials": 2}, (False, 1, [1], 2)),
        ([PASSED], {"min_trials": 100}, (True, 101, [1, 101], 102)),
        ([PASSED], {"min_trials": 101}, (True, 101, [1, 101], 102)),
        ([PASSED], {"min_trials": 102}, (True, 201, [1, 101, 201], 202)),
        # loss alone is not enough
        (
            [(0.1, 0.94)],
            {"max_trials": 150},
            (False, 101, [1, 101], 102),
        ),
        ([(7.1, 1.0)], {"max_trials": 150}, (False, 101, [1, 101], 102)),  # nor is accuracy
        ([(1.9, 0.5)], {"loss_threshold": 2, "accuracy_threshold": 0.5}, (True, 1, [1], 2)),
        ([NEVER, PASSED], {"evaluation_interval": 30}, (True, 31, [1, 31], 32)),
        # after the update with trial 101
        (
            [NEVER, PASSED],
            {"trials_per_update": 10},
            (True, 101, [1, 101], 110),
        ),
        ([NEVER, PASSED], {"trials_per_update": 51}, (True, 101, [1, 101], 102)),
        ([NEVER, NEVER, PASSED], {"trials_per_update": 150}, (True, 201, [1, 101, 201], 300)),
        # diverged: no use to go on
        (
            [NEVER, (float("inf"), 0.0)],
            {},
            (False, 101, [1, 101], 102),
        ),
    ],
)
def test_stop_rule(monkeypatch, script, training, expected):
    assert stopped(monkeypatch, script, **training) == expected


def test_a_diverged_network_is_recorded_as_failed(monkeypatch):
    def evaluate(*_, n_trials, **__):
        return train.Evaluation(
            float("nan"), 0.0, np.full((n_trials, 199), np.nan), np.zeros(n_trials)
        )

    monkeypatch.setattr(train, "evaluate", evaluate)
    _, record = train.train_network(GO_NOGO, SMALL, TrainingConfig(), study_seed=1, network="a")
    assert (record.converged, record.trials) == (False, 1)
    assert np.isnan(record.curve[0, 1])


def test_a_network_that_fails_is_kept_with_its_curve(caplog):
    caplog.set_level("INFO")
    ((_, record),) = side_by_side.train_block(
        GO_NOGO, SMALL, SHORT, study_seed=1, networks=["go-nogo/n20/seed_7"]
    )
    assert record.converged is False
    assert record.trials == 101
    assert record.curve.shape == (2, 3)
    assert record.losses.shape == (102,)
    assert "go-nogo/n20/seed_7: FAILED to reach criterion after 101 trials" in caplog.text


def test_progress_counts_the_trials():
    progress = []
    _, record = train.train_network(
        GO_NOGO, SMALL, SHORT, study_seed=1, network="a", progress=progress.append
    )
    assert sum(progress) == record.losses.size


# Evaluation ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["l2", "l1"])
def test_evaluation_is_the_published_loss_and_scoring(trained, loss):
    n = 40

    def evaluated(weights, n_trials, loss="l2"):
        return train.evaluate(
            trained.model,
            weights,
            GO_NOGO,
            study_seed=3,
            purpose="evaluation",
            words=("a", 1),
            n_trials=n_trials,
            loss=loss,
        )

    # a readout so weak that about half of the Go answers are right
    before = evaluated(trained.model.weights, n)
    go = before.outputs[before.labels == 1, 75:].max(axis=1)
    b_out = trained.model.weights.b_out
    weak = (0.7 - b_out) / (np.median(go) - b_out)
    weights = trained.model.weights._replace(w_out=np.float32(weak) * trained.model.weights.w_out)
    result = evaluated(weights, n, loss)
    target = draw_trials(GO_NOGO, 3, "evaluation", ("a", 1), range(n)).target.astype(float)
    error = result.outputs - target[:, :199]  # output i belongs to target i (published code)
    by_trial = np.abs(error).sum(axis=1) if loss == "l1" else np.sqrt((error**2).sum(axis=1))
    assert result.loss == pytest.approx(by_trial.mean(), rel=1e-5)
    response = result.outputs[:, 75:]
    correct = np.where(
        result.labels == 1, response.max(axis=1) > 0.7, np.abs(response).max(axis=1) < 0.3
    )
    assert 0 < correct.mean() < 1
    assert result.accuracy == correct.mean()
    fewer = evaluated(weights, 7, loss)
    np.testing.assert_allclose(fewer.outputs, result.outputs[:7], atol=1e-5)


# Which outputs count, and how ---------------------------------------------------------------------


def test_the_first_output_that_counts():
    onsets = {"go-nogo": (50, 75), "xor": (50, 200), "integration": (50, 299)}
    for name, (of_stimulus, of_response) in onsets.items():
        task = BUILT_IN[name]
        assert first_loss_output(task, "start") == 0
        assert first_loss_output(task, "stimulus") == of_stimulus
        assert first_loss_output(task, "response") == of_response
    # output i is read after step i of the stimulus: the first that a pulse can move
    rng = np.random.default_rng(0)
    pulse = GO_NOGO.draw(rng).stimulus
    while not pulse.any():
        pulse = GO_NOGO.draw(rng).stimulus
    model = train.begin(GO_NOGO, SMALL, study_seed=1, network="a").untrained
    both = np.stack([pulse, 0 * pulse]).astype(np.float32)
    key = streams.key(1, "test")
    runs = [
        rate_cpu.outputs(model, model.weights, u[None], stream=key, first_trial=0)[0] for u in both
    ]
    assert np.flatnonzero(runs[0] != runs[1])[0] == first_loss_output(GO_NOGO, "stimulus")
    # in any order, to the nearest step
    for begin_ms, step in ((102.0, 20), (103.0, 21)):
        later_first = replace(GO_NOGO, stimulus_windows_ms=((400.0, 450.0), (begin_ms, 200.0)))
        assert first_loss_output(later_first, "stimulus") == step


@pytest.mark.parametrize(
    ("loss", "loss_from", "first", "apart"),
    [
        ("l2", "start", 0, False),
        ("l2", "stimulus", 50, False),
        ("l1", "response", 75, False),
        ("squared", "start", 0, True),
        ("squared", "response", 75, True),
    ],
)
def test_training_and_evaluation_count_the_same_outputs(loss, loss_from, first, apart):
    """The losses of the first trials and of the first evaluation, from the outputs themselves;
    under `squared` the trial's is the sum of squares, the evaluation's the mean of the roots."""
    training = TrainingConfig(
        max_trials=3, evaluation_trials=12, trials_per_update=2, loss=loss, loss_from=loss_from
    )
    run = train.begin(GO_NOGO, SMALL, study_seed=1, network="a")
    train.go_on(run, GO_NOGO, training)

    def errors(weights, purpose, words, n):
        trials = draw_trials(GO_NOGO, 1, purpose, words, range(n))
        o = rate_cpu.outputs(
            run.untrained,
            weights,
            trials.stimulus,
            stream=streams.key(1, f"{purpose} noise", *words),
            first_trial=0,
        )
        return (o.astype(float) - trials.target[:, :199])[:, first:]

    def summed(error, squared):
        if loss == "l1":
            return np.abs(error).sum(axis=1)
        return (error**2).sum(axis=1) if squared else np.sqrt((error**2).sum(axis=1))

    before = errors(run.untrained.weights, "training", ("a",), 2)
    np.testing.assert_allclose(run.losses[0], summed(before, apart), rtol=1e-4)
    after = errors(rate_cpu.weights(run.state), "evaluation", ("a", 1), 12)
    ((trial, mean_loss, _),) = run.curve
    assert trial == 1
    assert mean_loss == pytest.approx(summed(after, False).mean(), rel=1e-5)
    assert run.evaluation.loss == mean_loss


def test_a_loss_from_the_stimulus_on_needs_a_stimulus():
    blind = replace(GO_NOGO, name="blind", stimulus_windows_ms=())
    training = replace(SHORT, loss_from="stimulus")
    told = r"^training\.loss_from: expected start or response, as the task blind has no stim.*'stim"
    run = train.begin(blind, SMALL, study_seed=1, network="a")
    with pytest.raises(ConfigError, match=told):
        train.go_on(run, blind, training)
    assert (run.used, run.state.updates) == (0, 0)
    with pytest.raises(ConfigError, match=told):
        side_by_side.train_block(blind, SMALL, training, study_seed=1, networks=["a"], device="cpu")
    with pytest.raises(ConfigError, match=told):
        side_by_side.go_on_together([run], blind, training)


# Connections --------------------------------------------------------------------------------------


def test_how_many_connections_are_left():
    """Of the same initial network: `prune` loses some for good, `keep` gets some back, `grow` has
    those that were absent, too."""
    long = TrainingConfig(max_trials=302, loss_threshold=1e-9, evaluation_trials=2)
    left = {}
    for connections in ("prune", "keep", "grow"):
        config = RateConfig(n_units=50, connections=connections)
        run = train.begin(GO_NOGO, config, study_seed=1, network="a")
        there = run.untrained.weights.w_rec > 0
        was_lost = np.zeros_like(there)
        back = np.zeros_like(there)
        for n in range(2, 303, 20):
            train.go_on(run, GO_NOGO, replace(long, max_trials=n, evaluation_interval=20))
            now = rate_cpu.weights(run.state).w_rec > 0
            back |= was_lost & now
            was_lost |= there & ~now
        left[connections] = now, there, back
    for connections, (now, there, back) in left.items():
        assert now[there].mean() < 0.95, connections
        assert now[~there].any() == (connections == "grow")
        assert (back.sum() > 10) if connections != "prune" else not back.any()
    n_left = {connections: now.sum() for connections, (now, _, _) in left.items()}
    assert n_left["prune"] < n_left["keep"] < n_left["grow"]


# A network that learns ----------------------------------------------------------------------------


def test_go_nogo_reaches_criterion(trained):
    model, record = trained
    assert record.converged is True
    assert 101 <= record.trials <= 3000
    assert record.curve[0, 2] < 0.9
    assert record.curve[-1, 1] < 7
    assert record.curve[-1, 2] >= 0.95
    assert not ((record.curve[:-1, 1] < 7) & (record.curve[:-1, 2] >= 0.95)).any()
    fresh = train.evaluate(
        model, model.weights, GO_NOGO, study_seed=99, purpose="elsewhere", words=(), n_trials=200
    )
    assert fresh.accuracy > 0.85
    assert fresh.loss < 8


def test_training_changes_what_is_trained_and_nothing_else(trained):
    model = trained.model
    before, after = model.initial, model.weights
    absent = before.w_rec == 0
    assert 0.7 < absent.mean() < 0.9
    assert (after.w_rec[absent] == 0).all()  # an absent connection never grows
    for field in ("w_rec", "w_out", "b_out", "tau_raw"):
        assert not np.array_equal(getattr(after, field), getattr(before, field)), field
    tau_ms = model.tau_decay_ms()
    assert 20 < tau_ms.min() < tau_ms.max() < 50


def test_the_record_holds_one_trial_before_and_after_training(trained):
    model, record = trained
    trials = draw_trials(GO_NOGO, 1, "example", ("trained",), [0])
    assert np.array_equal(record.stimulus, trials.stimulus[0])
    assert np.array_equal(record.target, trials.target[0])
    noise = streams.key(1, "example noise", "trained")
    for weights, example in (
        (model.weights, record.example),
        (model.initial, record.untrained_example),
    ):
        trace = rate_cpu.outputs(
            model, weights, trials.stimulus, stream=noise, first_trial=0, keep=True
        )
        for ours, again in zip(example, trace, strict=True):
            assert np.array_equal(ours, again[0])
    assert np.abs(record.example.o - record.untrained_example.o).max() > 0.1


def test_trials_per_update_is_another_training_of_the_same_network():
    one = train.train_network(GO_NOGO, SMALL, SHORT, study_seed=1, network="a")[0]
    ten = train.train_network(
        GO_NOGO, SMALL, replace(SHORT, trials_per_update=10), study_seed=1, network="a"
    )[0]
    assert np.array_equal(one.initial.w_rec, ten.initial.w_rec)
    assert not np.array_equal(one.weights.w_rec, ten.weights.w_rec)
    # Adam moves a weight by about the learning rate at each update: 11 updates against 102
    reach = [np.abs(m.weights.tau_raw - m.initial.tau_raw).max() for m in (ten, one)]
    assert reach[0] < 11 * 0.0101 < reach[1] < 102 * 0.0101


# The file of a block ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config",
    [SMALL, RateConfig(n_units=9, tau_decay_ms=(35.0,), dale=False)],
    ids=["dale", "no dale"],
)
def test_a_block_comes_back_bit_for_bit(tmp_path, config):
    names = ["seed_0", "seed_1"]
    results = side_by_side.train_block(GO_NOGO, config, SHORT, study_seed=1, networks=names)
    block_file.save_block(tmp_path / "block.npz", names, results)
    loaded = block_file.load_block(tmp_path / "block.npz")
    assert list(loaded) == names
    for name, result in zip(names, results, strict=True):
        assert arrays(loaded[name]) == arrays(result)
        assert loaded[name][0].config == config
        assert loaded[name][1].converged is result[1].converged
    assert [p.name for p in tmp_path.iterdir()] == ["block.npz"]


def test_a_block_without_traces_lacks_them_alone(tmp_path):
    """The activity of the example trial and the outputs of the last evaluation."""
    ((model, record),) = side_by_side.train_block(
        GO_NOGO, SMALL, SHORT, study_seed=1, networks=["a"]
    )
    block_file.save_block(tmp_path / "block.npz", ["a"], [(model, record)], keep_traces=False)
    ((_, loaded),) = block_file.load_block(tmp_path / "block.npz").values()
    nothing = (None, None, None)
    assert (loaded.evaluation_outputs, loaded.evaluation_labels) == (None, None)
    assert loaded.example == loaded.untrained_example == nothing
    for field in ("converged", "trials", "losses", "curve", "stimulus", "target"):
        assert np.array_equal(getattr(loaded, field), getattr(record, field)), field
    whole = arrays((model, record))
    kept = arrays((model, record.without_traces()))
    assert kept.items() <= whole.items()
    assert not [key for key in kept if "example" in key or "evaluation" in key]


def test_of_two_blocks_with_one_network_the_first_is_taken(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    first, second = (
        side_by_side.train_block(GO_NOGO, SMALL, SHORT, study_seed=seed, networks=["seed_1"])
        for seed in (1, 2)
    )
    for name, block in (("seeds_0-1", first), ("seeds_1-3", second), ("others_1-1", second)):
        networks = ["seed_1", f"of {name}"]
        block_file.save_block(tmp_path / f"{name}.npz", networks, 2 * block, made_by="a")
    asked = ["seed_1", "of seeds_1-3", "of others_1-1"]
    found = block_file.already_trained(tmp_path, asked, "a")
    assert list(found) == ["seed_1", "of seeds_1-3"]
    assert arrays(found["seed_1"]) == arrays(first[0])
    assert arrays(found["of seeds_1-3"]) == arrays(second[0])
    told = f"seed_1: trained before, taken from {tmp_path / 'seeds_0-1.npz'}"
    assert told in [record.getMessage() for record in caplog.records]

    def gone(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(block_file, "load_block", gone)  # another job makes it anew
    assert block_file.already_trained(tmp_path, ["seed_1"], "a") == {}


def test_the_evaluation_that_is_recorded_is_the_last(monkeypatch):
    short = TrainingConfig(max_trials=4, evaluation_interval=2, evaluation_trials=9)
    run = train.begin(GO_NOGO, SMALL, study_seed=1, network="a")
    train.go_on(run, GO_NOGO, short)
    _, record = train.outcome(run, GO_NOGO)
    assert record.curve[:, 0].tolist() == [1, 3]
    labels = [
        draw_trials(GO_NOGO, 1, "evaluation", ("a", trial), range(9)).label for trial in (1, 3)
    ]
    assert not np.array_equal(*labels)
    assert np.array_equal(record.evaluation_labels, labels[1])
    correct = GO_NOGO.correct_rate(labels[1], rate_response(GO_NOGO, record.evaluation_outputs))
    assert record.curve[-1, 2] == correct.mean()


def test_a_training_that_is_to_stop_says_where():
    run = train.begin(GO_NOGO, SMALL, study_seed=1, network="seed_4")
    asked = iter([False, True])
    with pytest.raises(InterruptedError, match=r"^seed_4: stopped before trial 101$"):
        train.go_on(run, GO_NOGO, SHORT, stop=lambda: next(asked))
    assert [trial for trial, *_ in run.curve] == [1]


def test_a_network_that_fails_stops_the_others(monkeypatch):
    """At their next evaluation, however long they would train."""
    real, begun = train.draw_trials, threading.Event()

    def failing(task, seed, purpose, words, numbers):
        if words == ("b",):
            begun.wait(5)
            raise ZeroDivisionError
        if words[0] == "a":
            begun.set()
        return real(task, seed, purpose, words, numbers)

    monkeypatch.setattr(train, "draw_trials", failing)
    often = replace(SHORT, max_trials=10**6, evaluation_interval=20, loss_threshold=1e-9)
    seen = []
    with pytest.raises(ZeroDivisionError):
        side_by_side.train_block(
            GO_NOGO,
            SMALL,
            often,
            study_seed=1,
            networks=["b", "a"],
            threads=2,
            progress=seen.append,
        )
    assert sum(seen) < 10**5


@pytest.mark.parametrize(
    ("error", "smallest", "raised"),
    [
        ("CUDA out of memory", False, False),
        ("CUDA out of memory", True, True),
        ("an illegal memory access was encountered", False, True),
    ],
)
def test_a_block_is_made_smaller_where_memory_is_short_and_for_nothing_else(
    monkeypatch, error, smallest, raised
):
    def failing(*_, **__):
        raise RuntimeError(error)

    monkeypatch.setattr(side_by_side, "go_on_together", failing)
    block = {"progress": None, "smallest": smallest}
    if raised:
        with pytest.raises(RuntimeError, match=error):
            side_by_side._train_if_it_fits([], GO_NOGO, SHORT, **block)
    else:
        assert side_by_side._train_if_it_fits([], GO_NOGO, SHORT, **block) is False
