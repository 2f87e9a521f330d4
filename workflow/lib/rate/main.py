"""Train a rate network, or score one that is trained: python -m rate.main --help."""

from __future__ import annotations

import argparse
import datetime
import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rate2spike import matfile, provenance
from rate2spike.config import ACTIVATIONS, LOSSES, ConfigError, RateConfig, TrainingConfig
from rate2spike.files import replacing
from rate2spike.rate import train
from rate2spike.tasks import HIGH, Task

from . import checkpoint
from .config import RNNConfig, decays_ms, published_words
from .tasks import BUILT_IN, task_key
from .utils import new_seed, set_gpu

TASKS = {
    key.replace("_", "-"): key for key in BUILT_IN
}  # as written in options and paths -> as registered
DEFAULTS = {
    "P_inh": 0.2,
    "P_rec": 0.2,
    "som_N": 0,
    "apply_dale": True,
    "gain": 1.5,
    "act": "sigmoid",
    "loss_fn": "l2",
}
OPTIONS = (
    "task",
    "N",
    "decay_taus",
    *DEFAULTS,
    "seed",
)  # what a network and its training are made from
STAMP = "%Y_%m_%d_%H%M%S"
DESCRIPTION = "Train one rate network on a task, or score the newest one that was trained. Times are in steps of 5 ms."


def main(argv: Sequence[str] | None = None) -> Path:
    """Run the program with these words, or those of the command line; returns the model file
    written or scored."""
    parser = _parser()
    args = parser.parse_args(argv)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("rate2spike").setLevel(logging.INFO)  # one line per evaluation
    try:
        set_gpu(args.gpu, args.gpu_frac)
        return train_one(args) if args.mode == "train" else score_newest(args)
    except (ValueError, OSError) as error:
        parser.error(str(error))


def train_one(args: argparse.Namespace) -> Path:
    """Train a network, or go on with one, and write its .mat and .pth."""
    started = time.monotonic()
    begun = checkpoint.read(args.resume) if args.resume else None
    options = _options(args, begun)
    training = _training(args.n_trials, options["loss_fn"])
    config, task = _config(options), _task(options["task"])
    if begun:
        run = checkpoint.run_of(begun, config, options["seed"])
        _check_can_go_on(run, training, args.resume)
    else:
        run = _begin(task, config, options["seed"])
    print(
        f"{options['task']}, {config.n_units} units, --seed {options['seed']}, at most {args.n_trials} trials"
    )
    folder = Path(args.output_dir) / "models" / options["task"]
    folder.mkdir(
        parents=True, exist_ok=True
    )  # what cannot be a folder is told before the training, not after
    train.go_on(run, task, training)
    path = _write(run, task, training, options, folder, started)
    trial, loss, accuracy = run.curve[-1]
    reached = (
        "reached criterion"
        if run.converged
        else "did NOT reach criterion; the files hold the network as it stands"
    )
    print(
        f"trial {trial:g}: {reached}\naccuracy {accuracy:.2f}, mean loss {loss:.2f}\n{path}\n{path.with_suffix('.pth')}"
    )
    return path


def _begin(task: Task, config: RateConfig, seed: int) -> train.TrainingRun:
    try:
        return train.begin(task, config, study_seed=seed, network=f"seed_{seed}")
    except ConfigError as error:  # this network has fewer inhibitory units than --som_N
        raise ValueError(published_words(error)) from None


def score_newest(args: argparse.Namespace, n_trials: int = 100) -> Path:
    """Print accuracy and mean loss of the newest model file of the task, on fresh trials."""
    if args.task is None:
        raise ValueError(f"--task is needed: one of {', '.join(TASKS)}")
    path, task = _newest(args), _task(args.task)
    model, seed = matfile.load(path), new_seed(args.seed)
    if model.n_inputs != task.n_inputs:
        raise ValueError(
            f"{path}: expected a network with {task.n_inputs} inputs for {args.task}, got {model.n_inputs}"
        )
    stream = {"study_seed": seed, "purpose": "scoring", "words": (path.name,)}
    result = train.evaluate(
        model,
        model.weights,
        task,
        n_trials=n_trials,
        loss=args.loss_fn or DEFAULTS["loss_fn"],
        **stream,
    )
    print(
        f"{path}, --seed {seed}\naccuracy {result.accuracy:.2f}, mean loss {result.loss:.2f} in {n_trials} fresh trials"
    )
    return path


# Options ------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rate.main", description=DESCRIPTION, allow_abbrev=False
    )
    add = parser.add_argument
    add(
        "--mode",
        type=str.lower,
        choices=("train", "eval"),
        default="train",
        help="train (default), or score the newest .mat",
    )
    add(
        "--task",
        type=_one_of(TASKS, _task_word),
        help=f"{', '.join(TASKS)} (mante: context-dependent integration)",
    )
    add("--output_dir", required=True, help="files go to OUTPUT_DIR/models/TASK")
    add("--N", type=int, help="units")
    add(
        "--decay_taus",
        type=float,
        nargs="+",
        metavar="TAU",
        help="synaptic decay in steps of 5 ms: MIN MAX, trained; or one, fixed",
    )
    add(
        "--n_trials",
        type=int,
        default=200,
        help="training trials at most, from the first on (default 200; the paper: 6000)",
    )
    add("--P_inh", type=float, help="probability that a unit is inhibitory (default 0.2)")
    add("--P_rec", type=float, help="probability that a connection is there (default 0.2)")
    add("--som_N", type=int, help="SOM units, which receive no inhibition (default 0)")
    add("--apply_dale", type=_truth, metavar="True|False", help="Dale's principle (default True)")
    add("--gain", type=float, help="of the initial weights (default 1.5)")
    add(
        "--act",
        type=_one_of(ACTIVATIONS),
        help=f"activation: {', '.join(ACTIVATIONS)} (default sigmoid)",
    )
    add("--loss_fn", type=_one_of(LOSSES), help=f"loss: {', '.join(LOSSES)} (default l2)")
    add(
        "--seed",
        type=int,
        help="repeats a network and its training; drawn and printed if not given",
    )
    add(
        "--resume",
        metavar="FILE.pth",
        help="go on with this training, bit for bit, up to --n_trials in all",
    )
    add(
        "--gpu",
        default="0",
        help="checked only: the library trains on the CPU, where one small network is fastest",
    )
    add("--gpu_frac", type=float, default=0.4, help="fraction of the GPU's memory, in (0, 1]")
    return parser


def _one_of(allowed: Sequence[str], word: Callable[[str], str] = str.lower) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if word(text) not in allowed:
            raise argparse.ArgumentTypeError(f"expected one of {', '.join(allowed)}, got {text!r}")
        return word(text)

    return convert


def _task_word(text: str) -> str:
    return task_key(text).replace("_", "-")


def _truth(text: str) -> bool:
    words = {"true": True, "t": True, "yes": True, "y": True, "1": True}
    words |= {"false": False, "f": False, "no": False, "n": False, "0": False}
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f"expected True or False, got {text!r}")
    return words[text.lower()]


def _options(args: argparse.Namespace, begun: checkpoint.Checkpoint | None) -> dict[str, Any]:
    """What the network and its training are made from: as given, else the defaults, or all as in
    the file to go on with."""
    given = {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
    if begun:
        for name, value in given.items():
            if value != begun.options[name]:
                raise ValueError(
                    f"--{name}: the training of {args.resume} has {begun.options[name]}, got {value}; leave it out"
                )
        return begun.options
    missing = [f"--{name}" for name in ("task", "N", "decay_taus") if name not in given]
    if missing:
        raise ValueError(f"a training needs {', '.join(missing)}; or give --resume FILE.pth")
    options = {**DEFAULTS, **given, "seed": new_seed(args.seed)}
    return {name: options[name] for name in OPTIONS}


def _training(n_trials: int, loss_fn: str) -> TrainingConfig:
    if n_trials < 2:
        raise ValueError(
            f"--n_trials: expected at least 2 (the first evaluation follows the second trial), got {n_trials}"
        )
    return TrainingConfig(max_trials=n_trials, loss=loss_fn)


def _config(options: dict[str, Any]) -> RateConfig:
    published = {
        name: options[name] for name in ("N", "P_inh", "P_rec", "som_N", "gain", "apply_dale")
    }
    return RNNConfig(**published).to_rate_config(decays_ms(options["decay_taus"]), options["act"])


def _settings(word: str) -> dict[str, int]:
    return BUILT_IN[TASKS[word]].default_settings()


def _task(word: str) -> Task:
    return BUILT_IN[TASKS[word]](_settings(word)).task


def _check_can_go_on(run: train.TrainingRun, training: TrainingConfig, path: str) -> None:
    trial, loss, _ = run.curve[-1]
    if run.converged or not np.isfinite(loss):
        ended = "reached criterion" if run.converged else "diverged"
        raise ValueError(
            f"--resume: the training of {path} {ended} at trial {trial:g}; there is nothing to go on with"
        )
    following = int(trial) + training.evaluation_interval
    if training.max_trials <= following:
        raise ValueError(
            f"--n_trials: expected more than {following}, the next evaluation of {path}, counted from its first trial, "
            f"got {training.max_trials}"
        )


# Files --------------------------------------------------------------------------------------------


def _write(
    run: train.TrainingRun,
    task: Task,
    training: TrainingConfig,
    options: dict[str, Any],
    folder: Path,
    started: float,
) -> Path:
    """Write .mat and .pth, both or none; returns the path of the .mat."""
    outcome = train.outcome(run, task)
    settings = _settings(options["task"]) | {"taus": options["decay_taus"], "task": options["task"]}
    packed = checkpoint.pack(run, outcome, options, settings, _training_params(training, options))
    path = _free_path(folder, options)
    with replacing(path.with_suffix(".pth")) as temporary:
        torch.save(packed, temporary)
        matfile.save(
            path,
            *outcome,
            _provenance(run, training, options, outcome[0].config, time.monotonic() - started),
        )
    return path


def _training_params(training: TrainingConfig, options: dict[str, Any]) -> dict[str, Any]:
    """The published names of how a network is trained."""
    return {
        "learning_rate": training.learning_rate,
        "loss_threshold": training.loss_threshold,
        "eval_freq": training.evaluation_interval,
        "eval_tr": training.evaluation_trials,
        "eval_amp_threh": HIGH,
        "activation": options["act"],
        "loss_fn": options["loss_fn"],
        "P_rec": options["P_rec"],
    }


def _provenance(
    run: train.TrainingRun,
    training: TrainingConfig,
    options: dict[str, Any],
    config: RateConfig,
    seconds: float,
) -> dict[str, Any]:
    """How the network was made; seconds: of this call, where a training goes on."""
    made_from = {
        "task": options["task"],
        "study_seed": run.study_seed,
        "seed": options["seed"],
        "stream": run.network,
    }
    settings = {"training": asdict(training), "network": asdict(config)}
    return provenance.record(seconds=seconds, settings=settings, **made_from)


def _file_name(task: str, units: object, decay: str, activation: str, stamp: str) -> str:
    return f"Task_{task}_N_{units}_{decay}_Act_{activation}_{stamp}.mat"


def _decay_words(taus: Sequence[float]) -> str:
    return "_".join(["Taus" if len(taus) == 2 else "Tau", *(f"{tau:g}" for tau in taus)])


def _free_path(folder: Path, options: dict[str, Any]) -> Path:
    """A name of now, or of the next second that no other network took."""
    when = datetime.datetime.now()
    words = (options["task"], options["N"], _decay_words(options["decay_taus"]), options["act"])
    while (path := folder / _file_name(*words, when.strftime(STAMP))).exists():
        when += datetime.timedelta(seconds=1)
    return path


def _newest(args: argparse.Namespace) -> Path:
    """The file of the latest date among those of the task and, where given, of these N, decays and
    activation."""
    folder = Path(args.output_dir) / "models" / args.task
    decay = re.escape(_decay_words(args.decay_taus)) if args.decay_taus else r"Taus?_[^A-Z]+"
    pattern = _file_name(
        re.escape(args.task),
        args.N or r"\d+",
        decay,
        args.act or "[a-z_]+",
        r"(\d{4}_\d\d_\d\d_\d{6})",
    )
    found = [
        match
        for file in (folder.iterdir() if folder.is_dir() else ())
        if (match := re.fullmatch(pattern, file.name))
    ]
    if not found:
        given = [
            f"--{name}" for name in ("N", "decay_taus", "act") if getattr(args, name) is not None
        ]
        asked = f" with these {', '.join(given)}" if given else ""
        raise ValueError(
            f"{folder}: no .mat of the task {args.task}{asked}; train one with --mode train, or see --output_dir"
        )
    return folder / max(found, key=lambda match: (match[1], match[0]))[0]


if __name__ == "__main__":
    main()
