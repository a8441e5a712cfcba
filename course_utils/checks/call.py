"""Call a student's function, and turn all that can go wrong into a mistake with a sentence."""

from __future__ import annotations

import copy
import dis
import inspect
import linecache
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from course_utils.checks.cases import Case, in_words
from course_utils.checks.compare import compare
from course_utils.checks.forbids import Watch, forbidden
from course_utils.checks.mistake import CallTimeout, Mistake, Outcome, StudentError
from course_utils.checks.values import is_plain, same, show

if TYPE_CHECKING:
    from otter.test_files import TestCase

Function = TypeVar("Function", bound=Callable[..., Any])

_STUB = ("LOAD_CONST", "RETURN_VALUE")


def check_call(
    function: Callable[..., Any] | None,
    *args: Any,
    expected: Any,
    mistakes: Mapping[str, Any] | None = None,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    sizes: Mapping[str, int] | None = None,
    may_change: tuple[str, ...] = (),
    **kwargs: Any,
) -> Any:
    """Call ``function`` on copies of the arguments and compare what it returns with ``expected``.

    Parameters
    ----------
    function
        The student's function, or ``None`` if it isn't defined.
    *args, **kwargs
        Its arguments. The function gets copies, so that the test can go on using its own.
    expected, mistakes, rtol, atol, sizes
        As in :func:`course_utils.checks.compare`.
    may_change
        Names of arguments that the function is allowed to change in place.

    Returns
    -------
    object
        What the function returned.

    Raises
    ------
    Mistake
        If the function is missing, raises, changes its input, or returns something else than ``expected``.
    """
    got, inputs = _checked(function, args, kwargs, may_change)
    compare(got, expected, mistakes=mistakes, rtol=rtol, atol=atol, sizes=sizes, inputs=inputs)
    return got


def checked_call(
    function: Callable[..., Any] | None, *args: Any, may_change: tuple[str, ...] = (), **kwargs: Any
) -> Any:
    """Call ``function`` as :func:`check_call` does and return its answer, for tests of an answer's properties.

    Parameters
    ----------
    function, *args, may_change, **kwargs
        As in :func:`check_call`.

    Raises
    ------
    Mistake
        If the function is missing, raises, changes its input, or returns None.
    """
    got, inputs = _checked(function, args, kwargs, may_change)
    if got is None:
        raise Mistake("none", "Your answer is None: is a `return` missing?", str(inputs))
    return got


def check_raises(
    function: Callable[..., Any] | None, *args: Any, error: str, sentence: str, **kwargs: Any
) -> None:
    """Call ``function`` as :func:`check_call` does, where it should refuse its arguments.

    Parameters
    ----------
    function, *args, **kwargs
        As in :func:`check_call`.
    error
        The name of the exception that is asked for, such as ``"ValueError"``.
    sentence
        What the student is told if an answer comes back.

    Raises
    ------
    Mistake
        If the function is missing, returns, or raises another exception.
    """
    try:
        got, inputs = _checked(function, args, kwargs, ())
    except Mistake as mistake:
        cause = mistake.__cause__
        if mistake.kind == "raised" and isinstance(cause, StudentError) and cause.type_name == error:
            return
        raise
    raise Mistake(
        "own", sentence, f"{inputs}\ngot       {show(got)}\nexpected  {_article(error)} {error}".lstrip()
    )


def _checked(
    function: Callable[..., Any] | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    may_change: tuple[str, ...],
) -> tuple[Any, _Inputs]:
    """What the function returns, and what it was called with."""
    function = _defined(function)
    mine = copy.deepcopy((args, kwargs))
    names = _parameter_names(function, len(args))
    before = dict(zip(names, args, strict=True)) | kwargs
    inputs = _Inputs(before)
    got = _call(function, mine, inputs)
    after = dict(zip(names, mine[0], strict=True)) | mine[1]
    for name, value in before.items():
        if name not in may_change and is_plain(value) and not same(after[name], value, 0, 0):
            raise Mistake(
                "changed_input",
                f"Your function changes its input `{name}` in place: work on a copy.",
                f"{inputs}\nafterwards {name} = {show(after[name])}",
            )
    return got, inputs


def check_true(condition: object, sentence: str, detail: str = "") -> None:
    """Raise a :class:`Mistake` with ``sentence`` unless ``condition`` is true: for properties of an answer."""
    if not condition:
        raise Mistake("own", sentence, detail)


def _defined(function: Callable[..., Any] | None) -> Callable[..., Any]:
    if function is None:
        raise Mistake("missing", "This function isn't defined: run the cell that defines it.")
    if not callable(function):
        raise Mistake("type", "This name should be a function, but something else was assigned to it.")
    if is_stub(function):
        raise Mistake("not_started", "Not started: write your answer where the `...` is.")
    return function


def _call(
    function: Callable[..., Any], arguments: tuple[tuple[Any, ...], dict[str, Any]], inputs: _Inputs
) -> Any:
    try:
        return function(*arguments[0], **arguments[1])
    except Mistake:
        raise  # a helper of the checks has found it
    except CallTimeout as error:
        raise Mistake(
            "timeout", "Your function did not come back in time: does a loop never end?", str(inputs)
        ) from error
    except StudentError as error:
        _raise_raised(error, inputs)
    except (Exception, SystemExit) as error:
        _raise_raised(_locate(error, function), inputs)


def _raise_raised(error: StudentError, inputs: _Inputs) -> NoReturn:
    """A mistake that shows the student's own line; the message stays in the detail, for it may quote the input."""
    where = f"line {error.line_number}: {error.line.strip()}\n" if error.line else ""
    detail = f"{where}{error.type_name}: {error.message}\n{inputs}".rstrip()
    raise Mistake(
        "raised", f"Your code raised {_article(error.type_name)} {error.type_name}.", detail
    ) from error


def _article(word: str) -> str:
    return "an" if word[:1].upper() in "AEIOU" else "a"


def _locate(error: BaseException, function: Callable[..., Any]) -> StudentError:
    """The error with the last line it passed in the file where the student's function stands."""
    home = getattr(student_code(inspect.unwrap(function)), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == home]
    if not frames:
        return StudentError(type(error).__name__, str(error))
    number = frames[-1].lineno or 0
    line = linecache.getline(frames[-1].filename, number) or frames[-1].line
    return StudentError(type(error).__name__, str(error), line or None, number)


def student_code(function: Any) -> CodeType | None:
    """The code of a function, or of the first method of a class."""
    if isinstance(function, type):
        function = next(iter(_methods(function).values()), None)
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _methods(kind: type) -> dict[str, Callable[..., Any]]:
    return {name: member for name, member in vars(kind).items() if inspect.isfunction(member)}


def _parameter_names(function: Callable[..., Any], count: int) -> list[str]:
    try:
        names = [p.name for p in inspect.signature(function).parameters.values() if p.kind < p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        names = []
    return [*names[:count], *(f"argument {i + 1}" for i in range(len(names), count))]


@dataclass(frozen=True)
class _Inputs:
    """The arguments of a call, made text only where there is something to say of them."""

    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        lines = [f"{name} = {show(value)}" for name, value in self.arguments.items()]
        return "\n".join(
            ("input     " if i == 0 else " " * 10) + line.replace("\n", "\n" + " " * 10)
            for i, line in enumerate(lines)
        )


def is_stub(function: Any) -> bool:
    """Whether ``function`` is as it was handed out: nothing but a docstring and ``...``.

    Examples
    --------
    >>> def untouched(x):
    ...     "Do something."
    ...     ...
    >>> is_stub(untouched), is_stub(lambda x: x)
    (True, False)
    """
    if isinstance(stub := getattr(function, "is_stub", None), bool):
        return stub  # a proxy for a function elsewhere knows
    if isinstance(function, type):
        methods = _methods(function).values()
        return bool(methods) and all(is_stub(method) for method in methods)
    code = student_code(function)
    return code is not None and _returns_only_none(code)


def _returns_only_none(code: CodeType) -> bool:
    steps = [
        step for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP", "COPY_FREE_VARS")
    ]
    names = tuple(step.opname for step in steps)
    return names in (_STUB, ("RETURN_CONST",)) and steps[0].argval is None


def solved(*functions: Any) -> bool:
    """Whether all of the student's ``functions`` have been written; if not, say in one line which are missing.

    Parameters
    ----------
    *functions
        Functions or classes that exercises ask for.

    Examples
    --------
    >>> def fit_line(x, y): ...
    >>> if solved(fit_line):
    ...     print("plot the line")
    This cell waits for fit_line: solve it above, then run this cell again.
    """
    missing = [name for function in functions for name in _unwritten(function)]
    if missing:
        print(
            f"This cell waits for {' and '.join(missing)}: solve {'it' if len(missing) == 1 else 'them'} above, then run this cell again."
        )
    return not missing


def own_or_finished(own: Function, finished: Function) -> Function:
    """The student's function if it is written; otherwise say in one line that the finished one stands in, and return that.

    Parameters
    ----------
    own
        A function or class that an exercise asks for.
    finished
        What does the same.

    Examples
    --------
    >>> def largest(x): ...
    >>> own_or_finished(largest, max)([3, 5])
    largest isn't written yet: the finished version stands in.
    5
    """
    if is_stub(own):
        print(f"{own.__name__} isn't written yet: the finished version stands in.")
        return finished
    return own


def _unwritten(function: Any) -> list[str]:
    """The name of an untouched function or class; of a class that is begun, those of its untouched methods."""
    if is_stub(function) or not isinstance(function, type):
        return [function.__name__] * is_stub(function)
    return [
        f"{function.__name__}.{name}"
        for name, method in _methods(function).items()
        if is_stub(method) and method.__name__ == name  # not `__radd__ = __add__`
    ]


def run_case(case: TestCase | Case, environment: Mapping[str, Any], forbids: Collection[str] = ()) -> Outcome:
    """Run one test case of otter's exception-based format and say what came of it, whatever happens.

    Parameters
    ----------
    case
        A test case as ``otter.test_files`` reads it; its body is the decorated test function.
    environment
        The names of the student's notebook, or proxies for them.
    forbids
        What these must not call, if they are here; a kernel with proxies watches for itself.
    """
    name = in_words(case.body.test_func.__name__)
    with Watch(forbids).during(forbids, tester=case.body.test_func.__globals__) as noticed:
        kind, sentence, detail = _run(case, environment)
    outcome = Outcome(name, bool(case.hidden), float(case.points or 0), kind is None, kind, sentence, detail)
    return forbidden(outcome, noticed[0] if noticed else None)


def _run(case: TestCase | Case, environment: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    try:
        case.body.call_func(environment)
    except Mistake as mistake:
        return mistake.kind, mistake.sentence, mistake.detail
    except CallTimeout:
        return "timeout", "Your function did not come back in time: does a loop never end?", ""
    except StudentError as error:
        return "raised", f"Your code raised {_article(error.type_name)} {error.type_name}.", str(error)
    except (Exception, SystemExit) as error:
        # The test itself stumbled, as it does over an answer of a kind that nobody foresaw.
        return "value", "The check could not use what your code returned.", f"{type(error).__name__}: {error}"
    return None, None, None
