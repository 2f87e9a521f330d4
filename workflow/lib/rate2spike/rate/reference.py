"""The equations of the rate network as in the paper, and the plain loop over time.

    tau_i dx_i/dt = -x_i + sum_j W_ij r_j + (W_in u)_i        (paper, Eqs. 1-3)
    r = f(x)
    o = w_out r + b_out

with W = relu(w) diag(sign) under Dale's principle (Eqs. 4-5) and the decays of Eq. 7
(`model.decay_ms`). The kernels beside this file compute the same.

Where connections are kept or grow (`connections`), the gradient of relu(w) is that of w:
`straight_through`.

The loop is in torch, which the extra `torch` brings. It is imported at the first use.
"""

from __future__ import annotations

import numpy as np

from ..config import RATE_STEP_MS
from ..extras import needed
from .model import (
    ACTIVATION_CEILING,
    INITIAL_SD,
    NOISE_SD,
    RateModel,
    Trace,
    Weights,
    can_return,
    decay_ms,
)


def activate(x, activation: str):
    """Firing rates f(x) of a tensor (paper, Fig. 7A).

    f is the sigmoid, or ReLU or softplus, which are cut at 20 as in the published code.
    """
    torch = needed("torch", "torch")
    if activation == "sigmoid":
        return torch.sigmoid(x)
    if activation == "clipped_relu":
        return torch.relu(x).clamp(max=ACTIVATION_CEILING)
    return torch.nn.functional.softplus(x).clamp(max=ACTIVATION_CEILING)


def firing_rates(x: np.ndarray, activation: str) -> np.ndarray:
    """The same as `activate`, of an array and without torch."""
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-x))
    if activation == "clipped_relu":
        return np.clip(x, 0, ACTIVATION_CEILING)
    return np.minimum(np.logaddexp(0, x), ACTIVATION_CEILING)


def effective_weights(w_rec, model: RateModel):
    """The recurrent weights as the dynamics see them (paper, Eqs. 4-5).

        W = relu(w_rec) diag(sign) mask

    relu'(0) = 0, so an absent connection never grows and one that reaches 0 is gone. Those of
    `model.can_return` have the gradient of w_rec instead (`straight_through`). Without Dale's
    principle there is no relu.

    Parameters
    ----------
    w_rec : (n_units, n_units) tensor [post, pre]
    model : has sign and mask, and which connections can return

    Returns
    -------
    (n_units, n_units) tensor, differentiable
    """
    torch = needed("torch", "torch")
    positive = w_rec
    if model.config.dale:
        positive = torch.relu(w_rec)
    if model.config.connections != "prune":
        returns = torch.as_tensor(can_return(model), device=w_rec.device)
        positive = torch.where(returns, straight_through(w_rec), positive)
    sign = torch.as_tensor(model.sign, dtype=w_rec.dtype, device=w_rec.device)
    mask = torch.as_tensor(model.mask, dtype=w_rec.dtype, device=w_rec.device)
    return positive * sign * mask


def straight_through(w):
    """relu(w), with the gradient of w: 1 everywhere, at and below 0 too.

    Parameters
    ----------
    w : tensor

    Returns
    -------
    Tensor of the same shape
    """
    torch = needed("torch", "torch")
    return torch.relu(w).detach() + (w - w.detach())


def step(x, drive, noise, euler):
    """One Euler step of x (batch, n_units).

    `euler` (n_units,) is step / tau, `drive` (batch, n_units) is W r + W_in u, and `noise` is
    already scaled.
    """
    return (1 - euler) * x + euler * drive + noise


def forward(model: RateModel, weights: Weights, u, normal) -> Trace:
    """The plain forward loop on torch tensors, differentiable: the reference for the kernels.

    Parameters
    ----------
    model : the wiring
    weights : tensors; their dtype is the dtype of everything
    u : (batch, n_inputs, n_steps) stimulus
    normal : (batch, n_units, n_steps) standard normal numbers; column 0 makes the initial x,
        column t the noise of step t

    Returns
    -------
    x, r and o of the trials
    """
    torch = needed("torch", "torch")
    w_rec = effective_weights(weights.w_rec, model)
    w_in = torch.as_tensor(model.w_in, dtype=w_rec.dtype, device=w_rec.device)
    euler = RATE_STEP_MS / decay_ms(weights.tau_raw, model.config.tau_decay_ms)
    x = [INITIAL_SD * normal[:, :, 0]]
    r = [activate(x[0], model.config.activation)]
    for t in range(1, u.shape[2]):
        drive = r[-1] @ w_rec.T + u[:, :, t - 1] @ w_in.T
        x.append(step(x[-1], drive, NOISE_SD * normal[:, :, t], euler))
        r.append(activate(x[-1], model.config.activation))
    r = torch.stack(r, dim=1)
    return Trace(torch.stack(x, dim=1), r, r[:, 1:] @ weights.w_out + weights.b_out)


def trial_loss(o, z, loss: str, first_output: int = 0):
    """Loss of each trial (paper, Eq. 8, which does not divide by the steps).

        l2: sqrt(sum_t (o_t - z_t)^2)
        l1: sum_t |o_t - z_t|
        squared: sum_t (o_t - z_t)^2

    Parameters
    ----------
    o : (batch, n_steps - 1) outputs
    z : (batch, n_steps), whose first n_steps - 1 columns are the targets (published code)
    loss : `l2`, `l1` or `squared`
    first_output : the first of the outputs that count, see `tasks.first_loss_output`

    Returns
    -------
    (batch,)
    """
    error = (o - z[:, : o.shape[1]])[:, first_output:]
    if loss == "l1":
        return error.abs().sum(1)
    squares = (error**2).sum(1)
    return squares if loss == "squared" else squares.sqrt()
