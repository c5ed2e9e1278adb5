from dataclasses import replace

import pytest

from reports.bottlenecks import bottlenecks, largest_term, reason
from reports.data import LayerRow, Part
from reports.units import NO_BREAK

ROW = LayerRow(
    "m", "r", "c", "decode", "fc", "weight_product", 1, 10e-3,
    (Part("compute", 1e-3), Part("flash", 7e-3), Part("overhead", 2e-3)), 0.0, (), 2e6,
    (Part("flash", 2**20),), 0.25, "flash", "matrix", "",
)  # fmt: skip


@pytest.mark.parametrize(
    ("bound_by", "expected"),
    [
        ("flash", "waits for flash: 1.00 MiB cross it in 7.00 ms"),
        ("compute", "arithmetic on matrix: 2.00 MMAC at 25.0 % of its peak"),
        ("overhead", "fixed overhead of starting ops takes 2.00 ms"),
        ("host", "runs on the host (matrix)"),
    ],
)
def test_reasons_in_words(bound_by: str, expected: str) -> None:
    assert reason(replace(ROW, bound_by=bound_by)).replace(NO_BREAK, " ") == expected


def test_work_without_macs_is_not_called_arithmetic() -> None:
    found = reason(replace(ROW, bound_by="compute", kind="softmax", macs=0.0)).replace(NO_BREAK, " ")
    assert found == "softmax on matrix: steps without MACs take 1.00 ms"


def test_a_fallback_is_part_of_the_reason() -> None:
    assert reason(replace(ROW, note="no int4 rate: cast to int8")).endswith("; no int4 rate: cast to int8")


def test_slowest_first_with_shares_of_the_whole() -> None:
    rows = tuple(replace(ROW, layer=name, latency_s=s) for name, s in (("a", 1.0), ("b", 6.0), ("c", 3.0)))
    assert [(found.layer.layer, found.share) for found in bottlenecks(rows, most=2)] == [
        ("b", 0.6),
        ("c", 0.3),
    ]


def test_largest_term_over_all_layers() -> None:
    found = largest_term((ROW, replace(ROW, latency_terms_s=(Part("compute", 12e-3),))))
    assert found is not None
    part, share = found
    assert part.name == "compute"
    assert share == pytest.approx(13 / 22)
    assert largest_term(()) is None
