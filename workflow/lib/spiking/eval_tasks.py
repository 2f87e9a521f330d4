"""Evaluate the spiking versions of models: python -m spiking.eval_tasks --task go_nogo --model_dir
models/go-nogo/"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rate2spike.offered import names_of

# at its first use: --help does not wait for what it imports
__getattr__, _, __all__ = names_of("spiking", {".evaluation": ("evaluate_task",)})


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
    parser.add_argument("--model_dir", required=True, help="folder of .mat files")
    parser.add_argument("--n_trials", type=int, default=100, help="trials of each model (100)")
    parser.add_argument(
        "--scaling_factor",
        type=float,
        help="1/lambda; by default what the grid search found for each model",
    )
    parser.add_argument("--no_plots", action="store_true", help="no figure of single trials")
    parser.add_argument(
        "--plugin", help="a Python file that registers tasks with SpikingTaskFactory"
    )
    parser.add_argument("--seed", type=int, help="same seed, same trials")
    arguments = parser.parse_args(argv)
    from .evaluation import evaluate_task, in_words
    from .tasks import load_plugin

    try:
        if arguments.plugin:
            load_plugin(arguments.plugin)
        evaluation = evaluate_task(
            arguments.task,
            arguments.model_dir,
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
