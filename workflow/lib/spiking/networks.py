"""A converted network under the published names: one trial with everything recorded, or a network
to hand to a task."""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from rate.utils import new_seed
from rate2spike import matfile, spiking, streams
from rate2spike.config import RATE_STEP_MS, SPIKING_STEPS_PER_RATE_STEP, ConfigError, NeuronConfig
from rate2spike.conversion import check_factor, to_spiking
from rate2spike.rate.model import RateModel
from rate2spike.spiking import converted
from rate2spike.spiking.kernels.pick import spiking_kernels
from rate2spike.tasks import response_step

from .arguments import also_called, factor_of
from .chosen_factor import chosen
from .lesioned import lesioned

NO_STIMULATION = {"mode": "none"}
MS = 1000.0  # in a second: the published names count time constants in seconds


def load_rate_model(model_path: str | os.PathLike) -> dict[str, Any]:
    """All keys of a .mat model file, as scipy reads them.

    Parameters
    ----------
    model_path : of the file

    Returns
    -------
    dict
        Key -> value. A warning names keys that a conversion would need and that are missing.

    Raises
    ------
    ValueError
        For what is no .mat file; a FileNotFoundError, too, where there is no such file.
    """
    check_ending(model_path)
    values = matfile.read(model_path)
    missing = [key for key in matfile.REQUIRED if key not in values]
    if missing:
        warnings.warn(
            f"{model_path}: missing keys {', '.join(missing)}; it cannot be converted", stacklevel=2
        )
    return values


def check_ending(path) -> None:
    """Raise ValueError unless it is the path of a .mat file."""
    if str(path).endswith(".pth"):
        raise ValueError(
            f"{path}: a .pth file continues the training of a rate network; "
            "pass the .mat file written beside it"
        )
    if not str(path).endswith(".mat"):
        raise ValueError(f"{path}: expected the path of a .mat file")


@also_called(model_or_path="model_path")
def LIF_network_fnc(
    model_path: str | os.PathLike | Mapping[str, Any],
    scaling_factor: float,
    u: np.ndarray,
    stims: Mapping[str, Any] = NO_STIMULATION,
    downsample: int = 1,
    use_initial_weights: bool = False,
    lesion_percentage: float = 0.0,
    lesion_scale: float = 0.0,
    lesion_by_type: bool = False,
    exclude_self_connections: bool = True,
    seed: int | None = None,
) -> tuple:
    """One trial of the spiking network made from a rate model, with everything recorded.

    Parameters
    ----------
    model_path : a .mat file, or the dict of its keys; also called model_or_path
    scaling_factor : 1/lambda (paper, Eq. 12), or what `lambda_grid_search` returned
    u : stimulus (n_inputs, n_columns), a column per 5 ms
    stims : {"mode": "none"}, or {"mode": "exc" or "inh", "dur": [start, end], "units": [...]} with
        steps of the simulation (the first is 1, `end` is not stimulated) and Python indices of
        units
    downsample : steps of 5e-5 s in a step
    use_initial_weights : take the recurrent weights from before training
    lesion_percentage : the fraction of the connections, from 0 to 1, that is lesioned
    lesion_scale : what the lesioned weights are multiplied by, from 0 to 1
    lesion_by_type : the same fraction of each of E to E, E to I, I to E, I to I
    exclude_self_connections : leave those of a unit to itself
    seed : same seed, same bits

    Returns
    -------
    W : (N, N), scaled
    REC : voltages (n_steps, N), mV
    spk : (N, n_steps), 0 or 1
    rs : filtered rates (N, n_steps)
    all_fr : mean rates (N, 1), Hz; without the volley of the first nine steps, as published
    out : output (n_steps,), with factor and offset of the file (output_factor, output_offset)
    params : dict with dt and T (s), nt, w_out (1, N) as in the file (times its output_factor; `out`
        has output_factor times output_offset besides), td and td0 (N,) synaptic decay in s, trained
        and initial, IPSCs (N, n_steps), and the constants of the neuron

    Raises
    ------
    ValueError
        For what does not fit.
    """
    model = _load(model_path)
    factor = factor_of(scaling_factor)
    network = to_spiking(model, factor, initial_weights=use_initial_weights)
    seed = new_seed(seed)
    network = lesioned(
        network,
        lesion_percentage,
        lesion_scale,
        by_type=lesion_by_type,
        spare_self=exclude_self_connections,
        seed=seed,
    )
    recording = _record(network, u, stims, downsample=downsample, seed=seed)
    mean_rates = recording.mean_rates[:, None]
    params = _params(network, recording, model)
    voltages, spikes = recording.v.T, recording.spikes.astype(np.int64)
    return network.w_rec, voltages, spikes, recording.rates, mean_rates, recording.out, params


def _load(model_path: str | os.PathLike | Mapping) -> RateModel:
    if not isinstance(model_path, Mapping):
        check_ending(model_path)
    return matfile.load(model_path)


def _record(
    network: spiking.SpikingNetwork, u, stims: Mapping[str, Any], *, downsample: int, seed: int
) -> spiking.TrialRecording:
    """One trial, everything recorded; raises ValueError where an argument does not fit."""
    stimulation = _stimulation(stims)
    if np.ndim(u) != 2:
        raise ValueError(
            "u: expected an array (n_inputs, n_columns), a column per 5 ms, "
            f"got shape {np.shape(u)}"
        )
    n_steps = spiking.time_grid(np.shape(u)[1], converted.check_downsample(downsample)).n_steps
    if stimulation is not None and stimulation.start > n_steps:
        raise ValueError(
            f"stims: dur: starts at step {stimulation.start}, but the trial has {n_steps}"
        )
    kernel = spiking_kernels("cpu")  # one trial is no work for a GPU
    return kernel.record_trial(
        network,
        u,
        stream=streams.key(seed, "single trial"),
        downsample=downsample,
        stimulation=stimulation,
    )


def _stimulation(stims: Mapping[str, Any]) -> spiking.Stimulation | None:
    """The published dict as a `Stimulation`; raises ValueError for what is wrong with it."""
    if not isinstance(stims, Mapping) or "mode" not in stims:
        raise ValueError(f"stims: expected a dict such as {{'mode': 'none'}}, got {stims!r}")
    mode = str(stims["mode"]).lower()
    if mode == "none":
        return None
    missing = [key for key in ("dur", "units") if key not in stims]
    if missing:
        raise ValueError(
            f"stims: mode {mode!r} needs '{missing[0]}': dur=[start, end] in steps and units=[...]"
        )
    dur = np.ravel(stims["dur"])
    if dur.size != 2 or not np.issubdtype(dur.dtype, np.integer) or not 0 <= dur[0] < dur[1]:
        raise ValueError(
            "stims: dur: expected [start, end], whole steps with 0 <= start < end, "
            f"got {stims['dur']!r}"
        )
    units = np.ravel(stims["units"])
    if units.size == 0 or not np.issubdtype(units.dtype, np.integer):
        raise ValueError(
            f"stims: units: expected indices of units, the first is 0, got {stims['units']!r}"
        )
    return spiking.Stimulation(mode, int(dur[0]), int(dur[1]), units)


def _params(
    network: spiking.SpikingNetwork, recording: spiking.TrialRecording, model: RateModel
) -> dict[str, Any]:
    """The last part of what `LIF_network_fnc` returns."""
    n_steps, neuron = recording.out.size, network.neuron
    w_out = np.asarray(model.weights.w_out, dtype=np.float64) * network.output_factor
    return {
        "dt": recording.dt,
        "T": n_steps * recording.dt,
        "nt": n_steps,
        "w_out": w_out[None, :],  # divided by 1/lambda, times rates: the output, as published
        "td": network.tau_decay_ms / MS,
        "td0": model.tau_decay_ms(initial=True) / MS if model.initial is not None else None,
        "IPSCs": recording.ipsc,
        **lif_constants(neuron),
    }


def lif_constants(neuron: NeuronConfig) -> dict[str, float]:
    """The constants of a neuron under their published names, in s and mV."""
    return {
        "tref": neuron.t_refractory_ms / MS,
        "tm": neuron.tau_mem_ms / MS,
        "vreset": neuron.v_reset,
        "vpeak": neuron.v_threshold,
        "tr": neuron.tau_rise_ms / MS,
    }


_LIF = lif_constants(NeuronConfig())


@dataclass
class SpikingConfig:
    """Settings of a spiking network, times in s, voltages in mV.

    Parameters
    ----------
    N : number of units, that of the model file
    dt : 5e-5 s; a larger step is asked for with downsample
    downsample : steps of 5e-5 s in a step, a divisor of 100
    scaling_factor : 1/lambda
    tref : refractory period
    tm : time constant of the membrane
    vreset : voltage after a spike
    vpeak : threshold
    tr : rise time of the synapse
    use_initial_weights : take the recurrent weights from before training
    device : cpu, cuda or auto

    Raises
    ------
    ValueError
        For what cannot be.
    """

    N: int
    dt: float = spiking.STEP_S
    downsample: int = 1
    scaling_factor: float = 50.0
    tref: float = _LIF["tref"]
    tm: float = _LIF["tm"]
    vreset: float = _LIF["vreset"]
    vpeak: float = _LIF["vpeak"]
    tr: float = _LIF["tr"]
    use_initial_weights: bool = False
    device: str = "cpu"

    def __post_init__(self) -> None:
        if isinstance(self.N, bool) or not isinstance(self.N, int | np.integer) or self.N < 1:
            raise ValueError(f"N: expected a whole number of units >= 1, got {self.N!r}")
        if not np.isclose(self.dt, spiking.STEP_S, rtol=1e-9):
            raise ValueError(
                f"dt: expected {spiking.STEP_S:g} s, got {self.dt!r}; "
                "a larger step is asked for with downsample"
            )
        converted.check_downsample(self.downsample)
        if SPIKING_STEPS_PER_RATE_STEP % self.downsample:
            raise ValueError(
                f"downsample: expected a divisor of {SPIKING_STEPS_PER_RATE_STEP}, "
                f"got {self.downsample!r}"
            )
        check_factor(self.scaling_factor)
        spiking_kernels(self.device)
        self.neuron  # noqa: B018 - raises where a constant is impossible

    @property
    def neuron(self) -> NeuronConfig:
        """The same constants under the names of `rate2spike`; raises ValueError for impossible
        ones."""
        try:
            return NeuronConfig(
                t_refractory_ms=_in_ms(self.tref),
                tau_mem_ms=_in_ms(self.tm),
                tau_rise_ms=_in_ms(self.tr),
                v_reset=float(self.vreset),
                v_threshold=float(self.vpeak),
            )
        except ConfigError as error:
            published_names = {
                "t_refractory_ms": "tref",
                "tau_mem_ms": "tm",
                "tau_rise_ms": "tr",
                "v_reset": "vreset",
            }
            key, _, rest = str(error).partition(":")
            name = published_names.get(key, "vpeak")
            raise ValueError(f"{name} (here in ms or mV):{rest}") from None


def _in_ms(seconds: float) -> float:
    return round(MS * seconds, 9)


def create_default_spiking_config(**settings) -> SpikingConfig:
    """The published defaults, 200 units, with `settings` in their place.

    Parameters
    ----------
    **settings : fields of `SpikingConfig`

    Returns
    -------
    SpikingConfig
        The settings.

    Raises
    ------
    ValueError
        For a name there is not, and for values that cannot be.
    """
    names = SpikingConfig.__dataclass_fields__
    unknown = sorted(set(settings) - set(names))
    if unknown:
        raise ValueError(f"{unknown[0]}: no such setting; there are {', '.join(names)}")
    return SpikingConfig(**{"N": 200, **settings})


class Responses(NamedTuple):
    """Outputs of a block of trials.

    Parameters
    ----------
    maximum, minimum : extremes in the response window, (n_trials,)
    output : samples every 5 ms, (n_trials, n_samples)
    time_s : their times
    """

    maximum: np.ndarray
    minimum: np.ndarray
    output: np.ndarray
    time_s: np.ndarray


class AbstractSpikingRNN(ABC):
    """What a task can evaluate: anything that simulates a trial. A subclass needs `simulate` alone.

    Parameters
    ----------
    config : its settings
    """

    def __init__(self, config: SpikingConfig) -> None:
        self.config = config
        self.N = config.N

    @abstractmethod
    def simulate(self, stimulus: np.ndarray, stims: Mapping[str, Any]) -> tuple:
        """One trial.

        Parameters
        ----------
        stimulus : (n_inputs, n_columns), a column per 5 ms
        stims : as in `LIF_network_fnc`

        Returns
        -------
        spikes : (N, n_steps)
        voltages : (n_steps, N), or None
        output : (n_steps,)
        params : dict with dt in s
        """

    def compute_firing_rates(self, spikes: np.ndarray) -> np.ndarray:
        """Mean rates (N,) in Hz of spikes (N, n_steps)."""
        duration_s = np.shape(spikes)[1] * self.config.dt * self.config.downsample
        return np.asarray(spikes).sum(axis=1) / duration_s

    def respond(self, stimuli: np.ndarray, onset_ms: float, seed: int) -> Responses:
        """Simulate a block of trials.

        Parameters
        ----------
        stimuli : (n_trials, n_inputs, n_columns), a column per 5 ms
        onset_ms : where the response window opens; it lasts to the end
        seed : for networks that draw their noise from `rate2spike`; here `simulate` decides

        Returns
        -------
        Responses
            Of all trials.
        """
        maxima, minima, samples = [], [], []
        for stimulus in stimuli:
            _, _, output, params = self.simulate(stimulus, NO_STIMULATION)
            output, dt_s = np.ravel(output), params["dt"]
            window = output[response_step(onset_ms, dt_s) :]
            maxima.append(window.max())
            minima.append(window.min())
            steps_per_sample = round(RATE_STEP_MS / MS / dt_s)
            samples.append(output[steps_per_sample - 1 :: steps_per_sample])
        return _responses(np.array(maxima), np.array(minima), np.stack(samples))


def _responses(maximum, minimum, output) -> Responses:
    """With the times of the samples."""
    time_s = RATE_STEP_MS / MS * np.arange(1, output.shape[1] + 1)
    return Responses(maximum, minimum, output, time_s)


class SpikingRNN(AbstractSpikingRNN):
    """The spiking network of a rate model, such as `SpikingRNN("model.mat", 50)`.

    Parameters
    ----------
    model_path : a .mat file, or the dict of its keys
    scaling_factor : 1/lambda; by default that of `config`, or the one that a search found for the
        model: in the converted model beside it, or in the file itself. Factor and offset of the
        output (keys output_factor, output_offset) and the gains of the units (unit_gain, unit_bias)
        are those of the same file, of model_path where the factor is given
    config : neuron, step, initial weights

    Raises
    ------
    ValueError
        For a file, a factor or settings that do not fit.
    """

    def __init__(
        self,
        model_path: str | os.PathLike | Mapping,
        scaling_factor: float | None = None,
        config: SpikingConfig | None = None,
    ):
        self.model = _load(model_path)
        n_units = self.model.n_units
        if scaling_factor is None and config is None:
            choice = chosen(model_path)
            scaling_factor = choice.scaling_factor
            self.model = replace(
                self.model,
                output_factor=choice.output_factor,
                output_offset=choice.output_offset,
                unit_gains=choice.unit_gains,
            )
        elif scaling_factor is None:
            scaling_factor = config.scaling_factor
        scaling_factor = factor_of(scaling_factor)
        check_factor(scaling_factor)
        config = config or SpikingConfig(N=n_units, scaling_factor=float(scaling_factor))
        if n_units != config.N:
            raise ValueError(f"config.N: expected the {n_units} units of the model, got {config.N}")
        super().__init__(config)
        self.network = to_spiking(
            self.model,
            scaling_factor,
            initial_weights=config.use_initial_weights,
            neuron=config.neuron,
        )

    def simulate(
        self, stimulus, stims: Mapping[str, Any] = NO_STIMULATION, *, seed: int | None = None
    ) -> tuple:
        """One trial.

        Parameters
        ----------
        stimulus : (n_inputs, n_columns), a column per 5 ms
        stims : as in `LIF_network_fnc`
        seed : same seed, same bits

        Returns
        -------
        spikes : (N, n_steps), 0 or 1
        voltages : (n_steps, N), mV
        output : (n_steps,)
        params : the dict of `LIF_network_fnc`
        """
        recording = _record(
            self.network,
            stimulus,
            stims,
            downsample=self.config.downsample,
            seed=new_seed(seed),
        )
        params = _params(self.network, recording, self.model)
        return recording.spikes.astype(np.int64), recording.v.T, recording.out, params

    def respond(self, stimuli, onset_ms: float, seed: int) -> Responses:
        """Simulate a block of trials in one call of the kernel; see `AbstractSpikingRNN.respond`.
        seed keys the noise."""
        step_s = spiking.STEP_S * self.config.downsample
        summary = spiking_kernels(self.config.device).simulate_trials(
            self.network,
            stimuli,
            trials=np.arange(len(stimuli)),
            stream=streams.key(seed, "evaluate"),
            first_step=response_step(onset_ms, step_s),
            downsample=self.config.downsample,
            keep_every=SPIKING_STEPS_PER_RATE_STEP // self.config.downsample,
            threads=os.cpu_count() or 1,
        )
        return _responses(summary.maximum, summary.minimum, summary.out)
