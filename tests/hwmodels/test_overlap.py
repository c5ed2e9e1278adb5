"""What hides behind what, by the rule and by whether buffers have a second half."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip import Chip, Family, Overlap
from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from hwmodels.overlap import combined_s, waiting_from
from simulator.place import place
from tests.hwmodels.chips import ROUND, with_overlap
from tests.hwmodels.tables import dense, table


def single_buffered(chip: Chip) -> Chip:
    return replace(chip, tiling=replace(chip.tiling, double_buffered=False))


def latency_s(chip: Chip, compute_s: float, *transfer_s: float) -> float:
    found = combined_s(
        chip,
        compute_s=np.array([compute_s]),
        unpack_s=np.zeros(1),
        exposed_s=(np.zeros(1),),
        transfer_s=tuple(np.array([each]) for each in transfer_s),
        overhead_s=np.array([0.5]),
    )
    return float(found[0])


@pytest.mark.parametrize(
    ("rule", "double", "single"),
    [(Overlap.FULL, 7.0, 12.0), (Overlap.SHARED_BUS, 13.0, 16.0), (Overlap.SERIAL, 18.0, 18.0)],
)
def test_what_fills_a_buffer_without_a_second_half_waits(rule: Overlap, double: float, single: float) -> None:
    chip = with_overlap(ROUND, rule)  # computing 5; the buffer's port 2, SRAM 4, DRAM 7 beside each other
    assert latency_s(chip, 5.0, 2.0, 4.0, 7.0) == double + 0.5
    assert latency_s(single_buffered(chip), 5.0, 2.0, 4.0, 7.0) == single + 0.5


@pytest.mark.parametrize(("family", "first"), [("npu", 1), ("dsp", 1), ("cpu", 3), ("mcu", 3)])
def test_caches_and_memories_read_in_place_have_no_halves(family: Family, first: int) -> None:
    chip = replace(ROUND, family=family)
    assert waiting_from(chip) == 3
    assert waiting_from(single_buffered(chip)) == first


def test_without_a_staging_buffer_nothing_waits_for_one() -> None:
    buffer, *others = ROUND.levels
    bare = replace(single_buffered(ROUND), levels=(replace(buffer, stages=False), *others))
    assert waiting_from(bare) == 3


def test_an_npu_gains_nothing_by_giving_up_its_second_half_where_computing_and_memory_balance() -> None:
    chip = load_chip("npu-template")
    ops = table(dense(256, 384, 384), dense(1500, 384, 1536), dense(64, 1536, 384), network_weight_bytes=1e9)
    double, single = (
        cost(ops, place(ops, each), each).latency_s.nominal for each in (chip, single_buffered(chip))
    )
    assert (single > double).all()
