"""Converted networks of a test and trials in which no spike hangs on rounding."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from kernel_noise import noise_of_kernels

from rate2spike import spiking, streams
from rate2spike.config import NeuronConfig
from rate2spike.spiking.converted import time_grid

KEY = streams.key(1, "test", "kernel")
SIZES = [1, 7, 63, 250, 513]
NEURONS = [
    {"model": model, "tau_rise_ms": tau_rise} for model in ("lif", "qif") for tau_rise in (2.0, 0.0)
]


def small_network(n_units: int, **neuron) -> spiking.SpikingNetwork:
    rng = np.random.default_rng(n_units)
    inhibitory = rng.random(n_units) < 0.2
    w_rec = (
        abs(rng.normal(size=(n_units, n_units)))
        * (rng.random((n_units, n_units)) < 0.2)
        * 0.1
        / np.sqrt(n_units)
    )
    return spiking.SpikingNetwork(
        w_rec=w_rec * np.where(inhibitory, -1, 1),
        w_in=rng.normal(size=(n_units, 2)),
        w_out=rng.normal(size=n_units) / 10,
        tau_decay_ms=rng.uniform(20, 100, n_units),
        inhibitory=inhibitory,
        scaling_factor=40.0,
        neuron=NeuronConfig(**neuron),
    )


class AtThreshold(NamedTuple):
    """A network in which the highest initial voltage of a trial is exactly the threshold; the
    trial of `KEY` and its draws of these voltages; the unit that has the highest."""

    network: spiking.SpikingNetwork
    trial: int
    v0: np.ndarray
    highest: int


def at_threshold(span: float, **neuron) -> AtThreshold:
    """Voltages reach down to -2^30 mV: the noise is lost in the rounding of float32, and the draws,
    multiples of 2^-24, become voltages without any. No unit integrates. span: of the voltages,
    2^30 mV in float32 and 30 mV more in float64."""
    draws = [streams.uniform(KEY, streams.INITIAL_VOLTAGE, trial, 7)[:, 0] for trial in range(50)]
    # the highest far enough from 0 mV, where the noise would be seen
    trial = next(i for i, v0 in enumerate(draws) if v0.max() < 1 - 2**-5)
    v0 = draws[trial].astype(float)
    v_reset = -(2.0**30)
    neuron |= {"v_reset": v_reset, "v_threshold": v_reset + v0.max() * span}
    network = small_network(7, **neuron, t_refractory_ms=1e6)
    return AtThreshold(network, trial, v0, int(v0.argmax()))


def settled_trial(network, u, **settings) -> tuple[int, spiking.TrialRecording]:
    """A trial in which no spike hangs on rounding: moving the threshold by 2e-5 mV, five float32
    steps at 40 mV, changes none; of a QIF unit, which multiplies any difference on its way up, by
    5e-3 mV."""
    step = 2e-5 if network.neuron.model == "lif" else 5e-3
    n_steps = time_grid(u.shape[1], settings.get("downsample", 1)).n_steps
    for trial in range(50):
        given = settings | {"noise": noise_of_kernels(KEY, trial, network.n_units, n_steps)}
        plain = spiking.simulate_trial(network, u, stream=KEY, trial=trial, **given)
        for shift in (-step, step):
            moved = replace(
                network,
                neuron=replace(network.neuron, v_threshold=network.neuron.v_threshold + shift),
            )
            if not np.array_equal(
                spiking.simulate_trial(moved, u, stream=KEY, trial=trial, **given).spikes,
                plain.spikes,
            ):
                break
        else:
            return trial, plain
    raise AssertionError("no trial whose spikes are settled")


# When a unit integrates again ---------------------------------------------------------------------

DT_S, T_REFRACTORY_S = 5e-5, 2e-3


class Restless(NamedTuple):
    """Units that spike as soon as they may while their input is on.

    Each has an input of its own, on or off in columns of 5 ms; off, a unit is far below threshold.
    """

    network: spiking.SpikingNetwork
    u: np.ndarray  # (n_units, n_columns)

    def spikes(self, first: np.ndarray) -> np.ndarray:
        """bool (n_units, n_steps): by the published rule, in plain arithmetic. first: bool
        (n_units,), units that start above threshold and so spike in the first step."""
        on = self.u[:, time_grid(self.u.shape[1], 1).column] > 0
        return np.stack([published_spikes(*of_unit) for of_unit in zip(on, first, strict=True)])


def published_spikes(on: np.ndarray, first: bool) -> np.ndarray:
    """bool (n_steps,): steps in which a unit spikes that does so wherever it integrates and `on`.

    LIF_network_fnc.m: it integrates where dt*i > tlast + tref; then tlast = tlast + (dt*i - tlast).
    """
    spikes = np.zeros(len(on), bool)
    t_last = 0.0
    for k in range(len(on)):
        t = DT_S * (k + 1)
        spikes[k] = first if k == 0 else bool(on[k]) and t > t_last + T_REFRACTORY_S
        if spikes[k]:
            t_last = t_last + (t - t_last)
    return spikes


def n_released_otherwise(spikes: np.ndarray) -> int:
    """Spikes after which a unit would integrate again in another step if tlast were dt*i."""
    times = DT_S * np.arange(spikes.shape[1] + 100)
    n = 0
    for of_unit in spikes:
        t_last = 0.0
        for k in np.flatnonzero(of_unit):
            t = DT_S * (k + 1)
            t_last = t_last + (t - t_last)
            release = np.searchsorted(times, [t_last + T_REFRACTORY_S, t + T_REFRACTORY_S], "right")
            n += release[0] != release[1]
    return n


# Columns in which a unit is on. After a silence of more than half of the time so far, rounding
# reaches tlast: in one spike of a few hundred it decides, here in one of each unit.
ON = ((1, 6), (6, 22), (7, 22), (7, 23), (8, 24))


def restless(n_columns: int) -> Restless:
    n_units = len(ON)
    u = np.zeros((n_units, max(map(max, ON)) + 2), np.float32)
    for unit, columns in enumerate(ON):
        u[unit, list(columns)] = 1
    network = spiking.SpikingNetwork(
        w_rec=np.zeros((n_units, n_units)),
        w_in=1e5 * np.eye(n_units),  # mV: to threshold in one step
        w_out=np.ones(n_units),
        tau_decay_ms=np.full(n_units, 20.0),
        inhibitory=np.zeros(n_units, bool),
        scaling_factor=1.0,
        neuron=NeuronConfig(bias=-200.0),
    )
    return Restless(network, u[:, :n_columns])
