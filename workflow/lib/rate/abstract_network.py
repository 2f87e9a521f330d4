"""The published base class of rate networks, a module of torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rate2spike.extras import needed

from .config import RNNConfig

torch = needed("torch", "torch")


class AbstractRateRNN(torch.nn.Module, ABC):
    """A rate network of one's own.

    `FR_RNN_dale` is none: nothing in this package asks for the class.

    Parameters
    ----------
    config : its settings
    """

    def __init__(self, config: RNNConfig) -> None:
        super().__init__()
        self.config = config
        self.N = config.N
        self.device = torch.device(config.device)

    @abstractmethod
    def assign_exc_inh(self) -> tuple:
        """Which units are inhibitory and excitatory, how many, and which are SOM units."""

    @abstractmethod
    def initialize_W(self) -> tuple:
        """Recurrent weights, signs and the mask of SOM units."""

    @abstractmethod
    def forward(
        self,
        stim: torch.Tensor,
        taus: list[float],
        training_params: dict[str, Any],
        settings: dict[str, Any],
    ) -> tuple:
        """One trial."""

    @abstractmethod
    def load_net(self, model_dir: str) -> AbstractRateRNN:
        """Become the network of a file."""

    def display(self) -> None:
        """Print the size of the network."""
        print(f"{self.N} units on {self.device}")
