"""The grader beside stock otter and nbgrader on the same class: throughput, scores, growth, memory, and where the time goes.

Every submission is another: honest mistakes (those of ``tests/wrong_answers``) in the solved notebook, two at a time.
Ours and otter get two processes; nbgrader grades a class in one, and can't do otherwise.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
import psutil

from autograder import build
from autograder.build.nbgrader import CONFIG
from autograder.demo import replace_answer
from autograder.judge import judge
from autograder.sandbox.kernel import Kernel
from autograder.sandbox.process import AgentProcess
from autograder.wrong_answers import load
from course_utils.checks.names import defined_names

ROOT = Path(__file__).parents[1]
TOPIC = "01_regression"
WORKERS = 2


def submissions(count: int) -> Iterator[nbformat.NotebookNode]:
    """That many notebooks, no two the same."""
    solution = build.solution_notebook(TOPIC, ROOT)
    wrong = load(ROOT / "tests" / "wrong_answers" / f"{TOPIC}.py")
    pairs = [(a, b) for a, b in itertools.combinations(wrong, 2) if a.exercise != b.exercise]
    for number in range(count):
        first, second = pairs[number * 37 % len(pairs)]
        notebook = replace_answer(solution, first.exercise, first.source)
        yield replace_answer(notebook, second.exercise, second.source)


def hand_in(count: int, folder: Path) -> list[Path]:
    """Write a class into ``folder``."""
    folder.mkdir()
    paths = [folder / f"student_{number:05}.ipynb" for number in range(count)]
    for path, notebook in zip(paths, submissions(count), strict=True):
        nbformat.write(notebook, path)
    return paths


def run(*words: object, cwd: Path | None = None) -> None:
    """Run a program of this Python."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # nbgrader calls alembic
    words = [sys.executable, "-m", *map(str, words)]
    subprocess.run(words, check=True, capture_output=True, cwd=cwd, env={**os.environ, "PATH": path})


def ours(folder: Path) -> dict[str, float]:
    """The scores that `course grade` gives to a folder, the start of Python included."""
    out = folder.parent / "graded"
    run("autograder", "grade", TOPIC, folder, "--out", out, "--workers", WORKERS)
    with (out / "grades.csv").open(encoding="utf-8") as file:
        return {row["submission"]: float(row["score"]) for row in csv.DictReader(file)}


def otter(paths: list[Path]) -> dict[str, float]:
    """The scores that `otter run` gives, two at a time."""
    archive = build.autograder_zip(TOPIC, ROOT)

    def one(path: Path) -> float:
        with tempfile.TemporaryDirectory() as folder:
            run("otter", "run", "-a", archive, path, "-o", folder)
            tests = json.loads(Path(folder, "results.json").read_text())["tests"]
            return sum(test.get("score", 0.0) for test in tests)

    with ThreadPoolExecutor(WORKERS) as pool:
        return dict(zip((path.stem for path in paths), pool.map(one, paths), strict=True))


def nbgrader(paths: list[Path]) -> dict[str, float]:
    """The scores that nbgrader gives to the same answers in the notebook that it released."""
    from nbgrader.api import Gradebook

    course = Path(paths[0].parent.parent, "nbgrader")
    source = course / "source" / TOPIC / f"{TOPIC}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(build.nbgrader_notebook(TOPIC, ROOT), source)
    (course / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    run("nbgrader", "generate_assignment", TOPIC, cwd=course)
    released = nbformat.read(course / "release" / TOPIC / f"{TOPIC}.ipynb", as_version=4)
    exercises = build.test_sources(TOPIC, ROOT)
    for path in paths:
        notebook = released
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                for name in defined_names(cell.source) & set(exercises):
                    notebook = replace_answer(notebook, name, cell.source)
        place = course / "submitted" / path.stem / TOPIC / f"{TOPIC}.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(notebook, place)
    run("nbgrader", "autograde", TOPIC, cwd=course)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        return {path.stem: gradebook.find_submission(TOPIC, path.stem).score for path in paths}


def timed(call: Callable[[], dict[str, float]]) -> tuple[float, dict[str, float]]:
    """Seconds, and what came of it."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def throughput(count: int = 50, peers: int = 6) -> None:
    """Print a table of all three on a class; the peers grade its first few, for each submission costs them the same."""
    print(
        f"| a class of {count} | seconds a submission | ratio | the same score |\n|---|---|---|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = hand_in(count, Path(folder, "class"))
        mine, scores = timed(partial(ours, paths[0].parent))
        print(f"| `course grade`, two workers | {mine / count:.2f} | 1 | |", flush=True)
        for name, peer in (
            ("`otter run`, two at a time", otter),
            ("`nbgrader autograde`, the class", nbgrader),
        ):
            seconds, theirs = timed(partial(peer, paths[:peers]))
            same = sum(math.isclose(scores[student], score) for student, score in theirs.items())
            ratio = seconds / peers / (mine / count)
            print(
                f"| {name} ({peers} of them) | {seconds / peers:.2f} | {ratio:.0f} × | {same} of {peers} |",
                flush=True,
            )


def growth(sizes: tuple[int, ...] = (10, 100, 1000)) -> None:
    """Print time and memory over the size of the class."""
    print(
        "\n| class | seconds | seconds a submission | peak memory of grader and warm parent | with the agents |\n|---|---|---|---|---|"
    )
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            hand_in(size, Path(folder, "class"))
            with peak_memory() as peak:
                seconds, _ = timed(partial(ours, Path(folder, "class")))
        lasting, everything = (f"{value / 2**20:.0f} MiB" for value in peak)
        print(f"| {size} | {seconds:.1f} | {seconds / size:.3f} | {lasting} | {everything} |", flush=True)


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """The most that the processes below this one held together: [those older than 3 s, all]; shared pages count once."""
    peak, over = [0.0, 0.0], threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            held = [0.0, 0.0]
            for process in psutil.Process().children(recursive=True):
                try:
                    pss = process.memory_full_info().pss
                    held[0] += pss if time.time() - process.create_time() > 3 else 0
                    held[1] += pss
                except psutil.Error:
                    pass
            peak[:] = [max(pair) for pair in zip(peak, held, strict=True)]

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield peak
    finally:
        over.set()
        watch.join()


def shares(count: int = 20) -> None:
    """Print where the time of one submission goes, one at a time in this process."""
    tests, handed_out = build.test_sources(TOPIC, ROOT), build.handed_out(TOPIC, ROOT)
    spent = Counter[str]()
    parts = [
        (AgentProcess, "__init__", "start and end of the room"),
        (AgentProcess, "wait_until_ready", "start and end of the room"),
        (AgentProcess, "end", "start and end of the room"),
        (Kernel, "run_cell", "the student's cells"),
        (Kernel, "call", "the student's functions, called by the tests"),
    ]
    totals = []
    with_clock = [
        patch.object(owner, name, _clocked(getattr(owner, name), what, spent)) for owner, name, what in parts
    ]
    for number, notebook in enumerate(submissions(count + 1)):
        if number == 1:  # the first one starts the warm parent
            spent.clear()
            totals.clear()
        for clock in with_clock:
            clock.start()
        start = time.perf_counter()
        judge(notebook, tests, handed_out=handed_out)
        totals.append(time.perf_counter() - start)
        patch.stopall()
    whole = statistics.fmean(totals)
    means = {what: seconds / count for what, seconds in spent.items()}
    means["the tests themselves: references, comparisons"] = whole - sum(means.values())
    print("\n| one submission, nothing beside it | ms | share |\n|---|---|---|")
    for what, seconds in means.items():
        print(f"| {what} | {1e3 * seconds:.0f} | {seconds / whole:.0%} |")
    print(f"| together | {1e3 * whole:.0f} | |", flush=True)


def _clocked(function: Callable[..., Any], what: str, spent: Counter[str]) -> Callable[..., Any]:
    def clocked(*arguments: Any, **named: Any) -> Any:
        start, before = time.perf_counter(), spent.total()
        try:
            return function(*arguments, **named)
        finally:  # what was spent meanwhile has been counted where it was spent
            spent[what] += time.perf_counter() - start - (spent.total() - before)

    return clocked


def report() -> None:
    """Print all tables."""
    throughput()
    growth()
    shares()
