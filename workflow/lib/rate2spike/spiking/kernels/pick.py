"""The kernels of the converted network for a device."""

from __future__ import annotations

from types import ModuleType

from ...devices import device_of


def spiking_kernels(device: str = "cpu") -> ModuleType:
    """Kernels of the converted network: simulate_trials, record_trial; those of a GPU have
    simulate_networks besides them."""
    if device_of(device) == "cuda":
        from . import check, cuda

        check.check()
        return cuda
    from . import cpu  # numba compiles or reads its cache at import: only who needs it waits

    return cpu
