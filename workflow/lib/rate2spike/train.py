"""Training of rate networks: the loop over trials, the evaluation, the stop rule (paper, Methods)."""

from __future__ import annotations

import gc
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import kernels, streams
from .config import RateConfig, TrainingConfig, from_mapping
from .devices import device_of
from .files import replacing
from .rate import RateModel, Trace, TrainingRecord, Weights, initial_model
from .tasks import Task, Trials, draw_trials, rate_response

log = logging.getLogger(__name__)

Progress = Callable[[int], None]  # told the number of trials since the last call


class Evaluation(NamedTuple):
    """Fresh trials run through a rate network: mean loss, accuracy, outputs (n_trials, n_steps - 1), labels (n_trials,)."""

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
    device: str = "auto",
) -> Evaluation:
    """Score `weights` on `n_trials` fresh trials of the stream (`purpose`, *words), in one batch."""
    trials = draw_trials(task, study_seed, purpose, words, range(n_trials))
    noise = streams.key(study_seed, purpose + " noise", *words)
    outputs = kernels.rate(device).outputs(model, weights, trials.stimulus, stream=noise, first_trial=0)
    return _scored(task, trials, outputs, loss)


def _scored(task: Task, trials: Trials, outputs: np.ndarray, loss: str) -> Evaluation:
    error = outputs.astype(np.float64) - trials.target[:, : outputs.shape[1]]
    losses = np.abs(error).sum(axis=1) if loss == "l1" else np.sqrt((error**2).sum(axis=1))
    correct = task.correct_rate(trials.label, rate_response(task, outputs))
    return Evaluation(float(losses.mean()), float(np.mean(correct)), outputs, trials.label)


@dataclass
class TrainingRun:
    """One network in training: what it started from, where it stands, and what it has seen. `go_on` continues it, in this
    process or, from a copy of these values, in another: the bits are those of an uninterrupted training."""

    network: str
    study_seed: int
    untrained: RateModel
    state: Any  # of the kernel: weights, Adam's moments, number of updates
    used: int = 0  # training trials so far
    losses: list[np.ndarray] = field(default_factory=list)
    curve: list[tuple[float, float, float]] = field(default_factory=list)  # trial, mean loss, accuracy of each evaluation
    evaluation: Evaluation | None = None  # the last
    converged: bool = False


def begin(task: Task, config: RateConfig, *, study_seed: int, network: str, device: str = "auto") -> TrainingRun:
    """A network before its first trial, its wiring drawn from the stream of its name."""
    untrained = initial_model(config, task.n_inputs, streams.generator(study_seed, "initial network", network))
    return TrainingRun(network, study_seed, untrained, kernels.rate(device).start(untrained))


def go_on(
    run: TrainingRun,
    task: Task,
    training: TrainingConfig,
    *,
    progress: Progress | None = None,
    device: str = "auto",
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train until mean loss and accuracy of fresh trials reach criterion, or `max_trials` in all are used up.

    Trials count from 0. The evaluations fall after trials 1, 101, 201 ... as published (for `evaluation_interval` 100); with
    more than one trial per update, after the update that contains the trial. Raises InterruptedError once `stop` says so.
    """
    kernel, network = kernels.rate(device), run.network
    noise = streams.key(run.study_seed, "training noise", network)
    clock = _Clock(run.used)
    for trial in _evaluations(run, training):
        if stop():
            raise InterruptedError(f"{network}: stopped before trial {trial}")
        n_new = _trials_until(trial, run.used, training)
        if n_new > 0:
            trials = draw_trials(task, run.study_seed, "training", (network,), range(run.used, run.used + n_new))
            stimuli = {"training": training, "stream": noise, "first_trial": run.used}
            run.losses.append(kernel.train_trials(run.untrained, run.state, trials.stimulus, trials.target, **stimuli))
            run.used += n_new
        fresh = {"study_seed": run.study_seed, "purpose": "evaluation", "n_trials": training.evaluation_trials}
        judged = evaluate(
            run.untrained, kernel.weights(run.state), task, words=(network, trial), loss=training.loss, device=device, **fresh
        )
        _note(run, trial, judged, training, clock)
        if progress:
            progress(n_new)
        if _ended(run):
            break


def go_on_together(
    runs: Sequence[TrainingRun], task: Task, training: TrainingConfig, *, progress: Progress | None = None, device: str = "cuda"
) -> None:
    """`go_on` for networks before their first trial, all of them side by side on a GPU; whoever has ended leaves the block.

    The state of each is then what `rate_cpu` would hold. Raises ValueError for a network that has been trained.
    """
    if any(run.used for run in runs):
        raise ValueError("go_on_together: expected networks before their first trial; go_on continues a training")
    kernel, block, active, clock = kernels.rate(device), None, list(runs), _Clock(runs[0].used)
    for trial in _evaluations(runs[0], training):
        block = block or kernel.start_block([run.untrained for run in active])
        n_new = _trials_until(trial, active[0].used, training)
        if n_new > 0:
            _train_block(kernel, block, active, task, training, n_new)
        for run, judged in zip(active, _judge_block(kernel, block, active, task, training, trial), strict=True):
            _note(run, trial, judged, training, clock)
        if progress:
            progress(n_new * len(active))
        staying = [i for i, run in enumerate(active) if not _ended(run)]
        if len(staying) < len(active):
            for run, state in zip(active, kernel.states_of(block), strict=True):
                run.state = state
            active, block = [active[i] for i in staying], kernel.keep(block, staying) if staying else None
        if not active:
            return
    for run, state in zip(active, kernel.states_of(block) if block else (), strict=False):
        run.state = state


def _train_block(kernel, block, runs: Sequence[TrainingRun], task: Task, training: TrainingConfig, n_new: int) -> None:
    numbers = range(runs[0].used, runs[0].used + n_new)
    trials = [draw_trials(task, run.study_seed, "training", (run.network,), numbers) for run in runs]
    u, z = np.stack([t.stimulus for t in trials]), np.stack([t.target for t in trials])
    noise = [streams.key(run.study_seed, "training noise", run.network) for run in runs]
    for run, losses in zip(
        runs, kernel.train_block(block, u, z, training=training, keys=noise, first_trial=runs[0].used), strict=True
    ):
        run.losses.append(losses)
        run.used += n_new


def _judge_block(
    kernel, block, runs: Sequence[TrainingRun], task: Task, training: TrainingConfig, trial: int
) -> list[Evaluation]:
    """`evaluate` of every network of the block, in one batch."""
    numbers, purpose = range(training.evaluation_trials), "evaluation"
    trials = [draw_trials(task, run.study_seed, purpose, (run.network, trial), numbers) for run in runs]
    noise = [streams.key(run.study_seed, purpose + " noise", run.network, trial) for run in runs]
    u = np.stack([t.stimulus for t in trials])
    outputs = kernel.block_outputs([r.untrained for r in runs], kernel.weights_of(block), u, keys=noise, first_trial=0)
    return [_scored(task, t, o, training.loss) for t, o in zip(trials, outputs, strict=True)]


class _Clock:
    """Training trials a second since the beginning."""

    def __init__(self, used: int):
        self.started, self.used = time.perf_counter(), used

    def speed(self, used: int) -> float:
        return (used - self.used) / (time.perf_counter() - self.started)


def _evaluations(run: TrainingRun, training: TrainingConfig) -> range:
    """The trials after which the network is evaluated from now on."""
    following = int(run.curve[-1][0]) + training.evaluation_interval if run.curve else 1
    # with max_trials = 6000 the last evaluation falls after trial 5901, and the trials after it could not change anything
    return range(following, training.max_trials, training.evaluation_interval)


def _trials_until(trial: int, used: int, training: TrainingConfig) -> int:
    """Trials still to train before the evaluation after `trial`, in whole updates."""
    return -(-(trial + 1 - used) // training.trials_per_update) * training.trials_per_update


def _note(run: TrainingRun, trial: int, evaluation: Evaluation, training: TrainingConfig, clock: _Clock) -> None:
    """Write an evaluation down and say it."""
    run.evaluation = evaluation
    run.curve.append((trial, evaluation.loss, evaluation.accuracy))
    run.converged = _at_criterion(evaluation, trial, training)
    log.info("%s: trial %d, loss %.2f, accuracy %.2f, %.0f trials/s", run.network, *run.curve[-1], clock.speed(run.used))


def _ended(run: TrainingRun) -> bool:
    return run.converged or not np.isfinite(run.evaluation.loss)


def outcome(run: TrainingRun, task: Task, *, device: str = "auto") -> tuple[RateModel, TrainingRecord]:
    """The network as it stands, and the record of its training."""
    kernel, start = kernels.rate(device), run.untrained
    model = RateModel(start.config, start.w_in, start.inhibitory, start.mask, kernel.weights(run.state), start.weights)
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
    device: str = "auto",
    stop: Callable[[], bool] = lambda: False,
) -> tuple[RateModel, TrainingRecord]:
    """Train one network from nothing; see `go_on`."""
    run = begin(task, config, study_seed=study_seed, network=network, device=device)
    go_on(run, task, training, progress=progress, device=device, stop=stop)
    return outcome(run, task, device=device)


def _at_criterion(evaluation: Evaluation, trial: int, training: TrainingConfig) -> bool:
    good = evaluation.loss < training.loss_threshold and evaluation.accuracy >= training.accuracy_threshold
    return good and trial >= training.min_trials


def _example(model: RateModel, task: Task, study_seed: int, network: str, kernel) -> dict:
    """One trial before and after training, with the same stimulus and noise, for the model file."""
    trials = draw_trials(task, study_seed, "example", (network,), [0])
    noise = streams.key(study_seed, "example noise", network)

    def run(weights: Weights) -> Trace:
        trace = kernel.outputs(model, weights, trials.stimulus, stream=noise, first_trial=0, keep=True)
        return Trace(trace.x[0], trace.r[0], trace.o[0])

    return {
        "stimulus": trials.stimulus[0],
        "target": trials.target[0],
        "example": run(model.weights),
        "untrained_example": run(model.initial),
    }


def train_block(
    task: Task,
    config: RateConfig,
    training: TrainingConfig,
    *,
    study_seed: int,
    networks: Sequence[str],
    threads: int = 1,
    progress: Progress | None = None,
    device: str = "auto",
) -> list[tuple[RateModel, TrainingRecord]]:
    """Train `networks` side by side: on `threads` cores, or all together on a GPU. The result does not depend on how they share
    the cores."""
    if device_of(device) == "cuda":
        return _train_together(task, config, training, study_seed, networks, progress)
    started, stopped = time.perf_counter(), threading.Event()

    def train(network: str) -> tuple[RateModel, TrainingRecord]:
        model, record = train_network(
            task, config, training, study_seed=study_seed, network=network, progress=progress, device=device, stop=stopped.is_set
        )
        log.info(
            "%s: %s after %d trials, loss %.2f, accuracy %.2f, %.0f s since the block began",
            network,
            "reached criterion" if record.converged else "FAILED to reach criterion",
            record.trials,
            *record.curve[-1, 1:],
            time.perf_counter() - started,
        )
        return model, record

    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        try:
            return list(pool.map(train, networks))
        finally:  # after Ctrl-C, or where one network failed, the others stop at their next evaluation
            stopped.set()


def _train_together(task, config, training, study_seed, networks, progress) -> list[tuple[RateModel, TrainingRecord]]:
    """A block on the GPU, in parts where its memory asks for it; the example trials of the record run on the CPU."""
    import torch

    waiting, size, runs = list(networks), len(networks), []
    while waiting:
        part = [begin(task, config, study_seed=study_seed, network=name, device="cpu") for name in waiting[:size]]
        try:
            go_on_together(part, task, training, progress=progress)
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            size = -(-size // 2)
            gc.collect()
            torch.cuda.empty_cache()
            log.warning("the GPU's memory does not hold the block: going on with %d networks side by side", size)
            continue
        runs, waiting = runs + part, waiting[size:]
    for run in runs:
        reached = "reached criterion" if run.converged else "FAILED to reach criterion"
        log.info("%s: %s after %d trials, loss %.2f, accuracy %.2f", run.network, reached, *run.curve[-1])
    return [outcome(run, task, device="cpu") for run in runs]


def save_block(
    path: str | Path,
    networks: Sequence[str],
    results: Sequence[tuple[RateModel, TrainingRecord]],
    *,
    keep_traces: bool = True,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write a trained block as one .npz of plain arrays (no pickles); `load_block` reads it.

    Without `keep_traces` the activity of the example trial and the outputs of the last evaluation, 19 of 20 bytes, are left out.
    `provenance`, how the block was made, becomes JSON text under that name.
    """
    arrays = {"networks": np.array(networks), "config": np.array(json.dumps(asdict(results[0][0].config)))}
    if provenance:
        arrays["provenance"] = np.array(json.dumps(provenance, sort_keys=True))
    for name, (model, record) in zip(networks, results, strict=True):
        arrays |= _flatten(f"{name}/fixed", _Fixed(model.w_in, model.inhibitory, model.mask))
        arrays |= _flatten(f"{name}/weights", model.weights) | _flatten(f"{name}/initial", model.initial)
        arrays |= _flatten(f"{name}/record", record if keep_traces else record.without_traces())
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def load_block(path: str | Path) -> dict[str, tuple[RateModel, TrainingRecord]]:
    """The networks of a trained block by name; traces that were not kept are None."""
    with np.load(path) as file:
        arrays = dict(file)
    config = from_mapping(RateConfig, json.loads(str(arrays["config"])))
    results = {}
    for name in arrays["networks"]:
        fixed, weights, initial = (
            _unflatten(cls, f"{name}/{part}", arrays)
            for cls, part in ((_Fixed, "fixed"), (Weights, "weights"), (Weights, "initial"))
        )
        record = _unflatten(TrainingRecord, f"{name}/record", arrays)
        examples = {f: _unflatten(Trace, f"{name}/record/{f}", arrays) for f in ("example", "untrained_example")}
        record = record._replace(converged=bool(record.converged), trials=int(record.trials), **examples)
        results[str(name)] = RateModel(config, *fixed, weights, initial), record
    return results


class _Fixed(NamedTuple):
    w_in: np.ndarray
    inhibitory: np.ndarray
    mask: np.ndarray


def _flatten(prefix: str, value) -> dict[str, np.ndarray]:
    if value is None:
        return {}
    if not hasattr(value, "_fields"):
        return {prefix: np.asarray(value)}
    return {k: v for f in value._fields for k, v in _flatten(f"{prefix}/{f}", getattr(value, f)).items()}


def _unflatten(cls, prefix: str, arrays: dict[str, np.ndarray]):
    return cls(*(arrays.get(f"{prefix}/{field}") for field in cls._fields))
