"""The fast versions of the plain loops in `rate` and `spiking`: same equations, same random numbers, float32.

`rate(device)`, `spiking(device)` and `network(device)` pick the module for a device; all modules of a kind offer the same
functions, those for a GPU besides them functions for many networks at once. Kernels of `network` compute in float64.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import tempfile
from pathlib import Path
from types import ModuleType

import numba

from ..devices import device_of
from ..files import check_room

log = logging.getLogger(__name__)


def _cache_folder() -> Path:
    """Where compiled kernels are kept: a folder for each state of the sources they freeze, constants included.

    numba looks only at the file of the compiled function, so a kernel would outlive a change of what it inlines. The setting
    holds for all numba functions of the process. Where the library is read-only, the user's own cache; where that is too, nowhere
    that lasts: whoever could write into a folder for all could have their code run here.
    """
    here, reasons = Path(__file__).parent, []
    constants = [here.parent / f"{module}.py" for module in ("config", "neurons", "streams", "rate", "spiking")]
    sources = b"".join(path.read_bytes() for path in [*constants, *sorted(here.glob("*_cpu.py"))])
    state = hashlib.sha256(sources).hexdigest()[:12]
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "rate2spike"
    for folder in (Path(numba.config.CACHE_DIR or here / "__pycache__"), own):
        try:
            check_room(folder / state, 100_000)
            return folder / state
        except OSError as error:
            reasons.append(error.strerror)
    log.warning("compiled kernels are not kept, each job compiles them anew (10 s): %s. Set NUMBA_CACHE_DIR", "; ".join(reasons))
    passing = tempfile.mkdtemp(prefix="rate2spike-")
    atexit.register(shutil.rmtree, passing, ignore_errors=True)
    return Path(passing)


numba.config.CACHE_DIR = str(_cache_folder())


def rate(device: str = "cpu") -> ModuleType:
    """Kernels of the rate network: start, weights, train_trials, gradients, outputs. One network is no work for a GPU, so
    functions for a single one default to the CPU."""
    if device_of(device) == "cuda":
        from . import agreement, rate_cuda

        agreement.check()
        return rate_cuda
    from . import rate_cpu  # numba compiles or reads its cache at import: only who needs it waits

    return rate_cpu


def spiking(device: str = "cpu") -> ModuleType:
    """Kernels of the spiking network: simulate_trials, record_trial."""
    if device_of(device) == "cuda":
        from . import agreement, spiking_cuda

        agreement.check()
        return spiking_cuda
    from . import spiking_cpu

    return spiking_cpu


def network(device: str = "cpu") -> ModuleType:
    """Kernels of any network of spiking units, `networks.advance` in float64, fast:

        advance(job, variables, *, every, average, spikes, threads) -> samples, fired

    job: as `networks.Job`; one chunk of a simulation, `first_step` steps after its begin; its state is changed in place to that
    after the last step. samples float64 (len(variables), batch, n_steps // every, n_units): variables after each `every`-th step,
    or with `average` their means over `every` steps; fired bool or uint8 (batch, n_steps, n_units), (batch, 0, n_units) without
    `spikes`. threads: cores of the CPU. The input of a unit is summed over the sending units in their order, and nothing in a
    simulation depends on the rest of the batch.
    """
    if device_of(device) == "cuda":
        from . import network_cuda

        return network_cuda
    from . import network_cpu

    return network_cpu
