"""kill -9 at 20 random moments: the same command goes on, nothing is lost, nothing half-written,
nothing done twice."""

import os
import random
import shutil
import signal
import time
from base64 import urlsafe_b64decode
from pathlib import Path

import psutil
import pytest
import ready_snakemake
from small_study import (
    ROOT,
    Watch,
    broken,
    contents,
    differences,
    finished,
    incomplete,
    options_of,
    run,
    said,
    study,
    visible,
)

KILLS, SEED = 20, 2019
TARGETS = ("tables", "figure_accuracy")
WHOM = ["Snakemake and its jobs"] * 3 + ["Snakemake alone", "one job"]


def locked(path: Path) -> bool:
    return any((path / ".snakemake" / "locks").glob("*"))


def jobs_of(process: ready_snakemake.Begun) -> list[psutil.Process]:
    """The scripts that run now."""
    try:
        below = psutil.Process(process.pid).children(recursive=True)
        return [p for p in below if any(".snakemake/scripts/" in word for word in p.cmdline())]
    except psutil.NoSuchProcess:
        return []


def killed(path: Path, whom: str, moment_s: float, orphans: list[psutil.Process]) -> str:
    """Start the study and kill it `moment_s` after its planning; what it said, or "" where it had
    finished before.

    It starts beside the jobs that an earlier kill has left, `orphans`. They have ended when this
    returns: one may write its file once more, after the study has. The new ones take their place.
    """
    told = path / "said.txt"
    process = ready_snakemake.begin(options_of(path, *TARGETS), ROOT, told, told)
    while not locked(path) and process.poll() is None:
        time.sleep(0.01)
    end = time.monotonic() + moment_s
    while process.poll() is None and (
        time.monotonic() < end or (whom == "one job" and not jobs_of(process))
    ):
        time.sleep(0.01)
    running = jobs_of(process)
    if process.poll() is None:
        if whom == "one job":
            running[0].kill()
        elif whom == "Snakemake alone":
            os.kill(process.pid, signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
    code = process.wait(timeout=120)
    psutil.wait_procs(orphans, timeout=60)
    orphans.clear()
    if whom == "Snakemake alone":
        orphans += running
    else:
        psutil.wait_procs(running, timeout=30)
    return "" if code == 0 else told.read_text()


def unlock(path: Path, by_its_command: bool) -> None:
    """As the refused command says, or what it does: it takes some seconds."""
    if by_its_command:
        assert "--unlock" in said(run(path, *TARGETS))
        finished(path, "--unlock")
        assert not locked(path)
    else:
        shutil.rmtree(path / ".snakemake" / "locks")


def complete(path: Path) -> dict[Path, int]:
    """The results of jobs that have ended, and their inodes."""
    begun = [str(path / urlsafe_b64decode(name).decode()) for name in incomplete(path)]
    return {
        file: file.stat().st_ino for file in visible(path) if not str(file).startswith(tuple(begun))
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = study(tmp_path_factory.mktemp("undisturbed"))
    finished(path, *TARGETS)
    return path


@pytest.mark.parametrize(
    ("name", "part"),
    [("block.npz", 1000), ("trials.parquet", 900), ("seed_0.mat", 9000), ("figure.png", 500)],
)
def test_the_watch_sees_a_half_written_file(undisturbed, tmp_path, name, part):
    folder = tmp_path / "results" / "tables"
    folder.mkdir(parents=True)
    whole = next(
        file for file in visible(undisturbed) if file.suffix == Path(name).suffix
    ).read_bytes()
    watch = Watch(tmp_path)
    (folder / f".{name}.1.part").write_bytes(whole[:part])
    (folder / f"whole_{name}").write_bytes(whole)
    watch.look()
    assert watch.half_written == []
    (folder / name).write_bytes(whole[:part])
    watch.look()
    assert len(watch.half_written) == 1


def test_twenty_kills(undisturbed, tmp_path, say):
    path, draw, ended, in_jobs, redone = study(tmp_path), random.Random(SEED), 0, 0, []
    unlocked = 0
    kept, lines, expected, orphans = {}, [], contents(undisturbed), []
    with Watch(path) as watch:
        while len(lines) < KILLS:
            whom, moment_s = draw.choice(WHOM), draw.uniform(0, 3)
            told = killed(path, whom, moment_s, orphans)
            if not told:  # finished before the moment: once more from nothing
                assert differences(expected, contents(path)) == []
                ended += 1
                shutil.rmtree(path / "results")
                shutil.rmtree(path / ".snakemake")
                kept = {}
                continue
            in_jobs += bool(incomplete(path)) or whom == "one job"
            assert broken(visible(path)) == []
            redone += [
                str(file)
                for file, inode in kept.items()
                if not file.exists() or file.stat().st_ino != inode
            ]
            kept = complete(path)
            lines.append(f"{moment_s:4.1f} s: {whom}, {len(kept):2d} files complete")
            if whom == "one job":
                assert "Error in rule" in told  # named, and the rest went on
            elif locked(path):
                unlock(path, by_its_command=not unlocked)
                unlocked += 1
        psutil.wait_procs(orphans, timeout=60)
        finished(path, *TARGETS)
    redone += [str(file) for file, inode in kept.items() if file.stat().st_ino != inode]
    say(f"{KILLS} kills (seed {SEED}), {in_jobs} while jobs ran; the study ended {ended + 1} times")
    say(
        f"{len(watch.seen)} files came under their final names, "
        f"{len(watch.half_written)} of them half-written"
    )
    say("\n".join(lines))
    assert redone == []
    assert watch.half_written == []
    assert in_jobs >= KILLS / 2
    assert unlocked > 2
    assert differences(expected, contents(path)) == []
    assert "Nothing to be done" in said(run(path, *TARGETS))
