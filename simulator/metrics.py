"""Chip-independent costs: MACs, BOPs in both forms, memory I/O, packed bytes. One home per formula."""

from dataclasses import dataclass

import numpy as np

from hwmodels.op_table import Floats, OpTable
from traces.graph import Role
from traces.workload import Phase, Workload


def bops(macs: Floats, weight_bits: Floats, *, activation_bits: Floats) -> Floats:
    """Return bit operations without accumulator: `macs * w * a`, (rows,) as all three.

    For products of two activations both widths are the operands' own; a float counts as its width.
    """
    return macs * weight_bits * activation_bits


def bops_with_accumulator(macs: Floats, weight_bits: Floats, *, activation_bits: Floats, k: Floats) -> Floats:
    """Return bit operations with accumulator: `macs * (a*w + a + w + log2(k))`.

    `k` is the length of the dot product. Baskin et al., "UNIQ", section on complexity (arXiv 1804.10969).
    """
    accumulate = activation_bits + weight_bits + np.log2(np.maximum(k, 1.0))
    return macs * (activation_bits * weight_bits + accumulate)


@dataclass(frozen=True, slots=True)
class Counts:
    """Chip-independent counts per row of an `OpTable`, or summed."""

    macs: Floats
    bops: Floats
    bops_with_accumulator: Floats
    weight_io_bytes: Floats
    kv_io_bytes: Floats
    """Reads of cached keys and values, and the writes that extend them."""
    activation_io_bytes: Floats

    @property
    def memory_io_bytes(self) -> Floats:
        """Everything moved: each operand once per use, at its stored width with scales and zero points."""
        return self.weight_io_bytes + self.kv_io_bytes + self.activation_io_bytes


def count(ops: OpTable) -> Counts:
    """Return the counts of each row: arrays of shape (rows,)."""
    bits = np.array([float(fmt.bits) for fmt in ops.formats] + [0.0])  # code -1 picks the trailing 0
    weight_bits, activation_bits = bits[ops.weight_format], bits[ops.activation_format]
    cached_read = np.where(ops.second_from_cache, ops.second_bytes, 0.0)
    cached_write = np.where(ops.appended_to_cache, ops.output_bytes, 0.0)
    moved = ops.input_bytes + ops.second_bytes + ops.epilogue_bytes + ops.output_bytes
    return Counts(
        macs=ops.macs,
        bops=bops(ops.macs, weight_bits, activation_bits=activation_bits),
        bops_with_accumulator=bops_with_accumulator(
            ops.macs, weight_bits, activation_bits=activation_bits, k=ops.k
        ),
        weight_io_bytes=ops.weight_bytes,
        kv_io_bytes=cached_read + cached_write,
        activation_io_bytes=moved - cached_read - cached_write,
    )


def packed_bytes(workload: Workload) -> float:
    """Return what a packed checkpoint of the network occupies: every weight and constant once, as stored."""
    return sum(packed_tensors(workload).values())


def packed_tensors(workload: Workload) -> dict[str, float]:
    """Return the bytes of every tensor of a packed checkpoint, by name.

    Tables that are computed are in no checkpoint and are not counted: the front end's, and those as long as
    the audio (rotary angles).
    """
    stored = {
        tensor.name: tensor
        for graph in workload.graphs
        if graph.phase != Phase.FRONTEND
        for tensor in graph.tensors
        if tensor.role in (Role.WEIGHT, Role.CONSTANT) and tensor.elements.constant is not None
    }
    return {
        name: float(tensor.format.stored_bytes(tensor.rows.at({}), tensor.row_length.at({})))
        for name, tensor in stored.items()
    }
