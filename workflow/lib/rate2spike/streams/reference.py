"""Random streams keyed by what they are for: no global seed, no state, no order.

A stream is a 64-bit key made from words (study seed, purpose, network, scaling factor ...). The
noise inside a trial comes from Philox4x32-7 (Salmon et al. 2011), a counter-based generator: the
number at (step, unit, trial) is a function of the key and of these three alone, so blocks, cores
and order cannot change it. The functions here are the readable reference; the kernels draw the same
numbers.

Noise is two fifths of a simulation and more, so no bit of it is wasted: seven rounds, the fewest
that pass every test of Salmon et al. (they recommend ten, with a margin), and one word of 32 bits
for two normals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

STEP_NOISE, INITIAL_VOLTAGE, COIN = 0, 1, 2  # fourth counter word: what the number is used for

PHILOX_M0, PHILOX_M1 = 0xD2511F53, 0xCD9E8D57
PHILOX_W0, PHILOX_W1 = 0x9E3779B9, 0xBB67AE85
PHILOX_ROUNDS = 7

RADIUS_BITS, ANGLE_BITS = 20, 12  # of a word of 32, for two normals
LARGEST_NORMAL = float(np.sqrt(2 * np.log(2) * (RADIUS_BITS + 1)))  # 5.4 SD


class Key(NamedTuple):
    """The two 32-bit words of a stream."""

    k0: int
    k1: int


def key(study_seed: int, purpose: str, *words: object) -> Key:
    """The key of a stream.

    The text of the arguments is hashed (BLAKE2b) to 64 bits: the same words are the same stream, in
    every run and on every machine.

    Parameters
    ----------
    study_seed : of the study
    purpose : what the numbers are for
    words : name the network, the scaling factor ...; 40 and 40.0 are the same word
    """
    digest = hashlib.blake2b(_text(study_seed, purpose, *words).encode(), digest_size=8).digest()
    return Key(int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little"))


def _text(study_seed: int, purpose: str, *words: object) -> str:
    return "\x1f".join([str(study_seed), purpose, *map(_word, words)])


def _word(value: object) -> str:
    # 40, 40.0 and numpy's 40 are one scaling factor
    return f"{float(value):.12g}" if isinstance(value, (int, float, np.number)) else str(value)


def generator(study_seed: int, purpose: str, *words: object) -> np.random.Generator:
    """A NumPy generator on its own stream, for draws made once per network or trial."""
    k = key(study_seed, purpose, *words)
    return np.random.Generator(np.random.Philox(key=k.k0 | (k.k1 << 32)))


def generators(
    study_seed: int, purpose: str, words: tuple, numbers
) -> Iterator[np.random.Generator]:
    """`generator` for (*words, number) of each number, fast.

    They are one object that is set anew, so use each before the next.
    """
    bits = np.random.Philox(key=0)
    rng = np.random.Generator(bits)
    fresh = bits.state
    start = hashlib.blake2b(_text(study_seed, purpose, *words, "").encode(), digest_size=8)
    for number in numbers:
        digest = start.copy()
        digest.update(_word(number).encode())
        low = int.from_bytes(digest.digest(), "little")
        fresh["state"]["key"] = np.array([low, 0], dtype=np.uint64)
        bits.state = fresh
        yield rng


def philox(counter: np.ndarray, stream: Key) -> np.ndarray:
    """Philox4x32-7, a counter-based generator (Salmon et al. 2011).

    Parameters
    ----------
    counter : (..., 4) uint32
    stream : the key

    Returns
    -------
    (..., 4) uint32, four independent numbers for each counter
    """
    c0, c1, c2, c3 = (np.asarray(counter[..., i], dtype=np.uint64) for i in range(4))
    k0, k1 = np.uint64(stream.k0), np.uint64(stream.k1)
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(PHILOX_ROUNDS):
        p0, p1 = c0 * np.uint64(PHILOX_M0), c2 * np.uint64(PHILOX_M1)
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ k0, p1 & low, (p0 >> shift) ^ c3 ^ k1, p0 & low
        k0, k1 = (k0 + np.uint64(PHILOX_W0)) & low, (k1 + np.uint64(PHILOX_W1)) & low
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def _draws(stream: Key, purpose: int, trial: int, n_units: int, n_words: int) -> np.ndarray:
    """(n_units, n_words) uint32: output k % 4 of counter (k // 4, unit, trial, purpose)."""
    blocks = -(-n_words // 4)
    counter = np.zeros((n_units, blocks, 4), dtype=np.uint32)
    counter[..., 0] = np.arange(blocks)
    counter[..., 1] = np.arange(n_units)[:, None]
    counter[..., 2], counter[..., 3] = trial, purpose
    return philox(counter, stream).reshape(n_units, 4 * blocks)[:, :n_words]


def uniform(stream: Key, purpose: int, trial: int, n_units: int, n_steps: int = 1) -> np.ndarray:
    """Uniform numbers in [0, 1) of one trial, 24 random bits each.

    Parameters
    ----------
    stream : the key
    purpose : what they are used for: STEP_NOISE, INITIAL_VOLTAGE or COIN
    trial : its number

    Returns
    -------
    (n_units, n_steps) float32
    """
    bits = _draws(stream, purpose, trial, n_units, n_steps) >> 8
    return bits.astype(np.float32) * np.float32(2.0**-24)


def normal(stream: Key, trial: int, n_units: int, n_steps: int) -> np.ndarray:
    """Standard normal numbers of one trial, by Box & Muller (1958): one word for steps 2 k and
    2 k + 1.

        u = (m + 1/2) 2^-20          m: the upper 20 bits of the word
        a = (n + 1/2) 2^-11 pi       n: the next 11 bits, signed, so that -pi / 2 < a < pi / 2
        z = +-sqrt(-2 log u) cos a, sqrt(-2 log u) sin a      the lowest bit: the sign of the first

    So there are 2^32 pairs, and no number beyond 5.40 SD, where 7 of 100 million normal ones lie.

    Parameters
    ----------
    stream : the key
    trial : its number

    Returns
    -------
    (n_units, n_steps) float32
    """
    n_words = -(-n_steps // 2)
    words = _draws(stream, STEP_NOISE, trial, n_units, n_words)
    u = ((words >> ANGLE_BITS) + 0.5) * 2.0**-RADIUS_BITS
    signed = (words << RADIUS_BITS).view(np.int32) >> RADIUS_BITS  # the lowest 12 bits
    angle = ((signed >> 1) + 0.5) * 2.0 ** (1 - ANGLE_BITS) * np.pi
    sign = 1.0 - 2.0 * (words & 1)
    radius = np.sqrt(-2 * np.log(u))
    z = np.stack([sign * radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return z.reshape(n_units, -1)[:, :n_steps].astype(np.float32)
