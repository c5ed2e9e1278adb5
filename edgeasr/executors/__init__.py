"""Where long jobs run: here, in processes of this machine, or on a Dask cluster.

Everything below the command line takes any `concurrent.futures.Executor`, or None to work in this process;
this is the one place where they are built.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from traces.errors import EdgeAsrError


@contextmanager
def executor_of(jobs: int, cluster: str | None) -> Iterator[Executor | None]:
    """Yield what `--jobs` and `--cluster` ask for; None for one job at a time in this process.

    Raises:
        EdgeAsrError: if both are given, the cluster's address has no known form, its scheduler does not
            answer, or dask.distributed is not installed.
    """
    if cluster is None:
        from edgeasr.executors.pool import process_pool

        with process_pool(jobs) as pool:
            yield pool
        return
    if jobs != 1:
        raise EdgeAsrError(f"--jobs {jobs} and --cluster {cluster} exclude each other; give one of them")
    from edgeasr.executors.cluster import dask_cluster

    with dask_cluster(cluster) as executor:
        yield executor
