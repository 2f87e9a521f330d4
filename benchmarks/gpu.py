"""Simulation and training of many networks on a GPU.

They stand beside the plain reference, one core, and what the GPU allows.

    python benchmarks/gpu.py

`simulation`: ns per neuron and 0.05-ms step (trials of 1 s); floor: drawing the random numbers of
all steps and nothing else. `training`: ms per update of all networks (T = 200, one trial an
update); floor: reading the weights of all networks twice per step and nothing else. `any network`:
ns per unit and step of one simulation of each network, QIF units that all send, 200 steps; floor:
reading all weights once per step (two float64 operations a weight take less, by the data sheet).
`ratio` is GPU over floor. Where there is no GPU its columns are empty and the reason stands above.
The targets on an H200, N = 250: 0.02 ns (5e10 neuron-steps a second), 15 ms for 100 networks.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from rate2spike import rate, spiking, streams
from rate2spike.config import ConfigError, RateConfig, TrainingConfig
from rate2spike.devices import device_of
from rate2spike.networks import Job, Network, advance, job_of
from rate2spike.networks.kernels import cpu as network_cpu
from rate2spike.spiking.kernels import cpu as spiking_cpu
from rate2spike.tasks import BUILT_IN, draw_trials
from simulation import N_STEPS, STREAM, best_s, random_network

STEPS = 200
COLUMNS = ("", "reference", "CPU, 1 core", "GPU", "floor on the GPU", "ratio")


def timed(function) -> float:
    """Seconds of a call, the GPU's work included, best of three after one that compiles."""
    from rate2spike.streams.cuda import INTERPRETED, torch

    def whole():
        function()
        if not INTERPRETED:
            torch.cuda.synchronize()

    whole()
    return best_s(whole, runs=3)


def simulation(n_units: int, networks: int, trials: int) -> tuple[float, float]:
    """ns per neuron and step of networks and trials together, and of their random numbers alone."""
    import gpu_floors
    from rate2spike.spiking.kernels import cuda as spiking_cuda

    made = [random_network(n_units)] * networks
    u = np.zeros((networks, trials, 1, N_STEPS // 100 + 1), dtype=np.float32)
    keys = [streams.key(0, "benchmark", i) for i in range(networks)]
    seconds = timed(
        lambda: spiking_cuda.simulate_networks(made, u, trials=np.arange(trials), keys=keys)
    )
    floor = timed(lambda: gpu_floors.draw(networks * trials, n_units, N_STEPS))
    per_step = networks * trials * n_units * N_STEPS
    return 1e9 * seconds / per_step, 1e9 * floor / per_step


def training(n_units: int, networks: int, updates: int = 20) -> tuple[float, float]:
    """ms of one update of all networks, and of reading their weights alone."""
    import gpu_floors
    from rate2spike.rate.kernels import cuda as rate_cuda

    models = []
    stimuli = []
    targets = []
    keys = []
    for i in range(networks):
        rng = np.random.default_rng(i)
        models.append(rate.initial_model(RateConfig(n_units=n_units), 1, rng))
        trials = draw_trials(BUILT_IN["go-nogo"], 0, "benchmark", (i,), range(updates))
        stimuli.append(trials.stimulus[..., :STEPS])
        targets.append(trials.target[..., :STEPS])
        keys.append(streams.key(0, "benchmark", i))
    u = np.stack(stimuli)
    z = np.stack(targets)
    block = rate_cuda.start_block(models)
    settings = TrainingConfig()
    seconds = timed(
        lambda: rate_cuda.train_block(block, u, z, training=settings, keys=keys, first_trial=0)
    )
    floor = timed(lambda: gpu_floors.read(block.w, 2 * STEPS))
    return 1e3 * seconds / updates, 1e3 * floor


def qif_job(n_units: int, networks: int, n_steps: int) -> Job:
    """A chunk that is not the first: its weights are copied to the GPU once."""
    rng = np.random.default_rng(n_units)
    weights = 20 * rng.random((networks, n_units, n_units)) / n_units
    network = Network(spiking.QIF(), weights, dt=1e-3, initial={"s": rng.random(n_units)})
    return job_of(network, 10 * rng.random((n_steps, n_units)))._replace(first_step=1)


def ns_of(advance, job: Job) -> float:
    """ns per unit and step, all simulations together; on a GPU until its results are here."""

    def run():
        return advance(job, (), every=1, average=False, spikes=False, threads=1)

    seconds = best_s(run, runs=3)
    return 1e9 * seconds / (job.n_steps * job.state[0].size)


def any_network(n_units: int, networks: int, n_steps: int = STEPS) -> tuple[float, float]:
    """ns per unit and step of all simulations together, and of reading their weights alone."""
    import gpu_floors
    from rate2spike.networks.kernels import cuda as network_cuda

    job = qif_job(n_units, networks, n_steps)
    w = network_cuda.to_device(job.weights)
    floor = timed(lambda: gpu_floors.read(w, n_steps)) / (n_steps * networks * n_units)
    return ns_of(network_cuda.advance, job), 1e9 * floor


def of_cpu(n_units: int, networks: int) -> dict[str, tuple[float, float]]:
    """Reference and kernel on one core, in the same units: the networks one after the other."""
    import training as cpu_training

    network = random_network(n_units)
    u = np.zeros((4, 1, 201), dtype=np.float32)
    short = u[0, :, :11]  # 1000 steps
    plain = best_s(lambda: spiking.simulate_trial(network, short), runs=2)
    kernel = best_s(
        lambda: spiking_cpu.simulate_trials(network, u, trials=range(4), stream=STREAM), runs=5
    )
    job = qif_job(n_units, 1, STEPS)
    row = cpu_training.row(n_units, STEPS)
    update = dict(zip(cpu_training.COLUMNS, row, strict=True))
    return {
        "simulation": (1e9 * plain / (1000 * n_units), 1e9 * kernel / (4 * N_STEPS * n_units)),
        "any network": (ns_of(advance, job), ns_of(network_cpu.advance, job)),
        "training": (networks * update["torch"], networks * update["trial"]),
    }


def measured(n_units: int, networks: int, trials: int) -> list[dict]:
    """A row for each kind of work."""
    rows = {"simulation": "ns", "any network": "ns", "training": "ms"}
    on_gpu = dict.fromkeys(rows, (np.nan, np.nan))
    try:
        device_of("cuda")
        on_gpu["simulation"] = simulation(n_units, networks, trials)
        on_gpu["any network"] = any_network(n_units, networks)
        on_gpu["training"] = training(n_units, networks)
    except ConfigError as error:
        print(f"GPU not measured: {error}")
    cpu = of_cpu(n_units, networks)
    table = []
    for name, unit in rows.items():
        numbers = (*cpu[name], *on_gpu[name], on_gpu[name][0] / on_gpu[name][1])
        table.append(dict(zip(COLUMNS, (f"{name} ({unit})", *map(float, numbers)), strict=True)))
    return table


def main() -> None:
    """Print the table, and write it where --json says so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=250)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--trials", type=int, default=100, help="trials of each network")
    parser.add_argument("--json", type=Path, help="write the table there, too")
    parser.add_argument("--small", action="store_true", help="no GPU timed, to try this script")
    arguments = parser.parse_args()
    n_units, networks, trials = arguments.units, arguments.networks, arguments.trials
    if arguments.small:
        rows = [{"": "simulation (ns)"} | dict.fromkeys(COLUMNS[1:], np.nan)]
    else:
        rows = measured(n_units, networks, trials)
    title = f"{networks} networks of {n_units} units, {trials} trials of each in the simulation"
    print(title)
    print("".join(f"{name:>18}" for name in COLUMNS))
    for label, *numbers in (row.values() for row in rows):
        cells = [f"{'-':>18}" if np.isnan(x) else f"{x:18.4g}" for x in numbers]
        print(f"{label:>18}" + "".join(cells))
    if arguments.json:
        text = json.dumps({title: rows}).replace("NaN", "null")  # JSON knows no NaN
        arguments.json.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
