"""What an op costs besides its work: its start, unfilled blocks, results that leave, cascaded stripes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hwmodels.chip import Chip
from hwmodels.lanes import Lanes
from hwmodels.model import cost
from hwmodels.op_table import OpClass, OpTable
from simulator.place import place
from tests.hwmodels.chips import ROUND, number
from tests.hwmodels.tables import dense, table, vector
from traces.formats import FLOAT16, INT8_TENSOR


def with_rate(name: str, **changes: Any) -> Chip:
    rates = tuple(replace(rate, **changes) if rate.name == name else rate for rate in ROUND.rates)
    return replace(ROUND, rates=rates)


def compute_s(ops: OpTable, chip: Chip) -> float:
    return float(cost(ops, place(ops, chip), chip).compute_s[0])


def test_an_op_starts_once_however_many_blocks_it_has() -> None:
    started = with_rate("dense", start_cycles=number(500))
    for row in (dense(4, 4, 4), dense(64, 64, 64)):
        ops = table(row)
        assert compute_s(ops, started) - compute_s(ops, ROUND) == pytest.approx(500e-9)


def test_vector_work_fills_whole_blocks() -> None:
    # 5 rows of 9 elements in blocks of 4 by 8: 8 x 16 instead of 45 elements, 3 steps each, 4 steps a cycle
    blocked = with_rate("vector", lanes=Lanes(m=4, n=8))
    ops = table(vector(OpClass.NORMALISATION, 5, 9, 3, INT8_TENSOR))
    assert compute_s(ops, ROUND) == pytest.approx((45 * 3 / 4 + 10) * 1e-9)
    assert compute_s(ops, blocked) == pytest.approx((8 * 16 * 3 / 4 + 10) * 1e-9)


def test_float_results_wait_for_the_caller_beyond_what_the_nearest_memory_holds() -> None:
    chip = replace(ROUND, overheads=replace(ROUND.overheads, float_results_bytes_per_s=number(1e9)))
    for fmt, waiting_bytes in ((FLOAT16, 3000 * 4 - 8192), (INT8_TENSOR, 0)):
        ops = table(vector(OpClass.ELEMENTWISE, 30, 100, 1, fmt))
        leaving = replace(ops, leaving_elements=np.array([3000.0]))
        found = [float(cost(each, place(each, chip), chip).overhead_s[0]) for each in (ops, leaving)]
        assert found[1] - found[0] == pytest.approx(waiting_bytes / 1e9)


def test_a_cascade_keeps_activations_near_and_says_what_does_not_fit() -> None:
    chip = replace(ROUND, tiling=replace(ROUND.tiling, cascades=True))
    ops = replace(table(dense(8, 8, 8)), live_bytes=np.array([2e9]))
    assert place(ops, ROUND).activation_level[0] == 2
    placed = place(ops, chip)
    assert placed.activation_level[0] == 1
    assert placed.excess_bytes[0] == pytest.approx(1e9, rel=1e-3)
