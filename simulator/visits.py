"""Which rows of a table a graph runs, and how often."""

from dataclasses import dataclass

import numpy as np

from hwmodels.op_table import Floats, Ints


@dataclass(frozen=True, slots=True)
class Visits:
    """Which distinct rows a graph runs at each point, and how often: (visits,), point by point."""

    row_idx: Ints
    times: Floats
    first: Ints
    """Index of each point's first visit: (points,)."""

    @staticmethod
    def of(row_of: Ints) -> "Visits":
        """Return the visits of ops whose rows are known: `row_of` (ops, points)."""
        n_rows, n_points = int(row_of.max(initial=0)) + 1, row_of.shape[1]
        key, times = np.unique(row_of + n_rows * np.arange(n_points), return_counts=True)
        first = np.searchsorted(key, n_rows * np.arange(n_points))
        return Visits(key % n_rows, times.astype(np.float64), first)

    def per_point(self, values: Floats) -> Floats:
        """Return the sum, over all that runs, of a quantity known per row: (..., rows) -> (..., points)."""
        each = np.take(values, self.row_idx, axis=-1)
        summed: Floats = np.add.reduceat(each * self.times, self.first, axis=-1)
        return summed
