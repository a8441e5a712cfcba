"""Grade a class: collect, judge many at once, store each, report."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from otter.test_files import ExceptionTestFile
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder import build, report
from autograder.batch.collect import Submission, collect, read_notebook
from autograder.batch.store import Result, Store
from autograder.judge import judge
from autograder.sandbox import Level, Limits, SandboxFault


@dataclass(frozen=True)
class Summary:
    """What came of grading a class.

    Parameters
    ----------
    results
        One for each submission that has a grade, ordered by name.
    faults
        Submissions that could not be graded through no fault of theirs, with the reason; a further run tries again.
    already
        How many had been graded by an earlier run.
    seconds
        How long this run took.
    out
        Where everything was written.
    """

    results: tuple[Result, ...]
    faults: Mapping[str, str]
    already: int
    seconds: float
    out: Path

    @property
    def exit_status(self) -> int:
        """0 when every submission was graded, 1 when some were invalid or are still to be graded."""
        return int(bool(self.faults) or any(result.status == "invalid" for result in self.results))


def grade(
    topic: str,
    paths: list[Path],
    out: Path,
    *,
    root: Path,
    workers: int | None = None,
    timeout: float = 300.0,
    level: Level = Level.BUBBLEWRAP,
) -> Summary:
    """Grade every submission in ``paths`` and write grades, feedback and report to ``out``.

    Parameters
    ----------
    topic
        The assignment.
    paths
        Notebooks, folders and zips.
    out
        A folder; results already in it are kept, and not graded again if submission and tests are the same.
    root
        The course.
    workers
        Submissions graded at once; one for each core if ``None``.
    timeout
        Seconds for one submission.
    level
        How well students' code is walled in.
    """
    start = time.monotonic()
    tests = build.test_sources(topic, root)
    tests_digest = hashlib.sha256(
        "\0".join(f"{name}\0{source}" for name, source in tests.items()).encode()
    ).hexdigest()
    submissions = collect(paths)
    contents = {submission.name: submission.digest for submission in submissions}
    out.mkdir(parents=True, exist_ok=True)
    store = Store(out / "results.sqlite")
    try:
        waiting = [s for s in submissions if not store.is_graded(s.name, s.digest, tests_digest)]
        handed_out = build.handed_out(topic, root)
        grade_one = _grader(topic, tests, handed_out, Limits(submission_seconds=timeout), level)

        def save(submission: Submission, result: Result) -> None:
            store.save(result, submission.digest, tests_digest)

        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            faults = _grade_all(waiting, grade_one, save, pool)
        results = tuple(store.results(contents, tests_digest))
    finally:
        store.close()
    report.write(topic, list(tests), results, out)
    summary = Summary(results, faults, len(submissions) - len(waiting), time.monotonic() - start, out)
    _print_summary(summary)
    return summary


def _grader(
    topic: str, tests: Mapping[str, str], handed_out: Collection[str], limits: Limits, level: Level
) -> Callable[[Submission], Result]:
    possible = float(sum(ExceptionTestFile.from_string(source).possible for source in tests.values()))

    def grade_one(submission: Submission) -> Result:
        notebook = read_notebook(submission, topic)
        if isinstance(notebook, str):
            return Result.invalid(submission.name, notebook, possible)
        judged = judge(notebook, tests, handed_out=handed_out, limits=limits, level=level)
        return Result.of(submission.name, judged)

    return grade_one


def _grade_all(
    waiting: list[Submission],
    grade_one: Callable[[Submission], Result],
    save: Callable[[Submission, Result], None],
    pool: Executor,
) -> dict[str, str]:
    """Grade and save each as it is done; return the faults of our own. Threads suffice: each drives a process.

    The same content handed in twice is graded once: what is graded can't know whose it is.
    """
    faults: dict[str, str] = {}
    twins: dict[tuple[bytes, str | None], list[Submission]] = {}
    for submission in waiting:
        twins.setdefault((submission.content, submission.reason), []).append(submission)
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=len(waiting))
        futures = {pool.submit(grade_one, same[0]): same for same in twins.values()}
        try:
            for future in as_completed(futures):
                for submission in futures[future]:
                    try:
                        save(submission, replace(future.result(), submission=submission.name))
                    except (Exception, SandboxFault) as error:
                        faults[submission.name] = f"{type(error).__name__}: {error}"
                    progress.advance(bar)
        except KeyboardInterrupt:
            for future in futures:
                future.cancel()
            raise
    return faults


def _print_summary(summary: Summary) -> None:
    console = Console(highlight=False)
    counts = Counter(result.status for result in summary.results)
    words = ", ".join(
        f"{counts[status]} {status}" for status in ("graded", "partial", "invalid") if counts[status]
    )
    before = f" ({summary.already} graded before)" if summary.already else ""
    console.print(f"{len(summary.results)} submissions: {words}{before}, in {summary.seconds:.0f} s")
    scores = [result.score for result in summary.results if result.status != "invalid"]
    if scores:
        console.print(f"mean score {sum(scores) / len(scores):.1f} of {summary.results[0].max_score:g}")
    for result in summary.results:
        if result.status == "invalid":
            console.print(f"invalid: {result.submission}: {result.reason}", markup=False)
    for name, fault in summary.faults.items():
        console.print(f"not graded, run again: {name}: {fault}", style="red", markup=False)
    console.print(f"grades.csv, report.html and feedback/ are in {summary.out}", markup=False)
