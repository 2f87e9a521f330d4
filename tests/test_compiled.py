"""The cache of compiled kernels: what is broken in it is compiled anew, what is whole is used."""

import importlib.util
import logging
import os
import subprocess
import sys

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
