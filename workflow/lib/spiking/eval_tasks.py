"""Evaluate the spiking versions of models: python -m spiking.eval_tasks --task go_nogo --model_dir
models/go-nogo/"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from rate2spike.offered import names_of

# at their first use: --help does not wait for what they import
__getattr__, _, __all__ = names_of(
    __name__,
    {
        "spiking.evaluation": ("evaluate_task",),
        "spiking.evaluators": (
            "GoNogoSpikingEvaluator",
            "LIFNetworkAdapter",
            "ManteSpikingEvaluator",
            "SpikingEvaluatorFactory",
            "XORSpikingEvaluator",
            "evaluate_single_trial",
            "load_model_and_scaling_factor",
        ),
    },
)

SETTINGS = {
    "T": "length of a trial",
    "stim_on": "onset of the stimulus",
    "stim_dur": "its duration",
    "delay": "between the two stimuli of XOR",
}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options for the timing of a task."""
    for name, what in SETTINGS.items():
        parser.add_argument(f"--{name}", type=int, help=f"{what}, in steps of 5 ms")
    parser.add_argument("--eval_amp_thresh", type=float, help="of the output: 0.7, as in the paper")


def settings_of(arguments: argparse.Namespace, task: str | None) -> dict[str, float] | None:
    """The settings that options ask for, None without any; raises ValueError where it is not said
    of which task."""
    asked = {name: getattr(arguments, name) for name in (*SETTINGS, "eval_amp_thresh")}
    asked = {name: value for name, value in asked.items() if value is not None}
    if not asked:
        return None
    if task is None:
        raise ValueError(f"--{next(iter(asked))} needs --task_name, too")
    from .tasks import SpikingTaskFactory

    return SpikingTaskFactory.create_task(task).settings | asked


def main(argv: Sequence[str] | None = None) -> None:
    """The command line.

    Parameters
    ----------
    argv : arguments, those of the process by default
    """
    parser = argparse.ArgumentParser(prog="python -m spiking.eval_tasks", description=__doc__)
    parser.add_argument(
        "--task", required=True, help="go_nogo, xor, mante, or a task that the plugin registers"
    )
    _run(parser, argv)


def main_of(task: str) -> Callable[[Sequence[str] | None], None]:
    """`main` for one task, as `python -m spiking.eval_TASK` has it."""

    def main(argv: Sequence[str] | None = None) -> None:
        """The command line: that of `spiking.eval_tasks`, for this task.

        Parameters
        ----------
        argv : arguments, those of the process by default
        """
        parser = argparse.ArgumentParser(
            prog=f"python -m spiking.eval_{task}",
            description=f"Evaluate the spiking versions of models of the task {task}.",
        )
        parser.set_defaults(task=task)
        _run(parser, argv)

    return main


def _run(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> None:
    """Add the options to those of the parser, evaluate, and print what was found."""
    models = parser.add_mutually_exclusive_group(required=True)
    models.add_argument("--model_dir", help="folder of .mat files")
    models.add_argument("--model_path", help="one .mat file")
    parser.add_argument("--n_trials", type=int, default=100, help="trials of each model (100)")
    parser.add_argument(
        "--scaling_factor",
        "--optimal_scaling_factor",
        type=float,
        help="1/lambda; by default what the grid search found for each model",
    )
    parser.add_argument("--no_plots", action="store_true", help="no figure of single trials")
    parser.add_argument(
        "--plugin", help="a Python file that registers tasks with SpikingTaskFactory"
    )
    parser.add_argument("--seed", type=int, help="same seed, same trials")
    add_settings(parser)
    arguments = parser.parse_args(argv)
    from .evaluation import evaluate_task, in_words
    from .tasks import load_plugin

    try:
        if arguments.plugin:
            load_plugin(arguments.plugin)
        evaluation = evaluate_task(
            arguments.task,
            arguments.model_dir,
            model_path=arguments.model_path,
            task_settings=settings_of(arguments, arguments.task),
            n_trials=arguments.n_trials,
            save_plots=not arguments.no_plots,
            scaling_factor=arguments.scaling_factor,
            seed=arguments.seed,
        )
    except ValueError as error:
        parser.error(str(error))
    models = evaluation["models"]
    for name, performance in models.items():
        print(f"{name}\n{in_words(performance)}\n")
    if len(models) > 1:
        print(f"mean over {len(models)} models\n{in_words(evaluation)}")


if __name__ == "__main__":
    main()
