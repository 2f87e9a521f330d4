"""Where a study lies: a full disk, folders that cannot be written, an odd path, a second run at
once, a clock that was set."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_study import (
    AT_ONCE,
    ROOT,
    broken,
    command,
    contents,
    differences,
    finished,
    run,
    run_by,
    said,
    study,
    visible,
)

from rate2spike import files

CONDITION = "go-nogo/n40_tau20-50ms_max2_eval10_loss1000_accuracy0"
# root may write everywhere; without these capabilities it is like any other user
LIKE_A_USER = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
AS_A_USER = LIKE_A_USER if os.geteuid() == 0 else ()
needs_setpriv = pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root, and no setpriv to be a user"
)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a disk of its own cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path, leaving: int) -> Path:
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - leaving))
    return filler


def test_a_full_disk_is_named_and_the_same_command_goes_on(small_disk):
    big = {"task": "go-nogo", "network": {"n_units": 700}, "networks": 1}
    path = study(
        small_disk / "study",
        **AT_ONCE,
        networks_per_condition=1,
        conditions={"go-nogo": {"task": "go-nogo"}, "big": big},
    )
    finished(path, f"results/networks/{CONDITION}/seeds_0-0.csv")
    before = contents(path)

    filler = fill(small_disk, leaving=1_400_000)  # enough to begin
    done = run(path, "tables")
    assert done.returncode != 0
    assert "the disk is full: results/" in said(done), said(done)
    assert "make room and give the same command" in said(done)
    assert (
        differences(before, {file: held for file, held in contents(path).items() if file in before})
        == []
    )
    assert broken(visible(path)) == []
    assert not (path / "results" / "tables").exists()
    filler.unlink()

    # for Snakemake's own log; without it, Snakemake complains besides
    filler = fill(small_disk, leaving=200_000)
    done = run(path, "tables")
    assert done.returncode != 0
    assert re.search(
        rf"{re.escape(str(path))}\S+ cannot be written: the disk is full; make room", said(done)
    ), said(done)
    assert "Traceback" not in said(done)
    filler.unlink()

    finished(path, "tables")
    assert (
        differences(before, {file: held for file, held in contents(path).items() if file in before})
        == []
    )


@pytest.mark.parametrize("code", sorted(files.FULL))
def test_a_write_without_room_leaves_the_old_file(tmp_path, code):
    (tmp_path / "table.csv").write_text("old\n")

    def write():
        with files.replacing(tmp_path / "table.csv") as temporary:
            temporary.write_text("ne")
            raise OSError(code, os.strerror(code))

    with pytest.raises(
        OSError, match=r"table\.csv cannot be written, .* MB are free in .*make room"
    ) as error:
        write()
    assert error.value.errno == code
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("table.csv", "old\n")]


@needs_setpriv
def test_a_results_folder_that_cannot_be_written_is_named(tmp_path):
    path = study(tmp_path, **AT_ONCE)
    (path / "results").mkdir(mode=0o555)
    done = run_by(AS_A_USER, path, "tables")
    assert done.returncode != 0
    assert f"{path / 'results'} cannot be written: Permission denied" in said(done)
    assert "Traceback" not in said(done)
    assert "Select jobs to execute" not in said(done)  # before any job
    looked = run_by(AS_A_USER, path, "--dry-run", "tables")
    assert looked.returncode == 0, said(looked)


KERNEL = """
import sys; sys.path.insert(0, sys.argv[1])
import numba, numpy as np
from rate2spike.streams import cpu
print(numba.config.CACHE_DIR)
"""


def kernels_under(library: Path, home: Path) -> str:
    """Where the kernels of `library` are kept for a user who may not write there."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    asked = [*AS_A_USER, sys.executable, "-c", KERNEL, str(library)]
    done = subprocess.run(
        asked, capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1], done.stderr


@needs_setpriv
def test_kernels_of_a_read_only_library_are_kept_elsewhere(tmp_path):
    library, home = tmp_path / "lib", tmp_path / "home"
    shutil.copytree(
        ROOT / "workflow" / "lib",
        library,
        ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
    )
    home.mkdir()
    for folder in [library, *(p for p in library.rglob("*") if p.is_dir())]:
        folder.chmod(0o555)
    kept, told = kernels_under(library, home)
    assert Path(kept).parent == home / ".cache" / "rate2spike", told
    assert not list(library.rglob("__pycache__"))
    home.chmod(0o555)
    shutil.rmtree(home / ".cache")
    kept, told = kernels_under(library, home)
    assert not Path(kept).exists()  # a folder of this process alone, gone with it
    assert "compiled kernels are not kept" in told
    for folder in [library, home, *(p for p in library.rglob("*") if p.is_dir())]:
        folder.chmod(0o755)


def test_a_clock_that_is_set_and_a_second_run_at_once(tmp_path):
    """In a folder whose name has blanks and letters of other alphabets."""
    path = study(tmp_path / "Größe der Nétze, 脳 (2)", **AT_ONCE, networks_per_condition=1)
    finished(path, f"results/networks/{CONDITION}/seeds_0-0.csv")
    clock_was_set_back(path)
    a_second_run_is_refused_and_disturbs_nothing(path)
    clock_was_set(path)


LOOKS = ("-n", "-S", "-D", "-l", "--dag", "--list-target-rules")


def clock_was_set_back(path: Path) -> None:
    """In the middle of a study: what was made before lies in the future. A command that only looks
    changes no date, not even one of these."""
    later = time.time() + 3600
    for file in path.rglob("*"):
        os.utime(file, (later, later))

    def dates() -> dict:
        return {file: file.stat().st_mtime_ns for file in (path / "results").rglob("*")}

    before = dates()
    for look in LOOKS:
        done = run(path, look)
        assert done.returncode == 0, said(done)
        assert dates() == before, look


def a_second_run_is_refused_and_disturbs_nothing(path: Path) -> None:
    """The first one ends, whatever the dates are from which it goes on."""
    with (path / "said.txt").open("w") as out:
        first = subprocess.Popen(
            command(path, "tables", "figure_accuracy"), stdout=out, stderr=out, cwd=ROOT
        )
        while not list((path / ".snakemake" / "locks").glob("*")) and first.poll() is None:
            time.sleep(0.02)
        first.send_signal(signal.SIGSTOP)  # it would be over before the second one has planned
        second = run(path, "tables")
        first.send_signal(signal.SIGCONT)
        assert first.wait(timeout=300) == 0, (path / "said.txt").read_text()
    assert second.returncode != 0
    assert "no other Snakemake process is trying to create the same files" in said(second)
    assert str(path) in said(second)
    assert "--unlock" in said(second)
    assert "Traceback" not in said(second)
    assert (path / "results" / "tables" / "trials.parquet").is_file()
    assert (path / "results" / "figures" / "figure_accuracy.png").is_file()
    done = run(path, "tables", "figure_accuracy")
    assert "Nothing to be done" in said(done), said(done)


def clock_was_set(path: Path) -> None:
    """Times in the future, in the past, in any order: nothing is run again."""
    draw, now = random.Random(1), time.time()
    for shift_s in (86_400, -86_400):
        for file in sorted(path.rglob("*")):
            at = now + draw.uniform(0, 1) * shift_s
            os.utime(file, (at, at))
        done = run(path, "--dry-run", "tables", "figure_accuracy")
        assert "Nothing to be done" in said(done), said(done)
