"""Spiking trials of converted networks and whether they are right: the search for the scaling
factor, and fresh trials.

A shard is (block of networks, one scaling factor); a simulation job carries one or more of them.
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
    """What a set of spiking trials shares besides network and factor.

    Parameters
    ----------
    task : what is asked, and when it is right
    study_seed : keys all random numbers
    purpose : names the random stream: search, held out, figure
    neuron : constants of the spiking units
    downsample : steps of 5e-5 s in a step
    device : cpu, cuda or auto
    threads : cores of the CPU
    """

    task: Task
    study_seed: int
    purpose: str = "search"
    neuron: NeuronConfig = NeuronConfig()
    downsample: int = 1
    device: str = "auto"
    threads: int = 1


def steps_kept(simulation: Simulation) -> int:
    """Spiking steps in the 5 ms between two recorded samples."""
    return SPIKING_STEPS_PER_RATE_STEP // simulation.downsample


def stream_of(simulation: Simulation, network: str, scaling_factor: float) -> streams.Key:
    """The random stream of the noise of a network's trials."""
    purpose = simulation.purpose + " noise"
    return streams.key(simulation.study_seed, purpose, network, scaling_factor)


def trials_of(simulation: Simulation, network: str, scaling_factor: float, numbers) -> Trials:
    """The trials of a network at a factor, by their numbers."""
    stream_words = (network, scaling_factor)
    return draw_trials(
        simulation.task, simulation.study_seed, simulation.purpose, stream_words, numbers
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
    """Simulate `trials` with the kernel of the device.

    Parameters
    ----------
    simulation : what the trials share
    model : the rate network
    network : its name, which keys the noise
    scaling_factor : 1/lambda, keys the noise, too
    trials : as from `trials_of`
    numbers : of the trials, (n_trials,), which key the noise of each
    **keep : keep_every, keep_rates: see `simulate_trials` of the kernel

    Returns
    -------
    TrialSummary
        Extremes of the output and numbers of spikes, and what `keep` asks for.
    """
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
    """Columns of the per-trial table for one network at one scaling factor.

    The same name, factor and trial give the same row whatever else runs beside it.

    Parameters
    ----------
    simulation : what the trials share
    model : the rate network
    network : its name, which keys the random numbers
    scaling_factor : 1/lambda
    n_trials : trials 0 to n_trials - 1 are simulated

    Returns
    -------
    Mapping
        Column -> (n_trials,): network, scaling_factor, trial, label, kind, output_max, output_min,
        n_spikes, correct (published scoring), correct_strict.

    Raises
    ------
    FloatingPointError
        Where the simulation diverged: a failed trial is no wrong answer.
    """
    rows = score_networks(simulation, {network: model}, {network: scaling_factor}, n_trials)
    return rows[network]


def score_networks(
    simulation: Simulation,
    models: Mapping[str, RateModel],
    scaling_factors: Mapping[str, float],
    n_trials: int,
) -> dict[str, Mapping[str, np.ndarray]]:
    """`score_network` for each network, on a GPU all of them at once.

    Parameters
    ----------
    simulation : what the trials share
    models : the rate networks by name
    scaling_factors : 1/lambda of each, by name
    n_trials : of each network

    Returns
    -------
    dict
        Name -> columns, as `score_network` has them.

    Raises
    ------
    FloatingPointError
        Where a simulation diverged.
    """
    numbers = np.arange(n_trials)
    trials = {name: trials_of(simulation, name, scaling_factors[name], numbers) for name in models}
    summaries = {}
    if models and device_of(simulation.device) == "cuda":
        for alike in _by_size(models):  # models from elsewhere may be of several sizes
            summaries |= _run_together(
                simulation, alike, scaling_factors, trials=trials, numbers=numbers
            )
    else:
        for name, model in models.items():
            factor = scaling_factors[name]
            summaries[name] = run_trials(simulation, model, name, factor, trials[name], numbers)
    rows = {}
    for name in models:
        factor = scaling_factors[name]
        rows[name] = _rows(
            simulation.task, name, factor, trials=trials[name], summary=summaries[name]
        )
    return rows


def _by_size(models: Mapping[str, RateModel]) -> list[dict[str, RateModel]]:
    """The models in groups of one number of units each."""
    groups: dict[int, dict[str, RateModel]] = {}
    for name, model in models.items():
        groups.setdefault(model.n_units, {})[name] = model
    return list(groups.values())


def _run_together(
    simulation: Simulation,
    models: Mapping[str, RateModel],
    scaling_factors: Mapping[str, float],
    *,
    trials: Mapping[str, Trials],
    numbers: np.ndarray,
) -> dict:
    """Name -> summary of the trials of networks of one size, all of them at once."""
    converted, stimuli, keys = [], [], []
    for name, model in models.items():
        factor = scaling_factors[name]
        converted.append(to_spiking(model, factor, neuron=simulation.neuron))
        stimuli.append(spiking_stimulus(trials[name].stimulus))
        keys.append(stream_of(simulation, name, factor))
    summaries = spiking_kernels(simulation.device).simulate_networks(
        converted,
        np.stack(stimuli),
        trials=numbers,
        keys=keys,
        first_step=first_response_step(simulation.task, spiking.STEP_S * simulation.downsample),
        downsample=simulation.downsample,
    )
    return dict(zip(models, summaries, strict=True))


def _rows(
    task: Task, network: str, scaling_factor: float, *, trials: Trials, summary
) -> Mapping[str, np.ndarray]:
    """The columns of the per-trial table; an output that is not finite is an error, no score."""
    n_trials = len(trials.label)
    if not np.isfinite(summary.maximum).all():
        raise FloatingPointError(
            f"{network} at scaling factor {scaling_factor:g}: "
            "the simulation diverged (output not finite)"
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
