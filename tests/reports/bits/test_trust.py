"""Rank correlation with its interval, and the curve from damage to error rate."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.bits.trust import Point, trust_of


def points(*pairs: tuple[float, float]) -> list[Point]:
    return [Point(f"r{index}", damage, wer) for index, (damage, wer) in enumerate(pairs)]


RISING = points((1e-3, 0.05), (1e-2, 0.06), (1e-1, 0.10), (1.0, 0.40), (2.0, 0.80))


def test_the_correlation_by_hand() -> None:
    # ranks 1 2 3 4 5 against 1 3 2 4 5: rho = 1 - 6 * 2 / (5 * 24) = 0.9
    swapped = points((1e-3, 0.05), (1e-2, 0.10), (1e-1, 0.06), (1.0, 0.40), (2.0, 0.80))
    found = trust_of(swapped, 0.05).correlation
    assert found is not None
    assert found.nominal == pytest.approx(0.9)
    half = 1.959964 * math.sqrt((1 + 0.81 / 2) / 2)
    assert found.low == pytest.approx(math.tanh(math.atanh(0.9) - half), rel=1e-5)
    assert found.high == pytest.approx(math.tanh(math.atanh(0.9) + half), rel=1e-5)


def test_a_perfect_order_is_one() -> None:
    found = trust_of(RISING, 0.05).correlation
    assert found is not None
    assert found.nominal == pytest.approx(1.0)
    assert found.low <= found.high <= 1.0


def test_too_few_points_or_equal_values_have_no_correlation() -> None:
    assert trust_of(RISING[:3], 0.05).correlation is None
    assert trust_of(points(*((10.0**-n, 0.05) for n in range(6))), 0.05).correlation is None
    assert trust_of(points(*((0.01, 0.05 * n) for n in range(6))), 0.05).correlation is None


def test_rates_are_read_off_the_curve() -> None:
    trust = trust_of(RISING, 0.05)
    assert trust.predicted_wer(0.1) == pytest.approx(0.10)
    assert trust.predicted_wer(math.sqrt(0.1)) == pytest.approx(0.25)
    assert trust.predicted_wer(0.0) == 0.05
    assert trust.predicted_wer(100.0) == pytest.approx(0.80)
    assert trust.predicted_wer(2.0, without="r4") == pytest.approx(0.40)


@given(st.lists(st.tuples(st.floats(1e-6, 10.0), st.floats(0.0, 1.0)), min_size=1, max_size=8))
def test_the_curve_never_falls(pairs: list[tuple[float, float]]) -> None:
    trust = trust_of(points(*pairs), 0.05)
    rates = [trust.predicted_wer(10.0**exponent) for exponent in range(-8, 3)]
    assert rates == sorted(rates)


def test_the_error_is_that_of_points_left_out() -> None:
    # Each middle point lies on the line between its neighbours, the ends on the curve's own ends.
    straight = points(*((10.0**n, 0.1 * (n + 4)) for n in range(-3, 2)))
    error = trust_of(straight, 0.0).error
    assert error is not None
    # r0 read from r1 a decade above the curve's start: 0.0 there; r4 from r3: 0.4 for 0.5
    assert error == pytest.approx((abs(0.0 - 0.1) + 0 + 0 + 0 + abs(0.4 - 0.5)) / 5)
