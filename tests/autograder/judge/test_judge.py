import time

import numpy as np
import pytest
from otter.test_files import ExceptionTestFile

from autograder.judge import Judged, QuestionResult, judge
from autograder.sandbox import Level, Limits
from course_utils.checks import Outcome

SQUARE = """def {case}(square):
    import numpy as np
    from course_utils.checks import check_call
    check_call(square, np.array([1.0, 2.0, {number}]), expected=np.array([1.0, 4.0, {number} ** 2]))"""
CUBE = SQUARE.replace("square", "cube").replace("4.0", "8.0").replace("** 2", "** 3")

GOOD_SQUARE = "def square(x):\n    return x * x"
GOOD_CUBE = "def cube(x):\n    return x ** 3"


@pytest.fixture
def tests(question):
    return {
        "square": question(
            "square",
            SQUARE.format(case="test_public", number=3.0),
            SQUARE.format(case="test_hidden", number=1234.5),
            points=4,
        ),
        "cube": question(
            "cube",
            CUBE.format(case="test_public", number=3.0),
            CUBE.format(case="test_hidden", number=1234.5),
            points=2,
        ),
    }


def test_an_honest_solution_gets_all_points(grade, tests):
    judged = grade(["import numpy as np", GOOD_SQUARE, GOOD_CUBE, 'grader.check("square")'], tests)
    assert (judged.status, judged.score, judged.possible, judged.problems) == ("graded", 6, 6, ())
    assert [question.name for question in judged.questions] == ["square", "cube"]
    assert [outcome.hidden for outcome in judged.questions[0].outcomes] == [False, True]
    assert judged.questions[0].outcomes[1].case == "hidden"


def test_without_the_sandbox_the_grade_is_the_same(notebook, tests):
    judged = judge(notebook(GOOD_SQUARE, GOOD_CUBE), tests, level=Level.NONE)
    assert judged.score == 6


def test_a_wrong_answer_loses_its_points_with_a_sentence(grade, tests):
    judged = grade(["def square(x):\n    return -x * x", GOOD_CUBE], tests)
    square, cube = judged.questions
    assert (square.score, cube.score, judged.status) == (0, 2, "graded")
    assert [outcome.kind for outcome in square.outcomes] == ["sign", "sign"]
    assert "1234.5" not in square.outcomes[1].sentence


def test_a_stub_is_not_started(grade, tests):
    judged = grade(['def square(x):\n    "Square it."\n    ...', GOOD_CUBE], tests)
    assert {outcome.kind for outcome in judged.questions[0].outcomes} == {"not_started"}
    assert judged.score == 2


def test_a_missing_name_is_said_and_costs_only_its_question(grade, tests):
    judged = grade([GOOD_CUBE], tests)
    assert judged.questions[0].reason == "`square` isn't defined: its cell is missing or raised an error."
    assert {outcome.kind for outcome in judged.questions[0].outcomes} == {"missing"}
    assert (judged.score, judged.status) == (2, "partial")


def test_a_cell_that_raises_is_noted_and_the_rest_is_run(grade, tests):
    judged = grade(["x = 1\ny = x / 0", GOOD_SQUARE, "def cube(x:\n    pass", GOOD_CUBE], tests)
    assert judged.problems[0] == "Cell 1 (`x = 1`) raised ZeroDivisionError in its line 2: division by zero"
    assert judged.problems[1].startswith("Cell 3 (`def cube(x:`) raised SyntaxError in its line 1")
    assert (judged.score, judged.status) == (6, "partial")


def test_an_error_in_a_function_shows_the_students_line(grade, tests):
    judged = grade([GOOD_CUBE, "def square(x):\n    y = x\n    return y @ y[:2]"], tests)
    outcome = judged.questions[0].outcomes[0]
    assert (outcome.kind, outcome.sentence) == ("raised", "Your code raised a ValueError.")
    assert "line 3: return y @ y[:2]" in outcome.detail


def test_an_endless_cell_is_noted_and_the_rest_is_run(grade, tests):
    judged = grade([GOOD_SQUARE, "while True:\n    pass", GOOD_CUBE], tests, cell_seconds=0.5)
    assert judged.problems == ("Cell 2 (`while True:`) did not end within 0.5 seconds and was stopped.",)
    assert judged.score == 6


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    ],
    ids=["busy", "catches all"],
)
def test_an_endless_loop_costs_only_its_question(grade, tests, loop):
    judged = grade([f"def square(x):\n    {loop}", GOOD_CUBE], tests, call_seconds=0.5)
    square, cube = judged.questions
    assert (square.score, cube.score) == (0, 2)
    assert square.reason == "Your code did not come back within 0.5 seconds."
    assert [outcome.kind for outcome in square.outcomes] == ["timeout", "timeout"]
    assert square.outcomes[1].sentence.startswith("Not run")
    assert judged.seconds < 15


def test_python_ended_by_a_function_costs_only_its_question(grade, tests):
    judged = grade(["def square(x):\n    import os; os._exit(0)", GOOD_CUBE], tests)
    square, cube = judged.questions
    assert (square.score, cube.score) == (0, 2)
    assert square.reason == "Your code ended Python itself."


def test_sys_exit_in_a_function_is_an_error_like_others(grade, tests):
    judged = grade(["def square(x):\n    import sys; sys.exit(0)", GOOD_CUBE], tests)
    assert [question.score for question in judged.questions] == [0, 2]


def test_the_time_for_the_whole_submission_ends_it_with_what_was_earned(grade, tests):
    start = time.monotonic()
    slow = "import time\ndef cube(x):\n    time.sleep(60)"
    judged = grade([GOOD_SQUARE, slow], tests, submission_seconds=1.5, call_seconds=60)
    assert [question.score for question in judged.questions] == [4, 0]
    assert "whole submission" in judged.questions[1].reason
    assert judged.status == "partial"
    assert time.monotonic() - start < 6


def test_a_cell_that_uses_all_the_time_is_named_and_nothing_is_graded(grade, tests):
    judged = grade([GOOD_SQUARE, "import time; time.sleep(60)", GOOD_CUBE], tests, submission_seconds=1)
    assert judged.score == 0
    assert judged.problems[0].startswith("Cell 2")
    assert "whole submission" in judged.problems[0]
    assert all("whole submission" in question.reason for question in judged.questions)


def test_a_notebook_without_code_is_invalid(grade, tests):
    judged = grade([], tests)
    assert (judged.status, judged.score, judged.possible) == ("invalid", 0, 6)


def test_an_input_changed_in_place_is_seen(grade, tests):
    judged = grade(["def square(x):\n    x *= x\n    return x", GOOD_CUBE], tests)
    assert {outcome.kind for outcome in judged.questions[0].outcomes} == {"changed_input"}


def test_all_or_nothing_is_otters_rule(grade, question):
    cases = SQUARE.format(case="test_public", number=3.0), SQUARE.format(case="test_hidden", number=9.0)
    only_small = "import numpy as np\ndef square(x):\n    return np.where(x < 5, x * x, 0)"
    for more, score in (("", 2), ("all_or_nothing = True", 0)):
        tests = {"square": question("square", *cases, points=4, more=more)}
        assert grade([only_small], tests).score == score


def test_a_test_may_ask_for_the_whole_environment(grade, question):
    case = "def test_env(env):\n    assert env['a'] == 1 and env.get('b') is None and 'b' not in env"
    assert grade(["a = 1"], {"a": question("a", case)}).score == 1


def test_a_test_that_catches_everything_does_not_hide_a_loop(grade, question):
    cases = [
        "def test_a(f):\n    try: f()\n    except Exception: pass",
        "def test_b(f):\n    f()",
    ]
    judged = grade(["def f():\n    while True: pass"], {"f": question("f", *cases)}, call_seconds=0.5)
    assert judged.questions[0].reason == "Your code did not come back within 0.5 seconds."
    assert judged.questions[0].outcomes[1].sentence.startswith("Not run")


def test_the_result_for_otter_has_the_same_scores_and_hides_numbers(grade, tests):
    judged = grade([GOOD_SQUARE, "def cube(x):\n    return x ** 3 + 777.25"], tests)
    results = judged.to_otter()
    assert (results.total, results.possible) == (judged.score, judged.possible) == (4, 6)
    assert results.get_result("square").passed_all
    shown = results.get_result("cube").summary()
    hidden = shown.split("hidden result")[1]
    assert "e+03" not in hidden
    assert "1.2345e+03" in judged.questions[1].outcomes[1].detail


@pytest.mark.parametrize(
    "cells",
    [
        [GOOD_SQUARE, GOOD_CUBE],
        [GOOD_SQUARE, "def cube(x):\n    return x * x"],
        ["import numpy as np\ndef square(x):\n    return np.where(x > 9, 0, x * x)", "def cube(x):\n    ..."],
        [GOOD_CUBE, "def square(x):\n    return 1 / 0"],
    ],
)
def test_otter_itself_gives_the_same_scores(grade, tests, cells):
    namespace = {}
    exec("\n".join(cells), namespace)
    stock = []
    for source in tests.values():
        file = ExceptionTestFile.from_string(source)
        file.run(namespace)
        stock.append(file.score)
    assert [question.score for question in grade(cells, tests).questions] == stock


def test_results_say_what_went_into_them():
    outcome = Outcome("case", True, 2.0, False, "sign", "The sign is wrong.", "got -4")
    judged = Judged((QuestionResult("q", 0.0, 2.0, (outcome,)),), (), 0.1)
    assert (judged.score, judged.possible, judged.status) == (0, 2, "graded")
    assert (
        judged.to_otter().get_result("q").test_case_results[0].message
        == "❌ Test case failed\nThe sign is wrong."
    )


def test_the_same_submission_gets_the_same_grade_every_time(grade, tests):
    cells = ["import numpy as np", "def square(x):\n    return np.abs(x) * x + 0", GOOD_CUBE]
    first, second = (grade(cells, tests) for _ in range(2))
    assert first.questions == second.questions


def test_ten_submissions_at_once_do_not_disturb_each_other(notebook, tests):
    from concurrent.futures import ThreadPoolExecutor

    def one(number):
        cells = [GOOD_SQUARE, GOOD_CUBE if number % 2 else "def cube(x):\n    import os; os._exit(1)"]
        return judge(notebook(*cells), tests, limits=Limits(call_seconds=5), level=Level.NONE).score

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(one, range(10))) == [4, 6] * 5


def test_numpy_of_the_judge_is_not_the_students(grade, tests):
    before = np.testing.assert_allclose
    grade(["import numpy as np\nnp.testing.assert_allclose = np.allclose = lambda *a, **k: True"], tests)
    assert np.testing.assert_allclose is before
