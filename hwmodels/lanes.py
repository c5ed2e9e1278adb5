"""What a unit does at once along each extent: the shape of its array."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hwmodels.op_table import Bools, Floats, Ints
from hwmodels.quantity import NOMINAL, Quantity, Varied, corner_table

EXTENTS = ("batch", "m", "k", "n")
"""The lanes that can be chosen, as axes of a sweep too; their product is the size of the array."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """What a unit does at once along each extent: extents are rounded up to multiples of these."""

    batch: int | Varied = 1
    m: int | Varied = 1
    k: int | Varied = 1
    n: int | Varied = 1
    m_inner: int = 0
    """How many of `m` positions lie along the innermost axis; 0 where any `m` of them make a block."""
    flat: bool = False
    """Whether a result of one row, which `m_inner` would fill in part, is cut along m as a whole."""
    window: int = 1
    """Elements of a convolution's window taken at once, where the unit walks windows first."""
    deep: int = 1
    """Channels taken at once where it walks channels first, one element of the window after another."""
    chosen: tuple[str, ...] = ()
    """Which of `EXTENTS` were chosen, not said by a chip file."""

    def reshaped(self, extents: Mapping[str, int | Varied]) -> "Lanes":
        """Return the lanes with some of `EXTENTS` replaced."""
        batch, m, k, n = (extents.get(name, getattr(self, name)) for name in EXTENTS)
        chosen = tuple(name for name in EXTENTS if name in extents or name in self.chosen)
        return replace(self, batch=batch, m=m, k=k, n=n, chosen=chosen)

    def extents(self) -> Floats:
        """Return `EXTENTS` as numbers: (chips, 4), of one chip where none is varied."""
        return lane_table(tuple(getattr(self, name) for name in EXTENTS))

    def size(self) -> Floats:
        """Return the MACs an array of this shape does at once, one for each of its places: (chips,)."""
        size: Floats = self.extents().prod(axis=1)
        return size

    def most_at_once(self) -> Floats:
        """Return the MACs of one block of results by all it takes at once of their sums: (chips,)."""
        batch, m, k, n = self.extents().T
        most: Floats = batch * m * n * np.maximum(k * self.window, self.deep)
        return most


def lane_table(lanes: tuple[int | Varied, ...]) -> Floats:
    """Return some lanes as numbers: (chips, lanes), of one chip where none is varied."""
    numbers = (
        each if isinstance(each, Varied) else Quantity.exact(each, "derived", "a shape") for each in lanes
    )
    table: Floats = corner_table(tuple(numbers), more_is_faster=True)[NOMINAL]
    return table


@dataclass(frozen=True, slots=True)
class RowLanes:
    """The lanes each row of a table is done on: (chips, rows) for `EXTENTS`, (rows,) for all others."""

    batch: Floats
    m: Floats
    k: Floats
    n: Floats
    m_inner: Floats
    """0 where blocks are cut along m as a whole."""
    flat: Bools
    window: Floats
    deep: Floats


def row_lanes(lanes: tuple[Lanes, ...], rows: Ints) -> RowLanes:
    """Return as columns the lanes that `rows` picks: (rows,) indices into `lanes`."""

    def extent(name: str) -> Floats:
        return lane_table(tuple(getattr(each, name) for each in lanes))[:, rows]

    def count(name: str) -> Floats:
        return np.array([getattr(each, name) for each in lanes], dtype=np.float64)[rows]

    return RowLanes(
        **{name: extent(name) for name in EXTENTS},
        flat=np.array([each.flat for each in lanes], dtype=np.bool_)[rows],
        m_inner=count("m_inner"),
        window=count("window"),
        deep=count("deep"),
    )
