"""Neuron models as data: the units of `networks.Network`, each a small class whose docstring is its
equations.

A model is a frozen dataclass. Its fields are the parameters: numbers, or arrays (n_units,), (batch,
1) or (batch, n_units). The rest of it is

    variables       what the state of a unit holds
    source          the variable that the weights carry to other units: s_in = W source
    output          the variable that a recording calls "out"
    time_unit       the unit of `dt`
    initial()       the state before the first step
    constants(dt)   the numbers that a step needs
    step(state, s_in, current, t, constants)
                    one Euler step from the old state to time t; returns the state after the step,
                    and 1.0 where the unit spikes in it, else 0.0

`step` is plain arithmetic on numbers, without `if` and without calls, because the same function is
the reference on whole arrays (numpy) and is compiled into the kernels, unit by unit. A new model is
one more such class, in this file or in anyone's own.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..config import TABLE_S1


def _check_durations(instead: str = "", **durations) -> None:
    """Raise ValueError naming a time constant that is not above 0."""
    for name, value in durations.items():
        if not (np.asarray(value) > 0).all():
            raise ValueError(f"{name}: expected a duration > 0, got {value!r}{instead}")


def _warn_of_dt(dt: float, limit: float, unit: str) -> None:
    """Euler steps so long overshoot: what decays would change its sign, a voltage at reset would be
    at 0 in one step."""
    if not dt < limit:
        warnings.warn(
            f"dt = {dt:g} {unit}: expected well below {limit:g} {unit}, "
            "or Euler steps overshoot and rates are wrong",
            RuntimeWarning,
            stacklevel=4,
        )


@dataclass(frozen=True)
class QIF:
    """Quadratic integrate-and-fire unit in dimensionless form with an exponential synapse.

        v' = (v^2 + eta + I) / tau + k s_in,    s' = -s / tau_s + spike,    s_in = J s

    A unit with v >= v_peak at the start of a step spikes in it: v becomes v_reset and s grows by 1,
    which the others feel from the next step on. Time is in units of tau.

    Parameters
    ----------
    eta : drive of the unit itself
    tau : time constant of v
    k : strength of the synapses
    tau_s : time constant of s
    v_peak : v from which on the unit spikes
    v_reset : v after a spike
    """

    eta: float = -5.0
    tau: float = 1.0
    k: float = 1.0
    tau_s: float = 1.0
    v_peak: float = 100.0
    v_reset: float = -100.0

    variables: ClassVar = ("v", "s")
    source: ClassVar = "s"
    output: ClassVar = "s"
    time_unit: ClassVar = "τ"

    def initial(self) -> tuple:
        """The state before the first step."""
        return -2.0, 0.0

    def constants(self, dt: float) -> tuple:
        """The numbers of a step; raises ValueError for parameters that cannot be, and warns of a
        step that is too long."""
        _check_durations(tau=self.tau, tau_s=self.tau_s)
        shortest = min(np.min(self.tau / np.abs(self.v_reset)), np.min(self.tau_s))
        _warn_of_dt(dt, shortest, self.time_unit)
        # a step divides by nothing: divisions are slow
        rate = np.divide(dt, self.tau)
        decay = np.divide(dt, self.tau_s)
        gain = np.multiply(dt, self.k)
        return self.eta, rate, gain, decay, self.v_peak, self.v_reset

    @staticmethod
    def step(state, s_in, current, t, constants):
        v, s = state
        eta, rate, gain, decay, v_peak, v_reset = constants
        spike = 1.0 * (v >= v_peak)
        moved = v + (rate * (v * v + eta + current) + gain * s_in)
        return (spike * v_reset + (1.0 - spike) * moved, s - decay * s + spike), spike


@dataclass(frozen=True)
class AdaptiveQIF(QIF):
    """`QIF` with spike-frequency adaptation: each spike makes the next one harder.

        v' = (v^2 + eta - x + I) / tau + k s_in,    x' = -x / tau_x + alpha spike,    s as in `QIF`

    It has the parameters of `QIF` and two more.

    Parameters
    ----------
    tau_x : time constant of the adaptation x
    alpha : what a spike adds to x
    """

    tau_x: float = 10.0
    alpha: float = 1.0

    variables: ClassVar = ("v", "s", "x")

    def initial(self) -> tuple:
        return -2.0, 0.0, 0.0

    def constants(self, dt: float) -> tuple:
        _check_durations(tau_x=self.tau_x)
        return (*super().constants(dt), np.divide(dt, self.tau_x), self.alpha)

    @staticmethod
    def step(state, s_in, current, t, constants):
        v, s, x = state
        eta, rate, gain, decay, v_peak, v_reset, decay_x, alpha = constants
        spike = 1.0 * (v >= v_peak)
        moved = v + (rate * (v * v + eta - x + current) + gain * s_in)
        v = spike * v_reset + (1.0 - spike) * moved
        return (v, s - decay * s + spike, x - decay_x * x + alpha * spike), spike


@dataclass(frozen=True)
class LIF:
    """Leaky integrate-and-fire unit with the double-exponential synapse of the paper (Table S1;
    Nicola & Clopath 2017).

        tau_mem v' = -v + ipsc + bias + I
        ipsc' = -ipsc / tau_decay + h
        h' = -h / tau_rise + sum_pre w_rec / (tau_rise tau_decay) spike
        r' = -r / tau_decay + hr
        hr' = -hr / tau_rise + spike / (tau_rise tau_decay)
        v >= v_threshold: spike, then v = v_reset, no integration for t_refractory

    tau_decay is that of the unit that receives; the filters decay exactly, v makes Euler steps.
    Time is in s (dt = 5e-5 in the paper), voltages and currents in mV. A network starts as
    published: refractory, last spikes at t = 0.

    As published, a unit integrates again in the first step with t > t_last + t_refractory, times
    counted from the begin of the simulation, and a spike moves t_last by t - t_last. Where
    t_refractory is a whole number of steps, both sides are equal but for their rounding: 2 ms of
    0.05 ms each last 41 steps after most spikes and 40 after the rest. After a silence of more than
    half of the time so far the spike before decides, too: t_last is rounded then. To have one
    length, take a value between two steps: 2.02 ms are always 41.

    This is the one place of the equation in float64: `spiking.reference` takes this step, too, and
    adds the noise. There a spike reaches h in its own step, here in the step after it, before h is
    used: the current of each step is the same.

    Parameters
    ----------
    tau_decay_ms : decay time of the synapse of the unit that receives
    tau_rise_ms : rise time of the synapse, > 0; without one, see `SingleExponentialLIF`
    tau_mem_ms : time constant of the membrane
    t_refractory_ms : time without integration after a spike, best between two steps (see above)
    v_threshold : voltage (mV) from which on the unit spikes
    v_reset : voltage (mV) after a spike
    bias : constant current (mV)
    """

    tau_decay_ms: float = 20.0
    tau_rise_ms: float = 2.0
    tau_mem_ms: float = 10.0
    t_refractory_ms: float = 2.0
    v_threshold: float = TABLE_S1["lif"]["v_threshold"]
    v_reset: float = -65.0
    bias: float = TABLE_S1["lif"]["bias"]

    variables: ClassVar = ("v", "ipsc", "h", "r", "hr", "spike", "t_last")
    source: ClassVar = "spike"
    output: ClassVar = "r"
    time_unit: ClassVar = "s"
    leak: ClassVar = (-1.0, 0.0)  # factors of v and v^2

    def initial(self) -> tuple:
        """The state before the first step."""
        return self.v_reset, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0

    def _check_dt(self, dt: float) -> None:
        linear, square = self.leak
        # of the leak, where it is steepest between spikes
        slope = abs(linear) + square * np.abs(self.v_reset).max()
        _warn_of_dt(dt, np.min(self.tau_mem_ms) / 1000 / slope, "s")

    def constants(self, dt: float) -> tuple:
        """The numbers of a step; raises ValueError for parameters that cannot be, and warns of a
        step that is too long."""
        _check_durations(tau_decay_ms=self.tau_decay_ms, tau_mem_ms=self.tau_mem_ms)
        instead = "; a synapse without a rise: SingleExponentialLIF, SingleExponentialMembraneQIF"
        _check_durations(instead, tau_rise_ms=self.tau_rise_ms)
        self._check_dt(dt)
        return self.step_numbers(dt)

    def step_numbers(self, dt: float) -> tuple:
        """The same, nothing checked."""
        tau_decay = np.asarray(self.tau_decay_ms) / 1000
        tau_rise = np.asarray(self.tau_rise_ms) / 1000
        tau_mem = np.asarray(self.tau_mem_ms) / 1000
        t_refractory = np.asarray(self.t_refractory_ms) / 1000
        decay = np.exp(-dt / tau_decay)
        rise = np.exp(-dt / tau_rise)
        jump = 1 / (tau_rise * tau_decay)  # of h and hr at a spike
        membrane = dt, *self.leak, tau_mem, t_refractory
        return *membrane, decay, rise, jump, self.v_threshold, self.v_reset, self.bias

    @staticmethod
    def step(state, s_in, current, t, constants):
        v, ipsc, h, r, hr, _, t_last = state
        dt, linear, square, tau_mem, t_refractory, decay, rise, jump, v_threshold, v_reset, bias = (
            constants
        )
        h = h + s_in * jump
        drive = v * (linear + square * v) + (ipsc + (current + bias))
        v = v + dt * ((t > t_last + t_refractory) * drive / tau_mem)
        spike = 1.0 * (v >= v_threshold)
        filters = ipsc * decay + h * dt, h * rise, r * decay + hr * dt, hr * rise + spike * jump
        return (
            spike * v_reset + (1.0 - spike) * v,
            *filters,
            spike,
            t_last + (t - t_last) * spike,
        ), spike


@dataclass(frozen=True)
class MembraneQIF(LIF):
    """Quadratic integrate-and-fire unit in membrane units (Table S1): `LIF` with v^2 in place of
    -v, and the same parameters.

        tau_mem v' = v^2 + ipsc + bias + I
    """

    v_threshold: float = TABLE_S1["qif"]["v_threshold"]
    bias: float = TABLE_S1["qif"]["bias"]

    leak: ClassVar = (0.0, 1.0)


@dataclass(frozen=True)
class DiscreteLIF:
    """Leaky integrate-and-fire unit in discrete time, current and voltage with a decay each, as the
    mean-field mapping gives it.

        u[t+1] = (1 - du) u[t] + s_in + I,    s_in = W spike[t]
        v[t+1] = (1 - dv) v[t] + u[t+1] + bias

    v > vth: spike in this step, and v becomes 0; the others feel it in the next step. There is no
    refractory period. Time is in steps (dt = 1).

    Parameters
    ----------
    du : decay of the current per step
    dv : decay of the voltage per step
    bias : what is added to v in each step
    vth : threshold
    """

    du: float = 0.07
    dv: float = 0.01
    bias: float = 0.0
    vth: float = 1.0

    variables: ClassVar = ("u", "v", "spike")
    source: ClassVar = "spike"
    output: ClassVar = "spike"
    time_unit: ClassVar = "steps"

    def initial(self) -> tuple:
        """The state before the first step."""
        return 0.0, 0.0, 0.0

    def constants(self, dt: float) -> tuple:
        """The numbers of a step; raises ValueError unless dt is 1."""
        _check_step(dt)
        return self.du, self.dv, self.bias, self.vth

    @staticmethod
    def step(state, s_in, current, t, constants):
        u, v, _ = state
        du, dv, bias, vth = constants
        u = (1.0 - du) * u + (s_in + current)
        v = (1.0 - dv) * v + (u + bias)
        spike = 1.0 * (v > vth)
        return (u, (1.0 - spike) * v, spike), spike


@dataclass(frozen=True)
class RateUnit:
    """Unit of a rate network in discrete time, rectified with slope 1; it has no spikes.

        x[t+1] = (1 - dr) x[t] + dr s_in + bias + I,    r = x where x > 0, else 0,    s_in = W r[t]

    Time is in steps (dt = 1).

    Parameters
    ----------
    dr : decay of x per step, and the share of s_in that enters it
    bias : what is added to x in each step
    """

    dr: float = 0.01
    bias: float = 0.0

    variables: ClassVar = ("x", "r")
    source: ClassVar = "r"
    output: ClassVar = "r"
    time_unit: ClassVar = "steps"

    def initial(self) -> tuple:
        """The state before the first step."""
        return 0.0, 0.0

    def constants(self, dt: float) -> tuple:
        """The numbers of a step; raises ValueError unless dt is 1."""
        _check_step(dt)
        return self.dr, self.bias

    @staticmethod
    def step(state, s_in, current, t, constants):
        x, _ = state
        dr, bias = constants
        x = (1.0 - dr) * x + dr * s_in + (bias + current)
        return (x, x * (x > 0.0)), 0.0 * x


def _check_step(dt: float) -> None:
    if dt != 1:
        raise ValueError(f"dt: expected 1 for a unit in discrete time, got {dt!r}")


@dataclass(frozen=True)
class SingleExponentialLIF(LIF):
    """`LIF` with a synapse that decays alone (tau_rise = 0), and the same parameters otherwise.

    ipsc' = -ipsc / tau_decay + sum_pre w_rec / tau_decay spike
    r' = -r / tau_decay + spike / tau_decay
    """

    tau_rise_ms: float = 0.0

    variables: ClassVar = ("v", "ipsc", "r", "spike", "t_last")

    def initial(self) -> tuple:
        return self.v_reset, 0.0, 0.0, 0.0, 0.0

    def constants(self, dt: float) -> tuple:
        _check_durations(tau_decay_ms=self.tau_decay_ms, tau_mem_ms=self.tau_mem_ms)
        self._check_dt(dt)
        return self.step_numbers(dt)

    def step_numbers(self, dt: float) -> tuple:
        tau_decay = np.asarray(self.tau_decay_ms) / 1000
        tau_mem = np.asarray(self.tau_mem_ms) / 1000
        t_refractory = np.asarray(self.t_refractory_ms) / 1000
        decay = np.exp(-dt / tau_decay)
        membrane = dt, *self.leak, tau_mem, t_refractory
        return *membrane, decay, tau_decay, self.v_threshold, self.v_reset, self.bias

    @staticmethod
    def step(state, s_in, current, t, constants):
        v, ipsc, r, _, t_last = state
        dt, linear, square, tau_mem, t_refractory, decay, tau_decay, v_threshold, v_reset, bias = (
            constants
        )
        ipsc = ipsc + s_in / tau_decay
        drive = v * (linear + square * v) + (ipsc + (current + bias))
        v = v + dt * ((t > t_last + t_refractory) * drive / tau_mem)
        spike = 1.0 * (v >= v_threshold)
        filters = ipsc * decay, r * decay + spike / tau_decay
        return (
            spike * v_reset + (1.0 - spike) * v,
            *filters,
            spike,
            t_last + (t - t_last) * spike,
        ), spike


@dataclass(frozen=True)
class SingleExponentialMembraneQIF(SingleExponentialLIF):
    """`MembraneQIF` with a synapse that decays alone."""

    v_threshold: float = TABLE_S1["qif"]["v_threshold"]
    bias: float = TABLE_S1["qif"]["bias"]

    leak: ClassVar = (0.0, 1.0)
