"""MCU: an in-order core that reads every operand in place, from SRAM or straight from flash."""

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpClass, OpTable
from hwmodels.placement import Placement
from hwmodels.rates import RowRates
from hwmodels.utilisation import is_product


def level_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> Floats:
    """Return the bytes across each port, (rows, levels).

    There is no buffer to tile for, only registers: a kernel that computes `lanes.m` by `lanes.n` results at
    once reads each moving element once per `lanes.n` results and each stationary one once per `lanes.m`, from
    the memory it lives in.
    """
    product = is_product(ops)
    activation_product = ops.op_class == OpClass.ACTIVATION_PRODUCT
    stationary_once = np.where(activation_product, ops.second_bytes, weight_bytes)
    moving = np.where(product, ops.input_bytes * np.ceil(ops.n / rates.lanes_n), ops.input_bytes)
    stationary = np.where(product, stationary_once * np.ceil(ops.m / rates.lanes_m), stationary_once)
    moving = np.where(ops.op_class == OpClass.DEPTHWISE, ops.input_bytes * ops.kernel / ops.stride, moving)
    second = np.where(activation_product, stationary, ops.second_bytes)
    crossing = np.zeros((ops.n_rows, len(chip.levels)))
    rows = np.arange(ops.n_rows)
    for level, size_bytes in (
        (placement.activation_level, moving + ops.epilogue_bytes),
        (placement.second_level, second),
        (placement.weight_level, np.where(activation_product, weight_bytes, stationary)),
        (placement.output_level, ops.output_bytes),
    ):
        np.add.at(crossing, (rows, level), size_bytes)
    return crossing
