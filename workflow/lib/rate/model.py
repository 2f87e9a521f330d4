"""The published rate network: its names and shapes.

The equations are those of `rate2spike.rate`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rate2spike import matfile, rate, streams
from rate2spike.arrays import real_numbers
from rate2spike.config import RATE_STEP_MS, ConfigError
from rate2spike.extras import needed
from rate2spike.rate import RateModel, Weights
from rate2spike.rate.kernels.pick import rate_kernels

from .config import (
    LOSSES,
    WEIGHT_DISTRIBUTIONS,
    RNNConfig,
    create_default_config,
    decays_ms,
    published_words,
)
from .functions import (
    generate_input_stim_go_nogo,
    generate_input_stim_mante,
    generate_input_stim_xor,
    generate_target_continuous_go_nogo,
    generate_target_continuous_mante,
    generate_target_continuous_xor,
)
from .utils import new_seed

log = logging.getLogger(__name__)

torch = needed("torch", "torch")

__all__ = [
    "FR_RNN_dale",
    "Forward",
    "RNNConfig",
    "create_default_config",
    "eval_rnn",
    "generate_input_stim_go_nogo",
    "generate_input_stim_mante",
    "generate_input_stim_xor",
    "generate_target_continuous_go_nogo",
    "generate_target_continuous_mante",
    "generate_target_continuous_xor",
    "loss_op",
]


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
    """A rate network with excitatory and inhibitory units.

    Its wiring is drawn from numpy's global seed.

    Trained: w (N, N) [post, pre], before rectification and sign; w_out (1, N); b_out (); taus_gaus
    (N, 1), the argument of the sigmoid that gives the synaptic decays (paper, Eq. 7). Not trained:
    w_in (N, n_inputs), inh and exc (N, 1) bool, m = mask (N, N), the diagonal of signs, som_m =
    som_mask (N, N), 0 where SOM units receive no inhibition, and the weights before training, w0
    and taus_gaus0 (None where a model file has none).

    Parameters
    ----------
    N : number of units
    P_inh : probability that a unit is inhibitory
    P_rec : probability that a connection is there
    w_in : (N, n_inputs)
    som_N : inhibitory units that receive no inhibition
    w_dist : 'gaus' or 'gamma'
    gain : of 'gaus'
    apply_dale : whether w is rectified and signed
    w_out : (1, N) or (N,); drawn where None
    device : where the network is

    Raises
    ------
    ValueError
        naming the argument that cannot be used
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
            w_out = _array("w_out", w_out, [(1, config.n_units), (config.n_units,)])
            weights = weights._replace(w_out=w_out.reshape(-1))
        self._adopt(RateModel(config, w_in, model.inhibitory, model.mask, weights, weights), device)

    @classmethod
    def from_model(cls, model: RateModel, device: torch.device | str = "cpu") -> FR_RNN_dale:
        """A network of the library by its published names."""
        net = cls.__new__(cls)
        torch.nn.Module.__init__(net)
        net._adopt(model, device)
        return net

    def _adopt(self, model: RateModel, device: torch.device | str) -> None:
        """Take over all of `model`.

        Parameters stay the same objects, so that an optimizer keeps track of them.
        """
        config = model.config
        n = model.n_units
        self.P_inh = config.p_inh
        self.P_rec = config.p_rec
        self.gain = config.gain
        published_name = {theirs: ours for ours, theirs in WEIGHT_DISTRIBUTIONS.items()}
        self.w_dist = published_name[config.weight_distribution]
        self.taus = [tau / RATE_STEP_MS for tau in config.tau_decay_ms]
        self.activation = config.activation
        # of the spiking network; nothing here sees them
        self.output_factor = model.output_factor
        self.output_offset = model.output_offset
        self.unit_gains = model.unit_gains
        self._refined_weights = model.weights  # those that they were found for

        weights = model.weights
        self._set_parameter("w", weights.w_rec.reshape(n, n), device)
        self._set_parameter("w_out", weights.w_out.reshape(1, n), device)
        self._set_parameter("b_out", weights.b_out.reshape(()), device)
        self._set_parameter("taus_gaus", weights.tau_raw.reshape(n, 1), device)

        buffers = {
            "w_in": model.w_in,
            "inh": model.inhibitory.reshape(n, 1),
            "som_m": model.mask,
            "dale": config.dale,
            "w0": None,
            "taus_gaus0": None,
        }
        if model.initial is not None:
            buffers["w0"] = model.initial.w_rec
            buffers["taus_gaus0"] = model.initial.tau_raw.reshape(n, 1)
        for name, value in buffers.items():
            dtype = torch.bool if name in ("inh", "dale") else torch.float32
            if value is not None:
                value = torch.tensor(value, dtype=dtype, device=device)
            self.register_buffer(name, value)

    def _set_parameter(self, name: str, value: np.ndarray, device: torch.device | str) -> None:
        tensor = torch.tensor(np.asarray(value), dtype=torch.float32, device=device)
        if name in self._parameters:
            self._parameters[name].data = tensor
            self._parameters[name].grad = None
        else:
            self.register_parameter(name, torch.nn.Parameter(tensor))

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

        Parameters
        ----------
        stim : (n_inputs, T) stimulus
        taus : [min, max] or [value] in steps of 5 ms
        training_params : 'activation'; that of the network where it is absent
        settings : 'T', the number of steps, and 'DeltaT', Euler steps per step (1)

        Raises
        ------
        ValueError
            for what does not fit
        """
        activation = (training_params or {}).get("activation")
        model = self._wiring(taus, activation, settings.get("DeltaT", 1))
        stim = torch.as_tensor(stim, dtype=self.w.dtype, device=self.device)
        _check_stimulus(self, stim, settings)
        normal = torch.randn(1, self.N, stim.shape[1], dtype=self.w.dtype, device=self.device)
        weights = Weights(self.w, self.w_out[0], self.b_out, self.taus_gaus[:, 0])
        x, r, o = (trace[0] for trace in rate.forward(model, weights, stim[None], normal))
        return Forward(
            stim=stim,
            x=list(x[:, :, None]),
            r=list(r[:, :, None]),
            o=list(o[:, None, None]),
            w=torch.relu(self.w) if self.apply_dale else self.w,
            w_in=self.w_in,
            m=self.m,
            som_m=self.som_m,
            w_out=self.w_out,
            b_out=self.b_out,
            taus_gaus=self.taus_gaus,
        )

    def _wiring(
        self, taus: Sequence[float] | None, activation: str | None, DeltaT: float = 1
    ) -> RateModel:
        """What is not trained, as the library has it; `weights` and `initial` are empty."""
        published = RNNConfig(
            N=self.N,
            P_inh=self.P_inh,
            P_rec=self.P_rec,
            som_N=self.som_N,
            gain=self.gain,
            apply_dale=self.apply_dale,
            w_dist=self.w_dist,
        )
        if activation is None:
            activation = self.activation
        return RateModel(
            config=published.to_rate_config(decays_ms(taus, DeltaT), activation),
            w_in=_numpy(self.w_in),
            inhibitory=_numpy(self.inh)[:, 0],
            mask=_numpy(self.som_m),
            weights=None,
            initial=None,
        )

    def to_model(
        self, taus: Sequence[float] | None = None, activation: str | None = None, DeltaT: float = 1
    ) -> RateModel:
        """This network as the library has it, for `rate2spike.matfile.save` among others.

        Without `taus` and `activation`: those of the model file it was loaded from, or 4 to 10
        steps and the sigmoid. Factor and offset of the output and gains of the units are those
        of the file, if it has any.

        Parameters
        ----------
        taus : [min, max] or [value] in steps of 5 ms
        activation : `sigmoid`, `clipped_relu` or `softplus`
        DeltaT : Euler steps per step
        """
        wiring = self._wiring(self.taus if taus is None else taus, activation, DeltaT)
        weights = Weights(
            w_rec=_numpy(self.w),
            w_out=_numpy(self.w_out[0]),
            b_out=_numpy(self.b_out),
            tau_raw=_numpy(self.taus_gaus[:, 0]),
        )
        initial = None
        if self.w0 is not None:
            tau_raw = _numpy(self.taus_gaus0)[:, 0]
            initial = weights._replace(w_rec=_numpy(self.w0), tau_raw=tau_raw)
        model = replace(
            wiring,
            weights=weights,
            initial=initial,
            output_factor=self.output_factor,
            output_offset=self.output_offset,
            unit_gains=self.unit_gains,
        )
        return self._without_old_refinement(model)

    def _without_old_refinement(self, model: RateModel) -> RateModel:
        """The same model, but what a refinement found is left out where weights have moved since,
        with a warning."""
        if (model.output_factor, model.output_offset, model.unit_gains) == (1, 0, None):
            return model
        moved = False
        for now, before in zip(model.weights, self._refined_weights, strict=True):
            moved = moved or not np.array_equal(now, np.asarray(before, now.dtype))
        if not moved:
            return model
        log.warning(
            "the network has other weights than those it was refined with: output_factor, "
            "output_offset and gains of the units are left out"
        )
        return replace(model, output_factor=1.0, output_offset=0.0, unit_gains=None)

    def load_net(self, model_dir: str | Path) -> FR_RNN_dale:
        """Become the network of a .mat file, of whatever size.

        `gain`, `P_rec` and `w_dist` are not in it and mean nothing then.

        Parameters
        ----------
        model_dir : the file

        Raises
        ------
        ValueError
            for a file of another kind, or naming the key that is wrong; a FileNotFoundError, too,
            where there is no such file
        """
        if Path(model_dir).suffix in (".pth", ".pt"):
            raise ValueError(
                f"{model_dir}: expected the .mat beside it; a .pth is for "
                "net.load_state_dict(torch.load(path)['model_state_dict']), "
                "or for python -m rate.main --resume"
            )
        if not Path(model_dir).is_file():
            raise matfile.MissingFileError(
                f"{model_dir}: no such file; expected a .mat as python -m rate.main writes it"
            )
        self._adopt(matfile.load(model_dir), self.device)
        return self

    def display(self) -> None:
        """Print the size of the network and the shares of its weights.

        The shares are those that are 0, positive and negative.
        """
        w = self._effective_weights()
        print(
            f"{self.N} units: {self.NE} excitatory, {self.NI} inhibitory ({self.som_N} of them SOM)"
        )
        print(
            f"recurrent weights: {_share(w == 0)} zero, {_share(w > 0)} positive, "
            f"{_share(w < 0)} negative"
        )

    def _effective_weights(self) -> torch.Tensor:
        """(N, N) as the dynamics see it."""
        return rate.effective_weights(self.w.detach(), self._wiring(self.taus, None))

    def project_weights(self, training_params: Mapping[str, Any]) -> None:
        """Nothing, as published: under Dale's principle every trial rectifies `w` anew."""

    def lesion_w(self, lesion_percentage: float, lesion_scale: float = 0.0) -> None:
        """Multiply connections chosen at random (torch) by `lesion_scale`.

        `lesion_percentage` is their fraction, from 0 to 1.
        """
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
        order = torch.randperm(len(connections), device=self.device)
        chosen = order[: round(fraction * len(connections))]
        post, pre = connections[chosen].T
        self.w[post, pre] *= scale


def loss_op(
    o: Forward | Sequence[torch.Tensor],
    z: np.ndarray | torch.Tensor,
    training_params: Mapping[str, Any],
) -> torch.Tensor:
    """Loss of a trial (paper, Eq. 8).

        l2: sqrt(sum_t (o_t - z_t)^2)        l1: sum_t |o_t - z_t|

    Parameters
    ----------
    o : the outputs of a trial, or all that `forward` returned
    z : (T - 1,) or (T,) target
    training_params : 'loss_fn', 'l2' (where it is absent) or 'l1'

    Returns
    -------
    The loss, a tensor of shape ()

    Raises
    ------
    ValueError
        for what does not fit
    """
    loss_fn = (training_params or {}).get("loss_fn", "l2")
    if str(loss_fn).lower() not in LOSSES:
        raise ValueError(f"loss_fn: expected one of {', '.join(LOSSES)}, got {loss_fn!r}")
    o = o.o if isinstance(o, Forward) else o
    if np.shape(z) not in ((len(o),), (len(o) + 1,)):
        raise ValueError(
            f"target: expected shape ({len(o)},) or ({len(o) + 1},) for {len(o)} outputs, "
            f"got {tuple(np.shape(z))}"
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
    """Run one trial without gradient, with the network's trained decays.

    np.random.seed governs the noise.

    Parameters
    ----------
    net : the network
    settings : T, DeltaT and taus, which for a network from a model file may be absent
    u : (n_inputs, T) stimulus
    device : makes no difference: the library's kernel runs the trial
    training_params : 'activation'; that of the network where it is absent

    Returns
    -------
    o (T - 1 numbers), r and x (T arrays (N, 1) each)

    Raises
    ------
    ValueError
        for what does not fit
    """
    activation = (training_params or {}).get("activation")
    model = net.to_model(settings.get("taus"), activation, settings.get("DeltaT", 1))
    _check_stimulus(net, u, settings)
    stimulus = real_numbers("stimulus", _numpy(u) if isinstance(u, torch.Tensor) else u)
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
    """`value` as float32, of one of the shapes (None: any length >= 1).

    Raises ValueError naming it.
    """
    value = _numpy(value) if isinstance(value, torch.Tensor) else value
    array = np.asarray(value)
    fits = any(_has_shape(array, shape) for shape in shapes)
    if not fits or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        expected = " or ".join(str(shape).replace("None", "n_inputs") for shape in shapes)
        raise ValueError(
            f"{name}: expected finite numbers of shape {expected}, "
            f"got shape {array.shape} of {array.dtype}"
        )
    return real_numbers(name, value).astype(np.float32)


def _has_shape(array: np.ndarray, shape: tuple[int | None, ...]) -> bool:
    if array.ndim != len(shape):
        return False
    lengths = zip(array.shape, shape, strict=True)
    return all(n == wanted or (wanted is None and n > 0) for n, wanted in lengths)


def _share(true: torch.Tensor) -> str:
    """Of all entries, how many are true."""
    return f"{true.double().mean():.2%}"


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
