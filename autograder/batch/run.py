"""Grade a class: collect, judge many at once, store each, report."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder import build, report
from autograder.batch.collect import Submission, collect
from autograder.batch.grading import Fault, Work, grade_one
from autograder.batch.handed_in import handed_in
from autograder.batch.store import Result, Store
from autograder.sandbox import Level, Limits

_PAUSES = (0.0, 1.0, 5.0)  # seconds before each attempt at what faults of the machine have left over
_IN_FLIGHT = 1000  # submissions handed out at once: a cluster's scheduler keeps them in memory

# Hands a submission to whoever grades it.
Submit = Callable[[Submission], Future[Result | Fault]]
# Opens the place where submissions are graded. It is told which workers had faults.
OpenPool = Callable[[Collection[str]], AbstractContextManager[Submit]]


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
    level: Level | None = None,
    repeat: int = 1,
    scheduler: str | None = None,
    resources: Mapping[str, float] | None = None,
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
        Submissions graded at once on this machine; one for each core if ``None``.
    timeout
        Seconds for one submission.
    level
        How well students' code is walled in; as well as the machine that grades it can, if ``None``.
    repeat
        How often each submission is graded. The first score stands; the questions whose score changes are reported.
    scheduler
        The address of a Dask cluster that grades, instead of this machine.
    resources
        What of a cluster's worker a submission takes, such as ``{"GPU": 1}``, of what workers say they have.
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
        waiting = [s for s in submissions if not store.is_graded(s.name, s.digest, tests_digest, repeat)]
        limits = Limits(submission_seconds=timeout)
        work = Work(topic, tests, build.handed_out(topic, root), limits, level, repeat)

        def save(submission: Submission, result: Result) -> None:
            store.save(result, submission.digest, tests_digest)

        with ExitStack() as stack:
            open_pool: OpenPool = partial(_threads, work, workers or os.cpu_count() or 1)
            if scheduler is not None:
                from autograder.batch import cluster

                open_pool = stack.enter_context(cluster.connect(scheduler, work, resources or {}))
            faults = _grade_all(waiting, open_pool, save)
        found = handed_in(submissions, paths)
        store.note(found, tests_digest)
        results, written = tuple(store.results(contents, tests_digest)), store.written()
    finally:
        store.close()
    report.write(topic, list(tests), results, out, found, written, build.rubrics(topic, root))
    summary = Summary(results, faults, len(submissions) - len(waiting), time.monotonic() - start, out)
    _print_summary(summary)
    return summary


@contextmanager
def _threads(work: Work, workers: int, _: Collection[str]) -> Iterator[Submit]:
    """Grade on this machine. Threads suffice: each drives a process."""
    with ThreadPoolExecutor(workers) as pool:
        yield lambda submission: pool.submit(grade_one, work, submission)


@dataclass
class _Twins:
    """Submissions with the same content. They are graded once: what is graded can't know whose it is."""

    members: list[Submission]
    result: Result | None = None


def _grade_all(
    waiting: list[Submission], open_pool: OpenPool, save: Callable[[Submission, Result], None]
) -> dict[str, str]:
    """Grade and save each as it is done; return the faults of our own that were still there at the last attempt.

    In the last attempt each has the machine, or the cluster, to itself: its fault may have been a neighbour's doing.
    """
    faults: dict[str, str] = {}
    shunned: set[str] = set()
    left = _twins(waiting)
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=len(waiting))
        for attempt, pause in enumerate(_PAUSES):
            time.sleep(pause)
            again: list[_Twins] = []
            most = 1 if attempt == len(_PAUSES) - 1 else _IN_FLIGHT
            with open_pool(shunned) as submit:
                for twins, outcome in _outcomes(left, submit, most):
                    fault = outcome if isinstance(outcome, Fault) else _saved(twins, outcome, save)
                    names = [submission.name for submission in twins.members]
                    if fault is None:
                        for name in names:
                            faults.pop(name, None)
                    else:
                        faults.update(dict.fromkeys(names, fault.reason))
                        shunned |= {fault.worker} if fault.worker else set()
                    if fault is not None and fault.may_pass:
                        again.append(twins)
                    else:
                        progress.advance(bar, len(names))
            left = again
            if not left:
                break
    return faults


def _twins(submissions: list[Submission]) -> list[_Twins]:
    groups: dict[tuple[bytes, str | None], list[Submission]] = {}
    for submission in submissions:
        groups.setdefault((submission.content, submission.reason), []).append(submission)
    return [_Twins(members) for members in groups.values()]


def _outcomes(groups: list[_Twins], submit: Submit, most: int) -> Iterator[tuple[_Twins, Result | Fault]]:
    """What comes of each, as it is there; what was graded and only not saved comes first."""
    for twins in groups:
        if twins.result is not None:
            yield twins, twins.result
    queue = deque(twins for twins in groups if twins.result is None)
    running: dict[Future[Result | Fault], _Twins] = {}
    try:
        while queue or running:
            while queue and len(running) < most:
                twins = queue.popleft()
                running[submit(twins.members[0])] = twins
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), _outcome(future)
    finally:
        for future in running:
            future.cancel()


def _outcome(future: Future[Result | Fault]) -> Result | Fault:
    """What came of one. Only a cluster raises: when it has lost it, or several workers while they had it."""
    try:
        return future.result()
    except (CancelledError, Exception) as error:
        return Fault(f"lost by the cluster: {error}", may_pass=True)


def _saved(twins: _Twins, result: Result, save: Callable[[Submission, Result], None]) -> Fault | None:
    twins.result = result
    try:
        for submission in twins.members:
            save(submission, replace(result, submission=submission.name))
    except Exception as error:
        return Fault(
            f"graded, but not saved: {error}", may_pass=isinstance(error, sqlite3.Error)
        )  # a full disk
    return None


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
        if result.unstable:
            where = f"{', '.join(result.unstable)} in {result.repeats} gradings; the first score stands"
            console.print(f"unstable: {result.submission}: not always the same in {where}", markup=False)
    for name, fault in summary.faults.items():
        console.print(f"not graded, run again: {name}: {fault}", style="red", markup=False)
    console.print(f"grades.csv, report.html and feedback/ are in {summary.out}", markup=False)
