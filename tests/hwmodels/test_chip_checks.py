"""Rules on a chip's numbers: in words for one chip, as truth values for many at once."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip import Chip
from hwmodels.chip_checks import Check, chip_checks, sign_mistake
from hwmodels.chip_file import chip_names, load_chip
from hwmodels.variants import with_varied
from tests.hwmodels.chips import ROUND

FASTER, BLOCKS, ROWS, ARRAYS = (check.rule for check in chip_checks(ROUND))


def found(rule: str, **varied: tuple[float, ...]) -> Check:
    """Return one rule on chips whose numbers, named with double underscores for dots, are varied."""
    paths = {path.replace("__", "."): np.array(values) for path, values in varied.items()}
    checks = chip_checks(with_varied(ROUND, paths), as_in_file=ROUND)
    return next(check for check in checks if check.rule == rule)


@pytest.mark.parametrize("name", chip_names())
def test_every_chip_of_the_library_keeps_every_rule(name: str) -> None:
    for check in chip_checks(load_chip(name)):
        assert check.holds.tolist() == [True]
        assert not check.mistake


def test_no_memory_is_faster_than_a_nearer_one() -> None:
    check = found(FASTER, levels__dram__bandwidth_bytes_per_s=(8e9, 9e9, 1e9))
    assert check.holds.tolist() == [True, False, True]
    assert check.mistake.startswith("levels.dram.bandwidth_bytes_per_s: 9e+09 is more than 8e+09 of the")


def test_a_buffer_that_is_filled_while_used_holds_two_blocks() -> None:
    # The array of 4 x 4 x 4 takes 4 x 4 bytes of each operand.
    check = found(BLOCKS, levels__buffer__size_bytes=(64.0, 63.0))
    assert check.holds.tolist() == [True, False]
    assert "63 B is less than the 64 B of one block of rates.dense" in check.mistake
    lanes = found(BLOCKS, rates__dense__lanes__n=(124.0, 125.0))
    assert lanes.holds.tolist() == [True, False]  # 2 x (4 x 4 + 4 x 124) = 1024


def test_a_buffer_with_no_second_half_holds_one() -> None:
    once = replace(ROUND, tiling=replace(ROUND.tiling, double_buffered=False))
    checks = chip_checks(with_varied(once, {"levels.buffer.size_bytes": np.array([31.0, 32.0])}))
    assert checks[1].holds.tolist() == [False, True]


def test_an_array_does_no_more_than_its_lanes() -> None:
    assert found(ARRAYS, rates__dense__per_cycle=(64.0, 65.0)).holds.tolist() == [True, False]
    assert found(ARRAYS, rates__dense__lanes__k=(1.0, 64.0)).holds.all()
    both = found(ARRAYS, rates__dense__per_cycle=(128.0, 128.0), rates__dense__lanes__m=(8.0, 7.0))
    assert both.holds.tolist() == [True, False]
    assert "rates.dense.per_cycle: 128 is more than the 112 MACs" in both.mistake


def test_a_file_of_a_real_chip_is_not_disputed_and_one_of_a_made_up_chip_is() -> None:
    much = with_varied(ROUND, {"rates.dense.per_cycle": np.array([65.0])})
    assert not chip_checks(much)[3].holds.any()
    assert chip_checks(replace(much, hypothetical=False))[3].holds.all()


def test_a_rate_without_lanes_says_nothing_of_its_array() -> None:
    assert found(ARRAYS, rates__attend__per_cycle=(1.0, 1e6)).holds.all()
    assert found(ARRAYS, rates__vector__per_cycle=(1.0, 1e6)).holds.all()


def test_blocks_are_whole_rows() -> None:
    chip: Chip = load_chip("ethos-u55-256")
    varied = with_varied(chip, {"rates.dense-int8.lanes.m": np.array([2.0, 3.0, 8.0])})
    (check,) = (check for check in chip_checks(varied, as_in_file=chip) if check.rule == ROWS)
    assert check.holds.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("units.core.speed", "positive"),
        ("codec.int8", "positive"),
        ("unpacking.weights_per_cycle.int4", "positive"),
        ("rates.dense.weights_per_cycle", "positive"),
        ("energy.mac_j.int8", "zero"),
        ("levels.sram.latency_s", "zero"),
        ("rates.dense.start_cycles", "zero"),
    ],
)
def test_the_sign_of_a_number_follows_from_its_key(path: str, least: str) -> None:
    assert not sign_mistake(path, 1.0)
    assert bool(sign_mistake(path, 0.0)) == (least == "positive")
    assert sign_mistake(path, -1.0)


@pytest.mark.parametrize("path", ["rates.dense-int8.issue_share", "levels.dram.matvec_share"])
def test_a_share_is_no_more_than_the_whole(path: str) -> None:
    assert not sign_mistake(path, 1.0)
    assert sign_mistake(path, 1.5) == "1.5 is more than the whole; write a share of 1 or less"
