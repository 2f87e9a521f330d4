"""The tiny study as a user runs it, in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys

import yaml
from shared import ROOT

from rate2spike.study import fingerprint

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


def run(path, *options, config="tests/tiny/config.yaml", env=None):
    return subprocess.run(
        command(*options, config=config),
        cwd=path,
        capture_output=True,
        text=True,
        timeout=600,
        env=env,
    )


def said(done):
    return done.stdout + done.stderr


def differences(a, b):
    return [key for key in a.keys() | b.keys() if a.get(key) != b.get(key)]


def noting_imports(folder):
    """The environment in which every script writes down into `folder` what it imports."""
    folder.mkdir(exist_ok=True)
    hook = str(ROOT / "tests" / "support" / "imports")
    before = os.environ.get("PYTHONPATH")
    path = hook if before is None else os.pathsep.join([hook, before])
    return os.environ | {"IMPORTED_TO": str(folder), "PYTHONPATH": path}


def imported(folder):
    """Stage and notes of each job that wrote down what it imported, see `noting_imports`."""
    stages = {script: stage for stage, script in fingerprint.SCRIPT.items()}
    for notes in folder.iterdir():
        script = re.fullmatch(r"\d+_tmp\w+\.(\w+)\.py", notes.name)
        if script:
            yield stages.get(script[1], script[1]), notes.read_text().splitlines()


def slow_packages(folder):
    """Stage -> the packages that take long and that each of its jobs imported. (A job that compiles
    a kernel imports more.)"""
    packages = {}
    for stage, lines in imported(folder):
        names = {line.removeprefix("package ") for line in lines if line.startswith("package ")}
        packages[stage] = packages.get(stage, names) & names
    return packages


def undeclared(folder, device="cpu"):
    """What scripts imported (see `noting_imports`) and the table of study/fingerprint.py does not
    declare, as (stage, file); and the stages that were seen."""
    missing, seen = set(), set()
    for stage, lines in imported(folder):
        seen.add(stage)
        if stage == "cost":  # it writes no result
            continue
        declared = fingerprint.files_of(stage, device)
        names = {file.relative_to(fingerprint.WORKFLOW).as_posix() for file in declared}
        for line in lines:
            name = line.rpartition("/workflow/")[2]
            if not line.startswith("package ") and name not in names:
                missing.add((stage, name))
    return missing, seen
