"""Converted networks of a test and trials in which no spike hangs on rounding."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rate2spike import spiking, streams
from rate2spike.config import NeuronConfig

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
    steps at 40 mV, changes none."""
    for trial in range(50):
        plain = spiking.simulate_trial(network, u, stream=KEY, trial=trial, **settings)
        for shift in (-2e-5, 2e-5):
            moved = replace(
                network,
                neuron=replace(network.neuron, v_threshold=network.neuron.v_threshold + shift),
            )
            if not np.array_equal(
                spiking.simulate_trial(moved, u, stream=KEY, trial=trial, **settings).spikes,
                plain.spikes,
            ):
                break
        else:
            return trial, plain
    raise AssertionError("no trial whose spikes are settled")
