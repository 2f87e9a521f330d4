"""Simulation and training of many networks on a GPU, beside the plain reference, one core, and what the GPU allows.

    python benchmarks/gpu.py

`simulation`: ns per neuron and 0.05-ms step (N = 250, trials of 1 s); floor: drawing the random numbers alone. `training`: ms per
update of all networks (N = 250, T = 200, one trial an update); floor: the two batched matrix products of each step alone. Where
there is no GPU its columns say why. The targets on an H200: 0.02 ns (5e10 neuron-steps a second), 15 ms for 100 networks.
"""

import argparse

import numpy as np

from rate2spike import rate, spiking, streams
from rate2spike.config import ConfigError, RateConfig, TrainingConfig
from rate2spike.devices import device_of
from rate2spike.kernels import spiking_cpu
from rate2spike.tasks import BUILT_IN, draw_trials
from simulation import N_STEPS, STREAM, best_s, random_network

N_UNITS, STEPS = 250, 200
COLUMNS = ("", "reference", "CPU, 1 core", "GPU", "floor on the GPU")


def timed(function) -> float:
    """Seconds of a call, the GPU's work included, best of three."""
    import torch

    def whole():
        function()
        torch.cuda.synchronize()

    return best_s(whole, runs=3)


def simulation(networks: int, trials: int) -> tuple[float, float]:
    """ns per neuron and step of all networks and trials together, and of their random numbers alone."""
    import torch

    from rate2spike.kernels import rate_cuda, spiking_cuda

    made = [random_network(N_UNITS)] * networks
    u = np.zeros((networks, trials, 1, 201), dtype=np.float32)
    keys = [streams.key(0, "benchmark", i) for i in range(networks)]
    numbers = np.arange(trials)
    seconds = timed(lambda: spiking_cuda.simulate_networks(made, u, trials=numbers, keys=keys))
    part = N_STEPS // 20
    out = torch.empty((part, networks, trials, N_UNITS), device="cuda")
    on_device = rate_cuda._keys(keys), rate_cuda._numbers(0, trials)
    floor = timed(lambda: rate_cuda.normals(*on_device, N_UNITS, part, out))
    all_steps = networks * trials * N_UNITS
    return 1e9 * seconds / (all_steps * N_STEPS), 1e9 * floor / (all_steps * part)


def training(networks: int) -> tuple[float, float]:
    """ms of one update of all networks, and of its matrix products alone."""
    import torch

    from rate2spike.kernels import rate_cuda

    models = [rate.initial_model(RateConfig(n_units=N_UNITS), 1, np.random.default_rng(i)) for i in range(networks)]
    trials = [draw_trials(BUILT_IN["go-nogo"], 0, "benchmark", (i,), range(20)) for i in range(networks)]
    u, z = np.stack([t.stimulus for t in trials]), np.stack([t.target for t in trials])
    keys = [streams.key(0, "benchmark", i) for i in range(networks)]
    block = rate_cuda.start_block(models)
    settings = {"training": TrainingConfig(), "keys": keys, "first_trial": 0}
    seconds = timed(lambda: rate_cuda.train_block(block, u, z, **settings)) / u.shape[1]
    w, r = block.weights.w_rec.clone(), torch.rand(networks, 1, N_UNITS, device="cuda")

    def products():
        for _ in range(STEPS):
            torch.bmm(r, w.transpose(1, 2))
            torch.bmm(r, w)

    graph = torch.cuda.CUDAGraph()
    products()
    with torch.cuda.graph(graph):
        products()
    return 1e3 * seconds, 1e3 * timed(graph.replay)


def of_cpu(networks: int) -> dict[str, tuple[float, float]]:
    """Reference and kernel on one core, in the same units: the networks one after the other."""
    network, u = random_network(N_UNITS), np.zeros((4, 1, 201), dtype=np.float32)
    plain = best_s(lambda: spiking.simulate(network, u[0, :, :11]), runs=2) / (1000 * N_UNITS)
    kernel = best_s(lambda: spiking_cpu.simulate_trials(network, u, trials=range(4), stream=STREAM), runs=5) / (
        4 * N_STEPS * N_UNITS
    )
    from training import SIZES, row

    at = dict(zip(("units", "steps", "trial", *["_"] * 5, "torch", "eval"), row(*SIZES[2]), strict=False))
    return {"simulation": (1e9 * plain, 1e9 * kernel), "training": (networks * at["torch"], networks * at["trial"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--trials", type=int, default=100, help="trials of each network")
    arguments = parser.parse_args()
    try:
        device_of("cuda")
        on_gpu = {"simulation": simulation(arguments.networks, arguments.trials), "training": training(arguments.networks)}
    except ConfigError as error:
        print(f"GPU not measured: {error}")
        on_gpu = dict.fromkeys(("simulation", "training"), (np.nan, np.nan))
    cpu = of_cpu(arguments.networks)
    print("".join(f"{name:>22}" for name in COLUMNS))
    for name, unit in (("simulation", "ns"), ("training", "ms")):
        numbers = (*cpu[name], *on_gpu[name])
        print(f"{f'{name} ({unit})':>22}" + "".join(f"{x:22.4g}" for x in numbers))


if __name__ == "__main__":
    main()
