"""The schematics: each is drawn, the same every time, and follows the motif that it shows."""

import inspect

import numpy as np
import pytest
from matplotlib.figure import Figure

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
