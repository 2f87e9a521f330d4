"""Plain arrays of a .mat file read without scipy: bit for bit what scipy reads, or left to it."""

import io
import struct
import zlib

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from shared import ROOT

from rate2spike import mat_plain, mat_structure, matfile

FILES = sorted((ROOT / "tests" / "data").glob("*.mat"))
draw = np.random.default_rng(3)
PLAIN = {
    **{kind: draw.integers(0, 99, (3, 4)).astype(kind) for kind in "bBhHiIqQfd"},
    "truths": np.array([[True, False, True]]),
    "a column": np.arange(5.0)[:, None],
    "four numbers in a tag": np.arange(4, dtype=np.uint8),
    "three dimensions": draw.normal(size=(2, 3, 4)),
    "nothing": np.zeros((0, 3)),
    "a number": 7,
    "a word": "clipped_relu",
    "JSON": '{"seed": 3, "by": "somebody"}',
}
OTHER = {
    "sparse": scipy.sparse.csc_matrix(np.eye(3)),
    "complex": np.array([[1 + 2j]]),
    "a struct": {"a": 1.0},
    "a cell": np.array([["a", np.eye(2)]], dtype=object),
    "two lines": np.array(["one", "two"]),
    "letters beyond ASCII": "Zürich",
    "no letters": "",
}


def written(compressed=True, **variables):
    file = io.BytesIO()
    scipy.io.savemat(file, variables, do_compression=compressed)
    data = file.getvalue()
    mat_structure.check(data)
    return data


def assert_as_scipy_reads_it(data, name):
    ours = mat_plain.read(data, [name])[name]
    theirs = scipy.io.loadmat(io.BytesIO(data))[name]
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    assert ours.tobytes() == theirs.tobytes()
    # sums over an array depend on its order in memory
    assert ours.flags.c_contiguous == theirs.flags.c_contiguous
    assert ours.flags.f_contiguous == theirs.flags.f_contiguous
    assert ours.flags.writeable


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_key_of_a_model_is_what_scipy_reads(file):
    data = file.read_bytes()
    for name in scipy.io.loadmat(file):
        if not name.startswith("__"):
            assert_as_scipy_reads_it(data, name)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("value", PLAIN.values(), ids=PLAIN)
def test_plain_arrays_are_what_scipy_reads(value, compressed):
    assert_as_scipy_reads_it(written(compressed, before=np.eye(2), x=value, y=1), "x")


def element(kind, content):
    """As it stands in a file: its tag, the content, up to the next 8 bytes."""
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


@pytest.mark.parametrize("kind", [4, 17], ids=["as MATLAB writes them", "UTF-16"])
def test_letters_of_two_bytes_are_what_scipy_reads(kind):
    word = "clipped_relu"
    array = element(6, struct.pack("<II", 4, 0)) + element(5, struct.pack("<ii", 1, len(word)))
    array += element(1, b"x") + element(kind, word.encode("utf-16-le"))
    data = written()[: mat_structure.HEADER] + element(14, array)
    assert mat_plain.read(data, ["x"])["x"].tolist() == [word]
    assert_as_scipy_reads_it(data, "x")


@pytest.mark.parametrize("value", OTHER.values(), ids=OTHER)
def test_what_is_not_plain_is_left_to_scipy(value):
    data = written(x=value, y=np.array([[2.0]]))
    assert mat_plain.read(data, ["x"]) is None
    assert mat_plain.read(data, ["x", "y"]) is None
    assert mat_plain.read(data, ["y", "z"])["y"].tolist() == [[2]]


def test_other_formats_are_left_to_scipy():
    file = io.BytesIO()
    scipy.io.savemat(file, {"x": np.eye(2)}, format="4")
    assert mat_plain.read(file.getvalue(), ["x"]) is None
    data = written(x=np.eye(2))
    assert mat_plain.read(data[:126] + b"MI" + data[128:], ["x"]) is None
    twice = data + data[mat_structure.HEADER :]
    assert mat_plain.read(twice, ["x"]) is None  # scipy warns of it


def test_a_damaged_end_is_left_to_scipy():
    """More behind a compressed array than the array, or a checksum that is cut off."""
    data = written(x=np.eye(30))
    size = int.from_bytes(data[132:136], "little")
    for change, content in ((4, data[136:] + b"more"), (-2, data[136:-2])):
        shown = data[:132] + (size + change).to_bytes(4, "little")
        assert mat_plain.read(shown + content, ["x"]) is None


def test_a_model_is_the_same_whichever_reads_it(monkeypatch):
    plain = matfile.load(FILES[0])
    monkeypatch.setattr(mat_plain, "read", lambda data, keys: None)
    by_scipy = matfile.load(FILES[0])
    for part in ("w_in", "inhibitory", "mask"):
        assert getattr(plain, part).tobytes() == getattr(by_scipy, part).tobytes()
    for ours, theirs in zip(plain.weights, by_scipy.weights, strict=True):
        assert (ours.tobytes(), ours.strides) == (theirs.tobytes(), theirs.strides)
    assert plain.config == by_scipy.config


# What scipy must not be given ---------------------------------------------------------------------


@pytest.mark.parametrize("missing", [1, 8, 48])
def test_a_cut_element_says_how_many_bytes_are_left_for_its_data(missing):
    """Without those of its tag: with them there may be as many as it needs."""
    plain, packed = written(compressed=False, x=draw.random(7)), written(x=draw.random(30))
    numbers = len(plain) - 64  # where their tag begins, before 56 bytes
    size = struct.pack("<I", 56 + missing)
    longer = plain[: numbers + 4] + size + plain[numbers + 8 :]
    header, array = longer[: mat_structure.HEADER], longer[mat_structure.HEADER :]
    inside = header + element(mat_structure.COMPRESSED, zlib.compress(array))
    for data, at, needed in (
        (plain[:-missing], 128, len(plain) - 136),
        (packed[:-missing], 128, len(packed) - 136),
        (longer, numbers, 56 + missing),
        (inside, numbers - 128, 56 + missing),
    ):
        told = f"^byte {at}: an element of {needed} bytes, {needed - missing} are left$"
        with pytest.raises(ValueError, match=told):
            mat_structure.check(data)


@pytest.mark.parametrize(("depth", "refused"), [(25, False), (45, True)])
def test_arrays_within_arrays_end_somewhere(depth, refused):
    """scipy follows them until the process ends."""
    value = 1.0
    for _ in range(depth):
        value = {"a": value}
    if not refused:
        assert written(x=value)
        return
    with pytest.raises(ValueError, match="arrays within arrays, more than 30 deep"):
        written(x=value)


def test_a_small_file_that_holds_more_than_memory_is_refused(monkeypatch):
    """All compressed arrays together; what fills the limit to the last byte is too much, too."""
    assert 1e9 < mat_structure.MOST_BYTES < 4e9
    zeros = np.zeros(1000)
    data = written(x=zeros, y=zeros)
    size = int.from_bytes(data[132:136], "little")
    unpacked = len(zlib.decompress(data[136 : 136 + size]))
    for most, refused in (
        (2 * unpacked + 1, False),
        (2 * unpacked, True),
        (2 * unpacked - 1, True),
        (unpacked + 1, True),
        (unpacked, True),
    ):
        monkeypatch.setattr(mat_structure, "MOST_BYTES", most)
        if refused:
            with pytest.raises(ValueError, match="holds more than 0 MB"):
                mat_structure.check(data)
        else:
            mat_structure.check(data)


def test_more_cells_than_there_are_bytes_for_are_refused():
    """scipy makes room for all of them before it reads the first."""
    cells = np.empty((1, 3), dtype=object)
    cells[:] = [[1.0, 2.0, 3.0]]
    data = written(compressed=False, x=cells)
    shape = (1).to_bytes(4, "little") + (3).to_bytes(4, "little")
    assert data.count(shape) == 1
    for n, refused in ((3, False), (100, True), (1_000, True), (2**31 - 1, True)):
        other = data.replace(shape, shape[:4] + n.to_bytes(4, "little"))
        if refused:
            with pytest.raises(ValueError, match=f"{n} cells in"):
                mat_structure.check(other)
        else:
            mat_structure.check(other)
