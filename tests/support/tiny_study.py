"""The tiny study as a user runs it, in a folder of its own."""

import shutil
import subprocess
import sys

import yaml
from shared import ROOT

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "2"]
TINY = yaml.safe_load((ROOT / "tests" / "tiny" / "config.yaml").read_text())


def workplace(path):
    """A working copy: the workflow, the tasks and models of the tests under their usual paths."""
    shutil.copytree(
        ROOT / "workflow",
        path / "workflow",
        ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
    )
    for folder in ("config", "resources"):
        shutil.copytree(ROOT / folder, path / folder)
    shutil.copyfile(ROOT / "environment.yml", path / "environment.yml")
    shutil.copytree(ROOT / "tests" / "tiny", path / "tests" / "tiny")
    (path / "tests" / "data").symlink_to(ROOT / "tests" / "data")
    return path


def write_config(path, values):
    (path / "config.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return "config.yaml"


def command(*options, config="tests/tiny/config.yaml"):
    # targets first: --configfile takes all that follows
    return [*SNAKEMAKE, *options, "--configfile", config]


def run(path, *options, config="tests/tiny/config.yaml"):
    return subprocess.run(
        command(*options, config=config), cwd=path, capture_output=True, text=True, timeout=600
    )


def said(done):
    return done.stdout + done.stderr


def differences(a, b):
    return [key for key in a.keys() | b.keys() if a.get(key) != b.get(key)]
