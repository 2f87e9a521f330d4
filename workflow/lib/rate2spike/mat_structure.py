"""Whether the bytes of a .mat file (v5 to v7) are one.

scipy's reader trusts types and sizes, and a damaged file can end the process.

Format: "MAT-File Format" of The MathWorks, chapter 1. A file is a header of 128 bytes and elements;
an element is a tag (type, number of bytes) and its data, padded to 8 bytes; arrays are elements of
elements.
"""

from __future__ import annotations

import zlib

HEADER = 128
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18}  # types of numbers and of letters
CELL, STRUCT, OBJECT = 1, 2, 3  # classes of arrays that hold arrays, besides
FUNCTION, OPAQUE = 16, 17
DEEPEST = 30  # arrays within arrays
MOST_BYTES = 2 << 30  # decompressed: a model of 5,000 units is half of it


def check(data: bytes) -> None:
    """Raise ValueError saying what is wrong with the bytes of a file; older formats (v4) are left
    to scipy."""
    if len(data) < HEADER:
        raise ValueError(f"{len(data)} bytes, shorter than a header")
    if 0 in data[:4]:  # v4 begins so
        return
    order = {b"IM": "little", b"MI": "big"}.get(bytes(data[126:128]))
    if order is None:
        raise ValueError("the header does not say the order of bytes")
    at, left = HEADER, MOST_BYTES
    while at < len(data):
        kind, start, end, at = _element(data, at, len(data), order, top=True)
        if kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            unpacked = unpacker.decompress(data[start:end], left)
            if (
                unpacker.unconsumed_tail or len(unpacked) == left
            ):  # nothing left would mean no limit for the next
                raise ValueError(f"holds more than {MOST_BYTES >> 20} MB")
            left -= len(unpacked)
            kind, start, end, _ = _element(unpacked, 0, len(unpacked), order)
            _array(unpacked, kind, start, end, order)
        else:
            _array(data, kind, start, end, order)


def _element(
    data: bytes, at: int, end: int, order: str, top: bool = False
) -> tuple[int, int, int, int]:
    """Type, start and end of the data of the element at `at`, and where the next begins."""
    if at + 8 > end:
        raise ValueError(f"byte {at}: an element is cut off")
    kind, size = (int.from_bytes(data[i : i + 4], order) for i in (at, at + 4))
    small, start = kind >> 16, at + 8
    if small:
        kind, size, start = kind & 0xFFFF, small, at + 4
        if size > 4:
            raise ValueError(f"byte {at}: a short element of {size} bytes")
    if start + size > end:
        raise ValueError(f"byte {at}: an element of {size} bytes, {end - start} are left")
    following = at + 8 if small else start + size + (0 if top and kind == COMPRESSED else -size % 8)
    return kind, start, start + size, following


def _array(data: bytes, kind: int, at: int, end: int, order: str, depth: int = 0) -> None:
    """Check the elements of an array, and those of the arrays in it."""
    if kind != MATRIX:
        raise ValueError(f"byte {at}: expected an array, got an element of type {kind}")
    if depth > DEEPEST:
        raise ValueError(f"arrays within arrays, more than {DEEPEST} deep")
    if at == end:  # an empty array
        return
    kind, flags, after, at = _element(data, at, end, order)
    if kind != 6 or after - flags != 8:
        raise ValueError(f"byte {flags}: an array without its class")
    holds = int.from_bytes(data[flags : flags + 4], order) & 0xFF
    if not 1 <= holds <= OPAQUE:
        raise ValueError(f"byte {flags}: an array of the unknown class {holds}")
    arrays = holds in (CELL, STRUCT, OBJECT, FUNCTION, OPAQUE)
    if arrays and holds <= OBJECT:
        _count(data, at, end, order)
    while at < end:
        kind, start, stop, at = _element(data, at, end, order)
        if kind == MATRIX and arrays:
            _array(data, kind, start, stop, order, depth + 1)
        elif kind not in NUMBERS:
            raise ValueError(f"byte {start}: an element of the unknown type {kind}")


def _count(data: bytes, at: int, end: int, order: str) -> None:
    """No more cells than there are bytes for: scipy makes room for all before it reads the first."""
    _, start, stop, _ = _element(data, at, end, order)
    count = 1
    for i in range(start, stop, 4):
        count *= int.from_bytes(data[i : i + 4], order, signed=True)
    if not 0 <= count <= (end - at) // 8:
        raise ValueError(f"byte {at}: {count} cells in {end - at} bytes")
