"""Time of a spiking trial on one core, beside the plain simulation and what the machine allows.

    python benchmarks/simulation.py

The best of several runs. `ms/trial`: one trial of 1 s (20,000 steps) out of a block of `--trials`;
`ns`: the same per neuron and step; `plain ns`: the reference, float64. `noise ns`: drawing the
random numbers alone, per number; `noise %`: its share of the trial; no change elsewhere makes a
trial shorter than that. `copy GB/s`: copying 64 MB; `weights kB`: what each spike reads a row of,
to be held against the caches.
"""

import argparse
from time import perf_counter

import numpy as np
from numba import njit

from rate2spike import spiking, streams
from rate2spike.config import NeuronConfig
from rate2spike.spiking.kernels.cpu import LANES, simulate_trials
from rate2spike.streams.cpu import PER_BLOCK, fill_normals

COLUMNS = ["units", "rate Hz", "ms/trial", "ns", "plain ns"]
COLUMNS += ["noise ns", "noise %", "copy GB/s", "weights kB"]
STREAM = streams.key(0, "benchmark")
N_STEPS = 20_000


def best_s(function, *arguments, runs: int) -> float:
    """Seconds of the fastest call, after one that compiles."""
    function(*arguments)
    times = []
    for _ in range(runs):
        begin = perf_counter()
        function(*arguments)
        times.append(perf_counter() - begin)
    return min(times)


@njit(nogil=True)
def draw(normals, n_steps):
    """Draw the random numbers of a trial, and no more."""
    for block in range(-(-n_steps // PER_BLOCK)):
        fill_normals(normals, block, 7, 1, 2)


def random_network(n_units: int) -> spiking.SpikingNetwork:
    """A sparse network of 20 % inhibitory units.

    It fires at some 5 to 10 Hz, as the trained ones do.
    """
    rng = np.random.default_rng(n_units)
    inhibitory = rng.random(n_units) < 0.2
    strength = abs(rng.normal(size=(n_units, n_units)))
    connected = rng.random((n_units, n_units)) < 0.2
    w_rec = strength * connected / n_units
    return spiking.SpikingNetwork(
        w_rec=w_rec * np.where(inhibitory, -4, 1) / 2,
        w_in=rng.normal(size=(n_units, 1)),
        w_out=rng.normal(size=n_units) / n_units,
        tau_decay_ms=rng.uniform(20, 100, n_units),
        inhibitory=inhibitory,
        scaling_factor=40.0,
        neuron=NeuronConfig(bias=-43.0),
    )


def row(n_units: int, n_trials: int, runs: int) -> tuple:
    """One line of the table."""
    network = random_network(n_units)
    u = np.zeros((n_trials, 1, 201), dtype=np.float32)

    def block():
        return simulate_trials(network, u, trials=np.arange(n_trials), stream=STREAM)

    trial = best_s(block, runs=runs) / n_trials
    plain = best_s(lambda: spiking.simulate_trial(network, u[0, :, :11]), runs=2) / (1000 * n_units)
    n_pad = n_units + -n_units % LANES
    noise = best_s(draw, np.empty((PER_BLOCK, n_pad), dtype=np.float32), N_STEPS, runs=runs)
    source = np.ones(2**24, dtype=np.float32)
    target = np.empty(2**24, dtype=np.float32)
    bandwidth = 2 * source.nbytes / best_s(np.copyto, target, source, runs=runs)
    hz = block().spike_counts.mean()
    per_step = trial / (N_STEPS * n_units)
    per_normal = noise / (N_STEPS * n_pad)
    weights = 4 * n_units * n_pad / 1e3
    return (
        n_units,
        hz,
        trial * 1e3,
        per_step * 1e9,
        plain * 1e9,
        per_normal * 1e9,
        100 * noise / trial,
        bandwidth / 1e9,
        weights,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=[50, 250, 500])
    parser.add_argument("--trials", type=int, default=4, help="trials in a block")
    parser.add_argument(
        "--runs", type=int, default=10, help="repetitions, of which the best counts"
    )
    arguments = parser.parse_args()
    print("".join(f"{name:>12}" for name in COLUMNS))
    for n_units in arguments.units:
        units, *numbers = row(n_units, arguments.trials, arguments.runs)
        print(f"{units:12d}" + "".join(f"{number:12.2f}" for number in numbers))


if __name__ == "__main__":
    main()
