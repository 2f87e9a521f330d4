"""The arguments of published calls: other names of one argument, and factors that are more than a
number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import signature
from types import ModuleType
from typing import Any

import numpy as np


def also_called(**others: str) -> Callable:
    """A decorator: keyword arguments may be passed by their other published names, too.

    Parameters
    ----------
    others : other name -> name of the argument
    """

    def decorate(function: Callable) -> Callable:
        @wraps(function)
        def call(*arguments, **keywords):
            for other, name in others.items():
                if other not in keywords:
                    continue
                value = keywords.pop(other)
                if value is None:
                    continue
                if keywords.get(name) is not None:
                    raise ValueError(f"{function.__name__}: expected {name} or {other}, got both")
                keywords[name] = value
            return function(*arguments, **keywords)

        call.others = others
        return call

    return decorate


def factor_of(value: Any) -> Any:
    """A scaling factor as Python's number: of what a search returned, of an array of one number as
    a .mat file holds it. Anything else stays as it is, for the check to refuse."""
    is_text = isinstance(value, str | bytes | bool | np.bool_)
    if is_text or not hasattr(value, "__float__"):
        return value
    if isinstance(value, np.ndarray):
        return value.item() if value.size == 1 else value
    return float(value)


def settings_dict(name: str, value: Any) -> dict[str, Any] | None:
    """Settings of a task as a dict, None without any; raises ValueError, naming the argument, for
    what are none."""
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"{name}: expected a mapping such as {{'T': 200}}, got {value!r}")
    return dict(value) if value else None


class GridSearch(float):
    """The best scaling factor 1/lambda, a number like any other, with what the search found.

    Parameters
    ----------
    scaling_factor : the best factor
    found : what stands below, by name

    Attributes
    ----------
    scaling_factors : the grid
    accuracies : share of correct trials at each factor of the grid, 0 to 1
    held_out_accuracy : that of the best factor on fresh trials
    converted : path of the file that was written
    task : name of the task that was searched with
    guessed : whether the task was taken from the number of inputs alone
    """

    scaling_factors: np.ndarray
    accuracies: np.ndarray
    held_out_accuracy: float
    converted: str
    task: str
    guessed: bool

    def __new__(cls, scaling_factor: float, **found: Any) -> GridSearch:
        """The number, with the rest as attributes."""
        search = super().__new__(cls, scaling_factor)
        search.__dict__.update(found)
        return search

    @property
    def scaling_factor(self) -> float:
        """The best factor as a plain number."""
        return float(self)


class GridSearches(dict[str, GridSearch]):
    """The searches of the models of a folder, by file name; of one model it is usable as the
    factor."""

    def __float__(self) -> float:
        """The factor of the only model; raises ValueError where there are more."""
        if len(self) != 1:
            first = next(iter(self), "model.mat")
            raise ValueError(
                f"scaling_factor: the search found one factor for each of {len(self)} models; "
                f"pass the one of your model, as in found[{first!r}]"
            )
        return float(next(iter(self.values())))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The factor of the only model as an array of no dimension."""
        return np.array(float(self), dtype=dtype)


def callable_module(name: str, function: Callable) -> None:
    """Let a module be called like the function of its name: whichever of the two
    `spiking.lambda_grid_search` is bound to, it is the function."""

    class Module(ModuleType):
        __call__ = staticmethod(function)

    sys.modules[name].__class__ = Module
    sys.modules[name].__signature__ = signature(function)
