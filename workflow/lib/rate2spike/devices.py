"""Where kernels run: on the CPU, or on an NVIDIA GPU that driver, PyTorch and Triton can use."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .config import ConfigError
from .extras import how_to_install

DEVICES = ("auto", "cpu", "cuda")
# units of a network on a GPU: the state of a trial is held in the registers of one program
WIDEST = 1024


def device_of(device: str) -> str:
    """The device that a setting means.

    Parameters
    ----------
    device : `auto`, `cpu` or `cuda`; `auto` is the GPU where one can be used, else the CPU

    Returns
    -------
    `cpu` or `cuda`

    Raises
    ------
    ConfigError
        for another word, and where a GPU is asked for and cannot be used, saying why
    """
    if device not in DEVICES:
        raise ConfigError(f"device: expected one of {', '.join(DEVICES)}, got {device!r}")
    if device == "auto":
        # in the interpreter, which is for tests, a GPU has to be asked for
        return "cpu" if _interpreted() or _missing_for_cuda() else "cuda"
    if device == "cpu":
        return "cpu"
    missing = _missing_for_cuda()
    if missing:
        raise ConfigError(f"device: cuda: {missing}. Mend that, or write device: cpu")
    return "cuda"


def out_of_memory(error: RuntimeError) -> bool:
    """Whether a GPU had no memory left, in the words of PyTorch, of Triton or of the driver."""
    return type(error).__name__ == "OutOfMemoryError" or "out of memory" in str(error).lower()


class Compared(NamedTuple):
    """The same thing computed by a GPU and by the CPU."""

    what: str
    of_gpu: Any
    of_cpu: Any
    tolerance: float  # how far apart the two may be, as a fraction of the size of the CPU's


def refuse_where_apart(compared: Iterable[Compared]) -> None:
    """Raise RuntimeError naming the first thing that a GPU computes otherwise than the CPU.

    A driver, a compiler or a card that gets a kernel wrong is reported at once, not found in a
    figure.
    """
    for one in compared:
        on_gpu = np.asarray(one.of_gpu, np.float64)
        on_cpu = np.asarray(one.of_cpu, np.float64)
        apart = np.abs(on_gpu - on_cpu).max() / max(np.abs(on_cpu).max(), 1e-6)
        if not apart <= one.tolerance:  # NaN too
            raise RuntimeError(
                f"this GPU does not compute what the CPU does: {one.what} differs by {apart:.2g} "
                f"of its size, expected less than {one.tolerance:g}; write device: cpu, and please "
                "report it with the versions of driver, PyTorch and Triton"
            )


def unused_gpu() -> str:
    """Why this machine's GPU cannot be used, or nothing: where it can be, and where there is
    none."""
    return _missing_for_cuda() if _n_gpus() else ""


@cache
def _missing_for_cuda() -> str:
    """What keeps this process from an NVIDIA GPU, or nothing.

    PyTorch is not imported for the answer: that takes seconds.
    """
    if not _interpreted() and not _n_gpus():
        return "no NVIDIA GPU was found (the driver shows none, or CUDA_VISIBLE_DEVICES hides it)"
    for package in ("torch", "triton"):
        if not find_spec(package):
            return f"{package} is not installed ({how_to_install('gpu')})"
    if not _interpreted() and not _torch_has_cuda():
        return "this PyTorch was built without CUDA (install the build for GPUs)"
    return ""


def _interpreted() -> bool:
    """Whether Triton runs kernels on the CPU, very slowly: for tests."""
    return os.environ.get("TRITON_INTERPRET") == "1"


def _n_gpus() -> int:
    """Number of GPUs that the driver shows this process."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    n_gpus = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(n_gpus)) != 0:
        return 0
    return n_gpus.value


def _torch_has_cuda() -> bool:
    """Whether PyTorch is a build for GPUs, as its file of versions says."""
    version = (Path(find_spec("torch").origin).parent / "version.py").read_text("utf-8")
    return re.search(r"^cuda\b.*=\s*['\"]", version, re.MULTILINE) is not None
