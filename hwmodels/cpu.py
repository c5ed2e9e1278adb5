"""CPU: cores behind caches; blocked kernels cut tiles to fit the caches, hardware moves them."""

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.placement import Placement
from hwmodels.rates import RowRates
from hwmodels.tiling import tiled_bytes


def level_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> Floats:
    """Return the bytes across each port, (rows, levels): a cache is a buffer that tiles are cut to fit."""
    return tiled_bytes(ops, placement, chip, rates=rates, weight_bytes=weight_bytes)
