"""One page for each student: what was earned, and what kind of mistake was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.report.files import write_whole
from autograder.report.pages import template

if TYPE_CHECKING:
    from autograder.batch.store import Result, Written
    from autograder.build import Rubric


def write_feedback(
    topic: str,
    results: Sequence[Result],
    folder: Path,
    written: Sequence[Written] = (),
    rubrics: Sequence[Rubric] = (),
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
        What people gave for written answers; those not marked yet are left out, and those to questions that are no more.
    rubrics
        The written questions.
    """
    known = {rubric.question for rubric in rubrics}
    marked = [answer for answer in written if answer.points is not None and answer.question in known]
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        own = [answer for answer in marked if answer.submission == result.submission]
        write_whole(folder / f"{result.submission}.html", feedback_page(topic, result, own, rubrics))


def feedback_page(
    topic: str, result: Result, written: Sequence[Written] = (), rubrics: Sequence[Rubric] = ()
) -> str:
    """The page for one submission, with what was given for its written answers."""
    asked = {rubric.question: rubric for rubric in rubrics}
    return template("feedback.html").render(topic=topic, result=result, written=written, rubrics=asked)
