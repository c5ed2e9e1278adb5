"""Linear layers and matrix products."""

from torch.fx import Node

from traces.dims import Dim, product
from traces.formats import FLOAT16
from traces.graph import Epilogue, Operand, OpKind, Product
from traces.lowering.context import Lowering, Parameter, Value, node_arg, optional_node


def linear(low: Lowering, node: Node) -> Value:
    """x: (..., k), weight: (n, k) -> (..., n): one product of m = all rows of x."""
    weight = node_arg(node, 1, "weight")
    return emit_linear(
        low,
        node,
        x=low.read(node_arg(node, 0, "input")),
        weight=low.weight(low.module(node), weight),
        k=low.shape(weight)[1],
        bias=optional_node(node, 2, "bias"),
    )


def emit_linear(
    low: Lowering, node: Node, *, x: Operand, weight: Operand, k: Dim, bias: Node | None
) -> Value:
    """Emit a weight product whose rows are all leading axes of the node's result."""
    shape = low.shape(node)
    return low.emit(
        node,
        OpKind.WEIGHT_PRODUCT,
        function="linear",
        extents=Product(Dim("1"), product(shape[:-1]), k, shape[-1]),
        reads=(x, weight),
        epilogues=bias_epilogue(low, bias),
    )


def bias_epilogue(low: Lowering, bias: Node | None) -> tuple[Epilogue, ...]:
    """Return the addition of a bias, if there is one."""
    return () if bias is None else (Epilogue("bias", low.ref(bias)),)


def addmm(low: Lowering, node: Node) -> Value:
    """Add a bias to x @ w with w: (k, n), as GPT-style `Conv1D` layers store it."""
    x, weight = node_arg(node, 1, "mat1"), node_arg(node, 2, "mat2")
    m, k = low.shape(x)
    return low.emit(
        node,
        OpKind.WEIGHT_PRODUCT,
        function="linear",
        extents=Product(Dim("1"), m, k, low.shape(node)[-1]),
        reads=(low.read(x), low.weight(low.module(node), weight)),
        epilogues=bias_epilogue(low, node_arg(node, 0, "self")),
    )


def matmul(low: Lowering, node: Node) -> Value:
    """(..., m, k) @ (..., k, n): an activation product, or a weight product if the right side is learned."""
    left, right = node_arg(node, 0, "self"), node_arg(node, 1, "other")
    *batch, m, k = low.shape(left)
    n = low.shape(right)[-1]
    if isinstance(low.values[right], Parameter):
        extents = Product(Dim("1"), product((*batch, m)), k, n)
        reads = (low.read(left), low.weight(low.module(node), right))
        return low.emit(node, OpKind.WEIGHT_PRODUCT, function="linear", extents=extents, reads=reads)
    return low.emit(
        node,
        OpKind.ACTIVATION_PRODUCT,
        function="matmul",
        extents=Product(product(low.shape(node)[:-2]), m, k, n),
        reads=(low.read(left, FLOAT16), low.read(right, FLOAT16)),
    )


RULES = {
    "aten.linear.default": linear,
    "aten.addmm.default": addmm,
    "aten.matmul.default": matmul,
    "aten.bmm.default": matmul,
    "aten.mm.default": matmul,
}
