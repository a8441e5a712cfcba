"""Looking for alike answers in a class beside comparing every two of them with difflib."""

from __future__ import annotations

import ast
import difflib
import itertools
import random
from pathlib import Path

from autograder import build
from autograder.similar import compare
from autograder.similar.fingerprints import words
from autograder.wrong_answers import load
from benchmarks.measure import Row

ROOT = Path(__file__).parents[1]
TOPIC = "01_regression"


class _Renamed(ast.NodeTransformer):
    """Every local name gets an ending of the student's own."""

    def __init__(self, tree: ast.AST, ending: str) -> None:
        stored = (n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        self.names = {name: name + ending for name in stored}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def make_class(students: int) -> dict[str, dict[str, str]]:
    """Question → student → code: right and wrong answers drawn at random, under names of each student's own."""
    rng = random.Random(0)
    handed_out, questions = set(build.handed_out(TOPIC, ROOT)), list(build.test_sources(TOPIC, ROOT))
    pool = {
        name: [s]
        for name, s in compare.answers(build.solution_notebook(TOPIC, ROOT), handed_out, questions).items()
    }
    for answer in load(ROOT / "tests" / "wrong_answers" / f"{TOPIC}.py"):
        pool[answer.exercise].append(answer.source)
    made: dict[str, dict[str, str]] = {name: {} for name in questions}
    for number in range(students):
        for name in questions:
            tree = ast.parse(rng.choice(pool[name]))
            made[name][f"student_{number}"] = ast.unparse(_Renamed(tree, f"_{number}").visit(tree))
    return made


def alike(made: dict[str, dict[str, str]], known: frozenset[int]) -> list[compare.Pair]:
    """All pairs of alike answers."""
    return [
        pair for name, sources in made.items() for pair in compare.pairs(name, compare.read(sources, known))
    ]


def every_two(made: dict[str, dict[str, str]]) -> list[float]:
    """The likeness of every two answers, as difflib sees their words."""
    return [
        difflib.SequenceMatcher(None, first.kinds, second.kinds, autojunk=False).ratio()
        for sources in made.values()
        for first, second in itertools.combinations(map(words, sources.values()), 2)
    ]


def rows() -> list[Row]:
    known = compare.starter(set(build.handed_out(TOPIC, ROOT)))
    few, many = make_class(20), make_class(300)
    return [
        Row(
            "9 questions, 20 students",
            alike,
            (few, known),
            "difflib, every two",
            lambda: every_two(few),
            gpu=False,
        ),
        Row(
            "9 questions, 300 students",
            alike,
            (many, known),
            "difflib, every two of 20",
            lambda: every_two(few),
            note="for 236 times as many pairs",
            gpu=False,
        ),
    ]
