"""Look-ups: only the rows that are picked move."""

from torch.fx import Node

from traces.dims import Dim, product
from traces.formats import FLOAT16, Format
from traces.graph import Operand, OpKind, Rows
from traces.lowering.context import Fixed, Lowering, Parameter, Ref, Value, arg, node_arg


def embedding(low: Lowering, node: Node) -> Value:
    """table: (entries, d), ids: (...) -> (..., d).

    A table looked up at fixed positions in full is the table itself; in part, a gather from a constant.
    """
    table, ids = node_arg(node, 0, "weight"), node_arg(node, 1, "indices")
    if isinstance(low.values[ids], Fixed):
        return _positions(low, node, table)
    return emit_embedding(low, node, table=low.weight(low.module(node), table))


def emit_embedding(low: Lowering, node: Node, *, table: Operand) -> Value:
    """Emit a look-up of learned rows by token ids; the ids themselves are a few integers, not costed."""
    return low.emit(node, OpKind.GATHER, function="embedding", extents=low.rows(node), reads=(table,))


def index(low: Lowering, node: Node) -> Value:
    """Pick rows of the first axis by an index tensor: positions of a learned table."""
    table, indices = node_arg(node, 0, "self"), arg(node, 1, "indices")
    picked = [item for item in indices if isinstance(item, Node)] if isinstance(indices, list | tuple) else []
    if len(picked) != 1 or not isinstance(low.values[table], Parameter):
        raise low.error(node, "only a table picked along its first axis by one index is modelled")
    return _positions(low, node, table)


def _positions(low: Lowering, node: Node, table: Node) -> Value:
    if low.shape(node) == low.shape(table):
        return Ref(low.ref(table))
    return low.emit(
        node, OpKind.GATHER, function="positions", extents=low.rows(node), reads=(low.read(table),)
    )


def slice_rows(low: Lowering, node: Node, *, source: str, number_format: Format = FLOAT16) -> Value:
    """Emit the picking of some rows of an activation, such as the last position before the head."""
    shape = low.shape(node)
    extents = Rows(product(shape[:-1]), shape[-1] if shape else Dim("1"))
    return low.emit(
        node, OpKind.GATHER, function="slice", extents=extents, reads=(Operand(source, number_format),)
    )


RULES = {"aten.embedding.default": embedding, "aten.index.Tensor": index}
