"""The per-trial table: one row per spiking trial, the columns and types that every shard has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..files import replacing

NETWORK_KEYS = ["task", "condition", "neuron", "network"]
TRIAL_TYPES = {
    **dict.fromkeys(NETWORK_KEYS, "str"),
    "scaling_factor": "float64",
    "trial": "int64",
    "label": "int64",
    "kind": "str",
    "output_max": "float32",
    "output_min": "float32",
    "n_spikes": "int64",
    "correct": "bool",
    "correct_strict": "bool",
}
# of refined networks: the extremes are those of the refined output
REFINED_TYPES = {
    **TRIAL_TYPES,
    "output_factor": "float64",
    "output_offset": "float64",
    "step": "str",
}


def write_trials(
    rows: Sequence[Mapping[str, object]],
    path: str | Path,
    provenance: Mapping[str, object] | None = None,
    types: Mapping[str, str] = TRIAL_TYPES,
) -> None:
    """Write the per-trial table as parquet.

    It has its columns even where no network was there to simulate.

    Parameters
    ----------
    rows
        Columns of the trials of one network each, by name: at least those of `types`.
    path
        The file.
    provenance
        How the trials were made, for the metadata.
    types
        The columns, and the type of each.
    """
    schema = pa.schema((column, _arrow_type(kind)) for column, kind in types.items())
    batches = [_batch(of_network, types, schema) for of_network in rows]
    table = pa.Table.from_batches(batches, schema).combine_chunks()
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(in_metadata(provenance)), temporary)


def _arrow_type(kind: str) -> pa.DataType:
    return pa.large_string() if kind == "str" else pa.from_numpy_dtype(kind)


def _batch(
    of_network: Mapping[str, object], types: Mapping[str, str], schema: pa.Schema
) -> pa.RecordBatch:
    """The trials of one network; what is one value for all of them fills its column."""
    n_trials = np.size(of_network["trial"])
    arrays = []
    for column, kind in types.items():
        values = np.broadcast_to(of_network[column], n_trials)
        arrays.append(_array(values, kind, schema.field(column).type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: np.ndarray, kind: str, arrow_type: pa.DataType) -> pa.Array:
    """A column, from its bytes: `pyarrow.array` would import pandas, for which a job waits longer
    than for all else."""
    if kind == "str":
        words = [word.encode() for word in values.tolist()]
        ends = np.cumsum([0, *map(len, words)], dtype=np.int64)
        content = [ends, b"".join(words)]
    elif kind == "bool":
        content = [np.packbits(values.astype(bool), bitorder="little")]
    else:
        content = [np.ascontiguousarray(values, kind)]
    return pa.Array.from_buffers(arrow_type, len(values), [None, *map(pa.py_buffer, content)])


def accuracy_of(files: Iterable[str | Path]) -> dict[str, float]:
    """The share of correct trials of every network in some files of trials.

    Parameters
    ----------
    files
        As `write_trials` writes them.

    Returns
    -------
    dict
        Network -> accuracy (published scoring), 0 to 1.
    """
    correct: dict[str, list[bool]] = {}
    for file in files:
        trials = pq.ParquetFile(file).read(columns=["network", "correct"]).to_pydict()
        for network, is_correct in zip(trials["network"], trials["correct"], strict=True):
            correct.setdefault(network, []).append(is_correct)
    return {network: sum(of_network) / len(of_network) for network, of_network in correct.items()}


def in_metadata(provenance: Mapping[str, object] | None) -> dict[bytes, bytes]:
    """How a table was made, as the metadata of a parquet file; empty where nothing is known."""
    if not provenance:
        return {}
    return {b"provenance": json.dumps(provenance, sort_keys=True).encode()}
