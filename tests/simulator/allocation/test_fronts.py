"""With one budget kept exactly, the cheapest path through each choice is that of trying every path."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.allocation import fronts as fronts_module
from simulator.allocation.chain import cheapest_through
from simulator.allocation.fronts import cheapest_through_within, fronts
from tests.simulator.allocation.test_chain import a_chain, through_each


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3), st.floats(0.5, 3.5), st.floats(0.0, 2.0))
def test_the_cheapest_path_within_room_whatever_the_price(
    seed: int, n_codes: int, room: float, price: float
) -> None:
    given_ = a_chain(seed, n_codes=n_codes)
    found = cheapest_through_within(given_, room, price=price, ceiling=np.inf)
    assert found == pytest.approx(through_each(given_, room=room))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 3.5), st.floats(-1.5, 1.0))
def test_nothing_below_the_ceiling_is_lost(seed: int, room: float, ceiling: float) -> None:
    given_ = a_chain(seed)
    expected = through_each(given_, room=room)
    found = cheapest_through_within(given_, room, price=0.7, ceiling=ceiling)
    below = expected <= ceiling - 1e-9
    assert found[below] == pytest.approx(expected[below])
    assert (found[~below] >= expected[~below] - 1e-9).all()


def test_a_ceiling_leaves_fewer_paths() -> None:
    given_ = a_chain(3)
    cheapest = cheapest_through(given_.with_use_at(0.7)).min() - given_.constant
    lengths = [
        sum(len(front.use) for layer in fronts(given_, price=0.7, ceiling=ceiling) for front in layer)
        for ceiling in (np.inf, cheapest + 1.5, cheapest + 0.5, cheapest - 0.1)
    ]
    assert lengths[0] > lengths[1] > lengths[2] > lengths[3]
    assert lengths[3] == given_.n_codes  # the empty paths before the first layer


def test_merged_paths_still_bound_from_below(monkeypatch: pytest.MonkeyPatch) -> None:
    given_ = a_chain(3)
    exact = cheapest_through_within(given_, 2.5, price=0.7, ceiling=np.inf)
    monkeypatch.setattr(fronts_module, "LONGEST", 2)
    merged = cheapest_through_within(given_, 2.5, price=0.7, ceiling=np.inf)
    assert (merged <= exact + 1e-12).all()
    assert (merged < exact - 1e-6).any()


def test_a_front_rises_in_use_and_falls_in_cost() -> None:
    for layer in fronts(a_chain(5), price=0.7, ceiling=np.inf):
        for front in layer:
            assert (np.diff(front.use) > 0).all()
            assert (np.diff(front.cost) < 0).all()


def test_closed_choices_are_not_taken() -> None:
    given_ = a_chain(6)
    cost = given_.cost.copy()
    cost[2, 1] = np.inf
    closed = replace(given_, cost=cost)
    found = cheapest_through_within(closed, 2.5, price=0.7, ceiling=np.inf)
    assert np.isinf(found[2, 1])
    assert found == pytest.approx(through_each(closed, room=2.5))
