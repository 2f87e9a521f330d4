"""What a GPU takes for the least that simulation and training need.

That is: drawing the random numbers alone, reading the weights alone.
"""

import torch
import triton
import triton.language as tl

from rate2spike.streams.cuda import DEVICE, eight_words, normals, of_four


@triton.jit
def _draw(out, n_octets, BLOCK: tl.constexpr):
    program, j = tl.program_id(0), tl.arange(0, BLOCK)
    total = tl.zeros([BLOCK], tl.float32)
    key = tl.full([], 7, tl.int64)
    for octet in range(n_octets):
        w0, w1, w2, w3 = eight_words(key, octet, program.to(tl.uint32), j.to(tl.uint32))
        for pair in range(4):
            z0, z1 = normals(of_four(w0, w1, w2, w3, pair))
            total += z0 + z1
    tl.store(out + program * BLOCK + j, total)


def draw(n_trials: int, n_units: int, n_steps: int) -> torch.Tensor:
    """All normals of the trials, summed."""
    block = max(16, triton.next_power_of_2(n_units))
    out = torch.empty(n_trials, block, device=DEVICE)
    _draw[(n_trials,)](out, n_steps // 8, BLOCK=block, num_warps=max(1, block // 256))
    return out


@triton.jit
def _read(w, out, times, SIZE: tl.constexpr, BLOCK: tl.constexpr):
    net, j = tl.program_id(0).to(tl.int64), tl.arange(0, BLOCK)
    for time in range(times):
        total = tl.zeros([BLOCK], w.dtype.element_ty)
        for begin in range(0, SIZE, BLOCK):
            total += tl.load(w + net * SIZE + begin + j, mask=begin + j < SIZE, other=0.0)
        tl.store(out + (net * times + time) * BLOCK + j, total)  # every pass counts
        tl.debug_barrier()


def read(w: torch.Tensor, times: int) -> torch.Tensor:
    """The matrix of each network (n_networks, n, n), so many times: one program a network."""
    block = 8192
    out = torch.empty(len(w), times, block, dtype=w.dtype, device=DEVICE)
    _read[(len(w),)](w, out, times, SIZE=w[0].numel(), BLOCK=block, num_warps=16)
    return out
