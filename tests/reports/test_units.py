import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import units

NB = units.NO_BREAK


def plain(text: str) -> str:
    return text.replace(NB, " ")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0 s"),
        (1.0, "1.00 s"),
        (0.0123456, "12.3 ms"),
        (431e-6, "431 µs"),
        (999.96e-6, "1.00 ms"),
        (999.4e-6, "999 µs"),
        (1e-3, "1.00 ms"),
        (1e-9, "1.00 ns"),
        (99.94, "99.9 s"),
        (99.96, "1.67 min"),
        (312.0, "5.20 min"),
        (3e-14, "30.0 fs"),
        (3e-17, "0 s"),
    ],
)
def test_seconds_take_the_unit_of_their_size(value: float, expected: str) -> None:
    assert plain(units.seconds(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (0.4, "<1 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (1010 * 1024, "1010 KiB"),
        (1023.9 * 1024, "1.00 MiB"),
        (2**20, "1.00 MiB"),
        (5.6 * 2**20, "5.60 MiB"),
        (3 * 2**30, "3.00 GiB"),
    ],
)
def test_sizes_take_binary_units(value: float, expected: str) -> None:
    assert plain(units.size(value)) == expected


@pytest.mark.parametrize(
    ("fraction", "as_percent", "as_points"),
    [
        (0.0416, "4.2 %", "+4.2"),
        (0.9996, "100.0 %", "+100.0"),
        (-0.003, f"{units.MINUS}0.3 %", f"{units.MINUS}0.3"),
        (-0.0001, "0.0 %", "+0.0"),
    ],
)
def test_shares_are_written_as_percent_and_as_points(
    fraction: float, as_percent: str, as_points: str
) -> None:
    assert plain(units.percent(fraction)) == as_percent
    assert units.points(fraction) == as_points


def test_counts_are_exact_while_small() -> None:
    assert units.count(980) == "980"
    assert plain(units.count(37_760_640)) == "37.8 M"
    assert plain(units.count(1.2345e9)) == "1.23 G"


def test_a_shared_unit_is_written_once() -> None:
    assert plain(units.spread(units.seconds(4.3e-3), units.seconds(9.83e-3))) == f"4.30{units.DASH}9.83 ms"
    assert plain(units.spread(units.joules(7e-4), units.joules(3e-3))) == f"700 µJ {units.DASH} 3.00 mJ"
    assert plain(units.spread(units.seconds(1.0), units.seconds(1.0))) == "1.00 s"


def test_an_axis_ends_at_a_readable_number() -> None:
    assert units.axis_unit(29.0, "s") == (1.0, "s")
    assert units.axis_unit(1.7, "s") == (1e3, "ms")
    assert units.axis_unit(0.0, "s") == (1.0, "s")
    assert units.axis_unit(3e-15, "J")[1] == "fJ"


def test_logarithmic_ticks_thin_out_over_wide_ranges() -> None:
    assert {20.0, 50.0, 100.0} <= set(units.log_ticks(15.0, 120.0))
    assert set(units.log_ticks(1.0, 1e4)) == {10.0**decade for decade in range(-1, 6)}


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.1e-12, "J", "100 fJ"),
        (1.6e-12, "J/B", "1.60 pJ/B"),
        (12e9, "B/s", "12.0 GB/s"),
        (2**17, "B", "128 KiB"),
        (512.0, "1/cycle", "512 1/cycle"),
        (2.67, "1/cycle", "2.67 1/cycle"),
        (0.875, "", "0.875"),
    ],
)
def test_chip_parameters_keep_their_unit(value: float, unit: str, expected: str) -> None:
    assert plain(units.quantity(value, unit)) == expected


def test_ticks_have_no_trailing_zeros() -> None:
    assert plain(units.tick(1e7)) == "10 M"
    assert plain(units.tick(2.5e-3, "s")) == "2.5 ms"
    assert units.tick(0.1) == "0.1"


@given(st.floats(min_value=1e-11, max_value=1e13))
def test_a_rendered_quantity_is_within_half_a_unit_of_its_last_digit(value: float) -> None:
    number, _, unit = units.si(value, "s").partition(NB)
    prefix = {"T": 12, "G": 9, "M": 6, "k": 3, "": 0, "m": -3, "µ": -6, "n": -9, "p": -12, "f": -15}[
        unit.removesuffix("s")
    ]
    assert math.isclose(float(number) * 10.0**prefix, value, rel_tol=0.0051)
    assert len(number.replace(".", "")) == 3 or unit == "Ts"
    assert 1.0 <= float(number) < 1000.0 or unit == "Ts"


@given(st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False), st.integers(min_value=1, max_value=6))
def test_significant_rounds_once(value: float, digits: int) -> None:
    shown = float(units.significant(value, digits).replace(units.MINUS, "-"))
    assert shown == float(f"{value:.{digits - 1}e}")
