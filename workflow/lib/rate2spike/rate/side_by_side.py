"""Training of a block of networks: on the cores of the CPU, or all together on a GPU."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from .. import streams
from ..config import RateConfig, TrainingConfig
from ..devices import device_of, out_of_memory
from ..tasks.task import Task, Trials, draw_trials
from .kernels.pick import rate_kernels
from .model import RateModel, TrainingRecord
from .train import (
    Clock,
    Progress,
    TrainingRun,
    begin,
    evaluations_left,
    has_ended,
    log,
    note,
    outcome,
    scored,
    train_network,
    trials_until,
)


def go_on_together(
    runs: Sequence[TrainingRun],
    task: Task,
    training: TrainingConfig,
    *,
    progress: Progress | None = None,
    device: str = "cuda",
) -> None:
    """`go_on` for networks before their first trial, all of them side by side on a GPU; whoever has
    ended leaves the block.

    While the GPU works on the trials up to an evaluation, those up to the next are drawn. The state
    of each network is then what `rate_cpu` would hold. Raises ValueError for a network that has
    been trained.
    """
    if any(run.used for run in runs):
        raise ValueError(
            "go_on_together: expected networks before their first trial; go_on continues a training"
        )
    kernel, active, clock = rate_kernels(device), list(runs), Clock(runs[0].used)
    block, evaluations = (
        kernel.start_block([run.untrained for run in active]),
        evaluations_left(runs[0], training),
    )
    ahead = [
        _Drawn.of(run, task, training, trial, run.used)
        for run in active
        for trial in evaluations[:1]
    ]
    for trial, following in zip(evaluations, [*evaluations[1:], None], strict=True):
        drawn, n_new = ahead, len(ahead[0].trials.label)
        losses, outputs = _started(kernel, block, drawn, active[0].used, training)
        used = active[0].used + n_new
        ahead = (
            [_Drawn.of(run, task, training, following, used) for run in active]
            if following is not None
            else drawn
        )
        for run, d, of_training, o in zip(
            active, drawn, losses.cpu().numpy(), outputs.cpu().numpy(), strict=True
        ):
            run.losses.append(of_training)
            run.used = used
            note(run, trial, scored(task, d.fresh, o, training.loss), training, clock)
        if progress:
            progress(n_new * len(active))
        staying = [i for i, run in enumerate(active) if not has_ended(run)]
        if len(staying) < len(active):
            _hand_over(kernel, block, active)
            active, ahead = [active[i] for i in staying], [ahead[i] for i in staying]
            if not active:
                return
            block = kernel.keep(block, staying)
    _hand_over(kernel, block, active)


class _Drawn(NamedTuple):
    """The trials of a network up to its next evaluation, and those of the evaluation, with the
    streams of their noise."""

    trials: Trials
    fresh: Trials
    noise: streams.Key
    fresh_noise: streams.Key

    @classmethod
    def of(
        cls, run: TrainingRun, task: Task, training: TrainingConfig, trial: int, used: int
    ) -> _Drawn:
        name, purpose, numbers = (
            run.network,
            "evaluation",
            range(used, used + trials_until(trial, used, training)),
        )
        return cls(
            draw_trials(task, run.study_seed, "training", (name,), numbers),
            draw_trials(
                task, run.study_seed, purpose, (name, trial), range(training.evaluation_trials)
            ),
            streams.key(run.study_seed, "training noise", name),
            streams.key(run.study_seed, purpose + " noise", name, trial),
        )


def _started(kernel, block, drawn: Sequence[_Drawn], first_trial: int, training: TrainingConfig):
    """Training up to the evaluation and the evaluation of all networks, under way on the GPU:
    losses and outputs to come."""
    drawn_arrays = zip(
        *((d.trials.stimulus, d.trials.target, d.fresh.stimulus) for d in drawn), strict=True
    )
    keys, fresh_keys = [d.noise for d in drawn], [d.fresh_noise for d in drawn]
    return kernel.train_and_run(
        block,
        *map(np.stack, drawn_arrays),
        training=training,
        keys=keys,
        fresh_keys=fresh_keys,
        first_trial=first_trial,
    )


def _hand_over(kernel, block, runs: Sequence[TrainingRun]) -> None:
    """The states of a block to its networks."""
    for run, state in zip(runs, kernel.states_of(block), strict=True):
        run.state = state


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
    """Train `networks` side by side: on `threads` cores, or all together on a GPU. The result does
    not depend on how they share the cores."""
    if device_of(device) == "cuda":
        return _train_together(task, config, training, study_seed, networks, progress)
    started, stopped = time.perf_counter(), threading.Event()

    def train(network: str) -> tuple[RateModel, TrainingRecord]:
        model, record = train_network(
            task,
            config,
            training,
            study_seed=study_seed,
            network=network,
            progress=progress,
            device=device,
            stop=stopped.is_set,
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
        # after Ctrl-C, or where one network failed, the others stop at their next evaluation
        finally:
            stopped.set()


def _fits(
    part: Sequence[TrainingRun],
    task: Task,
    training: TrainingConfig,
    progress: Progress | None,
    size: int,
) -> bool:
    """Train a part of a block; False where the GPU's memory does not hold it and fewer networks
    may."""
    try:
        go_on_together(part, task, training, progress=progress)
    except RuntimeError as error:
        if size == 1 or not out_of_memory(error):
            raise
        return False
    return True


def _train_together(
    task, config, training, study_seed, networks, progress
) -> list[tuple[RateModel, TrainingRecord]]:
    """A block on the GPU, in parts where its memory asks for it; the example trials of the record
    run on the CPU."""
    import torch

    kernel, waiting, runs = rate_kernels("cuda"), list(networks), []
    size = min(
        len(waiting), kernel.networks_that_fit(config, training, task.n_inputs, task.n_steps)
    )
    if size < len(waiting):
        log.info("%d networks at a time, as the memory of the GPU allows", size)
    while waiting:
        part = [
            begin(task, config, study_seed=study_seed, network=name, device="cpu")
            for name in waiting[:size]
        ]
        if not _fits(part, task, training, progress, size):
            size = -(-size // 2)
            gc.collect()  # what the failed attempt held
            torch.cuda.empty_cache()
            log.warning(
                "the GPU's memory does not hold the block: going on with %d networks side by side",
                size,
            )
            continue
        runs, waiting = runs + part, waiting[size:]
    for run in runs:
        reached = "reached criterion" if run.converged else "FAILED to reach criterion"
        log.info(
            "%s: %s after %d trials, loss %.2f, accuracy %.2f", run.network, reached, *run.curve[-1]
        )
    return [outcome(run, task, device="cpu") for run in runs]
