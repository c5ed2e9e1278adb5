import pytest

from hwmodels.chip_file import apply_overrides, load_chip
from hwmodels.overrides import ranges_left
from traces.errors import EdgeAsrError

BANDWIDTH = "levels.dram.bandwidth_bytes_per_s"


def test_a_number_is_chosen_and_marked() -> None:
    chip = apply_overrides(
        load_chip("ethos-u55-128"), ("levels.sram.size_bytes=4MiB", "energy.mac_j.int8=1 pJ")
    )
    numbers = dict(chip.quantities())
    assert numbers["levels.sram.size_bytes"].value == 4 * 2**20
    assert numbers["levels.sram.size_bytes"].kind == "chosen"
    assert numbers["energy.mac_j.int8"].value == 1e-12
    assert chip.hypothetical


def test_no_override_leaves_the_chip() -> None:
    chip = load_chip("ethos-u55-128")
    assert apply_overrides(chip, ()) == chip


def test_the_last_of_several_counts() -> None:
    chip = apply_overrides(load_chip("npu-template"), ("overheads.per_op_s=1us", "overheads.per_op_s=3us"))
    assert dict(chip.quantities())["overheads.per_op_s"].value == 3e-6


def test_what_is_chosen_leaves_its_range_and_is_named() -> None:
    base = load_chip("npu-template")
    overrides = (f"{BANDWIDTH}=6GB/s", "levels.sram.size_bytes=1MiB")
    number = dict(apply_overrides(base, overrides).quantities())[BANDWIDTH]
    assert (number.value, number.kind, number.has_range) == (6e9, "chosen", False)
    assert ranges_left(base, overrides) == (BANDWIDTH,)  # the size has no range to leave


def test_an_array_of_other_lanes_does_more_per_cycle() -> None:
    wide = apply_overrides(load_chip("npu-template"), ("rates.dense-int8.lanes.n=32",))
    numbers, lanes = dict(wide.quantities()), dict(wide.lanes())
    assert lanes["rates.dense-int8.lanes.n"] == 32
    assert numbers["rates.dense-int8.per_cycle"].value == 4 * 16 * 32
    assert numbers["rates.dense-int8-int16.per_cycle"].value == 512  # no other rate


def test_what_a_number_given_beside_lanes_says_holds() -> None:
    overrides = ("rates.dense-int8.lanes.m=8", "rates.dense-int8.per_cycle=1500")
    wide = apply_overrides(load_chip("npu-template"), overrides)
    assert dict(wide.quantities())["rates.dense-int8.per_cycle"].value == 1500


def test_lanes_are_numbers_of_a_chip_with_kind_and_source() -> None:
    before = load_chip("npu-template")
    shapes = dict(apply_overrides(before, ("rates.dense-int8.lanes.n=32",)).shapes())
    chosen, kept = (shapes[f"rates.dense-int8.lanes.{name}"] for name in ("n", "k"))
    assert (chosen.value, chosen.kind, chosen.source) == (32, "chosen", "chosen for this run")
    assert (kept.value, kept.source.partition(": ")[0]) == (16, "comes with per_cycle")
    assert "rates.dense-int8.lanes.batch" not in shapes
    assert set(shapes) <= {path for path, _ in before.lanes()}


def test_no_shape_claims_to_be_fitted() -> None:
    shapes = dict(load_chip("hexagon-htp-v75").shapes())
    assert shapes["rates.dense-int8.lanes.k"].kind == "assumed"
    assert {each.kind for each in shapes.values()} <= {"assumed", "derived", "datasheet"}


def test_a_range_grows_with_the_lanes() -> None:
    before = dict(load_chip("mcu-template").quantities())["rates.products-int8.per_cycle"]
    chip = apply_overrides(load_chip("mcu-template"), ("rates.products-int8.lanes.k=16",))
    after = dict(chip.quantities())["rates.products-int8.per_cycle"]
    assert (after.low, after.value, after.high) == (4 * before.low, 4 * before.value, 4 * before.high)
    assert after.kind == "assumed"


@pytest.mark.parametrize(
    ("chip", "override", "expected"),
    [
        ("ethos-u55-128", "levels.sram.size_byte=4MiB", "did you mean levels.sram.size_bytes"),
        ("ethos-u55-128", "levels.sram.size_bytes", "write key.path=value"),
        ("ethos-u55-128", "levels.sram.size_bytes=4 MHz", "wrong unit for size_bytes"),
        ("ethos-u55-128", "levels.sram.size_bytes=0", "levels.sram.size_bytes: 0 is not positive"),
        ("ethos-u55-128", "levels.flash.bandwidth_bytes_per_s=9 GB/s", "nearer level sram"),
        ("ethos-u55-128", "overheads.per_op_s=-1", "overheads.per_op_s: -1 is negative"),
        ("mcu-template", "units.core.speed=0", "units.core.speed: 0 is not positive"),
        ("npu-template", "codec.int8=0", "codec.int8: 0 is not positive"),
        ("npu-template", "levels.dram.partial_write_factor=0", "partial_write_factor: 0 is not positive"),
        ("npu-template", "levels.buffer.size_bytes=16", "16 B is less than the 640 B of one block of rates"),
        ("npu-template", "rates.dense-int8.lanes.n=1000000", "enlarge it or cut the rate's lanes"),
        ("npu-template", "rates.dense-int8.lanes.l=4", "did you mean rates.dense-int8.lanes.n"),
        ("npu-template", "rates.dense-int8.lanes.n=2.5", "whole number of at least 1"),
        ("npu-template", "rates.dense-int8.lanes.n=0", "whole number of at least 1"),
        ("npu-template", "rates.dense-int8.per_cycle=131072", "more than the 1024 MACs that its lanes do"),
        ("ethos-u55-256", "rates.dense-int8.lanes.m=3", "lanes.m_inner: 3 positions are no whole number"),
    ],
)
def test_a_mistake_is_answered(chip: str, override: str, expected: str) -> None:
    with pytest.raises(EdgeAsrError) as caught:
        apply_overrides(load_chip(chip), (override,))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_file_says_of_its_own_array_is_not_disputed() -> None:
    # Measured: more than the lanes of the file take at once.
    base = load_chip("ax650n")
    kept = apply_overrides(base, ("rates.dense-int8.per_cycle=5000", "levels.dram.latency_s=1us"))
    assert dict(kept.quantities())["rates.dense-int8.per_cycle"].value == 5000
    wider = apply_overrides(base, ("rates.dense-int8.lanes.n=96",))
    assert dict(wider.quantities())["rates.dense-int8.per_cycle"].value == 15000
