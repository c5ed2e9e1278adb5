"""What a family's model answers: the bytes that cross each memory's port."""

from typing import Protocol

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.placement import Placement
from hwmodels.rates import RowRates


class Traffic(Protocol):
    """Bytes per level of every row; one function per chip family."""

    def __call__(
        self, ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
    ) -> Floats:
        """Return (rows, levels); `weight_bytes`: (rows,) as stored on the chip."""
        ...
