"""The same run on a Dask cluster: each task grades one submission on a worker, in a sandbox of the worker's own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from distributed import Client, get_worker
from rich.console import Console

from autograder.batch.collect import Submission
from autograder.batch.grading import Fault, Work, grade_one
from autograder.batch.run import OpenPool, Submit
from autograder.batch.store import Result

_CONNECT = 30  # seconds to reach the scheduler


@contextmanager
def connect(scheduler: str, work: Work, resources: Mapping[str, float]) -> Iterator[OpenPool]:
    """Connect to a cluster, and send it what is the same for all submissions.

    Parameters
    ----------
    scheduler
        Its address, such as ``tcp://10.0.0.1:8786``.
    work
        What is the same for all submissions. It is sent once, as a task: should all workers that hold it be lost, the scheduler
        makes it again, which it can't for data that was only scattered.
    resources
        What of its worker a submission takes, of what workers say they have.

    Raises
    ------
    OSError
        If there is no scheduler.
    """
    with Client(scheduler, timeout=_CONNECT) as client:
        threads = client.nthreads()
        Console(stderr=True, highlight=False).print(
            f"{len(threads)} workers with {sum(threads.values())} threads at {scheduler}"
        )
        shared = client.submit(_same, work, pure=False)
        yield partial(_pool, client, shared, resources)


def _same(work: Work) -> Work:
    return work


@contextmanager
def _pool(
    client: Client, work: Any, resources: Mapping[str, float], shunned: Collection[str]
) -> Iterator[Submit]:
    """The workers, without those that had faults if there are others. A submission whose worker is lost goes to another one."""
    options: dict[str, Any] = {"pure": False, "resources": dict(resources) or None}
    if shunned and (others := client.nthreads().keys() - set(shunned)):
        options["workers"] = sorted(others)
    with client.get_executor(**options) as executor:
        yield partial(executor.submit, _grade_there, work)


def _grade_there(work: Work, submission: Submission) -> Result | Fault:
    """Grade a submission, on a worker; a fault says on which."""
    worker = get_worker()
    outcome = grade_one(work, submission)
    if isinstance(outcome, Result):
        return outcome
    return replace(outcome, reason=f"{outcome.reason} (on worker {worker.name})", worker=worker.address)
