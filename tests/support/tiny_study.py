"""The tiny study as a user runs it, in a folder of its own."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import ready_snakemake
import yaml
from shared import ROOT

from rate2spike import compiled, conversion, spiking
from rate2spike.config import NeuronConfig, RateConfig, TrainingConfig
from rate2spike.rate import train
from rate2spike.study import fingerprint
from rate2spike.tasks import BUILT_IN

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "2"]
TINY = yaml.safe_load((ROOT / "tests" / "tiny" / "config.yaml").read_text())


def workplace(path):
    """A working copy: the workflow, the tasks and models of the tests under their usual paths."""
    copy_workflow(path / "workflow")
    for folder in ("config", "resources"):
        shutil.copytree(ROOT / folder, path / folder)
    shutil.copyfile(ROOT / "environment.yml", path / "environment.yml")
    shutil.copytree(ROOT / "tests" / "tiny", path / "tests" / "tiny")
    (path / "tests" / "data").symlink_to(ROOT / "tests" / "data")
    return path


def copy_workflow(workflow):
    """The folder workflow of this clone, with what has been compiled of it."""
    compile_kernels()
    kernels = Path(compiled.cache_folder())
    # another worker may be about to give a file its final name
    others = shutil.ignore_patterns("*.egg-info", "*.tmp.*", "*.pyc.*")

    def not_copied(folder, names):
        left = others(folder, names)
        if Path(folder) == kernels.parent:  # kernels of other states of the library
            left |= {name for name in names if Path(folder, name).is_dir()} - {kernels.name}
        return left

    shutil.copytree(ROOT / "workflow", workflow, ignore=not_copied)


@cache
def compile_kernels():
    """Those of training and simulation, for all studies of the tests: it takes longer than one. One
    worker compiles, the others wait. A study with kernels of its own would throw them away."""
    task, neurons = BUILT_IN["go-nogo"], (NeuronConfig(), NeuronConfig(model="qif"))
    settings = {"study_seed": 0, "network": "first"}
    with Path(compiled.cache_folder(), "tests.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for n_units in (1, 8):  # numba tells arrays of one connection from those of several
            model, _ = train.train_network(
                task, RateConfig(n_units=n_units), TrainingConfig(max_trials=2), **settings
            )
        for neuron in neurons:
            simulation = conversion.Simulation(task, 0, neuron=neuron, device="cpu")
            conversion.score_network(simulation, model, "first", 10.0, 1)
        any_network = spiking.Network(spiking.LIF(), np.zeros((2, 2)), dt=5e-5)
        spiking.simulate(any_network, np.zeros((4, 2)), device="cpu", progress=False)


def write_config(path, values):
    (path / "config.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return "config.yaml"


def command(*options, config="tests/tiny/config.yaml"):
    # targets first: --configfile takes all that follows
    return [*SNAKEMAKE, *options, "--configfile", config]


def run(path, *options, config="tests/tiny/config.yaml", **how):
    return ready_snakemake.run(["--cores", "2", *options, "--configfile", config], path, **how)


def started(path, *options, config="tests/tiny/config.yaml", env=None):
    """As `run`, in an interpreter of its own: in another locale, say."""
    return subprocess.run(
        command(*options, config=config),
        cwd=path,
        capture_output=True,
        text=True,
        timeout=1500,
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
    """Stage -> the packages that take long and that each of its jobs imported, of those that were
    not forked. (A job that compiles a kernel imports more.)"""
    packages = {}
    for stage, lines in imported(folder):
        if "packages noted" not in lines:
            continue
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
            if not line.startswith("package") and name not in names:
                missing.add((stage, name))
    return missing, seen
