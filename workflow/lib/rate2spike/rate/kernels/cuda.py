"""Many rate networks side by side on one NVIDIA GPU in float32.

Forward, backpropagation through time and Adam, as torch would do them with `rate.reference`.

An update of all networks is four launches. One program runs a trial of a network from its first to
its last step, forward or backward, its state in registers; it reads W once per step, and W of a
hundred networks of 250 units (26 MB) fits into the cache of an H200. Units hand their rates to each
other through memory, which the trace needs anyway. A third launch sums the gradient of W over all
steps and trials and moves the weights in the same pass, a fourth does so for what there is one of
per unit. Every sum has one order, so a network's bits do not depend on the others of its block.
Without a GPU all of it runs in Triton's interpreter: for tests.

The derivative of the loss by x_t is

    lam_t = f'(x_t) (d o_t w_out + W^T (euler lam_t+1)) + (1 - euler) lam_t+1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import triton
import triton.language as tl

from ... import streams
from ...config import ACTIVATIONS, LOSSES, RATE_STEP_MS, RateConfig, TrainingConfig
from ...streams.cuda import (
    DEVICE,
    check_width,
    eight_words,
    free_bytes,
    normals,
    of_four,
    packed,
    to_device,
)
from .. import model
from ..model import RateModel, Trace, Weights, can_return
from .cpu import BETA_1, BETA_2, EPSILON, TrainState

PADDED = 32  # units are padded with zeros to a multiple of this

# Constants inside the kernels
# rows of `Block.units`; b_out is the first of its row
W_OUT, TAU_RAW, B_OUT = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
PRE = tl.constexpr(32)  # units of a product that are added at once
STEPS = tl.constexpr(32)  # steps of a gradient that are added at once
SIGMOID = tl.constexpr(ACTIVATIONS.index("sigmoid"))
CLIPPED_RELU = tl.constexpr(ACTIVATIONS.index("clipped_relu"))
L2 = tl.constexpr(LOSSES.index("l2"))
L1 = tl.constexpr(LOSSES.index("l1"))
NOISE_SD = tl.constexpr(model.NOISE_SD)
INITIAL_SD = tl.constexpr(model.INITIAL_SD)
CEILING = tl.constexpr(model.ACTIVATION_CEILING)
STEP_MS = tl.constexpr(RATE_STEP_MS)
TINY = tl.constexpr(1.1754943508222875e-38)  # the smallest normal number
KEEP_1, KEEP_2, SMALL = tl.constexpr(BETA_1), tl.constexpr(BETA_2), tl.constexpr(float(EPSILON))
# ln(1 + e) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...), s = e / (2 + e) <= 1/3, as in `cpu`
A1, A2, A3, A4, A5, A6 = (tl.constexpr(1 / k) for k in (3, 5, 7, 9, 11, 13))
NUMBERS = ["n_units", "n_trials", "n_steps"]  # not compiled anew for other values


@dataclass
class Block:
    """Networks in training, stacked: their wiring, their weights and Adam's moments.

    All float32 on the device (`returns` uint8), and zero in the padding. Recurrent arrays are
    (n_networks, width, width) [post, pre], those of units (n_networks, 3, width) with the rows
    W_OUT, TAU_RAW, B_OUT.
    """

    models: list[RateModel]
    w_in: torch.Tensor  # (n_networks, n_inputs, width)
    factor: torch.Tensor  # sign * mask
    returns: torch.Tensor  # 1 for a weight that has a gradient at and below 0 too
    recurrent: tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # value, first and second moment
    units: tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # and so of the units
    w: torch.Tensor  # effective weights W [post, pre]
    w_t: torch.Tensor  # and [pre, post]
    updates: int = 0  # so far, the same for all

    def __len__(self) -> int:
        return len(self.models)

    @property
    def config(self) -> RateConfig:
        """The settings of the networks; size, activation and decay are those of all."""
        return self.models[0].config

    @property
    def n_units(self) -> int:
        """Number of units of each network."""
        return self.models[0].n_units

    @property
    def width(self) -> int:
        """Number of units with the padding."""
        return self.w.shape[-1]


def start_block(models: Sequence[RateModel]) -> Block:
    """Networks before their first update, as a block.

    Parameters
    ----------
    models : of one size, with one kind of decay and one activation

    Raises
    ------
    ValueError
        for more than 1024 units
    """
    check_width(models[0].n_units)
    width = -(-models[0].n_units // PADDED) * PADDED
    w_rec = _stack([m.weights.w_rec for m in models], (width, width))
    w_out = _stack([m.weights.w_out for m in models], (width,))
    tau_raw = _stack([m.weights.tau_raw for m in models], (width,))
    b_out = _stack([np.atleast_1d(m.weights.b_out) for m in models], (width,))
    units = torch.stack([w_out, tau_raw, b_out], 1)  # in the order of W_OUT, TAU_RAW, B_OUT
    factor = _stack([m.sign[None, :] * m.mask for m in models], (width, width))
    w = (torch.relu(w_rec) if models[0].config.dale else w_rec) * factor
    return Block(
        models=list(models),
        w_in=_stack([m.w_in.T for m in models], (0, width)),
        factor=factor,
        returns=_stack([can_return(m) for m in models], (width, width)).to(torch.uint8),
        recurrent=(w_rec, torch.zeros_like(w_rec), torch.zeros_like(w_rec)),
        units=(units, torch.zeros_like(units), torch.zeros_like(units)),
        w=w,
        w_t=w.transpose(1, 2).contiguous(),
    )


def _stack(arrays, shape: tuple[int, ...]) -> torch.Tensor:
    """Arrays of all networks, padded with zeros to `shape`; 0 leaves an axis as it is."""
    padding = [(0, max(0, wide - n)) for n, wide in zip(np.shape(arrays[0]), shape, strict=True)]
    padded = [np.pad(np.asarray(array, np.float32), padding) for array in arrays]
    return to_device(np.stack(padded))


def _float32_on_device(array) -> torch.Tensor:
    return to_device(np.asarray(array, np.float32))


def keep(block: Block, which: Sequence[int]) -> Block:
    """The block with only these networks; the others leave it."""
    index = torch.as_tensor(list(which), dtype=torch.long, device=DEVICE)
    return Block(
        models=[block.models[i] for i in which],
        w_in=block.w_in[index],
        factor=block.factor[index],
        returns=block.returns[index],
        recurrent=tuple(array[index] for array in block.recurrent),
        units=tuple(array[index] for array in block.units),
        w=block.w[index],
        w_t=block.w_t[index],
        updates=block.updates,
    )


def weights_of(block: Block) -> list[Weights]:
    """A copy of the weights of each network, float32."""
    return _unstacked(block.recurrent[0], block.units[0], block.n_units)


def _unstacked(recurrent: torch.Tensor, units: torch.Tensor, n: int) -> list[Weights]:
    """Weights, or what is shaped like them, of each network; the padding is left out."""
    recurrent = recurrent.cpu().numpy()
    units = units.cpu().numpy()
    separate = []
    for i in range(len(recurrent)):
        weights_of_network = Weights(
            w_rec=recurrent[i, :n, :n].copy(),
            w_out=units[i, W_OUT.value, :n].copy(),
            b_out=np.array(units[i, B_OUT.value, 0]),
            tau_raw=units[i, TAU_RAW.value, :n].copy(),
        )
        separate.append(weights_of_network)
    return separate


def states_of(block: Block) -> list[TrainState]:
    """What the kernels of the CPU would hold of each network at this point."""
    parts = []
    for recurrent, units in zip(block.recurrent, block.units, strict=True):
        separate = _unstacked(recurrent, units, block.n_units)
        parts.append([w._replace(b_out=w.b_out.reshape(1)) for w in separate])
    values, first, second = parts
    return [
        TrainState(values[i], first[i], second[i], updates=block.updates) for i in range(len(block))
    ]


def train_and_run(
    block: Block,
    u,
    z,
    fresh,
    *,
    training: TrainingConfig,
    keys: Sequence[streams.Key],
    fresh_keys: Sequence[streams.Key],
    first_trial: int,
    first_output: int = 0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`train_block`, then `outputs_of` for other trials: back before the GPU has finished.

    All that the GPU reads is there before the first launch, since a copy waits for what was
    launched before it.

    Parameters
    ----------
    block, u, z, training, keys, first_trial, first_output : as in `train_block`
    fresh : (n_networks, n_fresh_trials, n_inputs, n_steps) stimulus of the other trials
    fresh_keys : of their noise, one for each network

    Returns
    -------
    Losses (n_networks, n_trials) and outputs (n_networks, n_fresh_trials, n_steps - 1), on the
    device
    """
    fresh_on_device = _float32_on_device(fresh)
    fresh_streams = packed(fresh_keys)
    losses = train_block(
        block,
        u,
        z,
        training=training,
        keys=keys,
        first_trial=first_trial,
        first_output=first_output,
    )
    return losses, outputs_of(block, fresh_on_device, keys=fresh_streams, first_trial=0)


def train_block(
    block: Block,
    u,
    z,
    *,
    training: TrainingConfig,
    keys: Sequence[streams.Key],
    first_trial: int,
    first_output: int = 0,
) -> torch.Tensor:
    """Train every network on its trials in order, `trials_per_update` at a time.

    The call is back before the GPU has finished.

    Parameters
    ----------
    block : updated in place
    u : (n_networks, n_trials, n_inputs, n_steps) stimulus
    z : (n_networks, n_trials, n_steps) target
    training : how
    keys, first_trial : trial k has the noise of trial first_trial + k in the stream of its network
    first_output : the first of the outputs that count in the loss

    Returns
    -------
    (n_networks, n_trials) the loss of each trial before its update, on the device

    Raises
    ------
    ValueError
        unless the trials fill whole updates
    """
    size = training.trials_per_update
    if u.shape[1] % size:
        raise ValueError(
            f"u: expected a multiple of {size} trials (trials_per_update), got {u.shape[1]}"
        )
    u = _by_update(u, size)
    z = _by_update(z, size)
    n_steps = u.shape[-1]
    run = _Trials(block, packed(keys), n_trials=size, n_steps=n_steps, gradient=True)
    losses = []
    for i in range(len(u)):
        first_of_update = first_trial + i * size
        losses.append(
            run.forward(
                u[i],
                z[i],
                first_trial=first_of_update,
                loss=training.loss,
                first_output=first_output,
            )
        )
        run.backward(z[i], loss=training.loss, first_output=first_output)
        run.update(training.learning_rates)
    if not losses:
        return torch.empty((len(block), 0), device=DEVICE)
    return torch.stack(losses, 1).flatten(1)


def _by_update(array, size: int) -> torch.Tensor:
    """(n_updates, n_networks, size, ...) of (n_networks, n_trials, ...).

    The `size` trials of one update lie together.
    """
    n_networks, n_trials, *rest = array.shape
    split = np.asarray(array, np.float32).reshape(n_networks, n_trials // size, size, *rest)
    return to_device(split.swapaxes(0, 1))


def block_gradients(
    block: Block,
    u,
    z,
    *,
    loss: str,
    keys: Sequence[streams.Key],
    first_trial: int,
    first_output: int = 0,
) -> tuple[np.ndarray, list[Weights]]:
    """Losses (n_networks, n_trials) of the trials, and for each network the gradient of their mean.

    The arguments are those of `train_block`.
    """
    u = _float32_on_device(u)
    z = _float32_on_device(z)
    _, n_trials, _, n_steps = u.shape
    run = _Trials(block, packed(keys), n_trials=n_trials, n_steps=n_steps, gradient=True)
    losses = run.forward(u, z, first_trial=first_trial, loss=loss, first_output=first_output)
    run.backward(z, loss=loss, first_output=first_output)
    recurrent, units = run.gradient()
    return losses.cpu().numpy(), _unstacked(recurrent, units, block.n_units)


def block_outputs(
    models: Sequence[RateModel],
    weights: Sequence[Weights],
    u,
    *,
    keys: Sequence[streams.Key],
    first_trial: int,
    keep: bool = False,
) -> np.ndarray | Trace:
    """Outputs of all networks, without a gradient.

    Parameters
    ----------
    models : the wiring of each network
    weights : of each network
    u : (n_networks, n_trials, n_inputs, n_steps) stimulus
    keys, first_trial : trial k has the noise of trial first_trial + k in the stream of its network
    keep : whether x and r are returned too; then as many trials run at once as half of the free
        memory holds

    Returns
    -------
    o (n_networks, n_trials, n_steps - 1), or with `keep` the whole `Trace`
    """
    block = start_block([replace(m, weights=w) for m, w in zip(models, weights, strict=True)])
    if not keep:
        stimulus = _float32_on_device(u)
        o = outputs_of(block, stimulus, keys=packed(keys), first_trial=first_trial)
        return o.cpu().numpy()
    n = block.n_units
    n_steps = u.shape[3]
    at_once = max(1, free_bytes() // (8 * len(block) * block.width * n_steps))
    x = []
    r = []
    o = []
    for begin in range(0, u.shape[1], at_once):
        stimulus = _float32_on_device(u[:, begin : begin + at_once])
        n_trials = stimulus.shape[1]
        run = _Trials(block, packed(keys), n_trials=n_trials, n_steps=n_steps, keep=True)
        run.forward(stimulus, None, first_trial=first_trial + begin)
        x.append(run.x.cpu().numpy()[..., :n])
        r.append(run.r.cpu().numpy()[..., :n])
        o.append(run.o.cpu().numpy())
        del run, stimulus  # before the next part asks for as much
    return Trace(*(np.concatenate(parts, axis=1) for parts in (x, r, o)))


def outputs_of(
    block: Block, u: torch.Tensor, *, keys: torch.Tensor, first_trial: int
) -> torch.Tensor:
    """Outputs (n_networks, n_trials, n_steps - 1) of a block as it stands.

    All of it is on the device, and the keys are `packed`.
    """
    _, n_trials, _, n_steps = u.shape
    run = _Trials(block, keys, n_trials=n_trials, n_steps=n_steps)
    run.forward(u, None, first_trial=first_trial)
    return run.o


def networks_that_fit(
    config: RateConfig, training: TrainingConfig, n_inputs: int, n_steps: int
) -> int:
    """How many networks a block may have at most, at least 1.

    Of each network the weights, the trace of an update, and the trials up to the next evaluation
    and of it take memory.
    """
    width = -(-config.n_units // PADDED) * PADDED
    weights_and_moments = 7 * width**2
    trace = training.trials_per_update * 4 * n_steps * width
    n_trials = training.evaluation_interval + 2 * training.evaluation_trials
    trials = n_trials * ((n_inputs + 2) * n_steps + 2 * width)
    n_bytes = 4 * (weights_and_moments + trace + trials) + width**2  # the last: `returns`
    return max(1, free_bytes() // n_bytes)


# One network, with the functions of `cpu` ---------------------------------------------------------


def start(model: RateModel) -> Block:
    """`start_block` of one network."""
    return start_block([model])


def weights(block: Block) -> Weights:
    """A copy of the weights of one network."""
    return weights_of(block)[0]


def train_trials(
    model: RateModel,
    block: Block,
    u,
    z,
    *,
    training,
    stream: streams.Key,
    first_trial: int,
    first_output: int = 0,
) -> np.ndarray:
    """`train_block` for one network.

    u (n_trials, n_inputs, n_steps), z (n_trials, n_steps); returns the losses (n_trials,).
    """
    losses = train_block(
        block,
        u[None],
        z[None],
        training=training,
        keys=[stream],
        first_trial=first_trial,
        first_output=first_output,
    )
    return losses[0].cpu().numpy()


def gradients(
    model: RateModel,
    weights: Weights,
    u,
    z,
    *,
    loss: str,
    stream: streams.Key,
    first_trial: int,
    first_output: int = 0,
) -> tuple[np.ndarray, Weights]:
    """`block_gradients` for one network."""
    block = start_block([replace(model, weights=weights)])
    losses, gradients_of_networks = block_gradients(
        block,
        u[None],
        z[None],
        loss=loss,
        keys=[stream],
        first_trial=first_trial,
        first_output=first_output,
    )
    return losses[0], gradients_of_networks[0]


def outputs(
    model: RateModel,
    weights: Weights,
    u,
    *,
    stream: streams.Key,
    first_trial: int,
    keep: bool = False,
) -> np.ndarray | Trace:
    """`block_outputs` for one network: o (n_trials, n_steps - 1), or the whole `Trace`."""
    of_block = block_outputs(
        [model], [weights], u[None], keys=[stream], first_trial=first_trial, keep=keep
    )
    if not keep:
        return of_block[0]
    return Trace(of_block.x[0], of_block.r[0], of_block.o[0])


# --------------------------------------------------------------------------------------------------


class _Trials:
    """Trials of all networks of a block at once, and the arrays of their launches.

    The launches hand these arrays to each other. Axes (n_networks, n_trials, n_steps, width):
    r, and with `gradient` the slope f'(x), the pull drive - x and what the step sent to its inputs,
    euler lam; with `keep` x. Without either the rates of two steps take turns.
    """

    def __init__(
        self,
        block: Block,
        keys: torch.Tensor,
        *,
        n_trials: int,
        n_steps: int,
        gradient: bool = False,
        keep: bool = False,
    ):
        self.block = block
        self.keys = keys
        self.with_gradient = gradient
        self.keep = keep
        self.n_trials = n_trials
        self.n_steps = n_steps

        def array(*shape: int, there: bool = True) -> torch.Tensor:
            """For all trials; a single number where no launch looks at it."""
            shape = (len(block), n_trials, *shape) if there else (1,)
            return torch.empty(shape, dtype=torch.float32, device=DEVICE)

        self.slots = 0 if gradient or keep else 2  # how many steps of r are held, 0 for all
        self.r = array(self.slots or n_steps, block.width)
        self.x = array(n_steps, block.width, there=keep)
        self.slope = array(n_steps, block.width, there=gradient)
        self.pull = array(n_steps, block.width, there=gradient)
        self.sent = array(n_steps, block.width, there=gradient)
        # of each trial; in the row of tau_raw the derivative by euler
        self.d_units = array(3, block.width, there=gradient)
        self.o = array(n_steps - 1)
        self.losses = array()
        taus_ms = block.config.tau_decay_ms
        self.tau_low = float(taus_ms[0])
        self.tau_span = float(taus_ms[-1] - taus_ms[0])  # 0: a fixed decay
        self.block_size = max(PADDED, triton.next_power_of_2(block.width))
        self.num_warps = min(32, max(4, self.block_size // 16))

    def forward(
        self,
        u: torch.Tensor,
        z: torch.Tensor | None,
        *,
        first_trial: int,
        loss: str = "l2",
        first_output: int = 0,
    ) -> torch.Tensor:
        """The losses (n_networks, n_trials); without a target they are those of the target 0."""
        block = self.block
        self.losses = torch.empty_like(self.losses)  # the caller keeps them
        one_program_a_trial = (len(block) * self.n_trials,)
        _forward[one_program_a_trial](
            block.w_t,
            block.w_in,
            block.units[0],
            self.keys,
            u,
            u if z is None else z,
            self.r,
            self.x,
            self.slope,
            self.pull,
            self.o,
            self.losses,
            block.n_units,
            self.n_trials,
            self.n_steps,
            first_trial,
            first_output,
            self.tau_low,
            self.tau_span,
            N_INPUTS=u.shape[2],
            ACTIVATION=ACTIVATIONS.index(block.config.activation),
            LOSS=LOSSES.index(loss),
            TARGET=z is not None,
            SLOTS=self.slots,
            GRADIENT=self.with_gradient,
            KEEP=self.keep,
            WIDTH=block.width,
            BLOCK=self.block_size,
            num_warps=self.num_warps,
        )
        return self.losses

    def backward(self, z: torch.Tensor, *, loss: str, first_output: int) -> None:
        """After `forward`: what reaches each unit's drive, and the sums for its own weights."""
        block = self.block
        one_program_a_trial = (len(block) * self.n_trials,)
        _backward[one_program_a_trial](
            block.w,
            block.units[0],
            z,
            self.r,
            self.slope,
            self.pull,
            self.o,
            self.losses,
            self.sent,
            self.d_units,
            self.n_trials,
            self.n_steps,
            first_output,
            self.tau_low,
            self.tau_span,
            LOSS=LOSSES.index(loss),
            WIDTH=block.width,
            BLOCK=self.block_size,
            num_warps=self.num_warps,
        )

    def update(self, learning_rates: tuple[float, float]) -> None:
        """Adam moves the weights, in TensorFlow's form; the second learning rate is of tau_raw."""
        self.block.updates += 1
        done = self.block.updates
        of_others, of_decays = (
            rate * (1 - BETA_2**done) ** 0.5 / (1 - BETA_1**done) for rate in learning_rates
        )
        self._apply(self.block.recurrent, self.block.units, (of_others, of_decays), gradient=False)

    def gradient(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The gradient itself, shaped as the block's recurrent weights and units."""
        recurrent = self._for_gradient(self.block.recurrent)
        units = self._for_gradient(self.block.units)
        self._apply(recurrent, units, (0.0, 0.0), gradient=True)
        return recurrent[1], units[1]

    @staticmethod
    def _for_gradient(group: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """A copy of the values, which the gradient looks at, and room for the gradient."""
        value, first, second = group
        return value.clone(), torch.empty_like(first), torch.empty_like(second)

    def _apply(self, recurrent, units, rates_now: tuple[float, float], *, gradient: bool) -> None:
        """Move the weights; with `gradient` write the gradient over the first moments instead.

        rates_now: of all else, and of tau_raw.
        """
        block = self.block
        rate_now, decay_rate_now = rates_now
        width = block.width
        tile = 64 if width % 64 == 0 else 32
        one_program_a_tile = (len(block), width // tile, width // tile)
        _update_recurrent[one_program_a_tile](
            self.sent,
            self.r,
            block.factor,
            block.returns,
            *recurrent,
            block.w,
            block.w_t,
            self.n_trials,
            self.n_steps,
            rate_now,
            DALE=block.config.dale,
            PRUNE=block.config.connections == "prune",
            GRADIENT=gradient,
            WIDTH=width,
            TILE=tile,
        )
        one_program_a_network = (len(block),)
        _update_units[one_program_a_network](
            self.d_units,
            *units,
            self.n_trials,
            rate_now,
            decay_rate_now,
            self.tau_low,
            self.tau_span,
            GRADIENT=gradient,
            WIDTH=width,
            BLOCK=self.block_size,
            num_warps=4,
        )


# --------------------------------------------------------------------------------------------------


@triton.jit
def _product(matrix, row, j, WIDTH: tl.constexpr, BLOCK: tl.constexpr):
    """sum_k matrix[k, j] row[k]."""
    k = tl.arange(0, PRE)
    total = tl.zeros([PRE, BLOCK], tl.float32)
    for begin in tl.range(0, WIDTH, PRE):
        part = tl.load(
            matrix + (begin + k)[:, None] * WIDTH + j[None, :], mask=(j < WIDTH)[None, :], other=0.0
        )
        total += part * tl.load(row + begin + k)[:, None]
    return tl.sum(total, axis=0)


@triton.jit
def _euler(tau_raw, tau_low, tau_span):
    """step / tau, and its derivative by tau_raw.

    tau is Eq. 7 in float32; in float64 it is `model.decay_ms`.
    """
    share = 1.0 / (1.0 + tl.exp(-tau_raw))
    euler = 1.0 / ((tau_low + tau_span * share) / STEP_MS)
    return euler, -euler * euler / STEP_MS * tau_span * share * (1.0 - share)


@triton.jit
def _activated(x, ACTIVATION: tl.constexpr):
    """f(x) and f'(x)."""
    small = tl.exp(-tl.abs(x))
    sigmoid = tl.where(x >= 0, 1.0, small) / (1.0 + small)
    if ACTIVATION == SIGMOID:
        r, slope = sigmoid, sigmoid * (1.0 - sigmoid)
    else:
        if ACTIVATION == CLIPPED_RELU:
            r, slope = tl.maximum(x, 0.0), tl.where(x > 0, 1.0, 0.0)
        else:
            s = small / (2.0 + small)
            q = s * s
            log = 2.0 * s * (1.0 + q * (A1 + q * (A2 + q * (A3 + q * (A4 + q * (A5 + q * A6))))))
            r, slope = tl.maximum(x, 0.0) + log, sigmoid
        slope = tl.where(r < CEILING, slope, 0.0)
        r = tl.minimum(r, CEILING)
    return r, slope


@triton.jit
def _stimulus(w_in, u, t, n_steps, j, there, N_INPUTS: tl.constexpr, WIDTH: tl.constexpr):
    """W_in u of one step."""
    total = j * 0.0
    for m in tl.static_range(N_INPUTS):
        total += tl.load(w_in + m * WIDTH + j, mask=there, other=0.0) * tl.load(u + m * n_steps + t)
    return total


@triton.jit(do_not_specialize=[*NUMBERS, "first_trial", "first_output"])
def _forward(
    w_t, w_in, units, keys, u, z,
    r_all, x_all, slope_all, pull_all, o_all, losses,
    n_units, n_trials, n_steps, first_trial, first_output, tau_low, tau_span,
    N_INPUTS: tl.constexpr, ACTIVATION: tl.constexpr, LOSS: tl.constexpr, TARGET: tl.constexpr,
    SLOTS: tl.constexpr, GRADIENT: tl.constexpr, KEEP: tl.constexpr,
    WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One trial. SLOTS: how many steps of r are held, 0 for all."""
    program = tl.program_id(0).to(tl.int64)
    net, j = program // n_trials, tl.arange(0, BLOCK)
    there, unit, trial = (
        j < WIDTH,
        j.to(tl.uint32),
        (first_trial + program % n_trials).to(tl.uint32),
    )
    key = tl.load(keys + net)
    w_t += net * WIDTH * WIDTH
    w_in += net * N_INPUTS * WIDTH
    units += net * 3 * WIDTH
    u += program * N_INPUTS * n_steps
    z += program * n_steps
    o_all += program * (n_steps - 1)
    rows = program * n_steps * WIDTH
    r_all += program * SLOTS * WIDTH if SLOTS else rows
    own_out, bias = (
        tl.load(units + W_OUT * WIDTH + j, mask=there, other=0.0),
        tl.load(units + B_OUT * WIDTH),
    )
    euler, _slope = _euler(
        tl.load(units + TAU_RAW * WIDTH + j, mask=there, other=0.0), tau_low, tau_span
    )
    x, pull = tl.zeros([BLOCK], tl.float32), tl.zeros([BLOCK], tl.float32)
    total = 0.0
    for octet in range((n_steps + 7) // 8):
        w0, w1, w2, w3 = eight_words(key, octet, trial, unit)
        for pair in range(4):
            z0, z1 = normals(of_four(w0, w1, w2, w3, pair))
            for s in range(2):  # not unrolled: the code of a step must fit the instruction cache
                t = 8 * octet + 2 * pair + s
                if t < n_steps:
                    noise = tl.where(s == 0, z0, z1)
                    if t > 0:
                        last = t - 1
                        before = r_all + (last % SLOTS if SLOTS else last) * WIDTH
                        pull = (
                            _product(w_t, before, j, WIDTH, BLOCK)
                            + _stimulus(w_in, u, last, n_steps, j, there, N_INPUTS, WIDTH)
                            - x
                        )
                        x += euler * pull + noise * NOISE_SD
                    else:
                        x = noise * INITIAL_SD
                    r, slope = _activated(x, ACTIVATION)
                    r = tl.where(j < n_units, r, 0.0)
                    tl.store(r_all + (t % SLOTS if SLOTS else t) * WIDTH + j, r, mask=there)
                    if GRADIENT:
                        tl.store(
                            slope_all + rows + t * WIDTH + j,
                            tl.where(j < n_units, slope, 0.0),
                            mask=there,
                        )
                        tl.store(
                            pull_all + rows + t * WIDTH + j,
                            tl.where(j < n_units, pull, 0.0),
                            mask=there,
                        )
                    if KEEP:
                        tl.store(x_all + rows + t * WIDTH + j, x, mask=there)
                    if t > 0:
                        o = tl.sum(own_out * r, axis=0) + bias
                        tl.store(o_all + t - 1, o)
                        if TARGET:
                            error = tl.where(t > first_output, o - tl.load(z + t - 1), 0.0)
                            total += tl.abs(error) if LOSS == L1 else error * error
                    # all units have written their rates before any unit reads them
                    tl.debug_barrier()
    tl.store(losses + program, tl.sqrt(total) if LOSS == L2 else total)


@triton.jit(do_not_specialize=[*NUMBERS[1:], "first_output"])
def _backward(
    w, units, z, r_all, slope_all, pull_all, o_all, losses, sent_all, d_units,
    n_trials, n_steps, first_output, tau_low, tau_span,
    LOSS: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One trial from its last step to its first.

    Writes what reaches each unit's drive, and the sums over steps for its own weights.
    """
    program = tl.program_id(0).to(tl.int64)
    net, j = program // n_trials, tl.arange(0, BLOCK)
    there = j < WIDTH
    w += net * WIDTH * WIDTH
    units += net * 3 * WIDTH
    z += program * n_steps
    o_all += program * (n_steps - 1)
    rows = program * n_steps * WIDTH
    own_out = tl.load(units + W_OUT * WIDTH + j, mask=there, other=0.0)
    euler, _slope = _euler(
        tl.load(units + TAU_RAW * WIDTH + j, mask=there, other=0.0), tau_low, tau_span
    )
    loss = tl.maximum(tl.load(losses + program), TINY)
    zero = tl.zeros([BLOCK], tl.float32)
    tl.store(sent_all + rows + j, zero, mask=there)  # the initial state has no drive
    lam, d_euler, d_out, d_bias = zero, zero, zero, 0.0
    for back in range(n_steps - 1):
        t = n_steps - 1 - back
        error = tl.load(o_all + t - 1) - tl.load(z + t - 1)
        error = tl.where(t > first_output, error, 0.0)
        if LOSS == L1:
            slope = tl.where(error > 0, 1.0, tl.where(error < 0, -1.0, 0.0))
        elif LOSS == L2:
            slope = error / loss
        else:
            slope = 2.0 * error
        d_o = slope / n_trials
        d_r = d_o * own_out
        if back > 0:
            d_r += _product(w, sent_all + rows + (t + 1) * WIDTH, j, WIDTH, BLOCK)
        place = rows + t * WIDTH + j
        lam = tl.load(slope_all + place, mask=there, other=0.0) * d_r + (1.0 - euler) * lam
        d_euler += lam * tl.load(pull_all + place, mask=there, other=0.0)
        d_out += d_o * tl.load(r_all + place, mask=there, other=0.0)
        d_bias += d_o
        tl.store(sent_all + place, euler * lam, mask=there)
        tl.debug_barrier()  # all units have sent before any unit receives
    d_units += program * 3 * WIDTH + j
    tl.store(d_units + W_OUT * WIDTH, d_out, mask=there)
    tl.store(d_units + TAU_RAW * WIDTH, d_euler, mask=there)
    tl.store(d_units + B_OUT * WIDTH, tl.where(j == 0, d_bias, 0.0), mask=there)


@triton.jit
def _adam(value, first, second, place, gradient, rate_now, there):
    """Move `value`, and the moments with it; returns where it is now."""
    moment = tl.load(first + place, mask=there, other=0.0) * KEEP_1 + gradient * (1.0 - KEEP_1)
    spread = tl.load(second + place, mask=there, other=0.0) * KEEP_2 + gradient * gradient * (
        1.0 - KEEP_2
    )
    now = tl.load(value + place, mask=there, other=0.0) - rate_now * moment / (
        tl.sqrt(spread) + SMALL
    )
    tl.store(first + place, moment, mask=there)
    tl.store(second + place, spread, mask=there)
    tl.store(value + place, now, mask=there)
    return now


@triton.jit(do_not_specialize=NUMBERS[1:])
def _update_recurrent(
    sent, r_all, factor, returns, value, first, second, w, w_t, n_trials, n_steps, rate_now,
    DALE: tl.constexpr, PRUNE: tl.constexpr, GRADIENT: tl.constexpr,
    WIDTH: tl.constexpr, TILE: tl.constexpr,
):  # fmt: skip
    """A tile of the recurrent weights: its gradient, and its update.

    With GRADIENT there is no update: the gradient replaces `first`.
    """
    net = tl.program_id(0).to(tl.int64)
    tile, step = tl.arange(0, TILE), tl.arange(0, STEPS)
    post, pre = tl.program_id(1) * TILE + tile, tl.program_id(2) * TILE + tile
    total = tl.zeros([TILE, TILE], tl.float32)
    for trial in range(n_trials):
        rows = (net * n_trials + trial) * n_steps * WIDTH
        for begin in range(1, n_steps, STEPS):
            t = begin + step
            inside = (t < n_steps)[:, None]
            sent_now = tl.load(
                sent + rows + t[:, None] * WIDTH + post[None, :], mask=inside, other=0.0
            )
            r_before = tl.load(
                r_all + rows + (t - 1)[:, None] * WIDTH + pre[None, :], mask=inside, other=0.0
            )
            total = tl.dot(tl.trans(sent_now), r_before, total, input_precision="ieee")
    place = net * WIDTH * WIDTH + post[:, None] * WIDTH + pre[None, :]
    there = (post < WIDTH)[:, None]  # all of them
    own_factor = tl.load(factor + place)
    total = total * own_factor
    if DALE:
        moves = tl.load(value + place) > 0  # an absent connection never grows
        if not PRUNE:
            moves = moves | (tl.load(returns + place) > 0)
        total = tl.where(moves, total, 0.0)
    if GRADIENT:
        tl.store(first + place, total)
    else:
        now = _adam(value, first, second, place, total, rate_now, there)
        effective = (tl.maximum(now, 0.0) if DALE else now) * own_factor
        tl.store(w + place, effective)
        tl.store(
            w_t + net * WIDTH * WIDTH + pre[:, None] * WIDTH + post[None, :], tl.trans(effective)
        )


@triton.jit(do_not_specialize=NUMBERS[1:2])
def _update_units(
    d_units, value, first, second, n_trials, rate_now, decay_rate_now, tau_low, tau_span,
    GRADIENT: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The same for w_out, tau_raw and b_out of one network."""
    net, j = tl.program_id(0).to(tl.int64), tl.arange(0, BLOCK)
    there = j < WIDTH
    for row in tl.static_range(3):
        place = (net * 3 + row) * WIDTH + j
        total = tl.zeros([BLOCK], tl.float32)
        for trial in range(n_trials):
            total += tl.load(
                d_units + ((net * n_trials + trial) * 3 + row) * WIDTH + j, mask=there, other=0.0
            )
        if row == TAU_RAW:
            _now, slope = _euler(tl.load(value + place, mask=there, other=0.0), tau_low, tau_span)
            total = total * slope
        if GRADIENT:
            tl.store(first + place, total, mask=there)
        else:
            own_rate = decay_rate_now if row == TAU_RAW else rate_now
            _adam(value, first, second, place, total, own_rate, there)
