"""Whether the bytes of a .mat file (v5 to v7) are one.

scipy's reader trusts types and sizes, and a damaged file can end the process.

Format: "MAT-File Format" of The MathWorks, chapter 1. A file is a header of 128 bytes and elements;
an element is a tag (type, number of bytes) and its data, padded to 8 bytes; arrays are elements of
elements.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

HEADER = 128
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18}  # types of numbers and of letters
CELL, STRUCT, OBJECT = 1, 2, 3  # classes of arrays that hold arrays, besides
FUNCTION, OPAQUE = 16, 17
DEEPEST = 30  # arrays within arrays
MOST_BYTES = 2 << 30  # decompressed: a model of 5,000 units is half of it

HDF5 = b"\x89HDF\r\n\x1a\n"
SAVE_AGAIN = "save it again in MATLAB with save(..., '-v7')"
IN_OCTAVE = "save it again in Octave with save -v7 FILE"
# how the file begins -> what it is, and what to do
OTHER_KINDS = (
    (b"MATLAB 7.3", f"MATLAB v7.3 file; {SAVE_AGAIN}"),
    (HDF5, f"an HDF5 file; {SAVE_AGAIN}, in Octave with save -v7 FILE"),
    (b"# Created by Octave", f"a file in Octave's text format; {IN_OCTAVE}"),
    (b"# name:", f"a file in Octave's text format; {IN_OCTAVE}"),
    (b"Octave-1-", f"a file in Octave's binary format; {IN_OCTAVE}"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself; run git lfs pull"),
    (b"/annex/objects/", "a pointer of git-annex, not the file itself; run git annex get"),
    (b"\x93NUMPY", "an array of numpy (.npy); write the keys with scipy.io.savemat"),
    (b"PK\x03\x04", "a zip archive, such as .npz, .pth or .zip; a .mat file is needed"),
    (b"\x1f\x8b", "a file packed with gzip; unpack it with gunzip"),
    (b"<!doctype html", "a page of the web, not the file itself; download the file again"),
    (b"<html", "a page of the web, not the file itself; download the file again"),
)
TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))


def other_kind(data: bytes) -> str | None:
    """What a file is that is no .mat file of v4 to v7, and what to do; None where that is not
    known."""
    if not data:
        return "an empty file; it was perhaps not written to its end, or not downloaded"
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, what in OTHER_KINDS:
        if start.startswith(beginning) or start.lower().startswith(beginning):
            return what
    # HDF5 allows a block of another program before its signature
    if any(data[at : at + len(HDF5)] == HDF5 for at in (512, 1024, 2048)):
        return f"an HDF5 file; {SAVE_AGAIN}, in Octave with save -v7 FILE"
    if all(byte in TEXT for byte in data[:HEADER]):  # a header holds numbers, too
        return "a text file; a .mat file as MATLAB or scipy.io.savemat writes it is needed"
    return None


def check(data: bytes) -> None:
    """Look through the bytes of a file; older formats (v4) are left to scipy.

    Raises
    ------
    ValueError
        saying what is wrong, and at which byte
    """
    if len(data) < HEADER:
        raise ValueError(f"{len(data)} bytes, shorter than a header")
    if 0 in data[:4]:  # v4 begins so
        return
    order = {b"IM": "little", b"MI": "big"}.get(bytes(data[126:128]))
    if order is None:
        raise ValueError("the header does not say the order of bytes")
    file = Bytes(data, order)
    at = HEADER
    left = MOST_BYTES
    while at < len(data):
        element = file.element(at, len(data), top=True)
        at = element.following
        if element.kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            unpacked = unpacker.decompress(data[element.start : element.end], left)
            # nothing left would mean no limit for the next
            if unpacker.unconsumed_tail or len(unpacked) == left:
                raise ValueError(f"holds more than {MOST_BYTES >> 20} MB")
            left -= len(unpacked)
            inside = Bytes(unpacked, order)
            _check_array(inside, inside.element(0, len(unpacked)))
        else:
            _check_array(file, element)


class Element(NamedTuple):
    """Where an element lies."""

    kind: int  # the type in its tag
    start: int  # of its data
    end: int
    following: int  # where the next element begins


class Bytes(NamedTuple):
    """The bytes of a file, or those of a compressed element."""

    data: bytes
    order: str  # `little` or `big`

    def number(self, at: int, *, signed: bool = False) -> int:
        """The number of 32 bits at a byte."""
        return int.from_bytes(self.data[at : at + 4], self.order, signed=signed)

    def element(self, at: int, end: int, *, top: bool = False) -> Element:
        """The element at a byte, which must end before `end`; `top`: it does not lie in another."""
        if at + 8 > end:
            raise ValueError(f"byte {at}: an element is cut off")
        kind = self.number(at)
        size = self.number(at + 4)
        start = at + 8
        short = kind >> 16  # the size of an element that lies inside its own tag
        if short:
            kind = kind & 0xFFFF
            size = short
            start = at + 4
            if size > 4:
                raise ValueError(f"byte {at}: a short element of {size} bytes")
        if start + size > end:
            raise ValueError(f"byte {at}: an element of {size} bytes, {end - start} are left")
        if short:
            following = at + 8
        elif top and kind == COMPRESSED:  # the only one without padding
            following = start + size
        else:
            following = start + size + -size % 8
        return Element(kind, start, start + size, following)


def _check_array(file: Bytes, array: Element, depth: int = 0) -> None:
    """Check the elements of an array, and those of the arrays in it."""
    at = array.start
    if array.kind != MATRIX:
        raise ValueError(f"byte {at}: expected an array, got an element of type {array.kind}")
    if depth > DEEPEST:
        raise ValueError(f"arrays within arrays, more than {DEEPEST} deep")
    if at == array.end:  # an empty array
        return
    flags = file.element(at, array.end)
    if flags.kind != 6 or flags.end - flags.start != 8:
        raise ValueError(f"byte {flags.start}: an array without its class")
    class_of_array = file.number(flags.start) & 0xFF
    if not 1 <= class_of_array <= OPAQUE:
        raise ValueError(f"byte {flags.start}: an array of the unknown class {class_of_array}")
    holds_arrays = class_of_array in (CELL, STRUCT, OBJECT, FUNCTION, OPAQUE)
    at = flags.following
    if holds_arrays and class_of_array <= OBJECT:
        _check_count(file, at, array.end)
    while at < array.end:
        part = file.element(at, array.end)
        at = part.following
        if part.kind == MATRIX and holds_arrays:
            _check_array(file, part, depth + 1)
        elif part.kind not in NUMBERS:
            raise ValueError(f"byte {part.start}: an element of the unknown type {part.kind}")


def _check_count(file: Bytes, at: int, end: int) -> None:
    """Raise ValueError for more cells than there are bytes for.

    scipy makes room for all before it reads the first.
    """
    shape = file.element(at, end)
    count = 1
    for i in range(shape.start, shape.end, 4):
        count *= file.number(i, signed=True)
    if not 0 <= count <= (end - at) // 8:
        raise ValueError(f"byte {at}: {count} cells in {end - at} bytes")
