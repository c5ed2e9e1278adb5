import pytest

from hwmodels.chip_file import apply_overrides, load_chip
from traces.errors import EdgeAsrError


def test_a_number_is_set_and_marked() -> None:
    chip = apply_overrides(
        load_chip("ethos-u55-128"), ("levels.sram.size_bytes=4MiB", "energy.mac_j.int8=1 pJ")
    )
    numbers = dict(chip.quantities())
    assert numbers["levels.sram.size_bytes"].value == 4 * 2**20
    assert numbers["levels.sram.size_bytes"].kind == "assumed"
    assert numbers["energy.mac_j.int8"].value == 1e-12
    assert chip.hypothetical


def test_no_override_leaves_the_chip() -> None:
    chip = load_chip("ethos-u55-128")
    assert apply_overrides(chip, ()) == chip


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("levels.sram.size_byte=4MiB", "did you mean levels.sram.size_bytes"),
        ("levels.sram.size_bytes", "write key.path=value"),
        ("levels.sram.size_bytes=4 MHz", "wrong unit for size_bytes"),
        ("levels.sram.size_bytes=0", "positive"),
        ("levels.flash.bandwidth_bytes_per_s=9 GB/s", "nearer level sram"),
        ("overheads.per_op_s=-1", "positive"),
    ],
)
def test_a_mistake_is_answered(override: str, expected: str) -> None:
    with pytest.raises(EdgeAsrError, match=expected):
        apply_overrides(load_chip("ethos-u55-128"), (override,))
