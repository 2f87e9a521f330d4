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
from typing import TYPE_CHECKING, Any

import numpy as np

from rate2spike.config import ACTIVATIONS, ConfigError, RateConfig, TrainingConfig
from rate2spike.files import replacing
from rate2spike.rate import train
from rate2spike.tasks import HIGH, Task

from .config import LOSSES, RNNConfig, decays_ms, published_words
from .tasks import BUILT_IN, task_key
from .utils import new_seed, set_gpu

if TYPE_CHECKING:  # torch and scipy are imported where they are used: --help does not wait for them
    from . import checkpoint

# as written in options and paths -> as registered
TASKS = {key.replace("_", "-"): key for key in BUILT_IN}
DEFAULTS = {
    "P_inh": 0.2,
    "P_rec": 0.2,
    "som_N": 0,
    "apply_dale": True,
    "gain": 1.5,
    "act": "sigmoid",
    "loss_fn": "l2",
}
# what a network and its training are made from
OPTIONS = ("task", "N", "decay_taus", *DEFAULTS, "seed")
STAMP = "%Y_%m_%d_%H%M%S"
DESCRIPTION = (
    "Train one rate network on a task, or score the newest one that was trained. "
    "Times are in steps of 5 ms."
)


def main(argv: Sequence[str] | None = None) -> Path:
    """Run the program.

    Parameters
    ----------
    argv : its arguments; those of the command line where None

    Returns
    -------
    The model file written or scored
    """
    parser = _parser()
    args = parser.parse_args(argv)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("rate2spike").setLevel(logging.INFO)  # one line per evaluation
    try:
        set_gpu(args.gpu, args.gpu_frac)
        return train_one(args) if args.mode == "train" else score_newest(args)
    # the last one where torch is not installed
    except (ValueError, OSError, ModuleNotFoundError) as error:
        parser.error(str(error))


def train_one(args: argparse.Namespace) -> Path:
    """Train a network, or go on with one, and write its .mat and .pth; returns the .mat.

    Raises ValueError naming the option that cannot be used.
    """
    from . import checkpoint

    started = time.monotonic()
    begun = checkpoint.read(args.resume) if args.resume else None
    options = _options(args, begun)
    training = _training(args.n_trials, options["loss_fn"])
    config = _config(options)
    task = _task(options["task"])
    if begun:
        run = checkpoint.run_of(begun, config, options["seed"])
        _check_can_go_on(run, training, args.resume)
    else:
        run = _begin(task, config, options["seed"])
    print(
        f"{options['task']}, {config.n_units} units, --seed {options['seed']}, "
        f"at most {args.n_trials} trials"
    )
    folder = Path(args.output_dir) / "models" / options["task"]
    # what cannot be a folder is reported before the training, not after
    folder.mkdir(parents=True, exist_ok=True)
    train.go_on(run, task, training)
    path = _write(run, task, training, options=options, folder=folder, started=started)
    trial, loss, accuracy = run.curve[-1]
    reached = "reached criterion"
    if not run.converged:
        reached = "did NOT reach criterion; the files hold the network as it stands"
    print(f"trial {trial:g}: {reached}")
    print(f"accuracy {accuracy:.2f}, mean loss {loss:.2f}")
    print(path)
    print(path.with_suffix(".pth"))
    return path


def _begin(task: Task, config: RateConfig, seed: int) -> train.TrainingRun:
    try:
        return train.begin(task, config, study_seed=seed, network=f"seed_{seed}")
    except ConfigError as error:  # this network has fewer inhibitory units than --som_N
        raise ValueError(published_words(error)) from None


def score_newest(args: argparse.Namespace, n_trials: int = 100) -> Path:
    """Print accuracy and mean loss of the newest model file of the task, on fresh trials.

    Returns the file. Raises ValueError where there is none, or it does not fit the task.
    """
    from rate2spike import matfile

    if args.task is None:
        raise ValueError(f"--task is needed: one of {', '.join(TASKS)}")
    path = _newest(args)
    task = _task(args.task)
    model = matfile.load(path)
    seed = new_seed(args.seed)
    if model.n_inputs != task.n_inputs:
        raise ValueError(
            f"{path}: expected a network with {task.n_inputs} inputs for {args.task}, "
            f"got {model.n_inputs}"
        )
    result = train.evaluate(
        model,
        model.weights,
        task,
        study_seed=seed,
        purpose="scoring",
        words=(path.name,),
        n_trials=n_trials,
        loss=args.loss_fn or DEFAULTS["loss_fn"],
    )
    print(f"{path}, --seed {seed}")
    print(f"accuracy {result.accuracy:.2f}, mean loss {result.loss:.2f} in {n_trials} fresh trials")
    return path


# Options ------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rate.main", description=DESCRIPTION, allow_abbrev=False
    )
    _add_what_to_do(parser.add_argument)
    _add_network(parser.add_argument)
    _add_how(parser.add_argument)
    return parser


def _add_what_to_do(add: Callable) -> None:
    """The options for the mode, the task, the folder, and what a training needs."""
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


def _add_network(add: Callable) -> None:
    """The options for the network and its loss."""
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


def _add_how(add: Callable) -> None:
    """The options for the seed, for going on, and for the device."""
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


def _one_of(
    allowed: Sequence[str], spelling: Callable[[str], str] = str.lower
) -> Callable[[str], str]:
    """A type of option: one of these words, once it is spelt as they are."""

    def convert(text: str) -> str:
        if spelling(text) not in allowed:
            raise argparse.ArgumentTypeError(f"expected one of {', '.join(allowed)}, got {text!r}")
        return spelling(text)

    return convert


def _task_word(text: str) -> str:
    return task_key(text).replace("_", "-")


def _truth(text: str) -> bool:
    answer = text.lower()
    if answer in ("true", "t", "yes", "y", "1"):
        return True
    if answer in ("false", "f", "no", "n", "0"):
        return False
    raise argparse.ArgumentTypeError(f"expected True or False, got {text!r}")


def _options(args: argparse.Namespace, begun: checkpoint.Checkpoint | None) -> dict[str, Any]:
    """What the network and its training are made from.

    As the user asks, else the defaults; or all as in the file to go on with.
    """
    asked = {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
    if begun:
        for name, value in asked.items():
            if value != begun.options[name]:
                raise ValueError(
                    f"--{name}: the training of {args.resume} has {begun.options[name]}, "
                    f"got {value}; leave it out"
                )
        return begun.options
    missing = [f"--{name}" for name in ("task", "N", "decay_taus") if name not in asked]
    if missing:
        raise ValueError(f"a training needs {', '.join(missing)}; or give --resume FILE.pth")
    options = {**DEFAULTS, **asked, "seed": new_seed(args.seed)}
    return {name: options[name] for name in OPTIONS}


def _training(n_trials: int, loss_fn: str) -> TrainingConfig:
    if n_trials < 2:
        raise ValueError(
            "--n_trials: expected at least 2 (the first evaluation follows the second trial), "
            f"got {n_trials}"
        )
    return TrainingConfig(max_trials=n_trials, loss=loss_fn)


def _config(options: dict[str, Any]) -> RateConfig:
    published = RNNConfig(
        N=options["N"],
        P_inh=options["P_inh"],
        P_rec=options["P_rec"],
        som_N=options["som_N"],
        gain=options["gain"],
        apply_dale=options["apply_dale"],
    )
    return published.to_rate_config(decays_ms(options["decay_taus"]), options["act"])


def _settings(task_word: str) -> dict[str, int]:
    return BUILT_IN[TASKS[task_word]].default_settings()


def _task(task_word: str) -> Task:
    return BUILT_IN[TASKS[task_word]](_settings(task_word)).task


def _check_can_go_on(run: train.TrainingRun, training: TrainingConfig, path: str) -> None:
    """Raise ValueError where the training has ended, or has no evaluation left."""
    trial, loss, _ = run.curve[-1]
    if run.converged or not np.isfinite(loss):
        ended = "reached criterion" if run.converged else "diverged"
        raise ValueError(
            f"--resume: the training of {path} {ended} at trial {trial:g}; "
            "there is nothing to go on with"
        )
    following = int(trial) + training.evaluation_interval
    if training.max_trials <= following:
        raise ValueError(
            f"--n_trials: expected more than {following}, the next evaluation of {path}, "
            f"counted from its first trial, got {training.max_trials}"
        )


# Files --------------------------------------------------------------------------------------------


def _write(
    run: train.TrainingRun,
    task: Task,
    training: TrainingConfig,
    *,
    options: dict[str, Any],
    folder: Path,
    started: float,
) -> Path:
    """Write .mat and .pth, both or none; returns the path of the .mat."""
    import torch

    from rate2spike import matfile, provenance

    from . import checkpoint

    model, record = train.outcome(run, task)
    settings = _settings(options["task"]) | {"taus": options["decay_taus"], "task": options["task"]}
    packed = checkpoint.pack(
        run,
        (model, record),
        options=options,
        settings=settings,
        training_params=_training_params(training, options),
    )
    path = _free_path(folder, options)
    with replacing(path.with_suffix(".pth")) as temporary:
        torch.save(packed, temporary)
        made_by = provenance.record(
            seconds=time.monotonic() - started,  # of this call, where a training goes on
            settings={"training": asdict(training), "network": asdict(model.config)},
            task=options["task"],
            study_seed=run.study_seed,
            seed=options["seed"],
            stream=run.network,
        )
        matfile.save(path, model, record, made_by)
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


def _file_name(*, task: str, units: object, decay: str, activation: str, stamp: str) -> str:
    return f"Task_{task}_N_{units}_{decay}_Act_{activation}_{stamp}.mat"


def _decay_words(taus: Sequence[float]) -> str:
    return "_".join(["Taus" if len(taus) == 2 else "Tau", *(f"{tau:g}" for tau in taus)])


def _free_path(folder: Path, options: dict[str, Any]) -> Path:
    """A name of now, or of the next second that no other network took."""
    when = datetime.datetime.now()
    while True:
        name = _file_name(
            task=options["task"],
            units=options["N"],
            decay=_decay_words(options["decay_taus"]),
            activation=options["act"],
            stamp=when.strftime(STAMP),
        )
        if not (folder / name).exists():
            return folder / name
        when += datetime.timedelta(seconds=1)


def _newest(args: argparse.Namespace) -> Path:
    """The file of the latest date among those of the task.

    Only those of the N, decays and activation that the user asks for, if any.
    """
    folder = Path(args.output_dir) / "models" / args.task
    decay = re.escape(_decay_words(args.decay_taus)) if args.decay_taus else r"Taus?_[^A-Z]+"
    pattern = _file_name(
        task=re.escape(args.task),
        units=args.N or r"\d+",
        decay=decay,
        activation=args.act or "[a-z_]+",
        stamp=r"(\d{4}_\d\d_\d\d_\d{6})",
    )
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    matches = [match for name in names if (match := re.fullmatch(pattern, name))]
    if not matches:
        options = ("N", "decay_taus", "act")
        asked = [f"--{name}" for name in options if getattr(args, name) is not None]
        which = f" with these {', '.join(asked)}" if asked else ""
        raise ValueError(
            f"{folder}: no .mat of the task {args.task}{which}; "
            "train one with --mode train, or see --output_dir"
        )
    newest = max(matches, key=lambda match: (match[1], match[0]))
    return folder / newest[0]


if __name__ == "__main__":
    main()
