"""An optimizer's walk beside the right one: what is wrong with it is said of the walk as a whole, or of its first wrong step."""

import numpy as np
import pytest

from course_utils import optimizers
from course_utils.checks import Mistake, check_steps

START = np.array([1.5, -2.0, 0.7])
CURVATURE = np.array([1.0, 3.0, 0.5])


def gradient(w):
    return CURVATURE * w


def momentum(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("velocity", np.zeros_like(w)) - learning_rate * gradient(w)
    return w + p, {"velocity": p}


def forgetful(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    return momentum(w, gradient, {}, learning_rate=learning_rate, mu=mu)


def climbing(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    return w + learning_rate * gradient(w), state


def in_place(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    state["p"] = mu * state.get("p", 0) - learning_rate * gradient(w)
    return w + state["p"], state


def weights_alone(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    return w - learning_rate * gradient(w)


def two_gradients(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    return w - learning_rate * (gradient(w) + gradient(w)) / 2, state


def no_gradient(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    return w, state


def flattened(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    return (w - learning_rate * gradient(w))[None], state


def check(function, **options):
    check_steps(function, gradient, START, 4, expected=optimizers.momentum, mu=0.8, **options)


def said(function, **options):
    with pytest.raises(Mistake) as caught:
        check(function, **options)
    return caught.value


def test_the_right_walk_passes_whatever_its_state_is_called():
    check(momentum)


def test_a_known_mistake_is_named_where_it_explains_the_whole_walk():
    told = said(
        forgetful,
        mistakes={
            "This one walks another way.": lambda w, g, s, **_: (w - 0.1 * g(w) + 1, s),
            "Your velocity is lost.": lambda w, g, s, mu: optimizers.gradient_descent(w, g, s),
        },
    )
    assert (told.kind, told.sentence) == ("own", "Your velocity is lost.")
    assert told.detail.startswith("step 2 from w = ")


def test_otherwise_the_first_wrong_step_is_described():
    told = said(climbing)
    assert told.sentence == "Your step has the wrong sign."
    assert told.detail.startswith("step 1 from w = ")


def test_a_walk_to_infinity_ends_there():
    def leaping(w, gradient, state, *, learning_rate=0.1, mu=0.9):
        assert np.isfinite(w).all()
        gradient(w)
        return w + np.array([np.inf, 0, 0]), state

    assert said(leaping).detail.startswith("step 1 from w = ")


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (in_place, "Your function changes its input `state` in place: work on a copy."),
        (weights_alone, "Return two things: the new weights and the new state, a dict."),
        (two_gradients, "more than once"),
        (no_gradient, "never asks for the gradient"),
        (flattened, "Your weights change their shape"),
        (lambda w, gradient, state, learning_rate=0.1, mu=0.9: None, "Not started"),
        (None, "isn't defined"),
    ],
)
def test_what_breaks_the_contract_is_said(function, sentence):
    assert sentence in said(function).sentence
