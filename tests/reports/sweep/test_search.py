from pathlib import Path

import pytest

from edgeasr.executors import executor_of
from reports.sweep.run import run_sweep
from tests.reports.sweep.sweeps import SMALL, loaded, outcome, points_of

RANGES = SMALL.replace(", steps: 3", "").replace("batch: [1, 2]", "tokens: {from: 2, to: 4}")
SEARCH = RANGES + "search: {sampler: nsga2, trials: 40, batch: 10}\n"


def test_a_search_repeats_and_continues_to_the_same_points(tmp_path: Path) -> None:
    whole = run_sweep(loaded(tmp_path, SEARCH), tmp_path / "whole")
    assert whole.results.n_costed == 40
    again = tmp_path / "again"
    with executor_of(2, None) as pool:
        run_sweep(loaded(tmp_path, SEARCH), again, executor=pool)
    assert outcome(again) == outcome(whole.folder)
    for number in (2, 3):  # as if it had been killed after the second batch
        (again / "chunks" / f"{number:06d}.parquet").unlink()
    run_sweep(loaded(tmp_path, SEARCH), again)
    assert outcome(again) == outcome(whole.folder)


@pytest.mark.parametrize("sampler", ["nsga2", "tpe"])
def test_later_points_are_better_and_keep_to_the_axes(tmp_path: Path, sampler: str) -> None:
    text = SEARCH.replace("nsga2", sampler).replace("[latency_s, energy_j, area]", "[latency_s]")
    points = points_of(run_sweep(loaded(tmp_path, text), tmp_path / "run").folder)
    first, last = points.iloc[:10], points.iloc[-10:]
    assert last["latency_s"].mean() < first["latency_s"].mean()
    assert points["levels.sram.size_bytes"].between(2**18, 2**22).all()
    assert set(points["tokens"]) <= {2.0, 3.0, 4.0}
    assert set(points["recipe"]) == {"w8a8", "w4a8"}


def test_a_seed_decides_where_a_search_looks(tmp_path: Path) -> None:
    few = SEARCH.replace("trials: 40", "trials: 10")
    one, other = (
        points_of(run_sweep(loaded(tmp_path, few + f"seed: {seed}\n"), tmp_path / str(seed)).folder)
        for seed in (0, 1)
    )
    assert not one["levels.sram.size_bytes"].equals(other["levels.sram.size_bytes"])


def test_the_front_of_a_search_meets_the_constraints(tmp_path: Path) -> None:
    result = run_sweep(loaded(tmp_path, SEARCH), tmp_path / "run")
    assert (result.results.front["levels.sram.size_bytes"] <= 2**21).all()
    assert 0 < result.results.n_feasible < 40
