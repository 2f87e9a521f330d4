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
    """Statistics of the spikes through Elephant, one number per row: statistic, simulation, unit,
    other_unit, value.

    rate_hz: mean rate. cv, cv2, lv: of the interspike intervals, NaN with fewer than two of them.
    correlation: Pearson's, of the spike counts of each pair of units in bins of `bin_ms`, [0,
    bin_ms) and so on, NaN where the counts of one do not vary; what is not in a whole bin is left
    out. fano: variance (over n) by mean of a unit's spike counts across the simulations, where
    there are two or more; simulation is then missing, and the value NaN where the unit never
    spikes. It is the unit's own variability where all had the same stimulus. from_ms: leave out
    what comes before. A converted network starts with most of its units above threshold: they all
    fire in the first step, and counted with it every pair of units is correlated. Bins begin there,
    too. recording, tau_s: as in `to_neo`. Raises ValueError for a bin that does not fit and
    simulations of different duration.
    """
    block = to_neo(recording, variables=(), tau_s=tau_s)
    durations_ms = sorted(
        {
            round(1000 * simulation.duration_s, 6)
            for simulation in simulations_of(recording, (), tau_s)[0]
        }
    )
    if len(durations_ms) > 1:
        shown = ", ".join(f"{ms:g}" for ms in durations_ms)
        raise ValueError(
            f"recording: expected simulations of one duration, for the Fano factor across them; got {shown} ms"
        )
    if not 0 <= from_ms < durations_ms[0]:
        raise ValueError(
            f"from_ms: expected a time from 0 to below the duration, {durations_ms[0]:g} ms, got {from_ms!r}"
        )
    longest_ms = durations_ms[0] - from_ms
    if (
        isinstance(bin_ms, bool)
        or not isinstance(bin_ms, int | float | np.number)
        or not 0 < bin_ms <= longest_ms
    ):
        raise ValueError(
            f"bin_ms: expected a duration > 0, up to that of the simulation ({longest_ms:g} ms), got {bin_ms!r}"
        )
    tables = []
    for i, segment in enumerate(block.segments):
        trains = _from(segment, from_ms)
        tables += [
            table.assign(simulation=i)
            for table in (_interval_statistics(trains), _correlations(trains, bin_ms))
        ]
    if len(block.segments) > 1:
        tables.append(_fano([_from(segment, from_ms) for segment in block.segments]))
    whole = pd.concat(tables, ignore_index=True).reindex(
        columns=["statistic", "simulation", "unit", "other_unit", "value"]
    )
    return whole.astype(
        {"simulation": "Int64", "unit": "Int64", "other_unit": "Int64", "value": "float64"}
    )


def _from(segment, from_ms: float) -> list:
    """The spike trains without what comes before."""
    start = from_ms * needed("quantities").ms
    return [
        train.time_slice(start, train.t_stop) if from_ms else train for train in segment.spiketrains
    ]


def _interval_statistics(trains) -> pd.DataFrame:
    statistics = needed("elephant.statistics")
    rows = []
    for unit, train in enumerate(trains):
        rows.append(("rate_hz", unit, float(statistics.mean_firing_rate(train).rescale("Hz"))))
        intervals = statistics.isi(train.magnitude)
        for name in ("cv", "cv2", "lv"):
            rows.append(
                (
                    name,
                    unit,
                    float(getattr(statistics, name)(intervals)) if len(intervals) > 1 else np.nan,
                )
            )
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
        matrix[np.ix_(vary, vary)] = correlate(
            conversion.BinnedSpikeTrain([trains[i] for i in vary], **options)
        )
    unit, other = np.triu_indices(len(trains), 1)
    return pd.DataFrame(
        {
            "statistic": "correlation",
            "unit": unit,
            "other_unit": other,
            "value": matrix[unit, other],
        }
    )


def _fano(trains) -> pd.DataFrame:
    """trains: by simulation, by unit."""
    statistics = needed("elephant.statistics")
    values = [statistics.fanofactor(list(across)) for across in zip(*trains, strict=True)]
    return pd.DataFrame({"statistic": "fano", "unit": np.arange(len(values)), "value": values})
