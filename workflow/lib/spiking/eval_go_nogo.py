"""Evaluate the spiking versions of Go-NoGo models: python -m spiking.eval_go_nogo --model_dir
models/go-nogo/"""

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

    eval_tasks.main(["--task", "go_nogo", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    main()
else:  # not before: --help does not wait for what it imports
    from .evaluation import eval_go_nogo

    __all__ = ["eval_go_nogo"]
    callable_module(__name__, eval_go_nogo)
