"""The rubrics of written questions, as masters state them.

The solution of a written question is a text cell::

    **Rubric (4 points):** one point for each reason.

    - [2] *Small sample.* The average over few patients has a wide spread.
    - [2] *Leakage.* A feature knows the answer.

    Two versions of one reason count once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from autograder.build.masters import Question, master_path, questions, read_cells

MAX_ITEMS = 9  # each has a digit of the keyboard
_HEAD = re.compile(r"^\*\*Rubric \((?P<points>[\d.]+) points?\):\*\* *(?P<rest>.*)")
_ITEM = re.compile(
    r"^- \[(?P<points>-?\d+(?:\.\d+)?)\] +(?P<text>(?P<mark>\*{1,2})(?P<lead>[^*]+)(?P=mark).*)$"
)


@dataclass(frozen=True)
class Item:
    """One thing that an answer can earn points for.

    Parameters
    ----------
    lead
        What it is called: the words in italics or bold that it opens with, without the last full stop or colon.
    text
        It, in Markdown.
    points
        What it is worth; may be negative.
    """

    lead: str
    text: str
    points: float


@dataclass(frozen=True)
class Rubric:
    """How a written question is marked.

    Parameters
    ----------
    question, prompt
        Its name, and the text that students see.
    points
        What it is worth at most.
    head, notes
        What the rubric says before and after its items.
    items
        What earns points.
    """

    question: str
    prompt: str
    points: float
    head: str
    items: tuple[Item, ...]
    notes: str


def parse_rubric(question: Question) -> Rubric:
    """The rubric of a written question.

    Raises
    ------
    ValueError
        If there is none, or it isn't written as it should be; the message says how.
    """
    cells = [cell.source for cell in question.solution if _HEAD.match(cell.source)]
    if len(cells) != 1:
        raise ValueError("its solution is one text cell that opens with **Rubric (4 points):**")
    first, *lines = cells[0].split("\n")
    head = _HEAD.match(first)
    assert head is not None
    bullets = [number for number, line in enumerate(lines) if line.startswith("- ")]
    items = [_item(lines[number]) for number in bullets]
    if not 1 <= len(items) <= MAX_ITEMS:
        raise ValueError(f"its rubric has {len(items)} items; it needs one to {MAX_ITEMS}")
    if len({item.lead for item in items}) < len(items):
        raise ValueError("two items of its rubric open with the same words")
    if float(head["points"]) != question.points:
        raise ValueError(f"its rubric is for {head['points']} points, the question for {question.points}")
    if sum(max(item.points, 0.0) for item in items) < float(head["points"]):
        raise ValueError("all items of its rubric together are worth less than the question")
    return Rubric(
        question.name,
        "\n\n".join(cell.source for cell in question.text),
        float(head["points"]),
        "\n".join([head["rest"], *lines[: bullets[0]]]).strip(),
        tuple(items),
        "\n".join(lines[bullets[-1] + 1 :]).strip(),
    )


def _item(line: str) -> Item:
    if (match := _ITEM.match(line)) is None:
        raise ValueError(
            f"an item of its rubric reads “- [1] *Small sample.* …”, on one line, not “{line[:40]}”"
        )
    return Item(match["lead"].rstrip(".:, "), match["text"], float(match["points"]))


def rubrics(topic: str, root: Path) -> list[Rubric]:
    """The rubrics of the written questions of ``topic``, in order."""
    cells = read_cells(master_path(topic, root).read_text(encoding="utf-8"))
    return [parse_rubric(question) for question in questions(cells) if question.manual]
