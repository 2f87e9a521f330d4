"""From a rate model to a spiking network, one to one, and the search for the one factor that scales it (paper, Eq. 12).

A shard is (block of networks, one scaling factor): the unit of work of a simulation job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from . import kernels, spiking, streams
from .config import SPIKING_STEPS_PER_RATE_STEP, NeuronConfig
from .devices import device_of
from .mean_field import convert_rate_to_lif_params as convert_rate_to_lif_params  # under this name too
from .rate import RateModel
from .spiking import SpikingNetwork
from .tasks import Response, Task, Trials, draw_trials, first_response_step, spiking_stimulus


def check_factor(scaling_factor: float) -> None:
    """Raise ValueError unless it is a number > 0."""
    is_number = isinstance(scaling_factor, int | float | np.number) and not isinstance(scaling_factor, bool)
    if not (is_number and np.isfinite(scaling_factor) and scaling_factor > 0):
        raise ValueError(f"scaling_factor: expected a number > 0, got {scaling_factor!r}")


def to_spiking(
    model: RateModel, scaling_factor: float, *, initial_weights: bool = False, neuron: NeuronConfig | None = None
) -> SpikingNetwork:
    """The spiking network of `model`: recurrent and readout weights divided by `scaling_factor` (= 1/lambda), input weights kept.

    initial_weights takes the recurrent weights from before training. Float64 whatever the file holds.
    Raises ValueError for a factor that is not a positive number, or when the file holds no initial weights.
    """
    check_factor(scaling_factor)
    if initial_weights and model.initial is None:
        raise ValueError("initial_weights: the model file holds no initial weights (key 'w0')")
    w_rec = (model.initial if initial_weights else model.weights).w_rec.astype(np.float64)
    w_rec = np.maximum(w_rec, 0) if model.config.dale else w_rec
    return SpikingNetwork(
        w_rec=w_rec * model.sign * model.mask / scaling_factor,
        w_in=np.asarray(model.w_in, dtype=np.float64),
        w_out=np.asarray(model.weights.w_out, dtype=np.float64) / scaling_factor,
        tau_decay_ms=model.tau_decay_ms(),
        inhibitory=model.inhibitory,
        scaling_factor=float(scaling_factor),
        neuron=neuron or NeuronConfig(),
    )


class Simulation(NamedTuple):
    """What a set of spiking trials shares besides network and factor."""

    task: Task
    study_seed: int
    purpose: str = "search"  # names the random stream: search, held-out, figure
    neuron: NeuronConfig = NeuronConfig()
    downsample: int = 1
    device: str = "auto"
    threads: int = 1


def steps_kept(simulation: Simulation) -> int:
    """Spiking steps in the 5 ms between two recorded samples."""
    return SPIKING_STEPS_PER_RATE_STEP // simulation.downsample


def stream_of(simulation: Simulation, network: str, scaling_factor: float) -> streams.Key:
    """The random stream of the noise of a network's trials."""
    return streams.key(simulation.study_seed, simulation.purpose + " noise", network, scaling_factor)


def trials_of(simulation: Simulation, network: str, scaling_factor: float, numbers) -> Trials:
    """The trials of a network at a factor, by their numbers."""
    return draw_trials(simulation.task, simulation.study_seed, simulation.purpose, (network, scaling_factor), numbers)


def run_trials(
    simulation: Simulation, model: RateModel, network: str, scaling_factor: float, trials: Trials, numbers, **keep
) -> tuple:
    """Simulate `trials`, whose noise is keyed by `numbers`, with the kernel of the device; `keep` goes to the kernel."""
    converted = to_spiking(model, scaling_factor, neuron=simulation.neuron)
    dt_s = spiking.STEP_S * simulation.downsample
    return kernels.spiking(simulation.device).simulate_trials(
        converted,
        spiking_stimulus(trials.stimulus),
        trials=np.asarray(numbers),
        stream=stream_of(simulation, network, scaling_factor),
        first_step=first_response_step(simulation.task, dt_s),
        downsample=simulation.downsample,
        threads=simulation.threads,
        **keep,
    )


def score_network(
    simulation: Simulation, model: RateModel, network: str, scaling_factor: float, n_trials: int
) -> Mapping[str, np.ndarray]:
    """Columns of the per-trial table, (n_trials,) each, for one network at one scaling factor.

    `network` names the random stream; the same name, factor and trial give the same row whatever else runs beside it.
    """
    return score_networks(simulation, {network: model}, {network: scaling_factor}, n_trials)[network]


def score_networks(
    simulation: Simulation, models: Mapping[str, RateModel], scaling_factors: Mapping[str, float], n_trials: int
) -> dict[str, Mapping[str, np.ndarray]]:
    """`score_network` for each network by name, at its factor; on a GPU all of them at once."""
    numbers = np.arange(n_trials)
    trials = {name: trials_of(simulation, name, scaling_factors[name], numbers) for name in models}
    if models and device_of(simulation.device) == "cuda":
        summaries = {}
        for alike in _by_size(models):  # models from elsewhere may be of several sizes
            summaries |= _run_together(simulation, alike, scaling_factors, trials, numbers)
    else:
        summaries = {n: run_trials(simulation, m, n, scaling_factors[n], trials[n], numbers) for n, m in models.items()}
    return {n: _rows(simulation.task, n, scaling_factors[n], trials[n], summaries[n]) for n in models}


def _by_size(models: Mapping[str, RateModel]) -> list[dict[str, RateModel]]:
    groups: dict[int, dict[str, RateModel]] = {}
    for name, model in models.items():
        groups.setdefault(model.n_units, {})[name] = model
    return list(groups.values())


def _run_together(simulation: Simulation, models, scaling_factors, trials, numbers) -> dict:
    summaries = kernels.spiking(simulation.device).simulate_networks(
        [to_spiking(model, scaling_factors[name], neuron=simulation.neuron) for name, model in models.items()],
        np.stack([spiking_stimulus(trials[name].stimulus) for name in models]),
        trials=numbers,
        keys=[stream_of(simulation, name, scaling_factors[name]) for name in models],
        first_step=first_response_step(simulation.task, spiking.STEP_S * simulation.downsample),
        downsample=simulation.downsample,
    )
    return dict(zip(models, summaries, strict=True))


def _rows(task: Task, network: str, scaling_factor: float, trials: Trials, summary) -> Mapping[str, np.ndarray]:
    n_trials = len(trials.label)
    if not np.isfinite(summary.maximum).all():
        raise FloatingPointError(f"{network} at scaling factor {scaling_factor:g}: the simulation diverged (output not finite)")
    response = Response(summary.maximum, summary.minimum)
    return {
        "network": np.full(n_trials, network),
        "scaling_factor": np.full(n_trials, float(scaling_factor)),
        "trial": np.arange(n_trials),
        "label": trials.label,
        "kind": trials.kind,
        "output_max": summary.maximum,
        "output_min": summary.minimum,
        "n_spikes": summary.spike_counts.sum(axis=1),
        "correct": task.correct_spiking(trials.label, response),
        "correct_strict": task.correct_strict(trials.label, response),
    }


class Choice(NamedTuple):
    """The chosen scaling factor and whether it lies on the edge of the grid, where a better one may lie outside."""

    scaling_factor: float
    on_edge: bool


def choose_factor(scaling_factors: Sequence[float], accuracies: Sequence[float]) -> Choice:
    """The factor of the highest accuracy; ties go to the first in the order of the grid, as published."""
    best = int(np.argmax(accuracies))
    factor = scaling_factors[best]
    return Choice(float(factor), len(scaling_factors) > 1 and factor in (min(scaling_factors), max(scaling_factors)))
