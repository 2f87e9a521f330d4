"""Responses of a spiking network to graded inputs of the integration task, for the state space of
Fig. S5."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import streams
from ..config import RATE_STEP_MS
from ..conversion.scaling import to_spiking
from ..conversion.scored_trials import Simulation, run_trials, steps_kept
from ..rate.model import RateModel
from ..spiking.kernels.pick import spiking_kernels
from ..tasks.built_in import SIGNS
from ..tasks.task import Response, Task, Trials, spiking_stimulus
from . import targeted

# Offsets up to that of the training; the paper gives none
OFFSETS = np.array([-0.5, -0.4, -0.3, -0.2, -0.1, 0.1, 0.2, 0.3, 0.4, 0.5])
REPEATS = 4  # trials of each pair of offsets in each context
BIN_MS = 50  # responses are means of the filtered rates in such bins of the stimulus window
TRIALS_AT_ONCE = 50  # bounds the memory, changes no number
CHOICES = (1, -1)
FEWEST = 5  # correct trials that a mean path needs
TRACE_MS = 1.0  # of the voltages, the largest of every ms is kept: no spike is lost

# The conditions of Fig. S5A as (offset 1, offset 2, context). Those of a pair differ in what names
# it alone: the modality of a pair is the one not cued, and the answer is + throughout.
TRACES = {
    "modality 1 +": (0.5, 0.5, 2),
    f"modality 1 {SIGNS[-1]}": (-0.5, 0.5, 2),
    "modality 2 +": (0.5, 0.5, 1),
    f"modality 2 {SIGNS[-1]}": (0.5, -0.5, 1),
    "context 1": (0.5, 0.5, 1),
    "context 2": (0.5, 0.5, 2),
}


class _Design(NamedTuple):
    """The offsets (n_trials, 2) of both modalities, and the context (n_trials,), 1 or 2: the
    modality to be followed."""

    offsets: np.ndarray
    context: np.ndarray

    @property
    def cued(self) -> np.ndarray:
        """The offset of the modality to be followed, (n_trials,)."""
        return self.offsets[np.arange(len(self.context)), self.context - 1]

    @property
    def answer(self) -> np.ndarray:
        """1 or -1, (n_trials,)."""
        return np.where(self.cued > 0, 1, -1)

    @property
    def variables(self) -> np.ndarray:
        """The columns of `targeted.VARIABLES`, (n_trials, 4): of correct trials, whose choice is
        the answer."""
        context = np.where(self.context == 1, 1, -1)
        return np.column_stack([self.answer, self.offsets / OFFSETS.max(), context])

    def only(self, chosen) -> _Design:
        """The chosen trials alone."""
        return _Design(self.offsets[chosen], self.context[chosen])


def _every_pair() -> _Design:
    """Every pair of offsets in both contexts, REPEATS trials each."""
    first, second, context, _ = np.meshgrid(
        OFFSETS, OFFSETS, (1, 2), np.arange(REPEATS), indexing="ij"
    )
    return _Design(np.stack([first.ravel(), second.ravel()], axis=1), context.ravel())


def selectivity_recordings(
    simulation: Simulation, model: RateModel, network: str, scaling_factor: float
) -> dict[str, np.ndarray]:
    """Record what Fig. S5 draws of one spiking network of an integration task.

    Every pair of ten offsets in both contexts, four trials each with noise as in the task, cut to
    the stimulus window. Correct trials (strict scoring: the output crosses the threshold of its
    answer and not the other, so that the choice is plain) go through `targeted`, and the excitatory
    and the inhibitory unit of the most mixed selectivity are recorded in `TRACES`.

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

    Returns
    -------
    dict of numpy.ndarray
        `offsets`, `n_trials`, `n_correct`; times and bins in s; `paths` (context, modality, offset
        of this modality, choice, 2, n_bins), NaN where fewer than five trials are correct;
        `trace_mv` (n_units, n_traces, n_samples). Where the correct trials do not tell choice,
        modalities and context apart, only the offsets and the numbers of trials.

    Raises
    ------
    ValueError
        The task is not of the form of the integration task.
    FloatingPointError
        The simulation diverged.
    """
    _check_integration(simulation.task)
    simulation = simulation._replace(purpose="selectivity")
    all_trials = _every_pair()
    responses, correct = _responses(simulation, model, network, scaling_factor, all_trials)
    recording = {
        "offsets": OFFSETS,
        "n_trials": np.array(len(correct)),
        "n_correct": np.array(correct.sum()),
    }
    design = all_trials.only(correct)
    if not targeted.tells_apart(design.variables):
        return recording
    responses = responses[correct]
    t = targeted.t_values(responses.mean(axis=2), design.variables)
    units = []
    for population in (~model.inhibitory, model.inhibitory):
        if population.any():
            units.append(targeted.example_unit(t, population))
    units = np.array(units)
    recording |= {"inhibitory": model.inhibitory, "t_values": t, "trace_unit": units}
    recording |= _state_space(responses, design, simulation.task)
    return recording | _voltages(simulation, model, network, scaling_factor, units)


def _check_integration(task: Task) -> None:
    n_windows = len(task.stimulus_windows_ms)
    if task.n_inputs != 4 or set(task.labels) != set(CHOICES) or n_windows != 1:
        raise ValueError(
            f"task {task.name}: expected the form of the integration task: "
            "4 inputs (modalities 1 and 2, contexts 1 and 2), labels 1 and -1, "
            f"one stimulus window; got {task.n_inputs} inputs, labels {list(task.labels)}, "
            f"{n_windows} windows"
        )


def _window(task: Task) -> slice:
    """The 5-ms steps of the stimulus window."""
    onset_ms, end_ms = task.stimulus_windows_ms[0]
    return slice(round(onset_ms / RATE_STEP_MS), round(end_ms / RATE_STEP_MS))


def _stimulus(task: Task, rng: np.random.Generator, offsets, context: int) -> np.ndarray:
    """(4, n_steps): two modalities of unit noise around their offsets in the stimulus window, and
    the context throughout."""
    window = _window(task)
    noise = rng.standard_normal((2, window.stop - window.start))
    stimulus = np.zeros((4, task.n_steps), np.float32)
    stimulus[:2, window] = noise + np.reshape(offsets, (2, 1))
    stimulus[1 + context] = 1
    return stimulus


def _responses(
    simulation: Simulation,
    model: RateModel,
    network: str,
    scaling_factor: float,
    design: _Design,
) -> tuple[np.ndarray, np.ndarray]:
    """Binned rates of the stimulus window (n_trials, n_units, n_bins) float32, smoothed, and which
    trials are correct."""
    task = simulation.task
    n_trials = len(design.context)
    responses = []
    correct = []
    for first in range(0, n_trials, TRIALS_AT_ONCE):
        numbers = np.arange(first, min(first + TRIALS_AT_ONCE, n_trials))
        trials = _trials(simulation, network, scaling_factor, design, numbers)
        summary = run_trials(
            simulation,
            model,
            network,
            scaling_factor,
            trials,
            numbers,
            keep_every=steps_kept(simulation),
            keep_rates=True,
        )
        if not np.isfinite(summary.maximum).all():
            raise FloatingPointError(
                f"{network} at scaling factor {scaling_factor:g}: the simulation diverged"
            )
        response = Response(summary.maximum, summary.minimum)
        correct.append(task.correct_strict(trials.label, response))
        binned = _binned(summary.rates[:, :, _window(task)])
        responses.append(targeted.smoothed(binned, BIN_MS).astype(np.float32))
    return np.concatenate(responses), np.concatenate(correct)


def _trials(
    simulation: Simulation, network: str, scaling_factor: float, design: _Design, numbers
) -> Trials:
    """The trials of these numbers, each from its own stream."""
    task = simulation.task
    stimuli = []
    for i in numbers:
        rng = streams.generator(
            simulation.study_seed, simulation.purpose, network, scaling_factor, i
        )
        stimuli.append(_stimulus(task, rng, design.offsets[i], design.context[i]))
    no_target = np.zeros((len(numbers), task.n_steps))
    return Trials(np.stack(stimuli), no_target, design.answer[numbers], design.context[numbers])


def _binned(rates) -> np.ndarray:
    """Means of rates (..., n_steps) over bins of 50 ms; the rest at the end is left out."""
    steps = round(BIN_MS / RATE_STEP_MS)
    n_bins = rates.shape[-1] // steps
    return rates[..., : n_bins * steps].reshape(*rates.shape[:-1], n_bins, steps).mean(axis=-1)


def _state_space(responses, design: _Design, task: Task) -> dict[str, np.ndarray]:
    """Axes of choice, modalities and context, and the mean paths along choice and modality.

    paths: (context, modality, offset of this modality, choice, 2, n_bins), NaN where fewer than
    five trials are correct; path_trials: (context, modality, offset, choice), the number of correct
    trials.
    """
    z = targeted.z_scored(responses)
    _, condition = np.unique(np.column_stack(design), axis=0, return_inverse=True)
    averages = targeted.condition_averages(z, condition.ravel(), condition.max() + 1)
    coefficients = targeted.regression(z, design.variables)
    targeted_axes = targeted.targeted_axes(coefficients, averages)
    states = targeted.projections(z, targeted_axes.axes)
    shape = (2, len(OFFSETS), len(CHOICES))
    choice = np.where(design.answer == CHOICES[0], 0, 1)
    paths = []
    counts = []
    for m in (0, 1):
        level = np.searchsorted(OFFSETS, design.offsets[:, m])
        group = np.ravel_multi_index((design.context - 1, level, choice), shape)
        count = np.bincount(group, minlength=np.prod(shape)).reshape(shape)
        means = targeted.condition_averages(states[:, [0, 1 + m]], group, np.prod(shape))
        means = means.reshape(*shape, 2, -1)
        paths.append(np.where(count[..., None, None] < FEWEST, np.nan, means))
        counts.append(count)
    onset_ms, _ = task.stimulus_windows_ms[0]
    time_s = (onset_ms + BIN_MS * (np.arange(z.shape[2]) + 0.5)) / 1000
    return {
        "time_s": time_s,
        "axes": targeted_axes.axes,
        "strongest_s": time_s[targeted_axes.strongest],
        "variance_fraction": targeted_axes.variance_fraction,
        "paths": np.stack(paths, axis=1),
        "path_trials": np.stack(counts, axis=1),
    }


def _voltages(
    simulation: Simulation, model: RateModel, network: str, scaling_factor: float, units
) -> dict[str, np.ndarray]:
    """Membrane voltage (mV, 30 at a spike) of the units in `TRACES`, (n_units, n_traces,
    n_samples); the noise of a pair, in the inputs and in the units, is the same."""
    converted = to_spiking(model, scaling_factor, neuron=simulation.neuron)
    stream = streams.key(simulation.study_seed, "selectivity trace noise", network, scaling_factor)
    traces = []
    for i, (offset_1, offset_2, context) in enumerate(TRACES.values()):
        pair = i // 2
        rng = streams.generator(
            simulation.study_seed, "selectivity trace", network, scaling_factor, pair
        )
        u = spiking_stimulus(_stimulus(simulation.task, rng, (offset_1, offset_2), context))
        recording = spiking_kernels(simulation.device).record_trial(
            converted, u, downsample=simulation.downsample, stream=stream, trial=pair
        )
        together = max(1, round(TRACE_MS / 1000 / recording.dt))
        n_samples = recording.v.shape[1] // together
        v = recording.v[units, : n_samples * together]
        traces.append(v.reshape(len(units), n_samples, together).max(axis=2).astype(np.float32))
    return {
        "trace_name": np.array(list(TRACES)),
        "trace_mv": np.stack(traces, axis=1),
        "trace_time_s": together * recording.dt * np.arange(1, n_samples + 1),
    }
