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
from ..tasks.task import Task, Trials, draw_trials, first_loss_output
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
    """`go_on` for networks before their first trial, all of them side by side on a GPU.

    A network that has ended leaves the block. While the GPU works on the trials up to an
    evaluation, those up to the next are drawn. The state of each network is then what
    `kernels.cpu` would hold.

    Parameters
    ----------
    runs : the networks, of one size, which are trained in place
    task : that draws and scores the trials
    training : how
    progress : called after each evaluation with the number of new trials of all networks
    device : `cuda`

    Raises
    ------
    ValueError
        for a network that has been trained
    ConfigError
        where the loss is to count from a stimulus of which the task says nothing
    """
    if any(run.used for run in runs):
        raise ValueError(
            "go_on_together: expected networks before their first trial; go_on continues a training"
        )
    first_output = first_loss_output(task, training.loss_from)
    kernel = rate_kernels(device)
    clock = Clock(runs[0].used)
    active = list(runs)
    block = kernel.start_block([run.untrained for run in active])
    evaluations = evaluations_left(runs[0], training)
    ahead = [_draw(run, task, training, trial=evaluations[0], used=run.used) for run in active]
    for trial in evaluations:
        drawn = ahead
        n_new = len(drawn[0].trials.label)
        first_trial = active[0].used
        used = first_trial + n_new
        on_gpu = _launch(
            kernel,
            block,
            drawn,
            training=training,
            first_trial=first_trial,
            first_output=first_output,
        )
        following = trial + evaluations.step
        if following in evaluations:  # the GPU is at work meanwhile
            ahead = [_draw(run, task, training, trial=following, used=used) for run in active]
        losses, outputs = (array.cpu().numpy() for array in on_gpu)
        for i, run in enumerate(active):
            run.losses.append(losses[i])
            run.used = used
            evaluation = scored(
                task,
                drawn[i].fresh,
                outputs[i],
                loss=training.loss,
                loss_from=training.loss_from,
            )
            note(run, trial, evaluation, training=training, clock=clock)
        if progress:
            progress(n_new * len(active))
        staying = [i for i, run in enumerate(active) if not has_ended(run)]
        if len(staying) < len(active):
            _hand_over(kernel, block, active)
            active = [active[i] for i in staying]
            ahead = [ahead[i] for i in staying]
            if not active:
                return
            block = kernel.keep(block, staying)
    _hand_over(kernel, block, active)


class _TrialsAhead(NamedTuple):
    """The trials of a network up to its next evaluation, and those of the evaluation."""

    trials: Trials
    fresh: Trials
    noise: streams.Key  # stream of the noise in `trials`
    fresh_noise: streams.Key


def _draw(
    run: TrainingRun, task: Task, training: TrainingConfig, *, trial: int, used: int
) -> _TrialsAhead:
    """What `run` needs, `used` trials having been used, for the evaluation after `trial`."""
    seed = run.study_seed
    name = run.network
    numbers = range(used, used + trials_until(trial, used, training))
    fresh_numbers = range(training.evaluation_trials)
    return _TrialsAhead(
        trials=draw_trials(task, seed, "training", (name,), numbers),
        fresh=draw_trials(task, seed, "evaluation", (name, trial), fresh_numbers),
        noise=streams.key(seed, "training noise", name),
        fresh_noise=streams.key(seed, "evaluation noise", name, trial),
    )


def _launch(
    kernel,
    block,
    drawn: Sequence[_TrialsAhead],
    *,
    training: TrainingConfig,
    first_trial: int,
    first_output: int,
):
    """Training up to the evaluation and the evaluation of all networks, under way on the GPU.

    Returns losses and outputs to come.
    """
    return kernel.train_and_run(
        block,
        np.stack([of_network.trials.stimulus for of_network in drawn]),
        np.stack([of_network.trials.target for of_network in drawn]),
        np.stack([of_network.fresh.stimulus for of_network in drawn]),
        training=training,
        keys=[of_network.noise for of_network in drawn],
        fresh_keys=[of_network.fresh_noise for of_network in drawn],
        first_trial=first_trial,
        first_output=first_output,
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
    """Train networks side by side: on the cores of the CPU, or all together on a GPU.

    The result does not depend on how they share the cores.

    Parameters
    ----------
    task : that draws and scores the trials
    config : the networks
    training : how they are trained
    study_seed : of the study
    networks : their names, which with the seed decide wiring, trials and noise
    threads : cores of the CPU
    progress : called after each evaluation with the number of new trials
    device : `auto`, `cpu` or `cuda`

    Returns
    -------
    Each network with the record of its training, in the order of `networks`
    """
    if device_of(device) == "cuda":
        return _train_together(
            task, config, training, study_seed=study_seed, networks=networks, progress=progress
        )
    started = time.perf_counter()
    stopped = threading.Event()

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
        seconds = time.perf_counter() - started
        _log_end(network, record, f", {seconds:.0f} s since the block began")
        return model, record

    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        try:
            return list(pool.map(train, networks))
        # after Ctrl-C, or where one network failed, the others stop at their next evaluation
        finally:
            stopped.set()


def _log_end(network: str, record: TrainingRecord, more: str = "") -> None:
    """Write into the log how the training of a network ended."""
    log.info(
        "%s: %s after %d trials, loss %.2f, accuracy %.2f%s",
        network,
        "reached criterion" if record.converged else "FAILED to reach criterion",
        *record.curve[-1],
        more,
    )


def _train_together(
    task: Task,
    config: RateConfig,
    training: TrainingConfig,
    *,
    study_seed: int,
    networks: Sequence[str],
    progress: Progress | None,
) -> list[tuple[RateModel, TrainingRecord]]:
    """A block on the GPU, in parts where its memory asks for it.

    The example trials of the record run on the CPU.
    """
    import torch

    kernel = rate_kernels("cuda")
    trained = []
    waiting = list(networks)
    fitting = kernel.networks_that_fit(config, training, task.n_inputs, task.n_steps)
    size = min(len(waiting), fitting)
    if size < len(waiting):
        log.info("%d networks at a time, as the memory of the GPU allows", size)
    while waiting:
        part = [
            begin(task, config, study_seed=study_seed, network=name, device="cpu")
            for name in waiting[:size]
        ]
        if _train_if_it_fits(part, task, training, progress=progress, smallest=size == 1):
            trained += part
            waiting = waiting[size:]
            continue
        size = -(-size // 2)
        gc.collect()  # what the failed attempt held
        torch.cuda.empty_cache()
        log.warning(
            "the GPU's memory does not hold the block: going on with %d networks side by side",
            size,
        )
    results = [outcome(run, task, device="cpu") for run in trained]
    for run, (_, record) in zip(trained, results, strict=True):
        _log_end(run.network, record)
    return results


def _train_if_it_fits(
    part: Sequence[TrainingRun],
    task: Task,
    training: TrainingConfig,
    *,
    progress: Progress | None,
    smallest: bool,
) -> bool:
    """Train a part of a block; False where the GPU's memory does not hold it.

    `smallest`: the part cannot be made smaller, so that is an error.
    """
    try:
        go_on_together(part, task, training, progress=progress)
    except RuntimeError as error:
        if smallest or not out_of_memory(error):
            raise
        return False
    return True
