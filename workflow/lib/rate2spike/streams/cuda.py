"""What the kernels for a GPU share: the device, the largest network, the numbers of `streams`.

Without a GPU the kernels run on the CPU in Triton's interpreter (TRITON_INTERPRET=1), very slowly:
for tests.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import triton
import triton.language as tl

from ..devices import WIDEST
from . import reference as streams

INTERPRETED = triton.knobs.runtime.interpret
DEVICE = "cpu" if INTERPRETED else "cuda"
MEMORY_SHARE = 0.5  # of the free memory of the GPU that one launch may take

# Constants inside the kernels (Box-Muller as in `streams.normal`, sine and cosine of pi / 2 x as in
# `streams.cpu`)
STEP_NOISE = tl.constexpr(streams.STEP_NOISE)
S0, S1, S2 = tl.constexpr(1.57079625), tl.constexpr(-0.645963371), tl.constexpr(0.079688482)
S3, S4 = tl.constexpr(-0.00467222789), tl.constexpr(0.000150820561)
C0, C1, C2 = tl.constexpr(0.99999994), tl.constexpr(-1.23369825), tl.constexpr(0.253650755)
C3, C4 = tl.constexpr(-0.0208106283), tl.constexpr(0.000858190644)


def check_width(n_units: int) -> None:
    """Raise ValueError where a network is too large for the kernels."""
    if n_units > WIDEST:
        raise ValueError(
            f"network: expected at most {WIDEST} units on a GPU, got {n_units}; use device: cpu"
        )


def free_bytes() -> int:
    """Memory that one launch may take; in the interpreter there is no limit."""
    return 2**62 if INTERPRETED else int(MEMORY_SHARE * torch.cuda.mem_get_info()[0])


def to_device(array) -> torch.Tensor:
    """A copy on the device."""
    writable = np.require(array, requirements=("C", "W"))  # PyTorch warns of what is read-only
    return torch.from_numpy(writable).to(DEVICE)


def packed(keys: Sequence[streams.Key]) -> torch.Tensor:
    """The streams as the kernels read them: int64 (n_keys,)."""
    numbers = np.array([k.k0 | (k.k1 << 32) for k in keys], dtype=np.uint64)
    return to_device(numbers.view(np.int64))


@triton.jit
def normals(w0, w1):
    """Two words to two standard normals, as `streams.normal` defines them."""
    u = ((w0 >> 9).to(tl.float32) + 0.5) * 1.1920928955078125e-07  # 2^-23
    radius = tl.sqrt(-2.0 * tl.log(u))
    x = (w1.to(tl.int32, bitcast=True) >> 8).to(tl.float32) * 1.1920928955078125e-07
    q = x * x
    sine = x * (S0 + q * (S1 + q * (S2 + q * (S3 + q * S4))))
    cosine = C0 + q * (C1 + q * (C2 + q * (C3 + q * C4)))
    signed = tl.where((w1 & 1) == 1, -cosine, cosine)
    return radius * signed, radius * sine


@triton.jit
def same(number, unit):
    """uint32 (BLOCK,) of one number."""
    return (unit.to(tl.int32) * 0 + number).to(tl.uint32)


@triton.jit
def four_steps(key, quad, trial, unit):
    """The normals of steps 4 quad to 4 quad + 3. unit: uint32 (BLOCK,); quad, trial: numbers."""
    w0, w1, w2, w3 = tl.philox(key, same(quad, unit), unit, unit * 0 + trial, unit * 0 + STEP_NOISE)
    z0, z1 = normals(w0, w1)
    z2, z3 = normals(w2, w3)
    return z0, z1, z2, z3


@triton.jit
def of_step(z0, z1, z2, z3, s):
    """That of step s of the four."""
    return tl.where(s < 2, tl.where(s == 0, z0, z1), tl.where(s == 2, z2, z3))
