"""What an MCU reads in place, and how often: closed forms on a core with SRAM and flash."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip import Chip, Overlap
from hwmodels.cost_table import CostTable
from hwmodels.lanes import Lanes
from hwmodels.model import cost
from hwmodels.op_table import OpTable
from simulator.place import place
from tests.hwmodels.chips import ROUND, number
from tests.hwmodels.tables import Row, conv, dense, depthwise, table

SRAM, FLASH = 0, 1


def core(cache_bytes: float | None = None) -> Chip:
    """Return a core that computes 2 x 2 results at once: weights in flash, all else in SRAM."""
    _, sram, flash = ROUND.levels
    cache = None if cache_bytes is None else number(cache_bytes)
    levels = (
        replace(sram, bandwidth_bytes_per_s=None, holds=("activations", "caches")),
        replace(flash, holds=("weights",), cache_bytes=cache),
    )
    rates = (replace(ROUND.rates[0], lanes=Lanes(m=2, n=2)), *ROUND.rates[1:])
    return replace(ROUND, family="mcu", levels=levels, rates=rates, overlap=Overlap.SERIAL)


def on(chip: Chip, *rows: Row) -> CostTable:
    ops: OpTable = table(*rows)
    return cost(ops, place(ops, chip), chip)


def stored_bytes(k: int, channels: int) -> int:
    """Return what int8 weights take with a scale of two bytes per channel."""
    return channels * (k + 2)


def test_weights_come_from_flash_anew_for_every_two_rows() -> None:
    found = on(core(), dense(8, 16, 12), dense(1, 16, 12))
    assert found.level_bytes[:, FLASH] == pytest.approx([4 * stored_bytes(16, 12), stored_bytes(16, 12)])
    assert found.level_bytes[0, SRAM] == pytest.approx(8 * 16 * 6 + 8 * 12)


def test_weights_of_convolutions_that_fit_the_cache_come_once() -> None:
    rows = conv(8, 4, 4), depthwise(8, 4)
    size = stored_bytes(36, 4)
    small, large, without = (on(core(each), *rows).level_bytes for each in (size - 1.0, size, None))
    assert small[0, FLASH] == without[0, FLASH] == 32 * size
    assert large[:, FLASH] == pytest.approx([size, stored_bytes(9, 4)])
    assert (large[:, SRAM] == without[:, SRAM]).all()


def test_of_other_products_two_channels_at_a_time_need_to_fit() -> None:
    size = stored_bytes(16, 12)
    small, large = (on(core(each), dense(8, 16, 12)).level_bytes[0, FLASH] for each in (35.0, 36.0))
    assert (small, large) == pytest.approx((4 * size, size))


def test_a_core_that_waits_for_its_loads_adds_them_to_computing() -> None:
    found = on(core(1024), dense(1, 64, 12), dense(8, 64, 12))
    waited_s = stored_bytes(64, 12) / 1e9 + 1e-7
    assert found.transfer_s == pytest.approx(np.array([[0, waited_s], [0, waited_s]]))
    assert found.latency_s.nominal == pytest.approx(found.compute_s + waited_s + found.overhead_s)
