"""A small assignment that is attacked: raw asserts, the course's own checks, a class, and an exercise that forbids."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode

from autograder import build
from autograder.demo import replace_answer

TOPIC = "91_attacked"
EXERCISES = ("honest", "raw", "checked", "solve", "Box")
ATTACKED = EXERCISES[1:]

_HEADER = f"""# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: {TOPIC}
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %%
import numpy as np

from course_utils.checks import Grader

grader = Grader("{TOPIC}.ipynb")
"""

_QUESTION = """
# %% [raw]
# # BEGIN QUESTION
# name: {name}
# points: {points}{config}

# %% [markdown]
# Write {name}.

# %% [raw]
# # BEGIN SOLUTION

# %%
{solution}

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS
{tests}
# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION
"""


def _function(head: str, *body: str) -> str:
    return "\n".join([head, "    # BEGIN SOLUTION", *(f"    {line}" for line in body), "    # END SOLUTION"])


_HONEST = _function("def honest(x):", "return x + 1")
_RAW = _function("def raw(x):", "return x * x + 4.5 * x")
_CHECKED = _function("def checked(x):", "return np.cumsum(x) / np.sum(x)")
_SOLVE = _function(
    "def solve(a, y):",
    "det = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]",
    "return np.array([a[1, 1] * y[0] - a[0, 1] * y[1], a[0, 0] * y[1] - a[1, 0] * y[0]]) / det",
)
_BOX = """class Box:
    def __init__(self, data):
        # BEGIN SOLUTION
        self.data = data
        # END SOLUTION

    def __add__(self, other):
        # BEGIN SOLUTION
        return Box(self.data + other.data)
        # END SOLUTION"""

_TESTS = {
    "honest": [
        "def test_two(honest):\n    assert honest(1) == 2",
        "def test_many(honest):\n    assert honest(41) == 42",
    ],
    "raw": [
        "def test_array(raw):\n    import numpy as np\n    np.testing.assert_allclose(raw(np.ones(3)), np.full(3, 5.5))",
        "def test_number(raw):\n    assert abs(raw(2.0) - 13.0) < 1e-9",
        "def test_equal(raw):\n    assert raw(3.0) == 22.5",
        """def test_random(raw):
    import numpy as np
    x = np.random.default_rng(7).normal(size=5)
    desired = x * x + 4.5 * x
    assert np.allclose(raw(x), desired) and np.array_equal(np.shape(raw(x)), (5,))""",
    ],
    "checked": [
        """def test_small(checked):
    import numpy as np
    from course_utils.checks import check_call
    check_call(checked, np.array([1.0, 2.0, 5.0]), expected=np.array([0.125, 0.375, 1.0]))""",
        """def test_random(checked):
    import numpy as np
    from course_utils.checks import check_call
    rng = np.random.default_rng(8)
    for n in (3, 5, 7):
        x = rng.uniform(1, 2, n)
        expected = np.cumsum(x) / np.sum(x)
        check_call(checked, x, expected=expected)""",
    ],
    "solve": [
        """def test_small(solve):
    import numpy as np
    from course_utils.checks import check_call
    check_call(solve, np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, 5.0]), expected=np.array([-0.6, 2.8]))""",
        """def test_raw(solve):
    import numpy as np
    a, y = np.array([[2.0, 7.0], [1.0, 3.0]]), np.array([4.0, 1.5])
    x = solve(a, y)
    assert abs(x[0] + 1.5) < 1e-9 and abs(x[1] - 1.0) < 1e-9""",
    ],
    "Box": [
        "def test_data(Box):\n    assert Box(2.5).data == 2.5 and abs(Box(7.25).data - 7.25) < 1e-9",
        "def test_sum(Box):\n    assert abs((Box(2.5) + Box(11.0)).data - 13.5) < 1e-9",
    ],
}
_SOLUTIONS = {"honest": _HONEST, "raw": _RAW, "checked": _CHECKED, "solve": _SOLVE, "Box": _BOX}
_FORBIDS = (
    "\n# forbids: [numpy.linalg.solve, numpy.linalg.lstsq, numpy.linalg.inv, numpy.linalg.pinv, sklearn.*]"
)


def make(root: Path) -> Path:
    """Write the course with the one master into ``root``; its first test of each exercise is public, the others are hidden."""
    text = _HEADER
    for name, tests in _TESTS.items():
        cells = "".join(f"\n# %%\n{'# HIDDEN' * (i > 0)}\n{test}\n" for i, test in enumerate(tests))
        config = _FORBIDS if name == "solve" else ""
        text += _QUESTION.format(
            name=name, points=2 * len(tests), config=config, solution=_SOLUTIONS[name], tests=cells
        )
    (root / "solutions").mkdir(parents=True)
    (root / "solutions" / f"{TOPIC}.py").write_text(text, encoding="utf-8")
    return root


def half_solved(root: Path) -> NotebookNode:
    """What is handed out, with an honest answer to ``honest``."""
    return honestly(build.student_notebook(TOPIC, root))


def honestly(notebook: NotebookNode) -> NotebookNode:
    """A copy with an honest answer to ``honest``."""
    return replace_answer(notebook, "honest", "def honest(x):\n    return x + 1")


def attacked(notebook: NotebookNode, source: str, exercises: tuple[str, ...]) -> NotebookNode:
    """A copy with hostile code in the first exercise's cell, and ``attack``, if that defines it, for all of the exercises."""
    first, *others = exercises
    by_name = "attack" in source
    for name in others:
        notebook = replace_answer(notebook, name, f"{name} = attack" if by_name else "# answered above")
    return replace_answer(notebook, first, f"{source}\n{first} = attack\n" if by_name else source)
