"""Views vanish; copies that change the order in memory stay."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch.fx import Node

from traces.dims import Dim
from traces.graph import OpKind
from traces.lowering.cache import only_appended
from traces.lowering.context import (
    Lowering,
    Many,
    Ref,
    Rules,
    Value,
    arg,
    is_attention,
    node_arg,
)
from traces.lowering.gather import slice_rows


def view(low: Lowering, node: Node) -> Value:
    """Stand for the operand: nothing moves."""
    return low.values[node_arg(node, 0, "self")]


def contiguous(low: Lowering, node: Node) -> Value:
    """Copy in row-major order, unless the operand lies so already; a reshape of swapped axes does the same.

    Swapping an axis of one element moves nothing, so the head split of a single decode step is free. A copy
    that only a cache append reads vanishes too: the append writes each row where it belongs.
    """
    x = node_arg(node, 0, "self")
    value = low.values[x]
    if not (isinstance(value, Ref) and value.permuted) or only_appended(low, node):
        return value
    return low.emit(node, OpKind.LAYOUT, function="copy", extents=low.rows(node), reads=(low.read(x),))


def transpose(low: Lowering, node: Node) -> Value:
    """Swap axes: a view that no longer lies in order, unless all moved axes but one have one element."""
    x = node_arg(node, 0, "self")
    value = low.values[x]
    if not isinstance(value, Ref):
        return value
    order = [axis for axis in _order(node, len(low.shape(x))) if low.shape(x)[axis] != Dim("1")]
    return replace(value, permuted=value.permuted or order != sorted(order))


def _order(node: Node, rank: int) -> list[int]:
    """Return which axis of the operand each axis of the result is."""
    order = list(range(rank))
    if str(node.target) == "aten.permute.default":
        axes = arg(node, 1, "dims")
        return [int(axis) % rank for axis in axes] if isinstance(axes, list | tuple) else order
    first, second = arg(node, 1, "dim0", 0), arg(node, 2, "dim1", 1)
    if isinstance(first, int) and isinstance(second, int):
        order[first], order[second] = order[second], order[first]
    return order


def slice_(low: Lowering, node: Node) -> Value:
    """Take part of an axis: a view along the last one, picked rows along any other."""
    x = node_arg(node, 0, "self")
    value = low.values[x]
    if not isinstance(value, Ref) or low.shape(node) == low.shape(x):
        return value
    axis = arg(node, 1, "dim", 0)
    rank = len(low.shape(x))
    if axis in (-1, rank - 1) and len(low.shape(node)) == rank:
        return value
    return slice_rows(low, node, source=value.tensor)


def parts(low: Lowering, node: Node) -> Value:
    """Split a result in parts: the op that wrote it writes the parts instead, if nobody else reads it."""
    x = node_arg(node, 0, "self")
    values: Sequence[torch.Tensor] = node.meta["val"]
    source = low.values[x]
    writer = low.ops[-1] if low.ops else None
    if (
        not isinstance(source, Ref)
        or writer is None
        or writer.writes != (source.tensor,)
        or len(x.users) != 1
    ):
        return Many((source,) * len(values))
    whole = low.tensors.pop(source.tensor)
    names = tuple(f"{whole.name}[{position}]" for position in range(len(values)))
    for name, value in zip(names, values, strict=True):
        low.tensors[name] = replace(whole, name=name, shape=low.shape_of(value))
    low.ops[-1] = replace(writer, writes=names)
    return Many(tuple(Ref(name) for name in names))


def item(low: Lowering, node: Node) -> Value:
    """Take one result of several."""
    source, position = node.args
    if not isinstance(source, Node) or not isinstance(position, int):
        raise low.error(node, "picks a result by something other than a number")
    many = low.values[source]
    return many.items[position] if isinstance(many, Many) else many


def pad(low: Lowering, node: Node) -> Value:
    """Copy into a larger tensor.

    Padding the features of queries, keys and values vanishes: zeros change no score, and transformers adds
    them for the sake of GPU kernels.
    """
    x = node_arg(node, 0, "self")
    if all(is_attention(user) for user in node.users):
        return low.values[x]
    return low.emit(node, OpKind.LAYOUT, function="pad", extents=low.rows(node), reads=(low.read(x),))


_VIEWS = (
    "view.default", "unsqueeze.default", "squeeze.dim", "squeeze.default",
    "expand.default", "detach.default", "detach_.default", "alias.default", "dropout.default",
    "dropout_.default", "to.dtype",
    "to.device", "to.dtype_layout", "flatten.using_ints", "unflatten.int", "lift_fresh_copy.default",
    "clone.default", "expand_as.default", "view_as.default",
)  # fmt: skip

RULES: Rules = {f"aten.{name}": view for name in _VIEWS} | {
    "aten.contiguous.default": contiguous,
    "aten.reshape.default": contiguous,
    "aten.reshape_as.default": contiguous,
    "aten.transpose.int": transpose,
    "aten.permute.default": transpose,
    "aten.t.default": transpose,
    "aten.slice.Tensor": slice_,
    "aten.select.int": slice_,
    "aten.chunk.default": parts,
    "aten.split.Tensor": parts,
    "aten.split_with_sizes.default": parts,
    "aten.unbind.int": parts,
    "aten.pad.default": pad,
    "aten.constant_pad_nd.default": pad,
    "<built-in function getitem>": item,
}
