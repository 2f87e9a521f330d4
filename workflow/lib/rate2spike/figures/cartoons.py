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

LINE, GREY, FONT_SIZE, SMALL = "0.25", "0.92", 6.5, 6
RADIUS, UNIT = 1.95, 0.31  # of a network's disc and of its units
HEAR, READ_OUT = [0, 6], [2, 3, 4]  # units that hear the inputs, units that are read out

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


EXC, INH, BY_DALE = EXCITATORY, INHIBITORY, [source in (2, 5, 7) for source, _ in DRIVES]
DALE = Units([EXC, EXC, INH, EXC, EXC, INH, EXC, INH], BY_DALE)
WITH_SST = Units([EXC, EXC, INH, EXC, EXC, INH, EXC, SST], BY_DALE)
WITHOUT_DALE = Units(
    [NO_DALE] * len(PLACES), [i % 2 == 0 for i in range(len(DRIVES))]
)  # one unit does both


def rate_go_nogo(axes: Axes) -> None:
    """Fig. 1A: a pulse drives a rate network, whose output rises in Go trials and stays flat in
    NoGo trials."""
    _blank(axes, 10.6, 5.6)
    _go_nogo(axes, (5.3, 2.6), DALE, recurrent="rate")


def rate_to_spiking(axes: Axes) -> None:
    """Fig. 2A: the rate network above, the spiking network made from it below; recurrent and
    readout weights times lambda."""
    _blank(axes, 10.6, 13.2)
    for y, colour, recurrent, dy in ((10.1, RATE, "rate", 2.45), (2.8, SPIKING, "LIF", -2.15)):
        _ground(axes, y + 0.15, colour)
        _text(axes, (0.45, y + dy), f"{recurrent} RNN", color=colour, ha="left", fontweight="bold")
        _go_nogo(axes, (5.3, y), DALE, recurrent=recurrent, spiking=recurrent == "LIF")
    for x, top, foot, words in (
        (2.45, 9.5, 4.3, "same"),
        (5.3, 8.0, 5.55, "× λ"),
        (8.15, 9.5, 4.3, "× λ"),
    ):
        _arrow(axes, (x, top), (x, foot), LINE, linestyle=(0, (3, 2)))
        _text(axes, (x + 0.2, 6.55), words, ha="left", fontsize=SMALL)


def spiking_sst(axes: Axes) -> None:
    """Fig. S3B: a spiking network with SST units (yellow) among the inhibitory ones."""
    _spiking_go_nogo(axes, WITH_SST)


def spiking_no_dale(axes: Axes) -> None:
    """Fig. S4A: a spiking network whose units both excite and inhibit."""
    _spiking_go_nogo(axes, WITHOUT_DALE)


def rate_integration(axes: Axes) -> None:
    """Fig. 3A: two noisy inputs and a context that says which of them to follow; the output says
    its sign."""
    _blank(axes, 11.3, 5.8)
    _integration(axes, (6.2, 2.75), recurrent="rate")


def spiking_integration(axes: Axes) -> None:
    """Fig. S7A: the task of Fig. 3A and a spiking network."""
    _blank(axes, 11.3, 5.8)
    _ground(axes, 2.9, SPIKING, width=11)
    _integration(axes, (6.2, 2.75), recurrent="QIF", spiking=True)


def motif_sst(axes: Axes) -> None:
    """Fig. S3A: SST units inhibit PYR and PV units, which drive each other and themselves; only PYR
    units drive SST units."""
    _blank(axes, 7.4, 5.6)
    radius, places = 0.78, {"SST": (3.7, 4.6), "PYR": (1.9, 1.3), "PV": (5.5, 1.3)}
    colours = {"SST": SST, "PYR": EXCITATORY, "PV": INHIBITORY}
    for name, place in places.items():
        _unit(axes, place, colours[name], radius)
        _text(axes, place, name, color="black" if name == "SST" else "white", fontweight="bold")
    for source, target, aside in (
        ("SST", "PYR", 0.2),
        ("PYR", "SST", 0.2),
        ("SST", "PV", 0),
        ("PYR", "PV", 0.2),
        ("PV", "PYR", 0.2),
    ):
        start, end = np.array(places[source]), np.array(places[target])
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
        ends = [(places[name][0] + 0.8 * side, places[name][1] + dy) for dy in (0.5, -0.5)]
        _drive(axes, *ends, colours[name], 0.06, inhibits=name == "PV", scale=8, bend=-2.2 * side)


def _spiking_go_nogo(axes: Axes, units: Units) -> None:
    _blank(axes, 10.6, 5.8)
    _ground(axes, 2.9, SPIKING)
    _go_nogo(axes, (5.3, 2.75), units, recurrent="LIF", spiking=True)


def _blank(axes: Axes, width: float, height: float) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")


def _ground(axes: Axes, y: float, colour: str, width: float = 10.3) -> None:
    """The coloured ground of one network, round the height y."""
    box = FancyBboxPatch((0.15, y - 2.8), width, 5.6, boxstyle="round,pad=0,rounding_size=0.4")
    box.set(facecolor=pale(colour, 0.14), edgecolor="none", zorder=0)
    axes.add_patch(box)


def _text(axes: Axes, at: Sequence[float], words: str, **style) -> None:
    axes.text(
        *at,
        words,
        **{"fontsize": FONT_SIZE, "ha": "center", "va": "center", "color": LINE, "zorder": 6}
        | style,
    )


def _arrow(
    axes: Axes,
    start,
    end,
    colour: str,
    *,
    style: str = "-|>",
    scale: float = 6,
    bend: float = 0.0,
    **more,
) -> None:
    more = {
        "linewidth": 0.8,
        "zorder": 3,
        "shrinkA": 0,
        "shrinkB": 0,
        "capstyle": "butt",
        "joinstyle": "miter",
    } | more
    shape = {"arrowstyle": style, "connectionstyle": f"arc3,rad={bend}", "mutation_scale": scale}
    axes.add_patch(FancyArrowPatch(start, end, color=colour, **shape, **more))


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
    start, end = np.asarray(start, float), np.asarray(end, float)
    way = (end - start) / np.hypot(*(end - start))
    style = "-[,widthB=0.42,lengthB=0" if inhibits else "-|>,head_length=0.35,head_width=0.18"
    gap = 1.25 * radius if inhibits else 1.05 * radius  # the bar stands off the unit it inhibits
    _arrow(axes, start + radius * way, end - gap * way, colour, style=style, scale=scale, bend=bend)


def _unit(axes: Axes, at, colour: str, radius: float, *, spiking: bool = False) -> None:
    """A rate unit is filled, a spiking unit has a dashed outline."""
    face = pale(colour, 0.25) if spiking else colour
    axes.add_patch(
        Circle(
            at,
            radius,
            facecolor=face,
            edgecolor=colour,
            linewidth=0.9,
            linestyle=(0, (2, 1.2)) if spiking else "-",
            zorder=4,
        )
    )


def _node(axes: Axes, at, *colours: str) -> None:
    """A node of input or output; halves of two colours for the context."""
    part = 360 / len(colours)
    for i, colour in enumerate(colours):
        axes.add_patch(
            Wedge(
                at,
                0.36,
                90 + i * part,
                90 + (i + 1) * part,
                facecolor=colour,
                edgecolor="none",
                zorder=4,
            )
        )


def _disc(axes: Axes, centre, units: Units, *, recurrent: str, spiking: bool) -> np.ndarray:
    """A recurrent network: units in a grey disc, who drives whom, the name of the weights. Returns
    the units' places (n, 2)."""
    axes.add_patch(
        Circle(
            centre,
            RADIUS,
            facecolor="white" if spiking else GREY,
            edgecolor="0.6",
            linewidth=0.8,
            zorder=1,
        )
    )
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
        _arrow(
            axes, node, place - 1.25 * UNIT * way / np.hypot(*way), LINE, linewidth=0.6, zorder=1.5
        )
    _node(axes, node, *colours)


def _read_out(axes: Axes, units, node) -> None:
    for place in units:
        _arrow(axes, place, node, LINE, style="-", zorder=1.5, linewidth=0.6)
    _node(axes, node, OUTPUTS[0])
    _text(axes, (node[0], node[1] + 0.95), r"$W_{\mathrm{out}}$")


def _go_nogo(axes: Axes, centre, units: Units, *, recurrent: str, spiking: bool = False) -> None:
    """Pulse, input node, network, output node and the two outputs."""
    (x, y), (source, sink) = centre, [(centre[0] + dx, centre[1]) for dx in (-2.85, 2.85)]
    places = _disc(axes, centre, units, recurrent=recurrent, spiking=spiking)
    _enter(axes, source, places[HEAR], INPUTS[0])
    _text(axes, (source[0], y + 0.95), r"$W_{\mathrm{in}}$")
    _read_out(axes, places[READ_OUT], sink)
    pulse = np.array([[0, 0.5, 0.5, 0.95, 0.95, 1.5], [0, 0, 1, 1, 0, 0]])
    axes.plot(
        x - 4.95 + pulse[0],
        y - 0.15 + pulse[1],
        color=INPUTS[0],
        linewidth=1.1,
        solid_joinstyle="miter",
    )
    _text(axes, (x - 4.22, y + 1.25), "u", color=INPUTS[0], fontstyle="italic")
    _outputs(axes, sink, (("Go", 0.95, 0.32), ("NoGo", 0.0, -0.42)), y - 0.15)
    for start in (x - 4.95, sink[0] + 0.55):
        _arrow(axes, (start, y - 1.1), (start + 1.5, y - 1.1), "0.5", linewidth=0.6, scale=5)
        _text(axes, (start + 0.75, y - 1.5), "time", color="0.5", fontsize=SMALL)


def _outputs(axes: Axes, node, levels: Sequence[tuple[str, float, float]], base: float) -> None:
    """Output curves that leave the base line for their levels: name, level, height of the name
    above it."""
    t = np.linspace(0, 1.5, 60)
    for (name, level, above), colour in zip(levels, OUTPUTS, strict=False):
        axes.plot(
            node[0] + 0.55 + t,
            base + level / (1 + np.exp(-(t - 0.6) / 0.1)),
            color=colour,
            linewidth=1.1,
        )
        _text(
            axes,
            (node[0] + 2.05, base + level + above),
            name,
            color=colour,
            ha="right",
            fontsize=SMALL,
        )


def _integration(axes: Axes, centre, *, recurrent: str, spiking: bool = False) -> None:
    """Two noisy inputs, the context, the network, and the output that goes up or down."""
    (x, y), sink = centre, (centre[0] + 2.75, centre[1])
    places = _disc(axes, centre, DALE, recurrent=recurrent, spiking=spiking)
    noise = np.array([0.1, -0.5, 0.3, 0.6, -0.3, 0.0, 0.5, -0.6, 0.2, -0.1, 0.6, -0.4, 0.3, -0.2])
    for i, dy in enumerate((1.4, -0.2)):
        axes.plot(
            np.linspace(x - 5.8, x - 3.75, 14),
            y + dy + 0.4 * np.roll(noise, 5 * i),
            color=INPUTS[i],
            linewidth=0.8,
        )
        _text(
            axes,
            (x - 5.8, y + dy + 0.72),
            f"modality {i + 1} (±)",
            color=INPUTS[i],
            fontsize=SMALL,
            ha="left",
        )
        _enter(axes, (x - 3.25, y + dy), places[HEAR[:1]], INPUTS[i])
    _enter(axes, (x - 3.25, y - 1.6), places[HEAR[1:]], *INPUTS[:2])
    _text(axes, (x - 3.75, y - 1.6), "context", ha="right", fontsize=SMALL)
    _text(axes, (x - 1.8, y + 1.95), r"$W_{\mathrm{in}}$")
    _read_out(axes, places[READ_OUT], sink)
    _outputs(axes, sink, (("+", 0.9, 0.32), ("\N{MINUS SIGN}", -0.9, -0.3)), y)
