"""Placing on the chip of round numbers: 1 KiB of buffer, 8 KiB of SRAM, DRAM."""

from dataclasses import fields, replace

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import OpTable
from hwmodels.placement import Placement
from simulator.place import place
from tests.hwmodels.chips import ROUND
from tests.hwmodels.tables import attend, dense, table

SRAM, DRAM = 1, 2


def placed(ops: OpTable, chip: Chip) -> Placement:
    """Return where the rows' operands live on the only chip: (rows,)."""
    found = place(ops, chip)
    return Placement(*(getattr(found, field.name)[0] for field in fields(Placement)))


def alive(ops: OpTable, *live_bytes: float) -> OpTable:
    return replace(ops, live_bytes=np.array(live_bytes))


def test_small_networks_live_on_chip() -> None:
    found = placed(table(dense(8, 16, 16)), ROUND)
    assert found.weight_level[0] == found.activation_level[0] == found.output_level[0] == SRAM
    assert found.weights_resident[0]
    assert found.excess_bytes[0] == 0


def test_a_buffer_that_holds_nothing_is_never_a_home() -> None:
    found = placed(alive(table(dense(1, 4, 4)), 16), ROUND)
    assert found.activation_level[0] == SRAM


def test_activations_leave_the_chip_op_by_op() -> None:
    ops = alive(table(dense(8, 16, 16), dense(8, 16, 16)), 8192, 8193)
    assert placed(ops, ROUND).activation_level.tolist() == [SRAM, DRAM]


def test_weights_stream_where_all_of_them_do_not_fit_beside_the_activations() -> None:
    ops = alive(table(dense(8, 16, 16), network_weight_bytes=7000), 1192)
    assert placed(ops, ROUND).weights_resident[0]
    crowded = alive(table(dense(8, 16, 16), network_weight_bytes=7001), 1192)
    found = placed(crowded, ROUND)
    assert found.weight_level[0] == DRAM
    assert not found.weights_resident[0]


def test_caches_live_where_they_fit_beside_the_activations_of_every_op() -> None:
    rows = (attend(1, 1, 16, 16, cached=True), dense(1, 16, 16))
    near = placed(alive(table(*rows, cache_bytes=4000), 100, 4192), ROUND)
    assert near.second_level.tolist() == [SRAM, SRAM]
    far = placed(alive(table(*rows, cache_bytes=4001), 100, 4192), ROUND)
    assert far.second_level.tolist() == [DRAM, SRAM]


def test_what_is_appended_to_a_cache_is_written_where_the_cache_lives() -> None:
    ops = replace(table(dense(1, 16, 16), cache_bytes=9000), appended_to_cache=np.array([True]))
    found = placed(ops, ROUND)
    assert found.output_level[0] == DRAM
    assert found.activation_level[0] == SRAM


def test_what_fits_nowhere_goes_farthest_and_counts_its_excess() -> None:
    chip = ROUND.with_quantity("levels.dram.size_bytes", ROUND.levels[1].size_bytes)
    found = placed(alive(table(dense(1, 16, 16), network_weight_bytes=9000, cache_bytes=1000), 8192), chip)
    assert found.activation_level[0] == SRAM
    assert found.excess_bytes[0] == 9000 + 1000 - 8192
    assert found.excess_level[0] == DRAM
