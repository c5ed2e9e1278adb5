"""Doing independent jobs, here or through any `concurrent.futures.Executor`; only commands build one.

Jobs and their results are plain values that are cheap to send. What an executor does with them (processes,
machines, doing a job again whose worker was killed) is its own affair: a job is a pure function of its
value, so doing it twice gives the same result, and each result is taken once.
"""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from traces.errors import EdgeAsrError

Job = TypeVar("Job")
Result = TypeVar("Result")

MOST_IN_FLIGHT = 256
"""Jobs handed to an executor at a time, finished ones that nobody took included: bounds what is held."""


class LostExecutor(BrokenExecutor):
    """The executor is gone as a whole, such as a scheduler that died: no further job can succeed."""


def finished(
    work: Callable[[Job], Result],
    jobs: Iterable[Job],
    *,
    executor: Executor | None,
    most_in_flight: int = MOST_IN_FLIGHT,
) -> Generator[tuple[Job, Result], None, None]:
    """Yield every job with its result, as they end; in order without an executor, which does them here.

    `work` must be importable by name where the executor runs it. Jobs are taken as there is room for them.

    Raises:
        EdgeAsrError: if an executor's process or scheduler died; else whatever a job raised.
    """
    if executor is None:
        for job in jobs:
            yield job, work(job)
        return
    waiting = iter(jobs)
    pending: dict[Future[Result], Job] = {}
    try:
        while True:
            room = most_in_flight - len(pending)
            pending |= {executor.submit(work, job): job for job in islice(waiting, room)}
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                yield pending.pop(future), future.result()
    except BrokenExecutor as error:
        raise EdgeAsrError(f"{why_broken(error)}; what is finished is kept") from error
    finally:
        for future in pending:
            future.cancel()


def why_broken(error: BrokenExecutor) -> str:
    """Return in words why an executor could not finish a job."""
    if isinstance(error, BrokenProcessPool):
        return "a process died before this was done, perhaps for lack of memory; run again with fewer jobs"
    return str(error)
