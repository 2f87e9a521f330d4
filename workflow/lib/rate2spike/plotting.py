"""The look of every figure: the paper's colours, sizes and fonts. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb

# The paper's colours (fill values in its PDF); output colours beyond two answers are ours.
RATE = "#ff417c"
SPIKING = "#0071b4"
EXCITATORY = "#d7191c"
INHIBITORY = "#0071b4"
SST = "#f0b400"
NO_DALE = "black"
OUTPUTS = ("#9f10a3", "#a2a7e6", "#e08214", "#4d9221", "#8c510a", "#35978f")
TRAJECTORIES = ("#d7191c", "#0071b4", *OUTPUTS[2:])  # Fig. S2: Go red, NoGo blue
INPUTS = ("#00b064", "#d6218f", "#7f7f7f", "#b8860b")  # modality 1 green, modality 2 magenta
STIMULUS = "#dcf0d6"
HISTOGRAM = "#404040"
NOTE = "#404040"
PUBLISHED = "0.45"
PUBLISHED_OUTLINE = "0.7"  # error bars and outlines of published values
HEAT_MAP = "cividis"  # blue to yellow, as the paper's, and the same to colour-blind eyes

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same figure on every machine
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,  # embedded TrueType: text stays text
    "grid.color": "0.85",  # the walls of the 3-D plots
    "grid.linewidth": 0.5,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}


def use_style() -> None:
    """Set the style of the figures of the workflow for all that is drawn from now on.

    It starts from matplotlib's own defaults, so that a `matplotlibrc` of the user (markers, grids,
    LaTeX) plays no part: the same figure on every machine.
    """
    matplotlib.rcdefaults()  # not rc_file_defaults, which are the user's
    matplotlib.rcParams.update(STYLE)


@contextmanager
def in_style() -> Iterator[None]:
    """Draw in the style of the figures of the workflow; afterwards all settings are as before."""
    with matplotlib.rc_context():
        use_style()
        yield


def pale(colour: str, strength: float = 0.45) -> str:
    """The colour on white paper at that strength.

    Parameters
    ----------
    colour
        Any colour that matplotlib knows.
    strength
        From 0 (white) to 1 (the colour itself).

    Returns
    -------
    str
        The colour as "#rrggbb".
    """
    return to_hex(1 - strength * (1 - np.array(to_rgb(colour))))


def shade(i: int, n: int) -> str:
    """The i-th of n shades of the spiking networks' blue, dark to pale.

    Parameters
    ----------
    i
        Which shade, from 0.
    n
        How many shades there are; one shade alone is the darkest.

    Returns
    -------
    str
        The colour as "#rrggbb".
    """
    dark = np.array(to_rgb("#00236e"))
    palest = np.array(to_rgb(pale(SPIKING, 0.6)))
    return to_hex(dark + (palest - dark) * i / max(n - 1, 1))
