"""The kernels of any network of spiking units for a device."""

from __future__ import annotations

from types import ModuleType

from ...devices import device_of


def network_kernels(device: str = "cpu") -> ModuleType:
    """Kernels of any network of spiking units: `networks.advance` in float64, fast.

        advance(job, variables, *, every, average, spikes, threads) -> samples, fired

    The arguments and what comes back are those of `networks.advance`, fired is bool or uint8. job
    is one chunk of a simulation, `first_step` steps after its begin; its state is changed in place
    to that after the last step. threads: cores of the CPU. The input of a unit is summed over the
    sending units in their order, and nothing in a simulation depends on the rest of the batch.

    Parameters
    ----------
    device : cpu, cuda or auto

    Returns
    -------
    ModuleType
        With `advance`. Before the GPU's is returned for the first time it is compared with the
        plain loop.

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
