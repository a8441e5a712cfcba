"""One page for each student: what was earned, and what kind of mistake was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.report.files import write_whole
from autograder.report.pages import template

if TYPE_CHECKING:
    from autograder.batch.store import Result, Written


def write_feedback(
    topic: str, results: Sequence[Result], folder: Path, written: Sequence[Written] = ()
) -> None:
    """Write a page for each submission. Hidden tests show the kind of mistake, never their numbers.

    Parameters
    ----------
    topic
        The assignment, for the heading.
    results
        The submissions.
    folder
        Where the pages go; it is made if it isn't there.
    written
        What people gave for written answers; those not marked yet are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        own = [w for w in written if w.submission == result.submission and w.points is not None]
        write_whole(folder / f"{result.submission}.html", feedback_page(topic, result, own))


def feedback_page(topic: str, result: Result, written: Sequence[Written] = ()) -> str:
    """The page for one submission, with what was given for its written answers."""
    return template("feedback.html").render(topic=topic, result=result, written=written)
