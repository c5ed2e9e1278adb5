"""The benchmark's tables, on a study of two models with known error rates."""

from dataclasses import replace

import pytest

from reports.benchmark.figures import draw_figures
from reports.benchmark.grid import Grid, grids
from reports.benchmark.tables import (
    CERTAIN,
    NOTHING,
    TextTable,
    cost_table,
    error_table,
    model_tables,
    time_table,
)
from tests.reports.synthetic_grid import CORPORA, FORMATS, METHODS, grid_study

CELLS = grid_study().cells
N_BREAK = "\N{NO-BREAK SPACE}"


def grid() -> Grid:
    return grids(CELLS)[0]


def row(table: TextTable, label: str) -> tuple[tuple[str, ...], ...]:
    (found,) = (row for row in table.rows if row[0].lines == (label,))
    return tuple(entry.lines for entry in found[1:])


def test_there_is_a_grid_per_model_and_corpus() -> None:
    names = [(found.model, found.corpus) for found in grids(CELLS)]
    assert names == [(m, c) for m in ("whisper-micro", "moonshine-micro") for c in CORPORA]
    assert grid().formats == tuple(FORMATS)
    assert grid().methods == METHODS
    assert len(grid().cells) == len(FORMATS) * len(METHODS) - 3
    assert grids(tuple(cell for cell in CELLS if not cell.method)) == ()


def test_formats_that_were_not_measured_have_no_column() -> None:
    some = tuple(cell for cell in CELLS if cell.formats in ("float", "w8a8") or cell.model != "whisper-micro")
    assert [found.formats for found in grids(some)] == [("w8a8",)] * 2 + [tuple(FORMATS)] * 2
    assert len(list(draw_figures(some))) == 4
    none = tuple(cell for cell in CELLS if not cell.method or cell.model != "whisper-micro")
    assert [found.model for found in grids(none)] == ["moonshine-micro"] * 2


def test_float_and_the_first_method_lead() -> None:
    table = error_table(grid())
    assert table.heads == ("Method", *FORMATS)
    assert [line[0].lines[0] for line in table.rows] == ["float", *METHODS]
    assert set(row(table, "float")) == {(f"3.1{N_BREAK}%", f"2.5\N{EN DASH}3.9{N_BREAK}%")}


def test_an_entry_is_rate_interval_and_difference() -> None:
    w3 = row(error_table(grid()), "rtn")[3]
    assert w3 == (f"6.1{N_BREAK}%", f"4.9\N{EN DASH}7.6{N_BREAK}%", f"+3.0{CERTAIN}")


def test_a_difference_that_may_be_none_is_not_marked() -> None:
    w4 = row(error_table(grid()), "rtn")[1]
    assert w4[-1] == "+0.2"


def test_what_was_left_out_is_a_dash() -> None:
    assert row(error_table(grid()), "smoothquant")[1] == (NOTHING,)
    times = time_table(CELLS, "whisper-micro")
    assert times is not None
    assert row(times, "smoothquant")[1] == (NOTHING,)


def test_what_was_only_costed_took_no_time() -> None:
    unmeasured = tuple(replace(cell, accuracy=None, quantization_s=None) for cell in CELLS)
    assert [tables.times for tables in model_tables(unmeasured)] == [None, None]


def test_every_lowest_rate_of_a_column_is_the_best() -> None:
    table = error_table(grid())
    best = [[line[0].lines[0] for line in table.rows if line[column].best] for column in (1, 2)]
    assert best == [list(METHODS), ["hqq"]]  # w8a8: all equal to float in this study


def test_methods_that_cost_the_same_share_a_row() -> None:
    table = cost_table(CELLS, "whisper-micro")
    assert [entry.lines[0] for entry in table.rows[0][:2]] == ["float", ""]
    named = [(line[0].lines[0], line[1].lines[0]) for line in table.rows[1:5]]
    assert named == [
        ("w8a8", "all but quik"),
        ("w8a8", "quik"),
        ("w4a16-g32", "all but quik"),
        ("w4a16-g32", "quik"),
    ]
    assert table.rows[3][2].lines[1] == "0.25\N{MULTIPLICATION SIGN}"


@pytest.mark.parametrize("quik_costs_more", [True, False])
def test_one_group_is_all(quik_costs_more: bool) -> None:
    cells = tuple(cell for cell in CELLS if quik_costs_more or cell.method != "quik")
    n_rows = len(cost_table(cells, "whisper-micro").rows)
    assert n_rows == 1 + len(FORMATS) * (2 if quik_costs_more else 1)


def test_without_float_there_is_nothing_to_compare_with() -> None:
    cells = tuple(
        replace(cell, accuracy=replace(cell.accuracy, wer_difference=None) if cell.accuracy else None)
        for cell in CELLS
        if cell.method
    )
    table = error_table(grids(cells)[0])
    assert table.rows[0][0].lines == ("rtn",)
    assert len(table.rows[0][1].lines) == 2
    assert cost_table(cells, "whisper-micro").rows[0][2].lines == (f"9.67{N_BREAK}MiB",)
