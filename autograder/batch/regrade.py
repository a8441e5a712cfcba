"""Grade again after a test was corrected: first see whose score changes, by how much and why, then write it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.batch.run import grade
from autograder.batch.store import Result, Store
from autograder.judge import QuestionResult
from autograder.report.files import write_whole
from autograder.report.table import harmless, table
from autograder.sandbox import Level
from course_utils.checks import Outcome


@dataclass(frozen=True)
class Change:
    """What became of one submission.

    Parameters
    ----------
    submission
        Its name.
    before, after
        Its scores.
    reasons
        Why they differ, in words.
    """

    submission: str
    before: float
    after: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Regrade:
    """What the present tests change.

    Parameters
    ----------
    changes
        The submissions whose score differs, ordered by name.
    unchanged
        How many keep theirs.
    remarks
        Submissions that can't be compared, in words.
    written
        Whether the new results were written.
    """

    changes: tuple[Change, ...]
    unchanged: int
    remarks: tuple[str, ...]
    written: bool


def regrade(
    topic: str,
    paths: list[Path],
    out: Path,
    *,
    root: Path,
    write: bool = False,
    workers: int | None = None,
    timeout: float = 300.0,
    level: Level = Level.BUBBLEWRAP,
) -> Regrade:
    """Grade by the present tests and compare with the results in ``out``.

    The new results, with their feedback and report, go to ``out/regrade``; what is in ``out`` itself stays as it is until ``write``.

    Parameters
    ----------
    topic, paths, out, root, workers, timeout, level
        As for :func:`autograder.batch.grade`.
    write
        Put the new results in place of the old, note the changes in ``out/regrade.csv`` and remove ``out/regrade``.

    Raises
    ------
    FileNotFoundError
        If ``out`` holds no results.
    """
    old, preview = out / "results.sqlite", out / "regrade"
    if not old.is_file():
        raise FileNotFoundError(f"{out} has no results to compare with: run `course grade` first.")
    again = partial(grade, topic, paths, root=root, workers=workers, timeout=timeout, level=level)
    summary = again(preview)
    before, after = _latest(old), _latest(preview / "results.sqlite")
    both = {name for name in before if name in after and before[name][1] == after[name][1]}
    changes = [change for name in sorted(both) if (change := compare(before[name][0], after[name][0]))]
    remarks = [f"{name}: could not be graded: {fault}" for name, fault in summary.faults.items()]
    remarks += [f"{name}: has no grade so far" for name in after.keys() - before.keys()]
    remarks += [
        f"{name}: another file than the one that was graded"
        for name in after
        if name in before and name not in both
    ]
    remarks += [
        f"{name}: was graded before and is not in what you gave"
        for name in before.keys() - after.keys() - summary.faults.keys()
    ]
    found = Regrade(
        tuple(changes), len(both) - len(changes), tuple(sorted(remarks)), write and not summary.faults
    )
    if found.written:
        store = Store(old)
        try:
            store.adopt(preview / "results.sqlite")
        finally:
            store.close()
        again(out)
        _write_changes(found.changes, out / "regrade.csv")
        shutil.rmtree(preview)
    _print(found, out)
    return found


def _latest(path: Path) -> dict[str, tuple[Result, str]]:
    """Of the latest run, each submission's result and the digest of its content."""
    store = Store(path)
    try:
        digests = {entry.submission: entry.content for entry in store.handed_in()}
        return {result.submission: (result, digests[result.submission]) for result in store.latest()}
    finally:
        store.close()


def compare(before: Result, after: Result) -> Change | None:
    """What changed for one submission; ``None`` if it has as many points as before."""
    if before.score == after.score:
        return None
    old = {question.name: question for question in before.questions}
    new = {question.name: question for question in after.questions}
    reasons = []
    if before.status != after.status and "invalid" in (before.status, after.status):
        reasons.append(f"was {before.status}, is {after.status}: {before.reason or after.reason}")
    for name in dict.fromkeys([*old, *new]):
        reasons += [f"{name}: {reason}" for reason in _reasons(old.get(name), new.get(name))]
    return Change(before.submission, before.score, after.score, tuple(reasons))


def _reasons(before: QuestionResult | None, after: QuestionResult | None) -> list[str]:
    """Why a question has other points than before: the cases that flipped, came or went."""
    if before is not None and after is not None and before.score == after.score:
        return []
    old, new = _cases(before), _cases(after)
    reasons = []
    for case in dict.fromkeys([*old, *new]):
        was, now = old.get(case), new.get(case)
        if was is None or now is None or was.passed != now.passed:
            reasons.append(f"{case}: {_flip(was, now)}")
        elif was.points != now.points:
            reasons.append(f"{case}: is worth {now.points:g} points, was {was.points:g}")
    return reasons


def _cases(question: QuestionResult | None) -> dict[str, Outcome]:
    """The outcomes by the name of their case; a name that comes again is numbered."""
    seen: Counter[str] = Counter()
    cases = {}
    for outcome in question.outcomes if question else ():
        seen[outcome.case] += 1
        number = f" ({seen[outcome.case]})" if seen[outcome.case] > 1 else ""
        cases[outcome.case + number] = outcome
    return cases


def _flip(was: Outcome | None, now: Outcome | None) -> str:
    if now is None:
        return "is no longer asked"
    verdict = "passes" if now.passed else f"fails: {now.sentence}"
    if was is None:
        return f"is new and {verdict}"
    return f"passes now; it said: {was.sentence}" if now.passed else f"passed before, now {verdict}"


def _write_changes(changes: Sequence[Change], path: Path) -> None:
    rows = [["submission", "before", "after", "why"]]
    for change in changes:
        points = f"{change.before:g}", f"{change.after:g}"
        rows.append([harmless(change.submission), *points, harmless("; ".join(change.reasons))])
    write_whole(path, table(rows))


def _print(found: Regrade, out: Path) -> None:
    console = Console(highlight=False)
    if found.changes:
        # Most changes have the same few reasons, so these are told once.
        told = Counter(reason for change in found.changes for reason in change.reasons)
        numbers = {reason: str(number) for number, (reason, _) in enumerate(told.most_common(), start=1)}
        shown = Table("submission", "before", "after", "change", "why")
        for change in found.changes:
            points = f"{change.before:g}", f"{change.after:g}", f"{change.after - change.before:+g}"
            why = ", ".join(numbers[reason] for reason in change.reasons)
            # Text, not markup: names and sentences quote what students wrote.
            shown.add_row(Text(change.submission), *points, why)
        console.print(shown)
        for reason, number in numbers.items():
            console.print(f"{number}: {reason} ({told[reason]} times)", markup=False)
    for remark in found.remarks:
        console.print(remark, markup=False)
    console.print(f"{len(found.changes)} scores change, {found.unchanged} don't.")
    if found.written:
        console.print(f"Written to {out}; what changed is in regrade.csv.", markup=False)
    else:
        console.print(
            f"Nothing is written. The new report is {out / 'regrade' / 'report.html'}; --write applies it.",
            markup=False,
        )
