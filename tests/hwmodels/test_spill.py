"""Results that are not cut to tiles: what each pass over their rows moves."""

from dataclasses import replace

import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.cost_table import CostTable
from hwmodels.model import cost, start_of_inference
from hwmodels.op_table import OpClass, OpTable
from hwmodels.quantity import Quantity
from simulator.place import place
from simulator.validation.bench import workpiece
from traces.networks.store import Precision

CHIP = load_chip("hexagon-htp-v75")
NETWORK = "segformer-b0"
RATE = "rates.activation-product-float16.rows_per_pass"


def costed(chip: Chip) -> tuple[OpTable, CostTable]:
    ops = workpiece(NETWORK, Precision.FLOAT).ops
    return ops, cost(ops, place(ops, chip), chip)


def without_passes(chip: Chip) -> Chip:
    return replace(chip, rates=tuple(replace(rate, rows_per_pass=None) for rate in chip.rates))


def test_each_pass_moves_the_whole_result_of_a_head() -> None:
    # The first stage: one head, 16384 tokens by 256; the second: two heads, 4096 by 256, which fit.
    rows = dict(CHIP.quantities())[RATE].value
    ops, found = costed(CHIP)
    _, plain = costed(without_passes(CHIP))
    more = (found.level_bytes - plain.level_bytes)[:, 1]
    first = (ops.op_class == OpClass.ACTIVATION_PRODUCT) & (ops.m == 16384) & (ops.n == 256)
    assert first.sum() == 1
    assert more[first] == pytest.approx(16384 / rows * 16384 * 256 * 2)
    assert more[~first] == pytest.approx(0.0)


def test_a_memory_that_holds_result_and_successor_takes_them_once() -> None:
    enough = CHIP.with_quantity(
        "levels.vtcm.size_bytes", Quantity.exact(2 * 16384 * 256 * 2, "derived", "test")
    )
    short = CHIP.with_quantity(
        "levels.vtcm.size_bytes", Quantity.exact(2 * 16384 * 256 * 2 - 1, "derived", "t")
    )
    assert costed(enough)[1].level_bytes == pytest.approx(costed(without_passes(enough))[1].level_bytes)
    assert costed(short)[1].level_bytes.sum() > costed(enough)[1].level_bytes.sum()


def test_rows_per_pass_are_part_of_the_range() -> None:
    _, found = costed(CHIP)
    _, plain = costed(without_passes(CHIP))
    gap = found.latency_s.nominal.sum() - plain.latency_s.nominal.sum()
    assert gap > 0.02
    assert found.latency_s.low.sum() - plain.latency_s.low.sum() < 0.1 * gap
    assert found.latency_s.high.sum() > found.latency_s.nominal.sum() + gap / 2


def test_starting_an_inference_takes_cycles_of_the_first_unit() -> None:
    half = CHIP.with_quantity("units.hmx.clock_hz", Quantity.exact(0.5e9, "derived", "test"))
    cycles = dict(CHIP.quantities())["overheads.per_inference_cycles"].value
    assert start_of_inference(CHIP).latency_s.nominal == pytest.approx(cycles / 1e9)
    assert start_of_inference(half).latency_s.nominal == pytest.approx(cycles / 0.5e9)
