"""The per-trial table: one row per spiking trial, the columns and types that every shard has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
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
# said, not left to pandas: before 3.0 text without a row had no type, and could not be stacked
ARROW_TYPES = {
    column: pa.large_string() if kind == "str" else pa.from_numpy_dtype(kind)
    for column, kind in TRIAL_TYPES.items()
}


def write_trials(
    rows: Sequence[Mapping[str, object]],
    path: str | Path,
    provenance: Mapping[str, object] | None = None,
) -> None:
    """Write the per-trial table as parquet.

    It has its columns even where no network was there to simulate.

    Parameters
    ----------
    rows
        Columns of the trials of one network each, by name: at least those of TRIAL_TYPES.
    path
        The file.
    provenance
        How the trials were made, for the metadata.
    """
    columns = list(TRIAL_TYPES)
    if rows:
        trials = pd.concat([pd.DataFrame(of_network) for of_network in rows], ignore_index=True)
    else:
        trials = pd.DataFrame(columns=columns)
    table = pa.Table.from_pandas(
        trials[columns].astype(TRIAL_TYPES), schema=pa.schema(ARROW_TYPES), preserve_index=False
    )
    metadata = table.schema.metadata | in_metadata(provenance)
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary)


def in_metadata(provenance: Mapping[str, object] | None) -> dict[bytes, bytes]:
    """How a table was made, as the metadata of a parquet file; empty where nothing is known."""
    if not provenance:
        return {}
    return {b"provenance": json.dumps(provenance, sort_keys=True).encode()}
