"""The tasks against the published numbers (steps of 5 ms), the scoring as truth tables, and what a
user's task may get wrong."""

from pathlib import Path

import numpy as np
import pytest
from shared import torch_or_skip

from rate2spike import tasks
from rate2spike.config import ConfigError
from rate2spike.tasks import BUILT_IN, Response, draw_trials, find_task, rate_response

N = 400
OWN = (Path(__file__).parents[2] / "config" / "tasks" / "delayed_go.py").read_text()


@pytest.fixture(scope="module")
def drawn():
    return {
        name: draw_trials(task, 1, "test", (name,), range(N)) for name, task in BUILT_IN.items()
    }


def row(n_steps, *pieces):
    """A line of zeros with value at steps first..last, ends included: (first, last, value)."""
    line = np.zeros(n_steps, dtype=np.float32)
    for first, last, value in pieces:
        line[first : last + 1] = value
    return line


def test_go_nogo_windows(drawn):
    trials = drawn["go-nogo"]
    for stimulus, target, label, kind in zip(*trials, strict=True):
        assert np.array_equal(stimulus, [row(200, (50, 74, label))])
        assert np.array_equal(target, row(200, (75, 199, label)))
        assert kind == {1: "Go", 0: "NoGo"}[label]


def test_xor_windows(drawn):
    trials = drawn["xor"]
    for stimulus, target, label, kind in zip(*trials, strict=True):
        first, second = stimulus[0, 50], stimulus[1, 110]
        assert {first, second} <= {-1, 1}
        assert np.array_equal(stimulus, [row(300, (50, 99, first)), row(300, (110, 159, second))])
        assert label == first * second
        assert np.array_equal(target, row(300, (170, 269, label)))
        assert kind == f"{'−+'[int(first > 0)]} {'−+'[int(second > 0)]}"


def test_integration_windows(drawn):
    trials = drawn["integration"]
    assert trials.stimulus.shape == (N, 4, 500)
    noise = []
    for stimulus, target, label, kind in zip(*trials, strict=True):
        context = int(kind[8]) - 1
        signs = [{"+": 1, "−": -1}[s] for s in kind.split(": ")[1].split()]
        assert not stimulus[:2, :50].any()
        assert not stimulus[:2, 250:].any()
        # the context lasts the whole trial
        assert np.array_equal(stimulus[2:], np.eye(2)[[context]].T * np.ones(500))
        assert label == signs[context]
        assert np.array_equal(target, row(500, (250, 499, label)))
        noise.append(stimulus[:2, 50:250] - 0.5 * np.array(signs)[:, None])
    noise = np.stack(noise)
    # 160,000 draws: the standard error of mean and SD is below 0.003, of one input's mean over a
    # trial 0.07
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 1) < 0.01
    assert noise.mean(axis=2).std() == pytest.approx(200**-0.5, rel=0.1)
    assert abs(np.corrcoef(noise[:, 0].ravel(), noise[:, 1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize(("name", "n_kinds"), [("go-nogo", 2), ("xor", 4), ("integration", 8)])
def test_kinds_and_labels_are_equally_frequent(name, n_kinds):
    trials = draw_trials(BUILT_IN[name], 2, "test", (name,), range(1600))
    kinds, counts = np.unique(trials.kind, return_counts=True)
    assert len(kinds) == n_kinds
    expected = 1600 / n_kinds
    assert np.abs(counts - expected).max() < 4 * np.sqrt(expected * (1 - 1 / n_kinds))
    first = trials.label == next(iter(BUILT_IN[name].labels))
    assert abs(first.mean() - 0.5) < 4 * np.sqrt(0.25 / 1600)


def test_the_timing_of_a_task_is_an_argument():
    """All windows keep their distance from the end of the last stimulus."""
    shifts = {
        "go-nogo": (tasks.go_nogo, 2),
        "xor": (tasks.xor, 3),
        "integration": (tasks.integration, 2),
    }
    for name, (make, n_parts) in shifts.items():
        usual = BUILT_IN[name]
        longer = make(usual.n_steps + 40, *([60, 35, 20][:n_parts]))
        on = 60 * 5
        assert longer.stimulus_windows_ms[0] == (on, on + 35 * 5)
        end, usual_end = longer.stimulus_windows_ms[-1][1], usual.stimulus_windows_ms[-1][1]
        assert longer.spiking_window_onset_ms - end == usual.spiking_window_onset_ms - usual_end
        assert 5 * longer.rate_window_onset - end == 5 * usual.rate_window_onset - usual_end
        trial = longer.draw(np.random.default_rng(0))
        assert trial.stimulus.shape == (usual.n_inputs, usual.n_steps + 40)
        driven = [
            make(usual.n_steps + 40, *([60, 35, 20][:n_parts])).draw(np.random.default_rng(i))
            for i in range(20)
        ]
        pulses = np.any([t.stimulus[:2, :] != 0 for t in driven], axis=(0, 1))
        assert (np.flatnonzero(pulses)[0], np.flatnonzero(pulses)[-1]) == (60, end / 5 - 1)
        assert np.flatnonzero(np.any([t.target != 0 for t in driven], axis=0))[0] >= end / 5


def test_trials_of_another_timing():
    """Every pulse and every answer moves with the timing; a first pulse may begin at once."""
    rng = np.random.default_rng(4)
    for _ in range(8):
        trial = tasks.go_nogo(120, 0, 20).draw(rng)
        assert np.array_equal(trial.stimulus, [row(120, (0, 19, trial.label))])
        assert np.array_equal(trial.target, row(120, (20, 119, trial.label)))
        trial = tasks.xor(340, 60, 35, 20).draw(rng)
        first, second = trial.stimulus[0, 60], trial.stimulus[1, 115]
        pulses = [row(340, (60, 94, first)), row(340, (115, 149, second))]
        assert np.array_equal(trial.stimulus, pulses)
        assert np.array_equal(trial.target, row(340, (160, 259, first * second)))
        trial = tasks.integration(300, 0, 30).draw(rng)
        assert np.array_equal(trial.target, row(300, (30, 299, trial.label)))
        assert np.flatnonzero(trial.stimulus[:2].all(axis=0)).tolist() == list(range(30))


def test_the_shortest_trial_leaves_room_for_the_answer():
    """A step after the last stimulus and the onset of the windows."""
    for make, timing, least in (
        (tasks.go_nogo, (60, 20), 107),
        (tasks.xor, (50, 20, 10), 142),
        (tasks.integration, (50, 30), 131),
    ):
        shortest = make(least, *timing)
        assert 0 < shortest.rate_window_onset < least - 1
        assert 0 < shortest.spiking_window_onset_ms < shortest.duration_ms == 5 * least
        with pytest.raises(ConfigError, match=f"got {least - 1}"):
            make(least - 1, *timing)


def test_what_answers_and_stimuli_are_called_in_figures():
    """The first label is drawn dark; stimuli are shaded."""
    minus = "\N{MINUS SIGN}"
    expected = {
        "go-nogo": ([(1, "Go"), (0, "NoGo")], ((250, 375),), 1000),
        "xor": ([(1, "same"), (-1, "different")], ((250, 500), (550, 800)), 1500),
        "integration": ([(1, "+"), (-1, minus)], ((250, 1250),), 2500),
    }
    assert list(BUILT_IN) == list(expected)
    for name, (labels, windows, duration_ms) in expected.items():
        task = BUILT_IN[name]
        found = list(task.labels.items()), task.stimulus_windows_ms, task.duration_ms
        assert found == (labels, windows, duration_ms)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: tasks.go_nogo(100, 60, 20),
            "task go-nogo: n_steps: expected more than 106 steps, .* ending at 80, got 100",
        ),
        (lambda: tasks.xor(150), "task xor: n_steps: expected more than 201 steps"),
        (
            lambda: tasks.integration(500, 50, 200.5),
            "task integration: timing: expected whole numbers of steps >= 0",
        ),
        (lambda: tasks.integration(500, -5), "task integration: timing"),
    ],
)
def test_impossible_timing_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


GO, NOGO, PLUS, MINUS = ("go-nogo", 1), ("go-nogo", 0), ("integration", 1), ("integration", -1)
# task and label, extremes of the output in the window (max, min) -> correct in rate, spiking and
# strict scoring
TRUTH = [
    (GO, 0.71, 0.0, True, True, True),
    (GO, 0.70, 0.0, False, False, False),  # more than 0.7
    (GO, 0.71, -0.69, True, True, True),
    (GO, 0.71, -0.71, True, True, False),  # strict: not both thresholds
    (NOGO, 0.29, -0.29, True, True, True),
    (NOGO, 0.30, 0.0, False, False, False),  # less than 0.3
    (NOGO, 0.29, -0.30, False, True, False),  # the published spiking NoGo looks at the maximum only
    (NOGO, 0.29, -5.0, False, True, False),
    (NOGO, -0.5, -0.6, False, True, False),
    (PLUS, 0.71, 0.0, True, True, True),
    (PLUS, 0.70, 0.0, False, False, False),
    (PLUS, 0.71, -0.71, True, True, False),
    (PLUS, 0.71, -0.69, True, True, True),
    (MINUS, 0.0, -0.71, True, True, True),
    (MINUS, 0.0, -0.70, False, False, False),
    (MINUS, 0.71, -0.71, True, True, False),
    (MINUS, 0.69, -0.71, True, True, True),
    (MINUS, 0.71, 0.0, False, False, False),
]


@pytest.mark.parametrize(("trial", "highest", "lowest", "rate", "spiking", "strict"), TRUTH)
def test_scoring(trial, highest, lowest, rate, spiking, strict):
    name, label = trial
    for task in [BUILT_IN[name]] + ([BUILT_IN["xor"]] if name == "integration" else []):
        # float32 as the kernels return it, among other trials: scoring is by trial
        others = Response(np.float32([highest, 0.0, highest]), np.float32([lowest, 0.0, lowest]))
        labels = np.array([label, label, label])
        for score, expected in (
            (task.correct_rate, rate),
            (task.correct_spiking, spiking),
            (task.correct_strict, strict),
        ):
            correct = score(labels, others)
            assert correct.dtype == bool
            assert correct.tolist() == [expected, label == 0, expected], (task.name, score)


@pytest.mark.parametrize(("name", "onset"), [("go-nogo", 75), ("xor", 200), ("integration", 299)])
def test_rate_response_window(name, onset):
    task = BUILT_IN[name]
    n_outputs = task.n_steps - 1
    assert name != "integration" or n_outputs - onset == 200
    for at, seen in ((onset - 1, False), (onset, True), (n_outputs - 1, True)):
        outputs = np.zeros((2, n_outputs))
        outputs[0, at], outputs[1, at] = 5, -3
        response = rate_response(task, outputs)
        assert response.maximum.tolist() == [5 * seen, 0]
        assert response.minimum.tolist() == [0, -3 * seen]


@pytest.mark.parametrize(
    ("name", "index"), [("go-nogo", 9999), ("xor", 19999), ("integration", 25999)]
)
def test_spiking_response_window(name, index):
    assert tasks.first_response_step(BUILT_IN[name], 5e-5) == index
    # downsample 2: the same time
    assert tasks.first_response_step(BUILT_IN[name], 1e-4) == (index + 1) // 2 - 1


@pytest.mark.parametrize("downsample", [1, 2, 3, 7])
def test_a_response_step_ends_at_its_time_whatever_its_rounding(downsample):
    """0.29 s / 0.05 ms is a little below 5800."""
    dt_s = 5e-5 * downsample
    for step in range(1, 3000):
        assert tasks.response_step(step * downsample * 0.05, dt_s) == step - 1


def test_the_spiking_network_reads_the_last_column_twice():
    u = np.arange(12.0).reshape(2, 2, 3)
    assert np.array_equal(tasks.spiking_stimulus(u), u[:, :, [0, 1, 2, 2]])


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_trial_depends_on_its_number_alone(name):
    task = BUILT_IN[name]
    together = draw_trials(task, 1, "test", ("net", 40.0), range(12))
    for numbers in ([7], [11, 3, 7], [5, 7, 6]):
        some = draw_trials(task, 1, "test", ("net", 40.0), numbers)
        for field, everything in zip(some, together, strict=True):
            assert np.array_equal(field, everything[numbers])


@pytest.mark.parametrize(
    "words",
    [(2, "test", ("net", 40.0)), (1, "held out", ("net", 40.0)), (1, "test", ("other", 40.0))],
)
def test_other_streams_give_other_trials(words):
    task = BUILT_IN["integration"]
    assert not np.array_equal(
        draw_trials(task, 1, "test", ("net", 40.0), [0]).stimulus,
        draw_trials(task, *words, [0]).stimulus,
    )


# A user's own task --------------------------------------------------------------------------------


def test_a_users_task_is_found_and_drawn():
    path = Path(__file__).parents[2] / "config" / "tasks" / "delayed_go.py"
    task = find_task("delayed-go", {"delayed-go": str(path)})
    trials = draw_trials(task, 1, "test", (), range(20))
    assert trials.stimulus.shape == (20, 2, 100)
    assert set(trials.label) == {0, 1}


def test_an_unknown_task_is_refused_with_those_there_are():
    with pytest.raises(
        ConfigError, match=r"unknown task 'gonogo'; there are go-nogo, xor, integration, mine"
    ):
        find_task("gonogo", {"mine": "x.py"})


def test_the_setting_that_names_an_unknown_task_is_told():
    with pytest.raises(ConfigError, match=r"^conditions\.a\.task: unknown task 'gonogo'"):
        find_task("gonogo", key="conditions.a.task")
    with pytest.raises(ConfigError, match=r"^task: unknown task 7"):
        find_task(7)


def test_a_built_in_name_is_not_taken_by_a_users_task():
    with pytest.raises(ConfigError, match=r"^tasks\.xor: a task of this name is built in"):
        find_task("xor", {"xor": "x.py"})


def refusal(tmp_path, text, name="delayed-go"):
    path = tmp_path / "own.py"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        find_task(name, {name: str(path)})
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_missing_task_file(tmp_path):
    with pytest.raises(ConfigError, match=r"tasks\.mine: no such file: .*none\.py"):
        find_task("mine", {"mine": str(tmp_path / "none.py")})


def test_a_task_file_under_another_name(tmp_path):
    message = refusal(tmp_path, OWN, name="delayed-stop")
    assert "tasks.delayed-stop" in message
    assert "'delayed-go'; expected 'delayed-stop'" in message


@pytest.mark.parametrize(
    ("old", "new", "message_parts"),
    [
        ("TASK =", "MY_TASK =", ["must set TASK", "got NoneType"]),
        ("TASK = Task(", "TASK = dict(", ["must set TASK", "got dict"]),
        ("import numpy", "import numpi", ["does not run", "No module named 'numpi'"]),
        ("    n_inputs=2,\n", "", ["does not run", "n_inputs"]),
        ("STEPS, CUE", "STEPS CUE", ["does not run", "SyntaxError"]),
        (
            "    stimulus[0, CUE]",
            "    raise RuntimeError('oh')\n    stimulus[0, CUE]",
            ["draw", "RuntimeError: oh"],
        ),
        ("return Trial(", "return (", ["draw", "expected a rate2spike.tasks.Trial", "got tuple"]),
        (
            "np.zeros((2, STEPS))",
            "np.zeros((3, STEPS))",
            ["stimulus: expected shape (2, 100), got (3, 100)"],
        ),
        (
            "np.zeros(STEPS)",
            "np.zeros((1, STEPS))",
            ["target: expected shape (100,), got (1, 100)"],
        ),
        ("stimulus[1, GO] = 1", "stimulus[1, GO] = np.nan", ["stimulus: expected finite numbers"]),
        (
            "target[GO.stop :] = cue",
            "target[GO.stop :] = np.inf",
            ["target: expected finite numbers"],
        ),
        ("target, cue,", "target, cue + 2,", ["label: expected one of 1, 0", "got "]),
        ("target, cue,", "target, str(cue),", ["label: expected one of 1, 0", "got '"]),
        ("target, cue,", "target, cue == 1,", ["label: expected one of 1, 0, got "]),
        ("target, cue,", "target, cue + 1e-9,", ["label: expected one of 1, 0, got "]),
        ("target, cue,", "target, np.ma.masked,", ["label: expected one of 1, 0, got masked"]),
        ('{1: "cue", 0:', '{0.5: "cue", 0:', ["labels: expected whole numbers, got 0.5"]),
        ('{1: "cue", 0:', '{"1": "cue", 0:', ["labels: expected whole numbers, got '1'"]),
        ('{1: "cue", 0:', '{True: "cue", 0:', ["labels: expected whole numbers, got True"]),
        ('{1: "cue", 0:', '{2**63: "cue", 0:', ["labels: expected whole numbers, got 92233"]),
        ('{1: "cue", 0: "no cue"}', "(1, 0)", ["labels: expected whole numbers and their names"]),
        (
            "return Trial(stimulus,",
            "return Trial(np.ma.masked_equal(stimulus, 0),",
            ["stimulus: expected numbers, got masked ones", "numpy.ma.filled"],
        ),
        ("return Trial(stimulus,", "return Trial(stimulus + 0j,", ["stimulus: ", "complex128"]),
        (
            "return Trial(stimulus,",
            "return Trial(stimulus.astype(str),",
            ["stimulus: ", "dtype <U"],
        ),
        (
            "Trial(stimulus, target,",
            "Trial(stimulus, list(np.ma.masked_equal(target, 1)),",
            ["target: expected"],
        ),
        ("target, cue,", "target, [cue],", ["label: expected one of 1, 0", "got ["]),
        (
            "return np.where(",
            "return np.mean(label) > 0 or (",
            ["correct_rate: expected (20,) of bool"],
        ),
        (
            "o.maximum > 0.7, o.maximum < 0.3)",
            "1, 0)",
            ["correct_rate: expected (20,) of bool", "int64"],
        ),
        ("o.maximum > 0.7", "o.max > 0.7", ["correct_rate", "AttributeError"]),
        (
            "rate_window_onset=60",
            "rate_window_onset=99",
            ["rate_window_onset: expected 0..98, got 99"],
        ),
        (
            "rate_window_onset=60",
            "rate_window_onset=-1",
            ["rate_window_onset: expected 0..98, got -1"],
        ),
        (
            "rate_window_onset=60",
            "rate_window_onset=60.0",
            ["rate_window_onset: expected a whole number", "60.0"],
        ),
        (
            "window_onset_ms=300",
            "window_onset_ms=500",
            ["spiking_window_onset_ms: expected a time inside", "500"],
        ),
        (
            "window_onset_ms=300",
            "window_onset_ms='300'",
            ["spiking_window_onset_ms: expected a time inside", "'300'"],
        ),
        (
            "window_onset_ms=300",
            "window_onset_ms=0",
            ["spiking_window_onset_ms: expected a time inside the trial of 500 ms, got 0"],
        ),
        ("n_inputs=2", "n_inputs=2.0", ["n_inputs: expected a whole number, got 2.0"]),
        ("n_steps=STEPS", "n_steps=100.0", ["n_steps: expected a whole number, got 100.0"]),
        (
            "(250, 300))",
            "(300, 300))",
            ["stimulus_windows_ms: expected pairs as in ((100, 250),), got ((50, 150), (300, 300)"],
        ),
        ("(250, 300))", "(-5, 300))", ["stimulus_windows_ms: expected pairs", "(-5, 300)"]),
        ("(250, 300))", "300)", ["stimulus_windows_ms: expected pairs", "(50, 150), 300)"]),
        ("((50, 150), (250, 300))", "'50-150'", ["stimulus_windows_ms: expected pairs", "'50-"]),
    ],
)
def test_what_a_users_task_gets_wrong(tmp_path, old, new, message_parts):
    assert old in OWN
    message = refusal(tmp_path, OWN.replace(old, new))
    assert "delayed-go" in message
    for part in message_parts:
        assert part in message


def own_task(tmp_path, *changes):
    """The example task with these changes, read as a study reads it."""
    text = OWN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "own.py"
    path.write_text(text)
    return find_task("delayed-go", {"delayed-go": str(path)})


def test_windows_from_the_first_output_to_the_last(tmp_path):
    for onset, ms in (("0", "5"), ("98", "495")):
        task = own_task(
            tmp_path,
            ("rate_window_onset=60", f"rate_window_onset={onset}"),
            ("window_onset_ms=300", f"window_onset_ms={ms}"),
            ("((50, 150),", "((0, 150),"),
        )
        found = task.rate_window_onset, task.spiking_window_onset_ms, task.stimulus_windows_ms[0]
        assert found == (int(onset), int(ms), (0, 150))


RNG = "int(rng.random() < 0.5)"
COUNTER = (
    "def draw(rng):",
    "COUNT = [0]\n\n\ndef draw(rng):\n    COUNT[0] += 1",
)
# what a task may take for its random numbers, and in what its trials then differ
UNSEEDED = {
    "np.random": [(RNG, "int(np.random.random() < 0.5)")],
    "random": [(RNG, "int(__import__('random').random() < 0.5)")],
    "torch": [(RNG, "int(__import__('torch').rand(1) < 0.5)")],
    "an own generator": [
        ("def draw(rng):", "OWN = np.random.default_rng(0)\n\n\ndef draw(rng):"),
        (RNG, "int(OWN.random() < 0.5)"),
    ],
    "time": [(RNG, "__import__('time').perf_counter_ns() // 100 % 2")],
    "a counter": [COUNTER, (RNG, "COUNT[0] % 2")],
    "a counter, in the kind alone": [COUNTER, ('"cue" if cue', 'f"trial {COUNT[0]}" if cue')],
    "noise": [("stimulus[0, CUE] = cue", "stimulus[0] = cue + 1e-3 * np.random.randn(STEPS)")],
    "the trial before": [
        ("def draw(rng):", "stimulus = np.zeros((2, STEPS))\n\n\ndef draw(rng):"),
        ("stimulus, target = np.zeros((2, STEPS)), np.zeros(STEPS)", "target = np.zeros(STEPS)"),
        ("stimulus[0, CUE] = cue", "stimulus[0, CUE] += cue"),
    ],
}


@pytest.mark.parametrize("source", UNSEEDED)
def test_a_task_that_a_seed_does_not_decide_is_refused(tmp_path, source):
    if source == "torch":
        torch_or_skip()
    with pytest.raises(ConfigError, match=r"own\.py: .*two trials of one seed differ in their"):
        own_task(tmp_path, *UNSEEDED[source])


def test_a_trial_is_not_changed_by_those_after_it(tmp_path):
    """A task may fill the same arrays for each trial."""
    shared = own_task(
        tmp_path,
        ("def draw(rng):", "ARRAYS = np.zeros((2, STEPS)), np.zeros(STEPS)\n\n\ndef draw(rng):"),
        (
            "    stimulus, target = np.zeros((2, STEPS)), np.zeros(STEPS)\n",
            "    stimulus, target = ARRAYS\n    stimulus[:], target[:] = 0, 0\n",
        ),
    )
    usual = own_task(tmp_path)
    found, expected = (draw_trials(task, 1, "test", (), range(30)) for task in (shared, usual))
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("label", "labels"),
    [("np.int8(cue)", "{1:"), ("1.0 * cue", "{1.0:"), ("np.where(cue, 1, 0)", "{1:")],
)
def test_whole_numbers_of_any_type_are_labels(tmp_path, label, labels):
    task = own_task(tmp_path, ("target, cue,", f"target, {label},"), ("{1:", labels))
    found = draw_trials(task, 1, "test", (), range(30)).label
    assert found.dtype == np.int64
    assert np.array_equal(found, draw_trials(own_task(tmp_path), 1, "test", (), range(30)).label)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("o.maximum > np.mean(o.maximum)", "scored otherwise beside other trials"),
        ("np.random.random(len(label)) < 0.5", "scored otherwise beside other trials"),
        (
            "np.abs(o.maximum, out=o.maximum) > np.subtract(label, 1, out=label)",
            "changes the labels",
        ),
    ],
)
def test_a_score_is_that_of_a_trial_alone(tmp_path, score, said):
    usual = "np.where(label == 1, o.maximum > 0.7, o.maximum < 0.3)"
    with pytest.raises(ConfigError, match=rf"own\.py: .*correct_rate: .*{said}"):
        own_task(tmp_path, (usual, score))


@pytest.mark.parametrize("name", ["correct_rate", "correct_spiking", "correct_strict"])
def test_every_score_is_checked(tmp_path, name):
    usual = f"{name}={'strictly_correct' if name == 'correct_strict' else 'correct'}"
    for score, said in (
        ("label", "20.* of bool .*got .* of int64"),
        ("label[:1] > 0", "20.* of bool .*got"),
        ("o.maximum > np.mean(o.maximum)", "scored otherwise beside other trials"),
        ("1 / 0", "fails: ZeroDivisionError"),
    ):
        with pytest.raises(ConfigError, match=rf"own\.py: .*{name}:? .*{said}"):
            own_task(tmp_path, (usual, f"{name}=lambda label, o: {score}"))
