"""MCU: an in-order core that reads every operand in place, from SRAM or straight from flash."""

import numpy as np

from hwmodels.chip import Chip, Level
from hwmodels.op_table import Floats, OpClass, OpTable
from hwmodels.placement import Placement
from hwmodels.quantity import NOMINAL, nominal
from hwmodels.row_rates import RowRates
from hwmodels.traffic import LevelBytes
from hwmodels.unpack import touched_weights
from hwmodels.utilisation import is_product


def level_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> LevelBytes:
    """Return the bytes across each port.

    There is no buffer to tile for, only registers: a kernel that computes `lanes.m` by `lanes.n` results at
    once reads each moving element once per `lanes.n` results and each stationary one once per `lanes.m`, from
    the memory it lives in. Weights that software widens are read once, and used from the nearest memory.

    So is what a cache of the memory it lives in keeps from use to use: `lanes.n` rows of a product's weights,
    which walk all rows of the input, but all weights of a convolution whose windows are copied one by one.
    """
    product = is_product(ops)
    widened = np.isfinite(rates.weights_per_s[NOMINAL])
    activation_product = ops.op_class == OpClass.ACTIVATION_PRODUCT
    once = np.where(activation_product, ops.second_bytes, weight_bytes)
    moving = np.where(product, ops.input_bytes * np.ceil(ops.n / rates.lanes.n), ops.input_bytes)
    kept = once * np.where(ops.kernel > 1, 1.0, np.minimum(rates.lanes.n / np.maximum(ops.n, 1.0), 1.0))
    uses = np.where(product, np.ceil(ops.m / rates.lanes.m), 1.0)
    moving = np.where(ops.op_class == OpClass.DEPTHWISE, ops.input_bytes * ops.kernel / ops.stride, moving)

    def crossing(idx: int, level: Level) -> Floats:
        cached = False if level.cache_bytes is None else kept <= nominal(level.cache_bytes)
        stationary = once * np.where(widened | cached, 1.0, uses)
        homes = (
            (placement.activation_level, moving + ops.epilogue_bytes),
            (placement.second_level, np.where(activation_product, stationary, ops.second_bytes)),
            (placement.weight_level, np.where(activation_product, weight_bytes, stationary)),
            (placement.output_level, ops.output_bytes),
        )
        return sum((np.where(home == idx, size_bytes, 0.0) for home, size_bytes in homes), np.zeros((1, 1)))

    nearest, *others = (crossing(idx, level) for idx, level in enumerate(chip.levels))
    return nearest + np.where(widened, touched_weights(ops) * rates.weight_bytes * uses, 0.0), *others
