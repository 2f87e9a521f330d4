"""The .pth beside a model file: plain tensors, numbers and words from which a training goes on.

`model_state_dict` and `optimizer_state_dict` load into `FR_RNN_dale` and torch's Adam, for a loop
of one's own; with `resume` they are all that `TrainingRun` holds, so that `python -m rate.main
--resume` goes on bit for bit.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rate2spike import matfile
from rate2spike.config import RateConfig
from rate2spike.extras import needed
from rate2spike.rate import RateModel, TrainingRecord, Weights
from rate2spike.rate.kernels.pick import rate_kernels
from rate2spike.rate.train import TrainingRun

from .model import FR_RNN_dale

torch = needed("torch", "torch")

Plain = dict[str, Any]


class Checkpoint(NamedTuple):
    """A training as its file has it."""

    network: Plain  # state dict
    optimizer: Plain  # state dict
    losses: torch.Tensor  # (trials,)
    resume: Plain

    @property
    def options(self) -> Plain:
        """The options of the program that made the network."""
        return self.resume["options"]


def pack(
    run: TrainingRun,
    outcome: tuple[RateModel, TrainingRecord],
    *,
    options: Plain,
    settings: Plain,
    training_params: Plain,
) -> Plain:
    """What goes into the file, for `torch.save`.

    Parameters
    ----------
    run : the training as it stands
    outcome : its network and record
    options : of the program that made the network
    settings : of the task, by their published names
    training_params : how the network is trained, by the published names
    """
    model, record = outcome
    net = FR_RNN_dale.from_model(model)
    optimizer = _adam(net, run.state, training_params["learning_rate"])
    return {
        "model_state_dict": net.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "settings": settings,
        "training_params": training_params,
        "losses": torch.from_numpy(record.losses.copy()),
        "trial": record.trials,
        "resume": {
            "options": options,
            "network": run.network,
            "used": run.used,
            "converged": run.converged,
            "curve": torch.tensor(run.curve, dtype=torch.float64),
            "w_out0": torch.from_numpy(run.untrained.weights.w_out.copy()),
            "b_out0": float(run.untrained.weights.b_out),
        },
    }


def _adam(net: FR_RNN_dale, state: Any, learning_rate: float) -> torch.optim.Adam:
    """torch's optimizer with the moments of the kernel's.

    torch adds epsilon after the correction of the bias, the kernel before, as TensorFlow did: a
    loop in torch goes on closely, not bit for bit.
    """
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)
    for parameter, first, second in zip(net.parameters(), state.first, state.second, strict=True):
        optimizer.state[parameter] = {
            "step": torch.tensor(float(state.updates)),
            "exp_avg": torch.from_numpy(first.copy()).reshape(parameter.shape),
            "exp_avg_sq": torch.from_numpy(second.copy()).reshape(parameter.shape),
        }
    return optimizer


def read(path: str | Path) -> Checkpoint:
    """A .pth as `pack` made it; raises ValueError naming the file for anything else."""
    expected = "expected a .pth as python -m rate.main writes it"
    if not Path(path).is_file():
        raise matfile.MissingFileError(f"{path}: no such file; {expected}")
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    # what torch raises on other files
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise ValueError(
            f"{path}: {expected}; torch cannot read it ({type(error).__name__})"
        ) from error
    entries = ("model_state_dict", "optimizer_state_dict", "losses", "resume")
    missing = [entry for entry in entries if not isinstance(values, dict) or entry not in values]
    if missing:
        raise ValueError(f"{path}: {expected}, with the entry '{missing[0]}'")
    return Checkpoint(*(values[entry] for entry in entries))


def run_of(checkpoint: Checkpoint, config: RateConfig, seed: int) -> TrainingRun:
    """The training as it stood; `rate2spike.rate.train.go_on` continues it."""
    network = checkpoint.network
    resume = checkpoint.resume
    plain = {name: tensor.numpy() for name, tensor in network.items()}
    before = Weights(
        plain["w0"],
        resume["w_out0"].numpy(),
        np.float32(resume["b_out0"]).reshape(()),
        plain["taus_gaus0"].reshape(-1),
    )
    untrained = RateModel(config, plain["w_in"], plain["inh"][:, 0], plain["som_m"], before, before)
    return TrainingRun(
        network=resume["network"],
        study_seed=seed,
        untrained=untrained,
        state=_state(checkpoint, untrained),
        used=resume["used"],
        losses=[checkpoint.losses.numpy()],
        curve=[tuple(row) for row in resume["curve"].tolist()],
        converged=resume["converged"],
    )


def _state(checkpoint: Checkpoint, untrained: RateModel) -> Any:
    """The kernel's weights and moments, in the shapes in which it starts."""
    state = rate_kernels().start(untrained)
    moments = checkpoint.optimizer["state"]

    def shaped(tensors) -> Weights:
        pairs = zip(tensors, state.weights, strict=True)
        return Weights(*(t.numpy().reshape(like.shape).copy() for t, like in pairs))

    trained = ("w", "w_out", "b_out", "taus_gaus")
    return replace(
        state,
        weights=shaped([checkpoint.network[name] for name in trained]),
        first=shaped([moments[i]["exp_avg"] for i in range(4)]),
        second=shaped([moments[i]["exp_avg_sq"] for i in range(4)]),
        updates=int(moments[0]["step"]),
    )
