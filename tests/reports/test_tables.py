import csv
import io
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import pandas
import pytest

from reports.data import Part, Range
from reports.shown import heading, shown
from reports.table import FORMATS, Table, render, save
from reports.tables import headline_rows, summary_csv, summary_table, table_of
from reports.units import NO_BREAK
from tests.reports.synthetic import study
from traces.errors import EdgeAsrError

TABLE = Table(
    ("model", "wer", "latency_s", "fits", "excess_level"),
    (("a|b\n*c*", 0.0416, 0.0123456, True, None), ("d", None, 1.0, False, "sram")),
)


@dataclass(frozen=True, slots=True)
class Inner:
    n_words: int


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    latency_s: Range
    energy_terms_j: tuple[Part, ...]
    inner: Inner | None


def test_a_row_becomes_scalars_with_units_in_their_names() -> None:
    table = table_of((Row("x", Range(1.0, 2.0, 3.0), (Part("mac", 4.0),), Inner(5)),))
    assert table.columns == (
        "name",
        "latency_s",
        "latency_low_s",
        "latency_high_s",
        "energy_mac_j",
        "n_words",
    )
    assert table.rows == (("x", 2.0, 1.0, 3.0, 4.0, 5),)


def test_columns_of_all_rows_are_united() -> None:
    rows = (
        Row("x", Range(1, 1, 1), (Part("a", 1.0),), None),
        Row("y", Range(1, 1, 1), (Part("b", 2.0),), None),
    )
    table = table_of(rows)
    assert {"energy_a_j", "energy_b_j"} < set(table.columns)
    assert table.rows[0][table.columns.index("energy_b_j")] is None


def test_only_rows_make_a_table() -> None:
    with pytest.raises(TypeError, match="int"):
        table_of((1,))
    with pytest.raises(ValueError, match="1 cells in a table of 2 columns"):
        Table(("a", "b"), (("x",),))


def test_csv_and_json_are_exact() -> None:
    read = list(csv.DictReader(io.StringIO(render(TABLE, "csv"))))
    assert float(read[0]["latency_s"]) == 0.0123456
    assert read[0]["model"] == "a|b\n*c*"
    assert read[1]["wer"] == ""
    records = json.loads(render(TABLE, "json"))
    assert records[0] == dict(zip(TABLE.columns, TABLE.rows[0], strict=True))
    with pytest.raises(ValueError, match="Out of range"):
        render(Table(("x",), ((math.nan,),)), "json")


def test_parquet_keeps_values(tmp_path: Path) -> None:
    save(TABLE, "parquet", path=tmp_path / "t.parquet")
    frame = pandas.read_parquet(tmp_path / "t.parquet")
    assert list(frame.columns) == list(TABLE.columns)
    assert frame["latency_s"].tolist() == [0.0123456, 1.0]
    assert frame["fits"].tolist() == [True, False]
    with pytest.raises(EdgeAsrError, match="-o"):
        render(TABLE, "parquet")


def test_readable_forms_render_units() -> None:
    for output_format in ("table", "md"):
        text = render(TABLE, output_format).replace(NO_BREAK, " ")
        assert "12.3 ms" in text
        assert "4.2 %" in text
        assert "not measured" in text
        assert "latency_s" not in text


def test_numbers_are_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table = Table(("layer", "latency_change_s", "bops_accumulator"), (("encoder." * 9, 1.5e-3, 2.5e12),))
    lines = render(table, "table").splitlines()
    assert any(f"1.50{NO_BREAK}ms" in line and f"2.50{NO_BREAK}T" in line for line in lines)
    assert all(len(line) <= 40 for line in lines)


def test_markdown_cells_cannot_break_the_table() -> None:
    lines = render(TABLE, "md").splitlines()
    assert len(lines) == 4
    assert lines[2].startswith(r"| a\|b \*c\* |")


def test_every_format_can_be_saved(tmp_path: Path) -> None:
    for output_format in FORMATS:
        path = tmp_path / f"t.{output_format}"
        save(TABLE, output_format, path=path)
        assert path.stat().st_size > 50
    assert not list(tmp_path.glob(".*"))


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match="did you mean csv"):
        render(TABLE, "cvs")
    with pytest.raises(EdgeAsrError, match="cannot be written"):
        save(TABLE, "csv", path=tmp_path / "no" / "folder.csv")


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("wer", None, "not measured"),
        ("latency_s", None, ""),
        ("wer_difference", 0.004, "+0.4"),
        ("bandwidth_bytes_per_s", 12e9, "12.0 GB/s"),
        ("packed_bytes", 2**20, "1.00 MiB"),
        ("value", 1.1e-12, "1.10 p"),
        ("value", 1024.0, "1024"),
        ("seed", 7, "7"),
    ],
)
def test_cells_follow_their_column(column: str, value: float | None, expected: str) -> None:
    assert shown(column, value).replace(NO_BREAK, " ") == expected


def test_headings_lose_their_units() -> None:
    assert heading("latency_low_s") == "latency low"
    assert heading("n_words") == "words"
    assert heading("wer_low") == "WER low"
    assert heading("cer") == "CER"
    assert heading("power, lower") == "power, lower"


def test_the_summary_has_a_row_per_estimate_and_says_what_was_not_measured() -> None:
    data = study()
    table = summary_table(data)
    assert len(table.rows) == len(data.estimates)
    names = [table.columns.index(name) for name in ("model", "recipe", "chip", "wer", "latency_s")]
    found = {row[0:3]: tuple(row[idx] for idx in names) for row in table.rows}
    for estimate in data.estimates:
        row = found[estimate.model, estimate.recipe, estimate.chip]
        assert row[4] == estimate.latency_s.nominal
        assert (row[3] is None) == (not estimate.model.endswith("micro"))
    assert summary_csv(data).startswith("model,recipe,chip,corpus,wer,")


def test_the_headline_has_a_row_per_cell_and_a_latency_per_chip() -> None:
    data = study()
    rows = headline_rows(data)
    assert [(row.model, row.recipe) for row in rows] == [(cell.model, cell.recipe) for cell in data.cells]
    assert [part.name for part in rows[0].latency_s] == [chip.chip for chip in data.chips]
    fits_on = {(row.model, row.recipe): row.fits_on for row in rows}
    assert fits_on["whisper-micro", "w8a8"] == "ethos-u85-1024"
    assert fits_on["whisper-small", "float"] == "none"
    fitting = tuple(replace(row, fits=row.chip != "hifi5-ndp120") for row in data.estimates)
    assert headline_rows(replace(data, estimates=fitting))[0].fits_on == "all but hifi5-ndp120"
