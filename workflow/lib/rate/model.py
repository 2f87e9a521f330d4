"""The published rate network: its names and shapes around `rate2spike.rate`, which holds the
equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from rate2spike import matfile, rate, streams
from rate2spike.config import LOSSES, RATE_STEP_MS, ConfigError
from rate2spike.rate import RateModel, Weights
from rate2spike.rate.kernels.pick import rate_kernels

from .config import (
    WEIGHT_DISTRIBUTIONS,
    RNNConfig,
    create_default_config,
    decays_ms,
    published_words,
)
from .utils import new_seed

__all__ = ["FR_RNN_dale", "Forward", "RNNConfig", "create_default_config", "eval_rnn", "loss_op"]


class Forward(NamedTuple):
    """What a trial leaves: activity of each step, and the network it ran through."""

    stim: torch.Tensor  # (n_inputs, T)
    x: list[torch.Tensor]  # T synaptic currents (N, 1)
    r: list[torch.Tensor]  # T firing rates (N, 1)
    o: list[torch.Tensor]  # T - 1 outputs (1, 1); o[i] is read from r[i + 1]
    # (N, N) [post, pre]; under Dale's principle without the negative values, which the network does
    # not see
    w: torch.Tensor
    w_in: torch.Tensor  # (N, n_inputs)
    m: torch.Tensor  # (N, N)
    som_m: torch.Tensor  # (N, N)
    w_out: torch.Tensor  # (1, N)
    b_out: torch.Tensor  # ()
    taus_gaus: torch.Tensor  # (N, 1)


class FR_RNN_dale(torch.nn.Module):
    """A rate network with excitatory and inhibitory units, its wiring drawn from numpy's global
    seed.

    Trained: w (N, N) [post, pre], before rectification and sign; w_out (1, N); b_out (); taus_gaus
    (N, 1), the argument of the sigmoid that gives the synaptic decays (paper, Eq. 7). Not trained:
    w_in (N, n_inputs), inh and exc (N, 1) bool, m = mask (N, N), the diagonal of signs, som_m =
    som_mask (N, N), 0 where SOM units receive no inhibition, and the weights before training, w0
    and taus_gaus0 (None where a model file has none).

    Arguments: N units; P_inh, P_rec: probability that a unit is inhibitory, that a connection is
    there; w_in (N, n_inputs); som_N inhibitory units without inhibition; w_dist 'gaus' or 'gamma';
    gain of 'gaus'; w_out (1, N) or (N,), drawn where None. Raises ValueError naming the argument
    that cannot be used.
    """

    def __init__(
        self,
        N: int,
        P_inh: float,
        P_rec: float,
        w_in: np.ndarray | torch.Tensor,
        som_N: int = 0,
        w_dist: str = "gaus",
        gain: float = 1.5,
        apply_dale: bool = True,
        w_out: np.ndarray | torch.Tensor | None = None,
        device: torch.device | str = "cpu",
    ):
        super().__init__()
        config = RNNConfig(N, P_inh, P_rec, som_N, gain, apply_dale, w_dist).to_rate_config()
        w_in = _array("w_in", w_in, [(config.n_units, None)])
        try:
            model = rate.initial_model(config, w_in.shape[1], np.random.default_rng(new_seed()))
        except ConfigError as error:  # fewer inhibitory units than som_N
            raise ValueError(published_words(error)) from None
        weights = model.weights
        if w_out is not None:
            weights = weights._replace(
                w_out=_array("w_out", w_out, [(1, config.n_units), (config.n_units,)]).reshape(-1)
            )
        self._adopt(RateModel(config, w_in, model.inhibitory, model.mask, weights, weights), device)

    @classmethod
    def from_model(cls, model: RateModel, device: torch.device | str = "cpu") -> FR_RNN_dale:
        """A network of the library by its published names."""
        net = cls.__new__(cls)
        torch.nn.Module.__init__(net)
        net._adopt(model, device)
        return net

    def _adopt(self, model: RateModel, device: torch.device | str) -> None:
        """Take over all of `model`. Parameters stay the same objects, so that an optimizer keeps
        track of them."""
        config, n = model.config, model.n_units
        self.P_inh, self.P_rec, self.gain = config.p_inh, config.p_rec, config.gain
        self.w_dist = next(
            ours
            for ours, theirs in WEIGHT_DISTRIBUTIONS.items()
            if theirs == config.weight_distribution
        )
        self.taus = [tau / RATE_STEP_MS for tau in config.tau_decay_ms]
        self.activation = config.activation
        w, w_out, b_out, tau_raw = (
            torch.tensor(np.asarray(v), dtype=torch.float32, device=device) for v in model.weights
        )
        parameters = {
            "w": w,
            "w_out": w_out.reshape(1, n),
            "b_out": b_out.reshape(()),
            "taus_gaus": tau_raw.reshape(n, 1),
        }
        for name, value in parameters.items():
            if name in self._parameters:
                self._parameters[name].data, self._parameters[name].grad = value, None
            else:
                self.register_parameter(name, torch.nn.Parameter(value))
        before = model.initial
        buffers = {
            "w_in": model.w_in,
            "inh": model.inhibitory.reshape(n, 1),
            "som_m": model.mask,
            "dale": config.dale,
        }
        buffers |= {
            "w0": before and before.w_rec,
            "taus_gaus0": before and before.tau_raw.reshape(n, 1),
        }
        for name, value in buffers.items():
            dtype = torch.bool if name in ("inh", "dale") else torch.float32
            self.register_buffer(
                name, None if value is None else torch.tensor(value, dtype=dtype, device=device)
            )

    # What follows from the buffers, so that it is right after load_state_dict

    N = property(lambda self: self.w.shape[0], doc="Number of units.")
    NI = property(lambda self: int(self.inh.sum()), doc="Number of inhibitory units.")
    NE = property(lambda self: int(self.exc.sum()), doc="Number of excitatory units.")
    exc = property(lambda self: ~self.inh, doc="(N, 1) bool, the excitatory units.")
    m = mask = property(
        lambda self: torch.diag(1 - 2 * self.inh.ravel().to(self.w.dtype)),
        doc="(N, N) signs, -1 inhibitory.",
    )
    som_mask = property(
        lambda self: self.som_m, doc="(N, N), 0 where SOM units receive no inhibition."
    )
    som_inh = property(
        lambda self: torch.nonzero((self.som_m == 0).any(dim=1)).ravel(),
        doc="(som_N,) indices of the SOM units.",
    )
    som_N = property(lambda self: len(self.som_inh), doc="Number of SOM units.")
    apply_dale = property(lambda self: bool(self.dale), doc="Whether w is rectified and signed.")
    device = property(lambda self: self.w.device, doc="Where the network is.")

    def forward(
        self,
        stim: torch.Tensor,
        taus: Sequence[float],
        training_params: Mapping[str, Any],
        settings: Mapping[str, Any],
    ) -> Forward:
        """Run one trial with new noise (torch.manual_seed governs it); differentiable.

        stim (n_inputs, T); taus [min, max] or [value] in steps of 5 ms;
        training_params['activation']; settings['T'], the number of steps, and settings['DeltaT'],
        Euler steps per step. Raises ValueError for what does not fit.
        """
        model = self._wiring(
            taus, (training_params or {}).get("activation"), settings.get("DeltaT", 1)
        )
        stim = torch.as_tensor(stim, dtype=self.w.dtype, device=self.device)
        _check_stimulus(self, stim, settings)
        normal = torch.randn(1, self.N, stim.shape[1], dtype=self.w.dtype, device=self.device)
        weights = Weights(self.w, self.w_out[0], self.b_out, self.taus_gaus[:, 0])
        x, r, o = (trace[0] for trace in rate.forward(model, weights, stim[None], normal))
        w = torch.relu(self.w) if self.apply_dale else self.w
        activity = (list(x[:, :, None]), list(r[:, :, None]), list(o[:, None, None]))
        return Forward(
            stim,
            *activity,
            w,
            self.w_in,
            self.m,
            self.som_m,
            self.w_out,
            self.b_out,
            self.taus_gaus,
        )

    def _wiring(
        self, taus: Sequence[float] | None, activation: str | None, DeltaT: float = 1
    ) -> RateModel:
        """What is not trained, as the library has it; `weights` and `initial` are empty."""
        published = RNNConfig(
            self.N, self.P_inh, self.P_rec, self.som_N, self.gain, self.apply_dale, self.w_dist
        )
        config = published.to_rate_config(
            decays_ms(taus, DeltaT), self.activation if activation is None else activation
        )
        return RateModel(
            config, _numpy(self.w_in), _numpy(self.inh)[:, 0], _numpy(self.som_m), None, None
        )

    def to_model(
        self, taus: Sequence[float] | None = None, activation: str | None = None, DeltaT: float = 1
    ) -> RateModel:
        """This network as the library has it, for `rate2spike.matfile.save` among others; taus in
        steps of 5 ms.

        Without `taus` and `activation`: those of the model file it was loaded from, or 4 to 10
        steps and the sigmoid.
        """
        wiring = self._wiring(self.taus if taus is None else taus, activation, DeltaT)
        weights = Weights(*map(_numpy, (self.w, self.w_out[0], self.b_out, self.taus_gaus[:, 0])))
        initial = (
            None
            if self.w0 is None
            else weights._replace(w_rec=_numpy(self.w0), tau_raw=_numpy(self.taus_gaus0)[:, 0])
        )
        return RateModel(
            wiring.config, wiring.w_in, wiring.inhibitory, wiring.mask, weights, initial
        )

    def load_net(self, path: str | Path) -> FR_RNN_dale:
        """Become the network of a .mat file, of whatever size; `gain`, `P_rec` and `w_dist` are not
        in it and mean nothing then.

        Raises ValueError for a file of another kind, or naming the key that is wrong.
        """
        if Path(path).suffix in (".pth", ".pt"):
            raise ValueError(
                f"{path}: expected the .mat beside it; a .pth is for net.load_state_dict(torch.load(path)['model_state_dict']), "
                "or for python -m rate.main --resume"
            )
        if not Path(path).is_file():
            raise ValueError(
                f"{path}: no such file; expected a .mat as python -m rate.main writes it"
            )
        self._adopt(matfile.load(path), self.device)
        return self

    def display(self) -> None:
        """Print the size of the network and the shares of its weights that are 0, positive and
        negative."""
        w = self._effective_weights()
        shares = {"zero": w == 0, "positive": w > 0, "negative": w < 0}
        print(
            f"{self.N} units: {self.NE} excitatory, {self.NI} inhibitory ({self.som_N} of them SOM)"
        )
        print(
            "recurrent weights: "
            + ", ".join(f"{share.double().mean():.2%} {name}" for name, share in shares.items())
        )

    def _effective_weights(self) -> torch.Tensor:
        """(N, N) as the dynamics see it."""
        return rate.effective_weights(self.w.detach(), self._wiring(self.taus, None))

    def lesion_w(self, lesion_percentage: float, lesion_scale: float = 0.0) -> None:
        """Multiply by `lesion_scale` the fraction `lesion_percentage` (0 to 1) of the connections,
        chosen at random (torch)."""
        self._lesion(torch.ones_like(self.w, dtype=torch.bool), lesion_percentage, lesion_scale)

    def lesion_w_by_type(self, lesion_percentage: float, lesion_scale: float = 0.0) -> None:
        """The same fraction of each of the connections E to E, E to I, I to E and I to I."""
        for post in (self.exc, self.inh):
            for pre in (self.exc, self.inh):
                self._lesion(post & pre.T, lesion_percentage, lesion_scale)

    @torch.no_grad()
    def _lesion(self, among: torch.Tensor, fraction: float, scale: float) -> None:
        for name, value in (("lesion_percentage", fraction), ("lesion_scale", scale)):
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value <= 1:
                raise ValueError(
                    f"{name}: expected a fraction in [0, 1] (0.3 for 30 %), got {value!r}"
                )
        connections = torch.nonzero((self._effective_weights() != 0) & among)
        chosen = torch.randperm(len(connections), device=self.device)[
            : round(fraction * len(connections))
        ]
        post, pre = connections[chosen].T
        self.w[post, pre] *= scale


def loss_op(
    o: Forward | Sequence[torch.Tensor],
    z: np.ndarray | torch.Tensor,
    training_params: Mapping[str, Any],
) -> torch.Tensor:
    """Loss of a trial (): sqrt(sum (o - z)^2), or sum |o - z| where training_params['loss_fn'] is
    'l1' (paper, Eq. 8).

    o: the outputs of a trial, or all that `forward` returned; z: target (T - 1,) or (T,). Raises
    ValueError for what does not fit.
    """
    loss_fn = (training_params or {}).get("loss_fn", "l2")
    if str(loss_fn).lower() not in LOSSES:
        raise ValueError(f"loss_fn: expected one of {', '.join(LOSSES)}, got {loss_fn!r}")
    o = o.o if isinstance(o, Forward) else o
    if np.shape(z) not in ((len(o),), (len(o) + 1,)):
        raise ValueError(
            f"target: expected shape ({len(o)},) or ({len(o) + 1},) for {len(o)} outputs, got {tuple(np.shape(z))}"
        )
    outputs = torch.cat([torch.as_tensor(output).reshape(1) for output in o])[None]
    target = torch.as_tensor(z, dtype=outputs.dtype, device=outputs.device)[None]
    return rate.trial_loss(outputs, target, str(loss_fn).lower())[0]


def eval_rnn(
    net: FR_RNN_dale,
    settings: Mapping[str, Any],
    u: np.ndarray,
    device: torch.device | str | None = None,
    training_params: Mapping[str, Any] | None = None,
) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
    """Run one trial without gradient, with the network's trained decays; np.random.seed governs the
    noise.

    u: stimulus (n_inputs, T). settings: T, DeltaT and taus, which for a network from a model file
    may be absent. `device` makes no difference: the library's kernel runs the trial. Returns o (T -
    1 numbers), r and x (T arrays (N, 1) each).
    """
    activation = (training_params or {}).get("activation")
    model = net.to_model(settings.get("taus"), activation, settings.get("DeltaT", 1))
    _check_stimulus(net, u, settings)
    stimulus = _numpy(u) if isinstance(u, torch.Tensor) else np.asarray(u)
    noise = streams.key(new_seed(), "eval_rnn")
    trace = rate_kernels().outputs(
        model, model.weights, stimulus[None], stream=noise, first_trial=0, keep=True
    )
    return trace.o[0].tolist(), list(trace.r[0][:, :, None]), list(trace.x[0][:, :, None])


def _check_stimulus(
    net: FR_RNN_dale, stimulus: np.ndarray | torch.Tensor, settings: Mapping[str, Any]
) -> None:
    n_steps = settings.get("T")
    if isinstance(n_steps, bool) or not isinstance(n_steps, int | np.integer) or n_steps < 2:
        raise ValueError(
            f"settings['T']: expected the number of steps, a whole number >= 2, got {n_steps!r}"
        )
    expected = (net.w_in.shape[1], n_steps)
    if np.shape(stimulus) != expected:
        raise ValueError(
            f"stimulus: expected shape (n_inputs, T) = {expected}, got {tuple(np.shape(stimulus))}"
        )


def _array(
    name: str, value: np.ndarray | torch.Tensor, shapes: list[tuple[int | None, ...]]
) -> np.ndarray:
    """`value` as float32, of one of the shapes (None: any length >= 1); raises ValueError naming
    it."""
    array = _numpy(value) if isinstance(value, torch.Tensor) else np.asarray(value)
    fits = any(
        array.ndim == len(shape)
        and all(n == m or (m is None and n > 0) for n, m in zip(array.shape, shape, strict=True))
        for shape in shapes
    )
    if not fits or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        words = " or ".join(str(shape).replace("None", "n_inputs") for shape in shapes)
        raise ValueError(
            f"{name}: expected finite numbers of shape {words}, got shape {array.shape} of {array.dtype}"
        )
    return array.astype(np.float32)


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
