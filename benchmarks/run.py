"""Time this library and its grader against what you would use instead; print Markdown tables.

Only ratios count: both sides run in the same process, in turns, on the same data, one thread each.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from course_utils import regression

ROOT = Path(__file__).parents[1]
TOPIC = "01_regression"


def median_seconds(run: Callable[[], object], repeats: int = 7) -> float:
    """Median wall time of ``repeats`` runs after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def references() -> list[tuple[str, Callable[[], object], str, Callable[[], object]]]:
    """Each row: what, ours, the peer's name, the peer."""
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2000, 50)), rng.normal(size=(2000, 3))
    lams = np.logspace(-3, 3, 60)
    x_many, y_many = rng.normal(size=(10_000, 50)), rng.normal(size=(10_000, 50))
    labels = (X @ rng.normal(size=50) + rng.normal(size=2000) > 0).astype(float)

    def ridge_path_sklearn() -> list[object]:
        return [Ridge(alpha=lam, fit_intercept=False, solver="cholesky").fit(X, Y).coef_ for lam in lams]

    def many_lines_polyfit() -> list[object]:
        return [np.polyfit(x, y, 1) for x, y in zip(x_many, y_many, strict=True)]

    least_squares = LinearRegression(fit_intercept=False)
    logistic = LogisticRegression(
        C=1 / (0.1 * len(X)), fit_intercept=False, solver="newton-cholesky", tol=1e-8
    )
    return [
        (
            "ridge, 60 values of λ, 2000 × 50",
            lambda: regression.fit_ridge(X, Y, lams),
            "sklearn Ridge in a loop",
            ridge_path_sklearn,
        ),
        (
            "10,000 straight lines through 50 points",
            lambda: regression.fit_line(x_many, y_many),
            "np.polyfit in a loop",
            many_lines_polyfit,
        ),
        (
            "least squares, 2000 × 50",
            lambda: regression.fit_least_squares(X, Y),
            "sklearn LinearRegression",
            lambda: least_squares.fit(X, Y),
        ),
        (
            "logistic regression with L2, 2000 × 50",
            lambda: regression.fit_logistic(X, labels, lam=0.1),
            "sklearn newton-cholesky",
            lambda: logistic.fit(X, labels),
        ),
    ]


def on_gpu() -> list[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Each row: what, the call on the CPU, the same call on the GPU."""
    rng = np.random.default_rng(0)
    x, y = (torch.tensor(rng.normal(size=(200_000, 50))) for _ in range(2))
    X, Y, lams = (
        torch.tensor(rng.normal(size=(20_000, 400))),
        torch.tensor(rng.normal(size=(20_000, 3))),
        torch.logspace(-3, 3, 60).double(),
    )

    def synchronised(call: Callable[..., object], *arguments: torch.Tensor) -> Callable[[], object]:
        def run() -> object:
            result = call(*arguments)
            torch.cuda.synchronize()
            return result

        return run

    cases = [
        ("200,000 straight lines", regression.fit_line, (x, y)),
        ("ridge, 60 values of λ, 20,000 × 400", regression.fit_ridge, (X, Y, lams)),
    ]
    return [
        (
            what,
            lambda call=call, arguments=arguments: call(*arguments),
            synchronised(call, *(a.cuda() for a in arguments)),
        )
        for what, call, arguments in cases
    ]


def grading(submissions: int = 6) -> tuple[float, float]:
    """Seconds a submission: `course grade` on a class of copies, and one `otter run` on the same file."""
    import nbformat

    from autograder import build

    notebook = build.solution_notebook(TOPIC, ROOT)
    archive = build.autograder_zip(TOPIC, ROOT)
    with tempfile.TemporaryDirectory() as folder:
        handed_in = Path(folder, "in")
        handed_in.mkdir()
        for number in range(submissions):
            # A cell of their own, so that no two are the same file.
            copy = nbformat.from_dict(
                {**notebook, "cells": [*notebook.cells, nbformat.v4.new_markdown_cell(str(number))]}
            )
            nbformat.write(copy, handed_in / f"student_{number}.ipynb")
        start = time.perf_counter()
        subprocess.run(
            [
                sys.executable,
                "-m",
                "autograder",
                "grade",
                TOPIC,
                handed_in,
                "--out",
                Path(folder, "out"),
                "--workers",
                "2",
            ],
            check=True,
            capture_output=True,
        )
        ours = (time.perf_counter() - start) / submissions
        start = time.perf_counter()
        subprocess.run(
            [
                sys.executable,
                "-m",
                "otter",
                "run",
                "-a",
                archive,
                handed_in / "student_0.ipynb",
                "-o",
                folder,
            ],
            check=True,
            capture_output=True,
        )
        return ours, time.perf_counter() - start


def main() -> None:
    """Print every table."""
    torch.set_num_threads(1)
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, torch {torch.__version__}, {platform.machine()}\n"
    )
    print("| reference | ours, ms | instead of | theirs, ms | theirs / ours |\n|---|---|---|---|---|")
    for what, ours, peer, theirs in references():
        mine, other = median_seconds(ours), median_seconds(theirs, repeats=3)
        print(f"| {what} | {1e3 * mine:.2f} | {peer} | {1e3 * other:.2f} | {other / mine:.1f} × |")
    if torch.cuda.is_available():
        print(
            f"\n| on {torch.cuda.get_device_name()} | CPU, one thread, ms | GPU, ms | ratio |\n|---|---|---|---|"
        )
        for what, cpu, gpu in on_gpu():
            slow, fast = median_seconds(cpu, repeats=3), median_seconds(gpu)
            print(f"| {what} | {1e3 * slow:.1f} | {1e3 * fast:.2f} | {slow / fast:.0f} × |")
    mine, other = grading()
    print("\n| grading 01_regression | seconds a submission | ratio |\n|---|---|---|")
    print(
        f"| `course grade`, a class of 6, two workers | {mine:.1f} | 1 |\n| `otter run`, one | {other:.1f} | {other / mine:.1f} × |"
    )


if __name__ == "__main__":
    main()
