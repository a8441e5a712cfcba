"""The written answers in a student's notebook, wherever its cells were moved, split or retyped. They may be hostile."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from course_utils.checks.notebook import EMPTY_ANSWER

MAX_TEXT = 20_000  # characters of one answer
MAX_IMAGE = 2 * 2**20  # characters of one picture in base64
MAX_IMAGES = 4  # pictures of one answer
_IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_MARKS = re.compile(r"<!-- (?:BEGIN|END) QUESTION -->")


@dataclass(frozen=True)
class Part:
    """What one cell adds to an answer.

    Parameters
    ----------
    text
        Markdown, or code.
    is_code
        Which of the two.
    images
        Pictures pasted into the cell: name → data URI.
    """

    text: str
    is_code: bool
    images: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What one student wrote to one question; no parts if nothing."""

    parts: tuple[Part, ...]

    @property
    def digest(self) -> str:
        """A hash that two answers share if their words and pictures are the same, whatever their white space."""
        words = [" ".join(part.text.split()) for part in self.parts]
        pictures = [sorted(part.images.items()) for part in self.parts]
        return hashlib.sha256(repr((" ".join(words), [p for p in pictures if p])).encode()).hexdigest()


def find_answers(
    notebook: NotebookNode, handed_out: NotebookNode, prompts: Mapping[str, str]
) -> dict[str, Answer]:
    """The answer to each written question.

    It is all that a student put between the question's prompt and the next cell that was handed out. Where the prompt was
    deleted, it is what stands in the answer cell itself.

    Parameters
    ----------
    notebook
        The submission.
    handed_out
        The notebook as students got it.
    prompts
        The written questions, in order: name → text of the prompt.
    """
    cells = [_Cell.of(cell) for cell in notebook.cells]
    ours = [_Cell.of(cell) for cell in handed_out.cells]
    given = {cell.plain for cell in ours} - {""}
    slots = [number for number, cell in enumerate(ours) if cell.plain == _plain(EMPTY_ANSWER)]
    answers = {}
    for (name, prompt), slot in zip(prompts.items(), slots, strict=True):
        found = _after_prompt(cells, prompt, given) or [c for c in cells if c.id == ours[slot].id]
        answers[name] = _answer([cell for cell in found if cell.plain not in given])
    return answers


@dataclass(frozen=True)
class _Cell:
    kind: str
    id: str
    text: str
    plain: str
    attachments: Any

    @classmethod
    def of(cls, cell: NotebookNode) -> _Cell:
        source = cell.get("source", "")
        text = (
            source if isinstance(source, str) else "".join(part for part in source if isinstance(part, str))
        )
        return cls(
            str(cell.get("cell_type")), str(cell.get("id")), text, _plain(text), cell.get("attachments")
        )


def _plain(text: str) -> str:
    """A text without what editors change on their own: white space, and otter's marks around a question."""
    return " ".join(_MARKS.sub("", text).split())


def _after_prompt(cells: Sequence[_Cell], prompt: str, given: set[str]) -> list[_Cell]:
    heading = _plain(prompt.split("\n")[0])
    start = next((n for n, cell in enumerate(cells) if cell.plain.startswith(heading)), None)
    if start is None:
        return []
    found = []
    if (whole := _plain(prompt)) and cells[start].plain.startswith(whole) and cells[start].plain != whole:
        found.append(_rest(cells[start], whole))  # written below the prompt, in its own cell
    for cell in cells[start + 1 :]:
        if cell.plain in given and cell.plain != _plain(EMPTY_ANSWER):
            break
        found.append(cell)
    return found


def _rest(cell: _Cell, prompt: str) -> _Cell:
    """A cell less the prompt that it opens with, whose words may be broken into lines in another way."""
    rest = _MARKS.sub("", cell.text)
    for word in prompt.split():
        rest = rest[rest.index(word) + len(word) :]
    return _Cell(cell.kind, cell.id, rest.lstrip(), _plain(rest), cell.attachments)


def _answer(cells: Sequence[_Cell]) -> Answer:
    parts, room, pictures = [], MAX_TEXT, MAX_IMAGES
    for cell in cells:
        text = cell.text.replace(EMPTY_ANSWER, "").strip()
        images = dict(list(_images(cell.attachments).items())[:pictures])
        if (text or images) and room > 0:
            cut = "" if len(text) <= room else "\n\n[The answer goes on; it is cut here.]"
            parts.append(Part(text[:room] + cut, cell.kind == "code", images))
            room, pictures = room - len(text), pictures - len(images)
    return Answer(tuple(parts))


def _images(attachments: Any) -> dict[str, str]:
    """The pictures of a cell that a browser may show, as data URIs."""
    found = {}
    if isinstance(attachments, dict):
        for name, bundle in attachments.items():
            for kind in _IMAGE_TYPES:
                content = bundle.get(kind) if isinstance(bundle, dict) else None
                if isinstance(content, str) and len(content) <= MAX_IMAGE:
                    packed = "".join(content.split())
                    if re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", packed):
                        found[str(name)] = f"data:{kind};base64,{packed}"
    return found
