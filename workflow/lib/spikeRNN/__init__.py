"""The published umbrella package: `rate` and `spiking` under one name.

`spikeRNN.rate` and `spikeRNN.spiking` are those packages themselves, with all their modules.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _SameModule(MetaPathFinder, Loader):
    """Imports spikeRNN.rate.tasks as rate.tasks, which would otherwise be there twice, with two
    lists of registered tasks."""

    PARTS = ("spikeRNN.rate", "spikeRNN.spiking")

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """A spec for the parts of this package, and nothing else."""
        if not fullname.startswith(self.PARTS):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module that is meant."""
        module = import_module(spec.name.removeprefix("spikeRNN."))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module has run already; it keeps the spec of its own name."""
        module.__spec__ = module.__spec__.loader_state


sys.meta_path.insert(0, _SameModule())

from rate import (  # noqa: E402 - what stands above makes them one package
    AbstractTask,
    FR_RNN_dale,
    GoNogoTask,
    ManteTask,
    TaskFactory,
    XORTask,
    create_default_config,
    set_gpu,
)
from spiking import (  # noqa: E402
    LIF_network_fnc,
    SpikingTaskFactory,
    create_default_spiking_config,
    eval_go_nogo,
    evaluate_task,
    lambda_grid_search,
)

from . import rate, spiking  # noqa: E402

create_rate_config = create_default_config


def check_packages() -> bool:
    """Say that both packages are there; True."""
    print(f"rate: {rate.__file__}\nspiking: {spiking.__file__}")
    return True


__all__ = [
    "AbstractTask",
    "FR_RNN_dale",
    "GoNogoTask",
    "LIF_network_fnc",
    "ManteTask",
    "SpikingTaskFactory",
    "TaskFactory",
    "XORTask",
    "check_packages",
    "create_default_config",
    "create_default_spiking_config",
    "create_rate_config",
    "eval_go_nogo",
    "evaluate_task",
    "lambda_grid_search",
    "rate",
    "set_gpu",
    "spiking",
]
