"""Results that a compiler does not cut to tiles: every pass over some of their rows moves them whole."""

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.quantity import NOMINAL, nominal
from hwmodels.row_rates import RowRates


def spill_level(chip: Chip) -> int:
    """Return the index of the level that results spill to: the farthest that may hold activations."""
    return max(idx for idx, level in enumerate(chip.levels) if "activations" in level.holds)


def spilled_bytes(ops: OpTable, chip: Chip, rates: RowRates) -> Floats:
    """Return the bytes that results not cut to tiles move through `spill_level`: (3, chips, rows).

    One batch member's result spills where it and what is made of it, as large, exceed the nearest level that
    holds activations. Its rows are then made `rates.rows_per_pass` at a time, and each pass moves it whole.
    """
    nearest = next(level for level in chip.levels if "activations" in level.holds)
    result_bytes = ops.output_bytes / np.maximum(ops.batch, 1.0)
    spills = np.isfinite(rates.rows_per_pass[NOMINAL]) & (2.0 * result_bytes > nominal(nearest.size_bytes))
    passes = np.maximum(ops.m / rates.rows_per_pass, 1.0)
    moved: Floats = np.where(spills, passes * ops.output_bytes, 0.0)
    return moved
