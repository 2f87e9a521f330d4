"""A study of some seconds for the tests of tests/faults, what its files hold, and a watch over
them."""

import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import ready_snakemake
import scipy.io
import yaml
from tiny_study import compile_kernels

ROOT = Path(__file__).parents[2]
SMALL = {
    "study_seed": 7,
    "device": "cpu",
    "networks_per_condition": 3,
    "networks_per_job": 2,
    "keep_traces": False,
    "network": {"n_units": 40},
    # a criterion that every network meets at the first evaluation after trial 1000
    "training": {
        "min_trials": 1000,
        "max_trials": 1200,
        "evaluation_trials": 10,
        "loss_threshold": 1000,
        "accuracy_threshold": 0,
    },
    "neuron": {},
    "search": {"scaling_factors": [40], "trials": 12, "held_out_trials": 12},
    "conditions": {"go-nogo": {"task": "go-nogo"}},
    "sweeps": {},
    "tasks": {},
    "external_models": {},
    "figures": {},
}
# two trials of training
AT_ONCE = {"training": SMALL["training"] | {"min_trials": 0, "max_trials": 2}}
OWN_WRITING = ("logs", "benchmarks")  # what Snakemake and the log of a job write line by line


def study(path: Path, **changes) -> Path:
    """A folder with the small study's config in it, the changes laid over it."""
    compile_kernels()
    path.mkdir(parents=True, exist_ok=True)
    (path / "config.yaml").write_text(yaml.safe_dump(SMALL | changes, sort_keys=False))
    return path


def options_of(path: Path, *options: str) -> list[str]:
    """What Snakemake is told for the study in `path`: the workflow of this clone, whose kernels are
    compiled."""
    return [
        "--cores",
        "2",
        "--snakefile",
        str(ROOT / "workflow" / "Snakefile"),
        "--directory",
        str(path),
        *options,
        "--configfile",
        str(path / "config.yaml"),
    ]


def command(path: Path, *options: str) -> list[str]:
    """The command line of a user."""
    return [sys.executable, "-m", "snakemake", *options_of(path, *options)]


def run(path: Path, *options: str) -> subprocess.CompletedProcess:
    """Run it to its end."""
    return ready_snakemake.run(options_of(path, *options), ROOT, timeout=300)


def run_by(user: tuple[str, ...], path: Path, *options: str) -> subprocess.CompletedProcess:
    """Run it to its end as another user: `user` is the command that starts it, such as setpriv."""
    asked = [*user, *command(path, *options)]
    return subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)


def said(done: subprocess.CompletedProcess) -> str:
    return done.stdout + done.stderr


def finished(path: Path, *options: str) -> subprocess.CompletedProcess:
    """Run it; it must end well."""
    done = run(path, *options)
    assert done.returncode == 0, said(done)[-8000:]
    return done


# What files hold ----------------------------------------------------------------------------------


def visible(path: Path) -> list[Path]:
    """Every result under its final name; temporary names and Snakemake's own files begin with a
    dot."""
    files = []
    for folder, folders, names in os.walk(path / "results"):
        top = Path(folder) == path / "results"
        folders[:] = [
            f for f in folders if not f.startswith(".") and not (top and f in OWN_WRITING)
        ]
        files += [Path(folder) / name for name in names if not name.startswith(".")]
    return files


def held(file: Path):
    """All that a file holds, provenance (machine, time) left out; an incomplete file cannot be
    read."""
    if file.suffix == ".mat":
        arrays = {
            key: np.asarray(value)
            for key, value in scipy.io.loadmat(file).items()
            if not key.startswith("__")
        }
    elif file.suffix == ".npz":
        with np.load(file, allow_pickle=False) as opened:
            arrays = dict(opened)
    elif file.suffix == ".parquet":
        return pq.read_table(file).replace_schema_metadata(None).to_pydict()
    elif file.suffix == ".png":
        assert file.read_bytes().endswith(b"IEND\xaeB`\x82"), file
        return None
    elif file.suffix == ".pdf":
        assert file.read_bytes().rstrip().endswith(b"%%EOF"), file
        return None
    else:
        text = file.read_text(encoding="utf-8")
        assert text.endswith("\n") or file.suffix in (".html", ".rst", ".md"), file
        return None if file.suffix == ".html" else text
    return {
        key: (a.dtype, a.shape, a.tobytes()) for key, a in arrays.items() if "provenance" not in key
    }


def contents(path: Path) -> dict[str, object]:
    """What every result of a study holds, by its path."""
    return {str(file.relative_to(path)): held(file) for file in visible(path)}


def differences(a: dict, b: dict) -> list[str]:
    return sorted(
        key for key in a.keys() | b.keys() if key not in a or key not in b or a[key] != b[key]
    )


def incomplete(path: Path) -> list[str]:
    """Files that Snakemake has marked as begun and not ended."""
    return [p.name for p in (path / ".snakemake" / "incomplete").rglob("*") if p.is_file()]


def broken(files: list[Path]) -> list[str]:
    """Those of them that are there and cannot be read whole."""
    found = []
    for file in files:
        try:
            held(file)
        except FileNotFoundError:  # moved away in the meantime
            continue
        except (
            OSError,
            EOFError,
            ValueError,
            AssertionError,
            zipfile.BadZipFile,
            TypeError,
        ) as error:
            found.append(f"{file}: {type(error).__name__}: {error}")
    return found


class Watch(threading.Thread):
    """Looks at the results every 10 ms and reads what has newly come under a final name: it must be
    whole."""

    def __init__(self, path: Path):
        super().__init__(daemon=True)
        self.path, self.seen, self.half_written = path, set(), []
        self.ended = threading.Event()

    def look(self) -> None:
        for file in visible(self.path):
            try:
                stat = file.stat()
            except FileNotFoundError:
                continue
            state = (file, stat.st_ino, stat.st_size)
            if state not in self.seen:
                self.seen.add(state)
                self.half_written += broken([file])

    def run(self) -> None:
        while not self.ended.wait(0.01):
            self.look()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
