"""Before a GPU computes anything, its kernels are compared with the CPU's, once in a process: a driver, a compiler or a card that
gets them wrong is told at once, not found in a figure."""

from __future__ import annotations

from functools import cache

import numpy as np

from .. import networks, streams
from ..config import NeuronConfig, RateConfig, TrainingConfig
from ..rate import initial_model
from ..spiking import AdaptiveQIF, Network, SpikingNetwork
from . import network_cuda, rate_cpu, rate_cuda, spiking_cpu, spiking_cuda
from .streams_cuda import INTERPRETED

N_UNITS, N_STEPS, N_COLUMNS = 100, 20, 4  # 300 spiking steps
# Of the size of what is compared. Rounding is some thousand times smaller; in the spiking network it may move a spike by a step
RATE_TOLERANCE, SPIKING_TOLERANCE, NETWORK_TOLERANCE = 1e-3, 1e-2, 1e-9


@cache
def check() -> None:
    """Raise RuntimeError where the GPU computes something else than the CPU."""
    if not INTERPRETED:  # slow there, and tested with everything else
        compare()


def compare() -> None:
    """The check itself."""
    for what, of_gpu, of_cpu, tolerance in (*_of_rate_network(), *_of_spiking_network(), *_of_any_network()):
        a, b = np.asarray(of_gpu, np.float64), np.asarray(of_cpu, np.float64)
        apart = np.abs(a - b).max() / max(np.abs(b).max(), 1e-6)
        if not apart <= tolerance:  # NaN too
            raise RuntimeError(
                f"this GPU does not compute what the CPU does: {what} differs by {apart:.2g} of its size, expected less than "
                f"{tolerance:g}; write device: cpu, and please report it with the versions of driver, PyTorch and Triton"
            )


def _of_rate_network():
    model, u, z, trials = _rate_trials()
    found = [k.gradients(model, model.weights, u, z, loss="l2", **trials) for k in (rate_cuda, rate_cpu)]
    yield "the loss of a training trial", found[0][0], found[1][0], RATE_TOLERANCE
    for name, *trained in zip(model.weights._fields, *map(_trained, (rate_cuda, rate_cpu)), strict=True):
        yield f"{name} after two updates", *trained, RATE_TOLERANCE
    for name, *gradients in zip(model.weights._fields, *(gradient for _, gradient in found), strict=True):
        yield f"the gradient of {name}", *gradients, RATE_TOLERANCE


def _rate_trials():
    model = initial_model(RateConfig(n_units=N_UNITS), 1, streams.generator(0, "agreement"))
    trials = {"stream": streams.key(0, "agreement noise"), "first_trial": 3}
    return model, np.ones((2, 1, N_STEPS), np.float32), np.ones((2, N_STEPS), np.float32), trials


def _trained(kernel):
    model, u, z, trials = _rate_trials()
    state = kernel.start(model)
    kernel.train_trials(model, state, u, z, training=TrainingConfig(), **trials)
    return kernel.weights(state)


def _of_spiking_network():
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
    trials = {"trials": np.arange(3), "stream": streams.key(0, "agreement noise"), "keep_every": 10}
    u = np.ones((3, 1, N_COLUMNS), np.float32)
    of_gpu, of_cpu = (k.simulate_trials(network, u, **trials) for k in (spiking_cuda, spiking_cpu))
    yield "the number of spikes", of_gpu.spike_counts.sum(), of_cpu.spike_counts.sum(), SPIKING_TOLERANCE
    yield "the output of a spiking trial", of_gpu.out, of_cpu.out, SPIKING_TOLERANCE


def _of_any_network():
    """Beside the plain reference: at this size it takes less time than compiling the CPU's kernel."""
    rng = streams.generator(0, "agreement")
    weights, v = 20 * rng.random((N_UNITS, N_UNITS)) / N_UNITS, 150 * rng.random(N_UNITS)
    network, u = Network(AdaptiveQIF(), weights, dt=1e-3, initial={"v": v}), 100 * rng.random((N_STEPS, N_UNITS))
    settings = {"every": 5, "average": True, "spikes": True, "threads": 1}
    runs = [k.advance(networks.job_of(network, u), network.neuron.variables, **settings) for k in (network_cuda, networks)]
    for what, *found in zip(("the state", "the spikes"), *runs, strict=True):
        yield f"{what} of a network of spiking units", *found, NETWORK_TOLERANCE
