"""Recordings of the example network of a condition: what the figures of single networks are drawn
from, as plain arrays.

`example_recordings` is for every task. Those for tasks of the form of the integration task (paper,
Fig. S5) are in `selectivity`.
"""

from __future__ import annotations

import numpy as np

from .. import streams
from ..config import RATE_STEP_MS
from ..conversion.scaling import to_spiking
from ..conversion.scored_trials import Simulation, run_trials, steps_kept
from ..rate.kernels.pick import rate_kernels
from ..rate.model import RateModel
from ..spiking.kernels.pick import spiking_kernels
from ..tasks.task import Trials, draw_trials, spiking_stimulus
from .factors import recorded_factors

TRIALS_OF_EACH = 50  # as in Figs. 1B, 2B, 4C, S3, S4 and S7


def example_recordings(
    simulation: Simulation,
    model: RateModel,
    network: str,
    scaling_factor: float,
    *,
    per: str = "label",
) -> dict[str, np.ndarray]:
    """Record all that the example figures draw of one network (Figs. 1, 2, 4, S1-S4, S6, S7).

    The same trials run through the rate network and, at factors 1, 10 and the chosen one, through
    the spiking network. One trial of each kind is recorded whole.

    Parameters
    ----------
    simulation
        Task, seed of the study, neuron, time step and device.
    model
        The trained rate network.
    network
        The name that keys its random numbers.
    scaling_factor
        The factor chosen for it, 1 / lambda.
    per
        "label" or "kind": 50 trials of each label, or of each kind of trial.

    Returns
    -------
    dict of numpy.ndarray
        Times in s, sampled every 5 ms. Factors in `scaling_factors`, see `factors`; outputs
        `rate_out` (n_trials, n_steps - 1), of which output i is at `time_s[i]`, and `spiking_out`
        (n_factors, n_trials, n_steps); mean rates `rate_population` and `spiking_population`
        (n_labels, n_units, n_steps), at the chosen factor; the trials recorded whole in `single_*`
        and `spike_*`.

    Raises
    ------
    ValueError
        A label never comes, or `per` is another word.
    """
    simulation = simulation._replace(purpose="figure")
    trials, numbers = _balanced(simulation, network, per)
    factors = recorded_factors(scaling_factor)
    outs = []
    for factor in factors:
        summary = run_trials(
            simulation,
            model,
            network,
            factor,
            trials,
            numbers,
            keep_every=steps_kept(simulation),
            keep_rates=factor == scaling_factor,
        )
        outs.append(summary.out)
        if factor == scaling_factor:
            spiking_rates = summary.rates
    rate = _rate_trace(simulation, model, network, trials)
    rate_population = []
    spiking_population = []
    for label in simulation.task.labels:
        of_label = trials.label == label
        rate_population.append(rate.r[of_label].mean(axis=0).T)
        spiking_population.append(spiking_rates[of_label].mean(axis=0))
    single = _single_trials(simulation, model, network, scaling_factor, trials, rate.r)
    return {
        "network": np.array(network),
        "label": trials.label,
        "kind": trials.kind,
        "inhibitory": model.inhibitory,
        "som": _som(model),
        "tau_decay_ms": model.tau_decay_ms(),
        "scaling_factors": np.array(factors),
        "time_s": RATE_STEP_MS / 1000 * np.arange(1, simulation.task.n_steps + 1),
        "rate_out": rate.o,
        "spiking_out": np.stack(outs),
        "rate_population": np.stack(rate_population),
        "spiking_population": np.stack(spiking_population),
        **single,
    }


def _balanced(simulation: Simulation, network: str, per: str) -> tuple[Trials, np.ndarray]:
    """The first 50 trials of each label or kind of the figure stream, and their numbers."""
    if per not in ("label", "kind"):
        raise ValueError(f"per: expected label or kind, got {per!r}")
    task = simulation.task
    n_candidates = 16 * TRIALS_OF_EACH  # twice what eight kinds of equal chance need
    candidates = draw_trials(
        task, simulation.study_seed, simulation.purpose, (network, 0), range(n_candidates)
    )
    for label, name in task.labels.items():
        if not (candidates.label == label).any():
            raise ValueError(
                f"task {task.name}: {name} (label {label}) never came in {n_candidates} trials"
            )
    if per == "label":
        groups = candidates.label
        values = list(task.labels)
    else:
        groups = candidates.kind
        values = np.unique(candidates.kind)
    chosen = []
    for value in values:
        chosen.append(np.flatnonzero(groups == value)[:TRIALS_OF_EACH])
    numbers = np.concatenate(chosen)
    return Trials(*(field[numbers] for field in candidates)), numbers


def _som(model: RateModel) -> np.ndarray:
    """(n_units,) bool: the inhibitory units that no inhibitory unit may connect to (SOM, drawn as
    SST in Fig. S3)."""
    return model.inhibitory & ~model.mask[:, model.inhibitory].any(axis=1)


def _rate_trace(simulation: Simulation, model: RateModel, network: str, trials: Trials):
    """Outputs and rates of the rate network at every step of all trials."""
    kernel = rate_kernels(simulation.device)
    noise = streams.key(simulation.study_seed, "figure rate noise", network)
    return kernel.outputs(
        model, model.weights, trials.stimulus, stream=noise, first_trial=0, keep=True
    )


def _single_trials(
    simulation: Simulation,
    model: RateModel,
    network: str,
    scaling_factor: float,
    trials: Trials,
    rate_r: np.ndarray,
) -> dict[str, np.ndarray]:
    """One whole trial of each kind: inputs, output, spikes as (trial, unit, time), rates of both
    networks, mean rates."""
    kinds, first = np.unique(trials.kind, return_index=True)
    converted = to_spiking(model, scaling_factor, neuron=simulation.neuron)
    stream = streams.key(
        simulation.study_seed, "figure single trial noise", network, scaling_factor
    )
    step = steps_kept(simulation)
    out = []
    rates = []
    mean_rates = []
    spike_trial = []
    spike_unit = []
    spike_time_s = []
    for i, k in enumerate(first):  # a recording of 400 units and 2.5 s takes 0.3 GB: one at a time
        u = spiking_stimulus(trials.stimulus[k])
        recording = spiking_kernels(simulation.device).record_trial(
            converted, u, downsample=simulation.downsample, stream=stream, trial=i
        )
        out.append(recording.out[step - 1 :: step])
        # a copy: a view would keep the whole
        rates.append(recording.rates[:, step - 1 :: step].copy())
        mean_rates.append(recording.mean_rates)
        unit, at = np.nonzero(recording.spikes)
        spike_trial.append(np.full(len(unit), i))
        spike_unit.append(unit)
        spike_time_s.append((at + 1) * recording.dt)
    return {
        "single_kind": kinds,
        "single_label": trials.label[first],
        "single_stimulus": trials.stimulus[first],
        "single_out": np.stack(out),
        "single_rate_r": np.stack([rate_r[k].T for k in first]),
        "single_spiking_rates": np.stack(rates),
        "single_mean_rates_hz": np.stack(mean_rates),
        "spike_trial": np.concatenate(spike_trial),
        "spike_unit": np.concatenate(spike_unit),
        "spike_time_s": np.concatenate(spike_time_s),
    }
