"""The plain loop of any network, in float64: what the kernels beside this file must compute, bit
for bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .network import Job


def advance(
    job: Job,
    variables: Sequence[str],
    *,
    every: int,
    average: bool,
    spikes: bool = True,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Run `job` step by step in float64, the reference for the kernels.

    The input from the others is summed one sending unit after another, in their order: kernels do
    the same, so that their bits are the same.

    Parameters
    ----------
    job : the simulation; its state is that after the last step in the end
    variables : names of the state variables that are sampled
    every : a sample after each `every`-th step; what is left over at the end has none
    average : sample means over those steps instead
    spikes : whether to return where units spiked
    threads : means nothing here

    Returns
    -------
    samples : float64 (len(variables), batch, n_steps // every, n_units)
    fired : bool (batch, n_steps, n_units); (batch, 0, n_units) without `spikes`
    """
    neuron, state = job.neuron, job.state
    kept = [neuron.variables.index(name) for name in variables]
    source = neuron.variables.index(neuron.source)
    batch, n_units = state.shape[1:]
    samples = np.zeros((len(kept), batch, job.n_steps // every, n_units))
    fired = np.empty((batch, job.n_steps if spikes else 0, n_units), dtype=bool)
    for k in range(job.n_steps):
        s_in = np.zeros((batch, n_units))
        for pre in range(n_units):
            s_in += job.weights[:, :, pre] * state[source, :, pre, None]
        t = job.dt * (job.first_step + k + 1)
        state[:], spike = neuron.step(tuple(state), s_in, job.inputs[:, k], t, tuple(job.constants))
        if spikes:
            fired[:, k] = spike > 0
        sample = k // every
        if sample < samples.shape[2]:
            if average:
                samples[:, :, sample] += state[kept] / every
            elif (k + 1) % every == 0:
                samples[:, :, sample] = state[kept]
    return samples, fired
