"""Time of one training trial and of an evaluation on one core.

It stands beside plain torch and what the machine allows.

    python benchmarks/training.py

Columns in ms, the best of several runs. `trial` is all of training: forward, backward (with the
gradients), update (Adam, and W made anew). `2 passes` reads an N x N float32 matrix twice per step
and does nothing else, `noise` draws the random numbers alone: together a floor for `trial`. `torch`
is the reference, `rate.reference`, with autograd and torch's Adam, one thread, float32.
"""

import numpy as np
from numba import njit

from rate2spike import rate, streams
from rate2spike.config import RateConfig, TrainingConfig
from rate2spike.extras import needed
from rate2spike.rate.kernels import cpu as kernel
from rate2spike.streams.cpu import PER_BLOCK, fill_normals
from simulation import best_s

torch = needed("torch", "torch")
SIZES = [(50, 200), (200, 200), (250, 200), (500, 200), (250, 500)]  # units, steps
STREAM = streams.key(0, "benchmark")
COLUMNS = ["units", "steps", "trial", "forward", "backward", "update"]
COLUMNS += ["2 passes", "noise", "torch", "100 trials"]


def best_ms(function, *arguments, runs=20):
    """Milliseconds of the fastest call, after one that compiles."""
    return 1e3 * best_s(function, *arguments, runs=runs)


@njit(fastmath=True, nogil=True)
def read_matrix(w, times):
    """Read a matrix, and no more."""
    total = np.float32(0)
    for _ in range(times):
        row = w.reshape(-1)
        for k in range(row.size):
            total += row[k]
        w[0, 0] = total  # every pass counts
    return total


@njit(nogil=True)
def draw(noise, n_steps):
    """Draw the random numbers of a trial, and no more."""
    for block in range(-(-n_steps // PER_BLOCK)):
        fill_normals(noise, block, 7, 1, 2)


def parts_ms(model, u, z):
    """Forward, backward and update of one trial, timed apart."""
    net = kernel._network(model)
    packed = kernel._pack(model, kernel.start(model))
    n_steps = u.shape[1]
    work = kernel.workspace(model.n_units, n_steps)
    one = np.float32(1)
    update = best_ms(kernel._load, net, packed, work)
    forward = best_ms(kernel._forward, net, work, u, 7, *STREAM)
    forward += best_ms(kernel._loss, work, one, z, (kernel.L2, 0))
    backward = best_ms(kernel._backward, work, n_steps)
    backward += best_ms(kernel._add_recurrent, net, packed, work, n_steps, one)
    backward += best_ms(kernel._add_rest, net, packed, work, n_steps, one)
    update += best_ms(kernel._adam, packed, 1, (0.01, 0.01))
    return forward, backward, update


def torch_ms(model, u, z):
    """One update of the reference."""
    weights = rate.Weights(*(torch.tensor(np.array(w), requires_grad=True) for w in model.weights))
    adam = torch.optim.Adam(weights, lr=0.01)
    normal = torch.randn(1, model.n_units, u.shape[1], generator=torch.Generator().manual_seed(1))

    def update():
        adam.zero_grad()
        outputs = rate.forward(model, weights, torch.tensor(u[None]), normal).o
        loss = rate.trial_loss(outputs, torch.tensor(z[None]), "l2")
        loss.backward()
        adam.step()

    return best_ms(update, runs=5)


def row(n_units, n_steps):
    """One line of the table: times after 100 trials of training.

    The answer to a stimulus is its own sign, held.
    """
    config = RateConfig(n_units=n_units, tau_decay_ms=(20.0, 100.0))
    model = rate.initial_model(config, 1, np.random.default_rng(0))
    u = np.zeros((100, 1, n_steps), np.float32)
    z = np.zeros((100, n_steps), np.float32)
    u[::2, :, 50:75] = 1
    z[::2, 75:] = 1
    state = kernel.start(model)

    def train(trials=5):
        kernel.train_trials(
            model,
            state,
            u[:trials],
            z[:trials],
            training=TrainingConfig(),
            stream=STREAM,
            first_trial=0,
        )

    train(100)
    trial = best_ms(train, runs=40) / 5
    weights = kernel.weights(state)
    evaluation = best_ms(
        lambda: kernel.outputs(model, weights, u, stream=STREAM, first_trial=0), runs=5
    )
    work = kernel.workspace(n_units, n_steps)
    work.w_rec[:] = 0
    two_passes = best_ms(read_matrix, work.w_rec, 2 * n_steps)
    noise = best_ms(draw, work.noise, n_steps)
    forward, backward, update = parts_ms(model, u[0], z[0])
    reference = torch_ms(model, u[0], z[0])
    times = (trial, forward, backward, update, two_passes, noise, reference, evaluation)
    return n_units, n_steps, *times


def main():
    """Print the table."""
    torch.set_num_threads(1)
    print(" ".join(f"{name:>10}" for name in COLUMNS))
    for size in SIZES:
        units, steps, *times = row(*size)
        numbers = [f"{ms:>10.3f}" for ms in times]
        print(f"{units:>10} {steps:>10}", *numbers, flush=True)


if __name__ == "__main__":
    main()
