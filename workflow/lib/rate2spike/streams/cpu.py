"""The numbers of `streams`, drawn fast on the CPU.

Philox4x32-7 and Box-Muller stand in loops that LLVM turns into vectors.

Every loop holds one step of the work for all lanes and nothing that calls a library: logarithm,
sine and cosine are polynomials, the exponent comes from the bits. Philox
runs in 64-bit lanes, because a 32 x 32 -> 64 bit product is one instruction there; Box-Muller runs
in 32-bit lanes. Against `streams.normal`: within 1e-5 of the radius, far below the steps between
neighbouring angles (1.5e-3 of the radius). `streams.uniform`: the same bits.
"""

from __future__ import annotations

import numpy as np

from ..compiled import INSIDE, OPTIONS, njit
from . import polynomials
from .reference import (
    ANGLE_BITS,
    PHILOX_M0,
    PHILOX_M1,
    PHILOX_ROUNDS,
    PHILOX_W0,
    PHILOX_W1,
    RADIUS_BITS,
    STEP_NOISE,
)

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
M0, M1 = np.uint64(PHILOX_M0), np.uint64(PHILOX_M1)
W0, W1 = np.uint64(PHILOX_W0), np.uint64(PHILOX_W1)

PER_BLOCK = 8  # normals of one unit or trial that a counter of Philox makes: two of each word

SQRT_HALF_BITS = np.int32(polynomials.SQRT_HALF_BITS)
MANTISSA_BITS = np.int32(polynomials.MANTISSA_BITS)
MINUS_2_LOG_2 = np.float32(polynomials.MINUS_2_LOG_2)
ONE = np.float32(1.0)
L0, L1, L2, L3, L4, L5 = np.float32(polynomials.LOG)
S0, S1, S2, S3 = np.float32(polynomials.SINE)
C0, C1, C2, C3 = np.float32(polynomials.COSINE)
RADIUS_SHIFT, ANGLE_SHIFT = np.uint32(ANGLE_BITS - 1), np.uint32(RADIUS_BITS)
RADIUS_EXPONENT = np.int32(RADIUS_BITS + 1)
ANGLE_STEP = np.float32(2.0 ** (1 - ANGLE_BITS))


@njit(**INSIDE)
def _philox(c0, c1, c2, c3, k0, k1):
    """The rounds on one counter.

    All are uint64, counted modulo 2^32: what lies above bit 31 is dropped where it would count.
    """
    for _ in range(PHILOX_ROUNDS):
        p0, p1 = (c0 & LOW) * M0, (c2 & LOW) * M1
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1, (p0 >> HALF) ^ c3 ^ k1, p0
        k0, k1 = k0 + W0, k1 + W1
    return c0 & LOW, c1 & LOW, c2 & LOW, c3 & LOW


@njit(**INSIDE)
def _box_muller(word):
    """A word (uint32) to two standard normals (float32), as `streams.normal` defines them."""
    # u = (2 m + 1) 2^-21 with 20 random bits m; the factor 2^-21 goes into the exponent
    bits = np.float32(np.int32((word >> RADIUS_SHIFT) | np.uint32(1))).view(np.int32)
    shifted = np.int32(bits - SQRT_HALF_BITS)
    exponent = np.float32(np.int32((shifted >> np.int32(23)) - RADIUS_EXPONENT))
    f = np.int32((shifted & MANTISSA_BITS) + SQRT_HALF_BITS).view(np.float32) - ONE
    p = L0 + f * (L1 + f * (L2 + f * (L3 + f * (L4 + f * L5))))
    radius = np.sqrt(exponent * MINUS_2_LOG_2 + f * p)
    # x = (2 n + 1) 2^-11 with 11 random bits n; the bit of the sign makes room for the 1
    signed = np.int32(word << ANGLE_SHIFT) >> np.int32(ANGLE_SHIFT)
    x = np.float32(np.int32(signed | np.int32(1))) * ANGLE_STEP
    q = x * x
    sine = x * (S0 + q * (S1 + q * (S2 + q * S3)))
    cosine = C0 + q * (C1 + q * (C2 + q * C3))
    sign = np.uint32(word << np.uint32(31))
    return (
        np.uint32(np.float32(radius * cosine).view(np.uint32) ^ sign).view(np.float32),
        radius * sine,
    )


@njit(**OPTIONS)
def _words_to_normals(out):
    """Replace the random words in rows 0, 2, 4, 6 of out (8, n) float32, stored as bits, by a row
    of standard normals each; their other halves go into the rows below."""
    words = out.view(np.uint32)
    for pair in range(PER_BLOCK // 2):
        word, z0, z1 = words[2 * pair], out[2 * pair], out[2 * pair + 1]
        for i in range(out.shape[1]):
            z0[i], z1[i] = _box_muller(word[i])


@njit(**OPTIONS)
def fill_normals(out, block, trial, k0, k1):
    """Fill out (8, n_units) float32 with the standard normals of eight steps, all units.

    Row s gets step 8 * block + s (0-based) of `trial`. (k0, k1): the key. The same as
    streams.normal(Key(k0, k1), trial, n_units, n_steps)[:, 8 * block + s].
    """
    words = out.view(np.uint32)
    row0, row1, row2, row3 = words[0], words[2], words[4], words[6]
    c0, c2, c3 = np.uint64(block), np.uint64(trial), np.uint64(STEP_NOISE)
    key0, key1 = np.uint64(k0), np.uint64(k1)
    for i in range(out.shape[1]):
        row0[i], row1[i], row2[i], row3[i] = _philox(c0, np.uint64(i), c2, c3, key0, key1)
    _words_to_normals(out)


@njit(**OPTIONS)
def fill_normals_trials(out, block, unit, first_trial, k0, k1):
    """Fill out (8, n_trials) float32: `fill_normals` for one unit of many trials.

    The trials are first_trial, first_trial + 1, ...
    """
    words = out.view(np.uint32)
    row0, row1, row2, row3 = words[0], words[2], words[4], words[6]
    c0, c1, c3, first = (
        np.uint64(block),
        np.uint64(unit),
        np.uint64(STEP_NOISE),
        np.uint64(first_trial),
    )
    key0, key1 = np.uint64(k0), np.uint64(k1)
    for i in range(out.shape[1]):
        row0[i], row1[i], row2[i], row3[i] = _philox(c0, c1, first + np.uint64(i), c3, key0, key1)
    _words_to_normals(out)


@njit(**OPTIONS)
def fill_uniform_units(out, purpose, trial, k0, k1):
    """Fill out (n_units,) float32 with uniform numbers in [0, 1).

    The same bits as streams.uniform(Key(k0, k1), purpose, trial, n_units)[:, 0].
    """
    for i in range(out.shape[0]):
        word = _philox(
            np.uint64(0),
            np.uint64(i),
            np.uint64(trial),
            np.uint64(purpose),
            np.uint64(k0),
            np.uint64(k1),
        )[0]
        out[i] = np.float32(word >> np.uint64(8)) * np.float32(2.0**-24)


@njit(**OPTIONS)
def fill_uniform_steps(out, purpose, trial, k0, k1):
    """Fill out (n_steps,) float32 with uniform numbers in [0, 1).

    The same bits as streams.uniform(Key(k0, k1), purpose, trial, 1, n_steps)[0].
    """
    for block in range((out.shape[0] + 3) // 4):
        words = _philox(
            np.uint64(block),
            np.uint64(0),
            np.uint64(trial),
            np.uint64(purpose),
            np.uint64(k0),
            np.uint64(k1),
        )
        for s, word in enumerate(words):
            if 4 * block + s < out.shape[0]:
                out[4 * block + s] = np.float32(word >> np.uint64(8)) * np.float32(2.0**-24)
