"""The solution gets full marks, the untouched stub none, and each wrong answer loses points and is told why."""

import builtins
import symtable
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from otter.test_files import ExceptionTestFile

from autograder import build
from autograder.wrong_answers import load
from course_utils.checks import run_case

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "wrong_answers"
WRONG = [(path.stem, answer) for path in sorted(FOLDER.glob("*.py")) for answer in load(path)]
EXERCISES = [(topic, name) for topic in build.topics(ROOT) for name in build.test_sources(topic, ROOT)]


@cache
def solution(topic):
    return MappingProxyType(build.solution_namespace(topic, ROOT))


@cache
def stub(topic):
    return MappingProxyType(build.stub_namespace(topic, ROOT))


def outcomes(topic, exercise, environment):
    cases = ExceptionTestFile.from_string(build.test_sources(topic, ROOT)[exercise]).test_cases
    with np.errstate(all="ignore"):
        return [run_case(case, environment) for case in cases]


@pytest.mark.parametrize(("topic", "exercise"), EXERCISES)
def test_the_solution_gets_full_marks(topic, exercise):
    failed = [outcome for outcome in outcomes(topic, exercise, solution(topic)) if not outcome.passed]
    assert not failed


@pytest.mark.parametrize(("topic", "exercise"), EXERCISES)
def test_the_untouched_stub_gets_nothing(topic, exercise):
    results = outcomes(topic, exercise, stub(topic))
    assert {outcome.kind for outcome in results} == {"not_started"}
    assert not any(outcome.passed for outcome in results)


@pytest.mark.parametrize(("topic", "answer"), WRONG, ids=lambda value: getattr(value, "name", value))
def test_a_wrong_answer_loses_points_and_is_told_why(topic, answer):
    environment = {**solution(topic), answer.exercise: answer.function}
    failed = [outcome for outcome in outcomes(topic, answer.exercise, environment) if not outcome.passed]
    assert failed
    assert any(answer.says.lower() in outcome.sentence.lower() for outcome in failed), [
        o.sentence for o in failed
    ]


@pytest.mark.parametrize("topic", build.topics(ROOT))
def test_a_wrong_answer_stands_alone_as_a_cell_of_its_notebook(topic):
    known = set(solution(topic)) | set(dir(builtins))
    for answer in load(FOLDER / f"{topic}.py"):
        namespace = {}
        exec(compile(answer.source, answer.name, "exec"), {**solution(topic)}, namespace)
        assert answer.exercise in namespace
        assert "autograder" not in answer.source
        table = symtable.symtable(answer.source, answer.name, "exec")
        assert globals_of(table) <= known | set(namespace), answer.name


def globals_of(table):
    """The names that code takes from the notebook, its functions included."""
    own = {s.get_name() for s in table.get_symbols() if s.is_referenced() and s.is_global()}
    return own.union(*map(globals_of, table.get_children()))


def test_wrong_answers_are_answers_to_exercises_that_exist():
    assert {(topic, answer.exercise) for topic, answer in WRONG} == set(EXERCISES)
