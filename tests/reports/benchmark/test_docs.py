"""The benchmark in docs/ is what its numbers say: written by `edgeasr report --benchmark`, never by hand."""

import re
from pathlib import Path

import pytest

from reports.benchmark.figures import figure_titles
from reports.benchmark.grid import load_benchmark
from reports.benchmark.page import render_benchmark
from reports.study.config import load_study
from reports.study.grid import variants

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "edge_asr.md"
BENCHMARK = load_benchmark(PAGE.with_suffix(".json"))


def test_the_page_is_generated_from_its_numbers() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_benchmark(BENCHMARK, stem=PAGE.stem)


def test_its_figures_are_there() -> None:
    links = re.findall(r"\]\(([^)]+\.png)\)", PAGE.read_text(encoding="utf-8"))
    models = dict.fromkeys(cell.model for cell in BENCHMARK.cells)
    wanted = [f"edge_asr-{name}.png" for model in models for name, _ in figure_titles(BENCHMARK.cells, model)]
    assert links == wanted
    assert len(links) == 4
    assert all((PAGE.parent / link).read_bytes().startswith(b"\x89PNG") for link in links)


def test_its_recipes_are_those_of_the_study() -> None:
    study = load_study(ROOT / "studies" / "edge_asr_micro.yaml")
    assert {cell.model for cell in BENCHMARK.cells} == set(study.models)
    assert {cell.recipe for cell in BENCHMARK.cells} == {variant.recipe.name for variant in variants(study)}


@pytest.mark.parametrize("model", ["whisper-micro", "moonshine-micro"])
def test_float_was_measured_on_both_corpora(model: str) -> None:
    found = [cell for cell in BENCHMARK.cells if (cell.model, cell.recipe) == (model, "float")]
    assert [cell.accuracy is not None for cell in found] == [True, True]
