"""As much of Brian2 as an exported script asks for, so that it runs where Brian2 is not installed:
numbers in SI units, and in each step the slots groups, thresholds, synapses, resets, end."""

from __future__ import annotations

import sys
import textwrap
from types import ModuleType, SimpleNamespace

import numpy as np


class Clock:
    """The step in s."""

    dt = 1e-4


class TimedArray:
    """Values in columns of so many s, the last one for ever."""

    def __init__(self, values, dt):
        self.values, self.dt = np.asarray(values), dt

    def __call__(self, t, i):
        column = int(t / self.dt + 1e-9)
        return self.values[min(column, len(self.values) - 1), i]


class NeuronGroup:
    def __init__(self, n, model, threshold, reset):
        names = [line.split(":")[0].strip() for line in model.splitlines() if ":" in line]
        self.__dict__.update({name: np.zeros(n) for name in names})
        self.names, self.n, self.threshold = names, n, threshold
        self.reset = code_of(reset)
        world.group = self

    def run_regularly(self, code, when):
        assert when == "groups"
        self.step = code_of(code)


class Synapses:
    active = True

    def __init__(self, source, target, model, on_pre):
        self.to, _, value = on_pre.partition(" += ")
        self.value = compile(value, "on_pre", "eval")
        world.synapses = self

    def connect(self, i, j):
        self.pre, self.post = i, j


class SpikeMonitor:
    def __init__(self, group):
        world.spikes = self
        self.clear()

    def clear(self):
        self.units, self.times = [], []

    i = property(lambda self: np.concatenate(self.units))
    t = property(lambda self: np.concatenate(self.times))
    count = property(lambda self: np.bincount(self.i, minlength=world.group.n))


class StateMonitor:
    def __init__(self, group, name, record, when):
        assert (record, when) == (True, "end")
        self.name = name
        world.states = self

    r = property(lambda self: np.array(self.samples).T)


def code_of(text):
    return compile(textwrap.dedent(text), "code", "exec")


def store():
    world.stored = {name: getattr(world.group, name).copy() for name in world.group.names}


def restore():
    for name, values in world.stored.items():
        setattr(world.group, name, values.copy())
    world.spikes.clear()
    world.states.samples = []


def run(duration):
    """The names of the script are those of its equations."""
    group, synapses, dt = world.group, world.synapses, Clock.dt
    names = {**sys._getframe(1).f_globals, **FUNCTIONS, "dt": dt, "i": np.arange(group.n)}
    for step in range(round(duration / dt)):
        names |= {name: getattr(group, name) for name in group.names}
        names |= {"t": step * dt, "t_in_timesteps": step}
        exec(group.step, names)
        fired = np.flatnonzero(eval(group.threshold, names))
        world.spikes.units.append(fired)
        world.spikes.times.append(np.full(len(fired), step * dt))
        if len(fired) and synapses.active:
            arrives = np.isin(synapses.pre, fired)
            post = synapses.post[arrives]
            of_post = {f"{name}_post": names[name][post] for name in group.names}
            value = eval(synapses.value, names | of_post | {"w": synapses.w[arrives]})
            np.add.at(names[synapses.to.removesuffix("_post")], post, value)
        if len(fired):
            own = {name: names[name][fired] for name in group.names}
            after = names | own
            exec(group.reset, after)
            for name in group.names:
                names[name][fired] = after[name]
        for name in group.names:
            setattr(group, name, names[name])
        world.states.samples.append(getattr(group, world.states.name).copy())


world = SimpleNamespace()
FUNCTIONS = {
    "int": lambda truth: np.asarray(truth).astype(np.int64),
    "exp": np.exp,
    "randn": lambda: np.random.default_rng(0).standard_normal(world.group.n),
}


def module() -> ModuleType:
    """What `import brian2` is to find."""
    made = ModuleType("brian2")
    made.__dict__.update(
        Hz=1.0,
        mV=1e-3,
        ms=1e-3,
        second=1.0,
        NeuronGroup=NeuronGroup,
        SpikeMonitor=SpikeMonitor,
        StateMonitor=StateMonitor,
        Synapses=Synapses,
        TimedArray=TimedArray,
        defaultclock=Clock,
        prefs=SimpleNamespace(codegen=SimpleNamespace(cpp=SimpleNamespace())),
        restore=restore,
        run=run,
        seed=lambda number: None,
        store=store,
    )
    return made
