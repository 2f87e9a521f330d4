"""Schematics of the networks and of their tasks (paper, Figs. 1A, 2A, 3A, S3A-B, S4A, S7A).

Each public function draws one schematic into one axes; there is no data in them. Pink ground: rate
network, light-blue ground and dashed outlines: spiking network; an arrow excites, a bar inhibits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Wedge

from ..plotting import EXCITATORY, INHIBITORY, INPUTS, NO_DALE, OUTPUTS, RATE, SPIKING, SST, pale

LINE = "0.25"
GREY = "0.92"
FONT_SIZE = 6.5
SMALL = 6
RADIUS = 1.95  # of a network's disc
UNIT = 0.31  # of its units
HEAR = [0, 6]  # units that hear the inputs
READ_OUT = [2, 3, 4]  # units that are read out
ARROW = "-|>"
LINE_ALONE = "-"
EXCITES = "-|>,head_length=0.35,head_width=0.18"
INHIBITS = "-[,widthB=0.42,lengthB=0"

# Places of the units in a disc of radius 1 and who drives whom; no inhibitory unit drives unit 7,
# the SST unit of Fig. S3
PLACES = [
    (-0.60, 0.40),
    (-0.06, 0.70),
    (0.50, 0.53),
    (0.74, -0.04),
    (0.43, -0.60),
    (-0.16, -0.70),
    (-0.68, -0.28),
    (0.04, 0.03),
]
DRIVES = [
    (0, 1),
    (1, 7),
    (2, 1),
    (2, 3),
    (3, 4),
    (4, 5),
    (4, 7),
    (5, 6),
    (6, 0),
    (6, 7),
    (7, 0),
    (7, 3),
    (7, 5),
]


class Units(NamedTuple):
    """The colour of every unit, and of every drive whether it inhibits."""

    colours: Sequence[str]
    inhibits: Sequence[bool]


EXC = EXCITATORY
INH = INHIBITORY
BY_DALE = [source in (2, 5, 7) for source, _ in DRIVES]
BY_TURNS = [i % 2 == 0 for i in range(len(DRIVES))]  # one unit does both
DALE = Units([EXC, EXC, INH, EXC, EXC, INH, EXC, INH], BY_DALE)
WITH_SST = Units([EXC, EXC, INH, EXC, EXC, INH, EXC, SST], BY_DALE)
WITHOUT_DALE = Units([NO_DALE] * len(PLACES), BY_TURNS)

# Schematics ---------------------------------------------------------------------------------------


def rate_go_nogo(axes: Axes) -> None:
    """Draw Fig. 1A: a pulse drives a rate network.

    Its output rises in Go trials and stays flat in NoGo trials.
    """
    _blank(axes, 10.6, 5.6)
    _go_nogo(axes, (5.3, 2.6), DALE, recurrent="rate")


def rate_to_spiking(axes: Axes) -> None:
    """Draw Fig. 2A: the rate network above, the spiking network made from it below.

    Recurrent and readout weights are multiplied by lambda.
    """
    _blank(axes, 10.6, 13.2)
    _ground(axes, 10.25, RATE)
    _text(axes, (0.45, 12.55), "rate RNN", color=RATE, ha="left", fontweight="bold")
    _go_nogo(axes, (5.3, 10.1), DALE, recurrent="rate")
    _ground(axes, 2.95, SPIKING)
    _text(axes, (0.45, 0.65), "LIF RNN", color=SPIKING, ha="left", fontweight="bold")
    _go_nogo(axes, (5.3, 2.8), DALE, recurrent="LIF", spiking=True)
    _becomes(axes, "same", x=2.45, top=9.5, foot=4.3)
    _becomes(axes, "× λ", x=5.3, top=8.0, foot=5.55)
    _becomes(axes, "× λ", x=8.15, top=9.5, foot=4.3)


def _becomes(axes: Axes, change: str, *, x: float, top: float, foot: float) -> None:
    """A dashed arrow from the rate network down to the spiking one, and what changes on the way."""
    _arrow(axes, (x, top), (x, foot), LINE, linestyle=(0, (3, 2)))
    _text(axes, (x + 0.2, 6.55), change, ha="left", fontsize=SMALL)


def spiking_sst(axes: Axes) -> None:
    """Draw Fig. S3B: a spiking network with SST units (yellow) among the inhibitory ones."""
    _spiking_go_nogo(axes, WITH_SST)


def spiking_no_dale(axes: Axes) -> None:
    """Draw Fig. S4A: a spiking network whose units both excite and inhibit."""
    _spiking_go_nogo(axes, WITHOUT_DALE)


def rate_integration(axes: Axes) -> None:
    """Draw Fig. 3A: two noisy inputs, and a context that says which of them to follow.

    The output says its sign.
    """
    _blank(axes, 11.3, 5.8)
    _integration(axes, (6.2, 2.75), recurrent="rate")


def spiking_integration(axes: Axes) -> None:
    """Draw Fig. S7A: the task of Fig. 3A and a spiking network."""
    _blank(axes, 11.3, 5.8)
    _ground(axes, 2.9, SPIKING, width=11)
    _integration(axes, (6.2, 2.75), recurrent="QIF", spiking=True)


def motif_sst(axes: Axes) -> None:
    """Draw Fig. S3A: SST units inhibit PYR and PV units, which drive each other and themselves.

    Only PYR units drive SST units.
    """
    _blank(axes, 7.4, 5.6)
    radius = 0.78
    places = {"SST": (3.7, 4.6), "PYR": (1.9, 1.3), "PV": (5.5, 1.3)}
    colours = {"SST": SST, "PYR": EXCITATORY, "PV": INHIBITORY}
    for name, place in places.items():
        _unit(axes, place, colours[name], radius)
        _text(axes, place, name, color="black" if name == "SST" else "white", fontweight="bold")
    drives = (
        ("SST", "PYR", 0.2),
        ("PYR", "SST", 0.2),
        ("SST", "PV", 0),
        ("PYR", "PV", 0.2),
        ("PV", "PYR", 0.2),
    )
    for source, target, aside in drives:
        start = np.array(places[source])
        end = np.array(places[target])
        x, y = end - start
        step = aside * np.array([-y, x]) / np.hypot(x, y)  # there and back side by side
        _drive(
            axes,
            start + step,
            end + step,
            colours[source],
            radius,
            inhibits=source != "PYR",
            scale=8,
        )
    for name, side in (("PYR", -1), ("PV", 1)):
        x, y = places[name]
        start = (x + 0.8 * side, y + 0.5)
        end = (x + 0.8 * side, y - 0.5)
        _drive(
            axes,
            start,
            end,
            colours[name],
            0.06,
            inhibits=name == "PV",
            scale=8,
            bend=-2.2 * side,
        )


def _spiking_go_nogo(axes: Axes, units: Units) -> None:
    _blank(axes, 10.6, 5.8)
    _ground(axes, 2.9, SPIKING)
    _go_nogo(axes, (5.3, 2.75), units, recurrent="LIF", spiking=True)


# Networks and their tasks -------------------------------------------------------------------------


def _go_nogo(axes: Axes, centre, units: Units, *, recurrent: str, spiking: bool = False) -> None:
    """Pulse, input node, network, output node and the two outputs."""
    x, y = centre
    source = (x - 2.85, y)
    sink = (x + 2.85, y)
    places = _disc(axes, centre, units, recurrent=recurrent, spiking=spiking)
    _enter(axes, source, places[HEAR], INPUTS[0])
    _text(axes, (source[0], y + 0.95), r"$W_{\mathrm{in}}$")
    _read_out(axes, places[READ_OUT], sink)
    pulse_x = x - 4.95 + np.array([0, 0.5, 0.5, 0.95, 0.95, 1.5])
    pulse_y = y - 0.15 + np.array([0, 0, 1, 1, 0, 0])
    axes.plot(pulse_x, pulse_y, color=INPUTS[0], linewidth=1.1, solid_joinstyle="miter")
    _text(axes, (x - 4.22, y + 1.25), "u", color=INPUTS[0], fontstyle="italic")
    levels = (Level("Go", 0.95, 0.32), Level("NoGo", 0.0, -0.42))
    _outputs(axes, sink, levels, y - 0.15)
    for start in (x - 4.95, sink[0] + 0.55):
        _arrow(axes, (start, y - 1.1), (start + 1.5, y - 1.1), "0.5", linewidth=0.6, scale=5)
        _text(axes, (start + 0.75, y - 1.5), "time", color="0.5", fontsize=SMALL)


def _integration(axes: Axes, centre, *, recurrent: str, spiking: bool = False) -> None:
    """Two noisy inputs, the context, the network, and the output that goes up or down."""
    x, y = centre
    sink = (x + 2.75, y)
    places = _disc(axes, centre, DALE, recurrent=recurrent, spiking=spiking)
    noise = np.array([0.1, -0.5, 0.3, 0.6, -0.3, 0.0, 0.5, -0.6, 0.2, -0.1, 0.6, -0.4, 0.3, -0.2])
    for i, dy in enumerate((1.4, -0.2)):
        colour = INPUTS[i]
        noise_x = np.linspace(x - 5.8, x - 3.75, 14)
        noise_y = y + dy + 0.4 * np.roll(noise, 5 * i)
        axes.plot(noise_x, noise_y, color=colour, linewidth=0.8)
        name = f"modality {i + 1} (±)"
        _text(axes, (x - 5.8, y + dy + 0.72), name, color=colour, fontsize=SMALL, ha="left")
        _enter(axes, (x - 3.25, y + dy), places[HEAR[:1]], colour)
    _enter(axes, (x - 3.25, y - 1.6), places[HEAR[1:]], *INPUTS[:2])
    _text(axes, (x - 3.75, y - 1.6), "context", ha="right", fontsize=SMALL)
    _text(axes, (x - 1.8, y + 1.95), r"$W_{\mathrm{in}}$")
    _read_out(axes, places[READ_OUT], sink)
    _outputs(axes, sink, (Level("+", 0.9, 0.32), Level("\N{MINUS SIGN}", -0.9, -0.3)), y)


def _disc(axes: Axes, centre, units: Units, *, recurrent: str, spiking: bool) -> np.ndarray:
    """A recurrent network: units in a grey disc, who drives whom, the name of the weights. Returns
    the units' places (n, 2)."""
    face = "white" if spiking else GREY
    disc = Circle(centre, RADIUS, facecolor=face, edgecolor="0.6", linewidth=0.8, zorder=1)
    axes.add_patch(disc)
    places = np.asarray(centre) + RADIUS * np.array(PLACES)
    for (source, target), inhibits in zip(DRIVES, units.inhibits, strict=True):
        _drive(axes, places[source], places[target], units.colours[source], UNIT, inhibits=inhibits)
    for place, colour in zip(places, units.colours, strict=True):
        _unit(axes, place, colour, UNIT, spiking=spiking)
    _text(axes, (centre[0], centre[1] + RADIUS + 0.45), rf"$W_{{\mathrm{{{recurrent}}}}}$")
    return places


def _enter(axes: Axes, node, units, *colours: str) -> None:
    """An input node and its arrows to the units that hear it."""
    for place in units:
        way = place - node
        end = place - 1.25 * UNIT * way / np.hypot(*way)
        _arrow(axes, node, end, LINE, linewidth=0.6, zorder=1.5)
    _node(axes, node, *colours)


def _read_out(axes: Axes, units, node) -> None:
    """The output node, and lines to it from the units that are read out."""
    for place in units:
        _arrow(axes, place, node, LINE, style=LINE_ALONE, zorder=1.5, linewidth=0.6)
    _node(axes, node, OUTPUTS[0])
    _text(axes, (node[0], node[1] + 0.95), r"$W_{\mathrm{out}}$")


class Level(NamedTuple):
    """Where an output goes: its name, its level, and the height of the name above it."""

    name: str
    level: float
    above: float


def _outputs(axes: Axes, node, levels: Sequence[Level], base: float) -> None:
    """Output curves that leave the base line for their levels."""
    t = np.linspace(0, 1.5, 60)
    x, _ = node
    for (name, level, above), colour in zip(levels, OUTPUTS, strict=False):
        y = base + level / (1 + np.exp(-(t - 0.6) / 0.1))
        axes.plot(x + 0.55 + t, y, color=colour, linewidth=1.1)
        at = (x + 2.05, base + level + above)
        _text(axes, at, name, color=colour, ha="right", fontsize=SMALL)


# What they are made of ----------------------------------------------------------------------------


def _blank(axes: Axes, width: float, height: float) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")


def _ground(axes: Axes, y: float, colour: str, width: float = 10.3) -> None:
    """The coloured ground of one network, round the height y."""
    box = FancyBboxPatch((0.15, y - 2.8), width, 5.6, boxstyle="round,pad=0,rounding_size=0.4")
    box.set(facecolor=pale(colour, 0.14), edgecolor="none", zorder=0)
    axes.add_patch(box)


def _text(axes: Axes, at: Sequence[float], text: str, **style) -> None:
    usual = {"fontsize": FONT_SIZE, "ha": "center", "va": "center", "color": LINE, "zorder": 6}
    axes.text(*at, text, **(usual | style))


def _arrow(
    axes: Axes,
    start,
    end,
    colour: str,
    *,
    style: str = ARROW,
    scale: float = 6,
    bend: float = 0.0,
    linewidth: float = 0.8,
    zorder: float = 3,
    linestyle="-",
) -> None:
    patch = FancyArrowPatch(
        start,
        end,
        color=colour,
        arrowstyle=style,
        connectionstyle=f"arc3,rad={bend}",
        mutation_scale=scale,
        linewidth=linewidth,
        zorder=zorder,
        linestyle=linestyle,
        shrinkA=0,
        shrinkB=0,
        capstyle="butt",
        joinstyle="miter",
    )
    axes.add_patch(patch)


def _drive(
    axes: Axes,
    start,
    end,
    colour: str,
    radius: float,
    *,
    inhibits: bool,
    bend: float = 0.0,
    scale: float = 5,
) -> None:
    """From the edge of one unit to the edge of another: an arrow that excites, or a bar that
    inhibits."""
    start = np.asarray(start, float)
    end = np.asarray(end, float)
    way = (end - start) / np.hypot(*(end - start))
    style = INHIBITS if inhibits else EXCITES
    gap = 1.25 * radius if inhibits else 1.05 * radius  # the bar stands off the unit it inhibits
    _arrow(axes, start + radius * way, end - gap * way, colour, style=style, scale=scale, bend=bend)


def _unit(axes: Axes, at, colour: str, radius: float, *, spiking: bool = False) -> None:
    """A rate unit is filled, a spiking unit has a dashed outline."""
    unit = Circle(at, radius, edgecolor=colour, linewidth=0.9, zorder=4)
    unit.set_facecolor(pale(colour, 0.25) if spiking else colour)
    unit.set_linestyle((0, (2, 1.2)) if spiking else "-")
    axes.add_patch(unit)


def _node(axes: Axes, at, *colours: str) -> None:
    """A node of input or output; halves of two colours for the context."""
    part = 360 / len(colours)
    for i, colour in enumerate(colours):
        first = 90 + i * part
        last = 90 + (i + 1) * part
        axes.add_patch(Wedge(at, 0.36, first, last, facecolor=colour, edgecolor="none", zorder=4))
