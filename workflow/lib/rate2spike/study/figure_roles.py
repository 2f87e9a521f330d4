"""What each figure of the paper is drawn from, and whether a study's config says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..config import ConfigError, require
from ..places import STANDARD_NEURON, places
from .study import Condition, Study

VARIANTS = "figure_variants"  # of every condition that has a place in the paper: no roles

# Figure -> role -> task: that of the condition or, for the roles in SWEPT, that of the sweep.
FIGURE_ROLES: Mapping[str, Mapping[str, str]] = {
    "figure_1": {"example": "go-nogo", "sizes": "go-nogo"},
    "figure_2": {"example": "go-nogo", "sizes": "go-nogo", "decays": "go-nogo"},
    "figure_3": {"sizes": "integration"},
    "figure_4": {"example": "integration", "sizes": "integration", "decays": "integration"},
    "figure_5": {"fixed": "go-nogo", "tuned": "go-nogo"},
    "figure_6": {"refractory": "integration", "filters": "integration", "gains": "integration"},
    "figure_7": {"sigmoid": "go-nogo", "softplus": "go-nogo", "relu": "go-nogo"},
    "figure_s1": {"example": "go-nogo"},
    "figure_s2": {"example": "go-nogo"},
    "figure_s3": {"example": "go-nogo"},
    "figure_s4": {"example": "go-nogo"},
    "figure_s6": {"example": "go-nogo"},
    "figure_s5": {"example": "integration"},
    "figure_s7": {"example": "integration"},
    "figure_xor": {"example": "xor"},
    VARIANTS: {},
}
# Role of a sweep -> the key of the config that is swept.
SWEPT: Mapping[str, str] = {
    "sizes": "network.n_units",
    "decays": "network.tau_decay_ms",
    "refractory": "neuron.t_refractory_ms",
    "filters": "neuron.tau_rise_ms",
    "gains": "network.gain",
}


def check_figures(study: Study) -> None:
    """Refuse a figure that cannot be drawn from what the config names for it.

    Parameters
    ----------
    study : the study with its figures, each of them one of `FIGURE_ROLES`

    Raises
    ------
    ConfigError
        where a figure lacks one of its roles or has one that it does not know, where a role names
        nothing, or something of another task or another key, or where no condition has a place in
        the paper for `figure_variants`
    """
    for figure, names in study.figures.items():
        tasks = FIGURE_ROLES[figure]
        unknown = ", ".join(sorted(set(names) - set(tasks)))
        known = f"only {', '.join(tasks)}" if tasks else "{}"
        require(not unknown, f"figures.{figure}", known, unknown)
        for role, task in tasks.items():
            if role in SWEPT:
                kind = f"a sweep of {SWEPT[role]}"
                fitting = _sweeps_of(study, SWEPT[role], task)
            else:
                kind = "a condition"
                fitting = _conditions_of(study, task)
            allowed = f"{kind} of the task {task} ({', '.join(fitting) or 'there is none'})"
            name = names.get(role)
            require(name in fitting, f"figures.{figure}.{role}", allowed, name)
    if VARIANTS in study.figures:
        allowed = (
            "a condition or a sweep of the sizes and decays of Figs. 1 to 4 (go-nogo or "
            "integration, neuron lif) in the study"
        )
        require(bool(with_a_place(study)), f"figures.{VARIANTS}", allowed, "none")


def with_a_place(study: Study) -> list[Condition]:
    """The conditions that `figure_variants` is drawn from: trained here, of the standard neuron,
    with a task, a size and decays that the paper has in Figs. 1 to 4."""
    found = []
    for c in study.conditions:
        if c.network and c.neuron_label == STANDARD_NEURON and places(c.task, c.network):
            found.append(c)
    return found


def refuse_unlisted(figure: str) -> None:
    """Say what a config has to hold for a figure that was asked for.

    Parameters
    ----------
    figure : one of `FIGURE_ROLES` that the config does not list

    Raises
    ------
    ConfigError
        with the roles that the figure is drawn from
    """
    roles = []
    for role, task in FIGURE_ROLES[figure].items():
        kind = f"a sweep of {SWEPT[role]}" if role in SWEPT else "a condition"
        roles.append(f"{role}: name of {kind} of the task {task}")
    raise ConfigError(
        f"figures.{figure}: missing key; it is drawn where the config has, below figures, "
        f"{figure}: {{{', '.join(roles)}}}"
    )


def _sweeps_of(study: Study, key: str, task: str) -> Sequence[str]:
    """The names of all sweeps of that key and task."""
    fitting = []
    for name, sweep in study.sweeps.items():
        if sweep.key == key and sweep.points[0].condition.task == task:
            fitting.append(name)
    return fitting


def _conditions_of(study: Study, task: str) -> Sequence[str]:
    """The names of all conditions of that task."""
    return [name for name, condition in study.names.items() if condition.task == task]
