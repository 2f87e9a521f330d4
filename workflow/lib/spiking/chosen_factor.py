"""The scaling factor that a search found for a model file, where none is passed."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rate2spike import matfile
from rate2spike.rate.model import UnitGains

log = logging.getLogger(__name__)

CONVERTED = "_converted.mat"  # ending of the files that a search writes
# key of a converted model: the factor that its source held when it was searched, NaN without one.
# So a factor that came into the source later is told from an older one, without dates of files,
# which copies change.
FACTOR_BEFORE = "source_opt_scaling_factor"


class Chosen(NamedTuple):
    """What a file holds for a model: 1/lambda, factor and offset of the output (1 and 0 where it
    has none), and the gains of the units (None where it has none)."""

    scaling_factor: float
    output_factor: float
    output_offset: float
    unit_gains: UnitGains | None


def converted_path(file: str | os.PathLike) -> Path:
    """Where a search writes a model with its factor."""
    file = Path(file)
    return file.with_name(file.stem + CONVERTED)


def chosen(model_path: str | os.PathLike | Mapping[str, Any]) -> Chosen:
    """The scaling factor that a search found for a model, and what a refinement found in the file
    that holds it: factor and offset of the output, gains of the units.

    They are in the converted model beside the file, which must be of this very network, or in the
    file itself, where published searches write the scaling factor (NaN before they begin). Of two
    the search's counts, unless the file has got another factor since, or another output or other
    gains, as a refined file has: then that one, which a warning says.

    Parameters
    ----------
    model_path : a .mat file, or the dict of its keys

    Raises
    ------
    ValueError
        Where there is none.
    """
    if isinstance(model_path, Mapping):
        return _only(model_path, "model")
    model = matfile.read(model_path)
    own = factor_in(model)
    converted = converted_path(model_path)
    if not converted.is_file():
        return _only(model, model_path)
    search = matfile.read(converted)
    found = factor_in(search)
    same_network = _same_weights(model_path, converted)
    if same_network and found is not None:
        is_searched = own is None or _is_of_search(model, search, files=(model_path, converted))
        return _only(search, converted) if is_searched else _only(model, model_path)
    if own is None and not same_network:
        raise ValueError(
            f"{converted}: made from another {Path(model_path).name}; "
            "run lambda_grid_search again, or pass scaling_factor="
        )
    return _only(model, model_path)


def _is_of_search(
    model: Mapping[str, Any], search: Mapping[str, Any], *, files: tuple[str | os.PathLike, Path]
) -> bool:
    """Whether the search's factors are taken, not those of the file beside it; where they differ a
    warning says which, but for a file that is as it was when it was searched."""
    own, found = _only(model, files[0]), _only(search, files[1])
    says_before = FACTOR_BEFORE in search
    # A search copies what a refinement found for its source: where that is another now, it came
    # later. A search that says nothing of its source may have been refined itself
    is_plain = found[1:] == (1, 0, None)
    is_refined = not _alike(own, found) and (says_before or is_plain)
    as_it_was = says_before and factor_in(search, FACTOR_BEFORE) == own.scaling_factor
    is_same = own.scaling_factor == found.scaling_factor and _alike(own, found)
    if is_same or (as_it_was and not is_refined):
        return True
    if says_before or is_refined:
        _warn(own, found, files, taken=own, why="which the model has got since the search")
        return False
    why = "the search's; it does not say what the model held before"
    _warn(own, found, files, taken=found, why=why)
    return True


def _warn(own: Chosen, found: Chosen, files: tuple, *, taken: Chosen, why: str) -> None:
    """Say what both files hold, and what is taken."""
    texts = [f"{factors.scaling_factor:g}" for factors in (own, found, taken)]
    other = "scaling_factor="
    if not _alike(own, found):
        for i, factors in enumerate((own, found, taken)):
            texts[i] += f" with output factor {factors.output_factor:g}"
            if factors.output_offset:
                texts[i] += f" and offset {factors.output_offset:g}"
            if factors.unit_gains is not None:
                texts[i] += " and gains of the units"
        if taken is own:  # a factor that is passed goes with the refinement of this file
            other = files[1]
    log.warning(
        "%s holds the factor %s, %s %s: taken to be %s, %s; pass %s for the other",
        files[0],
        texts[0],
        files[1],
        texts[1],
        texts[2],
        why,
        other,
    )


def _alike(own: Chosen, found: Chosen) -> bool:
    """Whether both have the same factor and offset of the output and the same gains of the
    units."""
    if own.output_factor != found.output_factor or own.output_offset != found.output_offset:
        return False
    if own.unit_gains is None or found.unit_gains is None:
        return own.unit_gains is found.unit_gains
    return all(map(np.array_equal, own.unit_gains, found.unit_gains))


def factor_in(values: Mapping[str, Any], key: str = "opt_scaling_factor") -> float | None:
    """The factor that the keys of a file hold, None without one that can be."""
    factor = np.ravel(np.asarray(values.get(key, np.nan)))
    is_number = factor.size == 1 and factor.dtype.kind in "iuf"
    if not is_number or not np.isfinite(factor[0]) or not factor[0] > 0:
        return None
    return float(factor[0])


def _only(values: Mapping[str, Any], name: str | os.PathLike) -> Chosen:
    """The factors that the keys of one file hold."""
    factor = factor_in(values)
    if factor is None:
        raise ValueError(
            f"{name}: holds no scaling factor; "
            "pass scaling_factor=, or run lambda_grid_search first"
        )
    return Chosen(
        factor,
        matfile.output_factor(values),
        matfile.output_offset(values),
        matfile.unit_gains(values),
    )


def _same_weights(one: str | os.PathLike, other: str | os.PathLike) -> bool:
    """Whether two model files hold the same recurrent weights, rectified or not."""
    weights = [matfile.load(file).weights.w_rec for file in (one, other)]
    return np.array_equal(*weights)
