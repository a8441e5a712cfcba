"""What the class understood and what it didn't, on one page for the instructor."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.report.files import write_whole
from autograder.report.pages import template

if TYPE_CHECKING:
    from autograder.batch.store import Result

_BINS = 10
_UNTAUGHT = {"not_started", "missing"}  # these say that nothing was handed in, not what was misunderstood


@dataclass(frozen=True)
class Bin:
    """A bar of the distribution: submissions with a share of the points from ``low`` to ``high`` per cent."""

    low: int
    high: int
    count: int


@dataclass(frozen=True)
class Item:
    """How the class did on one question: the mean share of its points, and how many never started."""

    name: str
    share: float
    full: int
    not_started: int


@dataclass(frozen=True)
class Misunderstanding:
    """A sentence that students were shown, and by how many."""

    question: str
    sentence: str
    students: int


def write_class_report(topic: str, questions: list[str], results: Sequence[Result], path: Path) -> None:
    """Write the report: distribution, score of each question, commonest mistakes, what could not be graded.

    Parameters
    ----------
    topic
        The assignment.
    questions
        Its exercises, in order.
    results
        Every submission.
    path
        The HTML file; feedback pages are linked as ``feedback/<submission>.html``.
    """
    valid = [result for result in results if result.status != "invalid"]
    page = template("report.html").render(
        topic=topic,
        results=results,
        valid=valid,
        invalid=[result for result in results if result.status == "invalid"],
        mean=sum(r.score for r in valid) / len(valid) if valid else 0.0,
        bins=distribution(valid),
        items=[item(name, valid) for name in questions] if valid else [],
        mistakes=commonest_mistakes(valid),
    )
    write_whole(path, page)


def distribution(results: Sequence[Result]) -> list[Bin]:
    """How many submissions earned which tenth of the points; full marks belong to the last."""
    counts = Counter(min(int(_BINS * r.score / r.max_score), _BINS - 1) for r in results if r.max_score)
    return [Bin(100 * i // _BINS, 100 * (i + 1) // _BINS, counts[i]) for i in range(_BINS)]


def item(name: str, results: Sequence[Result]) -> Item:
    """How the class did on the question ``name``."""
    graded = [question for result in results for question in result.questions if question.name == name]
    share = sum(question.score / question.possible for question in graded) / len(graded) if graded else 0.0
    full = sum(question.score == question.possible for question in graded)
    untouched = sum(all(o.kind in _UNTAUGHT for o in question.outcomes) for question in graded)
    return Item(name, share, full, untouched)


def commonest_mistakes(results: Sequence[Result], most: int = 15) -> list[Misunderstanding]:
    """The sentences shown to most students, each student counted once a sentence."""
    students: dict[tuple[str, str], set[str]] = defaultdict(set)
    for result in results:
        for question in result.questions:
            for outcome in question.outcomes:
                if not outcome.passed and outcome.kind not in _UNTAUGHT and outcome.sentence:
                    students[question.name, outcome.sentence].add(result.submission)
    ordered = sorted(students.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    return [Misunderstanding(question, sentence, len(who)) for (question, sentence), who in ordered[:most]]
