"""The map of the course: which topic leads to which."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.plotting import PALETTE
from course_utils.progress.overview import progress
from course_utils.progress.topics import Topic, load_topics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKS = {"done": "✓", "begun": "◐"}


def draw_map(folder: str | Path = ".") -> Figure:
    """Draw which topic leads to which, and mark what has passed in the notebooks of a folder.

    Parameters
    ----------
    folder
        Where the notebooks are.
    """
    import matplotlib.pyplot as plt

    topics, shown = load_topics(), progress(folder)
    arrows = _arrows(topics)
    rows = [name for name in topics if any(name in arrow for arrow in arrows)]
    looks = dict(zip(rows, cycle(PALETTE.values()), strict=False))
    fig, ax = plt.subplots(figsize=(8, 0.45 * len(rows) + 0.6))
    for row, name in enumerate(rows):
        topic = topics[name]
        state = shown.state(topic) if shown is not None else ""
        needs = ", ".join(topics[before].number for before in topic.needs)
        ax.plot(0, row, "o", ms=13, mfc="white", mec=looks[name], mew=2, zorder=3)
        ax.text(0, row, _MARKS.get(state, ""), ha="center", va="center", zorder=4)
        ax.text(0.25, row, f"{topic.number} {topic.title}", va="center", weight="bold")
        ax.text(3.1, row, f"needs {needs}" if needs else "needs none of the others", va="center", color="0.3")
    for before, name in arrows:
        ax.annotate(
            "",
            (0, rows.index(name)),
            (0, rows.index(before)),
            arrowprops={
                "arrowstyle": "-|>",
                "color": looks[before],
                "connectionstyle": "arc3,rad=0.55",
                "shrinkA": 8,
                "shrinkB": 8,
                "lw": 1.6,
            },
        )
    ax.set(
        xlim=(-1.8, 4.6),
        ylim=(len(rows) - 0.4, -0.6),
        title="An arrow leads from a topic to one that needs it (✓ done, ◐ begun)",
    )
    ax.set_axis_off()
    return fig


def _arrows(topics: dict[str, Topic]) -> list[tuple[str, str]]:
    """From each topic to each that needs it, less what follows from the others."""
    behind = {name: _all_needs(topics, topic) for name, topic in topics.items()}
    return [
        (before, name)
        for name, topic in topics.items()
        for before in topic.needs
        if not any(before in behind[other] for other in topic.needs)
    ]


def _all_needs(topics: dict[str, Topic], topic: Topic) -> set[str]:
    return set(topic.needs).union(*(_all_needs(topics, topics[name]) for name in topic.needs))
