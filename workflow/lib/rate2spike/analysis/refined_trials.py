"""The refinement of the networks of a block: their search trials as arrays, their trials with the
output factor that was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ..conversion.refinement import Refined, SearchTrials, refine, scaled_response
from ..tasks.task import Response, Task
from .tables import accuracy_by_factor

REFINED_COLUMNS = [
    "network",
    "step",
    "scaling_factor",
    "output_factor",
    "on_edge",
    "search_accuracy",
    "search_strict",
    "held_out_accuracy",
    "held_out_strict",
    "held_out_trials",
]
SEARCHED = ["network", "scaling_factor", "label", "output_max", "output_min"]


def read_search(shards: Iterable[str | Path]) -> dict[str, pd.DataFrame]:
    """The trials of the search of each network, at all scaling factors.

    Parameters
    ----------
    shards
        Files of trials, one for each factor.

    Returns
    -------
    dict
        Network -> its trials, columns SEARCHED.
    """
    trials = pd.concat([pd.read_parquet(shard, columns=SEARCHED) for shard in shards])
    return dict(list(trials.groupby("network")))


def refine_search(task: Task, trials: pd.DataFrame) -> Refined:
    """The factors of a network, from the trials of its search.

    Parameters
    ----------
    task
        Says which answers are right.
    trials
        Of one network, from `read_search`.
    """
    by_factor = {}
    for factor, rows in trials.groupby("scaling_factor"):
        by_factor[factor] = SearchTrials(rows.label.to_numpy(), _response(rows))
    return refine(task, by_factor)


def accuracy_of_search(task: Task, trials: pd.DataFrame, output_factor: float) -> pd.DataFrame:
    """The accuracy of a network at each scaling factor of its search, at an output factor.

    Parameters
    ----------
    task
        Says which answers are right.
    trials
        Of one network, from `read_search`.
    output_factor
        By which the output is multiplied.

    Returns
    -------
    pandas.DataFrame
        As from `tables.accuracy_by_factor`.
    """
    return accuracy_by_factor(trials.assign(**scaled_columns(task, trials, output_factor)))


def row_of_network(
    network: str,
    refined: Refined,
    *,
    step: str,
    output_factor: float,
    fresh: Mapping[str, np.ndarray],
) -> dict[str, object]:
    """The row of a network and a step in the table of refined networks.

    Parameters
    ----------
    network
        Whose row it is.
    refined
        What was found on the trials of the search.
    step
        By which step.
    output_factor
        All by which the readout weights are multiplied.
    fresh
        Columns correct and correct_strict of its fresh trials.
    """
    return {
        "network": network,
        "step": step,
        "scaling_factor": refined.scaling_factor,
        "output_factor": output_factor,
        "on_edge": refined.on_edge,
        "search_accuracy": refined.accuracy,
        "search_strict": refined.strict,
        "held_out_accuracy": np.mean(fresh["correct"]),
        "held_out_strict": np.mean(fresh["correct_strict"]),
        "held_out_trials": len(fresh["correct"]),
    }


def scaled_columns(
    task: Task, trials: Mapping[str, np.ndarray] | pd.DataFrame, output_factor: float
) -> dict[str, np.ndarray]:
    """What an output factor changes in the table of trials.

    Parameters
    ----------
    task
        Says which answers are right.
    trials
        Columns label, output_max, output_min, simulated without the factor.
    output_factor
        By which the output is multiplied.

    Returns
    -------
    dict
        The columns output_max, output_min, correct, correct_strict.
    """
    label = np.asarray(trials["label"])
    scaled = scaled_response(_response(trials), output_factor)
    return {
        "output_max": scaled.maximum,
        "output_min": scaled.minimum,
        "correct": task.correct_spiking(label, scaled),
        "correct_strict": task.correct_strict(label, scaled),
    }


def _response(trials: Mapping[str, np.ndarray] | pd.DataFrame) -> Response:
    return Response(np.asarray(trials["output_max"]), np.asarray(trials["output_min"]))
