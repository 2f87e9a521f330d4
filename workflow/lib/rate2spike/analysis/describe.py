"""What is said and drawn of networks and examples: facts for captions, the recorded trials, places
on an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from .statistics import decay_histogram


def describe_example(example: Mapping, labels: Mapping[int, str]) -> dict:
    """What captions say of the example network of a condition; `labels` names its kinds of answer."""
    facts = {"n_networks": int(example["n_networks"]), "n_attempted": int(example["n_attempted"])}
    if facts["n_networks"]:
        given = (
            "one of {n_networks} given networks"
            if example["given"]
            else "{n_networks} of {n_attempted} networks reached criterion"
        )
        facts["condition"] = str(example["condition"])
        facts["networks"] = given.format(**facts)
        named = {
            value: name if name.replace("-", "").isalnum() else f"({name})"
            for value, name in labels.items()
        }
        counts = [
            f"{int((example['label'] == value).sum())} {name}" for value, name in named.items()
        ]
        inhibitory = np.asarray(example["inhibitory"])
        tau_ms = np.asarray(example["tau_decay_ms"])
        facts |= {
            "network": str(example["network"]),
            "n_units": len(inhibitory),
            "n_exc": int((~inhibitory).sum()),
            "n_inh": int(inhibitory.sum()),
            "tau_mean": float(tau_ms.mean()),
            "bin_ms": float(decay_histogram(tau_ms).width),
            "tau_sd": float(tau_ms.std(ddof=1)) if len(tau_ms) > 1 else 0.0,
            "factor": float(example["scaling_factors"][-1]),
            "held_out": 100 * float(example["held_out_accuracy"]),
            "trials": " and ".join(counts),
        }
    return facts


def describe_networks(networks: pd.DataFrame) -> dict:
    """What captions say of all networks of the study: how many, and the numbers of trials behind
    their accuracies."""
    trained = networks[networks.converged.astype(bool)]
    trials = {
        c: " or ".join(f"{n:g}" for n in sorted(trained[c].dropna().unique())) for c in TRIAL_COUNTS
    }
    conditions = networks.groupby(["task", "condition", "neuron"])
    return {
        "n_networks": len(trained),
        "n_attempted": len(networks),
        "n_conditions": conditions.ngroups,
        **trials,
    }


TRIAL_COUNTS = ("search_trials", "held_out_trials", "rate_trials")


def condition_name(rows: pd.DataFrame) -> str:
    """The name of a condition in the config where the table has it, else its settings in words."""
    first = rows.iloc[0]
    return (
        str(first["name"]) if "name" in rows else f"{first.task} {first.condition} {first.neuron}"
    )


class Slots(NamedTuple):
    """Trained networks with their place on an axis (`slot`), and conditions with centre, end and
    words."""

    networks: pd.DataFrame
    conditions: pd.DataFrame


def slots(networks: pd.DataFrame) -> Slots:
    """Number the trained networks from 0, condition by condition, one place left free between two;
    room for three at least."""
    placed, conditions, first = [], [], 0
    for _, rows in networks.groupby(["task", "condition", "neuron"], sort=False):
        trained, name = rows[rows.converged.astype(bool)], condition_name(rows)
        room = max(len(trained), 3)
        placed.append(
            trained.assign(
                slot=first + (room - len(trained)) / 2 + np.arange(len(trained)), name=name
            )
        )
        given = rows["training_trials"].isna().all() and len(trained) == len(
            rows
        )  # models from elsewhere
        words = (
            f"{name}\n{len(rows)} given"
            if given
            else f"{name}\n{len(trained)} of {len(rows)} trained"
        )
        conditions.append(
            {"centre": first + (room - 1) / 2, "words": words, "end": first + room - 1}
        )
        first += room + 1
    return Slots(pd.concat(placed), pd.DataFrame(conditions))


class SingleTrial(NamedTuple):
    """One recorded trial: stimulus (n_inputs, n_steps), output (n_steps,), spikes as time and unit
    (n_spikes,)."""

    kind: str
    label: int
    time_s: np.ndarray
    stimulus: np.ndarray
    output: np.ndarray
    spike_time_s: np.ndarray
    spike_unit: np.ndarray


def single_trials(example: Mapping) -> dict[str, SingleTrial]:
    """The trials of an example network that were recorded whole, by kind."""
    of_trial = [example["spike_trial"] == k for k in range(len(example["single_kind"]))]
    return {
        str(kind): SingleTrial(
            str(kind),
            int(example["single_label"][k]),
            example["time_s"],
            example["single_stimulus"][k],
            example["single_out"][k],
            example["spike_time_s"][of_trial[k]],
            example["spike_unit"][of_trial[k]],
        )
        for k, kind in enumerate(example["single_kind"])
    }
