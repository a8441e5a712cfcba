"""What the class understood and what it didn't: one page for the instructor, and the same as data."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.report.files import write_whole
from autograder.report.items import FEWEST, Discrimination, discrimination
from autograder.report.pages import template

if TYPE_CHECKING:
    from autograder.batch.handed_in import HandedIn
    from autograder.batch.store import Result
    from autograder.judge import QuestionResult

_BINS = 10
_MOST = 8  # sentences listed for one question; what only single students were told fills no page
_UNTAUGHT = {"not_started", "missing"}  # these say that nothing was handed in, not what was misunderstood


@dataclass(frozen=True)
class Bin:
    """A bar of the distribution: submissions with a share of the points from ``low`` to ``high`` per cent."""

    low: int
    high: int
    count: int


@dataclass(frozen=True)
class Misunderstanding:
    """A sentence that students were shown, by how many, and whether only hidden tests said it."""

    sentence: str
    students: int
    hidden: bool


@dataclass(frozen=True)
class Item:
    """How the class did on one question.

    Parameters
    ----------
    name
        Of the question.
    possible
        Points there are.
    share
        The mean share of them.
    full, part, none, not_started
        How many earned all of them, some, none although they started, and how many never started.
    discrimination
        How well the question tells students apart.
    mistakes
        The sentences that they were shown, the commonest first; each student counts once for each.
    """

    name: str
    possible: float
    share: float
    full: int
    part: int
    none: int
    not_started: int
    discrimination: Discrimination
    mistakes: tuple[Misunderstanding, ...]


@dataclass(frozen=True)
class ClassReport:
    """What ``report.html`` shows and ``report.json`` holds; no student is named in it.

    Parameters
    ----------
    topic
        The assignment.
    submissions, invalid
        How many there are, and how many of them could not be graded; all that follows leaves those out.
    max_score
        Points there are.
    mean, median
        Of the points earned; ``None`` if nothing was graded.
    distribution
        Submissions by tenths of the points.
    items
        The questions, in order.
    attempts
        The median number of times that a student handed in, where Gradescope says so.
    """

    topic: str
    submissions: int
    invalid: int
    max_score: float
    mean: float | None
    median: float | None
    distribution: tuple[Bin, ...]
    items: tuple[Item, ...]
    attempts: float | None

    @property
    def commonest(self) -> list[tuple[str, Misunderstanding]]:
        """The five sentences told to most students, each with its question."""
        told = [(item.name, mistake) for item in self.items for mistake in item.mistakes]
        return sorted(told, key=lambda entry: -entry[1].students)[:5]

    def to_json(self) -> str:
        """The report as JSON; its keys are the names of the parameters."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def summarise(
    topic: str, questions: Sequence[str], results: Sequence[Result], found: Sequence[HandedIn] = ()
) -> ClassReport:
    """Count what there is to know about a class.

    Parameters
    ----------
    topic
        The assignment.
    questions
        Its exercises, in order.
    results
        Every submission.
    found
        What the download says of them.
    """
    valid = [result for result in results if result.status != "invalid"]
    scores = [result.score for result in valid]
    attempts = [entry.attempts for entry in found if entry.attempts is not None]
    return ClassReport(
        topic,
        len(results),
        len(results) - len(valid),
        results[0].max_score if results else 0.0,
        statistics.fmean(scores) if scores else None,
        statistics.median(scores) if scores else None,
        tuple(distribution(valid)),
        tuple(item(name, valid) for name in questions) if valid else (),
        statistics.median(attempts) if attempts else None,
    )


def write_class_report(report: ClassReport, results: Sequence[Result], path: Path) -> None:
    """Write the page.

    Parameters
    ----------
    report
        What it shows.
    results
        Every submission; the page links its feedback as ``feedback/<submission>.html``.
    path
        The HTML file.
    """
    page = template("report.html").render(
        report=report,
        results=results,
        invalid=[result for result in results if result.status == "invalid"],
        most=_MOST,
        fewest=FEWEST,
    )
    write_whole(path, page)


def distribution(results: Sequence[Result]) -> list[Bin]:
    """How many submissions earned which tenth of the points; full marks belong to the last."""
    counts = Counter(min(int(_BINS * r.score / r.max_score), _BINS - 1) for r in results if r.max_score)
    return [Bin(100 * i // _BINS, 100 * (i + 1) // _BINS, counts[i]) for i in range(_BINS)]


def item(name: str, results: Sequence[Result]) -> Item:
    """How the class did on the question ``name``."""
    pairs = [(r, question) for r in results for question in r.questions if question.name == name]
    shares = [question.score / question.possible if question.possible else 0.0 for _, question in pairs]
    kinds = Counter(_how(question) for _, question in pairs)
    return Item(
        name=name,
        possible=pairs[0][1].possible if pairs else 0.0,
        share=statistics.fmean(shares) if shares else 0.0,
        full=kinds["full"],
        part=kinds["part"],
        none=kinds["none"],
        not_started=kinds["not started"],
        discrimination=discrimination(shares, [r.score - question.score for r, question in pairs]),
        mistakes=tuple(mistakes([question for _, question in pairs])),
    )


def _how(question: QuestionResult) -> str:
    if question.score == question.possible:
        return "full"
    if all(outcome.kind in _UNTAUGHT for outcome in question.outcomes):
        return "not started"
    return "part" if question.score else "none"


def mistakes(answers: Sequence[QuestionResult]) -> list[Misunderstanding]:
    """The sentences shown to most students, each student counted once a sentence."""
    students: Counter[str] = Counter()
    public: set[str] = set()
    for answer in answers:
        told = defaultdict(list)
        for outcome in answer.outcomes:
            if not outcome.passed and outcome.kind not in _UNTAUGHT and outcome.sentence:
                told[outcome.sentence].append(outcome.hidden)
        students.update(told.keys())
        public |= {sentence for sentence, hidden in told.items() if not all(hidden)}
    ordered = sorted(students.items(), key=lambda entry: (-entry[1], entry[0]))
    return [Misunderstanding(sentence, count, sentence not in public) for sentence, count in ordered]
