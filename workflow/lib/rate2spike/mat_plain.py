"""What a network is made of, read from a .mat file (v5 to v7) without scipy: full matrices of real
numbers, and lines of letters.

scipy takes longer to be imported than many a job computes. It reads whatever is not plain.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection

import numpy as np

from .mat_structure import COMPRESSED, HEADER, Bytes, Element

# type of an element -> type of its numbers
NUMBERS = {
    1: "<i1",
    2: "<u1",
    3: "<i2",
    4: "<u2",
    5: "<i4",
    6: "<u4",
    7: "<f4",
    9: "<f8",
    12: "<i8",
    13: "<u8",
}
LETTERS = {4: "utf-16-le", 16: "utf-8", 17: "utf-16-le"}  # type of an element -> encoding
INT8, INT32 = 1, 5
CHARACTERS = 4  # class of an array
NUMERIC = range(6, 16)  # classes of arrays, double to uint64
COMPLEX = 0x800  # in the flags of an array


def read(data: bytes, keys: Collection[str]) -> dict[str, np.ndarray] | None:
    """The arrays of some keys, as scipy reads them.

    Parameters
    ----------
    data : the content of a file that `mat_structure.check` has looked through
    keys : those to read; a key that is not there is left out

    Returns
    -------
    Key -> array; None where scipy has to read the file: one of the keys is not plain, or the file
    is of another format or not quite as it should be
    """
    if 0 in data[:4] or data[126:128] != b"IM":  # v4, or the other order of bytes
        return None
    file = Bytes(data, "little")
    values: dict[str, np.ndarray] = {}
    at = HEADER
    while at < len(data):
        element = file.element(at, len(data), top=True)
        at = element.following
        around = file
        if element.kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            around = Bytes(unpacker.decompress(data[element.start : element.end]), "little")
            element = around.element(0, len(around.data))
            if not unpacker.eof or unpacker.unused_data or element.following < len(around.data):
                return None
        name = _name(around, element)
        if name is None or name in values:
            return None
        if name in keys:
            value = _value(around, element)
            if value is None:
                return None
            values[name] = value
    return values


def _parts(file: Bytes, array: Element) -> list[Element]:
    """The elements of an array: flags, shape, name and what it holds."""
    parts = []
    at = array.start
    while at < array.end:
        parts.append(file.element(at, array.end))
        at = parts[-1].following
    return parts


def _name(file: Bytes, array: Element) -> str | None:
    """The name of an array; None where it has none of plain letters."""
    parts = _parts(file, array)
    if len(parts) < 3 or parts[2].kind != INT8:
        return None
    name = file.data[parts[2].start : parts[2].end]
    return name.decode("ascii") if name.isascii() and name[:1].isalpha() else None


def _value(file: Bytes, array: Element) -> np.ndarray | None:
    """What an array holds; None where it is not plain."""
    parts = _parts(file, array)
    if len(parts) != 4 or parts[1].kind != INT32:
        return None
    flags = file.number(parts[0].start)
    shape = tuple(np.frombuffer(file.data[parts[1].start : parts[1].end], "<i4").tolist())
    if flags & COMPLEX or len(shape) < 2 or min(shape) < 0:
        return None
    content = file.data[parts[3].start : parts[3].end]
    if flags & 0xFF in NUMERIC and parts[3].kind in NUMBERS:
        return _numbers(content, shape, NUMBERS[parts[3].kind])
    if flags & 0xFF == CHARACTERS and parts[3].kind in LETTERS:
        return _letters(content, shape, LETTERS[parts[3].kind])
    return None


def _numbers(content: bytes, shape: tuple[int, ...], kind: str) -> np.ndarray | None:
    if len(content) != math.prod(shape) * np.dtype(kind).itemsize:
        return None
    return np.frombuffer(content, kind).reshape(shape, order="F").copy(order="F")


def _letters(content: bytes, shape: tuple[int, ...], encoding: str) -> np.ndarray | None:
    """One line of plain letters, (1,)."""
    letters = content.decode(encoding, errors="replace")
    is_plain = letters.isascii() and letters.isprintable()
    if shape != (1, len(letters)) or not letters or not is_plain:
        return None
    return np.array([letters])
