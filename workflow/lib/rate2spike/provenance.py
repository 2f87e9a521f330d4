"""How a file was made: settings, seed, code, versions, machine, device, time.

It is a plain dict that travels in the file as JSON.

Results are published, so neither user nor host is named, and of a path only the file's name. What
differs between two runs of one study (machine, seconds, time of day) is here and nowhere else:
without their record two files are the same bits.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from . import __version__

PACKAGES = ("numpy", "scipy", "numba", "torch", "triton", "snakemake", "pandas", "pyarrow")
KEY = "provenance"  # in .mat, .npz and the metadata of parquet
WORKFLOW = Path(__file__).resolve().parents[2]


def record(*, seconds: float, device: str = "cpu", **facts: Any) -> dict[str, Any]:
    """How what is written now was made.

    Parameters
    ----------
    seconds : how long the work took
    device : `cpu` or `cuda`
    facts : what belongs to the file, such as task, study_seed, settings and the fingerprint of the
        library modules that the stage uses

    Returns
    -------
    The facts, with software, versions, machine, device, seconds and the time of now
    """
    return facts | {
        "software": software(),
        "versions": versions(),
        "machine": machine(),
        "device": _device_name(device),
        "seconds": round(seconds, 2),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def software() -> dict[str, Any]:
    """Version of rate2spike and, in a clone, its commit.

    `modified` says whether files below workflow/ differ from the commit.
    """
    return {"rate2spike": __version__} | _commit(WORKFLOW)


@cache
def versions() -> dict[str, str]:
    """Python and the packages that a number may depend on, where they are installed."""
    installed = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue  # torch and Triton are not there everywhere
    return installed


@cache
def machine() -> dict[str, Any]:
    """The processor and the system.

    The processor is named as sold and as code is compiled for it: its vector unit decides the last
    bits.
    """
    import llvmlite.binding

    return {
        "cpu": _cpu_model(),
        "compiled_for": llvmlite.binding.get_host_cpu_name(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
    }


def file_facts(path: str | os.PathLike) -> dict[str, str]:
    """A file by its name and checksum, not by where it lies."""
    return {
        "file": PurePath(path).name,
        "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
    }


def model_facts(path: str | os.PathLike) -> dict[str, str]:
    """A model file by its name and what it holds.

    Of a file from elsewhere this is the checksum, of one trained here the fingerprint of its
    network, which training it anew does not change.
    """
    # here and in `read` only: a job that reads no model file does not depend on it
    from . import matfile

    if not read(path):
        return file_facts(path)
    return {"file": PurePath(path).name, "fingerprint": matfile.fingerprint(path)}


def without_paths(value: Any) -> Any:
    """The same settings, of every absolute path only the file's name."""
    if isinstance(value, Mapping):
        return {key: without_paths(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(v) for v in value]
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return value


def dumps(facts: Mapping[str, Any]) -> str:
    """The text that is kept in a file."""
    return json.dumps(facts, sort_keys=True)


def read(path: str | os.PathLike) -> dict[str, Any] | None:
    """The record that a .mat, .npz or .parquet file holds.

    None where it holds no record that can be read.
    """
    from . import matfile

    readers = {".mat": _in_mat, ".npz": _in_npz, ".parquet": _in_parquet}
    return matfile.parse_provenance(readers[Path(path).suffix](path))


def together(records: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    """What many files say of how they were made, as one record.

    It holds the different seeds, versions and machines, each once, the seconds in all, the number
    of files and of those without a record (None), and when the first and the last were finished.
    """
    records = list(records)
    known = [r for r in records if r]
    times = sorted(r["finished"] for r in known if "finished" in r)
    return differences(known) | {
        "files": len(records),
        "files_without_record": len(records) - len(known),
        "seconds": round(sum(r.get("seconds", 0) for r in known), 2),
        "first_finished": times[0] if times else None,
        "last_finished": times[-1] if times else None,
    }


TOGETHER = ("study_seed", "software", "versions", "machine", "device")


def differences(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The different seeds, versions and machines of records, each once.

    A record may also be what `together` made of some: its values are lists.
    """
    collected: dict[str, list[Any]] = {name: [] for name in TOGETHER}
    for part in records:
        for name in collected.keys() & part.keys():
            value = part[name]
            collected[name] += value if isinstance(value, list) else [value]
    return {name: _different(values) for name, values in collected.items()}


def _different(values: Iterable[Any]) -> list[Any]:
    """Each value once, in order."""
    texts = {dumps(value) for value in values}
    return [json.loads(text) for text in sorted(texts)]


def _in_mat(path: str | os.PathLike) -> Any:
    from . import matfile

    return matfile.read(path, [KEY]).get(KEY)


def _in_npz(path: str | os.PathLike) -> Any:
    with np.load(path) as file:
        return file.get(KEY)


def _in_parquet(path: str | os.PathLike) -> Any:
    import pyarrow.parquet as pq

    return (pq.read_schema(path).metadata or {}).get(KEY.encode(), b"").decode()


def _commit(folder: Path) -> dict[str, Any]:
    """The commit of the clone that `folder` belongs to.

    Nothing where git does not know it, or there is no git.
    """
    try:
        # else it is the repository of somebody else around it
        _git(folder, "ls-files", "--error-unmatch", "Snakefile")
        changed = _git(folder, "--no-optional-locks", "status", "--porcelain", ".")
        return {"commit": _git(folder, "rev-parse", "HEAD"), "modified": bool(changed)}
    except (OSError, subprocess.CalledProcessError):
        return {}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=True
    )
    return done.stdout.strip()


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8", errors="replace").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _device_name(device: str) -> str:
    if device != "cuda":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return "cpu, in Triton's interpreter"
