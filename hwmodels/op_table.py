"""The struct of arrays an analytic model reads: one row per op and binding, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from traces.formats import Format

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class OpClass(IntEnum):
    """What a chip's rate table distinguishes; the value is the code in `OpTable.op_class`."""

    DENSE = 0
    """Weight product with more than one row, or an ungrouped convolution."""
    DEPTHWISE = 1
    MATVEC = 2
    """Weight product with one row: weights are read for a single use."""
    ACTIVATION_PRODUCT = 3
    SOFTMAX = 4
    NORMALISATION = 5
    ELEMENTWISE = 6
    """Activation functions, sums, products, clips."""
    GATHER = 7
    """Embedding rows picked from a table; only the picked rows move."""
    LAYOUT = 8
    """Copies: transposes, pads, cache appends."""
    TRANSFORM = 9
    """The front end's Fourier transform."""
    POOLING = 10
    """The largest or the mean of each window; its steps are the elements it reads."""

    @property
    def label(self) -> str:
        """The name used in chip files: `dense`, `activation_product`, ..."""
        return self.name.lower()


PRODUCTS = (OpClass.DENSE, OpClass.DEPTHWISE, OpClass.MATVEC, OpClass.ACTIVATION_PRODUCT)
"""Classes whose work is counted in MACs; all others in elementary vector steps."""


@dataclass(frozen=True, slots=True)
class OpTable:
    """Ops with every symbol bound. All arrays have one entry per row; extents are floats so that they scale.

    Rows are unique: ops and bindings that agree in every column (the layers of a stack) share one row, so
    sums over a network are the caller's, and what an op must know of the whole is a column of its own.

    A convolution appears as `batch * groups` products: m output positions, k the window over one group's
    channels, n one group's output channels. For what is no product, m is the rows, n the row length, k is 1.
    Codes in `weight_format` and `activation_format` index `formats`; -1 means the op has no such operand. The
    second operand of an activation product is described by the weight columns' siblings `second_*`.
    Bytes are chip-independent: each operand once per use, as stored, with scales.
    """

    formats: tuple[Format, ...]
    phase_idx: Ints
    op_idx: Ints
    """Position of the op in its phase's graph."""
    op_class: Ints
    batch: Floats
    m: Floats
    m_inner: Floats
    """Positions of m along the innermost axis of a convolution's result; m of everything else."""
    k: Floats
    n: Floats
    kernel: Floats
    """Elements of one convolution window over space; 1 for products."""
    stride: Floats
    in_channels: Floats
    """Channels of one group; k for products."""
    weight_format: Ints
    """Of the weight, or of the second operand of an activation product."""
    activation_format: Ints
    weight_bytes: Floats
    input_bytes: Floats
    second_bytes: Floats
    """Second activation operand: keys, values, the other addend."""
    epilogue_bytes: Floats
    """What fused epilogues read besides the result, such as the residual."""
    output_bytes: Floats
    weight_elements: Floats
    weight_groups: Floats
    """Scales of the weight: one per group, channel or tensor; 0 for floats."""
    elements: Floats
    """Elements written."""
    element_steps: Floats
    """Elementary vector steps per op: elements times the passes its function takes, epilogues included."""
    function_steps: Floats
    """Those of a product's epilogues that an output stage which scales, adds and clamps does not do; adding
    tensors as large as the result is not among them."""
    copied_elements: Floats
    """Of an op that joins tensors, elements of those that cannot be written to their places in the result at
    once, since others read them too or no op writes them."""
    macs: Floats
    live_bytes: Floats
    """Activation bytes alive while the op runs, its own operands included; weights and caches are not."""
    network_weight_bytes: Floats
    """All the network's weights, packed, stored once: what must stay on chip for weights to be resident."""
    cache_bytes: Floats
    """Key-value caches of all decoder layers at full length: memory set aside for a whole utterance."""
    entering_bytes: Floats
    """Bytes of the moving operand that the caller hands over; part of `input_bytes`."""
    leaving_elements: Floats
    """Elements of results that leave the graph for the caller."""
    appended_to_cache: Bools
    """Whether the output goes into a cache, and so lives in the level that holds the caches."""
    second_from_cache: Bools
    """Whether the second operand comes from a cache."""
    convolution: Bools
    """Whether the op is a convolution, over windows of whatever size."""

    def among(self, classes: tuple[OpClass, ...]) -> Bools:
        """Return which rows are of one of some classes: (rows,)."""
        return _is_among(classes)[self.op_class]

    @property
    def n_rows(self) -> int:
        """How many rows the table has."""
        return len(self.op_class)

    @staticmethod
    def joined(tables: "Sequence[OpTable]") -> "OpTable":
        """Return several tables with the same formats as one, in the order given."""
        columns = {
            field.name: np.concatenate([getattr(table, field.name) for table in tables])
            for field in fields(OpTable)
            if field.name != "formats"
        }
        return OpTable(formats=tables[0].formats, **columns)

    def take(self, rows: Ints) -> "OpTable":
        """Return the table of some rows, in the order given."""
        columns = {
            field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "formats"
        }
        return OpTable(formats=self.formats, **columns)


@cache
def _is_among(classes: tuple[OpClass, ...]) -> Bools:
    """Return for every class whether it is one of some: (classes,)."""
    return np.isin(np.array(list(OpClass)), classes)
