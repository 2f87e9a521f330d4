"""The published module of `LIF_network_fnc`."""

from .arguments import callable_module
from .networks import LIF_network_fnc

__all__ = ["LIF_network_fnc"]

callable_module(__name__, LIF_network_fnc)
