"""Places and made-up recordings that several tests share."""

from pathlib import Path

import numpy as np
import pytest

from rate2spike.tasks import BUILT_IN

ROOT = Path(__file__).parents[2]
PUBLISHED_MODEL = ROOT / "tests" / "data" / "model_gonogo_n200_tau4_20.mat"


def torch_or_skip():
    """torch; a file or a test that calls this is skipped where it is not installed."""
    return pytest.importorskip("torch", reason="torch is not installed: needs the extra torch")


def export_package_or_skip(name):
    """A package of the extra export, as `torch_or_skip`."""
    return pytest.importorskip(name, reason=f"{name} is not installed: needs the extra export")


def example_of(task_name: str, n_units: int = 12) -> dict:
    """A made-up recording with the keys and shapes of `recordings.example_recordings`, three trials
    of each kind."""
    task, rng = BUILT_IN[task_name], np.random.default_rng(5)
    drawn = {
        trial.kind: trial for trial in (task.draw(np.random.default_rng(i)) for i in range(60))
    }
    kinds, n_steps = sorted(drawn), task.n_steps
    trials, n_trials = np.repeat(kinds, 3), 3 * len(kinds)
    n_spikes = 40 * len(kinds)
    return {
        "n_networks": 2,
        "n_attempted": 4,
        "given": False,
        "condition": "task, n200_tau20-50ms",
        "held_out_accuracy": 0.97,
        "network": np.array("7"),
        "kind": trials,
        "label": np.array([drawn[kind].label for kind in trials]),
        "inhibitory": np.arange(n_units) >= 7,
        "som": np.arange(n_units) >= 10,
        "tau_decay_ms": rng.uniform(15, 70, n_units),
        "scaling_factors": np.array([1.0, 10.0, 35.0]),
        "time_s": 0.005 * np.arange(1, n_steps + 1),
        "rate_out": rng.normal(size=(n_trials, n_steps - 1)),
        "spiking_out": rng.normal(size=(3, n_trials, n_steps)),
        "rate_population": rng.random((2, n_units, n_steps)),
        "spiking_population": 60 * rng.random((2, n_units, n_steps)),
        "single_kind": np.array(kinds),
        "single_label": np.array([drawn[k].label for k in kinds]),
        "single_stimulus": np.stack([drawn[k].stimulus for k in kinds]),
        "single_out": rng.normal(size=(len(kinds), n_steps)),
        "single_rate_r": rng.random((len(kinds), n_units, n_steps)),
        "single_spiking_rates": 60 * rng.random((len(kinds), n_units, n_steps)),
        "single_mean_rates_hz": rng.uniform(0, 45, (len(kinds), n_units)),
        "spike_trial": np.sort(rng.integers(0, len(kinds), n_spikes)),
        "spike_unit": rng.integers(0, n_units, n_spikes),
        "spike_time_s": rng.uniform(0, task.duration_ms / 1000, n_spikes),
    }
