"""What a study is: its conditions and sweeps, and what their files are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

from ..config import (
    NeuronConfig,
    RateConfig,
    SearchConfig,
    TrainingConfig,
)
from ..mean_field_config import MeanFieldConfig
from .labels import NEURON_WORDS, TRAINING_WORDS, changed_words, network_words


@dataclass(frozen=True)
class Condition:
    """One setting of task and network, and how many networks of it there are: trained here, or
    models from elsewhere.

    Attributes
    ----------
    name : what the config calls it
    task : name of the task
    network, training : how its networks are made and trained; None where they are from elsewhere
    neuron : the spiking unit that they are converted to
    search : the search for their scaling factors
    n_networks : how many there are
    key : where the condition stands in the config
    models : files of models from elsewhere
    factor_of : the condition whose scaling factors it takes; None where it searches its own
    """

    name: str
    task: str
    network: RateConfig | None
    training: TrainingConfig | None
    neuron: NeuronConfig
    search: SearchConfig
    n_networks: int
    key: str
    models: tuple[str, ...] = ()
    factor_of: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether its networks were given to the study, not trained by it."""
        return bool(self.models)

    @property
    def refines(self) -> bool:
        """Whether more than the published factor is found for its networks, on the trials of their
        search; without a search there is nothing to find it on."""
        return bool(self.search.refine) and not self.factor_of

    def setting(self, key: str) -> Any:
        """A setting as plain data.

        Parameters
        ----------
        key : such as `network` or `search.trials`

        Returns
        -------
        A number, a text or None; of a group of settings a dict, of several values a list
        """
        value = attrgetter(key)(self)
        if is_dataclass(value):
            return asdict(value)
        return list(value) if isinstance(value, tuple) else value

    @property
    def identity(self) -> tuple[str, str, str]:
        """Task, network and neuron in words: the folders of the condition's files."""
        return self.task, self.label, self.neuron_label

    @cached_property  # asked for by every job that is planned
    def label(self) -> str:
        """The condition in words, for paths: size and time constants, then every setting that is
        not the library's default."""
        if self.network is None:
            return f"external_{self.name}"
        label_words = network_words(self.network)
        label_words += changed_words(self.training, TrainingConfig(), TRAINING_WORDS)
        return "_".join(label_words)

    @cached_property
    def neuron_label(self) -> str:
        """The neuron and the search in words, for paths."""
        default = NeuronConfig(model=self.neuron.model)
        label_words = [self.neuron.model]
        label_words += changed_words(self.neuron, default, NEURON_WORDS)
        if self.search.downsample > 1:
            label_words.append(f"downsample{self.search.downsample}")
        return "_".join(label_words)


class Point(NamedTuple):
    """One condition of a sweep and the value swept (None where a condition stands alone)."""

    x: float | None
    condition: Condition


class Sweep(NamedTuple):
    """Conditions along one key of the config, such as network.n_units."""

    key: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Study:
    """A whole study, as its config describes it.

    Attributes
    ----------
    study_seed : keys every random number
    device : `cpu`, `cuda` or `auto`
    networks_per_job, factors_per_job : how many networks and scaling factors a job carries; None
        where the workflow finds it
    keep_traces : whether model files also hold the activity of one trial before and after training
    conditions : all there is to compute, each once
    names : condition of every name in the config; two names may stand for the same condition (a
        network that serves several figures is trained once)
    sweeps : name -> conditions along a key
    figures : figure -> role -> name of the condition or sweep that it is drawn from
    user_tasks : name of a task -> its file
    mean_field : settings of the mean-field study; None where there is none
    """

    study_seed: int
    device: str
    networks_per_job: int | None
    factors_per_job: int | None
    keep_traces: bool
    conditions: tuple[Condition, ...]
    names: Mapping[str, Condition]
    sweeps: Mapping[str, Sweep]
    figures: Mapping[str, Mapping[str, str]]
    user_tasks: Mapping[str, str]
    mean_field: MeanFieldConfig | None = None

    def points(self, name: str) -> tuple[Point, ...]:
        """The points of the sweep or the one condition of that name."""
        if name in self.sweeps:
            return self.sweeps[name].points
        return (Point(None, self.names[name]),)
