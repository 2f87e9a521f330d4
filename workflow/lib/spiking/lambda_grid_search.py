"""Search the scaling factor of every model in a folder: python -m spiking.lambda_grid_search
--model_dir models/go-nogo"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from .arguments import callable_module
from .eval_tasks import add_settings, settings_of


def main(argv: Sequence[str] | None = None) -> None:
    """The command line.

    Parameters
    ----------
    argv : arguments, those of the process by default
    """
    parser = argparse.ArgumentParser(
        prog="python -m spiking.lambda_grid_search", description=__doc__
    )
    models = parser.add_mutually_exclusive_group(required=True)
    models.add_argument("--model_dir", help="folder of .mat files")
    models.add_argument("--model_path", help="one .mat file")
    parser.add_argument(
        "--task_name",
        help="go-nogo, xor or mante; by default the one that the file names, or the one with as "
        "many inputs as the model",
    )
    parser.add_argument("--n_trials", type=int, default=100, help="trials at each factor (100)")
    parser.add_argument(
        "--scaling_factors",
        default="20:80:5",
        help="start:end:step, without the end (20:80:5), or 20,30,40",
    )
    parser.add_argument("--seed", type=int, help="same seed, same result")
    add_settings(parser)
    arguments = parser.parse_args(argv)
    from .search import lambda_grid_search, parse_factors

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        lambda_grid_search(
            model_path=arguments.model_path,
            model_dir=arguments.model_dir,
            task_name=arguments.task_name,
            n_trials=arguments.n_trials,
            scaling_factors=parse_factors(arguments.scaling_factors),
            task_settings=settings_of(arguments, arguments.task_name),
            seed=arguments.seed,
        )
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
else:  # not before: --help does not wait for what they import
    from .evaluators import evaluate_single_trial
    from .search import lambda_grid_search
    from .search import parse_factors as parse_range

    __all__ = ["evaluate_single_trial", "lambda_grid_search", "parse_range"]
    callable_module(__name__, lambda_grid_search)
