"""Cells of an earlier run fill what a later one did not measure, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from reports.benchmark.grid import benchmark_of
from reports.benchmark.known import check_same, joined
from reports.benchmark.page import render_benchmark
from reports.data import CellRow, Fact
from tests.reports.synthetic_grid import CORPORA, grid_study
from traces.errors import EdgeAsrError

STUDY = grid_study()
Key = tuple[str, str, str]


def by_key(cells: tuple[CellRow, ...]) -> dict[Key, CellRow]:
    return {(cell.model, cell.recipe, cell.corpus): cell for cell in cells}


def without(cells: tuple[CellRow, ...], recipe: str) -> tuple[CellRow, ...]:
    """Leave a recipe unmeasured, as a study does: one row without a corpus."""
    kept: list[CellRow] = []
    for cell in cells:
        if cell.recipe != recipe:
            kept.append(cell)
        elif cell.corpus == CORPORA[0]:
            kept.append(replace(cell, corpus="", accuracy=None, quantization_s=None))
    return tuple(kept)


def test_missing_cells_are_filled_in_their_place() -> None:
    found = joined(without(STUDY.cells, "w8a8+gptq"), STUDY.cells, corpora=CORPORA)
    assert found == STUDY.cells


def test_what_a_run_measured_itself_stays_and_costs_are_always_its_own() -> None:
    known = tuple(
        replace(cell, bops=1.0, accuracy=cell.accuracy and replace(cell.accuracy, cer=0.99))
        for cell in STUDY.cells
    )
    found = by_key(joined(without(STUDY.cells, "w8a8+gptq"), known, corpora=CORPORA))
    for key, cell in by_key(STUDY.cells).items():
        assert found[key].bops == cell.bops
        accuracy = found[key].accuracy
        assert accuracy is not None
        assert (accuracy.cer == 0.99) == (cell.recipe == "w8a8+gptq")


def test_what_neither_measured_stays_open() -> None:
    cells = without(STUDY.cells, "w8a8+gptq")
    assert joined(cells, cells, corpora=CORPORA) == cells


def test_a_corpus_of_one_run_is_filled_in_beside_the_others() -> None:
    mine = tuple(cell for cell in STUDY.cells if (cell.recipe, cell.corpus) != ("w8a8+gptq", CORPORA[0]))
    assert joined(mine, STUDY.cells, corpora=CORPORA) == STUDY.cells


@pytest.mark.parametrize(
    ("changed", "fragment"),
    [
        ({"name": "other"}, "study is 'other'"),
        ({"seed": 99}, "seed is '99'"),
        ({"models": (Fact("whisper-micro", "another revision"),)}, "model whisper-micro is 'another"),
    ],
)
def test_another_study_is_refused(changed: dict[str, Any], fragment: str) -> None:
    manifest = replace(STUDY.manifest, models=(Fact("whisper-micro", "a revision"),))
    check_same(manifest, benchmark_of(replace(STUDY, manifest=manifest)))
    other = replace(manifest, **changed)
    with pytest.raises(EdgeAsrError, match=fragment):
        check_same(manifest, benchmark_of(replace(STUDY, manifest=other)))


def test_the_page_names_the_earlier_run() -> None:
    earlier = replace(STUDY.manifest, created_utc="2020-02-02T00:00:00Z")
    assert "made 2020-02-02T00:00:00Z" in render_benchmark(benchmark_of(STUDY, earlier=(earlier,)), stem="x")
