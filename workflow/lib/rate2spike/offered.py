"""The names that a package offers, each loaded when it is first asked for (PEP 562).

So `from rate2spike.spiking import simulate` works, and a job that needs one module of a package
neither waits for the others nor runs again when they change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def names_of(
    package: str, modules: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package.

    Parameters
    ----------
    package : the package's own `__name__`
    modules : module, as in `.model` -> the names that it offers. A module of the package itself is
        there, too, after a bare import of the package
    """
    home = {}
    for module, names in modules.items():
        for name in names:
            home[name] = module

    def load(name: str) -> Any:
        if f".{name}" in modules:
            return import_module(f".{name}", package)
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(home[name], package), name)

    return load, lambda: sorted(home), sorted(home)
