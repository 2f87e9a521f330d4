"""Statistics of outputs, rates and accuracies: intervals, histograms, means by label, principal
components.

Plain arrays and tables in, plain arrays and tables out; nothing here knows the library's other
modules.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """The two ends of an interval, or of many."""

    low: np.ndarray
    high: np.ndarray


def wilson_interval(n_correct, n, level: float = 0.95) -> Interval:
    r"""Wilson's score interval of a binomial fraction.

    .. math:: \frac{p + z^2 / 2n \pm z \sqrt{p (1 - p) / n + z^2 / 4 n^2}}{1 + z^2 / n}

    with p = n_correct / n and z the normal quantile of the level. Unlike the normal interval it has
    a width at 0 and 100 %.

    Parameters
    ----------
    n_correct, n : array_like
        So many of so many; numbers or arrays.
    level
        Of confidence.

    Returns
    -------
    Interval
        Fractions from 0 to 1.

    Raises
    ------
    ValueError
        Unless 0 <= n_correct <= n and n >= 1.

    References
    ----------
    Wilson, J. Am. Stat. Assoc. 22 (1927).
    """
    from scipy.special import ndtri  # here: what counts no trials would wait for it

    n_correct = np.asarray(n_correct, dtype=float)
    n = np.asarray(n, dtype=float)
    if np.any(n < 1) or np.any(n_correct < 0) or np.any(n_correct > n):
        raise ValueError(
            "wilson_interval: expected 0 <= n_correct <= n and n >= 1, "
            f"got n_correct={n_correct}, n={n}"
        )
    z = ndtri(0.5 + level / 2)
    p = n_correct / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # at the two ends the bound is exact: rounding must not leave 1e-17 where 0 is meant
    low = np.where(n_correct == 0, 0.0, centre - half)
    high = np.where(n_correct == n, 1.0, centre + half)
    return Interval(low, high)


class Histogram(NamedTuple):
    """Bin centres, and counts or fractions, (n_bins,) each; the width of a bin."""

    centres: np.ndarray
    counts: np.ndarray
    width: float


DECAY_WIDTHS_MS = (1, 2, 5, 10, 20, 50)
WIDEST_DECAY_BIN_MS = 100
MOST_DECAY_BINS = 50


def decay_histogram(tau_ms, low_ms: float | None = None, high_ms: float | None = None) -> Histogram:
    """Count synaptic decays in bins centred on multiples of their width.

    The width is 1 ms (paper, Fig. 1B), or the first of 2, 5, 10, 20 and 50 ms that needs no more
    than 50 bins, else 100 ms. The bins reach from low to high and further where a decay lies
    outside.

    Parameters
    ----------
    tau_ms : array_like, shape (n_units,)
        Synaptic decays.
    low_ms, high_ms
        Where the bins begin and end; None: where the decays do.

    Returns
    -------
    Histogram
        In ms.
    """
    tau_ms = np.asarray(tau_ms, dtype=float)
    low = tau_ms.min() if low_ms is None else min(tau_ms.min(), low_ms)
    high = tau_ms.max() if high_ms is None else max(tau_ms.max(), high_ms)
    fitting = [width for width in DECAY_WIDTHS_MS if high - low <= MOST_DECAY_BINS * width]
    width = fitting[0] if fitting else WIDEST_DECAY_BIN_MS
    first = _nearest_multiple(low, width)
    last = _nearest_multiple(high, width)
    counts = np.bincount(_nearest_multiple(tau_ms, width) - first, minlength=last - first + 1)
    return Histogram(width * np.arange(first, last + 1), counts, width)


def _nearest_multiple(values, width: float):
    return np.floor(np.asarray(values) / width + 0.5).astype(int)


def rate_histogram(rates_hz, width_hz: float = 2.0, upper_hz: float = 30.0) -> Histogram:
    """Fraction of the units in bins [0, 2), [2, 4) ... Hz (paper, Fig. S1B).

    Parameters
    ----------
    rates_hz : array_like, shape (n_units,)
        Mean firing rates.
    width_hz
        Of the bins.
    upper_hz
        Where they end; there are more where a rate lies beyond.

    Returns
    -------
    Histogram
        Fractions, by rate in Hz.
    """
    rates_hz = np.asarray(rates_hz, dtype=float)
    index = np.floor(rates_hz / width_hz).astype(int)
    n_bins = max(round(upper_hz / width_hz), index.max(initial=-1) + 1)
    counts = np.bincount(index, minlength=n_bins)
    return Histogram(width_hz * (np.arange(n_bins) + 0.5), counts / max(len(rates_hz), 1), width_hz)


class MeanSD(NamedTuple):
    """Mean and standard deviation over trials (n_labels, n_steps), and the number of trials of each
    label."""

    mean: np.ndarray
    sd: np.ndarray
    n: np.ndarray


def mean_sd(outputs, labels, label_values) -> MeanSD:
    """Mean and SD (n - 1) of outputs over the trials of each label.

    Parameters
    ----------
    outputs : array_like, shape (n_trials, n_steps)
        Output of each trial.
    labels : array_like, shape (n_trials,)
        Its label.
    label_values : iterable
        The labels, in the order of the result.

    Returns
    -------
    MeanSD
        NaN where there are too few trials.
    """
    outputs = np.asarray(outputs, dtype=float)
    labels = np.asarray(labels)
    nothing = np.full(outputs.shape[1], np.nan)
    means = []
    sds = []
    counts = []
    for value in label_values:
        group = outputs[labels == value]
        means.append(group.mean(axis=0) if len(group) else nothing)
        sds.append(group.std(axis=0, ddof=1) if len(group) > 1 else nothing)
        counts.append(len(group))
    return MeanSD(np.stack(means), np.stack(sds), np.array(counts))


def correlation(a, b) -> np.ndarray:
    """Pearson's r of each row of a with that of b.

    Parameters
    ----------
    a, b : array_like, shape (n, n_samples)
        The rows.

    Returns
    -------
    numpy.ndarray, shape (n,)
        NaN where a row is constant.
    """
    a = _centred(a)
    b = _centred(b)
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), norm, out=np.full(len(a), np.nan), where=norm > 0)


def _centred(rows) -> np.ndarray:
    return np.asarray(rows, dtype=float) - np.mean(rows, axis=1, keepdims=True)


def first_crossing(outputs, time_s, threshold: float, from_s: float = 0.0) -> np.ndarray:
    """Time at which each output first exceeds a threshold.

    Parameters
    ----------
    outputs : array_like, shape (n_trials, n_samples)
        Output of each trial.
    time_s : array_like, shape (n_samples,)
        Time of each sample.
    threshold
        What is to be exceeded.
    from_s
        Nothing before counts, and the times are counted from there.

    Returns
    -------
    numpy.ndarray, shape (n_trials,)
        In s; NaN where an output never exceeds the threshold.
    """
    above = (np.asarray(outputs) > threshold) & (np.asarray(time_s) > from_s)
    times = np.asarray(time_s)[above.argmax(axis=1)] - from_s
    return np.where(above.any(axis=1), times, np.nan)


def normalise(values) -> np.ndarray:
    """Values moved and scaled to 0..1 over the whole array; all 0 where they are all the same."""
    values = np.asarray(values, dtype=float)
    low = values.min()
    high = values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


class Components(NamedTuple):
    """Trajectories along the components (n_labels, n_components, n_steps), the fraction of the
    variance of each, and the axes (n_components, n_units)."""

    scores: np.ndarray
    variance_fraction: np.ndarray
    axes: np.ndarray


def principal_components(trajectories, n_components: int = 3) -> Components:
    """Principal components of trajectories, all labels and steps taken together (paper, Fig. S2).

    The components are those of the centred data; the trajectories are projected as they are, so
    that the origin is the silent network, as the paper's axes show. Axes point so that the mean is
    positive along them (where it is zero, the largest loading).

    Parameters
    ----------
    trajectories : array_like, shape (n_labels, n_units, n_steps)
        States of the network.
    n_components
        How many; fewer come back when the data have fewer units or samples.

    Returns
    -------
    Components
        Trajectories, fractions of the variance, and axes.

    Raises
    ------
    ValueError
        Another shape.
    """
    trajectories = np.asarray(trajectories, dtype=float)
    if trajectories.ndim != 3:
        raise ValueError(
            f"trajectories: expected shape (n_labels, n_units, n_steps), got {trajectories.shape}"
        )
    samples = np.concatenate(list(trajectories), axis=1).T
    mean = samples.mean(axis=0)
    centred = samples - mean
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:n_components]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    direction = np.where(np.abs(axes @ mean) > 1e-9 * np.abs(samples).max(), axes @ mean, largest)
    axes = np.where(direction < 0, -1.0, 1.0)[:, None] * axes
    total = (singular**2).sum()
    fraction = singular[:n_components] ** 2 / total if total > 0 else np.zeros(len(axes))
    return Components(np.einsum("cu,lut->lct", axes, trajectories), fraction, axes)
