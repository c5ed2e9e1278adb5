"""What narrow weights and format changes cost beside the product itself."""

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpClass, OpTable
from hwmodels.quantity import corners
from hwmodels.rates import RowRates, pace_hz
from hwmodels.utilisation import is_product


def stored_weight_bytes(ops: OpTable, rates: RowRates) -> Floats:
    """Return each row's weight bytes as stored on these chips: (chips, rows).

    The payload `elements * bits / 8` is replaced by what the chip's codec or its wider storage makes of it;
    scales, zero points and biases stay. A look-up reads only rows as stored by the graph.
    """
    bits = np.array([float(fmt.bits) for fmt in ops.formats] + [0.0])[ops.weight_format]
    payload = ops.weight_elements * bits / 8
    kept = np.isnan(rates.stored_bytes_per_weight) | (ops.op_class == OpClass.GATHER)
    replaced = ops.weight_elements * np.where(kept, 0.0, rates.stored_bytes_per_weight)
    return np.where(kept, ops.weight_bytes, np.maximum(ops.weight_bytes - payload, 0.0) + replaced)


def unpack_s(ops: OpTable, rates: RowRates, chip: Chip) -> Floats:
    """Return the seconds spent beside the product: (3, chips, rows).

    Widening packed weights (each once per use of the op), scaling and adding partial sums (one multiply-add
    per result and group of k), converting activations before and results after a cast op, and adding other
    tensors to a product's result where that is a pass of its own.
    """
    widening = ops.weight_elements / rates.weights_per_s
    return (
        widening + _partial_sums_s(ops, rates, chip) + _cast_s(ops, rates, chip) + _sums_s(ops, rates, chip)
    )


def _partial_sums_s(ops: OpTable, rates: RowRates, chip: Chip) -> Floats:
    if chip.unpacking is None or not rates.partial_sums.any():
        return np.zeros((3, 1, ops.n_rows))
    channels = np.maximum(ops.weight_elements / np.maximum(ops.k, 1.0), 1.0)
    groups = np.maximum(ops.weight_groups / channels, 1.0)
    sums = np.where(rates.partial_sums, ops.batch * ops.m * ops.n * groups, 0.0)
    per_s = corners(chip.unpacking.partial_sums_per_cycle, more_is_faster=True) * pace_hz(
        chip.unit(chip.unpacking.unit)
    )
    return sums / per_s


def _cast_s(ops: OpTable, rates: RowRates, chip: Chip) -> Floats:
    if not rates.cast.any():
        return np.zeros((3, 1, ops.n_rows))
    per_s = _elementwise_per_s(chip)
    read = ops.batch * ops.m * np.maximum(ops.in_channels * ops.stride, 1.0)
    converted = np.where(rates.cast, read + ops.elements, 0.0)
    return converted / per_s


def _sums_s(ops: OpTable, rates: RowRates, chip: Chip) -> Floats:
    if chip.tiling.fuses_sums or not ops.epilogue_bytes.any():
        return np.zeros((3, 1, ops.n_rows))
    # What is as large as the result is an addend; biases are smaller and fuse.
    operands = np.floor(ops.epilogue_bytes / np.maximum(ops.output_bytes, 1.0))
    added = np.where(is_product(ops) & ~rates.on_host, operands * ops.elements, 0.0)
    return added / _elementwise_per_s(chip)


def _elementwise_per_s(chip: Chip) -> Floats:
    """Return the steps per second of the chip's first rate for elementwise work: (3, chips, 1)."""
    rate = next(rate for rate in chip.rates if OpClass.ELEMENTWISE in rate.ops)
    return corners(rate.per_cycle, more_is_faster=True) * pace_hz(chip.unit(rate.unit))
