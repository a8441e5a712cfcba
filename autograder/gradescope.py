"""Grades one submission in Gradescope's container, and says what came of it in Gradescope's format.

The format: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.batch.collect import collect, read_notebook
from autograder.judge import Judged, QuestionResult, judge, possible_points
from autograder.sandbox import Limits, best_level

# Gradescope's smallest container has half a core and 768 MB, and ends everything after ten minutes.
_LIMITS = Limits(
    cell_seconds=60, call_seconds=20, submission_seconds=480, memory_bytes=512 * 2**20, processes=64
)


def grade(root: Path) -> dict[str, Any]:
    """What ``results.json`` is to say of the submission in ``root``.

    Parameters
    ----------
    root
        What Gradescope calls ``/autograder``: the folder of ``source/`` and ``submission/``.

    Raises
    ------
    SandboxFault
        If it can't be graded through no fault of the student. There is no result then, and Gradescope shows that
        the autograder failed: nobody gets 0 for it.
    """
    start, level = time.monotonic(), best_level()
    assignment = json.loads((root / "source" / "assignment.json").read_text(encoding="utf-8"))
    notebook = _the_notebook(root / "submission", assignment["topic"])
    if isinstance(notebook, str):
        results = _invalid(notebook, assignment["tests"])
    else:
        judged = judge(
            notebook,
            assignment["tests"],
            handed_out=frozenset(assignment["handed_out"]),
            limits=_LIMITS,
            level=level,
        )
        results = _graded(judged, assignment["written"])
    results["extra_data"] |= {"topic": assignment["topic"], "sandbox": str(level)}
    return {
        "execution_time": round(time.monotonic() - start),
        "stdout_visibility": "hidden",
        "output_format": "text",
        "test_output_format": "text",
        **results,
    }


def _the_notebook(folder: Path, topic: str) -> NotebookNode | str:
    """The one notebook that was handed in, or a sentence that says why there is nothing to grade."""
    found = list({submission.digest: submission for submission in collect([folder])}.values())
    if not found:
        return "There is no notebook in what you handed in: hand in your .ipynb file, or the zip that its last cell makes."
    if len(found) > 1:
        names = ", ".join(sorted(submission.name for submission in found))
        return f"There is more than one notebook in what you handed in ({names}): hand in only one."
    return read_notebook(found[0], topic)


def _invalid(reason: str, tests: Mapping[str, str]) -> dict[str, Any]:
    possible = possible_points(tests)
    entry = {"name": "what was handed in", "score": 0.0, "max_score": possible, "status": "failed"}
    return {
        "score": 0.0,
        "output": reason,
        "tests": [{**entry, "output": reason, "visibility": "visible"}],
        "extra_data": {"status": "invalid"},
    }


def _graded(judged: Judged, written: Mapping[str, float]) -> dict[str, Any]:
    notes = [f"Did not run to its end: {problem}" for problem in judged.problems]
    notes += [f"{question.name}: {question.reason}" for question in judged.questions if question.reason]
    tests = [entry for number, q in enumerate(judged.questions, start=1) for entry in _entries(number, q)]
    return {
        "score": judged.score,
        "output": "\n".join(notes),
        "tests": [*tests, *(_written(name, points) for name, points in written.items())],
        "extra_data": {
            "status": judged.status,
            "questions": {
                question.name: [question.score, question.possible] for question in judged.questions
            },
        },
    }


def _entries(number: int, question: QuestionResult) -> Iterator[dict[str, Any]]:
    """A line for each test case. What a hidden one compares with is on a line of its own, which only instructors see."""
    shares = [outcome.points for outcome in question.outcomes]
    all_or_nothing = (
        sum(p for p, o in zip(shares, question.outcomes, strict=True) if o.passed) != question.score
    )
    if all_or_nothing:  # what passed has earned nothing by itself
        yield {
            **_points(question.name, question.score, question.possible),
            "number": f"{number}",
            "output": "All points if every test passes, otherwise none.",
            "visibility": "after_published",
        }
    hidden = 0
    for place, outcome in enumerate(question.outcomes, start=1):
        hidden += outcome.hidden
        name = f"{question.name}: " + (f"hidden test {hidden}" if outcome.hidden else outcome.case)
        worth = 0.0 if all_or_nothing else outcome.points
        yield {
            **_points(name, worth * outcome.passed, worth),
            "status": "passed" if outcome.passed else "failed",
            "number": f"{number}.{place}",
            "output": "" if outcome.passed else outcome.shown,
            "visibility": "after_published" if outcome.hidden else "visible",
        }
        if outcome.hidden and not outcome.passed:
            yield {
                "name": f"{name}, for instructors: {outcome.case}",
                "number": f"{number}.{place}",
                "output": f"{outcome.sentence}\n{outcome.detail or ''}".rstrip(),
                "visibility": "hidden",
            }


def _points(name: str, score: float, possible: float) -> dict[str, Any]:
    return {"name": name, "score": score, "max_score": possible}


def _written(name: str, points: float) -> dict[str, Any]:
    return {
        **_points(f"{name}: written answer", 0.0, 0.0),
        "output": f"A person grades this answer: up to {points:g} points.",
        "visibility": "visible",
    }


def main() -> None:
    """Grade what is in the folder that is the first argument, and write ``results/results.json`` in it."""
    root = Path(sys.argv[1])
    results = grade(root)
    path = root / "results" / "results.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"{results['extra_data']['status']} in {results['execution_time']} s, sandbox: {best_level()}")


if __name__ == "__main__":
    main()
