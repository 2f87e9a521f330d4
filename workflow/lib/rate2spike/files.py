"""Outputs appear whole or not at all: write under a temporary name, then rename."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path beside `path` (same suffix) and rename it to `path` if the block ends well, else delete it.

    Works for a file or a folder; a folder already at `path` is replaced. What a killed job left of the same output is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    leftover = re.compile(rf"\.{re.escape(path.name)}\.\d+\.part{re.escape(path.suffix)}")
    for orphan in filter(lambda p: leftover.fullmatch(p.name), path.parent.iterdir()):
        _remove(orphan)
    try:
        yield temporary
        if temporary.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        _remove(temporary)


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
