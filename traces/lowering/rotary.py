"""Rotary position embedding: nine small nodes of the export that are one walk over a head's rows."""

from dataclasses import dataclass

from torch.fx import Node

from traces.graph import OpKind
from traces.lowering.context import Lowering, Value, function_name


@dataclass(frozen=True, slots=True)
class Rotary:
    """x * cos + turned(x) * sin over the first features of each head; the others pass through."""

    x: Node
    cos: Node
    sin: Node


def find_rotaries(nodes: list[Node]) -> dict[Node, Rotary]:
    """Return the rotary embeddings among exported nodes, by the node that yields their result."""
    found: dict[Node, Rotary] = {}
    for node in nodes:
        rotary = _match(node)
        if rotary is not None:
            joined = _joined_with_rest(node, rotary)
            if joined is None:
                found[node] = rotary
            else:
                found[joined[0]] = Rotary(joined[1], rotary.cos, rotary.sin)
    return found


def rotary(low: Lowering, node: Node, *, match: Rotary) -> Value:
    """x: (batch, heads, tokens, d), cos and sin: (1, tokens, rotary_d): one multiply-add pair per element.

    The tables follow from positions and are read, not computed. A rotation of part of a head still rewrites
    the whole row, because the next product reads it as one.
    """
    reads = (low.read(match.x), low.read(_table(match.cos)), low.read(_table(match.sin)))
    return low.emit(node, OpKind.ELEMENTWISE, function="rotary", extents=low.rows(node), reads=reads)


def _match(node: Node) -> Rotary | None:
    """Match add(mul(x, cos), mul(turned(x), sin))."""
    if function_name(node) != "add" or len(node.all_input_nodes) != 2:
        return None
    plain, turned = node.all_input_nodes
    if function_name(plain) != "mul" or function_name(turned) != "mul":
        return None
    if len(plain.all_input_nodes) != 2 or len(turned.all_input_nodes) != 2:
        return None
    x, cos = plain.all_input_nodes
    source = _turned(turned.all_input_nodes[0])
    return Rotary(x, cos, turned.all_input_nodes[1]) if source is x else None


def _turned(node: Node) -> Node | None:
    """Return x if the node is x with its halves (or pairs) swapped and one of them negated."""
    while function_name(node) in ("flatten", "view", "reshape"):
        node = node.all_input_nodes[0]
    if function_name(node) not in ("stack", "cat"):
        return None
    negated, other = (*node.all_input_nodes, None, None)[:2]
    if negated is None or other is None or function_name(negated) != "neg":
        return None
    first = negated.all_input_nodes[0]
    if function_name(first) != "slice" or function_name(other) != "slice":
        return None
    return other.all_input_nodes[0] if first.all_input_nodes[0] is other.all_input_nodes[0] else None


def _joined_with_rest(node: Node, match: Rotary) -> tuple[Node, Node] | None:
    """Return (join, x) if the rotated part of x is joined with the rest of it."""
    if len(node.users) != 1 or function_name(match.x) != "slice":
        return None
    join = next(iter(node.users))
    if function_name(join) != "cat" or len(join.all_input_nodes) != 2:
        return None
    rest = join.all_input_nodes[1]
    whole = match.x.all_input_nodes[0]
    is_rest = function_name(rest) == "slice" and rest.all_input_nodes[0] is whole
    return (join, whole) if is_rest else None


def _table(node: Node) -> Node:
    """Return the table behind the views, repeats and casts through which a layer reads it."""
    while function_name(node) not in ("cos", "sin") and node.all_input_nodes:
        node = node.all_input_nodes[0]
    return node
