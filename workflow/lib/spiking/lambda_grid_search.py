"""Search the scaling factor of every model in a folder: python -m spiking.lambda_grid_search
--model_dir models/go-nogo"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from types import ModuleType

from rate2spike.offered import names_of

# at its first use: --help does not wait for what it imports
__getattr__, _, __all__ = names_of("spiking", {".search": ("lambda_grid_search",)})


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
        help="go-nogo, xor or mante; by default the one with as many inputs as the model",
    )
    parser.add_argument("--n_trials", type=int, default=100, help="trials at each factor (100)")
    parser.add_argument(
        "--scaling_factors",
        default="20:80:5",
        help="start:end:step, without the end (20:80:5), or 20,30,40",
    )
    parser.add_argument("--seed", type=int, help="same seed, same result")
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
            seed=arguments.seed,
        )
    except ValueError as error:
        parser.error(str(error))


class _Function(ModuleType):
    """The module and the function have one name: whichever `spiking.lambda_grid_search` is bound
    to, it can be called."""

    def __call__(self, *args, **kwargs):
        return self.lambda_grid_search(*args, **kwargs)


if __name__ == "__main__":
    main()
else:
    sys.modules[__name__].__class__ = _Function
