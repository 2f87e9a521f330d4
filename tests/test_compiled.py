"""The cache of compiled kernels: what is broken in it is compiled anew, what is whole is used."""

import ast
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from rate2spike import compiled
from rate2spike.networks.kernels import cpu as network_cpu
from rate2spike.rate.kernels import cpu as rate_cpu
from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.streams import cpu as streams_cpu

SOURCE = """
from numba import types
from rate2spike.compiled import INSIDE, OPTIONS, njit


@njit(**INSIDE)
def inner(x):
    return 2 * x


@njit(**OPTIONS)
def later(x):
    return inner(x) + 1


@njit(types.float64(types.float64), **OPTIONS)
def at_import(x):
    return inner(x) - 1
"""


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """A function that imports a file of kernels as a new process does."""
    monkeypatch.setattr(compiled, "cache_folder", lambda: str(tmp_path / "cache"))
    monkeypatch.setattr(numba.config, "CACHE_DIR", numba.config.CACHE_DIR)
    monkeypatch.setattr(compiled, "_said_broken", set())
    monkeypatch.setattr(compiled, "LIBRARY", tmp_path)
    (tmp_path / "kernels.py").write_text(SOURCE)

    def start(folder=tmp_path):
        spec = importlib.util.spec_from_file_location("kernels", folder / "kernels.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert (module.later(3.0), module.at_import(3.0)) == (7.0, 5.0)
        return module

    return start


def hits(module):
    """How many of the two kernels came from the cache."""
    return sum(sum(kernel.stats.cache_hits.values()) for kernel in (module.later, module.at_import))


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("suffix", "damaged"),
    [
        (".nbi", lambda content: b""),
        (".nbi", lambda content: content[: len(content) // 2]),
        (".nbi", lambda content: bytes(len(content))),
        (".nbc", lambda content: b""),
        (".nbc", lambda content: content[:-100]),
        (".nbc", flipped),
    ],
)
def test_broken_code_is_compiled_anew(kernels, damaged, suffix, tmp_path, caplog):
    kernels()
    assert hits(kernels()) == 2
    files = [*(tmp_path / "cache").rglob(f"*{suffix}")]
    assert len(files) >= 3
    for file in files:
        file.write_bytes(damaged(file.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert hits(kernels()) == 0
    assert f"in {tmp_path / 'cache'}" in caplog.text
    assert caplog.text.count("compiled anew") == 1
    assert hits(kernels()) == 2
    assert not [*(tmp_path / "cache").rglob("*.tmp.*")]


def test_code_of_another_signature_is_not_used(kernels, tmp_path, caplog):
    """As two jobs leave it that compile one function at the same moment for other arguments."""
    module = kernels()
    assert module.later(3) == 7  # whole numbers: a second signature
    first, second = sorted((tmp_path / "cache").rglob("kernels.later*.nbc"))
    first.write_bytes(second.read_bytes())
    again = kernels()
    assert again.later(0.5) == 2.0
    assert "compiled anew" in caplog.text


def test_a_copy_of_the_library_has_its_kernels_compiled(kernels, tmp_path, monkeypatch):
    """Whatever its path and its date: the folder of kernels is that of the sources' content."""
    for name in ("library", "copy"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "kernels.py").write_text(SOURCE)
        os.utime(folder / "kernels.py", (0, len(name)))
        monkeypatch.setattr(compiled, "LIBRARY", folder)
        found = hits(kernels(folder))
    assert found == 2
    monkeypatch.setattr(compiled, "LIBRARY", tmp_path / "elsewhere")
    assert hits(kernels(tmp_path / "library")) == 0  # a user's file goes by its path


def test_an_edited_constant_is_seen(tmp_path, monkeypatch):
    """In the folder of one state, as in a notebook that reloads a kernel after an edit."""
    monkeypatch.setattr(compiled, "cache_folder", lambda: str(tmp_path / "cache"))
    monkeypatch.setattr(numba.config, "CACHE_DIR", numba.config.CACHE_DIR)
    monkeypatch.setattr(compiled, "LIBRARY", tmp_path)
    for second, factor in enumerate((2.0, 3.0, 2.0)):
        text = f"""
from rate2spike.compiled import OPTIONS, njit

FACTOR = {factor}


@njit(**OPTIONS)
def times(x):
    return FACTOR * x
"""
        (tmp_path / "constant.py").write_text(text)
        os.utime(tmp_path / "constant.py", (second, second))  # else Python's own cache is stale
        assert times_of(tmp_path / "constant.py")(1.0) == factor


def times_of(file):
    spec = importlib.util.spec_from_file_location("constant", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.times


def test_the_folder_is_that_of_every_file_of_kernels():
    """A kernel may outlive a change of a file that is not in the list."""
    files = [file.relative_to(compiled.LIBRARY) for file in compiled.LIBRARY.rglob("*.py")]
    with_kernels = {f.as_posix() for f in files if "@njit" in (compiled.LIBRARY / f).read_text()}
    assert with_kernels <= set(compiled.FROZEN)
    assert len(with_kernels) >= 4


def constants_of_a_kernel(file):
    """Files of the library of which a file of kernels takes constants, or a module that has
    some."""
    found = set()
    package = file.parent
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = [package, *package.parents][node.level - 1]
        place = base.joinpath(*(node.module or "").split("."))
        for name in (alias.name for alias in node.names):
            module = place / f"{name}.py" if place.is_dir() else place.with_suffix(".py")
            if module.is_file() and (name.isupper() or place.is_dir()):
                found.add(module.relative_to(compiled.LIBRARY).as_posix())
            elif (place / name / "reference.py").is_file():  # a package that offers names
                found.add((place / name / "reference.py").relative_to(compiled.LIBRARY).as_posix())
    return found


def test_the_folder_is_that_of_every_file_whose_constants_are_frozen():
    kernels = [file for file in compiled.FROZEN if "@njit" in (compiled.LIBRARY / file).read_text()]
    with_constants = set()
    for file in kernels:
        with_constants |= constants_of_a_kernel(compiled.LIBRARY / file)
    assert with_constants <= set(compiled.FROZEN)
    assert {"streams/polynomials.py", "streams/reference.py", "rate/model.py"} < with_constants
    # and what kernels are compiled with, and the models whose steps they compile
    assert {"compiled.py", "networks/neurons.py"} < set(compiled.FROZEN)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library of which each frozen file holds one line, and no folder set for numba."""
    for file in compiled.FROZEN:
        (tmp_path / "library" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "library" / file).write_text(f"# {file}\n")
    monkeypatch.setattr(compiled, "LIBRARY", tmp_path / "library")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "library"


def test_every_state_of_the_sources_and_every_numba_has_a_folder_of_its_own(library, monkeypatch):
    find = compiled.cache_folder.__wrapped__
    folders = [find()]
    assert Path(folders[0]).parent == library / "__pycache__"
    assert find() == folders[0]
    for file in compiled.FROZEN:
        with (library / file).open("a") as source:
            source.write("X = 1\n")
        folders.append(find())
    monkeypatch.setattr(numba, "__version__", "0.0")
    folders.append(find())
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(library / "elsewhere"))
    assert Path(find()).parent == library / "elsewhere"
    assert Path(find()).name == Path(folders[-1]).name
    assert len(set(folders)) == len(compiled.FROZEN) + 2


def test_where_kernels_are_kept_when_the_library_cannot_be_written(library, monkeypatch, caplog):
    find, refused, removed = compiled.cache_folder.__wrapped__, [library], []

    def check_room(folder, n_bytes):
        if any(folder.is_relative_to(place) for place in refused):
            raise OSError(30, "no room there")

    monkeypatch.setattr(compiled, "check_room", check_room)
    monkeypatch.setattr(compiled.atexit, "register", lambda *call, **how: removed.append(call))
    caches = library.parent / "caches"
    assert Path(find()).parent == caches / "rate2spike"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert Path(find()).parent == library.parent / "home" / ".cache" / "rate2spike"
    assert not caplog.records
    refused.append(library.parent)
    passing = find()
    assert "each job compiles them anew (10 s): no room there; no room there" in caplog.text
    assert removed == [(shutil.rmtree, passing)]
    shutil.rmtree(passing)


IN_A_PROCESS = """
import sys

import numpy as np

from rate2spike import compiled

compiled.cache_folder = lambda: sys.argv[1]


@compiled.njit(**compiled.OPTIONS)
def doubled(values):
    result = np.empty(len(values))
    for i in range(len(values)):
        result[i] = 2 * values[i]
    if result[0] > 99:
        raise ValueError("too large")
    return result


print([doubled(np.arange(3.0) + i).sum() for i in range(40)][-1])
try:
    doubled(np.array([50.0]))
except ValueError as error:
    print(error)
print("scipy.linalg" in sys.modules)
"""


@pytest.mark.skipif(not compiled.LOADED_ALONE, reason="of this numba it is not known")
def test_kept_code_runs_where_nothing_is_ready_to_compile(tmp_path):
    """It has memory for its arrays and raises; the process imports nothing that compiling needs."""
    script = tmp_path / "kernels.py"
    script.write_text(IN_A_PROCESS)
    said = []
    for _ in range(2):
        command = [sys.executable, script, tmp_path / "cache"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.split("\n")[:3])
    assert said == [["240.0", "too large", "True"], ["240.0", "too large", "False"]]


def test_every_kernel_that_is_kept_is_kept_so():
    """Those of training, of simulation and of any network."""
    for module in (streams_cpu, rate_cpu, spiking_cpu, network_cpu):
        kept = [
            value
            for value in vars(module).values()
            if isinstance(value, numba.core.dispatcher.Dispatcher)
        ]
        assert kept
        for dispatcher in kept:
            assert isinstance(dispatcher._cache, compiled.KernelCache), dispatcher
