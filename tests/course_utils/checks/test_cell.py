"""A test in a notebook's cell: silent when it passes, one sentence and no stack when it doesn't."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_utils.checks import CheckResult, Outcome, require, run_test
from course_utils.checks.cell import CheckFailed


def test_doubles(double):
    from course_utils.checks import check_call

    check_call(double, 31, expected=62)


# pytest would take it for one of its own.
test_doubles.__test__ = False


def test_what_passes_says_nothing(capsys):
    assert run_test(test_doubles, {"double": lambda x: 2 * x}) is None
    assert capsys.readouterr() == ("", "")


def test_a_public_test_shows_the_case_and_a_hidden_one_does_not():
    wrong = {"double": lambda x: -2 * x}
    with pytest.raises(CheckFailed) as public:
        run_test(test_doubles, wrong)
    with pytest.raises(CheckFailed) as hidden:
        run_test(test_doubles, wrong, hidden=True)
    sentence, *detail = str(public.value).split("\n")
    assert str(hidden.value) == sentence
    assert "31" in "".join(detail)
    assert "31" not in sentence


@pytest.mark.parametrize("answer", ["def double(x): ...", "def double(x): return {}[x]", "double = None", ""])
def test_whatever_the_answer_is_a_sentence_is_said(answer):
    environment = {}
    exec(answer, environment)
    with pytest.raises(CheckFailed, match=r"^[A-Z].*[.`]"):
        run_test(test_doubles, environment, hidden=True)


def test_a_check_is_required_by_its_name():
    failed = Outcome("doubles", False, 1.0, False, "sign", "Wrong sign.", "got -62")
    result = CheckResult("double", (Outcome("of zero", False, 1.0, True), failed))
    require(result, "of zero")
    require(None, "doubles")
    with pytest.raises(CheckFailed, match=r"Wrong sign\.\ngot -62"):
        require(result, "doubles")


def test_the_student_must_not_call_what_the_test_may():
    cell = """
import numpy as np

def copied(x, y): return np.polyfit(x, y, 1)

def own(x, y):
    slope = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2)
    return np.array([slope, y.mean() - slope * x.mean()])

def test_a_line(fit):
    import numpy as np
    from course_utils.checks import check_call

    x, y = np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 5.0])
    check_call(fit, x, y, expected=np.polyfit(x, y, 1))
"""
    names = {"__name__": "__main__"}
    exec(cell, names)
    forbids = ("numpy.polyfit",)
    run_test(names["test_a_line"], {"fit": names["copied"]})
    run_test(names["test_a_line"], {"fit": names["own"]}, forbids=forbids)
    with pytest.raises(CheckFailed, match=r"calls `numpy\.polyfit`: the exercise is to write it yourself"):
        run_test(names["test_a_line"], {"fit": names["copied"]}, forbids=forbids)


def test_jupyter_shows_no_line_of_the_test(capsys):
    shell = InteractiveShell()
    shell.run_cell(
        "from course_utils.checks import run_test\n"
        "def double(x): return -2 * x\n"
        "def test_secret(double):\n"
        "    from course_utils.checks import check_call\n"
        "    check_call(double, 31, expected=62)\n"
        "run_test(test_secret, globals(), hidden=True)"
    )
    said = "".join(capsys.readouterr())
    assert "sign" in said
    assert "secret" not in said
    assert "62" not in said
