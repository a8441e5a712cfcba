"""One look for every figure: legible, quiet, and told apart by colour-blind readers."""

from __future__ import annotations

import sys
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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

    In a notebook, the text that stands for a figure where it can't be seen then says what :func:`describe` does.

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
    IPython = sys.modules.get("IPython")  # outside a notebook there is no need to load it
    if IPython and (shell := IPython.get_ipython()):
        import matplotlib.pyplot as plt

        plt.switch_backend(
            mpl.get_backend()
        )  # loaded later, the notebook's backend would forget what follows
        shell.display_formatter.formatters["text/plain"].for_type(Figure, _print_description)


def _print_description(figure: Figure, printer: Any, _cycle: bool) -> None:
    printer.text(describe(figure))


def describe(figure: Figure) -> str:
    """What a figure shows, in words made of its titles, labels and legends: its alternative text.

    Parameters
    ----------
    figure
        A drawn figure.

    Returns
    -------
    str
        A sentence for each panel; panels that say nothing of themselves are counted.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> _ = ax.plot([0, 1], [1, 0], label="training")
    >>> _ = ax.set(title="The loss falls", xlabel="epoch", ylabel="loss")
    >>> _ = ax.legend()
    >>> describe(fig)
    'The loss falls: loss against epoch; training.'
    >>> plt.close(fig)
    """
    seen = [ax for ax in figure.axes if ax.get_visible()]
    told = [text for ax in seen if (text := _describe_panel(ax))]
    silent = sum(ax.has_data() for ax in seen) - len(told)
    if silent > 0:
        told.append(f"{silent} {'more ' if told else ''}{'pictures' if silent > 1 else 'picture'}")
    title = [_plain(figure.get_suptitle())] if figure.get_suptitle() else []
    return (
        " ".join(f"{text.rstrip('.:')}." for text in title + list(dict.fromkeys(told))) or "An empty figure."
    )


def _describe_panel(ax: Axes) -> str:
    """Title, what is drawn against what, and the names in the legend."""
    title = next((text for side in ("left", "center", "right") if (text := ax.get_title(loc=side))), "")
    x, y = ax.get_xlabel(), ax.get_ylabel()
    axes = f"{y} against {x}" if x and y else x or y
    legend = ax.get_legend()
    names = ", ".join(text.get_text() for text in legend.get_texts()) if legend else ""
    return _plain(": ".join(filter(None, (title, "; ".join(filter(None, (axes, names)))))))


def _plain(text: str) -> str:
    return " ".join(text.replace("$", "").replace(r"^\top", "ᵀ").split())
