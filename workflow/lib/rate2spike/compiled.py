"""How the CPU's kernels are compiled by numba, and where the compiled code is kept."""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numba

from .files import check_room

log = logging.getLogger(__name__)

# contraction to fused multiply-add and nothing else: vector and remainder lanes then give the same
# bits
OPTIONS = {"cache": True, "nogil": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}
# helpers of a hot loop: a call left in it keeps LLVM from vectorising
INSIDE = OPTIONS | {"forceinline": True}
# sums may be reordered into vector lanes: dot products only
SUMS = OPTIONS | {"fastmath": {"contract", "nsz", "reassoc"}}

LIBRARY = Path(__file__).parent
# Constants of these files are frozen into compiled code, as are the functions of one kernel file in
# another
FROZEN = (
    "config.py",
    "compiled.py",
    "streams/reference.py",
    "streams/cpu.py",
    "rate/model.py",
    "rate/kernels/cpu.py",
    "networks/neurons.py",
    "networks/kernels/cpu.py",
    "spiking/converted.py",
    "spiking/kernels/cpu.py",
)


def njit(*signature, **options):
    """`numba.njit`, with the compiled code kept in the folder of the sources as they are."""
    if options.get("cache"):
        numba.config.CACHE_DIR = cache_folder()
    return numba.njit(*signature, **options)


@cache
def cache_folder() -> str:
    """The folder where compiled kernels are kept.

    There is one for each state of the sources that they freeze, constants included: numba looks
    only at the file of the compiled function, so a kernel would outlive a change of what it
    inlines. The setting holds for all numba functions of the process. Where the library is
    read-only, the user's own cache is taken; where that is too, a folder that does not last:
    whoever could write into a folder for all could have their code run here.
    """
    sources = b"".join((LIBRARY / file).read_bytes() for file in FROZEN)
    state = hashlib.sha256(sources).hexdigest()[:12]
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
