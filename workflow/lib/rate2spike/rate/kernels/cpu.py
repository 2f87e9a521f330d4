"""The rate network on the CPU in float32: forward, backpropagation through time and Adam.

The same as torch would do with `rate.reference`.

Training runs one trial at a time, so it lives on matrix-vector products. W is kept dense, its rows
padded to whole vectors, and read once per step forward and once per step backward, at the speed of
the L2 cache; scalar loops over the non-zeros alone are slower even at a density of 5 %. The
gradient of W is one product over all steps after the backward pass. Weights that can move are
packed in one vector beside their moments; where connections grow these are all that the mask
allows. Evaluation runs all trials side by side, one per vector lane, over the non-zeros.

Results depend on the arguments alone: not on threads, nor on how trials are split over calls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ... import streams
from ...compiled import OPTIONS, SUMS, njit
from ...config import ACTIVATIONS, LOSSES, RATE_STEP_MS, TrainingConfig
from ...streams.cpu import PER_BLOCK, fill_normals, fill_normals_trials
from .. import model
from ..model import RateModel, Trace, Weights, can_return, decay_ms

F32 = np.float32

LANES = 16  # float32 numbers in the widest vector; arrays are padded to whole vectors
EVALUATION_LANES = 128  # trials evaluated side by side

SIGMOID, CLIPPED_RELU = ACTIVATIONS.index("sigmoid"), ACTIVATIONS.index("clipped_relu")
L2, L1, SQUARED = LOSSES.index("l2"), LOSSES.index("l1"), LOSSES.index("squared")
NOISE_SD = F32(model.NOISE_SD)
INITIAL_SD = F32(model.INITIAL_SD)
CEILING = F32(model.ACTIVATION_CEILING)
STEP_MS = F32(RATE_STEP_MS)
ZERO, HALF, ONE, TWO = F32(0), F32(0.5), F32(1), F32(2)

# Adam's constants in TensorFlow, as in the published code
BETA_1, BETA_2, EPSILON = 0.9, 0.999, F32(1e-8)
# smaller moments and derivatives are set to 0, before they become slow subnormal numbers
TINY = F32(1e-30)

# e^f = 1 + f + f^2 (E0 + E1 f + ...) for |f| < ln(2) / 2 (Cephes expf, relative error 1e-7); ln 2
# in two parts
E0, E1, E2 = F32(0.50000001201), F32(0.16666665459), F32(4.1665795894e-2)
E3, E4, E5 = F32(8.3334519073e-3), F32(1.3981999507e-3), F32(1.9875691500e-4)
LOG2_E, LN2_HIGH, LN2_LOW = F32(1.44269504088896341), F32(0.693359375), F32(-2.12194440e-4)
EXP_LIMIT = F32(87)  # keeps e^x and 1 / (1 + e^x) normal numbers
# ln(1 + e) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...), s = e / (2 + e) <= 1/3
A1, A2, A3, A4, A5, A6 = (F32(1 / k) for k in (3, 5, 7, 9, 11, 13))


class Network(NamedTuple):
    """What training does not change.

    Rows over units are padded to whole vectors: `width` instead of n_units.
    """

    n_units: int
    w_in: np.ndarray  # (n_inputs, width), 0 in the padding
    dale: bool
    activation: int  # place in config.ACTIVATIONS
    tau_low: np.float32
    tau_span: np.float32  # 0: fixed decay


class Packed(NamedTuple):
    """The recurrent entries that can move, by rows, then w_out, b_out and tau_raw.

    Each has a value, two moments and a gradient.
    """

    start: np.ndarray  # (n_units + 1,) first entry of each row
    column: np.ndarray  # (n_entries,)
    factor: np.ndarray  # (n_entries,) sign * mask
    returns: np.ndarray  # (n_entries,) bool, whether it has a gradient at and below 0 too
    value: np.ndarray  # (n_entries + 2 n_units + 1,), and so the next three
    first: np.ndarray
    second: np.ndarray
    gradient: np.ndarray


class Workspace(NamedTuple):
    """Scratch of one trial; nothing is read before it is written.

    Units are padded to `width`, steps to a multiple of 4.
    """

    w_rec: np.ndarray  # (n_units, width) effective weights W
    w_out: np.ndarray  # (width,)
    euler: np.ndarray  # (width,) step / tau
    noise: np.ndarray  # (8, width) standard normals of eight steps
    x: np.ndarray  # (width,)
    drive: np.ndarray  # (width,) W r + W_in u; in the backward pass W^T (euler * lam)
    rates: np.ndarray  # (steps, width) r
    slope: np.ndarray  # (steps, width) f'(x)
    pull: np.ndarray  # (steps, width) drive - x, the derivative of x by euler
    out: np.ndarray  # (steps,) output read from r of the same step
    error: np.ndarray  # (steps,) derivative of the loss by out
    lam: np.ndarray  # (width,) derivative of the loss by x
    # (steps, width) euler * lam, the derivative by the drive; row t is that of step t + 1
    sent: np.ndarray
    d_euler: np.ndarray  # (width,)
    d_out: np.ndarray  # (width,)
    d_rows: np.ndarray  # (4, width) derivative by four rows of W


@dataclass
class TrainState:
    """A network in training; all arrays float32, and b_out is (1,)."""

    weights: Weights
    first: Weights  # Adam's first moment of each
    second: Weights  # and its second
    updates: int = 0  # so far


def start(model: RateModel) -> TrainState:
    """Training state of `model` before the first update; its weights are copied."""
    copy = _copy(model.weights)
    first = Weights(*map(np.zeros_like, copy))
    second = Weights(*map(np.zeros_like, copy))
    return TrainState(copy, first, second)


def weights(state: TrainState) -> Weights:
    """A copy of the weights of `state`, float32."""
    return _copy(state.weights)._replace(b_out=state.weights.b_out.reshape(()).copy())


def train_trials(
    model: RateModel,
    state: TrainState,
    u: np.ndarray,
    z: np.ndarray,
    *,
    training: TrainingConfig,
    stream: streams.Key,
    first_trial: int,
    first_output: int = 0,
) -> np.ndarray:
    """Train on the trials in order, `trials_per_update` at a time.

    Parameters
    ----------
    model : the wiring
    state : updated in place
    u : (n_trials, n_inputs, n_steps) stimulus
    z : (n_trials, n_steps) target
    training : how
    stream, first_trial : trial k has the noise of trial first_trial + k in the stream
    first_output : the first of the outputs that count in the loss

    Returns
    -------
    (n_trials,) float32, the loss of each trial before its update

    Raises
    ------
    ValueError
        unless the trials fill whole updates
    """
    batch = training.trials_per_update
    if u.shape[0] % batch:
        raise ValueError(
            f"u: expected a multiple of {batch} trials (trials_per_update), got {u.shape[0]}"
        )
    net = _network(model)
    packed = _pack(model, state)
    work = workspace(model.n_units, u.shape[2])
    losses = np.empty(u.shape[0], F32)
    plan = (state.updates, batch, training.learning_rates)
    counted = (LOSSES.index(training.loss), first_output)
    noise = (first_trial, *stream)
    _train(net, packed, work, _plain(u), _plain(z), losses, plan, counted, noise)
    _unpack(packed, packed.value, state.weights)
    _unpack(packed, packed.first, state.first)
    _unpack(packed, packed.second, state.second)
    state.updates += u.shape[0] // batch
    return losses


def gradients(
    model: RateModel,
    weights: Weights,
    u: np.ndarray,
    z: np.ndarray,
    *,
    loss: str,
    stream: streams.Key,
    first_trial: int,
    first_output: int = 0,
) -> tuple[np.ndarray, Weights]:
    """Losses of the trials and the gradient of their mean.

    Parameters
    ----------
    model : the wiring
    weights : where the gradient is taken
    u, z, stream, first_trial, first_output : as in `train_trials`
    loss : `l2`, `l1` or `squared`

    Returns
    -------
    (batch,) float32, and the gradient by each of the weights, float32
    """
    gradient = Weights(*(np.zeros(np.shape(w) or 1, F32) for w in weights))
    packed = _pack(model, TrainState(_copy(weights), gradient, gradient))  # moments of 0
    net = _network(model)
    work = workspace(model.n_units, u.shape[2])
    losses = np.empty(u.shape[0], F32)
    counted = (LOSSES.index(loss), first_output)
    noise = (first_trial, *stream)
    _load(net, packed, work)
    _add_gradients(net, packed, work, _plain(u), _plain(z), losses, counted, noise)
    _unpack(packed, packed.gradient, gradient)
    return losses, gradient._replace(b_out=gradient.b_out.reshape(()))


def outputs(
    model: RateModel,
    weights: Weights,
    u: np.ndarray,
    *,
    stream: streams.Key,
    first_trial: int,
    keep: bool = False,
) -> np.ndarray | Trace:
    """Outputs of trials, without a gradient.

    Parameters
    ----------
    model : the wiring
    weights : of the network
    u : (n_trials, n_inputs, n_steps) stimulus
    stream, first_trial : trial k has the noise of trial first_trial + k in the stream
    keep : whether x and r are returned too

    Returns
    -------
    o (n_trials, n_steps - 1) float32, or with `keep` the whole `Trace`
    """
    net = _network(model)
    sparse = _sparse(model, weights)
    blocks = []
    for begin in range(0, u.shape[0], EVALUATION_LANES):
        part = u[begin : begin + EVALUATION_LANES]
        noise = (first_trial + begin, *stream)
        blocks.append(_outputs_block(net, sparse, weights, part, noise=noise, keep=keep))
    x, r, o = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
    return Trace(x, r, o) if keep else o


# --------------------------------------------------------------------------------------------------


def _up(n: int, multiple: int) -> int:
    """n rounded up to a multiple; also of arrays."""
    return -(-n // multiple) * multiple


def _plain(array) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=F32)


def _copy(weights: Weights) -> Weights:
    return Weights(*(np.array(w, dtype=F32, order="C").reshape(np.shape(w) or 1) for w in weights))


def _aligned(*shape: int) -> np.ndarray:
    """Uninitialised float32 array on a cache line."""
    size = math.prod(shape)
    space = np.empty(size + LANES, F32)
    skip = (-space.ctypes.data // 4) % LANES
    return space[skip : skip + size].reshape(shape)


def workspace(n_units: int, n_steps: int) -> Workspace:
    """Scratch arrays of one network, uninitialised."""
    width = _up(n_units, LANES)
    steps = _up(n_steps, 4)
    return Workspace(
        w_rec=_aligned(n_units, width),
        w_out=_aligned(width),
        euler=_aligned(width),
        noise=_aligned(PER_BLOCK, width),
        x=_aligned(width),
        drive=_aligned(width),
        rates=_aligned(steps, width),
        slope=_aligned(steps, width),
        pull=_aligned(steps, width),
        out=_aligned(steps),
        error=_aligned(steps),
        lam=_aligned(width),
        sent=_aligned(steps, width),
        d_euler=_aligned(width),
        d_out=_aligned(width),
        d_rows=_aligned(4, width),
    )


def _network(model: RateModel) -> Network:
    w_in = np.zeros((model.n_inputs, _up(model.n_units, LANES)), F32)
    w_in[:, : model.n_units] = np.asarray(model.w_in).T
    low, high = model.config.tau_decay_ms[0], model.config.tau_decay_ms[-1]
    activation = ACTIVATIONS.index(model.config.activation)
    return Network(model.n_units, w_in, model.config.dale, activation, F32(low), F32(high - low))


def _pack(model: RateModel, state: TrainState) -> Packed:
    """The entries that can move.

    All, or under Dale's principle those with w > 0 (or NaN), with a moment that is not 0, or that
    can return.
    """
    positive = ~(state.weights.w_rec <= 0)
    pushed = (state.first.w_rec != 0) | (state.second.w_rec != 0)
    returns = can_return(model)
    moving = positive | pushed | returns | (not model.config.dale)
    row, column = np.nonzero(moving)
    value = _vector(state.weights, moving)
    return Packed(
        start=np.searchsorted(row, np.arange(model.n_units + 1)),
        column=column,
        factor=(np.asarray(model.sign, F32) * np.asarray(model.mask, F32))[moving],
        returns=returns[row, column],
        value=value,
        first=_vector(state.first, moving),
        second=_vector(state.second, moving),
        gradient=np.zeros_like(value),
    )


def _vector(group: Weights, moving: np.ndarray) -> np.ndarray:
    """Weights, or moments, in the order of `Packed`."""
    return np.concatenate([group.w_rec[moving], group.w_out, group.b_out, group.tau_raw])


def _unpack(packed: Packed, vector: np.ndarray, target: Weights) -> None:
    """Write one vector of `packed` into `target`; entries that cannot move are left alone."""
    n = packed.start.size - 1
    entries = packed.column.size
    row = np.repeat(np.arange(n), np.diff(packed.start))
    target.w_rec[row, packed.column] = vector[:entries]
    target.w_out[:] = vector[entries : entries + n]
    target.b_out[:] = vector[entries + n]
    target.tau_raw[:] = vector[entries + n + 1 :]


# --------------------------------------------------------------------------------------------------


@njit(**OPTIONS)
def _exp(x):
    """e^x for float32 |x| <= 87, relative error 1e-7; beyond, its value at the limit."""
    x = min(max(x, -EXP_LIMIT), EXP_LIMIT)
    k = np.floor(x * LOG2_E + HALF)
    f = (x - k * LN2_HIGH) - k * LN2_LOW
    p = E0 + f * (E1 + f * (E2 + f * (E3 + f * (E4 + f * E5))))
    power = np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)
    return (ONE + (f + f * f * p)) * power


@njit(**OPTIONS)
def _softplus(x):
    """ln(1 + e^x) and its derivative, without overflow or cancellation."""
    e = _exp(-abs(x))
    s = e / (TWO + e)
    q = s * s
    log1p = TWO * s * (ONE + q * (A1 + q * (A2 + q * (A3 + q * (A4 + q * (A5 + q * A6))))))
    return max(x, ZERO) + log1p, (ONE if x >= ZERO else e) / (ONE + e)


@njit(**OPTIONS)
def _activate(x, r, slope, activation):
    """Write f(x) and f'(x) of one row; beyond the ceiling the derivative is 0."""
    if activation == SIGMOID:
        for i in range(x.size):
            r[i] = ONE / (ONE + _exp(-x[i]))
            slope[i] = r[i] * (ONE - r[i])
    elif activation == CLIPPED_RELU:
        for i in range(x.size):
            r[i] = min(max(x[i], ZERO), CEILING)
            slope[i] = ONE if ZERO < x[i] <= CEILING else ZERO
    else:
        for i in range(x.size):
            value, derivative = _softplus(x[i])
            r[i] = min(value, CEILING)
            slope[i] = derivative if value <= CEILING else ZERO


# --------------------------------------------------------------------------------------------------


@njit(**SUMS)
def _matrix_times(w, r, y):
    """y = w r, for w (rows, width).

    One row after the other, strictly in the order of memory, is what the prefetcher wants.
    """
    for i in range(w.shape[0]):
        row, total = w[i], ZERO
        for j in range(w.shape[1]):
            total += row[j] * r[j]
        y[i] = total


@njit(**OPTIONS)
def _transposed_times(w, c, y):
    """y = w^T c, for w (rows, width)."""
    y[:] = ZERO
    for i in range(w.shape[0]):
        row, factor = w[i], c[i]
        for j in range(w.shape[1]):
            y[j] += factor * row[j]


@njit(**OPTIONS)
def _four_rows_of_product(a, b, i, steps, y):
    """y (4, width) = rows i..i+3 of a^T b, for a and b (at least steps, width).

    steps is a multiple of 4.
    """
    y[:] = ZERO
    y0, y1, y2, y3 = y[0], y[1], y[2], y[3]
    for t in range(0, steps, 4):
        b0, b1, b2, b3 = b[t], b[t + 1], b[t + 2], b[t + 3]
        p0, p1, p2, p3 = a[t, i], a[t + 1, i], a[t + 2, i], a[t + 3, i]
        q0, q1, q2, q3 = a[t, i + 1], a[t + 1, i + 1], a[t + 2, i + 1], a[t + 3, i + 1]
        r0, r1, r2, r3 = a[t, i + 2], a[t + 1, i + 2], a[t + 2, i + 2], a[t + 3, i + 2]
        s0, s1, s2, s3 = a[t, i + 3], a[t + 1, i + 3], a[t + 2, i + 3], a[t + 3, i + 3]
        for j in range(y.shape[1]):
            y0[j] += (p0 * b0[j] + p1 * b1[j]) + (p2 * b2[j] + p3 * b3[j])
            y1[j] += (q0 * b0[j] + q1 * b1[j]) + (q2 * b2[j] + q3 * b3[j])
            y2[j] += (r0 * b0[j] + r1 * b1[j]) + (r2 * b2[j] + r3 * b3[j])
            y3[j] += (s0 * b0[j] + s1 * b1[j]) + (s2 * b2[j] + s3 * b3[j])


# --------------------------------------------------------------------------------------------------


@njit(**OPTIONS)
def _load(net, packed, work):
    """Effective weights, output weights and Euler factors of the packed values; 0 in the padding.

    The Euler factor step / tau holds Eq. 7 in float32; in float64 it is `model.decay_ms`.
    """
    n, entries, value = net.n_units, packed.column.size, packed.value
    work.w_rec[:] = ZERO
    work.w_out[:] = ZERO
    work.euler[:] = ZERO
    for i in range(n):
        row = work.w_rec[i]
        for k in range(packed.start[i], packed.start[i + 1]):
            row[packed.column[k]] = packed.factor[k] * (
                max(value[k], ZERO) if net.dale else value[k]
            )
        work.w_out[i] = value[entries + i]
        work.euler[i] = STEP_MS / (
            net.tau_span / (ONE + _exp(-value[entries + n + 1 + i])) + net.tau_low
        )


@njit(**OPTIONS)
def _forward(net, work, u, trial, k0, k1):
    """Run one trial, u (n_inputs, n_steps).

    Fills rates, slope, pull (from step 1 on) and x of the last step.
    """
    x, drive, euler = work.x, work.drive, work.euler
    for t in range(u.shape[1]):
        if t % PER_BLOCK == 0:
            fill_normals(work.noise, t // PER_BLOCK, trial, k0, k1)
        noise = work.noise[t % PER_BLOCK]
        if t == 0:
            for i in range(x.size):
                x[i] = INITIAL_SD * noise[i]
        else:
            pull = work.pull[t]
            _matrix_times(work.w_rec, work.rates[t - 1], drive)
            for i in range(net.n_units, x.size):
                drive[i] = ZERO
            for k in range(u.shape[0]):
                w_in, now = net.w_in[k], u[k, t - 1]
                for i in range(x.size):
                    drive[i] += now * w_in[i]
            for i in range(x.size):
                pull[i] = drive[i] - x[i]
                x[i] += euler[i] * pull[i] + NOISE_SD * noise[i]
        _activate(x, work.rates[t], work.slope[t], net.activation)


@njit(**OPTIONS)
def _loss(work, b_out, z, counted):
    """Loss of the trial run last, z (n_steps,).

    Fills out and error: out[t] is compared with z[t - 1], and has an error of 0 where it does not
    count. counted: (which of the losses, the first of the outputs that count).
    """
    loss, first_output = counted
    n_steps = z.size
    _matrix_times(work.rates, work.w_out, work.out)
    for t in range(1, first_output + 1):
        work.out[t] += b_out
        work.error[t] = ZERO
    total = 0.0
    for t in range(first_output + 1, n_steps):
        work.out[t] += b_out
        difference = work.out[t] - z[t - 1]
        total += abs(difference) if loss == L1 else difference * difference
        work.error[t] = np.sign(difference) if loss == L1 else difference
    if loss == L2:
        total = np.sqrt(total)
        scale = F32(1 / total) if total > 0 else ZERO
        for t in range(first_output + 1, n_steps):
            work.error[t] *= scale
    elif loss == SQUARED:
        for t in range(first_output + 1, n_steps):
            work.error[t] *= TWO
    return F32(total)


@njit(**OPTIONS)
def _backward(work, n_steps):
    """Backpropagation through time: fills sent, d_euler and d_out from error."""
    lam, back, euler, w_out, d_euler, d_out = (
        work.lam,
        work.drive,
        work.euler,
        work.w_out,
        work.d_euler,
        work.d_out,
    )
    lam[:] = ZERO
    back[:] = ZERO
    d_euler[:] = ZERO
    d_out[:] = ZERO
    # not range: LLVM, seeing rows run downwards, would fall back to scalar loops
    for t in np.arange(n_steps - 1, 0, -1):
        if t < n_steps - 1:
            _transposed_times(work.w_rec, work.sent[t], back)
        rates, slope, pull, sent, error = (
            work.rates[t],
            work.slope[t],
            work.pull[t],
            work.sent[t - 1],
            work.error[t],
        )
        for i in range(lam.size):
            new = slope[i] * (error * w_out[i] + back[i]) + (ONE - euler[i]) * lam[i]
            lam[i] = ZERO if abs(new) < TINY else new
            sent[i] = euler[i] * lam[i]
        for i in range(lam.size):
            d_euler[i] += lam[i] * pull[i]
            d_out[i] += error * rates[i]


@njit(**OPTIONS)
def _add_recurrent(net, packed, work, n_steps, scale):
    """Add scale * sum_t sent[t] rates[t]^T to the gradient.

    Only to that of the entries that have one: relu'(0) = 0, but for those that can return.
    """
    work.rates[n_steps:] = ZERO
    work.sent[n_steps - 1 :] = ZERO
    for i in range(net.n_units):
        if i % 4 == 0:
            _four_rows_of_product(work.sent, work.rates, i, (n_steps + 2) // 4 * 4, work.d_rows)
        row = work.d_rows[i % 4]
        for k in range(packed.start[i], packed.start[i + 1]):
            if not net.dale or packed.value[k] > ZERO or packed.returns[k]:
                packed.gradient[k] += scale * packed.factor[k] * row[packed.column[k]]


@njit(**OPTIONS)
def _add_rest(net, packed, work, n_steps, scale):
    """Add scale times the gradients of w_out, b_out and, where the decay is trained, tau_raw."""
    n, at, gradient = net.n_units, packed.column.size, packed.gradient
    d_bias = ZERO
    for t in range(1, n_steps):
        d_bias += work.error[t]
    gradient[at + n] += scale * d_bias
    for i in range(n):
        gradient[at + i] += scale * work.d_out[i]
        if net.tau_span > ZERO:
            # euler = step / tau, tau = span s + low: d euler / d raw = -euler^2 / step * span * s
            # (1 - s)
            s = ONE / (ONE + _exp(-packed.value[at + n + 1 + i]))
            d_raw = -work.euler[i] * work.euler[i] / STEP_MS * net.tau_span * s * (ONE - s)
            gradient[at + n + 1 + i] += scale * work.d_euler[i] * d_raw


# --------------------------------------------------------------------------------------------------


@njit(**OPTIONS)
def _add_gradients(net, packed, work, u, z, losses, counted, noise):
    """Losses of the trials and, added to packed.gradient, the gradient of their mean.

    counted: as in `_loss`; noise: (first trial, k0, k1).
    """
    first_trial, k0, k1 = noise
    b_out, scale, n_steps = (
        packed.value[packed.column.size + net.n_units],
        F32(1 / losses.size),
        z.shape[1],
    )
    for k in range(losses.size):
        _forward(net, work, u[k], first_trial + k, k0, k1)
        losses[k] = _loss(work, b_out, z[k], counted)
        _backward(work, n_steps)
        _add_recurrent(net, packed, work, n_steps, scale)
        _add_rest(net, packed, work, n_steps, scale)


@njit(**OPTIONS)
def _adam(packed, update, learning_rates):
    """One update, the update-th (from 1), in TensorFlow's form; the gradient is set back to 0.

    learning_rates: (of all else, of tau_raw).
    """
    n_units, end = packed.start.size - 1, packed.value.size
    of_others, of_decays = learning_rates
    _move(packed, 0, end - n_units, update, of_others)
    _move(packed, end - n_units, end, update, of_decays)


@njit(**OPTIONS)
def _move(packed, begin, end, update, learning_rate):
    """Adam's update of the entries from `begin` to before `end`."""
    rate_now = F32(learning_rate * np.sqrt(1 - BETA_2**update) / (1 - BETA_1**update))
    keep_1, take_1, keep_2, take_2 = F32(BETA_1), F32(1 - BETA_1), F32(BETA_2), F32(1 - BETA_2)
    value, first, second, gradient = packed.value, packed.first, packed.second, packed.gradient
    for k in range(begin, end):
        g = gradient[k]
        m, v = keep_1 * first[k] + take_1 * g, keep_2 * second[k] + take_2 * (g * g)
        m, v = ZERO if abs(m) < TINY else m, ZERO if v < TINY else v
        value[k] -= rate_now * m / (np.sqrt(v) + EPSILON)
        first[k], second[k], gradient[k] = m, v, ZERO


@njit(**OPTIONS)
def _train(net, packed, work, u, z, losses, plan, counted, noise):
    """All updates of a call.

    plan: (updates before, trials per update, learning rates as in `_adam`); counted: as in `_loss`;
    noise: (first trial, k0, k1).
    """
    updates, batch, learning_rates = plan
    first_trial, k0, k1 = noise
    for begin in range(0, losses.size, batch):
        end = begin + batch
        _load(net, packed, work)
        _add_gradients(
            net,
            packed,
            work,
            u[begin:end],
            z[begin:end],
            losses[begin:end],
            counted,
            (first_trial + begin, k0, k1),
        )
        updates += 1
        _adam(packed, updates, learning_rates)


# --------------------------------------------------------------------------------------------------


class Sparse(NamedTuple):
    """The non-zeros of W by rows, and the Euler factors.

    Each row is filled up with zeros to a multiple of 4.
    """

    start: np.ndarray  # (n_units + 1,)
    column: np.ndarray
    value: np.ndarray
    euler: np.ndarray  # (n_units,)


def _sparse(model: RateModel, weights: Weights) -> Sparse:
    """The effective weights, in float32 as in training; the decays in float64 (Eq. 7)."""
    w = np.asarray(weights.w_rec, F32)
    if model.config.dale:
        w = np.maximum(w, 0)
    w = w * np.asarray(model.sign, F32) * np.asarray(model.mask, F32)
    row, column = np.nonzero(w)
    counts = np.bincount(row, minlength=model.n_units)
    begin = np.concatenate([[0], np.cumsum(_up(counts, 4))])
    place_in_row = np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)
    place = begin[row] + place_in_row
    columns = np.zeros(begin[-1], np.int64)
    columns[place] = column
    values = np.zeros(begin[-1], F32)
    values[place] = w[row, column]
    raw = np.asarray(weights.tau_raw, np.float64)
    euler = RATE_STEP_MS / decay_ms(raw, model.config.tau_decay_ms)
    return Sparse(begin, columns, values, euler.astype(F32))


def _outputs_block(
    net: Network, sparse: Sparse, weights: Weights, u: np.ndarray, *, noise: tuple, keep: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, r (n_trials, n_steps, n_units) and o (n_trials, n_steps - 1).

    Without `keep`, x and r have only the two last steps. noise: (first trial, k0, k1).
    """
    n_trials, n_inputs, n_steps = u.shape
    lanes = _up(n_trials, LANES)
    inputs = np.zeros((n_steps, n_inputs, lanes), F32)
    inputs[..., :n_trials] = np.asarray(u).transpose(2, 1, 0)
    depth = n_steps if keep else 2
    x = _aligned(depth, net.n_units, lanes)
    r = _aligned(depth, net.n_units, lanes)
    o = _aligned(n_steps - 1, lanes)
    normals = _aligned(net.n_units, PER_BLOCK, lanes)
    rows = _aligned(2, lanes)
    w_out = _plain(weights.w_out)
    b_out = F32(weights.b_out.item())
    _run(net, sparse, w_out, b_out, inputs, (x, r, o, normals, rows), noise)
    return _trials_first(x, n_trials), _trials_first(r, n_trials), o[:, :n_trials].T


def _trials_first(array: np.ndarray, n_trials: int) -> np.ndarray:
    """(n_trials, n_steps, n_units) of an array (n_steps, n_units, lanes)."""
    return np.ascontiguousarray(array[..., :n_trials].transpose(2, 0, 1))


@njit(**OPTIONS)
def _sparse_row(sparse, i, r, drive):
    """drive (lanes,) = row i of W times r (n_units, lanes)."""
    drive[:] = ZERO
    for k in range(sparse.start[i], sparse.start[i + 1], 4):
        w0, w1, w2, w3 = (
            sparse.value[k],
            sparse.value[k + 1],
            sparse.value[k + 2],
            sparse.value[k + 3],
        )
        r0, r1, r2, r3 = (
            r[sparse.column[k]],
            r[sparse.column[k + 1]],
            r[sparse.column[k + 2]],
            r[sparse.column[k + 3]],
        )
        for lane in range(drive.size):
            drive[lane] += (w0 * r0[lane] + w1 * r1[lane]) + (w2 * r2[lane] + w3 * r3[lane])


@njit(**OPTIONS)
def _run(net, sparse, w_out, b_out, u, arrays, noise_of):
    """Run all trials side by side, u (n_steps, n_inputs, lanes).

    Fills x and r (in turn, if shorter than the trial) and o.
    """
    x, r, o, noise, rows = arrays
    first_trial, k0, k1 = noise_of
    drive, unused = rows[0], rows[1]
    depth, n_units, lanes = x.shape
    o[:] = b_out
    for t in range(u.shape[0]):
        now, before = t % depth, (t - 1) % depth
        for i in range(n_units):
            if t % PER_BLOCK == 0:
                fill_normals_trials(noise[i], t // PER_BLOCK, i, first_trial, k0, k1)
            normal, r_now = noise[i, t % PER_BLOCK], r[now, i]
            x_now, x_before = x[now, i], x[before, i]
            if t == 0:
                for lane in range(lanes):
                    x_now[lane] = INITIAL_SD * normal[lane]
            else:
                _sparse_row(sparse, i, r[before], drive)
                for k in range(u.shape[1]):
                    w_in, u_now = net.w_in[k, i], u[t - 1, k]
                    for lane in range(lanes):
                        drive[lane] += w_in * u_now[lane]
                euler = sparse.euler[i]
                for lane in range(lanes):
                    x_now[lane] = x_before[lane] + (
                        euler * (drive[lane] - x_before[lane]) + NOISE_SD * normal[lane]
                    )
            _activate(x_now, r_now, unused, net.activation)
            if t > 0:
                o_now, w = o[t - 1], w_out[i]
                for lane in range(lanes):
                    o_now[lane] += w * r_now[lane]
