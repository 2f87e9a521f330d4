"""Spikes for the tools of others: Neo and NWB (`pip install -e '.[export]'`).

The converted network itself goes into a NIR file: see `nir_file`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ..files import replacing
from .spike_trains import SpikesInSeconds, needed, simulations_of

# Of the converted networks; what is not named has none
LIF_UNITS = {"v": "mV", "ipsc": "mV", "r": "Hz", "rates": "Hz"}
GAP_S = 1.0  # between simulations in an NWB file, which has one clock
DESCRIPTIONS = {  # of samples in an NWB file
    "out": "output",
    "v": "voltage of each unit",
    "ipsc": "synaptic current of each unit",
    "rates": "rate of each unit, its filtered spikes",
    "r": "rate of each unit",
}
# NCBI's taxon for what belongs to no species that is known: an NWB file has a subject, of a species
NO_SPECIES = "http://purl.obolibrary.org/obo/NCBITaxon_32644"


def _cell_types(inhibitory, n_units: int) -> np.ndarray | None:
    """ "excitatory" or "inhibitory" of each unit, None where nothing is known."""
    if inhibitory is None:
        return None
    inhibitory = np.asarray(inhibitory)
    if inhibitory.shape != (n_units,) or inhibitory.dtype != bool:
        raise ValueError(
            f"inhibitory: expected bool ({n_units},), got {inhibitory.dtype} {inhibitory.shape}"
        )
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
    """The recording as a neo.Block.

    Parameters
    ----------
    recording : a `Recording`, or one or many `TrialRecording`s
    inhibitory : bool (n_units,), annotated as cell_type where given
    variables : the samples that become AnalogSignals: all of a `Recording`, "out" of a trial (which
        also has v, rates and ipsc, each n_units x n_steps), by default
    units : of the samples by name, those of the converted network by default; what is not named is
        dimensionless
    tau_s : seconds per time unit, for models whose time has none (`QIF`)
    **annotations : of the Block

    Returns
    -------
    neo.Block
        One Segment per simulation or trial, in it a SpikeTrain per unit and what was sampled.

    Raises
    ------
    ValueError, TypeError, KeyError
        Saying what does not fit.
    """
    neo = needed("neo")
    simulations, n_units = simulations_of(recording, variables, tau_s)
    cell_types = _cell_types(inhibitory, n_units)
    block = neo.Block(**annotations)
    for i, simulation in enumerate(simulations):
        segment = neo.Segment(name=f"simulation {i}", index=i)
        for train in _spike_trains(simulation, n_units, cell_types):
            segment.spiketrains.append(train)
        for signal in _signals(simulation, units):
            segment.analogsignals.append(signal)
        block.segments.append(segment)
    return block


def _spike_trains(simulation: SpikesInSeconds, n_units: int, cell_types: np.ndarray | None) -> list:
    """A neo.SpikeTrain for each unit."""
    neo = needed("neo")
    trains = []
    for unit, times in enumerate(simulation.trains(n_units)):
        trains.append(
            neo.SpikeTrain(
                times,
                units="s",
                t_stop=simulation.duration_s,
                name=f"unit {unit}",
                unit=unit,
                **_cell_type(cell_types, unit),
            )
        )
    return trains


def _cell_type(cell_types: np.ndarray | None, unit: int) -> dict[str, str]:
    """The annotation of a unit, none where its type is not known."""
    return {} if cell_types is None else {"cell_type": str(cell_types[unit])}


def _signals(simulation: SpikesInSeconds, units: Mapping[str, str]) -> list:
    """A neo.AnalogSignal for the samples of each name."""
    neo, pq = needed("neo"), needed("quantities")
    step = simulation.sample_step_s * pq.s
    signals = []
    for name, values in simulation.samples.items():
        unit = units.get(name, "dimensionless")
        signals.append(
            neo.AnalogSignal(values, units=unit, sampling_period=step, t_start=step, name=name)
        )
    return signals


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
    """Write the recording as one NWB file, whole or not at all: Units (spike times), trials,
    samples as TimeSeries.

    An NWB file has one clock: simulation k starts 1 s after the end of the one before, at
    `start_time` of row k of the table of trials; spikes and samples are on that clock. There are no
    electrodes: nothing was recorded with any. The subject that NWB asks for is the network, in
    words; its species is NCBI's "unidentified", its age and sex are left open.

    Parameters
    ----------
    path : of the file
    recording, inhibitory, variables, units, tau_s : as in `to_neo`; of a `TrialRecording` "out"
        alone by default
    session_description, identifier : asked for by NWB
    trials : further columns of the table of trials, by name, one value per simulation (kind, label,
        correct ...)
    **about : further fields of pynwb.NWBFile (experimenter, institution, notes ...). By default
        session_start_time, which NWB asks for, is now, and subject, experiment_description and
        keywords say that this is a simulation

    Raises
    ------
    ValueError, TypeError, KeyError
        Saying what does not fit.
    """
    pynwb = needed("pynwb")
    simulations, n_units = simulations_of(recording, variables, tau_s)
    starts = np.cumsum([0.0, *(s.duration_s + GAP_S for s in simulations[:-1])])
    about = _about_simulations(identifier, n_units) | about
    file = pynwb.NWBFile(session_description=session_description, identifier=identifier, **about)
    _add_trials(file, simulations, starts, columns=trials or {})
    cell_types = _cell_types(inhibitory, n_units)
    _add_units(file, simulations, starts, n_units=n_units, cell_types=cell_types)
    for name in simulations[0].samples:
        unit = units.get(name, "n/a")
        file.add_acquisition(_time_series(name, simulations, starts, unit=unit))
    with replacing(path) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as io:
        io.write(file)


def _about_simulations(identifier: str, n_units: int) -> dict[str, Any]:
    """What NWB wants to know of a session and is the same of every simulation."""
    subject = needed("pynwb").file.Subject(
        subject_id=identifier.replace("/", "-"),
        description=f"No animal: a simulated network of {n_units} spiking units",
        species=NO_SPECIES,
        sex="U",  # unknown: NWB knows no other word for none
        age="P0D/",  # any
    )
    return {
        "session_start_time": datetime.now(UTC),
        "experiment_description": "Simulation of a network of spiking units",
        "keywords": ["simulation", "spiking neural network"],
        "subject": subject,
    }


def _time_series(name: str, simulations: list[SpikesInSeconds], starts: np.ndarray, *, unit: str):
    """The samples of all simulations on the clock of the file."""
    data, timestamps = [], []
    for start, simulation in zip(starts, simulations, strict=True):
        samples = simulation.samples[name]
        data.append(samples)
        timestamps.append(start + simulation.sample_step_s * np.arange(1, len(samples) + 1))
    if len(simulations) == 1:
        step_s = simulations[0].sample_step_s
        times = {"starting_time": step_s, "rate": 1 / step_s}
    else:
        times = {"timestamps": np.concatenate(timestamps)}
    return needed("pynwb").TimeSeries(
        name=name,
        description=DESCRIPTIONS.get(name, f"{name} of the simulated network"),
        data=np.concatenate(data),
        unit=unit,
        **times,
    )


def _add_trials(
    file, simulations: list[SpikesInSeconds], starts: np.ndarray, *, columns: Mapping[str, Sequence]
) -> None:
    """A row for each simulation, with columns of its own."""
    for name, values in columns.items():
        if len(values) != len(simulations):
            raise ValueError(
                f"trials: expected {len(simulations)} values of {name!r}, one per simulation, "
                f"got {len(values)}"
            )
        file.add_trial_column(name, f"{name} of the simulation")
    for i, (start, simulation) in enumerate(zip(starts, simulations, strict=True)):
        row = {name: values[i] for name, values in columns.items()}
        file.add_trial(start_time=start, stop_time=start + simulation.duration_s, **row)


def _add_units(
    file,
    simulations: list[SpikesInSeconds],
    starts: np.ndarray,
    *,
    n_units: int,
    cell_types: np.ndarray | None,
) -> None:
    """The spike times of each unit in all simulations, on the clock of the file."""
    file.units = needed("pynwb").misc.Units(
        name="units", description="all units of the network", resolution=simulations[0].step_s
    )
    if cell_types is not None:
        file.add_unit_column("cell_type", "excitatory or inhibitory")
    intervals = []
    times: list[list[np.ndarray]] = [[] for _ in range(n_units)]  # of each unit, by simulation
    for start, simulation in zip(starts, simulations, strict=True):
        intervals.append([start, start + simulation.duration_s])
        for unit, train in enumerate(simulation.trains(n_units)):
            times[unit].append(start + train)
    for unit in range(n_units):
        file.add_unit(
            id=unit,
            spike_times=np.concatenate(times[unit]),
            obs_intervals=intervals,
            **_cell_type(cell_types, unit),
        )
