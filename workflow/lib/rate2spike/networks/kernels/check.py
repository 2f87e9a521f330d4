"""Before a GPU simulates any network, its kernel is compared with the plain loop, once in a
process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ... import streams
from ...devices import Compared, refuse_where_apart
from ...streams.cuda import INTERPRETED
from .. import reference
from ..network import Network, job_of
from ..neurons import AdaptiveQIF
from . import cuda

N_UNITS, N_STEPS = 100, 20
TOLERANCE = 1e-9  # of the size of what is compared


@cache
def check() -> None:
    """Raise RuntimeError where the GPU computes something else than the CPU."""
    if not INTERPRETED:  # slow there, and tested with everything else
        refuse_where_apart(compared())


def compared() -> Iterator[Compared]:
    """State and spikes, of the GPU and of the plain loop: at this size that takes less time than
    compiling the CPU's kernel."""
    rng = streams.generator(0, "agreement")
    weights = 20 * rng.random((N_UNITS, N_UNITS)) / N_UNITS
    v = 150 * rng.random(N_UNITS)
    network = Network(AdaptiveQIF(), weights, dt=1e-3, initial={"v": v})
    u = 100 * rng.random((N_STEPS, N_UNITS))
    variables = network.neuron.variables
    state_gpu, spikes_gpu = cuda.advance(
        job_of(network, u), variables, every=5, average=True, spikes=True, threads=1
    )
    state_cpu, spikes_cpu = reference.advance(
        job_of(network, u), variables, every=5, average=True, spikes=True, threads=1
    )
    yield Compared("the state of a network of spiking units", state_gpu, state_cpu, TOLERANCE)
    yield Compared("the spikes of a network of spiking units", spikes_gpu, spikes_cpu, TOLERANCE)
