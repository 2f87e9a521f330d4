"""Gains and biases of the units, so that a spiking unit answers to its input as its rate unit does.

A rate unit answers with f(x) to its synaptic current x. In the spiking network its filtered rate is
to be F f(x), F = 1/lambda (Hz), at the same recurrent weights W. A LIF unit answers to a current I
with a rate of its own, so it gets a gain g and a bias b of its own:

    I = g x + b,    F f(x) = phi(g x + b)

phi is measured: the rates of units without connections at constant currents (`answer_to_currents`).
The spikes of the other units make the current noisy. Filtered Poisson spikes have the variance

    sd^2 = sum_j (W_ij / F)^2 F r_j / (2 (tau_i + tau_rise))

(Campbell's theorem, double-exponential synapse; r_j: the mean of f(x_j), tau_i: the decay). So phi
is averaged over currents of this SD, times g. g and b are those of least squares over the currents
x that the rate network has in trials of the task. Nothing of it needs a trial of the spiking
network.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np

from .. import streams
from ..arrays import finite_numbers
from ..config import RATE_STEP_MS, NeuronConfig
from ..rate.kernels.pick import rate_kernels
from ..rate.model import RateModel, UnitGains
from ..rate.reference import firing_rates
from ..spiking.converted import SpikingNetwork
from ..spiking.kernels.pick import spiking_kernels
from ..tasks.task import Task, draw_trials
from .scaling import check_factor

log = logging.getLogger(__name__)

CALIBRATION_TRIALS = 40
SHARES = np.linspace(0.01, 0.99, 50)  # of the currents of a unit: the quantiles that are fitted
# mV from the bias of the neuron
CURRENTS_MV = np.concatenate([np.arange(-12.0, 12.0, 0.25), np.arange(12.0, 151.0, 1.0)])
ANSWER_TRIALS = 40
ANSWER_S = (3.0, 1.0)  # duration of a trial, and of its first part
FINE_STEP_MV = 0.02
SILENT_HZ = 1.0
# of the normal distribution by which the answer is averaged
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()
UPDATES = 12
DAMPING = 1e-3
LARGEST_UPDATE = np.array([1.0, 2.0])  # of gain and bias (mV)
GAINS = (0.05, 100.0)


class Answer(NamedTuple):
    """How a spiking unit answers to a constant current, at even steps.

    Parameters
    ----------
    neuron : its constants
    current_mv : (n,), beside the bias of the neuron
    rate_hz : (n,)
    slope : (n,), Hz per mV; 0 at the ends, where the rate stays as it is
    """

    neuron: NeuronConfig
    current_mv: np.ndarray
    rate_hz: np.ndarray
    slope: np.ndarray


class Currents(NamedTuple):
    """Synaptic currents of a rate network in trials of its task.

    Parameters
    ----------
    quantiles : x of each unit at SHARES, (n_shares, n_units)
    mean_rates : mean of f(x), (n_units,)
    """

    quantiles: np.ndarray
    mean_rates: np.ndarray


def answer_to_currents(neuron: NeuronConfig, study_seed: int, downsample: int = 1) -> Answer:
    """Measure how units of a neuron answer to constant currents, under the noise of all trials.

    Always on the CPU, so that gains are the same on every device.

    Parameters
    ----------
    neuron : constants of the spiking units
    study_seed : keys noise and initial voltages
    downsample : steps of 5e-5 s in a step

    Returns
    -------
    Answer
        Rates that never fall as the current rises.
    """
    n = len(CURRENTS_MV)
    units = SpikingNetwork(
        w_rec=np.zeros((n, n)),
        w_in=CURRENTS_MV[:, None],
        w_out=np.zeros(n),
        tau_decay_ms=np.full(n, 50.0),  # of synapses without a connection
        inhibitory=np.zeros(n, bool),
        scaling_factor=1.0,
        neuron=neuron,
    )
    # random initial voltages make most units spike at once: the first part does not count
    whole, first = (_spike_counts(units, part_s, study_seed, downsample) for part_s in ANSWER_S)
    rates = (whole - first).mean(axis=0) / (ANSWER_S[0] - ANSWER_S[1])
    rates = np.maximum.accumulate(rates)
    current = np.arange(CURRENTS_MV[0], CURRENTS_MV[-1], FINE_STEP_MV)
    rate = np.interp(current, CURRENTS_MV, rates)
    slope = np.gradient(rate, FINE_STEP_MV)
    slope[[0, -1]] = 0
    return Answer(neuron, current, rate, slope)


def _spike_counts(
    units: SpikingNetwork, duration_s: float, study_seed: int, downsample: int
) -> np.ndarray:
    """Spikes of each unit at a constant input of 1, (ANSWER_TRIALS, n_units)."""
    n_columns = round(1000 * duration_s / RATE_STEP_MS) + 1
    run = spiking_kernels("cpu").simulate_trials(
        units,
        np.ones((ANSWER_TRIALS, 1, n_columns)),
        trials=np.arange(ANSWER_TRIALS),
        stream=streams.key(study_seed, "answer to currents"),
        downsample=downsample,
    )
    return run.spike_counts


def rate_currents(model: RateModel, task: Task, study_seed: int, words: tuple) -> Currents:
    """Synaptic currents of the rate network in trials of its task.

    Parameters
    ----------
    model : the rate network
    task : of which trials are drawn
    study_seed, words : key trials and noise

    Returns
    -------
    Currents
        Of all steps of 40 trials.
    """
    trials = draw_trials(task, study_seed, "calibration", words, range(CALIBRATION_TRIALS))
    trace = rate_kernels("cpu").outputs(
        model,
        model.weights,
        trials.stimulus,
        stream=streams.key(study_seed, "calibration noise", *words),
        first_trial=0,
        keep=True,
    )
    return currents_of(model, trace.x[:, 1:].reshape(-1, model.n_units))


def currents_of(model: RateModel, x: np.ndarray) -> Currents:
    """What `find_unit_gains` needs of currents.

    Parameters
    ----------
    model : the rate network
    x : (n_samples, n_units)

    Raises
    ------
    ValueError
        For currents of another number of units, or that are not finite.
    """
    x = finite_numbers("x", x)
    if x.ndim != 2 or x.shape[1] != model.n_units:
        raise ValueError(f"x: expected shape (n_samples, {model.n_units}), got {x.shape}")
    mean_rates = firing_rates(x, model.config.activation).mean(axis=0)
    return Currents(np.quantile(x, SHARES, axis=0), mean_rates)


def find_unit_gains(
    model: RateModel, scaling_factor: float, currents: Currents, answer: Answer
) -> UnitGains:
    """Gain and bias of each unit at a scaling factor.

    Parameters
    ----------
    model : the rate network
    scaling_factor : 1/lambda, the rate (Hz) of a spiking unit whose rate unit has f(x) = 1
    currents : of the rate network, as from `rate_currents`
    answer : from `answer_to_currents`

    Returns
    -------
    UnitGains
        For `RateModel.unit_gains`. They hold at this scaling factor alone. A warning says where
        rates are wanted that no current gives.

    Raises
    ------
    ValueError
        For a factor that is no number > 0.
    """
    check_factor(scaling_factor)
    x = currents.quantiles
    wanted = scaling_factor * firing_rates(x, model.config.activation)
    lowest, highest = answer.rate_hz[0], answer.rate_hz[-1]
    if wanted.max() > highest or lowest > max(wanted.min(), SILENT_HZ):
        log.warning(
            "gains of the units at 1/lambda = %g: rates of %.1f to %.1f Hz are wanted, but "
            "currents of %g to %g mV give %.1f to %.1f Hz",
            scaling_factor,
            wanted.min(),
            wanted.max(),
            CURRENTS_MV[0],
            CURRENTS_MV[-1],
            lowest,
            highest,
        )
    noise_mv = _noise_of_spikes(model, scaling_factor, currents.mean_rates, answer.neuron)
    fit = _first_guess(x, wanted, answer)
    for _ in range(UPDATES):
        fit = _update(fit, x, wanted, noise_mv, answer)
    return UnitGains(gain=fit[0], bias_mv=fit[1])


def _noise_of_spikes(
    model: RateModel, scaling_factor: float, mean_rates: np.ndarray, neuron: NeuronConfig
) -> np.ndarray:
    """SD of the synaptic current of each unit at gain 1, (n_units,), mV."""
    w_rec = np.asarray(model.weights.w_rec, np.float64)
    w_rec = np.maximum(w_rec, 0) if model.config.dale else w_rec
    scaled = w_rec * model.mask / scaling_factor  # signs are squared away
    tau_s = (model.tau_decay_ms() + neuron.tau_rise_ms) / 1000
    return np.sqrt(np.square(scaled) @ (scaling_factor * mean_rates) / (2 * tau_s))


def _first_guess(x: np.ndarray, wanted: np.ndarray, answer: Answer) -> np.ndarray:
    """Gain and bias, (2, n_units), of the line through the currents that alone would do."""
    rising, first = np.unique(answer.rate_hz, return_index=True)
    needed = np.interp(wanted, rising, answer.current_mv[first])
    centred = x - x.mean(axis=0)
    spread = np.maximum(np.square(centred).sum(axis=0), 1e-12)
    gain = np.clip((centred * needed).sum(axis=0) / spread, *GAINS)
    return np.stack([gain, needed.mean(axis=0) - gain * x.mean(axis=0)])


def _update(
    fit: np.ndarray, x: np.ndarray, wanted: np.ndarray, noise_mv: np.ndarray, answer: Answer
) -> np.ndarray:
    """One damped Gauss-Newton step of all units, each for itself."""
    gain, bias = fit
    rate, by_gain, by_bias = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
        noisy = x + node * noise_mv
        place = (gain * noisy + bias - answer.current_mv[0]) / FINE_STEP_MV
        place = np.clip(np.rint(place), 0, len(answer.rate_hz) - 1).astype(np.int64)
        slope = weight * answer.slope[place]
        rate += weight * answer.rate_hz[place]
        by_gain += slope * noisy
        by_bias += slope
    missing = wanted - rate
    a, b, c = (by_gain**2).sum(0), (by_gain * by_bias).sum(0), (by_bias**2).sum(0)
    damping = DAMPING * (a + c) + 1e-9
    a, c = a + damping, c + damping
    p, q = (by_gain * missing).sum(0), (by_bias * missing).sum(0)
    change = np.stack([c * p - b * q, a * q - b * p]) / (a * c - b * b)
    largest = LARGEST_UPDATE[:, None]
    gain, bias = fit + np.clip(change, -largest, largest)
    return np.stack([np.clip(gain, *GAINS), bias])
