"""Sharing a study's jobs out among processes, or doing them one after the other."""

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait

from reports.study.config import Study
from reports.study.folder import Measured, RunFolder
from reports.study.grid import variants
from reports.study.measure import Job, Outcome, Workbench, measure
from reports.study.told import listening, telling
from traces.errors import EdgeAsrError
from traces.executing import LostExecutor, why_broken
from traces.progress import Progress

POLL_S = 0.5
"""How often a process is asked how far it is."""

TASK = "networks measured"

_bench = Workbench()
"""What the jobs of one process share."""
_bench_lock = threading.Lock()
"""A cluster's worker may have several threads; torch's seeds and a network's memory are the process's."""


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
        EdgeAsrError: the first failure, if there is no finished cell at all; or if the executor is gone.
    """
    jobs = tuple(
        Job(study, folder.path, model, variant.recipe, finished_only)
        for model in study.models
        for variant in variants(study)
    )
    return measure_jobs(jobs, folder, progress=progress, executor=executor)


def measure_jobs(
    jobs: Sequence[Job], folder: RunFolder, *, progress: Progress, executor: Executor | None = None
) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
    """Return every cell of some jobs in order, and a line for each job that failed; as `measure_all`.

    Raises:
        EdgeAsrError: as `measure_all`.
    """
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
    except LostExecutor as error:
        raise EdgeAsrError(f"{error}; finished networks are kept, and the same command continues") from error
    except BrokenExecutor as error:
        return Outcome((), f"{job}: {why_broken(error)}")


def _measure_here(job: Job) -> Outcome:
    """Do a job in an executor's process, telling how far it is in the run folder."""
    folder = RunFolder(job.folder)
    with _bench_lock, telling(folder.told) as progress:
        return measure(job, _bench, progress=progress)
