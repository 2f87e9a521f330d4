"""Before a GPU simulates converted networks, its kernels are compared with the CPU's, once in a
process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from ... import streams
from ...config import NeuronConfig
from ...devices import Compared, refuse_where_apart
from ...streams.cuda import INTERPRETED
from ..converted import SpikingNetwork
from . import cpu, cuda

N_UNITS, N_COLUMNS = 100, 4  # 300 steps
TOLERANCE = 1e-2  # of the size of what is compared: rounding may move a spike by a step


@cache
def check() -> None:
    """Raise RuntimeError where the GPU computes something else than the CPU."""
    if not INTERPRETED:  # slow there, and tested with everything else
        refuse_where_apart(compared())


def compared() -> Iterator[Compared]:
    """Number of spikes and output of three trials, of the GPU and of the CPU."""
    rng = streams.generator(0, "agreement")
    network = SpikingNetwork(
        w_rec=rng.normal(0, 0.1, (N_UNITS, N_UNITS)),
        w_in=rng.normal(size=(N_UNITS, 1)),
        w_out=rng.normal(size=N_UNITS),
        tau_decay_ms=rng.uniform(20, 50, N_UNITS),
        inhibitory=np.zeros(N_UNITS, bool),
        scaling_factor=1.0,
        neuron=NeuronConfig(bias=0.0),  # fires about every 40 steps, when its noise says so
    )
    u = np.ones((3, 1, N_COLUMNS), np.float32)
    stream = streams.key(0, "agreement noise")
    on_gpu = cuda.simulate_trials(network, u, trials=np.arange(3), stream=stream, keep_every=10)
    on_cpu = cpu.simulate_trials(network, u, trials=np.arange(3), stream=stream, keep_every=10)
    yield Compared(
        "the number of spikes", on_gpu.spike_counts.sum(), on_cpu.spike_counts.sum(), TOLERANCE
    )
    yield Compared("the output of a spiking trial", on_gpu.out, on_cpu.out, TOLERANCE)
