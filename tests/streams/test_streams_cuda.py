"""The random numbers of a GPU against the reference; without a GPU in Triton's interpreter."""

import numpy as np
import pytest

from rate2spike import streams
from rate2spike.streams import cpu as streams_cpu

pytest.importorskip("torch", reason="torch is not installed: needs the extra torch")
pytest.importorskip("triton", reason="Triton is not installed: the GPU's numbers are not tested")
import quick_interpreter  # noqa: F401
import torch
import triton
import triton.language as tl

from rate2spike.streams import cuda as streams_cuda
from rate2spike.streams.cuda import DEVICE, eight_words, normals, of_four, packed

KEY = streams.key(1, "test", "network 3", 40)
N_UNITS, N_OCTETS, TRIAL = 64, 3, 2**32 - 5


@triton.jit
def _write(keys, words, z, trial, n_octets, BLOCK: tl.constexpr):
    key = tl.load(keys)
    j = tl.arange(0, BLOCK)
    for octet in range(n_octets):
        w0, w1, w2, w3 = eight_words(key, octet, trial.to(tl.uint32), j.to(tl.uint32))
        for pair in range(4):
            word = of_four(w0, w1, w2, w3, pair)
            z0, z1 = normals(word)
            row = 4 * octet + pair
            tl.store(words + row * BLOCK + j, word.to(tl.int64))
            tl.store(z + 2 * row * BLOCK + j, z0)
            tl.store(z + (2 * row + 1) * BLOCK + j, z1)


def test_words_have_the_bits_of_the_reference_and_normals_are_the_cpus():
    words = torch.zeros((4 * N_OCTETS, N_UNITS), dtype=torch.int64, device=DEVICE)
    z = torch.zeros((8 * N_OCTETS, N_UNITS), device=DEVICE)
    _write[(1,)](packed([KEY]), words, z, TRIAL, N_OCTETS, BLOCK=N_UNITS)
    counter = np.zeros((N_OCTETS, N_UNITS, 4), dtype=np.uint32)
    counter[..., 0] = np.arange(N_OCTETS)[:, None]
    counter[..., 1] = np.arange(N_UNITS)
    counter[..., 2] = TRIAL
    expected = streams.philox(counter, KEY).transpose(0, 2, 1).reshape(4 * N_OCTETS, N_UNITS)
    assert np.array_equal(words.cpu().numpy(), expected)
    reference = streams.normal(KEY, TRIAL, N_UNITS, 8 * N_OCTETS).T
    np.testing.assert_allclose(z.cpu().numpy(), reference, rtol=0, atol=6e-5)
    of_cpu = np.empty((N_OCTETS, 8, N_UNITS), dtype=np.float32)
    for octet in range(N_OCTETS):
        streams_cpu.fill_normals(of_cpu[octet], octet, TRIAL, *KEY)
    of_cpu = of_cpu.reshape(8 * N_OCTETS, N_UNITS)
    np.testing.assert_allclose(z.cpu().numpy(), of_cpu, rtol=0, atol=1e-6)


def test_a_launch_takes_half_of_the_memory_that_is_free(monkeypatch):
    monkeypatch.setattr(streams_cuda, "INTERPRETED", False)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1000, 80_000))
    assert streams_cuda.free_bytes() == 500


def test_a_copy_on_the_device_is_a_copy():
    array = np.arange(6.0).reshape(2, 3).T
    array.flags.writeable = False
    assert np.array_equal(streams_cuda.to_device(array).cpu().numpy(), array)


def test_the_widest_network_of_a_gpu_is_not_refused():
    streams_cuda.check_width(1024)
    with pytest.raises(ValueError, match="at most 1024 units on a GPU, got 1025"):
        streams_cuda.check_width(1025)
