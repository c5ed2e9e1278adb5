"""The dataflow graph of one phase of a network: ops, tensors, and their extents. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from traces.dims import Dim, product
from traces.errors import EdgeAsrError
from traces.formats import Format

if TYPE_CHECKING:
    import networkx


class OpKind(StrEnum):
    """What an op does; every kind has one extents type."""

    WEIGHT_PRODUCT = "weight_product"
    CONVOLUTION = "convolution"
    ACTIVATION_PRODUCT = "activation_product"
    NORMALISATION = "normalisation"
    SOFTMAX = "softmax"
    ACTIVATION = "activation"
    ELEMENTWISE = "elementwise"
    GATHER = "gather"
    """Rows picked from a larger tensor; its extents, not the tensor's, are what moves."""
    CACHE_APPEND = "cache_append"
    """New rows written behind those of a cache; its extents are the new rows, its result the whole cache."""
    LAYOUT = "layout"
    SPECTROGRAM = "spectrogram"


class Role(StrEnum):
    """What a tensor is to the network."""

    WEIGHT = "weight"
    """Learned, of a product, convolution or lookup: what a recipe gives a format."""
    CONSTANT = "constant"
    """Fixed but small: biases, norm scales, positions, masks."""
    ACTIVATION = "activation"
    KV = "kv"
    """A key or value that outlives the phase in the cache."""
    PARTIAL = "partial"
    """A sum that goes on in the next product: it stays in the accumulator, and no memory holds it."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value that flows between ops; `format` is how it is stored."""

    name: str
    shape: tuple[Dim, ...]
    role: Role
    format: Format

    @property
    def rows(self) -> Dim:
        """How many rows share the tensor: output channels of a weight, tokens of anything else."""
        if self.role is Role.WEIGHT:
            return self.shape[0]
        return product(self.shape[:-1])

    @property
    def row_length(self) -> Dim:
        """Elements of one row."""
        if self.role is Role.WEIGHT:
            return product(self.shape[1:])
        return self.shape[-1] if self.shape else Dim("1")

    @property
    def elements(self) -> Dim:
        """All elements."""
        return product(self.shape)


@dataclass(frozen=True, slots=True)
class Product:
    """Extents of `batch` matrix products (m, k) @ (k, n)."""

    batch: Dim
    m: Dim
    k: Dim
    n: Dim


@dataclass(frozen=True, slots=True)
class Convolution:
    """Extents of a convolution over one or two axes; every tuple has one entry per axis."""

    batch: Dim
    in_channels: int
    out_channels: int
    groups: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    in_size: tuple[Dim, ...]
    out_size: tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Extents of everything that walks `rows` rows of `row_length` elements."""

    rows: Dim
    row_length: Dim


Extents = Product | Convolution | Rows


@dataclass(frozen=True, slots=True)
class Operand:
    """A tensor as one op reads it: `format` is what the op computes with."""

    tensor: str
    format: Format


@dataclass(frozen=True, slots=True)
class Epilogue:
    """Elementwise work on an op's result that fuses with it: `bias`, `gelu`, `residual`, `scale`, ...

    `operand` names the tensor it reads besides the result, if any.
    """

    function: str
    operand: str | None = None


@dataclass(frozen=True, slots=True)
class Op:
    """One step of the network.

    `module` is the fully qualified name of the module it came from; `function` says which member of its
    kind it is (`linear`, `embedding`, `layer_norm`, `gelu`, `rfft`, ...). `reads` excludes what the epilogues
    read. Products read the moving operand first, the weight (or second activation) second.
    """

    name: str
    kind: OpKind
    module: str
    function: str
    extents: Extents
    reads: tuple[Operand, ...]
    writes: tuple[str, ...]
    epilogues: tuple[Epilogue, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """Ops of one phase in topological order, and the tensors they read and write."""

    name: str
    phase: str
    ops: tuple[Op, ...]
    tensors: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def tensor_table(self) -> dict[str, Tensor]:
        """Return the tensors by name."""
        return {tensor.name: tensor for tensor in self.tensors}

    @property
    def symbols(self) -> frozenset[str]:
        """The names that must be bound to cost the graph."""
        return frozenset(symbol for tensor in self.tensors for dim in tensor.shape for symbol in dim.symbols)

    def to_networkx(self) -> "networkx.DiGraph[str]":
        """Return the op graph: a node per op (`op`), an edge where one reads of another (`tensors`)."""
        import networkx

        view: networkx.DiGraph[str] = networkx.DiGraph(name=self.name, phase=self.phase)
        producer = {tensor: op.name for op in self.ops for tensor in op.writes}
        for op in self.ops:
            view.add_node(op.name, op=op)
            for tensor in tensors_read(op):
                if tensor in producer:
                    source = producer[tensor]
                    names = (*view.get_edge_data(source, op.name, {"tensors": ()})["tensors"], tensor)
                    view.add_edge(source, op.name, tensors=names)
        return view


def tensors_read(op: Op) -> tuple[str, ...]:
    """Return the names of all tensors an op reads, those of its epilogues last."""
    return tuple(operand.tensor for operand in op.reads) + tuple(
        epilogue.operand for epilogue in op.epilogues if epilogue.operand is not None
    )


def with_names(op: Op, renamed: Mapping[str, str]) -> Op:
    """Return an op whose operands are called by their new names; those not in `renamed` keep theirs."""
    return replace(
        op,
        reads=tuple(Operand(renamed.get(item.tensor, item.tensor), item.format) for item in op.reads),
        epilogues=tuple(
            Epilogue(item.function, None if item.operand is None else renamed.get(item.operand, item.operand))
            for item in op.epilogues
        ),
    )


def check(graph: Graph) -> None:
    """Verify that names are unique, every operand exists, and no op reads what a later one writes.

    Raises:
        EdgeAsrError: naming the op and the tensor.
    """
    known = {tensor.name: tensor for tensor in graph.tensors}
    if len(known) != len(graph.tensors):
        raise EdgeAsrError(f"graph {graph.name}/{graph.phase}: two tensors share a name")
    if len({op.name for op in graph.ops}) != len(graph.ops):
        raise EdgeAsrError(f"graph {graph.name}/{graph.phase}: two ops share a name")
    pending = {name for op in graph.ops for name in op.writes}
    for op in graph.ops:
        for name in (*tensors_read(op), *op.writes):
            if name not in known:
                raise EdgeAsrError(
                    f"graph {graph.name}/{graph.phase}: op {op.name} uses unknown tensor '{name}'"
                )
        for name in tensors_read(op):
            if name in pending:
                raise EdgeAsrError(
                    f"graph {graph.name}/{graph.phase}: op {op.name} reads '{name}' before it is written"
                )
        pending.difference_update(op.writes)


def settle(graph: Graph, activation: Format) -> Graph:
    """Store each tensor as all its readers compute with it, and activations they differ on as `activation`.

    This is the one rule that decides stored formats: a layer output that feeds three int8 products is written
    once as int8; the residual stream, read by a norm in float, stays float. Tensors that leave the graph keep
    the format they have.
    """
    read_as: dict[str, set[Format]] = {}
    for op in graph.ops:
        for operand in op.reads:
            read_as.setdefault(operand.tensor, set()).add(operand.format)
        for epilogue in op.epilogues:
            if epilogue.operand is not None:
                read_as.setdefault(epilogue.operand, set()).add(activation)

    def stored(tensor: Tensor) -> Tensor:
        formats = read_as.get(tensor.name, set())
        if tensor.role is Role.KV or tensor.name in graph.outputs:
            return tensor
        if tensor.role in (Role.WEIGHT, Role.CONSTANT):
            return replace(tensor, format=next(iter(formats))) if len(formats) == 1 else tensor
        return replace(tensor, format=next(iter(formats)) if len(formats) == 1 else activation)

    return replace(graph, tensors=tuple(stored(tensor) for tensor in graph.tensors))
