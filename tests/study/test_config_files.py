"""The config as its user wrote it: repeated keys, lines, what stands behind --config."""

import re

import pytest
from shared import ROOT
from snakemake.cli import parse_config
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from rate2spike.study import config_files
from rate2spike.study.config_files import ConfigFileError


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that writes config files here and returns their names, absolute as Snakemake has
    them."""
    monkeypatch.chdir(tmp_path)

    def write(**texts):
        files = []
        for name, text in texts.items():
            file = tmp_path / name.replace("_", ".")
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
            files.append(file)
        return files

    return write


# Repeated keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "a_yaml",
            "x: 1\ny: 2\nx: 3\n",
            "a.yaml: x: this key is there twice (lines 1 and 3); keep",
        ),
        (
            "a_yaml",
            "x:\n  y: {z: 1, 'z': 2}\n",
            "a.yaml: x.y.z: this key is there twice (lines 2 and 2); keep one",
        ),
        (
            "a_yaml",
            "x:\n- y: 1\n- y: 1\n  y: 2\n",
            "a.yaml: x.1.y: this key is there twice (lines 3",
        ),
        ("a_yaml", "a: &m {k: 1}\nx:\n  <<: *m\n  k: 2\n  k: 2\n", "x.k: this key is there twice"),
        ("a_yaml", "x: {<<: {k: 1, k: 2}}\n", "x.k: this key is there twice"),
        (
            "a_json",
            '{\n\t"x": {"y": 1,\n\t"y": 2}}',
            "a.json: x.y: this key is there twice (lines 2",
        ),
    ],
)
def test_a_repeated_key_is_named_with_its_lines(written, name, text, told):
    files = written(**{name: text})
    assert load_configfile(files[0])  # Snakemake takes it without a word
    with pytest.raises(ConfigFileError, match=re.escape(told)):
        config_files.check(files, [])


def test_what_is_no_repeated_key_is_let_through(written):
    merged = (
        "a: &m {k: 1, l: 2}\nb: {<<: *m, k: 3}\nc: {<<: *m, k: 4}\nd: [*m, *m]\ne: {a: {a: 1}}\n"
    )
    laid_over = "a: {k: 5}\n"
    config_files.check(written(a_yaml=merged, b_yaml=laid_over), ["e={a: 1}", "f=true"])
    config_files.check(written(c_json='{"x": {"y": [1, {"z": "\\/\\u00fc"}]},\t"y": 1}'), [])
    for file in sorted((ROOT / "config").glob("*.yaml")):
        config_files.check([file], [])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["study_seed=1", "study_seed=2"],
            "--config: study_seed: this key is there twice; keep one",
        ),
        (["training={a: 1, a: 2}"], "--config: training.a: this key is there twice; keep one"),
    ],
)
def test_a_repeated_key_behind_config_is_named(arguments, told):
    with pytest.raises(ConfigFileError, match=f"^{told}$"):
        config_files.check([], arguments)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "x: 1\n\ty: 2\n",
            r"a\.yaml, line 2: not valid YAML: .*\(indent with blanks, not with tabs",
        ),
        ("x: [1, 2\ny: 3\n", r"a\.yaml, line 2: not valid YAML: "),
        ("", r"a\.yaml: expected keys with their values, got nothing"),
        ("- x\n", r"a\.yaml: expected keys with their values, got a list"),
        ("x", r"a\.yaml: expected keys with their values, got text"),
        (
            b"x: 1\ny: Andr\xe9\n",
            r"a\.yaml, line 2: expected UTF-8, got the byte 0xe9; save the file",
        ),
    ],
)
def test_a_file_that_is_no_config_is_named(written, text, told):
    with pytest.raises(ConfigFileError, match=f"^{told}"):
        config_files.check(written(a_yaml=text), [])


# Where a key stands -------------------------------------------------------------------------------


BELOW = "training:\n  max_trials: 1\nconditions:\n  a.b:\n    task: xor\n"
ABOVE = "training:\n  min_trials: 7\n"


@pytest.mark.parametrize(
    ("problem", "place"),
    [
        ("training.max_trials: expected", "below.yaml, line 2"),
        ("training.min_trials: expected", "above.yaml, line 2"),
        ("training.max_trial: unknown key", "above.yaml, line 1"),  # the innermost there is
        ("conditions.a.b.task: unknown task", "below.yaml, line 5"),
        ("conditions.a.b.values: 30.network.gain: expected", "below.yaml, line 4"),
        ("study_seed: expected", "--config"),
        ("search.scaling_factors.1: expected", "--config"),
        ("sweeps: missing key", "below.yaml, above.yaml"),
        # a key that begins like another one
        ("conditions.a.b-2.task: unknown task", "below.yaml, line 3"),
        ("trainings: unknown key", "below.yaml, above.yaml"),
    ],
)
def test_a_problem_is_said_with_the_file_and_line_of_its_key(written, problem, place):
    files = written(below_yaml=BELOW, above_yaml=ABOVE)
    arguments = ["study_seed=no", "search={scaling_factors: [1, a]}"]
    assert config_files.located(problem, files, arguments) == f"{place}: {problem}"


def test_without_files_the_problem_is_of_the_config():
    assert config_files.located("x: missing key", [], []) == "config: x: missing key"


# Values behind --config ---------------------------------------------------------------------------


def read(*arguments):
    """What the workflow makes of a config file and these arguments, through Snakemake."""
    config = {"training": {"max_trials": 2, "loss": "l2"}, "networks_per_job": 3, "device": "cpu"}
    update_config(config, parse_config(arguments))
    return config_files.plain_values(config, arguments)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("keep_traces=true", True),
        ("keep_traces=True", True),
        ("keep_traces=false", False),
        ("networks_per_job=null", None),
        ("networks_per_job=5", 5),
        ("networks_per_job=1e1", 10.0),  # text in a file; what Snakemake makes of it stays
        ("device=cuda", "cuda"),
        ("training={max_trials: 5}", {"max_trials": 5, "loss": "l2"}),
        ("training={'max_trials': 5}", {"max_trials": 5, "loss": "l2"}),
        (
            "training={loss_threshold: 0.5, loss: l1}",
            {"max_trials": 2, "loss": "l1", "loss_threshold": 0.5},
        ),
        ("search={scaling_factors: [20, 30]}", {"scaling_factors": [20, 30]}),
        ("tasks={go: 'no'}", {"go": "no"}),
    ],
)
def test_a_value_behind_config_is_what_it_would_be_in_a_file(argument, expected):
    key = argument.partition("=")[0]
    value = read(argument)[key]
    assert value == expected
    assert type(value) is type(expected)


def test_what_is_not_behind_config_stays_as_it_is():
    config = {"device": "null", "training": {"loss": "5"}}
    plain = config_files.plain_values(config, ["training={max_trials: 5}", "other=true"])
    assert plain == config
    assert plain is not config
