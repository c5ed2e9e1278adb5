"""The tile search: which tile sizes and loop order move the fewest bytes through one buffer.

A product cuts its extents into `m_splits`, `k_splits` and `n_splits` tiles; a stationary tile, one moving row
and the partial sums they make must fit the buffer together. For each loop order the best tile is either known
in closed form or lies on one axis, so each order lists few candidates and the cheapest of all wins:

- weights stay: the moving operand crosses `n_splits` times, so `n_tile` is as long as fits beside one row;
- inputs stay: the stationary operand crosses `m_splits` times, so `n_tile` is 1 (n, where short writes cost);
- outputs stay: both cross again, so `k_tile` is 1 and `n_splits` is searched.

Where k is split and outputs do not stay, partial sums leave and return. A bigger buffer only lowers the
splits of each candidate, so it never costs bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np

from hwmodels.chip import Order
from hwmodels.op_table import Bools, Floats, Ints

ACCUMULATOR_BYTES = 4.0
"""A partial sum is held as int32 or float32."""
K_SPLITS = np.array([*range(1, 11), 12, 16, 24, 32, 64, 256, 4096], dtype=float)
"""More splits spill more: beyond the fewest that fit, only few are ever worth it."""
N_SPLITS = np.unique(np.concatenate([np.arange(1, 25), np.round(24 * 1.08 ** np.arange(1, 60)), [1e5]]))
"""Every split to 24, then steps of 8 %: a product moves at most a few percent more between two of them."""
NEVER = 1e30
"""Times an operand crosses where nothing fits: finite, so that an operand of no bytes still counts none."""


@dataclass(frozen=True, slots=True)
class Reloads:
    """How often each operand of a product crosses a port, relative to once: (rows,)."""

    moving: Floats
    stationary: Floats
    result: Floats


@dataclass(frozen=True, slots=True)
class Products:
    """Products to search, each with the buffer before it: arrays that broadcast to one shape.

    `result_bytes` is 0 where the result does not cross. One product each; for a batch of them, bytes are
    those of one. Every quantity below has the shape that all of these broadcast to.
    """

    m: Floats
    k: Floats
    n: Floats
    moving_bytes: Floats
    stationary_bytes: Floats
    result_bytes: Floats
    capacity_bytes: Floats
    max_n: Floats
    partial_write_factor: Floats

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return self._shape()[0]

    def take(self, *where: Ints) -> "Products":
        """Return some products as arrays of one axis; `where` has indices for each axis there is."""
        shape = self._shape()
        return Products(*(np.broadcast_to(column, shape)[where] for column in self._columns()))

    def columns(self) -> Floats:
        """Return all fields of products along one axis, stacked: (fields, products)."""
        return np.stack(self._columns())

    def against_candidates(self) -> "Products":
        """Return products along one axis with another for candidates: (products, 1)."""
        return Products(*(column[:, None] for column in self._columns()))

    def cross_once(self) -> Bools:
        """Return where the whole product fits its buffer, so that no tiles move fewer bytes."""
        whole: Bools = self.n_tile(self.k, self.m) >= self.n
        return whole & (self.partial_write_factor >= 1)

    @property
    def per_moving(self) -> Floats:
        """Bytes per element of the moving operand."""
        return self.moving_bytes / (self.m * self.k)

    @property
    def per_stationary(self) -> Floats:
        """Bytes per element of the stationary operand."""
        return self.stationary_bytes / (self.k * self.n)

    @property
    def spill(self) -> Floats:
        """Bytes of a partial sum relative to those of a result."""
        return self.m * self.n * ACCUMULATOR_BYTES / np.maximum(self.result_bytes, 1.0)

    def k_tile(self) -> Floats:
        """Return the tile of each k split, and the longest that fits at all: (rows, len(K_SPLITS) + 1)."""
        longest = np.floor(
            (self.capacity_bytes - ACCUMULATOR_BYTES) / (self.per_moving + self.per_stationary)
        )
        return np.concatenate([np.ceil(self.k / K_SPLITS), np.clip(longest, 1.0, self.k)], axis=1)

    def m_tile(self, k_tile: Floats, n_tile: Floats) -> Floats:
        """Return the rows of the moving operand that fit beside a stationary tile; below 1 where none do."""
        room = self.capacity_bytes - k_tile * n_tile * self.per_stationary
        tile: Floats = np.floor(room / (k_tile * self.per_moving + n_tile * ACCUMULATOR_BYTES))
        return np.minimum(tile, self.m)

    def n_tile(self, k_tile: Floats, m_tile: Floats) -> Floats:
        """Return the stationary columns that fit beside `m_tile` rows; below 1 where none do."""
        room = self.capacity_bytes - k_tile * m_tile * self.per_moving
        tile: Floats = np.floor(room / (k_tile * self.per_stationary + m_tile * ACCUMULATOR_BYTES))
        return np.minimum(np.minimum(tile, self.n), self.max_n)

    def written(self, n_splits: Floats, k_splits: Floats) -> Floats:
        """Return how often results cross: short writes cost a burst, split k spills partial sums."""
        once = np.where(n_splits > 1, self.partial_write_factor, 1.0)
        return once + (2.0 * k_splits - 2.0) * self.spill

    def _columns(self) -> tuple[Floats, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    def _shape(self) -> tuple[int, ...]:
        return np.broadcast_shapes(*(column.shape for column in self._columns()))


_Times = tuple[Floats, Floats, Floats]
"""How often the moving operand, the stationary one and the result cross: (rows, candidates) each."""


def search_reloads(products: Products, orders: tuple[Order, ...]) -> Reloads:
    """Return how often operands cross under the tiles that move the fewest bytes.

    `products` along one axis. Where nothing fits the buffer, single elements cross as from registers.
    """
    shapes = products.against_candidates()
    candidates = [_ORDERS[order](shapes) for order in orders]
    candidates += [_all_rows_stay(shapes), _element_by_element(shapes)]
    times = [np.concatenate(each, axis=1) for each in zip(*candidates, strict=True)]
    sizes = (shapes.moving_bytes, shapes.stationary_bytes, shapes.result_bytes)
    total = sum(each * size for each, size in zip(times, sizes, strict=True))
    best = np.argmin(total, axis=1)
    moving, stationary, result = (each[np.arange(len(best)), best] for each in times)
    return Reloads(moving, stationary, result)


def _weights_stay(shapes: Products) -> _Times:
    """Return the longest column tile beside one row, for each k split."""
    k_tile = shapes.k_tile()
    n_tile = shapes.n_tile(k_tile, np.ones_like(k_tile))
    n_splits = np.ceil(shapes.n / np.maximum(n_tile, 1.0))
    written = shapes.written(n_splits, np.ceil(shapes.k / k_tile))
    return np.where(n_tile >= 1, n_splits, NEVER), np.ones_like(n_splits), written


def _inputs_stay(shapes: Products) -> _Times:
    """Return the most rows beside one column, and beside all columns, for each k split."""
    k_tile = np.concatenate([shapes.k_tile()] * 2, axis=1)
    ones = np.ones_like(shapes.k_tile())
    n_tile = np.concatenate([ones, np.minimum(shapes.n, shapes.max_n) * ones], axis=1)
    m_tile = shapes.m_tile(k_tile, n_tile)
    m_splits = np.ceil(shapes.m / np.maximum(m_tile, 1.0))
    written = shapes.written(np.ceil(shapes.n / n_tile), np.ceil(shapes.k / k_tile))
    return np.ones_like(m_splits), np.where(m_tile >= 1, m_splits, NEVER), written


def _outputs_stay(shapes: Products) -> _Times:
    """Every n split with the most rows beside it; k runs innermost, one element at a time."""
    n_tile = np.minimum(np.ceil(shapes.n / N_SPLITS), shapes.max_n)
    m_tile = shapes.m_tile(np.ones_like(n_tile), n_tile)
    n_splits = np.ceil(shapes.n / n_tile)
    m_splits = np.ceil(shapes.m / np.maximum(m_tile, 1.0))
    return (
        np.where(m_tile >= 1, n_splits, NEVER),
        m_splits,
        shapes.written(n_splits, np.ones_like(n_splits)),
    )


def _all_rows_stay(shapes: Products) -> _Times:
    """Return the longest column tile beside the whole moving operand: both cross once."""
    n_tile = shapes.n_tile(shapes.k, shapes.m)
    written = shapes.written(np.ceil(shapes.n / np.maximum(n_tile, 1.0)), np.ones_like(n_tile))
    return np.where(n_tile >= 1, 1.0, NEVER), np.ones_like(n_tile), written


def _element_by_element(shapes: Products) -> _Times:
    return shapes.n, shapes.m, shapes.partial_write_factor


_ORDERS: Mapping[Order, Callable[[Products], _Times]] = {
    Order.WEIGHTS_STAY: _weights_stay,
    Order.INPUTS_STAY: _inputs_stay,
    Order.OUTPUTS_STAY: _outputs_stay,
}
