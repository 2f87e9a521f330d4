"""The random streams: Random123's known answers, the kernel against the readable reference,
moments, tails, independence, spectrum, key words."""

import math

import numpy as np
import pytest
import scipy.stats

from rate2spike import streams
from rate2spike.streams import cpu as streams_cpu
from rate2spike.streams.reference import LARGEST_NORMAL

KEY = streams.key(1, "test", "network 3", 40)
SIZES = [1, 7, 63, 250, 513]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        (
            "00000000 00000000 00000000 00000000",
            "00000000 00000000",
            "5f6fb709 0d893f64 4f121f81 4f730a48",
        ),
        (
            "ffffffff ffffffff ffffffff ffffffff",
            "ffffffff ffffffff",
            "5207ddc2 45165e59 4d8ee751 8c52f662",
        ),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "4dfccaba 190a87f0 c47362ba b6b5242a",
        ),
    ],
)
def test_philox_known_answers(counter, key, answer):
    def numbers(text):
        return [int(word, 16) for word in text.split()]

    counter, key, answer = numbers(counter), numbers(key), numbers(answer)
    assert streams.philox(np.array(counter, dtype=np.uint32), streams.Key(*key)).tolist() == answer
    assert [int(w) for w in streams_cpu._philox(*(np.uint64(w) for w in counter + key))] == answer


# of the kernel's polynomials: 1e-5 of the largest radius
TOLERANCE = 1e-5 * LARGEST_NORMAL


@pytest.mark.parametrize("n_units", SIZES)
def test_normals_of_one_trial(n_units):
    reference = streams.normal(KEY, 2**32 - 5, n_units, 80)
    for block in range(10):
        out = np.full((8, n_units), np.nan, dtype=np.float32)
        streams_cpu.fill_normals(out, block, 2**32 - 5, *KEY)
        np.testing.assert_allclose(
            out, reference[:, 8 * block : 8 * block + 8].T, rtol=0, atol=TOLERANCE
        )


def pair_of(word: int) -> tuple[float, float]:
    """The two normals of a word, from its digits: 20 of the radius, 11 of the angle, the sign."""
    digits = f"{word:032b}"
    u = (int(digits[:20], 2) + 0.5) / 2**20
    turn = int(digits[20:31], 2)  # two's complement
    angle = ((turn - 2**11 if turn >= 2**10 else turn) + 0.5) / 2**11 * math.pi
    radius = math.sqrt(-2 * math.log(u))
    first = radius * math.cos(angle)
    return (-first if digits[31] == "1" else first), radius * math.sin(angle)


def test_normals_of_a_word():
    """At the ends of radius and angle and between."""
    rng = np.random.default_rng(1)
    ends = [0, 1, 2, 2**11, 2**11 - 1, 2**12 - 1, 2**12, 2**31, 2**32 - 1, 2**32 - 2**12]
    words = [*ends, *map(int, rng.integers(0, 2**32, 200))]
    expected = np.array([pair_of(word) for word in words])
    ours = np.array([streams_cpu._box_muller(np.uint32(word)) for word in words])
    np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE)
    assert abs(expected[0]).max() == pytest.approx(LARGEST_NORMAL, rel=1e-6)
    # and the order of the words: word k is that of steps 2 k and 2 k + 1
    counter = np.array([[0, 2, 7, 0], [1, 2, 7, 0]], dtype=np.uint32)  # block, unit, trial, noise
    of_unit = [pair_of(int(word)) for word in streams.philox(counter, KEY).ravel()]
    z = streams.normal(KEY, 7, 3, 15)[2]
    np.testing.assert_allclose(z, np.ravel(of_unit)[:15], rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_trials", SIZES)
def test_normals_over_trials(n_trials):
    out = np.full((8, n_trials), np.nan, dtype=np.float32)
    streams_cpu.fill_normals_trials(out, 3, 5, 100, *KEY)
    for i in {0, n_trials // 2, n_trials - 1}:
        np.testing.assert_allclose(
            out[:, i], streams.normal(KEY, 100 + i, 6, 32)[5, 24:], rtol=0, atol=TOLERANCE
        )


def test_a_normal_has_the_same_bits_at_every_size():
    largest = np.empty((8, 600), dtype=np.float32)
    streams_cpu.fill_normals(largest, 2, 9, *KEY)
    for n in (*SIZES, 16, 17, 31, 200):
        out = np.empty((8, n), dtype=np.float32)
        streams_cpu.fill_normals(out, 2, 9, *KEY)
        assert np.array_equal(out, largest[:, :n])


@pytest.mark.parametrize("n", SIZES)
def test_uniform_has_the_bits_of_the_reference(n):
    out = np.full(n, np.nan, dtype=np.float32)
    streams_cpu.fill_uniform_units(out, streams.INITIAL_VOLTAGE, 77, *KEY)
    assert np.array_equal(out, streams.uniform(KEY, streams.INITIAL_VOLTAGE, 77, n)[:, 0])
    streams_cpu.fill_uniform_steps(out, streams.COIN, 77, *KEY)
    assert np.array_equal(out, streams.uniform(KEY, streams.COIN, 77, 1, n)[0])
    assert out.min() >= 0
    assert out.max() < 1


def test_uniform_numbers_are_those_of_their_counter():
    """Step k of a unit: word k % 4 of the counter (k // 4, unit, trial, 1 for initial voltages and
    2 for coins), its upper 24 bits. Other counters would be another study from the same seed."""
    for purpose, word in ((streams.INITIAL_VOLTAGE, 1), (streams.COIN, 2)):
        counter = np.zeros((3, 2, 4), dtype=np.uint32)
        counter[..., 0] = np.arange(2)
        counter[..., 1] = np.arange(3)[:, None]
        counter[..., 2], counter[..., 3] = 9, word
        words = streams.philox(counter, KEY).reshape(3, 8)[:, :6]
        assert np.array_equal(streams.uniform(KEY, purpose, 9, 3, 6), (words >> 8) / 2**24)


# The distribution, whole --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def possible():
    """All radii that a word can make, and all cosines; a sine is as a cosine."""
    radius = np.sqrt(-2 * np.log((np.arange(2**20) + 0.5) / 2**20))
    cosine = np.cos((np.arange(-(2**10), 2**10) + 0.5) / 2**11 * np.pi)
    return radius, np.sort(cosine)


@pytest.mark.parametrize(("power", "moment"), [(2, 1), (4, 3), (6, 15)])
def test_moments_of_all_words(possible, power, moment):
    """Odd ones are 0: for each angle there is the opposite one."""
    radius, cosine = possible
    assert (radius**power).mean() * (cosine**power).mean() == pytest.approx(moment, rel=1e-4)


@pytest.mark.parametrize(
    ("sd", "within"), [(1, 1e-3), (2, 1e-3), (3, 1e-3), (4, 1e-3), (4.5, 1e-3), (5, 0.01)]
)
def test_tails_of_all_words(possible, sd, within):
    radius, cosine = possible
    beyond = 1 - np.searchsorted(cosine, sd / radius, side="right") / len(cosine)
    assert beyond.mean() == pytest.approx(2 * scipy.stats.norm.sf(sd), rel=within)


# Draws --------------------------------------------------------------------------------------------


def _draws(key, n_units=1000, n_blocks=125, trial=0):
    out = np.empty((n_blocks, 8, n_units), dtype=np.float32)
    for block in range(n_blocks):
        streams_cpu.fill_normals(out[block], block, trial, *key)
    return out.reshape(8 * n_blocks, n_units).astype(np.float64)  # (n_steps, n_units)


@pytest.fixture(scope="module")
def z():
    return _draws(KEY)


def test_normals_are_standard_normal(z):
    """Moments to the sixth, distribution, tails; (n,) of a million."""
    n = z.size
    # E z^2k = (2k - 1)!!, which gives the variance of each power
    for power, moment, second in ((1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105), (5, 0, 945)):
        assert abs((z**power).mean() - moment) < 4 * np.sqrt((second - moment**2) / n)
    assert abs((z**6).mean() - 15) < 4 * np.sqrt((10395 - 15**2) / n)
    assert scipy.stats.kstest(z.ravel()[:200_000], "norm").pvalue > 1e-3
    for sd in (3, 3.5, 4):
        for tail in (z > sd, z < -sd):
            expected = n * scipy.stats.norm.sf(sd)
            assert abs(tail.sum() - expected) < 4 * np.sqrt(expected)
    assert 4.4 < abs(z).max() <= LARGEST_NORMAL * (1 + 1e-5)


def test_neighbours_keys_and_trials_are_independent(z):
    """Steps up to 16 apart (two blocks of one counter each), units, trials, keys of other words and
    one bit away."""
    k0, k1 = KEY
    steps = {f"{lag} steps": z[lag:] for lag in (*range(1, 10), 16)}
    others = steps | {
        "units": z[:, 1:],
        "eight units": z[:, 8:],
        "units and steps": z[1:, 1:],
        "key": _draws(streams.key(2, "test", "network 3", 40)),
        "a bit of the first word of the key": _draws((k0 ^ 1, k1)),
        "a bit of the second word of the key": _draws((k0, k1 ^ 1)),
        "trial": _draws(KEY, trial=1),
    }
    for name, other in others.items():
        mine = z[: other.shape[0], : other.shape[1]]
        for a, b in ((mine, other), (mine**2 - 1, other**2 - 1), (mine, other**2 - 1)):
            assert abs((a * b).mean() / (a.std() * b.std())) < 4.5 / np.sqrt(a.size), name


def test_the_spectrum_is_flat(z):
    """Over the steps of a unit and over the units of a step: the power at each frequency, a mean of
    1000 exponential numbers."""
    for rows in (z.T, z):
        power = (np.abs(np.fft.rfft(rows, axis=1)) ** 2 / rows.shape[1])[:, 1:-1]
        error = (power.mean(axis=0) - 1) * np.sqrt(len(power))
        assert abs(error).max() < 5
        assert abs(error.std() - 1) < 0.2
        tenths = error[: len(error) // 10 * 10].reshape(10, -1)
        assert abs(tenths.mean(axis=1)).max() < 4.5 / np.sqrt(tenths.shape[1])


def test_key_words():
    assert (
        streams.key(0, "trial", 40)
        == streams.key(0, "trial", 40.0)
        == streams.key(0, "trial", np.float32(40))
    )
    keys = {
        streams.key(*words)
        for words in [
            (0, "trial", 40),
            (0, "trial", 45),
            (0, "task", 40),
            (1, "trial", 40),
            (0, "trial", 4, 0),
            (0, "trial"),
        ]
    }
    assert len(keys) == 6
    # every digit counts: trials of a long training, factors close to each other
    numbers = [999_999, 1_000_000, 1_000_001, 1_234_567, 33.333333, 33.333334]
    assert len({streams.key(0, "trial", number) for number in numbers}) == len(numbers)
    first = [rng.random() for rng in streams.generators(0, "trial", ("n",), numbers)]
    assert first == [streams.generator(0, "trial", "n", number).random() for number in numbers]
    assert len(set(first)) == len(numbers)
    a, b, c = (streams.generator(0, purpose).random(4) for purpose in ("task", "task", "weights"))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
