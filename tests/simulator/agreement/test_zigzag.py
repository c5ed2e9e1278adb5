"""Latency of products against ZigZag 3.9.1's best mapping on the same arrays and memories (estimates)."""

import pytest

from simulator.agreement.zigzag import ProductAgreement, product_agreement

ROWS = product_agreement()
BELOW_ITS_PORT = ("tpu_like", 128, 128, 128, 4)
"""ZigZag's 4,160 cycles are fewer than the 5,120 its DRAM port of 8 bytes needs for the three operands."""


def key(row: ProductAgreement) -> tuple[str, int, int, int, int]:
    return row.accelerator, row.m, row.k, row.n, row.weight_bits


def test_every_row_is_there() -> None:
    assert len({key(row) for row in ROWS}) == 44
    assert {row.accelerator for row in ROWS} == {"tpu_like", "edge_tpu_like", "meta_prototype"}


@pytest.mark.parametrize("row", [row for row in ROWS if key(row) != BELOW_ITS_PORT], ids=str)
def test_products_take_as_long_as_the_best_mapping(row: ProductAgreement) -> None:
    assert row.predicted_cycles == pytest.approx(row.zigzag_cycles, rel=0.15)


def test_the_row_that_misses_takes_what_its_port_needs() -> None:
    row = next(row for row in ROWS if key(row) == BELOW_ITS_PORT)
    port = (128 * 128 + 128 * 128 / 2 + 128 * 128) / 8
    assert row.zigzag_cycles < port
    assert row.predicted_cycles == pytest.approx(port, rel=0.01)


def test_four_bit_weights_help_where_memory_limits() -> None:
    of = {key(row): row.predicted_cycles for row in ROWS}
    assert of["tpu_like", 1, 384, 1536, 4] == pytest.approx(of["tpu_like", 1, 384, 1536, 8] / 2, rel=0.02)
    assert of["tpu_like", 1500, 384, 1536, 4] == of["tpu_like", 1500, 384, 1536, 8]
