"""CPU: cores behind caches; blocked kernels cut tiles to fit the caches, hardware moves whole lines."""

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.placement import Placement
from hwmodels.rates import RowRates
from hwmodels.tiling import tiled_bytes


def level_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> Floats:
    """Return the bytes across each port, (rows, levels).

    A cache is a buffer that tiles are cut to fit. A line that is written is read first (write-allocate), so
    results cross the ports of the memories behind the first cache twice.
    """
    crossing = tiled_bytes(ops, placement, chip, rates=rates, weight_bytes=weight_bytes)
    behind = placement.output_level[:, None] >= np.arange(1, len(chip.levels))
    crossing[:, 1:] += np.where(behind, ops.output_bytes[:, None], 0.0)
    return crossing
