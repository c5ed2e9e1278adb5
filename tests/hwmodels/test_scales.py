"""Transfers beside the plain bytes: scales one by one, short pixels, inputs of the caller, what waits."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hwmodels.chip import Chip
from hwmodels.cost_table import CostTable
from hwmodels.model import cost
from hwmodels.op_table import OpTable
from simulator.place import place
from tests.hwmodels.chips import ALL, ROUND, number
from tests.hwmodels.tables import conv, dense, table


def costs(ops: OpTable, chip: Chip) -> CostTable:
    return cost(ops, place(ops, chip), chip)


def with_dram(**changes: Any) -> Chip:
    return replace(ROUND, levels=(*ROUND.levels[:2], replace(ROUND.levels[2], **changes)))


def test_scales_of_weights_in_dram_are_fetched_channel_by_channel() -> None:
    ops = table(dense(1, 64, 32), network_weight_bytes=1e8)
    assert costs(ops, with_dram(channel_s=number(1e-6))).transfer_s[0, 2] == pytest.approx(32e-6)
    at_rest = table(dense(1, 64, 32))
    assert costs(at_rest, with_dram(channel_s=number(1e-6))).transfer_s[0, 2] == 0.0


def test_every_block_of_results_fetches_its_scales_anew() -> None:
    rate = replace(ROUND.rates[0], results_at_once=number(128))
    chip = replace(with_dram(channel_s=number(1e-6)), rates=(rate, *ROUND.rates[1:]))
    ops = table(dense(16, 64, 32), network_weight_bytes=1e8)
    assert costs(ops, chip).transfer_s[0, 2] == pytest.approx(16 * 32 / 128 * 32e-6)


def test_inputs_of_the_caller_come_from_where_it_leaves_them() -> None:
    ops = replace(table(dense(16, 32, 16)), entering_bytes=np.array([512.0]))
    assert costs(ops, ROUND).level_bytes[0, 2] == 0.0
    assert costs(ops, with_dram(holds=(*ALL, "inputs"))).level_bytes[0, 2] == 512.0


def test_short_pixels_waste_bursts_and_long_ones_do_not() -> None:
    factor = number(16.0)
    for channels, times in ((3, 16), (4, 1)):
        image = table(conv(4, channels, 4))
        ops = replace(image, entering_bytes=image.input_bytes)
        chip = with_dram(holds=(*ALL, "inputs"), short_read_factor=factor)
        assert costs(ops, chip).level_bytes[0, 2] == 16 * channels * times


def test_first_and_last_tiles_wait_where_ops_depend_on_each_other() -> None:
    chip = replace(ROUND, tiling=replace(ROUND.tiling, exposed_bytes=number(100)))
    ops = table(dense(16, 32, 4))
    assert costs(ops, chip).exposed_s[0, 1] == pytest.approx((100 + 64) / 8e9)
    assert costs(ops, ROUND).exposed_s[0, 1] == 0.0
