"""The class report and the feedback page in a real browser: judged by axe-core, on a phone, and on paper."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from autograder import report
from autograder.batch.store import Result, Written
from autograder.build import Item, Rubric
from autograder.judge import QuestionResult
from course_utils.checks import Outcome

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NAMES = ("fit_line", "is_positive_semidefinite", "a_very_long_name_of_an_exercise_that_does_not_fit")
FAILED = Outcome(
    "a", False, 2.0, False, "own", "Use one divisor, `n`, " * 6, f"input     x = {'1234567 ' * 40}"
)
HIDDEN = Outcome("b", True, 2.0, False, "factor", "n times too large.", "")
PASSED = Outcome("c", True, 2.0, True)
UNTOUCHED = Outcome("a", False, 2.0, False, "not_started", "Not started.", "")


def result(number):
    outcomes = [(PASSED,), (FAILED, HIDDEN, PASSED), (FAILED,), (UNTOUCHED,)]
    questions = tuple(
        QuestionResult(name, sum(o.points for o in chosen if o.passed), 2.0 * len(chosen), chosen)
        for place, name in enumerate(NAMES)
        for chosen in [outcomes[(number * (place + 1)) % 4]]
    )
    score = sum(question.score for question in questions)
    problems = ("Cell 3 raised NameError.",) if number % 7 == 0 else ()
    return Result(
        f"student_{number}", "partial" if problems else "graded", score, 18.0, 1.0, None, problems, questions
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    results = [result(number) for number in range(40)]
    results.append(Result("broken", "invalid", 0.0, 18.0, 0.0, "The file is empty.", (), ()))
    written = [Written("student_1", "why", 2.5, {"Leakage": 1.0, "Small sample": 0.5}, "Good.")]
    rubrics = [Rubric("why", "Why?", 4.0, "", (Item("Small sample", "", 2.0), Item("Leakage", "", 2.0)), "")]
    report.write("01_regression", list(NAMES), results, folder, written=written, rubrics=rubrics)
    return [
        folder / "report.html",
        folder / "feedback" / "student_1.html",
        folder / "feedback" / "broken.html",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, pages, scheme):
    page.emulate_media(color_scheme=scheme)
    for path in pages:
        page.goto(path.as_uri())
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert page.errors == []


def test_on_a_phone_nothing_is_wider_than_the_screen(page, pages):
    page.set_viewport_size({"width": 390, "height": 800})
    for path in pages:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path.name


def test_on_paper_the_colours_of_the_bars_stay_and_the_names_have_their_own_page(page, pages):
    page.emulate_media(media="print")
    page.goto(pages[0].as_uri())
    style = "element => getComputedStyle(element)"
    assert page.eval_on_selector(".stack i", f"{style}.printColorAdjust") == "exact"
    assert page.eval_on_selector("h2.names", f"{style}.breakBefore") == "page"
    assert page.eval_on_selector("section", f"{style}.breakInside") == "avoid"
