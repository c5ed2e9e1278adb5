"""Activation functions and elementwise arithmetic."""

from torch.fx import Node

from traces.dims import Dim
from traces.graph import OpKind
from traces.lowering.context import Lowering, Rules, Value, function_name, node_arg

ACTIVATIONS = (
    "gelu",
    "silu",
    "tanh",
    "asinh",
    "relu",
    "relu6",
    "sigmoid",
    "hardtanh",
    "hardswish",
    "hardsigmoid",
    "softplus",
)
ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "exp",
    "pow",
    "sqrt",
    "rsqrt",
    "maximum",
    "clamp",
    "sin",
    "cos",
)


def activation(low: Lowering, node: Node) -> Value:
    """Apply a function to every element, in place or not."""
    function = function_name(node).removesuffix("_")
    reads = (low.read(node_arg(node, 0, "self")),)
    return low.emit(node, OpKind.ACTIVATION, function=function, extents=low.rows(node), reads=reads)


def arithmetic(low: Lowering, node: Node) -> Value:
    """Combine tensors, or a tensor with a number; multiplying by a number is called `scale`.

    What has one number per channel of an image goes through the image channel by channel.
    """
    function = function_name(node).removesuffix("_")
    operands = [operand for operand in node.all_input_nodes if operand in low.values]
    if len(operands) == 1 and len(node.all_input_nodes) == 1 and function in ("mul", "div"):
        function = "scale"
    reads = tuple(low.read(operand) for operand in operands)
    by_channel = any(_is_per_channel(low, operand, node) for operand in operands)
    rows = low.channel_rows(node) if by_channel else low.rows(node)
    return low.emit(node, OpKind.ELEMENTWISE, function=function, extents=rows, reads=reads)


def _is_per_channel(low: Lowering, operand: Node, node: Node) -> bool:
    """Say whether an operand has one number for each of several channels (axis 1) of an image."""
    shape = low.shape(node)
    per_channel = (shape[1], *(Dim("1"),) * (len(shape) - 2)) if len(shape) > 3 else ()
    return bool(per_channel) and low.shape(operand)[-len(per_channel) :] == per_channel != shape[1:]


def hadamard(low: Lowering, node: Node) -> Value:
    """Multiply each row by a Hadamard matrix, in the steps of its fast transform."""
    reads = (low.read(node_arg(node, 0, "x")),)
    return low.emit(node, OpKind.ELEMENTWISE, function="hadamard", extents=low.rows(node), reads=reads)


def softmax(low: Lowering, node: Node) -> Value:
    """Normalise the exponentials of each row."""
    reads = (low.read(node_arg(node, 0, "self")),)
    return low.emit(node, OpKind.SOFTMAX, function="softmax", extents=low.rows(node), reads=reads)


def reduction(low: Lowering, node: Node) -> Value:
    """Reduce some axes to one number each; the cost is one step per element read."""
    x = node_arg(node, 0, "self")
    rows = low.channel_rows(x) if len(low.shape(x)) > 3 else low.rows(x)
    return low.emit(
        node,
        OpKind.ELEMENTWISE,
        function=_REDUCTIONS[function_name(node)],
        extents=rows,
        reads=(low.read(x),),
    )


def pooling(low: Lowering, node: Node) -> Value:
    """Take the largest or the mean of each window."""
    x = node_arg(node, 0, "self")
    rows = low.channel_rows(node)
    return low.emit(
        node, OpKind.ELEMENTWISE, function=_POOLS[function_name(node)], extents=rows, reads=(low.read(x),)
    )


def resize(low: Lowering, node: Node) -> Value:
    """Interpolate between neighbours: bilinear mixes four of them, nearest picks one."""
    x = node_arg(node, 0, "self")
    function = "upsample_nearest" if "nearest" in function_name(node) else "upsample_bilinear"
    rows = low.channel_rows(node)
    return low.emit(node, OpKind.ELEMENTWISE, function=function, extents=rows, reads=(low.read(x),))


_REDUCTIONS = {
    "mean": "mean",
    "sum": "sum",
    "amax": "max",
    "adaptive_avg_pool2d": "mean",
    "adaptive_avg_pool3d": "mean",
}
_POOLS = {
    "max_pool2d": "max_pool",
    "avg_pool2d": "avg_pool",
    "avg_pool1d": "avg_pool",
    "max_pool1d": "max_pool",
}

RULES: Rules = (
    {f"aten.{name}{place}.default": activation for name in ACTIVATIONS for place in ("", "_")}
    | {
        f"aten.{name}.{overload}": arithmetic
        for name in ARITHMETIC
        for overload in ("Tensor", "Scalar", "default", "Tensor_Scalar")
    }
    | {"aten.add_.Tensor": arithmetic, "aten.mul_.Tensor": arithmetic, "aten.softmax.int": softmax}
    | {
        "edgeasr.hadamard.default": hadamard,
        "aten.mean.dim": reduction,
        "aten.mean.default": reduction,
        "aten.sum.dim_IntList": reduction,
        "aten.amax.default": reduction,
        "aten.adaptive_avg_pool2d.default": reduction,
        "aten.adaptive_avg_pool3d.default": reduction,
    }
    | {f"aten.{name}.default": pooling for name in _POOLS}
    | {f"aten.upsample_{mode}2d.vec": resize for mode in ("bilinear", "nearest")}
)
