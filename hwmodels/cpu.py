"""CPU: cores behind caches; blocked kernels cut tiles to fit the caches, hardware moves whole lines."""

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.placement import Placement
from hwmodels.row_rates import RowRates
from hwmodels.tiling import tiled_bytes
from hwmodels.traffic import LevelBytes


def level_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> LevelBytes:
    """Return the bytes across each port.

    A cache is a buffer that tiles are cut to fit. A line that is written is read first (write-allocate), so
    results cross the ports of the memories behind the first cache twice.
    """
    first, *behind = tiled_bytes(ops, placement, chip, rates=rates, weight_bytes=weight_bytes)
    return first, *(
        crossing + np.where(placement.output_level >= idx, ops.output_bytes, 0.0)
        for idx, crossing in enumerate(behind, start=1)
    )
