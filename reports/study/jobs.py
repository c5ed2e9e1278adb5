"""Sharing a study's jobs out among processes, or doing them one after the other."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.connection import Connection

from reports.study.config import Study
from reports.study.folder import Measured, RunFolder
from reports.study.grid import variants
from reports.study.measure import Job, Outcome, Workbench, measure
from reports.study.told import listening, telling
from traces.errors import EdgeAsrError
from traces.progress import Progress

POLL_S = 0.5
"""How often a process is asked how far it is."""

TASK = "networks measured"
DIED = "a process died before this was done, perhaps for lack of memory; run again with fewer jobs"

_bench = Workbench()
"""What the jobs of one process share."""


def measure_all(
    study: Study,
    folder: RunFolder,
    *,
    progress: Progress,
    executor: Executor | None = None,
    finished_only: bool = False,
) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
    """Return every cell of the study in order, and a line for each job that failed.

    Without an executor the jobs run here, one after the other. An executor's processes must see the run
    folder: they are told names and leave their results there. With `finished_only` nothing is measured.

    Raises:
        EdgeAsrError: the first failure, if there is no finished cell at all.
    """
    jobs = tuple(
        Job(study, folder.path, model, variant.recipe, finished_only)
        for model in study.models
        for variant in variants(study)
    )
    if executor is None:
        bench = Workbench()
        outcomes = tuple(measure(job, bench, progress=progress) for job in jobs)
    else:
        outcomes = _shared_out(jobs, folder, executor, progress)
    measured = tuple(folder.load(key, cell) for outcome in outcomes for cell, key in outcome.cells)
    failures = tuple(outcome.failure for outcome in outcomes if outcome.failure)
    if failures and not measured:
        raise EdgeAsrError(failures[0])
    return measured, failures


def _shared_out(
    jobs: Sequence[Job], folder: RunFolder, executor: Executor, progress: Progress
) -> tuple[Outcome, ...]:
    with listening(folder.told) as listener:
        futures = [executor.submit(_measure_here, job) for job in jobs]
        pending = set(futures)
        while pending:
            progress(TASK, len(jobs) - len(pending), len(jobs))
            _, pending = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
            for told in listener.news():
                progress(*told)
    progress(TASK, len(jobs), len(jobs))
    return tuple(_outcome(job, future) for job, future in zip(jobs, futures, strict=True))


def _outcome(job: Job, future: "Future[Outcome]") -> Outcome:
    try:
        return future.result()
    except BrokenExecutor:
        return Outcome((), f"{job}: {DIED}")


def _measure_here(job: Job) -> Outcome:
    """Do a job in an executor's process, telling how far it is in the run folder."""
    folder = RunFolder(job.folder)
    with telling(folder.told) as progress:
        return measure(job, _bench, progress=progress)


@contextmanager
def process_pool(n_jobs: int) -> Iterator[Executor | None]:
    """Yield an executor of so many processes, which share out this machine's cores; None for one.

    Its processes end with this one, however it ends: each watches a pipe that only this process holds open.
    """
    if n_jobs == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")  # a forked copy of torch's threads would hang
    watched, held = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(n_jobs, context, initializer=_start_process, initargs=(watched, n_jobs))
    try:
        yield pool
        pool.shutdown()
    finally:
        held.close()
        pool.shutdown(wait=True, cancel_futures=True)


def _start_process(watched: Connection, n_jobs: int) -> None:
    import torch

    # Ctrl-C reaches every process; this one ends by the pipe, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(max(1, torch.get_num_threads() // n_jobs))
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()


def _end_with(watched: Connection) -> None:
    try:
        watched.recv()
    except EOFError:
        os._exit(1)
