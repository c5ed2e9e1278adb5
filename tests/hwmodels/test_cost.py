"""Closed forms by hand on the chip of round numbers: 64 MAC/ns, SRAM 8 B/ns, DRAM 1 B/ns after 100 ns."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip import Chip, Overlap
from hwmodels.cost_table import BoundBy, CostTable
from hwmodels.model import cost, start_of_inference
from hwmodels.op_table import OpClass, OpTable
from simulator.place import place
from tests.hwmodels.chips import ROUND, number, spread, with_overlap, with_ranges
from tests.hwmodels.tables import attend, conv, dense, depthwise, table, vector
from traces.formats import FLOAT16, INT4_G32, INT8_TENSOR, Format


def on_round(ops: OpTable, overlap: Overlap = Overlap.FULL) -> CostTable:
    chip = with_overlap(ROUND, overlap)
    return cost(ops, place(ops, chip), chip)


def test_a_product_rounds_each_extent_to_lanes_and_fills_each_block() -> None:
    found = on_round(table(dense(6, 10, 5)))
    # m 6 -> 8, n 5 -> 8: 2 * 2 blocks; k 10 -> 12: 4 * 4 * 12 / 64 = 3 cycles and 2 of fill
    assert found.compute_s[0] == pytest.approx(4 * (3 + 2) * 1e-9)
    assert found.utilisation[0] == pytest.approx((6 * 10 * 5 / 64) / 20)


def test_a_convolution_rounds_channels_not_the_window() -> None:
    found = on_round(table(conv(4, 3, 4)))
    # 16 positions -> 4 blocks; 3 channels -> 4, window 9: 4 * 4 * 36 / 64 = 9 cycles and 2 of fill
    assert found.compute_s[0] == pytest.approx(4 * (9 + 2) * 1e-9)


def test_a_depthwise_convolution_rounds_channels_to_its_batch_lanes() -> None:
    found = on_round(table(depthwise(2, 9)))
    assert found.compute_s[0] == pytest.approx(2 * 4 * (8 * 9 / 8) * 1e-9)  # 9 channels -> 16, 4 positions


def test_vector_work_is_steps_over_rate_and_a_fill() -> None:
    found = on_round(table(vector(OpClass.SOFTMAX, 10, 20, 4, INT8_TENSOR)))
    assert found.compute_s[0] == pytest.approx((10 * 20 * 4 / 4 + 10) * 1e-9)
    assert found.utilisation[0] == 0.0


def test_operands_on_chip_cross_sram_once_and_dram_never() -> None:
    found = on_round(table(dense(16, 32, 16)))
    in_, weights, out = 16 * 32, 16 * 32 + 2 * 16, 16 * 16  # a float16 scale per channel
    # the operands exceed no buffer: 512 + 544 + 256 * 4 of accumulators over 1024 needs a second tile of m
    assert found.level_bytes[0, 1] >= in_ + weights + out
    assert found.level_bytes[0, 2] == 0


def test_a_matrix_vector_product_streams_weights_from_dram() -> None:
    found = on_round(table(dense(1, 256, 256)))
    weights = 256 * 256 + 2 * 256
    assert found.level_bytes[0, 2] == pytest.approx(weights)
    assert found.transfer_s[0, 2] == pytest.approx(weights * 1e-9 + 1e-7)
    assert found.bound_label(int(found.bound_by[0])) == "dram"
    assert found.latency_s.nominal[0] == pytest.approx(weights * 1e-9 + 1e-7 + 1e-6)


def test_products_without_reuse_move_bytes_per_mac() -> None:
    found = on_round(table(attend(2, 8, 16, 8)))
    assert found.level_bytes[0, 1] == pytest.approx(3 * 2 * 8 * 16 * 8 + 2 * 8 * 8)
    assert found.compute_s[0] == pytest.approx(2 * 8 * 16 * 8 * 1e-9)


def test_each_overlap_rule_by_hand() -> None:
    ops = table(dense(1, 256, 256))
    full, bus, serial = (on_round(ops, rule) for rule in (Overlap.FULL, Overlap.SHARED_BUS, Overlap.SERIAL))
    overhead, compute, transfer = full.overhead_s[0], full.compute_s[0], full.transfer_s[0]
    assert full.latency_s.nominal[0] == pytest.approx(overhead + max(compute, *transfer))
    assert bus.latency_s.nominal[0] == pytest.approx(overhead + max(compute, transfer.sum()))
    assert serial.latency_s.nominal[0] == pytest.approx(overhead + compute + transfer.sum())


def test_narrow_weights_save_bytes_and_cost_unpacking_and_partial_sums() -> None:
    narrow, wide = on_round(table(dense(1, 256, 256, INT4_G32))), on_round(table(dense(1, 256, 256)))
    assert narrow.compute_s[0] == wide.compute_s[0]
    assert narrow.level_bytes[0, 2] == pytest.approx(256 * (256 / 2 + 8 * 2))
    assert narrow.unpack_s[0] == pytest.approx((256 * 256 / 2 + 256 * 8 / 5) * 1e-9)
    assert narrow.notes[narrow.note_idx[0]] == "four bits are unpacked"


def test_floats_fall_back_to_the_host_with_the_reason_and_a_hop() -> None:
    found = on_round(table(dense(4, 8, 4, FLOAT16, FLOAT16)))
    assert found.units[found.unit_idx[0]] == "host"
    assert found.notes[found.note_idx[0]] == "floats run on the host"
    assert found.overhead_s[0] == pytest.approx(1e-6 + 3e-6)
    assert found.compute_s[0] == pytest.approx(4 * 8 * 4 * 1e-9)
    assert found.host_energy_j[0] == pytest.approx(0.1 * found.latency_s.nominal[0])
    assert found.mac_energy_j[0] == 0


def test_a_long_op_on_the_host_is_bound_by_the_host() -> None:
    found = on_round(table(dense(64, 64, 64, FLOAT16, FLOAT16)))
    assert found.bound_by[0] == BoundBy.HOST


def test_energy_is_the_sum_of_its_components() -> None:
    found = on_round(table(dense(16, 32, 16), vector(OpClass.SOFTMAX, 10, 20, 4, INT8_TENSOR)))
    assert found.mac_energy_j == pytest.approx([16 * 32 * 16 * 1e-12, 10 * 20 * 4 * 2e-12])
    assert found.memory_energy_j == pytest.approx(found.level_bytes * [1e-12, 2e-12, 1e-10])
    assert found.static_energy_j == pytest.approx(0.01 * found.latency_s.nominal)
    assert found.energy_j.nominal == pytest.approx(
        found.mac_energy_j + found.memory_energy_j.sum(axis=1) + found.static_energy_j
    )


def clocked(per_cycle_j: float, clock_hz: float = 1e9, bandwidth: float = 1e9) -> Chip:
    chip = replace(ROUND, energy=replace(ROUND.energy, clock_j=number(per_cycle_j)))
    for unit in ("array", "vector"):
        chip = chip.with_quantity(f"units.{unit}.clock_hz", number(clock_hz))
    return chip.with_quantity("levels.dram.bandwidth_bytes_per_s", number(bandwidth))


def test_the_clock_draws_its_energy_per_cycle_while_anything_runs() -> None:
    ops = table(dense(16, 32, 16), vector(OpClass.SOFTMAX, 10, 20, 4, INT8_TENSOR))
    chip = clocked(2e-11)
    found = cost(ops, place(ops, chip), chip)
    assert found.static_energy_j == pytest.approx((0.01 + 0.02) * found.latency_s.nominal)
    start = start_of_inference(chip)
    assert float(start.energy_j.nominal) == pytest.approx(0.03 * float(start.latency_s.nominal))


def test_a_faster_clock_saves_static_energy_where_computing_limits_and_costs_where_memory_does() -> None:
    def energy_j(ops: OpTable, *clocks_hz: float) -> list[float]:
        chips = [clocked(1e-11, each) for each in clocks_hz]
        return [float(cost(ops, place(ops, chip), chip).static_energy_j[0]) for chip in chips]

    slow_j, fast_j = energy_j(table(vector(OpClass.SOFTMAX, 2000, 64, 32, INT8_TENSOR)), 1e9, 2e9)
    cycles, overhead_s = 2000 * 64 * 32 / 4 + 10, 1e-6
    assert slow_j - fast_j == pytest.approx(0.01 * cycles / 2e9 - 1e-11 * 1e9 * overhead_s)
    slow_j, fast_j = energy_j(table(dense(1, 256, 256)), 1e9, 2e9)
    assert fast_j == pytest.approx(slow_j * (0.01 + 0.02) / (0.01 + 0.01))


def test_a_range_of_the_clock_counts_high_for_time_and_low_for_power() -> None:
    chip = clocked(1e-11).with_quantity("units.array.clock_hz", spread(1e9))
    ops = table(dense(16, 32, 16))
    found = cost(ops, place(ops, chip), chip)
    power_w = found.energy_j.low[0] - found.mac_energy_j[0] - found.memory_energy_j[0].sum()
    assert power_w == pytest.approx((0.01 + 0.005) * found.latency_s.low[0])
    assert found.energy_j.low[0] < found.energy_j.nominal[0] < found.energy_j.high[0]


def test_starting_a_phase_costs_its_delay_and_static_power_over_it() -> None:
    start = start_of_inference(with_ranges(ROUND))
    assert [float(x) for x in (start.latency_s.low, start.latency_s.nominal, start.latency_s.high)] == (
        pytest.approx([2.5e-6, 5e-6, 1e-5])
    )
    assert float(start.energy_j.high) == pytest.approx(1e-5 * 0.02)


def test_intervals_collapse_without_ranges_and_open_with_them() -> None:
    ops = table(dense(16, 32, 16), dense(1, 256, 256), attend(2, 8, 16, 8))
    exact = on_round(ops)
    assert np.array_equal(exact.latency_s.low, exact.latency_s.high)
    chip = with_ranges(ROUND)
    ranged = cost(ops, place(ops, chip), chip)
    assert ranged.latency_s.nominal == pytest.approx(exact.latency_s.nominal)
    for interval in (ranged.latency_s, ranged.energy_j):
        assert (interval.low < interval.nominal).all()
        assert (interval.nominal < interval.high).all()


def test_what_exceeds_a_level_is_costed_and_marked() -> None:
    chip = ROUND.with_quantity("levels.dram.size_bytes", ROUND.levels[0].size_bytes)
    ops = table(dense(1, 256, 256))
    found = cost(ops, place(ops, chip), chip)
    assert not found.fits[0]
    assert found.excess_bytes[0] == pytest.approx(256 * 256 + 2 * 256 - 1024)
    assert found.levels[found.excess_level[0]] == "dram"
    assert found.latency_s.nominal[0] > 0


def test_unlike_formats_of_one_class_are_told_apart() -> None:
    rows = (dense(8, 8, 8), dense(8, 8, 8, FLOAT16, FLOAT16), dense(8, 8, 8, Format.parse("int4_channel")))
    together = on_round(table(*rows))
    for idx, row in enumerate(rows):
        alone = on_round(table(row))
        assert together.latency_s.nominal[idx] == pytest.approx(alone.latency_s.nominal[0])
        assert together.notes[together.note_idx[idx]] == alone.notes[alone.note_idx[0]]
