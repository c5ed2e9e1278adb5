"""The tile search against brute force over every tile size."""

from itertools import product
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwmodels.chip import Order
from hwmodels.tile_search import ACCUMULATOR_BYTES, Products, Reloads, search_reloads

extent = st.integers(1, 40)


def bytes_each(
    m: int, k: int, n: int, capacity: float, *, max_n: float = np.inf, write_factor: float = 1.0
) -> Products:
    """Return one product of single-byte elements."""
    numbers = (m, k, n, m * k, k * n, m * n, capacity, max_n, write_factor)
    return Products(*(np.array([float(number)]) for number in numbers))


def search(m: int, k: int, n: int, capacity: float, orders: tuple[Order, ...] = tuple(Order)) -> Reloads:
    return search_reloads(bytes_each(m, k, n, capacity), orders)


def moved(found: Reloads, m: int, k: int, n: int) -> float:
    return float(found.moving[0] * m * k + found.stationary[0] * k * n + found.result[0] * m * n)


def brute_force(m: int, k: int, n: int, capacity: float, orders: tuple[Order, ...]) -> float:
    best = float(m * n * k * 2 + m * n)  # element by element
    for k_tile, n_tile in product(range(1, k + 1), range(1, n + 1)):
        m_tile = min(m, floor((capacity - k_tile * n_tile) / (k_tile + n_tile * ACCUMULATOR_BYTES)))
        if m_tile < 1:
            continue
        m_splits, k_splits, n_splits = ceil(m / m_tile), ceil(k / k_tile), ceil(n / n_tile)
        spilled = (2 * k_splits - 2) * m * n * ACCUMULATOR_BYTES
        whole = m_splits == 1 and k_splits == 1
        again = 1 if whole else n_splits
        options = {
            Order.WEIGHTS_STAY: again * m * k + k * n + m * n + spilled,
            Order.INPUTS_STAY: m * k + m_splits * k * n + m * n + spilled,
            Order.OUTPUTS_STAY: again * m * k + m_splits * k * n + m * n,
        }
        best = min(best, *(options[order] for order in orders), best)
    return best


@settings(max_examples=300, deadline=None)
@given(
    m=extent,
    k=extent,
    n=extent,
    capacity=st.integers(20, 6000),
    orders=st.sampled_from([tuple(Order), *((order,) for order in Order)]),
)
def test_the_search_is_within_five_percent_of_brute_force(
    m: int, k: int, n: int, capacity: int, orders: tuple[Order, ...]
) -> None:
    found = moved(search(m, k, n, capacity, orders), m, k, n)
    best = brute_force(m, k, n, capacity, orders)
    assert best * (1 - 1e-9) <= found <= best * 1.05


@settings(max_examples=100, deadline=None)
@given(m=extent, k=extent, n=extent, small=st.integers(1, 3000), more=st.integers(0, 3000))
def test_a_bigger_buffer_never_moves_more(m: int, k: int, n: int, small: int, more: int) -> None:
    assert moved(search(m, k, n, small + more), m, k, n) <= moved(search(m, k, n, small), m, k, n) * (
        1 + 1e-9
    )


def test_everything_crosses_once_where_it_fits() -> None:
    found = search(8, 8, 8, 10_000)
    assert (found.moving[0], found.stationary[0], found.result[0]) == (1, 1, 1)


def test_weights_that_stay_make_the_input_cross_once_per_column_tile() -> None:
    found = search(1000, 64, 64, 64 * 16 + 64 + 16 * 4, orders=(Order.WEIGHTS_STAY,))
    assert (found.moving[0], found.stationary[0], found.result[0]) == (4, 1, 1)


def test_shorter_pieces_than_a_burst_are_charged() -> None:
    found = search_reloads(bytes_each(100, 64, 64, 1e6, max_n=16, write_factor=4), (Order.WEIGHTS_STAY,))
    assert found.result[0] == 4
    assert found.stationary[0] == pytest.approx(1)


@settings(max_examples=200, deadline=None)
@given(
    m=extent,
    k=extent,
    n=extent,
    capacity=st.integers(20, 20_000),
    max_n=st.sampled_from([16.0, np.inf]),
    write_factor=st.sampled_from([1.0, 4.0]),
)
def test_what_need_not_be_searched_crosses_once(
    m: int, k: int, n: int, capacity: int, max_n: float, write_factor: float
) -> None:
    products = bytes_each(m, k, n, capacity, max_n=max_n, write_factor=write_factor)
    found = search_reloads(products, tuple(Order))
    once = (found.moving[0], found.stationary[0], found.result[0]) == (1, 1, 1)
    assert bool(products.cross_once()[0]) <= once
