"""Arrays as a user gives them: taken as real numbers, or refused with what is wrong.

NumPy alone drops a mask and an imaginary part, and reads the text "7" as the number 7.
"""

from __future__ import annotations

from numbers import Real

import numpy as np


def real_numbers(name: str, values) -> np.ndarray:
    """The values as float64, not copied where they are so already.

    Parameters
    ----------
    name : what they are, for the message
    values : a number, an array, a table, or lists of numbers

    Raises
    ------
    ValueError
        naming what they are instead: masked, complex, texts, dates, objects
    """
    if type(values) is np.ndarray and values.dtype == np.float64:  # nearly all, drawn by thousands
        return values
    if _has_masked(values):
        raise ValueError(
            f"{name}: expected numbers, got masked ones; "
            "say what stands for them, as numpy.ma.filled(array, 0) does"
        )
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        kind = type(values).__name__
        raise ValueError(f"{name}: expected numbers, got {kind} ({error})") from error
    if not _is_real(array):
        kind = type(values).__name__
        raise ValueError(f"{name}: expected numbers, got {kind} of dtype {array.dtype}")
    return array.astype(np.float64, copy=False)


def finite_numbers(name: str, values) -> np.ndarray:
    """The values as float64; raises ValueError where `real_numbers` does, and for NaN or
    infinity."""
    array = real_numbers(name, values)
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array


def _has_masked(values) -> bool:
    if isinstance(values, list | tuple):
        return any(_has_masked(value) for value in values)
    return isinstance(values, np.ma.MaskedArray) and bool(np.ma.is_masked(values))


def _is_real(array: np.ndarray) -> bool:
    if array.dtype.kind == "O":  # numbers of several types, say
        return all(isinstance(value, Real) for value in array.flat)
    return array.dtype.kind in "biuf"
