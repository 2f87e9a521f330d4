"""The equations of the rate network as in the paper, and the plain loop over time.

    tau_i dx_i/dt = -x_i + sum_j W_ij r_j + (W_in u)_i,    r = f(x),    o = w_out r + b_out       (paper, Eqs. 1-3)

with W = relu(w) diag(sign) under Dale's principle (Eqs. 4-5) and the decays of Eq. 7
(`model.decay_ms`). The kernels beside this file compute the same.
"""

from __future__ import annotations

from ..config import RATE_STEP_MS
from .model import ACTIVATION_CEILING, INITIAL_SD, NOISE_SD, RateModel, Trace, Weights, decay_ms


def activate(x, activation: str):
    """Firing rates f(x) of a tensor: sigmoid, or ReLU and softplus cut at 20 as in the published
    code (paper, Fig. 7A)."""
    # here and in `effective_weights` and `forward` only: simulation jobs never pay for the import
    import torch

    if activation == "sigmoid":
        return torch.sigmoid(x)
    if activation == "clipped_relu":
        return torch.relu(x).clamp(max=ACTIVATION_CEILING)
    return torch.nn.functional.softplus(x).clamp(max=ACTIVATION_CEILING)


def effective_weights(w_rec, model: RateModel):
    """W (n_units, n_units) as the dynamics see it. relu'(0) = 0, so an absent connection never
    grows (paper, Eqs. 4-5)."""
    import torch

    positive = torch.relu(w_rec) if model.config.dale else w_rec
    like = {"dtype": w_rec.dtype, "device": w_rec.device}
    return positive * torch.as_tensor(model.sign, **like) * torch.as_tensor(model.mask, **like)


def step(x, drive, noise, euler):
    """One Euler step of x (batch, n_units); `euler` = step / tau (n_units,), `drive` = W r + W_in
    u, `noise` already scaled."""
    return (1 - euler) * x + euler * drive + noise


def forward(model: RateModel, weights: Weights, u, normal) -> Trace:
    """The plain forward loop on torch tensors, differentiable: the reference for the kernels.

    u: stimulus (batch, n_inputs, n_steps). normal: standard normal numbers (batch, n_units,
    n_steps); column 0 makes the initial x, column t the noise of step t. `weights` holds tensors;
    their dtype is the dtype of everything.
    """
    import torch

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


def trial_loss(o, z, loss: str):
    """Loss of each trial (batch,): sqrt(sum (o - z)^2) or sum |o - z| (paper, Eq. 8, which does not
    divide by the steps).

    o: (batch, n_steps - 1); z: (batch, n_steps), whose first n_steps - 1 columns are the targets
    (published code).
    """
    error = o - z[:, : o.shape[1]]
    return error.abs().sum(1) if loss == "l1" else (error**2).sum(1).sqrt()
