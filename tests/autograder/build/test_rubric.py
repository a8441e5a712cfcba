"""Rubrics as masters state them."""

import pytest

from autograder import build
from autograder.build.masters import questions, read_cells
from autograder.build.rubric import parse_rubric

MASTER = """
# %% [raw]
# # BEGIN QUESTION
# name: why
# points: 3
# manual: true

# %% [markdown]
# ### Question 1.2 · Why? · ★☆☆ · 5 minutes
#
# Say why.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (3 points):** one for each reason.
#
# - [2] *Small sample.* It has a *wide* spread.
# - [1.5] **Leakage:** a feature knows the answer.
# - [-0.5] *Off the point,*
#
# Two versions count once.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION
"""


def parsed(old="", new=""):
    assert old in MASTER
    (question,) = questions(read_cells(MASTER.replace(old, new, 1) if old else MASTER))
    return parse_rubric(question)


def test_a_rubric_is_read():
    rubric = parsed()
    assert (rubric.question, rubric.points) == ("why", 3)
    assert [(item.lead, item.points) for item in rubric.items] == [("Small sample", 2), ("Leakage", 1.5), ("Off the point", -0.5)]  # fmt: skip
    assert rubric.items[0].text == "*Small sample.* It has a *wide* spread."
    assert rubric.head == "one for each reason."
    assert rubric.notes == "Two versions count once."
    assert rubric.prompt.startswith("### Question 1.2")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("**Rubric (3 points):**", "The rubric:", "opens with"),
        ("**Rubric (3", "**Rubric (4", "its rubric is for 4 points, the question for 3"),
        ("- [2] *Small", "- *Small", "an item of its rubric reads"),
        ("- [2] *Small sample.*", "- [2] Small sample.", "an item of its rubric reads"),
        ("**Leakage:**", "*Small sample:*", "open with the same words"),
        ("- [2]", "- [0.5]", "together are worth less"),
        ("# - [2]", "# - [1] *a*\n" * 7 + "# - [2]", "has 10 items"),
    ],
)
def test_a_fault_in_a_rubric_is_said(old, new, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        parsed(old, new)


def test_every_written_question_of_the_course_has_a_rubric_that_reaches_its_points():
    root = build.find_root()
    found = {topic: build.rubrics(topic, root) for topic in build.topics(root)}
    assert [topic for topic, rubrics in found.items() if not rubrics] == ["00_start_here"]
    for rubric in (rubric for rubrics in found.values() for rubric in rubrics):
        assert sum(item.points for item in rubric.items) >= rubric.points
