"""The random streams: Random123's known answers, the kernel against the readable reference,
moments, independence, key words."""

import numpy as np
import pytest
import scipy.stats

from rate2spike import streams
from rate2spike.streams import cpu as streams_cpu

KEY = streams.key(1, "test", "network 3", 40)
SIZES = [1, 7, 63, 250, 513]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        (
            "00000000 00000000 00000000 00000000",
            "00000000 00000000",
            "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        ),
        (
            "ffffffff ffffffff ffffffff ffffffff",
            "ffffffff ffffffff",
            "408f276d 41c83b0e a20bc7c6 6d5451fd",
        ),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_known_answers(counter, key, answer):
    def numbers(text):
        return [int(word, 16) for word in text.split()]

    counter, key, answer = numbers(counter), numbers(key), numbers(answer)
    assert streams.philox(np.array(counter, dtype=np.uint32), streams.Key(*key)).tolist() == answer
    assert [int(w) for w in streams_cpu._philox(*(np.uint64(w) for w in counter + key))] == answer


@pytest.mark.parametrize("n_units", SIZES)
def test_normals_of_one_trial(n_units):
    reference = streams.normal(KEY, 2**32 - 5, n_units, 40)
    for block in range(10):
        out = np.full((4, n_units), np.nan, dtype=np.float32)
        streams_cpu.fill_normals(out, block, 2**32 - 5, *KEY)
        np.testing.assert_allclose(
            out, reference[:, 4 * block : 4 * block + 4].T, rtol=0, atol=2e-6
        )


def test_normals_at_the_ends_of_the_radius():
    words = np.array([0, 1, 511, 512, 2**31, 2**32 - 1025, 2**32 - 512, 2**32 - 1], dtype=np.uint32)
    angles = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**30, 3 * 2**30, 255], dtype=np.uint32)
    w0, w1 = (grid.ravel() for grid in np.meshgrid(words, angles))
    u = (w0 >> 9) * 2.0**-23 + 2.0**-24
    radius, angle = np.sqrt(-2 * np.log(u)), np.pi * 2.0**-24 * (w1.view(np.int32) >> 8)
    expected = np.stack([radius * np.cos(angle) * (1 - 2.0 * (w1 & 1)), radius * np.sin(angle)])
    ours = np.array([streams_cpu._box_muller(a, b) for a, b in zip(w0, w1, strict=True)]).T
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("n_trials", SIZES)
def test_normals_over_trials(n_trials):
    out = np.full((4, n_trials), np.nan, dtype=np.float32)
    streams_cpu.fill_normals_trials(out, 3, 5, 100, *KEY)
    for i in {0, n_trials // 2, n_trials - 1}:
        np.testing.assert_allclose(
            out[:, i], streams.normal(KEY, 100 + i, 6, 16)[5, 12:], rtol=0, atol=2e-6
        )


def test_a_normal_has_the_same_bits_at_every_size():
    largest = np.empty((4, 600), dtype=np.float32)
    streams_cpu.fill_normals(largest, 2, 9, *KEY)
    for n in (*SIZES, 16, 17, 31, 200):
        out = np.empty((4, n), dtype=np.float32)
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


def _draws(key, n_units=1000, n_blocks=250, trial=0):
    out = np.empty((n_blocks, 4, n_units), dtype=np.float32)
    for block in range(n_blocks):
        streams_cpu.fill_normals(out[block], block, trial, *key)
    return out.reshape(4 * n_blocks, n_units).astype(np.float64)  # (n_steps, n_units)


def test_normals_are_standard_normal():
    z = _draws(KEY)
    n = z.size
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((z**power).mean() - moment) < 4 * np.sqrt(variance / n)
    assert scipy.stats.kstest(z.ravel()[:200_000], "norm").pvalue > 1e-3
    assert 4.4 < abs(z).max() < 5.78


def test_neighbours_keys_and_trials_are_independent():
    z = _draws(KEY)
    others = [
        z[:, 1:],
        z[1:],
        z[2:],
        _draws(streams.key(2, "test", "network 3", 40)),
        _draws(KEY, trial=1),
    ]
    for other in others:
        mine = z[: other.shape[0], : other.shape[1]]
        for a, b in ((mine, other), (mine**2 - 1, other**2 - 1)):
            assert abs((a * b).mean() / (a.std() * b.std())) < 4 / np.sqrt(a.size)


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
    a, b, c = (streams.generator(0, purpose).random(4) for purpose in ("task", "task", "weights"))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
