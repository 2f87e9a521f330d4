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
from ...config import MeanFieldConfig
from ...networks.network import Network
from ...networks.neurons import DiscreteLIF, RateUnit
from ...networks.simulation import simulate
from . import mapping, rate_network, working_point

BIN_STEPS = 10  # activity is counted in bins of so many steps
MAX_LAG = 5  # of autocovariances, in time constants
RATE, BEFORE, AFTER, SEARCHED = (
    "rate network",
    "LIF, unconverted",
    "LIF, mean field",
    "LIF, searched",
)


def weights(settings: MeanFieldConfig, g: float, q: float, seed: int) -> np.ndarray:
    """weights[post, pre] of one network: half of the connections are there, |N(0, sd)| with sd = (2
    q)^2 / n_units, inhibitory ones times -g, as in the circulating example. Each pair of
    populations has exactly the mean that follows: near balance small deviations would be other
    rates."""
    n_exc, n_units = settings.n_exc, settings.n_exc + settings.n_inh
    w = np.maximum(
        streams.generator(seed, "mean-field weights", g, q).standard_normal((n_units, n_units)), 0
    )
    mean = (2 * q) ** 2 / n_units / np.sqrt(2 * np.pi)
    for post in (slice(n_exc), slice(n_exc, None)):
        for pre, factor in ((slice(n_exc), 1.0), (slice(n_exc, None), -g)):
            w[post, pre] *= factor * mean / w[post, pre].mean()
    return w


class Activity(NamedTuple):
    """What is seen of a network: rates (n_units,), autocovariance (n_lags,) averaged over units,
    and covariances (n_units, n_units) of the two halves of the recording."""

    rates: np.ndarray
    autocovariance: np.ndarray
    halves: tuple[np.ndarray, np.ndarray]


def activity(binned: np.ndarray, dr: float) -> Activity:
    """Of the output (n_bins, n_units), in spikes per time constant."""
    decay = (1 - dr) ** BIN_STEPS
    seen = lfilter([1 - decay], [1, -decay], binned - binned.mean(axis=0), axis=0)
    n_lags, n = round(MAX_LAG / dr / BIN_STEPS) + 1, len(seen)
    power = np.abs(np.fft.rfft(seen - seen.mean(axis=0), 2 * n, axis=0)) ** 2
    autocovariance = np.fft.irfft(power.mean(axis=1))[:n_lags] / np.arange(n, n - n_lags, -1)
    halves = tuple(np.cov(half, rowvar=False) for half in (seen[: n // 2], seen[n - n // 2 :]))
    return Activity(binned.mean(axis=0), autocovariance, halves)


def dimensionality(of: Activity) -> float:
    """(tr C)^2 / tr C^2, the participation ratio; each C from another half of the recording, so
    that noise of the estimate does not count as structure (else it could not exceed the number of
    independent samples)."""
    a, b = of.halves
    return float(np.trace(a) * np.trace(b) / np.sum(a * b))


def agreement(one: Activity, other: Activity) -> float:
    """Correlation over pairs of units between the covariances of two networks, corrected for the
    noise of both estimates by the agreement of each one's halves (Spearman 1904); NaN where those
    cannot resolve it to 0.1."""
    upper = np.triu_indices(len(one.rates), 1)
    (a, b), (c, d) = (
        [half[upper] - half[upper].mean() for half in of.halves] for of in (one, other)
    )
    own, others = a @ b, c @ d
    noise = np.sqrt(
        (a @ a) * (c @ c) / len(a)
    )  # of a product of two estimates of unrelated covariances, by chance
    if min(own, others) <= 0 or noise > 0.1 * np.sqrt(own * others):
        return float("nan")
    return float((a + b) @ (c + d) / 4 / np.sqrt(own * others))


def run_rate(
    settings: MeanFieldConfig, w: np.ndarray, rng: np.random.Generator, threads: int
) -> np.ndarray:
    """Output r + xi of the rate network, (n_bins, n_units); its drive is 5 v_th, as that of the LIF
    units."""
    dr, n_units, n_steps = settings.dr, len(w), settings.n_transient + settings.n_steps
    quietly = {"progress": False, "device": "cpu", "threads": threads}
    network = Network(
        RateUnit(dr=dr, bias=rate_network.BIAS_FACTOR * dr), w, 1.0, {"x": 1.0, "r": 1.0}
    )
    quiet = simulate(network, np.zeros((settings.n_transient, n_units)), record="r", **quietly)["r"]
    stationary = quiet[len(quiet) // 2 :].mean(axis=0)
    noise = rng.standard_normal((n_steps, n_units)) * np.sqrt(stationary / dr)
    inputs = np.zeros_like(noise)
    inputs[1:] = dr * (noise[:-1] @ w.T)  # what is sent in one step arrives in the next
    r = simulate(network, inputs, record="r", every=BIN_STEPS, average=True, **quietly)["r"]
    return (r + noise.reshape(-1, BIN_STEPS, n_units).mean(axis=1))[
        settings.n_transient // BIN_STEPS :
    ]


def run_lif(
    settings: MeanFieldConfig, w: np.ndarray, scales, rng: np.random.Generator, threads: int
) -> np.ndarray:
    """Spikes per time constant of the LIF networks at these weight scales, (n_scales, n_bins,
    n_units)."""
    dr, n_units, quietly = (
        settings.dr,
        len(w),
        {"progress": False, "device": "cpu", "threads": threads},
    )
    du = rate_network.SYNAPSE_FACTOR * dr
    unit = DiscreteLIF(du=du, dv=dr, bias=rate_network.BIAS_FACTOR * dr, vth=rate_network.V_TH)
    scaled = np.asarray(scales)[:, None, None] * w * du
    network = Network(unit, scaled, 1.0, {"v": rng.random(n_units)})
    inputs = np.zeros((settings.n_transient + settings.n_steps, n_units))
    spikes = simulate(network, inputs, record="spike", every=BIN_STEPS, average=True, **quietly)[
        "spike"
    ]
    return spikes[:, settings.n_transient // BIN_STEPS :] / dr


def mapped(settings: MeanFieldConfig, g: float, q: float, w: np.ndarray) -> dict:
    """What the mapping says of these weights; where it has no solution, a weight scale of NaN and
    the reason."""
    shape = {
        "shape_exc": settings.n_exc,
        "shape_inh": settings.n_inh,
        "bias_exc": 1.0,
        "bias_inh": 1.0,
    }
    rates = {"dr_exc": settings.dr, "dr_inh": settings.dr}
    try:
        found = mapping.convert_rate_to_lif_params(
            **shape, **rates, g_factor=g, q_factor=q, weights=w
        )
    except working_point.NoSolution as error:
        return {
            "weight_scale": np.nan,
            "predicted_rate": np.nan,
            "reason": str(error),
        }  # drawn as such
    predicted = found["rates"] @ [settings.n_exc, settings.n_inh] / len(w) / settings.dr
    return {
        "weight_scale": found["weight_scale"],
        "predicted_rate": predicted,
        "reason": found["reason"],
    }


def networks(
    settings: MeanFieldConfig, seed: int, threads: int = 1
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """For each g and q: the measures of its networks, a row each, and their autocovariances."""
    for g in settings.g:
        for q in settings.q:
            w = weights(settings, g, q, seed)
            found = mapped(settings, g, q, w)
            scales = [s for s in (*settings.weight_scales, found["weight_scale"]) if np.isfinite(s)]
            noise, voltages = (
                streams.generator(seed, f"mean-field {what}", g, q)
                for what in ("noise", "voltages")
            )
            rate = activity(run_rate(settings, w, noise, threads), settings.dr)
            lif = [
                activity(spikes, settings.dr)
                for spikes in run_lif(settings, w, scales, voltages, threads)
            ]
            yield _tables(
                settings, g, q, w, found, _named(rate, scales, lif, len(settings.weight_scales))
            )


def _named(
    rate: Activity, scales: list[float], lif: list[Activity], n_searched: int
) -> list[tuple[str, float, Activity]]:
    """Name, weight scale and activity of each network. The search takes the scale of the grid whose
    mean rate is nearest to the rate network's, the first of equals; the scale of the mapping, where
    there is one, is the last."""
    names = [
        BEFORE if scale == 1 else f"LIF, weights times {scale:g}" for scale in scales[:n_searched]
    ]
    names += [AFTER] * (len(scales) - n_searched)
    best = int(np.argmin([abs(of.rates.mean() - rate.rates.mean()) for of in lif[:n_searched]]))
    return [
        (RATE, np.nan, rate),
        *zip(names, scales, lif, strict=True),
        (SEARCHED, scales[best], lif[best]),
    ]


def _tables(
    settings: MeanFieldConfig, g: float, q: float, w, found: dict, seen: list
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rate, n_exc = seen[0][2], settings.n_exc
    radius = working_point.spectral_radius(
        np.array([n_exc, settings.n_inh]), *rate_network.moments(w, n_exc)
    )
    network = {"g": g, "q": q, "spectral_radius": radius, "mapping": found["reason"]}
    rows = [
        {
            "network": name,
            "weight_scale": scale,
            "rate_exc": of.rates[:n_exc].mean(),
            "rate_inh": of.rates[n_exc:].mean(),
            "rate": of.rates.mean(),
            "predicted_rate": found["predicted_rate"] if name == AFTER else np.nan,
            "silent": (of.rates <= 0).mean(),
            "variance": of.autocovariance[0],
            "dimensionality": dimensionality(of),
            "agreement": np.nan if name == RATE else agreement(rate, of),
        }
        for name, scale, of in seen
    ]
    lags = np.arange(len(rate.autocovariance)) * BIN_STEPS * settings.dr
    curves = [
        pd.DataFrame({"network": name, "lag": lags, "autocovariance": of.autocovariance})
        for name, _, of in seen
    ]
    return pd.DataFrame(rows).assign(**network), pd.concat(curves, ignore_index=True).assign(
        g=g, q=q
    )


RATE_TOLERANCE, DIMENSION_TOLERANCE = 0.2, 0.3


def verdicts(measures: pd.DataFrame) -> pd.DataFrame:
    """For each g and q: mean rate and dimensionality of the converted network over those of the
    rate network, and whether the mapping works: rate within 20 %, dimensionality within 30 %. NaN
    where it has no solution."""
    of = measures.pivot_table(
        index=["g", "q"], columns="network", values=["rate", "dimensionality"], dropna=False
    )
    ratios = pd.DataFrame(
        {what: of[what].get(AFTER, np.nan) / of[what][RATE] for what in ("rate", "dimensionality")}
    )
    close = (ratios.rate - 1).abs().le(RATE_TOLERANCE) & (ratios.dimensionality - 1).abs().le(
        DIMENSION_TOLERANCE
    )
    return ratios.assign(solved=ratios.rate.notna(), works=close).reset_index()


def critical_strength(measures: pd.DataFrame) -> dict[float, float]:
    """For each g the q from which on the linear rate network is unstable: its spectral radius grows
    with q^2."""
    return {
        g: float((of.q / np.sqrt(of.spectral_radius)).median()) for g, of in measures.groupby("g")
    }


def describe(settings: MeanFieldConfig, measures: pd.DataFrame) -> dict:
    """What the caption says."""
    found, n = verdicts(measures), len(settings.g) * len(settings.q)
    unconverted = verdicts(
        measures[measures.network != AFTER].replace({"network": {BEFORE: AFTER}})
    )
    return {
        "n_networks": n,
        "n_attempted": n,
        "n_exc": settings.n_exc,
        "n_inh": settings.n_inh,
        "n_steps": settings.n_steps,
        "n_works": int(found.works.sum()),
        "n_works_before": int(unconverted.works.sum()),
        "n_unsolved": int((~found.solved).sum()),
        "scales": ", ".join(f"{s:g}" for s in settings.weight_scales),
    }
