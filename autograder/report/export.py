"""Grades in the form that a gradebook reads: plain CSV, Canvas, Gradescope, nbgrader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from autograder import build
from autograder.report.files import write_whole
from autograder.report.grades import Book, Grade, make_book, read_graded, read_times, stored
from autograder.report.late import Policy, days_late, read_policy
from autograder.report.nbgrader_gradebook import write_nbgrader
from autograder.report.roster import Roster, read_roster
from autograder.report.table import harmless, table

_PLAIN = [
    "name",
    "email",
    "id",
    "section",
    "topic",
    "status",
    "submission",
    "handed_in",
    "automatic",
    "written",
    "days_late",
    "slip_days",
    "deduction",
    "total",
    "possible",
    "remark",
]


def write_plain(book: Book, titles: Mapping[str, str], path: Path) -> None:
    """Write one row for each person and topic, with how the total was found and the roster's own columns.

    Who handed in nothing has the status ``missing`` and no points, not zero.
    """
    more = [] if book.roster.from_canvas else list(book.roster.columns)
    rows: list[list[str]] = [[*_PLAIN, *(harmless(name) for name in more)]]
    for person in book.roster.people:
        for graded in book.topics:
            grade = book.grade(person, graded.topic)
            remark = "; ".join(filter(None, (grade.deduction.words, _unmarked(grade), grade.note)))
            written = [grade.points[name] for name in graded.manual if name in grade.points]
            known = grade.has_score
            late = grade.due is not None and grade.time is not None
            texts = [person.name, person.email, person.id, person.section, titles[graded.topic]]
            rows.append(
                [
                    *map(harmless, texts),
                    grade.status,
                    harmless(grade.submission),
                    grade.time.isoformat() if grade.time else "",
                    _number(grade.score - sum(written)) if known else "",
                    _number(sum(written)) if written else "",
                    str(grade.deduction.days_late) if late or grade.deduction.days_late else "",
                    str(grade.deduction.slip_days or ""),
                    _number(grade.deduction.points) if known else "",
                    _number(grade.total) if known else "",
                    _number(grade.possible),
                    harmless(remark),
                    *(harmless(person.more.get(name, "")) for name in more),
                ]
            )
    write_whole(path, table(rows))


def _unmarked(grade: Grade) -> str:
    return f"no points yet for {', '.join(grade.unmarked)}" if grade.unmarked else ""


def write_canvas(book: Book, titles: Mapping[str, str], path: Path) -> None:
    """Write what Canvas's gradebook imports.

    Its columns are Student, ID, SIS User ID, SIS Login ID, Section, then one for each assignment, called ``Title (id)``; a second row has the
    points possible; people are found by ID, then SIS User ID, then login, then name (``lib/gradebook_importer.rb`` in instructure/canvas-lms). A title
    without an id is that of the assignment with exactly this name, or makes a new one. Who handed in nothing has an empty cell.
    """
    headings = [_canvas_title(titles[graded.topic], book.roster) for graded in book.topics]
    possible = [_number(sum(graded.possible.values())) for graded in book.topics]
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *map(harmless, headings)]]
    rows.append(["    Points Possible", "", "", "", "", *possible])
    for person in book.roster.people:
        grades = [book.grade(person, graded.topic) for graded in book.topics]
        texts = [person.name, person.canvas_id, person.id, person.login, person.section]
        scores = [_number(grade.total) if grade.has_score else "" for grade in grades]
        rows.append([*map(harmless, texts), *scores])
    write_whole(path, table(rows))


def _canvas_title(title: str, roster: Roster) -> str:
    """The title with Canvas's id, if the roster is a gradebook of Canvas that has it."""
    with_id = re.compile(rf"{re.escape(title)} \(\d+\)")
    return next((c for c in roster.columns if roster.from_canvas and with_id.fullmatch(c)), title)


def write_gradescope(book: Book, titles: Mapping[str, str], path: Path) -> None:
    """Write a table with the columns of the one that Gradescope gives for a whole course, which many scripts read."""
    header = ["First Name", "Last Name", "SID", "Email", "Sections"]
    for graded in book.topics:
        title = harmless(titles[graded.topic])
        header += [title, *(f"{title} - {w}" for w in ("Max Points", "Submission Time", "Lateness (H:M:S)"))]
    rows = [header]
    for person in book.roster.people:
        row = [harmless(text) for text in (*person.first_and_last, person.id, person.email, person.section)]
        for graded in book.topics:
            grade = book.grade(person, graded.topic)
            row.append(_number(grade.total) if grade.has_score else "")
            row.append(_number(grade.possible))
            row.append(grade.time.strftime("%Y-%m-%d %H:%M:%S %z") if grade.time else "")
            row.append(_lateness(grade))
        rows.append(row)
    write_whole(path, table(rows))


def _lateness(grade: Grade) -> str:
    if grade.time is None or grade.due is None:
        return ""
    late = max(grade.time - grade.due, timedelta()) if days_late(grade.time, grade.due) else timedelta()
    seconds = int(late.total_seconds())
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _number(value: float) -> str:
    """At most two decimals, as gradebooks show them."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


FORMATS = {
    "plain": (write_plain, "grades-plain.csv"),
    "canvas": (write_canvas, "grades-canvas.csv"),
    "gradescope": (write_gradescope, "grades-gradescope.csv"),
    "nbgrader": (write_nbgrader, "gradebook.db"),
}


def main(
    titles: Mapping[str, str],
    folder: Path,
    form: str,
    *,
    roster: Path | None,
    late: Path | None,
    times: Path | None,
    to: Path | None,
    root: Path,
) -> Path:
    """Write the grades of topics and say what an instructor should look at; see ``course export --help``.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ValueError
        If something that was given can't be read, or a topic has not been graded.
    """
    if len(set(titles.values())) < len(titles):
        raise ValueError("Two topics have the same title.")
    policy = read_policy(late, build.topics(root)) if late else Policy()
    places = {topic: stored(topic, folder) for topic in dict.fromkeys([*policy.due, *titles])}
    if missing := [topic for topic in titles if places[topic] is None]:
        raise ValueError(f"{folder} has no results of {', '.join(missing)}: run `course grade` first.")
    shared = folder / "results.sqlite"
    if len(titles) > 1 and shared in places.values():
        raise ValueError(f"Of several topics, each needs a folder of its own in {folder}, named after it.")
    # Slip days that were spent on other topics count, wherever they are known.
    used = {t: p for t, p in places.items() if p is not None and (t in titles or p != shared)}
    book = make_book(
        [read_graded(topic, path, root) for topic, path in used.items()],
        read_roster(roster) if roster else None,
        policy,
        read_times(times, policy) if times else {},
    )
    asked = replace(book, topics=tuple(g for title in titles for g in book.topics if g.topic == title))
    write, name = FORMATS[form]
    path = to or folder / name
    write(asked, titles, path)
    remarks = [f"{about}: {what}" for about, what in book.remarks if about in (*titles, "extensions")]
    for line in [*remarks, *_summary(asked), *_unknown_slips(policy, used, titles)]:
        print(line)
    print(f"{path} has the grades of {len(book.roster.people)} people.")
    return path


def _summary(book: Book) -> list[str]:
    lines = []
    for graded in book.topics:
        grades = [book.grade(person, graded.topic) for person in book.roster.people]
        counted = [grade for grade in grades if grade.has_score]
        facts = {
            "handed in nothing": sum(grade.status == "missing" for grade in grades),
            "have written answers without points yet": sum(bool(grade.unmarked) for grade in grades),
            "lose points for being late": sum(grade.deduction.points > 0 for grade in counted),
            "have no known time and count as in time unless Canvas marked them late": sum(
                grade.due is not None and grade.time is None for grade in counted
            ),
        }
        lines += [f"{graded.topic}: {count} {what}" for what, count in facts.items() if count]
    return lines


def _unknown_slips(policy: Policy, used: Mapping[str, Path], titles: Mapping[str, str]) -> list[str]:
    """Which earlier topics may have cost slip days that can't be counted."""
    if not policy.slip_days:
        return []
    last = max((policy.due[topic] for topic in titles if topic in policy.due), default=None)
    unknown = [t for t, due in policy.due.items() if last is not None and due < last and t not in used]
    return [f"slip days: {', '.join(unknown)} has no results here, so it spent none"] if unknown else []
