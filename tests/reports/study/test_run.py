"""A small study end to end on a bundled model, interrupted, continued and repeated."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pytest

from quant.methods.rtn import RtnConfig
from quant.recipe import MethodStep
from reports.benchmark.grid import load_benchmark
from reports.index import costed
from reports.study.config import Pipeline, Study, load_study, save_study
from reports.study.run import StudyResult, run_study
from traces.errors import EdgeAsrError

STUDY = replace(
    load_study(),
    name="small",
    models=("whisper-micro",),
    cost_only=("moonshine-tiny",),
    recipes=("float", "w8a8"),
    limit=6,
    resamples=200,
)
FILES = (
    "study.yaml", "manifest.json", "layers.parquet", "accuracy.parquet", "summary.csv", "cells.csv",
    "report.md", "report.html",
)  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return run_study(STUDY, tmp_path_factory.mktemp("runs") / "small")


def measured_rows(folder: Path) -> pandas.DataFrame:
    return pandas.read_parquet(folder / "accuracy.parquet").drop(columns="inference_s")


def start(study: Study, folder: Path, *options: str) -> subprocess.Popen[bytes]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = folder.parent / "study.yaml"
    save_study(study, file)
    words = [sys.executable, "-m", "edgeasr", "study", str(file), "-o", str(folder), *options]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_a_cell(process: subprocess.Popen[bytes], folder: Path) -> None:
    while not list(folder.glob("cells/*.parquet")):
        assert process.poll() is None, "the study ended before it could be interrupted"
        time.sleep(0.05)


def test_every_file_is_written(finished: StudyResult) -> None:
    missing = [name for name in FILES if not (finished.folder / name).is_file()]
    assert missing == []
    assert list((finished.folder / "figures").glob("*.png"))
    assert not [path for path in finished.folder.rglob("*") if path.name.endswith(".part")]


def test_costs_add_up_to_the_estimates(finished: StudyResult) -> None:
    layers = pandas.read_parquet(finished.folder / "layers.parquet")
    by_estimate = layers.groupby(["model", "recipe", "chip"])["latency_s"].sum()
    starts: dict[tuple[str, str, str], float] = {}
    for row in finished.data.phases:
        key = (row.model, row.recipe, row.chip)
        starts[key] = starts.get(key, 0.0) + row.latency_s
    for estimate in finished.data.estimates:
        key = (estimate.model, estimate.recipe, estimate.chip)
        assert starts[key] == pytest.approx(estimate.latency_s.nominal)
        assert by_estimate[key] <= estimate.latency_s.nominal * (1 + 1e-9)  # phases also cost their start


def test_only_measured_models_have_an_error_rate(finished: StudyResult) -> None:
    measured = {cell.model for cell in finished.data.cells if cell.accuracy is not None}
    assert measured == {"whisper-micro"}
    assert {cell.model for cell in finished.data.cells} == {"whisper-micro", "moonshine-tiny"}


def test_the_manifest_names_what_it_depends_on(finished: StudyResult) -> None:
    manifest = json.loads((finished.folder / "manifest.json").read_text())
    assert {fact["name"] for fact in manifest["versions"]} >= {"torch", "transformers", "edgeasr"}
    assert "revision sha256:" in manifest["models"][0]["value"]


def test_a_second_run_measures_nothing_and_says_the_same(finished: StudyResult) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.folder.glob("cells/*")}
    again = run_study(STUDY, finished.folder)
    assert {path: path.stat().st_mtime_ns for path in finished.folder.glob("cells/*")} == before
    assert replace(again.data, manifest=finished.data.manifest) == finished.data


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_study_continues_to_the_same_result(
    tmp_path: Path, finished: StudyResult, how: signal.Signals, jobs: str
) -> None:
    folder = tmp_path / "runs" / "small"
    process = start(STUDY, folder, "--jobs", jobs)
    wait_for_a_cell(process, folder)
    process.send_signal(how)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == (130 if how is signal.SIGINT else -signal.SIGKILL)
    assert b"Traceback" not in talk
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("cells/*.parquet")}
    result = run_study(STUDY, folder)
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())
    pandas.testing.assert_frame_equal(measured_rows(folder), measured_rows(finished.folder))
    assert result.data.estimates == finished.data.estimates


def test_a_grid_without_chips_has_a_benchmark(tmp_path: Path) -> None:
    formats, methods = ("w8a8", "w3a16-g32"), (Pipeline("rtn", (MethodStep("rtn", RtnConfig()),)),)
    small = replace(STUDY, models=("moonshine-micro",), cost_only=(), recipes=("float",), chips=(), limit=2)
    result = run_study(replace(small, formats=formats, methods=methods), tmp_path, command="this one")
    assert [cell.recipe for cell in result.data.cells] == ["float", "w8a8+rtn", "w3a16-g32+rtn"]
    assert load_benchmark(tmp_path / "benchmark.json").cells == result.data.cells
    assert list(pandas.read_csv(tmp_path / "cells.csv")["method"].fillna("")) == ["", "rtn", "rtn"]
    effort = json.loads(next(tmp_path.glob("cells/*w8a8*.json")).read_text())
    assert result.data.cells[1].quantization_s == effort["quantization_s"] > 0
    assert "`this one`" in (tmp_path / "benchmark.md").read_text()
    (tmp_path / "benchmark.md").unlink()
    report = [sys.executable, "-m", "edgeasr", "report", str(tmp_path)]
    subprocess.run([*report, "--benchmark", str(tmp_path / "docs" / "page.md")], check=True)
    assert (tmp_path / "benchmark.md").read_text() == (tmp_path / "docs" / "page.md").read_text().replace(
        "(page-", "(benchmark-"
    )
    assert "`this one`" in (tmp_path / "benchmark.md").read_text()


def test_a_report_of_what_is_finished_says_what_is_missing(tmp_path: Path) -> None:
    small = replace(STUDY, models=("moonshine-micro",), cost_only=(), recipes=("float",), chips=(), limit=1)
    run_study(small, tmp_path)
    result = run_study(replace(small, recipes=("float", "w8a8")), tmp_path, finished_only=True)
    assert [cell.accuracy is None for cell in result.data.cells] == [False, True]
    assert result.data.notes[0] == "1 of the study's 2 cells are not measured."


def test_what_costs_the_same_is_costed_once(tmp_path: Path) -> None:
    methods = tuple(Pipeline(name, (MethodStep("rtn", RtnConfig(range=name)),)) for name in ("minmax", "mse"))
    small = replace(STUDY, models=(), cost_only=("moonshine-tiny",), recipes=(), chips=STUDY.chips[:1])
    data = run_study(replace(small, formats=("w8a8",), methods=methods), tmp_path).data
    assert [row.recipe for row in data.estimates] == ["w8a8+minmax"]
    assert [row.cell.recipe for row in costed(data, STUDY.chips[0])] == ["w8a8+minmax", "w8a8+mse"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EdgeAsrError, match=r"run folder .* cannot be written"):
        run_study(STUDY, tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chips": ("ethos-u85-1042",)}, "ethos-u85-1024"),
        ({"recipes": ("w8a9",)}, "w8a8"),
        ({"corpora": ("bundle",)}, "bundled"),
        ({"models": ("whisper-mikro",)}, "whisper-micro"),
        ({"cost_only": ("whisper-tini",)}, "whisper-tiny"),
    ],
)
def test_an_unknown_name_offers_the_nearest(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        run_study(replace(STUDY, **change), tmp_path / "run")
    assert not (tmp_path / "run").exists()
