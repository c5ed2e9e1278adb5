"""Which activations are alive while each op runs. Computed once per graph; no chip is involved."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from traces.graph import Graph, Role, Tensor, tensors_read


def live_bytes(graph: Graph, size_bytes: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the activation bytes alive during each op, its own operands and results included.

    An activation lives from the op that writes it (from the start, if it enters the graph) to its last
    reader (to the end, if it leaves the graph). Weights, constants and caches are not counted: they outlive
    the phase.
    `size_bytes` gives each tensor's bytes, shape (points,).

    Returns: (ops, points)
    """
    first, last = _lifetimes(graph)
    tensors = {tensor.name: tensor for tensor in graph.tensors}
    n_points = len(next(iter(size_bytes.values())))
    change = np.zeros((len(graph.ops) + 1, n_points))
    for name, birth in first.items():
        if _is_transient(tensors[name]):
            change[birth] += size_bytes[name]
            change[last[name] + 1] -= size_bytes[name]
    return np.cumsum(change[:-1], axis=0)


def _lifetimes(graph: Graph) -> tuple[dict[str, int], dict[str, int]]:
    """Return the first and last op index at which each tensor exists."""
    end = len(graph.ops) - 1
    first = dict.fromkeys(graph.inputs, 0)
    last: dict[str, int] = {}
    for idx, op in enumerate(graph.ops):
        for name in tensors_read(op):
            last[name] = idx
        for name in op.writes:
            first[name] = idx
            last[name] = idx
    last.update(dict.fromkeys(graph.outputs, end))
    return first, {name: last.get(name, 0) for name in first}


def _is_transient(tensor: Tensor) -> bool:
    return tensor.role is Role.ACTIVATION
