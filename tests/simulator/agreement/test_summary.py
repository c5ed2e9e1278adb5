"""Medians by chip and kind, worked out by hand."""

import pytest

from simulator.agreement.summary import ALL, by_kind
from simulator.agreement.vela import OpAgreement


def op(kind: str, vela: float, predicted: float, total: float | None = None) -> OpAgreement:
    return OpAgreement("a-chip", "net", "op", kind, "int8", vela, predicted, total, 200.0)


def test_medians_are_of_each_kind_and_of_all() -> None:
    rows = (op("dense", 100, 110, 100.0), op("dense", 100, 70), op("softmax", 100, 150), op("softmax", 0, 10))
    everything, dense, softmax = by_kind(rows)
    assert (everything.kind, everything.ops) == (ALL, 3)
    assert everything.npu_error == pytest.approx(
        0.3
    )  # of 0.1, 0.3 and 0.5; an op without cycles has no error
    assert everything.npu_bias == pytest.approx(0.1)
    assert dense.npu_bias == pytest.approx(-0.1)
    assert dense.total_error == pytest.approx(1.0)
    assert softmax.total_error is None
