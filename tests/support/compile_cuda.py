"""Compile every kernel for a GPU as its callers would, without one; prints a line for each.

    python tests/support/compile_cuda.py

Started by test_compiled_for_gpu.py in a process of its own, since Triton decides at import whether
it interprets. What Triton's interpreter accepts a GPU may not: types, shapes that are no powers of
two, barriers.
"""

import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import triton
from own_models import MODELS, Own
from triton.backends.compiler import GPUTarget
from triton.runtime import driver, jit

from rate2spike import config, conversion, networks, rate, spiking, streams
from rate2spike.networks.kernels import cuda as network_cuda
from rate2spike.rate.kernels import cuda as rate_cuda
from rate2spike.spiking.kernels import cuda as spiking_cuda
from rate2spike.streams import cuda as streams_cuda

TARGET = GPUTarget("cuda", 90, 32)  # H100, H200
CUOBJDUMP = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
KEYS = [streams.key(0, "compile")] * 2
N_STEPS = 12
found = {}


class NoGpu:
    """What Triton asks a driver for to compile."""

    def get_current_target(self):
        return TARGET

    def get_current_device(self):
        return 0

    def get_current_stream(self, device):
        return 0


def compiled(self, grid):
    """In place of a launch."""

    def run(*args, **kwargs):
        kernel = self.warmup(*args, grid=grid, **kwargs)
        if (self.fn.__name__, kernel.hash) in found:
            return
        with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
            file.write(kernel.asm["cubin"])
            file.flush()
            usage = subprocess.run(
                [CUOBJDUMP, "--dump-resource-usage", file.name],
                capture_output=True,
                text=True,
                check=True,
            )
        registers = int(re.search(r"REG:(\d+)", usage.stdout).group(1))
        spilled = int(re.search(r"STACK:(\d+)", usage.stdout).group(1))
        # ld.global.nc may miss what another unit of the trial has just written
        found[self.fn.__name__, kernel.hash] = (
            registers,
            spilled,
            *map(kernel.asm["ptx"].count, ("ld.global.nc", "fma.rn.f64")),
        )

    return run


def rate_kernels(n_units: int, **settings) -> list:
    """Every launch of rate networks of this size, which are returned."""
    rng = np.random.default_rng(0)
    models = [rate.initial_model(config.RateConfig(n_units=n_units, **settings), 1, rng)] * 2
    u = np.zeros((2, 2, 1, N_STEPS))
    z = np.zeros((2, 2, N_STEPS))
    block = rate_cuda.start_block(models)
    for loss in config.LOSSES:
        rate_cuda.block_gradients(block, u, z, loss=loss, keys=KEYS, first_trial=0)
        rate_cuda.train_block(
            block, u, z, training=config.TrainingConfig(loss=loss), keys=KEYS, first_trial=0
        )
    for keep in (False, True):
        rate_cuda.block_outputs(
            models, [m.weights for m in models], u, keys=KEYS, first_trial=0, keep=keep
        )
    return models


def spiking_kernels(models: list) -> None:
    """Every launch of the spiking networks made of these rate networks."""
    u = np.zeros((2, 2, 1, N_STEPS))
    for neuron in (config.NeuronConfig(), config.NeuronConfig(model="qif", tau_rise_ms=0)):
        converted = [conversion.to_spiking(m, 40, neuron=neuron) for m in models]
        of_trials = {"trials": np.arange(2), "keys": KEYS}
        spiking_cuda.simulate_networks(converted, u, **of_trials, first_step=9)
        spiking_cuda.simulate_networks(
            converted,
            u,
            **of_trials,
            keep_every=100,
            keep_rates=True,
            stimulation=("exc", 1, 200, [0]),
        )


def network_kernels(n_units: int, *models) -> None:
    """Launches of any network of this size, of units of these models; the last with less kept."""
    for model in models:
        network = spiking.Network(model(), np.zeros((n_units, n_units)), dt=1e-3)
        job = networks.job_of(network, np.zeros((2, N_STEPS, n_units)))
        network_cuda.advance(job, model.variables, every=5, average=True)  # the most registers
    network_cuda.advance(job, model.variables, every=1, average=False)
    network_cuda.advance(job, (), every=1, average=False, spikes=False)


def main() -> None:
    driver.set_active(NoGpu())
    jit.KernelInterface.__getitem__ = compiled
    for module in (network_cuda, rate_cuda, spiking_cuda, streams_cuda):
        module.DEVICE = "cpu"
    for module in (network_cuda, rate_cuda, spiking_cuda):
        module.free_bytes = lambda: 2**40
    spiking_kernels(rate_kernels(250))
    network_kernels(250, *MODELS, Own)
    n_of_250 = len(found)
    rate_kernels(63, activation="softplus", dale=False)
    of_1024 = {"activation": "clipped_relu", "tau_decay_ms": (35.0,), "connections": "keep"}
    spiking_kernels(rate_kernels(1024, **of_1024))
    network_kernels(1024, Own)
    for i, ((name, _), (registers, spilled, stale, fused)) in enumerate(found.items()):
        print(
            f"{name}{' of 250' if i < n_of_250 else ''}: {registers} registers, {spilled} bytes "
            f"spilled, {stale} stale loads, {fused} fused in float64"
        )


if __name__ == "__main__":
    main()
