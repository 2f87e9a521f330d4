"""The schematics: each is drawn, the same every time, and follows the motif that it shows."""

import inspect
import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from rate2spike import plotting
from rate2spike.figures import cartoons

SCHEMATICS = [
    f
    for name, f in vars(cartoons).items()
    if inspect.isfunction(f) and f.__module__ == cartoons.__name__ and name[0] != "_"
]


def drawn(schematic):
    with plotting.in_style():
        figure = Figure(figsize=(2, 2))
        axes = figure.add_axes((0, 0, 1, 1))
        schematic(axes)
        figure.draw_without_rendering()
    return axes


@pytest.mark.parametrize("schematic", SCHEMATICS)
def test_every_schematic_is_drawn(schematic):
    assert drawn(schematic).patches


@pytest.mark.parametrize("schematic", SCHEMATICS)
def test_same_every_time(schematic):
    first, second = (drawn(schematic) for _ in range(2))
    for a, b in zip(first.patches, second.patches, strict=True):
        assert np.array_equal(a.get_path().vertices, b.get_path().vertices)


def test_drives_follow_the_motif():
    """No inhibitory unit drives an SST unit; with Dale's principle a unit excites or inhibits,
    without one does both."""
    colour_of = cartoons.WITH_SST.colours
    for source, target in cartoons.DRIVES:
        assert colour_of[target] != plotting.SST or colour_of[source] == plotting.EXCITATORY
    for network, most in ((cartoons.DALE, 1), (cartoons.WITHOUT_DALE, 2)):
        does = {}
        for (source, _), inhibits in zip(cartoons.DRIVES, network.inhibits, strict=True):
            does.setdefault(source, set()).add(inhibits)
        assert max(map(len, does.values())) == most


@pytest.mark.parametrize("schematic", SCHEMATICS)
def test_what_inhibits_ends_in_a_bar_and_what_excites_in_an_arrow(schematic):
    """By the colour of the unit; a unit without Dale's principle does both."""
    ends = {}
    for patch in drawn(schematic).patches:
        if isinstance(patch, FancyArrowPatch):
            end = type(patch.get_arrowstyle()).__name__
            ends.setdefault(to_hex(patch.get_edgecolor()), set()).add(end)
    arrow, bar = {"CurveFilledB"}, {"BracketB"}
    wanted = {plotting.EXCITATORY: arrow, plotting.INHIBITORY: bar, plotting.SST: bar}
    wanted |= {to_hex(plotting.NO_DALE): arrow | bar}
    units = {colour: kinds for colour, kinds in ends.items() if colour in wanted}
    assert units
    for colour, kinds in units.items():
        assert kinds == wanted[colour]


def test_words_of_the_schematics():
    """The weights by the name of the network, which weights are scaled, which answer goes up."""
    weights = {
        cartoons.rate_go_nogo: ["rate"],
        cartoons.rate_to_spiking: ["LIF", "rate"],
        cartoons.rate_integration: ["rate"],
        cartoons.spiking_integration: ["QIF"],
        cartoons.spiking_sst: ["LIF"],
        cartoons.spiking_no_dale: ["LIF"],
    }
    for schematic, networks in weights.items():
        words = drawn(schematic).texts
        names = [re.findall(r"mathrm\{(\w+)\}", text.get_text()) for text in words]
        found = {name for of_text in names for name in of_text}
        assert found == {"in", "out", *networks}
        height = {text.get_text(): text.get_position()[1] for text in words}
        up, down = ("Go", "NoGo") if "Go" in height else ("+", "\N{MINUS SIGN}")
        assert height[up] > height[down]
    changes = [text for text in drawn(cartoons.rate_to_spiking).texts if text.get_text()[0] in "s×"]
    changes.sort(key=lambda text: text.get_position()[0])
    assert [text.get_text() for text in changes] == ["same", "× λ", "× λ"]  # inputs at the left
