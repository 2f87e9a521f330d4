"""The published umbrella package: `rate` and `spiking` under one name.

`spikeRNN.rate` and `spikeRNN.spiking` are those packages themselves, with all their modules.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from rate2spike.offered import names_of


class _SameModule(MetaPathFinder, Loader):
    """Imports spikeRNN.rate.tasks as rate.tasks, which would otherwise be there twice, with two
    lists of registered tasks."""

    PARTS = ("spikeRNN.rate", "spikeRNN.spiking")

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """A spec for the parts of this package, and nothing else."""
        part = ".".join(fullname.split(".")[:2])
        meant = find_spec(fullname.removeprefix("spikeRNN.")) if part in self.PARTS else None
        if meant is None:
            return None
        is_package = meant.submodule_search_locations is not None
        return ModuleSpec(fullname, self, is_package=is_package)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module that is meant."""
        module = import_module(spec.name.removeprefix("spikeRNN."))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module has run already; it keeps the spec of its own name."""
        module.__spec__ = module.__spec__.loader_state


sys.meta_path.insert(0, _SameModule())

_published, __dir__, __all__ = names_of(
    __name__,
    {
        "rate": (
            "AbstractTask",
            "FR_RNN_dale",
            "GoNogoTask",
            "ManteTask",
            "TaskFactory",
            "XORTask",
            "create_default_config",
            "set_gpu",
        ),
        "spiking": (
            "LIF_network_fnc",
            "SpikingTaskFactory",
            "create_default_spiking_config",
            "eval_go_nogo",
            "evaluate_task",
            "lambda_grid_search",
        ),
    },
)
__all__ += ["check_packages", "create_rate_config", "rate", "spiking"]  # noqa: F822 - see below


def __getattr__(name: str) -> Any:
    """A published name at its first use."""
    if name in ("rate", "spiking"):
        return import_module(f".{name}", __name__)
    return _published({"create_rate_config": "create_default_config"}.get(name, name))


def check_packages() -> bool:
    """Say that both packages are there; True."""
    import rate
    import spiking

    print(f"rate: {rate.__file__}\nspiking: {spiking.__file__}")
    return True
