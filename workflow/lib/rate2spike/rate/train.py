"""Training of one rate network: the loop over trials, the evaluation, the stop rule.

As in the paper (Methods); where the published code departs from it, a comment says so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .. import streams
from ..config import RateConfig, TrainingConfig
from ..tasks.task import Task, Trials, draw_trials, first_loss_output, rate_response
from .kernels.pick import rate_kernels
from .model import RateModel, Trace, TrainingRecord, Weights, initial_model

log = logging.getLogger(__name__)

Progress = Callable[[int], None]  # called with the number of trials since the last call


class Evaluation(NamedTuple):
    """Fresh trials run through a rate network."""

    loss: float  # mean of the trials; under the loss `squared` of their roots
    accuracy: float  # share of correct trials
    outputs: np.ndarray  # (n_trials, n_steps - 1)
    labels: np.ndarray  # (n_trials,)


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
    loss_from: str = "start",
    device: str = "cpu",
) -> Evaluation:
    """Score weights on fresh trials, all in one batch.

    Parameters
    ----------
    model : the wiring
    weights : to be scored
    task : that draws and scores the trials
    study_seed, purpose, words : the stream of the trials, as in `streams.key`; the noise has the
        stream of `purpose` + " noise"
    n_trials : how many
    loss : `l2`, `l1`, or `squared`, whose evaluation is that of `l2`
    loss_from : the first output that counts in the loss: `start`, `stimulus` or `response`
    device : `cpu` or `cuda`
    """
    trials = draw_trials(task, study_seed, purpose, words, range(n_trials))
    noise = streams.key(study_seed, purpose + " noise", *words)
    outputs = rate_kernels(device).outputs(
        model, weights, trials.stimulus, stream=noise, first_trial=0
    )
    return scored(task, trials, outputs, loss=loss, loss_from=loss_from)


def scored(
    task: Task, trials: Trials, outputs: np.ndarray, *, loss: str, loss_from: str
) -> Evaluation:
    """The evaluation of outputs (n_trials, n_steps - 1) of these trials; float64.

    The loss of a trial under `squared` is the root of the summed squares, as under `l2`: the
    threshold of the stop rule is that of the root.
    """
    first_output = first_loss_output(task, loss_from)
    error = outputs.astype(np.float64) - trials.target[:, : outputs.shape[1]]
    error = error[:, first_output:]
    losses = np.abs(error).sum(axis=1) if loss == "l1" else np.sqrt((error**2).sum(axis=1))
    correct = task.correct_rate(trials.label, rate_response(task, outputs))
    return Evaluation(float(losses.mean()), float(np.mean(correct)), outputs, trials.label)


@dataclass
class TrainingRun:
    """One network in training: what it started from, where it stands, and what it has seen.

    `go_on` continues it, in this process or, from a copy of these values, in another: the bits are
    those of an uninterrupted training.
    """

    network: str
    study_seed: int
    untrained: RateModel
    state: Any  # of the kernel: weights, Adam's moments, number of updates
    used: int = 0  # training trials so far
    losses: list[np.ndarray] = field(default_factory=list)
    # trial, mean loss, accuracy of each evaluation
    curve: list[tuple[float, float, float]] = field(default_factory=list)
    evaluation: Evaluation | None = None  # the last
    converged: bool = False


def begin(
    task: Task, config: RateConfig, *, study_seed: int, network: str, device: str = "cpu"
) -> TrainingRun:
    """A network before its first trial, its wiring drawn from the stream of its name."""
    rng = streams.generator(study_seed, "initial network", network)
    untrained = initial_model(config, task.n_inputs, rng)
    state = rate_kernels(device).start(untrained)
    return TrainingRun(network, study_seed, untrained, state)


def go_on(
    run: TrainingRun,
    task: Task,
    training: TrainingConfig,
    *,
    progress: Progress | None = None,
    device: str = "cpu",
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train until mean loss and accuracy of fresh trials reach criterion, or `max_trials` are used.

    Trials count from 0. The evaluations fall after trials 1, 101, 201 ... as published (for
    `evaluation_interval` 100); with more than one trial per update, after the update that contains
    the trial.

    Parameters
    ----------
    run : the network, which is trained in place; it may have been trained before
    task : that draws and scores the trials
    training : how; `max_trials` are those in all, from the first on
    progress : called after each evaluation with the number of new trials
    device : `cpu` or `cuda`
    stop : asked before each evaluation whether to give up

    Raises
    ------
    ConfigError
        where the loss is to count from a stimulus of which the task says nothing
    InterruptedError
        once `stop` says so
    """
    first_output = first_loss_output(task, training.loss_from)
    kernel = rate_kernels(device)
    network = run.network
    noise = streams.key(run.study_seed, "training noise", network)
    clock = Clock(run.used)
    for trial in evaluations_left(run, training):
        if stop():
            raise InterruptedError(f"{network}: stopped before trial {trial}")
        n_new = trials_until(trial, run.used, training)
        if n_new > 0:
            numbers = range(run.used, run.used + n_new)
            trials = draw_trials(task, run.study_seed, "training", (network,), numbers)
            losses = kernel.train_trials(
                run.untrained,
                run.state,
                trials.stimulus,
                trials.target,
                training=training,
                stream=noise,
                first_trial=run.used,
                first_output=first_output,
            )
            run.losses.append(losses)
            run.used += n_new
        evaluation = evaluate(
            run.untrained,
            kernel.weights(run.state),
            task,
            study_seed=run.study_seed,
            purpose="evaluation",
            words=(network, trial),
            n_trials=training.evaluation_trials,
            loss=training.loss,
            loss_from=training.loss_from,
            device=device,
        )
        note(run, trial, evaluation, training=training, clock=clock)
        if progress:
            progress(n_new)
        if has_ended(run):
            break


class Clock:
    """Training trials a second since the beginning."""

    def __init__(self, used: int):
        self.started = time.perf_counter()
        self.used = used

    def speed(self, used: int) -> float:
        """Trials a second, `used` being the number of trials by now."""
        return (used - self.used) / (time.perf_counter() - self.started)


def evaluations_left(run: TrainingRun, training: TrainingConfig) -> range:
    """The trials after which the network is evaluated from now on."""
    following = int(run.curve[-1][0]) + training.evaluation_interval if run.curve else 1
    # with max_trials = 6000 the last evaluation falls after trial 5901, and the trials after it
    # could not change anything
    return range(following, training.max_trials, training.evaluation_interval)


def trials_until(trial: int, used: int, training: TrainingConfig) -> int:
    """Trials still to train before the evaluation after `trial`, in whole updates."""
    n_updates = -(-(trial + 1 - used) // training.trials_per_update)
    return max(0, n_updates * training.trials_per_update)


def note(
    run: TrainingRun, trial: int, evaluation: Evaluation, *, training: TrainingConfig, clock: Clock
) -> None:
    """Write the evaluation after `trial` into `run` and into the log."""
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
    """Whether the last evaluation reached criterion, or the training has diverged."""
    return run.converged or not np.isfinite(run.evaluation.loss)


def outcome(
    run: TrainingRun, task: Task, *, device: str = "cpu"
) -> tuple[RateModel, TrainingRecord]:
    """The network as it stands, and the record of its training.

    The record's example is one trial before and after training, with the same stimulus and noise.
    """
    kernel = rate_kernels(device)
    start = run.untrained
    model = replace(start, weights=kernel.weights(run.state), initial=start.weights)
    trials = draw_trials(task, run.study_seed, "example", (run.network,), [0])
    noise = streams.key(run.study_seed, "example noise", run.network)

    def example(weights: Weights) -> Trace:
        trace = kernel.outputs(
            model, weights, trials.stimulus, stream=noise, first_trial=0, keep=True
        )
        return Trace(trace.x[0], trace.r[0], trace.o[0])

    record = TrainingRecord(
        converged=run.converged,
        trials=int(run.curve[-1][0]),
        losses=np.concatenate(run.losses),
        curve=np.array(run.curve, dtype=np.float64),
        evaluation_outputs=run.evaluation.outputs,
        evaluation_labels=run.evaluation.labels,
        stimulus=trials.stimulus[0],
        target=trials.target[0],
        example=example(model.weights),
        untrained_example=example(model.initial),
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
    """Train one network from nothing.

    Parameters
    ----------
    task : that draws and scores the trials
    config : the network
    training : how it is trained
    study_seed : of the study
    network : its name, which with the seed decides wiring, trials and noise
    progress, device, stop : as in `go_on`

    Returns
    -------
    The network, and the record of its training

    Raises
    ------
    ConfigError
        where fewer units are inhibitory than n_som asks for, or the loss is to count from a
        stimulus of which the task says nothing
    InterruptedError
        once `stop` says so
    """
    run = begin(task, config, study_seed=study_seed, network=network, device=device)
    go_on(run, task, training, progress=progress, device=device, stop=stop)
    return outcome(run, task, device=device)


def _at_criterion(evaluation: Evaluation, trial: int, training: TrainingConfig) -> bool:
    good = (
        evaluation.loss < training.loss_threshold
        and evaluation.accuracy >= training.accuracy_threshold
    )
    return good and trial >= training.min_trials
