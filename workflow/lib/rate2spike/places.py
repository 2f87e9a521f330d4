"""Where the paper has networks: the figures that show a task, by the size and the decays of the
networks.

Plain data: the layout of a study asks before anything is computed, and `paper.variants` after.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .config import RateConfig


class Place(NamedTuple):
    """Where networks stand: a figure, their role there, their value along its sweep (NaN where
    there is none)."""

    figure: str
    role: str
    x: float


class Shown(NamedTuple):
    """What is shown of a task: the sizes and the figures of their sweep, the figure of the sweep
    over decays, the figure and the size of the example network."""

    units: tuple[int, ...]
    by_units: tuple[str, ...]
    by_decay: str
    example: str
    example_units: int


TASKS = {
    "go-nogo": Shown(
        units=(10, *range(50, 401, 50)),
        by_units=("figure_1", "figure_2"),
        by_decay="figure_2",
        example="figure_1",
        example_units=200,
    ),
    "integration": Shown(
        units=(10, *range(50, 501, 50)),
        by_units=("figure_3", "figure_4"),
        by_decay="figure_4",
        example="figure_4",
        example_units=250,
    ),
}
DECAYS_MS = (20.0, 50.0)  # of the sweeps over sizes and of the example networks
UNITS = 250  # of the sweeps over decays
SHORTEST_MS = 20.0  # in these, the lower limit of all; alone it is their first point
LONGEST_MS = (SHORTEST_MS, *range(50, 1001, 50))
STANDARD_NEURON = "lif"  # of all of them, in the words of `Condition.neuron_label`


def is_example(task: str, network: RateConfig) -> bool:
    """Whether networks have the size and the decays of the paper's example network of the task."""
    shown = TASKS.get(task)
    if shown is None or network.tau_decay_ms != DECAYS_MS:
        return False
    return network.n_units == shown.example_units


def places(task: str, network: RateConfig) -> list[Place]:
    """Where the paper has networks of a task, size and decays.

    Parameters
    ----------
    task
        Its name.
    network
        Its size and decays are used.

    Returns
    -------
    list of Place
        In Figs. 1 to 4; none where these have no such networks.
    """
    shown = TASKS.get(task)
    if shown is None:
        return []
    found = []
    tau_ms = network.tau_decay_ms
    if tau_ms == DECAYS_MS and network.n_units in shown.units:
        found += [Place(figure, "sizes", float(network.n_units)) for figure in shown.by_units]
    if network.n_units == UNITS and tau_ms[0] == SHORTEST_MS and tau_ms[-1] in LONGEST_MS:
        found.append(Place(shown.by_decay, "decays", float(tau_ms[-1])))
    if is_example(task, network):
        found.append(Place(shown.example, "example", math.nan))
    return found
