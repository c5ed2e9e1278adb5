"""Tied weights: one stored tensor that two modules read, such as the embedding and the head."""

from collections.abc import Mapping
from dataclasses import replace

from traces.graph import Graph, Op, Operand


def share_tied(graph: Graph, ties: Mapping[str, str]) -> Graph:
    """Return the graph with each alias replaced by its owner where both are stored alike.

    Weights of different formats cannot share their bytes: they stay two tensors.
    """
    tensors = graph.tensor_table()
    shared = {
        alias: owner
        for alias, owner in ties.items()
        if alias in tensors and owner in tensors and tensors[alias].format == tensors[owner].format
    }
    if not shared:
        return graph

    def rewritten(op: Op) -> Op:
        reads = tuple(Operand(shared.get(item.tensor, item.tensor), item.format) for item in op.reads)
        return replace(op, reads=reads)

    return replace(
        graph,
        ops=tuple(rewritten(op) for op in graph.ops),
        tensors=tuple(tensor for tensor in graph.tensors if tensor.name not in shared),
    )
