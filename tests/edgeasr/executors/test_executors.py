"""Here, in processes and on a real Dask cluster: the same results, each once, whatever dies."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest

from edgeasr.executors import cluster as clusters
from edgeasr.executors import executor_of
from tests.edgeasr.executors.jobs import Errand, fail, slow, square
from traces.errors import EdgeAsrError
from traces.executing import LostExecutor, finished

ERRANDS = tuple(Errand(number) for number in range(20))


@pytest.fixture(scope="module", params=["here", "pool", "dask"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    jobs, cluster = {"here": (1, None), "pool": (2, None), "dask": (1, "local:2")}[request.param]
    with executor_of(jobs, cluster) as built:
        yield built


def start(program: str, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{program}", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A Dask scheduler and a worker of their own, as on another machine: the process and its address."""
    file, where = tmp_path / "scheduler.json", ["--host", "127.0.0.1", "--no-dashboard"]
    process = start("dask_scheduler", *where, "--port", "0", "--scheduler-file", str(file))
    worker = start(
        "dask_worker", *where, "--scheduler-file", str(file), "--nthreads", "1",
        "--local-directory", str(tmp_path),
    )  # fmt: skip
    try:
        while not file.exists():
            assert process.poll() is None
            time.sleep(0.05)
        (address,) = re.findall(r"tcp://[\d.]+:\d+", file.read_text())[:1]
        yield process, address
    finally:
        for started in (worker, process):
            started.kill()
            started.wait()


def test_every_job_is_done_once(executor: Executor | None) -> None:
    done = list(finished(square, iter(ERRANDS), executor=executor, most_in_flight=3))
    assert sorted(done, key=lambda pair: pair[0].number) == [(job, job.number**2) for job in ERRANDS]


def test_what_a_job_raises_is_raised(executor: Executor | None) -> None:
    with pytest.raises(ValueError, match="no 3"):
        list(finished(fail, [Errand(3)], executor=executor))


def test_no_jobs_give_nothing(executor: Executor | None) -> None:
    assert list(finished(square, [], executor=executor)) == []


def test_jobs_are_taken_as_there_is_room() -> None:
    taken: list[int] = []

    def jobs() -> Iterator[Errand]:
        for errand in ERRANDS:
            taken.append(errand.number)
            yield errand

    with executor_of(2, None) as pool:
        results = finished(square, jobs(), executor=pool, most_in_flight=4)
        next(results)
        assert len(taken) == 4
        results.close()


def test_a_killed_worker_loses_and_doubles_nothing(tmp_path: Path) -> None:
    errands = [*ERRANDS[:10], Errand(10, marker=tmp_path / "killed"), *ERRANDS[11:]]
    with executor_of(1, "local:2") as cluster:
        done = list(finished(square, errands, executor=cluster))
    assert (tmp_path / "killed").exists()
    assert sorted(result for _, result in done) == [number**2 for number in range(20)]


@pytest.mark.parametrize(
    ("jobs", "cluster", "reason"),
    [
        (2, None, "a process died before this was done, perhaps for lack of memory"),
        (1, "local:1", "every worker that took this died of it"),
    ],
)
def test_a_job_that_kills_its_processes_is_told(jobs: int, cluster: str | None, reason: str) -> None:
    with executor_of(jobs, cluster) as built, pytest.raises(EdgeAsrError, match=reason):
        list(finished(square, [Errand(1, deadly=True)], executor=built))


def test_a_scheduler_elsewhere_does_the_jobs_until_it_dies(
    scheduler: tuple[subprocess.Popen[bytes], str], capfd: pytest.CaptureFixture[str]
) -> None:
    process, address = scheduler
    with executor_of(1, address) as cluster:
        assert cluster is not None
        assert dict(finished(square, ERRANDS, executor=cluster)) == {job: job.number**2 for job in ERRANDS}
        waiting = cluster.submit(slow, 60.0)
        process.kill()
        with pytest.raises(LostExecutor, match=f"the Dask scheduler at {address} died"):
            waiting.result(timeout=30)
        with pytest.raises(
            EdgeAsrError, match="died or cannot be reached any more; what is finished is kept"
        ):
            list(finished(square, ERRANDS, executor=cluster))
    assert "Traceback" not in capfd.readouterr().err


def test_a_scheduler_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_S", 1)
    with (
        pytest.raises(EdgeAsrError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9 within 1 s"),
        executor_of(1, "tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize(
    ("jobs", "cluster", "message"),
    [
        (1, "local:0", "'local:0' names no cluster; write tcp://host:port, or local:N"),
        (1, "myhost:8786", "'myhost:8786' names no cluster"),
        (2, "local:2", "--jobs 2 and --cluster local:2 exclude each other"),
    ],
)
def test_a_mistake_is_one_line(jobs: int, cluster: str, message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message), executor_of(jobs, cluster):
        pass
