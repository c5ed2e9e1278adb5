"""The same estimate is the same side, whether estimated now, read from a table, or from a run folder."""

from pathlib import Path

import pytest

from reports.diff.load import load_sides
from reports.diff.side import LayerCost, Side
from reports.layers import layer_rows
from reports.table import save
from reports.tables import table_of
from tests.reports.diff.sides import MODEL, estimated, run_folder
from traces.errors import EdgeAsrError

CHIP = "ethos-u85-1024"


def by_key(side: Side) -> dict[tuple[str, str, str], LayerCost]:
    return {row.key: row for row in side.layers}


def assert_same_layers(found: Side, expected: Side) -> None:
    rows, others = by_key(found), by_key(expected)
    assert rows.keys() == others.keys()
    for key, row in rows.items():
        other = others[key]
        assert row.latency_s == pytest.approx(other.latency_s)
        assert row.energy_j == pytest.approx(other.energy_j)
        assert row.macs == pytest.approx(other.macs)
        for parts, known in (
            (row.latency_terms_s, other.latency_terms_s),
            (row.energy_terms_j, other.energy_terms_j),
            (row.level_bytes, other.level_bytes),
        ):
            assert {part.name: part.value for part in parts} == pytest.approx(
                {part.name: part.value for part in known}
            )


@pytest.fixture(scope="module")
def now() -> Side:
    (side,) = load_sides(f"{MODEL},{CHIP},w4a8-g32", audio_s=5.0, tokens=20)
    return side


def test_terms_sum_to_the_layer_and_layers_to_less_than_the_whole(now: Side) -> None:
    for row in now.layers:
        assert sum(part.value for part in row.latency_terms_s) == pytest.approx(row.latency_s)
        assert sum(part.value for part in row.energy_terms_j) == pytest.approx(row.energy_j)
    assert 0.5 * now.latency_s < sum(row.latency_s for row in now.layers) <= now.latency_s


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_a_table_of_an_estimate(ending: str, now: Side, tmp_path: Path) -> None:
    rows = tuple(layer_rows(estimated(CHIP, "w4a8-g32"), model=MODEL, recipe="w4a8-g32"))
    path = tmp_path / f"layers.{ending}"
    save(table_of(rows), ending, path=path)
    (side,) = load_sides(str(path), audio_s=1.0, tokens=1)
    assert side.what == now.what
    assert_same_layers(side, now)


def test_a_run_knows_totals_and_error_rates(now: Side, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", ((CHIP, "w4a8-g32", 0.05), ("nucleo-h7a3zi", "w8a8", None)))
    first, second = load_sides(str(folder), audio_s=1.0, tokens=1)
    assert_same_layers(first, now)
    assert (first.latency_s, first.energy_j, first.wer) == pytest.approx((now.latency_s, now.energy_j, 0.05))
    assert second.wer is None
    assert second.what.chip == "nucleo-h7a3zi"
    # Levels of the other chip are no levels of this one.
    assert {part.name for part in first.layers[0].level_bytes} == {"shram", "sram", "dram"}


def test_numbers_of_a_chip_may_be_changed() -> None:
    (side,) = load_sides(
        f"{MODEL},{CHIP},w8a8,levels.dram.bandwidth_bytes_per_s=1 GB/s", audio_s=5.0, tokens=20
    )
    (whole,) = load_sides(f"{MODEL},{CHIP},w8a8", audio_s=5.0, tokens=20)
    assert side.latency_s > whole.latency_s
    assert "1 GB/s" in side.what.chip


@pytest.mark.parametrize(
    ("word", "fragments"),
    [
        ("runs/none", ["runs/none", "run folder"]),
        (f"{MODEL},", [f"{MODEL},", "MODEL,CHIP"]),
        (f"{MODEL},{CHIP},w8a8,extra", ["extra", "MODEL,CHIP"]),
        (f"{MODEL},ethos-u85-1042", ["ethos-u85-1042", "ethos-u85-1024"]),
        (f"{MODEL},{CHIP},w8a9", ["w8a9", "w8a8"]),
        (f"{MODEL},{CHIP},w8a8,levels.srum.size_bytes=1MiB", ["levels.srum", "levels.sram"]),
    ],
)
def test_a_word_that_names_nothing(word: str, fragments: list[str]) -> None:
    with pytest.raises(EdgeAsrError) as error:
        load_sides(word, audio_s=5.0, tokens=20)
    for fragment in fragments:
        assert fragment in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "fragment"),
    [
        ("table.txt", "", "none of .csv, .json, .parquet"),
        ("table.csv", "", "cannot be read"),
        ("table.csv", "model,recipe\na,b\n", "no column 'chip'"),
        ("table.parquet", "no parquet", "cannot be read"),
    ],
)
def test_a_file_of_another_kind(name: str, text: str, fragment: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(EdgeAsrError, match=fragment) as error:
        load_sides(str(tmp_path / name), audio_s=5.0, tokens=20)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match=r"is no run folder: it holds no layers\.parquet"):
        load_sides(str(tmp_path), audio_s=5.0, tokens=20)
