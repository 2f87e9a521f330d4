"""The published names of the spiking network, called as their documentation shows, with what each
call promises."""

import argparse
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io
from shared import PUBLISHED_MODEL, ROOT, torch_or_skip

import spiking
from rate.utils import new_seed
from rate2spike import conversion, matfile, plotting, streams
from rate2spike.rate.kernels.pick import rate_kernels
from rate2spike.rate.model import UnitGains
from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.spiking.kernels.pick import spiking_kernels
from rate2spike.tasks import BUILT_IN, draw_trials, spiking_stimulus
from spiking import (
    LIF_network_fnc,
    SpikingConfig,
    SpikingRNN,
    SpikingTaskFactory,
    lambda_grid_search,
    plots,
)
from spiking import evaluate_task as evaluate_task_at_top
from spiking.chosen_factor import chosen
from spiking.eval_tasks import (
    SpikingEvaluatorFactory,
    add_settings,
    evaluate_single_trial,
    evaluate_task,
    load_model_and_scaling_factor,
    settings_of,
)
from spiking.eval_tasks import main as eval_main
from spiking.lambda_grid_search import main as search_main
from spiking.search import parse_factors
from spiking.tasks import AbstractSpikingTask, GoNogoSpikingTask, ManteSpikingTask, XORSpikingTask

DATA = ROOT / "tests" / "data"
NONE = {"mode": "none"}
FACTOR = 40.0  # the best of the published search on this model


def go_stimulus():
    u = np.zeros((1, 201))
    u[0, 50:75] = 1
    return u


@pytest.fixture
def models(tmp_path):
    """A folder with one model, as `rate.main` would leave it."""
    folder = tmp_path / "models" / "go-nogo"
    folder.mkdir(parents=True)
    shutil.copy(PUBLISHED_MODEL, folder / "model.mat")
    return folder


# One trial ----------------------------------------------------------------------------------------


def test_the_documented_conversion():
    u = np.zeros((1, 201))
    u[0, 30:50] = 1
    W, REC, spk, rs, all_fr, out, params = LIF_network_fnc(
        str(PUBLISHED_MODEL), 50.0, u, {"mode": "none"}, downsample=1, use_initial_weights=False
    )
    assert W.shape == (200, 200)
    assert REC.shape == (20_000, 200)
    assert spk.shape == rs.shape == params["IPSCs"].shape == (200, 20_000)
    assert all_fr.shape == (200, 1)
    assert out.shape == (20_000,)
    assert set(np.unique(spk)) == {0, 1}
    assert int(f"Generated {np.sum(spk)} spikes".split()[1]) == np.count_nonzero(spk) > 500
    assert float(f"{out[-1]:.4f}") == pytest.approx(out[-1], abs=1e-4)
    assert np.array_equal(REC.T == 30, spk == 1)
    np.testing.assert_allclose(params["w_out"][0] / 50 @ rs, out, atol=1e-4)
    assert (1000 * spk).max() == 1000
    np.testing.assert_allclose(all_fr[:, 0], spk[:, 9:].sum(axis=1) / 1.0)
    constants = {
        "dt": 5e-5,
        "T": 1.0,
        "nt": 20_000,
        "tref": 0.002,
        "tm": 0.01,
        "vreset": -65,
        "vpeak": -40,
        "tr": 0.002,
    }
    assert {name: params[name] for name in constants} == pytest.approx(constants)


@pytest.mark.parametrize("case", ["n24_go", "n24_ds2", "n24_w0", "n24_onetau"])
def test_what_does_not_hang_on_noise_is_as_recorded(case):
    d = scipy.io.loadmat(DATA / f"{case}.mat", squeeze_me=True)
    settings = {
        "downsample": int(d["downsample"]),
        "use_initial_weights": bool(d["use_initial_weights"]),
    }
    factor, u = float(d["scaling_factor"]), np.atleast_2d(d["u"])
    W, _, _, _, _, out, params = LIF_network_fnc(
        DATA / f"model_{d['model_file']}", factor, u, NONE, **settings
    )
    np.testing.assert_allclose(W, d["W"], atol=1e-12)
    np.testing.assert_allclose(params["w_out"][0], d["w_out"], atol=1e-12)
    for name in ("td", "td0", "dt", "T", "nt"):
        np.testing.assert_allclose(
            params[name], np.broadcast_to(d[name], np.shape(params[name])), atol=1e-12, err_msg=name
        )
    assert out.shape == d["out"].shape


def test_output_is_the_published_codes():
    """Go trials of the recorded model at 1/lambda = 40 peak at 1.70 +- 0.07 from 0.5 s on (12
    trials)."""
    peaks = [
        LIF_network_fnc(PUBLISHED_MODEL, FACTOR, go_stimulus(), NONE, seed=s)[5][9999:].max()
        for s in range(6)
    ]
    assert abs(np.mean(peaks) - 1.70) < 4 * 0.07 * np.sqrt(1 / 6 + 1 / 12)


def test_same_seed_same_bits():
    def outputs(**settings):
        return LIF_network_fnc(PUBLISHED_MODEL, FACTOR, go_stimulus(), NONE, 1, False, **settings)

    first, again, other = outputs(seed=3), outputs(seed=3), outputs(seed=4)
    for a, b in zip(first[:6], again[:6], strict=True):
        assert np.array_equal(a, b)
    assert not np.array_equal(first[2], other[2])
    assert not np.array_equal(outputs()[2], outputs()[2])
    spiking.set_random_seed(5)
    drawn = outputs()[2]
    spiking.set_random_seed(5)
    assert np.array_equal(outputs()[2], drawn)


def test_words_key_the_random_numbers_of_trials_and_lesions():
    model = DATA / "model_small_t4_20_f64.mat"
    network = conversion.to_spiking(matfile.load(model), 30.0)
    kernel = spiking_kernels("cpu")
    u = np.ones((network.n_inputs, 21))
    single = kernel.record_trial(network, u, stream=streams.key(5, "single trial"))
    assert np.array_equal(LIF_network_fnc(model, 30.0, u, NONE, seed=5)[5], single.out)
    ours = SpikingRNN(model, 30.0)
    assert np.array_equal(ours.simulate(u, NONE, seed=5)[2], single.out)
    block = kernel.simulate_trials(
        network,
        u[None],
        trials=np.arange(1),
        stream=streams.key(5, "evaluate"),
        first_step=999,  # its end is at 50 ms
        keep_every=100,
    )
    responses = ours.respond(u[None], 50.0, 5)
    assert np.array_equal(responses.output, block.out)
    assert (responses.maximum, responses.minimum) == (block.maximum, block.minimum)
    there = np.argwhere((network.w_rec != 0) & ~np.eye(24, dtype=bool))
    post, pre = streams.generator(5, "lesion").permutation(there)[: round(0.3 * len(there))].T
    wanted = network.w_rec.copy()
    wanted[post, pre] = 0
    assert np.array_equal(LIF_network_fnc(model, 30.0, u, NONE, 1, False, 0.3, seed=5)[0], wanted)


def test_a_loaded_model_is_as_good_as_its_file():
    loaded = LIF_network_fnc(
        spiking.load_rate_model(str(PUBLISHED_MODEL)), FACTOR, go_stimulus(), NONE, seed=3
    )
    assert np.array_equal(
        loaded[2], LIF_network_fnc(PUBLISHED_MODEL, FACTOR, go_stimulus(), NONE, seed=3)[2]
    )


def test_stimulation_moves_its_units_in_its_time():
    units = [10, 15, 20]

    def spikes(mode):
        stims = {"mode": mode, "dur": [4000, 12_000], "units": units}
        spk = LIF_network_fnc(
            PUBLISHED_MODEL,
            FACTOR,
            np.zeros((1, 201)),
            stims,
            downsample=1,
            use_initial_weights=False,
            seed=1,
        )[2]
        return spk[units, :3999].sum(), spk[units, 3999:11_999].sum()

    before, during = spikes("none")
    assert spikes("exc")[0] == spikes("inh")[0] == before
    assert spikes("exc")[1] > during + 20
    assert spikes("inh")[1] <= during


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"model_path": "model.pth"},
            r"model.pth: a .pth file continues the training .* pass the .mat file",
        ),
        ({"model_path": "model.txt"}, "model.txt: expected the path of a .mat file"),
        ({"model_path": "nowhere.mat"}, "nowhere.mat: no such file"),
        ({"model_path": {"w": 1}}, "missing key 'w_in'"),
        ({"scaling_factor": 0}, "scaling_factor: expected a number > 0, got 0"),
        (
            {"u": np.zeros((2, 201))},
            r"stimulus: expected shape \(1, more than 1 columns of 5 ms\), got \(2, 201\)",
        ),
        ({"u": np.full((1, 201), np.nan)}, "stimulus: expected finite numbers"),
        ({"stims": "none"}, "stims: expected a dict such as"),
        ({"stims": {"mode": "exc", "units": [1]}}, "stims: mode 'exc' needs 'dur'"),
        ({"stims": {"mode": "inh", "dur": [1, 9]}}, "stims: mode 'inh' needs 'units'"),
        (
            {"stims": {"mode": "both", "dur": [1, 9], "units": [1]}},
            "stimulation mode: expected exc, inh or none, got 'both'",
        ),
        (
            {"stims": {"mode": "exc", "dur": [9, 1], "units": [1]}},
            "stims: dur: expected .start, end., whole steps with 0 <= start",
        ),
        (
            {"stims": {"mode": "exc", "dur": [1, 9], "units": [200]}},
            "stimulation units: expected 0-based indices below 200",
        ),
        (
            {"stims": {"mode": "exc", "dur": [1, 9], "units": [1.5]}},
            "stims: units: expected indices of units",
        ),
        ({"downsample": 0}, "downsample: expected a whole number >= 1, got 0"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_input_is_told(change, message):
    call = {
        "model_path": PUBLISHED_MODEL,
        "scaling_factor": FACTOR,
        "u": go_stimulus(),
        "stims": NONE,
    } | change
    with pytest.raises(ValueError, match=message):
        LIF_network_fnc(**call)


def test_a_lesion_takes_its_share_of_the_connections():
    """In the place and by the names of the published version."""
    model = DATA / "model_small_t4_20_f64.mat"
    n_inputs = matfile.load(model).n_inputs
    u = np.zeros((n_inputs, 21))

    def weights(*lesion, **settings):
        return LIF_network_fnc(model, 50, u, NONE, 1, False, *lesion, **settings)[0]

    whole = weights()
    assert np.array_equal(weights(0.0), whole)
    there = (whole != 0) & ~np.eye(24, dtype=bool)
    half = weights(0.5, 0.25, seed=1)
    changed = half != whole
    assert changed.sum() == round(0.5 * there.sum())
    assert not np.diag(changed).any()
    assert half[changed] == pytest.approx(0.25 * whole[changed])
    assert np.array_equal(half, weights(0.5, 0.25, False, True, 1))
    assert not np.array_equal(half, weights(0.5, 0.25, seed=2))
    inhibitory = matfile.load(model).inhibitory
    by_type = weights(lesion_percentage=0.5, lesion_by_type=True, seed=1) != whole
    for post in (inhibitory, ~inhibitory):
        for pre in (inhibitory, ~inhibitory):
            pairs = np.ix_(post, pre)
            assert by_type[pairs].sum() == round(0.5 * there[pairs].sum())
    everything = weights(1.0, exclude_self_connections=False)
    assert not everything.any()
    for lesion, name in (((1.5,), "lesion_percentage"), ((0.5, -1), "lesion_scale")):
        with pytest.raises(ValueError, match=rf"{name}: expected a fraction in \[0, 1\]"):
            weights(*lesion)


def test_single_trials_are_scored_like_many(models):
    """A trained network answers most trials; the classes and functions agree on what is right."""
    model = models / "model.mat"
    spiking.set_random_seed(2)  # with which no NoGo trial is taken for Go
    task = SpikingTaskFactory.create_task("go_nogo")
    network = SpikingRNN(model, FACTOR)
    trial = task.evaluate_trial(network, *task.generate_stimulus("go"))
    assert trial["correct"] == (trial["output"][9999:].max() > 0.7)
    assert trial["spikes"].shape == (200, 20_000)
    silent = task.evaluate_trial(network, np.zeros((1, 201)), 1)
    assert silent["correct"] is False  # an answer was asked for
    with pytest.raises(ValueError, match="label: expected one of 1, 0, got 'go'"):
        task.evaluate_trial(network, np.zeros((1, 201)), "go")
    evaluator = SpikingEvaluatorFactory.create_evaluator("go-nogo", task.settings)
    scores = [evaluator.evaluate_single_trial(model, FACTOR) for _ in range(4)]
    data = spiking.load_rate_model(model)
    scores += [evaluate_single_trial("go_nogo", model, FACTOR, None, data) for _ in range(4)]
    assert set(scores) <= {0, 1}
    assert sum(scores) >= 5  # 94 %
    with pytest.raises(ValueError, match="the task xor has 2 inputs, the model 1"):
        evaluate_single_trial("xor", model, FACTOR)  # published: 0, a wrong answer
    with pytest.raises(ValueError, match="task: expected one of go_nogo, xor, mante, got 'chess'"):
        SpikingEvaluatorFactory.create_evaluator("chess", {})


def test_what_is_not_there_is_a_file_not_found(tmp_path):
    """Published scripts catch FileNotFoundError; those of this package ValueError."""
    calls = [
        lambda: spiking.load_rate_model(tmp_path / "nowhere.mat"),
        lambda: LIF_network_fnc(tmp_path / "nowhere.mat", 50, go_stimulus()),
        lambda: lambda_grid_search(model_path=tmp_path / "nowhere.mat"),
        lambda: lambda_grid_search(model_dir=tmp_path / "nowhere"),
        lambda: lambda_grid_search(tmp_path),
        lambda: evaluate_task("go_nogo", tmp_path / "nowhere"),
        lambda: SpikingRNN(tmp_path / "nowhere.mat"),
    ]
    for call in calls:
        with pytest.raises(FileNotFoundError) as error:
            call()
        assert isinstance(error.value, ValueError)
        assert str(tmp_path) in str(error.value)


def test_the_umbrella_package():
    import spikeRNN
    from spikeRNN import SpikingTaskFactory as factory
    from spikeRNN import TaskFactory

    task = TaskFactory.create_task(
        "go_nogo", {"T": 200, "stim_on": 50, "stim_dur": 25, "DeltaT": 1}
    )
    stimulus, target, label = task.simulate_trial()
    assert f"Generated {task.__class__.__name__} trial with label: {label}" in [
        f"Generated GoNogoTask trial with label: {x}" for x in (0, 1)
    ]
    assert (stimulus.shape, target.shape, stimulus.any()) == ((1, 200), (199,), bool(label))
    assert factory is SpikingTaskFactory
    # whether the name is bound to the function or to the module of the command line
    for package in (spiking, spikeRNN):
        with pytest.raises(
            ValueError, match="lambda_grid_search: expected model_path, or model_dir"
        ):
            package.lambda_grid_search()


# The search ---------------------------------------------------------------------------------------


def workflow_accuracy(model_file, factor, n_trials, seed, purpose="search"):
    simulation = conversion.Simulation(BUILT_IN["go-nogo"], seed, purpose=purpose)
    return conversion.score_network(
        simulation, matfile.load(model_file), model_file.stem, factor, n_trials
    )["correct"].mean()


def test_search_of_one_model(models):
    before = (models / "model.mat").read_bytes()
    found = lambda_grid_search(
        model_path=str(models / "model.mat"),
        scaling_range=(30, 50),
        n_trials_per_factor=50,
        task_type="go-nogo",
        parallel=True,
        seed=1,
    )
    assert found.scaling_factors.tolist() == [30, 35, 40, 45]
    assert found.accuracies.tolist() == [
        workflow_accuracy(models / "model.mat", f, 50, 1) for f in (30, 35, 40, 45)
    ]
    assert found.scaling_factor == found.scaling_factors[found.accuracies.argmax()]
    assert found.accuracies.max() > 0.85
    assert found.held_out_accuracy == workflow_accuracy(
        models / "model.mat", found.scaling_factor, 50, 1, "held out"
    )
    assert (models / "model.mat").read_bytes() == before
    converted = scipy.io.loadmat(found.converted, squeeze_me=True)
    assert found.converted == str(models / "model_converted.mat")
    assert converted["opt_scaling_factor"] == found.scaling_factor
    assert converted["all_perfs"].tolist() == found.accuracies.tolist()
    assert converted["held_out_perf"] == found.held_out_accuracy
    assert np.array_equal(converted["w"], scipy.io.loadmat(models / "model.mat")["w"])
    # go-nogo: the model has one input
    serial = lambda_grid_search(
        models / "model.mat", scaling_range=(30, 50), n_trials=50, parallel=False, seed=1
    )
    assert np.array_equal(serial.accuracies, found.accuracies)


def test_search_of_a_folder(models):
    shutil.copy(models / "model.mat", models / "second.mat")
    factors = list(np.arange(35, 46, 5))
    found = lambda_grid_search(
        model_dir=str(models), task_name="go-nogo", n_trials=20, scaling_factors=factors, seed=2
    )
    assert sorted(found) == ["model.mat", "second.mat"]
    assert found["model.mat"].scaling_factors.tolist() == [35, 40, 45]
    # trials of its own
    assert found["model.mat"].accuracies.tolist() != found["second.mat"].accuracies.tolist()
    again = lambda_grid_search(model_dir=models, n_trials=20, scaling_factors=factors, seed=2)
    assert sorted(again) == ["model.mat", "second.mat"]  # what was written is not searched


def test_models_whose_names_hold_dots_keep_their_own_result(one_input):
    """As training names them after their decays: 4.5 and 4.7 steps of 5 ms."""
    names = [f"Task_go-nogo_N_24_Taus_{low}_20_Act_sigmoid" for low in (4.5, 4.7)]
    for name in names:
        shutil.copy(one_input / "model.mat", one_input / f"{name}.mat")
    (one_input / "model.mat").unlink()
    short = {"T": 100, "stim_on": 5, "stim_dur": 5}
    for name, factor in zip(names, (20, 30), strict=True):
        lambda_grid_search(one_input / f"{name}.mat", "go-nogo", 1, [factor], short)
    for name, factor in zip(names, (20, 30), strict=True):
        assert (one_input / f"{name}_converted.mat").is_file()
        assert chosen(one_input / f"{name}.mat").scaling_factor == factor


@pytest.fixture
def small(tmp_path):
    """A folder with a model of 24 units, which no trial takes long."""
    folder = tmp_path / "small"
    folder.mkdir()
    shutil.copy(DATA / "model_small_t4_20_f64.mat", folder / "model.mat")
    return folder


def with_inputs(path, n_inputs, **more):
    """The model file with another number of inputs, and more keys."""
    stored = scipy.io.loadmat(path)
    keys = {key: value for key, value in stored.items() if not key.startswith("__")}
    scipy.io.savemat(path, keys | {"w_in": np.ones((24, n_inputs))} | more)
    return matfile.load(path).n_inputs


@pytest.fixture
def one_input(small):
    assert with_inputs(small / "model.mat", 1) == 1
    return small


def conversion_with(factor, model):
    return LIF_network_fnc(model, factor, np.zeros((1, 201)), NONE, 1, False, seed=1)


def test_what_a_search_returns_is_the_factor(one_input):
    model = one_input / "model.mat"
    factor = lambda_grid_search(
        model_path=model, n_trials=4, scaling_range=(20, 31), task_name="go-nogo", seed=1
    )
    assert isinstance(factor, float)
    assert factor in (20, 25, 30)
    assert factor == factor.scaling_factor == factor.scaling_factors[factor.accuracies.argmax()]
    assert f"{factor:.1f}" == f"{float(np.asarray(factor)):.1f}"
    assert np.array_equal(
        conversion_with(factor, model)[0], conversion_with(float(factor), model)[0]
    )
    assert pickle.loads(pickle.dumps(factor)).converted == factor.converted
    # the random numbers of a trial are keyed by the factor
    scored = [
        conversion.score_network(
            conversion.Simulation(BUILT_IN["go-nogo"], 1), matfile.load(model), "model", f, 2
        )["output_max"]
        for f in (factor, float(factor))
    ]
    assert np.array_equal(*scored)


def test_the_result_of_a_folder_is_the_factor_of_its_only_model(one_input):
    """Published: a folder in the first place, and one number back."""
    found = lambda_grid_search(str(one_input), "go-nogo", 4, [20, 30])
    model = one_input / "model.mat"
    assert float(found) == np.asarray(found) == found["model.mat"]
    assert np.array_equal(
        conversion_with(found, model)[0], conversion_with(found["model.mat"], model)[0]
    )
    assert SpikingRNN(model, found).network.scaling_factor == float(found)
    assert evaluate_task("go_nogo", one_input, scaling_factor=found, n_trials=2)["n_trials"] == 2
    shutil.copy(model, one_input / "another.mat")
    two = lambda_grid_search(one_input, "go-nogo", 1, [20], {"T": 100, "stim_on": 5, "stim_dur": 5})
    for use in (float, np.asarray, lambda x: conversion_with(x, model)):
        with pytest.raises(ValueError, match=r"for each of 2 models; .* found\['another.mat'\]"):
            use(two)


@pytest.mark.parametrize(
    ("n_inputs", "more", "told", "guessed"),
    [
        (1, {}, "guessed to be go_nogo, the task of 1 input(s); if that is wrong", True),
        (
            2,
            {"settings": {"task": "go-nogo2"}},
            "to be xor, the task of 2 input(s), though the",
            True,
        ),
        (2, {"settings": {"task": "XOR"}}, None, False),
        (1, {"provenance": '{"task": "go-nogo"}'}, None, False),
        (4, {"provenance": '{"task": "integration"}'}, None, False),
    ],
)
def test_a_task_that_was_guessed_is_told(small, caplog, capsys, n_inputs, more, told, guessed):
    assert with_inputs(small / "model.mat", n_inputs, **more) == n_inputs
    found = lambda_grid_search(small / "model.mat", n_trials=1, scaling_factors=[20])
    assert found.guessed is guessed
    assert found.task == {1: "go_nogo", 2: "xor", 4: "mante"}[n_inputs]
    line = f"of the task {found.task}{' (guessed)' if guessed else ''}; written to"
    assert line in capsys.readouterr().out
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [message for message in warnings if "guessed" in message] == warnings
    assert told in warnings[0] if told else warnings == []


def test_a_network_of_another_task_of_a_study_is_not_scored_as_xor(small):
    with_inputs(small / "model.mat", 2, provenance='{"task": "delayed-go"}')
    with pytest.raises(
        ValueError, match=r"trained on the task delayed-go, which is none of go_nogo"
    ):
        lambda_grid_search(small / "model.mat", n_trials=1, scaling_factors=[20])


def test_a_search_tells_first_what_it_cannot_keep(small, caplog):
    with_inputs(small / "model.mat", 1)
    data = (small / "model.mat").read_bytes()
    assert data.count(b"som_N") == 1
    (small / "model.mat").write_bytes(data.replace(b"som_N", b"_omit"))
    found = lambda_grid_search(small / "model.mat", "go-nogo", 1, [20])
    assert "variable '_omit' is left out of the converted model" in caplog.records[0].getMessage()
    assert "_omit" not in scipy.io.loadmat(found.converted)


def test_a_factor_of_nan_is_none(one_input):
    model = one_input / "model.mat"
    with_inputs(model, 1, opt_scaling_factor=np.nan)  # as published searches begin
    with pytest.raises(ValueError, match=r"model.mat: holds no scaling factor; pass scaling_fac"):
        SpikingRNN(model)
    found = lambda_grid_search(model, "go-nogo", 2, [35])
    assert evaluate_task("go_nogo", one_input, n_trials=1)["scaling_factor"] == found == 35
    assert SpikingRNN(model).network.scaling_factor == 35
    assert load_model_and_scaling_factor(model) == (str(model), 35)


def search_beside(model, found):
    lambda_grid_search(model, "go-nogo", 1, [found])
    return model.with_name("model_converted.mat")


def test_a_factor_of_zero_is_none(one_input):
    with_inputs(one_input / "model.mat", 1, opt_scaling_factor=0)
    with pytest.raises(ValueError, match=r"model.mat: holds no scaling factor; pass scaling_fac"):
        chosen(one_input / "model.mat")


def test_the_search_of_another_network_leaves_the_factor_of_the_file(one_input):
    model = one_input / "model.mat"
    with_inputs(model, 1)
    search_beside(model, 30)
    with_inputs(model, 1, opt_scaling_factor=45, w=np.eye(24))
    assert chosen(model).scaling_factor == 45


@pytest.mark.parametrize("touched", ["model.mat", "model_converted.mat"])
def test_copies_do_not_change_whose_factor_counts(one_input, touched, caplog):
    """cp -r, git clone and unzip give files any date."""
    model = one_input / "model.mat"
    with_inputs(model, 1, opt_scaling_factor=70)
    search_beside(model, 30)
    for file in one_input.glob("*.mat"):
        os.utime(file, (0, 0))
    os.utime(one_input / touched)
    caplog.clear()
    assert chosen(model).scaling_factor == 30
    assert not caplog.records


@pytest.mark.parametrize("before", [70, np.nan])
def test_a_factor_that_came_after_the_search_counts(one_input, before, caplog):
    model = one_input / "model.mat"
    with_inputs(model, 1, opt_scaling_factor=before)
    search_beside(model, 30)
    with_inputs(model, 1, opt_scaling_factor=45)
    os.utime(model, (0, 0))
    caplog.clear()
    assert chosen(model).scaling_factor == 45
    (told,) = [record.getMessage() for record in caplog.records]
    assert "model.mat holds the factor 45, " in told
    assert "model_converted.mat 30: taken to be 45, which the model has got since" in told
    assert told.endswith("; pass scaling_factor= for the other")


def test_a_search_of_an_earlier_version_counts_and_is_told(one_input, caplog):
    model = one_input / "model.mat"
    with_inputs(model, 1, opt_scaling_factor=70)
    converted = search_beside(model, 30)
    keys = {k: v for k, v in scipy.io.loadmat(converted).items() if not k.startswith("__")}
    assert keys.pop("source_opt_scaling_factor") == 70
    scipy.io.savemat(converted, keys)
    os.utime(converted, (0, 0))
    caplog.clear()
    assert chosen(model).scaling_factor == 30
    (told,) = [record.getMessage() for record in caplog.records]
    assert "holds the factor 70, " in told
    assert "30: taken to be 30, the search's" in told
    with_inputs(model, 1, opt_scaling_factor=30)
    assert chosen(model).scaling_factor == 30
    assert len(caplog.records) == 1  # they do not differ


# An output factor in the file --------------------------------------------------------------------


def test_one_trial_has_the_output_factor_of_its_file(one_input):
    model, u = one_input / "model.mat", np.ones((1, 41))
    plain = LIF_network_fnc(model, 30, u, NONE, seed=1)
    with_inputs(model, 1, output_factor=0.25)
    for given in (model, spiking.load_rate_model(model)):
        W, _, spk, rs, _, out, params = LIF_network_fnc(given, 30, u, NONE, seed=1)
        assert np.array_equal(W, plain[0])
        assert np.array_equal(spk, plain[2])
        assert np.ptp(plain[5]) > 0
        np.testing.assert_allclose(out, 0.25 * plain[5], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(params["w_out"][0] / 30 @ rs, out, atol=1e-4)
    assert SpikingRNN(model, 30).network.output_factor == 0.25


def test_the_output_factor_is_that_of_the_file_that_holds_the_factor(one_input):
    model, converted = one_input / "model.mat", one_input / "model_converted.mat"
    search = {"all_perfs": [1], "scaling_factors": [15], "held_out": 1}
    matfile.save_converted(converted, model, **search, opt_scaling_factor=15, output_factor=0.5)
    network = SpikingRNN(model).network
    assert (network.scaling_factor, network.output_factor) == (15, 0.5)
    assert SpikingRNN(model, 15).network.output_factor == 1  # of the file that is given
    assert SpikingRNN(converted).network.output_factor == 0.5
    with_inputs(model, 1, opt_scaling_factor=40, output_factor=2)  # it has got one since
    network = SpikingRNN(model).network
    assert (network.scaling_factor, network.output_factor) == (15, 0.5)  # a search that says none
    matfile.save_converted(converted, model, **search, opt_scaling_factor=15)
    assert SpikingRNN(model).network.output_factor == 2  # searched with it


# An output offset in the file --------------------------------------------------------------------


def output_of(network) -> tuple[float, float]:
    return network.output_factor, network.offset_of_output


def test_one_trial_has_the_output_offset_of_its_file(one_input):
    """Times the output factor; nothing else of the trial moves."""
    model, u = one_input / "model.mat", np.ones((1, 41))
    plain = LIF_network_fnc(model, 30, u, NONE, seed=1)
    with_inputs(model, 1, output_factor=0.25, output_offset=0.5)
    for given in (model, spiking.load_rate_model(model)):
        W, _, spk, rs, _, out, params = LIF_network_fnc(given, 30, u, NONE, seed=1)
        assert np.array_equal(W, plain[0])
        assert np.array_equal(spk, plain[2])
        assert out[0] == 0.125  # before the first spike reaches the readout
        np.testing.assert_allclose(out, 0.25 * plain[5] + 0.125, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(params["w_out"][0] / 30 @ rs + 0.125, out, atol=1e-4)
    assert output_of(SpikingRNN(model, 30).network) == (0.25, 0.125)


def test_the_output_offset_is_that_of_the_file_that_holds_the_factor(one_input):
    model, converted = one_input / "model.mat", one_input / "model_converted.mat"
    search = {"all_perfs": [1], "scaling_factors": [15], "held_out": 1, "opt_scaling_factor": 15}
    matfile.save_converted(converted, model, **search, output_offset=0.5)
    assert chosen(model) == (15, 1, 0.5, None)
    network = SpikingRNN(model).network
    assert (network.scaling_factor, *output_of(network)) == (15, 1, 0.5)
    assert output_of(SpikingRNN(model, 15).network) == (1, 0)  # of the file that is given
    assert output_of(SpikingRNN(converted).network) == (1, 0.5)
    with_inputs(model, 1, opt_scaling_factor=40, output_offset=-0.5)  # it has got one since
    assert chosen(model) == (15, 1, 0.5, None)  # a search that says none of before
    matfile.save_converted(converted, model, **search)
    assert chosen(model) == (15, 1, -0.5, None)  # searched with it
    assert chosen(matfile.read(model)) == (40, 1, -0.5, None)


@pytest.mark.parametrize("before", [np.nan, 30, None])
def test_a_file_that_got_an_offset_after_a_plain_search_counts(one_input, before, caplog):
    """Also where it is all that differs."""
    model, converted = one_input / "model.mat", one_input / "model_converted.mat"
    search = {"all_perfs": [1], "scaling_factors": [30], "held_out": 1, "opt_scaling_factor": 30}
    more = {} if before is None else {"source_opt_scaling_factor": before}
    matfile.save_converted(converted, model, **search, more=more)
    with_inputs(model, 1, opt_scaling_factor=30, output_offset=-0.25)
    assert output_of(SpikingRNN(model).network) == (1, -0.25)
    (told,) = [record.getMessage() for record in caplog.records]
    refined = "30 with output factor 1 and offset -0.25"
    assert f"model.mat holds the factor {refined}, " in told
    assert f"_converted.mat 30 with output factor 1: taken to be {refined}, which" in told
    assert told.endswith(f"has got since the search; pass {converted} for the other")


def test_a_file_with_an_offset_that_was_searched_again_has_the_factor_of_that_search(
    one_input, caplog
):
    model = one_input / "model.mat"
    with_inputs(model, 1, opt_scaling_factor=45, output_offset=0.5)
    search_beside(model, 30)
    caplog.clear()
    network = SpikingRNN(model).network
    assert (network.scaling_factor, *output_of(network)) == (30, 1, 0.5)
    assert not caplog.records


@pytest.mark.parametrize("before", [np.nan, 30, 45, None])
@pytest.mark.parametrize("refined", [30, 45])
def test_a_file_that_was_refined_after_a_plain_search_counts(one_input, before, refined, caplog):
    """Also where the refinement keeps the factor of the search, or the one from before it."""
    model, converted = one_input / "model.mat", one_input / "model_converted.mat"
    search = {"all_perfs": [1], "scaling_factors": [30], "held_out": 1, "opt_scaling_factor": 30}
    more = {} if before is None else {"source_opt_scaling_factor": before}
    matfile.save_converted(converted, model, **search, more=more)
    with_inputs(model, 1, opt_scaling_factor=refined, output_factor=0.5)
    network = SpikingRNN(model).network
    assert (network.scaling_factor, network.output_factor) == (refined, 0.5)
    (told,) = [record.getMessage() for record in caplog.records]
    assert f"model.mat holds the factor {refined} with output factor 0.5, " in told
    assert f"30 with output factor 1: taken to be {refined} with output factor 0.5, which" in told
    assert told.endswith(f"has got since the search; pass {converted} for the other")


def test_a_refined_file_that_was_searched_again_has_the_factor_of_that_search(one_input, caplog):
    model = one_input / "model.mat"
    with_inputs(model, 1, opt_scaling_factor=45, output_factor=0.5)
    search_beside(model, 30)
    caplog.clear()
    network = SpikingRNN(model).network
    assert (network.scaling_factor, network.output_factor) == (30, 0.5)
    assert not caplog.records


# Gains of the units in the file ------------------------------------------------------------------

GAINS = {"unit_gain": np.linspace(0.5, 3.0, 24), "unit_bias": np.linspace(-1.0, 2.0, 24)}


def has_gains(network, unit_bias=GAINS["unit_bias"]) -> bool:
    return network.bias_mv is not None and np.array_equal(network.bias_mv, unit_bias)


def test_one_trial_has_the_gains_of_its_file(one_input):
    model, u = one_input / "model.mat", np.ones((1, 41))
    plain = LIF_network_fnc(model, 30, u, NONE, seed=1)
    with_inputs(model, 1, **GAINS, output_factor=0.5, output_offset=0.125, b_out=0.75)
    converted = conversion.to_spiking(matfile.load(model), 30)
    for given in (model, spiking.load_rate_model(model)):
        W, _, spk, rs, _, out, params = LIF_network_fnc(given, 30, u, NONE, seed=1)
        np.testing.assert_array_equal(W, GAINS["unit_gain"][:, None] * plain[0])
        assert not np.array_equal(spk, plain[2])
        assert out[0] == 0.0625  # before the first spike reaches the readout; b_out is left out
        np.testing.assert_allclose(params["w_out"][0] / 30 @ rs + 0.0625, out, atol=1e-4)
    recorded = spiking_cpu.record_trial(converted, u, stream=streams.key(1, "single trial"))
    assert np.array_equal(recorded.spikes, spk == 1)
    assert has_gains(SpikingRNN(model, 30).network)


def test_the_gains_are_those_of_the_file_that_holds_the_factor(one_input):
    model, converted = one_input / "model.mat", one_input / "model_converted.mat"
    search = {"all_perfs": [1], "scaling_factors": [15], "held_out": 1}
    gains = UnitGains(*GAINS.values())
    matfile.save_converted(converted, model, **search, opt_scaling_factor=15, unit_gains=gains)
    network = SpikingRNN(model).network
    assert network.scaling_factor == 15
    assert has_gains(network)
    assert SpikingRNN(model, 15).network.bias_mv is None  # of the file that is given
    assert has_gains(SpikingRNN(converted).network)
    assert has_gains(SpikingRNN(converted, 20).network)
    other = GAINS | {"unit_bias": np.ones(24)}
    with_inputs(model, 1, opt_scaling_factor=40, **other)  # it has got some since
    assert has_gains(SpikingRNN(model).network)  # a search that says none of before
    matfile.save_converted(converted, model, **search, opt_scaling_factor=15)
    assert has_gains(SpikingRNN(model).network, np.ones(24))  # searched with them


@pytest.mark.parametrize("before", [np.nan, 30, None])
def test_a_file_that_got_gains_after_a_plain_search_counts(one_input, before, caplog):
    """Also where they are all that differs."""
    model, converted = one_input / "model.mat", one_input / "model_converted.mat"
    search = {"all_perfs": [1], "scaling_factors": [30], "held_out": 1, "opt_scaling_factor": 30}
    more = {} if before is None else {"source_opt_scaling_factor": before}
    matfile.save_converted(converted, model, **search, more=more)
    with_inputs(model, 1, opt_scaling_factor=30, **GAINS)
    assert has_gains(SpikingRNN(model).network)
    (told,) = [record.getMessage() for record in caplog.records]
    refined = "30 with output factor 1 and gains of the units"
    assert f"model.mat holds the factor {refined}, " in told
    assert f"_converted.mat 30 with output factor 1: taken to be {refined}, which" in told
    assert told.endswith(f"has got since the search; pass {converted} for the other")


def test_files_that_differ_in_one_bias_differ(one_input, caplog):
    model = one_input / "model.mat"
    with_inputs(model, 1, opt_scaling_factor=30, **GAINS)
    converted = search_beside(model, 30)
    caplog.clear()
    assert has_gains(SpikingRNN(model).network)
    assert not caplog.records
    unit_bias = GAINS["unit_bias"] + np.eye(24)[5]
    with_inputs(model, 1, unit_bias=unit_bias)
    assert has_gains(SpikingRNN(model).network, unit_bias)
    (told,) = [record.getMessage() for record in caplog.records]
    assert "taken to be 30 with output factor 1 and gains of the units, which the model" in told
    assert told.endswith(f"pass {converted} for the other")


def test_a_file_with_gains_that_was_searched_again_has_the_factor_of_that_search(one_input, caplog):
    model = one_input / "model.mat"
    with_inputs(model, 1, opt_scaling_factor=45, **GAINS)
    search_beside(model, 30)
    caplog.clear()
    network = SpikingRNN(model).network
    assert network.scaling_factor == 30
    assert has_gains(network)
    assert not caplog.records


def test_search_by_command_line(models):
    call = [
        sys.executable,
        "-m",
        "spiking.lambda_grid_search",
        "--model_dir",
        str(models),
        "--task_name",
        "go-nogo",
    ]
    done = subprocess.run(
        [*call, "--n_trials", "10", "--scaling_factors", "30:46:5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert done.stdout.startswith("model.mat: best 1/lambda = ")
    assert scipy.io.loadmat(models / "model_converted.mat")["scaling_factors"].tolist() == [
        [30, 35, 40, 45]
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({}, "expected model_path, or model_dir"),
        ({"model_path": "a.mat", "model_dir": "."}, "expected model_path, or model_dir"),
        ({"model_path": "a.pth"}, "pass the .mat file"),
        ({"model_dir": "nowhere"}, "model_dir: no such folder: nowhere"),
        ({"model_dir": "empty"}, "model_dir: no .mat file in empty"),
        (
            {"model_path": PUBLISHED_MODEL, "task_type": "xor"},
            "the task xor has 2 inputs, the model 1",
        ),
        (
            {"model_path": PUBLISHED_MODEL, "task_name": "mine"},
            "task: expected one of go_nogo, xor, mante.*, got 'mine'",
        ),
        (
            {"model_path": PUBLISHED_MODEL, "task_name": "xor", "task_type": "xor"},
            "expected task_name or task_type, got both",
        ),
        (
            {"model_path": PUBLISHED_MODEL, "scaling_factors": [0, 1]},
            "scaling_factors: expected a list of different numbers > 0",
        ),
        (
            {"model_path": PUBLISHED_MODEL, "n_trials": 0},
            "n_trials: expected a whole number >= 1, got 0",
        ),
        (
            {"model_path": PUBLISHED_MODEL, "n_trials": "5"},
            "n_trials: expected a whole number >= 1, got '5'",
        ),
        (
            {"model_path": PUBLISHED_MODEL, "scaling_range": (20,)},
            r"scaling_range: expected \(start, end\), got \(20,\)",
        ),
        (
            {"model_path": PUBLISHED_MODEL, "scaling_range": (80, 20)},
            "scaling_factors: expected a list",
        ),
    ],
)
def test_search_refuses(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=message):
        lambda_grid_search(**call)


def test_factors_on_the_command_line(capsys):
    assert parse_factors("20:76:5") == list(range(20, 76, 5))
    assert parse_factors("20,32.5") == [20, 32.5]
    for text in ("20:76:0", "20:76", "20:a:5", ""):
        with pytest.raises(ValueError, match="scaling_factors: expected start:end:step"):
            parse_factors(text)
    with pytest.raises(SystemExit):
        search_main(["--model_dir", ".", "--scaling_factors", "20-75"])
    assert (
        "scaling_factors: expected start:end:step or numbers with commas between, got '20-75'"
        in capsys.readouterr().err
    )


# Evaluation ---------------------------------------------------------------------------------------


def test_evaluation_of_one_model(models):
    found = spiking.eval_go_nogo(
        model_path=str(models / "model.mat"),
        scaling_factor=FACTOR,
        n_trials=100,
        plot_results=True,
        seed=1,
    )
    n = {name: found[f"{name}_trials"] for name in ("go", "nogo")}
    assert sum(n.values()) == found["n_trials"] == 100
    by_type = sum(found[f"{name}_accuracy"] * n[name] for name in n) / 100
    assert found["overall_accuracy"] == pytest.approx(by_type)
    assert 0.85 < found["overall_accuracy"] <= 1  # 0.94 in 100 trials of an independent run
    assert found["strict_accuracy"] <= found["overall_accuracy"]
    times = found["response_times"]
    assert len(times) == round(n["go"] * found["go_accuracy"])
    assert found["mean_response_time"] == pytest.approx(times.mean())
    assert 0 < times.min() <= times.max() < 0.75
    assert 0.3 < found["output_correlation"] < 1
    assert (models / "plots" / "model.png").read_bytes().startswith(b"\x89PNG")
    assert found["plots"] == str(models / "plots" / "model.png")


def test_evaluation_of_a_folder(models):
    assert evaluate_task is evaluate_task_at_top
    message = r"model.mat: holds no scaling factor; pass scaling_factor=, or run lambda_grid_search"
    with pytest.raises(ValueError, match=message):
        evaluate_task("go_nogo", models)
    lambda_grid_search(model_dir=models, n_trials=20, scaling_factors=[35, 40], seed=2)
    shutil.copy(models / "model.mat", models / "second.mat")
    matfile.save_converted(
        models / "third.mat",
        models / "model.mat",
        opt_scaling_factor=25,
        all_perfs=[1],
        scaling_factors=[25],
        held_out=1,
    )
    (models / "second.mat").unlink()
    performance = evaluate_task(
        task_name="go_nogo", model_dir=str(models) + "/", n_trials=40, save_plots=False, seed=3
    )
    found = performance["models"]
    assert sorted(found) == ["model.mat", "third.mat"]  # the converted one lends its factor
    assert found["model.mat"]["scaling_factor"] in (35, 40)
    assert found["third.mat"]["scaling_factor"] == 25
    assert "scaling_factor" not in performance  # each model has its own
    mean = np.mean([one["overall_accuracy"] for one in found.values()])
    assert f"Accuracy: {performance['overall_accuracy']:.2f}" == f"Accuracy: {mean:.2f}"
    assert not (models / "plots").exists()


def test_whose_factor_counts(models):
    lambda_grid_search(models / "model.mat", n_trials=10, scaling_factors=[35], seed=2)
    stored = scipy.io.loadmat(models / "model.mat")
    keys = {key: value for key, value in stored.items() if not key.startswith("__")}
    scipy.io.savemat(models / "model.mat", keys | {"opt_scaling_factor": 30})
    # its own, as the published search left it
    assert evaluate_task("go_nogo", models, n_trials=2)["scaling_factor"] == 30
    scipy.io.savemat(models / "model.mat", keys | {"w": 2 * keys["w"]})
    with pytest.raises(
        ValueError,
        match=r"model_converted.mat: made from another model.mat; run lambda_grid_search again",
    ):
        evaluate_task("go_nogo", models, n_trials=2)
    with pytest.raises(ValueError, match="scaling_factor: expected a number > 0, got 0"):
        evaluate_task("go_nogo", models, n_trials=2, scaling_factor=0)
    with pytest.raises(ValueError, match="the task xor has 2 inputs, the model 1"):
        evaluate_task("xor", models, n_trials=2, scaling_factor=FACTOR)
    with pytest.raises(ValueError, match="n_trials: expected a whole number >= 1, got 0"):
        evaluate_task("go_nogo", models, n_trials=0, scaling_factor=FACTOR)


def test_evaluation_by_command_line(models, capsys):
    call = ["--task", "go_nogo", "--model_dir", str(models), "--scaling_factor", "40"]
    eval_main([*call, "--n_trials", "20", "--seed", "1"])
    said = capsys.readouterr().out
    expected = evaluate_task("go-nogo", models, n_trials=20, scaling_factor=FACTOR, seed=1)
    assert f"overall accuracy: {expected['overall_accuracy']:.3f}" in said
    assert (models / "plots" / "model.png").is_file()
    shutil.rmtree(models / "plots")
    eval_main([*call, "--n_trials", "2", "--no_plots"])
    assert not (models / "plots").exists()
    with pytest.raises(SystemExit):
        eval_main(["--task", "chess", "--model_dir", str(models)])
    assert "task: expected one of go_nogo, xor, mante" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("main", "task"), [(eval_main, "--task"), (search_main, "--task_name")], ids=["eval", "search"]
)
def test_each_setting_on_the_command_line_reaches_the_task(main, task, models, capsys):
    """One that the task cannot have is refused, not left out."""
    parser = argparse.ArgumentParser()
    add_settings(parser)
    options = set(vars(parser.parse_args([])))
    assert options > {"T", "stim_on", "stim_dur", "eval_amp_thresh"}
    for name in options:
        asked = settings_of(parser.parse_args([f"--{name}", "1"]), "xor")
        assert asked == XORSpikingTask().settings | {name: 1}
    call = [task, "go_nogo", "--model_path", str(models / "model.mat"), "--n_trials", "1"]
    refused = {
        "eval_amp_thresh": "settings['eval_amp_thresh']: expected 0.7",
        "T": "settings['T']: the trial is too short",
        "stim_dur": "settings['stim_dur']: expected a whole number",
    }
    for name, message in refused.items():
        with pytest.raises(SystemExit):
            main([*call, f"--{name}", "0"])
        assert message in capsys.readouterr().err


def test_of_several_models_the_command_line_prints_each_and_the_mean(monkeypatch, capsys):
    """A number that a model has not is left out of the mean; times are in s."""
    accuracies = {"a.mat": 0.5, "b.mat": 0.75}
    times = {"a.mat": np.nan, "b.mat": 0.25}
    drawn = []
    files = [Path("models") / name for name in accuracies]
    monkeypatch.setattr(spiking.evaluation, "model_files", lambda *_: files)

    class Network:
        def __init__(self, file, factor):
            self.file = file
            self.network = SimpleNamespace(scaling_factor=30.0)

    def performance(task, network, n_trials):
        name = network.file.name
        found = {"overall_accuracy": accuracies[name], "mean_response_time": times[name]}
        return found | {"n_trials": n_trials}

    monkeypatch.setattr(spiking.evaluation, "SpikingRNN", Network)
    monkeypatch.setattr(GoNogoSpikingTask, "evaluate_performance", performance)
    monkeypatch.setattr(
        spiking.evaluation, "save_trials", lambda task, network, path: drawn.append(path)
    )
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: None)
    eval_main(["--task", "go_nogo", "--model_dir", "models", "--n_trials", "8"])
    words = capsys.readouterr().out.split("\n\n")
    assert words[0].splitlines()[:3] == [
        "a.mat",
        "overall accuracy: 0.500",
        "mean response time: nan s",
    ]
    assert words[2].splitlines() == [
        "mean over 2 models",
        "overall accuracy: 0.625",
        "mean response time: 0.250 s",
        "n trials: 8.000",
    ]
    assert [str(path) for path in drawn] == ["models/plots/a.png", "models/plots/b.png"]


def test_a_single_trial_has_the_published_scoring_and_the_settings_that_are_given(monkeypatch):
    """An answer that crosses the other threshold, too, is right by it."""
    seen = []

    class Both(spiking.AbstractSpikingRNN):
        def __init__(self, model, factor):
            super().__init__(SpikingConfig(N=1))
            seen.append((model, factor))

        def simulate(self, stimulus, stims):
            seen.append(stimulus.shape)
            output = np.zeros(100 * (stimulus.shape[1] - 1))
            if stimulus.any():
                output[-1000:] = 0.8
            output[-2000:-1000] = -0.8
            return np.zeros((1, len(output))), None, output, {"dt": 5e-5}

    monkeypatch.setattr(spiking.evaluators, "SpikingRNN", Both)
    longer = {"T": 250, "stim_on": 50, "stim_dur": 25}
    scores = [evaluate_single_trial("go_nogo", "a.mat", 30, longer) for _ in range(6)]
    evaluator = SpikingEvaluatorFactory.create_evaluator("go_nogo", longer)
    scores += [evaluator.evaluate_single_trial("a.mat", 30) for _ in range(6)]
    assert scores == 12 * [1]
    assert seen == 12 * [("a.mat", 30), (1, 251)]


class Plain:
    """What a plot asks of a network of two units: the first spikes in the first step, the second in
    the last."""

    network = SimpleNamespace(inhibitory=np.array([True, False]), scaling_factor=30.0)

    def simulate(self, stimulus):
        spikes = np.zeros((2, 4), int)
        spikes[0, 0] = spikes[1, 3] = 1
        return spikes, None, np.arange(4.0), {"dt": 0.5, "nt": 4, "T": 2.0}


def test_a_plot_has_a_trial_of_each_type_under_its_name_and_label():
    page = plots._draw(SpikingTaskFactory.create_task("xor"), Plain())
    axes = {one.get_label(): one for one in page.axes}
    for i, (kind, label) in enumerate(
        zip(("++", "+-", "-+", "--"), ("same", "diff", "diff", "same"), strict=True)
    ):
        output, spikes = axes[f"output {i}"], axes[f"spikes {i}"]
        assert output.get_title() == f"{kind} (label {label})"
        (line,) = output.lines
        assert line.get_xydata().tolist() == [[0.5, 0], [1, 1], [1.5, 2], [2, 3]]
        assert output.get_xlim() == spikes.get_xlim() == (0, 2)
        exc, inh = spikes.lines  # the excitatory unit below
        assert (exc.get_xydata().tolist(), inh.get_xydata().tolist()) == ([[2, 0]], [[0.5, 1]])
        assert exc.get_color() == plotting.EXCITATORY


class Scripted(spiking.AbstractSpikingRNN):
    """A network that answers every pulse 100 ms after its onset, at any step of time, unless it is
    asked to sleep."""

    def __init__(self, dt, awake=True, until_s=2.0):
        super().__init__(SpikingConfig(N=1))
        self.dt, self.awake, self.until_s = dt, awake, until_s

    def simulate(self, stimulus, stims):
        n_steps = round((stimulus.shape[1] - 1) * 0.005 / self.dt)
        output = np.zeros(n_steps)
        if stimulus.any() and self.awake:
            output[round(0.35 / self.dt) - 1 : round(self.until_s / self.dt)] = 0.8
        return np.zeros((1, n_steps)), None, output, {"dt": self.dt}


@pytest.mark.parametrize("dt", [5e-5, 1e-4])
def test_a_network_of_ones_own_is_scored(dt):
    spiking_task = SpikingTaskFactory.create_task("go_nogo")
    performance = spiking_task.evaluate_performance(Scripted(dt), n_trials=100)
    assert f"Accuracy: {performance['overall_accuracy']:.2f}" == "Accuracy: 1.00"
    np.testing.assert_allclose(performance["response_times"], 0.1)
    go = spiking_task.generate_stimulus("go")
    for until_s, correct in ((2.0, True), (0.45, False)):  # the window opens at 0.5 s
        one = spiking_task.evaluate_trial(Scripted(dt, until_s=until_s), *go)
        assert one["correct"] is correct
    assert "output_correlation" not in performance
    asleep = spiking_task.evaluate_performance(Scripted(dt, awake=False), n_trials=100)
    assert (asleep["go_accuracy"], asleep["nogo_accuracy"], len(asleep["response_times"])) == (
        0,
        1,
        0,
    )


def test_outputs_are_compared_with_the_rate_networks_on_the_same_trials(one_input):
    """With noise of its own, keyed by the seed that is drawn."""
    network = SpikingRNN(one_input / "model.mat", 30)
    spiking.set_random_seed(1)
    found = SpikingTaskFactory.create_task("go_nogo").evaluate_performance(network, n_trials=5)
    spiking.set_random_seed(1)
    seed = new_seed()
    trials = draw_trials(BUILT_IN["go-nogo"], seed, "evaluate", (), range(5))
    ours = network.respond(spiking_stimulus(trials.stimulus), 500.0, seed).output
    theirs = rate_kernels().outputs(
        network.model,
        network.model.weights,
        trials.stimulus,
        stream=streams.key(seed, "evaluate rate"),
        first_trial=0,
    )
    pairs = zip(ours[:, : theirs.shape[1]], theirs, strict=True)
    r = [np.corrcoef(one, other)[0, 1] for one, other in pairs]
    assert found["output_correlation"] == pytest.approx(np.mean(r), rel=1e-6)


def test_network_and_factory_agree_with_the_workflow():
    network = SpikingRNN(PUBLISHED_MODEL, FACTOR)
    spiking.set_random_seed(1)
    performance = SpikingTaskFactory.create_task("go_nogo").evaluate_performance(
        network, n_trials=200
    )
    of_workflow = workflow_accuracy(PUBLISHED_MODEL, FACTOR, 200, 1)
    p = (performance["overall_accuracy"] + of_workflow) / 2
    assert abs(performance["overall_accuracy"] - of_workflow) < 4 * np.sqrt(2 * p * (1 - p) / 200)
    spiking.set_random_seed(1)
    again = SpikingTaskFactory.create_task("go-nogo").evaluate_performance(network, n_trials=200)
    assert again["overall_accuracy"] == performance["overall_accuracy"]
    spikes, voltages, output, params = network.simulate(go_stimulus(), NONE)
    assert (spikes.shape, voltages.shape, output.shape, params["nt"]) == (
        (200, 20_000),
        (20_000, 200),
        (20_000,),
        20_000,
    )
    np.testing.assert_allclose(network.compute_firing_rates(spikes), spikes.sum(axis=1))


def test_a_search_that_is_told_nothing_is_that_of_the_paper(one_input, monkeypatch, caplog):
    """100 trials at 20, 25 ... 75; a best factor on the edge of the grid is told."""
    asked = []

    def accuracy(simulation, model, network, *, factor, n_trials):
        asked.append((simulation.purpose, network, factor, n_trials))
        return 1.0 if factor == best else 0.5

    monkeypatch.setattr(spiking.search, "_accuracy", accuracy)
    for best, is_told in ((40, False), (75, True), (20, True)):
        asked.clear()
        caplog.clear()
        found = lambda_grid_search(one_input / "model.mat", "go-nogo")
        searched = [("search", "model", factor, 100) for factor in range(20, 80, 5)]
        assert asked == [*searched, ("held out", "model", best, 100)]
        assert found == best
        told = [record for record in caplog.records if "lies on the edge" in record.getMessage()]
        assert len(told) == is_told
    stored = scipy.io.loadmat(found.converted, squeeze_me=True)
    assert stored["all_perfs"].tolist() == [1.0] + 11 * [0.5]
    assert stored["scaling_factors"].tolist() == list(range(20, 80, 5))
    assert np.isnan(stored["source_opt_scaling_factor"])


def test_the_summary_of_a_search_tells_both_accuracies():
    found = spiking.GridSearch(
        35.0,
        accuracies=np.array([0.5, 0.9]),
        held_out_accuracy=0.72,
        task="xor",
        guessed=False,
        converted="a_converted.mat",
    )
    assert spiking.search.summary({"a.mat": found}) == (
        "a.mat: best 1/lambda = 35, 90.0 % correct in the search, 72.0 % on fresh trials of the "
        "task xor; written to a_converted.mat"
    )


def test_a_stimulation_may_begin_with_the_last_step_and_not_later():
    u = np.zeros((1, 3))  # 200 steps
    stims = {"mode": "exc", "dur": [200, 201], "units": [0]}
    LIF_network_fnc(PUBLISHED_MODEL, FACTOR, u, stims)
    with pytest.raises(ValueError, match="dur: starts at step 201, but the trial has 200"):
        LIF_network_fnc(PUBLISHED_MODEL, FACTOR, u, stims | {"dur": [201, 202]})


def test_settings_of_a_network_reach_it():
    settings = {"N": 200, "scaling_factor": 30.0, "use_initial_weights": True, "downsample": 2}
    settings |= {"tref": 0.003, "tm": 0.02, "tr": 0.0, "vreset": -60.0, "vpeak": -45.0}
    network = SpikingRNN(PUBLISHED_MODEL, config=SpikingConfig(**settings))
    neuron = network.network.neuron
    assert (neuron.t_refractory_ms, neuron.tau_mem_ms, neuron.tau_rise_ms) == (3, 20, 0)
    assert (neuron.v_reset, neuron.v_threshold) == (-60, -45)
    model = matfile.load(PUBLISHED_MODEL)
    untrained = conversion.to_spiking(model, 30.0, initial_weights=True)
    assert np.array_equal(network.network.w_rec, untrained.w_rec)
    spikes, _, _, params = network.simulate(np.zeros((1, 21)))
    assert (params["dt"], params["nt"], spikes.shape[1]) == (1e-4, 1000, 1000)
    np.testing.assert_allclose(network.compute_firing_rates(spikes), spikes.sum(axis=1) / 0.1)


# Tasks --------------------------------------------------------------------------------------------

PLUGIN = """
import numpy as np
from spiking.tasks import AbstractSpikingTask, SpikingTaskFactory
from rate.tasks import AbstractTask


class MyCustomSpikingTask(AbstractSpikingTask):
    def get_default_settings(self):
        return {'T': 200, 'custom_param': 1.0}

    def get_sample_trial_types(self):
        return ['type_a', 'type_b']

    def generate_stimulus(self, trial_type=None):
        u = np.zeros((1, self.settings['T'] + 1))
        u[0, 50:75] = self.settings['custom_param'] if trial_type != 'type_b' else 0
        return u, trial_type

    def evaluate_performance(self, spiking_rnn, n_trials=100):
        outputs = []
        for _ in range(n_trials):
            u, trial_type = self.generate_stimulus()
            outputs.append(spiking_rnn.simulate(u, {'mode': 'none'})[2])
        accuracy = float(np.mean([o[9999:].max() > 0.7 for o in outputs]))
        return {'accuracy': accuracy, 'n_trials': n_trials}


SpikingTaskFactory.register_task('my_custom', MyCustomSpikingTask)


class MyCustomTask(AbstractTask):
    def validate_settings(self):
        pass

    def generate_stimulus(self, trial_type=None, seed=False):
        go = np.random.rand() < 0.5
        stimulus = np.zeros((1, self.settings['T']))
        stimulus[0, 50:75] = go
        return stimulus, 'go' if go else 'nogo'

    def generate_target(self, label, seed=False):
        target = np.zeros(self.settings['T'] - 1)
        target[75:] = label == 'go'
        return target


TASK = MyCustomTask({'T': 200})
"""


def test_a_task_of_ones_own_in_a_plugin(models, tmp_path, capsys):
    plugin = tmp_path / "my_tasks.py"
    plugin.write_text(PLUGIN)
    call = ["--task", "my_custom", "--model_dir", str(models), "--scaling_factor", "40"]
    eval_main([*call, "--n_trials", "5", "--plugin", str(plugin)])
    said = capsys.readouterr().out
    assert "accuracy: 1.000" in said or "accuracy: 0.800" in said
    assert (models / "plots" / "model.png").is_file()
    assert "my_custom" in SpikingTaskFactory.list_available_tasks()
    with pytest.raises(
        ValueError, match="is a task of your own: its class has no published scoring"
    ):
        lambda_grid_search(models / "model.mat", task_name="my_custom")
    with pytest.raises(ValueError, match=r"plugin: expected a Python file \(.py\): .*model.mat"):
        spiking.tasks.load_plugin(models / "model.mat")
    with pytest.raises(ValueError, match=r"plugin: no such file: .*nothing.py"):
        spiking.tasks.load_plugin(tmp_path / "nothing.py")


def test_the_documented_custom_class(tmp_path):
    class MyCustomSpikingTask(AbstractSpikingTask):
        def get_default_settings(self):
            return {"T": 200, "custom_param": 1.0}

        def get_sample_trial_types(self):
            return ["type_a", "type_b"]

        def generate_stimulus(self, trial_type=None):
            return np.zeros((1, 201)), "a"

        def evaluate_performance(self, spiking_rnn, n_trials=100):
            return {"accuracy": 0.85, "n_trials": n_trials}

    SpikingTaskFactory.register_task("my_own", MyCustomSpikingTask)
    task = SpikingTaskFactory.create_task("my_own", {"custom_param": 2.0})
    assert task.create_plots_directory(tmp_path / "new") == str(tmp_path / "new" / "plots")
    assert (tmp_path / "new" / "plots").is_dir()
    assert task.settings == {"T": 200, "custom_param": 2.0}
    assert task.evaluate_performance(None, n_trials=7) == {"accuracy": 0.85, "n_trials": 7}
    with pytest.raises(
        ValueError, match="register_task: 'Go-NoGo' is built in; choose another name"
    ):
        SpikingTaskFactory.register_task("Go-NoGo", MyCustomSpikingTask)
    with pytest.raises(ValueError, match="expected a subclass of AbstractSpikingTask"):
        SpikingTaskFactory.register_task("no", dict)


def test_a_subclass_of_a_built_in_task(models):
    class Counted(GoNogoSpikingTask):
        def evaluate_performance(self, spiking_rnn, n_trials=100):
            return super().evaluate_performance(spiking_rnn, n_trials) | {
                "peak": np.float32(0.5),
                "spikes": np.int64(7),
            }

    SpikingTaskFactory.register_task("counted", Counted)
    found = [
        evaluate_task("counted", models, n_trials=20, scaling_factor=FACTOR, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert (found[0]["peak"], found[0]["spikes"]) == (0.5, 7)
    assert (
        found[0]["output_correlation"]
        == found[1]["output_correlation"]
        != found[2]["output_correlation"]
    )
    assert "peak: 0.500\nspikes: 7" in spiking.evaluation.in_words(found[0])


@pytest.mark.parametrize(
    ("name", "kind", "types", "shape"),
    [
        ("go_nogo", GoNogoSpikingTask, ["go", "nogo"], (1, 201)),
        ("xor", XORSpikingTask, ["++", "+-", "-+", "--"], (2, 301)),
        ("mante", ManteSpikingTask, ["motion", "color"], (4, 501)),
    ],
)
def test_built_in_tasks(name, kind, types, shape):
    task = SpikingTaskFactory.create_task(name)
    assert type(task) is kind
    assert task.get_sample_trial_types() == types
    for trial_type in [None, *types]:
        stimulus, label = task.generate_stimulus(trial_type)
        assert stimulus.shape == shape
        assert spiking.validate_stimulus(stimulus, name)
        assert label in {"go_nogo": (0, 1), "xor": ("same", "diff"), "mante": (-1, 1)}[name]
    assert task.task is not None
    assert task.task.n_steps == shape[1] - 1
    with pytest.raises(ValueError, match=r"stim_on|stim_dur"):
        kind({"stim_on": 10_000})


# Small things -------------------------------------------------------------------------------------


def test_spikes_as_numbers():
    spk = np.zeros((4, 20_000), np.int8)
    spk[1, [0, 99, 19_999]] = 1
    spk[3, 9] = 1
    found = spiking.format_spike_data(spk, dt=0.00005)
    assert found["total_spikes"] == 4
    assert found["active_neurons"].tolist() == [1, 3]
    assert f"{np.mean(found['firing_rates']):.2f} Hz" == "1.00 Hz"
    np.testing.assert_allclose(found["spike_times"], [5e-5, 0.005, 1.0, 5e-4])
    assert found["spike_neurons"].tolist() == [1, 1, 1, 3]
    with pytest.raises(
        ValueError, match=r"spikes: expected shape \(n_units, n_steps\), got \(5,\)"
    ):
        spiking.format_spike_data(np.zeros(5), 1)
    with pytest.raises(ValueError, match="dt: expected a step > 0"):
        spiking.format_spike_data(spk, 0)


def test_loading_says_what_is_missing(tmp_path):
    data = spiking.load_rate_model(str(PUBLISHED_MODEL))
    assert not [k for k in ["w", "w_in", "w_out", "N", "inh", "exc", "taus"] if k not in data]
    scipy.io.savemat(tmp_path / "half.mat", {"w": np.eye(2)})
    with pytest.warns(UserWarning, match=r"missing keys w_in, w_out, N, m, inh, exc, taus"):
        assert "w" in spiking.load_rate_model(tmp_path / "half.mat")
    with pytest.raises(ValueError, match=r"pass the .mat file"):
        spiking.load_rate_model("model.pth")


def test_checks():
    assert spiking.validate_stimulus(np.zeros((1, 201)))
    assert spiking.validate_stimulus(np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"got \(1, 1\)"):  # a column has no duration
        spiking.validate_stimulus(np.zeros((1, 1)))
    with pytest.raises(ValueError, match="stimulus: expected finite numbers"):
        spiking.validate_stimulus(np.full((1, 201), np.nan))
    message = r"stimulus: expected an array \(2, columns of 5 ms\) for the task xor, got \(1, 201\)"
    with pytest.raises(ValueError, match=message):
        spiking.validate_stimulus(np.zeros((1, 201)), "xor")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for factor in (1.0, 50.0, 1000.0):
            assert spiking.validate_scaling_factor(factor)
    with pytest.warns(UserWarning, match="scaling_factor: 5000 lies outside 1 to 1000"):
        assert spiking.validate_scaling_factor(5000)
    with pytest.raises(ValueError, match="scaling_factor: expected a number > 0, got '50'"):
        spiking.validate_scaling_factor("50")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_single_number_that_is_none_spoils_a_stimulus(bad):
    for place in ((0, 0), (1, 150), (-1, -1)):
        stimulus = np.zeros((2, 301))
        stimulus[place] = bad
        with pytest.raises(ValueError, match="stimulus: expected finite numbers, got NaN or inf"):
            spiking.validate_stimulus(stimulus, "xor")


def test_whether_there_is_a_gpu():
    torch_or_skip()
    there, name = spiking.check_gpu_availability()
    assert there or name == "CPU"


def test_masks():
    inh, exc, m, som_m = spiking.create_connectivity_masks(200, 0.2, som_N=5, seed=1)
    assert 20 < inh.sum() < 60
    assert np.array_equal(exc, ~inh)
    assert np.array_equal(np.diag(m), np.where(inh, -1, 1))
    assert (som_m == 0).sum() == 5 * inh.sum()
    assert np.array_equal(np.flatnonzero((som_m == 0).any(axis=1)), np.flatnonzero(inh)[:5])
    assert not spiking.create_connectivity_masks(50, apply_dale=False)[0].any()


def test_configuration():
    config = spiking.create_default_spiking_config(N=24, scaling_factor=30.0)
    assert (config.N, config.dt, config.scaling_factor, config.vpeak, config.tm) == (
        24,
        5e-5,
        30.0,
        -40.0,
        0.01,
    )
    lif = {"dt": 1e-4, "tref": 0.002, "tm": 0.01, "vreset": -65, "vpeak": -40, "tr": 0.002}
    assert spiking.generate_lif_params(downsample=2) == pytest.approx(lif)
    slow = SpikingRNN(
        PUBLISHED_MODEL, config=SpikingConfig(N=200, tref=0.05, scaling_factor=FACTOR)
    )
    usual = SpikingRNN(PUBLISHED_MODEL, FACTOR)
    counts = [network.simulate(go_stimulus(), seed=1)[0].sum() for network in (slow, usual)]
    assert counts[0] < counts[1]
    for settings, message in (
        ({"N": 0}, "N: expected a whole number of units >= 1"),
        ({"tm": 0}, r"tm \(here in ms or mV\): expected a duration > 0 ms, got 0.0"),
        ({"tref": -0.001}, r"tref \(here in ms or mV\): expected .*, got -1.0"),
        ({"tr": -0.001}, r"tr \(here in ms or mV\): expected .*, got -1.0"),
        (
            {"dt": 0.001},
            "dt: expected 5e-05 s, got 0.001; a larger step is asked for with downsample",
        ),
        ({"downsample": 3}, "downsample: expected a divisor of 100, got 3"),
        ({"scaling_factor": -1}, "scaling_factor: expected a number > 0, got -1"),
        ({"device": "foo"}, "device: expected one of"),
        ({"tau": 1}, "tau: no such setting; there are N, dt"),
    ):
        with pytest.raises(ValueError, match=message):
            spiking.create_default_spiking_config(**settings)
    with pytest.raises(ValueError, match=r"config.N: expected the 200 units of the model, got 24"):
        SpikingRNN(PUBLISHED_MODEL, config=config)


def test_from_training_to_evaluation_by_these_names_only(tmp_path):
    torch_or_skip()
    from rate.main import main as train_main

    options = {
        "n_trials": 6000,
        "mode": "train",
        "N": 80,
        "P_inh": 0.25,
        "som_N": 0,
        "apply_dale": True,
        "gain": 1.5,
        "task": "go-nogo",
    }
    options |= {"act": "sigmoid", "loss_fn": "l2", "output_dir": tmp_path, "seed": 1}
    arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    train_main([*arguments, "--decay_taus", "4", "10"])
    folder = tmp_path / "models" / "go-nogo"
    (model,) = folder.glob("*.mat")
    assert model.name.startswith("Task_go-nogo_N_80_Taus_4_10_Act_sigmoid_")
    found = lambda_grid_search(model_dir=folder, task_name="go-nogo", n_trials=50, seed=1)[
        model.name
    ]
    assert found.accuracies.tolist() == [
        workflow_accuracy(model, f, 50, 1) for f in found.scaling_factors
    ]
    performance = evaluate_task(task_name="go_nogo", model_dir=folder, n_trials=100, seed=1)
    assert performance["scaling_factor"] == found.scaling_factor
    p = found.held_out_accuracy
    assert abs(performance["overall_accuracy"] - p) < 4 * np.sqrt(
        max(p * (1 - p), 0.01) * (1 / 50 + 1 / 100)
    )
    assert matfile.load(model).config.tau_decay_ms == (20, 50)
