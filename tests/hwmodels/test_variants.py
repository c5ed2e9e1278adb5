"""A chip some of whose numbers vary stands for as many chips, axis by axis."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from hwmodels.chip import Chip
from hwmodels.chosen import with_chosen
from hwmodels.model import cost
from hwmodels.op_table import Floats
from hwmodels.quantity import Quantity, Varied, corner_table, corners, nominal
from hwmodels.terms import Terms, terms
from hwmodels.variants import with_varied
from simulator.place import place
from tests.hwmodels.chips import ROUND, number, spread, with_ranges
from tests.hwmodels.tables import attend, dense, depthwise, table
from traces.errors import EdgeAsrError

OPS = table(
    dense(64, 64, 64),
    dense(1, 64, 16),
    depthwise(9, 12),
    attend(2, 8, 16, 8, cached=True),
    network_weight_bytes=6000,
)


def found(chip: Chip) -> Terms:
    return terms(OPS, place(OPS, chip), chip)


def varied(path: str, *values: float) -> Chip:
    return with_varied(ROUND, {path: np.array(values)})


def test_corners_of_a_number_stand_from_fast_to_slow() -> None:
    assert corners(spread(4.0), more_is_faster=True)[:, 0, 0].tolist() == [8, 4, 2]
    assert corners(spread(4.0), more_is_faster=False)[:, 0, 0].tolist() == [2, 4, 8]


def test_a_varied_number_has_an_axis_of_chips_and_no_range() -> None:
    several = Varied.over(np.array([1.0, 2.0, 3.0]), "a test")
    assert_array_equal(nominal(several), [[1.0], [2.0], [3.0]])
    both = corner_table((spread(4.0), several), more_is_faster=True)
    assert both.shape == (3, 3, 2)
    assert_array_equal(both[:, 1], [[8, 2], [4, 2], [2, 2]])


def test_what_reads_one_chip_cannot_mistake_many_for_it() -> None:
    chip = varied("levels.dram.bandwidth_bytes_per_s", 1e9, 2e9)
    bandwidth = chip.levels[2].bandwidth_bytes_per_s
    assert bandwidth is not None
    assert np.isnan([bandwidth.value, bandwidth.low, bandwidth.high]).all()


def test_only_what_a_varied_number_reaches_has_an_axis_of_chips() -> None:
    bandwidth = found(varied("levels.dram.bandwidth_bytes_per_s", 1e8, 1e9, 8e9))
    assert [each.shape[1] for each in bandwidth.transfer_s] == [1, 1, 3]
    assert {each.shape[0] for each in bandwidth.level_bytes} == {1}
    assert bandwidth.compute_s.shape == (3, 1, OPS.n_rows)
    assert bandwidth.latency_s.shape == (3, 3, OPS.n_rows)
    size = found(varied("levels.sram.size_bytes", 1024, 8192))
    assert [each.shape[0] for each in size.level_bytes] == [1, 2, 2]
    assert size.compute_s.shape == (3, 1, OPS.n_rows)


def test_the_table_of_one_chip_is_not_that_of_many() -> None:
    chip = varied("units.array.clock_hz", 1e9, 2e9)
    with pytest.raises(ValueError, match="broadcast"):
        cost(OPS, place(OPS, chip), chip)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("levels.sram.size_bytes", (1024.0, 4000.0, 1e5)),
        ("levels.buffer.size_bytes", (16.0, 300.0, 5000.0)),
        ("levels.dram.bandwidth_bytes_per_s", (1e7, 1e9, 7e9)),
        ("units.array.clock_hz", (1e6, 1e9, 3e9)),
        ("rates.attend.bytes_per_mac", (0.5, 1.0, 4.0)),
        ("rates.dense.per_cycle", (1.0, 7.0, 64.0)),
        ("overheads.per_op_s", (0.0, 1e-6, 1e-3)),
        ("energy.mac_j.int8", (0.0, 1e-12, 3e-12)),
        ("rates.dense.lanes.m", (1.0, 4.0, 96.0)),
        ("rates.dense.lanes.k", (3.0, 5.0, 64.0)),
        ("rates.dense.lanes.n", (1.0, 7.0, 32.0)),
        ("rates.depthwise.lanes.batch", (1.0, 8.0, 11.0)),
    ],
)
def test_each_chip_costs_what_it_does_alone(path: str, values: tuple[float, ...]) -> None:
    base = with_ranges(ROUND)
    together = found(with_varied(base, {path: np.array(values)}))
    totals: list[Floats] = [together.latency_s, together.energy.total_j()]
    assert any(each.shape[1] == 3 for each in totals)
    for idx, value in enumerate(values):
        alone = found(with_chosen(base, {path: np.array(value)}))
        for many, one in zip(totals, (alone.latency_s, alone.energy.total_j()), strict=True):
            assert_array_equal(np.broadcast_to(many, (3, 3, OPS.n_rows))[:, idx], one[:, 0])


def test_lanes_take_what_they_do_per_cycle_along_with_its_range() -> None:
    path, values = "rates.dense.lanes.k", np.array([4.0, 8.0])
    chip = with_varied(with_ranges(ROUND), {path: values})
    rate = dict(chip.quantities())["rates.dense.per_cycle"]
    assert_array_equal(corners(rate, more_is_faster=True)[:, :, 0], [[128, 256], [64, 128], [32, 64]])
    fixed = with_varied(ROUND, {path: values, "rates.dense.per_cycle": np.array([60.0, 60.0])})
    assert_array_equal(nominal(dict(fixed.quantities())["rates.dense.per_cycle"])[:, 0], [60, 60])


@pytest.mark.parametrize("path", ["levels.dram.partial_write_factor", "tiling.max_n"])
def test_limits_of_tiles_vary_too(path: str) -> None:
    dram = replace(ROUND.levels[2], partial_write_factor=number(2.0))
    base = replace(
        ROUND, levels=(*ROUND.levels[:2], dram), tiling=replace(ROUND.tiling, max_n=number(16.0))
    ).with_quantity("levels.sram.size_bytes", number(1024.0))
    values = np.array([1.0, 8.0, 32.0])
    together = found(with_varied(base, {path: values})).level_bytes[2]
    assert len(np.unique(together, axis=0)) > 1
    for idx, value in enumerate(values):
        alone = found(base.with_quantity(path, Quantity.exact(value, "derived", "a test"))).level_bytes[2]
        assert_array_equal(together[idx], alone[0])


def test_an_unknown_path_is_named_with_its_nearest() -> None:
    with pytest.raises(EdgeAsrError, match=r"units\.array\.clock_hz"):
        varied("units.aray.clock_hz", 1e9)
