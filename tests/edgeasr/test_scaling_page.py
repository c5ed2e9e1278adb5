"""The page on scaling says what the code does."""

import re
from pathlib import Path

from reports.study.config import load_study
from reports.study.grid import variants
from reports.sweep.config import load_sweep
from simulator.sweep.axes import MOST_POINTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scaling.md").read_text()


def test_the_page_counts_the_benchmark_as_its_file_does() -> None:
    study = load_study(ROOT / "studies" / "edge_asr.yaml")
    assert f"{len(variants(study))} recipes of {len(study.models)} models" in PAGE
    for model in study.models:
        assert f"| {model} |" in PAGE


def test_the_page_names_the_limits() -> None:
    assert f"at most {MOST_POINTS // 10**6} million" in PAGE
    sweep = load_sweep(ROOT / "studies" / "sweep_npu.yaml")
    assert f"{sweep.chunk_points:,} points" in PAGE


def test_the_files_it_names_exist() -> None:
    named = re.findall(r"(?:studies|benchmarks)/[\w.]+\w", PAGE)
    assert named
    for path in named:
        assert (ROOT / path).is_file(), path
