"""Training of rate networks: the loop over trials, the evaluation, the stop rule (paper, Methods)."""

from __future__ import annotations

import gc
import json
import logging
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import kernels, streams
from .config import RateConfig, TrainingConfig, from_mapping
from .devices import device_of, out_of_memory
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
    device: str = "cpu",
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


def begin(task: Task, config: RateConfig, *, study_seed: int, network: str, device: str = "cpu") -> TrainingRun:
    """A network before its first trial, its wiring drawn from the stream of its name."""
    untrained = initial_model(config, task.n_inputs, streams.generator(study_seed, "initial network", network))
    return TrainingRun(network, study_seed, untrained, kernels.rate(device).start(untrained))


def go_on(
    run: TrainingRun,
    task: Task,
    training: TrainingConfig,
    *,
    progress: Progress | None = None,
    device: str = "cpu",
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

    While the GPU works on the trials up to an evaluation, those up to the next are drawn. The state of each network is then what
    `rate_cpu` would hold. Raises ValueError for a network that has been trained.
    """
    if any(run.used for run in runs):
        raise ValueError("go_on_together: expected networks before their first trial; go_on continues a training")
    kernel, active, clock = kernels.rate(device), list(runs), _Clock(runs[0].used)
    block, evaluations = kernel.start_block([run.untrained for run in active]), _evaluations(runs[0], training)
    ahead = [_Drawn.of(run, task, training, trial, run.used) for run in active for trial in evaluations[:1]]
    for trial, following in zip(evaluations, [*evaluations[1:], None], strict=True):
        drawn, n_new = ahead, len(ahead[0].trials.label)
        losses, outputs = _started(kernel, block, drawn, active[0].used, training)
        used = active[0].used + n_new
        ahead = [_Drawn.of(run, task, training, following, used) for run in active] if following is not None else drawn
        for run, d, of_training, o in zip(active, drawn, losses.cpu().numpy(), outputs.cpu().numpy(), strict=True):
            run.losses.append(of_training)
            run.used = used
            _note(run, trial, _scored(task, d.fresh, o, training.loss), training, clock)
        if progress:
            progress(n_new * len(active))
        staying = [i for i, run in enumerate(active) if not _ended(run)]
        if len(staying) < len(active):
            _hand_over(kernel, block, active)
            active, ahead = [active[i] for i in staying], [ahead[i] for i in staying]
            if not active:
                return
            block = kernel.keep(block, staying)
    _hand_over(kernel, block, active)


class _Drawn(NamedTuple):
    """The trials of a network up to its next evaluation, and those of the evaluation, with the streams of their noise."""

    trials: Trials
    fresh: Trials
    noise: streams.Key
    fresh_noise: streams.Key

    @classmethod
    def of(cls, run: TrainingRun, task: Task, training: TrainingConfig, trial: int, used: int) -> _Drawn:
        name, purpose, numbers = run.network, "evaluation", range(used, used + _trials_until(trial, used, training))
        return cls(
            draw_trials(task, run.study_seed, "training", (name,), numbers),
            draw_trials(task, run.study_seed, purpose, (name, trial), range(training.evaluation_trials)),
            streams.key(run.study_seed, "training noise", name),
            streams.key(run.study_seed, purpose + " noise", name, trial),
        )


def _started(kernel, block, drawn: Sequence[_Drawn], first_trial: int, training: TrainingConfig):
    """Training up to the evaluation and the evaluation of all networks, under way on the GPU: losses and outputs to come."""
    drawn_arrays = zip(*((d.trials.stimulus, d.trials.target, d.fresh.stimulus) for d in drawn), strict=True)
    keys, fresh_keys = [d.noise for d in drawn], [d.fresh_noise for d in drawn]
    return kernel.train_and_run(
        block, *map(np.stack, drawn_arrays), training=training, keys=keys, fresh_keys=fresh_keys, first_trial=first_trial
    )


def _hand_over(kernel, block, runs: Sequence[TrainingRun]) -> None:
    """The states of a block to its networks."""
    for run, state in zip(runs, kernel.states_of(block), strict=True):
        run.state = state


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
    return max(0, -(-(trial + 1 - used) // training.trials_per_update) * training.trials_per_update)


def _note(run: TrainingRun, trial: int, evaluation: Evaluation, training: TrainingConfig, clock: _Clock) -> None:
    """Write an evaluation down and say it."""
    run.evaluation = evaluation
    run.curve.append((trial, evaluation.loss, evaluation.accuracy))
    run.converged = _at_criterion(evaluation, trial, training)
    log.info("%s: trial %d, loss %.2f, accuracy %.2f, %.0f trials/s", run.network, *run.curve[-1], clock.speed(run.used))


def _ended(run: TrainingRun) -> bool:
    return run.converged or not np.isfinite(run.evaluation.loss)


def outcome(run: TrainingRun, task: Task, *, device: str = "cpu") -> tuple[RateModel, TrainingRecord]:
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
    device: str = "cpu",
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


def _fits(part: Sequence[TrainingRun], task: Task, training: TrainingConfig, progress: Progress | None, size: int) -> bool:
    """Train a part of a block; False where the GPU's memory does not hold it and fewer networks may."""
    try:
        go_on_together(part, task, training, progress=progress)
    except RuntimeError as error:
        if size == 1 or not out_of_memory(error):
            raise
        return False
    return True


def _train_together(task, config, training, study_seed, networks, progress) -> list[tuple[RateModel, TrainingRecord]]:
    """A block on the GPU, in parts where its memory asks for it; the example trials of the record run on the CPU."""
    import torch

    kernel, waiting, runs = kernels.rate("cuda"), list(networks), []
    size = min(len(waiting), kernel.networks_that_fit(config, training, task.n_inputs, task.n_steps))
    if size < len(waiting):
        log.info("%d networks at a time, as the memory of the GPU allows", size)
    while waiting:
        part = [begin(task, config, study_seed=study_seed, network=name, device="cpu") for name in waiting[:size]]
        if not _fits(part, task, training, progress, size):
            size = -(-size // 2)
            gc.collect()  # what the failed attempt held
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
    made_by: str = "",
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write a trained block as one .npz of plain arrays (no pickles); `load_block` reads it.

    Without `keep_traces` the activity of the example trial and the outputs of the last evaluation, 19 of 20 bytes, are left out.
    made_by: fingerprint of all that decides the networks but their seeds, for `already_trained`. `provenance`, how the block was
    made, becomes JSON text under that name.
    """
    arrays = {"networks": np.array(networks), "config": np.array(json.dumps(asdict(results[0][0].config)))}
    arrays["made_by"] = np.array(made_by)
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


def already_trained(folder: str | Path, networks: Sequence[str], made_by: str) -> dict[str, tuple[RateModel, TrainingRecord]]:
    """Those of `networks` that other blocks in `folder` hold, made by the same settings and code: where a condition has grown or
    its blocks have another size, no network is trained twice. Raises ValueError for a file that cannot be read."""
    found = {}
    for path in sorted(Path(folder).glob("seeds_*.npz")):
        try:
            with np.load(path) as file:
                same = "made_by" in file and str(file["made_by"]) == made_by
                wanted = same and {str(name) for name in file["networks"]} & set(networks) - set(found)
            held = load_block(path) if wanted else {}
        except FileNotFoundError:
            continue  # another job of this run is about to make it anew
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: cannot be read ({type(error).__name__}: {error}); delete it, it is made anew") from error
        for name in sorted(wanted or ()):
            log.info("%s: trained before, taken from %s", name, path)
            found[name] = held[name]
    return found


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
