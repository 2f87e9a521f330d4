"""Every import path, and every argument by its place and its name, of all published versions."""

import argparse
import importlib
import inspect
import subprocess
import sys

import numpy as np
import pytest
from shared import PUBLISHED_MODEL, torch_or_skip

import rate
import spiking
from rate2spike import matfile
from spiking.arguments import also_called, factor_of
from spiking.eval_tasks import evaluate_single_trial, load_model_and_scaling_factor

# module -> names that a published version has there
NAMES = {
    "rate": """AbstractLossFunction AbstractRateRNN AbstractTargetGenerator AbstractTask
        AbstractTaskGenerator FR_RNN_dale GoNogoTask ManteTask RNNConfig RateRNNFactory TaskFactory
        XORTask create_default_config eval_rnn generate_input_stim_go_nogo generate_input_stim_mante
        generate_input_stim_xor generate_target_continuous_go_nogo generate_target_continuous_mante
        generate_target_continuous_xor loss_op restricted_float set_gpu str2bool validate_config""",
    "rate.abstract": """AbstractLossFunction AbstractRateRNN AbstractTargetGenerator
        AbstractTaskGenerator RNNConfig RateRNNFactory create_default_config validate_config""",
    "rate.eg_optimizer": "ExponentiatedGradient",
    "rate.model": """FR_RNN_dale eval_rnn generate_input_stim_go_nogo generate_input_stim_mante
        generate_input_stim_xor generate_target_continuous_go_nogo generate_target_continuous_mante
        generate_target_continuous_xor loss_op""",
    "rate.tasks": "AbstractTask GoNogoTask ManteTask TaskFactory XORTask",
    "rate.utils": "restricted_float set_gpu str2bool",
    "spiking": """AbstractSpikingConverter AbstractSpikingEvaluator AbstractSpikingRNN
        AbstractSpikingTask GoNogoSpikingTask LIF_network_fnc ManteSpikingTask SpikingConfig
        SpikingRNNFactory SpikingTaskFactory XORSpikingTask check_gpu_availability
        create_connectivity_masks create_default_spiking_config eval_go_nogo eval_xor evaluate_task
        format_spike_data generate_lif_params lambda_grid_search load_rate_model set_random_seed
        validate_scaling_factor validate_stimulus""",
    "spiking.LIF_network_fnc": "LIF_network_fnc",
    "spiking.abstract": """AbstractSpikingConverter AbstractSpikingEvaluator AbstractSpikingRNN
        SpikingConfig SpikingRNNFactory create_default_spiking_config validate_spiking_config""",
    "spiking.eval_go_nogo": "eval_go_nogo",
    "spiking.eval_tasks": """GoNogoSpikingEvaluator LIFNetworkAdapter ManteSpikingEvaluator
        SpikingEvaluatorFactory XORSpikingEvaluator evaluate_single_trial evaluate_task
        load_model_and_scaling_factor main""",
    "spiking.eval_xor": "eval_xor",
    "spiking.lambda_grid_search": "evaluate_single_trial lambda_grid_search parse_range",
    "spiking.tasks": """AbstractSpikingTask GoNogoSpikingTask ManteSpikingTask SpikingTaskFactory
        XORSpikingTask""",
    "spiking.utils": """check_gpu_availability create_connectivity_masks format_spike_data
        generate_lif_params load_rate_model set_random_seed validate_scaling_factor
        validate_stimulus""",
    "spikeRNN": """FR_RNN_dale GoNogoTask LIF_network_fnc ManteTask TaskFactory XORTask
        check_packages create_default_spiking_config create_rate_config eval_go_nogo
        lambda_grid_search rate set_gpu spiking""",
    "spikeRNN.rate": "FR_RNN_dale create_default_config",
    "spikeRNN.rate.tasks": "TaskFactory",
    "spikeRNN.spiking": "LIF_network_fnc lambda_grid_search",
    "spikeRNN.spiking.utils": "format_spike_data",
}


# what needs torch: modules, and names of other modules
OF_TORCH = {"rate.eg_optimizer", "rate.model"}
OF_TORCH |= {"AbstractRateRNN", "ExponentiatedGradient", "FR_RNN_dale", "eval_rnn", "loss_op"}
IMPORTS = [(module, name) for module, names in NAMES.items() for name in names.split()]


@pytest.mark.parametrize(("module", "name"), IMPORTS)
def test_every_published_import(module, name):
    if {module, name} & OF_TORCH:
        torch_or_skip()
    assert getattr(importlib.import_module(module), name) is not None


def test_modules_called_like_their_function_are_that_function():
    """Whichever the name is bound to, in whatever order a script imports."""
    script = """
import importlib, inspect, spiking
from spiking import LIF_network_fnc, eval_go_nogo, eval_xor, lambda_grid_search
for name in ("LIF_network_fnc", "eval_go_nogo", "eval_xor", "lambda_grid_search"):
    module = importlib.import_module(f"spiking.{name}")
    assert callable(module) and callable(getattr(spiking, name)), name
    assert callable(getattr(module, name)), name
    assert inspect.signature(module) == inspect.signature(getattr(module, name))
    try:
        module(unknown=1)
    except TypeError as error:
        assert "unknown" in str(error), error
assert eval_xor.eval_xor is not None  # as documented
from spiking.LIF_network_fnc import LIF_network_fnc as again
assert again is LIF_network_fnc
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_umbrella_s_packages_are_the_packages():
    tasks = importlib.import_module("spikeRNN.rate.tasks")
    assert tasks is rate.tasks  # one list of registered tasks
    umbrella = importlib.import_module("spikeRNN")
    assert (umbrella.rate, umbrella.spiking) == (rate, spiking)
    assert (rate.__spec__.name, tasks.__spec__.name) == ("rate", "rate.tasks")
    assert umbrella.check_packages() is True
    assert not hasattr(tasks, "__path__")  # a module, no package
    for module in ("spikeRNN.rate.nothing", "spikeRNN.rate2spike", "spikeRNN.spiking2"):
        with pytest.raises(ImportError, match=f"No module named '{module}'"):
            importlib.import_module(module)


def test_a_bare_import_is_enough_for_every_module_of_names():
    script = "import rate, spiking; rate.tasks, rate.model, spiking.evaluators, spiking.plots"
    if not torch_is_there():
        script = script.replace("rate.model, ", "")
    subprocess.run([sys.executable, "-c", script], check=True)


def torch_is_there():
    return importlib.util.find_spec("torch") is not None


@pytest.mark.parametrize("module", ["rate", "rate.abstract", "spiking", "spiking.eval_tasks"])
def test_a_name_that_is_not_there_is_told_of_its_module(module):
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nothing'"):
        _ = importlib.import_module(module).nothing


# Arguments ----------------------------------------------------------------------------------------

# function -> the arguments of each published version in their order; those after a star are
# documented by name alone
PUBLISHED = {
    "spiking:LIF_network_fnc": [
        "model_path scaling_factor u stims downsample use_initial_weights",
        "model_or_path scaling_factor u stims downsample use_initial_weights lesion_percentage "
        "lesion_scale lesion_by_type exclude_self_connections seed",
    ],
    "spiking:lambda_grid_search": [
        "model_dir task_name n_trials scaling_factors",
        "model_path task_name n_trials scaling_factors task_settings",
        "* model_path scaling_range n_trials_per_factor task_type parallel",
    ],
    "spiking:evaluate_task": [
        "task_name model_dir optimal_scaling_factor task_settings save_plots",
        "task_name model_path optimal_scaling_factor task_settings n_trials all_trial_types",
        "* task_name model_dir n_trials save_plots",
    ],
    "spiking:eval_go_nogo": [
        "model_path",
        "model_dir optimal_scaling_factor",
        "model_path scaling_factor n_trials plot_results",
    ],
    "spiking.eval_xor:eval_xor": ["model_dir optimal_scaling_factor settings"],
    "spiking.eval_tasks:evaluate_single_trial": [
        "task_name model_path scaling_factor settings model_data"
    ],
    "spiking.eval_tasks:load_model_and_scaling_factor": ["model_path optimal_scaling_factor"],
    "spiking.eval_tasks:LIFNetworkAdapter": ["model_path scaling_factor"],
    "spiking.eval_tasks:GoNogoSpikingEvaluator": ["settings"],
    "spiking.eval_tasks:GoNogoSpikingEvaluator.evaluate_single_trial": [
        "self model_path scaling_factor model_data"
    ],
    "spiking.eval_tasks:SpikingEvaluatorFactory.create_evaluator": ["task_name settings"],
    "spiking.lambda_grid_search:parse_range": ["range_str"],
    "spiking.utils:load_rate_model": ["model_path"],
    "spiking.utils:create_connectivity_masks": ["N P_inh som_N apply_dale seed"],
    "spiking.utils:generate_lif_params": ["dt downsample"],
    "spiking.utils:validate_stimulus": ["u task_type"],
    "spiking.utils:set_random_seed": ["seed"],
    "spiking.utils:format_spike_data": ["spikes dt"],
    "spiking.utils:validate_scaling_factor": ["scaling_factor valid_range"],
    "spiking.abstract:SpikingConfig": [
        "N dt downsample scaling_factor tref tm vreset vpeak tr use_initial_weights device"
    ],
    "spiking.abstract:AbstractSpikingRNN": ["config"],
    "spiking.abstract:AbstractSpikingRNN.simulate": ["self stimulus stims"],
    "spiking.abstract:AbstractSpikingRNN.compute_firing_rates": ["self spikes"],
    "spiking.abstract:SpikingRNNFactory.register": ["name spiking_rnn_class"],
    "spiking.abstract:SpikingRNNFactory.create": ["name config"],
    "spiking.abstract:validate_spiking_config": ["config"],
    "spiking.tasks:AbstractSpikingTask": ["settings"],
    "spiking.tasks:AbstractSpikingTask.generate_stimulus": ["self trial_type"],
    "spiking.tasks:AbstractSpikingTask.evaluate_performance": ["self spiking_rnn n_trials"],
    "spiking.tasks:AbstractSpikingTask.create_plots_directory": ["self base_dir"],
    "spiking.tasks:GoNogoSpikingTask.evaluate_trial": ["self spiking_rnn stimulus label"],
    "spiking.tasks:SpikingTaskFactory.create_task": ["task_name settings"],
    "spiking.tasks:SpikingTaskFactory.register_task": ["task_name task_class"],
    "rate:FR_RNN_dale": ["N P_inh P_rec w_in som_N w_dist gain apply_dale w_out device"],
    "rate:FR_RNN_dale.forward": ["self stim taus training_params settings"],
    "rate:FR_RNN_dale.load_net": ["self model_dir"],
    "rate:FR_RNN_dale.lesion_w": ["self lesion_percentage lesion_scale"],
    "rate:FR_RNN_dale.lesion_w_by_type": ["self lesion_percentage lesion_scale"],
    "rate:FR_RNN_dale.project_weights": ["self training_params"],
    "rate:loss_op": ["o z training_params"],
    "rate:eval_rnn": ["net settings u device training_params"],
    "rate:set_gpu": ["gpu frac"],
    "rate:restricted_float": ["x"],
    "rate:str2bool": ["v"],
    "rate:RNNConfig": ["N P_inh P_rec som_N gain apply_dale w_dist device"],
    "rate:AbstractRateRNN": ["config"],
    "rate:validate_config": ["config"],
    "rate:RateRNNFactory.register": ["name rnn_class"],
    "rate:RateRNNFactory.create": ["name config"],
    "rate:generate_input_stim_go_nogo": ["settings seed"],
    "rate:generate_input_stim_xor": ["settings"],
    "rate:generate_input_stim_mante": ["settings"],
    "rate:generate_target_continuous_go_nogo": ["settings label seed"],
    "rate:generate_target_continuous_xor": ["settings label"],
    "rate:generate_target_continuous_mante": ["settings label"],
    "rate.tasks:AbstractTask": ["settings"],
    "rate.tasks:AbstractTask.generate_stimulus": ["self trial_type seed"],
    "rate.tasks:AbstractTask.generate_target": ["self label seed"],
    "rate.tasks:AbstractTask.simulate_trial": ["self trial_type seed"],
    "rate.tasks:GoNogoTask.generate_stimulus": ["self trial_type seed"],
    "rate.tasks:GoNogoTask.generate_target": ["self label seed"],
    "rate.tasks:TaskFactory.create_task": ["task_name settings"],
    "rate.tasks:TaskFactory.register_task": ["task_name task_class"],
    "rate.eg_optimizer:ExponentiatedGradient": ["params lr weight_decay eps max_norm norm_axis"],
}
# a file or a folder may stand in the place of either: see the test below
FILE_OR_FOLDER = {"model_dir", "model_path"}
CALLS = [(function, version) for function, versions in PUBLISHED.items() for version in versions]


@pytest.mark.parametrize(("function", "version"), CALLS)
def test_arguments_mean_what_they_mean_in_the_published_version(function, version):
    """By place and by name, or an argument by place is refused, never taken for another."""
    module, _, path = function.partition(":")
    if {module, *path.split(".")} & OF_TORCH:
        torch_or_skip()
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if inspect.ismodule(found):  # it is called like its function
        found = getattr(found, path)
    others = getattr(found, "others", {})
    parameters = list(inspect.signature(found).parameters.values())
    by_name = {p.name for p in parameters} | set(others)
    if parameters[-1].kind == inspect.Parameter.VAR_KEYWORD:  # they go on to
        by_name |= set(inspect.signature(spiking.evaluate_task).parameters)
    by_place = [p for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD]
    names = version.split()
    by_name_alone = names[0] == "*"
    for place, name in enumerate(names[1:] if by_name_alone else names):
        assert name in by_name
        if by_name_alone or place >= len(by_place):
            continue  # refused: see below
        placed, meant = by_place[place].name, others.get(name, name)
        assert placed == meant or {placed, meant} == FILE_OR_FOLDER


# what an argument is where it is left out; that of the published version
DEFAULTS = {
    "spiking:LIF_network_fnc": {
        "stims": {"mode": "none"},
        "downsample": 1,
        "use_initial_weights": False,
        "lesion_percentage": 0,
        "lesion_scale": 0,
        "lesion_by_type": False,
        "exclude_self_connections": True,
    },
    "spiking:lambda_grid_search": {"scaling_range": None, "scaling_factors": None},
    "spiking:evaluate_task": {"n_trials": 100, "save_plots": False},
    "spiking:eval_go_nogo": {"n_trials": 100, "save_plots": False},
    "spiking.utils:create_connectivity_masks": {"P_inh": 0.2, "som_N": 0, "apply_dale": True},
    "spiking.utils:generate_lif_params": {"dt": 5e-5, "downsample": 1},
    "spiking.utils:validate_stimulus": {"task_type": "go_nogo"},
    "spiking.utils:validate_scaling_factor": {"valid_range": (1, 1000)},
    "spiking.abstract:SpikingConfig": {
        "dt": 5e-5,
        "downsample": 1,
        "scaling_factor": 50,
        "tref": 0.002,
        "tm": 0.01,
        "vreset": -65,
        "vpeak": -40,
        "tr": 0.002,
        "use_initial_weights": False,
        "device": "cpu",
    },
    "spiking.tasks:AbstractSpikingTask.evaluate_performance": {"n_trials": 100},
    "spiking.tasks:GoNogoSpikingTask.evaluate_performance": {"n_trials": 100},
    "rate:FR_RNN_dale": {
        "som_N": 0,
        "w_dist": "gaus",
        "gain": 1.5,
        "apply_dale": True,
        "w_out": None,
        "device": "cpu",
    },
    "rate:FR_RNN_dale.lesion_w": {"lesion_scale": 0},
    "rate:FR_RNN_dale.lesion_w_by_type": {"lesion_scale": 0},
    "rate:set_gpu": {"gpu": "0", "frac": 0.4},
    "rate:RNNConfig": {
        "som_N": 0,
        "gain": 1.5,
        "apply_dale": True,
        "w_dist": "gaus",
        "device": "cpu",
    },
    "rate.tasks:GoNogoTask.generate_stimulus": {"trial_type": None, "seed": False},
    "rate.eg_optimizer:ExponentiatedGradient": {
        "lr": 0.01,
        "weight_decay": 0,
        "eps": 1e-12,
        "max_norm": None,
        "norm_axis": None,
    },
}


@pytest.mark.parametrize("function", DEFAULTS)
def test_what_is_left_out_is_as_in_the_published_version(function):
    module, _, path = function.partition(":")
    if {module, *path.split(".")} & OF_TORCH:
        torch_or_skip()
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if inspect.ismodule(found):
        found = getattr(found, path)
    parameters = inspect.signature(found).parameters
    assert {name: parameters[name].default for name in DEFAULTS[function]} == DEFAULTS[function]


# by the words of each command line, what is called with
OF_SEARCH = {
    "model_path": None,
    "model_dir": "models",
    "task_name": None,
    "n_trials": 100,
    "scaling_factors": [20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75],
    "task_settings": None,
    "seed": None,
}
OF_EVALUATION = {
    "model_path": None,
    "task_settings": None,
    "n_trials": 100,
    "save_plots": True,
    "scaling_factor": None,
    "seed": None,
}
TIMING = {"T": 300, "stim_on": 50, "stim_dur": 25, "DeltaT": 1}


def test_command_lines_hand_on_what_is_asked(monkeypatch):
    """And what is documented where nothing is."""
    taken = []
    monkeypatch.setattr(
        spiking.search, "lambda_grid_search", lambda *places, **names: taken.append((places, names))
    )
    found = {"models": {"a.mat": {"n_trials": 3}}}
    monkeypatch.setattr(
        spiking.evaluation,
        "evaluate_task",
        lambda *places, **names: taken.append((places, names)) or found,
    )
    search = importlib.import_module("spiking.lambda_grid_search").main
    search(["--model_dir", "models"])
    words = "--model_path a.mat --task_name go-nogo --n_trials 7 --scaling_factors 20,30 --seed 4"
    search([*words.split(), "--T", "300"])
    changes = {"model_path": "a.mat", "model_dir": None, "task_name": "go-nogo", "n_trials": 7}
    changes |= {"scaling_factors": [20, 30], "task_settings": TIMING, "seed": 4}
    assert taken == [((), OF_SEARCH), ((), OF_SEARCH | changes)]

    taken.clear()
    spiking.eval_tasks.main(["--task", "mante", "--model_dir", "models"])
    importlib.import_module("spiking.eval_go_nogo").main(["--model_dir", "models"])
    importlib.import_module("spiking.eval_xor").main(["--model_dir", "models"])
    words = "--model_path a.mat --n_trials 7 --optimal_scaling_factor 30 --no_plots --seed 4"
    importlib.import_module("spiking.eval_go_nogo").main([*words.split(), "--T", "300"])
    changes = {"model_path": "a.mat", "n_trials": 7, "scaling_factor": 30.0, "save_plots": False}
    changes |= {"task_settings": TIMING, "seed": 4}
    assert taken == [
        *(((task, "models"), OF_EVALUATION) for task in ("mante", "go_nogo", "xor")),
        (("go_nogo", None), OF_EVALUATION | changes),
    ]


def test_timing_needs_to_know_of_which_task(monkeypatch, capsys):
    monkeypatch.setattr(spiking.search, "lambda_grid_search", lambda **_: pytest.fail("searched"))
    with pytest.raises(SystemExit):
        importlib.import_module("spiking.lambda_grid_search").main(
            ["--model_dir", "models", "--stim_on", "20"]
        )
    assert "--stim_on needs --task_name, too" in capsys.readouterr().err


@pytest.mark.parametrize(
    "call",
    [
        lambda path: spiking.lambda_grid_search(path, "go-nogo", 1, [20]),
        lambda path: spiking.evaluate_task("go_nogo", path),
        spiking.eval_go_nogo,
        spiking.eval_xor,
    ],
)
def test_a_file_or_a_folder_stands_in_the_same_place(call, tmp_path):
    with pytest.raises(matfile.MissingFileError, match=f"no .mat file in {tmp_path}"):
        call(tmp_path)
    with pytest.raises(matfile.MissingFileError, match=f"{tmp_path}/a.mat: no such file"):
        call(tmp_path / "a.mat")


def test_evaluations_of_one_task_take_the_published_names(monkeypatch):
    """By place and by name, whatever they hand on."""
    taken = []

    def evaluate(task, *places, **names):
        names |= dict(zip(["model_dir"], places, strict=False))
        taken.append((task, {name: value for name, value in names.items() if value is not None}))

    monkeypatch.setattr(spiking.evaluation, "evaluate_task", evaluate)
    timing = {"T": 200}
    spiking.eval_go_nogo("a.mat", 45, 7, True, model_dir=None, settings=timing, seed=1)
    spiking.eval_xor("a", 45, timing, n_trials=7, plot_results=True, seed=1)
    for task, name, value in (("go_nogo", "model_path", "a.mat"), ("xor", "model_dir", "a")):
        expected = {"scaling_factor": 45, "n_trials": 7, "save_plots": True, "seed": 1}
        expected |= {"task_settings": timing, name: value}
        assert (task, expected) in taken


@pytest.mark.parametrize("value", [True, False, 100, [("T", 200)]])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (
            lambda v: spiking.lambda_grid_search(PUBLISHED_MODEL, None, 2, [30.0], v),
            "task_settings",
        ),
        (lambda v: spiking.eval_xor(PUBLISHED_MODEL, 30, v), "task_settings"),
        (lambda v: spiking.evaluate_task("xor", ".", task_settings=v), "task_settings"),
        (lambda v: evaluate_single_trial("xor", PUBLISHED_MODEL, 30, v), "settings"),
        (spiking.XORSpikingTask, "settings"),
    ],
)
def test_what_is_no_settings_is_refused_by_name(call, name, value):
    with pytest.raises(ValueError, match=rf"^{name}: expected a mapping .*, got ") as error:
        call(value)
    assert str(error.value).endswith(f"got {value!r}")


def test_published_keywords_work():
    assert spiking.lambda_grid_search.parse_range(range_str="20,30") == [20, 30]
    spiking.SpikingRNNFactory.register(name="by_name", spiking_rnn_class=dict)
    rate.RateRNNFactory.register(name="by_name", rnn_class=dict)
    assert rate.RateRNNFactory._registry.pop("by_name") is dict
    assert spiking.SpikingRNNFactory._registry.pop("by_name") is dict


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (spiking.evaluate_task, ("go_nogo", "models", 45)),
        (spiking.evaluate_task, ("go_nogo", "models", 45.0, None, True)),
        (spiking.lambda_grid_search, ("a.mat", (20, 80), 50, "go-nogo", True)),
        (spiking.lambda_grid_search, (("a.mat",), "go-nogo", 4, [20, 30])),
        (spiking.eval_go_nogo, ("a.mat", 45, {"T": 200})),
    ],
)
def test_what_stands_in_the_place_of_another_is_refused(function, arguments):
    with pytest.raises((TypeError, ValueError)) as error:
        function(*arguments)
    said = str(error.value)
    assert "optimal_scaling_factor=, n_trials=" in said or "expected a" in said, said


def test_other_names_of_an_argument():
    @also_called(other="name")
    def function(name=None):
        return name

    assert function(1) == function(name=1) == function(other=1) == 1
    assert function(name=1, other=None) == function(name=None, other=1) == 1
    with pytest.raises(ValueError, match="function: expected name or other, got both"):
        function(name=1, other=1)
    with pytest.raises(TypeError, match="multiple values"):
        function(1, other=2)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (40, 40.0),
        (np.float32(2.5), 2.5),
        (np.array([[40.0]]), 40.0),  # as scipy reads it from a file
        (spiking.GridSearch(40.0), 40.0),
        (spiking.GridSearches(a=spiking.GridSearch(40.0)), 40.0),
    ],
)
def test_what_is_a_factor(value, number):
    assert type(factor_of(value)) is float
    assert factor_of(value) == number
    assert spiking.validate_scaling_factor(value)


def test_a_tensor_of_one_number_is_a_factor():
    test_what_is_a_factor(torch_or_skip().tensor(40.0), 40.0)


@pytest.mark.parametrize("value", ["40", True, np.nan, -1, np.array([1.0, 2.0]), [40]])
def test_what_is_no_factor(value):
    told = "expected a number > 0, got"
    with pytest.raises(ValueError, match=f"scaling_factor: {told}"):
        spiking.validate_scaling_factor(value)
    with pytest.raises(ValueError, match=f"scaling_factor: {told}"):
        load_model_and_scaling_factor(PUBLISHED_MODEL, value)
    with pytest.raises(ValueError, match="scaling_factors: expected a list of different numbers"):
        spiking.lambda_grid_search(PUBLISHED_MODEL, "go-nogo", 1, [value])


def test_a_range_is_of_numbers():
    for limits in (("20", "30"), (True, False), (20,)):
        with pytest.raises(ValueError, match=r"scaling_range: expected \(start, end\), got"):
            spiking.lambda_grid_search(PUBLISHED_MODEL, scaling_range=limits)


# What was not there before ------------------------------------------------------------------------


def test_types_of_options():
    assert all(rate.str2bool(v) for v in ("Yes", "true", "T", "y", "1", True))
    assert not any(rate.str2bool(v) for v in ("no", "False", "f", "N", "0", False))
    assert [rate.restricted_float(v) for v in ("0.3", "0", 1)] == [0.3, 0, 1]
    for convert, text in ((rate.str2bool, "maybe"), (rate.restricted_float, "1.5")):
        with pytest.raises(argparse.ArgumentTypeError, match=f"got '{text}'"):
            convert(text)
    with pytest.raises(argparse.ArgumentTypeError, match="from 0 to 1, got 'many'"):
        rate.restricted_float("many")


def test_stimuli_and_targets_as_functions():
    settings = {"T": 300, "stim_on": 50, "stim_dur": 50, "delay": 10, "DeltaT": 1, "taus": [10]}
    u, label = rate.generate_input_stim_xor(settings, seed=True)
    assert np.array_equal(u, rate.XORTask(settings).generate_stimulus(seed=True)[0])
    target = rate.generate_target_continuous_xor(settings, label)
    assert target.shape == (300,)
    assert set(target[170:270]) == {1.0 if label == "same" else -1.0}
    assert not target[:170].any()
    assert rate.generate_target_continuous_mante(settings, -1).shape == (300,)
    assert rate.generate_target_continuous_go_nogo(settings, 1).shape == (299,)
    assert rate.generate_input_stim_mante(settings)[0].shape == (4, 300)
    u, label = rate.generate_input_stim_go_nogo(settings)
    assert u.any() == bool(label)


def test_another_threshold_is_refused():
    """It would be left out of account, and the score called one at that threshold."""
    settings = {"T": 200, "stim_on": 50, "stim_dur": 25}
    for create in (rate.TaskFactory.create_task, spiking.SpikingTaskFactory.create_task):
        create("go_nogo", settings | {"eval_amp_thresh": 0.7})
        with pytest.raises(ValueError, match=r"settings\['eval_amp_thresh'\]: expected 0.7"):
            create("go_nogo", settings | {"eval_amp_thresh": 0.3})
        with pytest.raises(ValueError, match=r"settings\['eval_end'\]: expected no such"):
            create("go_nogo", settings | {"eval_end": 100})


def test_factories_of_ones_own_networks():
    class Own(spiking.AbstractSpikingRNN):
        def simulate(self, stimulus, stims):
            return ()

    config = spiking.SpikingConfig(N=3)
    spiking.SpikingRNNFactory.register("own", Own)
    assert spiking.SpikingRNNFactory.create("own", config).N == 3
    assert spiking.SpikingRNNFactory.list_available() == ["own"]
    assert rate.RateRNNFactory.list_available() == []  # a list of its own
    with pytest.raises(ValueError, match="RateRNNFactory: expected one of none registered yet"):
        rate.RateRNNFactory.create("own", config)
    with pytest.raises(ValueError, match="expected a class, got 'Own'"):
        rate.RateRNNFactory.register("own", "Own")


def test_settings_that_were_changed_are_checked_again():
    config = spiking.SpikingConfig(N=3)
    config.downsample = 3
    with pytest.raises(ValueError, match="downsample: expected a divisor of 100"):
        spiking.abstract.validate_spiking_config(config)
    network = rate.create_default_config()
    rate.validate_config(network)
    network.P_rec = 2
    with pytest.raises(ValueError, match="P_rec"):
        rate.validate_config(network)


def test_the_exponentiated_gradient():
    torch = torch_or_skip()
    from rate.eg_optimizer import ExponentiatedGradient

    w = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
    optimizer = ExponentiatedGradient([w], lr=0.1, weight_decay=0.5, eps=1.2)
    (w * torch.tensor([1.0, -1.0, 0.0])).sum().backward()
    optimizer.step()
    expected = [1.2, 2 * np.exp(-0.1 * (-1 + 1)), 3 * np.exp(-0.1 * 1.5)]
    assert w.tolist() == pytest.approx(expected)
    optimizer.param_groups[0] |= {"max_norm": 1.0, "lr": 0.0}
    optimizer.step()
    assert w.norm().item() == pytest.approx(1)
    # the norm of a row is made smaller where it is larger, never larger
    rows = torch.nn.Parameter(torch.tensor([[3.0, 4.0], [0.3, 0.4]]))
    optimizer = ExponentiatedGradient([rows], lr=0.0, max_norm=1.0, norm_axis=1)
    rows.sum().backward()
    optimizer.step()
    assert rows.flatten().tolist() == pytest.approx([0.6, 0.8, 0.3, 0.4])


def test_the_base_class_of_ones_own_rate_network(capsys):
    torch = torch_or_skip()

    class Own(rate.AbstractRateRNN):
        def forward(self, stim, taus, training_params, settings):
            return ()

        assign_exc_inh = initialize_W = load_net = forward

    net = Own(rate.create_default_config(N=7, device="meta"))
    assert (net.N, net.device, net.config.N) == (7, torch.device("meta"), 7)
    net.display()
    assert capsys.readouterr().out == "7 units on meta\n"


def test_seeds_of_scripts_seed_torch_too():
    torch = torch_or_skip()
    drawn = []
    for _ in range(2):
        spiking.set_random_seed(6)
        drawn.append((torch.rand(1).item(), np.random.rand()))  # noqa: NPY002
    assert drawn[0] == drawn[1]


def test_the_umbrella_calls_the_settings_of_rate_networks_by_a_name_of_its_own():
    umbrella = importlib.import_module("spikeRNN")
    assert umbrella.create_rate_config is rate.create_default_config
    assert umbrella.create_default_spiking_config is spiking.create_default_spiking_config
