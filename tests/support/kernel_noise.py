"""The noise of the kernels, for the reference: what their polynomials leave is then no difference
between the two."""

import numpy as np

from rate2spike import streams
from rate2spike.streams import cpu as streams_cpu


def noise_of_kernels(stream: streams.Key, trial: int, n_units: int, n_steps: int) -> np.ndarray:
    """(n_units, n_steps): `streams.normal` as the kernels draw it, within 1e-5 of the radius."""
    noise = np.empty((-(-n_steps // 8), 8, n_units), np.float32)
    for block, eight_steps in enumerate(noise):
        streams_cpu.fill_normals(eight_steps, block, trial, *stream)
    return noise.reshape(-1, n_units)[:n_steps].T
