"""Small published helpers: seeds, checks, formats."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np

from rate.config import RNNConfig
from rate.utils import new_seed, seeded
from rate2spike import spiking
from rate2spike.config import NeuronConfig
from rate2spike.conversion import check_factor
from rate2spike.extras import needed
from rate2spike.rate import initial_model

from .arguments import factor_of
from .networks import lif_constants, load_rate_model
from .tasks import SpikingTaskFactory

__all__ = [
    "check_gpu_availability",
    "create_connectivity_masks",
    "format_spike_data",
    "generate_lif_params",
    "load_rate_model",
    "set_random_seed",
    "validate_scaling_factor",
    "validate_stimulus",
]


def set_random_seed(seed: int) -> None:
    """Seed numpy's global generator, and torch's where torch is installed. What is called here
    without a seed of its own draws one from numpy's.

    Parameters
    ----------
    seed : a whole number
    """
    np.random.seed(seed)  # noqa: NPY002 - the documented purpose of this function
    if find_spec("torch"):
        import torch  # here and below only: its import takes a second

        torch.manual_seed(seed)


def check_gpu_availability() -> tuple[bool, str]:
    """Whether CUDA can be used, and the name of the device.

    Raises
    ------
    ModuleNotFoundError
        Without torch, which is asked; it says how to install it.
    """
    torch = needed("torch", "gpu")
    there = torch.cuda.is_available()
    return there, torch.cuda.get_device_name(0) if there else "CPU"


def create_connectivity_masks(
    N: int, P_inh: float = 0.2, som_N: int = 0, apply_dale: bool = True, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The arrays of the model files that say which unit is what.

    Parameters
    ----------
    N : number of units
    P_inh : share of inhibitory ones
    som_N : number of SOM units
    apply_dale : with False no unit is inhibitory
    seed : same seed, same units

    Returns
    -------
    inh, exc : bool (N,)
    m : (N, N), the signs on the diagonal
    som_m : (N, N), 0 where a SOM unit would receive inhibition
    """
    config = RNNConfig(N, P_inh, P_rec=0, som_N=som_N, apply_dale=apply_dale).to_rate_config()
    model = initial_model(config, 1, np.random.default_rng(new_seed(seed)))
    return model.inhibitory, ~model.inhibitory, np.diag(model.sign), model.mask


def generate_lif_params(dt: float = spiking.STEP_S, downsample: int = 1) -> dict[str, float]:
    """The constants of the published LIF neuron, in s and mV.

    Parameters
    ----------
    dt : step (s)
    downsample : factor of the step

    Returns
    -------
    dict
        dt, tref, tm, vreset, vpeak, tr.
    """
    return {"dt": dt * downsample, **lif_constants(NeuronConfig())}


def validate_stimulus(u: np.ndarray, task_type: str = "go_nogo") -> bool:
    """Check a stimulus.

    Parameters
    ----------
    u : (n_inputs, n_columns), a column per 5 ms
    task_type : name of the task

    Returns
    -------
    bool
        True if u is a stimulus of the task.

    Raises
    ------
    ValueError
        Otherwise.
    """
    with seeded(0):
        stimulus, _ = SpikingTaskFactory.create_task(task_type).generate_stimulus()
    n_inputs = stimulus.shape[0]
    if not isinstance(u, np.ndarray) or u.ndim != 2 or u.shape[0] != n_inputs or u.shape[1] < 2:
        got = u.shape if isinstance(u, np.ndarray) else type(u).__name__
        raise ValueError(
            f"stimulus: expected an array ({n_inputs}, columns of 5 ms) for the task {task_type}, "
            f"got {got}"
        )
    if not np.isfinite(u).all():
        raise ValueError("stimulus: expected finite numbers, got NaN or infinity")
    return True


def validate_scaling_factor(
    scaling_factor: float, valid_range: tuple[float, float] = (1.0, 1000.0)
) -> bool:
    """Check a scaling factor.

    Parameters
    ----------
    scaling_factor : 1/lambda
    valid_range : a warning is given outside of it

    Returns
    -------
    bool
        True for a number > 0.

    Raises
    ------
    ValueError
        For anything else.
    """
    scaling_factor = factor_of(scaling_factor)
    check_factor(scaling_factor)
    low, high = valid_range
    if not low <= scaling_factor <= high:
        warnings.warn(
            f"scaling_factor: {scaling_factor:g} lies outside {low:g} to {high:g}", stacklevel=2
        )
    return True


def format_spike_data(spikes: np.ndarray, dt: float) -> dict[str, Any]:
    """Spikes as numbers.

    Parameters
    ----------
    spikes : (n_units, n_steps), not 0 where a unit spikes
    dt : step (s)

    Returns
    -------
    dict
        total_spikes; active_neurons (indices); firing_rates (Hz, n_units); and for every spike
        spike_times (s) and spike_neurons (index), unit by unit.

    Raises
    ------
    ValueError
        For another shape, or a step that is not > 0.
    """
    spikes = np.asarray(spikes)
    if spikes.ndim != 2:
        raise ValueError(f"spikes: expected shape (n_units, n_steps), got {spikes.shape}")
    if not dt > 0:
        raise ValueError(f"dt: expected a step > 0 in s, got {dt!r}")
    units, steps = np.nonzero(spikes)
    counts = np.bincount(units, minlength=len(spikes))
    return {
        "total_spikes": len(units),
        "active_neurons": np.flatnonzero(counts),
        "firing_rates": counts / (spikes.shape[1] * dt),
        "spike_times": (steps + 1) * dt,  # step 0 ends at dt
        "spike_neurons": units,
    }
