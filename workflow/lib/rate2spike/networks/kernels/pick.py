"""The kernels of any network of spiking units for a device."""

from __future__ import annotations

from types import ModuleType

from ...devices import device_of


def network_kernels(device: str = "cpu") -> ModuleType:
    """Kernels of any network of spiking units, `networks.advance` in float64, fast:

        advance(job, variables, *, every, average, spikes, threads) -> samples, fired

    job: as `networks.Job`; one chunk of a simulation, `first_step` steps after its begin; its state
    is changed in place to that after the last step. samples float64 (len(variables), batch, n_steps
    // every, n_units): variables after each `every`-th step, or with `average` their means over
    `every` steps; fired bool or uint8 (batch, n_steps, n_units), (batch, 0, n_units) without
    `spikes`. threads: cores of the CPU. The input of a unit is summed over the sending units in
    their order, and nothing in a simulation depends on the rest of the batch.
    """
    if device_of(device) == "cuda":
        from . import check, cuda

        check.check()
        return cuda
    from . import cpu  # numba compiles or reads its cache at import: only who needs it waits

    return cpu
