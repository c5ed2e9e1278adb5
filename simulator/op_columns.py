"""What an op is in numbers: the columns of `OpTable` with every symbol bound."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from hwmodels.op_table import Floats, Ints, OpClass
from simulator.epilogues import function_steps
from simulator.vector_steps import POOLINGS, steps
from traces.counts import macs
from traces.dims import Dim
from traces.formats import Format
from traces.graph import Convolution, Graph, Op, OpKind, Product, Role, Rows, Tensor, tensors_read

Points = Mapping[str, Ints]
"""Values of each symbol, arrays of one shape (points,); empty for a graph without symbols."""


class OpColumns:
    """Evaluates extents at the points, each distinct expression once."""

    def __init__(self, graph: Graph, points: Points, n_points: int, codes: Mapping[Format, int]) -> None:
        self._tensors = graph.tensor_table()
        self._inputs, self._outputs = frozenset(graph.inputs), frozenset(graph.outputs)
        self._constants = frozenset(
            tensor.name for tensor in graph.tensors if tensor.role in (Role.WEIGHT, Role.CONSTANT)
        )
        self._uses = Counter(name for op in graph.ops for name in tensors_read(op))
        self._uses.update((*graph.outputs, *graph.inputs))
        self._points = points
        self._n_points = n_points
        self._codes = codes
        self._values: dict[Dim, Floats] = {}
        self._sizes: dict[tuple[Dim, Dim, Format], Floats] = {}

    def value(self, dim: Dim) -> Floats:
        """Return an extent at every point: (points,)."""
        if dim not in self._values:
            self._values[dim] = np.broadcast_to(dim.at(self._points).astype(np.float64), (self._n_points,))
        return self._values[dim]

    def size_bytes(self, tensor: Tensor) -> Floats:
        """Return a tensor's stored bytes at every point, none for a partial sum: (points,)."""
        if tensor.role is Role.PARTIAL:
            return np.zeros(self._n_points)
        key = (tensor.rows, tensor.row_length, tensor.format)
        if key not in self._sizes:
            self._sizes[key] = tensor.format.stored_bytes(self.value(key[0]), self.value(key[1]))
        return self._sizes[key]

    def row(self, op: Op) -> dict[str, Floats | float]:
        """Return the columns of one op that are not zero: (points,), or one number for all points."""
        operands = [self._tensors[operand.tensor] for operand in op.reads]
        extents = self._extents(op)
        written = [self._tensors[name] for name in op.writes]
        elements, output_bytes = self._written(op, written, extents)
        row: dict[str, Floats | float] = {
            **extents,
            **self._operands(op, operands, extents),
            "op_class": _op_class(op, extents),
            "convolution": float(op.kind is OpKind.CONVOLUTION),
            "macs": self.value(macs(op)),
            "elements": elements,
            "element_steps": self._own_steps(op) + self._epilogue_steps(op, elements),
            "function_steps": self._function_steps(op, elements),
            "copied_elements": self._copied_elements(op),
            "output_bytes": output_bytes,
            "leaving_elements": sum(
                (self.value(tensor.elements) for tensor in written if tensor.name in self._outputs),
                np.zeros(self._n_points),
            ),
            "appended_to_cache": float(any(tensor.role is Role.KV for tensor in written)),
            "epilogue_bytes": sum(
                (self.size_bytes(self._tensors[e.operand]) for e in op.epilogues if e.operand is not None),
                np.zeros(self._n_points),
            ),
        }
        return row

    def _written(
        self, op: Op, written: list[Tensor], extents: Mapping[str, Floats | float]
    ) -> tuple[Floats, Floats]:
        """Return the elements and bytes written; appending to a cache writes the new rows alone."""
        if op.kind is OpKind.CACHE_APPEND:
            rows, row_length = np.asarray(extents["m"]), np.asarray(extents["n"])
            return rows * row_length, written[0].format.stored_bytes(rows, row_length)
        none = np.zeros(self._n_points)
        elements = sum((self.value(tensor.elements) for tensor in written), none)
        return elements, sum((self.size_bytes(tensor) for tensor in written), none)

    def _extents(self, op: Op) -> dict[str, Floats | float]:
        match op.extents:
            case Product(batch, m, k, n):
                row = {"batch": batch, "m": m, "m_inner": m, "k": k, "n": n}
                return {**{name: self.value(dim) for name, dim in row.items()}, "kernel": 1.0, "stride": 1.0,
                        "in_channels": self.value(k)}  # fmt: skip
            case Convolution() as conv:
                window = float(np.prod(conv.kernel))
                in_channels = conv.in_channels / conv.groups
                positions = np.prod([self.value(size) for size in conv.out_size], axis=0)
                return {
                    "batch": self.value(conv.batch) * conv.groups,
                    "m": positions,
                    "m_inner": self.value(conv.out_size[-1]),
                    "k": in_channels * window,
                    "n": conv.out_channels / conv.groups,
                    "kernel": window,
                    "stride": float(np.prod(conv.stride)),
                    "in_channels": in_channels,
                }
            case Rows(rows, row_length):
                walked = self.value(rows)
                return {"batch": 1.0, "m": walked, "m_inner": walked, "k": 1.0, "n": self.value(row_length),
                        "kernel": 1.0, "stride": 1.0, "in_channels": 1.0}  # fmt: skip

    def _operands(
        self, op: Op, operands: list[Tensor], extents: Mapping[str, Floats | float]
    ) -> dict[str, Floats | float]:
        """Return the bytes and formats of what the op reads, by what each operand is to it."""
        row: dict[str, Floats | float] = {"weight_format": -1.0, "activation_format": -1.0}
        moving, second, weights = np.zeros(self._n_points), np.zeros(self._n_points), np.zeros(self._n_points)
        for position, (operand, tensor) in enumerate(zip(op.reads, operands, strict=True)):
            # A look-up moves only the rows it picks.
            picked = op.kind is OpKind.GATHER
            size_bytes = (
                tensor.format.stored_bytes(extents["m"], extents["n"]) if picked else self.size_bytes(tensor)
            )
            is_weight = tensor.role is Role.WEIGHT or (tensor.role is Role.CONSTANT and op.kind in WEIGHTED)
            if is_weight:
                row |= {"weight_format": float(self._codes[operand.format])}
                row |= {"weight_elements": self.value(tensor.elements), "weight_groups": self._groups(tensor)}
                weights = weights + size_bytes
            elif tensor.role is Role.CONSTANT:
                weights = weights + size_bytes
            elif position == 0:
                moving = moving + size_bytes
                row |= {"activation_format": float(self._codes[operand.format])}
                if tensor.name in self._inputs and tensor.role is Role.ACTIVATION:
                    row |= {"entering_bytes": size_bytes}
            else:
                second = second + size_bytes
                row |= {"second_from_cache": float(tensor.role is Role.KV)}
                if op.kind is OpKind.ACTIVATION_PRODUCT:
                    row |= {"weight_format": float(self._codes[operand.format])}
        return row | {"input_bytes": moving, "second_bytes": second, "weight_bytes": weights}

    def _groups(self, tensor: Tensor) -> Floats:
        fmt = tensor.format
        if fmt.is_float:
            return np.zeros(self._n_points)
        payload = fmt.bits * self.value(tensor.elements)
        scale_bits = fmt.stored_bits(1, 1) - fmt.bits
        rows, row_length = self.value(tensor.rows), self.value(tensor.row_length)
        groups: Floats = (fmt.stored_bits(rows, row_length) - payload) / scale_bits
        return groups

    def _own_steps(self, op: Op) -> Floats:
        if op.kind not in _VECTOR_KINDS or not isinstance(op.extents, Rows):
            return np.zeros(self._n_points)
        walked = self.value(op.extents.rows) * self.value(op.extents.row_length)
        if op.function in POOLINGS:
            walked = np.maximum(walked, self.value(self._tensors[op.reads[0].tensor].elements))
        return walked * steps(op.function, op=op)

    @staticmethod
    def _epilogue_steps(op: Op, elements: Floats) -> Floats:
        return elements * sum(steps(epilogue.function, op=op) for epilogue in op.epilogues)

    def _function_steps(self, op: Op, elements: Floats) -> Floats:
        if isinstance(op.extents, Rows):
            return np.zeros(self._n_points)
        operands = {epilogue.operand for epilogue in op.epilogues if epilogue.operand is not None}
        as_large = {name for name in operands if np.all(self.value(self._tensors[name].elements) >= elements)}
        return elements * function_steps(op, constant=self._constants, as_large=as_large)

    def _copied_elements(self, op: Op) -> Floats:
        """Return the elements of what a join reads that it shares with others, or that no op writes."""
        none = np.zeros(self._n_points)
        if op.kind is not OpKind.LAYOUT or len(op.reads) == 1:
            return none
        shared = [operand.tensor for operand in op.reads if self._uses[operand.tensor] != 1]
        return sum((self.value(self._tensors[name].elements) for name in shared), none)


def _op_class(op: Op, extents: Mapping[str, Floats | float]) -> Floats | float:
    match op.kind:
        case OpKind.WEIGHT_PRODUCT:
            one_row = np.asarray(extents["batch"]) * extents["m"] == 1
            return np.where(one_row, float(OpClass.MATVEC), float(OpClass.DENSE))
        case OpKind.CONVOLUTION:
            conv = op.extents
            grouped = isinstance(conv, Convolution) and conv.groups > 1 and conv.groups == conv.in_channels
            return float(OpClass.DEPTHWISE if grouped else OpClass.DENSE)
        case _ if op.function == "batch_norm":
            return float(OpClass.ELEMENTWISE)  # at inference a scale and a shift
        case _ if op.function in POOLINGS:
            return float(OpClass.POOLING)
        case kind:
            return float(_CLASSES[kind])


_CLASSES = {
    OpKind.ACTIVATION_PRODUCT: OpClass.ACTIVATION_PRODUCT,
    OpKind.SOFTMAX: OpClass.SOFTMAX,
    OpKind.NORMALISATION: OpClass.NORMALISATION,
    OpKind.ACTIVATION: OpClass.ELEMENTWISE,
    OpKind.ELEMENTWISE: OpClass.ELEMENTWISE,
    OpKind.GATHER: OpClass.GATHER,
    OpKind.CACHE_APPEND: OpClass.LAYOUT,
    OpKind.LAYOUT: OpClass.LAYOUT,
    OpKind.SPECTROGRAM: OpClass.TRANSFORM,
}
WEIGHTED = frozenset({OpKind.WEIGHT_PRODUCT, OpKind.CONVOLUTION})
"""Kinds whose second operand is a weight even where it was not learned, such as the mel filters."""
_VECTOR_KINDS = frozenset({OpKind.NORMALISATION, OpKind.SOFTMAX, OpKind.ACTIVATION, OpKind.ELEMENTWISE})
