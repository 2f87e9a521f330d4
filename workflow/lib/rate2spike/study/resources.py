"""How long a job lasts and how much memory it takes, reckoned from its condition.

For a scheduler, times are about `GENEROUS` times those measured on one core (benchmarks/), memory
about twice what was measured, beside what Python and its libraries take; a test holds both against
the benchmark files of a run. A job that is tried again gets twice as much.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

from ..config import (
    SPIKING_STEPS_PER_RATE_STEP,
    RateConfig,
    TrainingConfig,
)
from ..mean_field_config import MeanFieldConfig
from .layout import Layout, spiking_place
from .study import Condition

# Measured ----------------------------------------------------------------------------------------

GENEROUS = 4
TRAINING_STEP_S = (2e-6, 4e-10)  # of a 5-ms step: the first + the second times units squared
SPIKING_STEP_S = (2e-7, 4e-9)  # of a 0.05-ms step: the first + the second times units
MEAN_FIELD_STEP_S = 1.6e-10  # of a step of the mean-field study, times units squared
START_MINUTES = 10  # Python from a slow shared disk, kernels compiled for the first time
START_MB = 1500
CUDA_MB = 4000  # of the host beside a GPU: its context, PyTorch
# a job of the default study beside what it computes, with its share of figures and Snakemake
JOB_S = 1.2
BYTES_PER_TRIAL = 40  # in the shard, and again in the table of all trials
# Trials to criterion, failed networks included, by the upper limit of the decays (ms): what
# networks of 250 units took here. Other tasks are counted with all of max_trials.
TYPICAL_TRIALS = {
    "go-nogo": ((50, 900), (300, 550), (math.inf, 1300)),
    "integration": ((50, 4400), (100, 1800), (math.inf, 800)),
}

# Chosen ------------------------------------------------------------------------------------------

JOB_CORE_S = 3000  # of a training job, all its cores together
SIMULATION_JOB_S = 60  # of several factors in one job, reckoned; a recent core takes half of it
MOST_GROUPS = 4  # of factors: each is a rule; where there would be more, a job carries one factor
MOST_NETWORKS = 100  # of a block on the CPU, and at once on a GPU
MOST_THREADS = 16  # of a training job: more is more than many a machine or cluster node has
RECORDED_TRIALS = 400  # of an example network, at most: 50 of eight kinds
FOREIGN_UNITS = 1000  # of a network whose file is not ours

# megabytes and minutes of jobs that are small whatever the study
SMALL_JOBS = {
    "networks_of_condition": (1500, 10),
    "aggregate": (4000, 30),
    "aggregate_refined": (1500, 10),
    "figure": (1500, 10),
    "provenance": (1500, 20),
    "provenance_page": (1000, 10),
    "manifest": (4000, 60),
    "cost": (2000, 10),
    "notebook": (3000, 20),
}
JOBS_BY_CONDITION = (
    "train",
    "export",
    "import_models",
    "simulate",
    "held_out",
    "refine",
    "example",
    "selectivity",
    "exchange",
)
ON_A_GPU = ("train", "simulate", "held_out", "refine", "example", "selectivity", "cost")


class Work(NamedTuple):
    """What a job has to do.

    Attributes
    ----------
    condition : the condition of the networks
    n_networks : how many of them
    n_units : of a network
    n_steps : of a trial, 5 ms each
    """

    condition: Condition
    n_networks: int
    n_units: int
    n_steps: int


def typical_trials(task: str, config: RateConfig, training: TrainingConfig) -> int:
    """How many trials the training of a network takes.

    Parameters
    ----------
    task : name of the task
    config, training : how its networks are made and trained

    Returns
    -------
    What was measured, `TYPICAL_TRIALS`, and never more than `max_trials`
    """
    for limit_ms, n_trials in TYPICAL_TRIALS.get(task, ()):
        if config.tau_decay_ms[-1] <= limit_ms:
            return min(training.max_trials, n_trials)
    return training.max_trials


def bytes_per_network(config: RateConfig, n_steps: int, keep_traces: bool) -> float:
    """Bytes on disk of one network: training record, model file and converted copy.

    Absent connections compress to nothing.

    Parameters
    ----------
    config : how the network is made
    n_steps : of a trial, 5 ms each
    keep_traces : whether the files also hold the activity of trials

    Returns
    -------
    Bytes
    """
    trained = 1 if config.connections == "grow" else config.p_rec
    weights = 4 * config.n_units**2 * (config.p_rec + trained + 0.1)
    traces = 4 * 4 * config.n_units * n_steps + 800 * n_steps
    kept_traces = traces if keep_traces else 0
    return 3 * (weights + kept_traces + 20_000)


def training_seconds(training: TrainingConfig, n_units: int, n_steps: int) -> float:
    """Seconds of training one network on one core with all of `max_trials`, generous.

    An evaluation trial counts as a quarter: it has no gradient.

    Parameters
    ----------
    training : how it is trained
    n_units : of the network
    n_steps : of a trial, 5 ms each

    Returns
    -------
    Seconds
    """
    evaluated = training.evaluation_trials / training.evaluation_interval
    trials = training.max_trials * (1 + evaluated / 4)
    base, per_unit_squared = TRAINING_STEP_S
    return trials * n_steps * (base + per_unit_squared * n_units**2)


def fitting_block(c: Condition, n_steps: int, device: str) -> int:
    """How many networks a job carries where the config leaves it open.

    As many as make it last minutes; on a GPU all of them, of which the job itself takes as many at
    once as the GPU's memory holds.

    Parameters
    ----------
    c : a condition whose networks are trained here
    n_steps : of a trial, 5 ms each
    device : `cpu` or `cuda`

    Returns
    -------
    Networks of a block
    """
    if device == "cuda":
        return c.n_networks
    seconds = training_seconds(c.training, c.network.n_units, n_steps) / GENEROUS
    return max(1, min(MOST_NETWORKS, int(JOB_CORE_S / seconds)))


def fitting_factors(c: Condition, n_networks: int, n_steps: int, *, device: str) -> int:
    """How many scaling factors a simulation job carries where the config leaves it open.

    As many as make it last about half a minute, in few groups of one size; one where there would be
    many groups.

    Parameters
    ----------
    c : a condition that searches its factors
    n_networks : of a block
    n_steps : of a trial, 5 ms each
    device : `cpu` or `cuda`

    Returns
    -------
    Scaling factors of a job
    """
    n_units = c.network.n_units if c.network else FOREIGN_UNITS
    one_by_one = math.ceil(n_networks / MOST_NETWORKS) if device == "cuda" else n_networks
    work = Work(c, one_by_one, n_units, n_steps)
    seconds = 60 * simulation_minutes(work, c.search.trials) / GENEROUS
    n_factors = len(c.search.scaling_factors)
    n_groups = math.ceil(n_factors * seconds / SIMULATION_JOB_S)
    return 1 if n_groups > MOST_GROUPS else math.ceil(n_factors / n_groups)


def training_threads(
    n_networks: int, device: str, *, n_cores: int | None = None, n_blocks: int = 1
) -> int:
    """Cores of a training job: one a network, on a GPU one.

    Networks need not take equally long, and many blocks side by side leave hardly a core idle. So
    on one machine the blocks share its cores.

    Parameters
    ----------
    n_networks : of the block
    device : `cpu` or `cuda`
    n_cores : of the machine; None on a cluster
    n_blocks : that are still to be trained

    Returns
    -------
    Cores
    """
    if device == "cuda":
        return 1
    share = MOST_THREADS if n_cores is None else math.ceil(n_cores / max(1, n_blocks))
    return min(n_networks, MOST_THREADS, share)


# Megabytes and minutes of a job ------------------------------------------------------------------


def training_mb(work: Work, threads: int, device: str) -> float:
    """The networks of the block with their moments and traces; for each that runs at once what it
    draws and runs."""
    training = work.condition.training
    n_units = work.n_units
    n_steps = work.n_steps
    kept = 40 * n_units**2 + 32 * n_units * n_steps + 16 * n_steps * training.evaluation_trials
    drawn = training.evaluation_trials + training.evaluation_interval + training.trials_per_update
    running = n_steps * (200 * n_units + 64 * drawn)
    at_once = work.n_networks if device == "cuda" else threads
    return (work.n_networks * kept + at_once * running) / 1e6


def training_minutes(work: Work, threads: int, device: str) -> float:
    """One network after the other on each core; a hundred side by side on a GPU get the time of one
    on a core (reckoned)."""
    side_by_side = MOST_NETWORKS if device == "cuda" else threads
    one_after_another = math.ceil(work.n_networks / side_by_side)
    seconds = training_seconds(work.condition.training, work.n_units, work.n_steps)
    return one_after_another * seconds / 60


def block_mb(work: Work) -> float:
    """All models of a block, with the traces that they may hold."""
    return work.n_networks * (40 * work.n_units**2 + 32 * work.n_units * work.n_steps) / 1e6


def block_minutes(work: Work) -> float:
    """A network's model read, scored on fresh trials or written, on a slow disk."""
    values = work.n_units**2 + work.n_units * work.n_steps
    return work.n_networks * (5 + 1e-6 * values * 20) / 60


def simulation_minutes(work: Work, trials: int) -> float:
    """So many spiking trials of each network."""
    base, per_unit = SPIKING_STEP_S
    steps = work.n_steps * SPIKING_STEPS_PER_RATE_STEP / work.condition.search.downsample
    return work.n_networks * trials * steps * (base + per_unit * work.n_units) / 60


def recording_mb(work: Work) -> float:
    """One trial recorded whole, and the rates of all trials every 5 ms, of the rate and
    of the spiking network."""
    whole = 8 * 4 * SPIKING_STEPS_PER_RATE_STEP
    sampled = RECORDED_TRIALS * 4 * 4
    return work.n_units * work.n_steps * (whole + sampled) / 1e6


def recording_minutes(work: Work) -> float:
    """Hundreds of trials."""
    _, per_unit = SPIKING_STEP_S
    steps = work.n_units * work.n_steps * SPIKING_STEPS_PER_RATE_STEP
    return steps * 3 * RECORDED_TRIALS * per_unit / 60


def mean_field_mb(settings: MeanFieldConfig) -> float:
    """Noise and inputs of the rate network at every step, weights of all LIF networks of one g and
    q."""
    n_units = settings.n_exc + settings.n_inh
    n_steps = settings.n_transient + settings.n_steps
    weights = (1 + len(settings.weight_scales)) * n_units**2
    return 8e-6 * (4 * n_units * n_steps + 4 * weights)


def mean_field_minutes(settings: MeanFieldConfig) -> float:
    """For each g and q the rate network, twice (its noise needs its rates), and the LIF
    networks."""
    n_networks = len(settings.g) * len(settings.q) * (2 + len(settings.weight_scales))
    n_steps = settings.n_transient + settings.n_steps
    n_units = settings.n_exc + settings.n_inh
    return n_networks * n_steps * MEAN_FIELD_STEP_S * n_units**2 / 60


# What the rules ask for --------------------------------------------------------------------------


def needs(stage: str, layout: Layout, device: str, n_factors: int = 1) -> dict[str, Any]:
    """The resources that a rule asks for.

    Parameters
    ----------
    stage : name of the rule; `figure` and `notebook` are several rules
    layout : conditions and files of the study
    device : `cpu` or `cuda`
    n_factors : scaling factors of a simulation job

    Returns
    -------
    `mem_mb` and `runtime` (minutes) as functions for Snakemake, and `gpu` where the stage computes
    on one

    Raises
    ------
    KeyError
        for a stage that is not there
    """
    on_gpu = device == "cuda" and stage in ON_A_GPU
    more_mb = CUDA_MB if on_gpu else 0
    if stage in SMALL_JOBS:
        megabytes, minutes = SMALL_JOBS[stage]
        asked = {"mem_mb": doubled(megabytes + more_mb), "runtime": doubled(minutes)}
    elif stage == "mean_field":
        settings = layout.study.mean_field
        asked = {
            "mem_mb": doubled(START_MB + mean_field_mb(settings)),
            "runtime": doubled(START_MINUTES + mean_field_minutes(settings)),
        }
    elif stage in JOBS_BY_CONDITION:
        start_mb = START_MB + more_mb
        asked = of_work(stage, layout, device=device, start_mb=start_mb, n_factors=n_factors)
    else:
        raise KeyError(f"study/resources.py says nothing of the stage {stage!r}")
    return {"gpu": 1, **asked} if on_gpu else asked


def of_work(
    stage: str, layout: Layout, *, device: str, start_mb: int, n_factors: int
) -> dict[str, Callable]:
    """Resources that depend on the condition and the block of a job; see `needs`.

    Parameters
    ----------
    stage, layout, device, n_factors : as in `needs`
    start_mb : what Python and its libraries take

    Returns
    -------
    `mem_mb` and `runtime` as functions for Snakemake
    """

    def megabytes(work: Work, threads: int) -> float:
        if stage == "train":
            return training_mb(work, threads, device)
        if stage in ("example", "selectivity"):
            return recording_mb(work)
        if stage == "exchange":  # trials without noise besides: nir_file.BYTES_AT_ONCE, some copies
            return recording_mb(work) + 1000
        return block_mb(work)

    def minutes(work: Work, threads: int) -> float:
        if stage == "train":
            return training_minutes(work, threads, device)
        if stage in ("example", "selectivity", "exchange"):
            return START_MINUTES + recording_minutes(work)  # two kernels to be compiled
        search = work.condition.search
        if stage == "simulate":
            return simulation_minutes(work, n_factors * search.trials)
        # these two also write the converted models
        if stage == "held_out":
            return simulation_minutes(work, search.held_out_trials) + block_minutes(work)
        if stage == "refine":
            return simulation_minutes(work, refinement_trials(work.condition)) + block_minutes(work)
        return block_minutes(work)

    def mem_mb(wildcards, threads, attempt) -> int:
        needed_mb = megabytes(work_of(layout, wildcards), threads)
        return (start_mb + int(needed_mb)) * 2 ** (attempt - 1)

    def runtime(wildcards, threads, attempt) -> int:
        needed_minutes = minutes(work_of(layout, wildcards), threads)
        return (START_MINUTES + int(needed_minutes)) * 2 ** (attempt - 1)

    return {"mem_mb": mem_mb, "runtime": runtime}


def doubled(amount: float) -> Callable:
    """A resource function: so much, and twice as much each time the job is tried again."""

    def of_attempt(wildcards, attempt) -> int:
        return int(amount) * 2 ** (attempt - 1)

    return of_attempt


def work_of(layout: Layout, wildcards: Any) -> Work:
    """What the job of these wildcards has to do; without a block, that of one network."""
    c = layout.condition_of(wildcards)
    n_networks = layout.networks_in(wildcards) if hasattr(wildcards, "block") else 1
    n_units = c.network.n_units if c.network else FOREIGN_UNITS
    return Work(c, n_networks, n_units, layout.n_steps[c.task])


def recording_seconds(layout: Layout, c: Condition) -> float:
    """Of the example network of a condition, as measured, not generous."""
    n_units = c.network.n_units if c.network else FOREIGN_UNITS
    return 60 * recording_minutes(Work(c, 1, n_units, layout.n_steps[c.task])) / GENEROUS


def factors_tried(c: Condition) -> int:
    """Scaling factors at which each network of a condition is simulated."""
    return 0 if c.factor_of else len(c.search.scaling_factors)


def refinement_trials(c: Condition) -> int:
    """Spiking trials of each network that a refinement simulates: fresh ones of each step and, for
    gains of the units, a search of their own."""
    if not c.refines:
        return 0
    search = c.search
    n_trials = len(search.refine) * search.held_out_trials
    return n_trials + ("gains" in search.refine) * factors_tried(c) * search.trials


def trials_beside_search(c: Condition) -> int:
    """Spiking trials of each network beside those of the published search: fresh ones at its
    choice, and all of a refinement."""
    return c.search.held_out_trials + refinement_trials(c)


# What comes first ---------------------------------------------------------------------------------


def reckoned_minutes(layout: Layout, c: Condition) -> float:
    """Training and simulation of a condition, one network after the other on one core."""
    n_units = c.network.n_units if c.network else FOREIGN_UNITS
    n_steps = layout.n_steps[c.task]
    search = c.search
    trials = factors_tried(c) * search.trials + trials_beside_search(c)
    minutes = simulation_minutes(Work(c, c.n_networks, n_units, n_steps), trials)
    if c.training:
        seconds = training_seconds(c.training, n_units, n_steps)
        typical = typical_trials(c.task, c.network, c.training) / c.training.max_trials
        minutes += c.n_networks * typical * seconds / 60
    return minutes


def first_shown(layout: Layout) -> Condition | None:
    """The condition whose page is drawn first: the quickest of those that have one, and need not
    wait for the factors of another."""
    on_their_own = [c for c in layout.shown if not c.factor_of]
    candidates = on_their_own or layout.shown
    return min(candidates, key=lambda c: reckoned_minutes(layout, c), default=None)


def priorities(layout: Layout) -> dict[str, int]:
    """How soon the jobs of a condition are begun: its priority for Snakemake.

    The jobs of one condition come before those of the next, so that there is soon something to look
    at: the quickest with a page first. Then they come by length, the longest before the others, so
    that no core waits for a long one at the end.

    Parameters
    ----------
    layout : conditions and files of the study

    Returns
    -------
    Name of the condition -> priority, 1 for the last
    """
    ordered = sorted(layout.study.conditions, key=lambda c: reckoned_minutes(layout, c))
    first = first_shown(layout)
    if first:
        ordered.remove(first)
        ordered.append(first)
    return {c.name: turn for turn, c in enumerate(ordered, 1)}


# What the cost is reckoned from -------------------------------------------------------------------


def workload(layout: Layout) -> list[dict[str, Any]]:
    """What each condition asks of the machine; conditions that share their networks train them
    once.

    Parameters
    ----------
    layout : conditions and files of the study

    Returns
    -------
    A row per condition: name, task, network, training (None where nothing is trained for it),
    neuron, n_networks, n_factors, trials (at each factor), held_out_trials (all others of a
    spiking network), downsample, refines (whether its conversion is refined), recording_s (of its
    example network, where one is recorded)
    """
    recorded = [*layout.examples, *layout.selectivity]
    rows = []
    seen = set()
    for c in layout.study.conditions:
        trains = not c.models and (c.task, c.label) not in seen
        seen.add((c.task, c.label))
        row = {
            "name": c.name,
            "task": c.task,
            "network": asdict(c.network) if c.network else None,
            "training": asdict(c.training) if trains else None,
            "neuron": asdict(c.neuron),
            "n_networks": c.n_networks,
            "n_factors": factors_tried(c),
            "trials": c.search.trials,
            "held_out_trials": trials_beside_search(c),
            "downsample": c.search.downsample,
            "refines": c.refines,
            "recording_s": recorded.count(spiking_place(c)) * recording_seconds(layout, c),
        }
        rows.append(row)
    return rows
