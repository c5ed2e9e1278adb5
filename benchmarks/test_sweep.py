"""How many points a sweep costs per second, from its file to its report. Run with `make benchmark`."""

import resource
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.pedantic import pedantic
from edgeasr.executors import executor_of
from reports.sweep.config import load_sweep
from reports.sweep.run import run_sweep

POINTS = 100_000
LIMIT_S = 180.0
"""For `POINTS` on two cores that do nothing else."""
MOST_MIB = 1024.0
FILE = f"""
name: benchmark
model: whisper-tiny
recipe: w8a8
chip: npu-template
audio_s: 5
tokens: 20
axes:
  levels.sram.size_bytes: {{from: 256KiB, to: 8MiB, scale: log}}
  levels.dram.bandwidth_bytes_per_s: {{from: 1GB/s, to: 16GB/s, scale: log}}
  rates.dense-int8.lanes.n: [4, 8, 16, 32]
  units.array.clock_hz: {{from: 400MHz, to: 1GHz}}
  levels.dram.energy_j_per_byte: {{from: 20 pJ/B, to: 200 pJ/B, scale: log}}
  overheads.per_op_s: {{from: 1us, to: 20us, scale: log}}
define:
  area_proxy: rates.dense-int8.per_cycle + levels.sram.size_bytes / 32
objectives: [latency_s, energy_j, area_proxy]
sample: {{latin_hypercube: {POINTS}}}
"""


@pytest.mark.benchmark(group="a sweep of 100,000 chips with Whisper tiny, whole utterance")
@pytest.mark.parametrize("jobs", [1, 2])
def test_whole_sweep(benchmark: BenchmarkFixture, tmp_path: Path, jobs: int) -> None:
    (tmp_path / "sweep.yaml").write_text(FILE)
    sweep = load_sweep(tmp_path / "sweep.yaml")

    def run() -> int:
        with executor_of(jobs, None) as executor:
            return run_sweep(sweep, tmp_path / "run", executor=executor).results.n_costed

    start_s = time.perf_counter()
    done = pedantic(benchmark, run)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    benchmark.extra_info.update({"points": done, "peak_mib": peak_mib})
    assert done == POINTS
    assert peak_mib <= MOST_MIB
    assert time.perf_counter() - start_s <= LIMIT_S
