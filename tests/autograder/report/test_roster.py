"""Submissions find their people, and are nobody's rather than somebody's by a guess."""

import pytest

from autograder.batch.handed_in import HandedIn, Submitter
from autograder.report.roster import match, read_roster, without_roster

ROSTER = """\
Name,email,id,canvas_id,section,seat
"Doe, Jane",jane.doe@uni.example,1001,12345,A,4
Álvaro Núñez,a.nunez@uni.example,1002,222,B,7
Li Wei,wei1@uni.example,1003,,A,1
Wei Li,wei2@uni.example,1004,,A,2
"""
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,01_regression (4711),Current Score
,,,,,Manual Posting,
    Points Possible,,,,,40,(read only)
"Doe, Jane",12345,1001,jdoe,Sec A,,
"Student, Test",999,,,Sec A,,
"""


@pytest.fixture
def roster(tmp_path):
    def read(text=ROSTER, encoding="utf-8"):
        (tmp_path / "roster.csv").write_text(text, encoding=encoding)
        return read_roster(tmp_path / "roster.csv")

    return read


def owners(roster, *found):
    matching = match(roster, found)
    return {name: [p.id for p in people] for name, people in matching.owners.items()}, matching.unmatched


@pytest.mark.parametrize(
    ("student", "who"),
    [
        ("doejane_12345", "1001"),
        ("doejane_99999", "1001"),
        ("janedoe_99999", "1001"),
        ("1001", "1001"),
        ("JANE.DOE_uni.example", "1001"),
        ("jane.doe", "1001"),
        ("Jane Doe", "1001"),
        ("nunezalvaro_222", "1002"),
        ("Alvaro Nunez", "1002"),
        ("someoneelse_222", "1002"),
        ("wei1_uni.example", "1003"),
    ],
)
def test_a_file_name_finds_its_person(roster, student, who):
    assert owners(roster(), HandedIn("x", student, ""))[0] == {"x": [who]}


@pytest.mark.parametrize(
    ("student", "says"),
    [("weili_5", "1003 or 1004"), ("Wei Li", "1003 or 1004"), ("mallory", "Nobody"), ("", "Nobody")],
)
def test_who_can_not_be_told_is_nobody(roster, student, says):
    found, unmatched = owners(roster(), HandedIn("x", student, ""))
    assert found == {}
    assert says in unmatched["x"]


def test_gradescope_says_who_it_was_and_a_group_has_several(roster):
    jane = Submitter("J. Doe", "1001", "")
    alvaro = Submitter("A. N.", "", "A.Nunez@uni.example")
    mallory = Submitter("Mallory", "66", "m@x")
    found, unmatched = owners(
        roster(),
        HandedIn("submission_1", "submission_1", "", submitters=(jane, alvaro)),
        HandedIn("submission_2", "submission_2", "", submitters=(jane, mallory)),
        HandedIn("submission_1001", "submission_1001", ""),
    )
    assert found == {"submission_1": ["1001", "1002"], "submission_2": ["1001"]}
    assert unmatched["submission_2"] == "Mallory is not in the roster."
    assert "submission_1001" in unmatched


def test_a_roster_keeps_its_own_columns_and_reads_what_spreadsheets_write(roster):
    found = roster()
    assert found.columns == ("seat",)
    assert found.people[0].more == {"seat": "4"}
    assert found.people[0].first_and_last == ("Jane", "Doe")
    assert found.people[1].first_and_last == ("Álvaro", "Núñez")
    semicolons = roster(ROSTER.replace('"Doe, Jane"', "Doe Jane").replace(",", ";"), "utf-8-sig")
    assert [p.id for p in semicolons.people] == ["1001", "1002", "1003", "1004"]


def test_the_gradebook_that_canvas_exports_is_a_roster(roster):
    found = roster(CANVAS)
    assert found.from_canvas
    jane = found.people[0]
    assert (jane.name, jane.canvas_id, jane.id, jane.login) == ("Doe, Jane", "12345", "1001", "jdoe")
    assert "01_regression (4711)" in found.columns
    assert owners(found, HandedIn("x", "jdoe", ""))[0] == {"x": ["1001"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2", "must name columns: name, email or id"),
        ("", "must name columns"),
        ("name,id\nAnn,1\nBob,1", "Ann and Bob have the same id, 1"),
        ("name,id,email\nAnn,1,x@y\nBob,2,X@Y", "the same email"),
        ("name\nAnn\nAnn", "two people called Ann"),
        ("name,seat\n,4", "line 2: there is neither name"),
    ],
)
def test_a_faulty_roster_says_what_is_wrong(roster, text, says):
    with pytest.raises(ValueError, match=r"roster\.csv") as error:
        roster(text)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name\nÁlvaro\n".encode("latin-1"), "save it as “CSV UTF-8”"),
        (b"name\n" + b"a" * 200_000, "is not a CSV"),
    ],
)
def test_what_is_no_csv_in_utf_8_says_so(tmp_path, content, says):
    (tmp_path / "roster.csv").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        read_roster(tmp_path / "roster.csv")


def test_without_a_roster_the_download_names_the_people():
    found = [
        HandedIn("doejane_12345", "doejane_12345", ""),
        HandedIn("doejane_12345_2", "doejane_12345", ""),
        HandedIn("submission_1", "submission_1", "", submitters=(Submitter("Ann", "7", "ann@x"),)),
        HandedIn("bob", "bob", ""),
    ]
    roster, matching = without_roster(found)
    assert [(p.name, p.key) for p in roster.people] == [("doejane", "12345"), ("Ann", "7"), ("bob", "bob")]
    assert matching.submissions()["12345"] == {"doejane_12345", "doejane_12345_2"}
