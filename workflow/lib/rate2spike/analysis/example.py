"""Recordings of the example network of a condition: what the figures of single networks are drawn
from, as plain arrays.

`example_recordings` is for every task; `selectivity_recordings` for those of the form of the
integration task (paper, Fig. S5).
"""

from __future__ import annotations

import numpy as np

from .. import spiking, streams
from ..config import RATE_STEP_MS
from ..conversion.scaling import to_spiking
from ..conversion.scored_trials import Simulation, run_trials, steps_kept
from ..rate.kernels.pick import rate_kernels
from ..rate.model import RateModel
from ..tasks.task import Trials, draw_trials, spiking_stimulus

FIGURE_FACTORS = (1.0, 10.0)  # beside the chosen one in Fig. 2B
TRIALS_OF_EACH = 50  # as in Figs. 1B, 2B, 4C, S3, S4 and S7


def example_recordings(
    simulation: Simulation,
    model: RateModel,
    network: str,
    scaling_factor: float,
    *,
    per: str = "label",
) -> dict[str, np.ndarray]:
    """Everything the example figures draw of one network (Figs. 1, 2, 4, S1-S4, S6, S7), as plain
    arrays.

    The same trials run through the rate network and, at factors 1, 10 and the chosen one, through
    the spiking network; 50 of each label or, with per="kind", of each kind of trial. One trial of
    each kind is recorded whole with the float64 reference. Times in s; sampled every 5 ms. Raises
    ValueError where a label never comes.
    """
    simulation = simulation._replace(purpose="figure")
    trials, numbers = _balanced(simulation, network, per)
    factors = [f for f in FIGURE_FACTORS if f != scaling_factor] + [float(scaling_factor)]
    outs = []
    for factor in factors:
        at_chosen = factor == scaling_factor
        kept = {"keep_every": steps_kept(simulation), "keep_rates": at_chosen}
        summary = run_trials(simulation, model, network, factor, trials, numbers, **kept)
        outs.append(summary.out)
    rate = _rate_trace(simulation, model, network, trials)
    labels = np.array(list(simulation.task.labels))
    return {
        "network": np.array(network),
        "label": trials.label,
        "kind": trials.kind,
        "inhibitory": model.inhibitory,
        "som": _som(model),
        "tau_decay_ms": model.tau_decay_ms(),
        "scaling_factors": np.array(factors),
        "time_s": RATE_STEP_MS / 1000 * np.arange(1, simulation.task.n_steps + 1),
        "rate_out": rate.o,  # (n_trials, n_steps - 1), output i at time_s[i]
        "spiking_out": np.stack(outs),  # (n_factors, n_trials, n_steps)
        "rate_population": np.stack(
            [rate.r[trials.label == x].mean(axis=0).T for x in labels]
        ),  # (n_labels, n_units, n_steps)
        "spiking_population": np.stack(
            [summary.rates[trials.label == x].mean(axis=0) for x in labels]
        ),
        **_single_trials(simulation, model, network, scaling_factor, trials, rate.r),
    }


def _balanced(simulation: Simulation, network: str, per: str) -> tuple[Trials, np.ndarray]:
    """The first 50 trials of each label or kind of the figure stream, and their numbers."""
    if per not in ("label", "kind"):
        raise ValueError(f"per: expected label or kind, got {per!r}")
    task, n_candidates = (
        simulation.task,
        16 * TRIALS_OF_EACH,
    )  # twice what eight kinds of equal chance need
    candidates = draw_trials(
        task, simulation.study_seed, simulation.purpose, (network, 0), range(n_candidates)
    )
    for label, name in task.labels.items():
        if not (candidates.label == label).any():
            raise ValueError(
                f"task {task.name}: {name} (label {label}) never came in {n_candidates} trials"
            )
    groups, values = (
        (candidates.label, task.labels)
        if per == "label"
        else (candidates.kind, np.unique(candidates.kind))
    )
    chosen = np.concatenate([np.flatnonzero(groups == value)[:TRIALS_OF_EACH] for value in values])
    return Trials(*(field[chosen] for field in candidates)), chosen


def _som(model: RateModel) -> np.ndarray:
    """(n_units,) bool: the inhibitory units that no inhibitory unit may connect to (SOM, drawn as
    SST in Fig. S3)."""
    return model.inhibitory & ~model.mask[:, model.inhibitory].any(axis=1)


def _rate_trace(simulation: Simulation, model: RateModel, network: str, trials: Trials):
    kernel, noise = (
        rate_kernels(simulation.device),
        streams.key(simulation.study_seed, "figure rate noise", network),
    )
    return kernel.outputs(
        model, model.weights, trials.stimulus, stream=noise, first_trial=0, keep=True
    )


def _single_trials(
    simulation, model, network: str, scaling_factor: float, trials: Trials, rate_r
) -> dict[str, np.ndarray]:
    """One whole trial of each kind: inputs, output, spikes as (trial, unit, time), rates of both
    networks, mean rates."""
    kinds, first = np.unique(trials.kind, return_index=True)
    converted = to_spiking(model, scaling_factor, neuron=simulation.neuron)
    stream = streams.key(
        simulation.study_seed, "figure single trial noise", network, scaling_factor
    )
    step = steps_kept(simulation)
    out, rates, mean_rates, spikes = [], [], [], []
    for i, k in enumerate(first):  # a recording of 400 units and 2.5 s takes 0.5 GB: one at a time
        u = spiking_stimulus(trials.stimulus[k])
        recording = spiking.simulate_trial(
            converted, u, downsample=simulation.downsample, stream=stream, trial=i
        )
        out.append(recording.out[step - 1 :: step])
        rates.append(
            recording.rates[:, step - 1 :: step].astype(np.float32)
        )  # a copy: a view would keep the whole
        mean_rates.append(recording.mean_rates)
        unit, at = np.nonzero(recording.spikes)
        spikes.append((np.full(len(unit), i), unit, (at + 1) * recording.dt))
    spike_trial, spike_unit, spike_time_s = (
        np.concatenate(parts) for parts in zip(*spikes, strict=True)
    )
    return {
        "single_kind": kinds,
        "single_label": trials.label[first],
        "single_stimulus": trials.stimulus[first],
        "single_out": np.stack(out),
        "single_rate_r": np.stack([rate_r[k].T for k in first]),
        "single_spiking_rates": np.stack(rates),
        "single_mean_rates_hz": np.stack(mean_rates),
        "spike_trial": spike_trial,
        "spike_unit": spike_unit,
        "spike_time_s": spike_time_s,
    }
