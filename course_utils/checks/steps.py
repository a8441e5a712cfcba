"""Let a student's optimizer walk beside a right one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from course_utils.checks.call import check_true, checked_call
from course_utils.checks.compare import compare
from course_utils.checks.mistake import Mistake
from course_utils.checks.values import same, show
from course_utils.optimizers import Step, trajectory


def check_steps(
    function: Step | None,
    gradient: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    steps: int,
    *,
    expected: Step,
    mistakes: Mapping[str, Step] | None = None,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    **hyper: Any,
) -> None:
    """Let ``function(w, gradient, state, **hyper) -> (w, state)`` take steps and compare every one of them.

    Each step gets the state that the step before returned. The names in the state are the student's own affair.

    Parameters
    ----------
    function
        The student's step, or ``None`` if it isn't defined.
    gradient
        Returns ∇L at given weights.
    start
        The weights before the first step.
    steps
        How many to take.
    expected
        The right step, of the same contract.
    mistakes
        The exercise's own mistakes: for each sentence, a step that makes it. One is named only where it explains the
        whole walk.
    rtol, atol
        As in :func:`course_utils.checks.compare`.
    **hyper
        Passed to every step.

    Raises
    ------
    Mistake
        If a step isn't the right one, doesn't return ``(w, state)``, changes what it is given, or asks for more than one gradient.
    """
    right = trajectory(expected, gradient, start, steps, **hyper)
    walked, state, inputs = [start], dict[str, Any](), []
    for number in range(steps):
        asked: list[np.ndarray] = []

        def counted(w: np.ndarray, asked: list[np.ndarray] = asked) -> np.ndarray:
            asked.append(w)
            with np.errstate(all="ignore"):
                return gradient(w)

        before = walked[-1], state
        answer = checked_call(function, walked[-1], counted, state, **hyper)
        check_true(
            isinstance(answer, (tuple, list)) and len(answer) == 2 and isinstance(answer[1], Mapping),
            "Return two things: the new weights and the new state, a dict.",
            f"got {show(answer)}",
        )
        w, state = answer
        check_true(
            np.shape(w) == start.shape,
            "Your weights change their shape: a step returns them in the shape in which they came.",
            f"shape {start.shape} became {np.shape(w)}",
        )
        check_true(asked, "Your step never asks for the gradient: call `gradient(…)`.")
        check_true(
            len(asked) == 1,
            "Your step asks for the gradient more than once: keep it in a variable, for each call costs a pass over the batch.",
        )
        walked.append(np.asarray(w))
        inputs.append(f"step {number + 1} from w = {show(before[0])}, state = {before[1]}")
        if not np.all(np.isfinite(w)):  # a gradient at infinity means nothing
            break
    path, right = np.stack(walked), right[: len(walked)]
    if same(path, right, rtol, atol):
        return
    with np.errstate(all="ignore"):
        first = next(k for k in range(1, len(path)) if not same(path[k], right[k], rtol, atol))
        told, taken, due = inputs[first - 1], path[first] - path[first - 1], right[first] - right[first - 1]
        for sentence, step in (mistakes or {}).items():
            other = trajectory(step, gradient, start, len(path) - 1, **hyper)
            if not same(other, right, rtol, atol) and same(path, other, rtol, atol):
                raise Mistake(
                    "own", sentence, f"{told}\ngot the step  {show(taken)}\nexpected      {show(due)}"
                )
    compare(taken, due, rtol=rtol, atol=atol, inputs=told, name="Your step")
    compare(path[first], right[first], rtol=rtol, atol=atol, inputs=told)
