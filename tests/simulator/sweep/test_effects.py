import numpy as np
import pytest

from simulator.sweep.effects import binned, effect

CLOCK, SIZE = (each.ravel() for each in np.meshgrid([1.0, 2.0, 4.0, 8.0], [1.0, 10.0], indexing="ij"))


def test_a_power_law_has_its_exponents_and_its_shares() -> None:
    values = 3.0 * CLOCK**-1.0 * SIZE**0.5
    found = {}
    for name, numbers in (("clock", CLOCK), ("size", SIZE)):
        groups, medians = binned(numbers)
        labels = tuple(f"{value:g}" for value in medians)
        found[name] = effect(name, "x", values=values, groups=groups, labels=labels, numbers=numbers)
    clock, size = found["clock"], found["size"]
    assert clock is not None
    assert size is not None
    assert clock.elasticity == pytest.approx(-1.0)
    assert size.elasticity == pytest.approx(0.5)
    spread = np.log(CLOCK).var(), 0.25 * np.log(SIZE).var()
    assert clock.variance_share == pytest.approx(spread[0] / sum(spread))
    assert clock.variance_share + size.variance_share == pytest.approx(1.0)
    assert (clock.best, clock.worst) == ("8", "1")
    assert clock.factor == pytest.approx(8.0)


def test_an_axis_without_effect_or_numbers() -> None:
    groups = np.array([0, 1, 0, 1])
    same = effect("recipe", "x", values=np.ones(4), groups=groups, labels=("a", "b"), numbers=None)
    assert same is not None
    assert (same.variance_share, same.elasticity, same.factor) == (0.0, None, 1.0)


def test_what_is_unknown_or_zero_does_not_count() -> None:
    values, groups = np.array([np.nan, 0.0, 2.0]), np.zeros(3, dtype=np.int64)
    assert effect("a", "x", values=values, groups=groups, labels=("a",), numbers=None) is None


def test_many_numbers_fall_into_equal_bins() -> None:
    bins, medians = binned(np.arange(1000.0))
    assert np.bincount(bins).tolist() == [100] * 10
    assert medians[0] == 49.5
