"""One look for every figure: legible, quiet, and told apart by colour-blind readers."""

from __future__ import annotations

import matplotlib as mpl
from cycler import cycler

# Okabe and Ito, "Color universal design" (2008); the yellow is left out, for it vanishes on white.
PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "sky": "#56B4E9",
    "pink": "#CC79A7",
    "black": "#000000",
}
LINE_STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1))]


def use_course_style() -> None:
    """Set matplotlib's defaults for the notebooks; every line differs in colour and in dashes.

    Examples
    --------
    >>> use_course_style()
    >>> mpl.rcParams["axes.spines.top"]
    False
    """
    mpl.rcParams.update(
        {
            "figure.figsize": (7, 4),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "axes.prop_cycle": cycler(color=list(PALETTE.values())) + cycler(linestyle=LINE_STYLES),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "axes.labelsize": 11,
            "grid.alpha": 0.25,
            "legend.frameon": False,
            "lines.linewidth": 2,
            "lines.markersize": 5,
            "image.cmap": "cividis",
            "font.size": 11,
        }
    )
