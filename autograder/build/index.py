"""What the topics are, what each needs and what it asks for: read from the masters for ``course_utils.progress``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from autograder.build.lint import HEADING
from autograder.build.masters import Cell, master_path, questions, read_cells, topics

_TITLE = re.compile(r"^# \d\d · (.+)$", re.MULTILINE)
_NEEDS = re.compile(r"\*\*Needs:\*\*([^·]*)")


def index_path(root: Path) -> Path:
    """The file that the index is written to."""
    return root / "course_utils" / "progress" / "topics.json"


def describe(topic: str, root: Path) -> dict[str, Any]:
    """A topic's title, the topics that it needs, and its exercises with the minutes that each takes."""
    cells = read_cells(master_path(topic, root).read_text(encoding="utf-8"))
    text = "\n".join(cell.source for cell in cells if cell.kind == "markdown")
    needs = _NEEDS.search(text)
    numbers = re.findall(r"\b\d\d\b", needs[1]) if needs is not None else []
    title = _TITLE.search(text)
    return {
        "title": title[1] if title is not None else topic,
        "needs": [other for other in topics(root) if other[:2] in numbers],
        "exercises": {
            question.name: _minutes(question.text) for question in questions(cells) if question.tests
        },
    }


def _minutes(text: tuple[Cell, ...]) -> int:
    heading = HEADING.match(text[0].source.split("\n")[0]) if text else None
    return int(heading["minutes"]) if heading is not None else 0


def index_text(root: Path) -> str:
    """The index of all topics as its file holds it."""
    index = {topic: describe(topic, root) for topic in topics(root)}
    return json.dumps(index, ensure_ascii=False, indent=1) + "\n"
