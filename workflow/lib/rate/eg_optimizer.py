"""The exponentiated gradient for a loop of one's own: weights that keep their sign."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rate2spike.extras import needed

torch = needed("torch", "torch")


class ExponentiatedGradient(torch.optim.Optimizer):
    """w <- max(w exp(-lr g), eps), with g the gradient plus weight_decay w.

    Parameters
    ----------
    params : positive parameters
    lr : rate of learning
    weight_decay : of the gradient
    eps : the smallest weight
    max_norm : the largest norm along `norm_axis`, None for any
    norm_axis : axis of the norm, None for all
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-2,
        weight_decay: float = 0.0,
        eps: float = 1e-12,
        max_norm: float | None = None,
        norm_axis: int | None = None,
    ) -> None:
        settings = {"lr": lr, "weight_decay": weight_decay, "eps": eps}
        super().__init__(params, settings | {"max_norm": max_norm, "norm_axis": norm_axis})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Change the parameters by their gradients; `closure` is not called."""
        for group in self.param_groups:
            for weights in group["params"]:
                if weights.grad is None:
                    continue
                gradient = weights.grad + group["weight_decay"] * weights
                new = (weights * torch.exp(-group["lr"] * gradient)).clamp_min(group["eps"])
                if group["max_norm"] is not None:
                    axis = group["norm_axis"]
                    norm = torch.linalg.vector_norm(new, dim=axis, keepdim=True)
                    new = new * (group["max_norm"] / norm).clamp_max(1)
                weights.copy_(new)
