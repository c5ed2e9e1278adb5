"""Small sweeps, and how tests run them."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas

from reports.sweep.config import Sweep, load_sweep
from reports.sweep.run import run_sweep

SMALL = """
name: small
model: whisper-micro
recipe: w8a8
chip: npu-template
audio_s: 3
tokens: 4
axes:
  recipe: [w8a8, w4a8]
  levels.sram.size_bytes: {from: 256KiB, to: 4MiB, steps: 3, scale: log}
  units.array.clock_hz: [400 MHz, 800 MHz]
  batch: [1, 2]
define:
  area: rates.dense-int8.per_cycle + levels.sram.size_bytes / 32
constraints:
  - levels.sram.size_bytes <= 2MiB
  - latency_s <= 1
objectives: [latency_s, energy_j, area]
chunk_points: 5
"""
"""24 points, of which 16 meet the first constraint: four chunks."""


def written(folder: Path, text: str = SMALL) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sweep.yaml"
    path.write_text(text)
    return path


def loaded(folder: Path, text: str = SMALL) -> Sweep:
    return load_sweep(written(folder, text))


def points_of(folder: Path) -> pandas.DataFrame:
    return pandas.read_parquet(folder / "points.parquet")


def outcome(folder: Path) -> dict[str, bytes]:
    """Return the bytes of everything that must not depend on how a sweep was run."""
    names = ("points.parquet", "pareto.parquet", "summary.csv", "sensitivity.csv")
    return {name: (folder / name).read_bytes() for name in names}


def sweep_page() -> str:
    """Return the report of the small sweep."""
    with TemporaryDirectory() as folder:
        return run_sweep(loaded(Path(folder)), Path(folder) / "run").report.read_text(encoding="utf-8")
