"""Time of any network of spiking units on the CPU.

It stands beside a loop in torch and what the machine allows.

    python benchmarks/networks.py

The best of several runs. First the worked example (5 coupled QIF units, 30,000 steps, output and
spikes of every step recorded): `torch`, a loop over the steps as one writes it with tensors,
without gradients, one thread; `simulate`, the same by the library; `batch`, 100 values of eta at
once on all cores, beside 20 single runs in a row.

Then ns per unit and step, nothing recorded, one core: `single`, one simulation; `batch`, one of 16
at once; `floor`, what a single one has to move at least: reading the weights of the units that
send, reading and writing the state. `sending %`: units that send something in a step, all in the
QIF network, whose synapses have spikes behind them, few in the LIF network.
"""

import argparse

import numpy as np
from numba import njit

from rate2spike import networks
from rate2spike.extras import needed
from rate2spike.networks.kernels import cpu as network_cpu
from rate2spike.spiking import LIF, QIF, Network, simulate
from simulation import best_s

torch = needed("torch", "torch")
DT = 1e-3
COLUMNS = ("model", "units", "sending %", "single ns", "batch ns", "floor ns")


def worked_example() -> tuple[Network, np.ndarray]:
    """Five coupled QIF units, and inputs (n_steps, 5) of which two are sine waves."""
    weights = np.random.default_rng(0).uniform(0, 20, (5, 5))
    time = DT * np.arange(30_000)
    inputs = np.zeros((len(time), 5))
    inputs[:, 2] = 20 * np.sin(2 * np.pi * 0.5 * time)
    inputs[:, 4] = 10 * np.sin(2 * np.pi * 0.25 * time)
    return Network(QIF(), weights, DT), inputs


@torch.no_grad()
def torch_loop(weights, inputs, eta=-5.0, v_peak=100.0):
    """Output and spikes (n_steps, n_units) of the worked example, as one writes it with tensors."""
    v = torch.full((len(weights),), -2.0)
    s = torch.zeros(len(weights))
    out = torch.empty(inputs.shape)
    spikes = torch.empty(inputs.shape, dtype=torch.bool)
    for k, current in enumerate(inputs):
        spike = v >= v_peak
        moved = v + DT * (v * v + eta + current + weights @ s)
        v = torch.where(spike, -v_peak, moved)
        s = s - DT * s + spike
        out[k], spikes[k] = s, spike
    return out, spikes


def example(runs: int) -> None:
    """Print the times of the worked example."""
    torch.set_num_threads(1)
    network, inputs = worked_example()
    etas = network.with_parameters(eta=np.linspace(-6, -4, 100)[:, None])
    weights = torch.tensor(network.weights).float()
    loop = best_s(torch_loop, weights, torch.tensor(inputs).float(), runs=2)

    def single(n: int) -> None:
        for _ in range(n):
            simulate(network, inputs, device="cpu", progress=False)

    one = best_s(single, 1, runs=5 * runs)
    twenty = best_s(single, 20, runs=2 * runs)
    batch = best_s(lambda: simulate(etas, inputs, device="cpu", progress=False), runs=2 * runs)
    print(
        f"worked example: torch {1e3 * loop:.0f} ms, simulate {1e3 * one:.2f} ms, "
        f"{loop / one:.0f} times faster"
    )
    print(f"batch of 100: {1e3 * batch:.1f} ms, 20 single runs: {1e3 * twenty:.1f} ms\n")


@njit(fastmath=True, nogil=True)
def move(weights, state, n_steps):
    """Read the weights, read and write the state, and no more."""
    total = 0.0
    for _ in range(n_steps):
        for i in range(weights.size):
            total += weights[i]
        for i in range(state.size):
            state[i] += 1.0
        weights[0] = total  # every pass counts
    return total


def row(model: str, n_units: int, n_steps: int, runs: int) -> tuple:
    """One line of the table, of a network that fires."""
    rng = np.random.default_rng(n_units)
    if model == "QIF":
        neuron, dt, drive = QIF(), DT, 30.0
        initial = {"s": 1.0}
    else:
        neuron, dt, drive = LIF(bias=-38.0), 5e-5, 0.0
        initial = {"v": rng.uniform(-65, -38, n_units)}
    network = Network(neuron, rng.normal(size=(n_units, n_units)) / n_units, dt, initial)
    inputs = drive + rng.normal(size=(n_steps, n_units))

    def ns(batch: int) -> float:
        many = network.with_parameters(v_reset=np.full((batch, 1), neuron.v_reset))
        job = networks.job_of(many, inputs)

        def run(n: int) -> None:
            part = job.part(0, n)._replace(state=job.state.copy())
            network_cpu.advance(part, [], every=1, average=False, spikes=False, threads=1)

        # what a call takes besides its steps is left out
        seconds = best_s(run, n_steps, runs=runs) - best_s(run, 1, runs=runs)
        return 1e9 * seconds / (batch * n_units * (n_steps - 1))

    job = networks.job_of(network, inputs)
    (source,), _ = network_cpu.advance(
        job, [neuron.source], every=1, average=False, spikes=False, threads=1
    )
    sending = (source != 0).mean()
    weights = np.ones(int(max(1, sending * n_units**2)))
    floor = best_s(move, weights, np.ones(job.state.size), n_steps, runs=runs) / (n_units * n_steps)
    return model, n_units, 100 * sending, ns(1), ns(16), 1e9 * floor


def main() -> None:
    """Print the worked example and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=[5, 250, 1000])
    parser.add_argument("--runs", type=int, default=5, help="repetitions, of which the best counts")
    arguments = parser.parse_args()
    example(arguments.runs)
    print("".join(f"{name:>12}" for name in COLUMNS))
    for model in ("QIF", "LIF"):
        for n_units in arguments.units:
            n_steps = max(1_000, 1_000_000 // n_units)
            name, units, *numbers = row(model, n_units, n_steps, arguments.runs)
            print(f"{name:>12}{units:12d}" + "".join(f"{number:12.2f}" for number in numbers))


if __name__ == "__main__":
    main()
