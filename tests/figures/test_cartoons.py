"""The schematics: what stands in them, the same every time, in axes of any size."""

import inspect

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from rate2spike import plotting
from rate2spike.figures import cartoons

SCHEMATICS = [
    f
    for name, f in vars(cartoons).items()
    if inspect.isfunction(f) and f.__module__ == cartoons.__name__ and name[0] != "_"
]


def drawn(schematic, width: float = 2.0, height: float = 2.0):
    with matplotlib.rc_context(plotting.STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        schematic(axes)
        figure.draw_without_rendering()
    return axes


def units(axes) -> list[Circle]:
    size = cartoons.UNIT
    return [p for p in axes.patches if isinstance(p, Circle) and p.radius == size]


@pytest.mark.parametrize("schematic", SCHEMATICS)
def test_everything_stays_inside(schematic):
    axes = drawn(schematic)
    assert not axes.axison
    assert axes.get_aspect() == 1
    whole = axes.figure.bbox.padded(1)
    for artist in [*axes.texts, *axes.patches, *axes.lines]:
        box = artist.get_window_extent()
        assert whole.x0 <= box.x0 <= box.x1 <= whole.x1, artist
        assert whole.y0 <= box.y0 <= box.y1 <= whole.y1, artist


@pytest.mark.parametrize("schematic", SCHEMATICS)
def test_words_do_not_overlap(schematic):
    boxes = [text.get_window_extent() for text in drawn(schematic, 2.4, 2.6).texts]
    for i, box in enumerate(boxes):
        for other in boxes[:i]:
            assert not box.overlaps(other)


@pytest.mark.parametrize("schematic", SCHEMATICS)
def test_same_every_time(schematic):
    first, second = (drawn(schematic) for _ in range(2))
    for a, b in zip(first.patches, second.patches, strict=True):
        assert np.array_equal(a.get_path().vertices, b.get_path().vertices)


def test_spiking_units_have_dashed_outlines():
    filled, dashed = (
        units(drawn(s)) for s in (cartoons.rate_go_nogo, cartoons.spiking_integration)
    )
    assert len(filled) == len(dashed) == len(cartoons.PLACES)
    assert {p.get_linestyle() for p in filled} == {"-"}
    assert "-" not in [p.get_linestyle() for p in dashed]
    assert len(units(drawn(cartoons.rate_to_spiking))) == 2 * len(cartoons.PLACES)


def test_colours_of_the_units():
    black = units(drawn(cartoons.spiking_no_dale))
    assert all(same_color(p.get_edgecolor(), plotting.NO_DALE) for p in black)
    with_sst = units(drawn(cartoons.spiking_sst))
    assert sum(same_color(p.get_edgecolor(), plotting.SST) for p in with_sst) == 1


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
