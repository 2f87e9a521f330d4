"""rate2spike: rate RNNs trained on cognitive tasks, converted one to one into spiking networks."""

__version__ = "0.1.0"
