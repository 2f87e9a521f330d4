"""Many rate networks side by side on one NVIDIA GPU in float32: forward, backpropagation through time and Adam of `rate`.

One step of all networks is one batched matrix product and a few element-wise operations; a whole update is recorded once as a
CUDA graph and replayed, so that its thousands of launches cost microseconds. The gradient of W is one product over all steps
after the backward pass. The noise comes from a Triton kernel with the numbers of `streams`. On a machine without a GPU
everything runs on the CPU, the noise in Triton's interpreter: for tests.

    lam_t = f'(x_t) (d o_t w_out + W^T (euler lam_t+1)) + (1 - euler) lam_t+1       derivative of the loss by x_t
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import triton
import triton.language as tl

from .. import rate, streams
from ..config import RATE_STEP_MS, TrainingConfig
from ..rate import RateModel, Trace, Weights
from .rate_cpu import BETA_1, BETA_2, EPSILON, TrainState
from .spiking_cuda import DEVICE, INTERPRETED, MEMORY_SHARE, _normals

BLOCK = tl.constexpr(1024)
STEP_NOISE = tl.constexpr(streams.STEP_NOISE)
ARRAYS = 6  # of the size of the noise that a forward pass holds
CPU_NUMBERS = 2**28  # of noise at once in the interpreter


@dataclass
class Block:
    """Networks in training, stacked: their wiring, their weights and Adam's moments, float32 on the device."""

    models: list[RateModel]
    w_in: torch.Tensor  # (n_networks, n_units, n_inputs)
    factor: torch.Tensor  # (n_networks, n_units, n_units) sign * mask
    weights: Weights  # w_rec (n_networks, n_units, n_units), w_out, tau_raw (n_networks, n_units), b_out (n_networks,)
    first: Weights
    second: Weights
    updates: torch.Tensor  # (n_networks,) so far
    update: _Update | None = None  # recorded for trials of one shape

    def __len__(self) -> int:
        return len(self.models)


def start_block(models: Sequence[RateModel]) -> Block:
    """The networks before their first update; they must be of one size and have one kind of decay and activation."""
    weights = Weights(*(_stack([np.reshape(w, like) for w in parts]) for like, parts in _parts(models)))
    zeros = [Weights(*map(torch.zeros_like, weights)) for _ in range(2)]
    factor = _stack([m.sign[None, :] * m.mask for m in models])
    return Block(list(models), _stack([m.w_in for m in models]), factor, weights, *zeros, torch.zeros(len(models), device=DEVICE))


def _parts(models: Sequence[RateModel]):
    """Shape and arrays of each kind of weight."""
    n = models[0].n_units
    return zip(((n, n), (n,), (), (n,)), zip(*(m.weights for m in models), strict=True), strict=True)


def _stack(arrays) -> torch.Tensor:
    return torch.from_numpy(np.stack([np.asarray(a, np.float32) for a in arrays])).to(DEVICE)


def keep(block: Block, which: Sequence[int]) -> Block:
    """The block with only these networks; the others leave it."""
    index = torch.as_tensor(list(which), dtype=torch.long, device=DEVICE)
    tensors = (block.w_in, block.factor, block.weights, block.first, block.second, block.updates)
    picked = [Weights(*(w[index] for w in t)) if isinstance(t, Weights) else t[index] for t in tensors]
    return Block([block.models[i] for i in which], *picked)


def weights_of(block: Block) -> list[Weights]:
    """A copy of the weights of each network, float32."""
    arrays = [w.cpu().numpy() for w in block.weights]
    return [Weights(*(np.array(a[i]) for a in arrays)) for i in range(len(block))]


def states_of(block: Block) -> list[TrainState]:
    """What `rate_cpu` would hold of each network at this point."""
    groups = [[w.cpu().numpy() for w in group] for group in (block.weights, block.first, block.second)]

    def of(i: int) -> list[Weights]:
        return [Weights(*(np.array(a[i]).reshape(np.shape(a[i]) or 1) for a in group)) for group in groups]

    return [TrainState(*of(i), updates=int(block.updates[i])) for i in range(len(block))]


def train_block(block: Block, u, z, *, training: TrainingConfig, keys: Sequence[streams.Key], first_trial: int) -> np.ndarray:
    """Train every network on its trials in order, `trials_per_update` at a time; the block is updated in place.

    u: stimulus (n_networks, n_trials, n_inputs, n_steps); z: target (n_networks, n_trials, n_steps); trial k has the noise of
    trial first_trial + k in the stream of its network. Returns the losses (n_networks, n_trials), each before its update.
    Raises ValueError unless the trials fill whole updates.
    """
    size = training.trials_per_update
    if u.shape[1] % size:
        raise ValueError(f"u: expected a multiple of {size} trials (trials_per_update), got {u.shape[1]}")
    u, z = (torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(DEVICE) for a in (u, z))
    losses = torch.empty(u.shape[:2], dtype=torch.float32, device=DEVICE)
    shape = (len(block), size, *u.shape[2:])
    if block.update is None or not block.update.fits(shape, training, keys):
        block.update = _Update(shape, training, keys, block.models[0].n_units)
    for begin in range(0, u.shape[1], size):
        part = slice(begin, begin + size)
        losses[:, part] = block.update(block, u[:, part], z[:, part], first_trial + begin)
    return losses.cpu().numpy()


def block_gradients(
    block: Block, u, z, *, loss: str, keys: Sequence[streams.Key], first_trial: int
) -> tuple[np.ndarray, list[Weights]]:
    """Losses (n_networks, n_trials) of the trials, and for each network the gradient of their mean; arguments as above."""
    u, z = (torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(DEVICE) for a in (u, z))
    noise = normals(_keys(keys), _numbers(first_trial, u.shape[1]), block.models[0].n_units, u.shape[3])
    losses, gradient = _gradients(block, u, z, noise, loss == "l1")
    arrays = [g.cpu().numpy() for g in gradient]
    return losses.cpu().numpy(), [Weights(*(np.array(a[i]) for a in arrays)) for i in range(len(block))]


def block_outputs(
    models: Sequence[RateModel],
    weights: Sequence[Weights],
    u,
    *,
    keys: Sequence[streams.Key],
    first_trial: int,
    keep: bool = False,
) -> np.ndarray | Trace:
    """Outputs o (n_networks, n_trials, n_steps - 1) of all networks, or with `keep` the whole `Trace`; no gradient.

    u: stimulus (n_networks, n_trials, n_inputs, n_steps); as many trials at once as half of the free memory holds.
    """
    block = start_block([replace(m, weights=w) for m, w in zip(models, weights, strict=True)])
    n_units, n_steps, parts = models[0].n_units, u.shape[3], []
    at_once = max(1, _free_numbers() // (ARRAYS * len(block) * n_units * n_steps))
    for begin in range(0, u.shape[1], at_once):
        part = torch.from_numpy(np.ascontiguousarray(u[:, begin : begin + at_once], np.float32)).to(DEVICE)
        noise = normals(_keys(keys), _numbers(first_trial + begin, part.shape[1]), n_units, n_steps)
        trace = _forward(block, part, noise)
        kept = (trace.x, trace.r) if keep else ()
        parts.append([a.movedim(0, 2).cpu().numpy() for a in (*kept, trace.o)])  # steps after trials
        del part, noise, trace, kept  # before the next part asks for as much
    arrays = [np.concatenate(a, axis=1) for a in zip(*parts, strict=True)]
    return Trace(*arrays) if keep else arrays[0]


def _free_numbers() -> int:
    return CPU_NUMBERS if INTERPRETED else int(MEMORY_SHARE * torch.cuda.mem_get_info()[0]) // 4


def _keys(keys: Sequence[streams.Key]) -> torch.Tensor:
    return torch.from_numpy(np.array([k.k0 | (k.k1 << 32) for k in keys], dtype=np.uint64).view(np.int64)).to(DEVICE)


def _numbers(first: int, n: int) -> torch.Tensor:
    return torch.arange(first, first + n, dtype=torch.int64, device=DEVICE)


# One network, with the functions of `rate_cpu` --------------------------------------------------------------------------------


def start(model: RateModel) -> Block:
    """`start_block` of one network."""
    return start_block([model])


def weights(block: Block) -> Weights:
    """A copy of the weights of one network."""
    return weights_of(block)[0]


def train_trials(model: RateModel, block: Block, u, z, *, training, stream: streams.Key, first_trial: int) -> np.ndarray:
    """`train_block` for one network: u (n_trials, n_inputs, n_steps), z (n_trials, n_steps); losses (n_trials,)."""
    return train_block(block, u[None], z[None], training=training, keys=[stream], first_trial=first_trial)[0]


def gradients(model: RateModel, weights: Weights, u, z, *, loss: str, stream: streams.Key, first_trial: int):
    """`block_gradients` for one network."""
    block = start_block([replace(model, weights=weights)])
    losses, found = block_gradients(block, u[None], z[None], loss=loss, keys=[stream], first_trial=first_trial)
    return losses[0], found[0]


def outputs(model: RateModel, weights: Weights, u, *, stream: streams.Key, first_trial: int, keep: bool = False):
    """`block_outputs` for one network: o (n_trials, n_steps - 1), or the whole `Trace`."""
    found = block_outputs([model], [weights], u[None], keys=[stream], first_trial=first_trial, keep=keep)
    return Trace(*(a[0] for a in found)) if keep else found[0]


# ------------------------------------------------------------------------------------------------------------------- noise


@triton.jit
def _fill(out, keys, trials, n_trials, n_units, n_steps):
    """The normals of one trial of one network: row (network, trial) of every step."""
    row, n_rows = tl.program_id(0), tl.num_programs(0)
    place = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    unit, quad = place % n_units, place // n_units
    nothing = tl.zeros([BLOCK], tl.uint32)
    trial = nothing + tl.load(trials + row % n_trials).to(tl.uint32)
    key = tl.load(keys + row // n_trials)
    w0, w1, w2, w3 = tl.philox(key, quad.to(tl.uint32), unit.to(tl.uint32), trial, nothing + STEP_NOISE)
    z0, z1 = _normals(w0, w1)
    z2, z3 = _normals(w2, w3)
    first = ((4 * quad).to(tl.int64) * n_rows + row) * n_units + unit
    step = n_rows.to(tl.int64) * n_units
    tl.store(out + first, z0, mask=4 * quad < n_steps)
    tl.store(out + first + step, z1, mask=4 * quad + 1 < n_steps)
    tl.store(out + first + 2 * step, z2, mask=4 * quad + 2 < n_steps)
    tl.store(out + first + 3 * step, z3, mask=4 * quad + 3 < n_steps)


def normals(
    keys: torch.Tensor, trials: torch.Tensor, n_units: int, n_steps: int, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Standard normals (n_steps, n_networks, n_trials, n_units): `streams.normal` of each network's stream and each trial."""
    if out is None:
        out = torch.empty((n_steps, len(keys), len(trials), n_units), dtype=torch.float32, device=DEVICE)
    n_places = -(-n_steps // 4) * n_units
    _fill[(len(keys) * len(trials), triton.cdiv(n_places, BLOCK.value))](out, keys, trials, len(trials), n_units, n_steps)
    return out


# ---------------------------------------------------------------------------------------------------------------- equations


def _forward(block: Block, u: torch.Tensor, noise: torch.Tensor) -> Trace:
    """x and r (n_steps, n_networks, n_trials, n_units), o (n_steps - 1, n_networks, n_trials)."""
    return _steps(block, u, noise)[0]


def _steps(block: Block, u: torch.Tensor, noise: torch.Tensor) -> tuple[Trace, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The forward pass; besides it the effective weights W, step / tau (n_networks, 1, n_units), and drive - x of each step."""
    config = block.models[0].config
    w = _effective(block)
    euler = RATE_STEP_MS / rate.decay_ms(block.weights.tau_raw, config.tau_decay_ms)[:, None, :]
    external = torch.matmul(u.permute(3, 0, 1, 2), block.w_in.transpose(1, 2))  # (n_steps, n_networks, n_trials, n_units)
    x, r, pull = (torch.empty_like(noise) for _ in range(3))
    x[0] = rate.INITIAL_SD * noise[0]
    r[0] = rate.activate(x[0], config.activation)
    back = w.transpose(1, 2)
    for t in range(1, len(noise)):
        torch.baddbmm(external[t - 1], r[t - 1], back, out=pull[t])
        pull[t] -= x[t - 1]
        torch.addcmul(x[t - 1], euler, pull[t], out=x[t])
        x[t].add_(noise[t], alpha=rate.NOISE_SD)
        r[t] = rate.activate(x[t], config.activation)
    o = torch.einsum("tbpi,bi->tbp", r[1:], block.weights.w_out) + block.weights.b_out[:, None]
    return Trace(x, r, o), w, euler, pull


def _effective(block: Block) -> torch.Tensor:
    w = block.weights.w_rec
    return (torch.relu(w) if block.models[0].config.dale else w) * block.factor


def _slope(x: torch.Tensor, r: torch.Tensor, activation: str) -> torch.Tensor:
    """f'(x)."""
    if activation == "sigmoid":
        return r * (1 - r)
    inside = r < rate.ACTIVATION_CEILING
    return torch.where(inside, (x > 0).to(r.dtype) if activation == "clipped_relu" else torch.sigmoid(x), 0.0)


def _gradients(block: Block, u, z, noise, l1: bool) -> tuple[torch.Tensor, Weights]:
    """Losses (n_networks, n_trials) and the gradient of their mean."""
    config, values = block.models[0].config, block.weights
    (x, r, o), w, euler, pull = _steps(block, u, noise)
    error = o - z[..., : len(o)].permute(2, 0, 1)
    losses = error.abs().sum(0) if l1 else (error**2).sum(0).sqrt()
    d_o = torch.sign(error) if l1 else error / losses.clamp(min=torch.finfo(losses.dtype).tiny)
    d_o = d_o / o.shape[2]
    slope = _slope(x, r, config.activation)
    lam, sent = torch.zeros_like(x[0]), torch.zeros_like(x)
    d_euler = torch.zeros_like(x[0])
    for t in range(len(x) - 1, 0, -1):
        d_r = d_o[t - 1][..., None] * values.w_out[:, None, :]
        if t + 1 < len(x):
            d_r = torch.baddbmm(d_r, sent[t + 1], w)
        lam = slope[t] * d_r + (1 - euler) * lam
        torch.mul(euler, lam, out=sent[t])
        d_euler = torch.addcmul(d_euler, lam, pull[t])
    rows, columns = (a.permute(1, 0, 2, 3).flatten(1, 2) for a in (sent[1:], r[:-1]))  # (n_networks, steps x trials, n_units)
    d_w = torch.bmm(rows.transpose(1, 2), columns) * block.factor
    d_w = d_w * (values.w_rec > 0) if config.dale else d_w
    d_out = torch.einsum("tbp,tbpi->bi", d_o, r[1:])
    return losses, Weights(d_w, d_out, d_o.sum((0, 2)), _d_tau_raw(values.tau_raw, d_euler.sum(1), config.tau_decay_ms))


def _d_tau_raw(tau_raw: torch.Tensor, d_euler: torch.Tensor, tau_range_ms) -> torch.Tensor:
    if len(tau_range_ms) == 1:
        return torch.zeros_like(tau_raw)
    share = torch.sigmoid(tau_raw)
    tau, span = rate.decay_ms(tau_raw, tau_range_ms), tau_range_ms[1] - tau_range_ms[0]
    return -d_euler * RATE_STEP_MS / tau**2 * span * share * (1 - share)


class _Update:
    """One update of all networks; on a GPU recorded at its first call and replayed."""

    def __init__(self, shape: tuple[int, ...], training: TrainingConfig, keys: Sequence[streams.Key], n_units: int):
        n_networks, n_trials, _, n_steps = self.shape = shape
        self.training, self.streams, self.keys, self.graph = training, list(keys), _keys(keys), None
        self.u = torch.empty(shape, dtype=torch.float32, device=DEVICE)
        self.z = torch.empty((n_networks, n_trials, n_steps), dtype=torch.float32, device=DEVICE)
        self.trials = torch.empty(n_trials, dtype=torch.int64, device=DEVICE)
        noise = (n_steps, n_networks, n_trials, n_units)
        self.noise = torch.empty(noise, dtype=torch.float32, device=DEVICE)
        self.losses = torch.empty((n_networks, n_trials), dtype=torch.float32, device=DEVICE)

    def fits(self, shape: tuple[int, ...], training: TrainingConfig, keys: Sequence[streams.Key]) -> bool:
        """Whether the recorded update is that of these trials."""
        return (self.shape, self.training, self.streams) == (shape, training, list(keys))

    def __call__(self, block: Block, u: torch.Tensor, z: torch.Tensor, first_trial: int) -> torch.Tensor:
        self.u.copy_(u)
        self.z.copy_(z)
        torch.add(_numbers(0, len(self.trials)), first_trial, out=self.trials)
        if DEVICE != "cuda":
            self._run(block)
        elif self.graph is None:
            self._record(block)
        else:
            self.graph.replay()
        return self.losses

    def _record(self, block: Block) -> None:
        """Run once for real, which also prepares what a graph may not allocate; then record without running."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self._run(block)
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self._run(block)

    def _run(self, block: Block) -> None:
        normals(self.keys, self.trials, block.models[0].n_units, self.shape[3], self.noise)
        losses, gradient = _gradients(block, self.u, self.z, self.noise, self.training.loss == "l1")
        self.losses.copy_(losses)
        block.updates += 1
        _adam(block, gradient, self.training.learning_rate)


def _adam(block: Block, gradient: Weights, learning_rate: float) -> None:
    """One update in TensorFlow's form."""
    done = block.updates.double()
    rate_now = (learning_rate * torch.sqrt(1 - BETA_2**done) / (1 - BETA_1**done)).float()
    for value, first, second, g in zip(block.weights, block.first, block.second, gradient, strict=True):
        first.mul_(BETA_1).add_(g, alpha=1 - BETA_1)
        second.mul_(BETA_2).addcmul_(g, g, value=1 - BETA_2)
        step = rate_now.view(-1, *[1] * (value.ndim - 1)) * first / (second.sqrt() + float(EPSILON))
        value.sub_(step)
