"""Pages and tables say what happened, hide what must be hidden, and escape everything."""

import csv
import json
import re

import pytest

from autograder.batch.handed_in import HandedIn
from autograder.batch.store import Result, Store, Written
from autograder.build import Item, Rubric
from autograder.judge import QuestionResult
from autograder.report.class_report import distribution, item, summarise, write_class_report
from autograder.report.feedback import feedback_page, write_feedback
from autograder.report.table import write_grades
from course_utils.checks import Outcome

PUBLIC = Outcome(
    "the slope",
    False,
    2.0,
    False,
    "own",
    "Use one divisor, `n`.",
    "input     x = 17\ngot       4242\nexpected  3131",
)
HIDDEN = Outcome(
    "random points", True, 2.0, False, "factor", "n times too <large>.", "got       987654\nexpected  456789"
)
PASSED = Outcome("fine", True, 2.0, True)
UNTOUCHED = Outcome(
    "x", False, 2.0, False, "not_started", "Not started: write your answer where the `...` is.", ""
)


def result(name, *questions, **changes):
    defaults = {"status": "graded", "max_score": 8.0, "seconds": 1.25, "reason": None, "problems": ()}
    defaults["score"] = sum(question.score for question in questions)
    return Result(submission=name, questions=questions, **(defaults | changes))


@pytest.fixture
def results():
    line, ridge = (
        QuestionResult("fit_line", 0.0, 4.0, (PUBLIC, HIDDEN)),
        QuestionResult("fit_ridge", 4.0, 4.0, (PASSED, PASSED)),
    )
    untouched = QuestionResult("fit_ridge", 0.0, 4.0, (UNTOUCHED, UNTOUCHED))
    return [
        result("ann", line, ridge),
        result(
            "bob",
            QuestionResult("fit_line", 2.0, 4.0, (PASSED, HIDDEN), "`fit_line` did not come back in time."),
            untouched,
            status="partial",
            problems=("Cell 3 raised <b>.",),
        ),
        result("eve", status="invalid", reason="The file is <empty>."),
    ]


def test_feedback_shows_public_numbers_and_hides_hidden_ones(results):
    page = feedback_page("01_regression", results[0])
    assert "Use one divisor, <code>n</code>." in page
    assert "4242" in page
    assert "3131" in page
    assert "n times too &lt;large&gt;." in page
    assert not re.search("987654|456789|random points", page)
    assert "0 of 4" in page
    assert "4 of 4" in page


WHY = Rubric("why", "Why?", 4.0, "", (Item("Small sample", "", 2.0), Item("Leakage", "", 2.0), Item("Guess", "", -0.5)), "")  # fmt: skip
HOW = Rubric("how", "How?", 3.0, "", (Item("Steps", "", 3.0),), "")


def test_feedback_shows_what_a_person_gave_for_written_answers_to_whom_it_belongs(results, tmp_path):
    written = [
        Written("ann", "why", 2.5, {"Small sample": 1.0, "Leakage": 0.5, "Guess": 1.0}, "Which <patients>?"),
        Written("ann", "how", None, {}, "Not marked yet."),
        Written("ann", "no more", 1.0, {}, "Asked once."),
        Written("bob", "why", 1.0, {}, "For another."),
    ]
    write_feedback("01_regression", results, tmp_path, written, [WHY, HOW])
    page = (tmp_path / "ann.html").read_text()
    assert "2.5 of 4" in page
    assert re.search("2.5 <.*>of 7<.*written answers, some not marked yet", page)
    assert re.search("✓</span>Small sample", page)
    assert re.search("½</span>Leakage, by half", page)
    assert re.search("✗</span>Guess", page)
    assert "Asked once" not in page
    assert "Which &lt;patients&gt;?" in page
    assert "Not marked yet" not in page
    assert "For another" not in page
    assert "Written answers" not in (tmp_path / "eve.html").read_text()


def test_feedback_says_what_stood_in_the_way(results):
    page = feedback_page("01_regression", results[1])
    assert "Cell 3 raised &lt;b&gt;." in page
    assert "<code>fit_line</code> did not come back in time." in page
    assert "Not started." in page
    assert "The file is &lt;empty&gt;." in feedback_page("01_regression", results[2])


def page(results, tmp_path, questions=("fit_line", "fit_ridge")):
    path = tmp_path / "report.html"
    write_class_report(summarise("01_regression", questions, results), results, path)
    return path.read_text()


def test_the_class_report_counts_students_not_tests(results, tmp_path):
    line, ridge = (item(name, results[:2]) for name in ("fit_line", "fit_ridge"))
    assert [(m.sentence, m.students, m.hidden) for m in line.mistakes] == [
        ("n times too <large>.", 2, True),
        ("Use one divisor, `n`.", 1, False),
    ]
    assert (line.share, line.full, line.part, line.none, line.not_started) == (0.25, 0, 1, 1, 0)
    assert (ridge.share, ridge.full, ridge.part, ridge.none, ridge.not_started) == (0.5, 1, 0, 0, 1)
    html = page(results, tmp_path)
    assert 'href="feedback/ann.html"' in html
    assert "n times too &lt;large&gt;." in html
    assert "The file is &lt;empty&gt;." in html
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


def test_the_report_as_data_says_what_the_page_says_and_names_nobody(results):
    data = json.loads(summarise("01_regression", ["fit_line", "fit_ridge"], results).to_json())
    assert (data["submissions"], data["invalid"], data["mean"], data["median"]) == (3, 1, 3.0, 3.0)
    assert [entry["name"] for entry in data["items"]] == ["fit_line", "fit_ridge"]
    assert data["items"][0]["mistakes"][0] == {
        "sentence": "n times too <large>.",
        "students": 2,
        "hidden": True,
    }
    assert sum(bar["count"] for bar in data["distribution"]) == 2
    assert not {"ann", "bob", "eve"} & set(re.findall(r"\w+", json.dumps(data)))


def test_attempts_are_shown_where_gradescope_knows_them(results, tmp_path):
    found = [HandedIn(name, name, "", attempts=number) for name, number in (("ann", 3), ("bob", 4))]
    report = summarise("01_regression", ["fit_line"], results, found)
    write_class_report(report, results, tmp_path / "report.html")
    assert "3.5<small>times handed in (median)" in (tmp_path / "report.html").read_text()
    assert "times handed in" not in page(results, tmp_path)


def test_an_empty_class_has_a_report_too(tmp_path):
    assert "0<small>submissions" in page([], tmp_path)


def test_full_marks_are_in_the_last_bar(results):
    full = result("max", QuestionResult("fit_line", 8.0, 8.0, ()))
    counts = [bar.count for bar in distribution([*results[:2], full])]
    assert counts == [0, 0, 1, 0, 0, 1, 0, 0, 0, 1]


def test_no_cell_of_the_table_is_a_formula(results, tmp_path):
    write_grades(["fit_line"], [result("=1+1"), *results], tmp_path / "grades.csv")
    rows = list(csv.reader((tmp_path / "grades.csv").open()))
    assert rows[1][0] == "'=1+1"
    assert rows[4] == ["eve", "invalid", "0", "8", "", "1.2", ""]


def test_the_store_returns_what_was_saved(results, tmp_path):
    path = tmp_path / "results.sqlite"
    store = Store(path)
    for entry in results:
        store.save(entry, f"content of {entry.submission}", "tests")
    store.close()
    again = Store(path)
    contents = {entry.submission: f"content of {entry.submission}" for entry in results}
    assert again.results(contents, "tests") == results
    assert again.is_graded("ann", "content of ann", "tests")
    assert not again.is_graded("ann", "another content", "tests")
    assert not again.is_graded("ann", "content of ann", "other tests")
    assert again.results({"ann": "another content"}, "tests") == []
    again.close()
