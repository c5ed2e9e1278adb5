"""Latency of products against ZigZag 3.9.1's best mapping on the same arrays and memories (estimates)."""

from dataclasses import replace

import pytest

from hwmodels.chip import Chip, Lanes, Level, Rate
from hwmodels.model import cost
from hwmodels.op_table import OpClass
from simulator.place import place
from tests.hwmodels.chips import ALL, ROUND, number
from tests.hwmodels.tables import Row, dense, table
from traces.formats import Format

TPU = Lanes(m=1, k=32, n=32)
EDGE_TPU = Lanes(m=1, k=16, n=16)
"""8 x 8 x 4 x 4 multipliers, of which a matrix product, lacking image rows to unroll, uses 8 x 8 x 4."""
META = Lanes(m=1, k=8, n=32)
"""32 x 2 x 4 x 4 multipliers, of which a matrix product uses a quarter as well."""
FAR = 1e8
FOUR_BITS = Format.parse("int4_channel")


def accelerator(lanes: Lanes) -> Chip:
    """An array before 2 MB of SRAM and a DRAM of 64 bit per cycle, at 1 GHz, layer by layer."""
    products = (OpClass.DENSE, OpClass.MATVEC, OpClass.ACTIVATION_PRODUCT)
    rate = Rate(
        "products", "array", products, "", "", number(lanes.k * lanes.n), number(0), None, None, lanes, None
    )
    return replace(
        ROUND,
        levels=(
            Level("sram", number(2 * 2**20), None, number(0), number(0), (), True, None),
            Level("dram", number(1e9), number(8e9), number(0), number(0), ALL, False, None),
        ),
        rates=(rate, *(each for each in ROUND.rates if each.name == "vector")),
        tiling=replace(ROUND.tiling, prefetches=False),
        overheads=replace(ROUND.overheads, per_op_s=number(0)),
        fallbacks=(),
    )


@pytest.mark.parametrize(
    ("lanes", "row", "cycles"),
    [
        (TPU, dense(128, 128, 128), 6_205),
        (TPU, dense(1500, 384, 384), 288_064),
        (TPU, dense(1500, 384, 1536), 968_312),
        (TPU, dense(1500, 1536, 384), 960_062),
        (TPU, dense(1500, 64, 1500), 288_274),
        (TPU, dense(1500, 1500, 64), 294_117),
        (TPU, dense(1, 384, 384), 18_591),
        (TPU, dense(1, 384, 1536), 74_019),
        (TPU, dense(1, 384, 51865), 2_418_394),
        (TPU, dense(415, 288, 288), 48_619),
        (TPU, dense(415, 288, 1152), 149_464),
        (EDGE_TPU, dense(1500, 384, 384), 936_002),
        (EDGE_TPU, dense(1500, 384, 1536), 3_548_160),
        (EDGE_TPU, dense(1500, 64, 1500), 588_840),
        (EDGE_TPU, dense(1, 384, 51865), 2_184_308),
        (META, dense(1500, 384, 384), 869_379),
        (META, dense(1500, 1536, 384), 3_467_714),
        (META, dense(1500, 1500, 64), 573_940),
        (META, dense(1, 384, 1536), 74_114),
    ],
)
def test_products_take_as_long_as_the_best_mapping(lanes: Lanes, row: Row, cycles: int) -> None:
    assert predicted_cycles(lanes, row) == pytest.approx(cycles, rel=0.15)


@pytest.mark.parametrize(
    ("wide", "narrow", "cycles"),
    [
        (dense(1, 384, 1536), dense(1, 384, 1536, FOUR_BITS), 37_191),
        (dense(1500, 384, 1536), dense(1500, 384, 1536, FOUR_BITS), 968_312),
    ],
)
def test_four_bit_weights_help_where_memory_limits(wide: Row, narrow: Row, cycles: int) -> None:
    found = predicted_cycles(TPU, narrow)
    assert found == pytest.approx(cycles, rel=0.15)
    assert found <= predicted_cycles(TPU, wide)


def predicted_cycles(lanes: Lanes, row: Row) -> float:
    chip = accelerator(lanes)
    ops = table(row, network_weight_bytes=FAR)
    return float(cost(ops, place(ops, chip), chip).latency_s.nominal[0] * 1e9)
