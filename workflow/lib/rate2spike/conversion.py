"""From a rate model to a spiking network, one to one, and the search for the one factor that scales it (paper, Eq. 12).

A shard is (block of networks, one scaling factor): the unit of work of a simulation job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from . import kernels, spiking, streams
from .config import RATE_STEP_MS, SPIKING_STEPS_PER_RATE_STEP, NeuronConfig
from .rate import RateModel
from .spiking import SpikingNetwork
from .tasks import Response, Task, Trials, draw_trials, first_response_step, spiking_stimulus


def to_spiking(
    model: RateModel, scaling_factor: float, *, initial_weights: bool = False, neuron: NeuronConfig | None = None
) -> SpikingNetwork:
    """The spiking network of `model`: recurrent and readout weights divided by `scaling_factor` (= 1/lambda), input weights kept.

    initial_weights takes the recurrent weights from before training. Float64 whatever the file holds.
    Raises ValueError for a factor that is not a positive number, or when the file holds no initial weights.
    """
    is_number = isinstance(scaling_factor, (int, float, np.number)) and not isinstance(scaling_factor, bool)
    if not (is_number and np.isfinite(scaling_factor) and scaling_factor > 0):
        raise ValueError(f"scaling_factor: expected a number > 0, got {scaling_factor!r}")
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


def _stream(simulation: Simulation, network: str, scaling_factor: float) -> streams.Key:
    return streams.key(simulation.study_seed, simulation.purpose + " noise", network, scaling_factor)


def _trials(simulation: Simulation, network: str, scaling_factor: float, numbers) -> Trials:
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
        stream=_stream(simulation, network, scaling_factor),
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
    numbers = np.arange(n_trials)
    trials = _trials(simulation, network, scaling_factor, numbers)
    summary = run_trials(simulation, model, network, scaling_factor, trials, numbers)
    if not np.isfinite(summary.maximum).all():
        raise FloatingPointError(f"{network} at scaling factor {scaling_factor:g}: the simulation diverged (output not finite)")
    response = Response(summary.maximum, summary.minimum)
    return {
        "network": np.full(n_trials, network),
        "scaling_factor": np.full(n_trials, float(scaling_factor)),
        "trial": numbers,
        "label": trials.label,
        "kind": trials.kind,
        "output_max": summary.maximum,
        "output_min": summary.minimum,
        "n_spikes": summary.spike_counts.sum(axis=1),
        "correct": simulation.task.correct_spiking(trials.label, response),
        "correct_strict": simulation.task.correct_strict(trials.label, response),
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


FIGURE_FACTORS = (1.0, 10.0)  # beside the chosen one in Fig. 2B
TRIALS_PER_LABEL = 50  # as in Figs. 1B, 2B and 4C


def example_recordings(simulation: Simulation, model: RateModel, network: str, scaling_factor: float) -> dict[str, np.ndarray]:
    """Everything the example figures draw of one network (Figs. 1B, 2B, 4A-C, S1, S2), as plain arrays.

    The same trials run through the rate network and, at factors 1, 10 and the chosen one, through the spiking network; 50 of
    each label. One trial of each kind is recorded whole with the float64 reference. Times in s; sampled every 5 ms.
    """
    simulation = simulation._replace(purpose="figure")
    trials, numbers = _balanced(simulation, network, TRIALS_PER_LABEL)
    factors = [f for f in FIGURE_FACTORS if f != scaling_factor] + [float(scaling_factor)]
    n_kept = SPIKING_STEPS_PER_RATE_STEP // simulation.downsample
    outs = []
    for factor in factors:
        at_chosen = factor == scaling_factor
        summary = run_trials(simulation, model, network, factor, trials, numbers, keep_every=n_kept, keep_rates=at_chosen)
        outs.append(summary.out)
    rate = _rate_trace(simulation, model, network, trials)
    labels = np.array(list(simulation.task.labels))
    time_s = RATE_STEP_MS / 1000 * np.arange(1, simulation.task.n_steps + 1)
    return {
        "network": np.array(network),
        "label": trials.label,
        "inhibitory": model.inhibitory,
        "tau_decay_ms": model.tau_decay_ms(),
        "scaling_factors": np.array(factors),
        "time_s": time_s,
        "rate_out": rate.o,  # (n_trials, n_steps - 1), output i at time_s[i]
        "spiking_out": np.stack(outs),  # (n_factors, n_trials, n_steps)
        "rate_population": np.stack([rate.r[trials.label == x].mean(axis=0).T for x in labels]),  # (n_labels, n_units, n_steps)
        "spiking_population": np.stack([summary.rates[trials.label == x].mean(axis=0) for x in labels]),
        **_single_trials(simulation, model, network, scaling_factor, trials, rate.r),
    }


def _balanced(simulation: Simulation, network: str, n_per_label: int) -> tuple[Trials, np.ndarray]:
    """The first `n_per_label` trials of each label of the figure stream, and their numbers."""
    candidates = _trials(simulation, network, 0, range(8 * n_per_label))
    for label, name in simulation.task.labels.items():
        if not (candidates.label == label).any():
            raise ValueError(f"task {simulation.task.name}: {name} (label {label}) never came in {8 * n_per_label} trials")
    chosen = np.concatenate([np.flatnonzero(candidates.label == x)[:n_per_label] for x in simulation.task.labels])
    return Trials(*(field[chosen] for field in candidates)), chosen


def _rate_trace(simulation: Simulation, model: RateModel, network: str, trials: Trials):
    noise = streams.key(simulation.study_seed, "figure rate noise", network)
    return kernels.rate(simulation.device).outputs(model, model.weights, trials.stimulus, stream=noise, first_trial=0, keep=True)


def _single_trials(simulation, model, network: str, scaling_factor: float, trials: Trials, rate_r) -> dict[str, np.ndarray]:
    """One whole trial of each kind: inputs, output, spikes as (trial, unit, time), rates of both networks, mean rates."""
    kinds, first = np.unique(trials.kind, return_index=True)
    converted = to_spiking(model, scaling_factor, neuron=simulation.neuron)
    every = slice(
        SPIKING_STEPS_PER_RATE_STEP // simulation.downsample - 1, None, SPIKING_STEPS_PER_RATE_STEP // simulation.downsample
    )
    recordings = [
        spiking.simulate(
            converted,
            spiking_stimulus(trials.stimulus[k]),
            downsample=simulation.downsample,
            stream=streams.key(simulation.study_seed, "figure single trial noise", network, scaling_factor),
            trial=i,
        )
        for i, k in enumerate(first)
    ]
    spikes = [np.argwhere(r.spikes) for r in recordings]
    return {
        "single_kind": kinds,
        "single_label": trials.label[first],
        "single_stimulus": trials.stimulus[first],
        "single_out": np.stack([r.out[every] for r in recordings]),
        "single_rate_r": np.stack([rate_r[k].T for k in first]),
        "single_spiking_rates": np.stack([r.rates[:, every] for r in recordings]),
        "single_mean_rates_hz": np.stack([r.mean_rates for r in recordings]),
        "spike_trial": np.concatenate([np.full(len(s), i) for i, s in enumerate(spikes)]),
        "spike_unit": np.concatenate([s[:, 0] for s in spikes]),
        "spike_time_s": np.concatenate([(s[:, 1] + 1) * recordings[0].dt for s in spikes]),
    }
