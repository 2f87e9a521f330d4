"""What the published `spiking.abstract` offers: settings, classes to derive one's own from, and a
factory for them.

Nothing in this package calls the converter and the evaluator.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from rate.abstract import NetworkFactory

from .networks import AbstractSpikingRNN, SpikingConfig, create_default_spiking_config

__all__ = [
    "AbstractSpikingConverter",
    "AbstractSpikingEvaluator",
    "AbstractSpikingRNN",
    "SpikingConfig",
    "SpikingRNNFactory",
    "create_default_spiking_config",
    "validate_spiking_config",
]


class AbstractSpikingConverter(ABC):
    """A conversion of one's own."""

    @abstractmethod
    def convert(self, rate_model_path: str, config: SpikingConfig) -> AbstractSpikingRNN:
        """The spiking network of a rate model."""

    @abstractmethod
    def optimize_scaling_factor(
        self, rate_model_path: str, task_type: str, n_trials: int = 100
    ) -> float:
        """The best scaling factor 1/lambda of a rate model."""


class AbstractSpikingEvaluator(ABC):
    """An evaluation of one's own."""

    @abstractmethod
    def evaluate_task_performance(
        self, spiking_rnn: AbstractSpikingRNN, task_type: str, n_trials: int = 100
    ) -> dict[str, float]:
        """What a network makes of trials of a task."""

    @abstractmethod
    def compare_with_rate_model(
        self, spiking_rnn: AbstractSpikingRNN, rate_model_path: str
    ) -> dict[str, Any]:
        """A network beside its rate model."""

    @abstractmethod
    def analyze_spike_dynamics(self, spikes: np.ndarray, dt: float) -> dict[str, Any]:
        """Numbers of spikes (N, n_steps) at steps of dt s."""


class SpikingRNNFactory(NetworkFactory):
    """Classes of spiking networks by name."""

    @classmethod
    def register(cls, name: str, spiking_rnn_class: type) -> None:
        """Make a class known by a name; registered again, the name means the new class."""
        cls._add(name, spiking_rnn_class)


def validate_spiking_config(config: SpikingConfig) -> None:
    """Raise ValueError for settings that cannot be, naming the setting: they may have been changed
    since they were made."""
    config.__post_init__()
