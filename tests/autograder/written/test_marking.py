"""Marking: groups, points, undo, and what is in the store after each."""

import contextlib

import pytest

from autograder.batch.store import Store
from autograder.build import Item, Rubric
from autograder.written.answers import Answer, Part
from autograder.written.marking import Marking

ITEMS = (Item("Reason", "*Reason*", 3.0), Item("Remedy", "*Remedy*", 2.0), Item("Wrong", "*Wrong*", -1.0))
RUBRIC = Rubric("why", "### Why", 4.0, "", ITEMS, "")


def answer(text):
    return Answer((Part(text, False, {}),) if text else ())


def answers(**texts):
    return {name: {"why": answer(text)} for name, text in texts.items()}


CLASS = answers(ada="Because.", bob="", cyd="No  idea", dan="No idea", eve="")


@pytest.fixture
def store(tmp_path):
    with contextlib.closing(Store(tmp_path / "results.sqlite")) as store:
        yield store


@pytest.fixture
def marking(store):
    return Marking([RUBRIC], CLASS, store)


def number_of(marking, submission):
    return next(n for n, group in enumerate(marking.groups["why"]) if submission in group.submissions)


def kept(store):
    return {name: points["why"] for name, points in store.written_points().items()}


def test_answers_with_the_same_words_are_marked_together(marking, store):
    assert sorted(sorted(group.submissions) for group in marking.groups["why"]) == [["ada"], ["bob", "eve"], ["cyd", "dan"]]  # fmt: skip
    marking.toggle("why", number_of(marking, "cyd"), "Remedy")
    assert kept(store) == {"cyd": 2.0, "dan": 2.0}


def test_the_order_says_nothing_of_names_and_stays_when_others_hand_in(store):
    texts = {f"student{i:02d}": f"answer {i}" for i in range(40)}
    before = [group.submissions[0] for group in Marking([RUBRIC], answers(**texts), store).groups["why"]]
    assert before != sorted(before)
    after = [
        group.submissions[0]
        for group in Marking([RUBRIC], answers(**texts, late="late"), store).groups["why"]
    ]
    assert [name for name in after if name != "late"] == before


def test_an_item_is_given_in_full_then_by_half_then_not(marking, store):
    number = number_of(marking, "ada")
    seen = []
    for _ in range(3):
        marking.toggle("why", number, "Reason")
        seen.append(kept(store)["ada"])
    assert seen == [3.0, 1.5, 0.0]


def test_points_stay_between_nothing_and_what_the_question_is_worth(marking, store):
    number = number_of(marking, "ada")
    marking.toggle("why", number, "Wrong")
    assert kept(store) == {"ada": 0.0}
    marking.toggle("why", number, "Reason")
    assert kept(store) == {"ada": 2.0}
    marking.undo()
    marking.undo()
    for item in ("Reason", "Remedy"):
        marking.toggle("why", number, item)
    assert kept(store) == {"ada": 4.0}


def test_undo_takes_back_one_change_at_a_time_to_the_very_first(marking, store):
    number = number_of(marking, "bob")
    marking.give_nothing("why", number)
    marking.comment("why", number, "Write something.")
    marking.set_worth("why", "Reason", 1.0)
    assert marking.undo() == ("why", None)
    assert marking.worth["why"]["Reason"] == 3.0
    assert marking.undo() == ("why", number)
    assert [row.comment for row in store.written()] == ["", ""]
    assert marking.undo() == ("why", number)
    assert store.written() == []
    assert marking.undo() is None


def test_a_comment_alone_marks_nothing(marking, store):
    number = number_of(marking, "ada")
    marking.comment("why", number, "  Which one?  ")
    assert kept(store) == {}
    assert [row.comment for row in store.written()] == ["Which one?"]
    marking.toggle("why", number, "Reason")
    assert [(row.points, row.comment) for row in store.written()] == [(3.0, "Which one?")]


def test_points_of_an_item_that_change_reach_everybody_also_those_not_on_the_page(marking, store):
    marking.toggle("why", number_of(marking, "ada"), "Reason")
    marking.toggle("why", number_of(marking, "cyd"), "Reason")
    marking.toggle("why", number_of(marking, "cyd"), "Reason")
    alone = Marking([RUBRIC], answers(ada="Because."), store)
    alone.set_worth("why", "Reason", 2.0)
    assert kept(store) == {"ada": 2.0, "cyd": 1.0, "dan": 1.0}
    assert Marking([RUBRIC], CLASS, store).worth["why"] == {"Reason": 2.0, "Remedy": 2.0, "Wrong": -1.0}


@pytest.mark.parametrize(
    ("item", "points"), [("Reason", float("nan")), ("Reason", 5.0), ("Reason", -5.0), ("Other", 1.0)]
)
def test_points_that_make_no_sense_are_refused(marking, store, item, points):
    with pytest.raises(ValueError, match=r"^(item|points): "):
        marking.set_worth("why", item, points)
    assert store.rubric("why") == {}


def test_an_earlier_session_is_taken_up_and_a_late_twin_gets_the_same(marking, store):
    marking.toggle("why", number_of(marking, "ada"), "Reason")
    marking.comment("why", number_of(marking, "ada"), "Good.")
    again = Marking([RUBRIC], {**CLASS, **answers(fay="Because.")}, store)
    mark = again.groups["why"][number_of(again, "fay")].mark
    assert (mark.items, mark.comment, mark.done) == ({"Reason": 1.0}, "Good.", True)
    assert kept(store) == {"ada": 3.0, "fay": 3.0}


def test_another_answer_handed_in_later_is_unmarked(marking, store):
    marking.toggle("why", number_of(marking, "ada"), "Reason")
    again = Marking([RUBRIC], {**CLASS, **answers(ada="Because of the sample.")}, store)
    assert not again.groups["why"][number_of(again, "ada")].mark.done


def test_points_of_the_master_that_changed_reach_marks_given_before(marking, store):
    marking.toggle("why", number_of(marking, "ada"), "Reason")
    cheaper = Rubric("why", "### Why", 4.0, "", (Item("Reason", "*Reason*", 1.0), *ITEMS[1:]), "")
    Marking([cheaper], CLASS, store)
    assert kept(store) == {"ada": 1.0}


def test_marks_by_an_item_that_the_master_has_no_more_count_as_none(marking, store):
    marking.toggle("why", number_of(marking, "ada"), "Reason")
    other = Rubric("why", "### Why", 4.0, "", ITEMS[1:], "")
    again = Marking([other], CLASS, store)
    assert not again.groups["why"][number_of(again, "ada")].mark.done
