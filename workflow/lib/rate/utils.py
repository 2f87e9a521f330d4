"""The device by its published name, types of options, and the seed of what a user's script
draws."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def restricted_float(x: str | float) -> float:
    """A number from 0 to 1, as the type of an option.

    Raises argparse.ArgumentTypeError for anything else.
    """
    try:
        number = float(x)
    except ValueError:
        number = float("nan")
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {x!r}")
    return number


def str2bool(v: str | bool) -> bool:
    """True or False from yes, true, t, y, 1 or no, false, f, n, 0, as the type of an option.

    Raises argparse.ArgumentTypeError for anything else.
    """
    answer = str(v).lower()
    if answer in ("yes", "true", "t", "y", "1"):
        return True
    if answer in ("no", "false", "f", "n", "0"):
        return False
    raise argparse.ArgumentTypeError(f"expected True or False, got {v!r}")


def set_gpu(gpu: str = "0", frac: float = 0.4) -> torch.device:
    """The device of that number, or the CPU where there is no CUDA.

    Parameters
    ----------
    gpu : number of the GPU
    frac : the fraction of its memory that this process may take

    Raises
    ------
    ValueError
        for a fraction outside (0, 1] and for a GPU that is not there
    """
    from rate2spike.extras import needed  # here only: a user's task does not depend on it

    torch = needed("torch", "torch")
    if isinstance(frac, bool) or not isinstance(frac, Real) or not 0 < frac <= 1:
        raise ValueError(
            f"frac, or --gpu_frac: expected a fraction of the GPU's memory in (0, 1], got {frac!r}"
        )
    if not str(gpu).isdecimal():
        raise ValueError(f"gpu: expected the number of one GPU, as in '0', got {gpu!r}")
    if not torch.cuda.is_available():
        return torch.device("cpu")
    if int(gpu) >= torch.cuda.device_count():
        raise ValueError(
            f"gpu: expected a number below {torch.cuda.device_count()}, "
            f"the GPUs of this machine, got {gpu!r}"
        )
    device = torch.device("cuda", int(gpu))
    torch.cuda.set_per_process_memory_fraction(float(frac), device)
    return device


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """What is drawn inside follows from `seed`; afterwards numpy's global generator is as before.

    None: nothing is changed.
    """
    if seed is None:
        yield
        return
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(new_seed(seed) % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def new_seed(seed: int | None = None) -> int:
    """`seed` itself, or where it is None one drawn from numpy's global generator.

    Raises
    ------
    ValueError
        unless it is whole and >= 0
    """
    if seed is None:
        # np.random.seed, or set_random_seed, of the user's script governs it, as users of the
        # published package expect
        return int(np.random.randint(2**31))  # noqa: NPY002
    if isinstance(seed, bool | np.bool_) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed: expected a whole number >= 0, got {seed!r}")
    return int(seed)
