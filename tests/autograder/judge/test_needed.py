"""Cells that only show something are left out, and no grade changes by that."""

from pathlib import Path

import pytest

from autograder import build
from autograder.judge import judge
from autograder.judge.cells import Cell
from autograder.judge.needed import needed
from autograder.sandbox import best_level
from autograder.wrong_answers import load

ROOT = Path(__file__).parents[3]
TOPICS = build.topics(ROOT)


def numbers(cells, handed_out, wanted=("f",)):
    cells = [Cell(number, source) for number, source in enumerate(cells, start=1)]
    return [cell.number for cell in needed(cells, handed_out, wanted)]


SHOW = "x = slow(f(2))\nplt.plot(x)"


@pytest.mark.parametrize(
    ("cells", "handed_out", "run"),
    [
        (["import a", "def f(): 1", SHOW], {SHOW}, [1, 2]),
        (["import a", "def f(): 1", SHOW], set(), [1, 2, 3]),  # nothing is known of what was handed out
        (["import a", "def f(): 1", SHOW + "\ny = 1"], {SHOW}, [1, 2, 3]),  # changed
        (["import a", "def f(): return x", SHOW], {SHOW}, [1, 2, 3]),  # the answer reads what it binds
        (
            ["import a", "def f(): ...", SHOW],
            {SHOW, "def f(): ..."},
            [1, 2],
        ),  # the untouched stub is looked for
        (["import a", "k = 1", "x = k", "def f(): x"], {"k = 1", "x = k"}, [1, 2, 3, 4]),  # one needs another
        (["import a", "x = []", "x.append(1)", "def f(): x"], {"x = []", "x.append(1)"}, [1, 2, 3, 4]),
        (["import a", "x = {}", "x['k'] = 1", "def f(): x"], {"x = {}", "x['k'] = 1"}, [1, 2, 3, 4]),
        (["import a", "x = r()", "r.shuffle(x)", "def f(): x"], {"x = r()", "r.shuffle(x)"}, [1, 2, 3, 4]),
        (["import a", "x = 1", "def f(x): return [x for y in x]"], {"x = 1"}, [1, 3]),  # its own x
        (["import a", "x = 1", "def f():\n    def g(): return x\n    return g"], {"x = 1"}, [1, 2, 3]),
        (["import a", "x = 1", "class f:\n    y = x"], {"x = 1"}, [1, 2, 3]),
        (["import a", "x = 1", "import sys"], {"x = 1"}, [1, 2, 3]),
        (["import a", "x = 1", "from sys import modules"], {"x = 1"}, [1, 2, 3]),
        (["import a", "x = 1", "def f(): return globals()['x']"], {"x = 1"}, [1, 2, 3]),
        (["import a", "x = 1", "def f(): return eval('x')"], {"x = 1"}, [1, 2, 3]),
        (["import a", "x = 1", "%time f()"], {"x = 1"}, [1, 2, 3]),  # not to be understood by reading
        (["%load_ext a", "x = 1", "def f(): 1"], {"x = 1"}, [1, 2, 3]),
        (["import a", "x = 1", "y = '\0'"], {"x = 1"}, [1, 2, 3]),
        (["import a", "x = 1", "f = " + "-" * 100_000 + "1"], {"x = 1"}, [1, 2, 3]),
        (["a = 1", "def f(): 1"], {"a = 1"}, [1, 2]),  # the opening cell always runs
    ],
)
def test_what_must_run(cells, handed_out, run):
    assert numbers(cells, handed_out) == run


def test_a_test_that_asks_for_all_names_gets_all_cells():
    assert numbers(["import a", SHOW], {SHOW}, ("env",)) == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS)
def test_in_the_sandbox_the_solution_gets_all_and_the_stub_nothing(topic):
    tests, handed_out = build.test_sources(topic, ROOT), build.handed_out(topic, ROOT)
    solution, stub = (
        judge(notebook, tests, handed_out=handed_out, level=best_level())
        for notebook in (build.solution_notebook(topic, ROOT), build.student_notebook(topic, ROOT))
    )
    assert solution.score == solution.possible, [q for q in solution.questions if q.score < q.possible]
    assert not solution.problems
    assert stub.score == 0


@pytest.mark.slow
def test_no_grade_changes_by_what_is_left_out():
    from autograder.demo import replace_answer

    topic = TOPICS[1]
    tests, handed_out = build.test_sources(topic, ROOT), build.handed_out(topic, ROOT)
    notebook = build.solution_notebook(topic, ROOT)
    seen = set()
    for answer in load(ROOT / "tests" / "wrong_answers" / f"{topic}.py"):
        if answer.exercise not in seen:
            notebook = replace_answer(notebook, answer.exercise, answer.source)
            seen.add(answer.exercise)
    quick, whole = (
        judge(notebook, tests, handed_out=known, level=best_level()) for known in (handed_out, ())
    )
    assert [(q.name, q.score) for q in quick.questions] == [(q.name, q.score) for q in whole.questions]
    assert quick.score < quick.possible
