"""Attention: a product, a softmax and a product, each an op of its own."""

from torch.fx import Node

from traces.dims import product
from traces.formats import FLOAT16, AttentionFormats, Format
from traces.graph import Epilogue, Operand, OpKind, Product, Role, Rows
from traces.lowering.context import (
    Fixed,
    Lowering,
    Ref,
    Value,
    arg,
    function_name,
    is_attention,
    node_arg,
    optional_node,
)
from traces.lowering.fixed import lets_all_pass


def scaled_dot_product_attention(low: Lowering, node: Node) -> Value:
    """q: (batch, heads, m, d), k and v: (batch, kv_heads, n, d), optional mask -> (batch, heads, m, d)."""
    scale = arg(node, 6, "scale")
    return emit_attention(
        low,
        node,
        mask=optional_node(node, 3, "attn_mask"),
        is_causal=arg(node, 5, "is_causal", False) is True,
        is_scaled=scale != 1.0,
        formats=AttentionFormats(),
    )


def traced_attention(low: Lowering, node: Node) -> Value:
    """Lower the attention of `traces.attention_op`: the same with a scale that is always given."""
    return emit_attention(
        low,
        node,
        mask=optional_node(node, 3, "mask"),
        is_causal=arg(node, 5, "is_causal") is True,
        is_scaled=arg(node, 4, "scale") != 1.0,
        formats=AttentionFormats(),
    )


def emit_attention(
    low: Lowering,
    node: Node,
    *,
    mask: Node | None,
    is_causal: bool,
    is_scaled: bool,
    formats: AttentionFormats,
) -> Value:
    """Emit scores = q @ k^T, softmax over keys, context = probabilities @ v.

    All m x n scores are counted, masked ones too: that is what dense hardware computes.
    """
    query, key, value = (
        _unpadded(node_arg(node, position, name)) for position, name in enumerate(("query", "key", "value"))
    )
    *batch, m, d = low.shape(query)
    n = low.shape(key)[-2]
    scores = low.emit(
        node,
        OpKind.ACTIVATION_PRODUCT,
        function="scores",
        extents=Product(product(tuple(batch)), m, d, n),
        reads=(low.read(query, formats.query), _cached(low, key, formats.kv)),
        epilogues=(
            *((Epilogue("scale"),) if is_scaled else ()),
            *_mask_epilogue(low, mask, is_causal=is_causal),
        ),
        shape=(*batch, m, n),
    )
    probabilities = low.emit(
        node,
        OpKind.SOFTMAX,
        function="softmax",
        extents=Rows(product((*batch, m)), n),
        reads=(Operand(scores.tensor, FLOAT16),),
        shape=(*batch, m, n),
    )
    return low.emit(
        node,
        OpKind.ACTIVATION_PRODUCT,
        function="context",
        extents=Product(product(tuple(batch)), m, n, low.shape(value)[-1]),
        reads=(Operand(probabilities.tensor, formats.probability), _cached(low, value, formats.kv)),
        shape=(*batch, m, low.shape(value)[-1]),
    )


def _unpadded(node: Node) -> Node:
    """Return queries, keys or values before zeros were added to their features (see `layout.pad`)."""
    is_padded = function_name(node) in ("pad", "constant_pad_nd") and all(map(is_attention, node.users))
    return node_arg(node, 0, "self") if is_padded else node


def _cached(low: Lowering, node: Node, number_format: Format) -> Operand:
    """Return keys or values as an operand; a cache is stored as the attention computes with it."""
    name = low.ref(node)
    tensor = low.tensors[name]
    if tensor.role is Role.KV:
        low.store_as(name, number_format)
    return Operand(name, number_format)


def _mask_epilogue(low: Lowering, mask: Node | None, *, is_causal: bool) -> tuple[Epilogue, ...]:
    """Return the masking of the scores.

    A mask that follows from positions alone needs no memory: it is an index comparison where the score is
    written. One that lets everything pass (a single query over its past; an unpadded encoder) is nothing.
    A mask that depends on the input is read.
    """
    if mask is None:
        return (Epilogue("mask"),) if is_causal else ()
    match low.values[mask]:
        case Fixed():
            return () if lets_all_pass(mask) else (Epilogue("mask"),)
        case Ref(tensor=tensor):
            return (Epilogue("mask", tensor),)
        case _:
            return (Epilogue("mask"),)


RULES = {
    "aten.scaled_dot_product_attention.default": scaled_dot_product_attention,
    "edgeasr.attention.default": traced_attention,
}
