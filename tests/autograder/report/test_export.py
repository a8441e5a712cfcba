"""Grades reach each gradebook whole: the right person, the right points, and why."""

import csv
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook, MissingEntry

from autograder.batch.handed_in import HandedIn, Submitter
from autograder.batch.store import Result, Store
from autograder.build.masters import master_path, questions, read_cells
from autograder.judge import QuestionResult
from autograder.report.export import main
from autograder.report.nbgrader_gradebook import _is_ours

ROOT = Path(__file__).parents[3]
TOPICS = ("01_regression", "02_classification")
ASKED = {topic: questions(read_cells(master_path(topic, ROOT).read_text())) for topic in TOPICS}
TESTED = {topic: [q.name for q in asked if q.tests] for topic, asked in ASKED.items()}
(WRITTEN,) = (q.name for q in ASKED[TOPICS[0]] if q.manual)
POSSIBLE = {topic: sum(q.points for q in asked) for topic, asked in ASKED.items()}
ROSTER = """\
name,email,id,canvas_id,section,group
"Doe, Jane",jane@uni.example,1001,501,A,red
Bob Roe,bob@uni.example,1002,502,B,=blue
=cmd|'/c calc'!A1,eve@uni.example,1003,503,B,
Zoe Zed,zoe@uni.example,1004,504,B,
"""
LATE = """\
time_zone = "Europe/Berlin"
grace = 10
per_day = "10%"
max_days = 5
slip_days = 2
[due]
01_regression = 2026-10-09T23:59:00
02_classification = 2026-10-16T23:59:00
[extensions."bob@uni.example"]
01_regression = 2026-10-12T23:59:00
"""


def result(topic, name, score, status="graded"):
    """A submission with ``score`` points, four for each exercise from the first on."""
    left, found = score, []
    for question in ASKED[topic]:
        if question.tests:
            points = min(left, question.points)
            found.append(QuestionResult(question.name, points, float(question.points), ()))
            left -= points
    reason = "The file is empty." if status == "invalid" else None
    graded = () if status == "invalid" else tuple(found)
    return Result(name, status, float(score), 36.0, 1.0, reason, (), graded)


def store(folder, topic, results, found, written=()):
    (folder / topic).mkdir(parents=True, exist_ok=True)
    kept = Store(folder / topic / "results.sqlite")
    kept.note(found, "tests")
    for entry in results:
        kept.save(entry, "", "tests")
    for name, points in written:
        kept.save_written(name, WRITTEN, points, {}, "")
    kept.close()


def october(day, hour=12):
    return datetime(2026, 10, day, hour, tzinfo=UTC)


@pytest.fixture
def graded(tmp_path):
    """Two topics of a class of four: of the first, Jane is 1 day late, Bob has an extension, Eve's file is broken, Zoe has none."""
    jane, bob = (Submitter(name, number, "") for name, number in (("Jane", "1001"), ("Bob", "1002")))
    store(
        tmp_path / "graded",
        TOPICS[0],
        [
            result(TOPICS[0], "submission_1", 20),
            result(TOPICS[0], "submission_2", 36),
            result(TOPICS[0], "eve", 0, "invalid"),
        ],
        [
            HandedIn("submission_1", "submission_1", "", time=october(10), submitters=(jane,)),
            HandedIn("submission_2", "submission_2", "", time=october(12), submitters=(bob,)),
            HandedIn("eve", "eve", ""),
        ],
        [("submission_1", 3.5)],
    )
    store(
        tmp_path / "graded",
        TOPICS[1],
        [result(TOPICS[1], "submission_8", 30)],
        [HandedIn("submission_8", "submission_8", "", time=october(18), submitters=(jane,))],
    )
    (tmp_path / "roster.csv").write_text(ROSTER)
    (tmp_path / "late.toml").write_text(LATE)
    return tmp_path


def export(folder, form="plain", titles=None, times=None, roster="roster.csv", late="late.toml"):
    """The rows of what is written."""
    if times is not None:
        (folder / "times.csv").write_text(times)
    path = main(
        titles or {TOPICS[0]: TOPICS[0]},
        folder / "graded",
        form,
        roster=folder / roster if roster else None,
        late=folder / late if late else None,
        times=folder / "times.csv" if times is not None else None,
        to=folder / "out",
        root=ROOT,
    )
    return path if form == "nbgrader" else list(csv.reader(path.open(newline="")))


def by_name(rows):
    return {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}


def test_plain_has_a_row_for_everybody_and_says_how_the_total_was_found(graded, capsys):
    rows = by_name(export(graded))
    assert list(rows) == ["Doe, Jane", "Bob Roe", "'=cmd|'/c calc'!A1", "Zoe Zed"]
    jane, bob, eve, zoe = rows.values()
    assert (jane["automatic"], jane["written"], jane["deduction"], jane["total"]) == (
        "20",
        "3.5",
        "0",
        "23.5",
    )
    assert (jane["days_late"], jane["slip_days"], jane["remark"]) == ("1", "1", "1 day late, 1 slip day used")
    assert (bob["status"], bob["days_late"], bob["total"], bob["possible"]) == ("graded", "0", "36", "40")
    assert bob["remark"] == f"no points yet for {WRITTEN}"
    assert (eve["status"], eve["total"]) == ("invalid", "0")
    assert "could not be graded: The file is empty." in eve["remark"]
    assert (zoe["status"], zoe["automatic"], zoe["total"]) == ("missing", "", "")
    assert (jane["group"], bob["group"]) == ("red", "'=blue")
    said = capsys.readouterr().out
    assert "01_regression: 1 handed in nothing" in said
    assert "02_classification" not in said


def test_slip_days_that_an_earlier_topic_took_are_gone_though_only_the_later_is_exported(graded):
    jane = by_name(export(graded, titles={TOPICS[1]: "Homework 2"}))["Doe, Jane"]
    assert (jane["topic"], jane["days_late"], jane["slip_days"]) == ("Homework 2", "2", "1")
    assert float(jane["deduction"]) == pytest.approx(POSSIBLE[TOPICS[1]] / 10)
    assert jane["remark"].startswith("2 days late, 1 slip day used, −10 %")


def test_it_is_said_when_an_earlier_topic_is_not_there(graded, capsys):
    (graded / "graded" / TOPICS[0] / "results.sqlite").rename(graded / "elsewhere")
    export(graded, titles={TOPICS[1]: TOPICS[1]})
    assert "slip days: 01_regression has no results here" in capsys.readouterr().out


def test_times_that_the_instructor_gives_come_first(graded):
    times = "student,time,topic\n1001,2026-10-14T12:00:00,\nbob@uni.example,2026-10-30T12:00:00+02:00,01_regression\n"
    rows = by_name(export(graded, times=times))
    assert rows["Doe, Jane"]["remark"] == "5 days late, 2 slip days used, −30 %"
    assert rows["Doe, Jane"]["total"] == "11.5"
    assert rows["Bob Roe"]["total"] == "0"
    assert "more than the 5 that are accepted" in rows["Bob Roe"]["remark"]


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ("who,time\n", "must name the columns student and time"),
        ("student,time\n1001,yesterday\n", "line 2: 'yesterday' is not a time"),
        ("student,time\n1001,\n", "line 2: '' is not a time"),
    ],
)
def test_times_that_can_not_be_read_are_named(graded, times, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        export(graded, times=times)


def test_a_time_without_a_zone_needs_the_policys(graded):
    with pytest.raises(ValueError, match="has no time zone"):
        export(graded, times="student,time\n1001,2026-10-14T12:00:00\n", late=None)


def test_the_last_of_several_counts_where_times_are_known_and_else_none(graded, capsys):
    topic = TOPICS[0]
    jane = Submitter("Jane", "1001", "")
    found = [
        HandedIn("submission_1", "submission_1", "", time=october(9, 9), submitters=(jane,)),
        HandedIn("submission_7", "submission_7", "", time=october(9, 10), submitters=(jane,)),
        HandedIn("bob", "bob", ""),
        HandedIn("bob_2", "bob", ""),
    ]
    results = [
        result(topic, entry.submission, score) for entry, score in zip(found, (36, 12, 8, 16), strict=True)
    ]
    store(graded / "graded", topic, results, found)
    rows = by_name(export(graded))
    assert (rows["Doe, Jane"]["submission"], rows["Doe, Jane"]["automatic"]) == ("submission_7", "12")
    assert (rows["Bob Roe"]["status"], rows["Bob Roe"]["total"]) == ("duplicate", "")
    assert "several submissions, bob, bob_2, and no times" in capsys.readouterr().out
    times = "student,time\nbob,2026-10-09T10:00:00Z\nbob_2,2026-10-09T09:00:00Z\n"
    assert by_name(export(graded, times=times))["Bob Roe"]["submission"] == "bob"


def test_zip_times_count_only_where_the_policy_says_so(graded):
    found = [HandedIn("bob", "bob", "", zip_time=datetime(2026, 10, 15, 12))]
    store(graded / "graded", TOPICS[0], [result(TOPICS[0], "bob", 36)], found)
    assert by_name(export(graded))["Bob Roe"]["days_late"] == ""
    (graded / "late.toml").write_text(f"zip_times = true\n{LATE}")
    assert by_name(export(graded))["Bob Roe"]["days_late"] == "3"


def test_what_the_grader_failed_on_has_no_points(graded):
    store(graded / "graded", TOPICS[0], [], [HandedIn("bob", "bob", "another file")])
    bob = by_name(export(graded))["Bob Roe"]
    assert (bob["status"], bob["total"]) == ("not graded", "")
    assert "run `course grade` again" in bob["remark"]


def test_canvas_gets_the_columns_its_importer_asks_for(graded):
    rows = export(graded, "canvas", {TOPICS[0]: "Homework 1 (4711)", TOPICS[1]: TOPICS[1]})
    assert rows[0] == [
        "Student",
        "ID",
        "SIS User ID",
        "SIS Login ID",
        "Section",
        "Homework 1 (4711)",
        TOPICS[1],
    ]
    assert rows[1] == ["    Points Possible", "", "", "", "", "40", f"{POSSIBLE[TOPICS[1]]:g}"]
    # Jane is 1 and 2 days late; two of the three are free.
    second = f"{30 - POSSIBLE[TOPICS[1]] / 10:g}"
    assert rows[2] == ["Doe, Jane", "501", "1001", "", "A", "23.5", second]
    assert rows[5][-2:] == ["", ""]
    assert rows[4][0].startswith("'=")


def test_canvas_own_gradebook_gives_people_and_the_assignments_id(graded):
    (graded / "canvas.csv").write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,01_regression (4711)\n    Points Possible,,,,,40\n"
        '"Doe, Jane",501,1001,jdoe,A,\n'
    )
    rows = export(graded, "canvas", roster="canvas.csv")
    assert rows[0][-1] == "01_regression (4711)"
    assert rows[2] == ["Doe, Jane", "501", "1001", "jdoe", "A", "23.5"]


def test_gradescope_gets_its_four_columns_for_each_assignment(graded):
    rows = export(graded, "gradescope", {TOPICS[0]: "Homework 1"})
    assert rows[0] == [
        *("First Name", "Last Name", "SID", "Email", "Sections", "Homework 1"),
        *("Homework 1 - Max Points", "Homework 1 - Submission Time", "Homework 1 - Lateness (H:M:S)"),
    ]
    assert rows[1][:2] == ["Jane", "Doe"]
    assert rows[1][5:] == ["23.5", "40", "2026-10-10 12:00:00 +0000", "14:01:00"]
    assert rows[2][-1] == "00:00:00"
    assert rows[4][5:] == ["", "40", "", ""]


def test_without_a_roster_those_who_handed_in_are_the_class(graded):
    rows = by_name(export(graded, roster=None, late=None))
    assert {name: row["total"] for name, row in rows.items()} == {"Jane": "23.5", "Bob": "36", "eve": "0"}


@pytest.mark.parametrize(
    ("titles", "says"),
    [
        ({"03_bias_variance": "x"}, "has no results of 03_bias_variance"),
        ({"02_classification": "x"}, "holds results of another topic than 02_classification"),
    ],
)
def test_results_that_are_not_there_or_another_topics_are_refused(graded, titles, says):
    (graded / "graded" / TOPICS[0] / "results.sqlite").rename(graded / "graded" / "01")
    source, target = graded / "graded" / "01", graded / "graded" / TOPICS[1] / "results.sqlite"
    source.replace(target)
    with pytest.raises(ValueError, match=says):
        export(graded, titles=titles)


def test_a_run_that_was_killed_before_its_first_result_is_no_class(graded):
    sqlite3.connect(graded / "graded" / TOPICS[0] / "results.sqlite").executescript("delete from handed_in")
    with pytest.raises(ValueError, match="run `course grade 01_regression` first"):
        export(graded)


def test_a_gradebook_in_which_somebody_grades_is_not_replaced(graded):
    (graded / "out").write_text("not even a database")
    with pytest.raises(ValueError, match="is there already"):
        export(graded, "nbgrader")
    (graded / "out").unlink()
    with sqlite3.connect(graded / "out") as connection:
        connection.execute("create table course (id text)")
    with pytest.raises(ValueError, match="is there already"):
        export(graded, "nbgrader")


def test_two_topics_need_two_titles(graded):
    with pytest.raises(ValueError, match="same title"):
        export(graded, titles=dict.fromkeys(TOPICS, "Homework"))


@pytest.mark.slow
def test_nbgrader_reads_its_gradebook_back(graded):
    path = export(graded, "nbgrader", {TOPICS[0]: "Homework 1", TOPICS[1]: "Homework 2"})
    assert _is_ours(path)  # a further export may replace it
    with Gradebook(f"sqlite:///{path}") as gradebook:
        assert [a.name for a in gradebook.assignments] == ["Homework 1", "Homework 2"]
        assert gradebook.find_assignment("Homework 1").max_score == POSSIBLE[TOPICS[0]]
        jane = gradebook.find_submission("Homework 1", "1001")
        assert (jane.score, jane.max_written_score, jane.written_score) == (23.5, 4, 3.5)
        assert not jane.needs_manual_grade
        assert jane.timestamp == datetime(2026, 10, 10, 12)
        late = gradebook.find_submission("Homework 2", "1001")
        assert late.late_submission_penalty == pytest.approx(POSSIBLE[TOPICS[1]] / 10)
        assert gradebook.find_submission("Homework 1", "1002").needs_manual_grade
        grade = gradebook.find_grade(TESTED[TOPICS[0]][0], TOPICS[0], "Homework 1", "1001")
        assert (grade.auto_score, grade.max_score) == (4, 4)
        with pytest.raises(MissingEntry):
            gradebook.find_submission("Homework 1", "1004")
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", f"--db=sqlite:///{path}", "--to=grades.csv"],
        cwd=graded,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [row for row in csv.DictReader((graded / "grades.csv").open()) if row["student_id"] == "1001"]
    assert [float(row["raw_score"]) for row in rows] == [23.5, 30]
    assert [float(row["late_submission_penalty"]) for row in rows] == [0, POSSIBLE[TOPICS[1]] / 10]
    assert [float(row["score"]) for row in rows] == [23.5, 30 - POSSIBLE[TOPICS[1]] / 10]
