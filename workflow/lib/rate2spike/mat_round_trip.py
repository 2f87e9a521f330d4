"""Which variables of a .mat file can be written back as they are.

scipy reads more than it writes: function handles, objects and some names are refused, or come back
as something else. Each variable is written to memory and read again, before a study is spent on it.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.io
import scipy.sparse

PLAIN_NAME = re.compile("[A-Za-z][A-Za-z0-9_]{0,30}")
LONGEST_FIELD = 63  # letters of a field's name that MATLAB allows


def read(data: bytes) -> dict[str, Any]:
    """The variables of a file in the classes that they have in MATLAB.

    By default scipy gives a matrix of small whole numbers as the integers that it is stored in, and
    a logical one as integers; written back it would be of that class.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        in_classes = scipy.io.loadmat(io.BytesIO(data), mat_dtype=True)
    dropped = np.exceptions.ComplexWarning  # asked for classes, scipy drops imaginary parts
    if not any(issubclass(warning.category, dropped) for warning in caught):
        return in_classes
    as_stored = scipy.io.loadmat(io.BytesIO(data))
    variables = {}
    for name, value in as_stored.items():
        variables[name] = value if _is_complex(value) else in_classes[name]
    return variables


def _is_complex(value: Any) -> bool:
    """Whether there are complex numbers in a variable, at any depth."""
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return False
    if dtype.names:
        return any(_is_complex(value[field]) for field in dtype.names)
    if dtype.kind == "O":
        return any(_is_complex(item) for item in value.ravel())
    return dtype.kind == "c"


def write(file: Any, variables: Mapping[str, Any], *, compressed: bool = True) -> None:
    """Write variables, with names of fields as long as MATLAB's."""
    scipy.io.savemat(file, variables, do_compression=compressed, long_field_names=True)


def lost(variables: Mapping[str, Any]) -> dict[str, str]:
    """What cannot be written back as it is.

    Parameters
    ----------
    variables : as `read` gives them; names that begin with __ are scipy's own and not looked at

    Returns
    -------
    Name -> why
    """
    reasons = {}
    for name, value in variables.items():
        why = None if name.startswith("__") else _why_lost(name, value)
        if why:
            reasons[name] = why
    return reasons


def _why_lost(name: str, value: Any) -> str | None:
    """Why a variable cannot be written back, None where it can."""
    if PLAIN_NAME.fullmatch(name) and _is_plain(value):
        return None
    file = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what scipy warns of is found below
            write(file, {name: value}, compressed=False)
            again = read(file.getvalue())
    # scipy raises many types; all of them mean the same to the reader
    except Exception as error:
        if "Field names are restricted" in str(error):
            return f"a field's name is longer than the {LONGEST_FIELD} letters that MATLAB allows"
        return f"scipy cannot write a variable of this kind ({_kind(value)})"
    if name not in again:
        return "scipy cannot write a variable of this name"
    if not _same(value, again[name]):
        return f"scipy would change it ({_kind(value)})"
    return None


def _is_plain(value: Any) -> bool:
    """Whether a variable is a full matrix of numbers or truths, which never changes."""
    is_matrix = type(value) is np.ndarray and value.ndim >= 2
    return is_matrix and value.dtype.isnative and value.dtype.kind in "iufbc"


def _kind(value: Any) -> str:
    """What a variable is, in MATLAB's words where there are some."""
    kinds = {
        "MatlabFunction": "function handle",
        "MatlabObject": "object",
        "MatlabOpaque": "object",
    }
    name = type(value).__name__
    if name in kinds:
        return kinds[name]
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return name
    if dtype.names:
        return "struct"
    if dtype.kind == "O":
        return "cell array, or struct without fields"
    return f"{'sparse ' if scipy.sparse.issparse(value) else ''}array of {dtype}"


def _same(a: Any, b: Any) -> bool:
    """Whether two values read from a file are equal in kind, type, shape and content."""
    if scipy.sparse.issparse(a) and scipy.sparse.issparse(b):
        return _same_sparse(a, b)
    if type(a) is not type(b):
        return False
    if not isinstance(a, np.ndarray):
        return a == b
    if getattr(a, "classname", None) != getattr(b, "classname", None):
        return False
    native = a.dtype.newbyteorder("=")  # as it is written
    if native != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.names:
        return all(_same(a[field], b[field]) for field in a.dtype.names)
    if a.dtype.kind == "O":
        return all(_same(x, y) for x, y in zip(a.ravel(), b.ravel(), strict=True))
    return a.astype(native).tobytes() == b.tobytes()


def _same_sparse(a: Any, b: Any) -> bool:
    """`_same` for two sparse matrices, however their entries are ordered."""
    one, other = a.tocsc(), b.tocsc()
    one.sum_duplicates()
    other.sum_duplicates()
    parts = ("data", "indices", "indptr")
    return a.shape == b.shape and all(_same(getattr(one, x), getattr(other, x)) for x in parts)
