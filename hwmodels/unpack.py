"""What narrow weights and format changes cost beside the product itself."""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpClass, OpTable
from hwmodels.quantity import NOMINAL, corners
from hwmodels.row_rates import RowRates
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


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What is done beside each row's own work, in elements: (rows,)."""

    widened: Floats
    """Packed weights that software widens, each once per use of the op."""
    partial_sums: Floats
    """One multiply-add per result and group of k, where weights have several scales per output channel."""
    converted: Floats
    """Activations before and results after an op in another format."""
    added: Floats
    """Elements of other tensors that a pass of its own adds to a product's result."""

    applied: Floats
    """Steps of functions that passes of their own apply to a product's result."""

    @property
    def steps(self) -> Floats:
        """Elementary vector steps of all that: (rows,)."""
        return self.widened + self.partial_sums + self.converted + self.added + self.applied


def unpacked(ops: OpTable, rates: RowRates, chip: Chip) -> Unpacked:
    """Return what the chip does beside each row's own work."""
    return Unpacked(
        widened=np.where(np.isfinite(rates.weights_per_s[NOMINAL, 0]), touched_weights(ops), 0.0),
        partial_sums=_partial_sums(ops, rates, chip),
        converted=_converted(ops, rates),
        added=_added(ops, rates, chip),
        applied=np.where(rates.on_host | chip.tiling.fuses_functions, 0.0, ops.function_steps),
    )


def unpack_s(ops: OpTable, rates: RowRates, chip: Chip) -> Floats:
    """Return the seconds that all of `unpacked` takes: (3, chips, rows)."""
    found = unpacked(ops, rates, chip)
    seconds = found.widened / rates.weights_per_s
    if chip.unpacking is not None and found.partial_sums.any():
        pace = chip.unit(chip.unpacking.unit).pace_hz()
        per_s = corners(chip.unpacking.partial_sums_per_cycle, more_is_faster=True) * pace
        seconds = seconds + found.partial_sums / per_s
    elementwise = found.converted + found.added + found.applied
    return seconds + elementwise / _elementwise_per_s(chip) if elementwise.any() else seconds


def touched_weights(ops: OpTable) -> Floats:
    """Return the weights each row uses, of a look-up only those in the rows it picks: (rows,)."""
    picked = np.minimum(ops.weight_elements, ops.elements)
    touched: Floats = np.where(ops.op_class == OpClass.GATHER, picked, ops.weight_elements)
    return touched


def _partial_sums(ops: OpTable, rates: RowRates, chip: Chip) -> Floats:
    if chip.unpacking is None or not rates.partial_sums.any():
        return np.zeros(ops.n_rows)
    channels = np.maximum(ops.weight_elements / np.maximum(ops.k, 1.0), 1.0)
    groups = np.maximum(ops.weight_groups / channels, 1.0)
    sums: Floats = np.where(rates.partial_sums & is_product(ops), ops.batch * ops.m * ops.n * groups, 0.0)
    return sums


def _converted(ops: OpTable, rates: RowRates) -> Floats:
    read = ops.batch * ops.m * np.maximum(ops.in_channels * ops.stride, 1.0)
    converted: Floats = np.where(rates.cast, read + ops.elements, 0.0)
    return converted


def _added(ops: OpTable, rates: RowRates, chip: Chip) -> Floats:
    if chip.tiling.fuses_sums:
        return np.zeros(ops.n_rows)
    # What is as large as the result is an addend; biases are smaller and fuse.
    operands = np.floor(ops.epilogue_bytes / np.maximum(ops.output_bytes, 1.0))
    added: Floats = np.where(is_product(ops) & ~rates.on_host, operands * ops.elements, 0.0)
    return added


def _elementwise_per_s(chip: Chip) -> Floats:
    """Return the steps per second of the chip's first rate for elementwise work: (3, chips, 1)."""
    rate = next(rate for rate in chip.rates if OpClass.ELEMENTWISE in rate.ops)
    return corners(rate.per_cycle, more_is_faster=True) * chip.unit(rate.unit).pace_hz()
