"""What the published `rate.abstract` offers: settings of a network, classes to derive one's own
from, and a factory for them.

Nothing in this package calls the abstract classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from rate2spike.offered import names_of

from .config import RNNConfig, create_default_config

if TYPE_CHECKING:
    import torch

# at its first use: it is a class of torch, the others need none
__getattr__, _, of_torch = names_of(__name__, {"rate.abstract_network": ("AbstractRateRNN",)})
__all__ = [
    *of_torch,
    "AbstractLossFunction",
    "AbstractTargetGenerator",
    "AbstractTaskGenerator",
    "RNNConfig",
    "RateRNNFactory",
    "create_default_config",
    "validate_config",
]


class AbstractTaskGenerator(ABC):
    """What makes the stimuli of a task; `AbstractTask` is what this package trains and scores."""

    @abstractmethod
    def generate_stimulus(self, settings: dict[str, Any]) -> tuple[np.ndarray, Any]:
        """A stimulus (n_inputs, T) and its label."""

    @abstractmethod
    def get_task_info(self) -> dict[str, str]:
        """The task in words."""


class AbstractTargetGenerator(ABC):
    """What makes the targets of a task."""

    @abstractmethod
    def generate_targets(self, settings: dict[str, Any], labels: Any) -> np.ndarray:
        """The target of a trial with this label."""


class AbstractLossFunction(ABC):
    """A loss of one's own."""

    @abstractmethod
    def compute_loss(
        self, outputs: torch.Tensor, targets: torch.Tensor, training_params: dict[str, Any]
    ) -> torch.Tensor:
        """The loss, a tensor of shape ()."""


class NetworkFactory:
    """Classes of networks by name; each subclass has a list of its own."""

    _registry: dict[str, type]

    def __init_subclass__(cls) -> None:
        cls._registry = {}

    @classmethod
    def _add(cls, name: str, network_class: type) -> None:
        if not isinstance(network_class, type):
            raise ValueError(f"{cls.__name__}.register: expected a class, got {network_class!r}")
        cls._registry[name] = network_class

    @classmethod
    def create(cls, name: str, config: Any, **kwargs: Any) -> Any:
        """A network of the class of that name, from its settings and `kwargs`.

        Raises ValueError with the names there are.
        """
        if name not in cls._registry:
            there = ", ".join(cls._registry) or "none registered yet"
            raise ValueError(f"{cls.__name__}: expected one of {there}, got {name!r}")
        return cls._registry[name](config, **kwargs)

    @classmethod
    def list_available(cls) -> list[str]:
        """The names there are."""
        return list(cls._registry)


class RateRNNFactory(NetworkFactory):
    """Classes of rate networks by name."""

    @classmethod
    def register(cls, name: str, rnn_class: type) -> None:
        """Make a class known by a name; registered again, the name means the new class."""
        cls._add(name, rnn_class)


def validate_config(config: RNNConfig) -> None:
    """Raise ValueError for settings that cannot be used, naming the setting."""
    config.to_rate_config()
