"""One master is right; each fault put into it is found, at its line."""

import pytest

from autograder import build

MASTER = '''# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: 99_topic

# %% [markdown]
# # A topic
#
# **Points:** 2

# %%
import math

# %% [raw]
# # BEGIN QUESTION
# name: half
# points: 2

# %% [markdown]
# ### Exercise 1.1 · half · ★☆☆ · 5 minutes
#
# Halve it.
#
# <details><summary>Hint 1</summary>Divide.</details>
# <details><summary>Hint 2</summary>By two.</details>
# <details><summary>When it goes wrong</summary>Think.</details>

# %% [raw]
# # BEGIN SOLUTION

# %%
def half(x):
    """Return half of x."""
    # BEGIN SOLUTION
    return x / 2
    # END SOLUTION

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
def test_eight(half):
    assert half(8) == 4

# %%
# HIDDEN
def test_ten(half, math):
    assert half(10) == 5

# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION
'''
WRONG = "from autograder.wrong_answers import wrong\n" + "".join(
    f'@wrong("half", says="twice")\ndef wrong_{i}(x): return {i} * x\n' for i in range(3)
)


@pytest.fixture
def course(tmp_path):
    """A course with one master, which a test may change before it is linted."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "tests" / "wrong_answers").mkdir(parents=True)

    def lint(old="", new="", *, wrong=WRONG):
        assert old in MASTER
        text = MASTER.replace(old, new, 1) if old else MASTER
        (tmp_path / "solutions" / "99_topic.py").write_text(text)
        (tmp_path / "tests" / "wrong_answers" / "99_topic.py").write_text(wrong)
        return [(problem.line, problem.message) for problem in build.lint("99_topic", tmp_path)]

    return lint


def line_of(text):
    return MASTER[: MASTER.index(text)].count("\n") + 1


def test_a_right_master_has_no_problems(course):
    assert course() == []


QUESTION = "# # BEGIN QUESTION\n# name: half"
AGAIN = MASTER[MASTER.index("# %% [raw]\n# # BEGIN QUESTION") :]
FAULTS = [
    ("#   kernelspec:\n", "", 1, "no kernelspec"),
    (
        "**Points:** 2",
        "**Points:** 3",
        line_of("# **Points:** 2"),
        "the points stated are 3, those of the questions add up to 2",
    ),
    ("#\n# **Points:** 2\n", "", 1, "doesn't state the points"),
    ("# points: 2\n", "", line_of(QUESTION), "says no points"),
    ("# points: 2\n", "# points: 2.001\n", line_of(QUESTION), "don't divide by its 2 tests"),
    ("★☆☆ · 5 minutes", "5 minutes", line_of("# ### Exercise"), "a heading that says how hard and how long"),
    (
        "· half · ★",
        "· third · ★",
        line_of("# ### Exercise"),
        "the heading says third, the question is called half",
    ),
    ("1 · half", "2 · half", line_of("# ### Exercise"), "number 2, and this is the notebook's number 1"),
    ("<summary>Hint 2</summary>", "", line_of(QUESTION), "fewer than two hints"),
    ("<summary>When it goes wrong</summary>", "", line_of(QUESTION), "no box “When it goes wrong”"),
    ("# HIDDEN\n", "", line_of(QUESTION), "has no hidden test"),
    ("def test_eight", "# HIDDEN\ndef test_eight", line_of(QUESTION), "has no public check"),
    ("def half(x):", "def third(x):", line_of(QUESTION), "no solution cell defines half"),
    ("def half(x):", "two = 2\ndef half(x):", line_of(QUESTION), "also defines two"),
    ("    # BEGIN SOLUTION\n", "", line_of("def half"), "or students see it"),
    ("return x / 2", "return x / 2  # SOLUTION", line_of("    return x / 2"), "an inline # SOLUTION"),
    (
        "    # BEGIN SOLUTION",
        '    """ # BEGIN PROMPT\n    """ # END PROMPT\n    # BEGIN SOLUTION',
        line_of("    # BEGIN SOLUTION"),
        "a PROMPT",
    ),
    (
        "def test_ten(half, math)",
        "def test_ten(half, maths)",
        line_of("def test_ten"),
        "the test needs maths, which no cell defines",
    ),
    (
        "def test_eight",
        "import os\ndef test_eight",
        line_of("def test_eight"),
        "one function and nothing else",
    ),
    (
        "# %% [raw]\n# # BEGIN SOLUTION",
        "# %%\nx = 1\n\n# %% [raw]\n# # BEGIN SOLUTION",
        line_of("# # BEGIN SOLUTION"),
        "this code cell stands in question half outside its blocks",
    ),
    ("# %% [raw]\n# # END SOLUTION\n\n", "", line_of(QUESTION), "has a block that isn't closed"),
    ("# %% [raw]\n# # END QUESTION\n", "", line_of(QUESTION), "has a block that isn't closed"),
    (
        "# %% [raw]\n# # BEGIN QUESTION",
        "# %% [raw]\n# # END TESTS\n\n# %% [raw]\n# # BEGIN QUESTION",
        line_of("# # BEGIN QUESTION"),
        "ends here that was never opened",
    ),
    (
        "# %% [raw]\n# # END QUESTION\n",
        "# %% [raw]\n# # END QUESTION\n\n" + AGAIN,
        MASTER.count("\n") + 3,
        "two questions are called half",
    ),
    ("return x / 2", "return x /", line_of("    return x / 2"), "this is not Python"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), FAULTS, ids=[fault[3] for fault in FAULTS])
def test_a_fault_is_found_at_its_line(course, old, new, line, message):
    problems = course(old, new)
    assert any(message in text and at == line for at, text in problems), problems


def test_two_wrong_answers_are_too_few(course):
    (problem,) = course(wrong=WRONG.rsplit("@wrong", 1)[0])
    assert problem == (
        line_of(QUESTION),
        "exercise half has 2 wrong answers in tests/wrong_answers/99_topic.py; it needs three",
    )


def test_wrong_answers_may_be_classes(course):
    assert (
        course(wrong=WRONG.rsplit("@wrong", 1)[0] + '@wrong("half", says="twice")\nclass Wrong: ...\n') == []
    )


def test_the_courses_own_masters_pass():
    root = build.find_root()
    assert [problem for topic in build.topics(root) for problem in build.lint(topic, root)] == []
