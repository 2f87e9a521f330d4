"""The converted network as a script for Brian2, with all that it has: either synapse, refractory
period, noise, initial voltages, and trials to run.

NAME.py is for reading; NAME.npz beside it holds the arrays in float64, bit by bit those of the
network. (As text in the script 40,000 weights would bury the hundred lines of the model, and nobody
reads them there.) The script needs Brian2 and numpy alone, and matplotlib where its figure is
wanted.

Brian2's integrators make other steps than the published code, whose filters decay exactly while the
voltage makes Euler steps, and its refractory period is a number of steps. So the script writes each
step out, in the order of `spiking.reference`:

    slot of Brian2   what happens
    groups           voltage, current and filters move, then comes the noise
    thresholds       who spikes
    synapses         the spikes reach the others, in the same step
    resets           voltage, time of the last spike, filter of the neuron's own spikes
    end              the rates are recorded, from which the output is made
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from string import Template

import numpy as np

from .. import __version__, streams
from ..files import replacing, write_text
from ..spiking.as_any_network import initial_voltages
from ..spiking.converted import (
    DEFAULT_STREAM,
    NOISE_SD,
    STEP_S,
    V_SPIKE,
    SpikingNetwork,
    check_downsample,
    check_stimulus,
)

SILENCE_COLUMNS = 201  # of 5 ms: 1 s without input, for a network that comes without a stimulus

SCRIPT = Template('''\
"""
$title

$n_units spiking neurons, $n_inhibitory of them inhibitory, copied one to one from a rate network
that was trained on a task. Recurrent and readout weights are those of the rate network divided by
1/lambda = $factor$refinement_said.

Kim, R., Li, Y., Sejnowski, T. J.
Simple framework for constructing functional spiking recurrent neural networks
PNAS 116, 22811-22820 (2019)
https://doi.org/10.1073/pnas.1905926116

Weights, time constants, inputs and initial voltages are in a file that has to lie beside this one:
$arrays_said

Written by rate2spike $version. What differs from its own simulation of this network:
- The noise is as strong, but its random numbers are Brian2's. With noise_sd = 0*mV nothing is
  random, and what is left is rounding: Brian2 computes in volts, and adds up in another order the
  spikes that arrive in one step.
- Nothing else. Each step is written out below, since Brian2's integrators make other ones, and the
  refractory period is compared as in the published code, which refractory=... would not do.
"""

from pathlib import Path

import numpy as np
from brian2 import Hz, NeuronGroup, SpikeMonitor, StateMonitor, Synapses, TimedArray
from brian2 import defaultclock, mV, ms, prefs, restore, run, second, seed, store

# sums as they are written: with -ffast-math, Brian2's default, the last spike would be at another
# time but for rounding, which decides how long a refractory period lasts
prefs.codegen.cpp.extra_compile_args_gcc = [
    "-w", "-O3", "-march=native", "-std=c++11", "-ffp-contract=off",
]

arrays = np.load(Path(__file__).with_name($arrays))

# Parameters ---------------------------------------------------------------------------------------

# step; the noise is one of this step: with another one it has another strength
defaultclock.dt = $dt

# time constant of the membrane
tau_mem = $tau_mem
$tau_rise
# refractory period
t_refractory = $t_refractory

# threshold, voltage after a spike, constant current
v_threshold = $v_threshold * mV
v_reset = $v_reset * mV
bias = $bias * mV

# standard deviation of the noise in each step, not scaled with the step (published code)
noise_sd = $noise_sd * mV

# random numbers of the noise
seed(1)

# Neurons ------------------------------------------------------------------------------------------

# Weights are w_rec[post, pre], those of inhibitory neurons negative, w_in[neuron, input], w_out
w_rec = arrays["w_rec"] * mV / Hz
w_in = arrays["w_in"] * mV
w_out = arrays["w_out"] / Hz
${own_bias}n_neurons = len(w_out)

$equations

neurons = NeuronGroup(
    n_neurons,
    """
$variables
    """,
    threshold="v >= v_threshold",
    reset="""
    v = v_reset
    last_spike += (t_in_timesteps + 1) * dt - last_spike
$reset
    """,
)
neurons.tau_decay = arrays["tau_decay_ms"] * ms

# The step. Its time is that of its end. Each line finds what the lines above have left. The voltage
# makes an Euler step, the filters decay exactly. The noise moves neurons within their refractory
# period, too. Whether that is over is decided by rounding where it is a number of steps, also by
# that of last_spike: 2 ms of 0.05-ms steps last 41 steps after most spikes and 40 after the rest,
# as in the published code.
neurons.run_regularly(
    """
    now = (t_in_timesteps + 1) * dt
    integrates = int(now > last_spike + t_refractory)
    v += dt * (integrates * ($leak + ipsc + (stimulus(t + 51 * dt, i) + bias)) / tau_mem)
    v += noise_sd * randn()
$filters
    """,
    when="groups",
)

# Synapses: a spike arrives in its own step --------------------------------------------------------

synapses = Synapses(
    neurons,
    neurons,
    "w : volt * second",
    on_pre="$on_pre",
)
$connections

# Trials -------------------------------------------------------------------------------------------

# A column of the stimulus lasts 100 steps. As in the published code, it is seen from half a column
# before its time on; together with the step, whose time is its end, these are the 51 dt above
kinds = arrays["kind"]
inputs = arrays["inputs"]  # [trial, input, column]
column = 100 * defaultclock.dt
duration = (inputs.shape[2] - 1) * column

spike_monitor = SpikeMonitor(neurons)
rate_monitor = StateMonitor(neurons, "r", record=True, when="end")
store()

spikes = []  # of each trial: neuron and time (s) of each spike
spike_counts = []  # of each trial: (neurons,)
outputs = []  # of each trial: (steps,)
for trial, kind in enumerate(kinds):
    restore()
    # drawn uniformly from v_reset to $v_spike mV
    neurons.v = arrays["initial_v_mv"][trial] * mV
    stimulus = TimedArray(($external).T, dt=column)
    run(duration)
    spikes.append((spike_monitor.i[:], (spike_monitor.t[:] + defaultclock.dt) / second))
    spike_counts.append(spike_monitor.count[:])
    outputs.append(w_out @ rate_monitor.r$offset)
    print(
        f"{kind}: {spike_counts[-1].mean() / (duration / second):.1f} spikes/s per neuron, "
        f"output from {outputs[-1].min():.3f} to {outputs[-1].max():.3f}"
    )

# Figure -------------------------------------------------------------------------------------------

try:
    import matplotlib.pyplot as plt
except ImportError:
    print("no figure: matplotlib is not installed")
    raise SystemExit

fig, axes = plt.subplots(2, len(kinds), squeeze=False, sharex=True, figsize=(4 * len(kinds), 6))
for trial, kind in enumerate(kinds):
    neuron, time = spikes[trial]
    raster, readout = axes[:, trial]
    raster.plot(time, neuron, "k.", markersize=1)
    raster.set_title(kind)
    n_steps = len(outputs[trial])
    readout.plot(np.arange(1, n_steps + 1) * defaultclock.dt / second, outputs[trial])
    readout.set_xlabel("time (s)")
axes[0, 0].set_ylabel("neuron")
axes[1, 0].set_ylabel("output")
fig.tight_layout()
plt.show()
''')

# By whether there are recurrent weights -----------------------------------------------------------

CONNECTIONS = """\
post, pre = np.nonzero(arrays["w_rec"])
synapses.connect(i=pre, j=post)
synapses.w = w_rec[post, pre]"""
NO_CONNECTIONS = """\
# there are no recurrent weights
synapses.active = False"""

# By whether the synapse rises ---------------------------------------------------------------------

TAU_RISE = """
# rise time of the synapses; their decay time is that of the neuron that receives
tau_rise = $tau_rise
"""

EQUATIONS = {
    True: """\
# Double-exponential synapses (paper, SI Methods; Nicola & Clopath 2017), u the stimulus:
#     tau_mem v' = $leak + ipsc + bias + $external_said
#     ipsc' = -ipsc / tau_decay + h
#     h' = -h / tau_rise, plus w_rec / (tau_rise tau_decay) for each spike that arrives
#     r' = -r / tau_decay + hr
#     hr' = -hr / tau_rise, plus 1 / (tau_rise tau_decay) for each spike of the neuron itself
#     v >= v_threshold: spike, v = v_reset, no integration for t_refractory
#     output = w_out r$offset""",
    False: """\
# Single-exponential synapses (paper, SI Methods), u the stimulus:
#     tau_mem v' = $leak + ipsc + bias + $external_said
#     ipsc' = -ipsc / tau_decay, plus w_rec / tau_decay for each spike that arrives
#     r' = -r / tau_decay, plus 1 / tau_decay for each spike of the neuron itself
#     v >= v_threshold: spike, v = v_reset, no integration for t_refractory
#     output = w_out r$offset""",
}

OWN_BIAS = """\
own_bias = arrays["bias_mv"] * mV  # a constant current of each neuron, beside that of all
"""

VARIABLES = {
    True: """\
    v : volt
    ipsc : volt  # current, as the voltage that it holds
    h : volt / second
    r : Hz  # filtered spikes
    hr : Hz / second
    tau_decay : second (constant)
    last_spike : second""",
    False: """\
    v : volt
    ipsc : volt  # current, as the voltage that it holds
    r : Hz  # filtered spikes
    tau_decay : second (constant)
    last_spike : second""",
}

FILTERS = {
    True: """\
    ipsc = ipsc * exp(-dt / tau_decay) + h * dt
    h = h * exp(-dt / tau_rise)
    r = r * exp(-dt / tau_decay) + hr * dt
    hr = hr * exp(-dt / tau_rise)""",
    False: """\
    ipsc = ipsc * exp(-dt / tau_decay)
    r = r * exp(-dt / tau_decay)""",
}

ON_PRE = {
    True: "h_post += w / (tau_rise * tau_decay_post)",
    False: "ipsc_post += w / tau_decay_post",
}
RESET = {True: "    hr += 1 / (tau_rise * tau_decay)", False: "    r += 1 / tau_decay"}

LEAK = {"lif": ("-v", "-v"), "qif": ("v^2", "v**2 / mV")}  # as an equation, with units


def to_brian2(
    network: SpikingNetwork,
    path: str | os.PathLike,
    *,
    stimuli: Mapping[str, np.ndarray] | None = None,
    stream: streams.Key = DEFAULT_STREAM,
    downsample: int = 1,
    title: str = "A spiking network",
) -> None:
    """Write the network as a script for Brian2, NAME.py, with its arrays beside it, NAME.npz.

    The script simulates, prints and draws the trials, with noise, from the initial voltages that
    `spiking.simulate_trial` has. Its equations and steps are those of that simulation.

    Parameters
    ----------
    network : the converted network, LIF or QIF, with either synapse
    path : of the script, NAME.py
    stimuli : by the kind of trial, (n_inputs, n_columns) each, one column per 5 ms, as from
        `tasks.spiking_stimulus`; all of one shape. 1 s without input by default
    stream : keys the initial voltages: those of kind i are those of trial i
    downsample : steps of 5e-5 s in a step
    title : the first line of the script

    Raises
    ------
    TypeError
        For what is no converted network.
    ValueError
        For another ending of the name, and stimuli that do not fit.
    """
    if not isinstance(network, SpikingNetwork):
        raise TypeError(
            "network: expected a converted network, as from conversion.to_spiking, "
            f"got {type(network).__name__}"
        )
    path = Path(path)
    if path.suffix != ".py":
        raise ValueError(f"path: expected the name of a script, NAME.py, got {path.name}")
    check_downsample(downsample)
    inputs = _inputs(network, stimuli, downsample)
    arrays = {
        "w_rec": network.w_rec,
        "w_in": network.w_in,
        "w_out": network.w_out,
        "tau_decay_ms": np.broadcast_to(network.tau_decay_ms, network.n_units),
        "inhibitory": network.inhibitory,
        "kind": np.array(list(inputs)),
        "inputs": np.stack(list(inputs.values())),
        "initial_v_mv": np.stack(
            [
                initial_voltages(network, None, stream=stream, trial=trial)
                for trial in range(len(inputs))
            ]
        ),
    }
    if network.bias_mv is not None:
        arrays["bias_mv"] = network.bias_mv
    beside = path.with_suffix(".npz")
    with replacing(beside) as temporary:
        np.savez_compressed(temporary, **arrays)
    write_text(_script(network, beside.name, downsample=downsample, title=title), path)


def _inputs(
    network: SpikingNetwork, stimuli: Mapping[str, np.ndarray] | None, downsample: int
) -> dict[str, np.ndarray]:
    """The columns that are seen, by the kind of trial, float64 (n_inputs, n_columns) each."""
    if stimuli is None:
        stimuli = {"no input": np.zeros((network.n_inputs, SILENCE_COLUMNS))}
    shapes = sorted({np.shape(u) for u in stimuli.values()})
    if len(shapes) != 1:
        got = ", ".join(map(str, shapes)) or "none"
        raise ValueError(f"stimuli: expected one or more, all of one shape, got {got}")
    inputs = {}
    for kind, u in stimuli.items():
        inputs[str(kind)] = check_stimulus(network, u, downsample)[:, ::downsample]
    return inputs


def _script(network: SpikingNetwork, arrays: str, *, downsample: int, title: str) -> str:
    """The text of the script. arrays: name of the file beside it."""
    neuron = network.neuron
    rises = neuron.tau_rise_ms != 0
    offset = f" + {_number(network.offset_of_output)}" if network.output_offset else ""
    equation, leak = LEAK[neuron.model]
    tau_rise = Template(TAU_RISE).substitute(tau_rise=_time(neuron.tau_rise_ms / 1000))
    return SCRIPT.substitute(
        title=_in_docstring(title),
        n_units=network.n_units,
        n_inhibitory=int(np.sum(network.inhibitory)),
        factor=_number(network.scaling_factor),
        refinement_said=_refinement_said(network),
        arrays_said=_in_docstring(arrays),
        arrays=json.dumps(arrays, ensure_ascii=False),
        version=__version__,
        dt=_time(STEP_S * downsample),
        tau_mem=_time(neuron.tau_mem_ms / 1000),
        tau_rise=tau_rise if rises else "",
        t_refractory=_time(neuron.t_refractory_ms / 1000),
        v_threshold=_number(neuron.v_threshold),
        v_reset=_number(neuron.v_reset),
        bias=_number(neuron.bias),
        noise_sd=_number(NOISE_SD),
        v_spike=_number(V_SPIKE),
        equations=Template(EQUATIONS[rises]).substitute(
            leak=equation,
            external_said="w_in u" if network.bias_mv is None else "w_in u + own_bias",
            offset=offset,
        ),
        own_bias="" if network.bias_mv is None else OWN_BIAS,
        external=f"w_in @ inputs[trial]{'' if network.bias_mv is None else ' + own_bias[:, None]'}",
        offset=offset,
        variables=VARIABLES[rises],
        reset=RESET[rises],
        leak=leak,
        filters=FILTERS[rises],
        on_pre=ON_PRE[rises],
        connections=CONNECTIONS if np.any(network.w_rec) else NO_CONNECTIONS,
    )


def _refinement_said(network: SpikingNetwork) -> str:
    """What else was done with the network; nothing where it is as published."""
    said = ""
    if network.output_factor != 1:
        said += f", and the readout weights\nmultiplied by {_number(network.output_factor)} besides"
    if network.output_offset:
        said += f".\n{_number(network.offset_of_output)} is added to the output"
    if network.bias_mv is not None:
        said += (
            ".\nAll weights that reach a neuron are multiplied by a gain of its own, and it has a "
            "constant\ncurrent of its own"
        )
    return said


def _number(value: float) -> str:
    """The shortest text that is read as the same number."""
    return repr(float(value)).removesuffix(".0")


def _time(seconds: float) -> str:
    """A time in ms, or in s where ms would not give the same float: rounding decides how many steps
    a refractory period lasts."""
    ms = _number(round(seconds * 1000, 9))
    return f"{ms} * ms" if float(ms) * 0.001 == seconds else f"{_number(seconds)} * second"


def _in_docstring(text: str) -> str:
    """The text, such that it ends no docstring and escapes nothing in it."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
