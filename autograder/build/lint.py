"""Faults in masters that otter assign would pass over in silence, each with its file and line."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.build.masters import Cell, Question, defined_names, master_path, questions, read_cells

HEADING = re.compile(
    r"^### \w+ \d+\.(?P<number>\d+) · (?P<name>\w+|[^·]+) · (?P<stars>★{1,3}☆{0,2}) · (?P<minutes>\d+) minutes$"
)
_TOTAL = re.compile(r"\*\*Points:\*\* (\d+)")
_BUILTIN_TEST_NAMES = {"env"}


@dataclass(frozen=True)
class Problem:
    """A fault in a master.

    Parameters
    ----------
    path, line
        Where.
    message
        What is wrong, and what belongs there.
    """

    path: Path
    line: int
    message: str


@dataclass(frozen=True)
class _Master:
    """A master as the rules see it."""

    path: Path
    text: str
    cells: list[Cell]
    questions: list[Question]
    wrong_answers: Counter[str]

    @property
    def exercises(self) -> list[Question]:
        return [question for question in self.questions if not question.manual]


Finding = tuple[int, str]
Rule = Callable[[_Master], Iterator[Finding]]


def lint(topic: str, root: Path) -> list[Problem]:
    """Every fault found in the master of ``topic``, by line."""
    path = master_path(topic, root)
    text = path.read_text(encoding="utf-8")
    cells = read_cells(text)
    if unreadable := list(_syntax_errors(cells)):
        return [Problem(path, line, message) for line, message in unreadable]
    wrong = _count_wrong_answers(root / "tests" / "wrong_answers" / f"{topic}.py")
    master = _Master(path, text, cells, questions(cells), wrong)
    findings = [finding for rule in _RULES for finding in rule(master)]
    return [Problem(path, line, message) for line, message in sorted(findings)]


def _syntax_errors(cells: list[Cell]) -> Iterator[Finding]:
    for cell in cells:
        if cell.kind == "code":
            try:
                ast.parse(cell.source)
            except SyntaxError as error:
                yield cell.line + (error.lineno or 1) - 1, f"this is not Python: {error.msg}"


def _count_wrong_answers(path: Path) -> Counter[str]:
    """How many wrong answers there are for each exercise: functions or classes under ``@wrong("exercise", says=…)``."""
    if not path.exists():
        return Counter()
    functions = [
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    ]
    calls = [
        decorator
        for function in functions
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call)
    ]
    named = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "wrong" and call.args
    ]
    return Counter(str(argument.value) for argument in named if isinstance(argument, ast.Constant))


def _kernelspec(master: _Master) -> Iterator[Finding]:
    if "kernelspec:" not in master.text.split("# %%", 1)[0]:
        yield 1, "the jupytext header has no kernelspec, without which otter assign fails"


def _unique_names(master: _Master) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for question in master.questions:
        if question.name in seen:
            yield (
                question.line,
                f"two questions are called {question.name}; the first is at line {seen[question.name]}",
            )
        seen.setdefault(question.name, question.line)


def _closed_blocks(master: _Master) -> Iterator[Finding]:
    for question in master.questions:
        if not question.closed:
            yield question.line, f"question {question.name} has a block that isn't closed"
    depth = 0
    for cell in master.cells:
        if (boundary := cell.boundary) is not None:
            depth += 1 if boundary[0] == "BEGIN" else -1
            if depth < 0:
                yield cell.line, "a block ends here that was never opened"
                depth = 0


def _stray_cells(master: _Master) -> Iterator[Finding]:
    for question in master.questions:
        for cell in question.stray:
            yield (
                cell.line,
                f"this {cell.kind} cell stands in question {question.name} outside its blocks, where otter drops or misplaces it",
            )


def _has_tests(master: _Master) -> Iterator[Finding]:
    for question in master.exercises:
        if not any(cell.is_hidden for cell in question.tests):
            yield question.line, f"exercise {question.name} has no hidden test"
        if all(cell.is_hidden for cell in question.tests):
            yield question.line, f"exercise {question.name} has no public check"


def _has_wrong_answers(master: _Master) -> Iterator[Finding]:
    for question in master.exercises:
        if (count := master.wrong_answers[question.name]) < 3:
            yield (
                question.line,
                f"exercise {question.name} has {count} wrong answers in tests/wrong_answers/{master.path.name}; it needs three",
            )


def _has_heading(master: _Master) -> Iterator[Finding]:
    for number, question in enumerate(master.questions, 1):
        first = question.text[0] if question.text else None
        match = HEADING.match(first.source.split("\n")[0]) if first is not None else None
        line = first.line if first is not None else question.line
        if match is None:
            yield (
                line,
                "a question opens with a heading that says how hard and how long: ### Exercise 1.2 · name · ★☆☆ · 8 minutes",
            )
        elif not question.manual and match["name"] != question.name:
            yield line, f"the heading says {match['name']}, the question is called {question.name}"
        elif int(match["number"]) != number:
            yield (
                line,
                f"the heading says number {match['number']}, and this is the notebook's number {number}",
            )


def _has_hints(master: _Master) -> Iterator[Finding]:
    for question in master.exercises:
        text = "\n".join(cell.source for cell in question.text)
        if len(re.findall(r"<summary>Hint \d</summary>", text)) < 2:
            yield question.line, f"exercise {question.name} has fewer than two hints folded away"
        if "<summary>When it goes wrong</summary>" not in text:
            yield question.line, f"exercise {question.name} has no box “When it goes wrong”"


def _points(master: _Master) -> Iterator[Finding]:
    for question in master.questions:
        if not isinstance(question.points, (int, float)) or question.points <= 0:
            yield question.line, f"question {question.name} says no points"
        elif question.tests and (100 * question.points / len(question.tests)) % 1:
            yield (
                question.line,
                f"the {question.points} points of {question.name} don't divide by its {len(question.tests)} tests",
            )
    total = sum(question.points or 0 for question in master.questions)
    for cell in master.cells:
        if cell.kind == "markdown" and (match := _TOTAL.search(cell.source)) is not None:
            if int(match[1]) != total:
                line = cell.line + cell.source[: match.start()].count("\n")
                yield line, f"the points stated are {match[1]}, those of the questions add up to {total:g}"
            return
    yield 1, "the opening doesn't state the points: **Points:** N"


def _solutions(master: _Master) -> Iterator[Finding]:
    for question in master.exercises:
        names: set[str] = set()
        for cell in question.solution:
            lines = [line.strip() for line in cell.source.split("\n")]
            if "# BEGIN SOLUTION" not in lines or "# END SOLUTION" not in lines:
                yield (
                    cell.line,
                    "a solution stands between # BEGIN SOLUTION and # END SOLUTION, or students see it",
                )
            names |= defined_names(cell.source)
        if question.name not in names:
            yield question.line, f"no solution cell defines {question.name}"
        if extra := names - {question.name}:
            yield (
                question.line,
                f"the solution of {question.name} also defines {', '.join(sorted(extra))}; an exercise is one function or class",
            )


def _forbidden_marks(master: _Master) -> Iterator[Finding]:
    for cell in master.cells:
        if cell.kind != "code":
            continue
        for offset, line in enumerate(cell.source.split("\n")):
            if re.search(r"# ?SOLUTION(?: NO PROMPT)?$", line) and not re.search(
                r"# (?:BEGIN|END) SOLUTION$", line.strip()
            ):
                yield cell.line + offset, "an inline # SOLUTION: nbgrader can't keep it, use # BEGIN SOLUTION"
            if line.rstrip().endswith(("# BEGIN PROMPT", "# END PROMPT")):
                yield (
                    cell.line + offset,
                    "a PROMPT: nbgrader can't keep it; signature and docstring are prompt enough",
                )


def _names_for_tests(master: _Master) -> Iterator[Finding]:
    in_tests = {id(cell) for question in master.questions for cell in question.tests}
    names = set(_BUILTIN_TEST_NAMES)
    for cell in master.cells:
        if cell.kind == "code" and id(cell) not in in_tests:
            names |= defined_names(cell.source)
    for question in master.questions:
        for cell in question.tests:
            body = ast.parse(cell.source).body
            if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
                yield cell.line, "a test cell holds one function and nothing else; otter drops the rest"
                continue
            for argument in body[0].args.args:
                if argument.arg not in names:
                    yield (
                        cell.line + argument.lineno - 1,
                        f"the test needs {argument.arg}, which no cell defines",
                    )


_RULES: tuple[Rule, ...] = (
    _kernelspec,
    _unique_names,
    _closed_blocks,
    _stray_cells,
    _has_tests,
    _has_wrong_answers,
    _has_heading,
    _has_hints,
    _points,
    _solutions,
    _forbidden_marks,
    _names_for_tests,
)
