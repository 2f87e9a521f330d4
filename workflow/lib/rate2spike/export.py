"""Spikes for the tools of others: Neo, NWB, and statistics through Elephant (`pip install -e '.[export]'`).

A recording is what `networks.simulate` returns, or trials of a converted network (`spiking.TrialRecording`, one or a sequence of
them, as from `spiking.simulate_trial`). The converted network itself goes into a NIR file: see `nir_file`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .files import replacing
from .recording import Recording
from .spiking import TrialRecording

LIF_UNITS = {"v": "mV", "ipsc": "mV", "r": "Hz", "rates": "Hz"}  # of the converted networks; what is not named has none
GAP_S = 1.0  # between simulations in an NWB file, which has one clock
STATISTICS = ("rate_hz", "cv", "cv2", "lv", "fano", "correlation")


def needed(package: str) -> ModuleType:
    """The package, imported; raises ModuleNotFoundError saying how to install it."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.split(".")[0]:
            raise
        message = f"{error.name} is not installed: pip install -c constraints.txt -e '.[export]' in the folder of the repository"
        raise ModuleNotFoundError(f"{message} (or: pip install {error.name})", name=error.name) from error


class _Simulation(NamedTuple):
    """One simulation, times in s: spikes (unit, time), samples (n_samples, n_columns) by name, sample i at
    (i + 1) * sample_step_s."""

    spike_unit: np.ndarray
    spike_time_s: np.ndarray
    samples: Mapping[str, np.ndarray]
    sample_step_s: float
    duration_s: float

    def trains(self, n_units: int) -> list[np.ndarray]:
        """Spike times of each unit, in order."""
        return [np.sort(self.spike_time_s[self.spike_unit == unit]) for unit in range(n_units)]


def _simulations(recording, variables: Sequence[str] | None, tau_s: float | None) -> tuple[list[_Simulation], int]:
    """The simulations of a recording of either kind and the number of units."""
    if isinstance(recording, Recording):
        return _of_recording(recording, variables, tau_s), recording.n_units
    trials = [recording] if isinstance(recording, TrialRecording) else list(recording)
    sizes = {trial.spikes.shape[0] if isinstance(trial, TrialRecording) else type(trial).__name__ for trial in trials}
    if len(sizes) != 1 or not isinstance(next(iter(sizes)), int):
        found = ", ".join(sorted(map(str, sizes))) or "none"
        raise TypeError(f"recording: expected a Recording or TrialRecordings of one network; got (units or type) {found}")
    _second(tau_s, "s")
    return [_of_trial(trial, ("out",) if variables is None else variables) for trial in trials], sizes.pop()


def _of_recording(recording: Recording, variables: Sequence[str] | None, tau_s: float | None) -> list[_Simulation]:
    second = _second(tau_s, recording.time_unit)
    if not recording.spikes_recorded:
        raise ValueError('recording: expected spikes in it, got none recorded; add "spikes" to simulate\'s `record`')
    names = list(recording.data) if variables is None else variables
    batched, simulations = recording.n_simulations is not None, []
    for i in range(recording.n_simulations if batched else 1):
        of_this = recording.spike_simulation == i
        samples = {name: recording[name][i] if batched else recording[name] for name in names}
        unit, time_s = recording.spike_unit[of_this], recording.spike_time[of_this] * second
        simulations.append(_Simulation(unit, time_s, samples, recording.sample_step * second, recording.duration * second))
    return simulations


def _of_trial(trial: TrialRecording, variables: Sequence[str]) -> _Simulation:
    allowed = ("out", "v", "rates", "ipsc")
    if unknown := [name for name in variables if name not in allowed]:
        raise KeyError(f"variables: expected any of {', '.join(allowed)}; got {unknown[0]!r}")
    step, unit = np.nonzero(trial.spikes.T)
    samples = {name: getattr(trial, name).T.reshape(trial.spikes.shape[1], -1) for name in variables}
    return _Simulation(unit, trial.dt * (step + 1), samples, trial.dt, trial.dt * trial.spikes.shape[1])


def _second(tau_s: float | None, time_unit: str) -> float:
    """How many seconds a time unit lasts."""
    if time_unit == "s":
        if tau_s is not None:
            raise ValueError(f"tau_s: expected none, since the recording is in s already; got {tau_s!r}")
        return 1.0
    if tau_s is None:
        raise ValueError(f"the recording's time is in units of {time_unit}: say how many seconds one is, for example tau_s=0.01")
    if isinstance(tau_s, bool) or not isinstance(tau_s, int | float | np.number) or not (np.isfinite(tau_s) and tau_s > 0):
        raise ValueError(f"tau_s: expected a duration > 0 s, got {tau_s!r}")
    return float(tau_s)


def _cell_types(inhibitory, n_units: int) -> np.ndarray | None:
    if inhibitory is None:
        return None
    inhibitory = np.asarray(inhibitory)
    if inhibitory.shape != (n_units,) or inhibitory.dtype != bool:
        raise ValueError(f"inhibitory: expected bool ({n_units},), got {inhibitory.dtype} {inhibitory.shape}")
    return np.where(inhibitory, "inhibitory", "excitatory")


def to_neo(
    recording,
    *,
    inhibitory=None,
    variables: Sequence[str] | None = None,
    units: Mapping[str, str] = LIF_UNITS,
    tau_s: float | None = None,
    **annotations: Any,
):
    """The recording as a neo.Block: one Segment per simulation or trial, in it a SpikeTrain per unit and what was sampled.

    recording: a `Recording` or one or many `TrialRecording`s. inhibitory: bool (n_units,), annotated as cell_type where given.
    variables: the samples that become AnalogSignals: all of a `Recording`, "out" of a trial (which also has v, rates and ipsc,
    each n_units x n_steps), by default. units: of the samples by name, those of the converted network by default; what is not
    named is dimensionless. tau_s: seconds per time unit, for models whose time has none (`QIF`). annotations: of the Block.
    Raises ValueError, TypeError or KeyError saying what does not fit.
    """
    neo, pq = needed("neo"), needed("quantities")
    simulations, n_units = _simulations(recording, variables, tau_s)
    cell_types = _cell_types(inhibitory, n_units)
    block = neo.Block(**annotations)
    for i, simulation in enumerate(simulations):
        segment = neo.Segment(name=f"simulation {i}", index=i)
        for unit, times in enumerate(simulation.trains(n_units)):
            known = {} if cell_types is None else {"cell_type": str(cell_types[unit])}
            train = neo.SpikeTrain(times, units="s", t_stop=simulation.duration_s, name=f"unit {unit}", unit=unit, **known)
            segment.spiketrains.append(train)
        for name, values in simulation.samples.items():
            step = simulation.sample_step_s * pq.s
            unit = units.get(name, "dimensionless")
            signal = neo.AnalogSignal(values, units=unit, sampling_period=step, t_start=step, name=name)
            segment.analogsignals.append(signal)
        block.segments.append(segment)
    return block


def write_nwb(
    path: str | os.PathLike,
    recording,
    *,
    session_description: str,
    identifier: str,
    trials: Mapping[str, Sequence] | None = None,
    inhibitory=None,
    variables: Sequence[str] | None = None,
    units: Mapping[str, str] = LIF_UNITS,
    tau_s: float | None = None,
    **about: Any,
) -> None:
    """Write the recording as one NWB file, whole or not at all: Units (spike times), trials, samples as TimeSeries.

    An NWB file has one clock: simulation k starts 1 s after the end of the one before, at `start_time` of row k of the table of
    trials; spikes and samples are on that clock. There are no electrodes: nothing was recorded with any.
    session_description, identifier: asked for by NWB. trials: further columns of the table of trials, by name, one value per
    simulation (kind, label, correct ...). recording, inhibitory, variables, units, tau_s: as in `to_neo`; of a `TrialRecording`
    "out" alone by default. about: further fields of pynwb.NWBFile; session_start_time, which NWB asks for, is now by default.
    Raises ValueError, TypeError or KeyError saying what does not fit.
    """
    pynwb = needed("pynwb")
    simulations, n_units = _simulations(recording, variables, tau_s)
    starts = np.cumsum([0.0, *(s.duration_s + GAP_S for s in simulations[:-1])])
    about = {"session_start_time": datetime.now(UTC)} | about
    file = pynwb.NWBFile(session_description=session_description, identifier=identifier, **about)
    _add_trials(file, simulations, starts, trials or {})
    _add_units(file, simulations, starts, n_units, _cell_types(inhibitory, n_units))
    for name in simulations[0].samples:
        file.add_acquisition(_time_series(name, simulations, starts, units.get(name, "n/a")))
    with replacing(path) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as io:
        io.write(file)


def _time_series(name: str, simulations: list[_Simulation], starts, unit: str):
    data, timestamps = [], []
    for start, simulation in zip(starts, simulations, strict=True):
        data.append(simulation.samples[name])
        timestamps.append(start + simulation.sample_step_s * np.arange(1, len(data[-1]) + 1))
    data, timestamps = np.concatenate(data), np.concatenate(timestamps)
    return needed("pynwb").TimeSeries(name=name, data=data, unit=unit, timestamps=timestamps)


def _add_trials(file, simulations: list[_Simulation], starts, columns: Mapping[str, Sequence]) -> None:
    for name, values in columns.items():
        if len(values) != len(simulations):
            raise ValueError(f"trials: expected {len(simulations)} values of {name!r}, one per simulation, got {len(values)}")
        file.add_trial_column(name, f"{name} of the simulation")
    for i, (start, simulation) in enumerate(zip(starts, simulations, strict=True)):
        row = {name: values[i] for name, values in columns.items()}
        file.add_trial(start_time=start, stop_time=start + simulation.duration_s, **row)


def _add_units(file, simulations: list[_Simulation], starts, n_units: int, cell_types) -> None:
    if cell_types is not None:
        file.add_unit_column("cell_type", "excitatory or inhibitory")
    intervals = [[start, start + s.duration_s] for start, s in zip(starts, simulations, strict=True)]
    trains = [[start + train for train in s.trains(n_units)] for start, s in zip(starts, simulations, strict=True)]
    for unit in range(n_units):
        known = {} if cell_types is None else {"cell_type": str(cell_types[unit])}
        times = np.concatenate([of_units[unit] for of_units in trains])
        file.add_unit(id=unit, spike_times=times, obs_intervals=intervals, **known)


def single_trials(example: Mapping[str, np.ndarray]) -> Recording:
    """The trials that an example recording of the workflow (results/examples) has whole: their spikes, and "out" every 5 ms.

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


def spike_statistics(recording, *, bin_ms: float, from_ms: float = 0.0, tau_s: float | None = None) -> pd.DataFrame:
    """Statistics of the spikes through Elephant, one number per row: statistic, simulation, unit, other_unit, value.

    rate_hz: mean rate. cv, cv2, lv: of the interspike intervals, NaN with fewer than two of them.
    correlation: Pearson's, of the spike counts of each pair of units in bins of `bin_ms`, [0, bin_ms) and so on, NaN where the
    counts of one do not vary; what is not in a whole bin is left out.
    fano: variance (over n) by mean of a unit's spike counts across the simulations, where there are two or more; simulation is
    then missing, and the value NaN where the unit never spikes. It is the unit's own variability where all had the same stimulus.
    from_ms: leave out what comes before. A converted network starts with most of its units above threshold: they all fire in the
    first step, and counted with it every pair of units is correlated. Bins begin there, too.
    recording, tau_s: as in `to_neo`. Raises ValueError for a bin that does not fit and simulations of different duration.
    """
    block = to_neo(recording, variables=(), tau_s=tau_s)
    durations_ms = sorted({round(1000 * simulation.duration_s, 6) for simulation in _simulations(recording, (), tau_s)[0]})
    if len(durations_ms) > 1:
        shown = ", ".join(f"{ms:g}" for ms in durations_ms)
        raise ValueError(f"recording: expected simulations of one duration, for the Fano factor across them; got {shown} ms")
    if not 0 <= from_ms < durations_ms[0]:
        raise ValueError(f"from_ms: expected a time from 0 to below the duration, {durations_ms[0]:g} ms, got {from_ms!r}")
    longest_ms = durations_ms[0] - from_ms
    if isinstance(bin_ms, bool) or not isinstance(bin_ms, int | float | np.number) or not 0 < bin_ms <= longest_ms:
        raise ValueError(f"bin_ms: expected a duration > 0, up to that of the simulation ({longest_ms:g} ms), got {bin_ms!r}")
    tables = []
    for i, segment in enumerate(block.segments):
        trains = _from(segment, from_ms)
        tables += [table.assign(simulation=i) for table in (_interval_statistics(trains), _correlations(trains, bin_ms))]
    if len(block.segments) > 1:
        tables.append(_fano([_from(segment, from_ms) for segment in block.segments]))
    whole = pd.concat(tables, ignore_index=True).reindex(columns=["statistic", "simulation", "unit", "other_unit", "value"])
    return whole.astype({"simulation": "Int64", "unit": "Int64", "other_unit": "Int64", "value": "float64"})


def _from(segment, from_ms: float) -> list:
    """The spike trains without what comes before."""
    start = from_ms * needed("quantities").ms
    return [train.time_slice(start, train.t_stop) if from_ms else train for train in segment.spiketrains]


def _interval_statistics(trains) -> pd.DataFrame:
    statistics = needed("elephant.statistics")
    rows = []
    for unit, train in enumerate(trains):
        rows.append(("rate_hz", unit, float(statistics.mean_firing_rate(train).rescale("Hz"))))
        intervals = statistics.isi(train.magnitude)
        for name in ("cv", "cv2", "lv"):
            rows.append((name, unit, float(getattr(statistics, name)(intervals)) if len(intervals) > 1 else np.nan))
    return pd.DataFrame(rows, columns=["statistic", "unit", "value"])


def _correlations(trains, bin_ms: float) -> pd.DataFrame:
    pq, conversion = needed("quantities"), needed("elephant.conversion")
    correlate = needed("elephant.spike_train_correlation").correlation_coefficient
    start = trains[0].t_start
    n_bins = int(float((trains[0].t_stop - start).rescale("ms")) / bin_ms + 1e-9)
    trains = [train[train < start + n_bins * bin_ms * pq.ms] for train in trains]
    options = {"bin_size": bin_ms * pq.ms, "n_bins": n_bins, "t_start": start}
    counts = conversion.BinnedSpikeTrain(trains, **options).to_array()
    vary = np.flatnonzero(counts.min(axis=1) < counts.max(axis=1))
    matrix = np.full((len(trains), len(trains)), np.nan)
    if len(vary) > 1:
        matrix[np.ix_(vary, vary)] = correlate(conversion.BinnedSpikeTrain([trains[i] for i in vary], **options))
    unit, other = np.triu_indices(len(trains), 1)
    return pd.DataFrame({"statistic": "correlation", "unit": unit, "other_unit": other, "value": matrix[unit, other]})


def _fano(trains) -> pd.DataFrame:
    """trains: by simulation, by unit."""
    statistics = needed("elephant.statistics")
    values = [statistics.fanofactor(list(across)) for across in zip(*trains, strict=True)]
    return pd.DataFrame({"statistic": "fano", "unit": np.arange(len(values)), "value": values})
