"""Evaluate the spiking versions of XOR models: python -m spiking.eval_xor --model_dir
models/xor/"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .arguments import callable_module


def main(argv: Sequence[str] | None = None) -> None:
    """The command line: that of `spiking.eval_tasks`, for this task.

    Parameters
    ----------
    argv : arguments, those of the process by default
    """
    from . import eval_tasks

    eval_tasks.main(["--task", "xor", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    main()
else:  # not before: --help does not wait for what it imports
    from .evaluation import eval_xor

    __all__ = ["eval_xor"]
    callable_module(__name__, eval_xor)
