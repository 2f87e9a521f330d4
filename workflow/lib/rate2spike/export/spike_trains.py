"""Recordings of either kind as spike trains and samples in seconds: what the writers of files and
the statistics start from.

A recording is what `networks.simulate` returns, or trials of a converted network
(`spiking.TrialRecording`, one or a sequence of them, as from `spiking.simulate_trial`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from .. import extras
from ..networks.recording import Recording
from ..spiking.converted import TrialRecording


def needed(package: str) -> ModuleType:
    """The package, imported; raises ModuleNotFoundError saying how to install it."""
    return extras.needed(package, "export")


class SpikesInSeconds(NamedTuple):
    """One simulation, times in s from its begin.

    Parameters
    ----------
    spike_unit, spike_time_s : unit and time of each spike
    samples : by name, (n_samples, n_columns), sample i at (i + 1) * sample_step_s
    sample_step_s : from sample to sample
    duration_s : of the simulation
    step_s : step of the simulation, None where unknown
    """

    spike_unit: np.ndarray
    spike_time_s: np.ndarray
    samples: Mapping[str, np.ndarray]
    sample_step_s: float
    duration_s: float
    step_s: float | None

    def trains(self, n_units: int) -> list[np.ndarray]:
        """Spike times of each unit, in order."""
        return [np.sort(self.spike_time_s[self.spike_unit == unit]) for unit in range(n_units)]


def simulations_of(
    recording, variables: Sequence[str] | None, tau_s: float | None
) -> tuple[list[SpikesInSeconds], int]:
    """The simulations of a recording of either kind and the number of units. Arguments as in
    `neo_nwb.to_neo`."""
    if isinstance(recording, Recording):
        return _from_recording(recording, variables, tau_s), recording.n_units
    trials = [recording] if isinstance(recording, TrialRecording) else list(recording)
    n_units = _n_units(trials)
    _second(tau_s, "s")
    sampled = ("out",) if variables is None else variables
    return [_from_trial(trial, sampled) for trial in trials], n_units


def _n_units(trials: Sequence) -> int:
    """The number of units of all trials; raises TypeError where they are no trials of one
    network."""
    units_or_types = set()
    for trial in trials:
        is_trial = isinstance(trial, TrialRecording)
        units_or_types.add(trial.spikes.shape[0] if is_trial else type(trial).__name__)
    n_units = next(iter(units_or_types), None)
    if len(units_or_types) != 1 or not isinstance(n_units, int):
        shown = ", ".join(sorted(map(str, units_or_types))) or "none"
        raise TypeError(
            "recording: expected a Recording or TrialRecordings of one network; "
            f"got (units or type) {shown}"
        )
    return n_units


def _from_recording(
    recording: Recording, variables: Sequence[str] | None, tau_s: float | None
) -> list[SpikesInSeconds]:
    second = _second(tau_s, recording.time_unit)
    if not recording.spikes_recorded:
        raise ValueError(
            "recording: expected spikes in it, got none recorded; "
            'add "spikes" to simulate\'s `record`'
        )
    names = list(recording.data) if variables is None else variables
    is_batch = recording.n_simulations is not None
    simulations = []
    for i in range(recording.n_simulations if is_batch else 1):
        samples = {name: recording[name][i] if is_batch else recording[name] for name in names}
        own = recording.spike_simulation == i
        simulations.append(
            SpikesInSeconds(
                spike_unit=recording.spike_unit[own],
                spike_time_s=_since_start(recording, own) * second,
                samples=samples,
                sample_step_s=recording.sample_step * second,
                duration_s=recording.duration * second,
                step_s=None if recording.step is None else recording.step * second,
            )
        )
    return simulations


def _since_start(recording: Recording, chosen: np.ndarray) -> np.ndarray:
    """Times of the chosen spikes from the begin of the recording."""
    times = recording.spike_time[chosen]
    if recording.start == 0:
        return times
    # by rounding, the time of the last step less `start` may be just above the duration
    return np.minimum(times - recording.start, recording.duration)


def _from_trial(trial: TrialRecording, variables: Sequence[str]) -> SpikesInSeconds:
    allowed = ("out", "v", "rates", "ipsc")
    n_steps = trial.spikes.shape[1]
    samples = {}
    for name in variables:
        if name not in allowed:
            raise KeyError(f"variables: expected any of {', '.join(allowed)}; got {name!r}")
        samples[name] = getattr(trial, name).T.reshape(n_steps, -1)
    step, unit = np.nonzero(trial.spikes.T)
    return SpikesInSeconds(
        spike_unit=unit,
        spike_time_s=trial.dt * (step + 1),
        samples=samples,
        sample_step_s=trial.dt,
        duration_s=trial.dt * n_steps,
        step_s=trial.dt,
    )


def _second(tau_s: float | None, time_unit: str) -> float:
    """How many seconds a time unit lasts."""
    if time_unit == "s":
        if tau_s is not None:
            raise ValueError(
                f"tau_s: expected none, since the recording is in s already; got {tau_s!r}"
            )
        return 1.0
    if tau_s is None:
        raise ValueError(
            f"the recording's time is in units of {time_unit}: "
            "say how many seconds one is, for example tau_s=0.01"
        )
    is_number = isinstance(tau_s, int | float | np.number) and not isinstance(tau_s, bool)
    if not is_number or not (np.isfinite(tau_s) and tau_s > 0):
        raise ValueError(f"tau_s: expected a duration > 0 s, got {tau_s!r}")
    return float(tau_s)


def single_trials(example: Mapping[str, np.ndarray], step_s: float | None = None) -> Recording:
    """The trials that an example recording of the workflow (results/examples) has whole.

    Parameters
    ----------
    example : the arrays of the file by name
    step_s : step of the simulation (s), which the file does not say

    Returns
    -------
    Recording
        Their spikes, and "out" every 5 ms. Trial i is of kind `single_kind[i]` and label
        `single_label[i]`.
    """
    sample_step_s = float(example["time_s"][0])
    n_trials, n_samples = example["single_out"].shape
    last_spike_s = example["spike_time_s"].max(initial=0.0)
    return Recording(
        data={"out": example["single_out"][:, :, None]},
        sample_step=sample_step_s,
        n_units=len(example["inhibitory"]),
        time_unit="s",
        spike_simulation=example["spike_trial"],
        spike_unit=example["spike_unit"],
        spike_time=example["spike_time_s"],
        n_simulations=n_trials,
        # by rounding, n 5 ms are not always 100 n steps
        duration=max(n_samples * sample_step_s, last_spike_s),
        step=step_s,
    )
