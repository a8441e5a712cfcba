"""The map of the course: which topic leads to which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.progress.overview import progress
from course_utils.progress.topics import Topic, load_topics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOOK = {  # mark, edge, line: of a topic that is done, begun, or neither
    "done": ("✓", "#009E73", "-"),
    "begun": ("◐", "#0072B2", "--"),
}


def draw_map(folder: str | Path = ".") -> Figure:
    """Draw what each topic needs, and mark what has passed in the notebooks of a folder.

    Parameters
    ----------
    folder
        Where the notebooks are.
    """
    import matplotlib.pyplot as plt

    topics = load_topics()
    places = _places(topics)
    shown = progress(folder)
    fig, ax = plt.subplots(figsize=(10, 4.6))
    for name, (x, y) in places.items():
        state = shown.state(topics[name]) if shown is not None else ""
        mark, colour, line = _LOOK.get(state, ("", "0.45", "-"))
        ax.annotate(
            f"{topics[name].number} {mark}\n{topics[name].title}".replace(" and ", "\nand "),
            (x, y),
            ha="center",
            va="center",
            fontsize=10,
            zorder=3,
            bbox={
                "boxstyle": "round,pad=0.5",
                "fc": "white",
                "ec": colour,
                "ls": line,
                "lw": 2.5 if mark else 1.2,
            },
        )
    for name, before in _arrows(topics):
        ax.annotate(
            "",
            places[name],
            places[before],
            zorder=1,
            arrowprops={"arrowstyle": "-|>", "color": "0.45", "shrinkA": 34, "shrinkB": 40, "lw": 1.4},
        )
    ax.set(
        xlim=(-0.5, max(x for x, _ in places.values()) + 0.5),
        ylim=(-0.6, max(y for _, y in places.values()) + 0.6),
        title="An arrow leads from what you need to what needs it; ✓ done, ◐ begun",
    )
    ax.set_axis_off()
    return fig


def _arrows(topics: dict[str, Topic]) -> list[tuple[str, str]]:
    """Each topic with each that it needs, less what follows from the others."""
    behind = {name: _all_needs(topics, topic) for name, topic in topics.items()}
    return [
        (name, before)
        for name, topic in topics.items()
        for before in topic.needs
        if not any(before in behind[other] for other in topic.needs)
    ]


def _all_needs(topics: dict[str, Topic], topic: Topic) -> set[str]:
    return set(topic.needs).union(*(_all_needs(topics, topics[name]) for name in topic.needs))


def _places(topics: dict[str, Topic]) -> dict[str, tuple[float, float]]:
    """Where each topic that has a neighbour stands: a step to the right of the last that it needs."""
    used = {name for arrow in _arrows(topics) for name in arrow}
    depth: dict[str, int] = {}
    for name, topic in topics.items():
        depth[name] = 1 + max((depth[before] for before in topic.needs), default=-1)
    columns = [
        [name for name in topics if depth[name] == k and name in used] for k in range(max(depth.values()) + 1)
    ]
    tallest = max(map(len, columns))
    return {
        name: (x, (tallest - 1) / 2 + ((len(column) - 1) / 2 - i) * (tallest - 0.4) / len(column))
        for x, column in enumerate(columns)
        for i, name in enumerate(column)
    }
