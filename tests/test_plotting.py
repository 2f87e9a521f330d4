"""The look of the figures: shades, the paper's colours, and a style that no setting of a user
changes."""

import matplotlib
import pytest
from matplotlib.colors import to_hex, to_rgb

from rate2spike import plotting


def test_a_pale_colour_is_the_colour_on_white():
    assert plotting.pale("black", 0.0) == "#ffffff"
    assert plotting.pale("#0071b4", 1.0) == "#0071b4"
    assert plotting.pale("black", 0.2) == "#cccccc"
    assert plotting.pale("#ff0000", 0.6) == "#ff6666"
    assert plotting.pale("black") == "#8c8c8c"  # a strength of 0.45


def test_shades_go_from_dark_to_pale_in_even_steps():
    palest = plotting.pale(plotting.SPIKING, 0.6)
    assert plotting.shade(0, 1) == plotting.shade(0, 5) == "#00236e"
    assert [plotting.shade(n - 1, n) for n in (2, 3, 9)] == [palest] * 3
    middle = (to_rgb(plotting.shade(0, 3))[0] + to_rgb(palest)[0]) / 2
    assert to_rgb(plotting.shade(1, 3))[0] == pytest.approx(middle, abs=1 / 255)


def test_the_papers_colours_are_those_of_what_they_stand_for():
    """Red or blue: a figure in the colours of the others would say the opposite."""

    def is_red(colour):
        red, _, blue = to_rgb(colour)
        return red > 1.5 * blue

    assert is_red(plotting.RATE)
    assert not is_red(plotting.SPIKING)
    assert is_red(plotting.EXCITATORY)
    assert not is_red(plotting.INHIBITORY)
    go, nogo = plotting.TRAJECTORIES[:2]
    assert is_red(go)
    assert not is_red(nogo)
    first, second = (sum(to_rgb(colour)) for colour in plotting.OUTPUTS[:2])
    assert first < second  # the first label is drawn dark
    green, magenta = (to_rgb(colour) for colour in plotting.INPUTS[:2])
    assert green[1] == max(green)
    assert magenta[1] == min(magenta)
    colours = [to_hex(colour) for colour in plotting.OUTPUTS + plotting.INPUTS]
    assert len(set(colours)) == len(colours)


def test_a_users_settings_play_no_part_and_come_back(monkeypatch, tmp_path):
    """Neither those of the moment nor those of a matplotlibrc."""
    monkeypatch.setitem(matplotlib.rcParamsOrig, "lines.marker", "o")
    with matplotlib.rc_context({"lines.marker": "x", "axes.grid": True, "font.size": 20}):
        before = dict(matplotlib.rcParams)
        with plotting.in_style():
            drawn = matplotlib.rcParams
            found = drawn["lines.marker"], drawn["axes.grid"], drawn["font.size"]
            assert found == ("None", False, 8)
            assert drawn["pdf.fonttype"] == 42  # text stays text
            matplotlib.rcParams["axes.grid"] = True
        assert dict(matplotlib.rcParams) == before
        with pytest.raises(ZeroDivisionError), plotting.in_style():
            raise ZeroDivisionError
        assert dict(matplotlib.rcParams) == before
