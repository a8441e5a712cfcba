"""The points of each person: automatic and written, less what being late costs, from the stores of one course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.batch.handed_in import HandedIn
from autograder.batch.store import Result, Store
from autograder.build.masters import master_path, questions, read_cells
from autograder.report.late import Deduction, Policy, Work, deductions, with_zone
from autograder.report.roster import Match, Person, Roster, match, read_table, without_roster


@dataclass(frozen=True)
class Graded:
    """What is stored of one topic.

    Parameters
    ----------
    topic
        Its name.
    found
        What was handed in.
    results
        Submission → its result; one that could not be graded yet has none.
    written
        Submission → written question → points.
    possible
        Question → points there are, written ones last.
    manual
        The written questions.
    """

    topic: str
    found: tuple[HandedIn, ...]
    results: Mapping[str, Result]
    written: Mapping[str, Mapping[str, float]]
    possible: Mapping[str, float]
    manual: tuple[str, ...]


@dataclass(frozen=True)
class Grade:
    """What one person gets for one topic.

    Parameters
    ----------
    person, topic
        Whose, and for what.
    possible
        Points there are, written ones included.
    status
        ``graded``, ``partial`` or ``invalid`` as in ``grades.csv``; ``missing`` if nothing was handed in; ``duplicate`` if there are
        several submissions and no telling which is the last; ``not graded`` if the grader has to be run again.
    submission
        The one that counts; empty if none does.
    time
        When it was handed in, if known.
    due
        When it was due for this person, if it was.
    points
        Question → points; a written answer without points yet is left out.
    unmarked
        Written questions whose answers have no points yet.
    deduction
        What being late cost.
    note
        What a person should know of this row, in words.
    """

    person: Person
    topic: str
    possible: float
    status: str = "missing"
    submission: str = ""
    time: datetime | None = None
    due: datetime | None = None
    points: Mapping[str, float] = field(default_factory=dict)
    unmarked: tuple[str, ...] = ()
    deduction: Deduction = field(default_factory=Deduction)
    note: str = ""

    @property
    def has_score(self) -> bool:
        """Whether there is a submission with points."""
        return self.status in ("graded", "partial", "invalid")

    @property
    def score(self) -> float:
        """Points before any deduction."""
        return sum(self.points.values())

    @property
    def total(self) -> float:
        """Points that count."""
        return self.score - self.deduction.points


@dataclass(frozen=True)
class Book:
    """The grades of a class.

    Parameters
    ----------
    people
        The class, with those that it has.
    topics
        What was graded, in the order asked for.
    grades
        (Key of a person, topic) → grade; there is one for each pair.
    remarks
        What the instructor should look at: the topic, or ``"extensions"``, and the words.
    """

    roster: Roster
    topics: tuple[Graded, ...]
    grades: Mapping[tuple[str, str], Grade]
    remarks: tuple[tuple[str, str], ...]

    def grade(self, person: Person, topic: str) -> Grade:
        """The grade of that person for that topic."""
        return self.grades[person.key, topic]


def stored(topic: str, folder: Path) -> Path | None:
    """Where the results of ``topic`` are: in a folder of its own below ``folder``, or in ``folder`` itself."""
    candidates = (folder / topic / "results.sqlite", folder / "results.sqlite")
    return next((path for path in candidates if path.is_file()), None)


def read_graded(topic: str, path: Path, root: Path) -> Graded:
    """Read what ``course grade`` stored.

    Raises
    ------
    ValueError
        If the results are another topic's, or there are none.
    """
    store = Store(path)
    try:
        found, results, written = store.handed_in(), store.latest(), store.written_points()
    finally:
        store.close()
    if not found:
        raise ValueError(f"{path} has no submissions: run `course grade {topic}` first.")
    asked = questions(read_cells(master_path(topic, root).read_text(encoding="utf-8")))
    automatic = {q.name: float(q.points or 0) for q in asked if q.tests}
    manual = {q.name: float(q.points or 0) for q in asked if q.manual and not q.tests}
    graded = {question.name: question.possible for result in results for question in result.questions}
    if graded.keys() - automatic.keys():
        raise ValueError(f"{path} holds results of another topic than {topic}.")
    return Graded(
        topic,
        tuple(found),
        {result.submission: result for result in results},
        written,
        automatic | graded | manual,
        tuple(manual),
    )


def read_times(path: Path, policy: Policy) -> dict[tuple[str, str], datetime]:
    """Read a CSV with ``student`` (an id, email, name or submission), ``time`` and, if there are several, ``topic``.

    Returns
    -------
    dict
        (Student in lower case, topic or ``""``) → time.

    Raises
    ------
    ValueError
        If a column is missing or a line has no time with a zone, with the line's number.
    """
    times = {}
    header, rows = read_table(path)
    if not {"student", "time"} <= set(header):
        raise ValueError(f"{path}: the first line must name the columns student and time.")
    for line, row in rows:
        where = f"{path}, line {line}: {row['time']!r}"
        try:
            time = datetime.fromisoformat(row["time"])
        except ValueError as error:
            raise ValueError(f"{where} is not a time such as 2026-10-09T23:59:00+02:00.") from error
        times[row["student"].casefold(), row.get("topic", "")] = with_zone(time, policy.zone, where)
    return times


def make_book(
    topics: Sequence[Graded],
    roster: Roster | None,
    policy: Policy,
    times: Mapping[tuple[str, str], datetime],
) -> Book:
    """Put together everyone's grades for every topic.

    Parameters
    ----------
    topics
        What was graded. For slip days it must be all that was due so far.
    roster
        The class; if ``None``, those who handed in, as the download names them.
    policy
        What being late costs.
    times
        When things were handed in, where the instructor knows better than the download: see :func:`read_times`.
    """
    remarks = []
    matches: dict[str, Match] = {}
    if roster is None:
        roster, everything = without_roster([entry for graded in topics for entry in graded.found])
        matches = {graded.topic: everything for graded in topics}
    for graded in topics:
        matching = matches.setdefault(graded.topic, match(roster, graded.found))
        remarks += [(graded.topic, f"{name}: {why}") for name, why in matching.unmatched.items()]
    owned = {topic: matching.submissions() for topic, matching in matches.items()}
    grades = {}
    for person in roster.people:
        rows = [
            _grade(person, graded, owned[graded.topic].get(person.key, set()), policy, times)
            for graded in topics
        ]
        for grade in _with_deductions(rows, policy, topics):
            grades[person.key, grade.topic] = grade
            if grade.note:
                remarks.append((grade.topic, f"{person.name or person.key}: {grade.note}"))
    for who in policy.extensions:
        if not any(person.answers_to(who) for person in roster.people):
            remarks.append(("extensions", f"{who} is not in the class."))
    return Book(roster, tuple(topics), grades, tuple(remarks))


def _grade(
    person: Person,
    graded: Graded,
    owned: Set[str],
    policy: Policy,
    times: Mapping[tuple[str, str], datetime],
) -> Grade:
    """The grade before any deduction."""
    possible = sum(graded.possible.values())
    due = _due(person, graded.topic, policy)
    theirs = [entry for entry in graded.found if entry.submission in owned]
    when = {entry.submission: _time(entry, person, graded.topic, policy, times) for entry in theirs}
    if not theirs:
        return Grade(person, graded.topic, possible, due=due)
    names = ", ".join(when)
    if len(theirs) > 1 and None in when.values():
        note = f"there are several submissions, {names}, and no times: remove all but one, or give times"
        return Grade(person, graded.topic, possible, "duplicate", due=due, note=note)
    entry = max(theirs, key=lambda e: when[e.submission] or datetime.min.replace(tzinfo=UTC))
    note = f"of {names} the last counts, {entry.submission}" if len(theirs) > 1 else ""
    blank = Grade(person, graded.topic, possible, due=due, note=note)
    return _graded(entry, when[entry.submission], graded, blank)


def _graded(entry: HandedIn, time: datetime | None, graded: Graded, blank: Grade) -> Grade:
    result = graded.results.get(entry.submission)
    row = replace(blank, submission=entry.submission, time=time)
    if result is None:
        return replace(row, status="not graded", note="the grader failed here: run `course grade` again")
    written = graded.written.get(entry.submission, {})
    automatic = {question.name: question.score for question in result.questions}
    note, unmarked = row.note, tuple(name for name in graded.manual if name not in written)
    if result.status == "invalid":
        note, unmarked = "; ".join(filter(None, (note, f"could not be graded: {result.reason}"))), ()
    points = automatic | {name: written[name] for name in graded.manual if name in written}
    return replace(row, status=result.status, points=points, unmarked=unmarked, note=note)


def _due(person: Person, topic: str, policy: Policy) -> datetime | None:
    for who, dates in policy.extensions.items():
        if topic in dates and person.answers_to(who):
            return dates[topic]
    return policy.due.get(topic)


def _time(
    entry: HandedIn,
    person: Person,
    topic: str,
    policy: Policy,
    times: Mapping[tuple[str, str], datetime],
) -> datetime | None:
    """When a submission was handed in: as the instructor says, as Gradescope says, or as the zip says if that is trusted."""
    for who in (entry.submission, entry.student, person.id, person.email, person.login, person.name):
        for where in (topic, ""):
            if who and (who.casefold(), where) in times:
                return times[who.casefold(), where]
    if entry.time is not None or entry.zip_time is None or not policy.zip_times:
        return entry.time
    return with_zone(entry.zip_time, policy.zone, "A time in a zip")


def _with_deductions(rows: Sequence[Grade], policy: Policy, topics: Sequence[Graded]) -> list[Grade]:
    works = []
    late = {(g.topic, entry.submission) for g in topics for entry in g.found if entry.late}
    for grade in rows:
        if grade.has_score:
            extended = grade.due != policy.due.get(grade.topic)
            marked = (grade.topic, grade.submission) in late
            works.append(
                Work(grade.topic, grade.due, grade.time, marked, grade.score, grade.possible, extended)
            )
    found = deductions(policy, works)
    return [replace(grade, deduction=found.get(grade.topic, grade.deduction)) for grade in rows]
