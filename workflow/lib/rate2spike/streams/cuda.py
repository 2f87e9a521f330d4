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
from . import polynomials
from . import reference as streams

INTERPRETED = triton.knobs.runtime.interpret
DEVICE = "cpu" if INTERPRETED else "cuda"
MEMORY_SHARE = 0.5  # of the free memory of the GPU that one launch may take

# Constants inside the kernels
STEP_NOISE = tl.constexpr(streams.STEP_NOISE)
ROUNDS = tl.constexpr(streams.PHILOX_ROUNDS)
RADIUS_BITS, ANGLE_BITS = tl.constexpr(streams.RADIUS_BITS), tl.constexpr(streams.ANGLE_BITS)
ANGLE_STEP = tl.constexpr(2.0 ** (1 - streams.ANGLE_BITS))
SQRT_HALF_BITS = tl.constexpr(polynomials.SQRT_HALF_BITS)
MANTISSA_BITS = tl.constexpr(polynomials.MANTISSA_BITS)
MINUS_2_LOG_2 = tl.constexpr(polynomials.MINUS_2_LOG_2)
L0, L1, L2, L3, L4, L5 = map(tl.constexpr, polynomials.LOG)
S0, S1, S2, S3 = map(tl.constexpr, polynomials.SINE)
C0, C1, C2, C3 = map(tl.constexpr, polynomials.COSINE)


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
def normals(word):
    """A word to two standard normals: `cpu._box_muller`, equal but for rounding."""
    bits = ((word >> (ANGLE_BITS - 1)) | 1).to(tl.int32).to(tl.float32).to(tl.int32, bitcast=True)
    shifted = bits - SQRT_HALF_BITS
    exponent = ((shifted >> 23) - (RADIUS_BITS + 1)).to(tl.float32)
    f = ((shifted & MANTISSA_BITS) + SQRT_HALF_BITS).to(tl.float32, bitcast=True) - 1.0
    p = L0 + f * (L1 + f * (L2 + f * (L3 + f * (L4 + f * L5))))
    radius = tl.sqrt(exponent * MINUS_2_LOG_2 + f * p)
    signed = (word << RADIUS_BITS).to(tl.int32, bitcast=True) >> RADIUS_BITS  # lowest 12 bits
    x = (signed | 1).to(tl.float32) * ANGLE_STEP
    q = x * x
    sine = x * (S0 + q * (S1 + q * (S2 + q * S3)))
    cosine = C0 + q * (C1 + q * (C2 + q * C3))
    signed_cosine = tl.where((word & 1) == 1, -cosine, cosine)
    return radius * signed_cosine, radius * sine


@triton.jit
def same(number, unit):
    """uint32 (BLOCK,) of one number."""
    return (unit.to(tl.int32) * 0 + number).to(tl.uint32)


@triton.jit
def eight_words(key, octet, trial, unit):
    """The words of steps 8 octet to 8 octet + 7, one for two steps. unit: uint32 (BLOCK,); octet,
    trial: numbers."""
    no = unit * 0
    return tl.philox(key, same(octet, unit), unit, no + trial, no + STEP_NOISE, n_rounds=ROUNDS)


@triton.jit
def of_four(w0, w1, w2, w3, pair):
    """The word of a pair of steps, 0 to 3."""
    return tl.where(pair < 2, tl.where(pair == 0, w0, w1), tl.where(pair == 2, w2, w3))
