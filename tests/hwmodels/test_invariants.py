"""What must always hold, on every chip of the library."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwmodels.chip import Chip
from hwmodels.chip_file import chip_names, load_chip
from hwmodels.cost_table import CostTable
from hwmodels.model import cost
from hwmodels.op_table import PRODUCTS, OpClass, OpTable
from hwmodels.quantity import NOMINAL
from simulator.place import place
from tests.hwmodels.tables import Row, attend, conv, dense, depthwise, table, vector
from traces.formats import FLOAT16, INT8_TENSOR, Format

NAMES = st.sampled_from(chip_names())
size = st.sampled_from([1, 3, 16, 64, 96, 384, 1500])
weight_format = st.sampled_from(
    [Format.parse(name) for name in ("int8_channel", "int4_channel", "int4_g32", "float16")]
)
activation_format = st.sampled_from([INT8_TENSOR, FLOAT16])
rows = st.one_of(
    st.builds(dense, m=size, k=size, n=size, weight=weight_format, activation=activation_format),
    st.builds(
        attend, heads=st.sampled_from([1, 6]), m=size, k=size, n=size, fmt=activation_format,
        cached=st.booleans(),
    ),
    st.builds(conv, size=st.sampled_from([8, 32]), channels=size, out=size, stride=st.sampled_from([1, 2])),
    st.builds(depthwise, size=st.sampled_from([8, 32]), channels=size),
    st.builds(
        vector, op=st.sampled_from([OpClass.SOFTMAX, OpClass.NORMALISATION, OpClass.LAYOUT]), length=size,
        rows=size, steps=st.integers(1, 5), fmt=activation_format,
    ),
)  # fmt: skip
tables = st.builds(
    lambda several, weights, caches: table(*several, network_weight_bytes=weights, cache_bytes=caches),
    st.lists(rows, min_size=1, max_size=4),
    st.sampled_from([1e4, 1e6, 1e8]),
    st.sampled_from([0.0, 1e5]),
)


def costed(chip: Chip, ops: OpTable) -> CostTable:
    return cost(ops, place(ops, chip), chip)


def scaled(chip: Chip, suffix: str, factor: float) -> Chip:
    for path, number in chip.quantities():
        if path.endswith(suffix):
            changed = number.exact(number.value * factor, "assumed", "scaled by a test")
            chip = chip.with_quantity(path, changed)
    return chip


@settings(max_examples=150, deadline=None)
@given(name=NAMES, ops=tables)
def test_intervals_are_ordered_and_everything_is_finite(name: str, ops: OpTable) -> None:
    found = costed(load_chip(name), ops)
    for interval in (found.latency_s, found.energy_j):
        assert np.isfinite(interval.high).all()
        assert (interval.low > 0).all()
        assert (interval.low <= interval.nominal).all()
        assert (interval.nominal <= interval.high).all()


@settings(max_examples=150, deadline=None)
@given(name=NAMES, ops=tables)
def test_no_latency_below_the_roofline_of_the_same_chip(name: str, ops: OpTable) -> None:
    chip = load_chip(name)
    found = costed(chip, ops)
    peak = max(
        rate.per_cycle.value * chip.unit(rate.unit).pace_hz()[NOMINAL].item()
        for rate in chip.rates
        if set(rate.ops) & set(PRODUCTS)
    )
    assert (found.latency_s.nominal >= np.where(ops.macs > 0, ops.macs / peak, 0) * (1 - 1e-9)).all()
    for idx, level in enumerate(chip.levels):
        if level.bandwidth_bytes_per_s is not None:
            needed = found.level_bytes[:, idx] / level.bandwidth_bytes_per_s.value
            assert (found.latency_s.nominal >= needed * (1 - 1e-9)).all()
    assert (found.utilisation <= 1 + 1e-9).all()


@settings(max_examples=200, deadline=None)
@given(
    name=NAMES,
    ops=tables,
    change=st.sampled_from(["bandwidth_bytes_per_s", "clock_hz", "size_bytes"]),
    factor=st.floats(1.0, 20.0),
)
def test_more_bandwidth_clock_or_memory_is_never_slower(
    name: str, ops: OpTable, change: str, factor: float
) -> None:
    chip = load_chip(name)
    slow, fast = costed(chip, ops), costed(scaled(chip, change, factor), ops)
    assert (fast.latency_s.nominal <= slow.latency_s.nominal * (1 + 1e-9)).all()


@settings(max_examples=150, deadline=None)
@given(name=NAMES, ops=tables, factor=st.floats(1.0, 50.0), data=st.data())
def test_one_larger_memory_is_never_slower(
    name: str, ops: OpTable, factor: float, data: st.DataObject
) -> None:
    chip = load_chip(name)
    level = data.draw(st.sampled_from([level.name for level in chip.levels]))
    larger = scaled(chip, f"levels.{level}.size_bytes", factor)
    assert (costed(larger, ops).latency_s.nominal <= costed(chip, ops).latency_s.nominal * (1 + 1e-9)).all()


@pytest.mark.parametrize("name", chip_names())
@pytest.mark.parametrize("activation", ["int8_token", "float16"])
@pytest.mark.parametrize("grouped", [False, True])
def test_fewer_stored_bits_never_move_more_bytes(name: str, activation: str, grouped: bool) -> None:
    chip = load_chip(name)
    farthest = []
    for bits in (8, 7, 6, 5, 4, 3, 2):
        fmt = Format.parse(f"int{bits}_g32" if grouped else f"int{bits}_channel")
        ops = table(dense(1, 384, 1536, fmt, Format.parse(activation)), network_weight_bytes=1e9)
        farthest.append(float(costed(chip, ops).level_bytes[0, -1]))
    assert all(fewer <= more * (1 + 1e-9) for more, fewer in pairwise(farthest))


@pytest.mark.parametrize("name", chip_names())
def test_utilisation_of_products_grows_with_width(name: str) -> None:
    chip = load_chip(name)
    ops = table(*[dense(256, width, width) for width in (16, 64, 256, 1024)])
    found = costed(chip, ops).utilisation
    assert (np.diff(found) >= -1e-9).all()
    assert found[-1] > found[0]


@pytest.mark.parametrize("name", chip_names())
def test_rows_are_costed_alone_as_together(name: str) -> None:
    chip = load_chip(name)
    several: list[Row] = [dense(64, 96, 96), attend(2, 64, 32, 64), depthwise(8, 16), dense(1, 96, 96)]
    together = costed(chip, table(*several, network_weight_bytes=1e9))
    for idx, row in enumerate(several):
        alone = costed(chip, table(row, network_weight_bytes=1e9))
        assert together.latency_s.nominal[idx] == pytest.approx(alone.latency_s.nominal[0])
        assert together.energy_j.nominal[idx] == pytest.approx(alone.energy_j.nominal[0])
