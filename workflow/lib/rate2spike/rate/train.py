"""Training of one rate network: the loop over trials, the evaluation, the stop rule (paper,
Methods)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .. import streams
from ..config import RateConfig, TrainingConfig
from ..tasks.task import Task, Trials, draw_trials, rate_response
from .kernels.pick import rate_kernels
from .model import RateModel, Trace, TrainingRecord, Weights, initial_model

log = logging.getLogger(__name__)

Progress = Callable[[int], None]  # told the number of trials since the last call


class Evaluation(NamedTuple):
    """Fresh trials run through a rate network: mean loss, accuracy, outputs (n_trials, n_steps -
    1), labels (n_trials,)."""

    loss: float
    accuracy: float
    outputs: np.ndarray
    labels: np.ndarray


def evaluate(
    model: RateModel,
    weights: Weights,
    task: Task,
    *,
    study_seed: int,
    purpose: str,
    words: tuple,
    n_trials: int,
    loss: str = "l2",
    device: str = "cpu",
) -> Evaluation:
    """Score `weights` on `n_trials` fresh trials of the stream (`purpose`, *words), in one batch."""
    trials = draw_trials(task, study_seed, purpose, words, range(n_trials))
    noise = streams.key(study_seed, purpose + " noise", *words)
    outputs = rate_kernels(device).outputs(
        model, weights, trials.stimulus, stream=noise, first_trial=0
    )
    return scored(task, trials, outputs, loss)


def scored(task: Task, trials: Trials, outputs: np.ndarray, loss: str) -> Evaluation:
    error = outputs.astype(np.float64) - trials.target[:, : outputs.shape[1]]
    losses = np.abs(error).sum(axis=1) if loss == "l1" else np.sqrt((error**2).sum(axis=1))
    correct = task.correct_rate(trials.label, rate_response(task, outputs))
    return Evaluation(float(losses.mean()), float(np.mean(correct)), outputs, trials.label)


@dataclass
class TrainingRun:
    """One network in training: what it started from, where it stands, and what it has seen. `go_on`
    continues it, in this process or, from a copy of these values, in another: the bits are those of
    an uninterrupted training."""

    network: str
    study_seed: int
    untrained: RateModel
    state: Any  # of the kernel: weights, Adam's moments, number of updates
    used: int = 0  # training trials so far
    losses: list[np.ndarray] = field(default_factory=list)
    curve: list[tuple[float, float, float]] = field(
        default_factory=list
    )  # trial, mean loss, accuracy of each evaluation
    evaluation: Evaluation | None = None  # the last
    converged: bool = False


def begin(
    task: Task, config: RateConfig, *, study_seed: int, network: str, device: str = "cpu"
) -> TrainingRun:
    """A network before its first trial, its wiring drawn from the stream of its name."""
    untrained = initial_model(
        config, task.n_inputs, streams.generator(study_seed, "initial network", network)
    )
    return TrainingRun(network, study_seed, untrained, rate_kernels(device).start(untrained))


def go_on(
    run: TrainingRun,
    task: Task,
    training: TrainingConfig,
    *,
    progress: Progress | None = None,
    device: str = "cpu",
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train until mean loss and accuracy of fresh trials reach criterion, or `max_trials` in all
    are used up.

    Trials count from 0. The evaluations fall after trials 1, 101, 201 ... as published (for
    `evaluation_interval` 100); with more than one trial per update, after the update that contains
    the trial. Raises InterruptedError once `stop` says so.
    """
    kernel, network = rate_kernels(device), run.network
    noise = streams.key(run.study_seed, "training noise", network)
    clock = Clock(run.used)
    for trial in evaluations_left(run, training):
        if stop():
            raise InterruptedError(f"{network}: stopped before trial {trial}")
        n_new = trials_until(trial, run.used, training)
        if n_new > 0:
            trials = draw_trials(
                task, run.study_seed, "training", (network,), range(run.used, run.used + n_new)
            )
            stimuli = {"training": training, "stream": noise, "first_trial": run.used}
            run.losses.append(
                kernel.train_trials(
                    run.untrained, run.state, trials.stimulus, trials.target, **stimuli
                )
            )
            run.used += n_new
        fresh = {
            "study_seed": run.study_seed,
            "purpose": "evaluation",
            "n_trials": training.evaluation_trials,
        }
        judged = evaluate(
            run.untrained,
            kernel.weights(run.state),
            task,
            words=(network, trial),
            loss=training.loss,
            device=device,
            **fresh,
        )
        note(run, trial, judged, training, clock)
        if progress:
            progress(n_new)
        if has_ended(run):
            break


class Clock:
    """Training trials a second since the beginning."""

    def __init__(self, used: int):
        self.started, self.used = time.perf_counter(), used

    def speed(self, used: int) -> float:
        return (used - self.used) / (time.perf_counter() - self.started)


def evaluations_left(run: TrainingRun, training: TrainingConfig) -> range:
    """The trials after which the network is evaluated from now on."""
    following = int(run.curve[-1][0]) + training.evaluation_interval if run.curve else 1
    # with max_trials = 6000 the last evaluation falls after trial 5901, and the trials after it
    # could not change anything
    return range(following, training.max_trials, training.evaluation_interval)


def trials_until(trial: int, used: int, training: TrainingConfig) -> int:
    """Trials still to train before the evaluation after `trial`, in whole updates."""
    return max(0, -(-(trial + 1 - used) // training.trials_per_update) * training.trials_per_update)


def note(
    run: TrainingRun, trial: int, evaluation: Evaluation, training: TrainingConfig, clock: Clock
) -> None:
    """Write an evaluation down and say it."""
    run.evaluation = evaluation
    run.curve.append((trial, evaluation.loss, evaluation.accuracy))
    run.converged = _at_criterion(evaluation, trial, training)
    log.info(
        "%s: trial %d, loss %.2f, accuracy %.2f, %.0f trials/s",
        run.network,
        *run.curve[-1],
        clock.speed(run.used),
    )


def has_ended(run: TrainingRun) -> bool:
    return run.converged or not np.isfinite(run.evaluation.loss)


def outcome(
    run: TrainingRun, task: Task, *, device: str = "cpu"
) -> tuple[RateModel, TrainingRecord]:
    """The network as it stands, and the record of its training."""
    kernel, start = rate_kernels(device), run.untrained
    model = RateModel(
        start.config,
        start.w_in,
        start.inhibitory,
        start.mask,
        kernel.weights(run.state),
        start.weights,
    )
    record = TrainingRecord(
        converged=run.converged,
        trials=int(run.curve[-1][0]),
        losses=np.concatenate(run.losses),
        curve=np.array(run.curve, dtype=np.float64),
        evaluation_outputs=run.evaluation.outputs,
        evaluation_labels=run.evaluation.labels,
        **_example(model, task, run.study_seed, run.network, kernel),
    )
    return model, record


def train_network(
    task: Task,
    config: RateConfig,
    training: TrainingConfig,
    *,
    study_seed: int,
    network: str,
    progress: Progress | None = None,
    device: str = "cpu",
    stop: Callable[[], bool] = lambda: False,
) -> tuple[RateModel, TrainingRecord]:
    """Train one network from nothing; see `go_on`."""
    run = begin(task, config, study_seed=study_seed, network=network, device=device)
    go_on(run, task, training, progress=progress, device=device, stop=stop)
    return outcome(run, task, device=device)


def _at_criterion(evaluation: Evaluation, trial: int, training: TrainingConfig) -> bool:
    good = (
        evaluation.loss < training.loss_threshold
        and evaluation.accuracy >= training.accuracy_threshold
    )
    return good and trial >= training.min_trials


def _example(model: RateModel, task: Task, study_seed: int, network: str, kernel) -> dict:
    """One trial before and after training, with the same stimulus and noise, for the model file."""
    trials = draw_trials(task, study_seed, "example", (network,), [0])
    noise = streams.key(study_seed, "example noise", network)

    def run(weights: Weights) -> Trace:
        trace = kernel.outputs(
            model, weights, trials.stimulus, stream=noise, first_trial=0, keep=True
        )
        return Trace(trace.x[0], trace.r[0], trace.o[0])

    return {
        "stimulus": trials.stimulus[0],
        "target": trials.target[0],
        "example": run(model.weights),
        "untrained_example": run(model.initial),
    }
