"""The benchmark's page: written whole, read back equal, its links alive."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reports.benchmark.figures import draw_figures
from reports.benchmark.grid import benchmark_json, benchmark_of, load_benchmark
from reports.benchmark.page import render_benchmark, write_benchmark
from tests.reports.synthetic import study
from tests.reports.synthetic_grid import CORPORA, METHODS, grid_study
from traces.errors import EdgeAsrError

BENCHMARK = benchmark_of(grid_study())


def test_the_page_and_its_files_belong_together(tmp_path: Path) -> None:
    page = tmp_path / "new" / "edge.md"
    write_benchmark(BENCHMARK, page)
    text = page.read_text()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) == 4
    assert all((page.parent / link).read_bytes().startswith(b"\x89PNG") for link in links)
    assert load_benchmark(page.with_suffix(".json")) == BENCHMARK
    assert render_benchmark(load_benchmark(page.with_suffix(".json")), stem="edge") == text
    assert {file.name for file in page.parent.iterdir()} == {"edge.md", "edge.json", *links}


def test_it_says_what_was_done() -> None:
    text = render_benchmark(BENCHMARK, stem="x")
    assert f"{len(METHODS)} methods, 6 formats, 2 models, 2 corpora: 276 measured cells." in text
    assert [name for name in CORPORA if f"### Word error rate on `{name}`" in text] == list(CORPORA)
    assert "saw 128 utterances, on which the decoder is fed 2300 tokens" in text
    assert BENCHMARK.notes[0] in text
    assert BENCHMARK.manifest.command in text


def test_tables_are_tables() -> None:
    blocks = re.findall(r"(?:^\|.*\|\n)+", render_benchmark(BENCHMARK, stem="x"), re.M)
    assert blocks
    for block in blocks:
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_hostile_names_stay_text() -> None:
    cells = tuple(
        replace(cell, method="<img src=x>|a`b") if cell.method else cell for cell in BENCHMARK.cells
    )
    text = render_benchmark(replace(BENCHMARK, cells=cells), stem="x")
    assert "<img" not in text
    assert "&lt;img src=x&gt;\\|a\\`b" in text


def test_figures_have_a_panel_per_corpus_and_per_cost() -> None:
    figures = dict(draw_figures(BENCHMARK.cells))
    assert list(figures) == [
        f"{kind}-{model}"
        for model in ("whisper-micro", "moonshine-micro")
        for kind in ("methods", "tradeoff")
    ]
    assert [panel.get_title(loc="left") for panel in figures["methods-whisper-micro"].axes] == [
        "whisper-micro on bundled",
        r"whisper-micro on audiofolder:\$AN4/test",
    ]
    (legend,) = figures["methods-whisper-micro"].legends
    assert [text.get_text() for text in legend.get_texts()] == ["float, 95 % interval", *METHODS]


def test_what_was_not_measured_is_not_drawn() -> None:
    cells = tuple(replace(cell, accuracy=None, corpus="") for cell in BENCHMARK.cells)
    assert list(draw_figures(cells)) == []
    assert "![" not in render_benchmark(replace(BENCHMARK, cells=cells), stem="x")


@pytest.mark.parametrize(
    ("text", "message"), [("{}", "no benchmark of this version"), ("x", "no benchmark of this version")]
)
def test_another_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(EdgeAsrError, match=message):
        load_benchmark(tmp_path / "b.json")
    with pytest.raises(EdgeAsrError, match="cannot be read"):
        load_benchmark(tmp_path / "none.json")


def test_a_study_without_a_grid_has_none(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match="study 'bundled' has no grid of formats and methods"):
        write_benchmark(benchmark_of(study()), tmp_path / "x.md")
    assert benchmark_json(BENCHMARK).count("\n") == len(BENCHMARK.cells) + 7
