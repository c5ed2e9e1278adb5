"""Files of measured rows: units, medians over runtimes, and one line per mistake."""

from pathlib import Path

import pytest

from simulator.validation.measured import cases, load_measured
from traces.errors import EdgeAsrError
from traces.networks.store import Precision


def written(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_units_are_in_the_column_names(tmp_path: Path) -> None:
    path = written(tmp_path, "network,precision,latency_ms,energy_uj\nresnet-18,w8a8,2.5,30\n")
    (row,) = load_measured(path)
    assert row.latency_s == pytest.approx(2.5e-3)
    assert row.energy_j == pytest.approx(30e-6)
    assert (row.precision, row.chip, row.all_npu) == (Precision.W8A8, "", True)


def test_a_case_is_the_median_over_runtimes_that_left_nothing_to_a_host(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "chip,network,precision,runtime,latency_s,all_npu\n"
        "a,resnet-18,float,x,1,true\na,resnet-18,float,y,2,true\na,resnet-18,float,z,9,true\n"
        "a,resnet-18,float,w,50,false\nb,resnet-18,float,x,3,true\n",
    )
    found = cases(load_measured(path))
    assert [(case.chip, case.latency_s, case.n_runtimes) for case in found] == [("a", 2, 3), ("b", 3, 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network,precision,latency_min\nresnet-18,float,1\n", "column 'latency_min'.*latency_m"),
        ("network,precision,latency_s,latency_ms\nresnet-18,float,1,1\n", "2 columns of latency"),
        ("network,precision\nresnet-18,float\n", "0 columns of latency"),
        ("network,latency_s\nresnet-18,1\n", "'precision' is missing"),
        ("network,precision,latency_s\n", "holds no rows"),
        ("network,precision,latency_s\nresnet18,float,1\n", "row 1: .*'resnet18'; did you mean resnet-18"),
        ("network,precision,latency_s\nresnet-18,w8\n", "row 1: .*'w8'; did you mean"),
        ("network,precision,latency_s\nresnet-18,float,3ms\n", "row 1: latency_s: '3ms' is no number"),
        ("network,precision,latency_s\nresnet-18,float,-1\n", "row 1: latency_s: -1 is no positive"),
        ("network,precision,latency_s\nresnet-18,float,\n", "row 1: latency_s is empty"),
    ],
)
def test_every_mistake_is_one_line_that_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EdgeAsrError, match=f"rows.csv: .*{message}") as caught:
        load_measured(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match=r"none\.csv: cannot be read"):
        load_measured(tmp_path / "none.csv")


def test_every_shipped_row_names_its_source_and_an_exact_commit() -> None:
    rows = load_measured()
    assert len(rows) > 1000
    assert all("@" in row.source and ":" in row.source for row in rows)
    assert {row.precision for row in rows} == set(Precision)
