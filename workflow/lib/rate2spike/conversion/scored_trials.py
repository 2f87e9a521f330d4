"""Spiking trials of converted networks and whether they are right: the search for the scaling
factor, and fresh trials.

A shard is (block of networks, one scaling factor): the unit of work of a simulation job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .. import spiking, streams
from ..config import SPIKING_STEPS_PER_RATE_STEP, NeuronConfig
from ..devices import device_of
from ..rate.model import RateModel
from ..spiking.kernels.pick import spiking_kernels
from ..tasks.task import Response, Task, Trials, draw_trials, first_response_step, spiking_stimulus
from .scaling import to_spiking


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
    return streams.key(
        simulation.study_seed, simulation.purpose + " noise", network, scaling_factor
    )


def trials_of(simulation: Simulation, network: str, scaling_factor: float, numbers) -> Trials:
    """The trials of a network at a factor, by their numbers."""
    return draw_trials(
        simulation.task,
        simulation.study_seed,
        simulation.purpose,
        (network, scaling_factor),
        numbers,
    )


def run_trials(
    simulation: Simulation,
    model: RateModel,
    network: str,
    scaling_factor: float,
    trials: Trials,
    numbers,
    **keep,
) -> tuple:
    """Simulate `trials`, whose noise is keyed by `numbers`, with the kernel of the device; `keep`
    goes to the kernel."""
    converted = to_spiking(model, scaling_factor, neuron=simulation.neuron)
    dt_s = spiking.STEP_S * simulation.downsample
    return spiking_kernels(simulation.device).simulate_trials(
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

    `network` names the random stream; the same name, factor and trial give the same row whatever
    else runs beside it.
    """
    return score_networks(simulation, {network: model}, {network: scaling_factor}, n_trials)[
        network
    ]


def score_networks(
    simulation: Simulation,
    models: Mapping[str, RateModel],
    scaling_factors: Mapping[str, float],
    n_trials: int,
) -> dict[str, Mapping[str, np.ndarray]]:
    """`score_network` for each network by name, at its factor; on a GPU all of them at once."""
    numbers = np.arange(n_trials)
    trials = {name: trials_of(simulation, name, scaling_factors[name], numbers) for name in models}
    if models and device_of(simulation.device) == "cuda":
        summaries = {}
        for alike in _by_size(models):  # models from elsewhere may be of several sizes
            summaries |= _run_together(simulation, alike, scaling_factors, trials, numbers)
    else:
        summaries = {
            n: run_trials(simulation, m, n, scaling_factors[n], trials[n], numbers)
            for n, m in models.items()
        }
    return {
        n: _rows(simulation.task, n, scaling_factors[n], trials[n], summaries[n]) for n in models
    }


def _by_size(models: Mapping[str, RateModel]) -> list[dict[str, RateModel]]:
    groups: dict[int, dict[str, RateModel]] = {}
    for name, model in models.items():
        groups.setdefault(model.n_units, {})[name] = model
    return list(groups.values())


def _run_together(simulation: Simulation, models, scaling_factors, trials, numbers) -> dict:
    summaries = spiking_kernels(simulation.device).simulate_networks(
        [
            to_spiking(model, scaling_factors[name], neuron=simulation.neuron)
            for name, model in models.items()
        ],
        np.stack([spiking_stimulus(trials[name].stimulus) for name in models]),
        trials=numbers,
        keys=[stream_of(simulation, name, scaling_factors[name]) for name in models],
        first_step=first_response_step(simulation.task, spiking.STEP_S * simulation.downsample),
        downsample=simulation.downsample,
    )
    return dict(zip(models, summaries, strict=True))


def _rows(
    task: Task, network: str, scaling_factor: float, trials: Trials, summary
) -> Mapping[str, np.ndarray]:
    n_trials = len(trials.label)
    if not np.isfinite(summary.maximum).all():
        raise FloatingPointError(
            f"{network} at scaling factor {scaling_factor:g}: the simulation diverged (output not finite)"
        )
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
