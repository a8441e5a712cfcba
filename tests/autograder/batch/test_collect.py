"""Whatever is in a download becomes submissions, each with its notebook or a reason; nothing raises."""

import io
import os
import zipfile

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.batch import collect as module
from autograder.batch.collect import Submission, collect, read_notebook

TOPIC = "01_regression"


def notebook(assignment=TOPIC, source="x = 1"):
    cells = [nbformat.v4.new_code_cell(source, id="only")]
    metadata = {"otter": {"assignment_name": assignment}} if assignment else {}
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=metadata)).encode()


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def names(*paths):
    return [submission.name for submission in collect(list(paths))]


def test_a_folder_is_searched_and_what_is_no_hand_in_is_passed_over(tmp_path):
    for path in (
        "a.ipynb",
        "deep/er/b.ipynb",
        ".ipynb_checkpoints/a.ipynb",
        ".hidden/c.ipynb",
        "__MACOSX/d.ipynb",
        "notes.txt",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(notebook())
    assert names(tmp_path) == ["a", "b"]


def test_canvas_names_are_the_students(tmp_path):
    for name in (f"doejane_12345_67890_{TOPIC}-2.ipynb", f"roerichard_LATE_54321_98765_{TOPIC}.ipynb"):
        (tmp_path / name).write_bytes(notebook())
    (tmp_path / "all.zip").write_bytes(
        zipped(
            **{
                f"smithann_111_222_{TOPIC}.ipynb": notebook(),
                f"lee_333_444_{TOPIC}-handin.zip": zipped(**{f"{TOPIC}.ipynb": notebook()}),
            }
        )
    )
    assert sorted(names(tmp_path)) == ["doejane_12345", "lee_333", "roerichard_54321", "smithann_111"]


def test_gradescope_folders_are_the_submissions(tmp_path):
    content = {f"assignment_1_export/submission_{i}/{TOPIC}.ipynb": notebook() for i in (11, 22)}
    content["assignment_1_export/submission_metadata.yml"] = b"x: 1"
    (tmp_path / "export.zip").write_bytes(zipped(**content))
    assert names(tmp_path / "export.zip") == ["submission_11", "submission_22"]


def test_our_own_hand_in_is_named_by_its_zip_or_its_folder(tmp_path):
    (tmp_path / "jane.zip").write_bytes(zipped(**{f"{TOPIC}.ipynb": notebook()}))
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / f"{TOPIC}-handin.zip").write_bytes(zipped(**{f"{TOPIC}.ipynb": notebook()}))
    assert sorted(names(tmp_path)) == ["ann", "jane"]


def test_nbgraders_folders_are_the_students(tmp_path):
    for student in ("ann", "12_jones"):
        (tmp_path / student / TOPIC).mkdir(parents=True)
        (tmp_path / student / TOPIC / f"{TOPIC}.ipynb").write_bytes(notebook())
        (tmp_path / student / TOPIC / "timestamp.txt").write_text("2026-11-25 12:00:00 UTC")
    assert names(tmp_path) == ["12_jones", "ann"]
    # What a shell makes of submitted/*/01_regression.
    assert names(*sorted(tmp_path.glob(f"*/{TOPIC}"))) == ["12_jones", "ann"]


def test_names_are_unique_and_safe(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Ann.ipynb").write_bytes(notebook())
    (tmp_path / "=cmd|'x'!A1; rm -rf `.ipynb").write_bytes(notebook())
    found = names(tmp_path)
    assert len({name.casefold() for name in found}) == 3
    assert not any(set(name) & set("/\\;|`'=!") for name in found)


def test_links_are_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_bytes(notebook())
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ipynb").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "in" / "folder").symlink_to("/etc")
    (submission,) = collect([tmp_path / "in"])
    assert (submission.content, "link" in submission.reason) == (b"", True)


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.ipynb")
    (submission,) = collect([tmp_path])
    assert "special file" in submission.reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "can't be read"),
        (b"PK\x03\x04 not really", "can't be read"),
        (zipped(**{"readme.txt": b"hello"}), "no notebook"),
        (zipped(**{"../../evil.ipynb": notebook()}), "no notebook"),
        (
            zipped(**{"a.zip": zipped(**{"b.zip": zipped(**{"c.zip": zipped(**{"d.ipynb": notebook()})})})}),
            "zips in zips",
        ),
    ],
    ids=range(5),
)
def test_broken_and_odd_zips_have_a_reason(tmp_path, content, reason):
    (tmp_path / "x.zip").write_bytes(content)
    (submission,) = collect([tmp_path / "x.zip"])
    assert submission.name == "x"
    assert reason in submission.reason


def test_what_a_zip_claims_of_its_sizes_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE", 1 << 20)
    (tmp_path / "x.zip").write_bytes(zipped(**{"a.ipynb": b"\0" * (30 << 20)}))
    (submission,) = collect([tmp_path / "x.zip"])
    assert "larger than" in submission.reason
    monkeypatch.setattr(module, "MAX_MEMBERS", 2)
    (tmp_path / "y.zip").write_bytes(zipped(**{f"{i}.ipynb": b"" for i in range(3)}))
    (submission,) = collect([tmp_path / "y.zip"])
    assert "more than 2 files" in submission.reason


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE", 10)
    (tmp_path / "a.ipynb").write_bytes(notebook())
    (submission,) = collect([tmp_path])
    assert (submission.content, "larger than" in submission.reason) == (b"", True)


READINGS = [
    (b"", "empty"),
    (b"  \n", "empty"),
    (b"\xff\xfe\x00", "not text"),
    (b"not json", "not JSON"),
    (notebook()[:100], "not JSON"),
    (b"[1, 2]", "not a notebook"),
    (b"{}", "not a notebook"),
    (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', "no cells"),
    (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}', "not a notebook"),
    (b"[" * 100_000, "not"),
    (notebook("02_classification"), "another assignment: 02_classification"),
]


@pytest.mark.parametrize(("content", "reason"), READINGS, ids=range(len(READINGS)))
def test_what_is_no_notebook_of_this_assignment_says_why(content, reason):
    assert reason in read_notebook(Submission("x", content), TOPIC)


def test_a_notebook_without_our_metadata_or_of_an_old_format_is_read():
    assert read_notebook(Submission("x", notebook(None)), TOPIC).cells[0].source == "x = 1"
    old = b'{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "code", "input": "y = 2", "language": "python", "outputs": [], "metadata": {}}]}]}'
    assert read_notebook(Submission("x", old), TOPIC).cells[0].source == "y = 2"
    assert read_notebook(Submission("x", b"\xef\xbb\xbf" + notebook()), TOPIC).cells


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_notebook_or_a_sentence(content):
    result = read_notebook(Submission("x", content), TOPIC)
    assert isinstance(result, str) or result.cells


@given(st.data())
@settings(max_examples=60)
def test_a_damaged_zip_never_raises(tmp_path_factory, data):
    damaged = bytearray(zipped(**{"a.ipynb": notebook(), "b.zip": zipped(**{"c.ipynb": notebook()})}))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("zip") / "x.zip"
    path.write_bytes(bytes(damaged))
    for submission in collect([path]):
        read_notebook(submission, TOPIC)
