"""The three lists of dependencies say the same: pyproject.toml, constraints.txt,
environment.yml."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml
from shared import torch_or_skip

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "torch": "pytorch"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirement(text):
    """('snakemake', (9, 19)) of 'snakemake[reports]>=9.19'."""
    name, least = re.fullmatch(r"([A-Za-z0-9_-]+)(?:\[.*\])?>=([0-9.]+)(?:; .*)?", text).groups()
    return name.lower(), version(least)


def version(text):
    return tuple(int(part) for part in text.split("."))


def declared():
    extras = [
        r
        for extra in PROJECT["optional-dependencies"].values()
        for r in extra
        if not r.startswith("rate2spike")
    ]
    return dict(map(requirement, [*PROJECT["dependencies"], *extras]))


def pinned():
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    return {name.lower(): v for name, v in (line.split("==") for line in lines)}


@pytest.mark.parametrize("name", sorted(declared()))
def test_every_dependency_is_pinned_and_allowed(name):
    assert version(pinned()[name]) >= declared()[name]


def test_conda_environment_is_the_same_set():
    *packages, rest = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    from_pip = [line.split(";")[0] for line in rest["pip"]]  # brian2 for other Pythons alone
    conda = dict(line.split("=") for line in packages if "=" in line) | dict(
        line.split("==") for line in from_pip
    )
    assert conda.pop("python") == PROJECT["requires-python"].removeprefix(">=")
    assert conda == {CONDA_NAMES.get(name, name): pinned()[name] for name in declared()}


@pytest.mark.parametrize(
    "script", ["gpu.py", "networks.py", "simulation.py", "start.py", "training.py"]
)
def test_every_name_that_a_benchmark_imports_is_there(script, monkeypatch):
    if script in ("networks.py", "training.py"):
        torch_or_skip()
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    assert "main" in runpy.run_path(str(ROOT / "benchmarks" / script), run_name="imported")


def test_version_is_one():
    import rate2spike

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert rate2spike.__version__ == PROJECT["version"] == citation["version"]
