"""What is said and drawn of networks and examples: facts for captions, the recorded trials, places
on an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from .factors import chosen_factor
from .statistics import decay_histogram

CONDITION = ["task", "condition", "neuron"]
FROM_ELSEWHERE = "external_"  # how the label of a condition of the user's own models begins
TRIAL_COUNTS = ("search_trials", "held_out_trials", "rate_trials")


def example(recording: Mapping, labels: Mapping[int, str]) -> dict:
    """What captions say of the example network of a condition.

    Parameters
    ----------
    recording
        From `example.example_recordings`, with n_networks, n_attempted and what is known of the
        condition.
    labels
        The names of the kinds of answer.

    Returns
    -------
    dict
        n_networks and n_attempted; where there is a network, also what captions say of it.
    """
    facts = {
        "n_networks": int(recording["n_networks"]),
        "n_attempted": int(recording["n_attempted"]),
    }
    if not facts["n_networks"]:
        return facts
    if recording["given"]:
        networks = "one of {n_networks} given networks".format(**facts)
    else:
        networks = "{n_networks} of {n_attempted} networks reached criterion".format(**facts)
    counts = []
    for value, name in labels.items():
        in_caption = name if name.replace("-", "").isalnum() else f"({name})"
        counts.append(f"{int((recording['label'] == value).sum())} {in_caption}")
    inhibitory = np.asarray(recording["inhibitory"])
    tau_ms = np.asarray(recording["tau_decay_ms"])
    return facts | {
        "condition": str(recording["condition"]),
        "networks": networks,
        "network": str(recording["network"]),
        "n_units": len(inhibitory),
        "n_exc": int((~inhibitory).sum()),
        "n_inh": int(inhibitory.sum()),
        "tau_mean": float(tau_ms.mean()),
        "bin_ms": float(decay_histogram(tau_ms).width),
        "tau_sd": float(tau_ms.std(ddof=1)) if len(tau_ms) > 1 else 0.0,
        "factor": chosen_factor(recording),
        "held_out": 100 * float(recording["held_out_accuracy"]),
        "trials": " and ".join(counts),
    }


def networks(table: pd.DataFrame) -> dict:
    """What captions say of all networks of the study.

    Parameters
    ----------
    table
        Of networks, one row each, trained or not.

    Returns
    -------
    dict
        n_networks (that reached criterion), n_attempted and n_conditions, and the numbers of trials
        behind their accuracies.
    """
    trained = table[table.converged.astype(bool)]
    facts = {
        "n_networks": len(trained),
        "n_attempted": len(table),
        "n_conditions": table.groupby(CONDITION).ngroups,
    }
    for column in TRIAL_COUNTS:
        counts = sorted(trained[column].dropna().unique())
        facts[column] = " or ".join(f"{n:g}" for n in counts)
    return facts


def condition_name(rows: pd.DataFrame) -> str:
    """The name of a condition in the config where the table has it, else its settings in words."""
    first = rows.iloc[0]
    if "name" in rows:
        return str(first["name"])
    return f"{first.task} {first.condition} {first.neuron}"


class Slots(NamedTuple):
    """Networks and conditions along an axis.

    Attributes
    ----------
    networks
        The trained networks, with their place on the axis (`slot`) and the name of their condition.
    conditions
        One row each: centre, end, and what is written there (`text`).
    """

    networks: pd.DataFrame
    conditions: pd.DataFrame


def slots(table: pd.DataFrame) -> Slots:
    """Number the trained networks from 0, condition by condition.

    One place is left free between two conditions, and each has room for three networks at least.

    Parameters
    ----------
    table
        Of networks, one row each, trained or not.

    Returns
    -------
    Slots
        Their places, and those of the conditions.
    """
    placed = []
    conditions = []
    first = 0
    for _, rows in table.groupby(CONDITION, sort=False):
        trained = rows[rows.converged.astype(bool)]
        name = condition_name(rows)
        room = max(len(trained), 3)
        slot = first + (room - len(trained)) / 2 + np.arange(len(trained))
        placed.append(trained.assign(slot=slot, name=name))
        if str(rows.condition.iloc[0]).startswith(FROM_ELSEWHERE):
            text = f"{name}\n{len(rows)} given"
        else:
            text = f"{name}\n{len(trained)} of {len(rows)} trained"
        last = first + room - 1
        conditions.append({"centre": first + (room - 1) / 2, "text": text, "end": last})
        first = last + 2
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


def single_trials(recording: Mapping) -> dict[str, SingleTrial]:
    """The trials of an example network that were recorded whole.

    Parameters
    ----------
    recording
        From `example.example_recordings`.

    Returns
    -------
    dict of SingleTrial
        One for each kind of trial.
    """
    trials = {}
    for k, kind in enumerate(recording["single_kind"]):
        spikes = recording["spike_trial"] == k
        trials[str(kind)] = SingleTrial(
            kind=str(kind),
            label=int(recording["single_label"][k]),
            time_s=recording["time_s"],
            stimulus=recording["single_stimulus"][k],
            output=recording["single_out"][k],
            spike_time_s=recording["spike_time_s"][spikes],
            spike_unit=recording["spike_unit"][spikes],
        )
    return trials
