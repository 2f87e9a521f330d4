"""Model files and configs, each wrong in a way of its own; which way, the random generator `draw`
decides."""

import copy
import io
import struct
from functools import cache
from pathlib import Path

import numpy as np
import scipy.io
import scipy.sparse
import yaml

ROOT = Path(__file__).parents[2]
SOURCES = [
    ROOT / "tests" / "data" / f"model_{name}.mat" for name in ("small_t4_20_f64", "small_t10_f64")
]
CONFIGS = [ROOT / "config" / "config.yaml", ROOT / "tests" / "tiny" / "config.yaml"]


def keys_of(file: Path) -> dict:
    return {key: value for key, value in scipy.io.loadmat(file).items() if not key.startswith("__")}


def written(keys: dict, compressed: bool) -> bytes:
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, keys, do_compression=compressed)
    return buffer.getvalue()


# Bytes of a .mat file -----------------------------------------------------------------------------


def flip(data: bytearray, draw) -> None:
    for _ in range(draw.choice([1, 1, 2, 8, 64])):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def truncate(data: bytearray, draw) -> None:
    del data[draw.randrange(len(data)) :]


def cut(data: bytearray, draw) -> None:
    at = draw.randrange(len(data))
    del data[at : at + draw.choice([1, 8, 100])]


def insert(data: bytearray, draw) -> None:
    at = draw.randrange(len(data))
    data[at:at] = draw.randbytes(draw.choice([1, 8, 1000]))


def repeat(data: bytearray, draw) -> None:
    at = draw.randrange(128, len(data))
    data += data[at:]


def number(data: bytearray, draw) -> None:
    """A type, a size or a number replaced by an extreme one."""
    at = draw.randrange(128, len(data) - 8) // 8 * 8 + draw.choice([0, 4])
    extreme = draw.choice(
        [0, 1, 14, 15, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, draw.randrange(2**32)]
    )
    data[at : at + 4] = struct.pack("<I", extreme)


def header(data: bytearray, draw) -> None:
    at = draw.randrange(116, 136)
    data[at] = draw.randrange(256)


BYTES = (flip, flip, truncate, cut, insert, repeat, number, number, number, header)

# Keys of a .mat file ------------------------------------------------------------------------------


def nested(depth: int):
    value = np.array([[1.0]])
    for _ in range(depth):
        outer = np.empty((1, 1), dtype=object)
        outer[0, 0] = value
        value = outer
    return value


def odd(old: np.ndarray, draw):
    """A value that does not belong there."""
    flat = (
        np.asarray(old, dtype=float).ravel() if np.asarray(old).dtype.kind in "iufb" else np.ones(3)
    )
    one = flat.copy()
    one[draw.randrange(len(one))] = draw.choice(
        [np.nan, np.inf, -np.inf, -1.0, 1e308, -1e-320, 2.0**70]
    )
    cell = np.empty((2, 2), dtype=object)
    cell[:] = [["a", np.ones(3)], [np.zeros((0, 0)), nested(3)]]
    values = {
        "one number": one.reshape(np.shape(old)) if flat.size == np.size(old) else one,
        "shape": flat[: draw.randrange(len(flat))],
        "more": np.concatenate([flat, flat]),
        "stacked": np.stack([np.atleast_2d(old)] * 2)
        if np.asarray(old).dtype.kind in "iufb"
        else np.ones((2, 2, 2)),
        "empty": np.zeros((0, draw.choice([0, 5]))),
        "text": draw.choice(["", "go", "ünïcode", "x" * 1000, "__import__('os')"]),
        "complex": flat * 1j,
        "cell": cell,
        "deep cell": nested(draw.choice([10, 200])),
        "struct": {"a": 1, "b": {"c": np.ones(2)}},
        "struct array": np.array([(1, 2.0), (3, 4.0)], dtype=[("f", "O"), ("g", "O")]),
        "sparse": scipy.sparse.csc_matrix(np.atleast_2d(flat)),
        "huge": draw.choice([1e9, 2.0**53, 2.0**63, 1e300, -1e9]),
        "large integer": np.array([[draw.choice([2**63 - 1, -(2**63), 0])]], dtype=np.int64),
        "whole": flat.astype(np.int8),
        "true": flat.astype(bool),
        "large": np.zeros((3000, 3000), dtype=np.uint8),
    }
    name = draw.choice(sorted(values))
    return name, values[name]


def changed_keys(keys: dict, draw) -> str:
    key = draw.choice([*matfile_keys(keys)] * 3 + sorted(keys))
    how = draw.choice(["odd"] * 8 + ["missing", "renamed", "swapped"])
    old = keys.pop(key)
    if how == "odd":
        how, keys[key] = odd(old, draw)
    elif how == "renamed":
        keys[draw.choice([key.upper() + "x", key + "_", "q" * 31])] = old
    elif how == "swapped":
        other = draw.choice(sorted(keys))
        keys[key], keys[other] = keys[other], old
    return f"{key}: {how}"


def matfile_keys(keys: dict) -> list[str]:
    read = "w w_in w_out N m inh exc taus taus_gaus som_m w0 taus_gaus0 b_out som_N activation"
    return [key for key in read.split() if key in keys]


def mat(draw, folder: Path, case: int) -> tuple[Path, str]:
    """A mutated model file and what is wrong with it."""
    keys, file = keys_of(draw.choice(SOURCES)), folder / f"mutated_{case}.mat"
    compressed = draw.random() < 0.3
    if draw.random() < 0.5:
        what = "; ".join(changed_keys(keys, draw) for _ in range(draw.choice([1, 1, 2])))
        file.write_bytes(written(keys, compressed))
        return file, what
    data = bytearray(written(keys, compressed))
    way = draw.choice(BYTES)
    way(data, draw)
    file.write_bytes(data)
    return file, f"{way.__name__}, {'compressed' if compressed else 'plain'}"


# Configs ------------------------------------------------------------------------------------------

NUMBERS = [
    None,
    True,
    False,
    0,
    -1,
    1,
    3,
    10**30,
    -(10**30),
    1.5,
    1e308,
    float("nan"),
    float("inf"),
]
WORDS = [
    "",
    "1e-3",
    "no",
    "go-nogo",
    "../..",
    "x" * 2000,
    "ü\u0000",
    "{condition}",
    "{",
    b"\x00\xff",
]
COLLECTIONS = [
    [],
    [[]],
    [1, 2, 3],
    [[1], [2]],
    [None],
    {},
    {"a": 1},
    {"task": "go-nogo"},
    {1: 2},
    {None: None},
    {True: 1},
    {(1, 2): 3},
]
JUNK = [*NUMBERS, *WORDS, *COLLECTIONS]
TAGS = [
    "!!python/object/apply:os.system ['touch ran']",
    "!!python/name:os.system",
    "!unknown 1",
    "!!binary aGVsbG8=",
    "%TAG",
]
SCALARS = ["2001-01-01", "1:30", "010", "0x1F", "1_000", ".nan", ".inf", "-.inf", "~", "no", "1e-3"]
MARKS = ["<<: {a: 1}", "&a [*a]", "&x {y: *x}", "*unknown", "? [1, 2] : 3", "|", "\t1", "'", "{"]
TRICKS = [*TAGS, *SCALARS, *MARKS]


def places(tree, at=()) -> list[tuple]:
    """The paths to all values of a config."""
    below = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    return [(*at, key) for key, _ in below] + [
        place for key, value in below for place in places(value, (*at, key))
    ]


def parent(tree, place: tuple):
    for key in place[:-1]:
        tree = tree[key]
    return tree


def changed_tree(tree: dict, draw) -> str:
    place = draw.choice(places(tree))
    holder, key = parent(tree, place), place[-1]
    how = draw.choice(["junk"] * 6 + ["missing", "unknown", "elsewhere", "deep"])
    if how == "missing":
        del holder[key]
    elif how == "unknown" and isinstance(holder, dict):
        new = draw.choice(
            ["n_unit", "", 7, None, "a b", "ünits", "__class__", "x" * 300, True, 1.5]
        )
        holder[new] = holder[key]
    elif how == "elsewhere":
        holder[key] = copy.deepcopy(parent(tree, other := draw.choice(places(tree)))[other[-1]])
    elif how == "deep":
        for _ in range(draw.choice([5, 100])):
            holder[key] = draw.choice([[holder[key]], {"a": holder[key]}])
    else:
        holder[key] = draw.choice(JUNK)
    return f"{'.'.join(map(str, place))}: {how}"


def laughs(levels: int) -> str:
    """Aliases of aliases: ten times as many values with each level."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


def changed_text(text: str, draw) -> tuple[str, str]:
    lines = text.splitlines()
    spots = [i for i, line in enumerate(lines) if ":" in line and not line.lstrip().startswith("#")]
    at = draw.choice(spots)
    how = draw.choice(["trick"] * 4 + ["twice", "laughs", "letters", "cut", "bytes", "tab"])
    if how == "trick":
        lines[at] = lines[at].split(":")[0] + ": " + (trick := draw.choice(TRICKS))
        how = f"{how} {trick}"
    elif how == "twice":
        lines.insert(at, lines[at])
    elif how == "laughs":
        lines.append(
            laughs(4) + draw.choice(["tasks: *a3", "network: *a3", "conditions: {x: *a3}"])
        )
    elif how == "letters":
        letters = list(text)
        for _ in range(draw.choice([1, 5, 30])):
            letters[draw.randrange(len(letters))] = draw.choice(
                "\t\n:{}[]&*!|>'\"%@`#-?, \x00\x07ü0"
            )
        return "".join(letters), how
    elif how == "cut":
        return text[: draw.randrange(len(text))], how
    elif how == "bytes":
        return draw.choice(
            ["", "[1, 2]", "text", "3", "null", "\ufeff" + text, "a: " * 50, "[" * 50, "{a: " * 500]
        ), how
    else:
        lines[at] = "\t" + lines[at]
    return "\n".join(lines) + "\n", f"line {at + 1}: {how}"


@cache
def tree_of(config: Path) -> dict:
    return yaml.safe_load(config.read_text("utf-8"))


def config(draw, folder: Path, case: int) -> tuple[Path, str]:
    """A mutated config and what is wrong with it."""
    source, file = draw.choice(CONFIGS), folder / f"mutated_{case}.yaml"
    text = source.read_text()
    if draw.random() < 0.65:
        tree = copy.deepcopy(tree_of(source))
        what = "; ".join(changed_tree(tree, draw) for _ in range(draw.choice([1, 1, 2])))
        text = yaml.dump(tree, allow_unicode=True)
    else:
        text, what = changed_text(text, draw)
    file.write_text(text, encoding="utf-8")
    return file, what
