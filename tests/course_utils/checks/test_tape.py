"""A student's class of numbers, asked for derivatives."""

import pytest
import torch

from course_utils.autograd import Tensor
from course_utils.checks import Mistake, check_call, on_tape


def tensor(x):
    return Tensor(x, requires_grad=True)


def torch_tensor(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def mistake(make, expression, **options):
    with pytest.raises(Mistake) as caught:
        check_call(on_tape(make), expression, **options)
    return caught.value


@pytest.mark.parametrize(
    "expression", ["a * b + a", "(a / b).tanh()", "sum([a] * 1500, b)", "a.relu() + b.exp()"]
)
def test_two_tapes_agree(expression):
    check_call(
        on_tape(tensor), expression, a=2.0, b=-3.0, expected=on_tape(torch_tensor)(expression, a=2.0, b=-3.0)
    )


def test_the_entry_that_is_wrong_is_named():
    expected = {"data": 8.0, "a.grad": 1.0, "b.grad": 2.0}
    found = mistake(tensor, "a * b + a", a=2.0, b=3.0, expected=expected)
    assert found.sentence.startswith("Your entry 'a.grad'")
    assert "expression = 'a * b + a'" in found.detail


class Untouched:
    def __init__(self, data): ...
    def backward(self): ...


class Raises:
    def __init__(self, data):
        self.data = data

    def __add__(self, other):
        return [][self.data]


class HasNoSum:
    def __init__(self, data):
        self.data = data

    def __add__(self, other): ...


class CallsItself(Raises):
    def __add__(self, other):
        return self + other


def test_what_is_missing_untouched_or_raises_is_told():
    assert mistake(None, "a", a=1.0, expected={}).kind == "missing"
    assert mistake(7, "a", a=1.0, expected={}).kind == "type"
    assert mistake(Untouched, "a", a=1.0, expected={}).kind == "not_started"
    raised = mistake(Raises, "a + a", a=1, expected={})
    assert "return [][self.data]" in raised.detail
    assert mistake(HasNoSum, "a + a", a=1, expected={}).kind == "none"
    assert "with a loop" in mistake(CallsItself, "a + a", a=1.0, expected={}).sentence
