"""Statistics of spikes through Elephant (`pip install -e '.[export]'`)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .neo_nwb import to_neo
from .spike_trains import needed, simulations_of

STATISTICS = ("rate_hz", "cv", "cv2", "lv", "fano", "correlation")


def spike_statistics(
    recording, *, bin_ms: float, from_ms: float = 0.0, tau_s: float | None = None
) -> pd.DataFrame:
    """Statistics of the spikes through Elephant, one number per row.

    rate_hz: mean rate. cv, cv2, lv: of the interspike intervals, NaN with fewer than two of them.
    correlation: Pearson's, of the spike counts of each pair of units in bins of `bin_ms`, [0,
    bin_ms) and so on, NaN where the counts of one do not vary; what is not in a whole bin is left
    out. fano: variance (over n) by mean of a unit's spike counts across the simulations, where
    there are two or more; simulation is then missing, and the value NaN where the unit never
    spikes. It is the unit's own variability where all had the same stimulus.

    Parameters
    ----------
    recording, tau_s : as in `to_neo`
    bin_ms : bins of the correlations
    from_ms : leave out what comes before. A converted network starts with most of its units above
        threshold: they all fire in the first step, and counted with it every pair of units is
        correlated. Bins begin there, too

    Returns
    -------
    pd.DataFrame
        statistic, simulation, unit, other_unit, value.

    Raises
    ------
    ValueError
        For a bin that does not fit and simulations of different duration.
    """
    block = to_neo(recording, variables=(), tau_s=tau_s)
    duration_ms = _duration_ms(recording, tau_s)
    _check_bins(bin_ms, from_ms, duration_ms)
    trains = [_from(segment, from_ms) for segment in block.segments]
    tables = []
    for i, trains_of_simulation in enumerate(trains):
        tables.append(_interval_statistics(trains_of_simulation).assign(simulation=i))
        tables.append(_correlations(trains_of_simulation, bin_ms).assign(simulation=i))
    if len(trains) > 1:
        tables.append(_fano(trains))
    whole = pd.concat(tables, ignore_index=True).reindex(
        columns=["statistic", "simulation", "unit", "other_unit", "value"]
    )
    return whole.astype(
        {"simulation": "Int64", "unit": "Int64", "other_unit": "Int64", "value": "float64"}
    )


def _duration_ms(recording, tau_s: float | None) -> float:
    """That of all simulations; raises ValueError where they differ."""
    simulations, _ = simulations_of(recording, (), tau_s)
    durations_ms = {round(1000 * simulation.duration_s, 6) for simulation in simulations}
    if len(durations_ms) > 1:
        shown = ", ".join(f"{ms:g}" for ms in sorted(durations_ms))
        raise ValueError(
            "recording: expected simulations of one duration, for the Fano factor across them; "
            f"got {shown} ms"
        )
    return durations_ms.pop()


def _check_bins(bin_ms, from_ms, duration_ms: float) -> None:
    """Raise ValueError unless one bin at least fits between `from_ms` and the end."""
    if not 0 <= from_ms < duration_ms:
        raise ValueError(
            f"from_ms: expected a time from 0 to below the duration, {duration_ms:g} ms, "
            f"got {from_ms!r}"
        )
    longest_ms = duration_ms - from_ms
    is_number = isinstance(bin_ms, int | float | np.number) and not isinstance(bin_ms, bool)
    if not is_number or not 0 < bin_ms <= longest_ms:
        raise ValueError(
            "bin_ms: expected a duration > 0, up to that of the simulation "
            f"({longest_ms:g} ms), got {bin_ms!r}"
        )


def _from(segment, from_ms: float) -> list:
    """The spike trains of a segment without what comes before."""
    if not from_ms:
        return list(segment.spiketrains)
    start = from_ms * needed("quantities").ms
    return [train.time_slice(start, train.t_stop) for train in segment.spiketrains]


def _interval_statistics(trains) -> pd.DataFrame:
    """Mean rate and variation of the intervals of each unit."""
    statistics = needed("elephant.statistics")
    rows = []
    for unit, train in enumerate(trains):
        rate = float(statistics.mean_firing_rate(train).rescale("Hz"))
        rows.append(("rate_hz", unit, rate))
        intervals = statistics.isi(train.magnitude)
        for name in ("cv", "cv2", "lv"):
            value = np.nan
            if len(intervals) > 1:
                value = float(getattr(statistics, name)(intervals))
            rows.append((name, unit, value))
    return pd.DataFrame(rows, columns=["statistic", "unit", "value"])


def _correlations(trains, bin_ms: float) -> pd.DataFrame:
    """Correlation of the spike counts of each pair of units."""
    pq = needed("quantities")
    binned_spikes = needed("elephant.conversion").BinnedSpikeTrain
    correlate = needed("elephant.spike_train_correlation").correlation_coefficient
    start = trains[0].t_start
    n_bins = int(float((trains[0].t_stop - start).rescale("ms")) / bin_ms + 1e-9)
    trains = [train[train < start + n_bins * bin_ms * pq.ms] for train in trains]
    bins = {"bin_size": bin_ms * pq.ms, "n_bins": n_bins, "t_start": start}
    counts = binned_spikes(trains, **bins).to_array()
    vary = np.flatnonzero(counts.min(axis=1) < counts.max(axis=1))
    matrix = np.full((len(trains), len(trains)), np.nan)
    if len(vary) > 1:
        matrix[np.ix_(vary, vary)] = correlate(binned_spikes([trains[i] for i in vary], **bins))
    unit, other = np.triu_indices(len(trains), 1)
    columns = {
        "statistic": "correlation",
        "unit": unit,
        "other_unit": other,
        "value": matrix[unit, other],
    }
    return pd.DataFrame(columns)


def _fano(trains) -> pd.DataFrame:
    """Fano factor of each unit across the simulations. trains: by simulation, by unit."""
    fano_factor = needed("elephant.statistics").fanofactor
    values = []
    for trains_of_unit in zip(*trains, strict=True):
        values.append(fano_factor(list(trains_of_unit)))
    return pd.DataFrame({"statistic": "fano", "unit": np.arange(len(values)), "value": values})
