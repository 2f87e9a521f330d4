"""The per-trial table: one row per spiking trial, the columns and types that every shard has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from .files import replacing

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


def write_trials(rows: Sequence[Mapping[str, object]], path: str | Path) -> None:
    """The per-trial table as parquet, with its columns even where no network was there to simulate."""
    table = pd.concat([pd.DataFrame(r) for r in rows], ignore_index=True) if rows else pd.DataFrame(columns=list(TRIAL_TYPES))
    with replacing(path) as temporary:
        table[list(TRIAL_TYPES)].astype(TRIAL_TYPES).to_parquet(temporary, index=False)
