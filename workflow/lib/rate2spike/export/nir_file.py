"""The converted network as a NIR graph (Neuromorphic Intermediate Representation), and what it
loses by that.

    lif             tau_mem v' = (v_leak - v) + I,    v_leak = bias
                    v > v_threshold: spike, then v = v_reset
    synapse_rise    tau_rise x' = -x + w_rec spike
    synapse_decay   tau_decay ipsc' = -ipsc + x
    rate_rise       tau_rise y' = -y + spike
    rate_decay      tau_decay r' = -r + y
    w_in, w_rec     I = w_in u + ipsc
    w_out           output = w_out r, plus the offset where there is one

In NIR a leaky integrator is tau v' = (v_leak - v) + R I and a spike a Dirac pulse, so one that
comes with weight w moves v by R w / tau. With R = 1 everywhere x moves by w / tau_rise and ipsc' =
-ipsc / tau_decay + h with h = x / tau_decay, which moves by w / (tau_rise tau_decay): the equations
of `neurons.LIF` with h = x / tau_decay and hr = y / tau_decay. With tau_rise = 0 the rise nodes are
left out. Time constants are in s, voltages, currents and w_in in mV, r in Hz, w_rec in mV per Hz.
NIR has neither a refractory period nor noise nor initial voltages; `accuracies` measures what the
first two are worth.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from .. import conversion, spiking, streams
from ..analysis.statistics import wilson_interval
from ..conversion import scored_trials
from ..files import replacing, write_csv
from ..networks.simulation import simulate
from ..rate.model import RateModel
from ..spiking import converted
from ..spiking.converted import SpikingNetwork
from ..tasks.task import Response, first_response_step, spiking_stimulus
from .spike_trains import needed

BYTES_AT_ONCE = 2.5e8  # of inputs and rates of trials that are simulated at the same time, each


def nir_graph(network: SpikingNetwork, *, dt_s: float | None = None, metadata: dict | None = None):
    """The network as a nir.NIRGraph; the equations of its nodes are above.

    Parameters
    ----------
    network : the converted network, of LIF units
    dt_s : for simulators that hand on a spike as a 1 that lasts a step instead of as a pulse: the
        first integrator after a spike then has R = 1 / dt_s, which makes a pulse of it at that step
        and no other
    metadata : text by name, kept with the graph

    Returns
    -------
    nir.NIRGraph
        The graph.

    Raises
    ------
    ValueError
        For a QIF network, which NIR cannot hold.
    """
    nir, neuron = needed("nir"), network.neuron
    if neuron.model != "lif":
        raise ValueError(
            "NIR has no quadratic integrate-and-fire unit: expected a network of model lif, "
            f"got {neuron.model}"
        )
    if dt_s is not None and not (np.isfinite(dt_s) and dt_s > 0):
        raise ValueError(f"dt_s: expected a step > 0 s or None, got {dt_s!r}")

    def each(value) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), network.n_units).copy()

    stages = {}  # of the filter of a spike: name -> time constant (s)
    if neuron.tau_rise_ms > 0:
        stages["rise"] = neuron.tau_rise_ms / 1000
    stages["decay"] = network.tau_decay_ms / 1000
    nodes = {
        "input": nir.Input(input_type=np.array([network.n_inputs])),
        "w_in": nir.Linear(weight=network.w_in),
        "lif": nir.LIF(
            tau=each(neuron.tau_mem_ms / 1000),
            r=each(1),
            v_leak=network.bias_of_units,
            v_threshold=each(neuron.v_threshold),
            v_reset=each(neuron.v_reset),
        ),
        "w_rec": nir.Linear(weight=network.w_rec),
        "w_out": _readout(network),
        "output": nir.Output(output_type=np.array([1])),
    }
    for chain in ("synapse", "rate"):
        for i, (stage, tau_s) in enumerate(stages.items()):
            r = 1 / dt_s if dt_s and i == 0 else 1
            nodes[f"{chain}_{stage}"] = nir.LI(tau=each(tau_s), r=each(r), v_leak=each(0))
    paths = [
        ["input", "w_in", "lif"],
        ["lif", "w_rec", *(f"synapse_{stage}" for stage in stages), "lif"],
        ["lif", *(f"rate_{stage}" for stage in stages), "w_out", "output"],
    ]
    edges = []
    for path in paths:
        edges += pairwise(path)
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=metadata or {})


def _readout(network: SpikingNetwork):
    """The readout, with its offset where there is one."""
    nir, weight = needed("nir"), network.w_out[None]
    if network.output_offset:
        return nir.Affine(weight=weight, bias=np.array([network.offset_of_output]))
    return nir.Linear(weight=weight)


def write_nir(
    path: str | os.PathLike,
    network: SpikingNetwork,
    *,
    accuracy: pd.DataFrame | None = None,
    dt_s: float | None = None,
    metadata: dict | None = None,
) -> None:
    """Write the network as a NIR file, and `accuracy` as a table beside it, NAME_accuracy.csv.

    The graph's metadata has the scaling factor, the output factor where it is not 1, what is added
    to the output where it is not 0, whether the units have gains of their own, what NIR cannot
    hold, and the accuracies, as JSON text under `rate2spike`, beside what else is given as
    `metadata`.

    Parameters
    ----------
    path : of the file
    network : the converted network, of LIF units
    accuracy : as from `accuracies`
    dt_s : see `nir_graph`
    metadata : text by name

    Raises
    ------
    ValueError
        For a QIF network.
    """
    path, neuron = Path(path), network.neuron
    initial = f"initial voltages: uniform from {neuron.v_reset:g} to {converted.V_SPIKE:g} mV"
    about = {
        "scaling_factor": network.scaling_factor,
        "not_held_by_nir": {
            "t_refractory_ms": neuron.t_refractory_ms,
            "noise_sd_mv_per_step": converted.NOISE_SD,
            "step_s": spiking.STEP_S,
            "initial": initial,
        },
        "spike_lasts_s": dt_s,
    }
    if network.output_factor != 1:  # w_out has it already
        about["output_factor"] = network.output_factor
    if network.output_offset:  # the readout has it already
        about["output_offset"] = network.output_offset
    if network.bias_mv is not None:  # w_rec, w_in and v_leak have them already
        about["has_unit_gains"] = True
    if accuracy is not None:
        about["accuracy"] = accuracy.to_dict("records")
    metadata = {"rate2spike": json.dumps(about)} | (metadata or {})
    graph = nir_graph(network, dt_s=dt_s, metadata=metadata)
    with replacing(path) as temporary:
        needed("nir").write(temporary, graph)
    if accuracy is not None:
        write_csv(accuracy, path.with_name(f"{path.stem}_accuracy.csv"))


def accuracies(
    simulation: conversion.Simulation,
    model: RateModel,
    network: str,
    scaling_factor: float,
    n_trials: int,
) -> pd.DataFrame:
    """Accuracy of the network with all it has and without what NIR cannot hold, on the same trials,
    published and strict scoring.

    Initial voltages are random in all three rows, as in a trial. With the workflow's name, seed and
    `purpose="held out"` the first row is the accuracy on fresh trials that the tables have (on the
    device of the study).

    Parameters
    ----------
    simulation : what the trials share
    model : the rate network
    network : its name, which names the streams of trials, voltages and noise
    scaling_factor : 1/lambda
    n_trials : of each row

    Returns
    -------
    pd.DataFrame
        Rows: the whole network; without its refractory period; without refractory period and noise,
        which is what the NIR file says.
    """
    at_once = simulation._replace(neuron=replace(simulation.neuron, t_refractory_ms=0.0))
    whole = conversion.score_network(simulation, model, network, scaling_factor, n_trials)
    no_period = conversion.score_network(at_once, model, network, scaling_factor, n_trials)
    no_noise = _score_without_noise(at_once, model, network, scaling_factor, n_trials)
    rows = [
        {"network": "whole network"} | _accuracy(whole),
        {"network": "without refractory period"} | _accuracy(no_period),
        {"network": "without refractory period and noise"} | _accuracy(no_noise),
    ]
    return pd.DataFrame(rows)


def _accuracy(trials: Mapping[str, np.ndarray]) -> dict:
    """The share of correct trials with its 95 % interval. trials: columns correct and
    correct_strict."""
    n_correct, n_trials = int(np.sum(trials["correct"])), len(trials["correct"])
    interval = wilson_interval(n_correct, n_trials)
    return {
        "n_trials": n_trials,
        "n_correct": n_correct,
        "accuracy": n_correct / n_trials,
        "ci_low": float(interval.low),
        "ci_high": float(interval.high),
        "accuracy_strict": float(np.mean(trials["correct_strict"])),
    }


def _score_without_noise(
    simulation: conversion.Simulation,
    model: RateModel,
    network: str,
    scaling_factor: float,
    n_trials: int,
) -> dict[str, np.ndarray]:
    """Whether each trial without noise is right: correct and correct_strict, (n_trials,)."""
    task = simulation.task
    trials = scored_trials.trials_of(simulation, network, scaling_factor, np.arange(n_trials))
    stream = scored_trials.stream_of(simulation, network, scaling_factor)
    converted = conversion.to_spiking(model, scaling_factor, neuron=simulation.neuron)
    first = first_response_step(task, spiking.STEP_S * simulation.downsample)
    stimulus = spiking_stimulus(trials.stimulus)
    maxima, minima = [], []
    for out in outputs_without_noise(converted, stimulus, stream, simulation.downsample):
        window = out[:, first:]
        maxima.append(window.max(axis=1))
        minima.append(window.min(axis=1))
    response = Response(np.concatenate(maxima), np.concatenate(minima))
    return {
        "correct": task.correct_spiking(trials.label, response),
        "correct_strict": task.correct_strict(trials.label, response),
    }


def outputs_without_noise(
    network: SpikingNetwork, u: np.ndarray, stream: streams.Key, downsample: int = 1
) -> Iterator[np.ndarray]:
    """The output of trials 0, 1, 2 ... without noise, as many trials at a time as fit into a part
    of the memory.

    Parameters
    ----------
    network : the converted network
    u : stimulus (n_trials, n_inputs, n_columns), one column per 5 ms
    stream : keys the initial voltages, which are those of the trial
    downsample : steps of 5e-5 s in a step

    Yields
    ------
    np.ndarray
        (n, n_steps) of the next n trials.
    """
    n_steps = spiking.time_grid(u.shape[-1], downsample).n_steps
    at_once = max(1, int(BYTES_AT_ONCE / (8 * n_steps * network.n_units)))
    for begin in range(0, len(u), at_once):
        voltages, inputs = [], []
        for trial in range(begin, min(begin + at_once, len(u))):
            units = spiking.as_network(network, downsample=downsample, stream=stream, trial=trial)
            voltages.append(units.initial["v"])
            inputs.append(spiking.external_inputs(network, u[trial], downsample))
        units = replace(units, initial={"v": np.stack(voltages)})
        recording = simulate(units, np.stack(inputs), record=("r",), progress=False, device="cpu")
        yield network.read_out(recording["r"] @ network.w_out)
