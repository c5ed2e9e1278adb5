"""What lowering knows and builds: values of nodes, names of ops and tensors."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch.fx import Node

from traces.dims import Dim, product
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, Format
from traces.graph import Epilogue, Extents, Op, Operand, OpKind, Role, Rows, Tensor
from traces.symbols import SymbolNames


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor of the graph, possibly through views: a node's own shape says how it is seen.

    `permuted` says that axes were swapped since it was written, so that its rows no longer lie in order.
    """

    tensor: str
    permuted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A learned tensor or a registered buffer that no op has read yet; its role depends on the reader."""

    fqn: str
    is_learned: bool


@dataclass(frozen=True, slots=True)
class Fixed:
    """Known before any audio arrives: positions, masks, rotary tables. Building it costs nothing."""


@dataclass(frozen=True, slots=True)
class Index:
    """Integers or booleans that depend on the input: token ids and what is made of them. Not costed."""


@dataclass(frozen=True, slots=True)
class EmptyCache:
    """A cache of no tokens, as transformers makes it: a tensor without elements."""


@dataclass(frozen=True, slots=True)
class Many:
    """The results of an op that returns several."""

    items: "tuple[Value, ...]"


Value = Ref | Parameter | Fixed | Index | EmptyCache | Many


class Lowering:
    """Builds ops and tensors while the rules walk an exported program in order."""

    def __init__(self, names: SymbolNames, *, prefix: str) -> None:
        self.ops: list[Op] = []
        self.tensors: dict[str, Tensor] = {}
        self.values: dict[Node, Value] = {}
        self.n_float: dict[str, int] = {}
        """Input columns that stay float, by the name of the weight product; see `traces.float_columns`."""
        self._names = names
        self.prefix = prefix
        self._repeats: Counter[str] = Counter()

    def module(self, node: Node) -> str:
        """Return the qualified name of the module a node came from, as the traced model spells it."""
        stack = node.meta.get("nn_module_stack") or {}
        path = str(next(reversed(stack.values()))[0]) if stack else ""
        path = re.sub(r"@\d+", "", path)
        if path == self.prefix.rstrip("."):
            return ""
        return path.removeprefix(self.prefix)

    def shape(self, node: Node) -> tuple[Dim, ...]:
        """Return a node's shape over our symbols."""
        return self._names.shape(tensor_of(node))

    def shape_of(self, value: torch.Tensor) -> tuple[Dim, ...]:
        """Return a fake tensor's shape over our symbols."""
        return self._names.shape(value)

    def store_as(self, tensor: str, number_format: Format) -> None:
        """Set the stored format of a tensor."""
        self.tensors[tensor] = replace(self.tensors[tensor], format=number_format)

    def retype(self, tensor: str, shape: tuple[Dim, ...], *, role: Role) -> None:
        """Set the shape and role of a tensor."""
        self.tensors[tensor] = replace(self.tensors[tensor], shape=shape, role=role)

    def unique(self, module: str, function: str) -> str:
        """Return the canonical name of the next op with this function in this module."""
        name = f"{module}/{function}" if module else function
        self._repeats[name] += 1
        return name if self._repeats[name] == 1 else f"{name}.{self._repeats[name]}"

    def add_tensor(
        self, name: str, shape: tuple[Dim, ...], *, role: Role, number_format: Format = FLOAT16
    ) -> str:
        """Register a tensor once and return its name."""
        self.tensors.setdefault(name, Tensor(name, shape, role, number_format))
        return name

    def ref(self, node: Node) -> str:
        """Return the graph's tensor that a node stands for, registering constants on first use.

        Raises:
            EdgeAsrError: if the node is no number the graph carries.
        """
        match self.values.get(node):
            case Ref(tensor=tensor):
                return tensor
            case Parameter(fqn=fqn):
                return self.add_tensor(fqn, self.shape(node), role=Role.CONSTANT)
            case Fixed():
                name = self.unique(self.module(node), function_name(node))
                self.add_tensor(name, self.shape(node), role=Role.CONSTANT)
                self.values[node] = Ref(name)
                return name
            case _:
                raise self.error(node, "an operand is an index or a group of tensors")

    def read(self, node: Node, number_format: Format = FLOAT16) -> Operand:
        """Return a node as an operand."""
        return Operand(self.ref(node), number_format)

    def weight(self, module: str, node: Node, *, number_format: Format = FLOAT16) -> Operand:
        """Return a module's weight as an operand; it is named after the module, whatever holds it."""
        return self.weight_of_shape(module, self.shape(node), number_format=number_format)

    def weight_of_shape(self, module: str, shape: tuple[Dim, ...], *, number_format: Format) -> Operand:
        """Return a module's weight of a logical shape, which a packed one does not show."""
        name = f"{module}.weight" if module else "weight"
        return Operand(
            self.add_tensor(name, shape, role=Role.WEIGHT, number_format=number_format), number_format
        )

    def emit(
        self,
        node: Node,
        kind: OpKind,
        *,
        function: str,
        extents: Extents,
        reads: Sequence[Operand],
        epilogues: Sequence[Epilogue] = (),
        shape: tuple[Dim, ...] | None = None,
        role: Role = Role.ACTIVATION,
        number_format: Format = FLOAT16,
    ) -> Ref:
        """Append an op that writes one tensor of the same name, and return that tensor."""
        module = self.module(node)
        name = self.unique(module, function)
        self.add_tensor(
            name, self.shape(node) if shape is None else shape, role=role, number_format=number_format
        )
        self.ops.append(Op(name, kind, module, function, extents, tuple(reads), (name,), tuple(epilogues)))
        return Ref(name)

    def rows(self, node: Node) -> Rows:
        """Return the extents of something that walks a node's result along its last axis."""
        shape = self.shape(node)
        return Rows(product(shape[:-1]), shape[-1] if shape else Dim("1"))

    def channel_rows(self, node: Node) -> Rows:
        """Return the extents of something that walks the channels (axis 1) of a result, place by place."""
        batch, channels, *size = self.shape(node)
        return Rows(product((batch, *size)), channels)

    def error(self, node: Node, reason: str) -> EdgeAsrError:
        """Return the error of a node that cannot be lowered, naming op, module and shapes."""
        shapes = [str(tuple(tensor_of(arg).shape)) for arg in node.all_input_nodes if has_tensor(arg)]
        return EdgeAsrError(
            f"op {node.target} in module '{self.module(node)}' with operands of shapes "
            f"{', '.join(shapes) or 'none'}: {reason}"
        )


Rule = Callable[[Lowering, Node], Value]
"""Lowers one node: emits what it costs and returns the value it stands for."""

Rules = Mapping[str, Rule]


def has_tensor(node: Node) -> bool:
    """Say whether a node's result is one tensor."""
    return isinstance(node.meta.get("val"), torch.Tensor)


def tensor_of(node: Node) -> torch.Tensor:
    """Return the fake tensor a node results in.

    Raises:
        EdgeAsrError: if it results in something else.
    """
    value = node.meta.get("val")
    if not isinstance(value, torch.Tensor):
        raise EdgeAsrError(f"node {node.name} ({node.target}) results in no tensor")
    return value


def function_name(node: Node) -> str:
    """Return `linear` for `aten.linear.default`."""
    return str(node.target).split(".")[-2] if "." in str(node.target) else str(node.target)


_ATTENTIONS = ("scaled_dot_product_attention", "attention", "quantized_attention")


def is_attention(node: Node) -> bool:
    """Say whether a node is an attention as a whole."""
    return function_name(node) in _ATTENTIONS


def arg(node: Node, position: int, name: str, default: object = None) -> object:
    """Return an argument given by position or by name."""
    if position < len(node.args):
        return node.args[position]
    return node.kwargs.get(name, default)


def node_arg(node: Node, position: int, name: str) -> Node:
    """Return a tensor argument that must be there.

    Raises:
        EdgeAsrError: if it is missing, or no tensor.
    """
    found = arg(node, position, name)
    if not isinstance(found, Node):
        raise EdgeAsrError(f"op {node.target}: argument '{name}' is no tensor")
    return found


def optional_node(node: Node, position: int, name: str) -> Node | None:
    """Return a tensor argument that may be absent."""
    found = arg(node, position, name)
    return found if isinstance(found, Node) else None
