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


def write_trials(
    rows: Sequence[Mapping[str, object]],
    path: str | Path,
    provenance: Mapping[str, object] | None = None,
) -> None:
    """The per-trial table as parquet, with its columns even where no network was there to simulate,
    and how it was made in its metadata."""
    trials = (
        pd.concat([pd.DataFrame(r) for r in rows], ignore_index=True)
        if rows
        else pd.DataFrame(columns=list(TRIAL_TYPES))
    )
    table = pa.Table.from_pandas(
        trials[list(TRIAL_TYPES)].astype(TRIAL_TYPES), preserve_index=False
    )
    with replacing(path) as temporary:
        pq.write_table(
            table.replace_schema_metadata(table.schema.metadata | in_metadata(provenance)),
            temporary,
        )


def in_metadata(provenance: Mapping[str, object] | None) -> dict[bytes, bytes]:
    """How a table was made, as the metadata of a parquet file."""
    return {b"provenance": json.dumps(provenance, sort_keys=True).encode()} if provenance else {}
