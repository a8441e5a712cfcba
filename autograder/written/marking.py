"""Marking written answers: what the page does, without the page. Every change is in the store before it is seen."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.batch.store import Store, Written
from autograder.build import Rubric
from autograder.written.answers import Answer

MAX_COMMENT = 2_000
_NEXT_SHARE = {0.0: 1.0, 1.0: 0.5, 0.5: 0.0}  # in full, by half, not


@dataclass(frozen=True)
class Mark:
    """What was given for an answer.

    Parameters
    ----------
    items
        What was given of the rubric: item → share of its points.
    comment
        For the student.
    done
        Whether it is marked, and not only commented on.
    """

    items: Mapping[str, float] = field(default_factory=dict)
    comment: str = ""
    done: bool = False


@dataclass
class Group:
    """All submissions with the same answer, which are marked together."""

    answer: Answer
    submissions: list[str]
    mark: Mark = Mark()


class Marking:
    """The written answers of a class, in an order that has nothing to do with names.

    Parameters
    ----------
    rubrics
        The questions.
    answers
        Submission → question → answer.
    store
        Where points are kept. Those given before are taken up again, unless the answer or the rubric's items have changed.
    """

    def __init__(
        self, rubrics: Sequence[Rubric], answers: Mapping[str, Mapping[str, Answer]], store: Store
    ) -> None:
        self.rubrics = {rubric.question: rubric for rubric in rubrics}
        self.groups = {name: _grouped(name, answers) for name in self.rubrics}
        self.worth = {
            name: {item.lead: item.points for item in rubric.items} | store.rubric(name)
            for name, rubric in self.rubrics.items()
        }
        self._store = store
        self._undo: list[tuple[str, int | None, Callable[[], None]]] = []
        with store.transaction():
            self._take_up(store.written())

    def points(self, question: str, items: Mapping[str, float]) -> float:
        """What shares of the rubric's items are worth: at least 0, and at most what the question is worth."""
        earned = sum(share * self.worth[question][item] for item, share in items.items())
        return round(min(max(earned, 0.0), self.rubrics[question].points), 6)

    def toggle(self, question: str, number: int, item: str) -> None:
        """Give an item of the rubric in full, then by half, then not."""
        mark = self.groups[question][number].mark
        if item not in self.worth[question]:
            raise ValueError(f"item: the rubric has no “{item}”")
        shares = {**mark.items, item: _NEXT_SHARE[mark.items.get(item, 0.0)]}
        given = {lead: shares[lead] for lead in self.worth[question] if shares.get(lead)}
        self._change(question, number, Mark(given, mark.comment, done=True))

    def give_nothing(self, question: str, number: int) -> None:
        """Mark an answer that earns nothing of the rubric."""
        self._change(question, number, Mark({}, self.groups[question][number].mark.comment, done=True))

    def comment(self, question: str, number: int, comment: str) -> None:
        """Write a comment for the students with that answer."""
        mark = self.groups[question][number].mark
        self._change(question, number, Mark(mark.items, comment.strip()[:MAX_COMMENT], mark.done))

    def set_worth(self, question: str, item: str, points: float) -> None:
        """Change what an item of the rubric is worth, for every answer that was given it."""
        limit = self.rubrics[question].points
        if item not in self.worth[question]:
            raise ValueError(f"item: the rubric has no “{item}”")
        if not (math.isfinite(points) and abs(points) <= limit):
            raise ValueError(f"points: {points:g} isn't between {-limit:g} and {limit:g}")
        before = self.worth[question][item]
        self._set_worth(question, item, points)
        self._undo.append((question, None, lambda: self._set_worth(question, item, before)))

    def undo(self) -> tuple[str, int | None] | None:
        """Take back the last change; return the question and the answer that it was made to, or ``None``."""
        if not self._undo:
            return None
        question, number, take_back = self._undo.pop()
        take_back()
        return question, number

    # --- in the store ----------------------------------------------------------------------------------------

    def _change(self, question: str, number: int, mark: Mark) -> None:
        before = self.groups[question][number].mark
        self._save(question, number, mark)
        self._undo.append((question, number, lambda: self._save(question, number, before)))

    def _save(self, question: str, number: int, mark: Mark) -> None:
        group = self.groups[question][number]
        with self._store.transaction():
            self._write(question, group, mark)
        group.mark = mark

    def _write(self, question: str, group: Group, mark: Mark) -> None:
        for submission in group.submissions:
            if mark == Mark():
                self._store.clear_written(submission, question)
            else:
                points = self.points(question, mark.items) if mark.done else None
                self._store.save_written(
                    submission, question, points, mark.items, mark.comment, group.answer.digest
                )

    def _set_worth(self, question: str, item: str, points: float) -> None:
        self.worth[question][item] = points
        with self._store.transaction():
            self._store.save_rubric(question, item, points)
            for row in self._store.written():  # of submissions that aren't on the page, too
                if row.question == question and row.points is not None and self._knows(row):
                    again = self.points(question, row.items)
                    self._store.save_written(
                        row.submission, question, again, row.items, row.comment, row.answer
                    )

    def _knows(self, row: Written) -> bool:
        return row.items.keys() <= self.worth[row.question].keys()

    def _take_up(self, rows: Sequence[Written]) -> None:
        """Go on where an earlier session ended; who has handed in the same answer since gets the same points."""
        latest = {
            (row.question, row.answer): Mark(row.items, row.comment, row.points is not None)
            for row in rows
            if row.question in self.worth and self._knows(row)
        }
        for question, groups in self.groups.items():
            for group in groups:
                mark = latest.get((question, group.answer.digest))
                if mark is not None:
                    group.mark = mark
                    self._write(question, group, mark)


def _grouped(question: str, answers: Mapping[str, Mapping[str, Answer]]) -> list[Group]:
    groups: dict[str, Group] = {}
    for submission, given in answers.items():
        digest = given[question].digest
        groups.setdefault(digest, Group(given[question], [])).submissions.append(submission)
    # Shuffled by a hash, the same way each time; an answer that is handed in later moves no other to another place.
    order = sorted(groups, key=lambda digest: hashlib.sha256(f"{question} {digest}".encode()).digest())
    return [groups[digest] for digest in order]
