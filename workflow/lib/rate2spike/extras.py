"""Packages that an optional extra brings: imported where they are used, or one line that says how
to get them.

The extras are those of pyproject.toml. `rate2spike` itself needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def needed(package: str, extra: str) -> ModuleType:
    """The package, imported.

    Parameters
    ----------
    package : its import name, as in `torch` or `elephant.statistics`
    extra : the extra of pyproject.toml that brings it

    Raises
    ------
    ModuleNotFoundError
        where it is not installed, saying how to install it
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.split(".")[0]:
            raise  # it is there, but something that it needs itself is not
        raise ModuleNotFoundError(
            f"{error.name} is not installed: {how_to_install(extra)} "
            f"in the folder of the repository (or: pip install {error.name})",
            name=error.name,
        ) from error


def how_to_install(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install -c constraints.txt -e '.[{extra}]'"
