import pytest

from hwmodels.units import parse_number, unit_symbol
from traces.errors import EdgeAsrError


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("200e6", "clock_hz", 200e6),
        ("200 MHz", "units.core.clock_hz", 200e6),
        ("1 MiB", "size_bytes", 2**20),
        ("1MB", "size_bytes", 1e6),
        ("3.2 GB/s", "bandwidth_bytes_per_s", 3.2e9),
        ("1 GiB/s", "bandwidth_bytes_per_s", 2**30),
        ("12 pJ", "energy.mac_j.int8", 12e-12),
        ("12 pJ/B", "energy_j_per_byte", 12e-12),
        ("40 us", "per_op_s", 40e-6),
        ("40 µs", "per_op_s", 40e-6),
        ("15 mW", "static_power_w", 15e-3),
        ("1_000", "per_cycle", 1000),
    ],
)
def test_numbers_with_units(text: str, key: str, value: float) -> None:
    assert parse_number(text, key=key) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("1 MB", "clock_hz"),
        ("1 MB/s", "size_bytes"),
        ("1 s", "static_power_w"),
        ("1 Hz", "per_cycle"),
        ("many", "size_bytes"),
        ("", "size_bytes"),
        ("1e999", "size_bytes"),
    ],
)
def test_what_is_no_number_of_that_unit(text: str, key: str) -> None:
    with pytest.raises(EdgeAsrError, match=r"wrong unit|no number|not finite"):
        parse_number(text, key=key)


@pytest.mark.parametrize(
    ("path", "symbol"),
    [
        ("levels.flash.bandwidth_bytes_per_s", "B/s"),
        ("levels.flash.size_bytes", "B"),
        ("levels.flash.energy_j_per_byte", "J/B"),
        ("unpacking.weights_per_cycle.int4", "1/cycle"),
        ("rates.dense-int8.fill_cycles", "cycles"),
        ("energy.mac_j.float16", "J"),
        ("tiling.max_n", ""),
    ],
)
def test_a_path_tells_its_unit(path: str, symbol: str) -> None:
    assert unit_symbol(path) == symbol
