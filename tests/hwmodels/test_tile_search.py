"""The tile search against brute force over every tile size."""

from itertools import product
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwmodels.chip import Order
from hwmodels.tile_search import ACCUMULATOR_BYTES, Reloads, search_reloads

extent = st.integers(1, 40)


def search(m: int, k: int, n: int, capacity: float, orders: tuple[Order, ...] = tuple(Order)) -> Reloads:
    one = np.ones(1)
    return search_reloads(
        m=m * one, k=k * one, n=n * one, moving_bytes=m * k * one, stationary_bytes=k * n * one,
        result_bytes=m * n * one, capacity_bytes=capacity, orders=orders, max_n=np.inf,
        partial_write_factor=1.0,
    )  # fmt: skip


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
    one = np.ones(1)
    found = search_reloads(
        m=100 * one, k=64 * one, n=64 * one, moving_bytes=6400 * one, stationary_bytes=4096 * one,
        result_bytes=6400 * one, capacity_bytes=1e6, orders=(Order.WEIGHTS_STAY,), max_n=16,
        partial_write_factor=4,
    )  # fmt: skip
    assert found.result[0] == 4
    assert found.stationary[0] == pytest.approx(1)
