"""The file of a trained block: plain arrays in one .npz, no pickles."""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..config import RateConfig, from_mapping
from ..files import replacing
from .model import RateModel, Trace, TrainingRecord, Weights

log = logging.getLogger(__name__)


def save_block(
    path: str | Path,
    networks: Sequence[str],
    results: Sequence[tuple[RateModel, TrainingRecord]],
    *,
    keep_traces: bool = True,
    made_by: str = "",
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write a trained block as one .npz of plain arrays (no pickles); `load_block` reads it.

    Parameters
    ----------
    path : the file to write
    networks : their names
    results : each network with the record of its training, in the same order
    keep_traces : whether to keep the activity of the example trial and the outputs of the last
        evaluation, 19 of 20 bytes
    made_by : fingerprint of all that decides the networks but their seeds, for `already_trained`
    provenance : how the block was made; it becomes JSON text under that name
    """
    config = results[0][0].config
    arrays = {
        "networks": np.array(networks),
        "config": np.array(json.dumps(asdict(config))),
        "made_by": np.array(made_by),
    }
    if provenance:
        arrays["provenance"] = np.array(json.dumps(provenance, sort_keys=True))
    for name, (model, record) in zip(networks, results, strict=True):
        if not keep_traces:
            record = record.without_traces()
        arrays |= _flatten(f"{name}/fixed", _Fixed(model.w_in, model.inhibitory, model.mask))
        arrays |= _flatten(f"{name}/weights", model.weights)
        arrays |= _flatten(f"{name}/initial", model.initial)
        arrays |= _flatten(f"{name}/record", record)
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def load_block(path: str | Path) -> dict[str, tuple[RateModel, TrainingRecord]]:
    """The networks of a trained block by name; traces that were not kept are None."""
    with np.load(path) as file:
        arrays = dict(file)
    config = from_mapping(RateConfig, json.loads(str(arrays["config"])))
    results = {}
    for name in map(str, arrays["networks"]):
        fixed = _unflatten(_Fixed, f"{name}/fixed", arrays)
        weights = _unflatten(Weights, f"{name}/weights", arrays)
        initial = _unflatten(Weights, f"{name}/initial", arrays)
        record = _unflatten(TrainingRecord, f"{name}/record", arrays)
        record = record._replace(
            converged=bool(record.converged),
            trials=int(record.trials),
            example=_unflatten(Trace, f"{name}/record/example", arrays),
            untrained_example=_unflatten(Trace, f"{name}/record/untrained_example", arrays),
        )
        model = RateModel(config, fixed.w_in, fixed.inhibitory, fixed.mask, weights, initial)
        results[name] = (model, record)
    return results


def already_trained(
    folder: str | Path, networks: Sequence[str], made_by: str
) -> dict[str, tuple[RateModel, TrainingRecord]]:
    """Those of `networks` that other blocks in a folder hold, made by the same settings and code.

    So where a condition has grown, or its blocks have another size, no network is trained twice.

    Parameters
    ----------
    folder : of the blocks
    networks : the names asked for
    made_by : as given to `save_block`

    Returns
    -------
    name -> network and record, of those that are there

    Raises
    ------
    ValueError
        for a file that cannot be read
    """
    trained = {}
    for path in sorted(Path(folder).glob("seeds_*.npz")):
        missing = set(networks) - set(trained)
        try:
            wanted = missing & _networks_in(path, made_by)
            block = load_block(path) if wanted else {}
        except FileNotFoundError:
            continue  # another job of this run is about to make it anew
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path}: cannot be read ({type(error).__name__}: {error}); "
                "delete it, it is made anew"
            ) from error
        for name in sorted(wanted):
            log.info("%s: trained before, taken from %s", name, path)
            trained[name] = block[name]
    return trained


def _networks_in(path: Path, made_by: str) -> set[str]:
    """The networks of a block that was made by these settings and code, else none."""
    with np.load(path) as file:
        if "made_by" not in file or str(file["made_by"]) != made_by:
            return set()
        return {str(name) for name in file["networks"]}


class _Fixed(NamedTuple):
    """What of a model is neither config nor weights."""

    w_in: np.ndarray
    inhibitory: np.ndarray
    mask: np.ndarray


def _flatten(prefix: str, value) -> dict[str, np.ndarray]:
    """The arrays of a NamedTuple by prefix/field, and so for those in it; None has no array."""
    if value is None:
        return {}
    if not hasattr(value, "_fields"):
        return {prefix: np.asarray(value)}
    arrays = {}
    for field in value._fields:
        arrays |= _flatten(f"{prefix}/{field}", getattr(value, field))
    return arrays


def _unflatten(cls, prefix: str, arrays: dict[str, np.ndarray]):
    """A NamedTuple of the class from its arrays; what is not there is None."""
    return cls(*(arrays.get(f"{prefix}/{field}") for field in cls._fields))
