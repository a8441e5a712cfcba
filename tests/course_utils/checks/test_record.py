"""What was passed is written down, and no check fails for it."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from filelock import FileLock

from course_utils.checks import record
from course_utils.checks.record import NewerRecord, Record, note_checks, read


def test_attempts_are_counted_up_to_the_first_that_passes(tmp_path, monkeypatch):
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for minute, passed in enumerate([False, False, True, False, True]):
        monkeypatch.setattr(record, "now", lambda at=start + timedelta(minutes=minute): at)
        note_checks(tmp_path, "01_regression", {"fit_line": passed})
    tried = read(tmp_path).tried("01_regression", "fit_line")
    assert (tried.attempts, tried.passed) == (3, True)
    assert (tried.first, tried.latest) == (start, start + timedelta(minutes=2))


def test_the_file_holds_names_counts_and_times_alone(tmp_path):
    note_checks(tmp_path, "01_regression", {"fit_line": False})
    content = json.loads((tmp_path / "progress.json").read_text())
    assert content["version"] == 1
    assert set(content["exercises"]["01_regression"]["fit_line"]) == {"attempts", "first", "latest", "passed"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"version": 1}',
        '{"version": "x", "exercises": {}, "recalled": {}}',
        '{"version": 1, "exercises": {"a": {"b": {"attempts": "many"}}}, "recalled": {}}',
        '{"version": 1, "exercises": {"a": {"b": 3}}, "recalled": {}}',
        '{"version": 1, "exercises": {}, "recalled": {"a": {"box": 1, "latest": "today"}}}',
        "\x00" * (2**20 + 1),
    ],
)
def test_an_unreadable_file_is_put_aside(tmp_path, content):
    (tmp_path / "progress.json").write_text(content)
    assert read(tmp_path) == Record()
    note_checks(tmp_path, "01_regression", {"fit_line": True})
    assert read(tmp_path).tried("01_regression", "fit_line").passed
    assert (tmp_path / "progress-unreadable.json").read_text() == content


def test_a_file_of_a_later_version_is_left_as_it_is(tmp_path):
    (tmp_path / "progress.json").write_text('{"version": 2}')
    note_checks(tmp_path, "01_regression", {"fit_line": True})
    assert (tmp_path / "progress.json").read_text() == '{"version": 2}'
    with pytest.raises(NewerRecord, match="later version"):
        read(tmp_path)


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    note_checks(tmp_path / "missing", "01_regression", {"fit_line": True})
    assert not (tmp_path / "missing").exists()
    (tmp_path / "progress.json").mkdir()  # nor can this be replaced
    note_checks(tmp_path, "01_regression", {"fit_line": True})
    assert read(tmp_path) == Record()


def test_a_notebook_that_never_stops_writing_holds_a_check_up_for_no_more_than_a_second(tmp_path):
    with FileLock(tmp_path / ".progress.lock"):
        start = time.monotonic()
        note_checks(tmp_path, "01_regression", {"fit_line": True})
        assert time.monotonic() - start < 2
    assert read(tmp_path) == Record()


def test_what_several_kernels_write_at_once_is_all_kept(tmp_path):
    code = (
        "import sys, pathlib; from course_utils.checks import record; record._PATIENCE = 30\n"
        "for i in range(20): record.note_checks(pathlib.Path(sys.argv[1]), sys.argv[2], {f'e{i}': True, 'same': False})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), f"topic{k}"]) for k in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    kept = read(tmp_path).exercises
    assert {topic: len(tried) for topic, tried in kept.items()} == {f"topic{k}": 21 for k in range(3)}
    assert all(tried["same"].attempts == 20 for tried in kept.values())
    assert not list(tmp_path.glob("*.tmp"))
