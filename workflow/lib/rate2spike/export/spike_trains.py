"""Recordings of either kind as spike trains and samples in seconds: what the writers of files and
the statistics start from.

A recording is what `networks.simulate` returns, or trials of a converted network
(`spiking.TrialRecording`, one or a sequence of them, as from `spiking.simulate_trial`).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from ..networks.recording import Recording
from ..spiking.converted import TrialRecording


def needed(package: str) -> ModuleType:
    """The package, imported; raises ModuleNotFoundError saying how to install it."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.split(".")[0]:
            raise
        message = f"{error.name} is not installed: pip install -c constraints.txt -e '.[export]' in the folder of the repository"
        raise ModuleNotFoundError(
            f"{message} (or: pip install {error.name})", name=error.name
        ) from error


class Simulation(NamedTuple):
    """One simulation, times in s: spikes (unit, time), samples (n_samples, n_columns) by name,
    sample i at (i + 1) * sample_step_s."""

    spike_unit: np.ndarray
    spike_time_s: np.ndarray
    samples: Mapping[str, np.ndarray]
    sample_step_s: float
    duration_s: float

    def trains(self, n_units: int) -> list[np.ndarray]:
        """Spike times of each unit, in order."""
        return [np.sort(self.spike_time_s[self.spike_unit == unit]) for unit in range(n_units)]


def simulations_of(
    recording, variables: Sequence[str] | None, tau_s: float | None
) -> tuple[list[Simulation], int]:
    """The simulations of a recording of either kind and the number of units."""
    if isinstance(recording, Recording):
        return _of_recording(recording, variables, tau_s), recording.n_units
    trials = [recording] if isinstance(recording, TrialRecording) else list(recording)
    sizes = {
        trial.spikes.shape[0] if isinstance(trial, TrialRecording) else type(trial).__name__
        for trial in trials
    }
    if len(sizes) != 1 or not isinstance(next(iter(sizes)), int):
        found = ", ".join(sorted(map(str, sizes))) or "none"
        raise TypeError(
            f"recording: expected a Recording or TrialRecordings of one network; got (units or type) {found}"
        )
    _second(tau_s, "s")
    return [
        _of_trial(trial, ("out",) if variables is None else variables) for trial in trials
    ], sizes.pop()


def _of_recording(
    recording: Recording, variables: Sequence[str] | None, tau_s: float | None
) -> list[Simulation]:
    second = _second(tau_s, recording.time_unit)
    if not recording.spikes_recorded:
        raise ValueError(
            'recording: expected spikes in it, got none recorded; add "spikes" to simulate\'s `record`'
        )
    names = list(recording.data) if variables is None else variables
    batched, simulations = recording.n_simulations is not None, []
    for i in range(recording.n_simulations if batched else 1):
        of_this = recording.spike_simulation == i
        samples = {name: recording[name][i] if batched else recording[name] for name in names}
        unit, time_s = recording.spike_unit[of_this], recording.spike_time[of_this] * second
        simulations.append(
            Simulation(
                unit, time_s, samples, recording.sample_step * second, recording.duration * second
            )
        )
    return simulations


def _of_trial(trial: TrialRecording, variables: Sequence[str]) -> Simulation:
    allowed = ("out", "v", "rates", "ipsc")
    if unknown := [name for name in variables if name not in allowed]:
        raise KeyError(f"variables: expected any of {', '.join(allowed)}; got {unknown[0]!r}")
    step, unit = np.nonzero(trial.spikes.T)
    samples = {
        name: getattr(trial, name).T.reshape(trial.spikes.shape[1], -1) for name in variables
    }
    return Simulation(
        unit, trial.dt * (step + 1), samples, trial.dt, trial.dt * trial.spikes.shape[1]
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
            f"the recording's time is in units of {time_unit}: say how many seconds one is, for example tau_s=0.01"
        )
    if (
        isinstance(tau_s, bool)
        or not isinstance(tau_s, int | float | np.number)
        or not (np.isfinite(tau_s) and tau_s > 0)
    ):
        raise ValueError(f"tau_s: expected a duration > 0 s, got {tau_s!r}")
    return float(tau_s)


def single_trials(example: Mapping[str, np.ndarray]) -> Recording:
    """The trials that an example recording of the workflow (results/examples) has whole: their
    spikes, and "out" every 5 ms.

    Trial i is of kind `single_kind[i]` and label `single_label[i]`.
    """
    step_s, (n_trials, n_samples) = float(example["time_s"][0]), example["single_out"].shape
    return Recording(
        data={"out": example["single_out"][:, :, None]},
        sample_step=step_s,
        n_units=len(example["inhibitory"]),
        time_unit="s",
        spike_simulation=example["spike_trial"],
        spike_unit=example["spike_unit"],
        spike_time=example["spike_time_s"],
        n_simulations=n_trials,
        duration=max(
            n_samples * step_s, example["spike_time_s"].max(initial=0.0)
        ),  # by rounding, n 5 ms are not always 100 n steps
    )
