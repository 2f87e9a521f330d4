"""The file of a trained block: plain arrays in one .npz, no pickles."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..config import RateConfig, from_mapping
from ..files import replacing
from .model import RateModel, Trace, TrainingRecord, Weights
from .train import log


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

    Without `keep_traces` the activity of the example trial and the outputs of the last evaluation,
    19 of 20 bytes, are left out. made_by: fingerprint of all that decides the networks but their
    seeds, for `already_trained`. `provenance`, how the block was made, becomes JSON text under that
    name.
    """
    arrays = {
        "networks": np.array(networks),
        "config": np.array(json.dumps(asdict(results[0][0].config))),
    }
    arrays["made_by"] = np.array(made_by)
    if provenance:
        arrays["provenance"] = np.array(json.dumps(provenance, sort_keys=True))
    for name, (model, record) in zip(networks, results, strict=True):
        arrays |= _flatten(f"{name}/fixed", _Fixed(model.w_in, model.inhibitory, model.mask))
        arrays |= _flatten(f"{name}/weights", model.weights) | _flatten(
            f"{name}/initial", model.initial
        )
        arrays |= _flatten(f"{name}/record", record if keep_traces else record.without_traces())
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def load_block(path: str | Path) -> dict[str, tuple[RateModel, TrainingRecord]]:
    """The networks of a trained block by name; traces that were not kept are None."""
    with np.load(path) as file:
        arrays = dict(file)
    config = from_mapping(RateConfig, json.loads(str(arrays["config"])))
    results = {}
    for name in arrays["networks"]:
        fixed, weights, initial = (
            _unflatten(cls, f"{name}/{part}", arrays)
            for cls, part in ((_Fixed, "fixed"), (Weights, "weights"), (Weights, "initial"))
        )
        record = _unflatten(TrainingRecord, f"{name}/record", arrays)
        examples = {
            f: _unflatten(Trace, f"{name}/record/{f}", arrays)
            for f in ("example", "untrained_example")
        }
        record = record._replace(
            converged=bool(record.converged), trials=int(record.trials), **examples
        )
        results[str(name)] = RateModel(config, *fixed, weights, initial), record
    return results


def already_trained(
    folder: str | Path, networks: Sequence[str], made_by: str
) -> dict[str, tuple[RateModel, TrainingRecord]]:
    """Those of `networks` that other blocks in `folder` hold, made by the same settings and code:
    where a condition has grown or its blocks have another size, no network is trained twice. Raises
    ValueError for a file that cannot be read."""
    found = {}
    for path in sorted(Path(folder).glob("seeds_*.npz")):
        try:
            with np.load(path) as file:
                same = "made_by" in file and str(file["made_by"]) == made_by
                wanted = same and {str(name) for name in file["networks"]} & set(networks) - set(
                    found
                )
            held = load_block(path) if wanted else {}
        except FileNotFoundError:
            continue  # another job of this run is about to make it anew
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path}: cannot be read ({type(error).__name__}: {error}); delete it, it is made anew"
            ) from error
        for name in sorted(wanted or ()):
            log.info("%s: trained before, taken from %s", name, path)
            found[name] = held[name]
    return found


class _Fixed(NamedTuple):
    w_in: np.ndarray
    inhibitory: np.ndarray
    mask: np.ndarray


def _flatten(prefix: str, value) -> dict[str, np.ndarray]:
    if value is None:
        return {}
    if not hasattr(value, "_fields"):
        return {prefix: np.asarray(value)}
    return {
        k: v for f in value._fields for k, v in _flatten(f"{prefix}/{f}", getattr(value, f)).items()
    }


def _unflatten(cls, prefix: str, arrays: dict[str, np.ndarray]):
    return cls(*(arrays.get(f"{prefix}/{field}") for field in cls._fields))
