"""The fast versions of the plain loops in `rate` and `spiking`: same equations, same random numbers, float32.

`rate(device)` and `spiking(device)` pick the module for a device; all modules of a kind offer the same functions.
"""

from __future__ import annotations

from types import ModuleType

from ..config import ConfigError

DEVICES = ("auto", "cpu")


def _check(device: str) -> None:
    if device not in DEVICES:
        raise ConfigError(f"device: expected one of {', '.join(DEVICES)}, got {device!r}")


def rate(device: str = "auto") -> ModuleType:
    """Kernels of the rate network: start, weights, train_trials, gradients, outputs."""
    _check(device)
    from . import rate_cpu  # numba compiles or reads its cache at import: only who needs it waits

    return rate_cpu


def spiking(device: str = "auto") -> ModuleType:
    """Kernel of the spiking network: simulate_trials."""
    _check(device)
    from . import spiking_cpu

    return spiking_cpu
