"""The workflow on a real SLURM, through its profile: the bits of a laptop; jobs orphaned, dying,
too slow, tried again."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
import ready_snakemake
import scipy.io
from tiny_study import TINY, differences, said, workplace, write_config

SCRIPT = Path(__file__).with_name("single_node_slurm.sh")
HURRIED = Path(__file__).with_name("hurried_snakemake.py")
PROFILE = Path("workflow") / "profiles" / "slurm" / "profile.yaml"
ON_SLURM = ["--workflow-profile", str(PROFILE.parent)]
TARGETS = ["tables", "results/converted/go-nogo/n80_tau20-50ms/lif/seeds_0-1"]
ON_GPU = ("train", "simulate", "held_out")


# The cluster --------------------------------------------------------------------------------------


def free_ports():
    """The first of two ports in a row that nobody listens on, below those that the system gives out
    itself."""
    for first in range(20_000 + os.getpid() % 5000 * 2, 32_000, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", first))
                two.bind(("127.0.0.1", first + 1))
            except OSError:
                continue
            return first
    raise RuntimeError("no two free ports in a row")


@pytest.fixture(scope="module")
def cluster():
    """Brings SLURM up; what a client of it has in its environment."""
    if not find_spec("snakemake_executor_plugin_slurm"):
        pytest.skip("the SLURM executor is not installed: pip install -e '.[slurm]'")
    if os.geteuid() != 0:
        pytest.skip("a SLURM of its own is started by root only")
    installed = subprocess.run([SCRIPT, "install"], capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        why = installed.stderr.strip()[-200:]
        pytest.skip(f"no SLURM, and its packages cannot be had by apt-get: {why}")
    folder = tempfile.mkdtemp(prefix="slurm-", dir="/tmp")  # its sockets need a short path
    places = {
        "SLURM_TEST_DIR": folder,
        "SLURM_TEST_PORT": str(free_ports()),
        "SLURM_CONF": f"{folder}/etc/slurm.conf",
    }
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("SLURM_", "SNAKEMAKE_"))
    } | places
    environment["PATH"] = f"{folder}/bin:{os.environ['PATH']}"
    environment["TMPDIR"] = f"{folder}/tmp"  # what killed runs and jobs leave goes with the rest
    Path(environment["TMPDIR"]).mkdir()
    try:
        # not captured: the daemons would keep the pipe open
        subprocess.run([SCRIPT, "start"], env=environment, check=True)
        yield environment
    finally:
        subprocess.run([SCRIPT, "stop"], env=environment, check=True)
        shutil.rmtree(folder)


def asked(cluster, *command):
    """What a command of SLURM says."""
    return subprocess.run(command, env=cluster, text=True, capture_output=True, check=True).stdout


def jobs_of(cluster, path):
    """What SLURM knows of all jobs of a study's folder, in the order they were handed in."""
    lines = asked(cluster, "scontrol", "show", "job", "--oneliner").splitlines()
    jobs = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
    ours = [job for job in jobs if job.get("StdOut", "").startswith(f"{path}/")]
    return sorted(ours, key=lambda job: int(job["JobId"]))


def wait_until(true, seconds, what):
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"timed out waiting for {what}"
        time.sleep(0.2)
    return found


# Studies ------------------------------------------------------------------------------------------


def go_nogo(path):
    """Two networks trained for real in one block, two scaling factors, each in its own job: seven
    jobs."""
    condition = TINY["conditions"]["go-nogo"] | {"search": {"scaling_factors": [25, 40]}}
    nothing = {"tasks": {}, "sweeps": {}, "external_models": {}, "figures": {}}
    return write_config(
        path,
        TINY
        | nothing
        | {"conditions": {"go-nogo": condition}, "networks_per_job": 2, "factors_per_job": 1},
    )


def with_site(path, gpus=False):
    """The lines of the profile that a site fills in, filled in as they stand; with `gpus` the CPU's
    jobs ask for one as well."""
    profile = path / PROFILE
    text, n = re.subn(r"^  # (slurm_\w+: \w+)$", r"  \1", profile.read_text(), flags=re.MULTILINE)
    assert n == 2
    if gpus:
        text, n = re.subn(
            r"^# (set-resources:|  \w+: (?:&gpu .*|\*gpu))$", r"\1", text, flags=re.MULTILINE
        )
        assert n > len(ON_GPU)
        text = text.replace("&gpu {", "&gpu {gpu: 1, ")
    profile.write_text(text)
    return path


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The study as run on a laptop."""
    path = workplace(tmp_path_factory.mktemp("local"))
    done = ready_snakemake.run(["--cores", "2", *TARGETS, "--configfile", go_nogo(path)], path)
    assert done.returncode == 0, said(done)[-8000:]
    return path


def another(local, tmp_path_factory, name):
    """A folder for another run, with the library of the local one: its kernels are compiled, and
    are kept by their path."""
    path = workplace(tmp_path_factory.mktemp(name))
    for folder in ("lib", "scripts"):
        shutil.rmtree(path / "workflow" / folder)
        (path / "workflow" / folder).symlink_to(local / "workflow" / folder)
    return path


def arguments(*options, targets=TARGETS):
    return [*ON_SLURM, *options, *targets, "--configfile", "config.yaml"]


def run(cluster, path, *options):
    return ready_snakemake.run(arguments(*options), path, env=cluster, timeout=300)


def begin(cluster, path, *options, targets=TARGETS):
    """Begin it; it looks at its jobs more often than the profile says, which is meant for jobs of
    minutes."""
    command = [sys.executable, HURRIED, *arguments(*options, targets=targets)]
    with (path / "said.txt").open("w") as out:
        return subprocess.Popen(command, cwd=path, env=cluster, stdout=out, stderr=out)


def arrays(found):
    kept = {
        key: value
        for key, value in found.items()
        if key.split("/")[-1] not in ("__header__", "provenance")
    }
    return {
        key: (a.dtype, a.shape, a.tobytes()) if isinstance(a, np.ndarray) else a
        for key, a in kept.items()
    }


def contents(path):
    """Every number of a study's models and tables, down to the bit."""
    read = {
        ".mat": lambda file: arrays(scipy.io.loadmat(file)),
        ".npz": lambda file: arrays(np.load(file)),
        ".parquet": lambda file: {
            name: repr(column) for name, column in pq.read_table(file).to_pydict().items()
        },
        ".csv": lambda file: {"text": file.read_text()},
    }
    kept = {}
    for file in (path / "results").rglob("*"):
        place = file.relative_to(path / "results")
        if file.suffix in read and place.parts[0] not in ("logs", "benchmarks"):
            kept |= {(str(place), key): value for key, value in read[file.suffix](file).items()}
    return kept


def leftovers(path):
    return [file for file in (path / "results").rglob("*") if ".part" in file.name]


TASK = """
import sys
import time
from dataclasses import replace
from pathlib import Path

from rate2spike.tasks import BUILT_IN

NAME, ATTEMPTS = Path(__file__).stem, Path(__file__).with_suffix(".attempts")
go_nogo = BUILT_IN["go-nogo"]


def draw(rng):
    if "rate2spike.rate.train" in sys.modules and not hasattr(sys, "mishap"):  # in the job, once
        sys.mishap = True
        ATTEMPTS.write_text((ATTEMPTS.read_text() if ATTEMPTS.exists() else "") + "x")
        first = ATTEMPTS.read_text() == "x"
        if NAME == "sleeps" and first:
            time.sleep(600)
        if NAME == "dies" or NAME == "stumbles" and first:
            raise RuntimeError(f"{NAME} on purpose")
    return go_nogo.draw(rng)


TASK = replace(go_nogo, name=NAME, draw=draw)
"""
MISHAPS = ("dies", "sleeps", "stumbles")
TRAINED = "n40_tau20-50ms_max2_eval10_loss1000_accuracy0/seeds_0-0.npz"


@pytest.fixture(scope="module")
def begun(cluster, local, tmp_path_factory):
    """A run side by side with the tests, in which jobs die, sleep and stumble, and its folder."""
    mishaps = with_site(another(local, tmp_path_factory, "mishaps"))
    for name in MISHAPS:
        (mishaps / f"{name}.py").write_text(TASK)
    nothing = {"sweeps": {}, "external_models": {}, "figures": {}}
    tasks = {
        "tasks": {name: f"{name}.py" for name in MISHAPS},
        "conditions": {name: {"task": name} for name in MISHAPS},
    }
    write_config(mishaps, TINY | nothing | tasks)
    targets = [f"results/training/{name}/{TRAINED}" for name in MISHAPS]
    process = begin(cluster, mishaps, "--retries", "1", targets=targets)
    try:
        (sleeper,) = wait_until(lambda: attempts(cluster, mishaps, "sleeps"), 60, "the sleeper")
        assert minutes(sleeper) >= 10
        # nobody waits so long for a test
        subprocess.run(
            ["scontrol", "update", f"JobId={sleeper['JobId']}", "TimeLimit=1"],
            env=cluster,
            check=True,
        )
        yield process, mishaps
    finally:
        process.kill()
        process.wait()


def attempts(cluster, path, name):
    """The training jobs of a condition, one for each attempt."""
    return [
        job
        for job in jobs_of(cluster, path)
        if job["Comment"].startswith(f"rule_train_wildcards_{name}_")
    ]


def megabytes(job):
    return int(job["MinMemoryNode"].removesuffix("M"))


def minutes(job):
    hours, minutes, _ = map(int, job["TimeLimit"].split(":"))
    return 60 * hours + minutes


def running(cluster, path, process):
    """The jobs of a study that are at work; the study must be, too."""
    assert process.poll() is None, (path / "said.txt").read_text()
    return [job["JobId"] for job in jobs_of(cluster, path) if job["JobState"] == "RUNNING"]


# Tests --------------------------------------------------------------------------------------------


class Orphaned(NamedTuple):
    path: Path
    orphans: list[str]  # the jobs that were left
    locked: subprocess.CompletedProcess  # what the same command says then
    unlocked: subprocess.CompletedProcess
    beside: subprocess.CompletedProcess  # and beside the orphans
    jobs_beside: list[str]
    done: tuple[int, str]  # and when they have ended: exit status, what it says


@pytest.fixture(scope="module")
def orphaned(cluster, local, begun, tmp_path_factory):
    """The study on the scheduler's GPUs; its Snakemake is killed, and it goes on."""
    path = with_site(another(local, tmp_path_factory, "orphaned"), gpus=True)
    go_nogo(path)
    process = begin(cluster, path)
    orphans = wait_until(lambda: running(cluster, path, process), 60, "a job to run")
    # they would be over too soon to be looked at
    subprocess.run(["scontrol", "suspend", *orphans], env=cluster, check=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    locked, unlocked, beside = (run(cluster, path, *o) for o in ((), ("--unlock",), ()))
    jobs_beside = [job["JobId"] for job in jobs_of(cluster, path)]
    subprocess.run(["scancel", *orphans], env=cluster, check=True)
    wait_until(
        lambda: not asked(cluster, "squeue", "--noheader", f"--jobs={','.join(orphans)}"),
        30,
        "the orphans to end",
    )
    process = begin(cluster, path)
    done = process.wait(timeout=300), (path / "said.txt").read_text()
    return Orphaned(path, orphans, locked, unlocked, beside, jobs_beside, done)


def test_orphans_are_refused(orphaned):
    assert orphaned.locked.returncode != 0
    assert "--unlock" in said(orphaned.locked)
    assert orphaned.unlocked.returncode == 0
    assert orphaned.beside.returncode != 0
    told = re.search(r"end them with `scancel ([\d ]+)`", said(orphaned.beside))
    assert told, said(orphaned.beside)
    assert told[1].split() == orphaned.orphans
    assert orphaned.jobs_beside == orphaned.orphans  # nothing was started beside them


def test_the_study_goes_on_to_the_same_bits(local, orphaned):
    code, told = orphaned.done
    assert code == 0, told[-8000:]
    found = contents(orphaned.path)
    assert len(found) > 100
    assert differences(contents(local), found) == []
    assert not leftovers(orphaned.path)


def test_jobs_ask_the_scheduler_for_what_the_site_has(cluster, orphaned):
    jobs = [job for job in jobs_of(cluster, orphaned.path) if job["JobId"] not in orphaned.orphans]
    assert len(jobs) == 7
    for job in jobs:
        rule = re.match(r"rule_(\w+?)(_wildcards_|$)", job["Comment"])[1]
        assert job["JobState"] == "COMPLETED"
        assert job["Account"] == "my_account"
        asked = (job["Partition"], job.get("TresPerJob"))
        assert asked == (
            ("my_gpus", "gres:gpu:a100:1") if rule in ON_GPU else ("my_partition", None)
        ), job
        assert job["NumCPUs"] == ("2" if rule == "train" else "1")


@pytest.fixture(scope="module")
def mishaps(begun):
    """What the study with the mishaps said, and its folder."""
    process, path = begun
    assert process.wait(timeout=300) != 0
    return (path / "said.txt").read_text(), path


def test_a_job_that_dies_is_tried_again_and_told_and_the_rest_goes_on(cluster, mishaps):
    told, path = mishaps
    assert [job["JobState"] for job in attempts(cluster, path, "dies")] == ["FAILED", "FAILED"]
    assert "dies on purpose" in told  # the end of its log
    assert not (path / "results" / "training" / "dies" / TRAINED).exists()
    assert not leftovers(path)
    assert all(
        (path / "results" / "training" / name / TRAINED).is_file()
        for name in ("sleeps", "stumbles")
    )


def test_a_job_that_fails_once_gets_twice_the_memory_and_time(cluster, mishaps):
    _, path = mishaps
    first, second = attempts(cluster, path, "stumbles")
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    assert megabytes(second) == 2 * megabytes(first)
    assert minutes(second) == 2 * minutes(first) >= 20
    assert (
        path / "stumbles.attempts"
    ).read_text() == "xx"  # one try a job: the job itself does not try again


def test_a_job_beyond_its_time_limit_is_told_and_tried_again(cluster, mishaps):
    told, path = mishaps
    first, second = attempts(cluster, path, "sleeps")
    assert (first["JobState"], second["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert f"SLURM-job '{first['JobId']}' failed, SLURM status is: 'TIMEOUT'" in told
    assert megabytes(second) == 2 * megabytes(first)
