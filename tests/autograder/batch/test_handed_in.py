"""What a download says of who and when is read; what students could write into it is not."""

import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.batch.collect import collect
from autograder.batch.handed_in import HandedIn, Submitter, handed_in, read_metadata
from autograder.batch.store import Store

METADATA = """\
---
submission_11:
  :submitters:
  - :name: Jane Doe
    :sid: '0042'
    :email: jane@uni.example
  - :name: "Weird: \\"name\\""
    :sid: ''
    :email: w@uni.example
  :created_at: 2026-10-09 23:12:34.123456000 +02:00
  :score: 3.0
  :results:
    output: |
      submission_22:
        :submitters:
        - :name: Mallory
      :created_at: 1999-01-01 00:00:00 Z
    tests: []
  :history:
  - :id: 1
    :created_at: 2026-10-08 10:00:00.000000000 Z
  - :id: 2
    :created_at: 2026-10-09 10:00:00.000000000 Z
submission_22:
  :submitters:
  - :name: Bob
    :sid: 7
    :email:
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-10-10 01:00:00.000000000 Z
    zone: !ruby/object:ActiveSupport::TimeZone
      name: Europe/Berlin
"""


def test_gradescopes_metadata_says_who_when_and_how_often():
    found = read_metadata(METADATA)
    assert found["submission_11"] == {
        "time": datetime(2026, 10, 9, 21, 12, 34, 123456, tzinfo=UTC),
        "submitters": (
            Submitter("Jane Doe", "0042", "jane@uni.example"),
            Submitter('Weird: "name"', "", "w@uni.example"),
        ),
        "attempts": 3,
    }
    assert found["submission_22"]["submitters"] == (Submitter("Bob", "7", ""),)
    assert found["submission_22"]["time"] == datetime(2026, 10, 10, 1, tzinfo=UTC)
    assert found["submission_22"]["attempts"] == 1


@given(
    st.text()
    | st.lists(st.sampled_from([*METADATA.splitlines(), "  :submitters: &a [*a", "- ["])).map("\n".join)
)
def test_damaged_metadata_never_raises(text):
    for facts in read_metadata(text).values():
        HandedIn("x", "x", "", **facts)


@pytest.mark.parametrize("line", ["  :submitters: " + "[" * 100_000, "  :created_at: " + "{a: " * 100_000])
def test_deep_nesting_does_not_end_python(line):
    assert read_metadata(f"submission_1:\n{line}\n") == {}


def notebook_zip(path, *names, inner=None):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, (2026, 10, 9, 20, 30, 2)), b"{}")
        for name, content in (inner or {}).items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 10, 9, 20, 30, 2)), content)
    return path


def facts(*paths):
    return {entry.submission: entry for entry in handed_in(collect(list(paths)), list(paths))}


def test_gradescopes_export_is_read_from_a_zip_and_from_a_folder(tmp_path):
    members = {f"export/submission_{i}/01_regression.ipynb": b"{}" for i in (11, 22, 33)}
    # Such a file among what a student handed in is no metadata.
    fake = METADATA.replace("submission_22", "submission_33").replace("Jane Doe", "Mallory").encode()
    members["export/submission_metadata.yml"] = METADATA.encode()
    members["export/submission_33/submission_metadata.yml"] = fake
    path = notebook_zip(tmp_path / "export.zip", inner=members)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    for source in (path, tmp_path / "unpacked"):
        found = facts(source)
        assert found["submission_11"].submitters[0].name == "Jane Doe"
        assert found["submission_11"].time is not None
        assert found["submission_33"].submitters == ()


def test_canvas_mark_is_kept_and_zips_of_students_have_no_time(tmp_path):
    own = io.BytesIO()
    with zipfile.ZipFile(own, "w") as archive:
        archive.writestr(zipfile.ZipInfo("01_regression.ipynb", (1999, 1, 1, 0, 0, 0)), b"{}")
    bulk = notebook_zip(
        tmp_path / "submissions.zip",
        "doejane_1_2_01_regression.ipynb",
        "roerichard_LATE_3_4_01_regression-1.ipynb",
        inner={"lee_LATE_5_6_01_regression-handin.zip": own.getvalue()},
    )
    found = facts(bulk)
    assert {name: entry.late for name, entry in found.items()} == {
        "doejane_1": False,
        "roerichard_3": True,
        "lee_5": True,
    }
    assert {entry.zip_time for entry in found.values()} == {datetime(2026, 10, 9, 20, 30, 2)}
    (tmp_path / "ann.zip").write_bytes(own.getvalue())
    assert facts(tmp_path / "ann.zip")["ann"].zip_time is None


def test_two_files_of_one_student_are_told_apart_and_known_to_be_one_students(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ann.ipynb").write_bytes(folder.encode())
    found = facts(tmp_path)
    assert {name: entry.student for name, entry in found.items()} == {"ann": "ann", "ann_2": "ann"}


def test_the_store_returns_what_was_noted_of_the_latest_run_only(tmp_path):
    entry = HandedIn(
        "a",
        "a",
        "digest",
        late=True,
        time=datetime(2026, 10, 9, 21, tzinfo=UTC),
        zip_time=datetime(2026, 10, 9, 23),
        submitters=(Submitter("Ann", "1", "a@x"),),
        attempts=2,
    )
    store = Store(tmp_path / "results.sqlite")
    store.note([entry, HandedIn("b", "b", "other")], "tests")
    assert store.handed_in() == [entry, HandedIn("b", "b", "other")]
    store.note([entry], "tests")
    assert store.handed_in() == [entry]
    store.close()
