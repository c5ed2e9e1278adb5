"""DSP: a VLIW vector core with tightly coupled memory that DMA fills with tiles, and maybe a matrix unit."""

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.placement import Placement
from hwmodels.quantity import NOMINAL
from hwmodels.row_rates import RowRates
from hwmodels.tiling import tiled_bytes
from hwmodels.traffic import LevelBytes
from hwmodels.unpack import touched_weights


def level_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> LevelBytes:
    """Return the bytes across each port.

    Weights that software widens are written back to the nearest memory before the product reads them.
    """
    nearest, *others = tiled_bytes(ops, placement, chip, rates=rates, weight_bytes=weight_bytes)
    widened = np.where(
        np.isfinite(rates.weights_per_s[NOMINAL]), touched_weights(ops) * rates.weight_bytes, 0.0
    )
    return nearest + widened, *others
