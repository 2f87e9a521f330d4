"""The words that name a condition, a network and a purpose. THEY KEY THE RANDOM NUMBERS OF EVERY
STUDY.

A stream of random numbers is a function of the study's seed and of these words (`streams.key`), and
the folders of results are called by them. A changed word draws other networks, other trials and
other noise: every published number moves, and nothing says so. Never change one for looks. A new
setting gets a word that is left out at the setting's default. `tests/study/test_labels.py` pins
words and keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config import RateConfig

NETWORK_WORDS = {
    "p_inh": "inh{:g}",
    "p_rec": "rec{:g}",
    "n_som": "som{:d}",
    "weight_distribution": "{}",
    "gain": "gain{:g}",
    "dale": "nodale",
    "activation": "{}",
    "connections": "{}",
}
TRAINING_WORDS = {
    "learning_rate": "rate{:g}",
    "trials_per_update": "batch{:d}",
    "max_trials": "max{:d}",
    "min_trials": "min{:d}",
    "evaluation_interval": "every{:d}",
    "evaluation_trials": "eval{:d}",
    "loss": "{}",
    "loss_threshold": "loss{:g}",
    "accuracy_threshold": "accuracy{:g}",
    "loss_from": "from-{}",
    "decay_learning_rate": "decayrate{:g}",
}
NEURON_WORDS = {
    "tau_mem_ms": "mem{:g}ms",
    "t_refractory_ms": "refractory{:g}ms",
    "tau_rise_ms": "rise{:g}ms",
    "v_threshold": "threshold{:g}mV",
    "v_reset": "reset{:g}mV",
    "bias": "bias{:g}",
}


def network_words(network: RateConfig) -> list[str]:
    """The words of a network: its size, its decays, and every setting that is not the default.

    Parameters
    ----------
    network : how it is made

    Returns
    -------
    Such as n200, tau20-50ms, gain3
    """
    tau = "-".join(f"{t:g}" for t in network.tau_decay_ms)
    changed = changed_words(network, RateConfig(), NETWORK_WORDS)
    return [f"n{network.n_units}", f"tau{tau}ms", *changed]


def changed_words(settings: Any, default: Any, words: Mapping[str, str]) -> list[str]:
    """The words of all settings that are not the default.

    Parameters
    ----------
    settings, default : two of one dataclass
    words : setting -> its word, a format of its value

    Returns
    -------
    Words in the order of `words`
    """
    changed = []
    for key, word in words.items():
        value = getattr(settings, key)
        if value != getattr(default, key):
            changed.append(word.format(value))
    return changed


def stream_name(task: str, condition: str, network: str) -> str:
    """The name that keys a network's random streams: nothing about blocks or jobs is in it.

    Parameters
    ----------
    task : name of the task
    condition : its folder's name, `Condition.label`
    network : such as seed_3

    Returns
    -------
    task/condition/network
    """
    return f"{task}/{condition}/{network}"
