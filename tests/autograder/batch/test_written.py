"""Points that people give for written answers, in the store."""

import contextlib

import pytest

from autograder.batch.store import Store


@pytest.fixture
def store(tmp_path):
    with contextlib.closing(Store(tmp_path / "results.sqlite")) as store:
        yield store


def test_points_are_kept_by_submission_and_question_and_overwritten(store, tmp_path):
    store.save_written("ada", "why", 1.0, {"Small sample": 1.0}, "", "digest")
    store.save_written("ada", "why", 2.5, {"Small sample": 1.0, "Leakage": 0.5}, "Which patients?", "digest")
    store.save_written("ada", "how", 0.0, {}, "")
    store.save_written("bob", "why", 4.0, {}, "")
    with contextlib.closing(Store(tmp_path / "results.sqlite")) as again:
        assert again.written_points() == {"ada": {"why": 2.5, "how": 0.0}, "bob": {"why": 4.0}}
        kept = next(w for w in again.written() if (w.submission, w.question) == ("ada", "why"))
    assert kept.items == {"Small sample": 1.0, "Leakage": 0.5}
    assert (kept.comment, kept.answer) == ("Which patients?", "digest")


def test_clearing_makes_an_answer_unmarked(store):
    store.save_written("ada", "why", 1.0, {}, "")
    store.clear_written("ada", "why")
    assert store.written_points() == {}


def test_a_transaction_that_fails_writes_nothing(store):
    def fail():
        with store.transaction():
            store.save_written("ada", "why", 1.0, {}, "")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.written_points() == {}


def test_points_of_a_rubric_are_kept(store):
    store.save_rubric("why", "Leakage", 2.0)
    store.save_rubric("why", "Leakage", 1.5)
    assert store.rubric("why") == {"Leakage": 1.5}
    assert store.rubric("how") == {}
