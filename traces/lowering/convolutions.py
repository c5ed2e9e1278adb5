"""Convolutions over one, two or three axes."""

from collections.abc import Sequence

from torch.fx import Node

from traces.formats import FLOAT16
from traces.graph import Convolution, Operand, OpKind
from traces.lowering.context import Lowering, Value, arg, node_arg, optional_node, tensor_of
from traces.lowering.products import bias_epilogue


def convolution(low: Lowering, node: Node) -> Value:
    """x: (batch, in, *size), weight: (out, in // groups, *kernel) -> (batch, out, *out_size)."""
    x, weight = node_arg(node, 0, "input"), node_arg(node, 1, "weight")
    return emit_convolution(
        low,
        node,
        x=Operand(low.ref(x), FLOAT16),
        x_node=x,
        weight=low.weight(low.module(node), weight),
        kernel=tuple(int(size) for size in tensor_of(weight).shape[2:]),
        bias=optional_node(node, 2, "bias"),
        stride=arg(node, 3, "stride", 1),
        groups=arg(node, 6, "groups", 1),
    )


def emit_convolution(
    low: Lowering,
    node: Node,
    *,
    x: Operand,
    x_node: Node,
    weight: Operand,
    kernel: tuple[int, ...],
    bias: Node | None,
    stride: object,
    groups: object,
) -> Value:
    """Emit a convolution of a node's input to its result."""
    batch, _, *in_size = low.shape(x_node)
    _, _, *out_size = low.shape(node)
    axes = len(kernel)
    extents = Convolution(
        batch=batch,
        in_channels=int(tensor_of(x_node).shape[1]),
        out_channels=int(tensor_of(node).shape[1]),
        groups=groups if isinstance(groups, int) else 1,
        kernel=kernel,
        stride=_per_axis(stride, axes),
        in_size=tuple(in_size),
        out_size=tuple(out_size),
    )
    return low.emit(
        node,
        OpKind.CONVOLUTION,
        function=f"conv{axes}d",
        extents=extents,
        reads=(x, weight),
        epilogues=bias_epilogue(low, bias),
    )


def _per_axis(stride: object, axes: int) -> tuple[int, ...]:
    if isinstance(stride, Sequence):
        steps = tuple(int(step) for step in stride)
        return steps * axes if len(steps) == 1 else steps
    return (stride,) * axes if isinstance(stride, int) else (1,) * axes


RULES = {
    f"aten.conv{axes}d.{overload}": convolution for axes in (1, 2, 3) for overload in ("default", "padding")
}
