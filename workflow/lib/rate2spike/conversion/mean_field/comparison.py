"""The mean-field study: a rate network and the LIF network of the same weights, before and after
conversion, and what they share.

Weights, rate network and LIF networks of one (g, q) follow from the study's seed and these two
alone. Rates are in spikes per time constant (1 / dr steps) in both. What is compared is the
activity of a unit seen through its own time constant: spikes, or the rate network's output,
filtered with an exponential of 1 / dr steps.

The rate network is the linear rate model of Grytskyy et al. 2013 with noise on the output side: its
units send r + xi, and xi is white with the variance that Poisson spikes of that rate have, r / dr.
Where r would be < 0 it is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from ... import streams
from ...mean_field_config import MeanFieldConfig
from ...networks.network import Network
from ...networks.neurons import DiscreteLIF, RateUnit
from ...networks.simulation import simulate
from . import mapping, rate_network, working_point

BIN_STEPS = 10  # activity is counted in bins of so many steps
MAX_LAG = 5  # of autocovariances, in time constants
RATE = "rate network"
BEFORE = "LIF, unconverted"
AFTER = "LIF, mean field"
SEARCHED = "LIF, searched"


def weights(settings: MeanFieldConfig, *, g: float, q: float, seed: int) -> np.ndarray:
    """The weights of one network of the study.

    Half of the connections are there, |N(0, sd)| with sd = (2 q)^2 / n_units, inhibitory ones times
    -g, as in the circulating example. Each pair of populations has exactly the mean that follows:
    near balance small deviations would be other rates.

    Parameters
    ----------
    settings : sizes of the study
    g : inhibitory over excitatory weights
    q : strength of the weights
    seed : of the study; seed, g and q key the random numbers

    Returns
    -------
    np.ndarray
        weights[post, pre], (n_units, n_units), excitatory columns first.
    """
    n_exc, n_units = settings.n_exc, settings.n_exc + settings.n_inh
    rng = streams.generator(seed, "mean-field weights", g, q)
    w = np.maximum(rng.standard_normal((n_units, n_units)), 0)
    mean = (2 * q) ** 2 / n_units / np.sqrt(2 * np.pi)
    excitatory, inhibitory = slice(n_exc), slice(n_exc, None)
    for post in (excitatory, inhibitory):
        for pre, factor in ((excitatory, 1.0), (inhibitory, -g)):
            w[post, pre] *= factor * mean / w[post, pre].mean()
    return w


class Activity(NamedTuple):
    """What is seen of a network.

    Parameters
    ----------
    rates : spikes per time constant, (n_units,)
    autocovariance : averaged over units, (n_lags,), a lag each BIN_STEPS steps
    halves : covariances (n_units, n_units) of the two halves of the recording
    """

    rates: np.ndarray
    autocovariance: np.ndarray
    halves: tuple[np.ndarray, np.ndarray]


def activity(binned: np.ndarray, dr: float) -> Activity:
    """What is seen of a network whose output was recorded.

    Parameters
    ----------
    binned : output in spikes per time constant, (n_bins, n_units)
    dr : integration constant per step

    Returns
    -------
    Activity
        Its (co)variances are those of the output seen through the time constant.
    """
    decay = (1 - dr) ** BIN_STEPS
    seen = lfilter([1 - decay], [1, -decay], binned - binned.mean(axis=0), axis=0)
    n_lags, n = round(MAX_LAG / dr / BIN_STEPS) + 1, len(seen)
    power = np.abs(np.fft.rfft(seen - seen.mean(axis=0), 2 * n, axis=0)) ** 2
    autocovariance = np.fft.irfft(power.mean(axis=1))[:n_lags] / np.arange(n, n - n_lags, -1)
    first_half = np.cov(seen[: n // 2], rowvar=False)
    second_half = np.cov(seen[n - n // 2 :], rowvar=False)
    return Activity(binned.mean(axis=0), autocovariance, (first_half, second_half))


def dimensionality(seen: Activity) -> float:
    """The participation ratio (tr C)^2 / tr C^2 of the covariances C.

    Each C is from another half of the recording, so that noise of the estimate does not count as
    structure (else it could not exceed the number of independent samples).

    Parameters
    ----------
    seen : activity of a network

    Returns
    -------
    float
        Number of dimensions.
    """
    a, b = seen.halves
    return float(np.trace(a) * np.trace(b) / np.sum(a * b))


def agreement(one: Activity, other: Activity) -> float:
    """Correlation over pairs of units between the covariances of two networks.

    It is corrected for the noise of both estimates by the agreement of each one's halves (Spearman
    1904).

    Parameters
    ----------
    one, other : activity of two networks with the same units

    Returns
    -------
    float
        NaN where the halves cannot resolve it to 0.1.
    """
    a, b = _covariances_of_pairs(one)
    c, d = _covariances_of_pairs(other)
    product_one, product_other = a @ b, c @ d
    # of a product of two estimates of unrelated covariances, by chance
    noise = np.sqrt((a @ a) * (c @ c) / len(a))
    if min(product_one, product_other) <= 0:
        return float("nan")
    scale = np.sqrt(product_one * product_other)
    if noise > 0.1 * scale:
        return float("nan")
    return float((a + b) @ (c + d) / 4 / scale)


def _covariances_of_pairs(seen: Activity) -> list[np.ndarray]:
    """The covariances of all pairs of units less their mean, (n_pairs,), of each half."""
    pairs = np.triu_indices(len(seen.rates), 1)
    return [half[pairs] - half[pairs].mean() for half in seen.halves]


def run_rate(
    settings: MeanFieldConfig, w: np.ndarray, *, rng: np.random.Generator, threads: int
) -> np.ndarray:
    """Simulate the rate network; its drive is 5 v_th, as that of the LIF units.

    Parameters
    ----------
    settings : sizes of the study
    w : weights[post, pre]
    rng : draws the noise
    threads : cores

    Returns
    -------
    np.ndarray
        Output r + xi in spikes per time constant, (n_bins, n_units).
    """
    dr, n_units = settings.dr, len(w)
    n_steps = settings.n_transient + settings.n_steps
    unit = RateUnit(dr=dr, bias=rate_network.BIAS_FACTOR * dr)
    network = Network(unit, w, 1.0, {"x": 1.0, "r": 1.0})
    without_noise = np.zeros((settings.n_transient, n_units))
    quiet = simulate(network, without_noise, record="r", progress=False, threads=threads)["r"]
    stationary = quiet[len(quiet) // 2 :].mean(axis=0)
    noise = rng.standard_normal((n_steps, n_units)) * np.sqrt(stationary / dr)
    inputs = np.zeros_like(noise)
    inputs[1:] = dr * (noise[:-1] @ w.T)  # what is sent in one step arrives in the next
    r = _means_of_bins(network, inputs, "r", threads=threads)
    output = r + noise.reshape(-1, BIN_STEPS, n_units).mean(axis=1)
    return output[settings.n_transient // BIN_STEPS :]


def run_lif(
    settings: MeanFieldConfig, w: np.ndarray, *, scales, rng: np.random.Generator, threads: int
) -> np.ndarray:
    """Simulate the LIF networks of these weights, one for each weight scale.

    Parameters
    ----------
    settings : sizes of the study
    w : weights[post, pre] of the rate network
    scales : factors for all weights, (n_scales,)
    rng : draws the initial voltages, the same for all
    threads : cores

    Returns
    -------
    np.ndarray
        Spikes per time constant, (n_scales, n_bins, n_units).
    """
    dr, n_units = settings.dr, len(w)
    du = rate_network.SYNAPSE_FACTOR * dr
    unit = DiscreteLIF(du=du, dv=dr, bias=rate_network.BIAS_FACTOR * dr, vth=rate_network.V_TH)
    scaled = np.asarray(scales)[:, None, None] * w * du
    network = Network(unit, scaled, 1.0, {"v": rng.random(n_units)})
    inputs = np.zeros((settings.n_transient + settings.n_steps, n_units))
    spikes = _means_of_bins(network, inputs, "spike", threads=threads)
    return spikes[:, settings.n_transient // BIN_STEPS :] / dr


def _means_of_bins(
    network: Network, inputs: np.ndarray, variable: str, *, threads: int
) -> np.ndarray:
    """The variable in the simulation, averaged over each bin: (..., n_bins, n_units)."""
    recording = simulate(
        network,
        inputs,
        record=variable,
        every=BIN_STEPS,
        average=True,
        progress=False,
        threads=threads,
    )
    return recording[variable]


class Mapped(NamedTuple):
    """What the mapping says of weights: the factor for all of them, the mean rate that it predicts
    (spikes per time constant), and why. NaN where it has no solution."""

    weight_scale: float
    predicted_rate: float
    reason: str


def mapped(settings: MeanFieldConfig, w: np.ndarray, *, g: float, q: float) -> Mapped:
    """What the mapping says of these weights.

    Parameters
    ----------
    settings : sizes of the study
    w : weights[post, pre]
    g, q : of these weights

    Returns
    -------
    Mapped
        Where it has no solution, a weight scale of NaN and the reason: it is drawn as such.
    """
    try:
        params = mapping.convert_rate_to_lif_params(
            shape_exc=settings.n_exc,
            dr_exc=settings.dr,
            bias_exc=1.0,
            shape_inh=settings.n_inh,
            dr_inh=settings.dr,
            bias_inh=1.0,
            g_factor=g,
            q_factor=q,
            weights=w,
        )
    except rate_network.NoSolution as error:
        return Mapped(np.nan, np.nan, str(error))
    predicted = params["rates"] @ [settings.n_exc, settings.n_inh] / len(w) / settings.dr
    return Mapped(params["weight_scale"], predicted, params["reason"])


class Simulated(NamedTuple):
    """One network that was simulated: its name, the factor of its weights (NaN of the rate network)
    and what was seen of it."""

    name: str
    weight_scale: float
    seen: Activity


def networks(
    settings: MeanFieldConfig, seed: int, threads: int = 1
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Simulate the networks of the study, g by g and q by q.

    Parameters
    ----------
    settings : of the study
    seed : of the study
    threads : cores

    Yields
    ------
    measures : one row for each network of this g and q
    autocovariances : one row for each network and lag (in time constants)
    """
    for g in settings.g:
        for q in settings.q:
            w = weights(settings, g=g, q=q, seed=seed)
            answer = mapped(settings, w, g=g, q=q)
            scales = list(settings.weight_scales)
            if np.isfinite(answer.weight_scale):
                scales.append(answer.weight_scale)
            noise = streams.generator(seed, "mean-field noise", g, q)
            voltages = streams.generator(seed, "mean-field voltages", g, q)
            output = run_rate(settings, w, rng=noise, threads=threads)
            rate = activity(output, settings.dr)
            lif = []
            for spikes in run_lif(settings, w, scales=scales, rng=voltages, threads=threads):
                lif.append(activity(spikes, settings.dr))
            simulated = _named(rate, scales, lif, n_searched=len(settings.weight_scales))
            measures = _measures(settings, answer, simulated)
            curves = _autocovariances(settings, simulated)
            n_exc = settings.n_exc
            radius = working_point.spectral_radius(
                np.array([n_exc, settings.n_inh]), *rate_network.moments(w, n_exc)
            )
            measures = measures.assign(g=g, q=q, spectral_radius=radius, mapping=answer.reason)
            yield measures, curves.assign(g=g, q=q)


def _named(
    rate: Activity, scales: list[float], lif: list[Activity], *, n_searched: int
) -> list[Simulated]:
    """The networks with their names. The search takes the scale of the grid whose mean rate is
    nearest to the rate network's, the first of equals; the scale of the mapping, where there is
    one, is the last."""
    simulated = [Simulated(RATE, np.nan, rate)]
    for i, (scale, seen) in enumerate(zip(scales, lif, strict=True)):
        if i >= n_searched:
            name = AFTER
        elif scale == 1:
            name = BEFORE
        else:
            name = f"LIF, weights times {scale:g}"
        simulated.append(Simulated(name, scale, seen))
    misses = [abs(seen.rates.mean() - rate.rates.mean()) for seen in lif[:n_searched]]
    best = int(np.argmin(misses))
    simulated.append(Simulated(SEARCHED, scales[best], lif[best]))
    return simulated


def _measures(
    settings: MeanFieldConfig, answer: Mapped, simulated: list[Simulated]
) -> pd.DataFrame:
    """One row for each network, the rate network first."""
    n_exc = settings.n_exc
    rate = simulated[0].seen
    rows = []
    for name, scale, seen in simulated:
        rows.append(
            {
                "network": name,
                "weight_scale": scale,
                "rate_exc": seen.rates[:n_exc].mean(),
                "rate_inh": seen.rates[n_exc:].mean(),
                "rate": seen.rates.mean(),
                "predicted_rate": answer.predicted_rate if name == AFTER else np.nan,
                "silent": (seen.rates <= 0).mean(),
                "variance": seen.autocovariance[0],
                "dimensionality": dimensionality(seen),
                "agreement": np.nan if name == RATE else agreement(rate, seen),
            }
        )
    return pd.DataFrame(rows)


def _autocovariances(settings: MeanFieldConfig, simulated: list[Simulated]) -> pd.DataFrame:
    """One row for each network and lag (in time constants)."""
    n_lags = len(simulated[0].seen.autocovariance)
    lags = np.arange(n_lags) * BIN_STEPS * settings.dr
    curves = []
    for name, _, seen in simulated:
        curve = {"network": name, "lag": lags, "autocovariance": seen.autocovariance}
        curves.append(pd.DataFrame(curve))
    return pd.concat(curves, ignore_index=True)


RATE_TOLERANCE, DIMENSION_TOLERANCE = 0.2, 0.3


def verdicts(measures: pd.DataFrame) -> pd.DataFrame:
    """Whether the mapping works: rate within 20 % of the rate network's, dimensionality within
    30 %.

    Parameters
    ----------
    measures : as from `networks`, of all g and q

    Returns
    -------
    pd.DataFrame
        For each g and q the mean rate and the dimensionality of the converted network over those of
        the rate network, NaN where the mapping has no solution; solved; works.
    """
    by_network = measures.pivot_table(
        index=["g", "q"], columns="network", values=["rate", "dimensionality"], dropna=False
    )
    ratios = {}
    for measure in ("rate", "dimensionality"):
        values = by_network[measure]
        ratios[measure] = values.get(AFTER, np.nan) / values[RATE]
    ratios = pd.DataFrame(ratios)
    rate_is_close = (ratios.rate - 1).abs().le(RATE_TOLERANCE)
    dimension_is_close = (ratios.dimensionality - 1).abs().le(DIMENSION_TOLERANCE)
    works = rate_is_close & dimension_is_close
    return ratios.assign(solved=ratios.rate.notna(), works=works).reset_index()


def critical_strength(measures: pd.DataFrame) -> dict[float, float]:
    """The q from which on the linear rate network is unstable: its spectral radius grows with q^2.

    Parameters
    ----------
    measures : as from `networks`, of all g and q

    Returns
    -------
    dict
        g -> q.
    """
    strengths = {}
    for g, rows in measures.groupby("g"):
        strengths[g] = float((rows.q / np.sqrt(rows.spectral_radius)).median())
    return strengths


def describe(settings: MeanFieldConfig, measures: pd.DataFrame) -> dict:
    """The numbers that the caption names.

    Parameters
    ----------
    settings : of the study
    measures : as from `networks`, of all g and q

    Returns
    -------
    dict
        Values by the name of the place in the caption.
    """
    converted = verdicts(measures)
    without_mapping = measures[measures.network != AFTER].replace({"network": {BEFORE: AFTER}})
    unconverted = verdicts(without_mapping)
    n_networks = len(settings.g) * len(settings.q)
    return {
        "n_networks": n_networks,
        "n_attempted": n_networks,
        "n_exc": settings.n_exc,
        "n_inh": settings.n_inh,
        "n_steps": settings.n_steps,
        "n_works": int(converted.works.sum()),
        "n_works_before": int(unconverted.works.sum()),
        "n_unsolved": int((~converted.solved).sum()),
        "scales": ", ".join(f"{scale:g}" for scale in settings.weight_scales),
    }
