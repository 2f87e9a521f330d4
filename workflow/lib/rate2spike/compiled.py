"""How the CPU's kernels are compiled by numba, and where the compiled code is kept."""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import ClassVar

import numba
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    _CacheLocator,
)
from numba.core.runtime import rtsys
from numba.core.sigutils import normalize_signature

from .files import check_room

log = logging.getLogger(__name__)

# contraction to fused multiply-add and nothing else: vector and remainder lanes then give the same
# bits
OPTIONS = {"cache": True, "nogil": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}
# helpers of a hot loop: a call left in it keeps LLVM from vectorising
INSIDE = OPTIONS | {"forceinline": True}
# sums may be reordered into vector lanes: dot products only
SUMS = OPTIONS | {"fastmath": {"contract", "nsz", "reassoc"}}

# Before numba loads kept code it makes ready to compile, for which a job waits longer than for all
# else before its first trial. Compiling does so itself; what loading needs is known of this version
LOADED_ALONE = numba.__version__.startswith("0.68.")

LIBRARY = Path(__file__).parent
# Constants of these files are frozen into compiled code, as are the functions of one kernel file in
# another
FROZEN = (
    "config.py",
    "compiled.py",
    "streams/reference.py",
    "streams/polynomials.py",
    "streams/cpu.py",
    "rate/model.py",
    "rate/kernels/cpu.py",
    "networks/neurons.py",
    "networks/kernels/cpu.py",
    "spiking/converted.py",
    "spiking/kernels/cpu.py",
)


def njit(*signatures, **options) -> Callable:
    """`numba.njit`, with the compiled code kept in the folder of the sources as they are, and
    compiled anew where it is broken there."""
    if not options.get("cache") or numba.config.DISABLE_JIT:
        return numba.njit(*signatures, **options)
    numba.config.CACHE_DIR = cache_folder()

    def decorated(function):
        dispatcher = numba.njit(**options | {"cache": False})(function)
        dispatcher._cache = KernelCache(function)
        for signature in signatures:
            dispatcher.compile(signature)
        if signatures:
            dispatcher.disable_compile()
        return dispatcher

    return decorated


class PlaceInLibrary(_CacheLocator):
    """Where the code of a function of the library is kept: by the place of its file in the library.

    numba takes the file's path. Here it does not count, since the folder belongs to one state of
    the sources: a copy of the library, or a link to it, has its kernels compiled.
    """

    def __init__(self, function, file: str):
        self._py_file = file  # numba names it where it cannot keep a function
        self._folder = Path(cache_folder(), Path(file).parent.relative_to(LIBRARY))
        self._line = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function, file):
        """None for a function of a user, and where nothing can be written."""
        if not Path(file).is_relative_to(LIBRARY):
            return None
        locator = cls(function, file)
        try:
            locator.ensure_cache_path()
        except OSError:
            return None
        return locator

    def get_cache_path(self):
        return str(self._folder)

    def get_source_stamp(self):
        return hashlib.sha256(Path(self._py_file).read_bytes()).hexdigest()

    def get_disambiguator(self):
        return str(self._line)


class KernelFiles(CompileResultCacheImpl):
    """numba's files of a function, looked for by its place in the library first."""

    _locator_classes: ClassVar = [PlaceInLibrary, *CompileResultCacheImpl._locator_classes]


class KernelCache(FunctionCache):
    """numba's cache of one function, which drops what it cannot use.

    A file may be empty or cut short: after the machine went down, say. numba would fail at each
    start, and name no folder that could be deleted. Jobs at work at the same time only ever see
    whole files, since each is renamed to its place.
    """

    _impl_class = KernelFiles

    def __init__(self, function):
        super().__init__(function)
        self._cache_file = CheckedFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def load_overload(self, sig, target_context):
        """The compiled code for a signature, None where it has to be compiled."""
        try:
            code = self._load(sig, target_context)
            if code is not None:
                _check_arguments(code, sig)
            return code
        except Exception as error:  # reading what is broken may raise anything
            _say_broken(self._cache_path, error)
            self.flush()
            return None

    def _load(self, sig, target_context):
        if not LOADED_ALONE:
            return super().load_overload(sig, target_context)
        rtsys.initialize(target_context)  # the memory of arrays
        return self._load_overload(sig, target_context)


_said_broken: set[str] = set()


def _say_broken(folder: str, error: Exception) -> None:
    """Say it for the first function of a folder: after a crash it is the same with the others."""
    if folder not in _said_broken:
        _said_broken.add(folder)
        why = f"{type(error).__name__}: {error}"
        log.warning("compiled kernels in %s are broken and compiled anew (%s)", folder, why)


def _check_arguments(code, signature) -> None:
    """Raise ValueError where the code is that of another signature: two jobs that begin to keep
    code of one function at the same moment give it the same name."""
    wanted = tuple(normalize_signature(signature)[0])
    if tuple(code.signature.args) != wanted:
        raise ValueError(f"expected code for {wanted}, got code for {code.signature.args}")


class CheckedFiles(IndexDataCacheFile):
    """The files of a function's cache, with a checksum before the code: broken machine code would
    end the process, or compute something else."""

    def _save_data(self, name, data):
        code = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(code).digest())
            file.write(code)

    def _load_data(self, name):
        content = Path(self._data_path(name)).read_bytes()
        size = hashlib.sha256().digest_size
        checksum, code = content[:size], content[size:]
        if hashlib.sha256(code).digest() != checksum:
            raise ValueError(f"{name}: broken, its checksum is not that of its content")
        return pickle.loads(code)


@cache
def cache_folder() -> str:
    """The folder where compiled kernels are kept.

    There is one for each version of numba and each state of the sources that kernels freeze,
    constants included: by numba's own rule, which looks at the file of the compiled function alone,
    a kernel would outlive a change of what it inlines. The setting holds for all numba functions of
    the process. Where the library is read-only, the user's own cache is taken; where that is too, a
    folder that does not last: whoever could write into a folder for all could have their code run
    here.
    """
    sources = b"".join((LIBRARY / file).read_bytes() for file in FROZEN)
    state = hashlib.sha256(numba.__version__.encode() + sources).hexdigest()[:12]
    beside_library = Path(numba.config.CACHE_DIR or LIBRARY / "__pycache__")
    own_caches = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    reasons = []
    for folder in (beside_library, own_caches / "rate2spike"):
        try:
            check_room(folder / state, 100_000)
            return str(folder / state)
        except OSError as error:
            reasons.append(error.strerror)
    log.warning(
        "compiled kernels are not kept, each job compiles them anew (10 s): %s. "
        "Set NUMBA_CACHE_DIR",
        "; ".join(reasons),
    )
    passing = tempfile.mkdtemp(prefix="rate2spike-")
    atexit.register(shutil.rmtree, passing, ignore_errors=True)
    return passing
