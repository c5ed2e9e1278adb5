"""A Dask cluster as an executor: one that runs somewhere, or processes of this machine under a scheduler.

Workers that die are replaced and their jobs done again; a job that takes its workers with it is given up
after Dask's `distributed.scheduler.allowed-failures`.
"""

import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from traces.errors import EdgeAsrError
from traces.executing import LostExecutor

if TYPE_CHECKING:
    from distributed import Client, LocalCluster
    from distributed import Future as DaskFuture

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

CONNECT_S = 10
"""How long a scheduler may take to answer."""
CLOSE_S = 5
_LOCAL = re.compile(r"local:([1-9]\d{0,3})")
_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://\S+:\d+")


@contextmanager
def dask_cluster(address: str) -> Iterator[Executor]:
    """Yield an executor on the cluster of a scheduler (`tcp://host:port`), or on `local:N` processes here.

    Raises:
        EdgeAsrError: if the address has neither form, no scheduler answers there, or dask.distributed is
            not installed.
    """
    local = _LOCAL.fullmatch(address)
    if not local and not _ADDRESS.fullmatch(address):
        raise EdgeAsrError(f"'{address}' names no cluster; write tcp://host:port, or local:N for N processes")
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise EdgeAsrError("--cluster needs dask.distributed; pip install 'edgeasr[cluster]'") from error
    _silence()
    if local is None:
        try:
            client = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise EdgeAsrError(
                f"no Dask scheduler answers at {address} within {CONNECT_S} s; check that it runs and can be "
                "reached from here, or use --cluster local:N"
            ) from error
        with _closing(client):
            yield ClusterExecutor(client, address)
        return
    cluster = LocalCluster(
        n_workers=int(local[1]),
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )
    with _stopping(cluster), _closing(Client(cluster, set_as_default=False)) as client:
        yield ClusterExecutor(client, address)


@contextmanager
def _stopping(cluster: "LocalCluster") -> Iterator[None]:
    """Stop a cluster of this machine in the end, whatever its workers are about."""
    try:
        yield
    finally:
        try:
            cluster.close(timeout=CLOSE_S)
        except (AssertionError, TimeoutError) as error:
            # A worker that died and is just being started anew cannot be joined; it ends with this process.
            _log.debug("the cluster was not stopped in order: %s", error)


def _silence() -> None:
    """Keep Dask's loggers, each with a level of its own, from saying what is told in one line here."""
    for name in ("distributed", *logging.Logger.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _closing(client: "Client") -> Iterator["Client"]:
    try:
        yield client
    finally:
        client.close(timeout=CLOSE_S)


class ClusterExecutor(Executor):
    """A Dask client as an executor whose failures are those of `concurrent.futures`.

    Dask's own executor passes on its private exceptions, and cancels what a dying scheduler held.
    """

    def __init__(self, client: "Client", address: str) -> None:
        self._client = client
        self._address = address

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand a call to the cluster.

        Raises:
            LostExecutor: if the scheduler is gone.
        """
        if self._client.status != "running":
            raise self._lost()
        asked = self._client.submit(fn, *args, pure=False, **kwargs)
        answer: Future[T] = Future()
        answer.add_done_callback(lambda ended: asked.cancel() if ended.cancelled() else None)
        asked.add_done_callback(lambda done: self._pass_on(done, answer))
        return answer

    def _pass_on(self, done: "DaskFuture[T]", answer: "Future[T]") -> None:
        from distributed import KilledWorker

        if not answer.set_running_or_notify_cancel():
            return
        try:  # waits again where a result was lost with its worker and is being computed anew
            answer.set_result(done.result())
        except KilledWorker:
            reason = "every worker that took this died of it, perhaps for lack of memory; give them more"
            answer.set_exception(BrokenExecutor(reason))
        except Exception as error:
            answer.set_exception(error if done.status == "error" else self._lost())

    def _lost(self) -> LostExecutor:
        return LostExecutor(f"the Dask scheduler at {self._address} died or cannot be reached any more")
