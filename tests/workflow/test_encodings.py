"""Nothing that the workflow reads or writes depends on the locale: every text names its encoding.

The linter (PLW1514) sees only what it knows to be a file; here every call of such a name counts.
"""

import ast
import json
import os
import subprocess
import sys

import pytest
from shared import ROOT

from rate2spike.study import fingerprint

WORKFLOW = ROOT / "workflow"
# name of a call -> how many arguments without a name there are where the encoding is one of them
TEXTS = {"open": 4, "read_text": 1, "write_text": 2, "FileHandler": 3, "fdopen": 4}
TEMPORARY = ("NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile")
PROCESSES = ("run", "Popen", "check_output")


def without_encoding(source: str) -> list[int]:
    """The lines of all calls that read or write text in the encoding of the locale."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        named = {word.arg: word.value for word in node.keywords}
        plain = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        modes = [mode for mode in plain if isinstance(mode, str) and "b" in mode and len(mode) < 4]
        is_text = (
            (name in TEXTS and len(node.args) < TEXTS[name] and not modes)
            or (name in TEMPORARY and plain and not modes)
            or (name in PROCESSES and {"text", "universal_newlines"} & set(named))
        )
        if is_text and "encoding" not in named:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    "call",
    [
        "open(path)",
        "path.open('w')",
        "path.read_text()",
        "path.write_text(text)",
        "logging.FileHandler(path, mode='w')",
        "tempfile.NamedTemporaryFile('w')",
        "subprocess.run(command, text=True)",
    ],
)
def test_a_call_without_an_encoding_is_seen(call):
    assert without_encoding(call) == [1]


def test_every_text_has_its_encoding():
    found = []
    for file in sorted([*WORKFLOW.rglob("*.py"), ROOT / "docs" / "conf.py"]):
        lines = without_encoding(file.read_text("utf-8"))
        found += [f"{file.relative_to(ROOT)}, line {line}" for line in lines]
    assert found == []
    for file in [WORKFLOW / "Snakefile", *WORKFLOW.rglob("*.smk")]:
        text = file.read_text("utf-8")
        assert "read_text()" not in text, file
        assert "open(" not in text, file


ALL_FINGERPRINTS = """
import json
from rate2spike.study import fingerprint
fingerprint.kept = lambda known={}: known  # none of an earlier run
stages = fingerprint.made_of("cpu")
print(json.dumps({stage: fingerprint.of_stage(stage, "cpu") for stage in stages}))
"""


def test_fingerprints_are_those_of_any_locale():
    """Else all figures would be drawn anew, and again when the locale changes back."""
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", ALL_FINGERPRINTS],
        env=os.environ | ascii_alone | {"PYTHONPATH": str(WORKFLOW / "lib")},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    here = {stage: fingerprint.of_stage(stage, "cpu") for stage in fingerprint.made_of("cpu")}
    assert json.loads(done.stdout) == here
