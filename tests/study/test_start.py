"""What is checked before a study begins, without Snakemake: the device, the disk, SLURM's queue."""

import os
import time
from types import SimpleNamespace

import pytest

from rate2spike.config import ConfigError
from rate2spike.study import start

WIDE = start.WIDEST + 1


def study(device, *sizes):
    """A study on a device, with networks of these sizes; None: models from elsewhere."""
    conditions = []
    for size in sizes:
        network = SimpleNamespace(n_units=size) if size else None
        conditions.append(SimpleNamespace(name=f"units-{size}", network=network))
    return SimpleNamespace(device=device, conditions=conditions)


@pytest.mark.parametrize("there", ["cpu", "cuda"])
@pytest.mark.parametrize(
    ("asked", "size", "on_a_cluster", "expected"),
    [
        ("cpu", 100, False, "cpu"),
        ("cuda", 100, False, "cuda"),
        ("cuda", 100, True, "cuda"),
        ("auto", 100, False, "as the machine"),
        ("auto", None, False, "as the machine"),
        ("auto", start.WIDEST, False, "as the machine"),
        ("auto", WIDE, False, "cpu"),  # no GPU holds it
        ("auto", 100, True, "cpu"),  # a cluster's GPU is not this machine's
    ],
)
def test_device_of_a_study(monkeypatch, there, asked, size, on_a_cluster, expected):
    monkeypatch.setattr(start, "device_of", lambda device: there if device == "auto" else device)
    expected = there if expected == "as the machine" else expected
    assert start.device_of_study(study(asked, 100, size), on_a_cluster) == expected


def test_a_network_too_wide_for_a_gpu_is_named():
    expected = f"expected networks of at most {start.WIDEST} units, got units-{WIDE}; write cpu"
    with pytest.raises(ConfigError, match=f"device: cuda: {expected}"):
        start.device_of_study(study("cuda", 100, WIDE), on_a_cluster=False)


def test_a_gpu_that_is_not_used_is_said(monkeypatch):
    monkeypatch.setattr(start, "device_of", lambda device: "cuda" if device == "auto" else device)
    monkeypatch.setattr(start, "unused_gpu", lambda: "")
    said = start.check_device(study("auto", WIDE), "cpu", local=True)
    assert "this machine's GPU is not used" in said
    for asked, device in (("auto", "cuda"), ("cpu", "cpu"), ("cuda", "cuda")):
        assert start.check_device(study(asked, 100), device, local=True) is None


def test_a_gpu_that_cannot_be_used_is_told(monkeypatch):
    monkeypatch.setattr(start, "device_of", lambda device: "cpu")
    monkeypatch.setattr(start, "unused_gpu", lambda: "torch is not installed (how)")
    said = start.check_device(study("auto", 100), "cpu", local=True)
    assert said == "device: auto: this machine's GPU is not used: torch is not installed (how)"
    assert start.check_device(study("cpu", 100), "cpu", local=True) is None


def test_a_cluster_is_told_its_device():
    for asked in ("cpu", "cuda"):
        assert start.check_device(study(asked, 100), asked, local=False) is None
    with pytest.raises(ConfigError, match="for jobs on a cluster write cpu or cuda instead of"):
        start.check_device(study("auto", 100), "cuda", local=False)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"f_flag": os.ST_RDONLY}, "cannot be written: Read-only file system"),
        ({"f_bavail": 100}, "cannot be written: the disk is full; make room"),
        ({"f_bavail": 0, "f_blocks": 0}, ""),  # a file system that does not say its size
    ],
)
def test_a_disk_that_cannot_be_written_is_said(tmp_path, monkeypatch, changed, said):
    disk = {"f_flag": 0, "f_blocks": 10**6, "f_bavail": 10**6, "f_frsize": 4096} | changed
    monkeypatch.setattr(os, "statvfs", lambda folder: SimpleNamespace(**disk))
    monkeypatch.chdir(tmp_path)
    answer = start.why_no_run_can_start()
    assert (said in answer) if said else answer == ""
    assert not list(tmp_path.iterdir())  # nothing was touched to find out


def test_the_folder_of_the_lock_is_looked_at_where_it_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != ".snakemake")
    said = f"{tmp_path / '.snakemake'} cannot be written: Permission denied"
    assert start.why_no_run_can_start() == said


def test_results_of_the_future_are_dated_now_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert start.check_results() is None
    later = time.time() + 3600
    for i, name in enumerate(("b", "a")):
        file = tmp_path / "results" / name
        file.write_text(name)
        os.utime(file, (later + i, later + i))
    assert start.check_results().startswith("2 files in results were dated in the future")
    dates = [(tmp_path / "results" / name).stat().st_mtime for name in ("b", "a")]
    assert dates[0] < dates[1] < time.time() + 1
    assert start.check_results() is None


SQUEUE = """#!/bin/sh
echo "$@" > asked
{answer}
"""


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A folder with the log of a run on SLURM, and a function that says what squeue answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "1.log").write_text("a line\nSLURM run ID: rate2spike_1\n")

    def answers(text):
        (tmp_path / "squeue").write_text(SQUEUE.format(answer=text))
        (tmp_path / "squeue").chmod(0o755)

    return SimpleNamespace(answers=answers, logs=tmp_path / "log", asked=tmp_path / "asked")


def test_orphans_in_the_queue_are_named(queue):
    queue.answers("printf '41\\n42\\n'")
    with pytest.raises(OSError, match=r"still in SLURM's queue: end them with `scancel 41 42`"):
        start.refuse_beside_orphans(queue.logs)
    assert "--name=rate2spike_1" in queue.asked.read_text()


def test_jobs_of_all_earlier_runs_are_asked_for(queue):
    (queue.logs / "2.log").write_text("SLURM run ID: rate2spike_2\nSLURM run ID: rate2spike_0\n")
    queue.answers("echo 41")
    with pytest.raises(OSError, match="scancel 41`"):
        start.refuse_beside_orphans(queue.logs)
    asked = queue.asked.read_text().split()
    assert "--name=rate2spike_0,rate2spike_1,rate2spike_2" in asked
    assert "--me" in asked  # nobody else's


def test_an_empty_queue_is_no_obstacle(queue):
    queue.answers("exit 0")
    start.refuse_beside_orphans(queue.logs)


def test_a_queue_that_does_not_answer_stops_the_run(queue):
    queue.answers("echo no controller >&2; exit 1")
    with pytest.raises(OSError, match=r"squeue cannot say .*: no controller"):
        start.refuse_beside_orphans(queue.logs)


def test_a_folder_without_runs_on_slurm_asks_no_queue(queue):
    queue.answers("exit 1")
    (queue.logs / "1.log").write_text("Building DAG of jobs...\n")
    start.refuse_beside_orphans(queue.logs)
    assert not queue.asked.exists()
