"""Jobs in processes give what they give one after the other, and one that fails takes none with it."""

import os
import signal
import threading
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from asr.calibration import calibration_for
from asr.corpus import Corpus
from asr.evaluate import Evaluation, evaluate
from asr.recogniser import Recogniser
from edgeasr.executors import executor_of
from quant.recipe import load_recipe, save_recipe
from reports.study import measure as measuring
from reports.study.config import load_study
from reports.study.folder import Measured, RunFolder
from reports.study.jobs import TASK, measure_all
from traces.errors import EdgeAsrError
from traces.executing import LostExecutor
from traces.progress import silent

STUDY = replace(
    load_study(),
    models=("moonshine-micro",),
    cost_only=(),
    recipes=("float", "w8a8-static", "w4a16-g32"),
    corpora=("bundled", "bundled:calibration"),
    calibration_utterances=2,
    limit=2,
)
CELLS = [(recipe, corpus) for recipe in STUDY.recipes for corpus in STUDY.corpora]


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> tuple[Measured, ...]:
    measured, failures = measure_all(STUDY, folder(tmp_path_factory.mktemp("one")), progress=silent)
    assert failures == ()
    return measured


@pytest.fixture
def unfit(tmp_path: Path) -> str:
    """A recipe that fits no network of two families: its rules name no front end."""
    recipe = load_recipe("w4a16-g32")
    save_recipe(replace(recipe, name="unfit", layers=recipe.layers[-1:]), tmp_path / "unfit.yaml")
    return str(tmp_path / "unfit.yaml")


def folder(path: Path) -> RunFolder:
    run = RunFolder(path)
    run.prepare()
    return run


def named(measured: tuple[Measured, ...]) -> list[tuple[str, str]]:
    return [(found.cell.recipe, found.cell.corpus) for found in measured]


class Dying(Executor):
    """It dies at the first job."""

    def __init__(self, error: BrokenExecutor) -> None:
        self.error = error

    def submit(self, *_: object, **__: object) -> Future[Any]:
        future: Future[None] = Future()
        future.set_exception(self.error)
        return future


@pytest.mark.parametrize(("jobs", "cluster"), [(2, None), (1, "local:2")], ids=["pool", "dask"])
def test_processes_give_the_same_in_the_same_order(
    tmp_path: Path, one_by_one: tuple[Measured, ...], unfit: str, jobs: int, cluster: str | None
) -> None:
    told: list[tuple[object, ...]] = []
    study = replace(STUDY, recipes=(unfit, *STUDY.recipes))
    with executor_of(jobs, cluster) as executor:
        measured, failures = measure_all(
            study,
            folder(tmp_path / "run"),
            progress=lambda *step: told.append(step[:3]),
            executor=executor,
        )
    assert named(measured) == named(one_by_one) == CELLS
    assert [found.evaluation for found in measured] == [found.evaluation for found in one_by_one]
    (failure,) = failures
    assert failure.startswith("moonshine-micro unfit: recipe 'unfit' names no formats for ")
    assert told[-1] == (TASK, 4, 4)
    assert ("moonshine-micro float on bundled", 2, 2) in told
    assert not (tmp_path / "run" / "progress").exists()


def test_a_worker_killed_midway_loses_and_doubles_nothing(
    tmp_path: Path, one_by_one: tuple[Measured, ...]
) -> None:
    run, killed = folder(tmp_path), threading.Event()

    def kill_a_worker(task: str) -> None:
        if task.endswith("on bundled") and not killed.is_set():
            killed.set()
            (progress,) = {path for path in run.told.glob("*.jsonl") if task in path.read_text()}
            os.kill(int(progress.stem), signal.SIGKILL)

    with executor_of(1, "local:2") as executor:
        measured, failures = measure_all(
            STUDY, run, progress=lambda *step: kill_a_worker(step[0]), executor=executor
        )
    assert killed.is_set()
    assert failures == ()
    assert [found.evaluation for found in measured] == [found.evaluation for found in one_by_one]
    assert len(list(run.path.glob("cells/*.parquet"))) == len(CELLS)


def test_calibration_is_made_once_for_those_who_need_it(
    tmp_path: Path, one_by_one: tuple[Measured, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = {found.cell.recipe: found.effort.calibration_utterances for found in one_by_one}
    assert looked_at == {"float": 0, "w8a8-static": 2, "w4a16-g32": 0}
    make = Mock(wraps=calibration_for)
    monkeypatch.setattr(measuring, "calibration_for", make)
    run, study = folder(tmp_path), replace(STUDY, recipes=("w8a8-static",), limit=1)
    measure_all(study, run, progress=silent)
    assert make.call_count == 1
    before = set(run.path.glob("cells/*.parquet"))
    measure_all(replace(study, calibration_utterances=1), run, progress=silent)
    assert len(set(run.path.glob("cells/*.parquet")) - before) == 2
    measure_all(replace(study, recipes=("float",)), run, progress=silent)
    measure_all(replace(study, recipes=("float",), calibration_utterances=1), run, progress=silent)
    assert len(set(run.path.glob("cells/*--float--*.parquet"))) == 2


def test_a_network_is_quantized_once_for_all_corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from quant import quantize as quantizing

    quantize = Mock(wraps=quantizing.quantize)
    monkeypatch.setattr(quantizing, "quantize", quantize)
    measure_all(replace(STUDY, recipes=("w4a16-g32",), limit=1), folder(tmp_path), progress=silent)
    assert quantize.call_count == 1


def test_a_surprise_in_one_job_names_it_and_spares_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails_on_the_second_corpus(recogniser: Recogniser, corpus: Corpus, **kwargs: Any) -> Evaluation:
        if corpus.identity.name != "bundled":
            raise RuntimeError("out of luck\nlong story")
        return evaluate(recogniser, corpus, **kwargs)

    monkeypatch.setattr(measuring, "evaluate", fails_on_the_second_corpus)
    study = replace(STUDY, recipes=("float",), limit=1)
    measured, failures = measure_all(study, folder(tmp_path), progress=silent)
    assert named(measured) == [("float", "bundled")]
    assert failures == ("moonshine-micro float: RuntimeError: out of luck",)
    assert "long story" in caplog.text


def test_only_what_is_finished(tmp_path: Path) -> None:
    run, study = folder(tmp_path), replace(STUDY, recipes=("float",), corpora=("bundled",), limit=1)
    measure_all(study, run, progress=silent)
    more = replace(study, recipes=("float", "w4a16-g32"), corpora=STUDY.corpora)
    measured, failures = measure_all(more, run, progress=silent, finished_only=True)
    assert named(measured) == [("float", "bundled")]
    assert failures == ()


def test_nothing_measured_is_an_error(tmp_path: Path, unfit: str) -> None:
    study = replace(STUDY, recipes=(unfit,))
    with pytest.raises(EdgeAsrError, match="moonshine-micro unfit: recipe 'unfit' names no formats"):
        measure_all(study, folder(tmp_path), progress=silent)
    with pytest.raises(EdgeAsrError, match=r"moonshine-micro float: a process died .* fewer jobs"):
        measure_all(STUDY, folder(tmp_path), progress=silent, executor=Dying(BrokenProcessPool()))
    with pytest.raises(EdgeAsrError, match=r"^gone; finished networks are kept"):
        measure_all(STUDY, folder(tmp_path), progress=silent, executor=Dying(LostExecutor("gone")))
