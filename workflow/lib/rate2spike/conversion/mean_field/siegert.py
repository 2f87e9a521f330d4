"""Siegert's formula: the stationary rate of a LIF unit under noise, and how it answers to small
changes.

    1 / (tau r) = sqrt(pi) int_{y_r}^{y_th} f(y) dy,    f(y) = exp(y^2) (1 + erf y)           (3)
    y_th = (v_th - mu) / sigma + shift,   y_r = -mu / sigma + shift,                          (4)
        shift = sqrt(tau_s / tau) |zeta(1/2)| / sqrt(2)
    alpha = sqrt(pi) (tau r)^2 / sigma (f(y_th) - f(y_r))                                     (5)
    beta = sqrt(pi) (tau r)^2 / (2 sigma^2)                                                   (6)
        (f(y_th) (v_th - mu) / sigma + f(y_r) mu / sigma)

Equation numbers are those of `mapping`.
"""

from __future__ import annotations

import numpy as np
from scipy.special import dawsn, erfcx

from .rate_network import V_TH, ZETA

FAR = 20.0  # below -FAR the asymptotic series takes over
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(48)


def f(y):
    """exp(y^2) (1 + erf y), without its cancellation at y < 0 and its overflow there."""
    return erfcx(-np.asarray(y, dtype=np.float64))


def half_slope_of_f(y):
    """f'(y) / 2 = y f(y) + 1 / sqrt(pi), by its asymptotic series where the two cancel."""
    y = np.asarray(y, dtype=np.float64)
    far = np.minimum(y, -FAR)
    series, term = np.zeros_like(far), np.ones_like(far)
    for n in range(1, 12):
        term = term * (1 - 2 * n) / (2 * far**2)
        series = series - term
    near = np.maximum(y, -FAR)
    with np.errstate(over="ignore"):  # infinite where f is
        return np.where(y < -FAR, series / np.sqrt(np.pi), near * f(near) + 1 / np.sqrt(np.pi))


def integral_of_f(y) -> np.ndarray:
    """int_0^y f, by Dawson's function and, for the part that has no closed form, quadrature in t =
    sinh s."""
    y = np.asarray(y, dtype=np.float64)
    half = np.arcsinh(np.abs(y)) / 2
    s = half[..., None] * (NODES + 1)
    below = half * ((erfcx(np.sinh(s)) * np.cosh(s)) @ NODE_WEIGHTS)  # int_0^|y| exp(t^2) erfc t dt
    above = np.maximum(y, 0.0)
    return np.where(y < 0, -below, 2 * np.exp(np.minimum(above**2, 700)) * dawsn(above) - below)


def threshold_shift(dv, du):
    """Shift of y_th and y_r under noise filtered by the synapse, Eq. 4.

    Parameters
    ----------
    dv, du : decay of voltage and current per step, 1 / tau and 1 / tau_s

    Returns
    -------
    The shift, without a unit.
    """
    return np.sqrt(np.asarray(dv) / np.asarray(du)) * ZETA / np.sqrt(2)


def _limits(mean_input, noise, shift):
    """y_th and y_r, Eq. 4."""
    return (V_TH - mean_input) / noise + shift, -mean_input / noise + shift


def stationary_rate(mean_input, noise, shift):
    """tau r of a LIF unit, Eq. 3: spikes per membrane time constant.

    Parameters
    ----------
    mean_input : mu, in units of v_th
    noise : sigma, a standard deviation, in units of v_th
    shift : as from `threshold_shift`

    Returns
    -------
    tau r, of the shape of the arguments.
    """
    y_th, y_r = _limits(np.asarray(mean_input, dtype=np.float64), noise, shift)
    return 1 / (np.sqrt(np.pi) * (integral_of_f(y_th) - integral_of_f(y_r)))


def susceptibilities(mean_input, noise, shift):
    """alpha and beta, Eqs. 5 and 6: derivatives of tau r with respect to mu and to sigma^2.

    Parameters
    ----------
    mean_input : mu, in units of v_th
    noise : sigma, a standard deviation, in units of v_th
    shift : as from `threshold_shift`

    Returns
    -------
    alpha, beta : each of the shape of the arguments
    """
    y_th, y_r = _limits(np.asarray(mean_input, dtype=np.float64), noise, shift)
    factor = np.sqrt(np.pi) * stationary_rate(mean_input, noise, shift) ** 2 / noise
    rise = f(y_th) - f(y_r)
    # (v_th - mu) / sigma = y_th - shift: written so that nothing cancels at small noise
    slopes = half_slope_of_f(y_th) - half_slope_of_f(y_r) - shift * rise
    return factor * rise, factor / (2 * noise) * slopes
