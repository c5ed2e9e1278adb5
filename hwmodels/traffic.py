"""What a family's model answers: the bytes that cross each memory's port."""

from typing import Protocol

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.placement import Placement
from hwmodels.row_rates import RowRates

LevelBytes = tuple[Floats, ...]
"""Bytes across the port of each level, nearest first: (chips, rows) each; one chip where they do not vary."""


class Traffic(Protocol):
    """Bytes per level of every row; one function per chip family."""

    def __call__(
        self, ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
    ) -> LevelBytes:
        """Return the bytes by level; `weight_bytes`: (chips, rows) as stored on the chips."""
        ...
