"""The refinement of the networks of a block: their search trials as arrays, what each step makes of
them, their trials with the output that was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..conversion.calibration import Answer, Currents, find_unit_gains
from ..conversion.refinement import ROUNDING, Refined, SearchTrials, refine, scaled_response
from ..rate.model import RateModel
from ..tasks.task import Response, Task
from .tables import accuracy_by_factor

REFINED_COLUMNS = [
    "network",
    "step",
    "scaling_factor",
    "output_factor",
    "output_offset",
    "has_unit_gains",
    "on_edge",
    "search_accuracy",
    "search_strict",
    "held_out_accuracy",
    "held_out_strict",
    "held_out_trials",
]
SEARCHED = ["network", "scaling_factor", "label", "output_max", "output_min"]


class Step(NamedTuple):
    """A network after a step of its refinement.

    Parameters
    ----------
    model
        The rate network, with gains of the spiking units where the step found some.
    found
        Its scaling factor, factor and offset of its output.
    trials
        Of the search, columns SEARCHED, its output without what was found.
    """

    model: RateModel
    found: Refined
    trials: pd.DataFrame


def better(before: Step, after: Step) -> Step:
    """Of two steps the one with more correct trials of the search, by accuracy plus strict
    accuracy; of equals the second, which worked better on fresh trials where both were right in all
    trials of the search.

    Parameters
    ----------
    before, after
        Of the same network.
    """
    scores = [step.found.accuracy + step.found.strict for step in (before, after)]
    return after if scores[1] >= scores[0] - ROUNDING else before


def refined_model(step: Step) -> RateModel:
    """The network with all that was found for it, as its file holds it.

    A given model may have a factor and an offset of its output already. Its trials have them, so
    what was found comes on top.

    Parameters
    ----------
    step
        Of a network.
    """
    given, found = step.model, step.found
    return replace(
        given,
        output_factor=given.output_factor * found.output_factor,
        output_offset=given.output_offset + found.output_offset / given.output_factor,
    )


# network -> model, scaling factor -> network -> columns of its trials of the search
SimulateSearch = Callable[[Mapping[str, RateModel], float], Mapping[str, Mapping[str, np.ndarray]]]


def with_gains(
    task: Task,
    before: Mapping[str, Step],
    simulate: SimulateSearch,
    *,
    currents: Mapping[str, Currents],
    answer: Answer,
) -> dict[str, Step]:
    """The networks after their units have got gains, found and searched anew at each scaling factor
    of their search; those that it makes worse stay as they were.

    Parameters
    ----------
    task
        Says which answers are right.
    before
        Network -> its step before.
    simulate
        Simulates the trials of the search of networks at a scaling factor; its columns are those of
        `conversion.score_network`, by the names of `before`.
    currents
        Of each network, from `conversion.rate_currents`.
    answer
        Of the spiking units, from `conversion.answer_to_currents`.
    """
    models, trials = {}, {network: [] for network in before}
    factors = {factor for step in before.values() for factor in step.trials.scaling_factor}
    for factor in sorted(factors):
        at_factor = {}
        for network, step in before.items():
            gains = find_unit_gains(step.model, factor, currents[network], answer)
            at_factor[network] = replace(step.model, unit_gains=gains)
            models[network, factor] = at_factor[network]
        for network, columns in simulate(at_factor, factor).items():
            trials[network].append(pd.DataFrame({name: columns[name] for name in SEARCHED}))
    after = {}
    for network, step in before.items():
        rows = pd.concat(trials[network])
        found = refine_search(task, rows)
        new = Step(models[network, found.scaling_factor], found, rows)
        after[network] = better(step, new)
    return after


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
    """What a refinement finds for a network, from the trials of its search.

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


def accuracy_of_search(task: Task, trials: pd.DataFrame, found: Refined) -> pd.DataFrame:
    """The accuracy of a network at each scaling factor of its search, with a refined output.

    Parameters
    ----------
    task
        Says which answers are right.
    trials
        Of one network, from `read_search`.
    found
        Has factor and offset of the output.

    Returns
    -------
    pandas.DataFrame
        As from `tables.accuracy_by_factor`.
    """
    return accuracy_by_factor(trials.assign(**scaled_columns(task, trials, found)))


def rows_of_step(
    step: str, networks: Mapping[str, Step], fresh: Mapping[str, Mapping[str, np.ndarray]]
) -> list[dict[str, object]]:
    """The rows of a step in the table of refined networks.

    Parameters
    ----------
    step
        Its name.
    networks
        The networks after it.
    fresh
        Columns correct and correct_strict of their fresh trials.
    """
    rows = []
    for network, of_network in networks.items():
        found, trials, model = of_network.found, fresh[network], refined_model(of_network)
        rows.append(
            {
                "network": network,
                "step": step,
                "scaling_factor": found.scaling_factor,
                "output_factor": model.output_factor,
                "output_offset": model.output_offset,
                "has_unit_gains": model.unit_gains is not None,
                "on_edge": found.on_edge,
                "search_accuracy": found.accuracy,
                "search_strict": found.strict,
                "held_out_accuracy": np.mean(trials["correct"]),
                "held_out_strict": np.mean(trials["correct_strict"]),
                "held_out_trials": len(trials["correct"]),
            }
        )
    return rows


def scaled_columns(
    task: Task, trials: Mapping[str, np.ndarray] | pd.DataFrame, found: Refined
) -> dict[str, np.ndarray]:
    """What a refined output changes in the table of trials.

    Parameters
    ----------
    task
        Says which answers are right.
    trials
        Columns label, output_max, output_min, simulated without it.
    found
        Has factor and offset of the output.

    Returns
    -------
    dict
        The columns output_max, output_min, correct, correct_strict.
    """
    label = np.asarray(trials["label"])
    scaled = scaled_response(_response(trials), found.output_factor, found.output_offset)
    return {
        "output_max": scaled.maximum,
        "output_min": scaled.minimum,
        "correct": task.correct_spiking(label, scaled),
        "correct_strict": task.correct_strict(label, scaled),
    }


def _response(trials: Mapping[str, np.ndarray] | pd.DataFrame) -> Response:
    return Response(np.asarray(trials["output_max"]), np.asarray(trials["output_min"]))
