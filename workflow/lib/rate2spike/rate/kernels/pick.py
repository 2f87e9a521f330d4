"""The kernels of the rate network for a device."""

from __future__ import annotations

from types import ModuleType

from ...devices import device_of


def rate_kernels(device: str = "cpu") -> ModuleType:
    """Kernels of the rate network: start, weights, train_trials, gradients, outputs.

    One network is no work for a GPU, so functions for a single one default to the CPU; those of a
    GPU have besides them functions for many networks at once.
    """
    if device_of(device) == "cuda":
        from . import check, cuda

        check.check()
        return cuda
    from . import cpu  # numba compiles or reads its cache at import: only who needs it waits

    return cpu
