"""Make a class of sixty, grade it, and draw its report and a feedback page into ``docs/images``."""

from __future__ import annotations

import math
import random
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import Page

from autograder import batch, build
from autograder.demo import replace_answer
from autograder.wrong_answers import load
from docs.pictures import IMAGES, chromium

TOPIC = "01_regression"
LOOK_AT = "is_positive_semidefinite"  # the exercise that, in this class, the strong get wrong


def make_class(folder: Path, root: Path, students: int = 60) -> None:
    """Write notebooks of students of different skill, whose mistakes are those of ``tests/wrong_answers``."""
    rng = random.Random(3)
    solution, stub = build.solution_notebook(TOPIC, root), build.student_notebook(TOPIC, root)
    wrong = load(root / "tests" / "wrong_answers" / f"{TOPIC}.py")
    exercises = list(build.test_sources(TOPIC, root))
    untouched = {
        name: next(cell.source for cell in stub.cells if f"def {name}(" in cell.source) for name in exercises
    }
    for student in range(students):
        skill = rng.gauss(0.8, 1.2)
        stops_at = rng.randint(4, 7) if skill < -0.4 else len(exercises)
        notebook = solution
        for number, name in enumerate(exercises):
            ease = 0.4 - 0.5 * skill if name == LOOK_AT else 1.5 * (skill + 1.2 - 0.33 * number)
            if number >= stops_at:
                notebook = replace_answer(notebook, name, untouched[name])
            elif rng.random() > 1 / (1 + math.exp(-ease)):
                theirs = [answer for answer in wrong if answer.exercise == name]
                answer = theirs[min(int(rng.expovariate(0.6)), len(theirs) - 1)]
                notebook = replace_answer(notebook, name, answer.source)
        nbformat.write(notebook, folder / f"student_{student + 1:02d}.ipynb")


def shoot(page: Page, source: Path, target: Path, height: int) -> None:
    """Draw the top of a page."""
    page.set_viewport_size({"width": 1000, "height": height})
    page.goto(source.as_uri())
    page.screenshot(path=target)


def main() -> None:
    """Draw the report and one feedback page."""
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        handed_in, out = Path(temporary, "in"), Path(temporary, "out")
        handed_in.mkdir()
        root = build.find_root()
        make_class(handed_in, root)
        summary = batch.grade(TOPIC, [handed_in], out, root=root)
        page = browser.new_page()
        shoot(page, out / "report.html", IMAGES / "report.png", 1500)
        # A student who did most things right, so that the page shows both.
        middling = next(
            r for r in summary.results if r.status == "graded" and 0.6 < r.score / r.max_score < 0.8
        )
        shoot(page, out / "feedback" / f"{middling.submission}.html", IMAGES / "feedback.png", 1300)


if __name__ == "__main__":
    main()
