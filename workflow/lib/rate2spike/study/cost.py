"""What a study will take: seconds per training and per spiking trial, measured on this machine,
times how many there are."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import yaml

from .. import conversion, streams
from ..config import NeuronConfig, RateConfig, TrainingConfig, from_mapping
from ..devices import device_of
from ..rate.kernels.pick import rate_kernels
from ..rate.model import initial_model
from ..tasks.task import Task, draw_trials
from .resources import (
    BYTES_PER_TRIAL,
    JOB_S,
    TYPICAL_TRIALS,
    bytes_per_network,
    typical_trials,
)

TRAINING_TRIALS, SPIKING_TRIALS = 20, 4  # of a calibration
MOST_AT_ONCE = 100  # networks of a calibration on a GPU


def seconds_per_training_trial(
    task: Task, config: RateConfig, training: TrainingConfig, device: str, n_networks: int = 1
) -> float:
    """Of one trial with its share of the evaluations; on a GPU the share of one of `n_networks`
    side by side."""
    if device_of(device) == "cuda":
        return _seconds_on_gpu(task, config, training, device, n_networks)
    model, kernel = (
        initial_model(config, task.n_inputs, streams.generator(0, "cost")),
        rate_kernels(device),
    )
    stream = streams.key(0, "cost noise")
    trials = draw_trials(task, 0, "cost", (), range(TRAINING_TRIALS))
    training = replace(training, trials_per_update=1)

    def train() -> float:
        return _seconds(
            lambda: kernel.train_trials(
                model,
                kernel.start(model),
                trials.stimulus,
                trials.target,
                training=training,
                stream=stream,
                first_trial=0,
            )
        )

    def evaluate() -> float:
        return _seconds(
            lambda: kernel.outputs(
                model, model.weights, trials.stimulus, stream=stream, first_trial=0
            )
        )

    share = training.evaluation_trials / training.evaluation_interval
    return (train() + share * evaluate()) / TRAINING_TRIALS


def _seconds_on_gpu(
    task: Task, config: RateConfig, training: TrainingConfig, device: str, n_networks: int
) -> float:
    models = [initial_model(config, task.n_inputs, streams.generator(0, "cost"))] * n_networks
    kernel, keys = (
        rate_kernels(device),
        [streams.key(0, "cost noise", i) for i in range(n_networks)],
    )
    trials = draw_trials(task, 0, "cost", (), range(TRAINING_TRIALS))
    u, z = (np.repeat(a[None], n_networks, axis=0) for a in (trials.stimulus, trials.target))
    one, block = replace(training, trials_per_update=1), kernel.start_block(models)
    train = _seconds(
        lambda: kernel.train_block(block, u, z, training=one, keys=keys, first_trial=0).cpu()
    )
    weights = kernel.weights_of(block)
    evaluate = _seconds(lambda: kernel.block_outputs(models, weights, u, keys=keys, first_trial=0))
    share = training.evaluation_trials / training.evaluation_interval
    return (train + share * evaluate) / (TRAINING_TRIALS * n_networks)


def seconds_per_spiking_trial(
    task: Task,
    config: RateConfig,
    neuron: NeuronConfig,
    downsample: int,
    device: str,
    n_networks: int = 1,
) -> float:
    """Of one trial of untrained networks, which fire about as much as trained ones; on a GPU
    `n_networks` at once."""
    n = n_networks if device_of(device) == "cuda" else 1
    models = dict.fromkeys(
        map(str, range(n)), initial_model(config, task.n_inputs, streams.generator(0, "cost"))
    )
    simulation = conversion.Simulation(task, 0, "cost", neuron, downsample, device)
    factors = dict.fromkeys(models, 40.0)
    return _seconds(
        lambda: conversion.score_networks(simulation, models, factors, SPIKING_TRIALS)
    ) / (n * SPIKING_TRIALS)


def _seconds(work) -> float:
    """The least of three runs after one that compiles: what else runs on the machine can only slow
    it down."""
    work()
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def of_condition(
    row: Mapping, task: Task, device: str, keep_traces: bool, timed: dict[tuple, float]
) -> dict:
    """Networks, trials, core-hours and megabytes of one condition; `row` as in the rule `cost`.

    timed: the measurements so far. Decays and gain do not change how long a trial takes: conditions
    that differ in nothing else are measured once.
    """
    config = from_mapping(RateConfig, row["network"] or {})
    alike = replace(config, tau_decay_ms=RateConfig().tau_decay_ms, gain=RateConfig().gain)

    def once(what, measure) -> float:
        key = (what, task.name, alike, row["downsample"])
        if key not in timed:
            timed[key] = measure()
        return timed[key]

    n_training, training_s, n_bytes, n = 0, 0.0, 0.0, min(row["n_networks"], MOST_AT_ONCE)
    if row["training"]:
        training = from_mapping(TrainingConfig, row["training"])
        n_training = row["n_networks"] * typical_trials(task.name, config, training)
        training_s = n_training * once(
            training, lambda: seconds_per_training_trial(task, config, training, device, n)
        )
        n_bytes = row["n_networks"] * bytes_per_network(config, task.n_steps, keep_traces)
    n_spiking = row["n_networks"] * (row["n_factors"] * row["trials"] + row["held_out_trials"])
    neuron = from_mapping(NeuronConfig, row["neuron"])
    measured = (task, config, neuron, row["downsample"], device, n)
    spiking_s = n_spiking * once(neuron, lambda: seconds_per_spiking_trial(*measured))
    return {
        "condition": row["name"],
        "networks": row["n_networks"] if row["training"] else 0,
        "training_trials": n_training,
        "spiking_trials": n_spiking,
        "training_core_hours": training_s / 3600,
        "simulation_core_hours": spiking_s / 3600,
        "megabytes": (n_bytes + 2 * n_spiking * BYTES_PER_TRIAL) / 1e6,
    }


def jobs_of(snakefile: str, config: Mapping) -> int:
    """How many jobs the whole study is: Snakemake plans it from nothing and is asked."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(dict(config), file)
        file.flush()
        plan = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--nolock"]
        plan += ["--cores", "1", "--snakefile", snakefile, "--configfile", file.name]
        planned = subprocess.run(plan, capture_output=True, text=True, check=False)
    counted = re.search(r"^total +(\d+)$", planned.stdout + planned.stderr, re.MULTILINE)
    if planned.returncode or not counted:
        raise RuntimeError(f"Snakemake could not plan the study: {planned.stderr[-2000:]}")
    return int(counted[1])


def in_words(costs: pd.DataFrame, n_jobs: int, device: str = "cpu") -> str:
    """The table of conditions and the sum under it."""
    total = costs.drop(columns="condition").sum()
    hours = total.training_core_hours + total.simulation_core_hours
    jobs_h, unit = n_jobs * JOB_S / 3600, "GPU" if device_of(device) == "cuda" else "core"
    wall = hours + jobs_h / 8 if unit == "GPU" else (hours + jobs_h) / 8
    table = costs.round({"megabytes": 1}).to_string(index=False, float_format="{:.3g}".format)
    minutes = max(1, round(60 * wall))
    return (
        f"{table}\n\n"
        f"{n_jobs} jobs; {total.networks:.0f} rate networks, {total.training_trials:.2g} training trials, "
        f"{total.spiking_trials:.2g} spiking trials\n"
        f"{hours:.2g} {unit}-hours of training and simulation on this machine, {jobs_h:.2g} core-hours of everything else; "
        f"about {minutes} minute{'s' * (minutes > 1)} on {'this GPU and ' if unit == 'GPU' else ''}8 such cores\n"
        f"{total.megabytes / 1000:.2f} GB on disk, recordings of example networks and figures (about 0.1 GB) not counted\n"
        f"Networks of other tasks than {' and '.join(TYPICAL_TRIALS)} are counted with all their max_trials.\n"
    )
