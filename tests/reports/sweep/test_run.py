"""A sweep's points are single estimates, however they are shared out, and whatever interrupts them."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgeasr.executors import executor_of
from hwmodels.chip_file import apply_overrides, load_chip
from quant.recipe import load_recipe
from reports.sweep.run import SweepResult, run_sweep
from reports.workloads import workload_under
from simulator.annotate import annotated
from simulator.estimate import estimate
from simulator.metrics import packed_bytes
from simulator.sweep.front import NONE
from simulator.utterances import Utterance
from tests.reports.sweep.sweeps import SMALL, loaded, outcome, points_of, written
from traces.errors import EdgeAsrError
from traces.store import load_workload


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    folder = tmp_path_factory.mktemp("sweep")
    return run_sweep(loaded(folder), folder / "run")


def test_every_point_is_its_single_estimate(done: SweepResult) -> None:
    points = points_of(done.folder)
    assert len(points) == 16
    for _, point in points.iterrows():
        overrides = [f"{path}={point[path]}" for path in ("levels.sram.size_bytes", "units.array.clock_hz")]
        chip = apply_overrides(load_chip("npu-template"), tuple(overrides))
        network = annotated(load_workload("whisper-micro"), load_recipe(point["recipe"]))
        batch = int(point["batch"])
        alone = estimate(network, chip, utterances=(Utterance(3.0, 4, batch),))
        latency_s, energy_j = alone.latency_s(), alone.energy_j()
        assert point["latency_s"] == latency_s.nominal[0]
        assert point["latency_low_s"] == latency_s.low[0]
        assert point["latency_high_s"] == latency_s.high[0]
        assert point["energy_j"] == energy_j.nominal[0] / batch
        assert point["excess_bytes"] == alone.excess_bytes()
        assert point["fits"] == alone.fits()
        assert point["packed_bytes"] == packed_bytes(network)
        assert point["peak_activation_bytes"] == alone.peak_activation_bytes()
        array = dict(chip.quantities())["rates.dense-int8.per_cycle"].value
        assert point["area"] == array + point["levels.sram.size_bytes"] / 32


def test_the_front_beats_the_rest(done: SweepResult) -> None:
    points, front = points_of(done.folder), done.results.front
    objectives = list(done.plan.sweep.objectives)
    assert set(front["point"]) == set(points["point"][points["dominated_by"] == NONE])
    for _, point in points[points["dominated_by"] != NONE].iterrows():
        beats = points.iloc[point["dominated_by"]]
        assert beats["dominated_by"] == NONE
        assert (beats[objectives] <= point[objectives]).all()
    assert (done.results.n_points, done.results.n_costed, done.results.n_feasible) == (24, 16, 16)


def test_what_each_axis_does(done: SweepResult) -> None:
    found = {(each.axis, each.objective): each for each in done.results.effects}
    assert found["units.array.clock_hz", "area"].variance_share == pytest.approx(0.0)
    clock = found["units.array.clock_hz", "latency_s"]
    assert clock.elasticity is not None
    assert -1.0 <= clock.elasticity < 0.0
    assert found["recipe", "energy_j"].elasticity is None


@pytest.mark.parametrize(("jobs", "cluster"), [(2, None), (1, "local:2")], ids=["pool", "dask"])
def test_processes_give_the_same_bytes(
    tmp_path: Path, done: SweepResult, jobs: int, cluster: str | None
) -> None:
    with executor_of(jobs, cluster) as executor:
        run_sweep(loaded(tmp_path), tmp_path / "run", executor=executor)
    assert outcome(tmp_path / "run") == outcome(done.folder)


SWEEP = (sys.executable, "-m", "edgeasr", "sweep")


def killed_midway(file: Path, folder: Path) -> bool:
    """Start a sweep and kill it at its first chunk; say whether that came before it was done."""
    process = subprocess.Popen(
        [*SWEEP, str(file), "-o", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while process.poll() is None and not list(folder.glob("chunks/*.parquet")):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    return bool(list(folder.glob("chunks/*.parquet"))) and not (folder / "points.parquet").exists()


def test_a_killed_sweep_continues_at_its_last_chunk(tmp_path: Path, done: SweepResult) -> None:
    file = written(tmp_path)
    # On a busy machine a sweep may be done before its first chunk is seen.
    folder = next(
        folder for folder in (tmp_path / f"run{idx}" for idx in range(8)) if killed_midway(file, folder)
    )
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("chunks/*.parquet")}
    resumed = subprocess.run(
        [*SWEEP, "--resume", str(folder), "--format", "csv"], capture_output=True, text=True, check=True
    )
    assert len(resumed.stdout.splitlines()) == 1 + len(done.results.front)
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())
    assert outcome(folder) == outcome(done.folder)


def test_points_of_another_code_are_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = loaded(tmp_path, SMALL.replace("[w8a8, w4a8]", "[w8a8]"))
    run_sweep(small, tmp_path / "run")
    monkeypatch.setattr("reports.sweep.folder.costing_code", lambda: "another")
    with pytest.raises(EdgeAsrError, match=r"holds another sweep, which differs in code; choose another"):
        run_sweep(small, tmp_path / "run")


def test_a_folder_of_another_sweep_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    small = SMALL.replace("[w8a8, w4a8]", "[w8a8]")
    run_sweep(loaded(tmp_path, small), folder)
    run_sweep(
        loaded(tmp_path, small.replace("energy_j, area]", "energy_j]")), folder
    )  # other front, same costs
    with pytest.raises(EdgeAsrError, match=r"holds another sweep, which differs in tokens; choose another"):
        run_sweep(loaded(tmp_path, small.replace("tokens: 4", "tokens: 5")), folder)
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.yaml").touch()
    with pytest.raises(EdgeAsrError, match="holds something that is no sweep"):
        run_sweep(loaded(tmp_path, small), tmp_path / "study")


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        ("levels.sram.size_bytes <= 1KiB", r"'levels.sram.size_bytes <= 1KiB' by 0 of 24\)"),
        ("latency_s <= 1us", r"\('latency_s <= 1us' by 0 of 16\); relax one, or widen an axis"),
    ],
)
def test_constraints_that_nothing_meets_are_told(tmp_path: Path, constraint: str, message: str) -> None:
    sweep = loaded(tmp_path, SMALL.replace("latency_s <= 1\n", f"{constraint}\n"))
    with pytest.raises(EdgeAsrError, match=message):
        run_sweep(sweep, tmp_path / "run")


def test_a_memory_faster_than_a_nearer_one_is_left_out(tmp_path: Path) -> None:
    axes = "  levels.dram.bandwidth_bytes_per_s: [1GB/s, 900GB/s]\n"
    result = run_sweep(loaded(tmp_path, SMALL.replace("  batch: [1, 2]\n", axes)), tmp_path / "run")
    assert set(points_of(result.folder)["levels.dram.bandwidth_bytes_per_s"]) == {1e9}
    assert "no memory faster than a nearer one" in result.report.read_text()


def test_the_shape_of_an_array_is_an_axis(tmp_path: Path) -> None:
    path = "rates.dense-int8.lanes.n"
    axes = f"  {path}: [8, 12, 32, 1000000]\n  levels.buffer.size_bytes: [768, 256KiB]\n"
    result = run_sweep(loaded(tmp_path, SMALL.replace("  batch: [1, 2]\n", axes)), tmp_path / "run")
    points = points_of(result.folder)
    assert set(points[path]) == {8.0, 12.0, 32.0}  # no buffer holds a block of the widest
    assert set(points[path][points["levels.buffer.size_bytes"] == 768]) == {8.0, 12.0}
    network = {
        name: annotated(load_workload("whisper-micro"), load_recipe(name)) for name in ("w8a8", "w4a8")
    }
    chosen = (path, "levels.buffer.size_bytes", "levels.sram.size_bytes", "units.array.clock_hz")
    for _, point in points.iterrows():
        chip = apply_overrides(load_chip("npu-template"), tuple(f"{each}={point[each]}" for each in chosen))
        alone = estimate(network[point["recipe"]], chip, utterances=(Utterance(3.0, 4),))
        assert point["latency_s"] == alone.latency_s().nominal[0]
        assert point["latency_high_s"] == alone.latency_s().high[0]
        assert point["energy_low_j"] == alone.energy_j().low[0]
        assert point["area"] == 64 * point[path] + point["levels.sram.size_bytes"] / 32  # per_cycle follows


def test_an_axis_over_a_number_with_a_range_is_told(tmp_path: Path) -> None:
    name = "levels.dram.bandwidth_bytes_per_s"
    text = SMALL.replace("  batch: [1, 2]\n", f"  {name}: [3GB/s, 6GB/s]\n")
    result = run_sweep(loaded(tmp_path, text), tmp_path / "run")
    assert result.plan.space.ranges_left() == (name,)
    assert f"{name} is chosen at every point" in result.report.read_text()


def test_chips_are_an_axis_with_their_own_numbers(tmp_path: Path) -> None:
    text = SMALL.replace("  recipe: [w8a8, w4a8]\n", "  chip: [npu-template, mcu-template]\n")
    text = text.replace("  units.array.clock_hz: [400 MHz, 800 MHz]\n", "  overheads.per_op_s: [1us, 10us]\n")
    text = text.replace("area: rates.dense-int8.per_cycle", "area: overheads.per_inference_s")
    points = points_of(run_sweep(loaded(tmp_path, text), tmp_path / "run").folder)
    for name, rows in points.groupby("chip"):
        once = dict(load_chip(str(name)).quantities())["overheads.per_inference_s"].value
        assert (rows["area"] == once + rows["levels.sram.size_bytes"] / 32).all()
        one = rows.iloc[0]
        paths = ("levels.sram.size_bytes", "overheads.per_op_s")
        chip = apply_overrides(load_chip(str(name)), tuple(f"{path}={one[path]}" for path in paths))
        network = annotated(load_workload("whisper-micro"), load_recipe("w8a8"))
        batch = int(one["batch"])
        assert (
            one["latency_s"]
            == estimate(network, chip, utterances=(Utterance(3.0, 4, batch),)).latency_s().nominal[0]
        )


def test_models_and_parts_are_axes_too(tmp_path: Path) -> None:
    text = SMALL.replace("  recipe: [w8a8, w4a8]\n", '  "weight:*.fc?": [int8_channel, int2_g32]\n')
    text = text.replace("  batch: [1, 2]\n", "  model: [whisper-micro, moonshine-micro]\n  beam: [1, 3]\n")
    points = points_of(run_sweep(loaded(tmp_path, text), tmp_path / "run").folder)
    assert len(points) == 32
    sizes = points.groupby(["model", "weight:*.fc?"])["packed_bytes"].unique()
    for model in ("whisper-micro", "moonshine-micro"):
        (whole,), (smaller,) = sizes[model, "int8_channel"], sizes[model, "int2_g32"]
        assert smaller < whole
    slower = points.groupby("beam")["latency_s"].mean()
    assert slower[3.0] > slower[1.0]


def test_a_network_that_is_no_recogniser_takes_recipes_as_an_estimate_does(tmp_path: Path) -> None:
    text = SMALL.replace("[w8a8, w4a8]", "[float, w8a8]").replace("  batch: [1, 2]\n", "")
    text = text.replace("model: whisper-micro", "model: mlperf-tiny-kws")
    points = points_of(run_sweep(loaded(tmp_path, text), tmp_path / "run").folder)
    assert set(points["recipe"]) == {"float", "w8a8"}
    for _, point in points.iterrows():
        overrides = [f"{path}={point[path]}" for path in ("levels.sram.size_bytes", "units.array.clock_hz")]
        chip = apply_overrides(load_chip("npu-template"), tuple(overrides))
        network, _ = workload_under("mlperf-tiny-kws", point["recipe"])
        assert point["latency_s"] == estimate(network, chip).latency_s().nominal[0]


def test_word_error_rates_of_a_study_are_an_objective(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "cells.csv").write_text(
        "model,recipe,corpus,wer\nwhisper-micro,w8a8,bundled,0.05\nwhisper-micro,w8a8,other,0.5\n"
    )
    text = SMALL.replace("area]", f"wer]\naccuracy: {tmp_path / 'study'}")
    result = run_sweep(loaded(tmp_path, text), tmp_path / "run")
    points = points_of(result.folder)
    assert set(points["wer"][points["recipe"] == "w8a8"]) == {0.05}
    assert np.isnan(points["wer"][points["recipe"] == "w4a8"]).all()
    assert set(result.results.front["recipe"]) == {"w8a8"}
    unknown = loaded(tmp_path, text.replace("[w8a8, w4a8]", "[w4a8]"))
    with pytest.raises(EdgeAsrError, match="objective wer: is known at no point"):
        run_sweep(unknown, tmp_path / "unknown")


def test_sweeping_loads_no_network_library() -> None:
    script = "import sys, reports.sweep.run; print({'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_damaged_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "identity.json").write_text("{")
    with pytest.raises(EdgeAsrError, match=r"identity\.json' is damaged; choose another folder"):
        run_sweep(loaded(tmp_path), tmp_path / "run")
