"""The kernels of the converted network for a device."""

from __future__ import annotations

from types import ModuleType

from ...devices import device_of


def spiking_kernels(device: str = "cpu") -> ModuleType:
    """The kernels of the converted network.

    Parameters
    ----------
    device : cpu, cuda or auto

    Returns
    -------
    ModuleType
        With simulate_trials and record_trial; those of a GPU have simulate_networks besides them.
        Before the GPU's are returned for the first time they are compared with the CPU's.

    Raises
    ------
    RuntimeError
        Where the GPU computes something else.
    """
    if device_of(device) == "cuda":
        from . import check, cuda

        check.check()
        return cuda
    from . import cpu  # numba compiles or reads its cache at import: only who needs it waits

    return cpu
