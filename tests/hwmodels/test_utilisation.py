"""Cycles from shape, against closed forms and against a published cycle model of one engine."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from hwmodels.lanes import Lanes
from hwmodels.op_table import OpClass, OpTable
from hwmodels.rate import Rate
from hwmodels.row_rates import row_rates
from hwmodels.utilisation import compute_cycles
from tests.hwmodels.chips import ROUND, number
from tests.hwmodels.tables import Row, conv, dense, depthwise, table, vector
from traces.formats import INT8_TENSOR

NOMINAL = 1


def cycles(ops: OpTable, rate: Rate) -> float:
    """Return the nominal cycles of the one op at a rate."""
    chip = replace(ROUND, rates=(rate, *ROUND.rates[1:]))
    return float(compute_cycles(ops, row_rates(ops, chip))[NOMINAL].ravel()[0])


def at(lanes: Lanes, *, fill: float = 0.0) -> Rate:
    """Return a rate of 64 MACs a cycle."""
    return replace(ROUND.rates[0], lanes=lanes, fill_cycles=number(fill))


def test_a_block_loses_its_slabs_loads() -> None:
    ops, rate = table(dense(8, 40, 8)), at(Lanes(m=4, k=16, n=8))
    assert cycles(ops, rate) == 2 * 32 * 48 / 64
    assert cycles(ops, replace(rate, slab_cycles=number(5))) == 2 * (32 * 48 / 64 + 3 * 5)


def test_a_whole_window_is_rounded_up_once() -> None:
    ops, rate = table(conv(4, 3, 8)), at(Lanes(k=16))
    assert cycles(ops, rate) == 16 * 8 * (9 * 16) / 64
    assert cycles(ops, replace(rate, whole_window=True)) == 16 * 8 * 32 / 64


def test_serial_channels_cost_only_what_there_is_of_them() -> None:
    ops, rate = table(dense(8, 32, 12)), at(Lanes(n=8), fill=3)
    assert cycles(ops, rate) == 16 * (8 * 32 / 64 + 3)
    assert cycles(ops, replace(rate, serial=True)) == 8 * 12 * 32 / 64 + 16 * 3


def test_blocks_with_a_shape_are_cut_along_both_axes() -> None:
    rate = at(Lanes(m=9, m_inner=3))
    assert cycles(table(conv(8, 4, 1)), rate) == 3 * 3 * 9 * 36 / 64
    assert cycles(table(replace(conv(8, 4, 1), m=30, inner=30)), rate) == 10 * 9 * 36 / 64


def test_a_single_row_may_be_cut_as_a_whole() -> None:
    ops = table(replace(conv(8, 4, 1), m=30, inner=30))
    assert cycles(ops, at(Lanes(m=9, m_inner=3, flat=True))) == 4 * 9 * 36 / 64
    square = table(conv(8, 4, 1))
    assert cycles(square, at(Lanes(m=9, m_inner=3, flat=True))) == cycles(square, at(Lanes(m=9, m_inner=3)))


def test_windows_are_walked_the_shorter_way() -> None:
    rate = at(Lanes(k=8, window=4, deep=32))
    assert cycles(table(conv(1, 3, 1)), rate) == 12 * 8 / 64  # 9 elements -> 12, 3 channels -> 8
    assert cycles(table(conv(1, 32, 1)), rate) == 9 * 32 / 64
    assert cycles(table(conv(1, 33, 1, kernel=1)), rate) == 64 / 64


def test_weights_may_come_slower_than_few_rows_use_them() -> None:
    rate = replace(at(Lanes(n=8)), weights_per_cycle=number(4))
    assert cycles(table(dense(2, 64, 12)), rate) == 16 * 64 / 4  # 12 channels -> 16
    assert cycles(table(dense(64, 64, 12)), rate) == 64 * 16 * 64 / 64


def test_the_first_block_of_results_waits_for_nothing_to_overlap_with() -> None:
    rate = replace(at(Lanes(m=4, n=4)), output_cycles=number(8), results_at_once=number(64))
    multiplying, output = 16 * 16 * 64 / 64, 16 * 8
    assert cycles(table(dense(16, 64, 16)), rate) == multiplying + output * 64 / 256
    assert cycles(table(dense(4, 8, 4)), rate) == 16 * 8 / 64 + 8  # a single block: one after the other


def test_a_block_waits_for_its_command_where_that_takes_longer() -> None:
    rate = replace(at(Lanes(m=4, n=4)), output_cycles=number(8), results_at_once=number(64))
    multiplying, output = 16 * 16 * 64 / 64, 16 * 8
    expected = multiplying + (multiplying + output) / 2 * 64 / 256  # half of both is more than the output's
    assert cycles(table(dense(16, 64, 16)), replace(rate, issue_share=number(0.5))) == expected
    assert (
        cycles(table(dense(16, 64, 16)), replace(rate, issue_share=number(0.2))) == multiplying + output / 4
    )


def test_a_pooling_walks_whole_blocks_of_positions_and_channels() -> None:
    # A global mean of 25 x 5 positions of 60 channels: 8 blocks of 2 positions (one is used) by 8 channels.
    ops = table(vector(OpClass.POOLING, 1, 60, steps=125, fmt=INT8_TENSOR))
    found = compute_cycles(ops, row_rates(ops, load_chip("ethos-u55-128")))[NOMINAL]
    working, output = 8 * 4 * 125, 8 * 8
    assert np.ravel(found)[0] == pytest.approx(working + (working + output) / 4 + 16)


def test_other_windows_than_an_engine_takes_go_to_the_next_rate() -> None:
    chip = load_chip("gap9")
    ops = table(conv(8, 16, 16), conv(8, 16, 16, kernel=5), conv(8, 16, 16, kernel=1), depthwise(8, 16, 5))
    units = [chip.units[idx].name for idx in row_rates(ops, chip).unit_idx]
    assert units == ["ne16", "cluster", "ne16", "cluster"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [  # eml-eda/match@2c900ea, match/target/gap9/ne16/cost_model.py, with bias
        (conv(32, 16, 16), 26_741),
        (conv(16, 32, 32), 24_048),
        (conv(8, 64, 64), 22_860),
        (conv(16, 16, 32, kernel=1), 4_716),
        (conv(12, 64, 64, kernel=1), 10_432),
        (conv(6, 128, 128, kernel=1), 9_376),
        (depthwise(48, 8), 39_936),
        (depthwise(24, 32), 30_336),
        (depthwise(6, 128), 7_584),
    ],
)
def test_the_engine_of_gap9_takes_the_cycles_of_its_published_model(row: Row, expected: int) -> None:
    ops = table(row)
    found = compute_cycles(ops, row_rates(ops, load_chip("gap9")))[NOMINAL]
    assert np.ravel(found)[0] == pytest.approx(expected, rel=0.12)


def test_narrow_groups_share_a_block_where_lanes_pack_them() -> None:
    # 6 groups of 4 to 4 channels, 3x3, on 8x8: 2 or 3 of them fill 8 or 12 of n; k grows alike.
    grouped = replace(conv(8, 4, 4), batch=6)
    apart = at(Lanes(k=4, n=8))
    assert cycles(table(grouped), apart) == 6 * 64 * 8 * 9 * 4 / 64
    assert cycles(table(grouped), replace(apart, packs_groups=True)) == 3 * 64 * 8 * 9 * 8 / 64
    wide = replace(conv(8, 8, 8), batch=6)
    assert cycles(table(wide), replace(apart, packs_groups=True)) == cycles(table(wide), apart)


def test_groups_that_are_fewer_than_would_fit_are_packed_as_they_are() -> None:
    rate = replace(at(Lanes(k=4, n=32)), packs_groups=True)
    assert cycles(table(replace(conv(8, 4, 4), batch=2)), rate) == 64 * 32 * 9 * 8 / 64


def test_blocks_of_several_groups_lose_cycles_of_their_own() -> None:
    rate = replace(at(Lanes(m=8, k=4, n=8), fill=3), packs_groups=True, group_cycles=number(5))
    grouped, alone = replace(conv(8, 4, 4), batch=6), conv(8, 4, 4)
    assert cycles(table(grouped), rate) == 3 * 8 * (8 * 8 * 9 * 8 / 64 + 3 + 5)
    assert cycles(table(alone), rate) == 8 * (8 * 8 * 9 * 4 / 64 + 3)
    assert cycles(table(depthwise(8, 6)), rate) == cycles(
        table(depthwise(8, 6)), replace(rate, group_cycles=None)
    )


def test_convolutions_start_in_their_own_time() -> None:
    rate = replace(at(Lanes()), start_cycles=number(100), convolution_start_cycles=number(7))
    product, convolution = table(dense(8, 16, 8)), table(conv(8, 16, 8))
    assert cycles(product, rate) - cycles(product, at(Lanes())) == 100
    assert cycles(convolution, rate) - cycles(convolution, at(Lanes())) == 7
    alike = replace(rate, convolution_start_cycles=None)
    assert cycles(convolution, alike) - cycles(convolution, at(Lanes())) == 100


def test_rows_narrower_than_the_lanes_take_as_long_as_full_ones() -> None:
    ops = table(vector(OpClass.ELEMENTWISE, 100, 3, steps=9, fmt=INT8_TENSOR))
    rate = replace(ROUND.rates[3], lanes=Lanes(n=32))
    chip = replace(ROUND, rates=(*ROUND.rates[:3], rate, *ROUND.rates[4:]))
    found = float(compute_cycles(ops, row_rates(ops, chip))[NOMINAL].ravel()[0])
    assert found == 100 * 32 * 9 / 4 + 10
