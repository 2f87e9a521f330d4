"""The package `rate`: every call its users know from the published documentation, and the library's
numbers underneath."""

# ruff: noqa: NPY002 -- the global generator of numpy is what these users' scripts seed and draw
# from

import datetime
import re
import shlex
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import scipy.io

pytest.importorskip("torch", reason="torch is not installed: needs the extra torch")
import torch

import rate.main
import rate.tasks
from rate import FR_RNN_dale, TaskFactory, create_default_config, eval_rnn, loss_op, set_gpu
from rate.config import decays_ms
from rate.main import main
from rate.tasks import AbstractTask, GoNogoTask, ManteTask, XORTask
from rate.utils import new_seed, seeded
from rate2spike import matfile, provenance, streams
from rate2spike import rate as library
from rate2spike.config import ConfigError, RateConfig, TrainingConfig
from rate2spike.rate import side_by_side, train
from rate2spike.rate.kernels.pick import rate_kernels
from rate2spike.rate.model import UnitGains
from rate2spike.study.archive import data_sha256
from rate2spike.tasks import BUILT_IN, Response, draw_trials, find_task

SETTINGS = {"T": 200, "stim_on": 50, "stim_dur": 25, "DeltaT": 1}  # of the documentation
XOR_SETTINGS = {
    "T": 300,
    "stim_on": 50,
    "stim_dur": 50,
    "delay": 10,
    "DeltaT": 1,
    "taus": [10],
    "task": "xor",
}
MANTE_SETTINGS = {"T": 500, "stim_on": 50, "stim_dur": 200}


def row(n_steps, *pieces):
    """A line of zeros with value at steps start..stop - 1: (start, stop, value)."""
    line = np.zeros(n_steps)
    for start, stop, value in pieces:
        line[start:stop] = value
    return line


# Tasks --------------------------------------------------------------------------------------------


def test_the_documented_go_nogo_trial():
    task = TaskFactory.create_task("go_nogo", SETTINGS)
    assert task.__class__.__name__ == "GoNogoTask"
    assert task.settings == SETTINGS
    np.random.seed(0)
    labels = []
    for _ in range(40):
        stimulus, target, label = task.simulate_trial()
        assert np.array_equal(stimulus, [row(200, (50, 75, label))])
        assert np.array_equal(target, row(199, (75, 199, label)))
        labels.append(label)
    assert set(labels) == {0, 1}


@pytest.mark.parametrize(("trial_type", "label"), [("go", 1), ("nogo", 0)])
def test_a_go_nogo_trial_of_a_given_type(trial_type, label):
    task = GoNogoTask(SETTINGS)
    for _ in range(5):
        stimulus, got = task.generate_stimulus(trial_type)
        assert got == label
        assert np.array_equal(stimulus, [row(200, (50, 75, label))])
    assert np.array_equal(task.generate_target(label), row(199, (75, 199, label)))


@pytest.mark.parametrize(
    ("trial_type", "first", "second", "label"),
    [("++", 1, 1, "same"), ("+-", 1, -1, "diff"), ("-+", -1, 1, "diff"), ("--", -1, -1, "same")],
)
def test_an_xor_trial_of_a_given_type(trial_type, first, second, label):
    stimulus, target, got = XORTask(XOR_SETTINGS).simulate_trial(trial_type)
    assert got == label
    assert np.array_equal(stimulus, [row(300, (50, 100, first)), row(300, (110, 160, second))])
    assert np.array_equal(target, row(299, (170, 270, first * second)))


@pytest.mark.parametrize(("trial_type", "channel"), [("motion", 0), ("color", 1)])
def test_a_mante_trial_of_a_given_context(trial_type, channel):
    task, labels = ManteTask(MANTE_SETTINGS), []
    for seed in range(12):
        stimulus, target, label = task.simulate_trial(trial_type, seed=seed)
        assert stimulus.shape == (4, 500)
        assert np.array_equal(stimulus[2:], np.eye(2)[[channel]].T * np.ones(500))
        # 200 draws of N(+-0.5, 1): the mean has a standard error of 0.07
        assert np.sign(stimulus[channel, 50:250].mean()) == label
        assert np.array_equal(target, row(499, (250, 499, label)))
        labels.append(label)
    assert set(labels) == {1, -1}


def test_a_task_has_the_timing_of_its_settings():
    task = XORTask(
        {"T": 210, "stim_on": 20, "stim_dur": 15, "delay": 30, "taus": [4, 20], "task": "xor"}
    )
    stimulus, target, _ = task.simulate_trial("-+")
    assert np.array_equal(stimulus, [row(210, (20, 35, -1)), row(210, (65, 80, 1))])
    assert np.array_equal(target, row(209, (90, 190, -1)))
    assert (task.task.n_steps, task.task.rate_window_onset) == (210, 120)


@pytest.mark.parametrize(
    ("name", "task"), [("go_nogo", "go-nogo"), ("xor", "xor"), ("mante", "integration")]
)
def test_the_default_settings_are_the_librarys_timing(name, task):
    made = rate.tasks.BUILT_IN[name]
    ours = made(made.default_settings()).task
    assert (ours.n_steps, ours.rate_window_onset, ours.stimulus_windows_ms) == (
        BUILT_IN[task].n_steps,
        BUILT_IN[task].rate_window_onset,
        BUILT_IN[task].stimulus_windows_ms,
    )


def test_seeds_of_a_trial():
    task = ManteTask(MANTE_SETTINGS)

    def stimulus(**seed):
        return task.generate_stimulus(**seed)[0]

    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    fixed = stimulus(seed=True)
    assert np.array_equal(stimulus(seed=True), fixed)
    assert np.array_equal(stimulus(seed=42), fixed)  # as published
    assert not np.array_equal(stimulus(seed=0), fixed)
    task.generate_target(1)
    assert np.array_equal(np.random.get_state()[1], before)
    first, second = stimulus(), stimulus()
    assert not np.array_equal(first, second)
    np.random.seed(5)
    assert np.array_equal(stimulus(), first)


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        (
            GoNogoTask,
            {"T": None},
            ["settings['T'] is missing", "a whole number of steps of 5 ms", "'T': 200"],
        ),
        (GoNogoTask, {"stim_on": None}, ["settings['stim_on'] is missing"]),
        (XORTask, {"delay": None}, ["settings['delay'] is missing", "'delay': 10"]),
        (
            GoNogoTask,
            {"T": 101},
            [
                "settings['T']: the trial is too short for T=101, stim_on=50, stim_dur=25",
                "more than 101",
            ],
        ),
        (GoNogoTask, {"T": 200.0}, ["settings['T']: expected a whole number", "got 200.0"]),
        (GoNogoTask, {"stim_on": -1}, ["settings['stim_on']: expected", ">= 0, got -1"]),
        (GoNogoTask, {"stim_dur": 0}, ["settings['stim_dur']: expected", ">= 1, got 0"]),
        (GoNogoTask, {"stim_dur": True}, ["settings['stim_dur']: expected", "got True"]),
        (GoNogoTask, {"DeltaT": 2}, ["settings['DeltaT']: expected 1", "got 2"]),
    ],
)
def test_settings_that_cannot_be_used(task, changes, message):
    settings = {**(XOR_SETTINGS if task is XORTask else SETTINGS), **changes}
    with pytest.raises(ValueError, match="settings") as error:
        task({key: value for key, value in settings.items() if value is not None})
    for part in message:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda task: task.generate_stimulus("Go"),
            "trial_type: expected one of go, nogo, or None, got 'Go'",
        ),
        (lambda task: task.generate_target("go"), "label: expected one of 1, 0, got 'go'"),
        (lambda task: task.simulate_trial(seed=-1), "seed: expected a whole number >= 0, got -1"),
        (lambda task: task.simulate_trial(seed="a"), "seed: expected a whole number >= 0, got 'a'"),
        (lambda task: GoNogoTask(None), "settings: expected a dict such as {'T': 200"),
        (
            lambda task: TaskFactory.create_task("gonogo", SETTINGS),
            "expected one of go_nogo, xor, mante",
        ),
        (
            lambda task: TaskFactory.create_task(None, SETTINGS),
            "expected a string such as 'go_nogo', got None",
        ),
        (
            lambda task: TaskFactory.register_task("mine", dict),
            "expected a subclass of rate.tasks.AbstractTask",
        ),
        (lambda task: TaskFactory.register_task("Go-NoGo", GoNogoTask), "'go_nogo' is built in"),
    ],
)
def test_what_a_task_is_asked_wrongly(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(GoNogoTask(SETTINGS))


@pytest.mark.parametrize("name", ["go_nogo", "go-nogo", "Go-NoGo", " GO NOGO "])
def test_the_factory_knows_a_task_by_several_spellings(name):
    assert type(TaskFactory.create_task(name, SETTINGS)) is GoNogoTask


def test_tasks_do_not_wait_for_torch():
    known = "print('torch' in sys.modules)"
    code = f"import sys, rate, rate.tasks; rate.TaskFactory; {known}; rate.loss_op; {known}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\nTrue\n"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rate.nothing  # noqa: B018


# A user's own task --------------------------------------------------------------------------------

OWN = """
import numpy as np
from rate.tasks import AbstractTask


class MyCustomTask(AbstractTask):
    def validate_settings(self):
        # Validate required settings
        pass

    def generate_stimulus(self, trial_type=None, seed=False):
        label = trial_type or np.random.choice(["left", "right", "none"])
        stimulus = np.zeros((2, 60))
        stimulus[:, 10:20] = np.random.randn(2, 10)
        stimulus[0, 10:20] += {"left": -1, "right": 1, "none": 0}[label]
        return stimulus, label

    def generate_target(self, label, seed=False):
        target = np.zeros(59)
        target[30:] = {"left": -1, "right": 1, "none": 0}[label]
        return target


settings = {"T": 60}
TASK = MyCustomTask(settings)
"""
METHODS = "    def generate_target"
ONSET = "    def response_onset(self):\n        return 40\n\n"
KIND = "    def trial_kind(self, stimulus, label):\n        return f'to the {label}'\n\n"
CORRECT = """    def correct(self, labels, maximum, minimum):
        assert labels.dtype.kind == "U"
        return (labels == "right") == (maximum > 0.5)

"""


def written(tmp_path, text):
    path = tmp_path / "my_tasks.py"
    path.write_text(text)
    return path


def own_task(tmp_path, text=OWN):
    return find_task("mine", {"mine": written(tmp_path, text)})


def test_the_documented_custom_task(tmp_path):
    scope = {}
    exec(compile(OWN, "my_tasks.py", "exec"), scope)  # as pasted in a notebook
    custom_task = scope["MyCustomTask"](scope["settings"])
    stimulus, target, label = custom_task.simulate_trial()
    assert stimulus.shape == (2, 60)
    assert target.shape == (59,)
    assert label in ("left", "right", "none")
    assert custom_task.simulate_trial("left")[1][-1] == -1


def test_a_registered_task_is_made_by_the_factory(monkeypatch):
    monkeypatch.setattr(TaskFactory, "_registry", dict(TaskFactory._registry))
    assert TaskFactory.list_available_tasks() == ["go_nogo", "xor", "mante"]

    class Mine(GoNogoTask):
        pass

    TaskFactory.register_task("My-Custom", Mine)
    assert TaskFactory.list_available_tasks() == ["go_nogo", "xor", "mante", "my_custom"]
    assert type(TaskFactory.create_task("my_custom", SETTINGS)) is Mine


def test_an_abstract_task_asks_for_its_three_methods():
    with pytest.raises(TypeError, match=r"generate_stimulus.*generate_target.*validate_settings"):
        AbstractTask({})


def test_a_custom_task_as_the_workflow_has_it(tmp_path):
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    task = own_task(tmp_path)
    assert (task.name, task.n_inputs, task.n_steps) == ("mine", 2, 60)
    assert task.labels == {0: "left", 1: "none", 2: "right"}
    assert (task.rate_window_onset, task.spiking_window_onset_ms) == (30, 150.0)
    trials = draw_trials(task, 1, "test", (), range(60))
    assert set(trials.label) == {0, 1, 2}
    for label, target, kind in zip(trials.label, trials.target, trials.kind, strict=True):
        assert kind == task.labels[label]
        # one step longer than the user's
        assert np.array_equal(target, row(60, (30, 60, label - 1)))
    assert np.array_equal(draw_trials(task, 1, "test", (), [7]).stimulus[0], trials.stimulus[7])
    assert not np.array_equal(trials.stimulus[0], trials.stimulus[1])
    assert np.array_equal(np.random.get_state()[1], before)


def test_the_default_scoring_of_a_custom_task(tmp_path):
    task = own_task(tmp_path)
    left, none, right = 0, 1, 2
    truth = [  # label, maximum, minimum -> right, and by the strict scoring
        (left, 0.0, -0.71, True, True),
        (left, 0.0, -0.70, False, False),
        (left, 0.71, -0.71, True, False),
        (right, 0.71, 0.0, True, True),
        (right, 0.70, 0.0, False, False),
        (right, 0.71, -0.71, True, False),
        (none, 0.29, -0.29, True, True),
        (none, 0.30, 0.0, False, False),
        (none, 0.0, -0.30, False, False),
    ]
    labels, maximum, minimum, expected, strict = map(np.array, zip(*truth, strict=True))
    for score, right_ones in (
        (task.correct_rate, expected),
        (task.correct_spiking, expected),
        (task.correct_strict, strict),
    ):
        assert score(labels, Response(maximum, minimum)).tolist() == right_ones.tolist()


def test_what_a_custom_task_may_define(tmp_path):
    task = own_task(tmp_path, OWN.replace(METHODS, ONSET + KIND + CORRECT + METHODS))
    assert (task.rate_window_onset, task.spiking_window_onset_ms) == (40, 200.0)
    assert set(draw_trials(task, 1, "test", (), range(30)).kind) == {
        "to the left",
        "to the right",
        "to the none",
    }
    for score in (task.correct_rate, task.correct_spiking, task.correct_strict):
        assert score(
            np.array([2, 2, 0]), Response(np.array([0.6, 0.4, 0.6]), np.zeros(3))
        ).tolist() == [True, False, False]


def labelled(labels):
    """The file of a task whose labels come from the list written as `labels`."""
    text = OWN.replace(
        'trial_type or np.random.choice(["left", "right", "none"])',
        f"{labels}[np.random.randint(3)]",
    )
    text = re.sub(r"stimulus\[0, 10:20\] \+= .*", "pass", text)
    return re.sub(r"target\[30:\] = .*", "target[30:] = 1", text)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("[0, -2, 7]", {7: "7", 0: "0", -2: "-2"}),
        ("[1.0, np.float32(0), np.int8(1)]", {1: "1", 0: "0"}),
        ("[1, 'b', 'a']", {1: "1", 0: "a", 2: "b"}),  # codes of words avoid the numbers
        ("[0.5, 1, 0.25]", {1: "1", 0: "0.25", 2: "0.5"}),
        ("[True, False, np.array(True)]", {1: "True", 0: "False"}),
    ],
)
def test_labels_of_a_custom_task_become_whole_numbers(tmp_path, labels, expected):
    task = own_task(tmp_path, labelled(labels))
    assert list(task.labels.items()) == list(expected.items())
    trials = draw_trials(task, 1, "test", (), range(30))
    assert set(zip(trials.label.tolist(), trials.kind.tolist(), strict=True)) <= set(
        expected.items()
    )
    assert set(trials.label) == set(expected)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('{"T": 60}', "{}", "settings['T']: expected the length of a trial"),
        (
            '{"T": 60}',
            '{"T": 61}',
            "stimulus: expected shape (n_inputs, 61), 61 being settings['T'], got (2, 60)",
        ),
        ("return stimulus,", "return stimulus[0],", "stimulus: expected shape (n_inputs, 60)"),
        ("np.zeros(59)", "np.zeros(58)", "target: expected shape (59,) or (60,), got (58,)"),
        (
            "return stimulus, label",
            "return stimulus, [label]",
            "label: expected a number or a string",
        ),
        (
            "return stimulus, label",
            "return stimulus, np.nan",
            "label: expected a number or a string",
        ),
        ("target[30:] =", "target[30:] = 0 *", "target: 0 in all trials; define response_onset()"),
        (
            "np.random.randn(2, 10)",
            "np.random.default_rng().normal(size=(2, 10))",
            "draw every random number from np.random",
        ),
        (
            METHODS,
            ONSET.replace("40", "59") + METHODS,
            "response_onset(): expected a step in 0..58, got 59",
        ),
        (
            METHODS,
            CORRECT.replace("labels.dtype", "labels.dtypes") + METHODS,
            "correct_rate fails: AttributeError",
        ),
        ("return target", "return targets", "as_task fails: NameError"),
    ],
)
def test_what_a_custom_task_gets_wrong(tmp_path, old, new, message):
    assert old in OWN
    text = OWN.replace(old, new)
    # the label is no key there
    text = re.sub(r'\{"left".*\}\[label\]', "1", text) if "return stimulus, " in new else text
    with pytest.raises(ConfigError, match=re.escape(message)) as error:
        own_task(tmp_path, text)
    assert "mine" in str(error.value)


def test_a_label_that_is_too_rare_is_told(tmp_path):
    text = OWN.replace("label = trial_type or", "label = 'late' if np.random.rand() < 1e-3 else")
    task = own_task(tmp_path, text.replace('"none": 0}', '"none": 0, "late": 1}'))
    # the 200 trials looked at are always the same
    assert task.labels == {
        0: "left",
        1: "none",
        2: "right",
    }
    with pytest.raises(
        ConfigError,
        match=r"'late' did not come in the first 200 trials, where there were left, none, right",
    ):
        draw_trials(task, 1, "test", (), range(6000))


def test_a_custom_task_trains_the_same_in_threads(tmp_path):
    task = own_task(tmp_path)
    names = ["a", "b", "c", "d"]

    def weights(threads):
        training = TrainingConfig(max_trials=102, evaluation_trials=20)
        results = side_by_side.train_block(
            task, RateConfig(n_units=10), training, study_seed=1, networks=names, threads=threads
        )
        assert all(record.losses.size == 102 for _, record in results)
        return [model.weights.w_rec.tobytes() for model, _ in results]

    together = weights(4)
    assert weights(1) == together
    assert len(set(together)) == 4


BUILT_IN_FILE = """from rate import GoNogoTask

SETTINGS = {'T': 150, 'stim_on': 20, 'stim_dur': 30}
TASK = GoNogoTask(SETTINGS)
"""


def test_a_built_in_class_in_a_task_file_is_the_librarys_task(tmp_path):
    task = own_task(tmp_path, BUILT_IN_FILE)
    assert (task.name, task.n_steps, task.spiking_window_onset_ms) == ("mine", 150, 375.0)
    # the published scoring of NoGo in the spiking network, which the default of a custom task does
    # not have
    assert task.correct_spiking(
        np.array([0]), Response(np.array([0.0]), np.array([-5.0]))
    ).tolist() == [True]


def test_a_subclass_of_a_built_in_class_keeps_its_own_trials(tmp_path):
    own = """

class Noisy(GoNogoTask):
    def generate_stimulus(self, trial_type=None, seed=False):
        stimulus, label = super().generate_stimulus(trial_type, seed)
        return stimulus + np.random.randn(*stimulus.shape), label


TASK = Noisy(SETTINGS)
"""
    task = own_task(tmp_path, "import numpy as np\n" + BUILT_IN_FILE + own)
    trials = draw_trials(task, 1, "test", (), range(40))
    noise = trials.stimulus[:, 0] - np.array([row(150, (20, 50, label)) for label in trials.label])
    assert noise.std() == pytest.approx(1, abs=0.05)
    assert task.rate_window_onset == 50


def test_a_subclass_that_makes_whole_trials_keeps_them(tmp_path):
    own = """

class Late(GoNogoTask):
    def simulate_trial(self, trial_type=None, seed=False):
        stimulus, target, label = super().simulate_trial(trial_type, seed)
        return stimulus, np.roll(target, 30), label


TASK = Late(SETTINGS)
"""
    task = own_task(tmp_path, "import numpy as np\n" + BUILT_IN_FILE + own)
    trials = draw_trials(task, 1, "test", (), range(10))
    for label, target in zip(trials.label, trials.target, strict=True):
        assert not target[30:80].any()
        assert target[100] == label


# The network --------------------------------------------------------------------------------------

TRAINING = {"activation": "sigmoid", "loss_fn": "l2"}


def documented_net(N=200, seed=0, **changes):
    """The network of the documentation's snippet, and the weights it is given."""
    np.random.seed(seed)
    torch.manual_seed(seed)
    device = set_gpu("0", 0.4)
    w_in, w_out = torch.randn(N, 1), torch.randn(1, N) / 100
    arguments = {
        "som_N": 0,
        "w_dist": "gaus",
        "gain": 1.5,
        "apply_dale": True,
        "w_out": w_out,
        "device": device,
    }
    return FR_RNN_dale(N, 0.2, 0.2, w_in, **(arguments | changes)), w_in, w_out


def numbers(tensor):
    return tensor.detach().cpu().numpy()


def test_the_documented_network():
    net, w_in, w_out = documented_net()
    assert (net.N, net.som_N, net.apply_dale, net.gain, net.w_dist) == (200, 0, True, 1.5, "gaus")
    assert torch.equal(net.w_in, w_in)
    assert torch.equal(net.w_out.detach(), w_out)
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert shapes == {"w": (200, 200), "w_out": (1, 200), "b_out": (), "taus_gaus": (200, 1)}
    inhibitory, w = numbers(net.inh).ravel(), numbers(net.w)
    assert (inhibitory.sum(), 200 - inhibitory.sum()) == (net.NI, net.NE)
    assert abs(net.NI - 40) < 4 * np.sqrt(200 * 0.2 * 0.8)
    assert torch.equal(net.exc, ~net.inh)
    assert net.inh.shape == (200, 1)
    assert np.array_equal(numbers(net.m), np.diag(np.where(inhibitory, -1, 1)))
    assert torch.equal(net.mask, net.m)
    assert torch.equal(net.som_mask, torch.ones(200, 200))
    assert (w >= 0).all()
    assert abs((w > 0).mean() - 0.2) < 4 * np.sqrt(0.16 / 40000)
    assert np.sqrt((w[w > 0] ** 2).mean()) == pytest.approx(1.5 / np.sqrt(40), rel=0.03)
    assert torch.equal(net.w0, net.w.detach())
    assert torch.equal(net.taus_gaus0, net.taus_gaus.detach())


def test_the_wiring_follows_numpys_seed():
    first, again, other = (documented_net(30, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first.w, again.w)
    assert not torch.equal(first.w, other.w)


def test_networks_of_the_other_kinds():
    som = documented_net(60, som_N=3)[0]
    assert torch.equal(som.som_inh, torch.nonzero(som.inh.ravel()).ravel()[:3])
    expected = np.ones((60, 60))
    expected[np.ix_(som.som_inh, np.flatnonzero(som.inh))] = 0
    assert np.array_equal(numbers(som.som_m), expected)
    free = documented_net(60, apply_dale=False)[0]
    assert (free.NI, free.apply_dale) == (0, False)
    assert (free.w < 0).sum() > 200
    gamma = documented_net(60, w_dist="gamma")[0]
    assert gamma.w[gamma.w > 0].mean().item() == pytest.approx(0.006, rel=0.1)
    drawn = documented_net(60, w_out=None)[0]
    assert drawn.w_out.std().item() == pytest.approx(0.01, rel=0.3)
    w_out = np.arange(60.0)
    assert np.array_equal(numbers(documented_net(60, w_out=w_out)[0].w_out), [w_out])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"N": 0}, "N: expected a whole number >= 1, got 0"),
        ({"P_inh": 20}, "P_inh: expected a probability in [0, 1], got 20"),
        ({"P_rec": -0.1}, "P_rec: expected a probability"),
        ({"som_N": 8}, "som_N: expected at most the"),
        ({"som_N": 11}, "som_N: expected a whole number in [0, N], got 11"),
        ({"apply_dale": False, "som_N": 1}, "som_N: expected 0 where apply_dale is false"),
        ({"w_dist": "gauss"}, "w_dist: expected one of gaus, gamma, got 'gauss'"),
        ({"gain": 0}, "gain: expected a number > 0"),
        (
            {"w_in": np.zeros((9, 1))},
            "w_in: expected finite numbers of shape (10, n_inputs), got shape (9, 1)",
        ),
        (
            {"w_in": np.zeros(10)},
            "w_in: expected finite numbers of shape (10, n_inputs), got shape (10,)",
        ),
        (
            {"w_in": None},
            "w_in: expected finite numbers of shape (10, n_inputs), got shape () of object",
        ),
        ({"w_in": np.array([[np.nan]] + 9 * [[0.0]])}, "w_in: expected finite numbers"),
        (
            {"w_out": np.zeros((10, 1))},
            "w_out: expected finite numbers of shape (1, 10) or (10,), got shape (10, 1)",
        ),
    ],
)
def test_a_network_that_cannot_be(changes, message):
    np.random.seed(0)
    good = {"N": 10, "P_inh": 0.5, "P_rec": 0.2, "w_in": np.zeros((10, 1))}
    with pytest.raises(ValueError, match=re.escape(message)):
        FR_RNN_dale(**{**good, **changes})


def test_the_documented_configuration():
    config = create_default_config(N=200, P_inh=0.2, P_rec=0.2)
    assert (config.som_N, config.gain, config.apply_dale, config.w_dist, config.device) == (
        0,
        1.5,
        True,
        "gaus",
        "cpu",
    )
    assert create_default_config() == config
    assert create_default_config(N=np.int64(50), w_dist="gamma").to_rate_config(
        (25.0,), "softplus"
    ) == RateConfig(
        n_units=50,
        p_inh=0.2,
        weight_distribution="gamma",
        tau_decay_ms=(25.0,),
        activation="softplus",
    )
    with pytest.raises(ValueError, match=r"n_units: unknown setting; there are N, P_inh, P_rec"):
        create_default_config(n_units=3)
    with pytest.raises(ValueError, match=r"P_inh: expected a probability in \[0, 1\], got 2"):
        create_default_config(P_inh=2)


def test_forward_as_documented():
    net, _, _ = documented_net()
    task = TaskFactory.create_task("go_nogo", SETTINGS)
    u, _, _ = task.simulate_trial("go")
    u_tensor = torch.tensor(u, dtype=torch.float32)
    stim, x, r, o, w, w_in, m, som_m, w_out, b_out, taus_gaus = net.forward(
        u_tensor, [4, 20], {"activation": "sigmoid"}, SETTINGS
    )
    assert torch.equal(stim, u_tensor)
    assert (len(x), len(r), len(o)) == (200, 200, 199)
    assert {t.shape for t in x + r} == {(200, 1)}
    assert {t.shape for t in o} == {(1, 1)}
    for i in (0, 99, 198):
        torch.testing.assert_close(r[i], torch.sigmoid(x[i]))
        torch.testing.assert_close(o[i], w_out @ r[i + 1] + b_out)
    assert x[0].std().item() == pytest.approx(0.01, rel=0.2)
    assert torch.equal(w, net.w)  # nothing to rectify before training
    assert w_in is net.w_in
    assert torch.equal(m, net.m)
    assert som_m is net.som_m
    assert (w_out is net.w_out, b_out is net.b_out, taus_gaus is net.taus_gaus) == (
        True,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("activation", "f"),
    [("clipped_relu", lambda x: np.clip(x, 0, 20)), ("softplus", lambda x: np.log1p(np.exp(x)))],
)
@pytest.mark.parametrize(("taus", "DeltaT"), [([4, 20], 1), ([4, 20], 0.5), ([6.0], 2)])
def test_one_step_is_arithmetic(taus, DeltaT, activation, f):
    net = documented_net(12, som_N=1, seed=3)[0].double()
    with torch.no_grad():
        net.w[0, :6] = -0.5  # rectified away under Dale's principle
    u = 5 * np.random.default_rng(0).standard_normal((1, 3))
    torch.manual_seed(8)
    out = net(torch.tensor(u), taus, {"activation": activation}, {"T": 3, "DeltaT": DeltaT})
    torch.manual_seed(8)
    noise = numbers(torch.randn(1, 12, 3, dtype=torch.float64))[0]
    sign = np.where(numbers(net.inh).ravel(), -1, 1)
    W = np.maximum(numbers(net.w), 0) * sign * numbers(net.som_m)
    raw = numbers(net.taus_gaus).ravel()
    tau = taus[0] if len(taus) == 1 else taus[0] + (taus[1] - taus[0]) / (1 + np.exp(-raw))
    x = 0.01 * noise[:, 0]
    for t in (1, 2):
        drive = W @ f(x) + numbers(net.w_in)[:, 0] * u[0, t - 1]
        x = (1 - DeltaT / tau) * x + DeltaT / tau * drive + 0.1 * noise[:, t]
        np.testing.assert_allclose(numbers(out.x[t])[:, 0], x, rtol=1e-10)
        np.testing.assert_allclose(numbers(out.r[t])[:, 0], f(x), rtol=1e-10)
    np.testing.assert_allclose(numbers(out.w), np.maximum(numbers(net.w), 0))


def test_a_network_without_dales_principle_hands_on_its_weights_as_they_are():
    net = documented_net(12, apply_dale=False)[0]
    out = net(torch.ones(1, 5), [4, 20], TRAINING, {"T": 5})
    assert (net.w < 0).any()
    assert torch.equal(out.w, net.w)


def test_forward_is_the_librarys_reference(trained):
    net = FR_RNN_dale.from_model(trained.model)
    u = torch.randn(1, 40)
    torch.manual_seed(2)
    ours = net(u, [4, 10], TRAINING, {"T": 40})
    torch.manual_seed(2)
    weights = library.Weights(*(torch.tensor(w) for w in trained.model.weights))
    theirs = library.forward(trained.model, weights, u[None], torch.randn(1, 80, 40))
    for mine, reference in zip((ours.x, ours.r, ours.o), theirs, strict=True):
        assert torch.equal(torch.stack(mine).squeeze(), reference[0])
    model = net.to_model([4, 10], "sigmoid")
    assert model.config == trained.model.config
    for mine, reference in zip(
        model.weights + model.initial[3:],
        trained.model.weights + trained.model.initial[3:],
        strict=True,
    ):
        assert np.array_equal(mine, reference)


@pytest.mark.parametrize("loss_fn", ["l1", "L2"])
def test_gradients_reach_every_parameter(loss_fn):
    net = documented_net(6, seed=2)[0].double()
    net.w_out.data *= 50
    u = torch.tensor(GoNogoTask(SETTINGS).generate_stimulus("go")[0][:, 45:60])
    z = np.linspace(-1, 1, 14)

    def loss():
        torch.manual_seed(0)
        return loss_op(net(u, [2, 10], TRAINING, {"T": 15}), z, {"loss_fn": loss_fn})

    loss().backward()
    for name, parameter in net.named_parameters():
        assert (parameter.grad != 0).any(), name
        at = int(parameter.grad.abs().argmax())
        ends = []
        for change in (1e-6, -1e-6):
            with torch.no_grad():
                parameter.view(-1)[at] += change
                ends.append(loss().item())
                parameter.view(-1)[at] -= change
        assert parameter.grad.view(-1)[at].item() == pytest.approx(
            (ends[0] - ends[1]) / 2e-6, rel=1e-5
        ), name


def test_a_fixed_decay_is_not_trained():
    net = documented_net(6)[0]
    u = torch.ones(1, 10)
    loss_op(net(u, [10], TRAINING, {"T": 10}), np.ones(9), TRAINING).backward()
    assert not net.taus_gaus.grad.any()
    assert net.w_in.grad is None


def test_the_documented_training_loop_learns():
    net, _, _ = documented_net(50, seed=1)
    u, target, _ = GoNogoTask(SETTINGS).simulate_trial("go")
    u_tensor = torch.tensor(u, dtype=torch.float32)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for _ in range(20):
        outputs = net.forward(u_tensor, [4, 20], TRAINING, SETTINGS)
        loss = loss_op(outputs, target, TRAINING)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 9  # 124 steps of 1 missed: 11.1
    assert np.mean(losses[-3:]) < 0.7 * losses[0]
    moved = (net.taus_gaus - net.taus_gaus0).abs()
    assert 0.05 < moved.max() < 20 * 0.0101
    assert torch.equal(net.w0, documented_net(50, seed=1)[0].w)  # the memory of the start stays


def test_loss_op_is_arithmetic():
    o = [torch.tensor([[1.0]]), torch.tensor([[-1.0]]), torch.tensor([[2.0]])]
    z = np.array([0.0, 1.0, 0.0])
    assert loss_op(o, z, {"loss_fn": "L2"}).item() == pytest.approx(3)
    # l2 unless told
    assert loss_op(o, torch.tensor(z), {"activation": "sigmoid"}).item() == pytest.approx(3)
    # a target of T steps: the last is unused
    assert loss_op(o, np.append(z, 99), {"loss_fn": "l1"}).item() == pytest.approx(5)
    assert loss_op(o, z, {"loss_fn": "l1"}).shape == ()


@pytest.mark.parametrize(
    ("stim", "taus", "training", "settings", "message"),
    [
        (
            (1, 11),
            [4, 20],
            {},
            {"T": 10},
            "stimulus: expected shape (n_inputs, T) = (1, 10), got (1, 11)",
        ),
        (
            (2, 10),
            [4, 20],
            {},
            {"T": 10},
            "stimulus: expected shape (n_inputs, T) = (1, 10), got (2, 10)",
        ),
        (
            (1, 10),
            [4, 20],
            {},
            {},
            "settings['T']: expected the number of steps, a whole number >= 2, got None",
        ),
        (
            (1, 10),
            [0.5, 20],
            {},
            {"T": 10},
            "taus: expected [min, max] (trained) or [value] (fixed)",
        ),
        ((1, 10), [20, 4], {}, {"T": 10}, "got [20, 4]"),
        ((1, 10), [1, 2, 3], {}, {"T": 10}, "got [1, 2, 3]"),
        ((1, 10), "fast", {}, {"T": 10}, "in steps of 5 ms, none below DeltaT = 1, got 'fast'"),
        ((1, 10), [1.5], {}, {"T": 10, "DeltaT": 2}, "none below DeltaT = 2, got [1.5]"),
        ((1, 10), [4], {}, {"T": 10, "DeltaT": 0}, "settings['DeltaT']: expected a number > 0"),
        (
            (1, 10),
            [4],
            {"activation": "relu"},
            {"T": 10},
            "activation: expected one of sigmoid, clipped_relu, softplus, got 'relu'",
        ),
    ],
)
def test_a_trial_that_cannot_be_run(stim, taus, training, settings, message):
    net = documented_net(5)[0]
    with pytest.raises(ValueError, match=re.escape(message)):
        net.forward(torch.zeros(stim), taus, training, settings)
    with pytest.raises(ValueError, match=re.escape(message)):
        eval_rnn(net, {**settings, "taus": taus}, np.zeros(stim), training_params=training)


@pytest.mark.parametrize(
    ("z", "training", "message"),
    [
        (np.zeros(5), {}, "target: expected shape (3,) or (4,) for 3 outputs, got (5,)"),
        (np.zeros((1, 3)), {}, "target: expected shape (3,) or (4,) for 3 outputs, got (1, 3)"),
        (np.zeros(3), {"loss_fn": "mse"}, "loss_fn: expected one of l2, l1, got 'mse'"),
    ],
)
def test_a_loss_that_cannot_be(z, training, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        loss_op([torch.zeros(1, 1)] * 3, z, training)


# Model files, lesions -----------------------------------------------------------------------------


def test_a_published_model_file_is_loaded(published_model_file):
    net = documented_net(5)[0]
    optimizer = torch.optim.Adam(net.parameters())
    loss_op(net(torch.ones(1, 9), [4, 20], {}, {"T": 9}), np.ones(8), {}).backward()
    assert net.load_net(str(published_model_file)) is net
    values = scipy.io.loadmat(published_model_file)
    assert net.N == 200
    assert net.taus == [4, 20]
    for name in ("w", "w_in", "w_out", "taus_gaus", "m", "som_m", "w0", "taus_gaus0", "inh", "exc"):
        np.testing.assert_array_equal(
            numbers(getattr(net, name)), values[name].astype(np.float32), err_msg=name
        )
    assert net.b_out.item() == np.float32(values["b_out"].item())
    model = net.to_model()
    handed_on = {"w": model.weights.w_rec, "taus_gaus": model.weights.tau_raw}
    handed_on |= {"w0": model.initial.w_rec, "taus_gaus0": model.initial.tau_raw}
    for name, ours in handed_on.items():
        np.testing.assert_array_equal(ours.ravel(), numbers(getattr(net, name)).ravel(), name)
    assert not np.array_equal(handed_on["taus_gaus"], handed_on["taus_gaus0"])
    assert (values["inh"].sum(), values["exc"].sum()) == (net.NI, net.NE)
    assert {id(p) for p in optimizer.param_groups[0]["params"]} == {id(p) for p in net.parameters()}
    assert all(parameter.grad is None for parameter in net.parameters())
    task = GoNogoTask(SETTINGS)
    for trial_type, right in (
        ("go", lambda o: o.max() > 0.7),
        ("nogo", lambda o: np.abs(o).max() < 0.3),
    ):
        torch.manual_seed(0)
        with torch.no_grad():
            o = net(task.generate_stimulus(trial_type)[0], net.taus, {}, SETTINGS).o
        assert right(numbers(torch.cat(o))[75:])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("net.pth", "expected the .mat beside it; a .pth is for net.load_state_dict"),
        ("net.pt", "expected the .mat beside it; a .pth is for net.load_state_dict"),
        ("none.mat", "none.mat: no such file"),
        ("text.mat", "text.mat: a text file"),
    ],
)
def test_a_file_that_is_no_model(tmp_path, name, message):
    (tmp_path / "text.mat").write_text("no model")
    (tmp_path / "net.pth").write_text("no model")
    with pytest.raises(ValueError, match=re.escape(message)):
        documented_net(5)[0].load_net(tmp_path / name)


def test_a_model_file_without_initial_weights(published_model_file, tmp_path):
    values = {
        k: v
        for k, v in scipy.io.loadmat(published_model_file).items()
        if k not in ("w0", "taus_gaus0") and k[0] != "_"
    }
    scipy.io.savemat(tmp_path / "net.mat", values)
    net = documented_net(5)[0].load_net(tmp_path / "net.mat")
    assert net.w0 is None
    assert net.to_model().initial is None
    assert "w0" not in net.state_dict()


def test_the_output_factor_of_a_refined_network_is_kept(tmp_path, published_model_file):
    net = documented_net(5)[0]
    assert net.to_model().output_factor == 1
    refined = replace(net.to_model(), output_factor=0.25)
    assert FR_RNN_dale.from_model(refined).to_model().output_factor == 0.25
    values = scipy.io.loadmat(published_model_file)
    values = {k: v for k, v in values.items() if k[0] != "_"} | {"output_factor": 0.5}
    scipy.io.savemat(tmp_path / "net.mat", values)
    assert net.load_net(tmp_path / "net.mat").to_model().output_factor == 0.5


def test_the_output_offset_of_a_refined_network_is_kept(tmp_path, published_model_file):
    net = documented_net(5)[0]
    assert net.to_model().output_offset == 0
    refined = replace(net.to_model(), output_offset=-0.25)
    assert FR_RNN_dale.from_model(refined).to_model().output_offset == -0.25
    values = scipy.io.loadmat(published_model_file)
    values = {k: v for k, v in values.items() if k[0] != "_"}
    scipy.io.savemat(tmp_path / "net.mat", values | {"output_offset": 0.5})
    assert net.load_net(tmp_path / "net.mat").to_model().output_offset == 0.5
    scipy.io.savemat(tmp_path / "net.mat", values)
    assert net.load_net(tmp_path / "net.mat").to_model().output_offset == 0


def test_what_was_refined_is_left_out_where_the_network_was_trained_on(caplog):
    net = documented_net(5)[0]
    gains = UnitGains(np.ones(5), np.zeros(5))
    refined = replace(net.to_model(), output_factor=0.5, output_offset=0.1, unit_gains=gains)
    for name in ("w", "w_out", "b_out", "taus_gaus"):
        net = FR_RNN_dale.from_model(refined)
        assert net.to_model().unit_gains is not None
        assert not caplog.text
        with torch.no_grad():
            getattr(net, name).add_(0.01)
        model = net.to_model()
        assert (model.output_factor, model.output_offset, model.unit_gains) == (1, 0, None)
        assert "other weights than those it was refined with" in caplog.text
        caplog.clear()


def test_the_gains_of_the_units_of_a_refined_network_are_kept(tmp_path, published_model_file):
    net = documented_net(5)[0]
    assert net.to_model().unit_gains is None
    gains = UnitGains(np.linspace(0.5, 3, 5), np.linspace(-1, 2, 5))
    refined = replace(net.to_model(), unit_gains=gains)
    found = FR_RNN_dale.from_model(refined).to_model().unit_gains
    assert all(map(np.array_equal, found, gains))
    values = scipy.io.loadmat(published_model_file)
    values = {k: v for k, v in values.items() if k[0] != "_"}
    own = {"unit_gain": np.linspace(0.5, 3, 200), "unit_bias": np.linspace(-1, 2, 200)}
    scipy.io.savemat(tmp_path / "net.mat", values | own)
    found = net.load_net(tmp_path / "net.mat").to_model().unit_gains
    assert all(map(np.array_equal, found, own.values()))
    scipy.io.savemat(tmp_path / "net.mat", values)
    assert net.load_net(tmp_path / "net.mat").to_model().unit_gains is None


def test_a_state_dict_holds_the_whole_network():
    net = documented_net(60, seed=1, apply_dale=True, som_N=2)[0]
    other = documented_net(60, seed=2, apply_dale=False)[0]
    other.load_state_dict(net.state_dict())
    assert (other.apply_dale, other.som_N, other.NI) == (True, 2, net.NI)
    u = torch.ones(1, 20)
    outputs = []
    for network in (net, other):
        torch.manual_seed(0)
        outputs.append(torch.cat(network(u, [4, 20], TRAINING, {"T": 20}).o))
    assert torch.equal(*outputs)


def test_display_tells_units_and_weights(capsys):
    net = documented_net(10, som_N=1, seed=4)[0]
    with torch.no_grad():
        net.w[:] = 0
        net.w[0, ~net.inh.ravel()] = 1
        net.w[1, net.inh.ravel()] = 1
        net.w[2] = -1  # rectified: no weight
    net.som_m[:] = 1
    net.display()
    e, i = net.NE, net.NI
    assert capsys.readouterr().out == (
        f"10 units: {e} excitatory, {i} inhibitory (0 of them SOM)\n"
        f"recurrent weights: {90:.2f}% zero, {e:.2f}% positive, {i:.2f}% negative\n"
    )


def effective(net):
    return np.maximum(numbers(net.w), 0) * numbers(net.som_m)


def test_a_lesion_scales_a_fraction_of_the_connections():
    net = documented_net(60, som_N=5)[0]
    net.w.data[:20] *= -1  # under Dale's principle no connections, nor are those of the mask
    before = effective(net)
    n = np.count_nonzero(before)
    net.lesion_w(0.3)
    gone = (before != 0) & (effective(net) == 0)
    assert gone.sum() == round(0.3 * n)
    assert np.array_equal(effective(net)[~gone], before[~gone])
    half = effective(net)
    net.lesion_w(1.0, 0.5)
    np.testing.assert_array_equal(effective(net), half / 2)
    unchanged = effective(net)
    net.lesion_w(0.0)
    np.testing.assert_array_equal(effective(net), unchanged)


def test_lesions_are_random_by_torchs_seed():
    left = []
    for seed in (0, 0, 1):
        net = documented_net(30)[0]
        torch.manual_seed(seed)
        net.lesion_w(0.5)
        left.append(effective(net) != 0)
    assert np.array_equal(left[0], left[1])
    assert not np.array_equal(left[0], left[2])


def test_a_lesion_by_type_takes_the_same_fraction_of_each():
    net = documented_net(80)[0]
    inhibitory = numbers(net.inh).ravel()
    before = effective(net)
    net.lesion_w_by_type(lesion_percentage=0.25, lesion_scale=0.1)
    after = effective(net)
    for post in (False, True):
        for pre in (False, True):
            block = np.ix_(inhibitory == post, inhibitory == pre)
            hit = after[block] != before[block]
            assert hit.sum() == round(0.25 * np.count_nonzero(before[block])) > 0
            np.testing.assert_allclose(after[block][hit], 0.1 * before[block][hit], rtol=1e-6)


@pytest.mark.parametrize("lesion", ["lesion_w", "lesion_w_by_type"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((30,), "lesion_percentage: expected a fraction in [0, 1]"),
        ((0.3, -1), "lesion_scale: expected"),
    ],
)
def test_a_lesion_that_cannot_be(lesion, arguments, message):
    net = documented_net(10)[0]
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(net, lesion)(*arguments)


def test_eval_rnn_has_the_trained_decays_and_the_chosen_activation():
    net, w_in, _ = documented_net(100, seed=2)
    u = 20 * np.random.default_rng(0).standard_normal((1, 200))
    np.random.seed(1)
    o, r, x = eval_rnn(
        net, {**SETTINGS, "taus": [4, 20]}, u, torch.device("cpu"), {"activation": "clipped_relu"}
    )
    assert (len(o), len(r), len(x)) == (199, 200, 200)
    assert isinstance(o[0], float)
    assert r[0].shape == x[0].shape == (100, 1)
    x, r = np.hstack(x), np.hstack(r)
    np.testing.assert_allclose(r, np.clip(x, 0, 20), rtol=1e-6)
    np.testing.assert_allclose(o, (numbers(net.w_out) @ r)[0, 1:], rtol=1e-3, atol=1e-4)
    drive = numbers(net.w @ net.m) @ r[:, :-1] + numbers(w_in) @ u[:, :-1]

    def noise_sd(tau):
        return (x[:, 1:] - (1 - 1 / tau) * x[:, :-1] - drive / tau).std()

    # 19,900 draws: the standard error is half a percent
    assert noise_sd(4 + 16 / (1 + np.exp(-numbers(net.taus_gaus)))) == pytest.approx(0.1, rel=0.02)
    assert noise_sd(4) > 1
    np.random.seed(1)
    assert (
        eval_rnn(
            net,
            {**SETTINGS, "taus": [4, 20]},
            torch.tensor(u),
            None,
            {"activation": "clipped_relu"},
        )[0]
        == o
    )
    assert (
        eval_rnn(net, {**SETTINGS, "taus": [4, 20]}, u, None, {"activation": "clipped_relu"})[0]
        != o
    )


def test_eval_rnn_with_several_euler_steps_a_step():
    """A decay of 8 steps at two Euler steps each is one of 4; none is shorter than such a step."""
    assert decays_ms([2, 8], DeltaT=2) == (5, 20)
    assert decays_ms([1]) == (5,)
    net = documented_net(30, seed=2)[0]
    u = np.ones((1, 20))
    model = net.to_model([4, 20], "sigmoid")
    np.random.seed(1)
    stream = streams.key(new_seed(), "eval_rnn")  # its words key the noise
    drawn = rate_kernels().outputs(model, model.weights, u[None], stream=stream, first_trial=0)
    outputs = [drawn[0].tolist()]
    for settings in ({"taus": [8, 40], "DeltaT": 2}, {"taus": [4, 20]}, {"taus": [8, 40]}):
        np.random.seed(1)
        outputs.append(eval_rnn(net, settings | {"T": 20}, u)[0])
    assert outputs[0] == outputs[1] == outputs[2] != outputs[3]


def test_eval_rnn_of_a_model_file_needs_no_decays(published_model_file):
    net = documented_net(5)[0].load_net(published_model_file)
    u = GoNogoTask(SETTINGS).generate_stimulus("go")[0]
    np.random.seed(0)
    o, _, _ = eval_rnn(net, SETTINGS, u)
    assert max(o[75:]) > 0.7
    assert max(map(abs, o[:50])) < 0.3


# The device and the seed --------------------------------------------------------------------------


def test_set_gpu_without_cuda():
    if torch.cuda.is_available():
        pytest.skip("a machine with CUDA")
    assert set_gpu("0", 0.4) == torch.device("cpu")


def test_set_gpu_with_cuda(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda, "set_per_process_memory_fraction", lambda *arguments: calls.append(arguments)
    )
    assert set_gpu("1", 0.3) == torch.device("cuda:1")
    assert calls == [(0.3, torch.device("cuda:1"))]
    with pytest.raises(
        ValueError, match="gpu: expected a number below 2, the GPUs of this machine, got '2'"
    ):
        set_gpu("2", 0.3)


@pytest.mark.parametrize(
    ("gpu", "fraction", "message"),
    [("0", 0, "gpu_frac"), ("0", 1.1, "gpu_frac"), ("0", "1", "gpu_frac"), ("a", 1, "gpu:")],
)
def test_set_gpu_refuses(gpu, fraction, message):
    with pytest.raises(ValueError, match=message):
        set_gpu(gpu, fraction)


def test_what_is_drawn_inside_follows_from_the_whole_seed():
    np.random.seed(4)
    before = np.random.get_state()[1].copy()
    for seed in (3, 70_000, 2**32 + 3):
        with seeded(seed):
            drawn = np.random.rand()
        assert drawn == np.random.RandomState(seed % 2**32).rand()
    assert np.array_equal(np.random.get_state()[1], before)


def test_new_seed():
    assert new_seed(7) == new_seed(np.int64(7)) == 7
    np.random.seed(4)
    drawn = [new_seed(), new_seed(None)]
    np.random.seed(4)
    assert [np.random.randint(2**31) for _ in range(2)] == drawn
    for wrong in (-1, 1.0, True, "1"):
        with pytest.raises(ValueError, match="seed: expected a whole number >= 0"):
            new_seed(wrong)


# The program --------------------------------------------------------------------------------------

WORDS = shlex.split("""--gpu 0 --gpu_frac 0.20 --mode Train --N 20 --P_inh 0.20 --som_N 0
--apply_dale True --gain 1.5 --task go-nogo --act sigmoid --loss_fn L2
--decay_taus 4 20""")  # the documented command, smaller

SMALL = RateConfig(n_units=20, p_inh=0.2, tau_decay_ms=(20.0, 100.0))


def trained_by(folder, *options):
    return main([*WORDS, "--output_dir", str(folder), *options])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The model file of 351 trials in one go."""
    return trained_by(tmp_path_factory.mktemp("whole"), "--n_trials", "351", "--seed", "3")


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The model file of the first 151 of these trials."""
    return trained_by(tmp_path_factory.mktemp("begun"), "--n_trials", "151", "--seed", "3")


def loaded(path):
    return torch.load(path.with_suffix(".pth"), weights_only=True)


def refusal(capsys, *options):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in options])
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    return message


def test_the_program_trains_the_librarys_network(whole):
    model, record = train.train_network(
        BUILT_IN["go-nogo"], SMALL, TrainingConfig(max_trials=351), study_seed=3, network="seed_3"
    )
    written = matfile.load(whole)
    assert written.config.tau_decay_ms == (20, 100)
    assert np.array_equal(written.weights.w_rec, np.maximum(model.weights.w_rec, 0))
    assert np.array_equal(written.weights.tau_raw, model.weights.tau_raw)
    values = scipy.io.loadmat(whole)
    assert np.array_equal(values["losses"].ravel(), record.losses)
    assert values["taus"].tolist() == [[4, 20]]
    assert values["tr"] == 301


def test_files_lie_where_the_documentation_says(whole):
    assert re.fullmatch(
        r"Task_go-nogo_N_20_Taus_4_20_Act_sigmoid_\d{4}_\d\d_\d\d_\d{6}\.mat", whole.name
    )
    assert whole.parent.parts[-2:] == ("models", "go-nogo")
    assert sorted(p.name for p in whole.parent.iterdir()) == [
        whole.name,
        whole.with_suffix(".pth").name,
    ]


def test_the_program_tells_what_came_of_it(tmp_path, capsys):
    path = trained_by(tmp_path, "--n_trials", "2", "--seed", "5")
    message = capsys.readouterr().out
    assert "go-nogo, 20 units, --seed 5, at most 2 trials" in message
    assert "trial 1: did NOT reach criterion; the files hold the network as it stands" in message
    values = scipy.io.loadmat(path)
    accuracy, loss = values["eval_perf_mean"].item(), values["eval_loss_mean"].item()
    assert f"accuracy {accuracy:.2f}, mean loss {loss:.2f}" in message
    assert f"{path}\n{path.with_suffix('.pth')}\n" in message


def test_other_options_and_two_networks_in_one_second(tmp_path):
    options = [
        "--task",
        "XOR",
        "--decay_taus",
        "7.5",
        "--act",
        "softplus",
        "--apply_dale",
        "no",
        "--loss_fn",
        "l1",
        "--n_trials",
        "2",
    ]
    first, second = trained_by(tmp_path, *options), trained_by(tmp_path, *options)
    assert first.name.startswith("Task_xor_N_20_Tau_7.5_Act_softplus_")
    assert len(list(first.parent.iterdir())) == 4
    model, other = matfile.load(first), matfile.load(second)
    assert (model.config.dale, model.config.activation, model.config.tau_decay_ms) == (
        False,
        "softplus",
        (37.5,),
    )
    assert model.n_inputs == 2
    stamps = [
        datetime.datetime.strptime(path.stem[-17:], "%Y_%m_%d_%H%M%S") for path in (first, second)
    ]
    assert 0 < (stamps[1] - stamps[0]).total_seconds() < 60
    # without --seed, a new network each time
    assert not np.array_equal(model.weights.w_rec, other.weights.w_rec)
    assert loaded(first)["training_params"]["loss_fn"] == "l1"
    mante = trained_by(
        tmp_path,
        "--task",
        "mante",
        "--n_trials",
        "2",
        "--P_inh",
        "0.6",
        "--som_N",
        "2",
        "--P_rec",
        "0.5",
    )
    model = matfile.load(mante)
    assert (mante.parent.name, model.n_inputs, model.config.n_som) == ("mante", 4, 2)
    assert np.mean(model.weights.w_rec > 0) == pytest.approx(0.5, abs=0.1)


def test_a_drawn_seed_is_told_and_repeats_the_network(tmp_path, capsys):
    first = trained_by(tmp_path / "first", "--n_trials", "2")
    seed = re.search(r"--seed (\d+)", capsys.readouterr().out)[1]
    again = trained_by(tmp_path / "again", "--n_trials", "2", "--seed", seed)
    assert data_sha256(first) == data_sha256(again)


def test_options_that_are_left_out_are_those_of_the_paper(tmp_path, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(
        rate.main, "_training", lambda n_trials, loss: asked.update(trials=n_trials, loss=loss)
    )

    def begin(task, config, seed):
        asked.update(task=task.name, config=config)
        raise ValueError("seen")

    monkeypatch.setattr(rate.main, "_begin", begin)
    options = ["--task", "xor", "--N", "7", "--decay_taus", "5"]
    assert "seen" in refusal(capsys, *options, "--output_dir", tmp_path)
    config = RateConfig(n_units=7, p_inh=0.2, p_rec=0.2, gain=1.5, tau_decay_ms=(25.0,))
    assert asked == {"trials": 200, "loss": "l2", "task": "xor", "config": config}
    assert (config.n_som, config.dale, config.activation) == (0, True, "sigmoid")
    options += ["--gain", "0.8", "--P_rec", "0.3", "--P_inh", "0.4", "--n_trials", "9"]
    refusal(capsys, *options, "--output_dir", tmp_path)
    assert asked["config"] == replace(config, gain=0.8, p_rec=0.3, p_inh=0.4)
    assert asked["trials"] == 9


@pytest.mark.parametrize("loss_fn", [None, "l1"])
def test_the_score_is_that_of_the_trained_network_by_the_loss_that_is_asked_for(
    whole, capsys, loss_fn
):
    options = ["--mode", "eval", "--task", "go-nogo", "--seed", "1", "--output_dir"]
    path = main([*options, str(whole.parents[2]), *(["--loss_fn", loss_fn] if loss_fn else [])])
    model = matfile.load(path)
    wanted = train.evaluate(
        model,
        model.weights,
        BUILT_IN["go-nogo"],
        study_seed=1,
        purpose="scoring",
        words=(path.name,),
        n_trials=100,
        loss=loss_fn or "l2",
    )
    assert capsys.readouterr().out == (
        f"{path}, --seed 1\naccuracy {wanted.accuracy:.2f}, mean loss {wanted.loss:.2f} "
        "in 100 fresh trials\n"
    )


def test_the_pth_goes_into_torchs_objects(begun):
    values = loaded(begun)
    assert values["training_params"] == {
        "learning_rate": 0.01,
        "loss_threshold": 7,
        "eval_freq": 100,
        "eval_tr": 100,
        "eval_amp_threh": 0.7,
        "activation": "sigmoid",
        "loss_fn": "l2",
        "P_rec": 0.2,
    }
    (group,) = values["optimizer_state_dict"]["param_groups"]
    assert group["lr"] == 0.01
    assert (values["trial"], values["losses"].shape) == (101, (102,))
    assert values["settings"] == {**SETTINGS, "taus": [4, 20], "task": "go-nogo"}
    assert values["training_params"]["learning_rate"] == 0.01
    net = documented_net(20)[0]
    net.load_state_dict(values["model_state_dict"])
    written = matfile.load(begun)
    assert np.array_equal(np.maximum(numbers(net.w), 0), written.weights.w_rec)
    assert np.array_equal(numbers(net.w0), written.initial.w_rec)
    assert np.array_equal(numbers(net.inh).ravel(), written.inhibitory)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    optimizer.load_state_dict(values["optimizer_state_dict"])
    run = train.begin(BUILT_IN["go-nogo"], SMALL, study_seed=3, network="seed_3")
    train.go_on(run, BUILT_IN["go-nogo"], TrainingConfig(max_trials=151))
    for parameter, first, second in zip(
        net.parameters(), run.state.first, run.state.second, strict=True
    ):
        moments = optimizer.state[parameter]
        assert np.array_equal(numbers(moments["exp_avg"]).ravel(), first.ravel())
        assert np.array_equal(numbers(moments["exp_avg_sq"]).ravel(), second.ravel())
        assert first.any()
    u, target, _ = GoNogoTask(values["settings"]).simulate_trial("go")
    loss_op(
        net(u, values["settings"]["taus"], values["training_params"], values["settings"]),
        target,
        TRAINING,
    ).backward()
    optimizer.step()
    assert {int(s["step"]) for s in optimizer.state.values()} == {103}


def test_resumed_is_trained_in_one_go(whole, begun, tmp_path):
    resumed = main(
        [
            "--resume",
            str(begun.with_suffix(".pth")),
            "--n_trials",
            "351",
            "--output_dir",
            str(tmp_path),
        ]
    )
    assert data_sha256(resumed) == data_sha256(whole)
    assert data_sha256(begun) != data_sha256(whole)
    said = provenance.read(whole)
    assert (said["seed"], said["task"], said["settings"]["network"]["n_units"]) == (
        3,
        "go-nogo",
        20,
    )
    assert 0 < said["seconds"] < 120
    ours, theirs = loaded(resumed), loaded(whole)
    assert torch.equal(ours["losses"], theirs["losses"])
    for name, tensor in theirs["model_state_dict"].items():
        assert torch.equal(ours["model_state_dict"][name], tensor), name
    our_moments = ours["optimizer_state_dict"]["state"]
    their_moments = theirs["optimizer_state_dict"]["state"]
    for i in range(4):
        for moment in ("step", "exp_avg", "exp_avg_sq"):
            assert torch.equal(our_moments[i][moment], their_moments[i][moment]), (i, moment)
    for name, value in theirs["resume"].items():
        same = torch.equal if isinstance(value, torch.Tensor) else value.__class__.__eq__
        assert same(ours["resume"][name], value), name


def test_criterion_reached_and_nothing_to_go_on_with(tmp_path, capsys):
    path = trained_by(tmp_path, "--N", "60", "--seed", "4", "--n_trials", "2000")
    trial = scipy.io.loadmat(path)["tr"].item()
    assert trial < 1901
    assert f"trial {trial}: reached criterion\naccuracy " in capsys.readouterr().out
    main(["--mode", "EVAL", "--task", "go-nogo", "--output_dir", str(tmp_path), "--seed", "1"])
    accuracy, loss = map(
        float,
        re.search(
            r"accuracy (.*), mean loss (.*) in 100 fresh trials", capsys.readouterr().out
        ).groups(),
    )
    assert accuracy > 0.8
    assert 0.5 < loss < 4
    pth = path.with_suffix(".pth")
    message = refusal(capsys, "--resume", pth, "--n_trials", "3000", "--output_dir", tmp_path)
    assert f"reached criterion at trial {trial}; there is nothing to go on with" in message


def test_the_newest_model_file_is_scored(whole, tmp_path, capsys):
    folder = tmp_path / "models" / "go-nogo"
    folder.mkdir(parents=True)
    names = [
        "Task_go-nogo_N_20_Taus_4_20_Act_sigmoid_2026_01_02_030406.mat",
        "Task_go-nogo_N_20_Taus_4_10_Act_sigmoid_2026_01_02_030405.mat",
        "Task_go-nogo_N_30_Tau_4_Act_softplus_2025_01_02_030405.mat",
        "Task_go-nogo_N_20_Taus_4_20_Act_sigmoid_2026_01_02_030407_converted.mat",
    ]
    for name in names:
        (folder / name).write_bytes(whole.read_bytes())
    asked = ["--mode", "eval", "--task", "go-nogo", "--output_dir", str(tmp_path)]
    assert main(asked).name == names[0]
    assert main([*asked, "--decay_taus", "4", "10"]).name == names[1]
    assert main([*asked, "--N", "30"]).name == names[2]
    assert main([*asked, "--act", "softplus"]).name == names[2]
    capsys.readouterr()
    assert "no .mat of the task go-nogo with these --N" in refusal(capsys, *asked, "--N", "31")
    (folder.parent / "xor").mkdir()
    (folder.parent / "xor" / names[0].replace("go-nogo", "xor")).write_bytes(whole.read_bytes())
    message = refusal(capsys, "--mode", "eval", "--task", "xor", "--output_dir", tmp_path)
    assert "expected a network with 2 inputs for xor, got 1" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "sine"], "argument --task: expected one of go-nogo, xor, mante, got 'sine'"),
        (["--mode", "test"], "argument --mode: invalid choice: 'test'"),
        (
            ["--act", "relu"],
            "argument --act: expected one of sigmoid, clipped_relu, softplus, got 'relu'",
        ),
        (["--loss_fn", "mse"], "argument --loss_fn: expected one of l2, l1, got 'mse'"),
        (
            ["--apply_dale", "perhaps"],
            "argument --apply_dale: expected True or False, got 'perhaps'",
        ),
        (
            ["--n_trials", "1"],
            "--n_trials: expected at least 2 (the first evaluation follows the second trial), "
            "got 1",
        ),
        (["--N", "0"], "N: expected a whole number >= 1, got 0"),
        (["--P_inh", "20"], "P_inh: expected a probability in [0, 1], got 20.0"),
        (["--som_N", "21"], "som_N: expected a whole number in [0, N], got 21"),
        (["--som_N", "18"], "error: som_N: expected at most the"),
        (
            ["--decay_taus", "4", "10", "20"],
            "taus: expected [min, max] (trained) or [value] (fixed)",
        ),
        (
            ["--gpu_frac", "0"],
            "gpu_frac: expected a fraction of the GPU's memory in (0, 1], got 0.0",
        ),
        (["--seed", "-1"], "seed: expected a whole number >= 0, got -1"),
        (
            ["--resume", "none.pth"],
            "none.pth: no such file; expected a .pth as python -m rate.main writes it",
        ),
        (["--mode", "eval"], "no .mat of the task go-nogo"),
    ],
)
def test_options_that_cannot_be_used(tmp_path, capsys, options, message):
    assert message in refusal(capsys, *WORDS, "--output_dir", tmp_path, *options)
    assert not list(tmp_path.rglob("*.mat"))


def test_what_cannot_be_resumed(begun, tmp_path, capsys):
    pth, where = begun.with_suffix(".pth"), ["--output_dir", tmp_path]
    message = refusal(capsys, "--resume", pth, "--n_trials", "201", *where)
    assert "--n_trials: expected more than 201, the next evaluation of" in message
    message = refusal(capsys, "--resume", pth, "--n_trials", "351", "--N", "30", *where)
    assert "--N: the training of" in message
    assert "has 20, got 30; leave it out" in message
    assert "torch cannot read it" in refusal(capsys, "--resume", begun, "--n_trials", "351", *where)
    torch.save({"model_state_dict": {}}, tmp_path / "bare.pth")
    assert "with the entry 'optimizer_state_dict'" in refusal(
        capsys, "--resume", tmp_path / "bare.pth", *where
    )
    assert "a training needs --task, --N, --decay_taus; or give --resume FILE.pth" in refusal(
        capsys, *where
    )
    assert "--task is needed: one of go-nogo, xor, mante" in refusal(
        capsys, "--mode", "eval", *where
    )


def test_files_are_written_both_or_not_at_all(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(matfile, "save", full)
    assert "No space left on device" in refusal(
        capsys, *WORDS, "--n_trials", "2", "--output_dir", tmp_path
    )
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_place_without_folders_is_told_before_the_training(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(train, "go_on", lambda *_: pytest.fail("trained first"))
    (tmp_path / "models").write_text("a file")
    assert "models" in refusal(capsys, *WORDS, "--output_dir", tmp_path)


def test_the_program_runs_as_a_module(tmp_path):
    command = [
        sys.executable,
        "-m",
        "rate.main",
        *WORDS,
        "--n_trials",
        "2",
        "--seed",
        "3",
        "--output_dir",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "did NOT reach criterion" in done.stdout
    assert re.search(r"seed_3: trial 1, loss \d+\.\d\d, accuracy 0\.\d\d", done.stderr)
    assert len(list((tmp_path / "models" / "go-nogo").iterdir())) == 2
