"""A new topic: a master with one exercise, a written question and all that belongs to them, to be changed from there."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from autograder.build.masters import master_path, topics

_TEMPLATES = Path(__file__).with_name("templates")
_NAME = re.compile(r"\d\d(_[a-z][a-z0-9]*)+")


def new_topic(topic: str, root: Path) -> tuple[Path, Path]:
    """Write a master and its wrong answers for ``topic``; they pass the lint, the tests and the mutants as they are.

    Parameters
    ----------
    topic
        Two digits and small words with underscores, such as ``"11_transformers"``.
    root
        The folder of the course.

    Returns
    -------
    tuple of Path
        The master, and the file of its wrong answers.

    Raises
    ------
    ValueError
        If the name isn't one of a topic, or its number or a file is taken.
    """
    if not _NAME.fullmatch(topic):
        raise ValueError(
            f"{topic!r} can't be a topic: two digits, then small words joined by underscores, such as 11_transformers."
        )
    if taken := [other for other in topics(root) if other[:2] == topic[:2]]:
        raise ValueError(f"The number {topic[:2]} is taken by {taken[0]}: choose another.")
    made = master_path(topic, root), root / "tests" / "wrong_answers" / f"{topic}.py"
    for path in made:
        if path.exists():
            raise ValueError(f"{path} exists already, and isn't written over.")
    words = topic[3:].replace("_", " ")
    names = {
        "topic": topic,
        "number": str(int(topic[:2])),
        "digits": topic[:2],
        "title": words[:1].upper() + words[1:],
    }
    for path, template in zip(made, ("master", "wrong_answers"), strict=True):
        text = (_TEMPLATES / f"{template}.py.txt").read_text(encoding="utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(names), encoding="utf-8")
    return made
