"""Quantized layers, which survive the export as one node of the library `edgeasr` each.

Their formats are names among the arguments; `float16` says that an operand is not quantized. The ops are
recognised by name, so that lowering does not depend on the package that registers them.
"""

from torch.fx import Node

from traces.formats import AttentionFormats, Format
from traces.graph import Operand
from traces.lowering.attention import emit_attention
from traces.lowering.context import Lowering, Value, arg, node_arg, optional_node
from traces.lowering.convolutions import emit_convolution
from traces.lowering.gather import emit_embedding
from traces.lowering.products import emit_linear


def quantized_linear(low: Lowering, node: Node) -> Value:
    """Lower a linear layer; its logical weight is (n, k), from the result and the input."""
    x = node_arg(node, 0, "x")
    k, n = low.shape(x)[-1], low.shape(node)[-1]
    return emit_linear(
        low,
        node,
        x=Operand(low.ref(x), _format(node, "activation_format")),
        weight=low.weight_of_shape(low.module(node), (n, k), number_format=_format(node, "weight_format")),
        k=k,
        bias=optional_node(node, _position(node, "bias"), "bias"),
    )


def mixed_linear(low: Lowering, node: Node) -> Value:
    """Lower a linear layer of which some input columns are float: one product, taken apart in the end."""
    x, kept = node_arg(node, 0, "x"), node_arg(node, _position(node, "float_columns"), "float_columns")
    k, n = low.shape(x)[-1], low.shape(node)[-1]
    value = emit_linear(
        low,
        node,
        x=Operand(low.ref(x), _format(node, "activation_format")),
        weight=low.weight_of_shape(low.module(node), (n, k), number_format=_format(node, "weight_format")),
        k=k,
        bias=optional_node(node, _position(node, "bias"), "bias"),
    )
    low.n_float[low.ops[-1].name] = low.shape(kept)[0].constant or 0
    return value


def quantized_conv1d(low: Lowering, node: Node) -> Value:
    """Lower a convolution over one axis; its weight is (out, in // groups, kernel), packed or not."""
    x, weight = node_arg(node, 0, "x"), node_arg(node, 1, "weight")
    out_channels, in_per_group, kernel = low.shape(weight)
    window = kernel.constant
    if window is None:
        raise low.error(node, "the kernel size is no constant")
    return emit_convolution(
        low,
        node,
        x=Operand(low.ref(x), _format(node, "activation_format")),
        x_node=x,
        weight=low.weight_of_shape(
            low.module(node),
            (out_channels, in_per_group, kernel),
            number_format=_format(node, "weight_format"),
        ),
        kernel=(window,),
        bias=optional_node(node, _position(node, "bias"), "bias"),
        stride=_argument(node, "stride"),
        groups=_argument(node, "groups"),
    )


def quantized_embedding(low: Lowering, node: Node) -> Value:
    """Lower a look-up; its logical table is (entries, d)."""
    entries = low.shape(node_arg(node, 1, "weight"))[0]
    shape = (entries, low.shape(node)[-1])
    return emit_embedding(
        low,
        node,
        table=low.weight_of_shape(low.module(node), shape, number_format=_format(node, "weight_format")),
    )


def quantized_attention(low: Lowering, node: Node) -> Value:
    """Lower attention over a quantized cache, or with quantized products."""
    return emit_attention(
        low,
        node,
        mask=optional_node(node, _position(node, "mask"), "mask"),
        is_causal=_argument(node, "is_causal") is True,
        is_scaled=_argument(node, "scale") != 1.0,
        formats=AttentionFormats(
            query=_format(node, "query_format"),
            probability=_format(node, "probability_format"),
            kv=_format(node, "kv_format"),
        ),
    )


def _position(node: Node, name: str) -> int:
    """Return where the op's schema has an argument, so that arguments may be given either way."""
    schema = getattr(node.target, "_schema")  # noqa: B009 (an operator's schema is not typed)
    return next(
        (idx for idx, argument in enumerate(schema.arguments) if argument.name == name), len(node.args)
    )


def _argument(node: Node, name: str) -> object:
    schema = getattr(node.target, "_schema")  # noqa: B009
    default = next((argument.default_value for argument in schema.arguments if argument.name == name), None)
    return arg(node, _position(node, name), name, default)


def _format(node: Node, name: str) -> Format:
    return Format.parse(str(_argument(node, name)))


RULES = {
    "edgeasr.quantized_linear.default": quantized_linear,
    "edgeasr.mixed_linear.default": mixed_linear,
    "edgeasr.quantized_conv1d.default": quantized_conv1d,
    "edgeasr.quantized_embedding.default": quantized_embedding,
    "edgeasr.quantized_attention.default": quantized_attention,
}
