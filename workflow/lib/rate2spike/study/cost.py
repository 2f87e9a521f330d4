"""What a study will take: seconds per training and per spiking trial, measured on this machine,
times how many there are."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
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
from .resources import BYTES_PER_TRIAL, JOB_S, TYPICAL_TRIALS, bytes_per_network, typical_trials

# of a calibration
TRAINING_TRIALS = 20
SPIKING_TRIALS = 4
MOST_AT_ONCE = 100  # networks, on a GPU

# A trial, measured --------------------------------------------------------------------------------


def seconds_per_training_trial(
    task: Task, config: RateConfig, training: TrainingConfig, *, device: str, n_networks: int = 1
) -> float:
    """How long one training trial of a network takes with its share of the evaluations.

    Parameters
    ----------
    task, config, training : what is trained, and how
    device : `cpu` or `cuda`
    n_networks : on a GPU, how many networks are trained side by side

    Returns
    -------
    Seconds; on a GPU the share of one of the networks
    """
    if device_of(device) == "cuda":
        return _seconds_on_gpu(task, config, training, device=device, n_networks=n_networks)
    model = initial_model(config, task.n_inputs, streams.generator(0, "cost"))
    kernel = rate_kernels(device)
    stream = streams.key(0, "cost noise")
    trials = draw_trials(task, 0, "cost", (), range(TRAINING_TRIALS))
    one_by_one = replace(training, trials_per_update=1)

    def train():
        kernel.train_trials(
            model,
            kernel.start(model),
            trials.stimulus,
            trials.target,
            training=one_by_one,
            stream=stream,
            first_trial=0,
        )

    def evaluate():
        kernel.outputs(model, model.weights, trials.stimulus, stream=stream, first_trial=0)

    share = training.evaluation_trials / training.evaluation_interval
    return (_seconds(train) + share * _seconds(evaluate)) / TRAINING_TRIALS


def _seconds_on_gpu(
    task: Task, config: RateConfig, training: TrainingConfig, *, device: str, n_networks: int
) -> float:
    """The same on a GPU: equal networks side by side, each with noise of its own."""
    model = initial_model(config, task.n_inputs, streams.generator(0, "cost"))
    models = [model] * n_networks
    kernel = rate_kernels(device)
    keys = [streams.key(0, "cost noise", i) for i in range(n_networks)]
    trials = draw_trials(task, 0, "cost", (), range(TRAINING_TRIALS))
    stimuli = np.repeat(trials.stimulus[None], n_networks, axis=0)
    targets = np.repeat(trials.target[None], n_networks, axis=0)
    one_by_one = replace(training, trials_per_update=1)
    block = kernel.start_block(models)

    def train():
        losses = kernel.train_block(
            block, stimuli, targets, training=one_by_one, keys=keys, first_trial=0
        )
        losses.cpu()  # waits for the GPU

    train_s = _seconds(train)
    weights = kernel.weights_of(block)

    def evaluate():
        kernel.block_outputs(models, weights, stimuli, keys=keys, first_trial=0)

    share = training.evaluation_trials / training.evaluation_interval
    return (train_s + share * _seconds(evaluate)) / (TRAINING_TRIALS * n_networks)


def seconds_per_spiking_trial(
    task: Task,
    config: RateConfig,
    neuron: NeuronConfig,
    *,
    downsample: int,
    device: str,
    n_networks: int = 1,
) -> float:
    """How long one trial of an untrained network takes, which fires about as much as a trained one.

    Parameters
    ----------
    task, config, neuron : what is simulated
    downsample : how many steps of 0.05 ms are one
    device : `cpu` or `cuda`
    n_networks : on a GPU, how many networks are simulated at once

    Returns
    -------
    Seconds; on a GPU the share of one of the networks
    """
    n_at_once = n_networks if device_of(device) == "cuda" else 1
    model = initial_model(config, task.n_inputs, streams.generator(0, "cost"))
    models = {str(i): model for i in range(n_at_once)}
    factors = dict.fromkeys(models, 40.0)
    simulation = conversion.Simulation(task, 0, "cost", neuron, downsample, device)

    def score():
        conversion.score_networks(simulation, models, factors, SPIKING_TRIALS)

    return _seconds(score) / (n_at_once * SPIKING_TRIALS)


def _seconds(work: Callable[[], None]) -> float:
    """The least of three runs after one that compiles: what else runs on the machine can only slow
    it down."""
    work()
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


# The study, reckoned ------------------------------------------------------------------------------


def of_condition(
    row: Mapping, task: Task, *, device: str, keep_traces: bool, timed: dict[tuple, float]
) -> dict:
    """Networks, trials, core-hours and megabytes of one condition.

    Parameters
    ----------
    row : the condition, a row of `resources.workload`
    task : its task
    device : `cpu` or `cuda`
    keep_traces : whether model files also hold the activity of trials
    timed : the measurements so far; new ones are added. Decays and gain do not change how long a
        trial takes: conditions that differ in nothing else are measured once.

    Returns
    -------
    A row of the table of `in_words`: condition, networks, training_trials, spiking_trials,
    training_core_hours, simulation_core_hours, recording_core_hours, megabytes
    """
    config = from_mapping(RateConfig, row["network"] or {})
    alike = replace(config, tau_decay_ms=RateConfig().tau_decay_ms, gain=RateConfig().gain)
    n_networks = row["n_networks"]
    n_at_once = min(n_networks, MOST_AT_ONCE) if device_of(device) == "cuda" else 1

    n_training = 0
    training_s = 0.0
    n_bytes = 0.0
    if row["training"]:
        training = from_mapping(TrainingConfig, row["training"])
        key = (training, task.name, alike, n_at_once)
        if key not in timed:
            timed[key] = seconds_per_training_trial(
                task, config, training, device=device, n_networks=n_at_once
            )
        n_training = n_networks * typical_trials(task.name, config, training)
        training_s = n_training * timed[key]
        n_bytes = n_networks * bytes_per_network(config, task.n_steps, keep_traces)
        n_bytes *= 4 / 3 if row["refines"] else 1  # a converted model more

    neuron = from_mapping(NeuronConfig, row["neuron"])
    key = (neuron, task.name, alike, row["downsample"], n_at_once)
    if key not in timed:
        timed[key] = seconds_per_spiking_trial(
            task,
            config,
            neuron,
            downsample=row["downsample"],
            device=device,
            n_networks=n_at_once,
        )
    n_spiking = n_networks * (row["n_factors"] * row["trials"] + row["held_out_trials"])
    spiking_s = n_spiking * timed[key]
    return {
        "condition": row["name"],
        "networks": n_networks if row["training"] else 0,
        "training_trials": n_training,
        "spiking_trials": n_spiking,
        "training_core_hours": training_s / 3600,
        "simulation_core_hours": spiking_s / 3600,
        "recording_core_hours": row["recording_s"] / 3600,
        "megabytes": (n_bytes + 2 * n_spiking * BYTES_PER_TRIAL) / 1e6,
    }


def jobs_of(snakefile: str, config: Mapping) -> int:
    """How many jobs the whole study is: Snakemake plans it from nothing and is asked.

    Parameters
    ----------
    snakefile : path of the workflow's Snakefile
    config : the config of the study

    Returns
    -------
    The number of jobs

    Raises
    ------
    RuntimeError
        with what Snakemake says, where it cannot plan the study
    """
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(dict(config), file)
        file.flush()
        plan = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--nolock"]
        plan += ["--quiet", "host"]  # whatever a profile of the user says: the counts are read
        plan += ["--cores", "1", "--snakefile", snakefile, "--configfile", file.name]
        planned = subprocess.run(
            plan, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    total = re.search(r"^total +(\d+)$", planned.stdout + planned.stderr, re.MULTILINE)
    if planned.returncode or not total:
        raise RuntimeError(f"Snakemake could not plan the study: {planned.stderr[-2000:]}")
    return int(total[1])


def in_words(costs: pd.DataFrame, n_jobs: int, device: str = "cpu") -> str:
    """The table of conditions and the sum under it, as text.

    Parameters
    ----------
    costs : a row per condition, see `of_condition`
    n_jobs : of the whole study
    device : `cpu` or `cuda`

    Returns
    -------
    Lines for the terminal
    """
    on_gpu = device_of(device) == "cuda"
    total = costs.drop(columns="condition").sum()
    hours = total.training_core_hours + total.simulation_core_hours
    rest_h = n_jobs * JOB_S / 3600 + total.recording_core_hours
    wall_h = hours + rest_h / 8 if on_gpu else (hours + rest_h) / 8
    minutes = max(1, round(60 * wall_h))
    formats = dict.fromkeys(("networks", "training_trials", "spiking_trials"), "{:,.0f}".format)
    formats |= {name: readable for name in costs.columns if name not in ("condition", *formats)}
    shown = costs.drop(columns="recording_core_hours")
    table = shown.to_string(index=False, formatters=formats)
    unit = "GPU" if on_gpu else "core"
    gpu = "this GPU and " if on_gpu else ""
    plural = "s" if minutes > 1 else ""
    in_gb = total.megabytes >= 1000
    disk = f"{readable(total.megabytes / 1000)} GB" if in_gb else f"{readable(total.megabytes)} MB"
    return (
        f"{table}\n\n"
        f"{n_jobs} jobs; {total.networks:.0f} rate networks, "
        f"{readable(total.training_trials)} training trials, "
        f"{total.spiking_trials:,.0f} spiking trials\n"
        f"{readable(hours)} {unit}-hours of training and simulation on this machine, "
        f"{readable(rest_h)} core-hours of everything else; "
        f"about {minutes} minute{plural} on {gpu}8 such cores\n"
        f"{disk} on disk, "
        "recordings of example networks and figures (about 0.1 GB) not counted\n"
        f"Networks of other tasks than {' and '.join(TYPICAL_TRIALS)} "
        "are counted with all their max_trials.\n"
    )


def readable(number: float) -> str:
    """A number of two digits as a reader expects it: 180,000 and 0.035, never 1.8e+05; what is
    below 0.01 is said to be so."""
    if 0 < number < 0.01:
        return "<0.01"
    digits = 1 - math.floor(math.log10(number)) if number > 0 else 0
    return f"{round(number, digits):,.{max(0, digits)}f}"
