"""Outputs appear whole or not at all: write under a temporary name, then rename."""

from __future__ import annotations

import csv
import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "your quota of disk space is used up"}


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Write a file or folder whole: under a temporary name, which is renamed at the end.

    The temporary path lies beside `path` and has the same suffix. If the block ends well it is
    renamed to `path`, else deleted. A folder already at `path` is replaced. What a killed job left
    of the same output is removed.

    Raises
    ------
    OSError
        naming `path`, where the disk is full
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    leftover = re.compile(rf"\.{re.escape(path.name)}\.\d+\.part{re.escape(path.suffix)}")
    for neighbour in path.parent.iterdir():
        if leftover.fullmatch(neighbour.name):
            _remove(neighbour)
    try:
        yield temporary
        if temporary.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in FULL:
            raise OSError(error.errno, f"{_full(error, path)}; {MAKE_ROOM}") from error
        raise
    finally:
        _remove(temporary)


MAKE_ROOM = "make room and give the same command: what is finished is kept"


def _full(error: OSError, path: Path) -> str:
    free = shutil.disk_usage(path.parent).free / 1e6
    return (
        f"{FULL[error.errno]}: {path} cannot be written, "
        f"{free:.1f} MB are free in {path.parent.resolve()}"
    )


def check_room(folder: str | os.PathLike, n_bytes: int = 1_000_000) -> None:
    """Try to write `n_bytes` in `folder`, which is made where it is missing.

    Raises
    ------
    OSError
        saying why, where they cannot be written: no permission, a read-only or a full disk
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(n_bytes))
            file.flush()
    except OSError as error:
        if error.errno in FULL:
            why = f"{FULL[error.errno]}; {MAKE_ROOM}"
        else:
            why = os.strerror(error.errno)
        raise OSError(error.errno, f"{folder.resolve()} cannot be written: {why}") from error


def why_not_writable(folder: str | os.PathLike, n_bytes: int = 1_000_000) -> str:
    """Why `n_bytes` cannot be written in `folder`, or nothing; found out without touching it."""
    folder = Path(folder)
    disk = os.statvfs(folder)
    if disk.f_flag & os.ST_RDONLY:
        why = os.strerror(errno.EROFS)
    elif not os.access(folder, os.W_OK | os.X_OK):
        why = os.strerror(errno.EACCES)
    elif disk.f_blocks and disk.f_bavail * disk.f_frsize < n_bytes:
        why = f"{FULL[errno.ENOSPC]}; {MAKE_ROOM}"
    else:  # a quota is seen where results are written
        return ""
    return f"{folder.resolve()} cannot be written: {why}"


def date_back(folder: str | os.PathLike) -> int:
    """Date the files below a folder to now, where they are dated in the future.

    So they are after the clock was set back. They keep their order. Returns how many there were.
    """
    now = time.time()
    too_late = []
    for top, _, names in os.walk(folder):
        for name in names:
            file = Path(top) / name
            try:
                date = file.lstat().st_mtime
            except FileNotFoundError:
                continue  # a temporary file of a run that is still at work
            if date > now + 1:
                too_late.append((date, file))
    for i, (_, file) in enumerate(sorted(too_late)):
        date = now + 1e-6 * i
        os.utime(file, (date, date), follow_symlinks=False)
    return len(too_late)


# columns of names and words in any table that the workflow writes
TEXT_COLUMNS = {
    "name",
    "other_names",
    "task",
    "condition",
    "neuron",
    "network",
    "model",
    "kind",
    "purpose",
    "step",
    "scaling_factors",
    "figure",
    "panel",
    "role",
    "series",
    "quantity",
    "x_name",
    "x_value",
    "y_name",
    "z_name",
    "unit",
    "verdict",
    "source",
    "link",
}


def read_csv(path: str | os.PathLike, types: Mapping[str, str] | None = None):
    """Read a table as it was written: every name is text, every number exact.

    pandas by itself takes the names NA, nan, None and null for missing ones and the names 007 and
    1e3 for numbers; before its version 3.1 it also misses the last bit of some numbers.

    Parameters
    ----------
    path
        A CSV file that the workflow wrote.
    types
        Types of columns that are not to be guessed, such as `Int64`.

    Returns
    -------
    pandas.DataFrame
        Where nothing stands, TEXT_COLUMNS have an empty text and all others a missing value.
    """
    import pandas as pd  # here: most jobs that write files need no pandas

    texts = []
    missing = {}
    for column in pd.read_csv(path, nrows=0).columns:
        if column in TEXT_COLUMNS:
            texts.append(column)
        else:
            missing[column] = [""]
    # since 3.1 pandas is exact by itself, and asking for it is deprecated
    version = tuple(map(int, pd.__version__.split(".")[:2]))
    exact = {"float_precision": "round_trip"} if version < (3, 1) else {}
    return pd.read_csv(
        path,
        dtype={**(types or {}), **dict.fromkeys(texts, "str")},
        keep_default_na=False,
        na_values=missing,
        **exact,
    )


def read_rows(path: str | os.PathLike) -> list[dict[str, str]]:
    """Read a table that the workflow wrote without pandas, for which a job waits longer than for
    all else.

    Parameters
    ----------
    path
        A CSV file.

    Returns
    -------
    list of dict
        Row by row, column -> text.
    """
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(table, path: str | os.PathLike, float_format: str | None = None) -> None:
    """Write a pandas table whole."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format=float_format, lineterminator="\n")


def write_text(text: str, path: str | os.PathLike) -> None:
    """Write a text whole."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
