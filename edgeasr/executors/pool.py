"""Processes of this machine that share out its cores and end with the process that made them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection

THREADS = "OMP_NUM_THREADS"
"""What torch and NumPy's libraries read, when they are loaded, as the number of threads to use."""


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
    n_threads = max(1, int(os.environ.get(THREADS) or os.cpu_count() or 1) // n_jobs)
    pool = ProcessPoolExecutor(n_jobs, context, initializer=_start_process, initargs=(watched, n_threads))
    try:
        yield pool
        pool.shutdown()
    finally:
        held.close()
        pool.shutdown(wait=True, cancel_futures=True)


def _start_process(watched: Connection, n_threads: int) -> None:
    # Ctrl-C reaches every process; this one ends by the pipe, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ[THREADS] = str(n_threads)
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()


def _end_with(watched: Connection) -> None:
    try:
        watched.recv()
    except EOFError:
        os._exit(1)
