"""Concatenation, which is how transformers grows a cache."""

from torch.fx import Node

from traces.dims import product
from traces.graph import OpKind, Role, Rows
from traces.lowering.context import EmptyCache, Lowering, Ref, Value, has_tensor, tensor_of


def concatenate(low: Lowering, node: Node) -> Value:
    """Join tensors along an axis.

    transformers appends to a cache by concatenating past and new rows, which copies the past. A device keeps
    the cache in a buffer of its final size and writes the new rows behind the old ones, so joining with a
    cache costs the new rows only: they are the extents of the op, although its result is the whole cache.
    Joining with an empty cache what is in a cache already is nothing at all. Other joins copy everything.
    """
    joined = _operands(node)
    caches = [operand for operand in joined if is_cache(low, operand)]
    new = [operand for operand in joined if operand not in caches]
    if caches and not new:
        return low.values[caches[-1]]
    if not caches:
        return low.emit(
            node,
            OpKind.LAYOUT,
            function="concatenate",
            extents=low.rows(node),
            reads=[low.read(operand) for operand in joined],
        )
    if len(new) != 1:
        raise low.error(node, "a cache grows by one tensor at a time")
    shape = low.shape(new[0])
    return low.emit(
        node,
        OpKind.CACHE_APPEND,
        function="append",
        extents=Rows(product(shape[:-1]), shape[-1]),
        reads=(low.read(new[0]),),
        role=Role.KV,
    )


def stack(low: Lowering, node: Node) -> Value:
    """Join tensors along a new axis: everything is copied."""
    reads = [low.read(operand) for operand in _operands(node)]
    return low.emit(node, OpKind.LAYOUT, function="concatenate", extents=low.rows(node), reads=reads)


def only_appended(low: Lowering, node: Node) -> bool:
    """Say whether all that reads a node is the growing of a cache."""
    return bool(node.users) and all(
        str(user.target) == "aten.cat.default"
        and any(
            is_cache(low, other) or _is_empty(other) for other in user.all_input_nodes if other is not node
        )
        for user in node.users
    )


def is_cache(low: Lowering, node: Node) -> bool:
    """Say whether a node is a cache: one that entered the graph, or an empty one."""
    match low.values.get(node):
        case EmptyCache():
            return True
        case Ref(tensor=tensor):
            return low.tensors[tensor].role is Role.KV
        case _:
            return False


def _is_empty(node: Node) -> bool:
    """Say whether a node that is perhaps not yet lowered has no elements, as an empty cache has."""
    return has_tensor(node) and tuple(tensor_of(node).shape) == (0,)


def _operands(node: Node) -> list[Node]:
    operands = node.args[0]
    return [item for item in operands if isinstance(item, Node)] if isinstance(operands, list | tuple) else []


RULES = {"aten.cat.default": concatenate, "aten.stack.default": stack}
