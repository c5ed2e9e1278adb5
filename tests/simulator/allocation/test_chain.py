"""The cheapest path through each choice is that of trying every path."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.allocation.chain import Chain, chain, cheapest_through
from simulator.allocation.choices import Floats, Ints
from simulator.allocation.scaled import scaled
from tests.simulator.allocation.small import EVERY, N_FORMATS, N_LAYERS, brute_force, choices


def a_chain(seed: int, *, n_codes: int = 3) -> Chain:
    rng = np.random.default_rng(seed)
    return Chain(
        cost=rng.uniform(0.0, 1.0, (N_LAYERS, N_FORMATS)),
        use=rng.uniform(0.0, 1.0, (N_LAYERS, N_FORMATS)),
        codes=rng.integers(0, n_codes, (N_LAYERS, N_FORMATS)),
        n_codes=n_codes,
        change_cost=rng.uniform(0.0, 0.5, N_LAYERS - 1),
        change_use=rng.uniform(0.0, 0.5, N_LAYERS - 1),
        constant=-1.5,
    )


def cost_and_use(of: Chain, formats: Ints) -> tuple[float, float]:
    layers = np.arange(N_LAYERS)
    codes = of.codes[layers, formats]
    changes = codes[1:] != codes[:-1]
    cost = of.cost[layers, formats].sum() + of.change_cost[changes].sum() + of.constant
    return float(cost), float(of.use[layers, formats].sum() + of.change_use[changes].sum())


def through_each(of: Chain, *, room: float = np.inf) -> Floats:
    """Return the least cost within room through each choice, by trying all paths: (layers, formats)."""
    least = np.full((N_LAYERS, N_FORMATS), np.inf)
    for formats in EVERY:
        cost, use = cost_and_use(of, formats)
        places = np.arange(N_LAYERS), formats
        if use <= room:
            least[places] = np.minimum(least[places], cost)
    return least


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_the_cheapest_path_through_each_choice(seed: int, n_codes: int) -> None:
    given_ = a_chain(seed, n_codes=n_codes)
    assert cheapest_through(given_) == pytest.approx(through_each(given_))
    assert cheapest_through(given_.reversed())[::-1] == pytest.approx(through_each(given_))


def test_a_price_on_use_adds_to_the_cost_of_choices_and_changes() -> None:
    given_ = a_chain(1)
    for formats in EVERY[::17]:
        cost, use = cost_and_use(given_, formats)
        assert cost_and_use(given_.with_use_at(2.0), formats) == pytest.approx((cost + 2.0 * use, 0.0))


@pytest.mark.parametrize("prices", [(0.0, 0.0), (1e-3, 2e-3), (0.1, 0.0)])
def test_no_prices_bound_the_least_damage_from_above(prices: tuple[float, float]) -> None:
    problem = choices(4, share=0.5)
    given_, least = scaled(problem), brute_force(problem)
    assert least is not None
    through = cheapest_through(chain(given_, np.array(prices), open_=given_.possible))
    assert through.min() <= least / problem.damage.mean() + 1e-9


def test_what_is_closed_is_passed_through_by_nothing() -> None:
    given_ = scaled(choices(4))
    open_ = given_.possible
    open_[1, 2] = False
    assert np.isinf(cheapest_through(chain(given_, np.zeros(2), open_=open_))[1, 2])
