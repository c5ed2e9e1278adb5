"""NPU: a matrix engine behind a buffer that DMA fills with tiles while the engine computes."""

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.placement import Placement
from hwmodels.row_rates import RowRates
from hwmodels.tiling import tiled_bytes
from hwmodels.traffic import LevelBytes


def level_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> LevelBytes:
    """Return the bytes across each port: tiles by DMA, weights in the chip's own code."""
    return tiled_bytes(ops, placement, chip, rates=rates, weight_bytes=weight_bytes)
